/* pipeline/report/report_load.c - requests a second and the share of reusable symbols over time. */
#include "pipeline/report/report_internal.h"

#include "pipeline/core/array.h"

#include <math.h>
#include <string.h>

enum { MOST_BINS = 200, MOST_ROWS = 100 };

/* Neighbouring windows together, so that there are at most MOST_BINS. */
typedef struct bins {
    uint64_t n, windows_each, n_windows;
    double window_us;
    uint64_t requests[MOST_BINS], hits[MOST_BINS], lookups[MOST_BINS];
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
        b->requests[k] += lta_report_u64(t, "requests", row);
        b->hits[k] += lta_report_u64(t, "hits", row);
        b->lookups[k] += lta_report_u64(t, "input_symbols", row);
    }
}

/* Windows of bin k: the last one may have fewer. */
static double windows_in(const bins *b, uint64_t k)
{
    uint64_t rest = b->n_windows - k * b->windows_each;
    return (double)(rest < b->windows_each ? rest : b->windows_each);
}

static lta_status draw(lta_report_page *p, const bins *b, bool share)
{
    lta_status st = LTA_OK;
    lta_series s = {.step = true, .colour = share ? 2 : 0};
    char caption[LTA_HTML_LINE], seconds[LTA_NUMBER_TEXT], count[LTA_NUMBER_TEXT];
    double total = (double)b->n_windows * b->window_us;
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
        .x_high = total,
        .series = &s,
        .n_series = 1,
    };
    LTA_TRY(LTA_ALLOC(&s.point, b->n + 1));
    snprintf(s.label, sizeof s.label, "%s", share ? "hits / input symbols" : "requests / s");
    for (uint64_t k = 0; k < b->n; k++) {
        double x = (double)(k * b->windows_each) * b->window_us, y;
        if (share && b->lookups[k] == 0)
            continue;
        if (share)
            y = (double)b->hits[k] / (double)b->lookups[k];
        else
            y = (double)b->requests[k] / (windows_in(b, k) * b->window_us / 1e6);
        chart.y_high = fmax(chart.y_high, y);
        s.point[s.n++] = (lta_point){x, y};
    }
    if (s.n > 0) {
        s.point[s.n] = (lta_point){total, s.point[s.n - 1].y};
        s.n++;
    }
    snprintf(caption, sizeof caption, "Each step is %.40s window%s of %.40s s. %s",
             lta_grouped(b->windows_each, count), b->windows_each == 1 ? "" : "s",
             lta_trimmed(b->window_us / 1e6, 6, seconds),
             share
                 ? "Scope global; the cache has seen everything before. Steps without input symbols go on as "
                   "before."
                 : "The trace ends within the last window.");
    if (s.n > 0)
        lta_chart_draw(p->html, &chart);
    else
        lta_report_absent(p, "no window has input symbols.");
done:
    lta_free(s.point);
    return st;
}

lta_status lta_report_load(lta_report_page *p)
{
    lta_status st = LTA_OK;
    lta_report_table windows = {0}, gaps = {0};
    bins *b = NULL;
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
    lta_html_raw(p->html, "<div class=\"figures\">\n");
    LTA_TRY(draw(p, b, false));
    if (p->symbols)
        LTA_TRY(draw(p, b, true));
    lta_html_raw(p->html, "</div>\n");
    if (!p->symbols) {
        lta_html_raw(p->html, "<p class=\"absent\">The share of hits over time is left out: ");
        lta_html_text(p->html, lta_no_symbols);
        lta_html_raw(p->html, "</p>\n");
    }
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
