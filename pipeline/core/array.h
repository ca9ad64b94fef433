/* pipeline/core/array.h - checked allocation and growable arrays, in memory or, beyond a budget, on disk.
 *
 * Every size is checked for overflow; every failure is LTA_ERR_NOMEM with the bytes asked for, or
 * LTA_ERR_SPACE where the disk is full. A result is written to *out only on success. Zero elements give a
 * valid pointer. What these functions gave is released with lta_free(), nothing else is.
 *
 * Where the process has a limit on its data (--memory sets RLIMIT_DATA), arrays of 256 KiB and more that
 * would take columns beyond half of it live in scratch files (pipeline/core/scratch.h) instead, mapped, so
 * that the third quarter is left for what is read in no order: tables, before they go there too. The last
 * quarter is for small arrays and for libraries, not all of which survive that memory runs out (HDF5 1.10).
 * Nobody else need know: results are the same.
 */
#ifndef LTA_CORE_ARRAY_H
#define LTA_CORE_ARRAY_H

#include "pipeline/core/status.h"

#include <stddef.h>
#include <stdint.h>

/* Columns: mostly written and read from end to end. Undefined content. */
LTA_MUST_CHECK lta_status lta_alloc_bytes(void **out, uint64_t n, size_t element_size);

/* The same in huge pages, where the system gives them and there are enough bytes: for what is written at once
 * from end to end. */
LTA_MUST_CHECK lta_status lta_alloc_huge_bytes(void **out, uint64_t n, size_t element_size);

/* Tables: read and written in no order; in huge pages as above, and in memory as long as there is any.
 * Undefined content. */
LTA_MUST_CHECK lta_status lta_table_bytes(void **out, uint64_t n, size_t element_size);

/* Zeroed, and in memory as long as there is any. */
LTA_MUST_CHECK lta_status lta_calloc_bytes(void **out, uint64_t n, size_t element_size);

/* Makes room for at least `need` elements in *array (capacity *capacity), half as much again as before at
 * least when it grows. *array is NULL or from here. */
LTA_MUST_CHECK lta_status lta_grow_bytes(void **array, uint64_t *capacity, uint64_t need,
                                         size_t element_size);

/* The same, without a call where there is room. */
LTA_MUST_CHECK static inline lta_status lta_grow(void **array, uint64_t *capacity, uint64_t need,
                                                 size_t element_size)
{
    return need <= *capacity && *array ? LTA_OK : lta_grow_bytes(array, capacity, need, element_size);
}

/* Gives back what is beyond the first n elements, where that is possible. */
void lta_trim_bytes(void **array, uint64_t n, size_t element_size);

void lta_free(void *array); /* NULL: nothing */

/* Typed wrappers: LTA_ALLOC(&p, n) allocates n elements of *p. */
#define LTA_ALLOC(p, n)        lta_alloc_bytes((void **)(p), (n), sizeof **(p))
#define LTA_ALLOC_HUGE(p, n)   lta_alloc_huge_bytes((void **)(p), (n), sizeof **(p))
#define LTA_TABLE(p, n)        lta_table_bytes((void **)(p), (n), sizeof **(p))
#define LTA_CALLOC(p, n)       lta_calloc_bytes((void **)(p), (n), sizeof **(p))
#define LTA_GROW(p, cap, need) lta_grow((void **)(p), (cap), (need), sizeof **(p))
#define LTA_TRIM(p, n)         lta_trim_bytes((void **)(p), (n), sizeof **(p))

#endif
