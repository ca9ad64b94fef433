/* kernels/run_build.h - cuts every touched path into runs of equal last toucher (design, section 3.2).
 *
 * For request r, just before its touch, the path is cut into maximal runs of consecutive positions last
 * touched by the same request p. Only runs with p >= 0 are listed, shallow first; p falls strictly with
 * depth; what follows the last run is touched for the first time. */
#ifndef LTA_KERNELS_RUN_BUILD_H
#define LTA_KERNELS_RUN_BUILD_H

#include "kernels/trie_build.h"

typedef struct lta_runs {
    uint64_t n;              /* requests */
    uint64_t *offset;        /* [n + 1] runs of request r: offset[r] .. offset[r+1]-1 */
    uint64_t n_runs;         /* = offset[n] */
    uint32_t *previous;      /* [n_runs] last toucher p */
    uint32_t *start;         /* [n_runs] positions start+1 .. start+length (depths) */
    uint32_t *length;        /* [n_runs] */
    uint64_t *distance;      /* [n_runs] T(p, r) in symbols, filled by stack_distance; NULL before */
    lta_device_copy *device; /* the same on the device that made it; NULL: not there */
} lta_runs;                  /* owns its arrays */

/* Depth at which request r's last run ends: what its touched path has below is touched for the first time. */
static inline uint32_t lta_runs_end(const lta_runs *runs, uint64_t r)
{
    uint64_t end = runs->offset[r + 1];
    return end > runs->offset[r] ? runs->start[end - 1] + runs->length[end - 1] : 0;
}

/* trie     the finished trie
 * touched  [n] node at whose end request r's touched path ends (full_node, or input_node with --inputs-only);
 * -1 = empty group    [n] requests share only inside a group (scope source or session); NULL = one group out
 * runs without distances; set only on success Errors: LTA_ERR_NOMEM. Deterministic for any thread count.
 * Method: heavy paths of the trie (Sleator and Tarjan, JCSS 26(3), 1983); a touch overwrites a prefix of each
 * heavy path it crosses, so the last touchers of a heavy path are a stack of segments, and a touch pops what
 * it covers: amortised O(log nodes) runs a request, however long the prompts and however deep the trie. */
typedef LTA_MUST_CHECK lta_status lta_run_build_fn(const lta_trie *trie, const int64_t *touched,
                                                   const uint32_t *group, lta_runs *out);
lta_run_build_fn lta_run_build_cpu;
lta_run_build_fn lta_run_build_cuda; /* in builds with CUDA; also LTA_ERR_CUDA, LTA_ERR_DEVICE_MEMORY */

void lta_runs_free(lta_runs *r);

#endif
