/* pipeline/enrich/table_windows.c - the table `windows`: the trace over time, in windows [k w, (k+1) w). */
#include "pipeline/enrich/enrich_internal.h"

typedef struct window_sums {
    uint64_t requests, input_tokens, output_tokens, input_symbols, distinct, hits;
} window_sums;

/* Requests from .. to-1. A position is new to the window if its last touch came before the window, or never.
 */
static window_sums sum_window(const lta_enrichment *e, uint64_t from, uint64_t to)
{
    const lta_runs *runs = &e->reuse.runs[LTA_SCOPE_GLOBAL];
    window_sums v = {.requests = to - from};
    for (uint64_t r = from; r < to; r++) {
        if (e->lengths) {
            v.input_tokens += lta_token_count(e->trace.input_tokens[r]);
            v.output_tokens += lta_token_count(e->trace.output_tokens[r]);
        }
        if (!e->symbols)
            continue;
        v.input_symbols += e->input_symbols[r];
        v.hits += e->fields.reusable[LTA_SCOPE_GLOBAL][r];
        v.distinct += e->first_touches[LTA_SCOPE_GLOBAL][r];
        for (uint64_t k = runs->offset[r]; k < runs->offset[r + 1]; k++)
            if (runs->previous[k] < from)
                v.distinct += runs->length[k];
    }
    return v;
}

lta_status lta_build_windows(const lta_enrichment *e, lta_table_set *set)
{
    static const lta_column_spec columns[] = {
        {LTA_I64, "window", "1", "number k of the window [k w, (k+1) w); empty windows have no row"},
        {LTA_I64, "start_us", "us", "k w"},
        {LTA_U64, "requests", "1", "requests that arrive in the window"},
        {0},
    };
    static const lta_column_spec token_columns[] = {
        {LTA_U64, "input_tokens", "tokens", "tokens of their inputs"},
        {LTA_U64, "output_tokens", "tokens", "tokens of their outputs"},
        {0},
    };
    static const lta_column_spec symbol_columns[] = {
        {LTA_U64, "input_symbols", "symbols", "symbols of their inputs: the lookups"},
        {LTA_U64, "distinct_symbols", "symbols",
         "different positions touched within the window, scope global"},
        {LTA_U64, "hits", "symbols",
         "hits with an unlimited cache that has seen the whole trace before, scope global"},
        {LTA_F64, "hit_ratio", "hits/input_symbols", "hits / input_symbols"},
        {0},
    };
    lta_status st = LTA_OK;
    const lta_trace *trace = &e->trace;
    lta_table *t;
    LTA_TRY(lta_table_add(set, "windows", "the trace over time", &t));
    LTA_TRY(lta_table_columns_add(t, columns));
    if (e->lengths)
        LTA_TRY(lta_table_columns_add(t, token_columns));
    if (e->symbols)
        LTA_TRY(lta_table_columns_add(t, symbol_columns));
    for (uint64_t from = 0, to; from < trace->n; from = to) {
        int64_t window = lta_window_of(e, from);
        for (to = from + 1; to < trace->n && lta_window_of(e, to) == window; to++)
            ;
        window_sums v = sum_window(e, from, to);
        LTA_TRY(lta_table_row(t));
        lta_table_put_i64(t, window);
        lta_table_put_i64(t, window * e->window_us);
        lta_table_put_u64(t, v.requests);
        if (e->lengths) {
            lta_table_put_u64(t, v.input_tokens);
            lta_table_put_u64(t, v.output_tokens);
        }
        if (!e->symbols)
            continue;
        lta_table_put_u64(t, v.input_symbols);
        lta_table_put_u64(t, v.distinct);
        lta_table_put_u64(t, v.hits);
        lta_table_put_f64(t, lta_ratio(v.hits, v.input_symbols));
    }
done:
    return st;
}
