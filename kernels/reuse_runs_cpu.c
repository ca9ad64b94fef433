/* kernels/reuse_runs_cpu.c - one operation after the other, or, in a flat trie, both at once. */
#include "kernels/reuse_runs.h"

#include "kernels/flat_distance.h"
#include "kernels/stack_distance.h"
#include "pipeline/core/array.h"

#include <omp.h>
#include <stdbool.h>
#include <string.h>

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
    lta_free(first);
    lta_runs_free(&runs);
    return st;
}

/* ---- flat tries ---- */

/* Numbers pairs of node and group by first appearance: object [n], and how many there are. Open addressing;
 * what will be compared is asked for some requests ahead. */
static lta_status number_pairs(uint64_t n, const int64_t *touched, const uint32_t *group, uint32_t *object,
                               uint64_t *n_objects)
{
    enum { LEAST_BITS = 10, AHEAD = 16 };
    typedef struct entry {
        uint64_t pair; /* 0: free */
        uint64_t number;
    } entry;
    lta_status st = LTA_OK;
    int bits = LEAST_BITS;
    uint64_t mask = (UINT64_C(1) << bits) - 1;
    entry *table = NULL, *larger = NULL;
#define PAIR(r)    (((uint64_t)touched[r] + 1) << 32 | group[r])
#define SLOT(pair) ((pair)*UINT64_C(0x9e3779b97f4a7c15) >> (64 - bits))
    LTA_TRY(LTA_CALLOC(&table, mask + 1));
    *n_objects = 0;
    for (uint64_t r = 0; r < n; r++) {
        uint64_t later = r + AHEAD < n ? r + AHEAD : r, pair = PAIR(r), at = SLOT(pair);
        __builtin_prefetch(&table[SLOT(PAIR(later))]);
        object[r] = LTA_FLAT_NONE;
        if (touched[r] < 0)
            continue;
        while (table[at].pair != 0 && table[at].pair != pair)
            at = (at + 1) & mask;
        if (table[at].pair == 0)
            table[at] = (entry){pair, (*n_objects)++};
        object[r] = (uint32_t)table[at].number;
        if (2 * *n_objects <= mask)
            continue;
        bits++;
        LTA_TRY(LTA_TABLE(&larger, 2 * (mask + 1)));
        memset(larger, 0, 2 * (mask + 1) * sizeof *larger);
        mask = 2 * mask + 1;
        for (uint64_t k = 0; k <= mask / 2; k++)
            if (table[k].pair != 0) {
                for (at = SLOT(table[k].pair); larger[at].pair != 0; at = (at + 1) & mask)
                    ;
                larger[at] = table[k];
            }
        lta_free(table);
        table = larger;
        larger = NULL;
    }
#undef PAIR
#undef SLOT
done:
    lta_free(table);
    return st;
}

static lta_status list_objects(const lta_trie *trie, const int64_t *touched, const uint32_t *group,
                               int threads, uint32_t *object, uint64_t *n_objects)
{
    if (group)
        return number_pairs(trie->n_requests, touched, group, object, n_objects);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (uint64_t r = 0; r < trie->n_requests; r++)
        object[r] = touched[r] < 0 ? LTA_FLAT_NONE : (uint32_t)touched[r];
    *n_objects = trie->n_nodes;
    return LTA_OK;
}

/* Requests begin to end - 1, whose runs are row k and those behind it. */
static void copy_runs(uint64_t begin, uint64_t end, uint64_t k, const uint32_t *previous,
                      const uint32_t *distance, lta_runs *out)
{
    for (uint64_t r = begin; r < end; r++) {
        out->offset[r] = k;
        if (previous[r] == LTA_FLAT_NONE)
            continue;
        out->previous[k] = previous[r];
        out->start[k] = 0;
        out->length[k] = 1;
        out->distance[k++] = distance[r];
    }
}

/* Runs of requests with a previous one: each thread counts those of a slice of requests, then knows where its
 * rows begin. slice: [threads + 1] scratch. */
static lta_status list_runs(uint64_t n, const uint32_t *previous, const uint32_t *distance, int threads,
                            uint64_t *slice, lta_runs *out)
{
    lta_status st = LTA_OK;
    slice[0] = 0;
#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (int t = 0; t < threads; t++) {
        uint64_t k = 0, end = n * (uint64_t)(t + 1) / (uint64_t)threads;
        for (uint64_t r = n * (uint64_t)t / (uint64_t)threads; r < end; r++)
            k += previous[r] != LTA_FLAT_NONE;
        slice[t + 1] = k;
    }
    for (int t = 0; t < threads; t++)
        slice[t + 1] += slice[t];
    out->n_runs = slice[threads];
    LTA_TRY(LTA_ALLOC_HUGE(&out->offset, n + 1));
    LTA_TRY(LTA_ALLOC_HUGE(&out->previous, out->n_runs));
    LTA_TRY(LTA_ALLOC_HUGE(&out->start, out->n_runs));
    LTA_TRY(LTA_ALLOC_HUGE(&out->length, out->n_runs));
    LTA_TRY(LTA_ALLOC_HUGE(&out->distance, out->n_runs));
#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (int t = 0; t < threads; t++)
        copy_runs(n * (uint64_t)t / (uint64_t)threads, n * (uint64_t)(t + 1) / (uint64_t)threads, slice[t],
                  previous, distance, out);
    out->offset[n] = out->n_runs;
done:
    return st;
}

static lta_status reuse_flat(const lta_trie *trie, const int64_t *touched, const uint32_t *group,
                             lta_runs *out)
{
    lta_status st = LTA_OK;
    int threads = omp_in_parallel() ? 1 : omp_get_max_threads();
    uint64_t n = trie->n_requests, n_objects, *slice = NULL;
    uint32_t *object = NULL, *previous = NULL, *distance = NULL;
    lta_runs runs = {.n = n};
    LTA_TRY(LTA_ALLOC_HUGE(&object, n));
    LTA_TRY(LTA_ALLOC_HUGE(&previous, n));
    LTA_TRY(LTA_ALLOC_HUGE(&distance, n));
    LTA_TRY(LTA_ALLOC(&slice, (uint64_t)threads + 1));
    LTA_TRY(list_objects(trie, touched, group, threads, object, &n_objects));
    LTA_TRY(lta_flat_distances(threads, n, object, n_objects, previous, distance));
    lta_free(object);
    object = NULL;
    LTA_TRY(list_runs(n, previous, distance, threads, slice, &runs));
    *out = runs;
    runs = (lta_runs){0};
done:
    lta_free(object);
    lta_free(previous);
    lta_free(distance);
    lta_free(slice);
    lta_runs_free(&runs);
    return st;
}

lta_status lta_reuse_runs_cpu(const lta_trie *trie, const int64_t *touched, const uint32_t *group,
                              lta_runs *out)
{
    bool flat = lta_trie_is_flat(trie) && trie->n_requests <= LTA_FLAT_MOST;
    return flat ? reuse_flat(trie, touched, group, out) : reuse_by_paths(trie, touched, group, out);
}
