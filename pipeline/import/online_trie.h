/* pipeline/import/online_trie.h - the radix trie of the requests coded so far: it finds the longest prefix
 * that a new request shares with an earlier one, and the lowest request that has it.
 *
 * A node is a stretch of positions that one request, its owner, was the first to have; its label (positions
 * depth(parent) .. depth of the owner's full sequence) is not stored but read through the owner's pieces. As
 * an owner's own positions are mostly literal symbols, memory follows the distinct positions and not the
 * lengths of sequences. Nodes end where sequences branch or stop being extended by their owner; ends of other
 * requests are no nodes. Children are told apart exactly: an only child by comparing its label, several by a
 * hash table whose keys hold the symbol. */
#ifndef LTA_IMPORT_ONLINE_TRIE_H
#define LTA_IMPORT_ONLINE_TRIE_H

#include "kernels/sequences.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct lta_online_node {
    uint64_t parent;
    uint64_t child; /* 0: none; UINT64_MAX: several, in the hash table; else the only one */
    uint32_t depth; /* positions from the root to the node's end */
    uint32_t owner; /* lowest request whose full sequence contains the node */
} lta_online_node;

typedef struct lta_online_slot {
    uint64_t symbol; /* first symbol of the child's label; the rest of the key is the child's parent */
    uint64_t child;  /* 0: free */
} lta_online_slot;

typedef struct lta_online_trie {
    lta_online_node *node; /* node 0 is the root */
    uint64_t n_nodes, node_capacity;
    lta_online_slot *slot;
    uint64_t n_slots, n_used; /* n_slots is a power of two */
    /* the last walk */
    uint64_t *path; /* nodes of which at least one position matched, shallow first */
    uint64_t n_path, path_capacity;
    uint32_t matched; /* positions that matched */
    uint64_t *label;  /* scratch: part of a label, decoded */
    uint64_t label_capacity;
} lta_online_trie;

LTA_MUST_CHECK lta_status lta_online_trie_init(lta_online_trie *t);
void lta_online_trie_free(lta_online_trie *t);

/* Follows symbols [n] from the root as far as they agree: fills path and matched. s holds every request so
 * far. */
LTA_MUST_CHECK lta_status lta_online_trie_walk(lta_online_trie *t, const lta_sequences *s,
                                               const uint64_t *symbols, uint32_t n);

/* The lowest request that has the matched prefix; matched > 0. */
static inline uint32_t lta_online_trie_owner(const lta_online_trie *t)
{
    return t->node[t->path[t->n_path - 1]].owner;
}

/* Length of the common prefix of the sequence just walked and of the one that ends at depth n in `end`. */
uint32_t lta_online_trie_common(const lta_online_trie *t, uint64_t end, uint32_t n);

/* Adds the sequence just walked as request r, whose pieces are already in s. *end is the node in which it
 * ends. */
LTA_MUST_CHECK lta_status lta_online_trie_insert(lta_online_trie *t, const lta_sequences *s, uint32_t r,
                                                 const uint64_t *symbols, uint32_t n, uint64_t *end);

#endif
