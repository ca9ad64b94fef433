/* kernels/stack_distance_cpu.c - a Fenwick tree over requests that holds the weight last touched by each.
 *
 * Before request r the tree's entry q is the weight of the positions whose last touch is by q, so T(p, r) is
 * the sum of the entries after p: all that is touched, less the prefix sum up to p. Then r's runs move from p
 * to r. (Fenwick, Software: Practice and Experience 24(3), 1994.) The tree ends at the latest request: an
 * entry is summed up from those below it when it comes, which takes two additions on average, and a run that
 * moves from a recent request has few sums above it.
 *
 * Threads take stretches of time. What a stretch begins with needs no tree: weights are moved one by one, and
 * summed up at the end. That costs a fraction of what going through the same requests with a tree does, so
 * later stretches are shorter by as much. */
#include "kernels/stack_distance.h"

#include "pipeline/core/array.h"

#include <math.h>
#include <omp.h>

enum {
    LEAST_PART = 1 << 17, /* runs and requests; a thread for fewer costs more than it saves */
    MOST_PARTS = 64
};
/* Of a run that is only moved, where one that is also summed up costs 1; measured. */
#define MOVING_COST 0.2

typedef struct distances {
    const uint64_t *offset;
    const uint32_t *previous, *weight, *first_weight;
    uint64_t *distance;
} distances;

/* What requests before `end` leave behind: the tree over them, and the weight of all that is touched. */
static uint64_t move_only(const distances *d, uint64_t end, uint64_t *tree)
{
    uint64_t touched = 0;
    for (uint64_t r = 0; r < end; r++) {
        uint64_t moved = d->first_weight[r];
        touched += d->first_weight[r];
        for (uint64_t k = d->offset[r]; k < d->offset[r + 1]; k++) {
            tree[(uint64_t)d->previous[k] + 1] -= d->weight[k];
            moved += d->weight[k];
        }
        tree[r + 1] = moved;
    }
    for (uint64_t i = 1; i <= end; i++) {
        uint64_t above = i + (i & (~i + 1));
        if (above <= end)
            tree[above] += tree[i];
    }
    return touched;
}

static void go_through(const distances *d, uint64_t begin, uint64_t end, uint64_t touched, uint64_t *tree)
{
    for (uint64_t r = begin; r < end; r++) {
        uint64_t moved = 0;
        for (uint64_t k = d->offset[r]; k < d->offset[r + 1]; k++) {
            uint64_t upto = 0;
            for (uint64_t i = (uint64_t)d->previous[k] + 1; i > 0; i &= i - 1)
                upto += tree[i];
            d->distance[k] = touched - upto;
        }
        for (uint64_t k = d->offset[r]; k < d->offset[r + 1]; k++) {
            if (d->weight[k] == 0)
                continue;
            moved += d->weight[k];
            for (uint64_t i = (uint64_t)d->previous[k] + 1; i <= r; i += i & (~i + 1))
                tree[i] -= d->weight[k];
        }
        moved += d->first_weight[r];
        touched += d->first_weight[r];
        tree[r + 1] = moved;
        for (uint64_t below = 1; below < ((r + 1) & ~r); below *= 2)
            tree[r + 1] += tree[r + 1 - below];
    }
}

/* The first request with at least `share` of all runs and requests before it. */
static uint64_t request_at(const uint64_t *offset, uint64_t n, double share)
{
    uint64_t low = 0, high = n, wanted = (uint64_t)(share * (double)(offset[n] + n));
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (offset[middle] + middle < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

lta_status lta_stack_distance_parts(uint64_t n, const uint64_t *offset, const uint32_t *previous,
                                    const uint32_t *weight, const uint32_t *first_weight, int parts,
                                    uint64_t *distance)
{
    const distances d = {offset, previous, weight, first_weight, distance};
    uint64_t *tree[MOST_PARTS] = {NULL}, begin[MOST_PARTS + 1] = {0};
    lta_status st = LTA_OK;
    parts = parts > MOST_PARTS ? MOST_PARTS : parts;
    /* each stretch's cost is `one`: what is moved before it, MOVING_COST each, and what it goes through */
    double at = 0, one = MOVING_COST / (1 - pow(1 - MOVING_COST, parts));
    for (int p = 1; p < parts; p++) {
        at = one + (1 - MOVING_COST) * at;
        begin[p] = request_at(offset, n, at);
    }
    begin[parts] = n;
    for (int p = 0; p < parts; p++) /* entry q at index q + 1; moved weight wraps around harmlessly */
        LTA_TRY(LTA_CALLOC(&tree[p], begin[p + 1] + 1));
#pragma omp parallel for schedule(static, 1) num_threads(parts) if (parts > 1)
    for (int p = 0; p < parts; p++)
        go_through(&d, begin[p], begin[p + 1], move_only(&d, begin[p], tree[p]), tree[p]);
done:
    for (int p = 0; p < parts; p++)
        lta_free(tree[p]);
    return st;
}

lta_status lta_stack_distance_cpu(uint64_t n, const uint64_t *offset, const uint32_t *previous,
                                  const uint32_t *weight, const uint32_t *first_weight, uint64_t *distance)
{
    uint64_t most = (offset[n] + n) / LEAST_PART;
    int parts = omp_in_parallel() ? 1 : omp_get_max_threads();
    if ((uint64_t)parts > most)
        parts = most > 1 ? (int)most : 1;
    return lta_stack_distance_parts(n, offset, previous, weight, first_weight, parts, distance);
}
