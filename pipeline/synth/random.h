/* pipeline/synth/random.h - seeded random integers, the same on every machine.
 *
 * xoshiro256** (Blackman and Vigna, ACM TOMS 47(4), 2021), its state filled by splitmix64. Distributions use
 * integer arithmetic, or products of doubles, which IEEE 754 rounds alike everywhere; nothing comes from
 * libm. */
#ifndef LTA_SYNTH_RANDOM_H
#define LTA_SYNTH_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct lta_random {
    uint64_t s[4];
} lta_random;

/* One seed gives 2^64 independent streams, so that a part can be drawn again without drawing what stands
 * before it. */
void lta_random_seed(lta_random *r, uint64_t seed, uint64_t stream);

uint64_t lta_random_next(lta_random *r);                  /* any 64 bits */
uint64_t lta_random_below(lta_random *r, uint64_t n);     /* 0 .. n - 1, n >= 1 */
bool lta_random_chance(lta_random *r, double share);      /* true with this probability */
uint64_t lta_random_around(lta_random *r, uint64_t mean); /* even over 1 .. 2 mean - 1, mean >= 1 */
uint64_t lta_random_skewed(lta_random *r,
                           uint64_t mean); /* mean as asked, many short, few up to 4 mean; mean <= 2^29 */
uint64_t lta_random_rank(lta_random *r,
                         uint64_t n);        /* 1 .. n, each octave as likely: nearly Zipf; 1 <= n <= 2^62 */
uint64_t lta_random_poisson5(lta_random *r); /* Poisson of mean 5 */

#endif
