/* pipeline/store/store_write.c - writing a file of the store under a hidden name, and committing it by a
 * rename.
 *
 * HDF5 cannot be made to give up a file whose disk is full: closing flushes, which fails, and leaves the
 * library in a state that even ending the program can't clear. So what is not committed ends differently: the
 * file is unlinked, and the descriptor that HDF5 writes to is made to point into memory before it is closed.
 */
#include "pipeline/store/store_internal.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/core/strings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNKS_PER_THREAD = 4 };

typedef struct written { /* a dataset whose digest is known from writing it */
    haddr_t address;
    lta_type type;
    uint64_t n;
    char hex[LTA_SHA256_HEX];
} written;

struct lta_writer {
    const lta_run *run;
    char *path, *partial; /* final name, name while it is being written */
    char *format;
    int lock;              /* descriptor of the partial file that holds the lock, -1 = none */
    hid_t h5;              /* negative once closed */
    uint64_t chunk_length; /* most elements of a chunk */
    bool renamed;
    bool compares;               /* writes nothing: the four above stay unused */
    lta_comparison comparison;   /* with the file that is there */
    char digest[LTA_SHA256_HEX]; /* of the content, once committed */
    written *datasets;
    uint64_t n_datasets, datasets_capacity;
};

/* ---- create ---- */

/* Opens the partial file and locks it, so that of two runs on one store the second one fails instead of
 * writing into the first one's file. Record locks of the open file leave HDF5's own locks (flock) alone. */
static lta_status lock_partial(lta_writer *w)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat ours, named;
    w->lock = open(w->partial, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (w->lock < 0)
        return lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be created", w->partial);
    bool busy = fcntl(w->lock, F_OFD_SETLK, &all) != 0 && (errno == EAGAIN || errno == EACCES);
    /* a run that has just finished may have renamed the file between the two calls */
    if (!busy && (fstat(w->lock, &ours) != 0 || stat(w->partial, &named) != 0 || ours.st_ino != named.st_ino))
        busy = true;
    if (!busy)
        return LTA_OK;
    close(w->lock);
    w->lock = -1;
    return lta_fail(LTA_ERR_RUN, "%s: another process is writing it", w->path);
}

/* No times; members in the order written; links and attributes in the object's own header, which has a
 * checksum, however many there are. (Only a header that an attribute of more than 64 KiB does not fit into
 * grows a heap.) */
static bool set_up_group(hid_t list)
{
    enum { MOST = 65535 };
    return H5Pset_obj_track_times(list, false) >= 0 &&
           H5Pset_link_creation_order(list, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) >= 0 &&
           H5Pset_link_phase_change(list, MOST, MOST) >= 0 && H5Pset_attr_phase_change(list, MOST, MOST) >= 0;
}

static lta_status create_file(lta_writer *w)
{
    lta_status st = LTA_OK;
    hid_t fapl = lta_h5_access(), fcpl = H5Pcreate(H5P_FILE_CREATE);
    if (fapl >= 0 && fcpl >= 0 && set_up_group(fcpl))
        w->h5 = H5Fcreate(w->partial, H5F_ACC_TRUNC, fcpl, fapl);
    if (w->h5 < 0)
        st = lta_h5_fail(LTA_ERR_RUN, w->path, NULL, "could not be created");
    if (fcpl >= 0)
        H5Pclose(fcpl);
    if (fapl >= 0)
        H5Pclose(fapl);
    return st;
}

lta_status lta_writer_create(const lta_run *run, const char *dir, const char *file, const char *format,
                             lta_writer **out)
{
    lta_status st = LTA_OK;
    lta_writer *w = NULL;
    char *hidden = NULL;
    size_t n = strlen(file) + sizeof "..partial";
    lta_h5_quiet();
    LTA_TRY(LTA_CALLOC(&w, 1));
    *w = (lta_writer){.run = run, .lock = -1, .h5 = H5I_INVALID_HID, .chunk_length = LTA_CHUNK_MOST};
    LTA_TRY(LTA_ALLOC(&hidden, n));
    snprintf(hidden, n, ".%s.partial", file);
    LTA_TRY(lta_join_path(dir, file, &w->path));
    LTA_TRY(lta_join_path(dir, hidden, &w->partial));
    LTA_TRY(lta_copy_text(format, strlen(format), &w->format));
    LTA_TRY(lock_partial(w));
    LTA_TRY(create_file(w));
    *out = w;
    w = NULL;
done:
    lta_free(hidden);
    lta_writer_close(w);
    return st;
}

lta_status lta_writer_compare(const lta_run *run, const char *path, const char *format, const char *maker,
                              lta_writer **out)
{
    lta_status st = LTA_OK;
    lta_writer *w = NULL;
    LTA_TRY(LTA_CALLOC(&w, 1));
    *w = (lta_writer){.run = run, .lock = -1, .h5 = H5I_INVALID_HID, .compares = true};
    LTA_TRY(lta_compare_open(run, path, format, maker, &w->comparison));
    memcpy(w->digest, lta_reader_digest(w->comparison.there), LTA_SHA256_HEX);
    *out = w;
    w = NULL;
done:
    lta_writer_close(w);
    return st;
}

void lta_writer_limit_chunks(lta_writer *w, uint64_t rows)
{
    w->chunk_length = 1;
    while (w->chunk_length < rows && w->chunk_length < LTA_CHUNK_MOST)
        w->chunk_length *= 2;
}

/* ---- groups and attributes ---- */

static lta_status make_group(lta_writer *w, const char *path)
{
    hid_t gcpl = H5Pcreate(H5P_GROUP_CREATE), group = H5I_INVALID_HID;
    if (gcpl >= 0 && set_up_group(gcpl))
        group = H5Gcreate2(w->h5, path, H5P_DEFAULT, gcpl, H5P_DEFAULT);
    lta_status st = group < 0 ? lta_h5_fail(LTA_ERR_RUN, w->path, path, "could not be created") : LTA_OK;
    if (group >= 0)
        H5Gclose(group);
    if (gcpl >= 0)
        H5Pclose(gcpl);
    return st;
}

/* Makes every missing group that `path` names before its last '/'. */
static lta_status make_parents(lta_writer *w, const char *path)
{
    char *prefix;
    lta_status st = lta_copy_text(path, strlen(path), &prefix);
    if (st != LTA_OK)
        return st;
    for (char *slash = strchr(prefix + 1, '/'); slash && st == LTA_OK; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (H5Lexists(w->h5, prefix, H5P_DEFAULT) <= 0)
            st = make_group(w, prefix);
        *slash = '/';
    }
    lta_free(prefix);
    return st;
}

static lta_status write_attribute(lta_writer *w, const char *path, const char *name,
                                  const lta_h5_value *value)
{
    lta_status st = LTA_OK;
    hid_t object = H5I_INVALID_HID;
    if (w->compares)
        return lta_compare_attribute(&w->comparison, path, name, value);
    if (path[1] != '\0' && lta_h5_find(w->h5, path) == LTA_OBJECT_NONE) {
        LTA_TRY(make_parents(w, path));
        LTA_TRY(make_group(w, path));
    }
    object = H5Oopen(w->h5, path, H5P_DEFAULT);
    if (object < 0)
        st = lta_h5_fail(LTA_ERR_RUN, w->path, path, "could not be opened");
    else
        st = lta_h5_write_attribute(object, w->path, path, name, value);
done:
    if (object >= 0)
        H5Oclose(object);
    return st;
}

lta_status lta_writer_attribute_text(lta_writer *w, const char *path, const char *name, const char *value)
{
    return write_attribute(w, path, name, &(lta_h5_value){.type = LTA_STR, .text = (char *)(uintptr_t)value});
}

lta_status lta_writer_attribute_u64(lta_writer *w, const char *path, const char *name, uint64_t value)
{
    return write_attribute(w, path, name, &(lta_h5_value){.type = LTA_U64, .number = value});
}

lta_status lta_writer_link(lta_writer *w, const char *target, const char *path)
{
    if (w->compares)
        return lta_compare_link(&w->comparison, target, path);
    lta_status st = make_parents(w, path);
    if (st == LTA_OK && H5Lcreate_hard(w->h5, target, w->h5, path, H5P_DEFAULT, H5P_DEFAULT) < 0)
        st = lta_h5_fail(LTA_ERR_RUN, w->path, path, "could not be linked");
    return st;
}

/* ---- columns ---- */

static lta_status create_dataset(lta_writer *w, const lta_h5_column *c, const lta_chunk_shape *shape,
                                 hid_t *out)
{
    lta_status st = LTA_OK;
    hsize_t n = c->n, most = c->n > 0 ? c->n : H5S_UNLIMITED, length = shape->length;
    hid_t type = c->type == LTA_STR ? lta_h5_string_type(shape->element) : H5Tcopy(lta_h5_type(c->type));
    hid_t space = H5Screate_simple(1, &n, &most), dcpl = H5Pcreate(H5P_DATASET_CREATE);
    if (type >= 0 && space >= 0 && dcpl >= 0 && H5Pset_obj_track_times(dcpl, false) >= 0 &&
        H5Pset_chunk(dcpl, 1, &length) >= 0 && H5Pset_shuffle(dcpl) >= 0 && H5Pset_deflate(dcpl, 1) >= 0 &&
        H5Pset_fletcher32(dcpl) >= 0)
        *out = H5Dcreate2(w->h5, c->path, type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
    if (*out < 0)
        st = lta_h5_fail(LTA_ERR_RUN, w->path, c->path, "could not be created");
    if (dcpl >= 0)
        H5Pclose(dcpl);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return st;
}

static void encode(lta_chunk_worker *worker, const lta_chunk_shape *shape, const lta_h5_column *c,
                   uint64_t first)
{
    uint64_t rows = c->n - first < shape->length ? c->n - first : shape->length;
    if (c->strings) {
        memset(worker->element, 0, rows * shape->element);
        for (uint64_t i = 0; i < rows; i++)
            memcpy(worker->element + i * shape->element, lta_strings_get(c->strings, first + i),
                   lta_strings_length(c->strings, first + i));
        lta_chunk_encode(worker, shape, worker->element, rows);
    } else {
        lta_chunk_encode(worker, shape, c->numbers + first * shape->element, rows);
    }
}

/* Batches of chunks are encoded in parallel and written in index order, so bytes don't depend on threads. */
static lta_status write_chunks(lta_writer *w, hid_t dataset, const lta_h5_column *c,
                               const lta_chunk_shape *shape)
{
    lta_status st = LTA_OK;
    lta_chunk_worker *worker = NULL;
    uint64_t n_chunks = (c->n + shape->length - 1) / shape->length;
    uint64_t n_workers = CHUNKS_PER_THREAD * (uint64_t)w->run->threads;
    if (n_workers > n_chunks)
        n_workers = n_chunks;
    if (shape->length == 1 && n_workers > 1) /* very long strings: memory before speed */
        n_workers = 1;
    LTA_TRY(lta_chunk_workers_create(shape, n_workers, &worker));
    for (uint64_t written_chunks = 0; written_chunks < n_chunks; written_chunks += n_workers) {
        uint64_t k = n_chunks - written_chunks < n_workers ? n_chunks - written_chunks : n_workers;
        LTA_TRY(lta_check_stop(w->run));
#pragma omp parallel for schedule(dynamic, 1) num_threads(w->run->threads) if (k > 1)
        for (int64_t i = 0; i < (int64_t)k; i++)
            encode(&worker[i], shape, c, (written_chunks + (uint64_t)i) * shape->length);
        for (uint64_t i = 0; i < k; i++) {
            hsize_t offset = (written_chunks + i) * shape->length;
            if (H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, &offset, worker[i].encoded_size, worker[i].encoded) <
                0) {
                st = lta_h5_fail(LTA_ERR_RUN, w->path, c->path, "could not be written");
                goto done;
            }
        }
    }
done:
    lta_chunk_workers_free(worker, n_workers);
    return st;
}

/* Digest of the column; strings are checked on the way. */
static lta_status digest_column(lta_writer *w, const lta_h5_column *c, char hex[LTA_SHA256_HEX])
{
    lta_value_digest d;
    lta_status st = lta_value_digest_begin(&d);
    if (st != LTA_OK)
        return st;
    if (!c->strings)
        LTA_TRY(lta_value_digest_numbers(&d, c->type, c->numbers, c->n, w->run->threads));
    for (uint64_t i = 0; c->strings && i < c->n; i++) {
        const char *text = lta_strings_get(c->strings, i);
        size_t length = (size_t)lta_strings_length(c->strings, i);
        if (!lta_is_utf8(text, length) || memchr(text, '\0', length)) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:%s: row %llu, a text that is not UTF-8 or holds a NUL", w->path,
                          c->path, (ull)i);
            goto done;
        }
        lta_value_digest_text(&d, text, length);
    }
    return lta_value_digest_end(&d, hex);
done:
    lta_value_digest_free(&d);
    return st;
}

static lta_status write_column(lta_writer *w, const lta_h5_column *c)
{
    lta_status st = LTA_OK;
    lta_chunk_shape shape;
    written record = {.type = c->type, .n = c->n};
    hid_t dataset = H5I_INVALID_HID;
    H5O_info_t info;
    size_t element = lta_type_size(c->type);
    if (w->compares)
        return lta_compare_column(&w->comparison, c);
    for (uint64_t i = 0; c->strings && i < c->n; i++)
        if (lta_strings_length(c->strings, i) > element)
            element = (size_t)lta_strings_length(c->strings, i);
    LTA_TRY(lta_chunk_shape_for(element > 0 ? element : 1, c->n, w->chunk_length, &shape));
    LTA_TRY(digest_column(w, c, record.hex));
    LTA_TRY(make_parents(w, c->path));
    LTA_TRY(create_dataset(w, c, &shape, &dataset));
    LTA_TRY(
        lta_h5_write_attribute(dataset, w->path, c->path, "description",
                               &(lta_h5_value){.type = LTA_STR, .text = (char *)(uintptr_t)c->description}));
    LTA_TRY(lta_h5_write_attribute(dataset, w->path, c->path, "unit",
                                   &(lta_h5_value){.type = LTA_STR, .text = (char *)(uintptr_t)c->unit}));
    LTA_TRY(write_chunks(w, dataset, c, &shape));
    if (H5Oget_info(dataset, &info) < 0) {
        st = lta_h5_fail(LTA_ERR_RUN, w->path, c->path, "could not be examined");
        goto done;
    }
    record.address = info.addr;
    LTA_TRY(LTA_GROW(&w->datasets, &w->datasets_capacity, w->n_datasets + 1));
    w->datasets[w->n_datasets++] = record;
done:
    if (dataset >= 0)
        H5Dclose(dataset);
    return st;
}

lta_status lta_writer_column(lta_writer *w, const char *path, lta_type type, const void *data, uint64_t n,
                             const char *unit, const char *description)
{
    return write_column(
        w,
        &(lta_h5_column){
            .path = path, .unit = unit, .description = description, .type = type, .numbers = data, .n = n});
}

lta_status lta_writer_strings(lta_writer *w, const char *path, const lta_strings *s, const char *description)
{
    return write_column(
        w,
        &(lta_h5_column){
            .path = path, .unit = "1", .description = description, .type = LTA_STR, .strings = s, .n = s->n});
}

/* ---- commit, close ---- */

static lta_status known_digest(void *context, const char *path, haddr_t address, lta_type *type, uint64_t *n,
                               char hex[LTA_SHA256_HEX])
{
    const lta_writer *w = context;
    for (uint64_t i = 0; i < w->n_datasets; i++)
        if (w->datasets[i].address == address) {
            *type = w->datasets[i].type;
            *n = w->datasets[i].n;
            memcpy(hex, w->datasets[i].hex, LTA_SHA256_HEX);
            return LTA_OK;
        }
    return lta_fail(LTA_ERR_RUN, "%s:%s: was not written by this writer", w->path, path);
}

/* Flushing is what fails on a full disk; only then is the file closed, after which little can go wrong. */
static lta_status flush_and_close(lta_writer *w)
{
    if (H5Fflush(w->h5, H5F_SCOPE_GLOBAL) < 0)
        return lta_h5_fail(LTA_ERR_RUN, w->path, NULL, "could not be written");
    hid_t h5 = w->h5;
    w->h5 = H5I_INVALID_HID;
    if (H5Fclose(h5) < 0)
        return lta_h5_fail(LTA_ERR_RUN, w->path, NULL, "could not be written");
    if (fsync(w->lock) != 0)
        return lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be written", w->path);
    return LTA_OK;
}

lta_status lta_writer_commit(lta_writer *w, const char *parameters, const char *inputs)
{
    lta_status st = LTA_OK;
    if (w->compares) { /* which version made the file does not matter: what it says does */
        LTA_TRY(lta_writer_attribute_text(w, "/", "parameters", parameters));
        LTA_TRY(lta_writer_attribute_text(w, "/", "inputs", inputs));
        return lta_compare_rest(&w->comparison);
    }
    LTA_TRY(lta_writer_attribute_text(w, "/", "lta_format", w->format));
    LTA_TRY(lta_writer_attribute_u64(w, "/", "schema_major", LTA_SCHEMA_MAJOR));
    LTA_TRY(lta_writer_attribute_u64(w, "/", "schema_minor", LTA_SCHEMA_MINOR));
    LTA_TRY(lta_writer_attribute_text(w, "/", "created_by", LTA_CREATED_BY));
    LTA_TRY(lta_writer_attribute_text(w, "/", "parameters", parameters));
    LTA_TRY(lta_writer_attribute_text(w, "/", "inputs", inputs));
    LTA_TRY(lta_store_digest(w->h5, w->path, UINT64_MAX, known_digest, w, w->digest));
    LTA_TRY(lta_writer_attribute_text(w, "/", "content_sha256", w->digest));
    LTA_TRY(flush_and_close(w));
    if (rename(w->partial, w->path) != 0) {
        st = lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be renamed to %s", w->partial, w->path);
        goto done;
    }
    w->renamed = true;
    st = lta_sync_folder_of(w->path);
done:
    return st;
}

const char *lta_writer_digest(const lta_writer *w)
{
    return w->digest;
}

/* Makes HDF5 flush into memory instead of a file that nobody wants. (/dev/null would not do: it can't be cut
 * to the file's size.) Should even that fail, at a limit on the size of files say, the library keeps what it
 * can't release, and lta_h5_quiet() has seen to it that it does not touch that again at exit. */
static void discard(lta_writer *w)
{
    int *descriptor = NULL, memory = memfd_create("lta-discarded", MFD_CLOEXEC);
    if (memory >= 0 && H5Fget_vfd_handle(w->h5, H5P_DEFAULT, (void **)&descriptor) >= 0 && descriptor)
        dup2(memory, *descriptor);
    if (memory >= 0)
        close(memory);
    H5Fclose(w->h5);
    H5Eclear2(H5E_DEFAULT);
}

void lta_writer_close(lta_writer *w)
{
    if (!w)
        return;
    if (w->lock >= 0 && !w->renamed)
        unlink(w->partial);
    if (w->h5 >= 0)
        discard(w);
    if (w->lock >= 0)
        close(w->lock);
    lta_compare_close(&w->comparison);
    lta_free(w->datasets);
    lta_free(w->format);
    lta_free(w->partial);
    lta_free(w->path);
    lta_free(w);
}
