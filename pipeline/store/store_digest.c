/* pipeline/store/store_digest.c - content_sha256: the lines of a file's datasets and attributes, sorted and
 * hashed. */
#include "pipeline/store/store_internal.h"

#include "pipeline/core/array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A hostile file may link a group into itself: real files stay far below these. */
enum { MAX_DEPTH = 8, MAX_LINES = 1 << 20, MAX_NAME = 256, MAX_PATH = 512 };

typedef struct walk {
    hid_t h5;
    const char *file;
    uint64_t limit;
    lta_dataset_digest_fn *digest;
    void *context;
    lta_strings lines;
} walk;

lta_status lta_text_digest(const char *text, size_t length, char hex[LTA_SHA256_HEX])
{
    lta_value_digest d;
    lta_status st = lta_value_digest_begin(&d);
    if (st != LTA_OK)
        return st;
    lta_value_digest_text(&d, text, length);
    return lta_value_digest_end(&d, hex);
}

static lta_status number_digest(uint64_t number, char hex[LTA_SHA256_HEX])
{
    lta_value_digest d;
    lta_status st = lta_value_digest_begin(&d);
    if (st != LTA_OK)
        return st;
    st = lta_value_digest_numbers(&d, LTA_U64, &number, 1, 1);
    if (st == LTA_OK)
        return lta_value_digest_end(&d, hex);
    lta_value_digest_free(&d);
    return st;
}

static lta_status add_line(walk *w, const char *line)
{
    if (w->lines.n >= MAX_LINES)
        return lta_fail(LTA_ERR_FORMAT, "%s: more than %d objects", w->file, MAX_LINES);
    return lta_strings_add_text(&w->lines, line);
}

static lta_status add_attribute(walk *w, hid_t object, const char *path, unsigned index)
{
    lta_status st = LTA_OK;
    lta_h5_value value = {0};
    char name[MAX_NAME], hex[LTA_SHA256_HEX], line[MAX_PATH + MAX_NAME + LTA_SHA256_HEX + 16];
    ssize_t length =
        H5Aget_name_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, index, name, sizeof name, H5P_DEFAULT);
    if (length < 0)
        return lta_h5_fail(LTA_ERR_FORMAT, w->file, path, "the name of an attribute could not be read");
    if (length >= MAX_NAME)
        return lta_fail(LTA_ERR_FORMAT, "%s:%s: an attribute with a name of %zd bytes", w->file, path,
                        length);
    if (path[1] == '\0' && (strcmp(name, "created_by") == 0 || strcmp(name, "content_sha256") == 0))
        return LTA_OK;
    LTA_TRY(lta_h5_read_attribute(object, w->file, path, name, w->limit, &value));
    if (value.type == LTA_STR)
        LTA_TRY(lta_text_digest(value.text, strlen(value.text), hex));
    else
        LTA_TRY(number_digest(value.number, hex));
    snprintf(line, sizeof line, "A %s@%s %s %s", path, name, lta_type_name(value.type), hex);
    st = add_line(w, line);
done:
    lta_free(value.text);
    return st;
}

static lta_status add_object(walk *w, const char *path, int depth);

static lta_status add_members(walk *w, hid_t group, const char *path, int depth)
{
    lta_status st = LTA_OK;
    H5G_info_t info;
    if (depth == MAX_DEPTH)
        return lta_fail(LTA_ERR_FORMAT, "%s:%s: more than %d groups inside each other", w->file, path,
                        MAX_DEPTH);
    if (!lta_h5_group_info(group, &info))
        return lta_h5_fail(LTA_ERR_FORMAT, w->file, path,
                           "could not be listed, or not as the store lists groups");
    for (hsize_t i = 0; i < info.nlinks; i++) {
        char name[MAX_NAME], child[MAX_PATH];
        ssize_t length =
            H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
        if (length < 0)
            return lta_h5_fail(LTA_ERR_FORMAT, w->file, path, "could not be listed");
        int n = snprintf(child, sizeof child, "%s/%s", path[1] == '\0' ? "" : path, name);
        if (length >= MAX_NAME || n >= MAX_PATH)
            return lta_fail(LTA_ERR_FORMAT, "%s:%s: a member with too long a name", w->file, path);
        LTA_TRY(add_object(w, child, depth + 1));
    }
done:
    return st;
}

static lta_status add_object(walk *w, const char *path, int depth)
{
    lta_status st = LTA_OK;
    hid_t object = H5I_INVALID_HID;
    H5O_info_t info;
    lta_object kind = lta_h5_find(w->h5, path);
    if (kind != LTA_OBJECT_GROUP && kind != LTA_OBJECT_DATASET) {
        st = lta_h5_fail(LTA_ERR_FORMAT, w->file, path, "expected a group or a dataset");
        goto done;
    }
    object = H5Oopen(w->h5, path, H5P_DEFAULT);
    if (object < 0 || H5Oget_info(object, &info) < 0) {
        st = lta_h5_fail(LTA_ERR_FORMAT, w->file, path, "could not be opened");
        goto done;
    }
    if (kind == LTA_OBJECT_DATASET) {
        lta_type type;
        uint64_t n;
        char hex[LTA_SHA256_HEX], line[MAX_PATH + LTA_SHA256_HEX + 48];
        LTA_TRY(w->digest(w->context, path, info.addr, &type, &n, hex));
        snprintf(line, sizeof line, "D %s %s %llu %s", path, lta_type_name(type), (ull)n, hex);
        LTA_TRY(add_line(w, line));
    }
    for (hsize_t i = 0; i < info.num_attrs; i++)
        LTA_TRY(add_attribute(w, object, path, (unsigned)i));
    if (kind == LTA_OBJECT_GROUP)
        LTA_TRY(add_members(w, object, path, depth));
done:
    if (object >= 0)
        H5Oclose(object);
    return st;
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b); /* as unsigned bytes */
}

lta_status lta_store_digest(hid_t h5, const char *file, uint64_t limit, lta_dataset_digest_fn *digest,
                            void *context, char hex[LTA_SHA256_HEX])
{
    lta_status st = LTA_OK;
    walk w = {.h5 = h5, .file = file, .limit = limit, .digest = digest, .context = context};
    const char **sorted = NULL;
    EVP_MD_CTX *sha = EVP_MD_CTX_new();
    uint8_t raw[LTA_SHA256_BYTES];
    LTA_TRY(add_object(&w, "/", 0));
    LTA_TRY(LTA_ALLOC(&sorted, w.lines.n));
    for (uint64_t i = 0; i < w.lines.n; i++)
        sorted[i] = lta_strings_get(&w.lines, i);
    qsort(sorted, w.lines.n, sizeof *sorted, compare_lines);
    bool good = sha && EVP_DigestInit_ex(sha, EVP_sha256(), NULL) == 1;
    for (uint64_t i = 0; i < w.lines.n; i++)
        good = good && EVP_DigestUpdate(sha, sorted[i], strlen(sorted[i])) == 1 &&
               EVP_DigestUpdate(sha, "\n", 1) == 1;
    if (!good || EVP_DigestFinal_ex(sha, raw, NULL) != 1)
        st = lta_fail(LTA_ERR_RUN, "%s: libcrypto could not compute a SHA-256", file);
    else
        lta_hex(raw, sizeof raw, hex);
done:
    EVP_MD_CTX_free(sha);
    lta_free(sorted);
    lta_strings_free(&w.lines);
    return st;
}
