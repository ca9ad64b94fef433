/* pipeline/enrich/table_curve.c - the tables `hit_curve`, `enough` and `denominators`, one block of rows for
 * each curve of curve.h5 (scope, block size, with and without reserve-last). Capacities are counted in blocks
 * of B symbols, the configured ones too, as `lta curve --csv` counts them. */
#include "pipeline/enrich/enrich_internal.h"

#include "pipeline/core/array.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const lta_column_spec curve_columns[] = {
    {LTA_STR, "scope", "1", "who may reuse a position: global, source or session"},
    {LTA_U64, "block", "symbols", "block size B"},
    {LTA_U64, "reserve_last", "1",
     "1: a lookup leaves out the input's last token, as vLLM's do; 0: it does not"},
    {0},
};

static lta_status put_curve(lta_table *t, const lta_stored_curve *c)
{
    lta_status st = lta_table_put_text(t, lta_scope_name(c->scope));
    if (st != LTA_OK)
        return st;
    lta_table_put_u64(t, c->block);
    lta_table_put_u64(t, c->reserve_last);
    return LTA_OK;
}

static uint64_t last_vertex(const lta_stored_curve *c)
{
    return c->curve.capacity[c->curve.n - 1];
}

static uint64_t attainable(const lta_stored_curve *c)
{
    return c->curve.hits[c->curve.n - 1];
}

static uint64_t capacity_tokens(const lta_enrichment *e, const lta_stored_curve *c, uint64_t capacity)
{
    return lta_multiply_saturated(lta_multiply_saturated(capacity, c->block), e->trace.block_tokens);
}

/* `capacity_tokens`; `bytes` in the model of --model, then `bytes_<model>` in every built-in one. */
static lta_status add_size_columns(const lta_enrichment *e, lta_table *t)
{
    lta_status st = LTA_OK;
    char name[96], text[160];
    if (!e->equal_blocks) /* how many tokens so many symbols are, nobody knows */
        return LTA_OK;
    LTA_TRY(lta_table_column_add(t, LTA_U64, "capacity_tokens", "tokens", "capacity x B x tokens a symbol"));
    snprintf(text, sizeof text, "KV cache of capacity_tokens in %s, the model of --model", e->model.name);
    LTA_TRY(lta_table_column_add(t, LTA_U64, "bytes", "bytes", text));
    for (const lta_model *m = lta_models; m->name; m++) {
        snprintf(name, sizeof name, "bytes_%s", m->name);
        for (char *p = name; *p; p++)
            if (!isalnum((unsigned char)*p))
                *p = '_';
        snprintf(text, sizeof text, "KV cache of capacity_tokens in %s", m->name);
        LTA_TRY(lta_table_column_add(t, LTA_U64, name, "bytes", text));
    }
done:
    return st;
}

static void put_sizes(const lta_enrichment *e, lta_table *t, const lta_stored_curve *c, uint64_t capacity)
{
    uint64_t tokens = capacity_tokens(e, c, capacity);
    if (!e->equal_blocks)
        return;
    lta_table_put_u64(t, tokens);
    lta_table_put_u64(t, lta_multiply_saturated(tokens, lta_model_token_bytes(&e->model)));
    for (const lta_model *m = lta_models; m->name; m++)
        lta_table_put_u64(t, lta_multiply_saturated(tokens, lta_model_token_bytes(m)));
}

/* The configured capacities and the last vertex, with `grid` also the log grid up to the last vertex; rising,
 * without repetition. out has room for LTA_GRID_BINS + n_capacities + 1. Returns how many. */
static uint64_t list_capacities(const lta_enrichment *e, const lta_stored_curve *c, bool grid, uint64_t *out,
                                uint64_t *scratch)
{
    uint64_t last = last_vertex(c), n = 0, kept = 0;
    for (unsigned bin = 0; grid && bin < LTA_GRID_BINS && lta_grid_edge(bin) <= last; bin++)
        out[n++] = lta_grid_edge(bin);
    out[n++] = last;
    for (uint64_t i = 0; i < e->n_capacities; i++)
        out[n++] = e->capacities[i];
    lta_sort_u64(out, scratch, n);
    for (uint64_t i = 0; i < n; i++)
        if (kept == 0 || out[kept - 1] != out[i])
            out[kept++] = out[i];
    return kept;
}

static lta_status alloc_capacities(const lta_enrichment *e, uint64_t **out, uint64_t **scratch)
{
    lta_status st = LTA_ALLOC(out, LTA_GRID_BINS + e->n_capacities + 1);
    return st == LTA_OK ? LTA_ALLOC(scratch, LTA_GRID_BINS + e->n_capacities + 1) : st;
}

lta_status lta_build_hit_curve(const lta_enrichment *e, lta_table_set *set)
{
    static const lta_column_spec capacity_columns[] = {
        {LTA_U64, "capacity", "blocks", "LRU capacity in blocks of B symbols"},
        {0},
    };
    static const lta_column_spec hit_columns[] = {
        {LTA_U64, "hits", "blocks", "looked-up blocks that hit at this capacity"},
        {LTA_U64, "lookups", "blocks", "looked-up blocks"},
        {LTA_U64, "ceiling", "blocks", "hits with unlimited capacity"},
        {LTA_F64, "hit_ratio", "hits/lookups", "hits / lookups"},
        {LTA_F64, "ceiling_share", "hits/ceiling", "hits / hits with unlimited capacity"},
        {0},
    };
    lta_status st = LTA_OK;
    uint64_t *capacity = NULL, *scratch = NULL;
    lta_table *t;
    LTA_TRY(alloc_capacities(e, &capacity, &scratch));
    LTA_TRY(lta_table_add(
        set, "hit_curve",
        "exact LRU hits: on the log grid, at the last vertex and at the configured capacities", &t));
    LTA_TRY(lta_table_columns_add(t, curve_columns));
    LTA_TRY(lta_table_columns_add(t, capacity_columns));
    LTA_TRY(add_size_columns(e, t));
    LTA_TRY(lta_table_columns_add(t, hit_columns));
    for (uint64_t i = 0; i < e->curves.n; i++) {
        const lta_stored_curve *c = &e->curves.curve[i];
        uint64_t n = list_capacities(e, c, true, capacity, scratch);
        for (uint64_t k = 0; k < n; k++) {
            uint64_t hits = lta_curve_hits(&c->curve, capacity[k]);
            LTA_TRY(lta_table_row(t));
            LTA_TRY(put_curve(t, c));
            lta_table_put_u64(t, capacity[k]);
            put_sizes(e, t, c, capacity[k]);
            lta_table_put_u64(t, hits);
            lta_table_put_u64(t, c->lookups);
            lta_table_put_u64(t, attainable(c));
            lta_table_put_f64(t, lta_ratio(hits, c->lookups));
            lta_table_put_f64(t, lta_ratio(hits, attainable(c)));
        }
    }
done:
    lta_free(capacity);
    lta_free(scratch);
    return st;
}

lta_status lta_build_enough(const lta_enrichment *e, lta_table_set *set)
{
    static const uint64_t permille[] = {500, 600, 800, 900, 950, 990, 995, 1000};
    static const lta_column_spec capacity_columns[] = {
        {LTA_U64, "permille", "1", "share of the unlimited hits to reach, in thousandths"},
        {LTA_U64, "capacity", "blocks", "smallest capacity C with 1000 hits(C) >= permille x ceiling"},
        {LTA_U64, "capacity_symbols", "symbols", "capacity x B"},
        {0},
    };
    static const lta_column_spec hit_columns[] = {
        {LTA_U64, "hits", "blocks", "looked-up blocks that hit at this capacity"},
        {LTA_U64, "lookups", "blocks", "looked-up blocks"},
        {LTA_U64, "ceiling", "blocks", "hits with unlimited capacity"},
        {LTA_F64, "hit_ratio", "hits/lookups", "hits / lookups"},
        {0},
    };
    lta_status st = LTA_OK;
    lta_table *t;
    LTA_TRY(
        lta_table_add(set, "enough", "the smallest capacity that reaches a share of the unlimited hits", &t));
    LTA_TRY(lta_table_columns_add(t, curve_columns));
    LTA_TRY(lta_table_columns_add(t, capacity_columns));
    LTA_TRY(add_size_columns(e, t));
    LTA_TRY(lta_table_columns_add(t, hit_columns));
    for (uint64_t i = 0; i < e->curves.n; i++) {
        const lta_stored_curve *c = &e->curves.curve[i];
        for (size_t k = 0; k < sizeof permille / sizeof *permille; k++) {
            uint64_t all = attainable(c); /* the target is ceil(permille x all / 1000), without overflow */
            uint64_t target = all / 1000 * permille[k] + (all % 1000 * permille[k] + 999) / 1000;
            uint64_t capacity = lta_curve_capacity_for(&c->curve, target);
            uint64_t hits = lta_curve_hits(&c->curve, capacity);
            LTA_TRY(lta_table_row(t));
            LTA_TRY(put_curve(t, c));
            lta_table_put_u64(t, permille[k]);
            lta_table_put_u64(t, capacity);
            lta_table_put_u64(t, lta_multiply_saturated(capacity, c->block));
            put_sizes(e, t, c, capacity);
            lta_table_put_u64(t, hits);
            lta_table_put_u64(t, c->lookups);
            lta_table_put_u64(t, all);
            lta_table_put_f64(t, lta_ratio(hits, c->lookups));
        }
    }
done:
    return st;
}

/* full: the column needs to know how many tokens a symbol is. */
static const struct {
    bool full;
    lta_column_spec column;
} denominator_columns[] = {
    {false, {LTA_U64, "capacity", "blocks", "LRU capacity in blocks of B symbols"}},
    {false, {LTA_U64, "hits", "blocks", "looked-up blocks that hit"}},
    {false, {LTA_U64, "lookups", "blocks", "looked-up blocks"}},
    {true,
     {LTA_U64, "hit_full_blocks", "blocks", "hits on full blocks: those that end at or before input_tokens"}},
    {true, {LTA_U64, "hit_tokens", "tokens", "hit_full_blocks x B x tokens a symbol"}},
    {false, {LTA_U64, "input_tokens", "tokens", "tokens of all inputs"}},
    {true,
     {LTA_U64, "input_full_blocks", "blocks",
      "sum over requests of floor(input_tokens / (B x tokens a symbol))"}},
    {false, {LTA_U64, "requests", "1", "requests"}},
    {false, {LTA_U64, "requests_with_lookups", "1", "requests that look up at least one block"}},
    {false, {LTA_U64, "requests_with_hits", "1", "requests with at least one hit"}},
    {false,
     {LTA_U64, "steady_hits", "blocks",
      "hits of requests that find at least half of all distinct positions touched (2 x working_set >= "
      "all)"}},
    {false, {LTA_U64, "steady_lookups", "blocks", "lookups of the same requests"}},
    {false, {LTA_F64, "symbols", "hits/lookups", "hits / lookups"}},
    {true, {LTA_F64, "tokens", "hit_tokens/input_tokens", "hit_tokens / input_tokens"}},
    {true,
     {LTA_F64, "full_blocks", "hit_full_blocks/input_full_blocks", "hit_full_blocks / input_full_blocks"}},
    {false, {LTA_F64, "request_mean", "1", "mean over requests with lookups of their own hits / lookups"}},
    {false, {LTA_F64, "requests_any", "requests_with_hits/requests", "requests_with_hits / requests"}},
    {false, {LTA_F64, "steady_state", "steady_hits/steady_lookups", "steady_hits / steady_lookups"}},
};

static lta_status add_denominator_columns(const lta_enrichment *e, lta_table *t)
{
    lta_status st = LTA_OK;
    for (size_t i = 0; i < sizeof denominator_columns / sizeof *denominator_columns; i++) {
        const lta_column_spec *c = &denominator_columns[i].column;
        if (e->equal_blocks || !denominator_columns[i].full)
            LTA_TRY(lta_table_column_add(t, c->type, c->name, c->unit, c->description));
    }
done:
    return st;
}

/* What a curve's lookups are, whatever the capacity. */
typedef struct demand {
    uint32_t *lookups; /* [requests] blocks that it looks up */
    uint32_t *full; /* [requests] full blocks of its input_tokens; 0 where a symbol's tokens are not known */
    uint64_t input_tokens, input_full_blocks, all_lookups, with_lookups, steady_lookups; /* of all requests */
} demand;

typedef struct tally {
    uint64_t hits, full_hits, with_hits, steady_hits;
    double ratio_sum;
} tally;

/* Does the request find at least half of all distinct positions touched? */
static inline bool is_steady(const lta_enrichment *e, uint64_t r)
{
    return 2 * e->fields.working_set[r] >= e->distinct;
}

static void count_demand(const lta_enrichment *e, const lta_stored_curve *c, demand *d)
{
    uint64_t block_tokens = lta_multiply_saturated(c->block, e->trace.block_tokens);
    *d = (demand){.lookups = d->lookups, .full = d->full};
    for (uint64_t r = 0; r < e->trace.n; r++) {
        uint64_t tokens = lta_token_count(e->trace.input_tokens[r]);
        uint32_t lookups = (uint32_t)(lta_lookup_length(&e->trace, &e->trie, r, c->reserve_last) / c->block);
        uint32_t full = e->equal_blocks ? (uint32_t)(tokens / block_tokens) : 0;
        d->lookups[r] = lookups;
        d->full[r] = full;
        d->input_tokens += tokens;
        d->input_full_blocks += full;
        d->all_lookups += lookups;
        d->with_lookups += lookups > 0;
        d->steady_lookups += is_steady(e, r) ? lookups : 0;
    }
}

/* What hits at one capacity. Hits are a prefix of the path, so its full blocks are those that end at or
 * before input_tokens. */
static tally count_hits(const lta_enrichment *e, const demand *d, const lta_runs *runs,
                        const lta_block_runs *b, uint64_t capacity)
{
    tally v = {0};
    for (uint64_t r = 0; r < e->trace.n; r++) {
        uint64_t hits = lta_request_hits(runs, b, r, capacity);
        if (hits == 0)
            continue;
        v.hits += hits;
        v.full_hits += hits < d->full[r] ? hits : d->full[r];
        v.with_hits++;
        v.ratio_sum += lta_ratio(hits, d->lookups[r]);
        v.steady_hits += is_steady(e, r) ? hits : 0;
    }
    return v;
}

static void put_tally(const lta_enrichment *e, lta_table *t, const lta_stored_curve *c, const demand *d,
                      const tally *v)
{
    uint64_t hit_tokens = capacity_tokens(e, c, v->full_hits);
    lta_table_put_u64(t, v->hits);
    lta_table_put_u64(t, d->all_lookups);
    if (e->equal_blocks) {
        lta_table_put_u64(t, v->full_hits);
        lta_table_put_u64(t, hit_tokens);
    }
    lta_table_put_u64(t, d->input_tokens);
    if (e->equal_blocks)
        lta_table_put_u64(t, d->input_full_blocks);
    lta_table_put_u64(t, e->trace.n);
    lta_table_put_u64(t, d->with_lookups);
    lta_table_put_u64(t, v->with_hits);
    lta_table_put_u64(t, v->steady_hits);
    lta_table_put_u64(t, d->steady_lookups);
    lta_table_put_f64(t, lta_ratio(v->hits, d->all_lookups));
    if (e->equal_blocks) {
        lta_table_put_f64(t, lta_ratio(hit_tokens, d->input_tokens));
        lta_table_put_f64(t, lta_ratio(v->full_hits, d->input_full_blocks));
    }
    lta_table_put_f64(
        t, lta_round9(d->with_lookups > 0 ? v->ratio_sum / (double)d->with_lookups : lta_ratio(0, 0)));
    lta_table_put_f64(t, lta_ratio(v->with_hits, e->trace.n));
    lta_table_put_f64(t, lta_ratio(v->steady_hits, d->steady_lookups));
}

lta_status lta_build_denominators(const lta_enrichment *e, lta_table_set *set)
{
    lta_status st = LTA_OK;
    uint64_t *capacity = NULL, *scratch = NULL, n_tallies = 0;
    tally *at = NULL; /* capacities */
    demand d = {0};
    lta_block_runs base = {0},
                   reserved = {0}; /* of the last curve without reserve-last; of the one beside it */
    const lta_stored_curve *base_curve = NULL;
    lta_table *t;
    LTA_TRY(alloc_capacities(e, &capacity, &scratch));
    LTA_TRY(LTA_ALLOC(&d.lookups, e->trace.n));
    LTA_TRY(LTA_ALLOC(&d.full, e->trace.n));
    LTA_TRY(lta_table_add(set, "denominators",
                          "one number of hits under every denominator in use, side by side", &t));
    LTA_TRY(lta_table_columns_add(t, curve_columns));
    LTA_TRY(add_denominator_columns(e, t));
    for (uint64_t i = 0; i < e->curves.n; i++) {
        const lta_stored_curve *c = &e->curves.curve[i];
        const lta_runs *runs = &e->reuse.runs[c->scope];
        if (!base_curve || base_curve->scope != c->scope || base_curve->block != c->block) {
            lta_block_runs_free(&base);
            LTA_TRY(lta_block_runs_compute(e->run, &e->trace, &e->trie, runs, e->reuse.inputs_only, c->block,
                                           false, &base));
            base_curve = c;
        }
        lta_block_runs_free(&reserved);
        if (c->reserve_last)
            LTA_TRY(lta_block_runs_again(&e->trace, &e->trie, runs, &base, true, &reserved));
        const lta_block_runs *b = c->reserve_last ? &reserved : &base;
        uint64_t n = list_capacities(e, c, false, capacity, scratch);
        LTA_TRY(lta_check_stop(e->run));
        LTA_TRY(LTA_GROW(&at, &n_tallies, n));
        count_demand(e, c, &d);
#pragma omp parallel for schedule(dynamic, 1) num_threads(e->run->threads)
        for (uint64_t k = 0; k < n; k++)
            at[k] = count_hits(e, &d, runs, b, capacity[k]);
        for (uint64_t k = 0; k < n; k++) {
            LTA_TRY(lta_table_row(t));
            LTA_TRY(put_curve(t, c));
            lta_table_put_u64(t, capacity[k]);
            put_tally(e, t, c, &d, &at[k]);
        }
    }
done:
    lta_block_runs_free(&reserved);
    lta_block_runs_free(&base);
    lta_free(d.lookups);
    lta_free(d.full);
    lta_free(at);
    lta_free(scratch);
    lta_free(capacity);
    return st;
}
