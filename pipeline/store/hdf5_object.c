/* pipeline/store/hdf5_object.c - attributes and columns of an open file, never trusting what the file says.
 */
#include "pipeline/store/store_internal.h"

#include "pipeline/core/array.h"

#include <omp.h>
#include <stdio.h>
#include <string.h>

enum { MAX_PATH = 512, MAX_RATIO = 1032 /* deflate never expands a byte to more */ };

hid_t lta_h5_type(lta_type t)
{
    switch (t) {
    case LTA_U16:
        return H5T_STD_U16LE;
    case LTA_U32:
        return H5T_STD_U32LE;
    case LTA_U64:
        return H5T_STD_U64LE;
    case LTA_I64:
        return H5T_STD_I64LE;
    default:
        return H5T_IEEE_F64LE;
    }
}

lta_object lta_h5_find_in(hid_t group, const char *name)
{
    H5L_info_t link;
    H5O_info_t object;
    if (H5Lget_info(group, name, &link, H5P_DEFAULT) < 0)
        return LTA_OBJECT_NONE;
    if (link.type != H5L_TYPE_HARD ||
        H5Oget_info_by_name2(group, name, &object, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
        return LTA_OBJECT_OTHER;
    return object.type == H5O_TYPE_GROUP     ? LTA_OBJECT_GROUP
           : object.type == H5O_TYPE_DATASET ? LTA_OBJECT_DATASET
                                             : LTA_OBJECT_OTHER;
}

bool lta_h5_group_info(hid_t group, H5G_info_t *out)
{
    return H5Gget_info(group, out) >= 0 && out->storage_type == H5G_STORAGE_TYPE_COMPACT;
}

/* One step down: closes *group, unless that is the file, and opens the one of that name in it. */
static lta_object step_down(hid_t file, hid_t *group, const char *name)
{
    H5G_info_t info;
    lta_object found = lta_h5_group_info(*group, &info) ? lta_h5_find_in(*group, name) : LTA_OBJECT_OTHER;
    hid_t below = found == LTA_OBJECT_GROUP ? H5Gopen2(*group, name, H5P_DEFAULT) : H5I_INVALID_HID;
    if (*group != file)
        H5Gclose(*group);
    *group = below;
    return found == LTA_OBJECT_GROUP && below < 0 ? LTA_OBJECT_OTHER : found;
}

lta_object lta_h5_find(hid_t file, const char *path)
{
    char name[MAX_PATH];
    lta_object found = LTA_OBJECT_GROUP;
    hid_t group = file;
    if (path[0] != '/' || strlen(path) >= sizeof name)
        return LTA_OBJECT_NONE;
    for (const char *at = path + 1; *at != '\0' && found == LTA_OBJECT_GROUP; at += *at == '/') {
        size_t n = strcspn(at, "/");
        memcpy(name, at, n);
        name[n] = '\0';
        at += n;
        found = step_down(file, &group, name);
        if (*at == '/' && found == LTA_OBJECT_DATASET)
            found = LTA_OBJECT_NONE;
    }
    if (group != file && group >= 0)
        H5Gclose(group);
    return found;
}

/* Is it one of the store's string types? Variable-length strings are not: they live outside the chunks. */
static bool is_fixed_string(hid_t type)
{
    return H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 &&
           H5Tget_strpad(type) == H5T_STR_NULLPAD && H5Tget_cset(type) == H5T_CSET_UTF8;
}

hid_t lta_h5_string_type(size_t length)
{
    hid_t t = H5Tcopy(H5T_C_S1);
    if (t >= 0 && (H5Tset_size(t, length > 0 ? length : 1) < 0 || H5Tset_strpad(t, H5T_STR_NULLPAD) < 0 ||
                   H5Tset_cset(t, H5T_CSET_UTF8) < 0)) {
        H5Tclose(t);
        return H5I_INVALID_HID;
    }
    return t;
}

static lta_status read_text(hid_t attribute, hid_t type, const char *file, const char *where, uint64_t limit,
                            char **out)
{
    size_t size = H5Tget_size(type);
    char *text = NULL;
    if (size == 0 || size > limit)
        return lta_fail(LTA_ERR_FORMAT, "%s:%s: a text of %zu bytes in a file of %llu", file, where, size,
                        (ull)limit);
    lta_status st = LTA_ALLOC(&text, size + 1);
    if (st != LTA_OK)
        return st;
    text[size] = '\0';
    if (H5Aread(attribute, type, text) < 0) {
        st = lta_h5_fail(LTA_ERR_FORMAT, file, where, "could not be read");
    } else {
        size_t length = strlen(text);
        for (size_t i = length; i < size && st == LTA_OK; i++)
            if (text[i] != '\0')
                st = lta_fail(LTA_ERR_FORMAT, "%s:%s: a text with a NUL inside", file, where);
        if (st == LTA_OK && !lta_is_utf8(text, length))
            st = lta_fail(LTA_ERR_FORMAT, "%s:%s: a text that is not UTF-8", file, where);
    }
    if (st == LTA_OK)
        *out = text;
    else
        lta_free(text);
    return st;
}

lta_status lta_h5_read_attribute(hid_t object, const char *file, const char *path, const char *name,
                                 uint64_t limit, lta_h5_value *out)
{
    lta_status st = LTA_OK;
    hid_t attribute = H5I_INVALID_HID, type = H5I_INVALID_HID, space = H5I_INVALID_HID;
    char where[MAX_PATH];
    lta_h5_value v = {.type = LTA_U64};
    snprintf(where, sizeof where, "%s@%s", path, name);
    if (H5Aexists(object, name) <= 0) {
        st = lta_h5_fail(LTA_ERR_FORMAT, file, where, "this attribute is missing");
        goto done;
    }
    attribute = H5Aopen(object, name, H5P_DEFAULT);
    type = attribute < 0 ? H5I_INVALID_HID : H5Aget_type(attribute);
    space = type < 0 ? H5I_INVALID_HID : H5Aget_space(attribute);
    if (space < 0) {
        st = lta_h5_fail(LTA_ERR_FORMAT, file, where, "could not be opened");
        goto done;
    }
    if (H5Sget_simple_extent_type(space) != H5S_SCALAR) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s: expected a single value", file, where);
    } else if (H5Tequal(type, H5T_STD_U64LE) > 0) {
        if (H5Aread(attribute, H5T_NATIVE_UINT64, &v.number) < 0)
            st = lta_h5_fail(LTA_ERR_FORMAT, file, where, "could not be read");
    } else if (is_fixed_string(type)) {
        v.type = LTA_STR;
        st = read_text(attribute, type, file, where, limit, &v.text);
    } else {
        st = lta_fail(LTA_ERR_FORMAT,
                      "%s:%s: expected an unsigned 64-bit number or a fixed-length UTF-8 text", file, where);
    }
    if (st == LTA_OK)
        *out = v;
done:
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    if (attribute >= 0)
        H5Aclose(attribute);
    return st;
}

lta_status lta_h5_write_attribute(hid_t object, const char *file, const char *path, const char *name,
                                  const lta_h5_value *value)
{
    lta_status st = LTA_OK;
    hid_t space = H5Screate(H5S_SCALAR), attribute = H5I_INVALID_HID;
    hid_t type = value->type == LTA_STR ? lta_h5_string_type(strlen(value->text)) : H5Tcopy(H5T_STD_U64LE);
    const void *data = value->type == LTA_STR ? (const void *)value->text : &value->number;
    char where[MAX_PATH];
    snprintf(where, sizeof where, "%s@%s", path, name);
    if (value->type == LTA_STR && !lta_is_utf8(value->text, strlen(value->text))) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s: a text that is not UTF-8", file, where);
        goto done;
    }
    if (space >= 0 && type >= 0)
        attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0 || H5Awrite(attribute, type, data) < 0)
        st = lta_h5_fail(LTA_ERR_RUN, file, where, "could not be written");
done:
    if (attribute >= 0)
        H5Aclose(attribute);
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    return st;
}

/* Finds d->type and d->shape.element; false for a type that the store never writes. */
static bool read_type(lta_h5_dataset *d)
{
    static const lta_type numbers[] = {LTA_U16, LTA_U32, LTA_U64, LTA_I64, LTA_F64};
    hid_t type = H5Dget_type(d->id);
    bool good = false;
    if (type < 0)
        return false;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !good; i++)
        if (H5Tequal(type, lta_h5_type(numbers[i])) > 0) {
            d->type = numbers[i];
            d->shape.element = lta_type_size(numbers[i]);
            good = true;
        }
    if (!good && is_fixed_string(type)) {
        d->type = LTA_STR;
        d->shape.element = H5Tget_size(type);
        good = d->shape.element > 0;
    }
    H5Tclose(type);
    return good;
}

static bool read_extent(lta_h5_dataset *d)
{
    hid_t space = H5Dget_space(d->id);
    hsize_t n = 0;
    bool good = space >= 0 && H5Sis_simple(space) > 0 && H5Sget_simple_extent_type(space) == H5S_SIMPLE &&
                H5Sget_simple_extent_ndims(space) == 1 && H5Sget_simple_extent_dims(space, &n, NULL) == 1;
    if (space >= 0)
        H5Sclose(space);
    d->n = n;
    return good;
}

static bool read_layout(lta_h5_dataset *d)
{
    static const H5Z_filter_t expected[] = {H5Z_FILTER_SHUFFLE, H5Z_FILTER_DEFLATE, H5Z_FILTER_FLETCHER32};
    hid_t dcpl = H5Dget_create_plist(d->id);
    hsize_t length = 0;
    bool good = dcpl >= 0 && H5Pget_layout(dcpl) == H5D_CHUNKED && H5Pget_chunk(dcpl, 1, &length) == 1 &&
                length > 0 && H5Pget_nfilters(dcpl) == 3;
    for (unsigned i = 0; i < 3 && good; i++) {
        unsigned flags, config;
        size_t n_values = 0;
        good = H5Pget_filter2(dcpl, i, &flags, &n_values, NULL, 0, NULL, &config) == expected[i];
    }
    if (dcpl >= 0)
        H5Pclose(dcpl);
    d->shape.length = length;
    return good && !__builtin_mul_overflow(length, d->shape.element, &d->shape.bytes);
}

/* A damaged or hostile file may claim any size: before memory is asked for, it must be plausible that the
 * stored chunks decompress to it. */
static bool is_plausible(const lta_h5_dataset *d, uint64_t file_size)
{
    uint64_t n_chunks, bytes, stored = H5Dget_storage_size(d->id);
    if (d->n == 0)
        return true;
    n_chunks = (d->n - 1) / d->shape.length + 1;
    return stored <= file_size && !__builtin_mul_overflow(n_chunks, (uint64_t)d->shape.bytes, &bytes) &&
           bytes / MAX_RATIO <= stored;
}

lta_status lta_h5_dataset_open(hid_t h5, const char *file, const char *path, uint64_t file_size,
                               lta_h5_dataset *out)
{
    lta_status st = LTA_OK;
    lta_h5_dataset d = {.id = H5I_INVALID_HID, .file = file, .path = path};
    lta_object kind = lta_h5_find(h5, path);
    if (kind != LTA_OBJECT_DATASET) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s: %s, expected a dataset", file, path,
                      kind == LTA_OBJECT_NONE ? "is missing" : "is none");
        goto done;
    }
    d.id = H5Dopen2(h5, path, H5P_DEFAULT);
    if (d.id < 0)
        st = lta_h5_fail(LTA_ERR_FORMAT, file, path, "could not be opened");
    else if (!read_type(&d))
        st = lta_h5_fail(LTA_ERR_FORMAT, file, path, "has a type that the store does not use");
    else if (!read_extent(&d))
        st = lta_h5_fail(LTA_ERR_FORMAT, file, path, "expected one dimension");
    else if (!read_layout(&d))
        st = lta_h5_fail(LTA_ERR_FORMAT, file, path,
                         "expected chunks with the filters shuffle, deflate, fletcher32");
    else if (d.shape.bytes > (size_t)1 << 31)
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s: chunks of %zu bytes, expected at most 2^31", file, path,
                      d.shape.bytes);
    else if (!is_plausible(&d, file_size))
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s: claims %llu elements, more than its chunks can hold", file,
                      path, (ull)d.n);
    if (st == LTA_OK) {
        *out = d;
        d.id = H5I_INVALID_HID;
    }
done:
    lta_h5_dataset_close(&d);
    return st;
}

void lta_h5_dataset_close(lta_h5_dataset *d)
{
    if (d->id > 0)
        H5Dclose(d->id);
    d->id = H5I_INVALID_HID;
}

/* Reads the stored bytes of the chunk that begins at element `first` into w->encoded. */
static lta_status read_chunk(const lta_h5_dataset *d, uint64_t first, lta_chunk_worker *w)
{
    hsize_t offset = first, size = 0;
    uint32_t skipped_filters = 0;
    if (H5Dget_chunk_storage_size(d->id, &offset, &size) < 0)
        return lta_h5_fail(LTA_ERR_FORMAT, d->file, d->path, "a chunk could not be found");
    if (size == 0 || size > lta_chunk_bound(&d->shape))
        return lta_fail(LTA_ERR_FORMAT, "%s:%s: the chunk at row %llu %s", d->file, d->path, (ull)first,
                        size == 0 ? "is missing" : "is larger than its content");
    if (H5Dread_chunk(d->id, H5P_DEFAULT, &offset, &skipped_filters, w->encoded) < 0)
        return lta_h5_fail(LTA_ERR_FORMAT, d->file, d->path, "a chunk could not be read");
    if (skipped_filters != 0)
        return lta_fail(LTA_ERR_FORMAT, "%s:%s: the chunk at row %llu lacks a filter", d->file, d->path,
                        (ull)first);
    w->encoded_size = size;
    return LTA_OK;
}

lta_status lta_h5_dataset_read(const lta_h5_dataset *d, uint64_t first, uint64_t n, void *out)
{
    lta_status st = LTA_OK;
    lta_chunk_worker *worker = NULL;
    uint64_t length = d->shape.length, n_chunks = n == 0 ? 0 : (n - 1) / length + 1;
    int threads = omp_get_max_threads();
    uint64_t batch = 4 * (uint64_t)threads, n_workers = n_chunks < batch ? n_chunks : batch;
    if (d->shape.bytes > (size_t)1 << 20) /* chunks of one very long string: memory before speed */
        n_workers = n_chunks > 0;
    LTA_TRY(lta_chunk_workers_create(&d->shape, n_workers, &worker));
    for (uint64_t done_chunks = 0; done_chunks < n_chunks; done_chunks += n_workers) {
        uint64_t k = n_chunks - done_chunks < n_workers ? n_chunks - done_chunks : n_workers;
        uint64_t from = done_chunks * length; /* within out */
        for (uint64_t i = 0; i < k; i++)
            LTA_TRY(read_chunk(d, first + from + i * length, &worker[i]));
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads) if (k > 1)
        for (int64_t i = 0; i < (int64_t)k; i++) {
            uint64_t at = from + (uint64_t)i * length, rows = n - at < length ? n - at : length;
            lta_chunk_decode(&worker[i], &d->shape, (char *)out + at * d->shape.element, rows);
        }
        for (uint64_t i = 0; i < k; i++)
            if (worker[i].problem) {
                st = lta_fail(LTA_ERR_FORMAT, "%s:%s: the chunk at row %llu %s", d->file, d->path,
                              (ull)(first + from + i * length), worker[i].problem);
                goto done;
            }
    }
done:
    lta_chunk_workers_free(worker, n_workers);
    return st;
}

lta_status lta_h5_text_length(const lta_h5_dataset *d, uint64_t row, const char *padded, size_t *length)
{
    size_t n = strnlen(padded, d->shape.element);
    for (size_t i = n; i < d->shape.element; i++)
        if (padded[i] != '\0')
            return lta_fail(LTA_ERR_FORMAT, "%s:%s: row %llu has a NUL inside its text", d->file, d->path,
                            (ull)row);
    if (!lta_is_utf8(padded, n))
        return lta_fail(LTA_ERR_FORMAT, "%s:%s: row %llu is not UTF-8", d->file, d->path, (ull)row);
    *length = n;
    return LTA_OK;
}
