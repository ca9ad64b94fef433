/* pipeline/import/gram_index.c - chained hash index of all runs of LTA_GRAM symbols.
 *
 * Positions enter from right to left, each at the head of its list, so lists rise and the first equal gram is
 * the lowest. A position whose gram equals the head's replaces it: repeated content does not lengthen the
 * lists. */
#include "pipeline/import/gram_index.h"

#include "pipeline/core/array.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MULTIPLIER 0x9e3779b97f4a7c15u /* odd */

static uint64_t power(unsigned exponent)
{
    uint64_t p = 1;
    for (unsigned i = 0; i < exponent; i++)
        p *= MULTIPLIER;
    return p;
}

uint64_t lta_gram_hash(const uint64_t *gram)
{
    uint64_t h = 0;
    for (unsigned k = 0; k < LTA_GRAM; k++)
        h = h * MULTIPLIER + gram[k];
    return h;
}

uint64_t lta_gram_roll(uint64_t hash, uint64_t leaving, uint64_t entering)
{
    return hash * MULTIPLIER + entering - leaving * power(LTA_GRAM);
}

/* The low bits of a rolling hash are weak and its high bits need a last mixing step. */
static uint64_t head_of(const lta_gram_index *x, uint64_t hash)
{
    return (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9u >> x->shift;
}

static bool same_gram(const uint64_t *a, const uint64_t *b)
{
    return memcmp(a, b, LTA_GRAM * sizeof *a) == 0;
}

lta_status lta_gram_index_build(lta_gram_index *x, const uint64_t *symbols, uint32_t n)
{
    lta_status st = LTA_OK;
    uint32_t n_positions = n - LTA_GRAM + 1;
    unsigned bits = 4;
    while ((uint64_t)1 << bits < 2 * (uint64_t)n_positions)
        bits++;
    x->symbols = symbols;
    x->n = n;
    x->n_heads = (uint64_t)1 << bits;
    x->shift = 64 - bits;
    LTA_TRY(LTA_GROW(&x->head, &x->head_capacity, x->n_heads));
    LTA_TRY(LTA_GROW(&x->next, &x->next_capacity, n_positions));
    memset(x->head, 0xff, x->n_heads * sizeof *x->head);
    uint64_t hash = lta_gram_hash(symbols);
    for (uint32_t i = 0; i + 1 < n_positions; i++) {
        x->next[i] = (uint32_t)head_of(x, hash); /* the list's number for now */
        hash = lta_gram_roll(hash, symbols[i], symbols[i + LTA_GRAM]);
    }
    x->next[n_positions - 1] = (uint32_t)head_of(x, hash);
    for (uint32_t i = n_positions; i-- > 0;) {
        uint32_t *head = &x->head[x->next[i]], old = *head;
        x->next[i] = old != UINT32_MAX && same_gram(symbols + old, symbols + i) ? x->next[old] : old;
        *head = i;
    }
done:
    return st;
}

void lta_gram_index_free(lta_gram_index *x)
{
    free(x->head);
    free(x->next);
    *x = (lta_gram_index){0};
}

uint32_t lta_gram_find(const lta_gram_index *x, const uint64_t *gram, uint64_t hash)
{
    uint32_t i = x->head[head_of(x, hash)];
    while (i != UINT32_MAX && !same_gram(x->symbols + i, gram))
        i = x->next[i];
    return i;
}
