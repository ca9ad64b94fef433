/* kernels/flat_space.h - positions of a flat trace and which of them are dead, for flat_distance.c.
 *
 * Each access takes the next position, which is live while it is its object's last one, and dead from the
 * object's next access on. The dead up to a position are counted by
 *
 *     words     64 positions in as many bits
 *     blocks    32 words; 16 bits for each: the dead in it and in earlier words of its block
 *     groups    32 blocks; 16 bits for each: the dead in earlier blocks of its group
 *     sections  16 groups, then 16 sections, and so on; 32 bits for each: the dead in earlier ones of the 16
 *
 * so that a query adds a number a level, and one more dead position adds a row of zeros and ones to 64 bytes
 * a level. There is no vector to shuffle or to sum up: rows are read and written whole, numbers are read out
 * of them by themselves. Processors forward those from the row that was just written; a wide read of narrow
 * writes would have to wait for them, which is why every row is written whole.
 *
 * Position 0 is nobody's and is killed by whoever has no position to kill. That adds one to what every
 * position finds before it, and so every access does the same: it takes a position and kills one. The numbers
 * inside group 0 overflow in time, wherefore nobody else is there.
 *
 * Everything lies behind one address, at a place that depends on the number of levels alone: what is smaller
 * comes first, what is not used costs addresses and no memory. */
#ifndef LTA_KERNELS_FLAT_SPACE_H
#define LTA_KERNELS_FLAT_SPACE_H

#include "pipeline/core/status.h"

#include <stdint.h>

enum {
    LTA_FLAT_WORD_BITS = 6,
    LTA_FLAT_BLOCK_BITS = LTA_FLAT_WORD_BITS + 5,
    LTA_FLAT_GROUP_BITS = LTA_FLAT_BLOCK_BITS + 5,
    LTA_FLAT_FAN_BITS = 4, /* of sections */
    LTA_FLAT_ROW = 64,     /* bytes: 32 numbers of 16 bits, 16 of 32 */
    LTA_FLAT_ROWS32 = 33 * LTA_FLAT_ROW,
    LTA_FLAT_SECTIONS = LTA_FLAT_ROWS32 + 16 * LTA_FLAT_ROW,
    LTA_FLAT_NOBODY = 0,
    LTA_FLAT_FIRST = 1 << LTA_FLAT_GROUP_BITS
};

typedef struct lta_flat_space {
    uint64_t used, limit; /* positions from LTA_FLAT_FIRST on that are taken, that there are: their ends */
    uint64_t killed;      /* positions, counting nobody's each time */
    int levels;           /* of sections: 1 to 4 */
    /* Rows of 16 bits with ones from k on, k up to 32, then those of 32 bits with ones behind k, k up to 15;
     * then the levels from the top. */
    char *rows;
    void *memory;
} lta_flat_space;

LTA_MUST_CHECK lta_status lta_flat_space_make(uint64_t n, lta_flat_space *out); /* n positions */
void lta_flat_space_clear(lta_flat_space *s);                                   /* nothing is taken or dead */
uint64_t lta_flat_space_live(const lta_flat_space *s);
void lta_flat_space_free(lta_flat_space *s);

#define LTA_FLAT_INLINE static inline __attribute__((always_inline))

typedef uint16_t lta_u16x32 __attribute__((vector_size(LTA_FLAT_ROW), may_alias));
typedef uint32_t lta_u32x16 __attribute__((vector_size(LTA_FLAT_ROW), may_alias));

/* Where the rows of a level begin; 0 is the top. `levels` is where the groups begin. */
LTA_FLAT_INLINE uint64_t lta_flat_section_at(int level)
{
    uint64_t at = LTA_FLAT_SECTIONS;
    for (int k = 0; k < level; k++)
        at += UINT64_C(1) * LTA_FLAT_ROW << LTA_FLAT_FAN_BITS * k;
    return at;
}

LTA_FLAT_INLINE uint64_t lta_flat_blocks_at(int levels)
{
    return lta_flat_section_at(levels) + (UINT64_C(1) * LTA_FLAT_ROW << LTA_FLAT_FAN_BITS * levels);
}

LTA_FLAT_INLINE uint64_t lta_flat_words_at(int levels)
{
    return lta_flat_blocks_at(levels) + (UINT64_C(32) * LTA_FLAT_ROW << LTA_FLAT_FAN_BITS * levels);
}

/* Asks for what lta_flat_kill() will want of memory that is not small. */
LTA_FLAT_INLINE void lta_flat_ask_for(char *s, uint64_t q, int levels)
{
    uint64_t word = q >> LTA_FLAT_WORD_BITS;
    __builtin_prefetch(s + lta_flat_words_at(levels) + word * 8, 1);
    __builtin_prefetch(s + lta_flat_blocks_at(levels) + word * 2, 1);
}

LTA_FLAT_INLINE uint64_t lta_flat_with_bit(uint64_t bits, uint64_t k)
{
#ifdef __x86_64__
    __asm__("btsq %1, %0" : "+r"(bits) : "r"(k) : "cc"); /* of which compilers make three instructions */
    return bits;
#else
    return bits | UINT64_C(1) << (k & 63);
#endif
}

/* Kills q, live or nobody's, and returns how many before it had been killed, nobody's included each time; any
 * number for nobody's. s: the space's rows; levels: the space's, a constant where this is inlined. */
LTA_FLAT_INLINE uint32_t lta_flat_kill(char *s, uint64_t q, int levels)
{
    enum {
        WORD = LTA_FLAT_WORD_BITS,
        BLOCK = LTA_FLAT_BLOCK_BITS,
        GROUP = LTA_FLAT_GROUP_BITS,
        FAN = LTA_FLAT_FAN_BITS,
        BYTES = 6, /* of a row */
        OF_32 = 31 << BYTES,
        OF_16 = 15 << BYTES
    };
    const uint64_t whole_rows = ~UINT64_C(0) << BYTES;
    char *blocks = s + lta_flat_blocks_at(levels), *groups = s + lta_flat_section_at(levels);
    uint64_t *word = (uint64_t *)(void *)(s + lta_flat_words_at(levels)) + (q >> WORD), bits = *word;
    uint32_t n = ((uint16_t *)(void *)blocks)[q >> WORD] - (uint32_t)__builtin_popcountll(bits >> (q & 63));
    n += ((uint16_t *)(void *)groups)[q >> BLOCK];
    for (int k = 0; k < levels; k++)
        n += ((uint32_t *)(void *)(s + lta_flat_section_at(levels - 1 - k)))[q >> (GROUP + FAN * k)];

    *word = lta_flat_with_bit(bits, q);
#define ADD_ROW(type, to, row) (*(type *)(void *)(to) += *(type *)(void *)(row))
    ADD_ROW(lta_u16x32, blocks + (q >> (BLOCK - BYTES) & whole_rows), s + (q & OF_32));
    ADD_ROW(lta_u16x32, groups + (q >> (GROUP - BYTES) & whole_rows),
            s + LTA_FLAT_ROW + (q >> (BLOCK - BYTES) & OF_32));
    for (int k = 0; k < levels; k++) {
        int member = GROUP + FAN * k;
        uint64_t row = k == levels - 1 ? 0 : q >> (member + FAN - BYTES) & whole_rows;
        ADD_ROW(lta_u32x16, s + lta_flat_section_at(levels - 1 - k) + row,
                s + LTA_FLAT_ROWS32 + (q >> (member - BYTES) & OF_16));
    }
#undef ADD_ROW
    return n;
}

#endif
