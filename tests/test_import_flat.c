/* tests/test_import_flat.c - flat traces: every kind of ids, with and without times. */
#include "tests/import_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static size_t put(char *p, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        p[i] = (char)(v >> 8 * i);
    return bytes;
}

static size_t put_record(char *p, uint32_t time, uint64_t id)
{
    size_t n = put(p, time, 4);
    n += put(p + n, id, 8);
    n += put(p + n, 4096, 4);
    return n + put(p + n, UINT64_MAX, 8);
}

static void import_bytes(import_case *c, const char *file, const char *bytes, size_t n, lta_trace *t)
{
    const char *const names[] = {file, NULL};
    case_write_bytes(c, file, bytes, n);
    if (case_import(c, t, names) != LTA_OK)
        fail_msg("%s: %s", file, lta_error_detail());
}

static void flat_ids_by_name_and_by_option(void **state)
{
    import_case *c = *state;
    static const uint64_t ids[] = {7, 0xfffffffe, 7, 0x0a0d0a00};
    static const struct {
        const char *file, *other;
        lta_ids ids;
        size_t bytes;
    } kinds[] = {{"x.u32", "x.dat", LTA_IDS_U32, 4}, {"x.u64", "x.u32", LTA_IDS_U64, 8}};
    char bytes[64];
    lta_trace t;
    for (size_t k = 0; k < COUNT(kinds); k++)
        for (int by_option = 0; by_option < 2; by_option++) {
            size_t n = 0;
            for (size_t i = 0; i < COUNT(ids); i++)
                n += put(bytes + n, ids[i], kinds[k].bytes);
            c->options.format = by_option ? "auto" : "flat"; /* the option says which format it is */
            c->options.ids = by_option ? kinds[k].ids : LTA_IDS_BY_NAME;
            import_bytes(c, by_option ? kinds[k].other : kinds[k].file, bytes, n, &t);
            assert_int_equal(t.n, 4);
            assert_int_equal(t.unit, LTA_UNIT_BLOCK);
            assert_int_equal(t.block_tokens, 1);
            assert_symbols(&t, 0, "7");
            assert_symbols(&t, 1, "4294967294");
            assert_symbols(&t, 3, "168626688");
            assert_int_equal(t.sequences.n_symbols, 3);
            assert_int_equal(t.input_tokens[3], 1);
            assert_int_equal(t.output_tokens[3], 0);
            assert_true(!t.arrival_us && !t.session && !t.turn && !t.kind && !t.model);
            assert_int_equal(t.source_row[3], 3);
            assert_string_equal(lta_strings_get(&t.sources.dataset, 0), "flat");
            lta_trace_free(&t);
        }
}

static void flat_text(void **state)
{
    import_case *c = *state;
    lta_trace t;
    case_import_one(c, "x.txt", "18446744073709551615\r\n0\n007\n\n",
                    &t); /* its name, and a first line of digits */
    assert_int_equal(t.n, 3);
    assert_symbols(&t, 0, "18446744073709551615");
    assert_symbols(&t, 2, "7");
    assert_true(case_logged(c, "is recognised as a file of format flat"));
    lta_trace_free(&t);
    case_refuse(c, "x.log", "1\n2\n", "the beginning of no known format"); /* digits alone say nothing */
    case_import_one(c, "y.txt", marconi_text, &t);                         /* nor does the name */
    assert_int_equal(t.unit, LTA_UNIT_TOKEN);
    lta_trace_free(&t);
    c->options.ids = LTA_IDS_TEXT;
    static const char *const bad[][2] = {{"1\n\n2\n", "x:2: is empty, expected an id"},
                                         {"1\nx\n", "x:2: \"x\", expected an id"},
                                         {"1\n-1\n", "x:2: \"-1\""},
                                         {"1\n18446744073709551616\n", "x:2: \"18446744073709551616\""},
                                         {"1 2\n", "x:1: \"1 2\""},
                                         {"", "is empty"}};
    for (size_t i = 0; i < COUNT(bad); i++)
        case_refuse(c, "x", bad[i][0], bad[i][1]);
    c->run.skip_bad_rows = true;
    case_import_one(c, "x", "id\n5\n\n6\n", &t);
    assert_int_equal(t.n, 2);
    assert_int_equal(t.sources.rows[0], 4);
    assert_int_equal(t.source_row[1], 3);
    assert_int_equal(t.skipped.n, 2);
    lta_trace_free(&t);
}

static void oracle_general(void **state)
{
    import_case *c = *state;
    char bytes[3 * 24];
    lta_trace t;
    size_t n = put_record(bytes, 100, 1);
    n += put_record(bytes + n, 100, UINT64_MAX - 1);
    n += put_record(bytes + n, UINT32_MAX, 1);
    import_bytes(c, "x.oracleGeneral", bytes, n, &t);
    assert_int_equal(t.n, 3);
    assert_symbols(&t, 1, "18446744073709551614");
    assert_int_equal(t.arrival_us[1], 0);
    assert_int_equal(t.arrival_us[2], (UINT32_MAX - 100) * INT64_C(1000000));
    assert_int_equal(t.sources.time_shift_us[0], -100000000);
    assert_true(case_logged(c, "sizes of objects and next accesses are not kept"));
    lta_trace_free(&t);
    import_bytes(c, "x.oracleGeneral.bin", bytes, n, &t);
    lta_trace_free(&t);
    put_record(bytes + 48, 99, 1); /* the order of the records is what simulators go by */
    import_bytes(c, "x.oracleGeneral", bytes, n, &t);
    assert_null(t.arrival_us);
    assert_symbols(&t, 2, "1");
    assert_true(case_logged(c, "times fall 1 times, first in record 2: taken as a trace without times"));
    lta_trace_free(&t);
    for (int i = 0; i < 3; i++)
        put_record(bytes + 24 * i, 0, 5);
    import_bytes(c, "x.oracleGeneral", bytes, n, &t);
    assert_null(t.arrival_us);
    assert_true(case_logged(c, "all times are 0"));
    lta_trace_free(&t);
    c->options.timeline = LTA_TIMELINE_OVERLAY;
    case_refuse_bytes(c, "x.oracleGeneral", bytes, n, LTA_ERR_USAGE,
                      "has no times, which --timeline overlay would align");
}

static void flat_files_that_are_refused(void **state)
{
    import_case *c = *state;
    static const char pointer[] =
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 52283111\n";
    lta_trace t;
    c->options.format = "flat";
    case_refuse_bytes(c, "x.dat", "12345678", 8, LTA_ERR_USAGE,
                      "its name does not tell how it holds ids, expected --ids");
    case_refuse_bytes(c, "x.u32", "1234567", 7, LTA_ERR_FORMAT, "x.u32: 7 bytes, expected a multiple of 4");
    case_refuse_bytes(c, "x.u64", "123456789012", 12, LTA_ERR_FORMAT, "expected a multiple of 8");
    case_refuse_bytes(c, "x.oracleGeneral", "123456789012", 12, LTA_ERR_FORMAT, "expected a multiple of 24");
    case_refuse_bytes(c, "x.u32", "", 0, LTA_ERR_FORMAT, "x.u32: is empty");
    case_refuse_bytes(c, "x.u32", pointer, strlen(pointer), LTA_ERR_FORMAT, "is a Git LFS pointer");
    c->options.block_tokens = 16;
    case_refuse_bytes(c, "x.u32", "1234", 4, LTA_ERR_USAGE, "has an id an access, not blocks");
    c->options.block_tokens = 0;
    c->options.format = "mooncake";
    c->options.ids = LTA_IDS_U32;
    case_refuse_bytes(c, "x.u32", "1234", 4, LTA_ERR_USAGE,
                      "--ids u32: files of format mooncake hold no plain ids");
    c->options.format = "auto";
    c->options.ids = LTA_IDS_BY_NAME;
    case_refuse_bytes(c, "x.u32", "1234", 4, LTA_ERR_FORMAT, "--format to say which");
    /* one with times, one without */
    char bytes[24];
    const char *const two[] = {"a.oracleGeneral", "b.txt", NULL};
    case_write_bytes(c, "a.oracleGeneral", bytes, put_record(bytes, 5, 1));
    case_write(c, "b.txt", "1\n");
    assert_int_equal(case_import(c, &t, two), LTA_ERR_USAGE);
    assert_non_null(strstr(lta_error_detail(), "one has times and one has none"));
}

static void flat_sources_are_kept_apart(void **state)
{
    import_case *c = *state;
    const char *const two[] = {"a.txt", "b.txt", NULL};
    lta_trace t;
    case_write(c, "a.txt", "3\n1\n");
    case_write(c, "b.txt", "0\n1\n");
    assert_int_equal(case_import(c, &t, two), LTA_OK);
    assert_symbols(&t, 1, "1");
    assert_symbols(&t, 2, "4");
    assert_symbols(&t, 3, "5");
    assert_int_equal(t.sources.symbol_base[1], 4);
    lta_trace_free(&t);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, import_case_setup, import_case_teardown)
    const struct CMUnitTest tests[] = {
        TEST(flat_ids_by_name_and_by_option),
        TEST(flat_text),
        TEST(oracle_general),
        TEST(flat_files_that_are_refused),
        TEST(flat_sources_are_kept_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
