/* pipeline/store/store_read.c - reading files of the store, whatever a damaged or hostile file claims. */
#include "pipeline/store/store_internal.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct lta_reader {
    char *path;
    hid_t h5;
    uint64_t size; /* of the file, in bytes: nothing stored can be larger */
    char *format, *digest;
};

/* Examines the file before HDF5 sees it: what it is, and that it begins as the store's files do, with version
 * 2 of the superblock. Older ones carry no checksums, and the store never wrote one. */
static lta_status examine(const char *path, uint64_t *size)
{
    static const unsigned char expected[9] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n', 2};
    unsigned char start[9];
    struct stat s;
    lta_status st = LTA_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would wait for a writer */
    if (fd < 0)
        return lta_fail_errno(LTA_ERR_INPUT, errno, "%s: could not be opened", path);
    if (fstat(fd, &s) != 0)
        st = lta_fail_errno(LTA_ERR_INPUT, errno, "%s: could not be examined", path);
    else if (!S_ISREG(s.st_mode))
        st = lta_fail(LTA_ERR_INPUT, "%s: is %s, expected a file of the store", path,
                      S_ISDIR(s.st_mode) ? "a directory" : "not a regular file");
    else if (pread(fd, start, sizeof start, 0) != (ssize_t)sizeof start || memcmp(start, expected, 8) != 0)
        st = lta_fail(LTA_ERR_FORMAT, "%s: is not an HDF5 file", path);
    else if (start[8] != expected[8])
        st = lta_fail(LTA_ERR_FORMAT, "%s: is an HDF5 file that lta did not write", path);
    else
        *size = (uint64_t)s.st_size;
    close(fd);
    return st;
}

static lta_status check_version(const lta_reader *r)
{
    uint64_t major;
    lta_status st = lta_reader_attribute_u64(r, "/", "schema_major", &major);
    if (st == LTA_OK && major > LTA_SCHEMA_MAJOR)
        st = lta_fail(LTA_ERR_VERSION, "%s: is of schema %llu, this build reads up to %d; use a newer lta",
                      r->path, (ull)major, LTA_SCHEMA_MAJOR);
    return st;
}

lta_status lta_reader_open(const char *path, const char *format, lta_reader **out)
{
    lta_status st = LTA_OK;
    lta_reader *r = NULL;
    hid_t fapl = H5I_INVALID_HID;
    size_t n = strlen(path) + 1;
    lta_h5_quiet();
    LTA_TRY(LTA_CALLOC(&r, 1));
    r->h5 = H5I_INVALID_HID;
    LTA_TRY(LTA_ALLOC(&r->path, n));
    memcpy(r->path, path, n);
    LTA_TRY(examine(path, &r->size));
    fapl = lta_h5_access();
    r->h5 = fapl < 0 ? H5I_INVALID_HID : H5Fopen(path, H5F_ACC_RDONLY, fapl);
    if (r->h5 < 0) {
        st = lta_h5_fail(LTA_ERR_FORMAT, path, NULL, "is damaged or cut off");
        goto done;
    }
    LTA_TRY(check_version(r));
    LTA_TRY(lta_reader_attribute_text(r, "/", "lta_format", &r->format));
    LTA_TRY(lta_reader_attribute_text(r, "/", "content_sha256", &r->digest));
    if (format && strcmp(format, r->format) != 0) {
        st = lta_fail(LTA_ERR_FORMAT, "%s: is a file of lta_format \"%s\", expected \"%s\"", path, r->format,
                      format);
        goto done;
    }
    if (strlen(r->digest) != LTA_SHA256_HEX - 1) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:/@content_sha256: expected %d hexadecimal digits", path,
                      LTA_SHA256_HEX - 1);
        goto done;
    }
    *out = r;
    r = NULL;
done:
    if (fapl >= 0)
        H5Pclose(fapl);
    lta_reader_close(r);
    return st;
}

void lta_reader_close(lta_reader *r)
{
    if (!r)
        return;
    if (r->h5 >= 0)
        H5Fclose(r->h5);
    H5Eclear2(H5E_DEFAULT);
    lta_free(r->digest);
    lta_free(r->format);
    lta_free(r->path);
    lta_free(r);
}

hid_t lta_reader_h5(const lta_reader *r)
{
    return r->h5;
}

const char *lta_reader_digest(const lta_reader *r)
{
    return r->digest;
}

const char *lta_reader_format(const lta_reader *r)
{
    return r->format;
}

const char *lta_reader_path(const lta_reader *r)
{
    return r->path;
}

bool lta_reader_has(const lta_reader *r, const char *path)
{
    lta_object found = lta_h5_find(r->h5, path);
    H5Eclear2(H5E_DEFAULT);
    return found == LTA_OBJECT_GROUP || found == LTA_OBJECT_DATASET;
}

/* ---- attributes and members ---- */

static lta_status read_attribute(const lta_reader *r, const char *path, const char *name, lta_type type,
                                 lta_h5_value *out)
{
    lta_status st = LTA_OK;
    hid_t object = H5I_INVALID_HID;
    if (!lta_reader_has(r, path)) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s: is missing", r->path, path);
        goto done;
    }
    object = H5Oopen(r->h5, path, H5P_DEFAULT);
    if (object < 0) {
        st = lta_h5_fail(LTA_ERR_FORMAT, r->path, path, "could not be opened");
        goto done;
    }
    LTA_TRY(lta_h5_read_attribute(object, r->path, path, name, r->size, out));
    if (out->type != type) {
        if (out->type == LTA_STR)
            lta_free(out->text);
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s@%s: expected %s", r->path, path, name,
                      type == LTA_STR ? "a text" : "a number");
    }
done:
    if (object >= 0)
        H5Oclose(object);
    return st;
}

lta_status lta_reader_attribute_text(const lta_reader *r, const char *path, const char *name, char **out)
{
    lta_h5_value v;
    lta_status st = read_attribute(r, path, name, LTA_STR, &v);
    if (st == LTA_OK)
        *out = v.text;
    return st;
}

lta_status lta_reader_attribute_u64(const lta_reader *r, const char *path, const char *name, uint64_t *out)
{
    lta_h5_value v;
    lta_status st = read_attribute(r, path, name, LTA_U64, &v);
    if (st == LTA_OK)
        *out = v.number;
    return st;
}

lta_status lta_reader_members(const lta_reader *r, const char *group, lta_strings *out)
{
    lta_status st = LTA_OK;
    hid_t id = H5I_INVALID_HID;
    lta_strings names = {0};
    H5G_info_t info;
    if (lta_h5_find(r->h5, group) == LTA_OBJECT_GROUP)
        id = H5Gopen2(r->h5, group, H5P_DEFAULT);
    if (id < 0 || !lta_h5_group_info(id, &info)) {
        st = lta_h5_fail(LTA_ERR_FORMAT, r->path, group, "expected a group");
        goto done;
    }
    for (hsize_t i = 0; i < info.nlinks; i++) {
        char name[256];
        ssize_t n =
            H5Lget_name_by_idx(id, ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
        if (n < 0 || (size_t)n >= sizeof name) {
            st = lta_h5_fail(LTA_ERR_FORMAT, r->path, group, "could not be listed");
            goto done;
        }
        if (!lta_is_utf8(name, (size_t)n)) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:%s: a member whose name is not UTF-8", r->path, group);
            goto done;
        }
        LTA_TRY(lta_strings_add_text(&names, name));
    }
    *out = names;
    names = (lta_strings){0};
done:
    if (id >= 0)
        H5Gclose(id);
    lta_strings_free(&names);
    return st;
}

static lta_status add_datasets(const lta_reader *r, const char *path, int depth, lta_strings *out)
{
    enum { MAX_DEPTH = 8, MAX_DATASETS = 1 << 16 }; /* a hostile file may link a group into itself */
    lta_status st = LTA_OK;
    lta_strings members = {0};
    char child[512];
    if (lta_h5_find(r->h5, path) == LTA_OBJECT_DATASET)
        return lta_strings_add_text(out, path);
    if (depth == MAX_DEPTH || out->n > MAX_DATASETS)
        return lta_fail(LTA_ERR_FORMAT, "%s:%s: too many groups or datasets", r->path, path);
    LTA_TRY(lta_reader_members(r, path, &members));
    for (uint64_t i = 0; i < members.n; i++) {
        int n =
            snprintf(child, sizeof child, "%s/%s", path[1] == '\0' ? "" : path, lta_strings_get(&members, i));
        if (n < 0 || (size_t)n >= sizeof child) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:%s: a member with too long a name", r->path, path);
            goto done;
        }
        LTA_TRY(add_datasets(r, child, depth + 1, out));
    }
done:
    lta_strings_free(&members);
    return st;
}

lta_status lta_reader_datasets(const lta_reader *r, lta_strings *out)
{
    lta_strings paths = {0};
    lta_status st = add_datasets(r, "/", 0, &paths);
    if (st == LTA_OK)
        *out = paths;
    else
        lta_strings_free(&paths);
    return st;
}

/* ---- columns ---- */

lta_status lta_reader_describe(const lta_reader *r, const char *path, lta_type *type, uint64_t *n,
                               char **unit, char **description)
{
    lta_status st = LTA_OK;
    lta_h5_dataset d = {0};
    char *u = NULL;
    LTA_TRY(lta_h5_dataset_open(r->h5, r->path, path, r->size, &d));
    if (unit)
        LTA_TRY(lta_reader_attribute_text(r, path, "unit", &u));
    if (description)
        LTA_TRY(lta_reader_attribute_text(r, path, "description", description));
    if (unit)
        *unit = u;
    u = NULL;
    *type = d.type;
    *n = d.n;
done:
    lta_free(u);
    lta_h5_dataset_close(&d);
    return st;
}

/* Copies numbers of a narrower unsigned type into a wider one. */
static void widen(lta_type from, const void *in, lta_type to, void *out, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        uint64_t v = from == LTA_U16 ? ((const uint16_t *)in)[i] : ((const uint32_t *)in)[i];
        if (to == LTA_U32)
            ((uint32_t *)out)[i] = (uint32_t)v;
        else
            ((uint64_t *)out)[i] = v;
    }
}

static bool widens(lta_type from, lta_type to)
{
    return (from == LTA_U16 && (to == LTA_U32 || to == LTA_U64)) || (from == LTA_U32 && to == LTA_U64);
}

lta_status lta_reader_column(const lta_reader *r, const char *path, lta_type type, void **out, uint64_t *n)
{
    lta_status st = LTA_OK;
    lta_h5_dataset d = {0};
    void *data = NULL, *wide = NULL;
    LTA_TRY(lta_h5_dataset_open(r->h5, r->path, path, r->size, &d));
    if (d.type != type && !widens(d.type, type)) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s: is of type %s, expected %s", r->path, path,
                      lta_type_name(d.type), lta_type_name(type));
        goto done;
    }
    LTA_TRY(lta_alloc_bytes(&data, d.n, d.shape.element));
    LTA_TRY(lta_h5_dataset_read(&d, 0, d.n, data));
    if (d.type != type) {
        LTA_TRY(lta_alloc_bytes(&wide, d.n, lta_type_size(type)));
        widen(d.type, data, type, wide, d.n);
        lta_free(data);
        data = wide;
    }
    *out = data;
    *n = d.n;
    data = NULL;
done:
    lta_free(data);
    lta_h5_dataset_close(&d);
    return st;
}

lta_status lta_reader_rows(const lta_reader *r, const char *path, lta_type type, uint64_t from, uint64_t n,
                           void *data)
{
    lta_status st = LTA_OK;
    lta_h5_dataset d = {0};
    char *chunks = NULL;
    LTA_TRY(lta_h5_dataset_open(r->h5, r->path, path, r->size, &d));
    if (d.type != type || from > d.n || n > d.n - from) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s: %llu rows of type %s, expected rows %llu to %llu of type %s",
                      r->path, path, (unsigned long long)d.n, lta_type_name(d.type), (unsigned long long)from,
                      (unsigned long long)(from + n), lta_type_name(type));
        goto done;
    }
    if (n == 0)
        goto done;
    uint64_t chunk = d.shape.length, first = from / chunk * chunk,
             end = (from + n + chunk - 1) / chunk * chunk;
    end = end < d.n ? end : d.n;
    LTA_TRY(lta_alloc_bytes((void **)&chunks, end - first, d.shape.element));
    LTA_TRY(lta_h5_dataset_read(&d, first, end - first, chunks));
    memcpy(data, chunks + (from - first) * d.shape.element, n * d.shape.element);
done:
    lta_free(chunks);
    lta_h5_dataset_close(&d);
    return st;
}

/* Calls take() for each string of an open column, a few chunks at a time. */
static lta_status each_string(const lta_h5_dataset *d, lta_status (*take)(void *, const char *, size_t),
                              void *context)
{
    lta_status st = LTA_OK;
    char *padded = NULL;
    uint64_t window = d->shape.length; /* whole chunks of some MiB, unless one alone is larger */
    while (window < d->n && window * d->shape.element < (uint64_t)4 << 20)
        window *= 2;
    LTA_TRY(lta_alloc_bytes((void **)&padded, window < d->n ? window : d->n, d->shape.element));
    for (uint64_t first = 0; first < d->n; first += window) {
        uint64_t k = d->n - first < window ? d->n - first : window;
        LTA_TRY(lta_h5_dataset_read(d, first, k, padded));
        for (uint64_t i = 0; i < k; i++) {
            const char *text = padded + i * d->shape.element;
            size_t length;
            LTA_TRY(lta_h5_text_length(d, first + i, text, &length));
            LTA_TRY(take(context, text, length));
        }
    }
done:
    lta_free(padded);
    return st;
}

static lta_status take_into_list(void *list, const char *text, size_t length)
{
    return lta_strings_add(list, text, length);
}

lta_status lta_reader_strings(const lta_reader *r, const char *path, lta_strings *out)
{
    lta_status st = LTA_OK;
    lta_h5_dataset d = {0};
    lta_strings s = {0};
    LTA_TRY(lta_h5_dataset_open(r->h5, r->path, path, r->size, &d));
    if (d.type != LTA_STR) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s: is of type %s, expected str", r->path, path,
                      lta_type_name(d.type));
        goto done;
    }
    LTA_TRY(each_string(&d, take_into_list, &s));
    *out = s;
    s = (lta_strings){0};
done:
    lta_strings_free(&s);
    lta_h5_dataset_close(&d);
    return st;
}

/* ---- digests ---- */

static lta_status take_into_digest(void *digest, const char *text, size_t length)
{
    lta_value_digest_text(digest, text, length);
    return LTA_OK;
}

static lta_status digest_numbers(const lta_h5_dataset *d, lta_value_digest *digest)
{
    lta_status st = LTA_OK;
    void *data = NULL;
    int threads = omp_get_max_threads();
    uint64_t window = LTA_LEAF_ELEMENTS * (uint64_t)threads;
    if (LTA_LEAF_ELEMENTS % d->shape.length !=
        0) /* chunks that the store never writes: take the column whole */
        window = d->n;
    LTA_TRY(lta_alloc_bytes(&data, window < d->n ? window : d->n, d->shape.element));
    for (uint64_t first = 0; first < d->n; first += window) {
        uint64_t k = d->n - first < window ? d->n - first : window;
        LTA_TRY(lta_h5_dataset_read(d, first, k, data));
        LTA_TRY(lta_value_digest_numbers(digest, d->type, data, k, threads));
    }
done:
    lta_free(data);
    return st;
}

static lta_status digest_dataset(void *context, const char *path, haddr_t address, lta_type *type,
                                 uint64_t *n, char hex[LTA_SHA256_HEX])
{
    const lta_reader *r = context;
    lta_status st = LTA_OK;
    lta_h5_dataset d = {0};
    lta_value_digest digest = {0};
    (void)address;
    LTA_TRY(lta_h5_dataset_open(r->h5, r->path, path, r->size, &d));
    LTA_TRY(lta_value_digest_begin(&digest));
    if (d.type == LTA_STR)
        LTA_TRY(each_string(&d, take_into_digest, &digest));
    else
        LTA_TRY(digest_numbers(&d, &digest));
    LTA_TRY(lta_value_digest_end(&digest, hex));
    *type = d.type;
    *n = d.n;
done:
    lta_value_digest_free(&digest);
    lta_h5_dataset_close(&d);
    return st;
}

lta_status lta_reader_check_digest(const lta_reader *r)
{
    char hex[LTA_SHA256_HEX];
    lta_status st = lta_store_digest(r->h5, r->path, r->size, digest_dataset, (void *)(uintptr_t)r, hex);
    if (st == LTA_OK && strcmp(hex, r->digest) != 0)
        st = lta_fail(LTA_ERR_FORMAT, "%s: its content has the digest %s, but content_sha256 is %s", r->path,
                      hex, r->digest);
    return st;
}

static bool attribute_equals(const lta_reader *r, const char *name, const char *expected)
{
    char *text = NULL;
    bool same = lta_reader_attribute_text(r, "/", name, &text) == LTA_OK && strcmp(text, expected) == 0;
    lta_free(text);
    return same;
}

lta_status lta_store_is_current(const char *dir, const char *file, const char *format, const char *parameters,
                                const char *inputs, bool *current)
{
    lta_status st = LTA_OK;
    lta_reader *r = NULL;
    char *path = NULL;
    LTA_TRY(lta_join_path(dir, file, &path));
    *current = false;
    st = lta_reader_open(path, format, &r);
    if (st == LTA_ERR_INPUT || st == LTA_ERR_FORMAT)
        st = LTA_OK; /* absent or damaged: to be made again */
    else if (st == LTA_OK)
        *current = attribute_equals(r, "created_by", LTA_CREATED_BY) &&
                   attribute_equals(r, "parameters", parameters) && attribute_equals(r, "inputs", inputs);
done:
    lta_reader_close(r);
    lta_free(path);
    return st;
}
