/* kernels/flat_trie_cpu.c - the trie of a trace of at most one symbol a request: its first requests, in
 * order.
 *
 * Every node is a child of the root and belongs to the first request for its symbol. Pieces are canonical if
 * copies are of first requests, and no two of those have one symbol: a hash table of the symbols says that,
 * comparing them. O(n) time, 12 bytes a node of scratch beside the result. */
#include "kernels/trie_build.h"
#include "pipeline/core/array.h"

#include <stddef.h>

/* Is every symbol of the nodes' owners there once? */
static lta_status are_distinct(const lta_sequences *s, const lta_trie *t, bool *distinct)
{
    lta_status st = LTA_OK;
    uint64_t size = 16, mask;
    uint32_t *node = NULL; /* 1 + node by hash of its symbol; 0: free */
    uint64_t *symbol = NULL;
    while (size < 2 * t->n_nodes)
        size *= 2;
    mask = size - 1;
    LTA_TRY(LTA_CALLOC(&node, size));
    LTA_TRY(LTA_ALLOC(&symbol, t->n_nodes));
    *distinct = true;
    for (uint64_t i = 0; i < t->n_nodes; i++)
        symbol[i] = lta_sequences_symbol_at(s, s->piece_start[s->offset[t->owner[i]]]);
    for (uint64_t i = 0; i < t->n_nodes && *distinct; i++) {
        uint64_t at = (symbol[i] ^ symbol[i] >> 32) * UINT64_C(0x9e3779b97f4a7c15) >> 16 & mask;
        for (; node[at] != 0 && *distinct; at = (at + 1) & mask)
            *distinct = symbol[node[at] - 1] != symbol[i];
        node[at] = (uint32_t)i + 1;
    }
done:
    lta_free(node);
    lta_free(symbol);
    return st;
}

/* Numbers nodes and gives them to requests; row: [n] of first requests, else UINT32_MAX. */
static bool number_nodes(const lta_sequences *s, lta_trie *t, uint32_t *row)
{
    for (uint64_t r = 0; r < s->n; r++) {
        t->input_node[r] = t->full_node[r] = -1;
        row[r] = UINT32_MAX;
        if (s->full_length[r] == 0)
            continue;
        int64_t from = s->piece_request[s->offset[r]], node;
        if (from < 0) {
            node = (int64_t)t->n_nodes++;
            row[r] = (uint32_t)node;
            t->parent[node] = -1;
            t->depth[node] = 1;
            t->owner[node] = (uint32_t)r;
        } else if (row[from] != UINT32_MAX) {
            node = row[from];
        } else {
            return false;
        }
        t->full_node[r] = node;
        if (s->input_length[r] > 0)
            t->input_node[r] = node;
    }
    return true;
}

lta_status lta_flat_trie_build_cpu(const lta_sequences *s, lta_trie *out, bool *canonical)
{
    lta_status st = LTA_OK;
    uint64_t nodes = 0;
    uint32_t *row = NULL;
    lta_trie t = {.n_requests = s->n};
    for (uint64_t k = 0; k < s->n_pieces; k++)
        nodes += s->piece_request[k] < 0;
    LTA_TRY(LTA_ALLOC(&t.parent, nodes));
    LTA_TRY(LTA_ALLOC(&t.depth, nodes));
    LTA_TRY(LTA_ALLOC(&t.owner, nodes));
    LTA_TRY(LTA_ALLOC(&t.input_node, s->n));
    LTA_TRY(LTA_ALLOC(&t.full_node, s->n));
    LTA_TRY(LTA_ALLOC(&row, s->n));
    *canonical = number_nodes(s, &t, row);
    if (*canonical)
        LTA_TRY(are_distinct(s, &t, canonical));
    if (*canonical) {
        *out = t;
        t = (lta_trie){0};
    }
done:
    lta_free(row);
    lta_trie_free(&t);
    return st;
}
