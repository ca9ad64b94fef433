/* pipeline/import/numpy_random.c - MT19937, doubles of 53 bits from it, and Poisson numbers from those: below
 * a mean of 10 by multiplying uniform numbers until they fall below exp(-mean), from there on by Hörmann's
 * transformed rejection (PTRS; Insurance: Mathematics and Economics 12, 1993). */
#include "pipeline/import/numpy_random.h"

#include <math.h>

void lta_numpy_seed(lta_numpy_random *r, uint32_t seed)
{
    r->word[0] = seed;
    for (uint32_t i = 1; i < LTA_MT_WORDS; i++)
        r->word[i] = 1812433253u * (r->word[i - 1] ^ r->word[i - 1] >> 30) + i;
    r->next = LTA_MT_WORDS;
}

static void make_words(lta_numpy_random *r)
{
    enum { SHIFT = 397 };
    for (unsigned i = 0; i < LTA_MT_WORDS; i++) {
        uint32_t joined = (r->word[i] & 0x80000000u) | (r->word[(i + 1) % LTA_MT_WORDS] & 0x7fffffffu);
        r->word[i] = r->word[(i + SHIFT) % LTA_MT_WORDS] ^ joined >> 1 ^ (joined & 1 ? 0x9908b0dfu : 0);
    }
    r->next = 0;
}

static uint32_t next_word(lta_numpy_random *r)
{
    if (r->next == LTA_MT_WORDS)
        make_words(r);
    uint32_t y = r->word[r->next++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

static double next_uniform(lta_numpy_random *r) /* in [0, 1) */
{
    uint32_t high = next_word(r) >> 5, low = next_word(r) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
}

static uint64_t poisson_by_products(lta_numpy_random *r, double mean)
{
    double bound = exp(-mean), product = next_uniform(r);
    uint64_t n = 0;
    for (; product > bound; n++)
        product *= next_uniform(r);
    return n;
}

static uint64_t poisson_by_rejection(lta_numpy_random *r, double mean)
{
    const double root = sqrt(mean), b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b,
                 inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), v_r = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
        double u = next_uniform(r) - 0.5, v = next_uniform(r), us = 0.5 - fabs(u);
        double k = floor((2 * a / us + b) * u + mean + 0.43);
        if (us >= 0.07 && v <= v_r)
            return (uint64_t)k;
        if (k < 0 || (us < 0.013 && v > us))
            continue;
        int sign;
        double density = -mean + k * log(mean) - lgamma_r(k + 1, &sign);
        if (log(v) + log(inverse_alpha) - log(a / (us * us) + b) <= density)
            return (uint64_t)k;
    }
}

uint64_t lta_numpy_poisson(lta_numpy_random *r, double mean)
{
    if (mean == 0)
        return 0;
    return mean < 10 ? poisson_by_products(r, mean) : poisson_by_rejection(r, mean);
}
