/* tests/test_inputs.c - compressed files and standard input give the trace of the plain file. */
#include "pipeline/core/array.h"
#include "tests/import_case.h"
#include "tests/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { ROOM = 1 << 16 };

static size_t gzip_text(const char *text, size_t n, char *out)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)(uintptr_t)text;
    z.avail_in = (uInt)n;
    z.next_out = (unsigned char *)out;
    z.avail_out = ROOM;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t size = z.total_out;
    deflateEnd(&z);
    return size;
}

static size_t zstd_text(const char *text, size_t n, char *out)
{
    size_t size = ZSTD_compress(out, ROOM, text, n, 3);
    assert_false(ZSTD_isError(size));
    return size;
}

typedef size_t compressor(const char *text, size_t n, char *out);
static const struct {
    const char *ending, *name;
    compressor *compress;
} compressors[] = {{".gz", "gzip", gzip_text}, {".zst", "zstd", zstd_text}};

static void assert_mooncake(import_case *c, const char *file)
{
    const char *const names[] = {file, NULL};
    lta_trace t;
    if (case_import(c, &t, names) != LTA_OK)
        fail_msg("%s: %s", file, lta_error_detail());
    assert_int_equal(t.n, 3);
    assert_symbols(&t, 2, "0 2 4 5");
    assert_string_equal(t.name, "conversation_trace");
    assert_string_equal(lta_strings_get(&t.sources.file, 0), file);
    assert_string_equal(lta_strings_get(&t.kinds, t.kind[0]), "conversation"); /* known without the ending */
    lta_trace_free(&t);
}

static void compressed_files(void **state)
{
    import_case *c = *state;
    char packed[ROOM], file[64];
    size_t half = strlen(MOONCAKE_1) + 20;
    for (size_t i = 0; i < COUNT(compressors); i++) {
        snprintf(file, sizeof file, "conversation_trace.jsonl%s", compressors[i].ending);
        size_t n = compressors[i].compress(MOONCAKE, strlen(MOONCAKE), packed);
        case_write_bytes(c, file, packed, n);
        assert_mooncake(c, file);
        /* several streams, one after the other, cut in the middle of a row */
        n = compressors[i].compress(MOONCAKE, half, packed);
        n += compressors[i].compress(&MOONCAKE[half], strlen(MOONCAKE) - half, packed + n);
        case_write_bytes(c, file, packed, n);
        assert_mooncake(c, file);
        /* a name that says compressed on a file that is not */
        case_write(c, file, MOONCAKE);
        assert_mooncake(c, file);
    }
    size_t n = gzip_text(MOONCAKE, strlen(MOONCAKE), packed);
    memset(packed + n, 0, 512); /* as tapes and some tools leave it */
    case_write_bytes(c, "conversation_trace.jsonl.gz", packed, n + 512);
    assert_mooncake(c, "conversation_trace.jsonl.gz");
}

/* Cut at every byte, and with every byte changed: a trace or a refusal that names the file. */
static void damaged_compressed_files(void **state)
{
    import_case *c = *state;
    char packed[ROOM], file[64];
    c->log.level = LTA_LOG_ERROR;
    c->options.block_tokens = 512;
    for (size_t i = 0; i < COUNT(compressors); i++) {
        size_t n = compressors[i].compress(MOONCAKE, strlen(MOONCAKE), packed);
        snprintf(file, sizeof file, "x.jsonl%s", compressors[i].ending);
        const char *const names[] = {file, NULL};
        for (size_t k = 0; k < n; k++)
            for (int change = 0; change < 2; change++) {
                lta_trace t;
                packed[k] = (char)(packed[k] ^ (change ? 0x55 : 0));
                case_write_bytes(c, file, packed, change ? n : k);
                lta_status st = case_import(c, &t, names);
                packed[k] = (char)(packed[k] ^ (change ? 0x55 : 0));
                if (st == LTA_OK)
                    lta_trace_free(&t);
                else if (st != LTA_ERR_FORMAT || !strstr(lta_error_detail(), file))
                    fail_msg("%s byte %zu: status %d, %s", file, k, st, lta_error_detail());
            }
        case_refuse_bytes(c, file, packed, n - 5, LTA_ERR_FORMAT, "cut off?");
        n = compressors[i].compress("", 0, packed);
        case_refuse_bytes(c, file, packed, n, LTA_ERR_FORMAT, "is empty");
    }
    size_t n = gzip_text(MOONCAKE, strlen(MOONCAKE), packed);
    memcpy(packed + n, "junk", 4);
    case_refuse_bytes(c, "x.jsonl.gz", packed, n + 4, LTA_ERR_FORMAT, "damaged gzip data");
}

/* A file larger than the buffer, with the first line cut by it. */
static void large_compressed_file(void **state)
{
    import_case *c = *state;
    enum { IDS = 700000 };
    char *text = test_bytes(IDS * 3 + 200), *packed = test_bytes(ROOM);
    lta_trace t;
    assert_true(text && packed);
    int n =
        sprintf(text, "{\"timestamp\": 0, \"input_length\": %d, \"output_length\": 1, \"hash_ids\": [", IDS);
    for (int i = 0; i < IDS; i++)
        n += sprintf(text + n, i ? ", %d" : "%d", i % 7);
    n += sprintf(text + n, "]}\n");
    size_t size = zstd_text(text, (size_t)n, packed);
    case_write_bytes(c, "x.jsonl.zst", packed, size);
    c->options.block_tokens = 1;
    assert_int_equal(case_import(c, &t, (const char *const[]){"x.jsonl.zst", NULL}), LTA_OK);
    assert_int_equal(t.sequences.full_length[0], IDS);
    lta_trace_free(&t);
    lta_free(text);
    lta_free(packed);
}

static void standard_input(void **state)
{
    import_case *c = *state;
    char packed[ROOM], minus[] = "-", *files[] = {minus, minus};
    int kept = dup(STDIN_FILENO);
    assert_true(kept >= 0);
    c->options.block_tokens = 512;
    for (int round = 0; round < 3; round++) {
        int pipe_ends[2];
        lta_trace t;
        size_t n = strlen(MOONCAKE);
        if (round < 2)
            n = compressors[round].compress(MOONCAKE, n, packed);
        assert_int_equal(pipe(pipe_ends), 0);
        assert_int_equal(write(pipe_ends[1], round < 2 ? packed : MOONCAKE, n), n);
        close(pipe_ends[1]);
        assert_int_equal(dup2(pipe_ends[0], STDIN_FILENO), STDIN_FILENO);
        close(pipe_ends[0]);
        if (lta_import_to_memory(&c->run, &c->options, 1, files, &t) != LTA_OK)
            fail_msg("%s", lta_error_detail());
        assert_int_equal(t.n, 3);
        assert_string_equal(t.name, "stdin");
        assert_string_equal(lta_strings_get(&t.sources.file, 0), "stdin");
        lta_trace_free(&t);
        /* at its end now */
        assert_int_equal(lta_import_to_memory(&c->run, &c->options, 1, files, &t), LTA_ERR_FORMAT);
        assert_non_null(strstr(lta_error_detail(), "stdin: is empty"));
        assert_int_equal(lta_import_to_memory(&c->run, &c->options, 2, files, &t), LTA_ERR_FORMAT);
    }
    assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
    close(kept);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, import_case_setup, import_case_teardown)
    const struct CMUnitTest tests[] = {
        TEST(compressed_files),
        TEST(damaged_compressed_files),
        TEST(large_compressed_file),
        TEST(standard_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
