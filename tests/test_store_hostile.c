/* tests/test_store_hostile.c - files that are cut off, damaged, or lie: an error that names them, never a
 * crash, never content that differs from what was written. */
#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/store/store_internal.h"
#include "tests/memory.h"
#include "tests/store_sample.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct sample {
    char *dir, *path, *altered;
    lta_mapping bytes; /* of the sound file */
} sample;

static void ok(lta_status st)
{
    if (st != LTA_OK)
        fail_msg("%s", lta_error_detail());
}

static int set_up(void **state)
{
    sample *s = test_alloc(1, sizeof *s);
    assert_non_null(s);
    s->dir = sample_folder();
    sample_write(s->dir, "sample.h5", 1, 40);
    ok(lta_join_path(s->dir, "sample.h5", &s->path));
    ok(lta_join_path(s->dir, "altered.h5", &s->altered));
    ok(lta_map_file(s->path, &s->bytes));
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    sample *s = *state;
    lta_unmap_file(&s->bytes);
    unlink(s->path);
    unlink(s->altered);
    assert_int_equal(rmdir(s->dir), 0);
    lta_free(s->path);
    lta_free(s->altered);
    lta_free(s->dir);
    lta_free(s);
    return 0;
}

static void write_altered(const sample *s, size_t size)
{
    FILE *f = fopen(s->altered, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(s->bytes.data, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

/* Opens the altered file, reads everything, checks the digest: the first failure, or LTA_OK. */
static lta_status use_altered(const sample *s)
{
    lta_reader *r;
    lta_status st = lta_reader_open(s->altered, "trace", &r);
    if (st != LTA_OK)
        return st;
    st = sample_read_all(r);
    if (st == LTA_OK)
        st = lta_reader_check_digest(r);
    lta_reader_close(r);
    return st;
}

static void assert_bad_input(lta_status st, const char *what)
{
    if (lta_status_exit_code(st) != 3 || !strstr(lta_error_detail(), "altered.h5"))
        fail_msg("%s: status %d, \"%s\"", what, (int)st, lta_error_detail());
}

static void every_truncation_is_an_error(void **state)
{
    const sample *s = *state;
    for (size_t size = 0; size < s->bytes.size; size++) {
        write_altered(s, size);
        assert_bad_input(use_altered(s), "cut off");
    }
    write_altered(s, s->bytes.size);
    ok(use_altered(s));
}

/* Some bytes of a file are padding; everywhere else a flipped bit must be seen: what is read without an error
 * has the digest of the sound file. LTA_TEST_STRIDE=1 takes every byte. */
static void damaged_bytes_are_errors_or_harmless(void **state)
{
    const sample *s = *state;
    const char *given = getenv("LTA_TEST_STRIDE");
    size_t stride = given && atoi(given) > 0 ? (size_t)atoi(given) : 11, seen = 0, tried = 0;
    write_altered(s, s->bytes.size);
    int fd = open(s->altered, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    for (size_t i = 0; i < s->bytes.size; i += stride, tried++) {
        char flipped = (char)(s->bytes.data[i] ^ (1 << i % 8));
        assert_int_equal(pwrite(fd, &flipped, 1, (off_t)i), 1);
        lta_status st = use_altered(s);
        if (st != LTA_OK) {
            assert_bad_input(st, "damaged");
            seen++;
        }
        assert_int_equal(pwrite(fd, &s->bytes.data[i], 1, (off_t)i), 1);
    }
    close(fd);
    printf("damage seen at %zu of %zu bytes\n", seen, tried);
    assert_true(seen > tried / 10);
}

static void files_that_are_no_store_files_are_told_apart(void **state)
{
    const sample *s = *state;
    lta_reader *r;
    assert_int_equal(lta_reader_open("no/such/file.h5", NULL, &r), LTA_ERR_INPUT);
    assert_int_equal(lta_reader_open(s->dir, NULL, &r), LTA_ERR_INPUT);
    assert_non_null(strstr(lta_error_detail(), "directory"));
    assert_int_equal(lta_reader_open("/dev/null", NULL, &r), LTA_ERR_INPUT);
    assert_int_equal(lta_reader_open(s->path, "trie", &r), LTA_ERR_FORMAT);
    assert_non_null(strstr(lta_error_detail(), "\"trie\""));
    write_altered(s, 0);
    FILE *f = fopen(s->altered, "w");
    assert_non_null(f);
    fputs("{\"timestamp\": 0, \"input_length\": 6755}\n", f);
    fclose(f);
    assert_int_equal(lta_reader_open(s->altered, NULL, &r), LTA_ERR_FORMAT);
    assert_non_null(strstr(lta_error_detail(), "not an HDF5 file"));
}

/* ---- files made by HDF5 that are not what the store writes ---- */

static hid_t open_altered(const sample *s)
{
    write_altered(s, s->bytes.size);
    hid_t fapl = lta_h5_access(), h5 = H5Fopen(s->altered, H5F_ACC_RDWR, fapl);
    H5Pclose(fapl);
    assert_true(h5 >= 0);
    return h5;
}

static void set_number(hid_t h5, const char *name, uint64_t value)
{
    hid_t a = H5Aopen(h5, name, H5P_DEFAULT);
    assert_true(a >= 0 && H5Awrite(a, H5T_NATIVE_UINT64, &value) >= 0);
    H5Aclose(a);
}

static void newer_schemas_are_refused(void **state)
{
    const sample *s = *state;
    lta_reader *r;
    bool current;
    hid_t h5 = open_altered(s);
    set_number(h5, "schema_major", LTA_SCHEMA_MAJOR + 1);
    H5Fclose(h5);
    assert_int_equal(lta_reader_open(s->altered, "trace", &r), LTA_ERR_VERSION);
    assert_int_equal(lta_status_exit_code(LTA_ERR_VERSION), 3);
    /* and never taken for something to overwrite */
    assert_int_equal(lta_store_is_current(s->dir, "altered.h5", "trace", "{}", "{}", &current),
                     LTA_ERR_VERSION);
    h5 = open_altered(s);
    set_number(h5, "schema_minor", 99);
    H5Fclose(h5);
    ok(lta_reader_open(s->altered, "trace", &r)); /* newer minors only add what can be ignored */
    lta_reader_close(r);
}

static void changed_content_has_another_digest(void **state)
{
    const sample *s = *state;
    hid_t h5 = open_altered(s);
    set_number(h5, "block_tokens", 16);
    H5Fclose(h5);
    assert_bad_input(use_altered(s), "changed attribute");
    assert_non_null(strstr(lta_error_detail(), "content_sha256"));
}

static void missing_attributes_are_named(void **state)
{
    const sample *s = *state;
    static const char *const names[] = {"lta_format", "schema_major", "content_sha256"};
    for (size_t i = 0; i < 3; i++) {
        hid_t h5 = open_altered(s);
        assert_true(H5Adelete(h5, names[i]) >= 0);
        H5Fclose(h5);
        assert_bad_input(use_altered(s), names[i]);
        assert_non_null(strstr(lta_error_detail(), names[i]));
    }
}

typedef struct oddity {
    const char *what;
    hid_t type;
    int rank;
    hsize_t n, chunk; /* chunk 0: contiguous */
    bool filters, write;
} oddity;

/* Adds the dataset /odd: what a reader makes of it is up to the reader. */
static void add_odd(hid_t h5, const oddity *o)
{
    hsize_t dims[2] = {o->n, 1}, chunk[2] = {o->chunk, 1};
    hid_t space = H5Screate_simple(o->rank, dims, NULL), dcpl = H5Pcreate(H5P_DATASET_CREATE);
    if (o->chunk > 0)
        H5Pset_chunk(dcpl, o->rank, chunk);
    if (o->filters) {
        H5Pset_shuffle(dcpl);
        H5Pset_deflate(dcpl, 1);
        H5Pset_fletcher32(dcpl);
    }
    hid_t d = H5Dcreate2(h5, "/odd", o->type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
    assert_true(d >= 0);
    if (o->write) {
        char zeros[4096] = {0};
        assert_true(o->n * H5Tget_size(o->type) <= sizeof zeros);
        H5Dwrite(d, o->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros);
    }
    H5Dclose(d);
    H5Pclose(dcpl);
    H5Sclose(space);
}

static void odd_datasets_are_refused(void **state)
{
    const sample *s = *state;
    hid_t variable = H5Tcopy(H5T_C_S1), compound = H5Tcreate(H5T_COMPOUND, 4);
    H5Tset_size(variable, H5T_VARIABLE);
    H5Tset_cset(variable, H5T_CSET_UTF8);
    H5Tinsert(compound, "x", 0, H5T_STD_U32LE);
    const oddity odd[] = {
        {"signed 32 bits", H5T_STD_I32LE, 1, 4, 4, true, true},
        {"big-endian", H5T_STD_U32BE, 1, 4, 4, true, true},
        {"single precision", H5T_IEEE_F32LE, 1, 4, 4, true, true},
        {"one byte", H5T_STD_U8LE, 1, 4, 4, true, true},
        {"compound", compound, 1, 4, 4, true, true},
        {"variable-length strings", variable, 1, 4, 4, false, false},
        {"padded with spaces", H5T_FORTRAN_S1, 1, 4, 4, true, true},
        {"two dimensions", H5T_STD_U32LE, 2, 4, 4, true, true},
        {"contiguous", H5T_STD_U32LE, 1, 4, 0, false, true},
        {"no filters", H5T_STD_U32LE, 1, 4, 4, false, true},
        {"2^60 elements", H5T_STD_U64LE, 1, (hsize_t)1 << 60, 1 << 17, true, false},
        {"2^40 elements", H5T_STD_U32LE, 1, (hsize_t)1 << 40, 1 << 17, true, false},
        {"a huge chunk", H5T_STD_U16LE, 1, (hsize_t)1 << 30, (hsize_t)1 << 30, true, false},
        {"no chunk stored", H5T_STD_U32LE, 1, 4, 4, true, false},
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        lta_reader *r;
        void *data;
        uint64_t n;
        hid_t h5 = open_altered(s);
        add_odd(h5, &odd[i]);
        H5Fclose(h5);
        ok(lta_reader_open(s->altered, "trace", &r)); /* datasets that nobody asks for do no harm */
        assert_bad_input(lta_reader_column(r, "/odd", LTA_U64, &data, &n), odd[i].what);
        assert_non_null(strstr(lta_error_detail(), "/odd"));
        assert_bad_input(lta_reader_check_digest(r), odd[i].what);
        lta_reader_close(r);
    }
    H5Tclose(variable);
    H5Tclose(compound);
}

static void add_texts(hid_t h5, const char *four_times_eight)
{
    hid_t type = lta_h5_string_type(8), dcpl = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t n = 4;
    hid_t space = H5Screate_simple(1, &n, NULL);
    H5Pset_chunk(dcpl, 1, &n);
    H5Pset_shuffle(dcpl);
    H5Pset_deflate(dcpl, 1);
    H5Pset_fletcher32(dcpl);
    hid_t d = H5Dcreate2(h5, "/odd", type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
    assert_true(d >= 0 && H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, four_times_eight) >= 0);
    H5Dclose(d);
    H5Sclose(space);
    H5Pclose(dcpl);
    H5Tclose(type);
}

static void odd_texts_are_refused(void **state)
{
    const sample *s = *state;
    static const char texts[][33] = {
        "good....good....a\0b.....good....", /* NUL inside */
        "good....good....\xff\xfe......good....",    "good....good....good....\xc3\x28......",
        "good....good....\xed\xa0\x80.....good....", /* a surrogate */
        "good....good....good....good...\xc3",       /* cut off */
    };
    lta_strings list = {0};
    lta_reader *r;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        hid_t h5 = open_altered(s);
        add_texts(h5, texts[i]);
        H5Fclose(h5);
        ok(lta_reader_open(s->altered, "trace", &r));
        assert_bad_input(lta_reader_strings(r, "/odd", &list), "odd text");
        lta_reader_close(r);
    }
    hid_t h5 = open_altered(s); /* what HDF5's own filters wrote is read */
    add_texts(h5, "good\0\0\0\0good....\0\0\0\0\0\0\0\0good....");
    H5Fclose(h5);
    ok(lta_reader_open(s->altered, "trace", &r));
    ok(lta_reader_strings(r, "/odd", &list));
    assert_int_equal(list.n, 4);
    assert_string_equal(lta_strings_get(&list, 0), "good");
    assert_string_equal(lta_strings_get(&list, 2), "");
    lta_strings_free(&list);
    lta_reader_close(r);
}

static void links_out_and_round_are_refused(void **state)
{
    const sample *s = *state;
    lta_reader *r;
    lta_strings members = {0};
    hid_t h5 = open_altered(s);
    assert_true(H5Lcreate_external("/etc/passwd", "/", h5, "/outside", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_soft("/requests", h5, "/soft", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    H5Fclose(h5);
    ok(lta_reader_open(s->altered, "trace", &r));
    assert_false(lta_reader_has(r, "/outside") || lta_reader_has(r, "/soft"));
    assert_int_equal(lta_reader_members(r, "/soft", &members), LTA_ERR_FORMAT);
    assert_bad_input(lta_reader_check_digest(r), "external link");
    lta_reader_close(r);

    h5 = open_altered(s);
    assert_true(H5Lcreate_hard(h5, "/", h5, "/requests/round", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    H5Fclose(h5);
    ok(lta_reader_open(s->altered, "trace", &r));
    assert_bad_input(lta_reader_check_digest(r), "a group inside itself");
    lta_reader_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_is_an_error),
        cmocka_unit_test(damaged_bytes_are_errors_or_harmless),
        cmocka_unit_test(files_that_are_no_store_files_are_told_apart),
        cmocka_unit_test(newer_schemas_are_refused),
        cmocka_unit_test(changed_content_has_another_digest),
        cmocka_unit_test(missing_attributes_are_named),
        cmocka_unit_test(odd_datasets_are_refused),
        cmocka_unit_test(odd_texts_are_refused),
        cmocka_unit_test(links_out_and_round_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
