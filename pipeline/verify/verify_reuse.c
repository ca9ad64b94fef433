/* pipeline/verify/verify_reuse.c - runs by themselves, and against the trie and the sequences. */
#include "kernels/compute.h"
#include "pipeline/core/array.h"
#include "pipeline/verify/verify_internal.h"

#include <string.h>

static const uint64_t hash_base = 1442695040888963407u; /* any in [2^32, 2^61 - 1) */

static lta_status bad_run(const char *file, lta_scope scope, uint64_t r, uint64_t k, const char *why)
{
    return lta_fail(LTA_ERR_FORMAT, "%s:/%s: request %llu, row %llu: %s", file, lta_scope_name(scope), (ull)r,
                    (ull)k, why);
}

static lta_status read_runs(const lta_reader *r, lta_scope scope, lta_runs *runs)
{
    static const struct {
        const char *name;
        lta_type type;
    } columns[] = {{"previous", LTA_U32}, {"start", LTA_U32}, {"length", LTA_U32}, {"distance", LTA_U64}};
    void **const into[] = {(void **)&runs->previous, (void **)&runs->start, (void **)&runs->length,
                           (void **)&runs->distance};
    lta_status st = LTA_OK;
    char path[64];
    uint64_t n_offsets;
    snprintf(path, sizeof path, "/%s/offset", lta_scope_name(scope));
    LTA_TRY(lta_reader_column(r, path, LTA_U64, (void **)&runs->offset, &n_offsets));
    if (n_offsets == 0) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s: is empty", lta_reader_path(r), path);
        goto done;
    }
    runs->n = n_offsets - 1;
    snprintf(path, sizeof path, "/%s/previous", lta_scope_name(scope));
    LTA_TRY(lta_verify_length(r, path, &runs->n_runs));
    for (int c = 0; c < 4; c++) {
        snprintf(path, sizeof path, "/%s/%s", lta_scope_name(scope), columns[c].name);
        LTA_TRY(lta_verify_column(r, path, columns[c].type, runs->n_runs, into[c]));
    }
done:
    return st;
}

/* Runs of a request lie end to end from depth 0, and the request that touched them last falls strictly with
 * depth; so all positions above a run were touched after it, and are part of its T. */
static lta_status check_runs(const char *file, lta_scope scope, const lta_runs *runs)
{
    if (runs->offset[0] != 0 || runs->offset[runs->n] != runs->n_runs)
        return bad_run(file, scope, 0, 0, "expected offsets from 0 to the number of runs");
    for (uint64_t r = 0; r < runs->n; r++) {
        uint64_t depth = 0, toucher = r;
        if (runs->offset[r + 1] < runs->offset[r] || runs->offset[r + 1] > runs->n_runs)
            return bad_run(file, scope, r, runs->offset[r], "expected offsets that never fall");
        for (uint64_t k = runs->offset[r]; k < runs->offset[r + 1]; k++) {
            if (runs->start[k] != depth || runs->length[k] == 0)
                return bad_run(file, scope, r, k, "expected runs end to end from depth 0");
            if (runs->previous[k] >= toucher)
                return bad_run(file, scope, r, k, "expected earlier requests, falling with depth");
            if (runs->distance[k] < runs->start[k])
                return bad_run(file, scope, r, k,
                               "expected a distance of at least the positions above the run");
            toucher = runs->previous[k];
            depth += runs->length[k];
        }
        if (depth > UINT32_MAX)
            return bad_run(file, scope, r, runs->offset[r], "expected a path shorter than 2^32");
    }
    return LTA_OK;
}

lta_status lta_verify_reuse(const lta_run *run, const lta_reader *r)
{
    lta_status st = LTA_OK;
    lta_runs runs = {0};
    uint64_t n = 0;
    (void)run;
    for (int s = 0; s < LTA_SCOPES; s++) {
        char group[16];
        snprintf(group, sizeof group, "/%s", lta_scope_name((lta_scope)s));
        if (s == LTA_SCOPE_SESSION && !lta_reader_has(r, group))
            continue;
        LTA_TRY(read_runs(r, (lta_scope)s, &runs));
        LTA_TRY(check_runs(lta_reader_path(r), (lta_scope)s, &runs));
        if (s > 0 && runs.n != n) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:%s: has runs of %llu requests, expected %llu as in /global",
                          lta_reader_path(r), group, (ull)runs.n, (ull)n);
            goto done;
        }
        n = runs.n;
        lta_runs_free(&runs);
    }
done:
    lta_runs_free(&runs);
    return st;
}

/* ---- against trie and sequences ---- */

static bool same_group(const lta_trace *t, lta_scope scope, uint64_t a, uint64_t b)
{
    if (scope == LTA_SCOPE_SOURCE)
        return t->source[a] == t->source[b];
    if (scope == LTA_SCOPE_SESSION)
        return t->session[a] == t->session[b] && t->session[a] != LTA_NO_U32;
    return true;
}

/* Runs stay on the touched path, name requests of their group that touch as deep, and have distances that fit
 * into what has been touched before. */
static lta_status check_bounds(const char *file, lta_scope scope, const lta_runs *runs,
                               const int64_t *touched, const lta_trie *trie, const lta_trace *trace)
{
    uint64_t distinct = 0; /* positions touched by the requests before r, in this scope */
    for (uint64_t r = 0; r < runs->n; r++) {
        uint64_t depth = lta_verify_depth(trie, touched[r]), covered = lta_verify_covered(runs, r);
        if (covered > depth)
            return bad_run(file, scope, r, runs->offset[r + 1] - 1, "the run ends below the touched path");
        for (uint64_t k = runs->offset[r]; k < runs->offset[r + 1]; k++) {
            uint64_t p = runs->previous[k], end = (uint64_t)runs->start[k] + runs->length[k];
            if (!same_group(trace, scope, p, r))
                return bad_run(file, scope, r, k, "the previous request is of another group");
            if (end > lta_verify_depth(trie, touched[p]))
                return bad_run(file, scope, r, k, "the previous request does not touch as deep");
            if (runs->distance[k] > distinct || runs->length[k] > distinct - runs->distance[k])
                return bad_run(file, scope, r, k, "the distance exceeds all that was touched before");
        }
        distinct += depth - covered;
    }
    return LTA_OK;
}

/* The position at the end of each run lies on the paths of both requests: their prefixes of that length are
 * equal. */
static lta_status check_prefixes(const lta_run *run, const char *file, lta_scope scope, const lta_runs *runs,
                                 const lta_sequences *s)
{
    lta_status st = LTA_OK;
    uint64_t *request = NULL, *hash = NULL;
    uint32_t *depth = NULL;
    LTA_TRY(LTA_ALLOC(&request, 2 * runs->n_runs));
    LTA_TRY(LTA_ALLOC(&depth, 2 * runs->n_runs));
    LTA_TRY(LTA_ALLOC(&hash, 2 * runs->n_runs));
    for (uint64_t r = 0; r < runs->n; r++)
        for (uint64_t k = runs->offset[r]; k < runs->offset[r + 1]; k++) {
            request[2 * k] = r;
            request[2 * k + 1] = runs->previous[k];
            depth[2 * k] = depth[2 * k + 1] = runs->start[k] + runs->length[k];
        }
    LTA_TRY(lta_compute_prefix_hash(run, s, 2 * runs->n_runs, request, depth, hash_base, hash));
    for (uint64_t k = 0; k < runs->n_runs && st == LTA_OK; k++)
        if (hash[2 * k] != hash[2 * k + 1])
            st = bad_run(file, scope, request[2 * k], k, "the previous request has another prefix");
done:
    lta_free(request);
    lta_free(depth);
    lta_free(hash);
    return st;
}

/* In scope global, what was touched before is the first piece: the longest prefix of any earlier request. */
static lta_status check_coverage(const char *file, const lta_runs *runs, const lta_sequences *s)
{
    for (uint64_t r = 0; r < runs->n; r++) {
        uint64_t k = s->offset[r];
        bool copies = k < s->offset[r + 1] && s->piece_request[k] >= 0 && s->piece_start[k] == 0;
        if (lta_verify_covered(runs, r) != (copies ? s->piece_length[k] : 0))
            return lta_fail(
                LTA_ERR_FORMAT,
                "%s:/global: the runs of request %llu cover %llu symbols, but it shares %u with earlier ones",
                file, (ull)r, (ull)lta_verify_covered(runs, r), copies ? s->piece_length[k] : 0);
    }
    return LTA_OK;
}

lta_status lta_verify_reuse_against(const lta_run *run, const char *file, const lta_reuse *reuse,
                                    const lta_trie *trie, const lta_trace *trace)
{
    lta_status st = LTA_OK;
    const int64_t *touched = reuse->inputs_only ? trie->input_node : trie->full_node;
    for (int s = 0; s < LTA_SCOPES; s++) {
        if (reuse->present[s] != lta_trace_has_scope(trace, (lta_scope)s)) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:/%s: is %s, but the trace has %s sessions", file,
                          lta_scope_name((lta_scope)s), reuse->present[s] ? "there" : "missing",
                          trace->session ? "" : "no");
            goto done;
        }
        if (!reuse->present[s])
            continue;
        LTA_TRY(check_bounds(file, (lta_scope)s, &reuse->runs[s], touched, trie, trace));
        LTA_TRY(check_prefixes(run, file, (lta_scope)s, &reuse->runs[s], &trace->sequences));
    }
    if (!reuse->inputs_only)
        LTA_TRY(check_coverage(file, &reuse->runs[LTA_SCOPE_GLOBAL], &trace->sequences));
done:
    return st;
}
