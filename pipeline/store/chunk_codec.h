/* pipeline/store/chunk_codec.h - the filters of a chunk, done outside HDF5 so that chunks can be coded in
 * parallel.
 *
 * Encoding shuffles (byte 0 of every element, then byte 1, ...), deflates, and appends HDF5's Fletcher-32 of
 * the deflated bytes: what HDF5's own filters shuffle, deflate, fletcher32 in this order produce and read. */
#ifndef LTA_STORE_CHUNK_CODEC_H
#define LTA_STORE_CHUNK_CODEC_H

#include "pipeline/core/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct lta_chunk_shape {
    size_t element;  /* bytes an element */
    uint64_t length; /* elements in a chunk */
    size_t bytes;    /* element * length, at most LTA_PLANE_DEFLATE_MAX */
} lta_chunk_shape;

enum { LTA_CHUNK_MOST = 1 << 17 };

/* The shape that the store gives a column of n elements, with no more than `most` of them in a chunk.
 * Errors: LTA_ERR_FORMAT when a single element is too large. */
LTA_MUST_CHECK lta_status lta_chunk_shape_for(size_t element, uint64_t n, uint64_t most,
                                              lta_chunk_shape *out);

size_t lta_chunk_bound(const lta_chunk_shape *shape); /* largest encoded chunk, whoever encoded it */

/* Working memory and results of one thread after another: `n` workers, one a chunk of a batch. */
typedef struct lta_chunk_worker {
    struct lta_inflater *inflater;
    uint8_t *plain;   /* [shape.bytes] shuffled bytes */
    uint8_t *element; /* [shape.bytes] padded strings on their way in */
    uint8_t *encoded; /* [lta_chunk_bound] */
    size_t encoded_size;
    const char *problem; /* NULL, or what is wrong with the chunk that was decoded */
} lta_chunk_worker;

LTA_MUST_CHECK lta_status lta_chunk_workers_create(const lta_chunk_shape *shape, uint64_t n,
                                                   lta_chunk_worker **out);
void lta_chunk_workers_free(lta_chunk_worker *w, uint64_t n); /* accepts NULL */

/* data holds n <= shape->length elements; the rest of the chunk is zeros. Sets w->encoded_size. */
void lta_chunk_encode(lta_chunk_worker *w, const lta_chunk_shape *shape, const void *data, uint64_t n);
/* Decodes w->encoded [encoded_size] and writes the chunk's first n elements to data, or sets w->problem. */
void lta_chunk_decode(lta_chunk_worker *w, const lta_chunk_shape *shape, void *data, uint64_t n);

#endif
