/* kernels/stack_distance.h - weighted stack distance of runs: a dominance sum (design, section 3.4).
 *
 *     T(p, r) = sum of weights touched over requests q with p < q < r whose previous toucher p' is <= p
 *
 * which equals the weight of the distinct positions whose last touch lies between p and r. Bennett and
 * Kruskal, IBM J. R&D 19(4), 1975, with requests instead of references and runs instead of pages. */
#ifndef LTA_KERNELS_STACK_DISTANCE_H
#define LTA_KERNELS_STACK_DISTANCE_H

#include "pipeline/core/status.h"

#include <stdint.h>

/* n             requests, below 2^32 - 1
 * offset        [n + 1] runs of request r
 * previous      [offset[n]] p of each run, p < r
 * weight        [offset[n]] weight of each run (symbols, or whole blocks)
 * first_weight  [n] weight that request r touches for the first time
 * distance      [offset[n]], out: T of each run; need not be initialised, must not alias an input
 * Errors: LTA_ERR_NOMEM. O((n + runs) log n), 8n bytes of scratch for each thread: those of
 * omp_get_max_threads() that pay, one inside a parallel region. Deterministic. */
typedef LTA_MUST_CHECK lta_status lta_stack_distance_fn(uint64_t n, const uint64_t *offset,
                                                        const uint32_t *previous, const uint32_t *weight,
                                                        const uint32_t *first_weight, uint64_t *distance);
lta_stack_distance_fn lta_stack_distance_cpu;
/* The same in so many stretches of time, a thread each: at least 1. */
LTA_MUST_CHECK lta_status lta_stack_distance_parts(uint64_t n, const uint64_t *offset,
                                                   const uint32_t *previous, const uint32_t *weight,
                                                   const uint32_t *first_weight, int parts,
                                                   uint64_t *distance);
lta_stack_distance_fn
    lta_stack_distance_cuda; /* in builds with CUDA; also LTA_ERR_CUDA, LTA_ERR_DEVICE_MEMORY */

#endif
