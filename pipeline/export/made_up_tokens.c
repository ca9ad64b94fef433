/* pipeline/export/made_up_tokens.c - the digits of the id, then numbers from a counter. */
#include "pipeline/export/made_up_tokens.h"

uint32_t lta_made_up_width(const lta_made_up *m, uint64_t id)
{
    uint32_t n = 2; /* the lowest digit and the end */
    for (; id >= m->vocabulary - 1; id /= m->vocabulary - 1)
        n++;
    return n;
}

/* The finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
    x = (x ^ x >> 27) * 0x94d049bb133111ebU;
    return x ^ x >> 31;
}

void lta_made_up_block(const lta_made_up *m, uint64_t id, uint32_t n, uint64_t *out)
{
    uint64_t left = id, end = m->vocabulary - 1, state = mix(mix(m->seed) ^ id);
    uint32_t digits = lta_made_up_width(m, id) - 1;
    for (uint32_t i = 0; i < n; i++) {
        state += 0x9e3779b97f4a7c15U;
        out[i] = i < digits ? left % end : i == digits ? end : mix(state) % m->vocabulary;
        left /= end;
    }
}

void lta_made_up_rest(const lta_made_up *m, uint64_t number, uint32_t n, uint64_t *out)
{
    if (n == 0)
        return;
    out[0] = m->vocabulary - 1;
    lta_made_up_block(m, number, n - 1, out + 1);
}
