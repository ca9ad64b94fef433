/* tests/store_sample.c - see store_sample.h. */
#include "tests/store_sample.h"

#include "pipeline/core/array.h"
#include "tests/memory.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

lta_run sample_run(int threads)
{
    static lta_log silent;
    lta_log_init(&silent, stderr, LTA_LOG_ERROR, false);
    return (lta_run){.log = &silent, .threads = threads};
}

char *sample_folder(void)
{
    char *path = test_text("store_test_XXXXXX");
    assert_non_null(path);
    assert_non_null(mkdtemp(path));
    return path;
}

static void ok(lta_status st)
{
    if (st != LTA_OK)
        fail_msg("%s", lta_error_detail());
}

static void add_texts(lta_strings *s)
{
    static const char *const texts[] = {
        "", "plain", "größer", "日本語", "a\"quoted\", text", "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ok(lta_strings_add_text(s, texts[i]));
}

void sample_write(const char *dir, const char *name, int threads, uint64_t rows)
{
    lta_run run = sample_run(threads);
    lta_writer *w;
    uint16_t *a = test_alloc(rows, sizeof *a);
    uint32_t *b = test_alloc(rows, sizeof *b);
    uint64_t *c = test_alloc(rows, sizeof *c);
    int64_t *d = test_alloc(rows, sizeof *d);
    double *e = test_alloc(rows, sizeof *e);
    lta_strings texts = {0}, none = {0}, blank = {0};
    uint64_t x = 88172645463325252u; /* xorshift: half of the values are not compressible */
    assert_true(a && b && c && d && e);
    for (uint64_t i = 0; i < rows; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        a[i] = (uint16_t)x;
        b[i] = (uint32_t)i * 3;
        c[i] = x;
        d[i] = (int64_t)i - 5;
        e[i] = (double)i / 7;
    }
    e[0] = -0.0;
    e[1] = -NAN;
    e[2] = INFINITY;
    add_texts(&texts);
    ok(lta_strings_add_text(&blank, ""));
    char *large = test_bytes(100001);
    assert_non_null(large);
    memset(large, 'x', 100000);
    large[100000] = '\0';

    ok(lta_writer_create(&run, dir, name, "trace", &w));
    ok(lta_writer_attribute_text(w, "/", "name", "sample"));
    ok(lta_writer_attribute_u64(w, "/", "block_tokens", 512));
    ok(lta_writer_attribute_text(w, "/", "empty", ""));
    if (rows > 1000)
        ok(lta_writer_attribute_text(w, "/", "large", large));
    ok(lta_writer_column(w, "/requests/u16", LTA_U16, a, rows, "1", "sixteen bits"));
    ok(lta_writer_column(w, "/requests/u32", LTA_U32, b, rows, "tokens", "thirty-two bits"));
    ok(lta_writer_column(w, "/requests/deep/er/u64", LTA_U64, c, rows, "symbols", "sixty-four bits"));
    ok(lta_writer_column(w, "/requests/i64", LTA_I64, d, rows, "us", "signed"));
    ok(lta_writer_column(w, "/requests/f64", LTA_F64, e, rows, "s",
                         "binary floating point, with −0 and NaN"));
    ok(lta_writer_column(w, "/requests/none", LTA_U32, b, 0, "1", "no rows"));
    ok(lta_writer_strings(w, "/dictionary/texts", &texts, "texts"));
    ok(lta_writer_strings(w, "/dictionary/none", &none, "no texts"));
    ok(lta_writer_strings(w, "/dictionary/blank", &blank, "one empty text"));
    ok(lta_writer_attribute_u64(w, "/requests", "lookups", 7));
    ok(lta_writer_link(w, "/dictionary", "/other/dictionary"));
    ok(lta_writer_link(w, "/requests/u32", "/alias"));
    ok(lta_writer_commit(w, "{\"a\":1}", "{\"sample\":\"none\"}"));
    lta_writer_close(w);
    lta_strings_free(&texts);
    lta_strings_free(&blank);
    lta_free(large);
    lta_free(a);
    lta_free(b);
    lta_free(c);
    lta_free(d);
    lta_free(e);
}

static lta_status read_object(const lta_reader *r, const char *path, int depth)
{
    lta_status st = LTA_OK;
    lta_strings members = {0}, texts = {0};
    lta_type type;
    uint64_t n;
    char *unit = NULL, *description = NULL, child[512];
    void *data = NULL;
    if (depth > 6)
        return LTA_OK;
    if (lta_reader_members(r, path, &members) == LTA_OK) {
        for (uint64_t i = 0; i < members.n; i++) {
            int length =
                snprintf(child, sizeof child, "%s/%s", path[1] ? path : "", lta_strings_get(&members, i));
            if (length < 0 || (size_t)length >= sizeof child)
                continue;
            LTA_TRY(read_object(r, child, depth + 1));
        }
        goto done;
    }
    LTA_TRY(lta_reader_describe(r, path, &type, &n, &unit, &description));
    if (type == LTA_STR)
        LTA_TRY(lta_reader_strings(r, path, &texts));
    else
        LTA_TRY(lta_reader_column(r, path, type, &data, &n));
done:
    lta_free(data);
    lta_free(unit);
    lta_free(description);
    lta_strings_free(&texts);
    lta_strings_free(&members);
    return st;
}

lta_status sample_read_all(const lta_reader *r)
{
    return read_object(r, "/", 0);
}
