/* kernels/compute.h - the operations as stages call them: by the twin that --device chose.
 *
 * Where the device's memory does not suffice, the CPU computes instead, which the log says; the result is the
 * same. Any other failure of a device is the caller's failure. Arguments and errors are those of the
 * operation's own header. */
#ifndef LTA_KERNELS_COMPUTE_H
#define LTA_KERNELS_COMPUTE_H

#include "kernels/cost.h"
#include "kernels/ops.h"
#include "pipeline/core/run.h"

/* Threads that may do so large an operation at once: one where a device does it. */
int lta_compute_threads(const lta_run *run, lta_operation operation, uint64_t elements);
/* What runs and distances of this trie are: requests of one symbol at most are cheaper. */
lta_operation lta_reuse_operation(const lta_trie *trie);
/* What has computed so far, for messages: "cpu", or "cuda" once an operation ran there. */
const char *lta_compute_device(const lta_run *run);

LTA_MUST_CHECK lta_status lta_compute_prefix_hash(const lta_run *run, const lta_sequences *s, uint64_t n,
                                                  const uint64_t *request, const uint32_t *depth,
                                                  uint64_t base, uint64_t *hash);
LTA_MUST_CHECK lta_status lta_compute_trie(const lta_run *run, const lta_sequences *s, lta_trie *out);
LTA_MUST_CHECK lta_status lta_compute_runs(const lta_run *run, const lta_trie *trie, const int64_t *touched,
                                           const uint32_t *group, lta_runs *out);
/* Both of the next two; where a device cannot hold it all at once, one after the other. */
LTA_MUST_CHECK lta_status lta_compute_reuse(const lta_run *run, const lta_trie *trie, const int64_t *touched,
                                            const uint32_t *group, lta_runs *out);
LTA_MUST_CHECK lta_status lta_compute_distances(const lta_run *run, uint64_t n, const uint64_t *offset,
                                                const uint32_t *previous, const uint32_t *weight,
                                                const uint32_t *first_weight, uint64_t *distance);
LTA_MUST_CHECK lta_status lta_compute_curve(const lta_run *run, uint64_t n, const uint64_t *distance,
                                            const uint32_t *weight, lta_curve *out);
/* Would a device make curves of so many runs? */
bool lta_compute_fuses_curves(const lta_run *run, uint64_t n_runs);
/* Then as lta_block_curves_fn. *done: it held it all at once; if not, the two operations that it is made of
 * are to be called. */
LTA_MUST_CHECK lta_status lta_compute_block_curves(const lta_run *run, const lta_trie *trie,
                                                   const lta_runs *runs, const int64_t *touched,
                                                   uint64_t block, int n_rules, const lta_lookup_rule *rules,
                                                   lta_curve *out, bool *done);

#endif
