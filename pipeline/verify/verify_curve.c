/* pipeline/verify/verify_curve.c - hit curves by themselves, and against the runs. */
#include "pipeline/core/array.h"
#include "pipeline/verify/verify_internal.h"

#include <string.h>

/* A curve begins at (0, 0), rises, turns at every vertex, and never gives more hits than capacity allows
 * lookups. */
static lta_status check_vertices(const char *file, const char *group, const lta_curve *c, uint64_t lookups)
{
    const char *why = NULL;
    if (c->n == 0 || c->capacity[0] != 0 || c->hits[0] != 0)
        why = "expected a first vertex (0, 0)";
    for (uint64_t i = 1; i < c->n && !why; i++)
        if (c->capacity[i] <= c->capacity[i - 1] || c->hits[i] < c->hits[i - 1])
            why = "expected capacities that rise and hits that never fall";
    for (uint64_t i = 1; i + 1 < c->n && !why; i++) {
        /* slopes before and after, as fractions with exact products; equal ones would make the vertex
         * superfluous */
        unsigned __int128 before =
            (unsigned __int128)(c->hits[i] - c->hits[i - 1]) * (c->capacity[i + 1] - c->capacity[i]);
        unsigned __int128 after =
            (unsigned __int128)(c->hits[i + 1] - c->hits[i]) * (c->capacity[i] - c->capacity[i - 1]);
        if (before == after)
            why = "expected a change of slope at every vertex";
    }
    if (!why && c->n > 1 && c->hits[c->n - 1] == c->hits[c->n - 2])
        why = "expected the last vertex where the last hit comes in";
    if (!why && c->hits[c->n - 1] > lookups)
        why = "more hits than lookups";
    return why ? lta_fail(LTA_ERR_FORMAT, "%s:%s: %s", file, group, why) : LTA_OK;
}

static lta_status check_group(const lta_reader *r, const char *group)
{
    lta_status st = LTA_OK;
    lta_curve c = {0};
    char path[160];
    uint64_t lookups, block;
    char *scope = NULL, *unit = NULL;
    LTA_TRY(lta_reader_attribute_u64(r, group, "lookups", &lookups));
    LTA_TRY(lta_reader_attribute_u64(r, group, "block", &block));
    LTA_TRY(lta_reader_attribute_text(r, group, "scope", &scope));
    LTA_TRY(lta_reader_attribute_text(r, group, "unit", &unit));
    snprintf(path, sizeof path, "%s/capacity", group);
    LTA_TRY(lta_verify_length(r, path, &c.n));
    LTA_TRY(lta_verify_column(r, path, LTA_U64, c.n, (void **)&c.capacity));
    snprintf(path, sizeof path, "%s/hits", group);
    LTA_TRY(lta_verify_column(r, path, LTA_U64, c.n, (void **)&c.hits));
    LTA_TRY(check_vertices(lta_reader_path(r), group, &c, lookups));
done:
    lta_free(scope);
    lta_free(unit);
    lta_curve_free(&c);
    return st;
}

lta_status lta_verify_curve(const lta_run *run, const lta_reader *r)
{
    lta_status st = LTA_OK;
    lta_strings members = {0};
    (void)run;
    for (int s = 0; s < LTA_SCOPES; s++) {
        char scope[16], group[128];
        snprintf(scope, sizeof scope, "/%s", lta_scope_name((lta_scope)s));
        if (!lta_reader_has(r, scope))
            continue;
        lta_strings_free(&members);
        LTA_TRY(lta_reader_members(r, scope, &members));
        for (uint64_t i = 0; i < members.n; i++) {
            snprintf(group, sizeof group, "%s/%.100s", scope, lta_strings_get(&members, i));
            if (strncmp(lta_strings_get(&members, i), "block", 5) == 0)
                LTA_TRY(check_group(r, group));
        }
    }
done:
    lta_strings_free(&members);
    return st;
}

/* Lookups, and the hits of an unlimited cache, summed over requests in whole blocks. */
static void count_all(const lta_stored_curve *c, const lta_runs *runs, const lta_trie *trie,
                      const lta_trace *trace, uint64_t *lookups, uint64_t *hits)
{
    *lookups = *hits = 0;
    for (uint64_t r = 0; r < runs->n; r++) {
        uint64_t length = lta_lookup_length(trace, trie, r, c->reserve_last),
                 covered = lta_verify_covered(runs, r);
        *lookups += length / c->block;
        *hits += (covered < length ? covered : length) / c->block;
    }
}

lta_status lta_verify_curve_against(const char *file, const lta_curves *curves, const lta_reuse *reuse,
                                    const lta_trie *trie, const lta_trace *trace)
{
    for (uint64_t i = 0; i < curves->n; i++) {
        const lta_stored_curve *c = &curves->curve[i];
        uint64_t lookups, hits, last = c->curve.hits[c->curve.n - 1];
        if (!reuse->present[c->scope])
            return lta_fail(LTA_ERR_FORMAT, "%s:/%s: reuse.h5 has no such scope", file,
                            lta_scope_name(c->scope));
        count_all(c, &reuse->runs[c->scope], trie, trace, &lookups, &hits);
        if (lookups != c->lookups || hits != last)
            return lta_fail(
                LTA_ERR_FORMAT,
                "%s:/%s/block%llu%s: %llu lookups and at most %llu hits, but the runs give %llu and %llu",
                file, lta_scope_name(c->scope), (ull)c->block, c->reserve_last ? "_reserve_last" : "",
                (ull)c->lookups, (ull)last, (ull)lookups, (ull)hits);
    }
    return LTA_OK;
}
