/* kernels/ops.h - one row per backend, one column per operation (design, section 6). Rows live in ops.c. */
#ifndef LTA_KERNELS_OPS_H
#define LTA_KERNELS_OPS_H

#include "kernels/block_curves.h"
#include "kernels/prefix_hash.h"
#include "kernels/reuse_runs.h"
#include "kernels/run_build.h"
#include "kernels/stack_distance.h"
#include "kernels/trie_build.h"

#include <stdbool.h>

typedef struct lta_ops {
    const char *name; /* "cpu", "cuda" or "auto": as given to --device */
    bool by_cost;     /* CUDA's, each to be taken only where its modelled cost (cost.h) is lower */
    bool concurrent;  /* several threads may call at once; a device has its hands full with one */
    lta_prefix_hash_fn *prefix_hash;
    lta_trie_build_fn *trie_build;
    lta_run_build_fn *run_build;
    lta_stack_distance_fn *stack_distance;
    lta_reuse_runs_fn *reuse_runs; /* the two before, together */
    lta_hit_curve_fn *hit_curve;
    lta_block_curves_fn *block_curves; /* distances and curves in blocks, together; NULL on the CPU */
} lta_ops;

bool lta_ops_has_cuda(void); /* is CUDA compiled in? */

/* device: "auto" (by cost in a build with CUDA, else the CPU), "cpu", "cuda" or "cuda:N", which becomes
 * the calling thread's. LTA_ERR_NO_BACKEND for a CUDA device in a build without CUDA, or where there is none:
 * never a silent other one. LTA_ERR_USAGE for another name. */
LTA_MUST_CHECK lta_status lta_ops_get(const char *device, const lta_ops **out);

#endif
