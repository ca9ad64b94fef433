/* pipeline/import/numpy_random.h - the numbers that numpy.random gives after numpy.random.seed(n).
 *
 * The generator is MT19937 (Matsumoto and Nishimura, ACM TOMACS 8(1), 1998) started from one 32-bit number,
 * which numpy keeps for old programs' sake; Marconi's traces were drawn from it. */
#ifndef LTA_IMPORT_NUMPY_RANDOM_H
#define LTA_IMPORT_NUMPY_RANDOM_H

#include <stdint.h>

enum { LTA_MT_WORDS = 624 };

typedef struct lta_numpy_random {
    uint32_t word[LTA_MT_WORDS];
    unsigned next; /* word to give out next */
} lta_numpy_random;

void lta_numpy_seed(lta_numpy_random *r, uint32_t seed);

/* numpy.random.poisson(mean), mean from 0 to 10^9. */
uint64_t lta_numpy_poisson(lta_numpy_random *r, double mean);

#endif
