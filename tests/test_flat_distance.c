/* tests/test_flat_distance.c - distances of flat traces, by every instruction set that the processor has,
 * against counting by hand: in spaces so small that positions run out all the time, and in large ones.
 *
 * Replay: LTA_TEST_SEED=<seed> LTA_TEST_TRACES=1. */
#include "kernels/flat_distance.h"
#include "pipeline/synth/random.h"
#include "tests/generate.h"

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

static void fail_at(const trace *t, uint64_t space, int instructions, const char *what, uint64_t i)
{
    fail_msg("seed %llu, %llu accesses, space %llu, instruction set %d: %s of access %llu",
             (unsigned long long)t->seed, (unsigned long long)t->n, (unsigned long long)space, instructions,
             what, (unsigned long long)i);
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

static void check_trace(const trace *t, uint64_t space, int instructions)
{
    uint32_t *previous = test_alloc(t->n, sizeof *previous), *distance = test_alloc(t->n, sizeof *distance);
    uint64_t *last = test_alloc(t->n_objects, sizeof *last), *seen = test_alloc(t->n_objects, sizeof *seen);
    lta_status st =
        lta_flat_distances_by(instructions, space, t->n, t->object, t->n_objects, previous, distance);
    if (st == LTA_ERR_NO_BACKEND)
        goto done;
    assert_int_equal(st, LTA_OK);
    for (uint64_t i = 0; i < t->n; i++) {
        uint32_t o = t->object[i];
        uint32_t expected = o == LTA_FLAT_NONE || last[o] == 0 ? LTA_FLAT_NONE : (uint32_t)(last[o] - 1);
        if (previous[i] != expected)
            fail_at(t, space, instructions, "previous access", i);
        if (expected != LTA_FLAT_NONE && distance[i] != count_between(t, expected, i, seen))
            fail_at(t, space, instructions, "distance", i);
        if (o != LTA_FLAT_NONE)
            last[o] = i + 1;
    }
done:
    free(previous);
    free(distance);
    free(last);
    free(seen);
}

static void distances_are_what_counting_gives(void **state)
{
    (void)state;
    uint64_t seed = test_seed(), n = test_count(TRACES), accesses = 0;
    for (uint64_t i = 0; i < n; i++) {
        trace t = {.seed = seed + i};
        make_trace(&t, i % 10 == 0 ? 5000 : 700);
        for (int k = 0; k < INSTRUCTION_SETS; k++) {
            check_trace(&t, 1, k);
            if (i % 10 == 0)
                check_trace(&t, 0, k);
        }
        accesses += t.n;
        free(t.object);
    }
    printf("%llu traces from seed %llu, %llu accesses\n", (unsigned long long)n, (unsigned long long)seed,
           (unsigned long long)accesses);
}

/* Beyond a section, a region and the first space, where counting by hand is left to the plain instructions.
 */
static void instruction_sets_agree_on_long_traces(void **state)
{
    (void)state;
    enum { N = 17000000, REGION = 1 << 24 };
    static const struct {
        uint64_t n, objects, space;
    } cases[] = {{1000000, 1000, 0}, {N, 300000, REGION + 1000}, {6000000, 3000000, 0}};
    lta_random random;
    trace t = {.object = test_alloc(N, sizeof *t.object)};
    uint32_t *a[2], *b[2];
    for (int i = 0; i < 2; i++) {
        a[i] = test_alloc(N, sizeof *a[i]);
        b[i] = test_alloc(N, sizeof *b[i]);
    }
    for (int shape = 0; shape < 3; shape++) {
        lta_random_seed(&random, test_seed() + (uint64_t)shape, 1);
        t.n = cases[shape].n;
        t.n_objects = cases[shape].objects;
        for (uint64_t i = 0; i < t.n; i++)
            t.object[i] = (uint32_t)lta_random_below(&random, t.n_objects);
        assert_int_equal(lta_flat_distances_by(0, 0, t.n, t.object, t.n_objects, a[0], a[1]), LTA_OK);
        for (int k = 0; k < INSTRUCTION_SETS; k++) {
            lta_status st =
                lta_flat_distances_by(k, cases[shape].space, t.n, t.object, t.n_objects, b[0], b[1]);
            if (st == LTA_ERR_NO_BACKEND)
                continue;
            assert_int_equal(st, LTA_OK);
            assert_memory_equal(a[0], b[0], t.n * sizeof *a[0]);
            for (uint64_t i = 0; i < t.n; i++)
                if (a[0][i] != LTA_FLAT_NONE && a[1][i] != b[1][i])
                    fail_at(&t, cases[shape].space, k, "distance", i);
        }
    }
    for (int i = 0; i < 2; i++) {
        free(a[i]);
        free(b[i]);
    }
    free(t.object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(distances_are_what_counting_gives),
                                       cmocka_unit_test(instruction_sets_agree_on_long_traces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
