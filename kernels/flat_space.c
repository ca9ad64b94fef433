/* kernels/flat_space.c - memory for positions. */
#include "kernels/flat_space.h"

#include "pipeline/core/array.h"

#include <string.h>

static uint64_t groups(const lta_flat_space *s)
{
    return (s->limit >> LTA_FLAT_GROUP_BITS) + 1;
}

lta_status lta_flat_space_make(uint64_t n, lta_flat_space *out)
{
    lta_status st = LTA_OK;
    lta_flat_space s = {.limit = LTA_FLAT_FIRST + n, .levels = 1};
    while (s.limit >> (LTA_FLAT_GROUP_BITS + LTA_FLAT_FAN_BITS * s.levels) > 0)
        s.levels++;
    char *memory;
    LTA_TRY(LTA_TABLE(&memory, lta_flat_words_at(s.levels) +
                                   groups(&s) * (UINT64_C(1) << (LTA_FLAT_GROUP_BITS - 3)) + LTA_FLAT_ROW));
    s.memory = memory;
    s.rows = memory + (-(uintptr_t)memory & (LTA_FLAT_ROW - 1));
    for (uint32_t k = 0; k < 33; k++)
        for (uint32_t i = 0; i < 32; i++)
            ((uint16_t *)(void *)(s.rows + k * LTA_FLAT_ROW))[i] = i >= k;
    for (uint32_t k = 0; k < 16; k++)
        for (uint32_t i = 0; i < 16; i++)
            ((uint32_t *)(void *)(s.rows + LTA_FLAT_ROWS32 + k * LTA_FLAT_ROW))[i] = i > k;
    lta_flat_space_clear(&s);
    *out = s;
done:
    return st;
}

void lta_flat_space_clear(lta_flat_space *s)
{
    uint64_t n = groups(s);
    memset(s->rows + LTA_FLAT_SECTIONS, 0,
           lta_flat_section_at(s->levels) - LTA_FLAT_SECTIONS + n * LTA_FLAT_ROW); /* sections, groups */
    memset(s->rows + lta_flat_blocks_at(s->levels), 0, n * 32 * LTA_FLAT_ROW);
    memset(s->rows + lta_flat_words_at(s->levels), 0, n << (LTA_FLAT_GROUP_BITS - 3));
    s->used = LTA_FLAT_FIRST;
    s->killed = 0;
}

uint64_t lta_flat_space_live(const lta_flat_space *s)
{
    const uint64_t *word = (const uint64_t *)(const void *)(s->rows + lta_flat_words_at(s->levels));
    uint64_t live = s->used - LTA_FLAT_FIRST;
    for (uint64_t w = LTA_FLAT_FIRST >> LTA_FLAT_WORD_BITS; w << LTA_FLAT_WORD_BITS < s->used; w++)
        live -= (uint64_t)__builtin_popcountll(word[w]);
    return live;
}

void lta_flat_space_free(lta_flat_space *s)
{
    lta_free(s->memory);
    *s = (lta_flat_space){0};
}
