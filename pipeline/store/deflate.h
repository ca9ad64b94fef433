/* pipeline/store/deflate.h - zlib-format deflate at a fast level by the library chosen when building
 * (LTA_DEFLATE).
 *
 * Equal input gives equal output for one build; between libraries only the decompressed content is equal. */
#ifndef LTA_STORE_DEFLATE_H
#define LTA_STORE_DEFLATE_H

#include "pipeline/core/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Neither side of a call may be larger than this: one library counts in 32 bits. */
#define LTA_DEFLATE_MAX ((size_t)1 << 31)

typedef struct lta_deflater lta_deflater; /* working memory of one thread */

LTA_MUST_CHECK lta_status lta_deflater_create(lta_deflater **out);
void lta_deflater_free(lta_deflater *d); /* accepts NULL */

size_t lta_deflate_bound(size_t n); /* room that the output of n bytes may need */
/* false: the library failed, which for capacity >= lta_deflate_bound(n) means that it is broken */
bool lta_deflate(lta_deflater *d, const void *in, size_t n, void *out, size_t capacity, size_t *size);
/* false: in is no zlib stream of exactly `size` bytes, or its checksum does not match */
bool lta_inflate(lta_deflater *d, const void *in, size_t n, void *out, size_t size);

#endif
