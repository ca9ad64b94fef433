/* pipeline/export/made_up_tokens.c - the digits of the id, then numbers from a counter. */
#include "pipeline/export/made_up_tokens.h"

lta_made_up lta_made_up_begin(uint64_t seed, uint64_t vocabulary, uint64_t largest_id)
{
    lta_made_up m = {.seed = seed, .vocabulary = vocabulary, .digits = 1};
    for (uint64_t left = largest_id / vocabulary; left > 0; left /= vocabulary)
        m.digits++;
    return m;
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
    uint64_t left = id, state = mix(mix(m->seed) ^ id);
    for (uint32_t i = 0; i < n; i++) {
        state += 0x9e3779b97f4a7c15U;
        out[i] = i < m->digits ? left % m->vocabulary : mix(state) % m->vocabulary;
        left /= m->vocabulary;
    }
}
