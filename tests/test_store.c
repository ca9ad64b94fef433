/* tests/test_store.c - what is written is what is read; bytes and digests that don't depend on threads;
 * commits. */
#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/store/chunk_codec.h"
#include "tests/memory.h"
#include "tests/store_sample.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include <cmocka.h>

static void ok(lta_status st)
{
    if (st != LTA_OK)
        fail_msg("%s", lta_error_detail());
}

static char *file_in(const char *dir, const char *name)
{
    char *path = NULL;
    ok(lta_join_path(dir, name, &path));
    return path;
}

static void remove_folder(char *dir)
{
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    assert_int_equal(rmdir(dir), 0);
    lta_free(dir);
}

static uint64_t entries(const char *dir)
{
    DIR *d = opendir(dir);
    uint64_t n = 0;
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
    closedir(d);
    return n;
}

static lta_reader *open_sample(const char *dir, const char *name)
{
    lta_reader *r = NULL;
    char *path = file_in(dir, name);
    ok(lta_reader_open(path, "trace", &r));
    lta_free(path);
    return r;
}

static void check_column(const lta_reader *r, const char *path, lta_type type, uint64_t rows,
                         const char *expected_unit)
{
    lta_type found;
    uint64_t n;
    char *unit, *description;
    ok(lta_reader_describe(r, path, &found, &n, &unit, &description));
    assert_int_equal(found, type);
    assert_int_equal(n, rows);
    assert_string_equal(unit, expected_unit);
    assert_true(strlen(description) > 3);
    lta_free(unit);
    lta_free(description);
}

static void columns_come_back(void **state)
{
    (void)state;
    const uint64_t rows = 300000; /* several chunks, the last one partial */
    char *dir = sample_folder();
    sample_write(dir, "sample.h5", 2, rows);
    lta_reader *r = open_sample(dir, "sample.h5");
    uint64_t n, x = 88172645463325252u;
    uint16_t *a;
    uint32_t *b, *a_wide;
    uint64_t *c, *b_wide;
    int64_t *d;
    double *e;
    check_column(r, "/requests/u16", LTA_U16, rows, "1");
    check_column(r, "/requests/u32", LTA_U32, rows, "tokens");
    check_column(r, "/alias", LTA_U32, rows, "tokens");
    check_column(r, "/requests/none", LTA_U32, 0, "1");
    check_column(r, "/other/dictionary/texts", LTA_STR, 6, "1");
    ok(lta_reader_column(r, "/requests/u16", LTA_U16, (void **)&a, &n));
    ok(lta_reader_column(r, "/requests/u16", LTA_U32, (void **)&a_wide, &n));
    ok(lta_reader_column(r, "/requests/u32", LTA_U32, (void **)&b, &n));
    ok(lta_reader_column(r, "/alias", LTA_U64, (void **)&b_wide, &n));
    ok(lta_reader_column(r, "/requests/deep/er/u64", LTA_U64, (void **)&c, &n));
    ok(lta_reader_column(r, "/requests/i64", LTA_I64, (void **)&d, &n));
    ok(lta_reader_column(r, "/requests/f64", LTA_F64, (void **)&e, &n));
    assert_int_equal(n, rows);
    for (uint64_t i = 0; i < rows; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        bool same = a[i] == (uint16_t)x && a_wide[i] == a[i] && b[i] == (uint32_t)i * 3 &&
                    b_wide[i] == b[i] && c[i] == x && d[i] == (int64_t)i - 5;
        if (!same || (i > 2 && e[i] != (double)i / 7))
            fail_msg("row %llu differs", (unsigned long long)i);
    }
    assert_true(e[0] == 0 && signbit(e[0]) && isnan(e[1]) && isinf(e[2]));
    void *none = NULL;
    ok(lta_reader_column(r, "/requests/none", LTA_U32, &none, &n));
    assert_int_equal(n, 0);
    assert_non_null(none);
    void *untouched = &n;
    assert_int_equal(lta_reader_column(r, "/requests/u32", LTA_U16, &untouched, &n), LTA_ERR_FORMAT);
    assert_int_equal(lta_reader_column(r, "/requests/u32", LTA_I64, &untouched, &n), LTA_ERR_FORMAT);
    assert_int_equal(lta_reader_column(r, "/requests/absent", LTA_U32, &untouched, &n), LTA_ERR_FORMAT);
    assert_int_equal(lta_reader_column(r, "/requests", LTA_U32, &untouched, &n), LTA_ERR_FORMAT);
    assert_ptr_equal(untouched, &n);
    assert_non_null(strstr(lta_error_detail(), "sample.h5:/requests"));
    lta_free(a);
    lta_free(a_wide);
    lta_free(b);
    lta_free(b_wide);
    lta_free(c);
    lta_free(d);
    lta_free(e);
    lta_free(none);
    ok(lta_reader_check_digest(r));
    lta_reader_close(r);
    remove_folder(dir);
}

static void texts_and_attributes_come_back(void **state)
{
    (void)state;
    char *dir = sample_folder(), *text;
    uint64_t number;
    lta_strings s = {0}, members = {0};
    sample_write(dir, "sample.h5", 1, 2000);
    lta_reader *r = open_sample(dir, "sample.h5");
    ok(lta_reader_strings(r, "/dictionary/texts", &s));
    assert_int_equal(s.n, 6);
    assert_string_equal(lta_strings_get(&s, 0), "");
    assert_string_equal(lta_strings_get(&s, 2), "größer");
    assert_string_equal(lta_strings_get(&s, 5), "\xf0\x9f\x98\x80");
    lta_strings_free(&s);
    ok(lta_reader_strings(r, "/dictionary/none", &s));
    assert_int_equal(s.n, 0);
    lta_strings_free(&s);
    ok(lta_reader_strings(r, "/dictionary/blank", &s));
    assert_int_equal(s.n, 1);
    assert_string_equal(lta_strings_get(&s, 0), "");
    lta_strings_free(&s);

    ok(lta_reader_attribute_text(r, "/", "empty", &text));
    assert_string_equal(text, "");
    lta_free(text);
    ok(lta_reader_attribute_text(r, "/", "large", &text));
    assert_int_equal(strlen(text), 100000);
    lta_free(text);
    ok(lta_reader_attribute_u64(r, "/", "block_tokens", &number));
    assert_int_equal(number, 512);
    ok(lta_reader_attribute_u64(r, "/requests", "lookups", &number));
    assert_int_equal(number, 7);
    assert_int_equal(lta_reader_attribute_u64(r, "/", "name", &number), LTA_ERR_FORMAT);
    assert_int_equal(lta_reader_attribute_text(r, "/", "block_tokens", &text), LTA_ERR_FORMAT);
    assert_int_equal(lta_reader_attribute_text(r, "/", "absent", &text), LTA_ERR_FORMAT);
    assert_int_equal(lta_reader_attribute_text(r, "/absent", "name", &text), LTA_ERR_FORMAT);

    ok(lta_reader_members(r, "/requests", &members)); /* as written, which is not the order of names */
    static const char *const expected[] = {"u16", "u32", "deep", "i64", "f64", "none"};
    assert_int_equal(members.n, 6);
    for (uint64_t i = 0; i < members.n; i++)
        assert_string_equal(lta_strings_get(&members, i), expected[i]);
    lta_strings_free(&members);
    assert_true(lta_reader_has(r, "/") && lta_reader_has(r, "/requests/deep/er/u64"));
    assert_true(lta_reader_has(r, "/other/dictionary/texts"));
    assert_false(lta_reader_has(r, "/nothing/here") || lta_reader_has(r, "/requests/u16/x"));
    assert_string_equal(lta_reader_format(r), "trace");
    lta_reader_close(r);
    remove_folder(dir);
}

static void bytes_do_not_depend_on_threads_or_names(void **state)
{
    (void)state;
    static const int threads[] = {1, 2, 7, 1};
    static const char *const names[] = {"one.h5", "two.h5", "seven.h5", "another-name-altogether.h5"};
    char *dir = sample_folder();
    lta_mapping first = {0};
    for (int i = 0; i < 4; i++) {
        sample_write(dir, names[i], threads[i], 2500000); /* three leaves of the digest */
        char *path = file_in(dir, names[i]);
        lta_mapping m;
        ok(lta_map_file(path, &m));
        if (i == 0) {
            first = m;
        } else {
            assert_int_equal(m.size, first.size);
            assert_memory_equal(m.data, first.data, m.size);
            lta_unmap_file(&m);
        }
        lta_free(path);
    }
    lta_unmap_file(&first);
    lta_reader *r = open_sample(dir, "seven.h5");
    ok(lta_reader_check_digest(r));
    lta_reader_close(r);
    remove_folder(dir);
}

static void long_texts_get_chunks_of_their_own(void **state)
{
    (void)state;
    char *dir = sample_folder(), *long_text = test_bytes(1500001);
    lta_run run = sample_run(2);
    lta_writer *w;
    lta_reader *r;
    lta_strings s = {0}, back = {0};
    assert_non_null(long_text);
    memset(long_text, 'y', 1500000);
    long_text[1500000] = '\0';
    for (int i = 0; i < 5; i++)
        ok(lta_strings_add(&s, long_text, (size_t)(i * 300000)));
    ok(lta_strings_add_text(&s, long_text));
    ok(lta_writer_create(&run, dir, "long.h5", "trace", &w));
    ok(lta_writer_strings(w, "/texts", &s, "long ones"));
    ok(lta_writer_commit(w, "{}", "{}"));
    lta_writer_close(w);
    r = open_sample(dir, "long.h5");
    ok(lta_reader_strings(r, "/texts", &back));
    assert_int_equal(back.n, 6);
    for (uint64_t i = 0; i < 6; i++)
        assert_string_equal(lta_strings_get(&s, i), lta_strings_get(&back, i));
    ok(lta_reader_check_digest(r));
    lta_reader_close(r);
    lta_strings_free(&s);
    lta_strings_free(&back);
    lta_free(long_text);
    remove_folder(dir);
}

static void what_is_not_committed_vanishes(void **state)
{
    (void)state;
    char *dir = sample_folder();
    uint32_t column[3] = {1, 2, 3};
    lta_run run = sample_run(1);
    lta_writer *w, *second;
    sample_write(dir, "kept.h5", 1, 10);
    ok(lta_writer_create(&run, dir, "kept.h5", "trace", &w));
    ok(lta_writer_column(w, "/x", LTA_U32, column, 3, "1", "three numbers"));
    assert_int_equal(entries(dir), 2);
    /* two writers of one file: the second is told, and does no harm */
    assert_int_equal(lta_writer_create(&run, dir, "kept.h5", "trace", &second), LTA_ERR_RUN);
    assert_non_null(strstr(lta_error_detail(), "another process"));
    lta_writer_close(w);
    assert_int_equal(entries(dir), 1);
    lta_reader *r = open_sample(dir, "kept.h5"); /* the old file stands */
    ok(lta_reader_check_digest(r));
    lta_reader_close(r);

    char *partial = file_in(dir, ".kept.h5.partial"); /* what a killed run left is overwritten */
    FILE *f = fopen(partial, "w");
    assert_non_null(f);
    fputs("left behind by a killed run", f);
    fclose(f);
    sample_write(dir, "kept.h5", 1, 20);
    assert_int_equal(entries(dir), 1);
    r = open_sample(dir, "kept.h5");
    ok(lta_reader_check_digest(r));
    lta_reader_close(r);
    lta_free(partial);

    /* text that no reader could show is refused when written */
    lta_strings bad = {0};
    ok(lta_strings_add_text(&bad, "caf\xe9"));
    ok(lta_writer_create(&run, dir, "bad.h5", "trace", &w));
    assert_int_equal(lta_writer_strings(w, "/bad", &bad, "Latin-1"), LTA_ERR_FORMAT);
    lta_writer_close(w);
    lta_strings_free(&bad);
    remove_folder(dir);
    assert_int_equal(lta_writer_create(&run, "no/such/folder", "x.h5", "trace", &w), LTA_ERR_RUN);
}

static void only_equal_recipes_are_current(void **state)
{
    (void)state;
    char *dir = sample_folder(), *path = file_in(dir, "sample.h5");
    const char *parameters = "{\"a\":1}", *inputs = "{\"sample\":\"none\"}";
    bool current = true;
    ok(lta_store_is_current(dir, "sample.h5", "trace", parameters, inputs, &current));
    assert_false(current); /* absent */
    sample_write(dir, "sample.h5", 1, 10);
    ok(lta_store_is_current(dir, "sample.h5", "trace", parameters, inputs, &current));
    assert_true(current);
    ok(lta_store_is_current(dir, "sample.h5", "trace", "{\"a\":2}", inputs, &current));
    assert_false(current);
    ok(lta_store_is_current(dir, "sample.h5", "trace", parameters, "{}", &current));
    assert_false(current);
    ok(lta_store_is_current(dir, "sample.h5", "trie", parameters, inputs, &current));
    assert_false(current);
    assert_int_equal(truncate(path, 1000), 0);
    ok(lta_store_is_current(dir, "sample.h5", "trace", parameters, inputs, &current));
    assert_false(current); /* damaged */
    lta_free(path);
    remove_folder(dir);
}

/* Run as a program of its own (test_store --encode): the digest of many encoded chunks, each of them by new
 * workers. */
static int print_encoded(void)
{
    enum { CHUNKS = 3000, ROWS = 13 };
    uint64_t rows[ROWS], x = 88172645463325252u;
    lta_chunk_shape shape;
    lta_chunk_worker *w;
    XXH3_state_t *hash = XXH3_createState();
    if (!hash || lta_chunk_shape_for(8, ROWS, LTA_CHUNK_MOST, &shape) != LTA_OK)
        return 10;
    XXH3_64bits_reset(hash);
    for (int c = 0; c < CHUNKS; c++) { /* short rising columns, such as quantiles */
        for (int i = 0; i < ROWS; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            rows[i] = (i > 0 ? rows[i - 1] : 0) + (x % 3 == 0 ? x >> 8 & 0xffff : 0);
        }
        if (lta_chunk_workers_create(&shape, 1, &w) != LTA_OK)
            return 10;
        lta_chunk_encode(w, &shape, rows, ROWS);
        XXH3_64bits_update(hash, w->encoded, w->encoded_size);
        lta_chunk_workers_free(w, 1);
    }
    printf("%016llx\n", (unsigned long long)XXH3_64bits_digest(hash));
    XXH3_freeState(hash);
    return 0;
}

/* Address spaces differ from process to process, and no bit of a file may depend on that. */
static void bytes_do_not_depend_on_addresses(void **state)
{
    (void)state;
    char first[32] = "", line[32];
    for (int i = 0; i < 12; i++) {
        char command[64];
        snprintf(command, sizeof command, "/proc/%ld/exe --encode", (long)getpid());
        FILE *child = popen(command, "r");
        assert_non_null(child);
        assert_non_null(fgets(line, sizeof line, child));
        assert_int_equal(pclose(child), 0);
        if (i == 0)
            memcpy(first, line, sizeof first);
        assert_string_equal(line, first);
    }
}

/* Run as a program of its own (test_store --full DIR), since it limits itself and has to end well. */
static int write_into_a_full_disk(const char *dir)
{
    /* a limit on the file's size stops writing just as a full disk does, without needing one */
    const struct rlimit limit = {1 << 20, 1 << 20};
    lta_run run = sample_run(2);
    lta_writer *w;
    enum { N = 400000 };
    uint64_t *x = test_bytes(N * sizeof *x), seed = 1;
    signal(SIGXFSZ, SIG_IGN);
    for (uint64_t i = 0; x && i < N; i++)
        x[i] = seed = seed * 6364136223846793005u + 1442695040888963407u;
    if (!x || setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        lta_writer_create(&run, dir, "full.h5", "trace", &w) != LTA_OK)
        return 10;
    lta_status st = lta_writer_column(w, "/x", LTA_U64, x, N, "1", "more than fits");
    lta_writer_close(w);
    lta_free(x);
    return st == LTA_ERR_SPACE && strstr(lta_error_detail(), "full.h5:/x") ? 0 : 11;
}

static void a_full_disk_is_told_and_leaves_nothing(void **state)
{
    (void)state;
    char *dir = sample_folder();
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl("/proc/self/exe", "test_store", "--full", dir, (char *)NULL);
        _exit(12);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(entries(dir), 0);
    remove_folder(dir);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--write") == 0) { /* a file for tests/check_store.py */
        sample_write(argv[2], "sample.h5", 2, 300000);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--encode") == 0)
        return print_encoded();
    if (argc == 3 && strcmp(argv[1], "--full") == 0)
        return write_into_a_full_disk(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_come_back),
        cmocka_unit_test(texts_and_attributes_come_back),
        cmocka_unit_test(bytes_do_not_depend_on_threads_or_names),
        cmocka_unit_test(bytes_do_not_depend_on_addresses),
        cmocka_unit_test(long_texts_get_chunks_of_their_own),
        cmocka_unit_test(what_is_not_committed_vanishes),
        cmocka_unit_test(only_equal_recipes_are_current),
        cmocka_unit_test(a_full_disk_is_told_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
