/* pipeline/enrich/enrich.c - the enrich stage: fields and tables of a store -> enriched.h5. */
#include "pipeline/enrich/enrich.h"

#include "pipeline/core/array.h"
#include "pipeline/enrich/enrich_internal.h"
#include "pipeline/stage/stage.h"

#include <string.h>

static const uint64_t default_capacities[] = {1000, 10000, 100000, 1000000};

void lta_enrich_options_free(lta_enrich_options *o)
{
    lta_free(o->capacities);
    *o = (lta_enrich_options){0};
}

/* Fills in the defaults. Afterwards everything that can change the content is in e. */
static lta_status resolve_options(const lta_enrich_options *o, lta_enrichment *e)
{
    lta_status st = LTA_OK;
    const uint64_t *capacities = o->n_capacities > 0 ? o->capacities : default_capacities;
    uint64_t n =
        o->n_capacities > 0 ? o->n_capacities : sizeof default_capacities / sizeof *default_capacities;
    uint64_t seconds = o->window_seconds > 0 ? o->window_seconds : 60;
    LTA_TRY(lta_model_parse(o->model, e->model_name, &e->model));
    LTA_TRY(LTA_ALLOC(&e->capacities, n));
    memcpy(e->capacities, capacities, (size_t)n * sizeof *capacities);
    e->n_capacities = n;
    if (seconds > INT64_MAX / 1000000) {
        st = lta_fail(LTA_ERR_USAGE, "--window %llu: expected at most %lld seconds",
                      (unsigned long long)seconds, (long long)(INT64_MAX / 1000000));
        goto done;
    }
    e->window_us = (int64_t)seconds * 1000000;
done:
    return st;
}

static json_t *parameters_of(const lta_enrichment *e)
{
    json_t *capacities = json_array();
    for (uint64_t i = 0; i < e->n_capacities; i++)
        json_array_append_new(capacities, json_integer((json_int_t)e->capacities[i]));
    return json_pack("{s:o, s:{s:s, s:I, s:I, s:I, s:I}, s:i, s:I}", "capacities", capacities, "model",
                     "name", e->model.name, "layers", (json_int_t)e->model.layers, "kv_heads",
                     (json_int_t)e->model.kv_heads, "head_size", (json_int_t)e->model.head_size,
                     "value_bytes", (json_int_t)e->model.value_bytes, "prompt_cache_min_tokens",
                     LTA_PROMPT_CACHE_MIN_TOKENS, "window_us", (json_int_t)e->window_us);
}

static lta_status build_tables(const lta_enrichment *e, lta_table_set *set)
{
    const struct {
        bool wanted;
        lta_table_builder *build;
    } tables[] = {
        {true, lta_build_summary},
        {e->symbols, lta_build_hit_curve},
        {e->symbols, lta_build_enough},
        {e->symbols, lta_build_denominators},
        {e->sessions, lta_build_sessions},
        {e->symbols, lta_build_prefixes},
        {e->times, lta_build_windows},
        {true, lta_build_histograms},
        {e->times, lta_build_interarrival},
        {e->symbols, lta_build_trie_shape},
        {e->symbols, lta_build_prompt_cache},
        {true, lta_build_models},
    };
    enum { TABLES = sizeof tables / sizeof *tables };
    lta_status st = LTA_OK;
    lta_progress_begin(e->run->log, "enrich", " steps", TABLES);
    for (uint64_t i = 0; i < TABLES; i++) {
        LTA_TRY(lta_check_stop(e->run));
        if (tables[i].wanted)
            LTA_TRY(tables[i].build(e, set));
        lta_progress_update(e->run->log, i + 1);
    }
done:
    lta_progress_end(e->run->log);
    return st;
}

lta_status lta_enrich_stage(const lta_run *run, const char *store, const lta_enrich_options *options)
{
    static const char *const with_symbols[] = {"trace.h5", "trie.h5", "reuse.h5", "curve.h5", NULL};
    static const char *const without_symbols[] = {"trace.h5", NULL};
    lta_status st = LTA_OK;
    lta_stage stage = {0};
    lta_enrichment e = {0};
    lta_table_set tables = {0};
    lta_reader *r = NULL;
    lta_writer *w = NULL;
    char *unit = NULL;
    bool current;

    LTA_TRY(resolve_options(options, &e));
    LTA_TRY(lta_stage_open_file(store, "trace.h5", false, &r));
    LTA_TRY(lta_reader_attribute_text(r, "/", "unit", &unit));
    LTA_TRY(lta_stage_begin(&stage, run, "enrich", store, "enriched.h5", parameters_of(&e),
                            strcmp(unit, "none") == 0 ? without_symbols : with_symbols, &current));
    if (current)
        goto done;
    LTA_TRY(lta_enrichment_load(run, store, &e));
    if (e.symbols && e.curves.inputs_only != e.reuse.inputs_only) {
        st = lta_fail(LTA_ERR_INPUT,
                      "%s: only one of reuse.h5 and curve.h5 was made with --inputs-only; make them anew",
                      store);
        goto done;
    }
    LTA_TRY(lta_check_stop(run));
    LTA_TRY(lta_fields_compute(&e));
    LTA_TRY(build_tables(&e, &tables));

    LTA_TRY(lta_stage_create(&stage, &w));
    LTA_TRY(lta_trace_write(&e.trace, w, false));
    LTA_TRY(lta_fields_write(&e, w));
    LTA_TRY(lta_table_set_write(&tables, w));
    LTA_TRY(lta_stage_commit(&stage, w));
    lta_log_done(run->log, "enrich", stage.started, e.trace.n, "%llu requests, %llu tables",
                 (unsigned long long)e.trace.n, (unsigned long long)tables.n);
done:
    lta_writer_close(w);
    lta_reader_close(r);
    lta_free(unit);
    lta_table_set_free(&tables);
    lta_enrichment_free(&e);
    lta_stage_end(&stage);
    return st;
}
