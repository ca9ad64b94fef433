/* pipeline/verify/verify_published.c - where a release publishes sequences, the hits that its table states
 * against a cache that is run over them: three capacities of each curve, as of a store. */
#include "kernels/compute.h"
#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/verify/verify_internal.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* A symbol of the sequences is `factor` of those that the table counts in: curves of other block sizes than
 * multiples of it are beyond them. */
static lta_status curves_of(const lta_hit_table *t, uint64_t factor, lta_curves *out)
{
    lta_status st = LTA_OK;
    uint64_t most = 0;
    for (uint64_t i = 0; i < t->n; i++) {
        bool first = i == 0 || t->capacity[i] <= t->capacity[i - 1];
        if (t->block[i] == 0 || t->block[i] % factor != 0)
            continue;
        if (first || out->n == 0) {
            LTA_TRY(LTA_GROW(&out->curve, &most, out->n + 1));
            lta_stored_curve *c = &out->curve[out->n++];
            *c = (lta_stored_curve){.block = t->block[i] / factor, .reserve_last = t->reserve_last[i] != 0};
            for (int s = 0; s < LTA_SCOPES; s++)
                if (strcmp(lta_strings_get(&t->scope, i), lta_scope_name((lta_scope)s)) == 0)
                    c->scope = (lta_scope)s;
            LTA_TRY(LTA_ALLOC(&c->curve.capacity, t->n - i));
            LTA_TRY(LTA_ALLOC(&c->curve.hits, t->n - i));
        }
        lta_curve *c = &out->curve[out->n - 1].curve;
        c->capacity[c->n] = t->capacity[i];
        c->hits[c->n++] = t->hits[i];
    }
done:
    return st;
}

/* Whether outputs were left out of the cache: only the release's provenance says. */
static lta_status read_inputs_only(const char *dir, const char *name, bool *inputs_only)
{
    lta_status st = LTA_OK;
    char *path = NULL;
    json_t *p = NULL, *trace, *stage;
    size_t i, k;
    *inputs_only = false;
    LTA_TRY(lta_join_path(dir, "provenance.json", &path));
    p = json_load_file(path, 0, NULL);
    if (!p)
        LTA_TRY(lta_fail(LTA_ERR_FORMAT, "%s: expected JSON", path));
    json_array_foreach(json_object_get(p, "traces"), i, trace)
    {
        const char *of = json_string_value(json_object_get(trace, "name"));
        if (!of || strcmp(of, name) != 0)
            continue;
        json_array_foreach(json_object_get(trace, "stages"), k, stage)
        {
            const json_t *parameters = json_object_get(stage, "parameters");
            *inputs_only |= json_is_true(json_object_get(parameters, "inputs_only"));
        }
    }
done:
    json_decref(p);
    lta_free(path);
    return st;
}

static lta_status check(const lta_run *run, const char *dir, const char *name, const char *folder,
                        const char *enriched)
{
    lta_status st = LTA_OK;
    lta_trace trace = {0};
    lta_trie trie = {0};
    lta_curves curves = {0};
    lta_hit_table table = {0};
    lta_reader *r = NULL;
    uint64_t block_tokens;
    LTA_TRY(lta_trace_load(folder, true, &trace, NULL));
    LTA_TRY(lta_reader_open(enriched, "enriched", &r));
    LTA_TRY(lta_reader_attribute_u64(r, "/", "block_tokens", &block_tokens));
    bool as_it_is = trace.block_tokens == block_tokens || block_tokens == 0;
    LTA_TRY(lta_hit_table_read(r, &table));
    LTA_TRY(curves_of(&table, as_it_is || trace.block_tokens == 0 ? 1 : trace.block_tokens, &curves));
    LTA_TRY(read_inputs_only(dir, name, &curves.inputs_only));
    LTA_TRY(lta_compute_trie(run, &trace.sequences, &trie));
    LTA_TRY(lta_verify_hits(run, enriched, &curves, true, &trie, &trace));
done:
    lta_curves_free(&curves);
    lta_hit_table_free(&table);
    lta_reader_close(r);
    lta_trie_free(&trie);
    lta_trace_free(&trace);
    return st;
}

lta_status lta_verify_published(const lta_run *run, const char *dir, const char *path)
{
    static const char *const ends[] = {"/blocks/trace.h5", "/trace.h5"};
    lta_status st = LTA_OK;
    char *name = NULL, *folder = NULL, *enriched = NULL, inside[512];
    size_t n = strlen(path), k = 0;
    while (k < 2 && (n <= strlen(ends[k]) || strcmp(path + n - strlen(ends[k]), ends[k]) != 0))
        k++;
    if (k == 2)
        return LTA_OK;
    LTA_TRY(lta_copy_text(path, n - strlen(ends[k]), &name));
    snprintf(inside, sizeof inside, "%s%s", name, k == 0 ? "/blocks" : "");
    LTA_TRY(lta_join_path(dir, inside, &folder));
    snprintf(inside, sizeof inside, "%s/enriched.h5", name);
    LTA_TRY(lta_join_path(dir, inside, &enriched));
    LTA_TRY(check(run, dir, name, folder, enriched));
done:
    lta_free(enriched);
    lta_free(folder);
    lta_free(name);
    return st;
}
