/* pipeline/store/chunk_codec.c - shuffle, deflate, Fletcher-32. */
#include "pipeline/store/chunk_codec.h"

#include "pipeline/core/array.h"
#include "pipeline/store/inflate.h"
#include "pipeline/store/plane_deflate.h"

#include <string.h>

enum { CHECKSUM_BYTES = 4, MAX_CHUNK_BYTES = 1 << 20 };

lta_status lta_chunk_shape_for(size_t element, uint64_t n, uint64_t most, lta_chunk_shape *out)
{
    if (element > LTA_PLANE_DEFLATE_MAX / 2)
        return lta_fail(LTA_ERR_FORMAT, "a string of %zu bytes, expected at most %zu", element,
                        LTA_PLANE_DEFLATE_MAX / 2);
    /* a power of two, so that the 2^20 elements of a digest's leaf are whole chunks */
    uint64_t length = LTA_CHUNK_MOST;
    while (length > 1 && (length > most || length * element > MAX_CHUNK_BYTES))
        length /= 2;
    if (length > n)
        length = n > 0 ? n : 1;
    *out = (lta_chunk_shape){.element = element, .length = length, .bytes = (size_t)length * element};
    return LTA_OK;
}

size_t lta_chunk_bound(const lta_chunk_shape *shape)
{
    /* and enough for a chunk that another compressor has written */
    size_t own = lta_plane_deflate_bound(shape->bytes, shape->length),
           others = shape->bytes + shape->bytes / 16 + 1024;
    return (own > others ? own : others) + CHECKSUM_BYTES;
}

lta_status lta_chunk_workers_create(const lta_chunk_shape *shape, uint64_t n, lta_chunk_worker **out)
{
    lta_status st = LTA_OK;
    lta_chunk_worker *w = NULL;
    LTA_TRY(LTA_CALLOC(&w, n));
    for (uint64_t i = 0; i < n; i++) {
        LTA_TRY(lta_inflater_create(&w[i].inflater));
        LTA_TRY(LTA_ALLOC(&w[i].plain, shape->bytes));
        LTA_TRY(LTA_ALLOC(&w[i].element, shape->bytes));
        LTA_TRY(LTA_ALLOC(&w[i].encoded, lta_chunk_bound(shape)));
    }
    *out = w;
    w = NULL;
done:
    lta_chunk_workers_free(w, n);
    return st;
}

void lta_chunk_workers_free(lta_chunk_worker *w, uint64_t n)
{
    for (uint64_t i = 0; w && i < n; i++) {
        lta_inflater_free(w[i].inflater);
        lta_free(w[i].plain);
        lta_free(w[i].element);
        lta_free(w[i].encoded);
    }
    lta_free(w);
}

/* plane b of `out` holds byte b of all elements; planes are `length` apart, elements n .. length-1 are zeros
 */
static inline void shuffle_by(size_t element, const uint8_t *in, uint64_t n, uint64_t length, uint8_t *out)
{
    for (size_t b = 0; b < element; b++) {
        uint8_t *plane = out + b * length;
        for (uint64_t i = 0; i < n; i++)
            plane[i] = in[i * element + b];
        memset(plane + n, 0, (size_t)(length - n));
    }
}

static inline void unshuffle_by(size_t element, const uint8_t *in, uint64_t n, uint64_t length, uint8_t *out)
{
    for (size_t b = 0; b < element; b++) {
        const uint8_t *plane = in + b * length;
        for (uint64_t i = 0; i < n; i++)
            out[i * element + b] = plane[i];
    }
}

/* element sizes of numbers become constants, which the compiler turns into vector code */
static void shuffle(size_t element, const uint8_t *in, uint64_t n, uint64_t length, uint8_t *out)
{
    switch (element) {
    case 2:
        shuffle_by(2, in, n, length, out);
        break;
    case 4:
        shuffle_by(4, in, n, length, out);
        break;
    case 8:
        shuffle_by(8, in, n, length, out);
        break;
    default:
        shuffle_by(element, in, n, length, out);
    }
}

/* Numbers put together from their bytes, which compilers turn into vector code; where bytes stand in the
 * machine's own order. */
#define DEFINE_UNSHUFFLE(name, type)                                                                         \
    static void name(const uint8_t *in, uint64_t n, uint64_t length, uint8_t *out)                           \
    {                                                                                                        \
        for (uint64_t i = 0; i < n; i++) {                                                                   \
            type v = 0;                                                                                      \
            for (size_t b = 0; b < sizeof v; b++)                                                            \
                v = (type)(v | (type)((type)in[b * length + i] << (8 * b)));                                 \
            memcpy(out + i * sizeof v, &v, sizeof v);                                                        \
        }                                                                                                    \
    }

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
DEFINE_UNSHUFFLE(unshuffle16, uint16_t)
DEFINE_UNSHUFFLE(unshuffle32, uint32_t)
DEFINE_UNSHUFFLE(unshuffle64, uint64_t)

static void unshuffle(size_t element, const uint8_t *in, uint64_t n, uint64_t length, uint8_t *out)
{
    if (element == 2)
        unshuffle16(in, n, length, out);
    else if (element == 4)
        unshuffle32(in, n, length, out);
    else if (element == 8)
        unshuffle64(in, n, length, out);
    else
        unshuffle_by(element, in, n, length, out);
}
#else
static void unshuffle(size_t element, const uint8_t *in, uint64_t n, uint64_t length, uint8_t *out)
{
    unshuffle_by(element, in, n, length, out);
}
#endif

/* HDF5's Fletcher-32: sums of big-endian 16-bit words modulo 65,535; an odd last byte is a word's high half.
 * Up to 360 words can be added before a sum may overflow 32 bits. */
static uint32_t fletcher32(const uint8_t *data, size_t size)
{
    uint32_t sum1 = 0, sum2 = 0;
    for (size_t left = size / 2; left > 0;) {
        size_t block = left < 360 ? left : 360;
        left -= block;
        for (; block > 0; block--, data += 2) {
            sum1 += (uint32_t)data[0] << 8 | data[1];
            sum2 += sum1;
        }
        sum1 = (sum1 & 0xffff) + (sum1 >> 16);
        sum2 = (sum2 & 0xffff) + (sum2 >> 16);
    }
    if (size % 2 == 1) {
        sum1 += (uint32_t)data[0] << 8;
        sum2 += sum1;
        sum1 = (sum1 & 0xffff) + (sum1 >> 16);
        sum2 = (sum2 & 0xffff) + (sum2 >> 16);
    }
    sum1 = (sum1 & 0xffff) + (sum1 >> 16);
    sum2 = (sum2 & 0xffff) + (sum2 >> 16);
    return sum2 << 16 | sum1;
}

void lta_chunk_encode(lta_chunk_worker *w, const lta_chunk_shape *shape, const void *data, uint64_t n)
{
    shuffle(shape->element, data, n, shape->length, w->plain);
    size_t size = lta_plane_deflate(w->plain, shape->bytes, shape->length,
                                    lta_adler32(w->plain, shape->bytes), w->encoded);
    uint32_t sum = fletcher32(w->encoded, size);
    for (int i = 0; i < CHECKSUM_BYTES; i++)
        w->encoded[size++] = (uint8_t)(sum >> (8 * i));
    w->encoded_size = size;
}

void lta_chunk_decode(lta_chunk_worker *w, const lta_chunk_shape *shape, void *data, uint64_t n)
{
    w->problem = NULL;
    if (w->encoded_size <= CHECKSUM_BYTES) {
        w->problem = "is too short";
        return;
    }
    size_t size = w->encoded_size - CHECKSUM_BYTES;
    uint32_t stored = 0;
    for (int i = 0; i < CHECKSUM_BYTES; i++)
        stored |= (uint32_t)w->encoded[size + (size_t)i] << (8 * i);
    if (stored != fletcher32(w->encoded, size))
        w->problem = "is damaged: its checksum does not match";
    else if (!lta_inflate(w->inflater, w->encoded, size, w->plain, shape->bytes))
        w->problem = "is damaged: it could not be decompressed";
    else
        unshuffle(shape->element, w->plain, n, shape->length, data);
}
