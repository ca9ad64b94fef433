/* pipeline/split/cut.h - where a trie is cut: subtrees dealt out to pieces, and the crown above them cut by
 * time. */
#ifndef LTA_SPLIT_CUT_H
#define LTA_SPLIT_CUT_H

#include "pipeline/split/piece.h"

#define LTA_IN_CROWN UINT32_MAX

typedef struct lta_cut {
    const lta_trie *trie;
    const int64_t *touched; /* [requests] as of lta_run_build_fn; borrowed */
    uint32_t *piece;        /* [n_nodes] whose subtrees hold the node, or LTA_IN_CROWN */
    uint32_t *crown_of; /* [n_nodes] the deepest crown node on the way to it, itself included, by its number
                           there; UINT32_MAX: none */
    uint64_t n_crown;
    int64_t *crown;  /* [n_crown] rows of the trie, rising */
    uint64_t *load;  /* [pieces] requests and nodes in its subtrees */
    uint64_t n_tops; /* subtrees */
} lta_cut;

/* A node is in the crown when more requests and nodes hang from it than an eighth of a piece's share, so no
 * subtree weighs more than that, and the pieces differ by little more. Large subtrees are dealt out first, to
 * the piece that has least (Graham, SIAM J. Appl. Math. 17(2), 1969). O(nodes + pieces^2). */
LTA_MUST_CHECK lta_status lta_cut_trie(const lta_trie *trie, const int64_t *touched, uint64_t pieces,
                                       lta_cut *out);
void lta_cut_free(lta_cut *c);

/* The crown in every range of time: slices [plan->pieces], all zero on entry, the caller's also after errors.
 * groups: [requests] in each scope of the plan, NULL in global. Of earlier requests those are listed that
 * hold a position when the range begins: in global all, in other scopes those of groups that come again in
 * the range. */
LTA_MUST_CHECK lta_status lta_cut_crown(const lta_cut *cut, const lta_plan *plan, uint32_t *const *groups,
                                        lta_part *slices);

/* Numbers that were given to groups anew, in order of first appearance. */
typedef struct lta_renumber {
    uint32_t *number, *stamp; /* [largest group + 1] */
    uint32_t round, next;
} lta_renumber;
static inline uint32_t lta_renumber_of(lta_renumber *n, uint32_t group)
{
    if (n->stamp[group] != n->round) {
        n->stamp[group] = n->round;
        n->number[group] = n->next++;
    }
    return n->number[group];
}
LTA_MUST_CHECK lta_status lta_renumber_create(const uint32_t *group, uint64_t n, lta_renumber *out);
static inline void lta_renumber_begin(lta_renumber *n)
{
    n->round++;
    n->next = 0;
}
void lta_renumber_free(lta_renumber *n);

#endif
