/* pipeline/report/svg_axis.c - ticks at 1, 2 and 5 times powers of ten; times at seconds, minutes, hours and
 * days. */
#include "pipeline/report/svg_axis.h"

#include <math.h>
#include <string.h>

typedef struct scale {
    double factor;
    const char *suffix;
} scale;

static const scale count_scales[] = {{1, ""}, {1e3, "k"}, {1e6, "M"}, {1e9, "G"}, {1e12, "T"}, {1e15, "P"}};
static const scale byte_scales[] = {{1, " B"},     {1e3, " kB"},  {1e6, " MB"}, {1e9, " GB"},
                                    {1e12, " TB"}, {1e15, " PB"}, {1e18, " EB"}};
static const scale time_scales[] = {{1, " \xc2\xb5s"}, {1e3, " ms"},   {1e6, " s"},
                                    {60e6, " min"},    {3600e6, " h"}, {86400e6, " d"}};

/* Powers of ten among seconds, and what people count in above; and more of them, for short axes. */
static const double time_ticks[] = {1,    1e1,   1e2,    1e3,     1e4,     1e5,      1e6,      1e7,
                                    60e6, 600e6, 3600e6, 36000e6, 86400e6, 864000e6, 8640000e6};
static const double more_time_ticks[] = {
    1,      2,      5,       1e1,     2e1,     5e1,      1e2,      2e2,     5e2,    1e3,
    2e3,    5e3,    1e4,     2e4,     5e4,     1e5,      2e5,      5e5,     1e6,    2e6,
    5e6,    1e7,    2e7,     30e6,    60e6,    120e6,    300e6,    600e6,   1200e6, 1800e6,
    3600e6, 7200e6, 18000e6, 36000e6, 86400e6, 172800e6, 432000e6, 864000e6};

enum { FEWEST_TICKS = 3 };

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

/* The smallest of 1, 2, 5 times a power of ten that is at least `least`. */
static double round_step(double least)
{
    double power = pow(10, floor(log10(least)));
    for (int i = 0; i < 3; i++) {
        double step = power * (i == 0 ? 1 : i == 1 ? 2 : 5);
        if (step >= least * (1 - 1e-9))
            return step;
    }
    return 10 * power;
}

/* The unit in which times up to `high` are small numbers. */
static double time_unit(double high)
{
    double unit = 1;
    for (int i = 0; i < COUNT(time_scales); i++)
        if (high >= 3 * time_scales[i].factor)
            unit = time_scales[i].factor;
    return unit;
}

lta_axis lta_axis_linear(lta_quantity quantity, double high, double from, double to, int ticks, bool round_up)
{
    if (!(high > 0) || !isfinite(high))
        high = 1;
    lta_axis a = {.quantity = quantity, .high = high, .from = from, .to = to, .time_unit = 1};
    if (quantity == LTA_TIME_US)
        a.time_unit = time_unit(high);
    double step = a.time_unit * round_step(high / a.time_unit / ticks);
    if (round_up)
        a.high = step * ceil(high / step * (1 - 1e-9));
    if (quantity == LTA_SHARE && a.high > 1 && high <= 1)
        a.high = 1;
    for (int i = 0; i < LTA_MOST_TICKS && i * step <= a.high * (1 + 1e-9); i++)
        a.tick[a.n_ticks++] = i * step;
    return a;
}

/* Every k-th of the n candidates inside the axis, the smallest k with which there are not too many. */
static void choose_ticks(lta_axis *a, const double *candidate, int n, int ticks)
{
    if (ticks > LTA_MOST_TICKS)
        ticks = LTA_MOST_TICKS;
    int first = 0;
    while (first < n && candidate[first] < a->low * (1 - 1e-9))
        first++;
    int last = n;
    while (last > first && candidate[last - 1] > a->high * (1 + 1e-9))
        last--;
    int every = last > first ? (last - first - 1) / ticks + 1 : 1;
    a->n_ticks = 0;
    for (int i = first; i < last; i += every)
        a->tick[a->n_ticks++] = candidate[i];
}

/* At 1, or with `fine` at 1, 2 and 5, times powers of ten. */
static void choose_decades(lta_axis *a, bool fine, int ticks)
{
    enum { DECADES = 24 };
    double candidate[3 * DECADES];
    int n = 0;
    double start = floor(log10(a->low));
    for (int k = 0; k < DECADES; k++) {
        double power = pow(10, start + k);
        candidate[n++] = power;
        if (fine) {
            candidate[n++] = 2 * power;
            candidate[n++] = 5 * power;
        }
    }
    choose_ticks(a, candidate, n, ticks);
}

/* Of an axis so short that it looks linear. */
static void choose_equal_steps(lta_axis *a, int ticks)
{
    enum { STEPS = 8 }; /* of which 3 ticks at least are left when the step is made round */
    double candidate[2 * STEPS], step = a->time_unit * round_step((a->high - a->low) / a->time_unit / STEPS);
    if (a->quantity == LTA_COUNT && step < 1)
        step = 1;
    double first = ceil(a->low / step * (1 - 1e-9));
    for (int i = 0; i < 2 * STEPS; i++)
        candidate[i] = step * (first + i);
    choose_ticks(a, candidate, 2 * STEPS, ticks);
}

lta_axis lta_axis_log(lta_quantity quantity, double low, double high, double from, double to, int ticks)
{
    if (!(low > 0) || !isfinite(low))
        low = 1;
    if (!(high > low * 1.5) || !isfinite(high))
        high = low * 10;
    lta_axis a = {
        .quantity = quantity, .log = true, .low = low, .high = high, .from = from, .to = to, .time_unit = 1};
    if (quantity == LTA_TIME_US) {
        choose_ticks(&a, time_ticks, COUNT(time_ticks), ticks);
        if (a.n_ticks < FEWEST_TICKS)
            choose_ticks(&a, more_time_ticks, COUNT(more_time_ticks), ticks);
        a.time_unit = time_unit(high);
    } else {
        choose_decades(&a, high / low < 1000, ticks);
    }
    if (a.n_ticks < FEWEST_TICKS)
        choose_equal_steps(&a, ticks);
    a.time_unit = 1;
    return a;
}

double lta_axis_place(const lta_axis *a, double value)
{
    double share;
    if (a->log)
        share = value > a->low ? log(value / a->low) / log(a->high / a->low) : 0;
    else
        share = value / a->high;
    share = share > 1 ? 1 : share > 0 ? share : 0; /* NaN: the low end */
    return a->from + share * (a->to - a->from);
}

/* In the largest scale of which there is at least one. */
static const char *scaled_text(const scale *scales, int n, double value, char out[LTA_NUMBER_TEXT])
{
    int i = 0;
    while (i + 1 < n && value >= scales[i + 1].factor * (1 - 1e-9))
        i++;
    double shown = value / scales[i].factor;
    int small = shown > 0 && shown < 1 ? (int)-floor(log10(shown)) : 0; /* two digits of what is below 1 */
    lta_trimmed(shown, shown < 1 ? 1 + small : shown < 10 ? 2 : shown < 100 ? 1 : 0, out);
    size_t used = strlen(out);
    snprintf(out + used, LTA_NUMBER_TEXT - used, "%s", scales[i].suffix);
    return out;
}

const char *lta_quantity_text(lta_quantity quantity, double value, char out[LTA_NUMBER_TEXT])
{
    switch (quantity) {
    case LTA_COUNT:
        return scaled_text(count_scales, COUNT(count_scales), value, out);
    case LTA_BYTES:
        return scaled_text(byte_scales, COUNT(byte_scales), value, out);
    case LTA_TIME_US:
        return value > 0 ? scaled_text(time_scales, COUNT(time_scales), value, out) : lta_fixed(0, 0, out);
    case LTA_SHARE:
        break;
    }
    lta_trimmed(100 * value, 2, out);
    size_t used = strlen(out);
    snprintf(out + used, LTA_NUMBER_TEXT - used, " %%");
    return out;
}

const char *lta_axis_tick_text(const lta_axis *a, int tick, char out[LTA_NUMBER_TEXT])
{
    double value = a->tick[tick];
    if (a->quantity != LTA_TIME_US || a->log || value <= 0)
        return lta_quantity_text(a->quantity, value, out);
    lta_trimmed(value / a->time_unit, 3, out);
    for (int i = 0; i < COUNT(time_scales); i++)
        if (time_scales[i].factor == a->time_unit) {
            size_t used = strlen(out);
            snprintf(out + used, LTA_NUMBER_TEXT - used, "%s", time_scales[i].suffix);
        }
    return out;
}
