/* kernels/stack_distance_cpu.c - a Fenwick tree over requests that holds the weight last touched by each.
 *
 * Before request r the tree's entry q is the weight of the positions whose last touch is by q, so T(p, r) is
 * the sum of the entries after p: all that is touched, less the prefix sum up to p. Then r's runs move from p
 * to r. (Fenwick, Software: Practice and Experience 24(3), 1994.) The tree ends at the latest request: an
 * entry is summed up from those below it when it comes, which takes two additions on average, and a run that
 * moves from a recent request has few sums above it. */
#include "kernels/stack_distance.h"

#include "pipeline/core/array.h"

lta_status lta_stack_distance_cpu(uint64_t n, const uint64_t *offset, const uint32_t *previous,
                                  const uint32_t *weight, const uint32_t *first_weight, uint64_t *distance)
{
    uint64_t *tree; /* [n + 1], entry q at index q + 1; moved weight wraps around harmlessly */
    lta_status st = LTA_CALLOC(&tree, n + 1);
    if (st != LTA_OK)
        return st;
    uint64_t touched = 0; /* weight of all distinct positions so far */
    for (uint64_t r = 0; r < n; r++) {
        uint64_t moved = 0;
        for (uint64_t k = offset[r]; k < offset[r + 1]; k++) {
            uint64_t upto = 0;
            for (uint64_t i = (uint64_t)previous[k] + 1; i > 0; i &= i - 1)
                upto += tree[i];
            distance[k] = touched - upto;
        }
        for (uint64_t k = offset[r]; k < offset[r + 1]; k++) {
            if (weight[k] == 0)
                continue;
            moved += weight[k];
            for (uint64_t i = (uint64_t)previous[k] + 1; i <= r; i += i & (~i + 1))
                tree[i] -= weight[k];
        }
        moved += first_weight[r];
        touched += first_weight[r];
        tree[r + 1] = moved;
        for (uint64_t below = 1; below < ((r + 1) & ~r); below *= 2)
            tree[r + 1] += tree[r + 1 - below];
    }
    lta_free(tree);
    return LTA_OK;
}
