/* pipeline/verify/verify_again.c - a file of a store against what its stage makes now of the files before it,
 * with the options that the file itself records. Nothing is written: see lta_writer_compare(). */
#include "pipeline/core/array.h"
#include "pipeline/enrich/enrich.h"
#include "pipeline/verify/verify_internal.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static lta_status bad_parameters(const lta_reader *r, const char *what)
{
    return lta_fail(LTA_ERR_FORMAT, "%s:/@parameters: %s", lta_reader_path(r), what);
}

/* A list of whole numbers above 0, rising, as the options of stages are kept. */
static lta_status read_numbers(const lta_reader *r, const json_t *list, uint64_t **out, uint64_t *n)
{
    lta_status st = LTA_OK;
    LTA_TRY(LTA_ALLOC(out, json_array_size(list)));
    *n = json_array_size(list);
    for (uint64_t i = 0; i < *n; i++) {
        json_int_t value = json_integer_value(json_array_get(list, (size_t)i));
        if (value < 1 || (i > 0 && (uint64_t)value <= (*out)[i - 1])) {
            st = bad_parameters(r, "expected lists of rising whole numbers from 1");
            goto done;
        }
        (*out)[i] = (uint64_t)value;
    }
    if (*n == 0)
        st = bad_parameters(r, "expected lists that are not empty");
done:
    return st;
}

static lta_status trie_again(const lta_run *run, const char *store, const lta_reader *r, const json_t *p)
{
    (void)r;
    (void)p;
    return lta_trie_stage(run, store);
}

static lta_status reuse_again(const lta_run *run, const char *store, const lta_reader *r, const json_t *p)
{
    (void)r;
    lta_reuse_options o = {.inputs_only = json_is_true(json_object_get(p, "inputs_only"))};
    return lta_reuse_stage(run, store, &o);
}

static lta_status curve_again(const lta_run *run, const char *store, const lta_reader *r, const json_t *p)
{
    lta_status st = LTA_OK;
    lta_curve_options o = {.inputs_only = json_is_true(json_object_get(p, "inputs_only"))};
    const json_t *scopes = json_object_get(p, "scopes");
    char group[16];
    LTA_TRY(read_numbers(r, json_object_get(p, "blocks"), &o.blocks, &o.n_blocks));
    for (size_t i = 0; i < json_array_size(scopes); i++)
        for (int s = 0; s < LTA_SCOPES; s++) {
            const char *name = json_string_value(json_array_get(scopes, i));
            if (!name || strcmp(name, lta_scope_name((lta_scope)s)) != 0)
                continue;
            snprintf(group, sizeof group, "/%s", name);
            if (o.n_scopes == LTA_SCOPES || !lta_reader_has(r, group))
                LTA_TRY(bad_parameters(r, "expected the scopes that the file has"));
            o.scopes[o.n_scopes++] = (lta_scope)s;
        }
    LTA_TRY(lta_curve_stage(run, store, &o));
done:
    lta_curve_options_free(&o);
    return st;
}

lta_status lta_verify_enrich_options(const lta_reader *r, const json_t *p, char model[LTA_VERIFY_MODEL],
                                     lta_enrich_options *o)
{
    lta_status st = LTA_OK;
    const json_t *m = json_object_get(p, "model");
    const char *name = json_string_value(json_object_get(m, "name"));
    LTA_TRY(read_numbers(r, json_object_get(p, "capacities"), &o->capacities, &o->n_capacities));
    snprintf(model, LTA_VERIFY_MODEL, "%.64s:%lld:%lld:%lld:%lld", name ? name : "",
             json_integer_value(json_object_get(m, "layers")),
             json_integer_value(json_object_get(m, "kv_heads")),
             json_integer_value(json_object_get(m, "head_size")),
             json_integer_value(json_object_get(m, "value_bytes")));
    o->model = model;
    json_int_t window_us = json_integer_value(json_object_get(p, "window_us"));
    if (window_us < 1000000 || window_us % 1000000 != 0)
        LTA_TRY(bad_parameters(r, "expected a window of whole seconds"));
    o->window_seconds = (uint64_t)window_us / 1000000;
done:
    return st;
}

static lta_status enriched_again(const lta_run *run, const char *store, const lta_reader *r, const json_t *p)
{
    lta_status st = LTA_OK;
    lta_enrich_options o = {0};
    char model[LTA_VERIFY_MODEL];
    LTA_TRY(lta_verify_enrich_options(r, p, model, &o));
    LTA_TRY(lta_enrich_stage(run, store, &o));
done:
    lta_enrich_options_free(&o);
    return st;
}

static lta_status again(const lta_run *run, const char *store, const lta_reader *r, const json_t *p)
{
    static const struct {
        const char *format;
        lta_status (*make)(const lta_run *run, const char *store, const lta_reader *r, const json_t *p);
    } stages[] = {
        {"trie", trie_again}, {"reuse", reuse_again}, {"curve", curve_again}, {"enriched", enriched_again}};
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (strcmp(lta_reader_format(r), stages[i].format) == 0)
            return stages[i].make(run, store, r, p);
    return LTA_OK;
}

lta_status lta_verify_again(const lta_run *run, const char *store, const char *file, const lta_reader *r)
{
    lta_status st = LTA_OK;
    lta_run comparing = *run;
    lta_log_level level = run->log->level;
    double started = lta_seconds();
    char *text = NULL;
    json_t *p = NULL;
    comparing.compare = true;
    LTA_TRY(lta_reader_attribute_text(r, "/", "parameters", &text));
    p = json_loads(text, 0, NULL); /* known to be JSON: lta_verify_structure() */
    if (level == LTA_LOG_INFO)     /* the stages' own lines would read as if they had made something */
        run->log->level = LTA_LOG_WARN;
    st = again(&comparing, store, r, p);
    run->log->level = level;
    if (st == LTA_ERR_USAGE) { /* an option that this trace cannot serve */
        char why[512];
        snprintf(why, sizeof why, "%s", lta_error_detail());
        st = bad_parameters(r, why);
    }
    if (st == LTA_OK)
        lta_log_line(run->log, LTA_LOG_INFO, "verify", "%s: made again, equal, %.2f s", file,
                     lta_seconds() - started);
done:
    json_decref(p);
    lta_free(text);
    return st;
}
