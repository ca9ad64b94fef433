/* pipeline/import/gram_match.h - where a reference first holds the runs of LTA_GRAM symbols of another
 * sequence. */
#ifndef LTA_IMPORT_GRAM_MATCH_H
#define LTA_IMPORT_GRAM_MATCH_H

#include "pipeline/core/status.h"

#include <stdint.h>

enum { LTA_GRAM = 8 }; /* symbols that must agree for a copy to begin; part of the file format */

/* Lowest position of reference [m] whose LTA_GRAM symbols equal those of gram; UINT32_MAX if there is none.
 * O(m), at some 16 symbols a step. */
uint32_t lta_gram_search(const uint64_t *gram, const uint64_t *reference, uint32_t m);

/* The same for every gram of a sequence. */
typedef struct lta_gram_match {
    uint32_t *head; /* [n_heads] latest gram of each list, by its position; UINT32_MAX = none */
    uint64_t n_heads, head_capacity;
    uint32_t *next;  /* [grams] of a first one: the next gram of the list */
    uint32_t *same;  /* [grams] the first gram that equals it */
    uint32_t *where; /* [grams] of a first one: its lowest position in the reference, UINT32_MAX = none */
    uint64_t next_capacity, same_capacity, where_capacity;
    uint64_t *filter; /* [n_filter] bits; one that is not set: no gram of the sequence */
    uint64_t n_filter, filter_capacity;
} lta_gram_match; /* all zero is empty; free with lta_gram_match_free() */

/* Looks up the grams of symbols [n] in reference [m], both from LTA_GRAM to 2^32 - 1. O(n + m). */
LTA_MUST_CHECK lta_status lta_gram_match_all(lta_gram_match *x, const uint64_t *symbols, uint32_t n,
                                             const uint64_t *reference, uint32_t m);
void lta_gram_match_free(lta_gram_match *x);

/* Of the gram at position i of the sequence last looked up. */
static inline uint32_t lta_gram_match_at(const lta_gram_match *x, uint32_t i)
{
    return x->where[x->same[i]];
}

#endif
