/* pipeline/core/digest.h - SHA-256 (libcrypto) and XXH3-128 (libxxhash) as hex text. */
#ifndef LTA_CORE_DIGEST_H
#define LTA_CORE_DIGEST_H

#include "pipeline/core/status.h"

#include <stddef.h>
#include <stdint.h>

enum { LTA_SHA256_BYTES = 32, LTA_SHA256_HEX = 65, LTA_XXH3_HEX = 33 }; /* hex sizes include the NUL */

LTA_MUST_CHECK lta_status lta_sha256(const void *data, size_t size, uint8_t out[LTA_SHA256_BYTES]);
void lta_hex(const uint8_t *bytes, size_t n, char *out);                      /* 2n characters and a NUL */
void lta_xxh3_128_hex(const void *data, size_t size, char out[LTA_XXH3_HEX]); /* canonical, big-endian */

#endif
