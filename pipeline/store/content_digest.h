/* pipeline/store/content_digest.h - SHA-256 of a value in leaves of 2^20 elements
 * (pipeline/doc/store-format.md).
 *
 * The digest is the SHA-256 of the concatenated raw SHA-256s of the leaves, so that leaves can be hashed in
 * parallel. */
#ifndef LTA_STORE_CONTENT_DIGEST_H
#define LTA_STORE_CONTENT_DIGEST_H

#include "pipeline/core/digest.h"
#include "pipeline/store/store.h"

#include <openssl/evp.h>
#include <stdbool.h>

#define LTA_LEAF_ELEMENTS ((uint64_t)1 << 20)

typedef struct lta_value_digest {
    EVP_MD_CTX *outer, *leaf;
    uint64_t in_leaf; /* strings in the leaf begun last */
    bool failed;      /* libcrypto refused something; reported at the end */
} lta_value_digest;

const char *lta_type_name(lta_type t); /* numpy's, as in "<u4"; "str" */

LTA_MUST_CHECK lta_status lta_value_digest_begin(lta_value_digest *d);
/* Adds numbers; every call but the last must bring whole leaves. Deterministic for any thread count. */
LTA_MUST_CHECK lta_status lta_value_digest_numbers(lta_value_digest *d, lta_type type, const void *data,
                                                   uint64_t n, int threads);
void lta_value_digest_text(lta_value_digest *d, const char *text, size_t length); /* adds one string */
/* Ends and releases; hex is set only on success. */
LTA_MUST_CHECK lta_status lta_value_digest_end(lta_value_digest *d, char hex[LTA_SHA256_HEX]);
void lta_value_digest_free(lta_value_digest *d); /* after an error in between */

#endif
