/* pipeline/enrich/statistics.h - quantiles, the log grid, rounding, ratios, and the two fitted distributions.
 *
 * Definitions are those of design, section 4. Integers are exact; the only floating-point results are ratios
 * of two integers and the fits, which are computed serially in the order given and rounded to 9 significant
 * digits before they are stored, so that another C library gives the same files. */
#ifndef LTA_ENRICH_STATISTICS_H
#define LTA_ENRICH_STATISTICS_H

#include "pipeline/core/status.h"

#include <stdint.h>

/* The log grid: 0 ... 15, then each octave in 8 equal steps (16, 18, ..., 30, 32, 36, ...). Bin b is
 * [edge(b), edge(b + 1)); the edge after the last bin is 2^64 - 1, which the last bin includes. */
enum { LTA_GRID_BINS = 496 };
unsigned lta_grid_bin(uint64_t value);
uint64_t lta_grid_edge(unsigned bin);

/* Rank (from 1) of the quantile permille/1000 among n > 0 sorted values: ceil(q n), at least 1. */
uint64_t lta_quantile_rank(uint64_t n, uint32_t permille);

/* The quantiles that tables give: 0 (the smallest), ..., 500 (the lower median), ..., 1000 (the largest), in
 * permille. */
enum { LTA_QUANTILES = 13, LTA_QUANTILE_MEDIAN = 5 };
extern const uint32_t lta_quantile_permille[LTA_QUANTILES];

/* Ascending sort; scratch holds n elements and may end up with anything. Radix sort, linear in n. */
void lta_sort_u64(uint64_t *values, uint64_t *scratch, uint64_t n);

double lta_ratio(uint64_t numerator, uint64_t denominator); /* NaN when the denominator is 0 */
double lta_round9(double value);                    /* to 9 significant digits; NaN and infinities stay */
uint64_t lta_add_saturated(uint64_t a, uint64_t b); /* 2^64 - 1 when the sum is larger */
uint64_t lta_multiply_saturated(uint64_t a, uint64_t b);

/* Gamma (shape k, scale theta) and Weibull (shape k, scale lambda) by maximum likelihood, and the
 * Kolmogorov-Smirnov distance between the sample and the fit. All NaN when the sample has fewer than two
 * different values. */
typedef struct lta_fit {
    double shape, scale, distance;
} lta_fit;

/* x [n] positive values in the order in which sums are taken; sorted [n] the same values ascending.
 * Errors: LTA_ERR_NOMEM. Not rounded. */
LTA_MUST_CHECK lta_status lta_fit_gamma(const uint64_t *x, const uint64_t *sorted, uint64_t n, lta_fit *out);
LTA_MUST_CHECK lta_status lta_fit_weibull(const uint64_t *x, const uint64_t *sorted, uint64_t n,
                                          lta_fit *out);

double lta_gamma_cdf(double shape, double x_over_scale); /* regularised lower incomplete gamma function */

#endif
