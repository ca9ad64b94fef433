/* kernels/block_curves.h - hit curves straight from runs: block weights, distances in blocks, and the curve
 * of stack_distance.h and hit_curve.h, without handing anything back in between. For devices: on the CPU
 * there is nothing to save, and pipeline/curve does one after the other. */
#ifndef LTA_KERNELS_BLOCK_CURVES_H
#define LTA_KERNELS_BLOCK_CURVES_H

#include "kernels/hit_curve.h"
#include "kernels/run_build.h"

/* How much a lookup covers: of request r's input all but the last `leave` symbols, and no more than most[r].
 */
typedef struct lta_lookup_rule {
    uint32_t leave;
    const uint32_t *most; /* [n], or NULL */
} lta_lookup_rule;

/* trie, runs  with distances; taken from the device where they have copies there
 * touched     [n] as of lta_run_build_fn, for which the runs were made
 * block       at least 1
 * rules       [n_rules]
 * out         [n_rules] a curve for each, in blocks (design, section 3.3); set only on success
 * Errors: LTA_ERR_NOMEM, LTA_ERR_CUDA, LTA_ERR_DEVICE_MEMORY. Deterministic. */
typedef LTA_MUST_CHECK lta_status lta_block_curves_fn(const lta_trie *trie, const lta_runs *runs,
                                                      const int64_t *touched, uint64_t block, int n_rules,
                                                      const lta_lookup_rule *rules, lta_curve *out);
lta_block_curves_fn lta_block_curves_cuda; /* in builds with CUDA */

#endif
