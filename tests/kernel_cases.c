/* tests/kernel_cases.c - see kernel_cases.h. */
#include "tests/kernel_cases.h"

#include "pipeline/core/array.h"
#include "tests/memory.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { TRACES = 400, GUARDS = 4 };
#define GUARD UINT64_C(0x5eed5eed5eed5eed)

uint64_t *test_guarded_alloc(uint64_t n)
{
    uint64_t *p = test_alloc(n + 2 * GUARDS, sizeof *p);
    for (uint64_t i = 0; i < n + 2 * GUARDS; i++)
        p[i] = GUARD;
    return p + GUARDS;
}

void test_guarded_free(uint64_t *p, uint64_t n)
{
    for (uint64_t i = 0; i < GUARDS; i++) {
        assert_true(p[-1 - (int64_t)i] == GUARD);
        assert_true(p[n + i] == GUARD);
    }
    lta_free(p - GUARDS);
}

void test_each_trace(const lta_ops *ops,
                     void (*check)(const lta_ops *, const test_trace *, const lta_sequences *))
{
    static const char *const words[] = {"", "A", "A A", "A B", "AB A", "A AB", "ABC ABD ABC AE AE"};
    uint64_t seed = test_seed();
    for (uint64_t i = 0; i < TRACES + sizeof words / sizeof *words; i++) {
        test_trace t = i < TRACES ? test_trace_generate(seed + i) : test_trace_from_words(words[i - TRACES]);
        lta_sequences s = test_build_sequences(&t, i % 2 == 0);
        check(ops, &t, &s);
        lta_sequences_free(&s);
        test_trace_free(&t);
    }
}

lta_sequences test_two_requests(void)
{
    lta_sequences s = {.n = 2, .n_pieces = 3, .n_symbols = 5};
    const uint32_t input[] = {3, 3}, length[] = {4, 2, 1}, symbols[] = {10, 11, 12, 13, 14};
    const uint64_t offset[] = {0, 1, 3}, start[] = {0, 0, 4};
    const int64_t request[] = {-1, 0, -1};
    s.input_length = memcpy(test_alloc(2, 4), input, sizeof input);
    s.offset = memcpy(test_alloc(3, 8), offset, sizeof offset);
    s.piece_request = memcpy(test_alloc(3, 8), request, sizeof request);
    s.piece_start = memcpy(test_alloc(3, 8), start, sizeof start);
    s.piece_length = memcpy(test_alloc(3, 4), length, sizeof length);
    s.symbols32 = memcpy(test_alloc(5, 4), symbols, sizeof symbols);
    return s;
}
