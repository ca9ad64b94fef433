/* pipeline/import/gram_match.c - a chained hash table of the reference's grams, behind filters of bits.
 *
 * The reference is mostly the longer one of the two, and few of its grams are wanted. Of STRIDE neighbouring
 * grams all hold the PROBE symbols where the last one begins, so one look at a filter of the sequence's
 * probes tells that none of them is wanted, which is so for most; often for all, and then there is nothing
 * to prepare. The grams of the other windows go into the table. */
#include "pipeline/import/gram_match.h"

#include "pipeline/core/array.h"

#include <stdbool.h>
#include <string.h>

#define MULTIPLIER UINT64_C(0x9e3779b97f4a7c15) /* odd */

enum { PROBE = 4, STRIDE = LTA_GRAM - PROBE + 1 };

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
static uint64_t hash_of(const uint64_t *gram)
{
    uint64_t h = 0, odd = MULTIPLIER;
    for (unsigned k = 0; k < LTA_GRAM; k++, odd *= MULTIPLIER)
        h += gram[k] * odd;
    h ^= h >> 29;
    return h * MULTIPLIER >> 32;
}

/* Bits of the filters, by all symbols of a probe and by few of a gram. */
static inline uint64_t bit_of_probe(const uint64_t *probe, unsigned shift)
{
    return ((probe[0] + (probe[1] << 7) + (probe[2] << 13) + (probe[3] << 21)) * MULTIPLIER) >> shift;
}

static inline uint64_t bit_of_gram(const uint64_t *gram, unsigned shift)
{
    return ((gram[0] + (gram[3] << 9) + (gram[7] << 18)) * MULTIPLIER) >> shift;
}

static inline void set_bit(uint64_t *filter, uint64_t bit)
{
    filter[bit / 64] |= UINT64_C(1) << bit % 64;
}

static inline bool has_bit(const uint64_t *filter, uint64_t bit)
{
    return filter[bit / 64] >> bit % 64 & 1;
}

/* The bits of a filter of n entries, as a power of two. */
static unsigned filter_bits(uint64_t n)
{
    enum { LEAST = 6, AN_ENTRY = 5 /* 32 bits */ };
    unsigned bits = LEAST;
    while ((uint64_t)1 << bits < n)
        bits++;
    return bits + AN_ENTRY;
}

static lta_status empty_filter(uint64_t **filter, uint64_t *capacity, unsigned bits)
{
    lta_status st = LTA_GROW(filter, capacity, (uint64_t)1 << bits >> 6);
    if (st == LTA_OK)
        memset(*filter, 0, (size_t)1 << bits >> 3);
    return st;
}

/* Windows of the reference that hold a probe of the sequence; the last one may be longer than what is left.
 */
static lta_status find_windows(lta_gram_match *x, uint32_t n, uint32_t m)
{
    lta_status st = LTA_OK;
    uint32_t n_probes = n - PROBE + 1, n_positions = m - LTA_GRAM + 1, j = 0;
    unsigned bits = filter_bits(n_probes), shift = 64 - bits;
    LTA_TRY(empty_filter(&x->probes, &x->probes_capacity, bits));
    LTA_TRY(LTA_GROW(&x->window, &x->window_capacity, n_positions / STRIDE + 1));
    for (uint32_t i = 0; i < n_probes; i++)
        set_bit(x->probes, bit_of_probe(x->symbols + i, shift));
    x->n_windows = 0;
    for (; n_positions - j >= STRIDE; j += STRIDE)
        if (has_bit(x->probes, bit_of_probe(x->reference + j + STRIDE - 1, shift)))
            x->window[x->n_windows++] = j;
    if (j < n_positions && has_bit(x->probes, bit_of_probe(x->reference + n_positions - 1, shift)))
        x->window[x->n_windows++] = j;
done:
    return st;
}

/* The entry of the list whose gram equals this one; UINT32_MAX: none does. */
static uint32_t find(const lta_gram_match *x, uint64_t head, const uint64_t *gram)
{
    uint32_t e = x->head[head];
    while (e != UINT32_MAX && !same_gram(x->reference + x->position[e], gram))
        e = x->next[e];
    return e;
}

lta_status lta_gram_match_all(lta_gram_match *x, const uint64_t *symbols, uint32_t n,
                              const uint64_t *reference, uint32_t m)
{
    lta_status st = LTA_OK;
    uint32_t n_positions = m - LTA_GRAM + 1;
    x->symbols = symbols;
    x->reference = reference;
    x->n_grams = n - LTA_GRAM + 1;
    x->n = 0;
    LTA_TRY(find_windows(x, n, m));
    uint64_t most = x->n_windows * STRIDE;
    unsigned bits = filter_bits(most);
    x->shift = 64 - bits;
    x->n_heads = (uint64_t)1 << bits >> 5;
    LTA_TRY(empty_filter(&x->grams, &x->grams_capacity, bits));
    LTA_TRY(LTA_GROW(&x->head, &x->head_capacity, x->n_heads));
    LTA_TRY(LTA_GROW(&x->position, &x->position_capacity, most));
    LTA_TRY(LTA_GROW(&x->next, &x->next_capacity, most));
    memset(x->head, 0xff, x->n_heads * sizeof *x->head);
    for (uint64_t w = 0; w < x->n_windows; w++) {
        uint32_t end = n_positions - x->window[w] < STRIDE ? n_positions : x->window[w] + STRIDE;
        for (uint32_t j = x->window[w]; j < end; j++) {
            uint64_t head = hash_of(reference + j) & (x->n_heads - 1);
            if (find(x, head, reference + j) != UINT32_MAX)
                continue; /* it occurs earlier */
            set_bit(x->grams, bit_of_gram(reference + j, x->shift));
            x->position[x->n] = j;
            x->next[x->n] = x->head[head];
            x->head[head] = (uint32_t)x->n++;
        }
    }
done:
    return st;
}

uint32_t lta_gram_match_next(const lta_gram_match *x, uint32_t i, uint32_t *place)
{
    for (; x->n > 0 && i < x->n_grams; i++) {
        const uint64_t *gram = x->symbols + i;
        if (!has_bit(x->grams, bit_of_gram(gram, x->shift)))
            continue;
        uint32_t e = find(x, hash_of(gram) & (x->n_heads - 1), gram);
        if (e == UINT32_MAX)
            continue;
        *place = x->position[e];
        return i;
    }
    return UINT32_MAX;
}

void lta_gram_match_free(lta_gram_match *x)
{
    lta_free(x->probes);
    lta_free(x->grams);
    lta_free(x->window);
    lta_free(x->head);
    lta_free(x->position);
    lta_free(x->next);
    *x = (lta_gram_match){0};
}
