/* pipeline/import/gram_match.c - a chained hash table of the sequence's grams, behind a filter of bits.
 *
 * The reference is mostly the longer one of the two, and few of its grams are wanted: so it is the sequence
 * that is put into a table, and the reference that goes by. A bit chosen by three symbols of a gram tells
 * most of its positions to be of no interest; the others are hashed as a whole and compared. */
#include "pipeline/import/gram_match.h"

#include "pipeline/core/array.h"

#include <stdbool.h>
#include <string.h>

#define MULTIPLIER UINT64_C(0x9e3779b97f4a7c15) /* odd */

static bool same_gram(const uint64_t *a, const uint64_t *b)
{
    return memcmp(a, b, LTA_GRAM * sizeof *a) == 0;
}

uint32_t lta_gram_search(const uint64_t *gram, const uint64_t *reference, uint32_t m)
{
    enum { STEP = 16 };
    uint32_t n_positions = m < LTA_GRAM ? 0 : m - LTA_GRAM + 1, j = 0;
    while (j < n_positions) {
        if (n_positions - j >= STEP) { /* without branches, which compilers turn into vector code */
            uint64_t any = 0;
            for (uint32_t k = 0; k < STEP; k++)
                any |= reference[j + k] == gram[0];
            if (any == 0) {
                j += STEP;
                continue;
            }
        }
        for (uint32_t end = n_positions - j < STEP ? n_positions : j + STEP; j < end; j++)
            if (same_gram(reference + j, gram))
                return j;
    }
    return UINT32_MAX;
}

/* Products that do not wait for each other. */
static uint64_t hash_of(const lta_gram_match *x, const uint64_t *gram)
{
    uint64_t h = 0, odd = MULTIPLIER;
    for (unsigned k = 0; k < LTA_GRAM; k++, odd *= MULTIPLIER)
        h += gram[k] * odd;
    h ^= h >> 29;
    return (h * MULTIPLIER >> 32) & (x->n_heads - 1);
}

/* A bit of the filter, by few of a gram's symbols. */
static inline uint64_t bit_of(const uint64_t *gram, unsigned shift)
{
    return ((gram[0] + (gram[3] << 9) + (gram[7] << 18)) * MULTIPLIER) >> shift;
}

static lta_status make_room(lta_gram_match *x, uint32_t n_grams, unsigned *filter_shift)
{
    enum { LEAST_BITS = 6, FILTER_BITS = 6 /* 64 bits a head */ };
    lta_status st = LTA_OK;
    unsigned bits = LEAST_BITS;
    while ((uint64_t)1 << bits < n_grams)
        bits++;
    x->n_heads = (uint64_t)1 << bits;
    x->n_filter = x->n_heads << FILTER_BITS;
    *filter_shift = 64 - bits - FILTER_BITS;
    LTA_TRY(LTA_GROW(&x->head, &x->head_capacity, x->n_heads));
    LTA_TRY(LTA_GROW(&x->filter, &x->filter_capacity, x->n_filter / 64));
    LTA_TRY(LTA_GROW(&x->next, &x->next_capacity, n_grams));
    LTA_TRY(LTA_GROW(&x->same, &x->same_capacity, n_grams));
    LTA_TRY(LTA_GROW(&x->where, &x->where_capacity, n_grams));
    memset(x->head, 0xff, x->n_heads * sizeof *x->head);
    memset(x->filter, 0, x->n_filter / 8);
done:
    return st;
}

/* Of the list, the gram equal to this one; UINT32_MAX: none is. */
static uint32_t find(const lta_gram_match *x, const uint64_t *symbols, uint64_t head, const uint64_t *gram)
{
    uint32_t i = x->head[head];
    while (i != UINT32_MAX && !same_gram(symbols + i, gram))
        i = x->next[i];
    return i;
}

lta_status lta_gram_match_all(lta_gram_match *x, const uint64_t *symbols, uint32_t n,
                              const uint64_t *reference, uint32_t m)
{
    lta_status st = LTA_OK;
    uint32_t n_grams = n - LTA_GRAM + 1, n_positions = m - LTA_GRAM + 1;
    unsigned shift;
    LTA_TRY(make_room(x, n_grams, &shift));
    for (uint32_t i = 0; i < n_grams; i++) {
        uint64_t head = hash_of(x, symbols + i), bit = bit_of(symbols + i, shift);
        uint32_t same = find(x, symbols, head, symbols + i);
        x->filter[bit / 64] |= UINT64_C(1) << bit % 64;
        x->where[i] = UINT32_MAX;
        x->same[i] = same == UINT32_MAX ? i : same;
        if (same != UINT32_MAX)
            continue;
        x->next[i] = x->head[head];
        x->head[head] = i;
    }
    for (uint32_t j = 0; j < n_positions; j++) {
        uint64_t bit = bit_of(reference + j, shift);
        if ((x->filter[bit / 64] >> bit % 64 & 1) == 0)
            continue;
        uint32_t i = find(x, symbols, hash_of(x, reference + j), reference + j);
        if (i != UINT32_MAX && x->where[i] == UINT32_MAX)
            x->where[i] = j;
    }
done:
    return st;
}

void lta_gram_match_free(lta_gram_match *x)
{
    lta_free(x->head);
    lta_free(x->next);
    lta_free(x->same);
    lta_free(x->where);
    lta_free(x->filter);
    *x = (lta_gram_match){0};
}
