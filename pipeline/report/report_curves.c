/* pipeline/report/report_curves.c - hit curves: a line for each scope and block size. */
#include "pipeline/report/report_internal.h"

#include "pipeline/core/array.h"

#include <math.h>
#include <string.h>

enum { MOST_LINES = 12, MOST_SCOPES = 3 };
static const uint64_t a10_bytes = 24000000000; /* of memory */

/* Rows from .. to-1 of hit_curve: one curve. */
typedef struct curve {
    uint64_t from, to, block;
    const char *scope;
    int scope_index, block_index;
} curve;

typedef struct curves {
    lta_report_table t;
    curve curve[MOST_LINES];
    uint64_t n, n_left_out;
    uint64_t block[LTA_DASHES];
    int n_blocks;
    bool tokens; /* capacities are known in tokens */
} curves;

static bool reserves_last(const lta_report_table *t, uint64_t row)
{
    return lta_report_u64(t, "reserve_last", row) != 0;
}

static bool same_curve(const lta_report_table *t, uint64_t a, uint64_t b)
{
    return lta_report_u64(t, "block", a) == lta_report_u64(t, "block", b) &&
           reserves_last(t, a) == reserves_last(t, b) &&
           strcmp(lta_report_text(t, "scope", a), lta_report_text(t, "scope", b)) == 0;
}

static int scope_index(const char *scope)
{
    static const char *const scopes[MOST_SCOPES] = {"global", "source", "session"};
    for (int i = 0; i < MOST_SCOPES; i++)
        if (strcmp(scopes[i], scope) == 0)
            return i;
    return LTA_COLOURS - 1;
}

static int block_index(curves *c, uint64_t block)
{
    for (int i = 0; i < c->n_blocks; i++)
        if (c->block[i] == block)
            return i;
    if (c->n_blocks == LTA_DASHES)
        return -1;
    c->block[c->n_blocks] = block;
    return c->n_blocks++;
}

/* The curves to draw: those without reserve-last, unless the store has others alone. */
static void find_curves(curves *c)
{
    bool wanted = c->t.n_rows > 0;
    for (uint64_t i = 0; i < c->t.n_rows; i++)
        wanted = wanted && reserves_last(&c->t, i);
    for (uint64_t from = 0, to; from < c->t.n_rows; from = to) {
        for (to = from + 1; to < c->t.n_rows && same_curve(&c->t, from, to); to++)
            ;
        if (reserves_last(&c->t, from) != wanted || lta_report_u64(&c->t, "lookups", from) == 0)
            continue;
        uint64_t block = lta_report_u64(&c->t, "block", from);
        int b = c->n < MOST_LINES ? block_index(c, block) : -1;
        if (b < 0) {
            c->n_left_out++;
            continue;
        }
        const char *scope = lta_report_text(&c->t, "scope", from);
        c->curve[c->n++] = (curve){.from = from,
                                   .to = to,
                                   .block = block,
                                   .scope = scope,
                                   .scope_index = scope_index(scope),
                                   .block_index = b};
    }
}

static double capacity(const curves *c, uint64_t row)
{
    return c->tokens ? lta_report_f64(&c->t, "capacity_tokens", row)
                     : lta_report_f64(&c->t, "capacity", row) * lta_report_f64(&c->t, "block", row);
}

/* The row from which on nothing is gained. */
static uint64_t last_row(const curves *c, const curve *v)
{
    uint64_t row = v->from;
    while (row + 1 < v->to && lta_report_u64(&c->t, "hits", row) < lta_report_u64(&c->t, "ceiling", row))
        row++;
    return row;
}

static bool equal_curves(const curves *c, const curve *a, const curve *b)
{
    if (a->block != b->block || a->to - a->from != b->to - b->from)
        return false;
    for (uint64_t i = 0; i < a->to - a->from; i++)
        if (lta_report_u64(&c->t, "hits", a->from + i) != lta_report_u64(&c->t, "hits", b->from + i) ||
            lta_report_u64(&c->t, "capacity", a->from + i) != lta_report_u64(&c->t, "capacity", b->from + i))
            return false;
    return true;
}

static void label_curve(const lta_report_page *p, const curves *c, uint64_t i, char out[LTA_SERIES_LABEL])
{
    const curve *v = &c->curve[i], *same = NULL;
    for (uint64_t k = 0; k < i && !same; k++)
        same = equal_curves(c, &c->curve[k], v) ? &c->curve[k] : NULL;
    unsigned long long tokens = v->block * (p->block_tokens > 0 ? p->block_tokens : 1);
    if (c->tokens)
        snprintf(out, LTA_SERIES_LABEL, "%.32s, blocks of %llu token%s%s%.32s%s", v->scope, tokens,
                 tokens == 1 ? "" : "s", same ? " (the same as " : "", same ? same->scope : "",
                 same ? ")" : "");
    else
        snprintf(out, LTA_SERIES_LABEL, "%.32s, blocks of %llu symbol%s%s%.32s%s", v->scope,
                 (unsigned long long)v->block, v->block == 1 ? "" : "s", same ? " (the same as " : "",
                 same ? same->scope : "", same ? ")" : "");
}

/* What an A10 has beside the weights of the model, as far as they are known; 0: they do not fit. */
static uint64_t a10_budget(const lta_report_page *p)
{
    return p->weight_bytes < a10_bytes ? a10_bytes - p->weight_bytes : 0;
}

/* What the caption says of the axis above and of the dotted line. */
static void describe_budget(const lta_report_page *p, const curves *c, char *out, size_t size)
{
    static const char *const axis = "The axis above is the KV cache of so many tokens.";
    char weights[LTA_NUMBER_TEXT], left[LTA_NUMBER_TEXT];
    lta_fixed((double)p->weight_bytes / 1e9, 1, weights);
    lta_fixed((double)a10_budget(p) / 1e9, 1, left);
    if (!c->tokens || p->token_bytes == 0)
        snprintf(out, size, "How many tokens a symbol is, and so how many GB, is not known.");
    else if (p->weight_bytes == 0)
        snprintf(out, size,
                 "%s The dotted line is 24 GB, all the memory of an NVIDIA A10: the model\xe2\x80\x99s "
                 "weights, which this file does not know, must be taken off it.",
                 axis);
    else if (a10_budget(p) > 0)
        snprintf(out, size,
                 "%s The dotted line is what the 24 GB of an NVIDIA A10 leave beside the model\xe2\x80\x99s "
                 "weights, %.40s GB: %.40s GB, less what a server needs besides.",
                 axis, weights, left);
    else
        snprintf(
            out, size,
            "%s There is no line for an NVIDIA A10: the model\xe2\x80\x99s weights, %.40s GB, do not fit "
            "its 24 GB.",
            axis, weights);
}

static lta_status draw(lta_report_page *p, const curves *c)
{
    lta_status st = LTA_OK;
    lta_series series[MOST_LINES];
    lta_point *point = NULL;
    char caption[LTA_HTML_LINE + 400], budget[LTA_HTML_LINE], mark[160], left[LTA_NUMBER_TEXT];
    bool sized = c->tokens && p->token_bytes > 0;
    double marked = sized ? (double)a10_budget(p) / (double)p->token_bytes : 0;
    lta_chart chart = {
        .id = "hit-curve-figure",
        .title = "Hit ratio over the capacity of an LRU prefix cache.",
        .description = "Hit ratio, hits / lookups, on a linear axis from 0, over capacity on a logarithmic "
                       "axis.",
        .caption = caption,
        .x_text = c->tokens ? "capacity, tokens" : "capacity, symbols",
        .y_text = "hits / lookups",
        .x_quantity = LTA_COUNT,
        .y_quantity = LTA_SHARE,
        .log_x = true,
        .x_low = INFINITY,
        .x_high = marked,
        .top_factor = sized ? (double)p->token_bytes : 0,
        .top_text = "KV cache",
        .mark_x = marked,
        .mark_text = mark,
        .series = series,
        .n_series = c->n,
    };
    LTA_TRY(LTA_ALLOC(&point, c->t.n_rows + MOST_LINES));
    for (uint64_t i = 0; i < c->n; i++)
        chart.x_high = fmax(chart.x_high, capacity(c, last_row(c, &c->curve[i])));
    chart.x_high *= 1.2;
    uint64_t used = 0;
    for (uint64_t i = 0; i < c->n; i++) {
        const curve *v = &c->curve[i];
        lta_series *s = &series[i];
        *s = (lta_series){.colour = v->scope_index, .dash = v->block_index, .point = point + used};
        label_curve(p, c, i, s->label);
        uint64_t last = last_row(c, v);
        for (uint64_t row = v->from; row <= last; row++)
            if (capacity(c, row) > 0)
                s->point[s->n++] = (lta_point){capacity(c, row), lta_report_f64(&c->t, "hit_ratio", row)};
        s->point[s->n++] = (lta_point){chart.x_high, lta_report_f64(&c->t, "hit_ratio", last)};
        chart.x_low = fmin(chart.x_low, s->point[0].x);
        chart.y_high = fmax(chart.y_high, s->point[s->n - 1].y);
        used += s->n;
    }
    if (p->weight_bytes > 0)
        snprintf(mark, sizeof mark, "A10 beside %s: %.40s GB", p->model,
                 lta_fixed((double)a10_budget(p) / 1e9, 1, left));
    else
        snprintf(mark, sizeof mark, "24 GB");
    describe_budget(p, c, budget, sizeof budget);
    snprintf(caption, sizeof caption,
             "Denominator: looked-up blocks of all requests. Lines end at the ratio of an unlimited cache. "
             "Capacity is shared in every scope. %s",
             budget);
    lta_chart_draw(p->html, &chart);
done:
    lta_free(point);
    return st;
}

/* What part of the unlimited hits costs, on the first curve, beside the figure. */
static void put_enough(lta_report_page *p, const lta_report_table *t)
{
    lta_html *h = p->html;
    char text[LTA_NUMBER_TEXT], caption[200];
    bool tokens = lta_report_column(t, "capacity_tokens") != LTA_NO_COLUMN;
    lta_html_raw(h, "<div>\n");
    unsigned long long block = lta_report_u64(t, "block", 0) * (tokens ? p->block_tokens : 1);
    snprintf(caption, sizeof caption, "How much cache is enough: scope %.32s, blocks of %llu %s%s",
             lta_report_text(t, "scope", 0), block, tokens ? "token" : "symbol", block == 1 ? "" : "s");
    lta_html_table_begin(h, NULL, caption);
    lta_html_head(h, "to reach", "of unlimited hits");
    lta_html_head(h, "capacity", tokens ? "tokens" : "blocks");
    if (tokens)
        lta_html_head(h, "KV cache", "GB");
    lta_html_head(h, "hit ratio", "hits / lookups");
    lta_html_heads_end(h);
    for (uint64_t i = 0; i < t->n_rows && same_curve(t, 0, i); i++) {
        lta_html_raw(h, "<tr><th scope=\"row\">");
        lta_html_raw(h, lta_trimmed(lta_report_f64(t, "permille", i) / 10, 1, text));
        lta_html_raw(h, " %</th><td>");
        lta_html_raw(h,
                     lta_group_digits(lta_report_u64(t, tokens ? "capacity_tokens" : "capacity", i), text));
        if (tokens) {
            double gb = lta_report_f64(t, "bytes", i) / 1e9;
            lta_html_raw(h, "</td><td>");
            lta_html_raw(h, gb >= 1000 ? lta_group_digits((uint64_t)llround(gb), text)
                                       : lta_fixed(gb, gb < 10 ? 3 : 1, text));
        }
        lta_html_raw(h, "</td><td>");
        lta_html_raw(h, lta_percent(lta_report_u64(t, "hits", i), lta_report_u64(t, "lookups", i), text));
        lta_html_raw(h, "</td></tr>\n");
    }
    lta_html_table_end(h);
    lta_html_raw(h, "</div>\n");
}

static bool power_of_two(uint64_t value)
{
    return value > 0 && (value & (value - 1)) == 0;
}

/* Of each curve drawn: capacities that are powers of two, up to the first with all hits. */
static lta_status put_numbers(lta_report_page *p, const curves *c, const lta_report_table *enough)
{
    static const char *const columns[] = {"scope", "block",   "capacity", "capacity_tokens", "bytes",
                                          "hits",  "lookups", "ceiling",  "hit_ratio",       NULL};
    static const char *const enough_columns[] = {"scope", "block", "permille", "capacity",  "capacity_tokens",
                                                 "bytes", "hits",  "lookups",  "hit_ratio", NULL};
    enum { MOST_ROWS = 1000 };
    lta_status st = LTA_OK;
    uint64_t *rows = NULL, n = 0;
    LTA_TRY(LTA_ALLOC(&rows, MOST_ROWS));
    for (uint64_t i = 0; i < c->n; i++) {
        uint64_t last = last_row(c, &c->curve[i]);
        for (uint64_t row = c->curve[i].from; row <= last && n < MOST_ROWS; row++)
            if (row == last || power_of_two(lta_report_u64(&c->t, "capacity", row)))
                rows[n++] = row;
    }
    lta_report_rows(p->html, &c->t, columns, rows, n, false,
                    "the hit curves, at powers of two and where all attainable hits are reached");
    n = 0;
    for (uint64_t row = 0; row < enough->n_rows && n < MOST_ROWS; row++)
        if (reserves_last(enough, row) == reserves_last(enough, 0))
            rows[n++] = row;
    if (n > 0)
        lta_report_rows(p->html, enough, enough_columns, rows, n, false,
                        "capacities that reach a share of the unlimited hits");
done:
    lta_free(rows);
    return st;
}

lta_status lta_report_hit_curves(lta_report_page *p)
{
    lta_status st = LTA_OK;
    lta_html *h = p->html;
    curves c = {0};
    lta_report_table enough = {0};
    char text[LTA_NUMBER_TEXT];
    if (!p->symbols) {
        lta_report_absent(p, lta_no_symbols);
        return LTA_OK;
    }
    LTA_TRY(lta_report_table_read(p->reader, "hit_curve", &c.t));
    LTA_TRY(lta_report_table_read(p->reader, "enough", &enough));
    c.tokens = lta_report_column(&c.t, "capacity_tokens") != LTA_NO_COLUMN;
    find_curves(&c);
    if (c.n == 0) {
        lta_report_absent(p, c.t.n_rows == 0 ? "the store has no hit curves."
                                             : "no request looks up a whole block.");
        goto done;
    }
    if (c.tokens) {
        lta_html_raw(h, "<p>GB = 10<sup>9</sup> bytes of KV cache in ");
        lta_html_name(h, p->model);
        lta_html_format(h, ", the model that lta enrich was given: %s bytes a token.",
                        lta_group_digits(p->token_bytes, text));
        lta_html_raw(h, "</p>\n");
    }
    if (reserves_last(&c.t, c.curve[0].from))
        lta_html_raw(h, "<p>Lookups leave out the last token of each input (--reserve-last).</p>\n");
    if (c.n_left_out > 0)
        lta_html_raw(h, "<p>The store has more curves than are drawn; hit_curve.csv has them all.</p>\n");
    lta_html_raw(h, "<div class=\"figures\">\n");
    LTA_TRY(draw(p, &c));
    if (enough.n_rows > 0)
        put_enough(p, &enough);
    lta_html_raw(h, "</div>\n");
    LTA_TRY(put_numbers(p, &c, &enough));
done:
    lta_report_table_free(&enough);
    lta_report_table_free(&c.t);
    return st;
}
