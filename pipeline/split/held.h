/* pipeline/split/held.h - the weight that requests before a range hold when it begins, as far as the range
 * needs it.
 *
 * T(p, r) of a p before the range needs the weight held by the requests after p. Only sums up to the p's that
 * the range asks for matter, so what lies between two of them is one bucket: bucket b is that of the requests
 * with b of the asked ones before them. What a request holds is the sum of its changes in the ranges before,
 * which maps list (changes.h); where a whole group of changes falls into one bucket, the group's sum is
 * enough and its rows are not read. So what is long past costs little where reuse is recent. */
#ifndef LTA_SPLIT_HELD_H
#define LTA_SPLIT_HELD_H

#include "pipeline/split/piece_set.h"

/* The requests before `first` that are asked for, as a set with ranks. */
typedef struct lta_asked {
    uint64_t first, n;
    uint64_t *word;  /* [first / 64 + 1] a bit each */
    uint32_t *below; /* [the same] asked for in earlier words */
} lta_asked;
void lta_asked_free(lta_asked *a);

/* Those that runs of the requests from `first` on were touched by before. */
LTA_MUST_CHECK lta_status lta_ask(const lta_runs *runs, uint64_t first, lta_asked *out);

/* How many of those asked for come before q < first: the bucket of q. */
static inline uint64_t lta_bucket_of(const lta_asked *a, uint64_t q)
{
    return a->below[q / 64] + (uint64_t)__builtin_popcountll(a->word[q / 64] & ((UINT64_C(1) << q % 64) - 1));
}

/* Adds what the requests of each bucket hold when range k begins, in each of the plan's weights, to
 * held [weights][asked + 1]. Errors: those of reading maps, LTA_ERR_NOMEM. */
LTA_MUST_CHECK lta_status lta_add_held(const lta_plan *plan, lta_piece_set *maps, uint64_t k,
                                       const char *scope, const lta_asked *a, uint64_t **held);

#endif
