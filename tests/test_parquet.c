/* Parquet written and read back: every type, nulls, rows by the million; what goes wrong is said. */
#include "pipeline/core/array.h"
#include "pipeline/parquet/parquet_arrow.h"
#include "pipeline/parquet/parquet_read.h"
#include "pipeline/parquet/parquet_write.h"
#include "tests/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const lta_parquet_field fields[] = {{"u16", LTA_PARQUET_U16, true},  {"u32", LTA_PARQUET_U32, true},
                                           {"u64", LTA_PARQUET_U64, false}, {"i32", LTA_PARQUET_I32, true},
                                           {"i64", LTA_PARQUET_I64, true},  {"f64", LTA_PARQUET_F64, true},
                                           {"text", LTA_PARQUET_TEXT, true}};
enum { U16, U32, U64, I32, I64, F64, TEXT };

/* Which cells are null, and what the others hold, as functions of the row. */
static bool null_at(uint64_t row, unsigned column)
{
    return fields[column].nullable && (row * 7 + column * 3) % 11 == 0;
}

static uint64_t bits(uint64_t row, unsigned column)
{
    uint64_t x = (row + 1) * 0x9E3779B97F4A7C15u + column;
    return (x ^ x >> 29) * 0xBF58476D1CE4E5B9u;
}

static size_t text_of(uint64_t row, char *out, size_t size)
{
    return (size_t)snprintf(out, size, "%.*s%llu", (int)(row % 5), "\xc3\xa9\xc3\xa9",
                            (unsigned long long)row);
}

static void put_row(lta_parquet_writer *w, uint64_t row)
{
    char text[64];
    for (unsigned c = 0; c < COUNT(fields); c++) {
        uint64_t b = bits(row, c);
        if (null_at(row, c))
            lta_parquet_put_null(w);
        else if (c == TEXT)
            lta_parquet_put_text(w, text, text_of(row - row % 5, text, sizeof text));
        else if (c == F64)
            lta_parquet_put_f64(w, (double)(int64_t)b / 3);
        else if (c == I32 || c == I64)
            lta_parquet_put_int(w, c == I32 ? (int32_t)b : (int64_t)b);
        else
            lta_parquet_put_uint(w, c == U16 ? (uint16_t)b : c == U32 ? (uint32_t)b : b);
    }
    assert_int_equal(lta_parquet_end_row(w), LTA_OK);
}

/* A file in memory of n rows. */
static lta_mapping write_rows(uint64_t n)
{
    char *data = NULL;
    size_t size = 0;
    lta_parquet_writer *w = NULL;
    FILE *f = open_memstream(&data, &size);
    assert_non_null(f);
    if (lta_parquet_create("made.parquet", f, fields, COUNT(fields), &w) != LTA_OK)
        fail_msg("%s", lta_error_detail());
    for (uint64_t r = 0; r < n; r++)
        put_row(w, r);
    assert_int_equal(lta_parquet_finish(w), LTA_OK);
    lta_parquet_writer_close(w);
    assert_int_equal(fclose(f), 0);
    return (lta_mapping){.data = data, .size = size};
}

static void check_cell(const lta_arrow_column *column, uint64_t i, uint64_t row, unsigned c)
{
    uint64_t b = bits(row, c), u;
    int64_t v;
    char text[64];
    assert_int_equal(lta_arrow_is_null(column, i), null_at(row, c));
    if (null_at(row, c))
        return;
    if (c == TEXT) {
        size_t length, want = text_of(row - row % 5, text, sizeof text);
        const char *got = lta_arrow_text(column, i, &length);
        assert_int_equal(length, want);
        assert_memory_equal(got, text, want);
    } else if (c == F64) {
        assert_true(lta_arrow_f64(column, i) == (double)(int64_t)b / 3);
    } else if (c == I32 || c == I64) {
        assert_true(lta_arrow_i64(column, i, &v));
        assert_int_equal(v, c == I32 ? (int32_t)b : (int64_t)b);
        assert_int_equal(lta_arrow_u64(column, i, &u), v >= 0);
    } else {
        assert_true(lta_arrow_u64(column, i, &u));
        assert_int_equal(u, c == U16 ? (uint16_t)b : c == U32 ? (uint32_t)b : b);
    }
}

static void round_trip(void **state)
{
    static const char *const backwards[] = {"text", "f64", "i64", "i32", "u64", "u32", "u16", "absent"};
    static const uint64_t sizes[] = {0, 1, 8, 9, 40000, (1 << 20) + 100}; /* the last: two row groups */
    (void)state;
    for (size_t k = 0; k < COUNT(sizes); k++) {
        lta_mapping m = write_rows(sizes[k]);
        lta_parquet *p = NULL;
        assert_true(lta_is_parquet(&m));
        assert_int_equal(lta_parquet_open("made.parquet", &m, &p), LTA_OK);
        assert_int_equal(lta_parquet_rows(p), sizes[k]);
        assert_int_equal(lta_parquet_names(p)->n, COUNT(fields));
        for (int again = 0; again < 2; again++) { /* select starts over */
            uint64_t n, row = 0;
            assert_int_equal(lta_parquet_select(p, backwards, COUNT(backwards), COUNT(fields)), LTA_OK);
            assert_false(lta_parquet_has(p, COUNT(fields)));
            do {
                assert_int_equal(lta_parquet_next(p, &n), LTA_OK);
                const lta_arrow_column *columns = lta_parquet_columns(p);
                for (uint64_t i = 0; i < n; i++, row++) {
                    for (unsigned c = 0; c < COUNT(fields); c++)
                        check_cell(&columns[c], i, row, (unsigned)COUNT(fields) - 1 - c);
                    assert_true(lta_arrow_is_null(&columns[COUNT(fields)], i));
                }
            } while (n > 0 && !(again == 0 && row > 10000));
            if (again == 1)
                assert_int_equal(row, sizes[k]);
        }
        lta_parquet_close(p);
        free((void *)(uintptr_t)m.data);
    }
}

static void same_rows_same_bytes(void **state)
{
    (void)state;
    lta_mapping a = write_rows(5000), b = write_rows(5000);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    free((void *)(uintptr_t)a.data);
    free((void *)(uintptr_t)b.data);
}

static void missing_columns(void **state)
{
    static const char *const wanted[] = {"u16", "other"};
    (void)state;
    lta_mapping m = write_rows(3);
    lta_parquet *p = NULL;
    assert_int_equal(lta_parquet_open("made.parquet", &m, &p), LTA_OK);
    assert_int_equal(lta_parquet_select(p, wanted, 2, 2), LTA_ERR_FORMAT);
    assert_string_equal(lta_error_detail(),
                        "made.parquet: has no column other, expected one; its columns are "
                        "u16, u32, u64, i32, i64, f64, text");
    lta_parquet_close(p);
    free((void *)(uintptr_t)m.data);
}

/* Every beginning of a file, and every byte of its footer changed, is read or refused, never anything else.
 */
static void damaged_files(void **state)
{
    (void)state;
    lta_mapping m = write_rows(20);
    char *copy = test_bytes(m.size);
    assert_non_null(copy);
    for (size_t k = 0; k < 2 * m.size; k++) {
        size_t size = k < m.size ? k : m.size;
        memcpy(copy, m.data, m.size);
        if (k >= m.size)
            copy[k - m.size] = (char)(copy[k - m.size] ^ 0x55);
        lta_mapping damaged = {.data = copy, .size = size};
        lta_parquet *p = NULL;
        uint64_t n = 1;
        lta_status st = lta_parquet_open("damaged.parquet", &damaged, &p);
        if (st == LTA_OK)
            st = lta_parquet_select(p, (const char *const[]){"u64", "text"}, 2, 1);
        while (st == LTA_OK && n > 0)
            st = lta_parquet_next(p, &n);
        assert_true(st == LTA_OK || st == LTA_ERR_FORMAT || st == LTA_ERR_NOMEM);
        assert_true(k >= m.size || st == LTA_ERR_FORMAT);
        lta_parquet_close(p);
    }
    lta_free(copy);
    free((void *)(uintptr_t)m.data);
}

static void full_disk(void **state)
{
    (void)state;
    lta_parquet_writer *w = NULL;
    FILE *f = fopen("/dev/full", "w");
    if (!f)
        skip();
    setvbuf(f, NULL, _IONBF, 0);
    lta_status st = lta_parquet_create("/dev/full", f, fields, COUNT(fields), &w);
    if (st == LTA_OK) {
        put_row(w, 0);
        st = lta_parquet_finish(w);
    }
    assert_int_equal(st, LTA_ERR_SPACE);
    assert_non_null(strstr(lta_error_detail(), "/dev/full: could not be written"));
    lta_parquet_writer_close(w);
    fclose(f);
}

static void instants(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        int64_t value, us;
    } cases[] = {{"tss:", -2, -2000000}, {"tsm:UTC", 1500, 1500000}, {"tsu:UTC", 7, 7},
                 {"tsn:", 1500, 2},      {"tsn:", 2500, 2},          {"tsn:", 2501, 3},
                 {"tsn:UTC", -1500, -2}, {"tsn:UTC", -500, 0},       {"tsn:UTC", -501, -1}};
    for (size_t k = 0; k < COUNT(cases); k++) {
        const void *buffers[] = {NULL, &cases[k].value};
        struct ArrowArray child = {.length = 1, .n_buffers = 2, .buffers = buffers}, *children[] = {&child};
        struct ArrowSchema of = {.format = cases[k].format, .name = "t"}, *ofs[] = {&of};
        struct ArrowArray all = {.length = 1, .n_children = 1, .children = children};
        struct ArrowSchema schema = {.format = "+s", .n_children = 1, .children = ofs};
        lta_arrow_column c = lta_arrow_child(&schema, &all, 0);
        int64_t us;
        assert_int_equal(c.kind, LTA_ARROW_TIME);
        assert_true(lta_arrow_time_us(&c, 0, &us));
        assert_int_equal(us, cases[k].us);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instants),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(same_rows_same_bytes),
        cmocka_unit_test(missing_columns),
        cmocka_unit_test(damaged_files),
        cmocka_unit_test(full_disk),
    };
    if (!lta_arrow_version()) {
        puts("skipped: this build is without Parquet");
        return getenv("CI") ? 1 : 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
