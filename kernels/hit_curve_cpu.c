/* kernels/hit_curve_cpu.c - sum up the changes of the slope, in the order of their capacities.
 *
 * Each run's start (distance) adds 1 to the slope, its end (distance + weight) takes 1 away. Where capacities
 * are few, the changes are counted in a table of all capacities; otherwise starts and ends are radix-sorted
 * apart and merged. A vertex stands wherever the slope before and behind a capacity differ. */
#include "kernels/hit_curve.h"

#include "pipeline/core/array.h"

#include <string.h>

enum { RADIX_BITS = 11, RADIX = 1 << RADIX_BITS };

/* Least significant digit first; digits above the largest key are skipped. Result in *keys; scratch is of the
 * same size. Narrow keys move twice as fast. */
#define DEFINE_RADIX_SORT(name, type)                                                                        \
    static void name(type **keys, type **scratch, uint64_t n, uint64_t largest)                              \
    {                                                                                                        \
        for (unsigned shift = 0; shift < 64 && largest >> shift != 0; shift += RADIX_BITS) {                 \
            uint64_t count[RADIX] = {0}, sum = 0;                                                            \
            type *from = *keys, *to = *scratch;                                                              \
            for (uint64_t i = 0; i < n; i++)                                                                 \
                count[(uint64_t)from[i] >> shift & (RADIX - 1)]++;                                           \
            for (unsigned d = 0; d < RADIX; d++) {                                                           \
                uint64_t c = count[d];                                                                       \
                count[d] = sum;                                                                              \
                sum += c;                                                                                    \
            }                                                                                                \
            for (uint64_t i = 0; i < n; i++)                                                                 \
                to[count[(uint64_t)from[i] >> shift & (RADIX - 1)]++] = from[i];                             \
            *keys = to;                                                                                      \
            *scratch = from;                                                                                 \
        }                                                                                                    \
    }

/* Merges m starts and m ends, which are sorted, into the vertices; a start that is none stands behind the
 * last one. Without branches: which list is next is anybody's guess. Returns the number of vertices. */
#define DEFINE_MERGE(name, type)                                                                             \
    static uint64_t name(const type *start, const type *end, uint64_t m, uint64_t *capacity, uint64_t *hits) \
    {                                                                                                        \
        uint64_t i = 0, j = 0, n = 0, at = 0, sum = 0,                                                       \
                 drawn = UINT64_MAX; /* slope behind the last vertex */                                      \
        while (j < m) {              /* the last end comes after every start */                              \
            uint64_t s = start[i], e = end[j], here = s < e ? s : e, slope = i - j;                          \
            capacity[n] = at; /* stays if the slope changed there, and that is over */                       \
            hits[n] = sum;                                                                                   \
            n += (here != at) & (slope != drawn);                                                            \
            drawn = here != at ? slope : drawn;                                                              \
            sum += slope * (here - at);                                                                      \
            at = here;                                                                                       \
            i += s <= e;                                                                                     \
            j += s > e;                                                                                      \
        }                                                                                                    \
        capacity[n] = at;                                                                                    \
        hits[n] = sum;                                                                                       \
        return n + 1;                                                                                        \
    }

DEFINE_RADIX_SORT(radix_sort32, uint32_t)
DEFINE_RADIX_SORT(radix_sort64, uint64_t)
DEFINE_MERGE(merge32, uint32_t)
DEFINE_MERGE(merge64, uint64_t)

/* Runs that count, m of them, of which the last ends at `most`, below the largest number of the type. */
#define DEFINE_BY_SORTING(name, type, radix_sort, merge)                                                     \
    static lta_status name(uint64_t n, const uint64_t *distance, const uint32_t *weight, uint64_t m,         \
                           uint64_t most, lta_curve *c)                                                      \
    {                                                                                                        \
        lta_status st = LTA_OK;                                                                              \
        type *start = NULL, *end = NULL, *scratch = NULL;                                                    \
        uint64_t k = 0;                                                                                      \
        LTA_TRY(LTA_ALLOC(&start, m + 1));                                                                   \
        LTA_TRY(LTA_ALLOC(&end, m + 1));                                                                     \
        LTA_TRY(LTA_ALLOC(&scratch, m + 1));                                                                 \
        for (uint64_t i = 0; i < n; i++)                                                                     \
            if (weight[i] > 0) {                                                                             \
                start[k] = (type)distance[i];                                                                \
                end[k++] = (type)(distance[i] + weight[i]);                                                  \
            }                                                                                                \
        radix_sort(&start, &scratch, m, most);                                                               \
        radix_sort(&end, &scratch, m, most);                                                                 \
        start[m] = (type)-1;                                                                                 \
        lta_free(scratch);                                                                                   \
        scratch = NULL;                                                                                      \
        /* room for as many as there can be: what is not written takes addresses alone */                    \
        LTA_TRY(LTA_ALLOC(&c->capacity, 2 * m + 1));                                                         \
        LTA_TRY(LTA_ALLOC(&c->hits, 2 * m + 1));                                                             \
        c->n = merge(start, end, m, c->capacity, c->hits);                                                   \
    done:                                                                                                    \
        lta_free(start);                                                                                     \
        lta_free(end);                                                                                       \
        lta_free(scratch);                                                                                   \
        return st;                                                                                           \
    }

DEFINE_BY_SORTING(by_sorting32, uint32_t, radix_sort32, merge32)
DEFINE_BY_SORTING(by_sorting64, uint64_t, radix_sort64, merge64)

/* The same where capacities are few: the change at each of them. */
static lta_status by_counting(uint64_t n, const uint64_t *distance, const uint32_t *weight, uint64_t most,
                              lta_curve *c)
{
    lta_status st = LTA_OK;
    uint64_t *change = NULL, vertices = 1, hits = 0, slope, at = 0; /* modulo 2^64: falls are large */
    LTA_TRY(LTA_CALLOC(&change, most + 1));
    for (uint64_t i = 0; i < n; i++)
        if (weight[i] > 0) {
            change[distance[i]]++;
            change[distance[i] + weight[i]]--;
        }
    for (uint64_t k = 1; k <= most; k++)
        vertices += change[k] != 0;
    LTA_TRY(LTA_ALLOC(&c->capacity, vertices));
    LTA_TRY(LTA_ALLOC(&c->hits, vertices));
    c->capacity[0] = c->hits[0] = 0;
    c->n = 1;
    slope = change[0];
    for (uint64_t k = 1; k <= most; k++) {
        if (change[k] == 0)
            continue;
        hits += slope * (k - at);
        slope += change[k];
        at = k;
        c->capacity[c->n] = k;
        c->hits[c->n++] = hits;
    }
done:
    lta_free(change);
    return st;
}

lta_status lta_hit_curve_cpu(uint64_t n, const uint64_t *distance, const uint32_t *weight, lta_curve *out)
{
    lta_status st = LTA_OK;
    uint64_t m = 0, most = 0; /* runs that count, and where the last of them ends */
    lta_curve c = {0};
    for (uint64_t i = 0; i < n; i++) {
        uint64_t end = weight[i] > 0 ? distance[i] + weight[i] : 0;
        m += weight[i] > 0;
        most = end > most ? end : most;
    }
    if (most <= m)
        LTA_TRY(by_counting(n, distance, weight, most, &c));
    else if (most < UINT32_MAX)
        LTA_TRY(by_sorting32(n, distance, weight, m, most, &c));
    else
        LTA_TRY(by_sorting64(n, distance, weight, m, most, &c));
    LTA_TRIM(&c.capacity, c.n);
    LTA_TRIM(&c.hits, c.n);
    *out = c;
    c = (lta_curve){0};
done:
    lta_curve_free(&c);
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
    lta_free(c->capacity);
    lta_free(c->hits);
    *c = (lta_curve){0};
}
