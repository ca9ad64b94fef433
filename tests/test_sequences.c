/* tests/test_sequences.c - delta-coded sequences decode to what they were made of, damaged ones are refused,
 * and their prefix hashes are the polynomial. Replay: LTA_TEST_SEED. */
#include "pipeline/core/array.h"
#include "tests/kernel_cases.h"
#include "tests/memory.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { SKIPPED = 77 };

static void check_decoding(const lta_ops *ops, const test_trace *t, const lta_sequences *s)
{
    (void)ops;
    for (uint64_t r = 0; r < t->n; r++) {
        const test_request *q = &t->request[r];
        EXPECT_EQUAL(t, s->full_length[r], q->full_length);
        EXPECT_EQUAL(t, s->input_length[r], q->input_length);
        for (uint32_t length = 0; length <= q->full_length; length += length < 3 ? 1 : 17) {
            uint64_t *got = test_guarded_alloc(length);
            assert_int_equal(lta_sequences_decode(s, r, 0, length, got), LTA_OK);
            if (length > 0)
                assert_memory_equal(got, q->symbols, length * sizeof *got);
            uint32_t from = length / 3; /* a range that begins anywhere */
            assert_int_equal(lta_sequences_decode(s, r, from, length, got), LTA_OK);
            if (length > from)
                assert_memory_equal(got, q->symbols + from, (length - from) * sizeof *got);
            test_guarded_free(got, length);
        }
        for (uint32_t d = 0; d < q->full_length; d++) {
            uint64_t index;
            uint32_t n = lta_sequences_span(s, r, d, &index);
            assert_in_range(n, 1, q->full_length - d);
            for (uint32_t i = 0; i < n; i++)
                assert_true(lta_sequences_symbol_at(s, index + i) == q->symbols[d + i]);
        }
    }
}

static void sequences_decode_to_what_they_were_made_of(void **state)
{
    test_each_trace(*state, check_decoding);
}

static void damage(lta_sequences *s, int which)
{
    switch (which) {
    case 0:
        s->offset[0] = 1;
        break;
    case 1:
        s->offset[2] = 2;
        break;
    case 2:
        s->offset[1] = 4;
        break;
    case 3:
        s->piece_request[1] = 1;
        break; /* itself */
    case 4:
        s->piece_request[1] = -2;
        break;
    case 5:
        s->piece_request[1] = 2;
        break; /* not there */
    case 6:
        s->piece_length[1] = 0;
        break;
    case 7:
        s->piece_length[1] = 5;
        break; /* longer than its origin */
    case 8:
        s->piece_start[1] = UINT64_MAX;
        break;
    case 9:
        s->piece_start[2] = 5;
        break; /* behind the last symbol */
    case 10:
        s->piece_length[2] = UINT32_MAX;
        break;
    default:
        s->input_length[1] = 4;
        break; /* longer than input and output */
    }
}

static void damaged_sequences_are_refused(void **state)
{
    (void)state;
    lta_sequences s = test_two_requests();
    assert_int_equal(lta_sequences_complete(&s), LTA_OK);
    assert_int_equal(lta_sequences_complete(&s), LTA_OK); /* once more changes nothing */
    assert_int_equal(s.full_length[1], 3);
    lta_sequences_free(&s);
    for (int which = 0; which < 12; which++) {
        s = test_two_requests();
        damage(&s, which);
        assert_int_equal(lta_sequences_complete(&s), LTA_ERR_FORMAT);
        lta_sequences_free(&s);
    }
}

static uint64_t next_hash(uint64_t hash, uint64_t base, uint64_t symbol)
{
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)(((wide)hash * base + symbol + 1) % ((UINT64_C(1) << 61) - 1));
}

static void check_hashes(const lta_ops *ops, const test_trace *t, const lta_sequences *s)
{
    const uint64_t bases[] = {UINT64_C(1) << 32, UINT64_C(0x123456789abcdef), (UINT64_C(1) << 61) - 2};
    uint64_t n = t->n, base = bases[t->seed % 3], *request, *want, *got, at = 0;
    for (uint64_t r = 0; r < t->n; r++)
        n += t->request[r].full_length;
    uint32_t *depth = test_alloc(n, sizeof *depth);
    request = test_alloc(n, sizeof *request);
    want = test_alloc(n, sizeof *want);
    got = test_guarded_alloc(n);
    for (uint64_t r = t->n; r-- > 0;) {
        uint64_t hash = 0;
        for (uint32_t d = 0; d <= t->request[r].full_length; d++, at++) {
            request[at] = r;
            depth[at] = d;
            want[at] = hash;
            if (d < t->request[r].full_length)
                hash = next_hash(hash, base, t->request[r].symbols[d]);
        }
    }
    assert_int_equal(ops->prefix_hash(s, n, request, depth, base, got), LTA_OK);
    for (uint64_t i = 0; i < n; i++)
        EXPECT_EQUAL(t, got[i], want[i]);
    test_guarded_free(got, n);
    lta_free(want);
    lta_free(request);
    lta_free(depth);
}

static void prefix_hash_is_the_polynomial(void **state)
{
    test_each_trace(*state, check_hashes);
}

int main(void)
{
    const lta_ops *ops;
    if (lta_ops_get(test_device(), &ops) != LTA_OK) {
        printf("skipped: %s\n", lta_error_detail());
        return SKIPPED;
    }
    void *state = (void *)(uintptr_t)ops;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(sequences_decode_to_what_they_were_made_of, state),
        cmocka_unit_test_prestate(damaged_sequences_are_refused, state),
        cmocka_unit_test_prestate(prefix_hash_is_the_polynomial, state),
    };
    return cmocka_run_group_tests_name(ops->name, tests, NULL, NULL);
}
