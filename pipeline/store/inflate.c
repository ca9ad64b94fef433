/* pipeline/store/inflate.c - one implementation per library; the build defines exactly one of LTA_INFLATE_*.
 */
#include "pipeline/store/inflate.h"

#include "pipeline/core/array.h"

#include <stddef.h>

#if defined(LTA_INFLATE_LIBDEFLATE)
#include <libdeflate.h>

struct lta_inflater {
    struct libdeflate_decompressor *decompressor;
};

lta_status lta_inflater_create(lta_inflater **out)
{
    lta_inflater *d;
    lta_status st = LTA_CALLOC(&d, 1);
    if (st != LTA_OK)
        return st;
    d->decompressor = libdeflate_alloc_decompressor();
    if (!d->decompressor) {
        lta_inflater_free(d);
        return lta_fail(LTA_ERR_NOMEM, "could not allocate a decompressor");
    }
    *out = d;
    return LTA_OK;
}

void lta_inflater_free(lta_inflater *d)
{
    if (!d)
        return;
    libdeflate_free_decompressor(d->decompressor);
    lta_free(d);
}

bool lta_inflate(lta_inflater *d, const void *in, size_t n, void *out, size_t size)
{
    size_t used;
    return libdeflate_zlib_decompress_ex(d->decompressor, in, n, out, size, &used, NULL) ==
               LIBDEFLATE_SUCCESS &&
           used == n;
}

uint32_t lta_adler32(const void *in, size_t n)
{
    return libdeflate_adler32(1, in, n);
}

#elif defined(LTA_INFLATE_ZLIB)
#include <zlib.h>

struct lta_inflater {
    char unused; /* zlib allocates by itself at every call */
};

lta_status lta_inflater_create(lta_inflater **out)
{
    return LTA_CALLOC(out, 1);
}

void lta_inflater_free(lta_inflater *d)
{
    lta_free(d);
}

bool lta_inflate(lta_inflater *d, const void *in, size_t n, void *out, size_t size)
{
    (void)d;
    uLongf written = size;
    uLong used = n;
    return uncompress2(out, &written, in, &used) == Z_OK && written == size && used == n;
}

uint32_t lta_adler32(const void *in, size_t n)
{
    return (uint32_t)adler32_z(1, in, n);
}
#else
#error "the build defines one of LTA_INFLATE_LIBDEFLATE, LTA_INFLATE_ZLIB"
#endif
