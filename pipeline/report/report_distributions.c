/* pipeline/report/report_distributions.c - histograms on the log grid as cumulative shares. */
#include "pipeline/report/report_internal.h"

#include "pipeline/core/array.h"

#include <math.h>
#include <string.h>

enum { MOST_LINES = 2 };

/* A figure of one or two distributions. */
typedef struct figure {
    const char *id, *title, *x_text, *y_text;
    lta_quantity quantity;
    struct {
        const char *name, *label;
    } line[MOST_LINES];
    const char *none; /* why the figure is left out where no line has a value */
} figure;

/* The row of table `distributions`, or n_rows. */
static uint64_t find_row(const lta_report_table *all, const char *name)
{
    uint64_t row = 0;
    while (row < all->n_rows && strcmp(lta_report_text(all, "distribution", row), name) != 0)
        row++;
    return row;
}

/* Exact at the last value of each bin: how many are at most that. *lowest: below the smallest positive value.
 */
static lta_status make_line(const lta_report_table *t, double largest, lta_series *s, double *lowest,
                            bool *zeros)
{
    lta_status st = LTA_ALLOC(&s->point, t->n_rows + 1);
    if (st != LTA_OK)
        return st;
    uint64_t total = 0, below = 0;
    for (uint64_t i = 0; i < t->n_rows; i++)
        total += lta_report_u64(t, "count", i);
    for (uint64_t i = 0; i < t->n_rows && total > 0; i++) {
        uint64_t count = lta_report_u64(t, "count", i);
        double edge = lta_report_f64(t, "edge", i), next = lta_report_f64(t, "next_edge", i);
        if (below == 0 && count == 0)
            continue;
        if (below == 0)
            s->point[s->n++] = (lta_point){fmax(edge - 1, 0), 0};
        if (count > 0 && edge > 0)
            *lowest = fmin(*lowest, edge - 1);
        *zeros = *zeros || (count > 0 && edge < 1);
        below += count;
        s->point[s->n++] = (lta_point){fmin(next - 1, largest), (double)below / (double)total};
    }
    return LTA_OK;
}

/* Rows of the histogram whose bins are not empty. */
static lta_status put_histogram(lta_report_page *p, const lta_report_table *t, const char *label)
{
    lta_status st = LTA_OK;
    uint64_t *rows = NULL, n = 0;
    char caption[128];
    LTA_TRY(LTA_ALLOC(&rows, t->n_rows));
    for (uint64_t i = 0; i < t->n_rows; i++)
        if (lta_report_u64(t, "count", i) > 0)
            rows[n++] = i;
    snprintf(caption, sizeof caption, "%s, bins [edge, next_edge) that are not empty", label);
    lta_report_rows(p->html, t, NULL, rows, n, false, caption);
done:
    lta_free(rows);
    return st;
}

/* *drawn stays as it is where there is no value. */
static lta_status draw(lta_report_page *p, const lta_report_table *all, const figure *f, bool *drawn)
{
    lta_status st = LTA_OK;
    lta_report_table t = {0};
    lta_series series[MOST_LINES] = {0};
    char caption[LTA_HTML_LINE], number[LTA_NUMBER_TEXT], none[LTA_NUMBER_TEXT];
    size_t used = 0;
    double lowest = INFINITY;
    bool zeros = false;
    lta_chart chart = {.id = f->id,
                       .title = f->title,
                       .description = "Cumulative share in per cent, over values on a logarithmic axis.",
                       .caption = caption,
                       .x_text = f->x_text,
                       .y_text = f->y_text,
                       .x_quantity = f->quantity,
                       .y_quantity = LTA_SHARE,
                       .log_x = true,
                       .y_high = 1,
                       .series = series};
    for (int i = 0; i < MOST_LINES && f->line[i].name; i++) {
        uint64_t row = find_row(all, f->line[i].name);
        lta_series *s = &series[chart.n_series];
        lta_report_table_free(&t);
        LTA_TRY(lta_report_table_read(p->reader, f->line[i].name, &t));
        if (row == all->n_rows || t.n_rows == 0)
            continue;
        *s = (lta_series){.colour = i, .dash = i};
        snprintf(s->label, sizeof s->label, "%s", f->line[i].label);
        double largest = lta_report_f64(all, "max", row);
        LTA_TRY(make_line(&t, largest, s, &lowest, &zeros));
        if (s->n == 0) {
            lta_free(s->point);
            s->point = NULL;
            continue;
        }
        chart.n_series++;
        chart.x_high = fmax(chart.x_high, largest);
        used +=
            (size_t)snprintf(caption + used, sizeof caption - used,
                             "%s%s: %.40s with a value, %.40s without.", used > 0 ? " " : "",
                             f->line[i].label, lta_group_digits(lta_report_u64(all, "values", row), number),
                             lta_group_digits(lta_report_u64(all, "none", row), none));
    }
    if (chart.n_series > 0) {
        chart.x_low = isfinite(lowest) ? fmax(lowest, 1) : 1;
        if (zeros)
            snprintf(caption + used, sizeof caption - used, " Zeros lie at the left edge.");
        lta_chart_draw(p->html, &chart);
        *drawn = true;
    }
done:
    for (int i = 0; i < MOST_LINES; i++)
        lta_free(series[i].point);
    lta_report_table_free(&t);
    return st;
}

static lta_status put_numbers(lta_report_page *p, const lta_report_table *all, const figure *f, int n_figures)
{
    lta_status st = LTA_OK;
    lta_report_table t = {0};
    uint64_t rows[8], n = 0;
    for (int k = 0; k < n_figures; k++)
        for (int i = 0; i < MOST_LINES && f[k].line[i].name; i++)
            if (find_row(all, f[k].line[i].name) < all->n_rows)
                rows[n++] = find_row(all, f[k].line[i].name);
    if (n > 0)
        lta_report_rows(p->html, all, NULL, rows, n, false, "counts, means and exact quantiles");
    for (int k = 0; k < n_figures; k++)
        for (int i = 0; i < MOST_LINES && f[k].line[i].name; i++) {
            lta_report_table_free(&t);
            LTA_TRY(lta_report_table_read(p->reader, f[k].line[i].name, &t));
            if (t.n_rows > 0)
                LTA_TRY(put_histogram(p, &t, f[k].line[i].name));
        }
done:
    lta_report_table_free(&t);
    return st;
}

/* missing[i]: why figure i cannot be, or NULL. */
static lta_status put_figures(lta_report_page *p, const figure *f, const char *const *missing, int n)
{
    lta_status st = LTA_OK;
    lta_report_table all = {0};
    const char *reason[4] = {0};
    bool any = false;
    LTA_TRY(lta_report_table_read(p->reader, "distributions", &all));
    lta_html_raw(p->html, "<div class=\"figures\">\n");
    for (int i = 0; i < n; i++) {
        bool drawn = false;
        if (!missing[i])
            LTA_TRY(draw(p, &all, &f[i], &drawn));
        reason[i] = missing[i] ? missing[i] : drawn ? NULL : f[i].none;
        any = any || drawn;
    }
    for (int i = 0; i < n; i++) { /* behind the figures, or alone */
        if (!reason[i])
            continue;
        lta_html_raw(p->html, "<div>\n<p class=\"absent\">");
        lta_html_text(p->html, f[i].title);
        lta_html_raw(p->html, " Left out: ");
        lta_html_text(p->html, reason[i]);
        lta_html_raw(p->html, "</p>\n</div>\n");
    }
    lta_html_raw(p->html, "</div>\n");
    if (any)
        LTA_TRY(put_numbers(p, &all, f, n));
done:
    lta_report_table_free(&all);
    return st;
}

lta_status lta_report_reuse(lta_report_page *p)
{
    static const figure figures[] = {
        {.id = "reuse-distance-figure",
         .title = "Reuse distances: distinct positions touched since the last touch, cumulative.",
         .x_text = "reuse distance, symbols",
         .y_text = "share of those with a value",
         .quantity = LTA_COUNT,
         .line = {{"reuse_distance", "looked-up symbols"},
                  {"reuse_distance_request", "requests (all of their reusable prefix)"}},
         .none = "nothing that is looked up was touched before."},
        {.id = "reuse-time-figure",
         .title =
             "Reuse times: since the request that last touched the deepest reusable position, cumulative.",
         .x_text = "reuse time",
         .y_text = "share of requests that reuse",
         .quantity = LTA_TIME_US,
         .line = {{"reuse_time", "requests"}},
         .none = "nothing that is looked up was touched before."},
    };
    if (!p->symbols) {
        lta_report_absent(p, lta_no_symbols);
        return LTA_OK;
    }
    const char *missing[] = {NULL, p->times ? NULL : lta_no_times};
    return put_figures(p, figures, missing, 2);
}

lta_status lta_report_lengths(lta_report_page *p)
{
    static const figure figures[] = {
        {.id = "lengths-figure",
         .title = "Lengths of inputs and outputs, cumulative.",
         .x_text = "length, tokens",
         .y_text = "share of requests with a length",
         .quantity = LTA_COUNT,
         .line = {{"input_length", "inputs"}, {"output_length", "outputs"}},
         .none = "no request has a length."},
    };
    if (!p->lengths) {
        lta_report_absent(p, lta_no_lengths);
        return LTA_OK;
    }
    const char *missing[] = {NULL};
    return put_figures(p, figures, missing, 1);
}

lta_status lta_report_think_time(lta_report_page *p)
{
    static const figure figures[] = {
        {.id = "think-time-figure",
         .title = "Think times: since the previous request of the session, cumulative.",
         .x_text = "think time",
         .y_text = "share of requests that follow one in their session",
         .quantity = LTA_TIME_US,
         .line = {{"think_time", "requests"}},
         .none = "no session has two requests."},
        {.id = "session-turns-figure",
         .title = "Turns of a session, cumulative.",
         .x_text = "requests of the session",
         .y_text = "share of sessions",
         .quantity = LTA_COUNT,
         .line = {{"session_turns", "sessions"}},
         .none = "no request belongs to a session."},
    };
    if (!p->sessions) {
        lta_report_absent(p, lta_no_sessions);
        return LTA_OK;
    }
    const char *missing[] = {p->times ? NULL : lta_no_times, NULL};
    return put_figures(p, figures, missing, 2);
}
