/* tests/test_spaced_integers.c - agreeing, counting and reading by every instruction set that the processor
 * has, against doing it a byte at a time, in texts that end where memory does.
 *
 * Replay: LTA_TEST_SEED=<seed>. */
#include "pipeline/core/array.h"
#include "pipeline/import/spaced_integers.h"
#include "pipeline/synth/random.h"
#include "tests/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXTS = 20000, MOST = 600 };

static void *copy(const void *data, size_t n) /* so that reading behind it is noticed */
{
    void *p = test_bytes(n > 0 ? n : 1);
    assert_non_null(p);
    if (n > 0)
        memcpy(p, data, n);
    return p;
}

/* One number at p: its length, 0 if it is none that may be read. */
static size_t number_slowly(const char *p, const char *end, uint64_t *out)
{
    size_t n = 0;
    for (*out = 0; p + n < end && p[n] >= '0' && p[n] <= '9'; n++)
        *out = *out * 10 + (uint64_t)(p[n] - '0');
    return n > 8 || (n > 1 && *p == '0') ? 0 : n;
}

static uint64_t read_slowly(const char **text, const char *end, uint64_t *out, uint64_t room)
{
    const char *p = *text;
    for (uint64_t k = 0; k < room; k++) {
        size_t n = number_slowly(p, end, &out[k]);
        if (n == 0)
            return k;
        p += n;
        *text = p;
        if (end - p < 3 || p[0] != ',' || p[1] != ' ')
            return k + 1;
        p += 2;
    }
    return room;
}

/* Numbers of up to `digits` digits, mostly well spaced. Returns the length. */
static size_t make_text(lta_random *r, char *text)
{
    static const char odd[] = ",, ]\n0x-.[9";
    size_t n = 0, most = lta_random_below(r, MOST);
    unsigned digits = 1 + (unsigned)lta_random_below(r, 10);
    bool spoilt = lta_random_below(r, 3) == 0;
    while (n + 16 < most) {
        for (uint64_t k = 1 + lta_random_below(r, digits); k > 0; k--)
            text[n++] = (char)('0' + lta_random_below(r, 10));
        if (spoilt && lta_random_below(r, 40) == 0)
            text[n++] = odd[lta_random_below(r, sizeof odd - 1)];
        text[n++] = ',';
        if (!spoilt || lta_random_below(r, 40) != 0)
            text[n++] = ' ';
    }
    n += (size_t)snprintf(text + n, MOST, "%u", (unsigned)lta_random_below(r, 100000));
    if (lta_random_below(r, 2))
        n += (size_t)snprintf(text + n, MOST, "], \"output_tokens\": [");
    /* leading zeros are few, or else every text stops soon */
    for (size_t i = 0; i + 1 < n; i++)
        if (text[i] == '0' && (i == 0 || text[i - 1] == ' ') && lta_random_below(r, 20) != 0)
            text[i] = '1';
    return n;
}

static void check_reading(const lta_spaced_integers *by, lta_random *r)
{
    char text[LTA_SPACED_FRONT + 2 * MOST] = "        ";
    uint64_t want[MOST + 1], out[MOST + 1];
    size_t n = LTA_SPACED_FRONT + make_text(r, text + LTA_SPACED_FRONT);
    char *end_of_memory = copy(text, n);
    uint64_t room = lta_random_below(r, 2) ? MOST : lta_random_below(r, n / 3 + 2);
    const char *slow = end_of_memory + LTA_SPACED_FRONT, *fast = slow;
    memset(out, 0xa5, sizeof out);
    uint64_t n_want = read_slowly(&slow, end_of_memory + n, want, room);
    uint64_t n_out = by->read(&fast, end_of_memory + n, out, room);
    if (n_out != n_want || fast != slow || memcmp(out, want, n_want * sizeof *out) != 0)
        fail_msg("\"%.*s\", room %llu: %llu numbers up to byte %td, expected %llu up to byte %td", (int)n,
                 text, (unsigned long long)room, (unsigned long long)n_out, fast - end_of_memory,
                 (unsigned long long)n_want, slow - end_of_memory);
    for (uint64_t k = room; k <= MOST; k++)
        assert_int_equal(out[k], UINT64_C(0xa5a5a5a5a5a5a5a5));
    lta_free(end_of_memory);
}

static void check_comparing(const lta_spaced_integers *by, lta_random *r)
{
    char text[2 * MOST];
    size_t n = make_text(r, text), same = lta_random_below(r, n + 1), commas = 0;
    char *a = copy(text, n), *b = copy(text, n);
    if (same < n)
        b[same] ^= (char)(1 + lta_random_below(r, 255));
    for (size_t i = 0; i < n; i++)
        commas += text[i] == ',';
    for (size_t i = 0; i <= n; i += 1 + lta_random_below(r, 90))
        assert_ptr_equal(by->line_end(a + i, a + n), memchr(a + i, '\n', n - i));
    assert_int_equal(by->common(a, b, n), same);
    assert_int_equal(by->common(b, a, same), same);
    assert_int_equal(by->commas(a, n), commas);
    lta_free(a);
    lta_free(b);
}

static void test_all(void **state)
{
    (void)state;
    const char *given = getenv("LTA_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 1;
    for (int set = 0; set < LTA_N_INSTRUCTIONS; set++) {
        if (!lta_has_instructions((lta_instructions)set)) {
            print_message("instruction set %d skipped: the processor lacks it\n", set);
            continue;
        }
        const lta_spaced_integers *by = lta_spaced_integers_by((lta_instructions)set);
        lta_random r;
        lta_random_seed(&r, seed, 0);
        for (int i = 0; i < TEXTS; i++) {
            check_reading(by, &r);
            check_comparing(by, &r);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
