/* pipeline/enrich/table_histogram.c - histograms on the log grid, one table each, and the table
 * `distributions` with their counts, sums, means and quantiles, one row each. */
#include "pipeline/enrich/enrich_internal.h"

#include "pipeline/core/array.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct distribution {
    const char *name, *unit, *one, *description; /* one: what is counted, in the singular */
    uint64_t values, none, sum;                  /* sum saturates at 2^64 - 1 */
    uint64_t quantile[LTA_QUANTILES];
    uint64_t count[LTA_GRID_BINS];
} distribution;

/* values [n] is sorted in place; scratch [n] */
static void count_values(distribution *d, uint64_t *values, uint64_t *scratch, uint64_t n)
{
    lta_sort_u64(values, scratch, n);
    d->values = n;
    for (uint64_t i = 0; i < n; i++) {
        d->sum = lta_add_saturated(d->sum, values[i]);
        d->count[lta_grid_bin(values[i])]++;
    }
    for (int q = 0; n > 0 && q < LTA_QUANTILES; q++)
        d->quantile[q] = values[lta_quantile_rank(n, lta_quantile_permille[q]) - 1];
}

/* Distances of single looked-up symbols. Symbol j of a run has distance T + j, so how many are at most C is
 * what the exact hit curve says at C, and no symbol is visited. */
static void count_symbol_distances(const lta_enrichment *e, distribution *d)
{
    const lta_curve *curve = e->curve;
    const lta_block_runs *b = &e->by_symbol;
    uint64_t below = 0;
    d->values = curve->hits[curve->n - 1];
    d->none = b->lookups - d->values;
    for (unsigned bin = 0; bin < LTA_GRID_BINS && below < d->values; bin++) {
        uint64_t upto = lta_curve_hits(curve, lta_grid_edge(bin + 1) - 1);
        d->count[bin] = upto - below;
        below = upto;
    }
    for (int q = 0; d->values > 0 && q < LTA_QUANTILES; q++)
        d->quantile[q] =
            lta_curve_capacity_for(curve, lta_quantile_rank(d->values, lta_quantile_permille[q]));
    for (uint64_t k = 0; k < b->n_runs; k++) { /* T + 1, ..., T + w */
        uint64_t w = b->looked_up[k];
        d->sum = lta_add_saturated(d->sum, lta_add_saturated(lta_multiply_saturated(w, b->distance[k]),
                                                             w % 2 == 0 ? w / 2 * (w + 1) : (w + 1) / 2 * w));
    }
}

static lta_status put_histogram(lta_table_set *set, const distribution *d)
{
    static const char *const texts[] = {"lower edge of the bin", "lower edge of the next bin, not included",
                                        "how many lie in [edge, next_edge)"};
    lta_status st = LTA_OK;
    lta_table *t;
    unsigned bins = LTA_GRID_BINS;
    while (bins > 0 && d->count[bins - 1] == 0)
        bins--;
    LTA_TRY(lta_table_add(set, d->name, d->description, &t));
    LTA_TRY(lta_table_column_add(t, LTA_U64, "edge", d->unit, texts[0]));
    LTA_TRY(lta_table_column_add(t, LTA_U64, "next_edge", d->unit, texts[1]));
    LTA_TRY(lta_table_column_add(t, LTA_U64, "count", "1", texts[2]));
    for (unsigned bin = 0; bin < bins; bin++) {
        LTA_TRY(lta_table_row(t));
        lta_table_put_u64(t, lta_grid_edge(bin));
        lta_table_put_u64(t, lta_grid_edge(bin + 1));
        lta_table_put_u64(t, d->count[bin]);
    }
done:
    return st;
}

static lta_status add_distributions_table(lta_table_set *set, lta_table **out)
{
    static const lta_column_spec columns[] = {
        {LTA_STR, "distribution", "1", "name of the histogram"},
        {LTA_STR, "unit", "1", "unit of the values"},
        {LTA_STR, "of", "1", "what has a value each"},
        {LTA_U64, "values", "1", "how many have a value"},
        {LTA_U64, "none", "1", "how many have none; not in the histogram"},
        {LTA_U64, "sum", "1", "sum of the values, in their unit; 2^64-1 if it is larger"},
        {LTA_F64, "mean", "sum/values", "sum / values; NaN where the sum is too large to be held"},
        {0},
    };
    lta_status st = LTA_OK;
    LTA_TRY(
        lta_table_add(set, "distributions", "counts, sums and exact quantiles behind each histogram", out));
    LTA_TRY(lta_table_columns_add(*out, columns));
    for (int q = 0; q < LTA_QUANTILES; q++) {
        uint32_t permille = lta_quantile_permille[q];
        char name[16], text[128];
        if (permille == 0 || permille == 500 || permille == 1000)
            snprintf(name, sizeof name, "%s", permille == 0 ? "min" : permille == 500 ? "median" : "max");
        else
            snprintf(name, sizeof name, "q%03u", permille);
        snprintf(text, sizeof text,
                 "quantile %u/1000: the ceil(q n)-th of the n sorted values%s, in their unit; 0 when there "
                 "are none",
                 permille, permille == 500 ? " (lower median)" : "");
        LTA_TRY(lta_table_column_add(*out, LTA_U64, name, "1", text));
    }
done:
    return st;
}

static lta_status put_distribution(lta_table *t, const distribution *d)
{
    lta_status st = LTA_OK;
    LTA_TRY(lta_table_row(t));
    LTA_TRY(lta_table_put_text(t, d->name));
    LTA_TRY(lta_table_put_text(t, d->unit));
    LTA_TRY(lta_table_put_text(t, d->one));
    lta_table_put_u64(t, d->values);
    lta_table_put_u64(t, d->none);
    lta_table_put_u64(t, d->sum);
    lta_table_put_f64(t, d->sum == UINT64_MAX ? NAN : lta_ratio(d->sum, d->values));
    for (int q = 0; q < LTA_QUANTILES; q++)
        lta_table_put_u64(t, d->quantile[q]);
done:
    return st;
}

/* Collects the values of one field. Returns how many; the others of the n are `none`. */
typedef uint64_t collect_fn(const lta_enrichment *e, uint64_t *out, uint64_t *none);

static uint64_t collect_times(const lta_enrichment *e, const int64_t *field, uint64_t *out, uint64_t *none)
{
    uint64_t n = 0;
    for (uint64_t r = 0; r < e->trace.n; r++)
        if (field[r] >= 0)
            out[n++] = (uint64_t)field[r];
    *none = e->trace.n - n;
    return n;
}

static uint64_t collect_counts(const lta_enrichment *e, const uint32_t *field, uint64_t *out, uint64_t *none)
{
    uint64_t n = 0;
    for (uint64_t r = 0; r < e->trace.n; r++)
        if (field[r] != LTA_NO_U32)
            out[n++] = field[r];
    *none = e->trace.n - n;
    return n;
}

static uint64_t collect_reuse_distance(const lta_enrichment *e, uint64_t *out, uint64_t *none)
{
    uint64_t n = 0;
    for (uint64_t r = 0; r < e->trace.n; r++)
        if (e->fields.reuse_distance[r] > 0)
            out[n++] = e->fields.reuse_distance[r];
    *none = e->trace.n - n;
    return n;
}

static uint64_t collect_reuse_time(const lta_enrichment *e, uint64_t *out, uint64_t *none)
{
    return collect_times(e, e->fields.reuse_time_us, out, none);
}

static uint64_t collect_think_time(const lta_enrichment *e, uint64_t *out, uint64_t *none)
{
    return collect_times(e, e->fields.think_time_us, out, none);
}

static uint64_t collect_input_length(const lta_enrichment *e, uint64_t *out, uint64_t *none)
{
    return collect_counts(e, e->trace.input_tokens, out, none);
}

static uint64_t collect_output_length(const lta_enrichment *e, uint64_t *out, uint64_t *none)
{
    return collect_counts(e, e->trace.output_tokens, out, none);
}

static uint64_t collect_session_turns(const lta_enrichment *e, uint64_t *out, uint64_t *none)
{
    uint64_t n = e->trace.n_sessions;
    for (uint64_t s = 0; s < n; s++)
        out[s] = e->session_offset[s + 1] - e->session_offset[s];
    *none = e->trace.n - e->session_offset[n];
    return n;
}

lta_status lta_build_histograms(const lta_enrichment *e, lta_table_set *set)
{
    const struct {
        bool wanted;
        collect_fn *collect; /* NULL: symbol distances */
        const char *name, *unit, *one, *description;
    } histograms[] = {
        {e->symbols, NULL, "reuse_distance", "symbols", "looked-up symbol",
         "stack distances of looked-up symbols, each at its own; none: touched for the first time"},
        {e->symbols, collect_reuse_distance, "reuse_distance_request", "symbols", "request",
         "the field reuse_distance; none: nothing reusable"},
        {e->symbols && e->times, collect_reuse_time, "reuse_time", "us", "request",
         "the field reuse_time_us; none: nothing reusable"},
        {e->lengths, collect_input_length, "input_length", "tokens", "request",
         "input_tokens; none: not given"},
        {e->lengths, collect_output_length, "output_length", "tokens", "request",
         "output_tokens; none: not given"},
        {e->sessions && e->times, collect_think_time, "think_time", "us", "request",
         "the field think_time_us; none: first of its session, or without one"},
        {e->sessions, collect_session_turns, "session_turns", "requests", "session",
         "requests of each session, every session once; none: requests without a session"},
    };
    lta_status st = LTA_OK;
    uint64_t *values = NULL, *scratch = NULL;
    distribution *d = NULL;
    lta_table *all;
    LTA_TRY(LTA_ALLOC(&values, e->trace.n));
    LTA_TRY(LTA_ALLOC(&scratch, e->trace.n));
    LTA_TRY(LTA_ALLOC(&d, 1));
    LTA_TRY(add_distributions_table(set, &all));
    for (size_t i = 0; i < sizeof histograms / sizeof *histograms; i++) {
        if (!histograms[i].wanted)
            continue;
        *d = (distribution){.name = histograms[i].name,
                            .unit = histograms[i].unit,
                            .one = histograms[i].one,
                            .description = histograms[i].description};
        if (histograms[i].collect) {
            uint64_t n = histograms[i].collect(e, values, &d->none);
            count_values(d, values, scratch, n);
        } else {
            count_symbol_distances(e, d);
        }
        LTA_TRY(put_distribution(all, d));
        LTA_TRY(put_histogram(set, d));
        LTA_TRY(lta_check_stop(e->run));
    }
done:
    lta_free(d);
    lta_free(scratch);
    lta_free(values);
    return st;
}
