/* kernels/trie_build.h - the compressed prefix trie of all full sequences, as flat arrays (design, sections 2
 * and 4).
 *
 * A node is a maximal unary path that ends where a request's input or full sequence ends, or where paths
 * branch. The root has no row. Rows are sorted by (owner, depth), so parents come first and the order is
 * unique. */
#ifndef LTA_KERNELS_TRIE_BUILD_H
#define LTA_KERNELS_TRIE_BUILD_H

#include "kernels/device_copy.h"
#include "kernels/sequences.h"

typedef struct lta_trie {
    uint64_t n_nodes;
    int64_t *parent; /* [n_nodes] row of the parent, -1 for children of the root */
    uint32_t *depth; /* [n_nodes] symbols from the root to the node's end */
    uint32_t *owner; /* [n_nodes] lowest request whose full sequence contains the node */
    uint64_t n_requests;
    int64_t *input_node;     /* [n_requests] node at which the input ends; -1 = empty input */
    int64_t *full_node;      /* [n_requests] node at which the full sequence ends; -1 = empty */
    lta_device_copy *device; /* the same on the device that made it; NULL: not there */
} lta_trie;                  /* owns its arrays */

/* Symbols of the node's own label: depth minus the parent's depth. */
static inline uint32_t lta_trie_label_length(const lta_trie *t, int64_t node)
{
    int64_t p = t->parent[node];
    return t->depth[node] - (p < 0 ? 0 : t->depth[p]);
}

/* s must be complete. Errors: LTA_ERR_NOMEM, LTA_ERR_ARG-like misuse is asserted. Exact: children are told
 * apart by their first symbols, never by a hash. Cost: stored pieces and nodes, not raw lengths, when pieces
 * are maximal. */
typedef LTA_MUST_CHECK lta_status lta_trie_build_fn(const lta_sequences *s, lta_trie *out);
lta_trie_build_fn lta_trie_build_cpu;
lta_trie_build_fn lta_trie_build_cuda; /* in builds with CUDA; also LTA_ERR_CUDA, LTA_ERR_DEVICE_MEMORY */

/* The same for sequences of at most one symbol. *canonical: the pieces are maximal; if not, nothing is made,
 * and lta_trie_build_cpu names what is wrong. */
LTA_MUST_CHECK lta_status lta_flat_trie_build_cpu(const lta_sequences *s, lta_trie *out, bool *canonical);

/* Whether no sequence has more than one symbol. */
bool lta_trie_is_flat(const lta_trie *t);

/* Checks order, bounds, depths and owners; LTA_ERR_FORMAT names the first bad row. */
LTA_MUST_CHECK lta_status lta_trie_validate(const lta_trie *t);
void lta_trie_free(lta_trie *t);

#endif
