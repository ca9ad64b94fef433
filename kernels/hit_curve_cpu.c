/* kernels/hit_curve_cpu.c - sort the capacities at which the slope changes, then sum.
 *
 * Starts (distance) and ends (distance + weight) are radix-sorted apart and merged: a vertex stands wherever
 * the number of starts and of ends at one capacity differ. */
#include "kernels/hit_curve.h"

#include "pipeline/core/array.h"

#include <stdlib.h>
#include <string.h>

enum { RADIX_BITS = 11, RADIX = 1 << RADIX_BITS };

/* Least significant digit first; digits above the largest key are skipped. Result in *keys; scratch is of the
 * same size. */
static void radix_sort(uint64_t **keys, uint64_t **scratch, uint64_t n)
{
    uint64_t all = 0;
    for (uint64_t i = 0; i < n; i++)
        all |= (*keys)[i];
    for (unsigned shift = 0; shift < 64 && all >> shift != 0; shift += RADIX_BITS) {
        uint64_t count[RADIX] = {0}, sum = 0;
        for (uint64_t i = 0; i < n; i++)
            count[((*keys)[i] >> shift) & (RADIX - 1)]++;
        for (unsigned d = 0; d < RADIX; d++) {
            uint64_t c = count[d];
            count[d] = sum;
            sum += c;
        }
        for (uint64_t i = 0; i < n; i++)
            (*scratch)[count[((*keys)[i] >> shift) & (RADIX - 1)]++] = (*keys)[i];
        uint64_t *t = *keys;
        *keys = *scratch;
        *scratch = t;
    }
}

lta_status lta_hit_curve_cpu(uint64_t n, const uint64_t *distance, const uint32_t *weight, lta_curve *out)
{
    lta_status st = LTA_OK;
    uint64_t *start = NULL, *end = NULL, *scratch = NULL, m = 0;
    lta_curve c = {0};

    for (uint64_t i = 0; i < n; i++)
        m += weight[i] > 0;
    LTA_TRY(LTA_ALLOC(&start, m));
    LTA_TRY(LTA_ALLOC(&end, m));
    LTA_TRY(LTA_ALLOC(&scratch, m));
    m = 0;
    for (uint64_t i = 0; i < n; i++) {
        if (weight[i] == 0)
            continue;
        start[m] = distance[i];
        end[m++] = distance[i] + weight[i];
    }
    radix_sort(&start, &scratch, m);
    radix_sort(&end, &scratch, m);

    /* two passes over the merged lists: count the vertices, then write them */
    for (int pass = 0; pass < 2; pass++) {
        uint64_t i = 0, j = 0, at = 0, hits = 0, vertices = 1;
        if (pass == 1) {
            LTA_TRY(LTA_ALLOC(&c.capacity, c.n));
            LTA_TRY(LTA_ALLOC(&c.hits, c.n));
            c.capacity[0] = c.hits[0] = 0;
        }
        while (j < m) { /* the last end comes after every start */
            uint64_t here = i < m && start[i] < end[j] ? start[i] : end[j], starts = 0, ends = 0;
            hits += (i - j) * (here - at); /* i - j runs are growing between the two capacities */
            at = here;
            for (; i < m && start[i] == here; i++)
                starts++;
            for (; j < m && end[j] == here; j++)
                ends++;
            if (starts == ends || here == 0)
                continue;
            if (pass == 1) {
                c.capacity[vertices] = here;
                c.hits[vertices] = hits;
            }
            vertices++;
        }
        c.n = vertices;
    }
    *out = c;
    c = (lta_curve){0};
done:
    lta_curve_free(&c);
    free(start);
    free(end);
    free(scratch);
    return st;
}

/* The last vertex at or below capacity. */
static uint64_t vertex_at(const lta_curve *c, uint64_t capacity)
{
    uint64_t lo = 0, hi = c->n - 1;
    while (lo < hi) {
        uint64_t mid = hi - (hi - lo) / 2;
        if (c->capacity[mid] <= capacity)
            lo = mid;
        else
            hi = mid - 1;
    }
    return lo;
}

uint64_t lta_curve_hits(const lta_curve *c, uint64_t capacity)
{
    uint64_t v = vertex_at(c, capacity);
    if (v + 1 == c->n)
        return c->hits[v];
    /* between vertices the slope is the number of growing runs: a whole number */
    uint64_t slope = (c->hits[v + 1] - c->hits[v]) / (c->capacity[v + 1] - c->capacity[v]);
    return c->hits[v] + slope * (capacity - c->capacity[v]);
}

uint64_t lta_curve_capacity_for(const lta_curve *c, uint64_t target)
{
    uint64_t lo = 0, hi = c->n - 1; /* first vertex with hits >= target */
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (c->hits[mid] >= target)
            hi = mid;
        else
            lo = mid + 1;
    }
    if (lo == 0)
        return 0;
    uint64_t slope = (c->hits[lo] - c->hits[lo - 1]) / (c->capacity[lo] - c->capacity[lo - 1]);
    uint64_t missing = target - c->hits[lo - 1];
    return c->capacity[lo - 1] + (missing + slope - 1) / slope;
}

void lta_curve_free(lta_curve *c)
{
    free(c->capacity);
    free(c->hits);
    *c = (lta_curve){0};
}
