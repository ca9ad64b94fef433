/* tests/test_plane_deflate.c - what is compressed comes out again, by a library; within its bound; no larger
 * than stored. */
#include "pipeline/core/array.h"
#include "pipeline/store/inflate.h"
#include "pipeline/store/plane_deflate.h"
#include "pipeline/synth/random.h"
#include "tests/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FENCE = 64 };

/* The length of the stream. */
static size_t round_trip(const uint8_t *in, size_t n, size_t plane)
{
    size_t bound = lta_plane_deflate_bound(n, plane);
    uint8_t *out = test_bytes(bound + FENCE), *again = test_bytes(n + 1);
    lta_inflater *inflater;
    assert_non_null(out);
    assert_non_null(again);
    memset(out, 0xa5, bound + FENCE);
    size_t size = lta_plane_deflate(in, n, plane, lta_adler32(in, n), out);
    assert_true(size <= bound);
    for (size_t i = 0; i < FENCE; i++)
        assert_int_equal(out[bound + i], 0xa5);
    assert_int_equal(lta_inflater_create(&inflater), LTA_OK);
    if (!lta_inflate(inflater, out, size, again, n))
        fail_msg("%zu bytes in planes of %zu: not a stream of them", n, plane);
    assert_memory_equal(again, in, n);
    lta_inflater_free(inflater);
    lta_free(out);
    lta_free(again);
    return size;
}

enum shape { ZEROS, RANDOM, SKEWED, RUNS, COUNTER, STEPS, FEW, MIXED, ONE_ODD, RAMP, N_SHAPES };

static uint8_t skewed(lta_random *r)
{
    uint64_t bits = lta_random_next(r);
    return (uint8_t)(__builtin_ctzll(bits | UINT64_C(1) << 40) * 5 + (int)(bits >> 62));
}

static void fill(lta_random *r, enum shape shape, uint8_t *in, size_t n)
{
    uint64_t left = 0;
    uint8_t value = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = lta_random_next(r);
        if (left == 0) {
            left = 1 + bits % (shape == RUNS ? 700 : 40);
            value = (uint8_t)(bits >> 32);
        }
        left--;
        switch (shape) {
        case ZEROS:
            in[i] = 0;
            break;
        case RANDOM:
            in[i] = (uint8_t)bits;
            break;
        case SKEWED:
            in[i] = skewed(r);
            break;
        case RUNS:
            in[i] = value;
            break;
        case COUNTER:
            in[i] = (uint8_t)i;
            break;
        case STEPS:
            in[i] = (uint8_t)(3 * i / 2);
            break;
        case FEW:
            in[i] = bits % 100 == 0;
            break;
        case MIXED:
            in[i] = left % 2 ? value : i < n / 2 ? (uint8_t)i : skewed(r);
            break;
        case ONE_ODD:
            in[i] = i == n / 3;
            break;
        default: /* counts that need codes as long as there are: each byte twice as often as the one before */
            in[i] = (uint8_t)__builtin_ctzll(bits | UINT64_C(1) << 30);
        }
    }
}

static void test_round_trips(void **state)
{
    (void)state;
    static const size_t sizes[] = {0,     1,      2,      7,      8,      9,      15,     255,   256,
                                   257,   263,    300,    1000,   4096,   32768,  32769,  65535, 65536,
                                   65537, 131071, 131072, 131073, 262144, 524288, 1 << 20};
    lta_random r;
    lta_random_seed(&r, 1, 0);
    uint8_t *in = test_bytes(1 << 20);
    assert_non_null(in);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int shape = 0; shape < N_SHAPES; shape++) {
            static const size_t planes[] = {1, 3, 1000, 40000, 131072, 1 << 20};
            fill(&r, (enum shape)shape, in, sizes[k]);
            size_t plane = planes[lta_random_next(&r) % (sizeof planes / sizeof *planes)];
            size_t size = round_trip(in, sizes[k], plane);
            if (shape == ZEROS && sizes[k] >= 65536)
                assert_true(size < sizes[k] / 200);
        }
    lta_free(in);
}

/* Every length of a match, near and far, wherever it begins. */
static void test_matches(void **state)
{
    (void)state;
    enum { MOST = 2000 };
    uint8_t in[MOST];
    for (size_t length = 1; length < 1200; length++)
        for (int far = 0; far < 2; far++) {
            size_t start = 260 + length % 11, n = start + length + 3;
            assert_true(n <= MOST);
            for (size_t i = 0; i < n; i++)
                in[i] = (uint8_t)(i * i * 2654435761u >> 13);
            for (size_t i = start; i < start + length; i++)
                in[i] = in[i - (far ? 256 : 1)];
            round_trip(in, n, n);
        }
}

/* Columns as the store has them are worth it: runs vanish, counters too, uneven bytes come near their
 * entropy. */
static void test_sizes(void **state)
{
    (void)state;
    enum { N = 1 << 17 };
    lta_random r;
    lta_random_seed(&r, 2, 0);
    uint8_t *in = test_bytes(N);
    assert_non_null(in);
    fill(&r, COUNTER, in, N);
    assert_true(round_trip(in, N, N) < 3000);
    fill(&r, RAMP, in, N); /* 2 bits a byte */
    assert_true(round_trip(in, N, N) < N / 4 + N / 100 + 200);
    fill(&r, RANDOM, in, N);
    assert_true(round_trip(in, N, N) < N + 100);
    lta_free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
