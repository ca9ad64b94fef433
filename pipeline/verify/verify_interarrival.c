/* pipeline/verify/verify_interarrival.c - the table `interarrival` of an enriched file, against the arrivals.
 * Shapes are not fitted again: the equation that a maximum-likelihood shape solves must change its sign
 * within a millionth of the one that the table gives. */
#include "pipeline/core/array.h"
#include "pipeline/verify/verify_internal.h"

#include <math.h>

typedef struct interarrival { /* the only row of the table */
    uint64_t gaps, zero_gaps, window_us, windows;
    double mean_us, cv, index_of_dispersion, gamma_shape, gamma_scale_us, weibull_shape, weibull_scale_us;
} interarrival;

typedef struct positive_gaps {
    double *x, *log; /* [n] each in means of all, and its logarithm */
    uint64_t n;
    double mean_us, spread; /* spread: ln(mean) - mean(ln x) > 0; 0 where all are alike */
} positive_gaps;

static lta_status read_number(const lta_reader *r, const char *path, lta_type type, void *out)
{
    void *data = NULL;
    lta_status st = lta_verify_column(r, path, type, 1, &data);
    if (st != LTA_OK)
        return st;
    if (type == LTA_F64)
        *(double *)out = *(double *)data;
    else
        *(uint64_t *)out = *(uint64_t *)data;
    lta_free(data);
    return LTA_OK;
}

static lta_status read_row(const lta_reader *r, interarrival *t)
{
    lta_status st = LTA_OK;
    LTA_TRY(read_number(r, "/tables/interarrival/gaps", LTA_U64, &t->gaps));
    LTA_TRY(read_number(r, "/tables/interarrival/zero_gaps", LTA_U64, &t->zero_gaps));
    LTA_TRY(read_number(r, "/tables/interarrival/mean_us", LTA_F64, &t->mean_us));
    LTA_TRY(read_number(r, "/tables/interarrival/cv", LTA_F64, &t->cv));
    LTA_TRY(read_number(r, "/tables/interarrival/window_us", LTA_U64, &t->window_us));
    LTA_TRY(read_number(r, "/tables/interarrival/windows", LTA_U64, &t->windows));
    LTA_TRY(read_number(r, "/tables/interarrival/index_of_dispersion", LTA_F64, &t->index_of_dispersion));
    LTA_TRY(read_number(r, "/tables/interarrival/gamma_shape", LTA_F64, &t->gamma_shape));
    LTA_TRY(read_number(r, "/tables/interarrival/gamma_scale_us", LTA_F64, &t->gamma_scale_us));
    LTA_TRY(read_number(r, "/tables/interarrival/weibull_shape", LTA_F64, &t->weibull_shape));
    LTA_TRY(read_number(r, "/tables/interarrival/weibull_scale_us", LTA_F64, &t->weibull_scale_us));
done:
    return st;
}

static lta_status check_count(const lta_reader *r, const char *column, uint64_t found, uint64_t expected)
{
    if (found == expected)
        return LTA_OK;
    return lta_fail(LTA_ERR_FORMAT, "%s:/tables/interarrival/%s: is %llu, but the arrivals give %llu",
                    lta_reader_path(r), column, (ull)found, (ull)expected);
}

/* Nine digits are kept; sums in another order may differ in the last ones. */
static lta_status check_value(const lta_reader *r, const char *column, double found, double expected)
{
    if (isnan(expected) ? isnan(found) : fabs(found - expected) <= 1e-6 * fmax(fabs(expected), 1.0))
        return LTA_OK;
    return lta_fail(LTA_ERR_FORMAT, "%s:/tables/interarrival/%s: is %.9g, but the arrivals give %.9g",
                    lta_reader_path(r), column, found, expected);
}

static int64_t window_of(int64_t arrival_us, int64_t window_us)
{
    return arrival_us / window_us - (arrival_us % window_us < 0);
}

/* Arrivals rise, so that those of a window are neighbours. */
static lta_status check_windows(const lta_reader *r, const lta_trace *t, const interarrival *row)
{
    lta_status st = LTA_OK;
    double squares = 0.0;
    if (row->window_us == 0 || row->window_us > INT64_MAX)
        return lta_fail(LTA_ERR_FORMAT, "%s:/tables/interarrival/window_us: is %llu", lta_reader_path(r),
                        (ull)row->window_us);
    int64_t w = (int64_t)row->window_us, first = 0, last = 0, count = 0;
    for (uint64_t i = 0; i < t->n; i++) {
        int64_t window = window_of(t->arrival_us[i], w);
        if (i == 0)
            first = window;
        else if (window != last) {
            squares += (double)count * (double)count;
            count = 0;
        }
        last = window;
        count++;
    }
    squares += (double)count * (double)count;
    uint64_t windows = t->n > 0 ? (uint64_t)(last - first) + 1 : 0;
    LTA_TRY(check_count(r, "windows", row->windows, windows));
    double mean = (double)t->n / (double)windows;
    LTA_TRY(check_value(r, "index_of_dispersion", row->index_of_dispersion,
                        t->n > 0 ? squares / (double)t->n - mean : NAN));
done:
    return st;
}

static lta_status check_gaps(const lta_reader *r, const lta_trace *t, const interarrival *row)
{
    lta_status st = LTA_OK;
    uint64_t gaps = t->n > 0 ? t->n - 1 : 0, zero = 0;
    double mean = NAN, squares = 0.0;
    if (gaps > 0)
        mean = (double)(t->arrival_us[t->n - 1] - t->arrival_us[0]) / (double)gaps;
    for (uint64_t i = 1; i < t->n; i++) {
        double gap = (double)(t->arrival_us[i] - t->arrival_us[i - 1]);
        zero += t->arrival_us[i] == t->arrival_us[i - 1];
        squares += (gap - mean) * (gap - mean);
    }
    LTA_TRY(check_count(r, "gaps", row->gaps, gaps));
    LTA_TRY(check_count(r, "zero_gaps", row->zero_gaps, zero));
    LTA_TRY(check_value(r, "mean_us", row->mean_us, mean));
    LTA_TRY(check_value(r, "cv", row->cv, mean > 0.0 ? sqrt(squares / (double)gaps) / mean : NAN));
done:
    return st;
}

/* ---- the fitted distributions ---- */

/* digamma(k) = digamma(z) - sum 1/(k + i) for z = k + m, where the series of Abramowitz and Stegun 6.3.18 is
 * short. */
static double digamma_minus_log(double k)
{
    double sum = 0.0, z = k;
    for (; z < 20.0; z += 1.0)
        sum += 1.0 / z;
    double f = 1.0 / (z * z);
    return log1p((z - k) / k) - 0.5 / z - f * (1.0 / 12 - f * (1.0 / 120 - f / 252)) - sum;
}

/* Rises with k: ln k - digamma(k) falls. */
static double gamma_equation(const positive_gaps *g, double k)
{
    return digamma_minus_log(k) + g->spread;
}

/* sum x^k ln x / sum x^k - 1/k - mean(ln x) rises with k. */
static double weibull_equation(const positive_gaps *g, double k)
{
    double weights = 0.0, weighted = 0.0, logs = 0.0, top = -INFINITY;
    for (uint64_t i = 0; i < g->n; i++)
        top = fmax(top, g->log[i]);
    for (uint64_t i = 0; i < g->n; i++) {
        double w = exp(k * (g->log[i] - top));
        weights += w;
        weighted += w * g->log[i];
        logs += g->log[i];
    }
    return weighted / weights - 1.0 / k - logs / (double)g->n;
}

/* Scale of the Weibull distribution for a shape: (mean x^k)^(1/k). */
static double weibull_scale(const positive_gaps *g, double k)
{
    double sum = 0.0, top = -INFINITY;
    for (uint64_t i = 0; i < g->n; i++)
        top = fmax(top, g->log[i]);
    for (uint64_t i = 0; i < g->n; i++)
        sum += exp(k * (g->log[i] - top));
    return g->mean_us * exp(top + log(sum / (double)g->n) / k);
}

static lta_status take_positive_gaps(const lta_trace *t, positive_gaps *g)
{
    lta_status st = LTA_OK;
    uint64_t most = t->n > 0 ? t->n - 1 : 0;
    double sum = 0.0, logs = 0.0;
    bool alike = true;
    LTA_TRY(LTA_ALLOC(&g->x, most));
    LTA_TRY(LTA_ALLOC(&g->log, most));
    for (uint64_t i = 1; i < t->n; i++) {
        double gap = (double)(t->arrival_us[i] - t->arrival_us[i - 1]);
        if (gap <= 0.0)
            continue;
        alike = alike && (g->n == 0 || gap == g->x[0]);
        g->x[g->n++] = gap;
        sum += gap;
    }
    g->mean_us = sum / (double)g->n;
    for (uint64_t i = 0; i < g->n; i++) {
        g->x[i] /= g->mean_us;
        g->log[i] = log(g->x[i]);
        logs += g->log[i];
    }
    g->spread = alike ? 0.0 : -logs / (double)g->n;
done:
    return st;
}

static lta_status check_shape(const lta_reader *r, const char *column, double shape, const positive_gaps *g,
                              double (*equation)(const positive_gaps *g, double k))
{
    const double near = 1e-6;
    if (shape > 0.0 && equation(g, shape * (1.0 - near)) <= 0.0 && equation(g, shape * (1.0 + near)) >= 0.0)
        return LTA_OK;
    return lta_fail(LTA_ERR_FORMAT, "%s:/tables/interarrival/%s: %.9g is not the most likely of the gaps",
                    lta_reader_path(r), column, shape);
}

/* Gaps that are almost alike are left alone: what is left of their spread is rounding. */
static lta_status check_fits(const lta_reader *r, const lta_trace *t, const interarrival *row)
{
    const double least_spread = 1e-6;
    lta_status st = LTA_OK;
    positive_gaps g = {0};
    LTA_TRY(take_positive_gaps(t, &g));
    if (g.spread == 0.0) {
        LTA_TRY(check_value(r, "gamma_shape", row->gamma_shape, NAN));
        LTA_TRY(check_value(r, "weibull_shape", row->weibull_shape, NAN));
    } else if (g.spread > least_spread) {
        LTA_TRY(check_shape(r, "gamma_shape", row->gamma_shape, &g, gamma_equation));
        LTA_TRY(check_value(r, "gamma_scale_us", row->gamma_scale_us, g.mean_us / row->gamma_shape));
        LTA_TRY(check_shape(r, "weibull_shape", row->weibull_shape, &g, weibull_equation));
        LTA_TRY(
            check_value(r, "weibull_scale_us", row->weibull_scale_us, weibull_scale(&g, row->weibull_shape)));
    }
done:
    lta_free(g.x);
    lta_free(g.log);
    return st;
}

lta_status lta_verify_interarrival(const lta_reader *r, const lta_trace *t)
{
    lta_status st = LTA_OK;
    interarrival row = {0};
    if (!t->arrival_us)
        return LTA_OK;
    LTA_TRY(read_row(r, &row));
    LTA_TRY(check_gaps(r, t, &row));
    LTA_TRY(check_windows(r, t, &row));
    LTA_TRY(check_fits(r, t, &row));
done:
    return st;
}
