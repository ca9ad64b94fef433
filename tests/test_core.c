/* tests/test_core.c - pipeline/core: sizes, strings, files that appear all or nothing, digests, option
 * values. */
#include "pipeline/cli/cli.h"
#include "pipeline/core/array.h"
#include "pipeline/core/digest.h"
#include "pipeline/core/file.h"
#include "pipeline/core/strings.h"
#include "pipeline/core/utf8.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    uint64_t *p = NULL, capacity = 0;
    assert_int_equal(LTA_ALLOC(&p, UINT64_MAX / 4), LTA_ERR_NOMEM);
    assert_int_equal(LTA_CALLOC(&p, UINT64_MAX / 8 + 1), LTA_ERR_NOMEM);
    assert_int_equal(LTA_GROW(&p, &capacity, UINT64_MAX / 2), LTA_ERR_NOMEM);
    assert_null(p);
    assert_int_equal(capacity, 0);
    assert_int_equal(LTA_ALLOC(&p, 0), LTA_OK); /* nothing is something that can be freed */
    assert_non_null(p);
    lta_free(p);
}

static void arrays_keep_their_content_as_they_grow(void **state)
{
    (void)state;
    uint32_t *p = NULL;
    uint64_t capacity = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        assert_int_equal(LTA_GROW(&p, &capacity, (uint64_t)i + 1), LTA_OK);
        p[i] = i;
    }
    for (uint32_t i = 0; i < 10000; i++)
        assert_int_equal(p[i], i);
    lta_free(p);
}

static void system_errors_become_statuses(void **state)
{
    (void)state;
    assert_int_equal(lta_fail_errno(LTA_ERR_RUN, ENOSPC, "%s", "x"), LTA_ERR_SPACE);
    assert_int_equal(lta_fail_errno(LTA_ERR_RUN, EDQUOT, "%s", "x"), LTA_ERR_SPACE);
    assert_int_equal(lta_fail_errno(LTA_ERR_RUN, ENOMEM, "%s", "x"), LTA_ERR_NOMEM);
    assert_int_equal(lta_fail_errno(LTA_ERR_INPUT, ENOENT, "%s", "trace.jsonl"), LTA_ERR_INPUT);
    assert_string_equal(lta_error_detail(), "trace.jsonl: No such file or directory");
    static const int codes[] = {0, 1, 2, 3, 3, 3, 4, 4, 4, 4, 4, 5};
    for (int s = LTA_OK; s <= LTA_ERR_STOPPED; s++) {
        assert_int_equal(lta_status_exit_code((lta_status)s), codes[s]);
        assert_true(strlen(lta_status_text((lta_status)s)) > 0);
    }
}

static void dictionaries_number_by_first_appearance(void **state)
{
    (void)state;
    lta_dictionary d = {0};
    char text[16];
    uint64_t index;
    for (int round = 0; round < 2; round++)
        for (uint64_t i = 0; i < 5000; i++) {
            int n = snprintf(text, sizeof text, "%llu", (unsigned long long)(i * 7919 % 5000));
            assert_int_equal(lta_dictionary_intern(&d, text, (size_t)n, &index), LTA_OK);
            assert_int_equal(index, i);
        }
    assert_int_equal(lta_dictionary_intern(&d, "", 0, &index), LTA_OK); /* an empty text is a text */
    assert_int_equal(index, 5000);
    assert_int_equal(d.strings.n, 5001);
    assert_string_equal(lta_strings_get(&d.strings, 1), "2919");
    assert_int_equal(lta_strings_length(&d.strings, 1), 4);
    lta_dictionary_free(&d);
}

static void utf8_is_told_from_other_bytes(void **state)
{
    (void)state;
    static const char *const good[] = {"", "a", "\u00e9", "\u20ac", "\U0001f600", "a\u00e9b\U0010ffff"};
    static const char *const bad[] = {"\x80", "\xc1\x81", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\xf8", "\xc3",     "ok\xe2\x82"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(lta_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(lta_is_utf8(bad[i], strlen(bad[i])));
}

static void folders_are_made_with_their_parents(const char *dir)
{
    static const char *const part[] = {"a//b/c/", "a/b/c", "a/b", "a"}, *const link = "nowhere";
    char path[4][128], bad[128];
    bool exists;
    for (size_t i = 0; i < 4; i++)
        snprintf(path[i], sizeof path[i], "%s/%s", dir, part[i]);
    for (int made = 0; made < 2; made++) {
        assert_int_equal(lta_check_folders(path[0], &exists), LTA_OK);
        assert_int_equal(exists, made);
        assert_int_equal(lta_file_exists(path[3]), made); /* checking makes nothing */
        assert_int_equal(lta_make_folders(path[0]), LTA_OK);
        assert_true(lta_file_exists(path[1]));
    }
    for (size_t i = 1; i < 4; i++)
        assert_int_equal(rmdir(path[i]), 0);
    assert_int_equal(lta_check_folders("relative/below", &exists), LTA_OK);
    assert_false(exists);
    assert_int_equal(lta_check_folders("", &exists), LTA_ERR_USAGE);
    snprintf(bad, sizeof bad, "%s/%s", dir, link);
    assert_int_equal(symlink("/nowhere/at/all", bad), 0);
    assert_int_equal(lta_check_folders(bad, &exists), LTA_ERR_USAGE);
    strcat(bad, "/below");
    assert_int_equal(lta_check_folders(bad, &exists), LTA_ERR_USAGE);
    assert_non_null(strstr(lta_error_detail(), "nowhere is not one"));
    assert_int_equal(lta_make_folders(bad), LTA_ERR_USAGE);
    *strrchr(bad, '/') = '\0';
    unlink(bad);
}

static void text_files_appear_all_or_nothing(void **state)
{
    (void)state;
    char dir[] = "/tmp/lta_core_XXXXXX", path[64], partial[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/out.csv", dir);
    snprintf(partial, sizeof partial, "%s/.out.csv.partial", dir);
    lta_text_file f = {0};
    assert_int_equal(lta_text_create(path, &f), LTA_OK);
    fputs("half", f.stream);
    assert_false(lta_file_exists(path));
    lta_text_close(&f); /* not committed: gone */
    assert_false(lta_file_exists(path));
    assert_false(lta_file_exists(partial));

    assert_int_equal(lta_text_create(path, &f), LTA_OK);
    fputs("whole", f.stream);
    assert_int_equal(lta_text_commit(&f), LTA_OK);
    lta_text_close(&f);
    assert_false(lta_file_exists(partial));
    lta_mapping m;
    assert_int_equal(lta_map_file(path, &m), LTA_OK);
    assert_int_equal(m.size, 5);
    assert_memory_equal(m.data, "whole", 5);
    lta_unmap_file(&m);

    assert_int_equal(lta_map_file(dir, &m), LTA_ERR_INPUT);
    assert_non_null(strstr(lta_error_detail(), "is a directory"));
    assert_int_equal(lta_make_folder(dir), LTA_OK);
    assert_int_equal(lta_make_folder(path), LTA_ERR_USAGE);
    unlink(path);
    folders_are_made_with_their_parents(dir);
    assert_int_equal(lta_map_file(path, &m), LTA_ERR_INPUT);
    rmdir(dir);
    assert_int_equal(lta_text_create(path, &f), LTA_ERR_RUN);
}

static void digests_have_their_published_values(void **state)
{
    (void)state;
    uint8_t raw[LTA_SHA256_BYTES];
    char hex[LTA_SHA256_HEX], xxh[LTA_XXH3_HEX];
    assert_int_equal(lta_sha256("abc", 3, raw), LTA_OK); /* FIPS 180-2, appendix B.1 */
    lta_hex(raw, sizeof raw, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    lta_xxh3_128_hex("", 0, xxh); /* the hash of nothing, as xxhsum -H2 prints it */
    assert_string_equal(xxh, "99aa06d3014798d86001c324468d497f");
}

static void option_values_are_checked(void **state)
{
    (void)state;
    uint64_t v, *list = NULL, n;
    double x;
    assert_int_equal(lta_parse_u64("n", "18446744073709551615", 0, UINT64_MAX, &v), LTA_OK);
    assert_true(v == UINT64_MAX);
    static const char *const bad[] = {"",     "-1", "+1", " 1", "1 ", "1x", "18446744073709551616",
                                      "0x10", "1e3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(lta_parse_u64("n", bad[i], 0, UINT64_MAX, &v), LTA_ERR_USAGE);
    assert_int_equal(lta_parse_u64("n", "7", 8, 9, &v), LTA_ERR_USAGE);
    assert_string_equal(lta_error_detail(), "--n 7: expected a whole number from 8 to 9");

    static const struct {
        const char *text;
        uint64_t value;
    } sizes[] = {
        {"0", 0},           {"10", 10},          {"4k", 4000},     {"4K", 4000},         {"2Ki", 2048},
        {"1G", 1000000000}, {"1GB", 1000000000}, {"3Mi", 3145728}, {"1T", 1000000000000}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(lta_parse_size("size", sizes[i].text, &v), LTA_OK);
        assert_true(v == sizes[i].value);
    }
    static const char *const no_sizes[] = {"", "G", "-1G", "1X", "1Gx", "99999999999T", "1.5G"};
    for (size_t i = 0; i < sizeof no_sizes / sizeof *no_sizes; i++)
        assert_int_equal(lta_parse_size("size", no_sizes[i], &v), LTA_ERR_USAGE);

    assert_int_equal(lta_parse_f64("share", "0.25", 0, 1, &x), LTA_OK);
    assert_true(x == 0.25);
    assert_int_equal(lta_parse_f64("share", "nan", 0, 1, &x), LTA_ERR_USAGE);
    assert_int_equal(lta_parse_f64("share", "1.5", 0, 1, &x), LTA_ERR_USAGE);

    assert_int_equal(lta_parse_u64_list("block", "16,1,16", 1, 100, &list, &n), LTA_OK);
    assert_int_equal(n, 3);
    assert_true(list[0] == 16 && list[1] == 1 && list[2] == 16);
    static const char *const no_lists[] = {"", ",", "1,", ",1", "1,,2", "0", "1,101", "1;2"};
    for (size_t i = 0; i < sizeof no_lists / sizeof *no_lists; i++)
        assert_int_equal(lta_parse_u64_list("block", no_lists[i], 1, 100, &list, &n), LTA_ERR_USAGE);
    assert_int_equal(n, 3);
    lta_free(list);
}

static void log_lines_are_json_on_request(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    lta_log log;
    lta_log_init(&log, f, LTA_LOG_INFO, true);
    lta_log_line(&log, LTA_LOG_INFO, "import", "%d \"rows\"", 3);
    lta_log_line(&log, LTA_LOG_DEBUG, "import", "hidden");
    log.json = false;
    lta_log_line(&log, LTA_LOG_WARN, "import", "careful");
    fclose(f);
    assert_string_equal(text, "{\"level\":\"info\",\"stage\":\"import\",\"message\":\"3 \\\"rows\\\"\"}\n"
                              "lta import: warning: careful\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(arrays_keep_their_content_as_they_grow),
        cmocka_unit_test(system_errors_become_statuses),
        cmocka_unit_test(dictionaries_number_by_first_appearance),
        cmocka_unit_test(utf8_is_told_from_other_bytes),
        cmocka_unit_test(text_files_appear_all_or_nothing),
        cmocka_unit_test(digests_have_their_published_values),
        cmocka_unit_test(option_values_are_checked),
        cmocka_unit_test(log_lines_are_json_on_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
