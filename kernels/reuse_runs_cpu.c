/* kernels/reuse_runs_cpu.c - one operation after the other, or, in a flat trie, both at once. */
#include "kernels/reuse_runs.h"

#include "kernels/flat_distance.h"
#include "kernels/stack_distance.h"
#include "pipeline/core/array.h"

#include <omp.h>
#include <stdbool.h>
#include <stdlib.h>

void lta_first_touches(const lta_trie *trie, const int64_t *touched, const lta_runs *runs, uint32_t *first)
{
    for (uint64_t r = 0; r < runs->n; r++)
        first[r] = (touched[r] < 0 ? 0 : trie->depth[touched[r]]) - lta_runs_end(runs, r);
}

static lta_status reuse_by_paths(const lta_trie *trie, const int64_t *touched, const uint32_t *group,
                                 lta_runs *out)
{
    lta_status st = LTA_OK;
    uint32_t *first = NULL;
    lta_runs runs = {0};
    LTA_TRY(lta_run_build_cpu(trie, touched, group, &runs));
    LTA_TRY(LTA_ALLOC(&first, runs.n));
    LTA_TRY(LTA_ALLOC(&runs.distance, runs.n_runs));
    lta_first_touches(trie, touched, &runs, first);
    LTA_TRY(lta_stack_distance_cpu(runs.n, runs.offset, runs.previous, runs.length, first, runs.distance));
    *out = runs;
    runs = (lta_runs){0};
done:
    free(first);
    lta_runs_free(&runs);
    return st;
}

/* ---- flat tries ---- */

/* Numbers pairs of node and group by first appearance: object [n], and how many there are. Open addressing.
 */
static lta_status number_pairs(uint64_t n, const int64_t *touched, const uint32_t *group, uint32_t *object,
                               uint64_t *n_objects)
{
    lta_status st = LTA_OK;
    uint64_t size = 16, *key = NULL;
    uint32_t *number = NULL;
    while (size < 2 * n)
        size *= 2;
    LTA_TRY(LTA_CALLOC(&key, size));
    LTA_TRY(LTA_ALLOC(&number, size));
    *n_objects = 0;
    for (uint64_t r = 0; r < n; r++) {
        object[r] = LTA_FLAT_NONE;
        if (touched[r] < 0)
            continue;
        uint64_t pair = ((uint64_t)touched[r] + 1) << 32 | group[r];
        uint64_t at = (pair * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (size - 1);
        while (key[at] != 0 && key[at] != pair)
            at = (at + 1) & (size - 1);
        if (key[at] == 0) {
            key[at] = pair;
            number[at] = (uint32_t)(*n_objects)++;
        }
        object[r] = number[at];
    }
done:
    free(key);
    free(number);
    return st;
}

static lta_status list_objects(const lta_trie *trie, const int64_t *touched, const uint32_t *group,
                               uint32_t *object, uint64_t *n_objects)
{
    if (group)
        return number_pairs(trie->n_requests, touched, group, object, n_objects);
    for (uint64_t r = 0; r < trie->n_requests; r++)
        object[r] = touched[r] < 0 ? LTA_FLAT_NONE : (uint32_t)touched[r];
    *n_objects = trie->n_nodes;
    return LTA_OK;
}

static lta_status reuse_flat(const lta_trie *trie, const int64_t *touched, const uint32_t *group,
                             lta_runs *out)
{
    lta_status st = LTA_OK;
    uint64_t n = trie->n_requests, n_objects, k = 0;
    uint32_t *object = NULL, *previous = NULL, *distance = NULL;
    lta_runs runs = {.n = n};
    LTA_TRY(LTA_ALLOC(&object, n));
    LTA_TRY(LTA_ALLOC(&previous, n));
    LTA_TRY(LTA_ALLOC(&distance, n));
    LTA_TRY(list_objects(trie, touched, group, object, &n_objects));
    LTA_TRY(lta_flat_distances(omp_in_parallel() ? 1 : omp_get_max_threads(), n, object, n_objects, previous,
                               distance));
    LTA_TRY(LTA_ALLOC(&runs.offset, n + 1));
    for (uint64_t r = 0; r < n; r++) {
        runs.offset[r] = k;
        k += previous[r] != LTA_FLAT_NONE;
    }
    runs.offset[n] = runs.n_runs = k;
    LTA_TRY(LTA_ALLOC(&runs.previous, k));
    LTA_TRY(LTA_CALLOC(&runs.start, k));
    LTA_TRY(LTA_ALLOC(&runs.length, k));
    LTA_TRY(LTA_ALLOC(&runs.distance, k));
    k = 0;
    for (uint64_t r = 0; r < n; r++)
        if (previous[r] != LTA_FLAT_NONE) {
            runs.previous[k] = previous[r];
            runs.length[k] = 1;
            runs.distance[k++] = distance[r];
        }
    *out = runs;
    runs = (lta_runs){0};
done:
    free(object);
    free(previous);
    free(distance);
    lta_runs_free(&runs);
    return st;
}

lta_status lta_reuse_runs_cpu(const lta_trie *trie, const int64_t *touched, const uint32_t *group,
                              lta_runs *out)
{
    uint32_t deepest = 0;
    for (uint64_t v = 0; v < trie->n_nodes; v++)
        deepest = trie->depth[v] > deepest ? trie->depth[v] : deepest;
    bool flat = deepest == 1 && trie->n_requests <= LTA_FLAT_MOST;
    return flat ? reuse_flat(trie, touched, group, out) : reuse_by_paths(trie, touched, group, out);
}
