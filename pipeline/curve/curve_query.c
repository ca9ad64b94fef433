/* pipeline/curve/curve_query.c - `lta curve --csv`: exact hits at the capacities asked for, without writing
 * to the store. */
#include "pipeline/curve/curve.h"

#include "kernels/compute.h"
#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/stage/stage.h"
#include "pipeline/trie/trie.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* What a query has loaded so far: only what the curves at hand need. */
typedef struct query {
    const lta_run *run;
    const char *store;
    const lta_curve_options *options;
    lta_curves stored; /* of curve.h5, when it is there and made the same way */
    bool loaded;       /* the three below */
    lta_trace trace;
    lta_trie trie;
    lta_reuse reuse; /* of reuse.h5 when it is there and made the same way; missing scopes are made anew */
} query;

/* One curve that was asked for. */
typedef struct answer {
    const lta_curve *curve;
    lta_curve made; /* what curve points to when curve.h5 does not have it */
    uint64_t lookups;
} answer;

/* Does STORE/FILE exist, made from what stands beside it, with the query's --inputs-only? Otherwise the query
 * does without it. */
static lta_status is_usable(const query *q, const char *file, bool *usable)
{
    lta_status st = LTA_OK;
    char *path = NULL, *parameters = NULL;
    lta_reader *r = NULL;
    json_t *p = NULL;
    *usable = false;
    LTA_TRY(lta_join_path(q->store, file, &path));
    if (!lta_file_exists(path))
        goto done;
    st = lta_stage_open_file(q->store, file, true, &r);
    if (st == LTA_ERR_INPUT) {
        lta_log_line(q->run->log, LTA_LOG_INFO, "curve", "not used: %s", lta_error_detail());
        st = LTA_OK;
        goto done;
    }
    LTA_TRY(st);
    LTA_TRY(lta_reader_attribute_text(r, "/", "parameters", &parameters));
    p = json_loads(parameters, 0, NULL);
    *usable = json_is_true(json_object_get(p, "inputs_only")) == q->options->inputs_only;
done:
    json_decref(p);
    lta_reader_close(r);
    lta_free(parameters);
    lta_free(path);
    return st;
}

static lta_status load_runs(query *q)
{
    lta_status st = LTA_OK;
    bool usable;
    if (q->loaded)
        return LTA_OK;
    LTA_TRY(lta_trace_load(q->store, false, &q->trace, NULL));
    LTA_TRY(lta_trie_load(q->run, q->store, q->trace.n, &q->trie, NULL));
    LTA_TRY(is_usable(q, "reuse.h5", &usable));
    if (usable)
        LTA_TRY(lta_reuse_load(q->run, q->store, q->trace.n, &q->reuse, NULL));
    q->loaded = true;
done:
    return st;
}

/* The curve of one scope and block size, from curve.h5 if it is there. */
static lta_status find_curve(query *q, lta_scope scope, uint64_t block, answer *a)
{
    lta_status st = LTA_OK;
    lta_block_runs b = {0};
    const lta_stored_curve *s = lta_curves_find(&q->stored, scope, block, q->options->reserve_last);
    if (s) {
        a->curve = &s->curve;
        a->lookups = s->lookups;
        return LTA_OK;
    }
    LTA_TRY(load_runs(q));
    lta_runs *runs = &q->reuse.runs[scope];
    if (!runs->offset)
        LTA_TRY(lta_reuse_compute(q->run, &q->trace, &q->trie, scope, q->options->inputs_only, runs));
    LTA_TRY(lta_block_runs_compute(q->run, &q->trace, &q->trie, runs, q->options->inputs_only, block,
                                   q->options->reserve_last, &b));
    LTA_TRY(lta_compute_curve(q->run, b.n_runs, b.distance, b.looked_up, &a->made));
    a->curve = &a->made;
    a->lookups = b.lookups;
done:
    lta_block_runs_free(&b);
    return st;
}

static void print_rows(const lta_curve_options *o, const answer *answers, FILE *out)
{
    fputs("scope,block,capacity,hits,lookups,hit_ratio\n", out);
    for (uint64_t s = 0; s < o->n_scopes; s++)
        for (uint64_t b = 0; b < o->n_blocks; b++, answers++)
            for (uint64_t i = 0; i < o->n_capacities; i++) {
                uint64_t hits = lta_curve_hits(answers->curve, o->capacities[i]);
                fprintf(out, "%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",",
                        lta_scope_name(o->scopes[s]), o->blocks[b], o->capacities[i], hits, answers->lookups);
                if (answers->lookups > 0)
                    fprintf(out, "%.9f", (double)hits / (double)answers->lookups);
                fputc('\n', out);
            }
}

lta_status lta_curve_query(const lta_run *run, const char *store, lta_curve_options *options,
                           FILE *standard_output)
{
    lta_status st = LTA_OK;
    query q = {.run = run, .store = store, .options = options};
    lta_text_file file = {0};
    answer *answers = NULL;
    uint64_t n_answers = 0;
    bool has, usable;
    if (options->n_capacities == 0)
        return lta_fail(LTA_ERR_USAGE,
                        "--csv asks for hits at given capacities; expected --capacity LIST beside it");
    LTA_TRY(lta_stage_has_symbols(store, &has));
    if (!has) {
        st = lta_fail(LTA_ERR_USAGE,
                      "%s: the sources give no tokens and no block ids, so there is no hit curve", store);
        goto done;
    }
    LTA_TRY(lta_curve_options_resolve(store, options));
    LTA_TRY(is_usable(&q, "curve.h5", &usable));
    if (usable)
        LTA_TRY(lta_curves_load(store, &q.stored, NULL));

    /* every answer first: a query that fails prints nothing */
    LTA_TRY(LTA_CALLOC(&answers, options->n_scopes * options->n_blocks));
    for (uint64_t s = 0; s < options->n_scopes; s++)
        for (uint64_t b = 0; b < options->n_blocks; b++)
            LTA_TRY(find_curve(&q, options->scopes[s], options->blocks[b], &answers[n_answers++]));
    if (strcmp(options->csv, "-") == 0) {
        print_rows(options, answers, standard_output);
        if (fflush(standard_output) != 0)
            st = lta_fail_errno(LTA_ERR_RUN, errno, "standard output could not be written");
    } else {
        LTA_TRY(lta_text_create(options->csv, &file));
        print_rows(options, answers, file.stream);
        LTA_TRY(lta_text_commit(&file));
    }
done:
    lta_text_close(&file);
    for (uint64_t i = 0; i < n_answers; i++)
        lta_curve_free(&answers[i].made);
    lta_free(answers);
    lta_curves_free(&q.stored);
    lta_reuse_free(&q.reuse);
    lta_trie_free(&q.trie);
    lta_trace_free(&q.trace);
    return st;
}
