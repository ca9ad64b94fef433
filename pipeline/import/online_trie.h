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
    uint64_t
        *path; /* nodes of which at least one position matched, shallow first; not those above its begin */
    uint64_t n_path, path_capacity;
    uint32_t matched; /* positions that matched */
    uint64_t *label;  /* scratch: part of a label, decoded */
    uint64_t label_capacity;
} lta_online_trie;

LTA_MUST_CHECK lta_status lta_online_trie_init(lta_online_trie *t);
void lta_online_trie_free(lta_online_trie *t);

/* Where a walk begins: the sequence that ends in node `end` has the first `known` positions of the one to be
 * walked, which spares looking at them. {0}: at the root. */
typedef struct lta_online_start {
    uint64_t end;
    uint32_t known;
} lta_online_start;

/* Follows a sequence of n positions as far as it agrees with others: fills path, from where it begins, and
 * matched. symbols: those from position start.known on. s holds every request so far. */
LTA_MUST_CHECK lta_status lta_online_trie_walk(lta_online_trie *t, const lta_sequences *s,
                                               lta_online_start start, const uint64_t *symbols, uint32_t n);

/* The lowest request that has the matched prefix; matched > 0. */
static inline uint32_t lta_online_trie_owner(const lta_online_trie *t)
{
    return t->node[t->path[t->n_path - 1]].owner;
}

/* Length of the common prefix of the sequence just walked and of the one that ends at depth n in `end`; where
 * the walk did not begin at the root, it is to be the one that it began at. */
uint32_t lta_online_trie_common(const lta_online_trie *t, uint64_t end, uint32_t n);

/* Adds the sequence just walked as request r, whose pieces are already in s. branch: its symbol at position
 * `matched`, if it has one. *end is the node in which it ends. */
LTA_MUST_CHECK lta_status lta_online_trie_insert(lta_online_trie *t, const lta_sequences *s, uint32_t r,
                                                 uint64_t branch, uint32_t n, uint64_t *end);

#endif
