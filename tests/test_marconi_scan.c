/* tests/test_marconi_scan.c - Marconi files read by comparing lines, against the same files with a space in
 * each line that sends it to the general parser: same traces, same rows dropped, same refusals.
 *
 * Replay: LTA_TEST_SEED=<seed> LTA_TEST_TRACES=1. */
#include "pipeline/core/array.h"
#include "pipeline/synth/random.h"
#include "tests/import_case.h"
#include "tests/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FILES = 400, MOST_SESSIONS = 6, MOST_TOKENS = 400, SIZE = 1 << 21 };

typedef struct turn {
    uint32_t token[MOST_TOKENS];
    uint32_t n_input, n_output, number;
} turn;

typedef struct writer {
    lta_random random;
    char *plain, *spaced; /* the file, and the same with a space behind each line's first brace */
    size_t n_plain, n_spaced;
    turn last[MOST_SESSIONS];
    double ts;
    bool spoilt; /* some lines are not as json.dump writes them, or wrong */
} writer;

static uint64_t below(writer *w, uint64_t n)
{
    return lta_random_below(&w->random, n);
}

static uint32_t token(writer *w)
{
    static const uint32_t limits[] = {3, 10, 100, 32000, 128256, 100000000, UINT32_MAX};
    return (uint32_t)below(w, limits[below(w, below(w, 8) == 0 ? 7 : 4)]);
}

/* The next turn of a session: the history and more, part of it, something in the middle left out, or new. */
static void make_turn(writer *w, turn *t)
{
    turn before = *t;
    uint32_t history = before.n_input + before.n_output, n = 0;
    uint32_t keep = below(w, 4) != 0 ? history : (uint32_t)below(w, history + 1);
    for (; n < keep; n++)
        t->token[n] = before.token[n];
    if (keep < history && below(w, 2))
        for (uint32_t i = keep + (uint32_t)below(w, 9); i < history; i++)
            t->token[n++] = before.token[i];
    if (n > MOST_TOKENS - 60)
        n = (uint32_t)below(w, 20);
    for (uint64_t more = below(w, 30); more > 0; more--)
        t->token[n++] = token(w);
    if (n > 0 && below(w, 10) == 0)
        t->token[below(w, n)] = token(w);
    t->n_input = n;
    for (t->n_output = (uint32_t)below(w, 20); n < t->n_input + t->n_output; n++)
        t->token[n] = token(w);
    if (below(w, 20) == 0)
        *t = before; /* sent again */
    t->number = before.number + 1;
}

static size_t print_tokens(char *out, const uint32_t *t, uint32_t n)
{
    size_t k = 0;
    for (uint32_t i = 0; i < n; i++)
        k += (size_t)sprintf(out + k, i == 0 ? "%u" : ", %u", t[i]);
    return k;
}

static size_t print_line(writer *w, uint64_t session, const turn *t, char *out)
{
    static const char *const formats[] = {"%.1f", "%.6f", "%.17g", "%.3e", "%.0f"};
    size_t n = (size_t)sprintf(out, "{\"session_id\": %llu, \"turn_id\": %u, \"ts\": ",
                               (unsigned long long)session * 1000003, t->number);
    n += (size_t)sprintf(out + n, formats[below(w, 5)], w->ts);
    n +=
        (size_t)sprintf(out + n, ", \"num_input_tokens\": %u, \"num_output_tokens\": %u, \"input_tokens\": [",
                        t->n_input, t->n_output);
    n += print_tokens(out + n, t->token, t->n_input);
    n += (size_t)sprintf(out + n, "], \"output_tokens\": [");
    n += print_tokens(out + n, t->token + t->n_input, t->n_output);
    return n + (size_t)sprintf(out + n, "]}");
}

/* Replaces the k-th occurrence of a text, if there is one. Returns the new length. */
static size_t replace(char *line, size_t n, uint64_t k, const char *what, const char *with)
{
    char *at = line - 1;
    do
        at = strstr(at + 1, what);
    while (at && k-- > 0);
    if (!at)
        return n;
    size_t a = strlen(what), b = strlen(with);
    memmove(at + b, at + a, n + 1 - (size_t)(at - line) - a);
    memcpy(at, with, b);
    return n + b - a;
}

static size_t spoil(writer *w, char *line, size_t n)
{
    static const char *const change[][2] = {{", ", ","},
                                            {", ", ",  "},
                                            {", ", ", 0"},
                                            {", ", ", -"},
                                            {", ", "  , "},
                                            {", ", ", 1.5, "},
                                            {"]", " ]"},
                                            {"]", ", ]"},
                                            {"]", "]]"},
                                            {"]", ", 7]"},
                                            {"}", " }"},
                                            {"}", "}}"},
                                            {"]}", "], \"output_tokens\": [1]}"},
                                            {"]}", "], \"note\": \"x\"}"},
                                            {"\"turn_id\"", "\"turn\""},
                                            {"\"ts\": ", "\"ts\":"},
                                            {"{\"session_id\": ", "{\"session_id\": 0"},
                                            {", \"output_tokens\": [", ", \"input_tokens\": ["},
                                            {"[", "[["},
                                            {"[", "[123456789012, "},
                                            {"_tokens\": ", "_tokens\": 9"},
                                            {", ", "], \"output_tokens\": ["}};
    uint64_t i = below(w, sizeof change / sizeof *change + 2);
    if (i < sizeof change / sizeof *change)
        return replace(line, n, below(w, below(w, 2) ? 4 : 60), change[i][0], change[i][1]);
    n = i % 2 == 0 ? below(w, n) : 0; /* cut off, or empty */
    line[n] = '\0';
    return n;
}

static void put_line(writer *w, const char *line, size_t n)
{
    const char *end = below(w, 10) == 0 ? "\r\n" : "\n";
    assert_true(w->n_spaced + n + 4 < SIZE);
    memcpy(w->plain + w->n_plain, line, n);
    w->n_plain += n;
    if (n > 0) {
        w->spaced[w->n_spaced++] = line[0];
        w->spaced[w->n_spaced++] = ' ';
        memcpy(w->spaced + w->n_spaced, line + 1, n - 1);
        w->n_spaced += n - 1;
    }
    for (; *end; end++)
        w->plain[w->n_plain++] = w->spaced[w->n_spaced++] = *end;
}

static void make_file(writer *w)
{
    static char line[MOST_TOKENS * 30];
    uint64_t sessions = 1 + below(w, MOST_SESSIONS), n_lines = 1 + below(w, 120);
    w->n_plain = w->n_spaced = 0;
    w->ts = 0;
    w->spoilt = below(w, 2) == 0;
    memset(w->last, 0, sizeof w->last);
    for (uint64_t i = 0; i < n_lines; i++) {
        uint64_t s = below(w, sessions);
        make_turn(w, &w->last[s]);
        w->ts += (double)below(w, 1000) / 7;
        size_t n = print_line(w, s, &w->last[s], line);
        if (w->spoilt && i > 0 && below(w, 8) == 0)
            n = spoil(w, line, n);
        put_line(w, line, n);
    }
}

static void same_column(const void *a, const void *b, uint64_t n, size_t element, const char *name)
{
    if ((a == NULL) != (b == NULL) || (a && memcmp(a, b, n * element) != 0))
        fail_msg("%s differs", name);
}
#define SAME(field, n) same_column(a->field, b->field, n, sizeof *a->field, #field)

static void same_traces(const lta_trace *a, const lta_trace *b)
{
    assert_int_equal(a->n, b->n);
    SAME(session, a->n);
    SAME(turn, a->n);
    SAME(arrival_us, a->n);
    SAME(input_tokens, a->n);
    SAME(output_tokens, a->n);
    SAME(source_row, a->n);
    SAME(source_time, a->n);
    const lta_sequences *x = &a->sequences, *y = &b->sequences;
    assert_int_equal(x->n_pieces, y->n_pieces);
    assert_int_equal(x->n_symbols, y->n_symbols);
    SAME(sequences.offset, a->n + 1);
    SAME(sequences.input_length, a->n);
    SAME(sequences.full_length, a->n);
    SAME(sequences.piece_request, x->n_pieces);
    SAME(sequences.piece_start, x->n_pieces);
    SAME(sequences.piece_length, x->n_pieces);
    SAME(sequences.symbols32, x->n_symbols);
    assert_int_equal(a->skipped.n, b->skipped.n);
    SAME(skipped.count, a->skipped.n);
    for (uint64_t i = 0; i < a->skipped.n; i++)
        assert_string_equal(lta_strings_get(&a->skipped.reason, i), lta_strings_get(&b->skipped.reason, i));
}

static void test_files(void **state)
{
    import_case *c = *state;
    const char *given = getenv("LTA_TEST_SEED"), *count = getenv("LTA_TEST_TRACES");
    uint64_t first = given ? strtoull(given, NULL, 10) : 1, n = count ? strtoull(count, NULL, 10) : FILES;
    uint64_t n_refused = 0, n_dropped = 0;
    writer w = {.plain = test_bytes(SIZE), .spaced = test_bytes(SIZE)};
    assert_non_null(w.plain);
    assert_non_null(w.spaced);
    c->options.format = "marconi";
    for (uint64_t seed = first; seed < first + n; seed++) {
        static const int threads[] = {1, 2, 5};
        lta_trace plain = {0}, spaced = {0};
        lta_random_seed(&w.random, seed, 0);
        make_file(&w);
        case_write_bytes(c, "plain.jsonl", w.plain, w.n_plain);
        case_write_bytes(c, "spaced.jsonl", w.spaced, w.n_spaced);
        c->run.skip_bad_rows = below(&w, 4) != 0;
        c->run.threads = threads[seed % 3];
        lta_status st = case_import(c, &plain, (const char *const[]){"plain.jsonl", NULL});
        lta_status want = case_import(c, &spaced, (const char *const[]){"spaced.jsonl", NULL});
        if (st != want)
            fail_msg("seed %llu: status %d, expected %d (%s)", (unsigned long long)seed, (int)st, (int)want,
                     lta_error_detail());
        n_refused += st != LTA_OK;
        n_dropped += plain.skipped.n;
        if (st == LTA_OK)
            same_traces(&plain, &spaced);
        lta_trace_free(&plain);
        lta_trace_free(&spaced);
    }
    if (n >= FILES) { /* files of all kinds there were */
        assert_true(n_refused > FILES / 20);
        assert_true(n_dropped > FILES / 5);
    }
    lta_free(w.plain);
    lta_free(w.spaced);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files, import_case_setup, import_case_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
