/* pipeline/synth/random.c - see random.h. */
#include "pipeline/synth/random.h"

#include <assert.h>
#include <float.h>

_Static_assert(FLT_EVAL_METHOD == 0,
               "doubles must be rounded after every operation, or traces differ between machines");

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void lta_random_seed(lta_random *r, uint64_t seed, uint64_t stream)
{
    uint64_t a = seed, b = stream ^ 0x6c74612d73796e74u;
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix(&a) ^ splitmix(&b);
    if ((r->s[0] | r->s[1] | r->s[2] | r->s[3]) == 0)
        r->s[0] = 1; /* the one state from which nothing ever comes */
    for (int i = 0; i < 8; i++)
        (void)lta_random_next(r);
}

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t lta_random_next(lta_random *r)
{
    uint64_t *s = r->s, out = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return out;
}

uint64_t lta_random_below(lta_random *r, uint64_t n)
{
    assert(n > 0);
    return (uint64_t)(((unsigned __int128)lta_random_next(r) * n) >> 64);
}

static double unit(lta_random *r) /* in [0, 1), exact */
{
    return (double)(lta_random_next(r) >> 11) * 0x1p-53;
}

bool lta_random_chance(lta_random *r, double share)
{
    return unit(r) < share;
}

uint64_t lta_random_around(lta_random *r, uint64_t mean)
{
    return 1 + lta_random_below(r, 2 * mean - 1);
}

uint64_t lta_random_skewed(lta_random *r, uint64_t mean)
{
    if (mean <= 1)
        return mean;
    /* the product of two even draws over [0, 1) has mean 1/4 and leans to 0 */
    uint64_t bits = lta_random_next(r), product = ((bits >> 32) * (bits & 0xffffffffu)) >> 32;
    return 1 + ((4 * (mean - 1) * product + 0x80000000u) >> 32);
}

uint64_t lta_random_rank(lta_random *r, uint64_t n)
{
    uint64_t octaves = 0, rank;
    while (octaves < 63 && (UINT64_C(1) << octaves) <= n)
        octaves++;
    do {
        uint64_t first = UINT64_C(1) << lta_random_below(r, octaves);
        rank = first + lta_random_below(r, first);
    } while (rank > n);
    return rank;
}

uint64_t lta_random_poisson5(lta_random *r)
{
    /* Knuth: multiply even draws until the product falls below exp(-5) */
    uint64_t k = 0;
    for (double product = unit(r); product > 0.006737946999085467; product *= unit(r))
        k++;
    return k;
}
