/* pipeline/store/content_digest.c - digests of columns and attributes. */
#include "pipeline/store/content_digest.h"

#include "pipeline/core/array.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "columns are hashed and stored as they lie in memory");

size_t lta_type_size(lta_type t)
{
    static const size_t sizes[] = {
        [LTA_U16] = 2, [LTA_U32] = 4, [LTA_U64] = 8, [LTA_I64] = 8, [LTA_F64] = 8, [LTA_STR] = 0};
    return sizes[t];
}

const char *lta_type_name(lta_type t)
{
    static const char *const names[] = {[LTA_U16] = "<u2", [LTA_U32] = "<u4", [LTA_U64] = "<u8",
                                        [LTA_I64] = "<i8", [LTA_F64] = "<f8", [LTA_STR] = "str"};
    return names[t];
}

lta_status lta_value_digest_begin(lta_value_digest *d)
{
    *d = (lta_value_digest){.outer = EVP_MD_CTX_new(), .leaf = EVP_MD_CTX_new()};
    if (d->outer && d->leaf && EVP_DigestInit_ex(d->outer, EVP_sha256(), NULL) == 1)
        return LTA_OK;
    lta_value_digest_free(d);
    return lta_fail(LTA_ERR_NOMEM, "could not begin a SHA-256");
}

void lta_value_digest_free(lta_value_digest *d)
{
    EVP_MD_CTX_free(d->outer);
    EVP_MD_CTX_free(d->leaf);
    *d = (lta_value_digest){0};
}

/* -0 becomes 0, every NaN the same one */
static bool hash_f64(const double *x, uint64_t n, uint8_t out[LTA_SHA256_BYTES])
{
    enum { BLOCK = 1024 };
    uint64_t bits[BLOCK];
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool good = c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1;
    for (uint64_t i = 0; good && i < n;) {
        uint64_t k = n - i < BLOCK ? n - i : BLOCK;
        for (uint64_t j = 0; j < k; j++, i++) {
            memcpy(&bits[j], &x[i], sizeof bits[j]);
            if (x[i] != x[i])
                bits[j] = 0x7ff8000000000000;
            else if (bits[j] == 0x8000000000000000)
                bits[j] = 0;
        }
        good = EVP_DigestUpdate(c, bits, k * sizeof *bits) == 1;
    }
    good = good && EVP_DigestFinal_ex(c, out, NULL) == 1;
    EVP_MD_CTX_free(c);
    return good;
}

lta_status lta_value_digest_numbers(lta_value_digest *d, lta_type type, const void *data, uint64_t n,
                                    int threads)
{
    uint8_t *leaf = NULL;
    int64_t n_leaves = (int64_t)((n + LTA_LEAF_ELEMENTS - 1) / LTA_LEAF_ELEMENTS);
    bool good = true;
    lta_status st = lta_alloc_bytes((void **)&leaf, (uint64_t)n_leaves, LTA_SHA256_BYTES);
    if (st != LTA_OK)
        return st;
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads) reduction(&& : good) if (n_leaves > 1)
    for (int64_t i = 0; i < n_leaves; i++) {
        uint64_t first = (uint64_t)i * LTA_LEAF_ELEMENTS;
        uint64_t k = n - first < LTA_LEAF_ELEMENTS ? n - first : LTA_LEAF_ELEMENTS;
        uint8_t *out = leaf + (size_t)i * LTA_SHA256_BYTES;
        if (type == LTA_F64) {
            good = hash_f64((const double *)data + first, k, out) && good;
        } else {
            size_t size = lta_type_size(type);
            good =
                EVP_Digest((const char *)data + first * size, k * size, out, NULL, EVP_sha256(), NULL) == 1 &&
                good;
        }
    }
    d->failed |= !good || EVP_DigestUpdate(d->outer, leaf, (size_t)n_leaves * LTA_SHA256_BYTES) != 1;
    lta_free(leaf);
    return LTA_OK;
}

static void end_leaf(lta_value_digest *d)
{
    uint8_t raw[LTA_SHA256_BYTES];
    d->failed |=
        EVP_DigestFinal_ex(d->leaf, raw, NULL) != 1 || EVP_DigestUpdate(d->outer, raw, sizeof raw) != 1;
    d->in_leaf = 0;
}

void lta_value_digest_text(lta_value_digest *d, const char *text, size_t length)
{
    uint64_t size = length;
    if (d->in_leaf == 0)
        d->failed |= EVP_DigestInit_ex(d->leaf, EVP_sha256(), NULL) != 1;
    d->failed |=
        EVP_DigestUpdate(d->leaf, &size, sizeof size) != 1 || EVP_DigestUpdate(d->leaf, text, length) != 1;
    if (++d->in_leaf == LTA_LEAF_ELEMENTS)
        end_leaf(d);
}

lta_status lta_value_digest_end(lta_value_digest *d, char hex[LTA_SHA256_HEX])
{
    uint8_t raw[LTA_SHA256_BYTES];
    if (d->in_leaf > 0)
        end_leaf(d);
    bool failed = d->failed || EVP_DigestFinal_ex(d->outer, raw, NULL) != 1;
    lta_value_digest_free(d);
    if (failed)
        return lta_fail(LTA_ERR_RUN, "libcrypto could not compute a SHA-256");
    lta_hex(raw, sizeof raw, hex);
    return LTA_OK;
}
