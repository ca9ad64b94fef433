/* pipeline/core/array.h - checked allocation and growable arrays.
 *
 * Every size is checked for overflow; every failure is LTA_ERR_NOMEM with the bytes asked for. A result is
 * written to *out only on success. Zero elements give a valid pointer that may be freed. Release with free().
 */
#ifndef LTA_CORE_ARRAY_H
#define LTA_CORE_ARRAY_H

#include "pipeline/core/status.h"

#include <stddef.h>
#include <stdint.h>

LTA_MUST_CHECK lta_status lta_alloc_bytes(void **out, uint64_t n,
                                          size_t element_size); /* undefined content */
LTA_MUST_CHECK lta_status lta_calloc_bytes(void **out, uint64_t n, size_t element_size); /* zeroed */

/* The same as the first, in huge pages where the system gives them and there are enough bytes: for what is
 * read and written in no order, or written once from end to end. */
LTA_MUST_CHECK lta_status lta_alloc_huge_bytes(void **out, uint64_t n, size_t element_size);

/* Makes room for at least `need` elements in *array (capacity *capacity), half as much again as before at
 * least when it grows. */
LTA_MUST_CHECK lta_status lta_grow_bytes(void **array, uint64_t *capacity, uint64_t need,
                                         size_t element_size);

/* The same, without a call where there is room. */
LTA_MUST_CHECK static inline lta_status lta_grow(void **array, uint64_t *capacity, uint64_t need,
                                                 size_t element_size)
{
    return need <= *capacity && *array ? LTA_OK : lta_grow_bytes(array, capacity, need, element_size);
}

/* Typed wrappers: LTA_ALLOC(&p, n) allocates n elements of *p. */
#define LTA_ALLOC(p, n)        lta_alloc_bytes((void **)(p), (n), sizeof **(p))
#define LTA_ALLOC_HUGE(p, n)   lta_alloc_huge_bytes((void **)(p), (n), sizeof **(p))
#define LTA_CALLOC(p, n)       lta_calloc_bytes((void **)(p), (n), sizeof **(p))
#define LTA_GROW(p, cap, need) lta_grow((void **)(p), (cap), (need), sizeof **(p))

#endif
