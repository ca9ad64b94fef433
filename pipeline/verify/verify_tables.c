/* pipeline/verify/verify_tables.c - the tables of an enriched file, built again from its own requests. Where
 * a release has no trie and no runs, this is what can still be said: each input is taken as a path of its
 * own, which gives every column that does not ask who shares what beyond what the fields say. */
#include "pipeline/core/array.h"
#include "pipeline/enrich/enrich_internal.h"
#include "pipeline/verify/verify_internal.h"

#include <stdio.h>
#include <string.h>

/* Columns that only trie and runs give; lta_verify_rows() sees to the ratios among them. */
static const struct {
    const char *table, *column;
} beyond[] = {
    {"summary", "distinct_sessions"},
    {"summary", "symbols"},
    {"summary", "distinct_symbols"},
    {"summary", "distinct_share"},
    {"windows", "distinct_symbols"},
    {"denominators", "hits"},
    {"denominators", "hit_full_blocks"},
    {"denominators", "hit_tokens"},
    {"denominators", "requests_with_hits"},
    {"denominators", "steady_hits"},
    {"denominators", "symbols"},
    {"denominators", "tokens"},
    {"denominators", "full_blocks"},
    {"denominators", "request_mean"},
    {"denominators", "requests_any"},
    {"denominators", "steady_state"},
};

static lta_status read_options(const lta_reader *r, lta_enrichment *e)
{
    lta_status st = LTA_OK;
    lta_enrich_options o = {0};
    char model[LTA_VERIFY_MODEL], *text = NULL;
    json_t *p = NULL;
    LTA_TRY(lta_reader_attribute_text(r, "/", "parameters", &text));
    p = json_loads(text, 0, NULL);
    LTA_TRY(lta_verify_enrich_options(r, p, model, &o));
    if (lta_model_parse(model, e->model_name, &e->model) != LTA_OK)
        LTA_TRY(lta_fail(LTA_ERR_FORMAT, "%s:/@parameters: expected a model", lta_reader_path(r)));
    e->capacities = o.capacities;
    e->n_capacities = o.n_capacities;
    e->window_us = (int64_t)o.window_seconds * 1000000;
    o.capacities = NULL;
done:
    lta_enrich_options_free(&o);
    json_decref(p);
    lta_free(text);
    return st;
}

static lta_status read_fields(const lta_reader *r, lta_enrichment *e)
{
    static const char *const reusable[LTA_SCOPES] = {"/requests/reusable", "/requests/reusable_source",
                                                     "/requests/reusable_session"};
    lta_status st = LTA_OK;
    lta_fields *f = &e->fields;
    uint64_t n = e->trace.n;
    char path[64];
    if (e->trace.arrival_us)
        LTA_TRY(lta_verify_column(r, "/requests/interarrival_us", LTA_I64, n, (void **)&f->interarrival_us));
    if (e->trace.unit == LTA_UNIT_NONE)
        goto done;
    for (int s = 0; s < LTA_SCOPES; s++)
        if (lta_trace_has_scope(&e->trace, (lta_scope)s))
            LTA_TRY(lta_verify_column(r, reusable[s], LTA_U32, n, (void **)&f->reusable[s]));
    if (e->trace.session)
        LTA_TRY(lta_verify_column(r, "/requests/reusable_cross", LTA_U32, n, (void **)&f->reusable_cross));
    LTA_TRY(lta_verify_column(r, "/requests/new_symbols", LTA_U32, n, (void **)&f->new_symbols));
    LTA_TRY(lta_verify_column(r, "/requests/working_set", LTA_U64, n, (void **)&f->working_set));
    LTA_TRY(LTA_CALLOC(&f->hit, e->n_capacities));
    for (uint64_t c = 0; c < e->n_capacities; c++) {
        snprintf(path, sizeof path, "/requests/hit_%llu", (ull)e->capacities[c]);
        LTA_TRY(lta_verify_column(r, path, LTA_U32, n, (void **)&f->hit[c]));
    }
done:
    return st;
}

/* A trie in which nobody shares anything, and no runs: what the builders ask of them, but for the columns
 * beyond. */
static lta_status make_paths(lta_enrichment *e)
{
    lta_status st = LTA_OK;
    lta_trie *trie = &e->trie;
    uint64_t n = e->trace.n;
    trie->n_nodes = trie->n_requests = n;
    LTA_TRY(LTA_ALLOC(&trie->parent, n));
    LTA_TRY(LTA_ALLOC(&trie->depth, n));
    LTA_TRY(LTA_ALLOC(&trie->owner, n));
    LTA_TRY(LTA_ALLOC(&trie->input_node, n));
    LTA_TRY(LTA_ALLOC(&trie->full_node, n));
    for (uint64_t r = 0; r < n; r++) {
        trie->parent[r] = -1;
        trie->depth[r] = e->fields.reusable[LTA_SCOPE_GLOBAL][r] + e->fields.new_symbols[r];
        trie->owner[r] = (uint32_t)r;
        trie->input_node[r] = trie->full_node[r] = trie->depth[r] > 0 ? (int64_t)r : -1;
    }
    for (int s = 0; s < LTA_SCOPES; s++) {
        e->reuse.present[s] = lta_trace_has_scope(&e->trace, (lta_scope)s);
        if (!e->reuse.present[s])
            continue;
        e->reuse.runs[s].n = n;
        LTA_TRY(LTA_CALLOC(&e->reuse.runs[s].offset, n + 1));
    }
done:
    return st;
}

/* All distinct positions of the trace, which decide what is steady. */
static lta_status read_distinct(const lta_reader *r, lta_enrichment *e)
{
    uint64_t *distinct, n = e->trace.sources.n + 1;
    lta_status st = lta_verify_column(r, "/tables/summary/distinct_symbols", LTA_U64, n, (void **)&distinct);
    if (st != LTA_OK)
        return st;
    e->distinct = distinct[n - 1];
    lta_free(distinct);
    return LTA_OK;
}

static lta_status load(const lta_run *run, const lta_reader *r, lta_enrichment *e)
{
    lta_status st = LTA_OK;
    const lta_trace *t = &e->trace;
    int64_t span;
    if (t->arrival_us && t->n > 0 && __builtin_sub_overflow(t->arrival_us[t->n - 1], t->arrival_us[0], &span))
        LTA_TRY(
            lta_fail(LTA_ERR_FORMAT, "%s:/requests/arrival_us: spans more than 2^63 us", lta_reader_path(r)));
    LTA_TRY(read_options(r, e));
    LTA_TRY(read_fields(r, e));
    if (t->unit != LTA_UNIT_NONE) {
        LTA_TRY(make_paths(e));
        LTA_TRY(lta_verify_known_curves(r, &e->curves));
        for (uint64_t i = 0; i < e->curves.n; i++)
            if (!e->reuse.present[e->curves.curve[i].scope])
                LTA_TRY(lta_fail(LTA_ERR_FORMAT, "%s:/tables/hit_curve/scope: the trace has no sessions",
                                 lta_reader_path(r)));
    }
    LTA_TRY(lta_enrichment_derive(run, e));
    if (e->symbols)
        LTA_TRY(read_distinct(r, e));
done:
    return st;
}

lta_status lta_verify_tables(const lta_run *run, const lta_reader *r, lta_trace *t)
{
    lta_status st = LTA_OK;
    lta_enrichment e = {.run = run, .trace = *t}; /* the trace stays the caller's */
    lta_table_set set = {0};
    lta_writer *w = NULL;
    LTA_TRY(load(run, r, &e));
    const struct {
        bool wanted;
        lta_table_builder *build;
    } tables[] = {
        {true, lta_build_summary},           {e.symbols, lta_build_hit_curve}, {e.symbols, lta_build_enough},
        {e.symbols, lta_build_denominators}, {e.sessions, lta_build_sessions}, {e.times, lta_build_windows},
        {e.times, lta_build_interarrival},   {true, lta_build_models},
    };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (tables[i].wanted)
            LTA_TRY(tables[i].build(&e, &set));
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        lta_table_column_drop(&set, beyond[i].table, beyond[i].column);
    LTA_TRY(lta_writer_compare(run, lta_reader_path(r), "enriched", "enrich", &w));
    LTA_TRY(lta_table_set_write(&set, w));
done:
    lta_writer_close(w);
    lta_table_set_free(&set);
    e.trace = (lta_trace){0};
    lta_enrichment_free(&e);
    return st;
}
