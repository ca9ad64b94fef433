/* pipeline/verify/verify_rows.c - what holds between the columns of an enriched file's tables by themselves.
 */
#include "pipeline/core/array.h"
#include "pipeline/enrich/statistics.h"
#include "pipeline/verify/verify_internal.h"

#include <stdio.h>
#include <string.h>

/* ---- ratios ---- */

/* The column `name` [length] beside `path`; *there: it is one of whole numbers. */
static lta_status read_beside(const lta_reader *r, const char *path, const char *name, int length, uint64_t n,
                              uint64_t **out, bool *there)
{
    char beside[256];
    lta_type type;
    uint64_t found;
    snprintf(beside, sizeof beside, "%.*s/%.*s", (int)(strrchr(path, '/') - path), path, length, name);
    *there = lta_reader_has(r, beside);
    if (!*there)
        return LTA_OK;
    lta_status st = lta_reader_describe(r, beside, &type, &found, NULL, NULL);
    *there = st == LTA_OK && type == LTA_U64;
    return *there ? lta_verify_column(r, beside, LTA_U64, n, (void **)out) : st;
}

/* A ratio's unit names numerator and denominator: "hits/lookups". Others are left alone. */
static lta_status check_ratio(const lta_reader *r, const char *path, const char *unit, uint64_t n)
{
    lta_status st = LTA_OK;
    const char *slash = strchr(unit, '/');
    uint64_t *above = NULL, *below = NULL;
    double *ratio = NULL;
    bool has_above = false, has_below = false;
    if (!slash)
        return LTA_OK;
    LTA_TRY(read_beside(r, path, unit, (int)(slash - unit), n, &above, &has_above));
    LTA_TRY(read_beside(r, path, slash + 1, (int)strlen(slash + 1), n, &below, &has_below));
    if (!has_above || !has_below)
        goto done;
    LTA_TRY(lta_verify_column(r, path, LTA_F64, n, (void **)&ratio));
    for (uint64_t i = 0; i < n; i++) {
        double expected = lta_ratio(above[i], below[i]);
        if (ratio[i] != expected && !(ratio[i] != ratio[i] && expected != expected)) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:%s: row %llu is %.17g, but %s is %.17g", lta_reader_path(r),
                          path, (ull)i, ratio[i], unit, expected);
            goto done;
        }
    }
done:
    lta_free(above);
    lta_free(below);
    lta_free(ratio);
    return st;
}

static lta_status check_ratios(const lta_reader *r)
{
    lta_status st = LTA_OK;
    lta_strings paths = {0};
    char *unit = NULL;
    LTA_TRY(lta_reader_datasets(r, &paths));
    for (uint64_t i = 0; i < paths.n; i++) {
        const char *path = lta_strings_get(&paths, i);
        lta_type type;
        uint64_t n;
        if (strncmp(path, "/tables/", strlen("/tables/")) != 0 ||
            strncmp(path, "/tables/session_quantiles/", strlen("/tables/session_quantiles/")) == 0)
            continue; /* quantiles are each of their own session */
        lta_free(unit);
        unit = NULL;
        LTA_TRY(lta_reader_describe(r, path, &type, &n, &unit, NULL));
        if (type == LTA_F64)
            LTA_TRY(check_ratio(r, path, unit, n));
    }
done:
    lta_free(unit);
    lta_strings_free(&paths);
    return st;
}

/* ---- prefixes ---- */

static lta_status check_prefixes(const lta_reader *r, const lta_trace *t)
{
    enum { NODE, SAVED, LENGTH, DEPTH, REQUESTS, OWNER, FIRST, SECOND, THIRD, COLUMNS };
    static const char *const names[COLUMNS] = {"node",  "saved",     "length",    "depth",    "requests",
                                               "owner", "request_1", "request_2", "request_3"};
    lta_status st = LTA_OK;
    uint64_t *c[COLUMNS] = {NULL}, n;
    LTA_TRY(lta_verify_length(r, "/tables/prefixes/node", &n));
    for (int i = 0; i < COLUMNS; i++) {
        char path[64];
        snprintf(path, sizeof path, "/tables/prefixes/%s", names[i]);
        LTA_TRY(lta_verify_column(r, path, i >= FIRST ? LTA_I64 : LTA_U64, n, (void **)&c[i]));
    }
    for (uint64_t i = 0; i < n; i++) {
        const char *why = NULL;
        const uint64_t requests = c[REQUESTS][i], none = UINT64_MAX; /* -1 */
        if (c[LENGTH][i] == 0 || c[LENGTH][i] > c[DEPTH][i] || c[SAVED][i] != c[LENGTH][i] * requests)
            why = "saved is not length x requests, or length exceeds depth";
        else if (i > 0 && (c[SAVED][i] > c[SAVED][i - 1] ||
                           (c[SAVED][i] == c[SAVED][i - 1] && c[NODE][i] <= c[NODE][i - 1])))
            why = "expected the largest first, equal ones by node";
        else if (requests == 0 || c[FIRST][i] <= c[OWNER][i] || c[FIRST][i] >= t->n)
            why = "expected requests later than the owner";
        else if (requests > 1 ? c[SECOND][i] <= c[FIRST][i] || c[SECOND][i] >= t->n : c[SECOND][i] != none)
            why = "request_2 is not the second of the requests";
        else if (requests > 2 ? c[THIRD][i] <= c[SECOND][i] || c[THIRD][i] >= t->n : c[THIRD][i] != none)
            why = "request_3 is not the third of the requests";
        if (why) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:/tables/prefixes: row %llu: %s", lta_reader_path(r), (ull)i,
                          why);
            goto done;
        }
    }
done:
    for (int i = 0; i < COLUMNS; i++)
        lta_free(c[i]);
    return st;
}

/* ---- trie_shape ---- */

static lta_status read_one(const lta_reader *r, const char *name, uint64_t *out)
{
    char path[64];
    uint64_t *data;
    snprintf(path, sizeof path, "/tables/trie_shape/%s", name);
    lta_status st = lta_verify_column(r, path, LTA_U64, 1, (void **)&data);
    if (st != LTA_OK)
        return st;
    *out = data[0];
    lta_free(data);
    return LTA_OK;
}

/* The longest path is one of a request, and nodes that are not the root's children are other nodes'. */
static lta_status check_trie_shape(const lta_reader *r, const lta_trace *t)
{
    lta_status st = LTA_OK;
    uint64_t nodes, leaves, roots, branching, deepest, longest = 0;
    uint32_t *depth = NULL;
    double *children = NULL;
    LTA_TRY(read_one(r, "nodes", &nodes));
    LTA_TRY(read_one(r, "leaves", &leaves));
    LTA_TRY(read_one(r, "root_children", &roots));
    LTA_TRY(read_one(r, "branching_nodes", &branching));
    LTA_TRY(read_one(r, "depth_max_nodes", &deepest));
    LTA_TRY(
        lta_verify_column(r, "/tables/trie_shape/children_per_inner_node", LTA_F64, 1, (void **)&children));
    LTA_TRY(lta_verify_column(r, "/requests/trie_depth", LTA_U32, t->n, (void **)&depth));
    for (uint64_t i = 0; i < t->n; i++)
        longest = depth[i] > longest ? depth[i] : longest;
    bool good = leaves <= nodes && roots <= nodes && branching <= nodes - leaves && deepest == longest;
    double expected = good ? lta_ratio(nodes - roots, nodes - leaves) : 0;
    if (!good || (children[0] != expected && !(children[0] != children[0] && expected != expected)))
        st = lta_fail(
            LTA_ERR_FORMAT,
            "%s:/tables/trie_shape: expected leaves, root_children and branching_nodes that fit nodes, "
            "and depth_max_nodes as in trie_depth",
            lta_reader_path(r));
done:
    lta_free(depth);
    lta_free(children);
    return st;
}

/* ---- bounds ---- */

/* Columns of one table that bound each other: pairs (less, more), row by row. */
static lta_status check_bounds(const lta_reader *r, const char *table, const char *const pairs[][2],
                               size_t n_pairs)
{
    lta_status st = LTA_OK;
    uint64_t *less = NULL, *more = NULL, n;
    char a[96], b[96];
    for (size_t k = 0; k < n_pairs; k++) {
        snprintf(a, sizeof a, "/tables/%s/%s", table, pairs[k][0]);
        snprintf(b, sizeof b, "/tables/%s/%s", table, pairs[k][1]);
        if (!lta_reader_has(r, a) || !lta_reader_has(r, b))
            continue;
        LTA_TRY(lta_reader_column(r, a, LTA_U64, (void **)&less, &n));
        LTA_TRY(lta_verify_column(r, b, LTA_U64, n, (void **)&more));
        for (uint64_t i = 0; i < n; i++)
            if (less[i] > more[i])
                LTA_TRY(lta_fail(LTA_ERR_FORMAT, "%s:%s: row %llu is %llu, more than %s, which is %llu",
                                 lta_reader_path(r), a, (ull)i, (ull)less[i], pairs[k][1], (ull)more[i]));
        lta_free(less);
        lta_free(more);
        less = more = NULL;
    }
done:
    lta_free(less);
    lta_free(more);
    return st;
}

lta_status lta_verify_rows(const lta_reader *r, const lta_trace *t)
{
    static const char *const denominators[][2] = {
        {"hits", "lookups"},
        {"hit_full_blocks", "hits"},
        {"hit_full_blocks", "input_full_blocks"},
        {"requests_with_hits", "hits"},
        {"steady_hits", "hits"},
        {"requests_with_hits", "requests_with_lookups"},
        {"steady_hits", "steady_lookups"},
    };
    static const char *const summary[][2] = {
        {"distinct_symbols", "symbols"}, {"input_symbols", "symbols"}, {"distinct_sessions", "sessions"}};
    static const char *const windows[][2] = {{"hits", "input_symbols"}};
    static const char *const prefixes[][2] = {{"sessions", "requests"}};
    lta_status st = LTA_OK;
    LTA_TRY(check_ratios(r));
    LTA_TRY(check_bounds(r, "denominators", denominators, sizeof denominators / sizeof *denominators));
    LTA_TRY(check_bounds(r, "summary", summary, sizeof summary / sizeof *summary));
    LTA_TRY(check_bounds(r, "windows", windows, 1));
    LTA_TRY(check_bounds(r, "prefixes", prefixes, 1));
    if (t->unit != LTA_UNIT_NONE) {
        LTA_TRY(check_prefixes(r, t));
        LTA_TRY(check_trie_shape(r, t));
    }
done:
    return st;
}
