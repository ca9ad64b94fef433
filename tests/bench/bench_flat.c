/* tests/bench/bench_flat.c - stack distances of every access of a flat trace, and how often each occurs.
 *
 * usage: bench_flat FILE INSTRUCTIONS THREADS, of 64-bit ids 1 .. M; 0 plain, 1 AVX2, 2 AVX-512
 *
 * What is timed begins once ids of 32 bits are in memory and ends with every access's distance and a count of
 * each; twice, so that memory is fresh at first and touched before the second time. A JSON line says how long
 * it took. Its curve is what the yardstick prints: the share of accesses below each twentieth of the live
 * objects. Exit code 77 where the processor lacks the instructions, or this build the threads. */
#include "kernels/flat_distance.h"
#include "pipeline/core/array.h"
#include "pipeline/core/log.h"

#include <errno.h>
#include <inttypes.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PASSES = 2, POINTS = 20, AHEAD = 32, UNAVAILABLE = 77 };

typedef struct flat_trace {
    uint64_t n, n_objects;
    uint32_t *object, *previous, *distance;
} flat_trace;

static lta_status distances(const flat_trace *t, int instructions, int threads)
{
    return lta_flat_distances_by(instructions, 0, threads, t->n, t->object, t->n_objects, t->previous,
                                 t->distance);
}

static lta_status read_ids(const char *path, flat_trace *t)
{
    lta_status st = LTA_OK;
    uint64_t *id = NULL;
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0) {
        st = lta_fail_errno(LTA_ERR_INPUT, errno, "%s: could not be opened", path);
        goto done;
    }
    t->n = (uint64_t)ftell(f) / sizeof *id;
    rewind(f);
    LTA_TRY(LTA_ALLOC(&id, t->n));
    LTA_TRY(LTA_ALLOC(&t->object, t->n));
    if (fread(id, sizeof *id, t->n, f) != t->n) {
        st = lta_fail_errno(LTA_ERR_INPUT, errno, "%s: could not be read", path);
        goto done;
    }
    for (uint64_t i = 0; i < t->n; i++) {
        if (id[i] >= LTA_FLAT_NONE) {
            st = lta_fail(LTA_ERR_FORMAT, "%s: id %" PRIu64 ", expected ids of 32 bits", path, id[i]);
            goto done;
        }
        t->object[i] = (uint32_t)id[i];
        t->n_objects = id[i] >= t->n_objects ? id[i] + 1 : t->n_objects;
    }
done:
    lta_free(id);
    if (f)
        fclose(f);
    return st;
}

/* How many accesses are at each distance; each thread counts a stretch for itself, first accesses apart, so
 * that no branch depends on the trace. count: [threads][n_objects + 1] */
static void count_distances(const flat_trace *t, int threads, uint32_t *count)
{
#pragma omp parallel num_threads(threads)
    {
        uint64_t me = (uint64_t)omp_get_thread_num(), all = (uint64_t)omp_get_num_threads();
        const uint32_t *distance = t->distance, *previous = t->previous;
        uint32_t *mine = count + me * (t->n_objects + 1), first = (uint32_t)t->n_objects;
        memset(mine, 0, (t->n_objects + 1) * sizeof *mine);
        uint64_t end = t->n * (me + 1) / all;
        for (uint64_t i = t->n * me / all; i < end; i++) {
            uint32_t later = distance[i + AHEAD < end ? i + AHEAD : i];
            __builtin_prefetch(&mine[later < first ? later : first], 1);
            mine[previous[i] == LTA_FLAT_NONE ? first : distance[i]]++;
        }
#pragma omp barrier
#pragma omp for
        for (uint64_t d = 0; d < t->n_objects; d++)
            for (uint64_t k = 1; k < all; k++)
                count[d] += count[k * (t->n_objects + 1) + d];
    }
}

static void print_curve(const flat_trace *t, const uint32_t *count)
{
    uint64_t live = 0, hits = 0, d = 0;
    for (uint64_t i = 0; i < t->n; i++)
        live += t->previous[i] == LTA_FLAT_NONE;
    for (uint64_t k = 1; k <= POINTS; k++) {
        while (d < live * k / POINTS)
            hits += count[d++];
        printf("%s\"%" PRIu64 " %.6f\"", k > 1 ? "," : "", d, (double)hits / (double)t->n);
    }
}

int main(int argc, char **argv)
{
    lta_status st = LTA_OK;
    flat_trace t = {0};
    uint32_t *count = NULL;
    double distances_s[PASSES], all_s[PASSES];
    if (argc != 4) {
        fprintf(stderr, "usage: bench_flat FILE INSTRUCTIONS THREADS\n");
        return lta_status_exit_code(LTA_ERR_USAGE);
    }
    int instructions = atoi(argv[2]), threads = atoi(argv[3]);
    LTA_TRY(read_ids(argv[1], &t));
    LTA_TRY(LTA_ALLOC(&t.previous, t.n));
    LTA_TRY(LTA_ALLOC(&t.distance, t.n));
    LTA_TRY(LTA_ALLOC(&count, (uint64_t)threads * (t.n_objects + 1)));
    for (int pass = 0; pass < PASSES; pass++) {
        double started = lta_seconds();
        LTA_TRY(distances(&t, instructions, threads));
        distances_s[pass] = lta_seconds() - started;
        count_distances(&t, threads, count);
        all_s[pass] = lta_seconds() - started;
    }
    printf("{\"n\":%" PRIu64 ",\"fresh_distances_s\":%.6f,\"fresh_s\":%.6f,\"distances_s\":%.6f,\"s\":%.6f,"
           "\"curve\":[",
           t.n, distances_s[0], all_s[0], distances_s[1], all_s[1]);
    print_curve(&t, count);
    printf("]}\n");
done:
    lta_free(count);
    lta_free(t.distance);
    lta_free(t.previous);
    lta_free(t.object);
    if (st != LTA_OK)
        fprintf(stderr, "bench_flat: %s\n", lta_error_detail());
    return st == LTA_ERR_NO_BACKEND ? UNAVAILABLE : lta_status_exit_code(st);
}
