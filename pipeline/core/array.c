/* pipeline/core/array.c - checked allocation. */
#include "pipeline/core/array.h"

#include "pipeline/core/scratch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

/* Stands in front of each array. */
typedef struct header {
    uint64_t before; /* bytes from where the allocation begins to the array */
    uint64_t mapped; /* bytes of the mapping that the array lies in; 0: from malloc */
} header;

enum {
    LEAST = 1 << 18,                    /* bytes; smaller arrays are never on disk */
    HUGE_PAGE = 1 << 21,                /* bytes */
    AFTER_PAGE_START = 64,              /* bytes; where an array begins that has pages of its own */
    AFTER_HEADER = (int)sizeof(header), /* keeps malloc's alignment */
    COLUMNS = 2,
    TABLES = 3 /* quarters of what may be allocated; the last is for small arrays and for libraries */
};

static lta_status byte_count(uint64_t n, size_t element_size, size_t *bytes)
{
    if (__builtin_mul_overflow(n, (uint64_t)element_size, bytes) || *bytes > PTRDIFF_MAX - HUGE_PAGE)
        return lta_fail(LTA_ERR_NOMEM, "an array of %llu elements of %zu bytes exceeds the address space",
                        (unsigned long long)n, element_size);
    if (*bytes == 0)
        *bytes = 1;
    return LTA_OK;
}

static header *header_of(void *array)
{
    header *h = (header *)array - 1;
    ASAN_UNPOISON_MEMORY_REGION(h, sizeof *h);
    return h;
}

static void *array_in(void *start, uint64_t before, uint64_t mapped)
{
    char *array = (char *)start + before;
    header *h = (header *)(void *)array - 1;
    *h = (header){.before = before, .mapped = mapped};
    ASAN_POISON_MEMORY_REGION(h, sizeof *h);
    return array;
}

static lta_status on_disk(size_t bytes, void **out)
{
    void *start;
    lta_status st = lta_scratch_map(bytes + AFTER_PAGE_START, &start);
    if (st == LTA_OK)
        *out = array_in(start, AFTER_PAGE_START, bytes + AFTER_PAGE_START);
    return st;
}

/* Would so many more bytes take what is allocated beyond so many quarters of what is allowed? */
static bool beyond(unsigned quarters, size_t bytes)
{
    uint64_t limit = bytes < LEAST ? UINT64_MAX : lta_data_limit();
    return limit != UINT64_MAX && lta_data_used() + bytes > limit / 4 * quarters;
}

/* p: what malloc gave, with room for `before` bytes and the array; NULL: memory has run out. */
static lta_status in_memory(void *p, uint64_t before, size_t bytes, void **out)
{
    if (!p)
        return lta_fail(LTA_ERR_NOMEM, "could not allocate %zu bytes", bytes);
    *out = array_in(p, before, 0);
    return LTA_OK;
}

static lta_status in_huge_pages(size_t bytes, void **out)
{
    if (bytes < HUGE_PAGE / 2)
        return in_memory(malloc(AFTER_HEADER + bytes), AFTER_HEADER, bytes, out);
    size_t whole = (bytes + AFTER_PAGE_START + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *p = aligned_alloc(HUGE_PAGE, whole);
#ifdef MADV_HUGEPAGE
    if (p)
        (void)madvise(p, whole, MADV_HUGEPAGE); /* a wish */
#endif
    return in_memory(p, AFTER_PAGE_START, bytes, out);
}

lta_status lta_alloc_bytes(void **out, uint64_t n, size_t element_size)
{
    size_t bytes;
    lta_status st = byte_count(n, element_size, &bytes);
    if (st != LTA_OK)
        return st;
    return beyond(COLUMNS, bytes) ? on_disk(bytes, out)
                                  : in_memory(malloc(AFTER_HEADER + bytes), AFTER_HEADER, bytes, out);
}

lta_status lta_alloc_huge_bytes(void **out, uint64_t n, size_t element_size)
{
    size_t bytes;
    lta_status st = byte_count(n, element_size, &bytes);
    if (st != LTA_OK)
        return st;
    return beyond(COLUMNS, bytes) ? on_disk(bytes, out) : in_huge_pages(bytes, out);
}

lta_status lta_table_bytes(void **out, uint64_t n, size_t element_size)
{
    size_t bytes;
    lta_status st = byte_count(n, element_size, &bytes);
    if (st != LTA_OK)
        return st;
    return beyond(TABLES, bytes) ? on_disk(bytes, out) : in_huge_pages(bytes, out);
}

lta_status lta_calloc_bytes(void **out, uint64_t n, size_t element_size)
{
    size_t bytes;
    lta_status st = byte_count(n, element_size, &bytes);
    if (st != LTA_OK)
        return st;
    return beyond(TABLES, bytes) ? on_disk(bytes, out)
                                 : in_memory(calloc(1, AFTER_HEADER + bytes), AFTER_HEADER, bytes, out);
}

/* The array with `bytes` bytes, of which the first `old` are what was there. */
static lta_status resize(void **array, size_t old, size_t bytes)
{
    header *h = *array ? header_of(*array) : NULL;
    void *larger = NULL;
    if (!h)
        return lta_alloc_bytes(array, bytes, 1);
    if (h->before == AFTER_HEADER && (bytes < LEAST || !beyond(COLUMNS, bytes - old)))
        return in_memory(realloc(h, AFTER_HEADER + bytes), AFTER_HEADER, bytes, array);
    lta_status st = lta_alloc_bytes(&larger, bytes, 1);
    if (st != LTA_OK)
        return st;
    memcpy(larger, *array, old);
    lta_free(*array);
    *array = larger;
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
    if (st == LTA_OK)
        st = resize(array, *capacity * element_size, bytes);
    if (st == LTA_OK)
        *capacity = want;
    return st;
}

void lta_trim_bytes(void **array, uint64_t n, size_t element_size)
{
    header *h = header_of(*array);
    void *p = h->before == AFTER_HEADER ? realloc(h, AFTER_HEADER + n * element_size) : NULL;
    *array = array_in(p ? p : (char *)*array - h->before, p ? AFTER_HEADER : h->before, p ? 0 : h->mapped);
}

void lta_free(void *array)
{
    if (!array)
        return;
    header h = *header_of(array);
    void *start = (char *)array - h.before;
    if (h.mapped > 0)
        munmap(start, h.mapped);
    else
        free(start);
}
