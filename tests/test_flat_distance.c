/* tests/test_flat_distance.c - distances of flat traces, by every instruction set that the processor has,
 * against counting by hand: in spaces so small that positions run out all the time, and in large ones.
 *
 * Replay: LTA_TEST_SEED=<seed> LTA_TEST_TRACES=1. */
#include "kernels/flat_distance.h"
#include "pipeline/core/array.h"
#include "pipeline/synth/random.h"
#include "tests/generate.h"
#include "tests/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { TRACES = 600, SHAPES = 8, INSTRUCTION_SETS = 3 };

typedef struct trace {
    uint64_t seed, n, n_objects;
    uint32_t *object;
} trace;

static void make_trace(trace *t, uint64_t most)
{
    lta_random random;
    lta_random_seed(&random, t->seed, 0);
    t->n = lta_random_below(&random, most);
    t->n_objects = 1 + lta_random_below(&random, lta_random_below(&random, 2) ? 5 : t->n / 2 + 1);
    t->object = test_alloc(t->n, sizeof *t->object);
    for (uint64_t i = 0; i < t->n; i++) {
        uint64_t o;
        switch (t->seed % SHAPES) {
        case 0: /* the same one */
            o = 0;
            break;
        case 1: /* all of them, from the first to the last, and again */
            o = i % t->n_objects;
            break;
        case 2: /* there and back */
            o = i / t->n_objects % 2 ? t->n_objects - 1 - i % t->n_objects : i % t->n_objects;
            break;
        case 3: /* each once */
            t->n_objects = t->n;
            o = i;
            break;
        case 4: /* some touch nothing */
            o = lta_random_below(&random, 3) == 0 ? LTA_FLAT_NONE : lta_random_below(&random, t->n_objects);
            break;
        case 5: /* nearly Zipf */
            o = lta_random_rank(&random, t->n_objects) - 1;
            break;
        case 6: /* a few, then others */
            o = (i / 97 * 13 + lta_random_below(&random, 7)) % t->n_objects;
            break;
        default:
            o = lta_random_below(&random, t->n_objects);
        }
        t->object[i] = (uint32_t)o;
    }
}

/* How distances are computed. */
typedef struct way {
    int instructions, threads;
    uint64_t space;
} way;

static void fail_at(const trace *t, way w, const char *what, uint64_t i)
{
    fail_msg("seed %llu, %llu accesses, space %llu, instruction set %d, %d threads: %s of access %llu",
             (unsigned long long)t->seed, (unsigned long long)t->n, (unsigned long long)w.space,
             w.instructions, w.threads, what, (unsigned long long)i);
}

/* Objects touched since p, the one touched there left out. */
static uint32_t count_between(const trace *t, uint64_t p, uint64_t i, uint64_t *seen)
{
    uint32_t n = 0;
    for (uint64_t k = p + 1; k < i; k++)
        if (t->object[k] != LTA_FLAT_NONE && seen[t->object[k]] != i + 1) {
            seen[t->object[k]] = i + 1;
            n++;
        }
    return n;
}

/* What is to come out: 8 bytes an access. */
static void count_by_hand(const trace *t, uint32_t *previous, uint32_t *distance)
{
    uint64_t *last = test_alloc(t->n_objects, sizeof *last), *seen = test_alloc(t->n_objects, sizeof *seen);
    for (uint64_t i = 0; i < t->n; i++) {
        uint32_t o = t->object[i];
        previous[i] = o == LTA_FLAT_NONE || last[o] == 0 ? LTA_FLAT_NONE : (uint32_t)(last[o] - 1);
        distance[i] = previous[i] == LTA_FLAT_NONE ? 0 : count_between(t, previous[i], i, seen);
        if (o != LTA_FLAT_NONE)
            last[o] = i + 1;
    }
    lta_free(last);
    lta_free(seen);
}

/* One way against what is to come out; nothing where the processor lacks the instructions. */
static void check_way(const trace *t, way w, const uint32_t *previous, const uint32_t *distance)
{
    enum { GUARD = 0x5a5a5a5a };
    uint32_t *p = test_alloc(t->n + 1, sizeof *p), *d = test_alloc(t->n + 1, sizeof *d);
    p[t->n] = d[t->n] = GUARD;
    lta_status st =
        lta_flat_distances_by(w.instructions, w.space, w.threads, t->n, t->object, t->n_objects, p, d);
    if (st != LTA_ERR_NO_BACKEND) {
        assert_int_equal(st, LTA_OK);
        for (uint64_t i = 0; i < t->n; i++) {
            if (p[i] != previous[i])
                fail_at(t, w, "previous access", i);
            if (p[i] != LTA_FLAT_NONE && d[i] != distance[i])
                fail_at(t, w, "distance", i);
        }
        if (p[t->n] != GUARD || d[t->n] != GUARD)
            fail_at(t, w, "guard", t->n);
    }
    lta_free(p);
    lta_free(d);
}

static void distances_are_what_counting_gives(void **state)
{
    (void)state;
    static const int threads[] = {1, 2, 3, 7};
    uint64_t seed = test_seed(), n = test_count(TRACES), accesses = 0;
    for (uint64_t i = 0; i < n; i++) {
        trace t = {.seed = seed + i};
        make_trace(&t, i % 10 == 0 ? 5000 : 700);
        uint32_t *previous = test_alloc(t.n, sizeof *previous), *distance = test_alloc(t.n, sizeof *distance);
        count_by_hand(&t, previous, distance);
        for (int k = 0; k < INSTRUCTION_SETS; k++)
            for (int j = 0; j < 4; j++) {
                check_way(&t, (way){k, threads[j], 1 + i % 3 * 70}, previous, distance);
                if (i % 10 == 0)
                    check_way(&t, (way){k, threads[j], 0}, previous, distance);
            }
        accesses += t.n;
        lta_free(previous);
        lta_free(distance);
        lta_free(t.object);
    }
    printf("%llu traces from seed %llu, %llu accesses\n", (unsigned long long)n, (unsigned long long)seed,
           (unsigned long long)accesses);
}

/* Beyond a section, a level, a batch and the first space, where counting by hand is left to the plain
 * instructions on one thread. */
static void all_ways_agree_on_long_traces(void **state)
{
    (void)state;
    enum { N = 17000000 };
    static const struct {
        uint64_t n, objects, space;
        int most_threads;
    } cases[] = {{1000000, 1000, 0, 3}, {N, 300000, (1 << 24) + 1000, 1}, {3000000, 1500000, 1 << 20, 3}};
    lta_random random;
    trace t = {.object = test_alloc(N, sizeof *t.object)};
    uint32_t *previous = test_alloc(N, sizeof *previous), *distance = test_alloc(N, sizeof *distance);
    for (int shape = 0; shape < 3; shape++) {
        t.seed = test_seed() + (uint64_t)shape;
        lta_random_seed(&random, t.seed, 1);
        t.n = cases[shape].n;
        t.n_objects = cases[shape].objects;
        for (uint64_t i = 0; i < t.n; i++)
            t.object[i] = (uint32_t)lta_random_below(&random, t.n_objects);
        assert_int_equal(lta_flat_distances_by(0, 0, 1, t.n, t.object, t.n_objects, previous, distance),
                         LTA_OK);
        for (int k = 0; k < INSTRUCTION_SETS; k++)
            for (int threads = 1; threads <= cases[shape].most_threads; threads++)
                check_way(&t, (way){k, threads, cases[shape].space}, previous, distance);
    }
    lta_free(previous);
    lta_free(distance);
    lta_free(t.object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(distances_are_what_counting_gives),
                                       cmocka_unit_test(all_ways_agree_on_long_traces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
