/* tests/test_csv_rows.c - CSV files read in blocks by threads give what reading row by row gives: the trace,
 * the message of the first bad row, the counts of dropped ones. A quote in the first row makes the reader go
 * row by row from there, which is the reference. */
#include "pipeline/core/array.h"
#include "tests/import_case.h"
#include "tests/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { ROOM = 24 << 20, ROWS = 9000 }; /* rows of some 45 bytes: several blocks of 64 KiB */

static const int threads[] = {1, 2, 7};

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

/* Appends row number i of a file, now and then (one in `bad`; 0 = never) one that must be dropped. */
static size_t write_row(char *to, unsigned i, unsigned bad, uint64_t *seed)
{
    static const char *const bad_rows[] = {"",
                                           "2024-05-12 00:00:00,1",
                                           "a,nonsense,1,1",
                                           "a,2024-05-12 00:00:00,-1,1",
                                           "a,2020-01-01 00:00:00+00:00,1,1",
                                           "a,2024-05-19 00:00:00,5000000000,1"};
    if (bad > 0 && i > 0 && next_random(seed) % bad == 0)
        return (size_t)sprintf(to, "%s\n", bad_rows[next_random(seed) % COUNT(bad_rows)]);
    unsigned second = i / 3;
    const char *fraction = i % 3 == 0 ? "" : i % 3 == 1 ? ".000001" : ".5";
    return (size_t)sprintf(to, "%s,2024-05-12 %02u:%02u:%02u%s+00:00,%u,%u%s", i % 5 ? "a" : "",
                           second / 3600, second / 60 % 60, second % 60, fraction,
                           (unsigned)next_random(seed) % 9000, (unsigned)next_random(seed) % 700,
                           i % 7 ? "\n" : "\r\n");
}

static size_t write_file(char *text, unsigned rows, unsigned bad, bool by_row, uint64_t seed)
{
    size_t n =
        (size_t)sprintf(text, "X,TIMESTAMP,ContextTokens,GeneratedTokens\n%s,2024-05-12 00:00:00,1,2\n",
                        by_row ? "\"x\"" : "x");
    for (unsigned i = 1; i < rows; i++)
        n += write_row(text + n, i, bad, &seed);
    return n;
}

static void assert_same_trace(const lta_trace *a, const lta_trace *b)
{
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->arrival_us, b->arrival_us, a->n * sizeof *a->arrival_us);
    assert_memory_equal(a->input_tokens, b->input_tokens, a->n * sizeof *a->input_tokens);
    assert_memory_equal(a->output_tokens, b->output_tokens, a->n * sizeof *a->output_tokens);
    assert_memory_equal(a->source_row, b->source_row, a->n * sizeof *a->source_row);
    assert_int_equal(a->sources.rows[0], b->sources.rows[0]);
    assert_int_equal(a->skipped.n, b->skipped.n);
    for (uint64_t i = 0; i < a->skipped.n; i++) {
        assert_string_equal(lta_strings_get(&a->skipped.reason, i), lta_strings_get(&b->skipped.reason, i));
        assert_int_equal(a->skipped.count[i], b->skipped.count[i]);
    }
}

/* Imports text [n] with every number of threads; all must end like `want`, or with this message if not NULL.
 */
static void assert_reads_like(import_case *c, const char *text, size_t n, const lta_trace *want,
                              const char *message)
{
    const char *const names[] = {"x.csv", NULL};
    case_write_bytes(c, "x.csv", text, n);
    for (size_t k = 0; k < COUNT(threads); k++) {
        lta_trace t;
        c->run.threads = threads[k];
        lta_status st = case_import(c, &t, names);
        c->run.threads = 1;
        if (message) {
            assert_int_equal(st, LTA_ERR_FORMAT);
            assert_string_equal(lta_error_detail(), message);
            continue;
        }
        if (st != LTA_OK)
            fail_msg("%d threads: %s", threads[k], lta_error_detail());
        assert_same_trace(&t, want);
        lta_trace_free(&t);
    }
}

static void rows_are_those_of_reading_row_by_row(void **state)
{
    import_case *c = *state;
    const char *const names[] = {"x.csv", NULL};
    char *text = test_bytes(ROOM), message[1024];
    assert_non_null(text);
    c->log.level = LTA_LOG_ERROR;
    for (unsigned bad = 0; bad <= 1000; bad = bad ? bad * 10 : 10)
        for (int skip = 0; skip < 2; skip++)
            for (uint64_t seed = 0; seed < 4; seed++) {
                lta_trace want;
                c->run.skip_bad_rows = skip == 1;
                size_t n = write_file(text, ROWS, bad, true, seed);
                case_write_bytes(c, "x.csv", text, n);
                lta_status st = case_import(c, &want, names);
                snprintf(message, sizeof message, "%s", lta_error_detail());
                assert_int_equal(st, bad && !skip ? LTA_ERR_FORMAT : LTA_OK);
                n = write_file(text, ROWS, bad, false, seed);
                assert_reads_like(c, text, n, &want, st == LTA_OK ? NULL : message);
                if (st == LTA_OK) {
                    assert_int_equal(want.sources.rows[0], ROWS);
                    lta_trace_free(&want);
                }
            }
    lta_free(text);
}

/* A quote far into the file, with a line end inside it and bad rows on both sides. */
static void quotes_far_into_the_file(void **state)
{
    import_case *c = *state;
    const char *const names[] = {"x.csv", NULL};
    char *text = test_bytes(ROOM);
    assert_non_null(text);
    c->log.level = LTA_LOG_ERROR;
    c->run.skip_bad_rows = true;
    for (int by_row = 1; by_row >= 0; by_row--) {
        static lta_trace want;
        uint64_t seed = 7;
        size_t n = write_file(text, ROWS / 2, 20, by_row == 1, 3);
        n += (size_t)sprintf(text + n, "\"a\nb,2024-05-12 23:00:00,66,2\nc\",2024-05-12 23:00:00,77,2\n");
        for (unsigned i = 0; i < ROWS / 2; i++)
            n += (size_t)sprintf(text + n,
                                 i % 9 ? "z,2024-05-12 23:00:01,%u,2\n" : "2024-05-12 23:00:01,%u,2\n",
                                 (unsigned)next_random(&seed) % 100);
        if (by_row) {
            case_write_bytes(c, "x.csv", text, n);
            assert_int_equal(case_import(c, &want, names), LTA_OK);
            assert_int_equal(want.sources.rows[0], ROWS + 1);
        } else {
            assert_reads_like(c, text, n, &want, NULL);
            lta_trace_free(&want);
        }
    }
    /* the message after a row of two lines names the line, not the row */
    size_t n = write_file(text, ROWS, 0, false, 3);
    n += (size_t)sprintf(text + n, "\"a\nb\",2024-05-12 23:00:00,1,2\n2024-05-12 23:00:00,1\n");
    char message[1024];
    snprintf(message, sizeof message, "%s/x.csv:%d: 2 fields, expected 4 as in the header", c->folder,
             ROWS + 4);
    c->run.skip_bad_rows = false;
    assert_reads_like(c, text, n, NULL, message);
    lta_free(text);
}

/* Lines longer than a block, and than a window. */
static void lines_longer_than_a_block(void **state)
{
    import_case *c = *state;
    enum { LONG = 9 << 20 };
    static const size_t sizes[] = {65535, 65536, 65537, 200000, LONG};
    char *text = test_bytes(ROOM);
    lta_trace t;
    assert_non_null(text);
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (size_t k = 0; k < COUNT(threads); k++) {
            const char *const names[] = {"x.csv", NULL};
            size_t n = write_file(text, 3, 0, false, 0);
            memset(text + n, 'x', sizes[i]);
            n += sizes[i];
            n += (size_t)sprintf(text + n, ",2024-05-12 23:00:00,55,2\ny,2024-05-12 23:00:01,66,2");
            case_write_bytes(c, "x.csv", text, n);
            c->run.threads = threads[k];
            assert_int_equal(case_import(c, &t, names), LTA_OK);
            assert_int_equal(t.n, 5);
            assert_int_equal(t.input_tokens[3], 55);
            assert_int_equal(t.input_tokens[4], 66);
            lta_trace_free(&t);
        }
    lta_free(text);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, import_case_setup, import_case_teardown)
    const struct CMUnitTest tests[] = {
        TEST(rows_are_those_of_reading_row_by_row),
        TEST(quotes_far_into_the_file),
        TEST(lines_longer_than_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
