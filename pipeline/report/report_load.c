/* pipeline/report/report_load.c - requests a second and the share of reusable symbols over time. */
#include "pipeline/report/report_internal.h"

#include "pipeline/core/array.h"

#include <math.h>
#include <string.h>

enum { MOST_BINS = 200, MOST_ROWS = 100, FEWEST_WHOLE = 2 };

/* Neighbouring windows together, so that there are at most MOST_BINS. */
typedef struct bins {
    uint64_t n, windows_each, n_windows;
    double window_us;
    uint64_t requests[MOST_BINS]; /* those of the last window, in which the trace ends, are left out */
    uint64_t hits[MOST_BINS], lookups[MOST_BINS];
} bins;

static int64_t window_number(const lta_report_table *t, uint64_t row)
{
    int c = lta_report_column(t, "window");
    return c == LTA_NO_COLUMN || t->column[c].type != LTA_I64 ? (int64_t)row
                                                              : ((const int64_t *)t->column[c].data)[row];
}

static void fill(const lta_report_table *t, double window_us, bins *b)
{
    uint64_t first = (uint64_t)window_number(t, 0), last = (uint64_t)window_number(t, t->n_rows - 1);
    b->window_us = window_us;
    b->n_windows = last - first + 1; /* empty ones included */
    b->windows_each = b->n_windows == 0 ? 1 : (b->n_windows - 1) / MOST_BINS + 1;
    b->n = (b->n_windows - 1) / b->windows_each + 1;
    for (uint64_t row = 0; row < t->n_rows; row++) {
        uint64_t k = ((uint64_t)window_number(t, row) - first) / b->windows_each;
        if (k >= b->n || k >= MOST_BINS)
            continue;
        if (row + 1 < t->n_rows)
            b->requests[k] += lta_report_u64(t, "requests", row);
        b->hits[k] += lta_report_u64(t, "hits", row);
        b->lookups[k] += lta_report_u64(t, "input_symbols", row);
    }
}

/* Windows of bin k that the trace covers from begin to end: none but the last one is cut. */
static uint64_t whole_windows(const bins *b, uint64_t k)
{
    uint64_t before = k * b->windows_each, rest = b->n_windows - 1 - before;
    return b->n_windows - 1 <= before ? 0 : rest < b->windows_each ? rest : b->windows_each;
}

/* A step a bin. Where no request came there is no share, and the line breaks; the rate is 0 there. */
static void make_steps(const bins *b, bool share, lta_series *s)
{
    double end = 0;
    for (uint64_t k = 0; k < b->n; k++) {
        uint64_t windows = share ? b->windows_each : whole_windows(b, k), begin = k * b->windows_each;
        if (windows == 0)
            break;
        double y = share ? b->lookups[k] > 0 ? (double)b->hits[k] / (double)b->lookups[k] : NAN
                         : (double)b->requests[k] / ((double)windows * b->window_us / 1e6);
        s->point[s->n++] = (lta_point){(double)begin * b->window_us, y};
        end = fmin((double)(begin + windows), (double)b->n_windows) * b->window_us;
    }
    if (s->n > 0) {
        s->point[s->n] = (lta_point){end, s->point[s->n - 1].y};
        s->n++;
    }
}

static lta_status draw(lta_report_page *p, const bins *b, bool share)
{
    lta_status st = LTA_OK;
    lta_series s = {.step = true, .colour = share ? 2 : 0};
    char caption[LTA_HTML_LINE], seconds[LTA_NUMBER_TEXT], count[LTA_NUMBER_TEXT];
    lta_chart chart = {
        .id = share ? "hit-share-figure" : "load-figure",
        .title = share ? "Share of looked-up symbols that an unlimited cache hits, over time."
                       : "Requests a second, over time.",
        .description =
            share ? "Step line of hits / input symbols over time." : "Step line of requests a second.",
        .caption = caption,
        .x_text = "time since the first window",
        .y_text = share ? "hits / input symbols" : "requests / s",
        .x_quantity = LTA_TIME_US,
        .y_quantity = share ? LTA_SHARE : LTA_COUNT,
        .x_high = (double)b->n_windows * b->window_us,
        .series = &s,
        .n_series = 1,
    };
    LTA_TRY(LTA_ALLOC(&s.point, b->n + 1));
    snprintf(s.label, sizeof s.label, "%s", share ? "hits / input symbols" : "requests / s");
    make_steps(b, share, &s);
    for (uint64_t i = 0; i < s.n; i++)
        chart.y_high = fmax(chart.y_high, s.point[i].y);
    snprintf(
        caption, sizeof caption, "Each step is %.40s window%s of %.40s s. %s",
        lta_group_digits(b->windows_each, count), b->windows_each == 1 ? "" : "s",
        lta_trimmed(b->window_us / 1e6, 6, seconds),
        share ? "Scope global; the cache has seen everything before. The line breaks where nothing is looked "
                "up."
              : "The last window, in which the trace ends, is left out.");
    lta_chart_draw(p->html, &chart);
done:
    lta_free(s.point);
    return st;
}

static void put_reason(lta_report_page *p, const char *what, const char *reason)
{
    lta_html_markup(p->html, "<p class=\"absent\">%s Left out: ", what);
    lta_html_text(p->html, reason);
    lta_html_raw(p->html, "</p>\n");
}

lta_status lta_report_load(lta_report_page *p)
{
    lta_status st = LTA_OK;
    lta_report_table windows = {0}, gaps = {0};
    bins *b = NULL;
    uint64_t asked = 0;
    if (!p->times) {
        lta_report_absent(p, lta_no_times);
        return LTA_OK;
    }
    LTA_TRY(LTA_CALLOC(&b, 1));
    LTA_TRY(lta_report_table_read(p->reader, "windows", &windows));
    LTA_TRY(lta_report_table_read(p->reader, "interarrival", &gaps));
    double window_us = lta_report_f64(&gaps, "window_us", 0);
    if (windows.n_rows == 0 || !(window_us > 0)) {
        lta_report_absent(p, "there is no request.");
        goto done;
    }
    fill(&windows, window_us, b);
    for (uint64_t k = 0; k < b->n; k++)
        asked += b->lookups[k];
    lta_html_raw(p->html, "<div class=\"figures\">\n");
    if (b->n_windows > FEWEST_WHOLE)
        LTA_TRY(draw(p, b, false));
    if (p->symbols && asked > 0)
        LTA_TRY(draw(p, b, true));
    lta_html_raw(p->html, "</div>\n");
    if (b->n_windows <= FEWEST_WHOLE)
        put_reason(p, "Requests a second, over time.",
                   "the trace ends before two windows are whole, and the rate in part of one is not known.");
    if (!p->symbols || asked == 0)
        put_reason(p, "Share of hits, over time.",
                   p->symbols ? "no window has input symbols." : lta_no_symbols);
    lta_report_rows(p->html, &windows, NULL, NULL, MOST_ROWS, false, "windows that are not empty");
    lta_html_raw(p->html, "<details>\n<summary>Numbers: how bursty arrivals are</summary>\n");
    lta_report_upright(p->html, &gaps, 0, "interarrival.csv: times between consecutive requests");
    lta_html_raw(p->html, "</details>\n");
done:
    lta_report_table_free(&gaps);
    lta_report_table_free(&windows);
    lta_free(b);
    return st;
}
