/* pipeline/split/changes.h - by how much ranges of time change the weight that requests hold, so that what is
 * held at the begin of range k is a sum over few lists.
 *
 * The lists are the nodes of a Fenwick tree over ranges (Fenwick, Software: Practice and Experience 24,
 * 1994): list k, for 0 < k < pieces, is what ranges k - l .. k - 1 change together, l the lowest set bit of
 * k. Those of k, k - l and so on cover all ranges before k. What is gained and lost within a list is not in
 * it. */
#ifndef LTA_SPLIT_CHANGES_H
#define LTA_SPLIT_CHANGES_H

#include "pipeline/split/piece.h"

#include <stdio.h>

/* Rows of a list that are summed up for readers who need no more of them; tests make it small. */
#ifndef LTA_CHANGES_A_GROUP
#define LTA_CHANGES_A_GROUP 4096
#endif

typedef struct lta_change_list {
    uint64_t n, capacity[2];
    uint32_t *request; /* [n] */
    int64_t *weight;   /* [n * weights] */
} lta_change_list;
void lta_change_list_free(lta_change_list *l);
LTA_MUST_CHECK lta_status lta_change_list_add(lta_change_list *l, uint64_t n_weights, uint32_t request,
                                              const int64_t *weight);

typedef struct lta_changes {
    const lta_plan *plan;  /* borrowed */
    uint64_t n;            /* lists made */
    lta_change_list *list; /* [pieces] requests rise, no row is all zero */
} lta_changes;
LTA_MUST_CHECK lta_status lta_changes_create(const lta_plan *plan, lta_changes *c);
void lta_changes_free(lta_changes *c);

/* The next range changes what both lists say: each names a request once, in any order, and gets sorted. Each
 * row is merged log2(pieces) times at most. */
LTA_MUST_CHECK lta_status lta_changes_append(lta_changes *c, lta_change_list *a, lta_change_list *b);

/* Where a map keeps a column of changes: "/<scope>/change/<column>", followed by the block size where that is
 * not 0. */
static inline void lta_change_path(char path[80], const char *scope, const char *column, uint64_t block)
{
    if (block == 0)
        snprintf(path, 80, "/%s/change/%s", scope, column);
    else
        snprintf(path, 80, "/%s/change/%s%llu", scope, column, (unsigned long long)block);
}

/* There. */
LTA_MUST_CHECK lta_status lta_changes_write(lta_writer *w, const char *scope, const lta_changes *c);

/* The list that comes before list k in a sum; 0: none, list 0 is empty. */
static inline uint64_t lta_changes_before(uint64_t k)
{
    return k & (k - 1);
}

#endif
