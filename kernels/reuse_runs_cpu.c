/* kernels/reuse_runs_cpu.c - one operation after the other. */
#include "kernels/reuse_runs.h"

#include "kernels/stack_distance.h"
#include "pipeline/core/array.h"

#include <stdlib.h>

void lta_first_touches(const lta_trie *trie, const int64_t *touched, const lta_runs *runs, uint32_t *first)
{
    for (uint64_t r = 0; r < runs->n; r++)
        first[r] = (touched[r] < 0 ? 0 : trie->depth[touched[r]]) - lta_runs_end(runs, r);
}

lta_status lta_reuse_runs_cpu(const lta_trie *trie, const int64_t *touched, const uint32_t *group,
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
