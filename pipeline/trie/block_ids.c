/* pipeline/trie/block_ids.c - every node of the trie holds the blocks that end in its label. */
#include "pipeline/trie/block_ids.h"

#include "pipeline/core/array.h"

#include <string.h>

static uint32_t parent_depth(const lta_trie *t, int64_t node)
{
    return t->parent[node] < 0 ? 0 : t->depth[t->parent[node]];
}

lta_status lta_block_ids_open(const lta_trie *trie, uint64_t block, bool tail, lta_block_ids *out)
{
    lta_status st = LTA_OK;
    lta_block_ids b = {.trie = trie, .block = block, .tail = tail};
    uint64_t n = 0;
    LTA_TRY(LTA_ALLOC(&b.first, trie->n_nodes));
    for (uint64_t i = 0; i < trie->n_nodes; i++) {
        b.first[i] = n;
        n += trie->depth[i] / block - parent_depth(trie, (int64_t)i) / block;
    }
    b.n_full = n;
    LTA_TRY(LTA_ALLOC(&b.id, n + trie->n_nodes));
    memset(b.id, 0xff, (n + trie->n_nodes) * sizeof *b.id);
    *out = b;
    return LTA_OK;
done:
    lta_block_ids_close(&b);
    return st;
}

void lta_block_ids_close(lta_block_ids *b)
{
    lta_free(b->first);
    lta_free(b->id);
    lta_free(b->ids);
    *b = (lta_block_ids){0};
}

lta_status lta_block_ids_get(lta_block_ids *b, int64_t node, const uint64_t **ids, uint32_t *n)
{
    lta_status st = LTA_OK;
    const lta_trie *t = b->trie;
    uint32_t length = node < 0 ? 0 : t->depth[node];
    uint64_t full = length / b->block, all = full + (b->tail && length % b->block > 0);
    LTA_TRY(LTA_GROW(&b->ids, &b->capacity, all));
    if (all > full)
        b->ids[full] = b->n_full + (uint64_t)node;
    for (uint64_t k = full; node >= 0; node = t->parent[node]) /* from the end of the path to the root */
        for (uint64_t before = parent_depth(t, node) / b->block; k > before; k--)
            b->ids[k - 1] = b->first[node] + (k - 1 - before);
    for (uint64_t k = 0; k < all; k++) { /* places become ids in the order in which they are met */
        uint64_t *id = &b->id[b->ids[k]];
        if (*id == UINT64_MAX)
            *id = b->n_ids++;
        b->ids[k] = *id;
    }
    *ids = b->ids;
    *n = (uint32_t)all;
done:
    return st;
}
