/* tests/test_sequence_encoder.c - delta coding against its rule written down the slow way.
 *
 * Random requests with sessions, dropped middles, replays and outputs are coded; every piece must be the one
 * that the rule of sequence_encoder.h gives when prefixes are compared request by request, and decoding must
 * give the input back. Replay: LTA_TEST_SEED=<seed> */
#include "pipeline/core/array.h"
#include "pipeline/import/gram_match.h"
#include "pipeline/import/sequence_encoder.h"
#include "tests/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { MAX_REQUESTS = 60, MAX_LENGTH = 400 };

typedef struct sequence {
    uint32_t session, n_input, n;
    uint64_t symbol[MAX_LENGTH];
} sequence;

typedef struct piece {
    int64_t request;
    uint64_t start;
    uint32_t length;
} piece;

static uint64_t next_random(uint64_t *state) /* splitmix64 */
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint32_t below(uint64_t *state, uint32_t n)
{
    return (uint32_t)(next_random(state) % n);
}

static uint32_t common_prefix(const sequence *a, const sequence *b)
{
    uint32_t i = 0;
    while (i < a->n && i < b->n && a->symbol[i] == b->symbol[i])
        i++;
    return i;
}

/* The rule, literally. Returns the number of pieces; new pieces have start 0. */
static uint32_t code_slowly(const sequence *all, uint32_t r, piece *out)
{
    const sequence *s = &all[r], *p = NULL;
    uint32_t n = 0, g = 0, q = 0, p_index = 0;
    for (uint32_t k = 0; k < r; k++)
        if (common_prefix(&all[k], s) > g) {
            g = common_prefix(&all[k], s);
            q = k;
        }
    if (g > 0)
        out[n++] = (piece){.request = q, .start = 0, .length = g};
    for (uint32_t k = 0; k < r; k++)
        if (s->session != UINT32_MAX && all[k].session == s->session) {
            p = &all[k];
            p_index = k;
        }
    uint32_t c = p ? common_prefix(p, s) : 0, i = g;
    bool copies = p && p->n - c >= LTA_GRAM && s->n - g >= LTA_GRAM, fresh = false;
    while (i < s->n) {
        uint32_t j = UINT32_MAX;
        if (copies && s->n - i >= LTA_GRAM)
            for (uint32_t k = c; j == UINT32_MAX && k + LTA_GRAM <= p->n; k++)
                if (memcmp(&p->symbol[k], &s->symbol[i], LTA_GRAM * sizeof(uint64_t)) == 0)
                    j = k;
        if (j != UINT32_MAX) {
            uint32_t length = 0;
            while (j + length < p->n && i + length < s->n && p->symbol[j + length] == s->symbol[i + length])
                length++;
            out[n++] = (piece){.request = p_index, .start = j, .length = length};
            i += length;
            fresh = false;
        } else {
            if (!fresh)
                out[n++] = (piece){.request = -1};
            out[n - 1].length++;
            fresh = true;
            i++;
        }
    }
    return n;
}

/* A request that resembles earlier ones: extends, collapses or replays one, or is new. */
static void make_request(uint64_t *rng, const sequence *all, uint32_t r, uint32_t n_sessions,
                         uint32_t alphabet, uint64_t base, sequence *s)
{
    s->n = 0;
    s->session = n_sessions == 0 || below(rng, 8) == 0 ? UINT32_MAX : below(rng, n_sessions);
    if (r > 0 && below(rng, 6) != 0) {
        const sequence *from = &all[below(rng, r)];
        for (uint32_t k = 0; k < r && below(rng, 4) != 0; k++)
            if (all[k].session == s->session)
                from = &all[k];
        uint32_t keep = from->n == 0 ? 0 : below(rng, from->n + 1), skip = below(rng, 20);
        if (below(rng, 3) == 0)
            keep = from->n;
        else if (below(rng, 2) == 0)
            keep /= 4; /* leaves a long tail to copy from */
        for (uint32_t k = 0; k < keep; k++)
            s->symbol[s->n++] = from->symbol[k];
        if (below(rng, 2) == 0)
            for (uint32_t k = keep + skip; k < from->n; k++)
                s->symbol[s->n++] = from->symbol[k];
    }
    for (uint32_t k = below(rng, 60); k > 0 && s->n < MAX_LENGTH; k--)
        s->symbol[s->n++] = base + below(rng, alphabet);
    s->n_input = s->n == 0 ? 0 : below(rng, s->n + 1);
}

/* How much of request r could be known from the one before of its session. */
static uint32_t most_known(const sequence *all, uint32_t r)
{
    uint32_t p = r, k = 0;
    while (p > 0 && (all[p - 1].session != all[r].session || all[r].session == UINT32_MAX))
        p--;
    while (p > 0 && k < all[r].n && k < all[p - 1].n && all[r].symbol[k] == all[p - 1].symbol[k])
        k++;
    return k;
}

/* Returns how many pieces are copies from the session's previous request by the second rule. */
static uint64_t check_trace(uint64_t seed, const sequence *all, uint32_t n)
{
    uint64_t n_second = 0;
    lta_sequence_encoder *e = NULL;
    lta_sequences coded;
    static uint64_t decoded[MAX_LENGTH];
    piece want[MAX_LENGTH];
    assert_int_equal(lta_sequence_encoder_create(&e), LTA_OK);
    for (uint32_t r = 0; r < n; r++) {
        uint32_t known = most_known(all, r);
        if (seed % 4 == 1) /* nothing is, or part of it, or all */
            known = 0;
        else if (seed % 4 == 2)
            known = (uint32_t)(known * (uint64_t)r / n);
        assert_int_equal(lta_sequence_encoder_add(e, all[r].session, known, all[r].symbol + known,
                                                  all[r].n_input, all[r].n),
                         LTA_OK);
    }
    lta_sequence_encoder_finish(e, &coded);
    lta_sequence_encoder_free(e);
    assert_int_equal(lta_sequences_complete(&coded), LTA_OK);
    assert_int_equal(coded.n, n);
    uint64_t n_symbols = 0;
    for (uint32_t r = 0; r < n; r++) {
        uint32_t n_pieces = code_slowly(all, r, want);
        if (coded.offset[r + 1] - coded.offset[r] != n_pieces)
            fail_msg("seed %llu: request %u has %llu pieces, expected %u", (unsigned long long)seed, r,
                     (unsigned long long)(coded.offset[r + 1] - coded.offset[r]), n_pieces);
        for (uint32_t k = 0; k < n_pieces; k++) {
            uint64_t at = coded.offset[r] + k, start = want[k].request < 0 ? n_symbols : want[k].start;
            if (coded.piece_request[at] != want[k].request || coded.piece_start[at] != start ||
                coded.piece_length[at] != want[k].length)
                fail_msg("seed %llu: request %u, piece %u is (%lld, %llu, %u), expected (%lld, %llu, %u)",
                         (unsigned long long)seed, r, k, (long long)coded.piece_request[at],
                         (unsigned long long)coded.piece_start[at], coded.piece_length[at],
                         (long long)want[k].request, (unsigned long long)start, want[k].length);
            if (want[k].request < 0)
                n_symbols += want[k].length;
            else
                n_second += k > 0 || coded.piece_start[at] > 0;
        }
        assert_int_equal(coded.full_length[r], all[r].n);
        assert_int_equal(coded.input_length[r], all[r].n_input);
        assert_int_equal(lta_sequences_decode(&coded, r, 0, all[r].n, decoded), LTA_OK);
        assert_memory_equal(decoded, all[r].symbol, all[r].n * sizeof *decoded);
    }
    assert_int_equal(coded.n_symbols, n_symbols);
    lta_sequences_free(&coded);
    return n_second;
}

static void pieces_follow_the_rule(void **state)
{
    (void)state;
    static sequence all[MAX_REQUESTS];
    const char *given = getenv("LTA_TEST_SEED");
    uint64_t first = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) * 1000003;
    int rounds = given ? 1 : 3000;
    uint64_t n_second = 0;
    for (int i = 0; i < rounds; i++) {
        uint64_t seed = first + (uint64_t)i, rng = seed;
        uint32_t n = 1 + below(&rng, MAX_REQUESTS), n_sessions = below(&rng, 5),
                 alphabet = 1 + below(&rng, 12);
        uint64_t base = below(&rng, 4) == 0 ? UINT32_MAX - 3 : 0; /* ids on both sides of 2^32 */
        for (uint32_t r = 0; r < n; r++)
            make_request(&rng, all, r, n_sessions, alphabet, base, &all[r]);
        n_second += check_trace(seed, all, n);
    }
    if (!given)
        assert_true(n_second > 3000);
}

/* u32 while ids fit, u64 from the first that does not. */
static void symbols_are_as_wide_as_they_must_be(void **state)
{
    (void)state;
    static const uint64_t small[] = {1, UINT32_MAX}, large[] = {1, (uint64_t)UINT32_MAX + 1};
    lta_sequence_encoder *e = NULL;
    assert_int_equal(lta_sequence_encoder_create(&e), LTA_OK);
    assert_int_equal(lta_sequence_encoder_add(e, 0, 0, small, 2, 2), LTA_OK);
    const lta_sequences *s = lta_sequence_encoder_sequences(e);
    assert_non_null(s->symbols32);
    assert_int_equal(lta_sequence_encoder_add(e, 0, 0, large, 2, 2), LTA_OK);
    assert_null(s->symbols32);
    assert_int_equal(s->n_symbols, 3);
    assert_int_equal(s->symbols64[1], UINT32_MAX);
    assert_int_equal(s->symbols64[2], (uint64_t)UINT32_MAX + 1);
    lta_sequence_encoder_free(e);
}

/* The longest lists of the index: one symbol repeated must not make the search quadratic. */
static void repeated_content_is_coded_in_linear_time(void **state)
{
    (void)state;
    enum { N = 400000 };
    uint64_t *a = test_alloc(N, sizeof *a), *b = test_alloc(N, sizeof *b);
    assert_non_null(a);
    assert_non_null(b);
    lta_sequence_encoder *e = NULL;
    assert_int_equal(lta_sequence_encoder_create(&e), LTA_OK);
    for (uint32_t i = 0; i < N; i++)
        b[i] = i % 9 == 8; /* never eight zeros before a one, and never a copy of length nine */
    b[0] = 7;
    assert_int_equal(lta_sequence_encoder_add(e, 0, 0, a, N, N), LTA_OK);
    assert_int_equal(lta_sequence_encoder_add(e, 0, 0, b, N, N), LTA_OK);
    assert_int_equal(lta_sequence_encoder_sequences(e)->full_length[1], N);
    lta_sequence_encoder_free(e);
    lta_free(a);
    lta_free(b);
}

/* A session whose prompts differ in front, so that no request begins as an earlier one does: each is copied
 * from the one before, through as many levels as there were turns. Following every symbol down that chain
 * made this cubic: 10^10 steps here, instead of 10^7. */
static void a_changing_header_before_a_growing_history(void **state)
{
    (void)state;
    enum { TURNS = 3000, ADDED = 4, LONGEST = TURNS * ADDED + 1 };
    uint64_t *symbols = test_bytes(LONGEST * sizeof *symbols),
             *decoded = test_bytes(LONGEST * sizeof *decoded);
    assert_non_null(symbols);
    assert_non_null(decoded);
    lta_sequence_encoder *e = NULL;
    lta_sequences coded;
    assert_int_equal(lta_sequence_encoder_create(&e), LTA_OK);
    for (uint32_t i = 1; i < LONGEST; i++)
        symbols[i] = i * UINT64_C(0x9e3779b97f4a7c15) >> 40;
    for (uint32_t r = 0; r < TURNS; r++) {
        uint32_t n = 1 + (r + 1) * ADDED;
        symbols[0] = UINT32_MAX - r;
        assert_int_equal(lta_sequence_encoder_add(e, 0, 0, symbols, n, n), LTA_OK);
    }
    lta_sequence_encoder_finish(e, &coded);
    lta_sequence_encoder_free(e);
    assert_int_equal(lta_sequences_complete(&coded), LTA_OK);
    for (uint32_t r = 0; r < TURNS; r++) {
        uint64_t k = coded.offset[r];
        uint32_t n = 1 + (r + 1) * ADDED;
        assert_int_equal(coded.full_length[r], n);
        if (r > 1) { /* the header, the history, what is added */
            assert_int_equal(coded.offset[r + 1] - k, 3);
            assert_int_equal(coded.piece_request[k], -1);
            assert_int_equal(coded.piece_request[k + 1], r - 1);
            assert_int_equal(coded.piece_length[k + 1], n - 1 - ADDED);
            assert_int_equal(coded.piece_request[k + 2], -1);
        }
        symbols[0] = UINT32_MAX - r;
        assert_int_equal(lta_sequences_decode(&coded, r, 0, n, decoded), LTA_OK);
        assert_memory_equal(decoded, symbols, n * sizeof *decoded);
    }
    lta_sequences_free(&coded);
    lta_free(symbols);
    lta_free(decoded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_follow_the_rule),
        cmocka_unit_test(symbols_are_as_wide_as_they_must_be),
        cmocka_unit_test(repeated_content_is_coded_in_linear_time),
        cmocka_unit_test(a_changing_header_before_a_growing_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
