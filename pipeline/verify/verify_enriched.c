/* pipeline/verify/verify_enriched.c - an enriched trace: fields, sums of its tables, and what it repeats of
 * others. */
#include "pipeline/core/array.h"
#include "pipeline/verify/verify_internal.h"

#include <string.h>

/* ---- tables against the requests ---- */

static lta_status bad_sum(const lta_reader *r, const char *path, uint64_t found, uint64_t expected)
{
    return lta_fail(LTA_ERR_FORMAT, "%s:%s: gives %llu, but the requests give %llu", lta_reader_path(r), path,
                    (ull)found, (ull)expected);
}

/* The column's sum over all rows but the last `skip` ones must be `expected`; absent columns are fine. */
static lta_status check_sum(const lta_reader *r, const char *path, uint64_t skip, uint64_t expected)
{
    uint64_t *data, n, sum = 0;
    if (!lta_reader_has(r, path))
        return LTA_OK;
    lta_status st = lta_reader_column(r, path, LTA_U64, (void **)&data, &n);
    if (st != LTA_OK)
        return st;
    for (uint64_t i = 0; i + skip < n; i++)
        sum += data[i];
    if (sum != expected)
        st = bad_sum(r, path, sum, expected);
    lta_free(data);
    return st;
}

/* The table `summary` has a row for each source and a last one for all of them, which holds `expected`.
 * Columns that add up over sources must do so. */
static lta_status check_summary(const lta_reader *r, const lta_trace *t, const char *column,
                                uint64_t expected, bool adds_up)
{
    char path[96];
    uint64_t *data = NULL, n;
    lta_status st = LTA_OK;
    snprintf(path, sizeof path, "/tables/summary/%s", column);
    LTA_TRY(lta_reader_column(r, path, LTA_U64, (void **)&data, &n));
    if (n != t->sources.n + 1)
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s: has %llu rows, expected one for each source and one for all",
                      lta_reader_path(r), path, (ull)n);
    else if (data[n - 1] != expected)
        st = bad_sum(r, path, data[n - 1], expected);
    else if (adds_up)
        st = check_sum(r, path, 1, expected);
done:
    lta_free(data);
    return st;
}

static uint64_t sum_tokens(const uint32_t *tokens, uint64_t n)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += tokens[i] == LTA_NO_U32 ? 0 : tokens[i];
    return sum;
}

static uint64_t count_tokens(const uint32_t *tokens, uint64_t n, uint32_t value)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < n; i++)
        count += tokens[i] == value;
    return count;
}

/* Sum of a field over all requests. */
static lta_status sum_field(const lta_reader *r, const char *name, uint64_t n, uint64_t *sum)
{
    char path[64];
    uint32_t *data;
    snprintf(path, sizeof path, "/requests/%s", name);
    lta_status st = lta_verify_column(r, path, LTA_U32, n, (void **)&data);
    if (st != LTA_OK)
        return st;
    *sum = 0;
    for (uint64_t i = 0; i < n; i++)
        *sum += data[i];
    lta_free(data);
    return LTA_OK;
}

static lta_status check_tables(const lta_reader *r, const lta_trace *t)
{
    static const char *const fields[] = {"reusable", "reusable_source", "reusable_session"};
    static const char *const columns[] = {"reusable_global", "reusable_source", "reusable_session"};
    lta_status st = LTA_OK;
    uint64_t sum, fresh, with_session = 0;
    LTA_TRY(check_summary(r, t, "requests", t->n, true));
    if (t->input_tokens) {
        LTA_TRY(check_summary(r, t, "input_tokens", sum_tokens(t->input_tokens, t->n), true));
        LTA_TRY(check_summary(r, t, "output_tokens", sum_tokens(t->output_tokens, t->n), true));
        LTA_TRY(check_summary(r, t, "empty", count_tokens(t->input_tokens, t->n, 0), true));
        LTA_TRY(check_summary(r, t, "no_output", count_tokens(t->output_tokens, t->n, 0), true));
    }
    if (t->session) {
        for (uint64_t i = 0; i < t->n; i++)
            with_session += t->session[i] != LTA_NO_U32;
        LTA_TRY(check_summary(r, t, "sessions", t->n_sessions, true));
        LTA_TRY(check_sum(r, "/tables/sessions/turns", 0, with_session));
    }
    if (t->arrival_us)
        LTA_TRY(check_sum(r, "/tables/windows/requests", 0, t->n));
    if (t->unit == LTA_UNIT_NONE)
        goto done;
    for (int i = 0; i < (t->session ? 3 : 2); i++) {
        LTA_TRY(sum_field(r, fields[i], t->n, &sum));
        LTA_TRY(check_summary(r, t, columns[i], sum, true));
        if (i == 0) {
            LTA_TRY(sum_field(r, "new_symbols", t->n, &fresh));
            LTA_TRY(check_summary(r, t, "input_symbols", sum + fresh, true));
            LTA_TRY(check_sum(r, "/tables/windows/hits", 0, t->arrival_us ? sum : 0));
        }
    }
done:
    return st;
}

lta_status lta_verify_enriched(const lta_run *run, const lta_reader *r)
{
    lta_status st = LTA_OK;
    lta_trace t = {0};
    LTA_TRY(lta_trace_read(r, false, &t));
    LTA_TRY(lta_verify_fields(r, &t));
    LTA_TRY(check_tables(r, &t));
    LTA_TRY(lta_verify_hit_table(r, t.n));
    LTA_TRY(lta_verify_histograms(run, r, &t));
    LTA_TRY(lta_verify_interarrival(r, &t));
    LTA_TRY(lta_verify_rows(r, &t));
    if (t.unit != LTA_UNIT_NONE)
        LTA_TRY(lta_verify_prompt_cache(r, &t));
    LTA_TRY(lta_verify_tables(run, r, &t));
done:
    lta_trace_free(&t);
    return st;
}

/* ---- against trace, trie and runs ---- */

static lta_status same_strings(const lta_reader *a, const lta_reader *b, const char *path, bool *same)
{
    lta_status st = LTA_OK;
    lta_strings x = {0}, y = {0};
    LTA_TRY(lta_reader_strings(a, path, &x));
    LTA_TRY(lta_reader_strings(b, path, &y));
    *same = x.n == y.n;
    for (uint64_t i = 0; i < x.n && *same; i++)
        *same = strcmp(lta_strings_get(&x, i), lta_strings_get(&y, i)) == 0;
done:
    lta_strings_free(&x);
    lta_strings_free(&y);
    return st;
}

/* Equal bytes: a NaN that stands for "absent" compares equal to itself. */
static lta_status same_numbers(const lta_reader *a, const lta_reader *b, const char *path, lta_type type,
                               bool *same)
{
    lta_status st = LTA_OK;
    void *x = NULL, *y = NULL;
    uint64_t n, m;
    LTA_TRY(lta_reader_column(a, path, type, &x, &n));
    LTA_TRY(lta_reader_column(b, path, type, &y, &m));
    *same = n == m && memcmp(x, y, (size_t)n * lta_type_size(type)) == 0;
done:
    lta_free(x);
    lta_free(y);
    return st;
}

/* Everything of trace.h5 but its sequences stands in enriched.h5 again. */
static lta_status check_repetition(const lta_reader *enriched, const lta_reader *trace)
{
    lta_status st = LTA_OK;
    lta_strings paths = {0};
    LTA_TRY(lta_reader_datasets(trace, &paths));
    for (uint64_t i = 0; i < paths.n; i++) {
        const char *path = lta_strings_get(&paths, i);
        lta_type type;
        uint64_t n;
        bool same;
        if (strncmp(path, "/sequences/", strlen("/sequences/")) == 0)
            continue;
        LTA_TRY(lta_reader_describe(trace, path, &type, &n, NULL, NULL));
        LTA_TRY(type == LTA_STR ? same_strings(enriched, trace, path, &same)
                                : same_numbers(enriched, trace, path, type, &same));
        if (!same) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:%s: is not what %s holds", lta_reader_path(enriched), path,
                          lta_reader_path(trace));
            goto done;
        }
    }
done:
    lta_strings_free(&paths);
    return st;
}

/* What is reusable in a scope is what of the input had been touched before. */
static lta_status check_reusable(const lta_reader *enriched, const char *field, const lta_runs *runs,
                                 const lta_trie *trie)
{
    lta_status st = LTA_OK;
    uint32_t *reusable = NULL;
    LTA_TRY(lta_verify_column(enriched, field, LTA_U32, runs->n, (void **)&reusable));
    for (uint64_t r = 0; r < runs->n; r++) {
        uint64_t covered = lta_verify_covered(runs, r), input = lta_verify_depth(trie, trie->input_node[r]);
        uint64_t expected = covered < input ? covered : input;
        if (reusable[r] != expected) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:%s: row %llu is %u, but the runs give %llu",
                          lta_reader_path(enriched), field, (ull)r, reusable[r], (ull)expected);
            goto done;
        }
    }
done:
    lta_free(reusable);
    return st;
}

/* Distances, the request behind them and the working set, from the runs of scope global. */
static lta_status check_distances(const lta_reader *enriched, const lta_runs *runs, const lta_trie *trie,
                                  const int64_t *touched)
{
    lta_status st = LTA_OK;
    uint64_t *last = NULL, *first = NULL, *working_set = NULL, distinct = 0;
    int64_t *request = NULL;
    LTA_TRY(lta_verify_column(enriched, "/requests/reuse_distance", LTA_U64, runs->n, (void **)&last));
    LTA_TRY(lta_verify_column(enriched, "/requests/reuse_distance_first", LTA_U64, runs->n, (void **)&first));
    LTA_TRY(lta_verify_column(enriched, "/requests/reuse_request", LTA_I64, runs->n, (void **)&request));
    LTA_TRY(lta_verify_column(enriched, "/requests/working_set", LTA_U64, runs->n, (void **)&working_set));
    for (uint64_t r = 0; r < runs->n; r++) {
        uint64_t input = lta_verify_depth(trie, trie->input_node[r]), deepest = 0, shallowest = 0;
        int64_t previous = -1;
        for (uint64_t k = runs->offset[r]; k < runs->offset[r + 1] && runs->start[k] < input; k++) {
            uint64_t length = input - runs->start[k];
            deepest = runs->distance[k] + (runs->length[k] < length ? runs->length[k] : length);
            shallowest = runs->start[k] == 0 ? runs->distance[k] + 1 : shallowest;
            previous = runs->previous[k];
        }
        if (last[r] != deepest || first[r] != shallowest || request[r] != previous ||
            working_set[r] != distinct) {
            st = lta_fail(
                LTA_ERR_FORMAT,
                "%s:/requests: row %llu: reuse_distance, reuse_distance_first, reuse_request or working_set "
                "is not what the runs give: %llu, %llu, %lld, %llu",
                lta_reader_path(enriched), (ull)r, (ull)deepest, (ull)shallowest, (long long)previous,
                (ull)distinct);
            goto done;
        }
        distinct += lta_verify_depth(trie, touched[r]) - lta_verify_covered(runs, r);
    }
done:
    lta_free(last);
    lta_free(first);
    lta_free(request);
    lta_free(working_set);
    return st;
}

/* trie_depth counts the nodes of each path; parents come before their children. */
static lta_status check_trie_depth(const lta_reader *enriched, const lta_trie *trie)
{
    lta_status st = LTA_OK;
    uint32_t *stored = NULL, *nodes = NULL;
    LTA_TRY(lta_verify_column(enriched, "/requests/trie_depth", LTA_U32, trie->n_requests, (void **)&stored));
    LTA_TRY(LTA_ALLOC(&nodes, trie->n_nodes));
    for (uint64_t i = 0; i < trie->n_nodes; i++)
        nodes[i] = 1 + (trie->parent[i] < 0 ? 0 : nodes[trie->parent[i]]);
    for (uint64_t r = 0; r < trie->n_requests; r++) {
        uint32_t expected = trie->full_node[r] < 0 ? 0 : nodes[trie->full_node[r]];
        if (stored[r] != expected) {
            st =
                lta_fail(LTA_ERR_FORMAT, "%s:/requests/trie_depth: row %llu is %u, but its path has %u nodes",
                         lta_reader_path(enriched), (ull)r, stored[r], expected);
            goto done;
        }
    }
done:
    lta_free(stored);
    lta_free(nodes);
    return st;
}

lta_status lta_verify_enriched_against(const lta_reader *enriched, const lta_reader *trace,
                                       const lta_trie *trie, const lta_reuse *reuse)
{
    static const char *const names[LTA_SCOPES] = {"/requests/reusable", "/requests/reusable_source",
                                                  "/requests/reusable_session"};
    lta_status st = LTA_OK;
    LTA_TRY(check_repetition(enriched, trace));
    for (int s = 0; reuse && s < LTA_SCOPES; s++)
        if (reuse->present[s])
            LTA_TRY(check_reusable(enriched, names[s], &reuse->runs[s], trie));
    if (reuse) {
        LTA_TRY(check_distances(enriched, &reuse->runs[LTA_SCOPE_GLOBAL], trie,
                                reuse->inputs_only ? trie->input_node : trie->full_node));
        LTA_TRY(check_trie_depth(enriched, trie));
        LTA_TRY(lta_verify_symbol_distances(enriched, &reuse->runs[LTA_SCOPE_GLOBAL], trie));
    }
done:
    return st;
}
