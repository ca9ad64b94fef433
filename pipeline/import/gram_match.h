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

/* The same for every gram of a sequence: a table of those of the reference that may be among them. */
typedef struct lta_gram_match {
    const uint64_t *symbols, *reference; /* borrowed */
    uint32_t n_grams;                    /* of the sequence */
    uint64_t *probes;                    /* [bits / 64] a bit not set: no such symbols in the sequence */
    uint64_t probes_capacity;
    uint64_t *grams; /* [bits / 64] a bit not set: no such gram in the table */
    uint64_t grams_capacity;
    uint32_t
        *window; /* [n_windows] first of neighbouring positions of the reference that are to be looked at */
    uint64_t n_windows, window_capacity;
    uint32_t *head; /* [n_heads] latest gram of each list, by its position; UINT32_MAX = none */
    uint64_t n_heads, head_capacity;
    uint32_t *position, *next; /* [n] in the reference; next entry of the list */
    uint64_t n, position_capacity, next_capacity;
    unsigned shift;
} lta_gram_match; /* all zero is empty; free with lta_gram_match_free() */

/* Prepares for the grams of symbols [n] in reference [m], both from LTA_GRAM to 2^32 - 1, which must stay
 * until the last lta_gram_match_next(). O(n + m). */
LTA_MUST_CHECK lta_status lta_gram_match_all(lta_gram_match *x, const uint64_t *symbols, uint32_t n,
                                             const uint64_t *reference, uint32_t m);
void lta_gram_match_free(lta_gram_match *x);

/* First position from i on of the sequence last prepared for whose gram occurs in its reference, and the
 * lowest place there; UINT32_MAX if there is none. O(1) a position. */
uint32_t lta_gram_match_next(const lta_gram_match *x, uint32_t i, uint32_t *place);

#endif
