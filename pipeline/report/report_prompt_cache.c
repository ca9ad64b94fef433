/* pipeline/report/report_prompt_cache.c - Kavier's prompt cache, which knows whole prompts by their first
 * tokens, beside the prefix cache. */
#include "pipeline/report/report_internal.h"

#include "pipeline/core/array.h"

#include <math.h>
#include <string.h>

/* Requests with a hit in an unlimited prefix cache / requests, in that scope; NaN where it is not known. */
static double prefix_cache_level(const lta_report_table *t, const char *scope)
{
    uint64_t most = 0, requests = 0;
    for (uint64_t i = 0; i < t->n_rows; i++) {
        if (lta_report_u64(t, "block", i) != 1 || lta_report_u64(t, "reserve_last", i) != 0 ||
            strcmp(lta_report_text(t, "scope", i), scope) != 0)
            continue;
        uint64_t hits = lta_report_u64(t, "requests_with_hits", i);
        most = hits > most ? hits : most;
        requests = lta_report_u64(t, "requests", i);
    }
    return requests > 0 ? (double)most / (double)requests : NAN;
}

/* Rows from .. to-1 of one scope, a line for each min_tokens. */
static lta_status draw(lta_report_page *p, const lta_report_table *t, const lta_report_table *denominators,
                       uint64_t from, uint64_t to)
{
    lta_status st = LTA_OK;
    const char *scope = lta_report_text(t, "scope", from);
    lta_series series[LTA_COLOURS] = {0};
    lta_point *point = NULL;
    char id[48], title[160], number[LTA_NUMBER_TEXT];
    bool session = strcmp(scope, "session") == 0;
    double level = prefix_cache_level(denominators, scope);
    snprintf(id, sizeof id, "prompt-cache-%s-figure", session ? "session" : "global");
    snprintf(title, sizeof title, "Hits of the prompt cache over its entries, scope %s.",
             session ? "session" : "global");
    lta_chart chart = {
        .id = id,
        .title = title,
        .description =
            "Hits / requests over the entries of the cache, on a logarithmic axis, a line for each "
            "length of the key.",
        .caption =
            "Denominator: all requests. A prompt hits when its first tokens, as many as the key has, are "
            "those of an entry; shorter inputs do not look up. A line ends where every attainable hit is "
            "reached. The dotted line counts requests of which "
            "an unlimited prefix cache (blocks of 1 symbol) hits anything at all.",
        .x_text = "entries of the cache, prompts",
        .y_text = "hits / requests",
        .x_quantity = LTA_COUNT,
        .y_quantity = LTA_SHARE,
        .log_x = true,
        .x_low = 1,
        .y_high = level > 0 ? level : 0,
        .level = level > 0 ? level : 0,
        .level_text = "prefix cache without limit: requests with any hit",
        .series = series,
    };
    LTA_TRY(LTA_ALLOC(&point, to - from));
    for (uint64_t row = from; row < to; row++) {
        uint64_t key = lta_report_u64(t, "min_tokens", row);
        lta_series *s = chart.n_series > 0 ? &series[chart.n_series - 1] : NULL;
        if (!s || lta_report_u64(t, "min_tokens", row - 1) != key) {
            if (chart.n_series == LTA_COLOURS)
                break;
            int index = (int)chart.n_series;
            s = &series[chart.n_series++];
            *s = (lta_series){.colour = index, .dash = index % LTA_DASHES, .point = point + (row - from)};
            snprintf(s->label, sizeof s->label, "key of %.40s tokens", lta_group_digits(key, number));
        }
        double x = lta_report_f64(t, "max_prompts", row), y = lta_report_f64(t, "hits_per_request", row);
        s->point[s->n++] = (lta_point){x, y > 0 ? y : 0};
        chart.x_high = fmax(chart.x_high, x);
        chart.y_high = fmax(chart.y_high, y);
    }
    lta_chart_draw(p->html, &chart);
done:
    lta_free(point);
    return st;
}

lta_status lta_report_prompt_cache(lta_report_page *p)
{
    static const char *const columns[] = {
        "scope",        "block",        "reserve_last",          "capacity",           "hits",    "lookups",
        "input_tokens", "requests",     "requests_with_lookups", "requests_with_hits", "symbols", "tokens",
        "full_blocks",  "request_mean", "requests_any",          "steady_state",       NULL};
    lta_status st = LTA_OK;
    lta_report_table t = {0}, denominators = {0};
    if (!p->symbols) {
        lta_report_absent(p, lta_no_symbols);
        return LTA_OK;
    }
    LTA_TRY(lta_report_table_read(p->reader, "prompt_cache", &t));
    LTA_TRY(lta_report_table_read(p->reader, "denominators", &denominators));
    if (t.n_rows == 0) {
        lta_report_absent(p, p->block_tokens == 0
                                 ? "how many tokens a block is, and so how long a prompt is, is not known."
                                 : "no length of a key is a multiple of the tokens of a block.");
        goto done;
    }
    lta_html_raw(p->html, "<div class=\"figures\">\n");
    for (uint64_t from = 0, to; from < t.n_rows; from = to) {
        const char *scope = lta_report_text(&t, "scope", from);
        for (to = from + 1; to < t.n_rows && strcmp(lta_report_text(&t, "scope", to), scope) == 0; to++)
            ;
        LTA_TRY(draw(p, &t, &denominators, from, to));
    }
    lta_html_raw(p->html, "</div>\n");
    lta_report_rows(p->html, &t, NULL, NULL, t.n_rows, false, "the prompt cache, by key, entries and scope");
    if (denominators.n_rows > 0)
        lta_report_rows(p->html, &denominators, columns, NULL, 100, false,
                        "the prefix cache under every denominator in use");
done:
    lta_report_table_free(&denominators);
    lta_report_table_free(&t);
    return st;
}
