/* pipeline/trie/block_ids.h - paths of the prefix trie as chained block ids: block k of a path is its
 * position at depth k * B, so an id stands for everything up to there. */
#ifndef LTA_TRIE_BLOCK_IDS_H
#define LTA_TRIE_BLOCK_IDS_H

#include "kernels/trie_build.h"

#include <stdbool.h>

typedef struct lta_block_ids {
    const lta_trie *trie; /* borrowed */
    uint64_t block;       /* symbols */
    bool tail;            /* a partial last block has an id, its own for every different path */
    uint64_t *first;      /* [n_nodes] where a node's full blocks begin in id */
    uint64_t n_full;      /* of all nodes */
    uint64_t *id;         /* [n_full + n_nodes] UINT64_MAX = not met yet; behind the full blocks, the partial
                             one that ends with each node */
    uint64_t n_ids;       /* given out so far, in order of first appearance */
    uint64_t *ids;        /* of the path last asked for */
    uint64_t capacity;
} lta_block_ids; /* all zero is closed */

/* Memory: distinct symbols / block. */
LTA_MUST_CHECK lta_status lta_block_ids_open(const lta_trie *trie, uint64_t block, bool tail,
                                             lta_block_ids *out);
void lta_block_ids_close(lta_block_ids *b);
/* Ids [*n] of the path from the root to this node (-1: of none), valid until the next call; cost is the
 * blocks and the nodes on it. */
LTA_MUST_CHECK lta_status lta_block_ids_get(lta_block_ids *b, int64_t node, const uint64_t **ids,
                                            uint32_t *n);

#endif
