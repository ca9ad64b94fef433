/* kernels/hit_curve.h - hits as a function of capacity, exactly, for every capacity at once (design,
 * section 3.3).
 *
 *     hits(C) = sum over runs of clamp(C - distance, 0, weight)
 *
 * is piecewise linear: each run raises the slope by 1 at its distance and lowers it by 1 at distance +
 * weight. */
#ifndef LTA_KERNELS_HIT_CURVE_H
#define LTA_KERNELS_HIT_CURVE_H

#include "pipeline/core/status.h"

#include <stdint.h>

typedef struct lta_curve {
    uint64_t n;         /* vertices, at least 1 */
    uint64_t *capacity; /* [n] rising from 0: (0, 0), every capacity at which the slope changes */
    uint64_t *hits;     /* [n] hits at that capacity; linear between, constant after the last */
} lta_curve;            /* owns its arrays */

/* distance, weight  [n] T_B and looked-up weight of each run; runs of weight 0 do not count
 * Errors: LTA_ERR_NOMEM. O(n log n). Deterministic. */
typedef LTA_MUST_CHECK lta_status lta_hit_curve_fn(uint64_t n, const uint64_t *distance,
                                                   const uint32_t *weight, lta_curve *out);
lta_hit_curve_fn lta_hit_curve_cpu;
lta_hit_curve_fn lta_hit_curve_cuda; /* in builds with CUDA; also LTA_ERR_CUDA, LTA_ERR_DEVICE_MEMORY */

uint64_t lta_curve_hits(const lta_curve *c, uint64_t capacity); /* exact at any capacity; O(log n) */
/* Smallest capacity with hits >= target, target <= all hits; exact. */
uint64_t lta_curve_capacity_for(const lta_curve *c, uint64_t target);
void lta_curve_free(lta_curve *c);

#endif
