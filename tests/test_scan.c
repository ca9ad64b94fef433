/* tests/test_scan.c - the scanners below the importers: JSON, CSV, times, block sizes. Known answers and
 * known errors. */
#include "pipeline/core/array.h"
#include "pipeline/import/block_size.h"
#include "pipeline/import/csv_scan.h"
#include "pipeline/import/json_scan.h"
#include "pipeline/import/time_parse.h"
#include "tests/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- JSON ---- */

typedef lta_status scan_function(lta_json *j);

/* Scans text, which is copied so that a sanitizer sees every byte read beyond it; returns the status. */
static lta_status scan(const char *text, size_t length, scan_function *f, lta_place *place)
{
    lta_json j;
    char *copy = test_bytes(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    *place = (lta_place){.file = "x", .line = 7};
    assert_int_equal(lta_json_init(&j, place), LTA_OK);
    lta_json_begin(&j, copy, length);
    lta_status st = f(&j);
    if (st == LTA_OK)
        st = lta_json_end(&j);
    lta_json_free(&j);
    lta_free(copy);
    return st;
}

static lta_u64s numbers;

static lta_status scan_array(lta_json *j)
{
    numbers.n = 0;
    return lta_json_u64_array(j, &numbers);
}

static void arrays_of_integers(void **state)
{
    (void)state;
    lta_place place;
    static const char *const good[] = {
        "[]",
        "[ ]",
        "[0]",
        "[1, 22, 333, 4444, 55555, 666666, 7777777, 88888888, 999999999, 0, 1234567890123]",
        "[1,22,333,4444,55555,666666,7777777,88888888,999999999,0,1234567890123]",
        "[ 1 ,\t22 , 333,  4444 ]",
        "[18446744073709551615, 4294967295, 4294967296]"};
    for (size_t i = 0; i < COUNT(good); i++)
        assert_int_equal(scan(good[i], strlen(good[i]), scan_array, &place), LTA_OK);
    assert_int_equal(numbers.n, 3);
    assert_true(numbers.item[0] == UINT64_MAX && numbers.item[1] == UINT32_MAX);
    for (size_t i = 3; i < 5; i++) {
        static const uint64_t want[] = {1,       22,       333,       4444, 55555,        666666,
                                        7777777, 88888888, 999999999, 0,    1234567890123};
        assert_int_equal(scan(good[i], strlen(good[i]), scan_array, &place), LTA_OK);
        assert_int_equal(numbers.n, COUNT(want));
        assert_memory_equal(numbers.item, want, sizeof want);
    }
    static const char *const bad[] = {
        "",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2, 3, 4, 5, 6, 7]",
        "[-1]",
        "[1.0]",
        "[1e3]",
        "[01]",
        "[1, 02, 3, 4, 5, 6]",
        "[18446744073709551616]",
        "[1]]",
        "[1, \"2\"]",
        "[null]",
        "{}",
        "[1, [2]]",
        "[1,, 2, 3, 4, 5]",
        "[1, 2, 3a, 4, 5, 6]",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (scan(bad[i], strlen(bad[i]), scan_array, &place) != LTA_ERR_FORMAT)
            fail_msg("%s was accepted", bad[i]);
        assert_non_null(place.reason);
        assert_memory_equal(lta_error_detail(), "x:7: ", 5);
    }
    /* the same numbers whatever stands between them, at every distance from the end of the text */
    for (unsigned n = 0; n < 40; n++) {
        char text[600];
        size_t length = 0;
        text[length++] = '[';
        for (unsigned i = 0; i <= n; i++)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%u",
                                       i == 0  ? ""
                                       : i % 3 ? ", "
                                               : ",",
                                       i * i * i * 37);
        text[length++] = ']';
        assert_int_equal(scan(text, length, scan_array, &place), LTA_OK);
        assert_int_equal(numbers.n, n + 1);
        for (unsigned i = 0; i <= n; i++)
            assert_int_equal(numbers.item[i], i * i * i * 37);
        for (size_t cut = 0; cut < length; cut++)
            assert_int_equal(scan(text, cut, scan_array, &place), LTA_ERR_FORMAT);
    }
    lta_u64s_free(&numbers);
}

static double real;

static lta_status scan_real(lta_json *j)
{
    return lta_json_f64(j, &real);
}

static void reals_are_the_nearest_double(void **state)
{
    (void)state;
    lta_place place;
    static const struct {
        const char *text;
        double want;
    } good[] = {
        {"0", 0},
        {"-0.0", -0.0},
        {"5.333333333333333", 0x1.5555555555555p+2},
        {"0.1", 0x1.999999999999ap-4},
        {"9007199254740993", 0x1p53}, /* a tie goes to the even neighbour */
        {"9007199254740995", 0x1.0000000000002p53},
        {"1e-400", 0},
        {"2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
        {"1.7976931348623157e308", 0x1.fffffffffffffp1023},
        {"10000000000000000000000000000000000000000e-40", 1},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_int_equal(scan(good[i].text, strlen(good[i].text), scan_real, &place), LTA_OK);
        if (memcmp(&real, &good[i].want, sizeof real) != 0)
            fail_msg("%s gives %a", good[i].text, real);
    }
    static const char *const bad[] = {"",    "-",   ".5",    "1.",     "1e",  "1e+",   "01", "+1", "0x10",
                                      "inf", "nan", "1e999", "-1e999", "1 2", "\"1\"", "1f", "1,5"};
    for (size_t i = 0; i < COUNT(bad); i++)
        if (scan(bad[i], strlen(bad[i]), scan_real, &place) != LTA_ERR_FORMAT)
            fail_msg("%s was accepted", bad[i]);
}

static lta_status scan_any(lta_json *j)
{
    return lta_json_skip(j);
}

static void values_are_checked_when_skipped(void **state)
{
    (void)state;
    lta_place place;
    char deep[200];
    static const char *const good[] = {
        "null",
        " true ",
        "[false, {\"a\": [], \"b\": {}, \"\": [[1], [2, {\"c\": -1.5e+3}]]}, \"x\"]",
        "\"\\u00e9\\ud83d\\ude00 \\\"\\\\\\/\\b\\f\\n\\r\\t \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"",
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        if (scan(good[i], strlen(good[i]), scan_any, &place) != LTA_OK)
            fail_msg("%s: %s", good[i], lta_error_detail());
        for (size_t cut = 0; cut + 1 < strlen(good[i]); cut++)
            assert_int_equal(scan(good[i], cut, scan_any, &place), LTA_ERR_FORMAT);
    }
    static const char *const bad[] = {
        "nul",
        "nulll",
        "[1,]",
        "[,]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\":1 \"b\":2}",
        "[}",
        "{]",
        "\"a",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"\x01\"",
        "\"\xff\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        "\"\xf4\x90\x80\x80\"",
        "\"\xe2\x82\"",
        "'a'",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        if (scan(bad[i], strlen(bad[i]), scan_any, &place) != LTA_ERR_FORMAT)
            fail_msg("%s was accepted", bad[i]);
    assert_int_equal(scan("\"a\0b\"", 5, scan_any, &place), LTA_ERR_FORMAT);
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    assert_int_equal(scan(deep + 100 - 64, 128, scan_any, &place), LTA_OK);
    assert_int_equal(scan(deep + 100 - 65, 130, scan_any, &place), LTA_ERR_FORMAT);
    assert_non_null(strstr(lta_error_detail(), "64 deep"));
}

static lta_status scan_keys(lta_json *j)
{
    static const char *const want[] = {"plain", "a\"b", "t\xc3\xa9\xf0\x9f\x98\x80", ""};
    bool first;
    const char *key;
    size_t length;
    assert_int_equal(lta_json_object_begin(j, &first), LTA_OK);
    for (size_t i = 0; i < COUNT(want); i++) {
        assert_int_equal(lta_json_next_key(j, &first, &key, &length), LTA_OK);
        assert_int_equal(length, strlen(want[i]));
        assert_memory_equal(key, want[i], length);
        assert_int_equal(lta_json_skip(j), LTA_OK);
    }
    assert_int_equal(lta_json_next_key(j, &first, &key, &length), LTA_OK);
    assert_null(key);
    return LTA_OK;
}

static void keys_are_decoded(void **state)
{
    (void)state;
    lta_place place;
    static const char text[] = "{\"plain\":1 , \"a\\\"b\" : [2],\"\\u0074\\u00e9\\ud83d\\ude00\":3,\"\":{}}";
    assert_int_equal(scan(text, strlen(text), scan_keys, &place), LTA_OK);
}

/* ---- CSV ---- */

static void rows_of_csv(void **state)
{
    (void)state;
    static const char text[] =
        "a,\"b "
        "\"\"x\"\"\",c,\r\n1,\"2,\n2\",3\n\"\",,\"q\"\"\"\r\n4,5,6,\r\n7,8\n\"9,1,2\n3,\"4\"5,6\n\n1,2,3";
    static const struct {
        uint64_t line;
        const char *reason, *field[3];
    } want[] = {
        {2, NULL, {"1", "2,\n2", "3"}}, {4, NULL, {"", "", "q\""}},
        {5, NULL, {"4", "5", "6"}},     {6, "wrong number of fields", {NULL}},
        {7, "malformed CSV", {NULL}},   {8, "malformed CSV", {NULL}},
        {9, "empty line", {NULL}},      {10, NULL, {"1", "2", "3"}},
    };
    lta_place place = {.file = "x"};
    lta_csv_scan c;
    uint64_t column;
    bool more;
    size_t n;
    assert_int_equal(lta_csv_scan_open(&c, (lta_source_text){text, strlen(text)}, &place), LTA_OK);
    assert_int_equal(lta_csv_scan_column(&c, "b \"x\"", &column), LTA_OK);
    assert_int_equal(column, 1);
    assert_int_equal(lta_csv_scan_column(&c, "d", &column), LTA_ERR_FORMAT);
    assert_string_equal(lta_error_detail(),
                        "x:1: the header \"a,\"b \"\"x\"\"\",c,\" has no column d, expected one");
    for (size_t i = 0; i < COUNT(want); i++) {
        place.reason = NULL;
        lta_status st = lta_csv_scan_next(&c, &more);
        assert_int_equal(place.line, want[i].line);
        assert_int_equal(st, want[i].reason ? LTA_ERR_FORMAT : LTA_OK);
        if (want[i].reason) {
            assert_string_equal(place.reason, want[i].reason);
            continue;
        }
        for (uint64_t k = 0; k < 3; k++) {
            const char *field = lta_csv_scan_get(&c, k, &n);
            assert_int_equal(n, strlen(want[i].field[k]));
            assert_memory_equal(field, want[i].field[k], n);
        }
    }
    assert_int_equal(lta_csv_scan_next(&c, &more), LTA_OK);
    assert_false(more);
    lta_csv_scan_close(&c);
}

/* ---- times ---- */

static void timestamps(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
        bool zone;
    } good[] = {
        {"1970-01-01 00:00:00", 0, false},
        {"2023-11-16 18:17:03.9799600", 1700158623979960, false},
        {"2024-05-12 00:00:00.001163+00:00", 1715472000001163, true},
        {"2024-05-12 00:00:00+00:00", 1715472000000000, true},
        {"2024-10-15T12:00:00.269Z", 1728993600269000, true},
        {"2024-02-29T23:59:59.9999995Z", 1709251200000000, true}, /* half, up to even */
        {"2024-02-29T23:59:59.9999985Z", 1709251199999998, true}, /* half, down to even */
        {"2024-02-29T23:59:59.999998501Z", 1709251199999999, true},
        {"2000-03-01 00:30:00+01:00", 951867000000000, true},
        {"2000-03-01 00:30:00-05:30", 951890400000000, true},
        {"1969-12-31T23:59:59.5Z", -500000, true},
        {"0000-01-01T00:00:00Z", -62167219200000000, true},
        {"9999-12-31T23:59:59.999999Z", 253402300799999999, true},
        {"1900-03-01 00:00:00", -2203891200000000, false},
    };
    int64_t us;
    bool zone;
    for (size_t i = 0; i < COUNT(good); i++) {
        if (!lta_parse_timestamp(good[i].text, strlen(good[i].text), &us, &zone) || us != good[i].us ||
            zone != good[i].zone)
            fail_msg("%s gives %lld", good[i].text, (long long)us);
        for (size_t cut = 0; cut < 19; cut++)
            assert_false(lta_parse_timestamp(good[i].text, cut, &us, &zone));
    }
    static const char *const bad[] = {
        "2023-02-29 00:00:00",   "2023-00-01 00:00:00",    "2023-13-01 00:00:00",
        "2023-01-32 00:00:00",   "2023-01-01 24:00:00",    "2023-01-01 00:60:00",
        "2023-01-01 00:00:60",   "2023-01-01 00:00:00.",   "2023-01-01 00:00:00.1234567890",
        "2023-01-01 00:00:00+1", "2023-01-01 00:00:00+01", "2023-01-01 00:00:00+0100",
        "2023-01-01 00:00:00Z ", "2023-01-01t00:00:00",    "2023-1-01 00:00:00",
        " 2023-01-01 00:00:00",  "1900-02-29 00:00:00",    "2023-01-01 00:00:00+01:60",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        if (lta_parse_timestamp(bad[i], strlen(bad[i]), &us, &zone))
            fail_msg("%s was accepted", bad[i]);
}

static void decimal_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int digits;
        int64_t us;
    } good[] = {
        {"0", 6, 0},
        {"12", 3, 12000},
        {"2999.5", 3, 2999500},
        {"0.0005", 3, 0}, /* half to even */
        {"0.0015", 3, 2},
        {"0.0025", 3, 2},
        {"0.00250000000000000000001", 3, 3},
        {"1e3", 6, 1000000000},
        {"1.5E-3", 6, 1500},
        {"-1.5", 6, -1500000},
        {"0.00000049", 6, 0},
        {"0.0000005", 6, 0},
        {"0.00000051", 6, 1},
        {"0.9999995", 6, 1000000},
        {"5e-8", 6, 0},
        {"0e999999999999999999999999", 6, 0},
        {"1e-999999999999999999999999", 6, 0},
        {"9223372036854775807e-6", 6, INT64_MAX},
        {"000", 6, 0},
        {"0.000000000000000000000000000001e30", 6, 1000000},
    };
    int64_t us;
    for (size_t i = 0; i < COUNT(good); i++)
        if (!lta_parse_decimal_time(good[i].text, strlen(good[i].text), good[i].digits, &us) ||
            us != good[i].us)
            fail_msg("%s gives %lld", good[i].text, (long long)us);
    static const char *const bad[] = {"",
                                      "-",
                                      ".5",
                                      "5.",
                                      "1e",
                                      "1e+",
                                      "1x",
                                      "9223372036854775808e-6",
                                      "1e999999999999999999999",
                                      "18446744073709551616",
                                      "1e14",
                                      "--1",
                                      "1 "};
    for (size_t i = 0; i < COUNT(bad); i++)
        if (lta_parse_decimal_time(bad[i], strlen(bad[i]), 6, &us))
            fail_msg("%s was accepted", bad[i]);
}

/* ---- block sizes ---- */

static void block_sizes_are_inferred(void **state)
{
    (void)state;
    /* all sizes and both rules, against trying every size */
    for (uint32_t size = 1; size <= 40; size++)
        for (int ceiling = 0; ceiling < 2; ceiling++) {
            lta_block_bounds b = lta_block_bounds_all();
            uint64_t fits = 0;
            uint32_t only = 0, got = 0;
            for (uint64_t input = 0; input < 200; input += 7)
                lta_block_bounds_add(&b, input + 1, input,
                                     ceiling ? (input + size - 1) / size : input / size);
            for (uint32_t t = 1; t <= 400; t++) {
                bool up = true, down = true;
                for (uint64_t input = 0; input < 200; input += 7) {
                    uint64_t n = ceiling ? (input + size - 1) / size : input / size;
                    up &= n == (input + t - 1) / t;
                    down &= n == input / t;
                }
                if (up || down) {
                    fits++;
                    only = t;
                }
            }
            lta_status st = lta_block_bounds_decide(&b, "x", &got);
            assert_int_equal(st, fits == 1 ? LTA_OK : LTA_ERR_FORMAT);
            if (fits == 1)
                assert_int_equal(got, only);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_of_integers),
        cmocka_unit_test(reals_are_the_nearest_double),
        cmocka_unit_test(values_are_checked_when_skipped),
        cmocka_unit_test(keys_are_decoded),
        cmocka_unit_test(rows_of_csv),
        cmocka_unit_test(timestamps),
        cmocka_unit_test(decimal_times),
        cmocka_unit_test(block_sizes_are_inferred),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
