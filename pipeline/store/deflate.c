/* pipeline/store/deflate.c - one implementation per library; the build defines exactly one of LTA_DEFLATE_*.
 */
#include "pipeline/store/deflate.h"

#include "pipeline/core/array.h"

#include <stdlib.h>

#if defined(LTA_DEFLATE_ISAL)
#include <isa-l/igzip_lib.h>

/* ISA-L's level 3, not 1 or 2: at those two ISA-L 2.30 hashes bits of the address of the stream, so that now
 * and then a chunk comes out a few bytes different under another layout of memory. (test_store tries
 * several.) */
enum { LEVEL = 3 };

struct lta_deflater {
    struct isal_zstream stream;
    struct inflate_state inflate;
    uint8_t level[ISAL_DEF_LVL3_DEFAULT];
};

lta_status lta_deflater_create(lta_deflater **out)
{
    return LTA_CALLOC(out, 1);
}

void lta_deflater_free(lta_deflater *d)
{
    free(d);
}

size_t lta_deflate_bound(size_t n)
{
    return n + n / 16 +
           1024; /* stored blocks cost 5 bytes in 65,535; generous, since ISA-L states no bound */
}

bool lta_deflate(lta_deflater *d, const void *in, size_t n, void *out, size_t capacity, size_t *size)
{
    struct isal_zstream *s = &d->stream;
    isal_deflate_stateless_init(s);
    s->level = LEVEL;
    s->level_buf = d->level;
    s->level_buf_size = sizeof d->level;
    s->gzip_flag = IGZIP_ZLIB;
    s->end_of_stream = 1;
    s->flush = NO_FLUSH;
    s->next_in = (uint8_t *)(uintptr_t)in;
    s->avail_in = (uint32_t)n;
    s->next_out = out;
    s->avail_out = (uint32_t)capacity;
    if (isal_deflate_stateless(s) != COMP_OK || s->avail_in != 0)
        return false;
    *size = s->total_out;
    return true;
}

bool lta_inflate(lta_deflater *d, const void *in, size_t n, void *out, size_t size)
{
    struct inflate_state *s = &d->inflate;
    isal_inflate_init(s);
    s->crc_flag = ISAL_ZLIB;
    s->next_in = (uint8_t *)(uintptr_t)in;
    s->avail_in = (uint32_t)n;
    s->next_out = out;
    s->avail_out = (uint32_t)size;
    return isal_inflate(s) == ISAL_DECOMP_OK && s->block_state == ISAL_BLOCK_FINISH && s->total_out == size &&
           s->avail_in == 0;
}

#elif defined(LTA_DEFLATE_LIBDEFLATE)
#include <libdeflate.h>

struct lta_deflater {
    struct libdeflate_compressor *compressor;
    struct libdeflate_decompressor *decompressor;
};

lta_status lta_deflater_create(lta_deflater **out)
{
    lta_deflater *d;
    lta_status st = LTA_CALLOC(&d, 1);
    if (st != LTA_OK)
        return st;
    d->compressor = libdeflate_alloc_compressor(1);
    d->decompressor = libdeflate_alloc_decompressor();
    if (!d->compressor || !d->decompressor) {
        lta_deflater_free(d);
        return lta_fail(LTA_ERR_NOMEM, "could not allocate a compressor");
    }
    *out = d;
    return LTA_OK;
}

void lta_deflater_free(lta_deflater *d)
{
    if (!d)
        return;
    libdeflate_free_compressor(d->compressor);
    libdeflate_free_decompressor(d->decompressor);
    free(d);
}

size_t lta_deflate_bound(size_t n)
{
    return libdeflate_zlib_compress_bound(NULL, n);
}

bool lta_deflate(lta_deflater *d, const void *in, size_t n, void *out, size_t capacity, size_t *size)
{
    *size = libdeflate_zlib_compress(d->compressor, in, n, out, capacity);
    return *size > 0;
}

bool lta_inflate(lta_deflater *d, const void *in, size_t n, void *out, size_t size)
{
    size_t used;
    return libdeflate_zlib_decompress_ex(d->decompressor, in, n, out, size, &used, NULL) ==
               LIBDEFLATE_SUCCESS &&
           used == n;
}

#elif defined(LTA_DEFLATE_ZLIB)
#include <zlib.h>

struct lta_deflater {
    char unused; /* zlib allocates by itself at every call */
};

lta_status lta_deflater_create(lta_deflater **out)
{
    return LTA_CALLOC(out, 1);
}

void lta_deflater_free(lta_deflater *d)
{
    free(d);
}

size_t lta_deflate_bound(size_t n)
{
    return compressBound(n);
}

bool lta_deflate(lta_deflater *d, const void *in, size_t n, void *out, size_t capacity, size_t *size)
{
    (void)d;
    uLongf written = capacity;
    bool good = compress2(out, &written, in, n, 1) == Z_OK;
    *size = written;
    return good;
}

bool lta_inflate(lta_deflater *d, const void *in, size_t n, void *out, size_t size)
{
    (void)d;
    uLongf written = size;
    uLong used = n;
    return uncompress2(out, &written, in, &used) == Z_OK && written == size && used == n;
}
#else
#error "the build defines one of LTA_DEFLATE_ISAL, LTA_DEFLATE_LIBDEFLATE, LTA_DEFLATE_ZLIB"
#endif
