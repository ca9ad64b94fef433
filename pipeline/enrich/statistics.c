/* pipeline/enrich/statistics.c - quantiles, the log grid, sorting, rounding. The fits are in fits.c. */
#include "pipeline/enrich/statistics.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const uint32_t lta_quantile_permille[LTA_QUANTILES] = {0,   10,  50,  100, 250, 500, 750,
                                                       900, 950, 990, 995, 999, 1000};

unsigned lta_grid_bin(uint64_t value)
{
    if (value < 16)
        return (unsigned)value;
    unsigned octave = 63u - (unsigned)__builtin_clzll(value);
    return 16 + (octave - 4) * 8 + (unsigned)(value >> (octave - 3)) - 8;
}

uint64_t lta_grid_edge(unsigned bin)
{
    assert(bin <= LTA_GRID_BINS);
    if (bin < 16)
        return bin;
    if (bin == LTA_GRID_BINS)
        return UINT64_MAX;
    unsigned octave = 4 + (bin - 16) / 8;
    return (uint64_t)(8 + (bin - 16) % 8) << (octave - 3);
}

uint64_t lta_quantile_rank(uint64_t n, uint32_t permille)
{
    assert(n > 0 && permille <= 1000);
    uint64_t rank = n / 1000 * permille + (n % 1000 * permille + 999) / 1000;
    return rank == 0 ? 1 : rank;
}

void lta_sort_u64(uint64_t *values, uint64_t *scratch, uint64_t n)
{
    enum { DIGITS = 8, RADIX = 256 };
    uint64_t count[DIGITS][RADIX] = {{0}};
    for (uint64_t i = 0; i < n; i++)
        for (unsigned d = 0; d < DIGITS; d++)
            count[d][values[i] >> (8 * d) & 255]++;
    uint64_t *from = values, *to = scratch;
    for (unsigned d = 0; d < DIGITS && n > 0; d++) {
        if (count[d][from[0] >> (8 * d) & 255] == n) /* all alike here: most high digits are zero */
            continue;
        uint64_t at = 0;
        for (unsigned k = 0; k < RADIX; k++) {
            uint64_t c = count[d][k];
            count[d][k] = at;
            at += c;
        }
        for (uint64_t i = 0; i < n; i++)
            to[count[d][from[i] >> (8 * d) & 255]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != values && n > 0)
        memcpy(values, from, (size_t)n * sizeof *values);
}

double lta_ratio(uint64_t numerator, uint64_t denominator)
{
    return denominator == 0 ? NAN : (double)numerator / (double)denominator;
}

double lta_round9(double value)
{
    char text[40];
    if (!isfinite(value) || value == 0.0)
        return value == 0.0 ? 0.0 : value;
    /* both directions use the same locale, whichever it is */
    snprintf(text, sizeof text, "%.8e", value);
    return strtod(text, NULL);
}

uint64_t lta_add_saturated(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

uint64_t lta_multiply_saturated(uint64_t a, uint64_t b)
{
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}
