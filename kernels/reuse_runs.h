/* kernels/reuse_runs.h - runs and their stack distances in symbols, in one go: run_build.h and
 * stack_distance.h together, so that a device need not hand the runs back in between. */
#ifndef LTA_KERNELS_REUSE_RUNS_H
#define LTA_KERNELS_REUSE_RUNS_H

#include "kernels/run_build.h"

/* Arguments as of lta_run_build_fn; out has distances. Errors: those of both operations. */
typedef LTA_MUST_CHECK lta_status lta_reuse_runs_fn(const lta_trie *trie, const int64_t *touched,
                                                    const uint32_t *group, lta_runs *out);
lta_reuse_runs_fn lta_reuse_runs_cpu;
lta_reuse_runs_fn lta_reuse_runs_cuda; /* in builds with CUDA; also LTA_ERR_CUDA, LTA_ERR_DEVICE_MEMORY */

/* Symbols of each touched path that follow its last run: first touches. first: [n]. */
void lta_first_touches(const lta_trie *trie, const int64_t *touched, const lta_runs *runs, uint32_t *first);

#endif
