/* pipeline/import/gram_index.h - where a sequence first holds a given run of LTA_GRAM symbols. */
#ifndef LTA_IMPORT_GRAM_INDEX_H
#define LTA_IMPORT_GRAM_INDEX_H

#include "pipeline/core/status.h"

#include <stdint.h>

enum { LTA_GRAM = 8 }; /* symbols that must agree for a copy to begin; part of the file format */

typedef struct lta_gram_index {
    const uint64_t *symbols; /* [n], borrowed from the last build */
    uint32_t n;
    unsigned shift;
    uint32_t *head; /* [n_heads] lowest position of each list, UINT32_MAX = none; n_heads a power of two */
    uint64_t n_heads, head_capacity;
    uint32_t *next; /* [positions] next higher position of the list */
    uint64_t next_capacity;
} lta_gram_index; /* all zero is empty; free with lta_gram_index_free() */

/* Indexes symbols [n], LTA_GRAM <= n < 2^32, which must stay until the last search. O(n). */
LTA_MUST_CHECK lta_status lta_gram_index_build(lta_gram_index *x, const uint64_t *symbols, uint32_t n);
void lta_gram_index_free(lta_gram_index *x);

/* A rolling hash of LTA_GRAM symbols: the same for equal grams, so that searching on moves by one step a
 * symbol. */
uint64_t lta_gram_hash(const uint64_t *gram);
uint64_t lta_gram_roll(uint64_t hash, uint64_t leaving, uint64_t entering);

/* Lowest position whose LTA_GRAM symbols equal gram, whose hash is given; UINT32_MAX if there is none. */
uint32_t lta_gram_find(const lta_gram_index *x, const uint64_t *gram, uint64_t hash);

#endif
