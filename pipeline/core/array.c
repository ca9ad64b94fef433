/* pipeline/core/array.c - checked allocation. */
#include "pipeline/core/array.h"

#include <stdlib.h>
#include <sys/mman.h>

static lta_status byte_count(uint64_t n, size_t element_size, size_t *bytes)
{
    if (__builtin_mul_overflow(n, (uint64_t)element_size, bytes) || *bytes > PTRDIFF_MAX)
        return lta_fail(LTA_ERR_NOMEM, "an array of %llu elements of %zu bytes exceeds the address space",
                        (unsigned long long)n, element_size);
    if (*bytes == 0)
        *bytes = 1;
    return LTA_OK;
}

lta_status lta_alloc_bytes(void **out, uint64_t n, size_t element_size)
{
    size_t bytes;
    lta_status st = byte_count(n, element_size, &bytes);
    if (st != LTA_OK)
        return st;
    void *p = malloc(bytes);
    if (!p)
        return lta_fail(LTA_ERR_NOMEM, "could not allocate %zu bytes", bytes);
    *out = p;
    return LTA_OK;
}

lta_status lta_alloc_huge_bytes(void **out, uint64_t n, size_t element_size)
{
    enum { HUGE_PAGE = 1 << 21 };
    size_t bytes;
    lta_status st = byte_count(n, element_size, &bytes);
    if (st != LTA_OK)
        return st;
    if (bytes < HUGE_PAGE / 2)
        return lta_alloc_bytes(out, n, element_size);
    bytes = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *p = aligned_alloc(HUGE_PAGE, bytes);
    if (!p)
        return lta_fail(LTA_ERR_NOMEM, "could not allocate %zu bytes", bytes);
#ifdef MADV_HUGEPAGE
    (void)madvise(p, bytes, MADV_HUGEPAGE); /* a wish */
#endif
    *out = p;
    return LTA_OK;
}

lta_status lta_calloc_bytes(void **out, uint64_t n, size_t element_size)
{
    size_t bytes;
    lta_status st = byte_count(n, element_size, &bytes);
    if (st != LTA_OK)
        return st;
    void *p = calloc(1, bytes);
    if (!p)
        return lta_fail(LTA_ERR_NOMEM, "could not allocate %zu bytes", bytes);
    *out = p;
    return LTA_OK;
}

lta_status lta_grow_bytes(void **array, uint64_t *capacity, uint64_t need, size_t element_size)
{
    if (need <= *capacity && *array)
        return LTA_OK;
    uint64_t want = *capacity < 16 ? 16 : *capacity + *capacity / 2;
    if (want < need)
        want = need;
    size_t bytes;
    lta_status st = byte_count(want, element_size, &bytes);
    if (st != LTA_OK)
        return st;
    void *p = realloc(*array, bytes);
    if (!p)
        return lta_fail(LTA_ERR_NOMEM, "could not grow an array to %zu bytes", bytes);
    *array = p;
    *capacity = want;
    return LTA_OK;
}
