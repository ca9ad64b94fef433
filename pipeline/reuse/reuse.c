/* pipeline/reuse/reuse.c - the reuse stage and the reader of reuse.h5. */
#include "pipeline/reuse/reuse.h"

#include "kernels/compute.h"
#include "pipeline/core/array.h"
#include "pipeline/core/digest.h"
#include "pipeline/stage/carry.h"
#include "pipeline/stage/stage.h"
#include "pipeline/trie/trie.h"

#include <stdio.h>
#include <string.h>

const char *lta_scope_name(lta_scope s)
{
    static const char *const names[LTA_SCOPES] = {"global", "source", "session"};
    return names[s];
}

bool lta_trace_has_scope(const lta_trace *t, lta_scope s)
{
    return s != LTA_SCOPE_SESSION || t->session;
}

lta_status lta_scope_groups(const lta_trace *t, lta_scope scope, uint32_t **out)
{
    *out = NULL;
    if (scope == LTA_SCOPE_GLOBAL || (scope == LTA_SCOPE_SOURCE && t->sources.n <= 1))
        return LTA_OK;
    uint32_t *group;
    lta_status st = LTA_ALLOC(&group, t->n);
    if (st != LTA_OK)
        return st;
    uint32_t alone = (uint32_t)t->n_sessions; /* sessions + requests alone never exceed the requests */
    for (uint64_t r = 0; r < t->n; r++)
        group[r] = scope == LTA_SCOPE_SOURCE     ? t->source[r]
                   : t->session[r] != LTA_NO_U32 ? t->session[r]
                                                 : alone++;
    *out = group;
    return LTA_OK;
}

lta_status lta_reuse_compute(const lta_run *run, const lta_trace *trace, const lta_trie *trie,
                             lta_scope scope, bool inputs_only, lta_runs *out)
{
    lta_status st = LTA_OK;
    uint32_t *group = NULL;
    LTA_TRY(lta_scope_groups(trace, scope, &group));
    LTA_TRY(lta_compute_reuse(run, trie, inputs_only ? trie->input_node : trie->full_node, group, out));
done:
    lta_free(group);
    return st;
}

static lta_status write_scope(lta_writer *w, lta_scope scope, const lta_runs *runs)
{
    static const struct {
        const char *name, *unit, *description;
        lta_type type;
    } columns[] = {
        {"offset", "1", "runs of request r are rows offset[r] to offset[r+1] - 1, shallow first", LTA_U64},
        {"previous", "1", "request that last touched the run's positions before this one", LTA_U32},
        {"start", "symbols", "the run covers depths start + 1 to start + length", LTA_U32},
        {"length", "symbols", "positions in the run", LTA_U32},
        {"distance", "symbols",
         "distinct positions last touched by requests between previous and this one; the j-th position of "
         "the run has "
         "stack distance distance + j",
         LTA_U64},
    };
    const void *data[] = {runs->offset, runs->previous, runs->start, runs->length, runs->distance};
    lta_status st = LTA_OK;
    for (int c = 0; c < 5; c++) {
        char path[64];
        snprintf(path, sizeof path, "/%s/%s", lta_scope_name(scope), columns[c].name);
        LTA_TRY(lta_writer_column(w, path, columns[c].type, data[c], c == 0 ? runs->n + 1 : runs->n_runs,
                                  columns[c].unit, columns[c].description));
    }
done:
    return st;
}

lta_status lta_reuse_begin(const lta_run *run, const char *store, bool inputs_only, lta_stage *stage,
                           bool *current)
{
    static const char *const inputs[] = {"trace.h5", "trie.h5", NULL};
    return lta_stage_begin(stage, run, "reuse", store, "reuse.h5",
                           json_pack("{s:b}", "inputs_only", inputs_only), inputs, current);
}

lta_status lta_reuse_commit(const lta_stage *stage, const lta_runs *runs, char digest[LTA_SHA256_HEX])
{
    lta_status st = LTA_OK;
    lta_writer *w = NULL;
    LTA_TRY(lta_stage_create(stage, &w));
    for (int s = 0; s < LTA_SCOPES; s++)
        if (runs[s].offset)
            LTA_TRY(write_scope(w, (lta_scope)s, &runs[s]));
        else if (s == LTA_SCOPE_SOURCE)
            LTA_TRY(lta_writer_link(w, "/global", "/source"));
    LTA_TRY(lta_stage_commit(stage, w));
    memcpy(digest, lta_writer_digest(w), LTA_SHA256_HEX);
done:
    lta_writer_close(w);
    return st;
}

lta_status lta_reuse_stage(const lta_run *run, const char *store, const lta_reuse_options *options)
{
    lta_status st = LTA_OK, scope_status[LTA_SCOPES] = {LTA_OK};
    char detail[LTA_SCOPES][512] = {{0}};
    lta_stage stage = {0};
    lta_trace trace = {0};
    lta_trie trie = {0};
    lta_reuse reuse = {.inputs_only = options->inputs_only};
    lta_runs *runs = reuse.runs;
    char trie_digest[LTA_SHA256_HEX] = "", digest[LTA_SHA256_HEX] = "";
    bool has, current;

    LTA_TRY(lta_stage_has_symbols(store, &has));
    if (!has)
        return lta_stage_skip(run, "reuse", store, "reuse.h5");
    LTA_TRY(lta_reuse_begin(run, store, options->inputs_only, &stage, &current));
    if (current)
        goto done;
    LTA_TRY(lta_trace_load(store, false, &trace, NULL)); /* the trie stands for the sequences */
    LTA_TRY(lta_trie_load(run, store, trace.n, &trie, trie_digest));

    int threads = lta_compute_threads(run, lta_reuse_operation(&trie), trie.n_requests + trie.n_nodes);
    bool wanted[LTA_SCOPES]; /* with one source, source is another name of global */
    int n_wanted = 0;
    for (int s = 0; s < LTA_SCOPES; s++) {
        wanted[s] =
            lta_trace_has_scope(&trace, (lta_scope)s) && (s != LTA_SCOPE_SOURCE || trace.sources.n > 1);
        n_wanted += wanted[s];
    }
    bool at_once = n_wanted > 1 && !lta_trie_is_flat(&trie); /* else each scope takes the threads */
    _Atomic uint64_t n_done = 0;
    lta_progress_begin(run->log, "reuse", " scopes", (uint64_t)n_wanted);
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads) if (at_once)
    for (int s = 0; s < LTA_SCOPES; s++) {
        if (!wanted[s])
            continue;
        scope_status[s] = lta_reuse_compute(run, &trace, &trie, (lta_scope)s, options->inputs_only, &runs[s]);
        if (scope_status[s] != LTA_OK)
            snprintf(detail[s], sizeof detail[s], "%s", lta_error_detail());
#pragma omp critical(lta_reuse_progress)
        lta_progress_update(run->log, ++n_done);
    }
    lta_progress_end(run->log);
    for (int s = 0; s < LTA_SCOPES; s++)
        if (scope_status[s] != LTA_OK) {
            st = lta_fail(scope_status[s], "%s", detail[s]);
            goto done;
        }

    LTA_TRY(lta_reuse_commit(&stage, runs, digest));
    if (!runs[LTA_SCOPE_SOURCE].offset)
        runs[LTA_SCOPE_SOURCE] = runs[LTA_SCOPE_GLOBAL];
    for (int s = 0; s < LTA_SCOPES; s++)
        reuse.present[s] = runs[s].offset != NULL;
    lta_log_done(run->log, "reuse", stage.started, trace.n, "%llu runs of %llu requests in scope global (%s)",
                 (unsigned long long)runs[LTA_SCOPE_GLOBAL].n_runs, (unsigned long long)trace.n,
                 lta_compute_device(run));
done:
    lta_reuse_leave(run, digest, &reuse);
    lta_trie_leave(run, trie_digest, &trie);
    lta_trace_free(&trace);
    lta_stage_end(&stage);
    return st;
}

lta_status lta_runs_check(const char *path, lta_scope scope, const lta_runs *runs)
{
    bool good = runs->offset[0] == 0 && runs->offset[runs->n] == runs->n_runs;
    uint64_t r = 0;
    for (; good && r < runs->n; r++) {
        good = runs->offset[r] <= runs->offset[r + 1] && runs->offset[r + 1] <= runs->n_runs;
        uint64_t depth = 0, toucher = r;
        for (uint64_t k = runs->offset[r]; good && k < runs->offset[r + 1]; k++) {
            good = runs->start[k] == depth && runs->length[k] > 0 && runs->previous[k] < toucher;
            toucher = runs->previous[k];
            depth += runs->length[k];
            good = good && depth <= UINT32_MAX && runs->distance[k] <= UINT64_MAX / 4;
        }
    }
    if (!good)
        return lta_fail(LTA_ERR_FORMAT,
                        "%s:/%s: the runs of request %llu are damaged; expected runs from depth 0 on, one "
                        "after the other, "
                        "with falling previous requests",
                        path, lta_scope_name(scope), (unsigned long long)(r > 0 ? r - 1 : 0));
    return LTA_OK;
}

static lta_status read_scope(const lta_reader *r, lta_scope scope, uint64_t n_requests, lta_runs *out)
{
    lta_status st = LTA_OK;
    lta_runs runs = {.n = n_requests};
    struct {
        const char *name;
        lta_type type;
        void **data;
        uint64_t n;
    } columns[] = {
        {"offset", LTA_U64, (void **)&runs.offset, 0},     {"previous", LTA_U32, (void **)&runs.previous, 0},
        {"start", LTA_U32, (void **)&runs.start, 0},       {"length", LTA_U32, (void **)&runs.length, 0},
        {"distance", LTA_U64, (void **)&runs.distance, 0},
    };
    for (int c = 0; c < 5; c++) {
        char path[64];
        snprintf(path, sizeof path, "/%s/%s", lta_scope_name(scope), columns[c].name);
        LTA_TRY(lta_reader_column(r, path, columns[c].type, columns[c].data, &columns[c].n));
        if (columns[c].n != (c == 0 ? n_requests + 1 : columns[1].n)) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:%s: %llu rows, which does not fit the other columns",
                          lta_reader_path(r), path, (unsigned long long)columns[c].n);
            goto done;
        }
    }
    runs.n_runs = columns[1].n;
    LTA_TRY(lta_runs_check(lta_reader_path(r), scope, &runs));
    *out = runs;
    runs = (lta_runs){0};
done:
    lta_runs_free(&runs);
    return st;
}

lta_status lta_reuse_load(const lta_run *run, const char *store, uint64_t n_requests, lta_reuse *out,
                          char *digest)
{
    lta_status st = LTA_OK;
    lta_reader *r = NULL;
    lta_reuse reuse = {0};
    char *parameters = NULL;
    json_t *p = NULL;
    LTA_TRY(lta_stage_open_file(store, "reuse.h5", true, &r));
    if (digest)
        memcpy(digest, lta_reader_digest(r), LTA_SHA256_HEX);
    if (lta_carry_take(run->carry, "reuse.h5", lta_reader_digest(r), out, sizeof *out))
        goto done;
    LTA_TRY(lta_reader_attribute_text(r, "/", "parameters", &parameters));
    p = json_loads(parameters, 0, NULL);
    reuse.inputs_only = json_is_true(json_object_get(p, "inputs_only"));
    for (int s = 0; s < LTA_SCOPES; s++) {
        char group[16];
        snprintf(group, sizeof group, "/%s", lta_scope_name((lta_scope)s));
        reuse.present[s] = lta_reader_has(r, group);
        if (reuse.present[s])
            LTA_TRY(read_scope(r, (lta_scope)s, n_requests, &reuse.runs[s]));
    }
    *out = reuse;
    reuse = (lta_reuse){0};
done:
    lta_reuse_free(&reuse);
    json_decref(p);
    lta_free(parameters);
    lta_reader_close(r);
    return st;
}

void lta_reuse_free(lta_reuse *r)
{
    if (r->runs[LTA_SCOPE_SOURCE].offset == r->runs[LTA_SCOPE_GLOBAL].offset)
        r->runs[LTA_SCOPE_SOURCE] = (lta_runs){0};
    for (int s = 0; s < LTA_SCOPES; s++)
        lta_runs_free(&r->runs[s]);
    *r = (lta_reuse){0};
}

static void free_reuse(void *reuse)
{
    lta_reuse_free(reuse);
}

void lta_reuse_leave(const lta_run *run, const char *digest, lta_reuse *r)
{
    lta_carry_put(*digest ? run->carry : NULL, "reuse.h5", digest, r, sizeof *r, free_reuse);
}
