/* pipeline/enrich/table_sessions.c - the tables `sessions` (a row each) and `session_quantiles` (of its
 * columns). */
#include "pipeline/enrich/enrich_internal.h"

#include "pipeline/core/array.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const lta_column_spec identity_columns[] = {
    {LTA_U64, "session", "1", "number of the session in this trace"},
    {LTA_STR, "source", "1", "name of its source"},
    {LTA_STR, "source_session", "1", "the source's own name of it"},
    {LTA_U64, "first_request", "1", "its first request"},
    {0},
};

/* The columns from here on are those whose quantiles are given. */
static const lta_column_spec count_columns[] = {
    {LTA_U64, "turns", "1", "requests of the session in this trace"},
    {0},
};
static const lta_column_spec token_columns[] = {
    {LTA_U64, "input_tokens", "tokens", "tokens of its inputs"},
    {LTA_U64, "output_tokens", "tokens", "tokens of its outputs"},
    {0},
};
static const lta_column_spec symbol_columns[] = {
    {LTA_U64, "input_symbols", "symbols", "symbols of its inputs: its lookups"},
    {LTA_U64, "hits", "symbols", "sum of reusable: hits at the ceiling"},
    {LTA_U64, "reuse_inside", "symbols", "sum of reusable_session: left behind by the session itself"},
    {LTA_U64, "reuse_across", "symbols",
     "sum of reusable_cross: left behind by other sessions of the same source, beyond reuse_inside"},
    {LTA_F64, "hit_ratio", "hits/input_symbols", "hits / input_symbols"},
    {0},
};
static const lta_column_spec span_columns[] = {
    {LTA_U64, "span_us", "us", "its last arrival - its first arrival"},
    {0},
};

static uint64_t sum_over_session(const lta_enrichment *e, uint64_t s, const uint32_t *field)
{
    uint64_t sum = 0;
    for (uint64_t i = e->session_offset[s]; i < e->session_offset[s + 1]; i++)
        sum += lta_token_count(field[e->session_request[i]]);
    return sum;
}

static lta_status put_session(const lta_enrichment *e, lta_table *t, uint64_t s)
{
    lta_status st = LTA_OK;
    const lta_trace *trace = &e->trace;
    const lta_fields *f = &e->fields;
    uint64_t from = e->session_offset[s], to = e->session_offset[s + 1];
    uint32_t first = e->session_request[from], last = e->session_request[to - 1];
    LTA_TRY(lta_table_row(t));
    lta_table_put_u64(t, s);
    LTA_TRY(lta_table_put_text(t, lta_strings_get(&trace->sources.name, trace->source[first])));
    uint32_t own = trace->source_session[first];
    LTA_TRY(lta_table_put_text(t, own == LTA_NO_U32 ? "" : lta_strings_get(&trace->source_sessions, own)));
    lta_table_put_u64(t, first);
    lta_table_put_u64(t, to - from);
    if (e->lengths) {
        lta_table_put_u64(t, sum_over_session(e, s, trace->input_tokens));
        lta_table_put_u64(t, sum_over_session(e, s, trace->output_tokens));
    }
    if (e->symbols) {
        uint64_t symbols = sum_over_session(e, s, e->input_symbols);
        uint64_t hits = sum_over_session(e, s, f->reusable[LTA_SCOPE_GLOBAL]);
        lta_table_put_u64(t, symbols);
        lta_table_put_u64(t, hits);
        lta_table_put_u64(t, sum_over_session(e, s, f->reusable[LTA_SCOPE_SESSION]));
        lta_table_put_u64(t, sum_over_session(e, s, f->reusable_cross));
        lta_table_put_f64(t, lta_ratio(hits, symbols));
        for (uint64_t c = 0; c < e->n_capacities; c++) {
            uint64_t at = sum_over_session(e, s, f->hit[c]);
            lta_table_put_u64(t, at);
            lta_table_put_f64(t, lta_ratio(at, symbols));
        }
    }
    if (e->times)
        lta_table_put_u64(t, (uint64_t)(trace->arrival_us[last] - trace->arrival_us[first]));
done:
    return st;
}

static lta_status add_measured_columns(const lta_enrichment *e, lta_table *t)
{
    lta_status st = LTA_OK;
    LTA_TRY(lta_table_columns_add(t, count_columns));
    if (e->lengths)
        LTA_TRY(lta_table_columns_add(t, token_columns));
    if (e->symbols) {
        LTA_TRY(lta_table_columns_add(t, symbol_columns));
        for (uint64_t c = 0; c < e->n_capacities; c++) {
            char name[48], unit[80], text[96];
            unsigned long long capacity = e->capacities[c];
            snprintf(name, sizeof name, "hit_%llu", capacity);
            snprintf(text, sizeof text, "sum of hit_%llu: hits in an LRU cache of %llu symbols", capacity,
                     capacity);
            LTA_TRY(lta_table_column_add(t, LTA_U64, name, "symbols", text));
            snprintf(unit, sizeof unit, "%s/input_symbols", name);
            snprintf(text, sizeof text, "%s / input_symbols", name);
            snprintf(name, sizeof name, "hit_ratio_%llu", capacity);
            LTA_TRY(lta_table_column_add(t, LTA_F64, name, unit, text));
        }
    }
    if (e->times)
        LTA_TRY(lta_table_columns_add(t, span_columns));
done:
    return st;
}

/* Non-negative doubles are ordered as their bit patterns are, so one sort serves both kinds; NaN is left out.
 */
static uint64_t sortable(const lta_table_column *column, uint64_t n, uint64_t *out)
{
    uint64_t kept = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t bits = ((const uint64_t *)column->data)[i];
        if (column->type == LTA_F64 && isnan(((const double *)column->data)[i]))
            continue;
        out[kept++] = bits;
    }
    return kept;
}

static lta_status build_quantiles(const lta_enrichment *e, const lta_table *sessions, uint64_t first_measured,
                                  lta_table_set *set)
{
    static const lta_column_spec columns[] = {
        {LTA_U64, "permille", "1",
         "q in thousandths: the other columns hold the ceil(q n)-th of n sorted values"},
        {0},
    };
    lta_status st = LTA_OK;
    uint64_t measured = sessions->n_columns - first_measured, *values = NULL, *scratch = NULL,
             *quantile = NULL;
    lta_table *t;
    LTA_TRY(LTA_ALLOC(&values, sessions->n_rows));
    LTA_TRY(LTA_ALLOC(&scratch, sessions->n_rows));
    LTA_TRY(LTA_ALLOC(&quantile, measured * LTA_QUANTILES));
    for (uint64_t c = 0; c < measured; c++) {
        const lta_table_column *column = &sessions->column[first_measured + c];
        uint64_t n = sortable(column, sessions->n_rows, values);
        const double none = NAN;
        lta_sort_u64(values, scratch, n);
        for (int q = 0; q < LTA_QUANTILES; q++)
            if (n > 0)
                quantile[c * LTA_QUANTILES + (uint64_t)q] =
                    values[lta_quantile_rank(n, lta_quantile_permille[q]) - 1];
            else /* only a ratio can be without values: there is no row without a session */
                memcpy(&quantile[c * LTA_QUANTILES + (uint64_t)q], &none, sizeof none);
    }
    LTA_TRY(lta_table_add(set, "session_quantiles", "quantiles of the columns of `sessions`, each by itself",
                          &t));
    LTA_TRY(lta_table_columns_add(t, columns));
    LTA_TRY(add_measured_columns(e, t));
    for (int q = 0; q < LTA_QUANTILES && sessions->n_rows > 0; q++) {
        LTA_TRY(lta_table_row(t));
        lta_table_put_u64(t, lta_quantile_permille[q]);
        for (uint64_t c = 0; c < measured; c++) {
            uint64_t bits = quantile[c * LTA_QUANTILES + (uint64_t)q];
            double ratio;
            memcpy(&ratio, &bits, sizeof ratio);
            if (sessions->column[first_measured + c].type == LTA_F64)
                lta_table_put_f64(t, ratio);
            else
                lta_table_put_u64(t, bits);
        }
    }
done:
    lta_free(values);
    lta_free(scratch);
    lta_free(quantile);
    return st;
}

lta_status lta_build_sessions(const lta_enrichment *e, lta_table_set *set)
{
    lta_status st = LTA_OK;
    lta_table *t;
    LTA_TRY(lta_table_add(set, "sessions", "a row for each session", &t));
    LTA_TRY(lta_table_columns_add(t, identity_columns));
    uint64_t first_measured = t->n_columns;
    LTA_TRY(add_measured_columns(e, t));
    for (uint64_t s = 0; s < e->trace.n_sessions; s++)
        LTA_TRY(put_session(e, t, s));
    LTA_TRY(build_quantiles(e, t, first_measured, set));
done:
    return st;
}
