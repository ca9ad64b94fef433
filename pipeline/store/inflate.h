/* pipeline/store/inflate.h - zlib-format decompression and its checksum, by the library chosen when building
 * (LTA_INFLATE): libdeflate, or zlib. What comes out is the same. */
#ifndef LTA_STORE_INFLATE_H
#define LTA_STORE_INFLATE_H

#include "pipeline/core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lta_inflater lta_inflater; /* working memory of one thread */

LTA_MUST_CHECK lta_status lta_inflater_create(lta_inflater **out);
void lta_inflater_free(lta_inflater *d); /* accepts NULL */

/* false: in is no zlib stream of exactly `size` bytes, or its checksum does not match */
bool lta_inflate(lta_inflater *d, const void *in, size_t n, void *out, size_t size);

/* Adler-32 (RFC 1950) of n bytes, at most 2^31. */
uint32_t lta_adler32(const void *in, size_t n);

#endif
