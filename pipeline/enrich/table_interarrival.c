/* pipeline/enrich/table_interarrival.c - the table `interarrival`: how bursty arrivals are. */
#include "pipeline/enrich/enrich_internal.h"

#include "pipeline/core/array.h"

#include <math.h>
#include <stddef.h>

/* Population variance over mean of the requests in each window, from that of the first arrival to that of the
 * last. */
static double index_of_dispersion(const lta_enrichment *e, uint64_t *n_windows)
{
    const lta_trace *t = &e->trace;
    unsigned __int128 squares = 0; /* of the counts; a sum of at most 2^32 requests squared */
    for (uint64_t r = 0, next; r < t->n; r = next) {
        int64_t window = lta_window_of(e, r);
        for (next = r + 1; next < t->n && lta_window_of(e, next) == window; next++)
            ;
        squares += (unsigned __int128)(next - r) * (next - r);
    }
    *n_windows = t->n == 0 ? 0 : (uint64_t)(lta_window_of(e, t->n - 1) - lta_window_of(e, 0)) + 1;
    if (t->n == 0)
        return NAN;
    /* (Q/N - (n/N)^2) / (n/N) = Q/n - n/N */
    return (double)squares / (double)t->n - (double)t->n / (double)*n_windows;
}

static double variation(const int64_t *gap, uint64_t n, double mean)
{
    double squares = 0.0;
    for (uint64_t i = 0; i < n; i++)
        squares += ((double)gap[i] - mean) * ((double)gap[i] - mean);
    return n > 0 && mean > 0.0 ? sqrt(squares / (double)n) / mean : NAN;
}

lta_status lta_build_interarrival(const lta_enrichment *e, lta_table_set *set)
{
    static const lta_column_spec columns[] = {
        {LTA_U64, "gaps", "1", "times between consecutive requests of the trace"},
        {LTA_U64, "zero_gaps", "1", "of which are zero: left out of the fitted distributions"},
        {LTA_F64, "mean_us", "us/gap", "mean of all gaps: span / gaps"},
        {LTA_F64, "cv", "1", "coefficient of variation of all gaps: population standard deviation / mean"},
        {LTA_U64, "window_us", "us", "length w of a window"},
        {LTA_U64, "windows", "1",
         "windows [k w, (k+1) w) from the first arrival's to the last one's, empty ones included"},
        {LTA_F64, "index_of_dispersion", "1", "population variance / mean of the requests in each window"},
        {LTA_F64, "gamma_shape", "1",
         "shape of the Gamma distribution by maximum likelihood over positive gaps"},
        {LTA_F64, "gamma_scale_us", "us", "its scale"},
        {LTA_F64, "gamma_ks", "1", "its Kolmogorov-Smirnov distance to the positive gaps"},
        {LTA_F64, "weibull_shape", "1",
         "shape of the Weibull distribution by maximum likelihood over positive gaps"},
        {LTA_F64, "weibull_scale_us", "us", "its scale"},
        {LTA_F64, "weibull_ks", "1", "its Kolmogorov-Smirnov distance to the positive gaps"},
        {0},
    };
    lta_status st = LTA_OK;
    const lta_trace *trace = &e->trace;
    uint64_t gaps = trace->n > 0 ? trace->n - 1 : 0, positive = 0, windows;
    const int64_t *gap = e->fields.interarrival_us + (gaps > 0); /* the first request has none */
    uint64_t *x = NULL, *sorted = NULL, *scratch = NULL;
    lta_fit gamma, weibull;
    lta_table *t;
    LTA_TRY(LTA_ALLOC(&x, gaps));
    LTA_TRY(LTA_ALLOC(&sorted, gaps));
    LTA_TRY(LTA_ALLOC(&scratch, gaps));
    for (uint64_t i = 0; i < gaps; i++)
        if (gap[i] > 0) {
            sorted[positive] = (uint64_t)gap[i];
            x[positive++] = (uint64_t)gap[i];
        }
    lta_sort_u64(sorted, scratch, positive);
    LTA_TRY(lta_fit_gamma(x, sorted, positive, &gamma));
    LTA_TRY(lta_check_stop(e->run));
    LTA_TRY(lta_fit_weibull(x, sorted, positive, &weibull));
    double mean =
        gaps > 0 ? lta_ratio((uint64_t)(trace->arrival_us[trace->n - 1] - trace->arrival_us[0]), gaps) : NAN;
    double dispersion = index_of_dispersion(e, &windows);

    LTA_TRY(lta_table_add(set, "interarrival", "how bursty arrivals are", &t));
    LTA_TRY(lta_table_columns_add(t, columns));
    LTA_TRY(lta_table_row(t));
    lta_table_put_u64(t, gaps);
    lta_table_put_u64(t, gaps - positive);
    lta_table_put_f64(t, mean);
    lta_table_put_f64(t, lta_round9(variation(gap, gaps, mean)));
    lta_table_put_u64(t, (uint64_t)e->window_us);
    lta_table_put_u64(t, windows);
    lta_table_put_f64(t, lta_round9(dispersion));
    const lta_fit *fits[] = {&gamma, &weibull};
    for (int i = 0; i < 2; i++) {
        lta_table_put_f64(t, lta_round9(fits[i]->shape));
        lta_table_put_f64(t, lta_round9(fits[i]->scale));
        lta_table_put_f64(t, lta_round9(fits[i]->distance));
    }
done:
    lta_free(x);
    lta_free(sorted);
    lta_free(scratch);
    return st;
}
