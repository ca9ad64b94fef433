/* pipeline/verify/verify_histograms.c - the histograms of an enriched file and the table `distributions`,
 * against the requests. Quantiles are checked by counting: the k-th smallest value has fewer than k below it
 * and at least k up to it. */
#include "pipeline/core/array.h"
#include "pipeline/verify/verify_internal.h"

#include <math.h>
#include <string.h>

static const struct quantile {
    const char *name;
    uint64_t permille;
} quantiles[] = {{"min", 0},      {"q010", 10},  {"q050", 50},  {"q100", 100}, {"q250", 250},
                 {"median", 500}, {"q750", 750}, {"q900", 900}, {"q950", 950}, {"q990", 990},
                 {"q995", 995},   {"q999", 999}, {"max", 1000}};
enum { QUANTILES = sizeof quantiles / sizeof *quantiles };

typedef struct distributions { /* the table, by row */
    lta_strings name;
    uint64_t *values, *none, *sum, *quantile[QUANTILES]; /* [name.n] */
    double *mean;
} distributions;

typedef struct histogram {
    uint64_t *edge, *next_edge, *count, n;
} histogram;

typedef struct sample { /* what a histogram is of: a value each, `none` have none */
    uint64_t *value, n, none;
} sample;

static void free_distributions(distributions *d)
{
    lta_strings_free(&d->name);
    lta_free(d->values);
    lta_free(d->none);
    lta_free(d->sum);
    lta_free(d->mean);
    for (int q = 0; q < QUANTILES; q++)
        lta_free(d->quantile[q]);
}

static void free_histogram(histogram *h)
{
    lta_free(h->edge);
    lta_free(h->next_edge);
    lta_free(h->count);
}

static lta_status read_distributions(const lta_reader *r, distributions *d)
{
    lta_status st = LTA_OK;
    char path[64];
    LTA_TRY(lta_reader_strings(r, "/tables/distributions/distribution", &d->name));
    LTA_TRY(lta_verify_column(r, "/tables/distributions/values", LTA_U64, d->name.n, (void **)&d->values));
    LTA_TRY(lta_verify_column(r, "/tables/distributions/none", LTA_U64, d->name.n, (void **)&d->none));
    LTA_TRY(lta_verify_column(r, "/tables/distributions/sum", LTA_U64, d->name.n, (void **)&d->sum));
    LTA_TRY(lta_verify_column(r, "/tables/distributions/mean", LTA_F64, d->name.n, (void **)&d->mean));
    for (int q = 0; q < QUANTILES; q++) {
        snprintf(path, sizeof path, "/tables/distributions/%s", quantiles[q].name);
        LTA_TRY(lta_verify_column(r, path, LTA_U64, d->name.n, (void **)&d->quantile[q]));
    }
done:
    return st;
}

static lta_status read_histogram(const lta_reader *r, const char *name, histogram *h)
{
    lta_status st = LTA_OK;
    char path[96];
    snprintf(path, sizeof path, "/tables/%.48s/edge", name);
    LTA_TRY(lta_verify_length(r, path, &h->n));
    LTA_TRY(lta_verify_column(r, path, LTA_U64, h->n, (void **)&h->edge));
    snprintf(path, sizeof path, "/tables/%.48s/next_edge", name);
    LTA_TRY(lta_verify_column(r, path, LTA_U64, h->n, (void **)&h->next_edge));
    snprintf(path, sizeof path, "/tables/%.48s/count", name);
    LTA_TRY(lta_verify_column(r, path, LTA_U64, h->n, (void **)&h->count));
done:
    return st;
}

static lta_status differs(const lta_reader *r, const char *name, const char *column, uint64_t found,
                          uint64_t expected)
{
    return lta_fail(LTA_ERR_FORMAT,
                    "%s:/tables/distributions/%s: gives %llu for %s, but the requests give %llu",
                    lta_reader_path(r), column, (ull)found, name, (ull)expected);
}

/* Bins from 0 on without a gap: 16 of width 1, then eight in each octave, of a width that is an eighth of the
 * power of two they follow. The last one ends with 2^64 - 1, its own edge included. */
static lta_status check_bins(const lta_reader *r, const char *name, const histogram *h, uint64_t values)
{
    uint64_t counted = 0;
    bool overflow = false;
    for (uint64_t b = 0; b < h->n; b++) {
        uint64_t edge = b == 0 ? 0 : h->next_edge[b - 1], width = 1;
        while (edge / 16 >= width)
            width *= 2;
        uint64_t next = edge + width;
        if (h->edge[b] != edge || h->next_edge[b] != (next == 0 ? UINT64_MAX : next))
            return lta_fail(LTA_ERR_FORMAT, "%s:/tables/%s: row %llu is not the bin [%llu, %llu)",
                            lta_reader_path(r), name, (ull)b, (ull)edge, (ull)next);
        overflow |= __builtin_add_overflow(counted, h->count[b], &counted);
    }
    if (overflow || counted != values)
        return lta_fail(LTA_ERR_FORMAT, "%s:/tables/%s/count: add up to %llu, but %llu have a value",
                        lta_reader_path(r), name, (ull)counted, (ull)values);
    return LTA_OK;
}

static uint64_t bin_of(const histogram *h, uint64_t value)
{
    uint64_t low = 0, high = h->n; /* the last bin whose edge is at most the value lies in [low, high) */
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (h->edge[middle] <= value)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* ceil(q n), at least 1 */
static uint64_t rank_of(uint64_t permille, uint64_t n)
{
    unsigned __int128 product = (unsigned __int128)permille * n;
    uint64_t rank = (uint64_t)((product + 999) / 1000);
    return rank > 0 ? rank : 1;
}

/* What can be told without the values: each quantile lies in the bin that holds its rank. */
static lta_status check_quantile_bins(const lta_reader *r, const distributions *d, uint64_t row,
                                      const histogram *h)
{
    for (int q = 0; q < QUANTILES; q++) {
        uint64_t value = d->quantile[q][row], upto = 0, bin = 0;
        if (d->values[row] == 0) {
            if (value != 0)
                return differs(r, lta_strings_get(&d->name, row), quantiles[q].name, value, 0);
            continue;
        }
        uint64_t rank = rank_of(quantiles[q].permille, d->values[row]);
        for (upto = h->count[0]; upto < rank; upto += h->count[bin])
            bin++;
        if (bin_of(h, value) != bin || value < h->edge[bin] ||
            (value >= h->next_edge[bin] && h->next_edge[bin] != UINT64_MAX))
            return lta_fail(LTA_ERR_FORMAT,
                            "%s:/tables/distributions/%s: is %llu for %s, expected a value in [%llu, %llu)",
                            lta_reader_path(r), quantiles[q].name, (ull)value, lta_strings_get(&d->name, row),
                            (ull)h->edge[bin], (ull)h->next_edge[bin]);
    }
    return LTA_OK;
}

static lta_status check_quantiles(const lta_reader *r, const distributions *d, uint64_t row, const sample *s)
{
    uint64_t below[QUANTILES] = {0}, upto[QUANTILES] = {0};
    for (uint64_t i = 0; i < s->n; i++)
        for (int q = 0; q < QUANTILES; q++) {
            below[q] += s->value[i] < d->quantile[q][row];
            upto[q] += s->value[i] <= d->quantile[q][row];
        }
    for (int q = 0; s->n > 0 && q < QUANTILES; q++) {
        uint64_t rank = rank_of(quantiles[q].permille, s->n);
        if (below[q] >= rank || upto[q] < rank)
            return lta_fail(
                LTA_ERR_FORMAT,
                "%s:/tables/distributions/%s: is %llu for %s, but of %llu values %llu are smaller "
                "and %llu at most that, expected the %llu-th",
                lta_reader_path(r), quantiles[q].name, (ull)d->quantile[q][row],
                lta_strings_get(&d->name, row), (ull)s->n, (ull)below[q], (ull)upto[q], (ull)rank);
    }
    return LTA_OK;
}

static lta_status check_counts(const lta_reader *r, const char *name, const histogram *h, const sample *s)
{
    lta_status st = LTA_OK;
    uint64_t *count = NULL;
    LTA_TRY(LTA_CALLOC(&count, h->n));
    for (uint64_t i = 0; i < s->n; i++)
        if (h->n > 0)
            count[bin_of(h, s->value[i])]++;
    for (uint64_t b = 0; b < h->n; b++)
        if (count[b] != h->count[b]) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:/tables/%s/count: row %llu is %llu, but the requests give %llu",
                          lta_reader_path(r), name, (ull)b, (ull)h->count[b], (ull)count[b]);
            goto done;
        }
done:
    lta_free(count);
    return st;
}

static uint64_t saturated(unsigned __int128 sum)
{
    return sum > UINT64_MAX ? UINT64_MAX : (uint64_t)sum;
}

static lta_status check_sums(const lta_reader *r, const distributions *d, uint64_t row, const sample *s)
{
    const char *name = lta_strings_get(&d->name, row);
    unsigned __int128 sum = 0;
    for (uint64_t i = 0; i < s->n; i++)
        sum += s->value[i];
    if (d->values[row] != s->n)
        return differs(r, name, "values", d->values[row], s->n);
    if (d->none[row] != s->none)
        return differs(r, name, "none", d->none[row], s->none);
    if (d->sum[row] != saturated(sum))
        return differs(r, name, "sum", d->sum[row], saturated(sum));
    return LTA_OK;
}

static lta_status check_mean(const lta_reader *r, const distributions *d, uint64_t row)
{
    double expected =
        d->values[row] == 0 || d->sum[row] == UINT64_MAX ? NAN : (double)d->sum[row] / (double)d->values[row];
    if (isnan(expected) ? isnan(d->mean[row]) : d->mean[row] == expected)
        return LTA_OK;
    return lta_fail(LTA_ERR_FORMAT, "%s:/tables/distributions/mean: is %.17g for %s, expected %.17g",
                    lta_reader_path(r), d->mean[row], lta_strings_get(&d->name, row), expected);
}

/* ---- the samples ---- */

/* A field of the requests; which of its values say "none" depends on its type. */
static lta_status sample_field(const lta_reader *r, const char *field, lta_type type, uint64_t n, sample *s)
{
    lta_status st = LTA_OK;
    void *data = NULL;
    LTA_TRY(LTA_ALLOC(&s->value, n));
    LTA_TRY(lta_verify_column(r, field, type, n, &data));
    for (uint64_t i = 0; i < n; i++) {
        if (type == LTA_U32 && ((uint32_t *)data)[i] != LTA_NO_U32)
            s->value[s->n++] = ((uint32_t *)data)[i];
        else if (type == LTA_I64 && ((int64_t *)data)[i] >= 0)
            s->value[s->n++] = (uint64_t)((int64_t *)data)[i];
        else if (type == LTA_U64 && ((uint64_t *)data)[i] > 0)
            s->value[s->n++] = ((uint64_t *)data)[i];
        else
            s->none++;
    }
done:
    lta_free(data);
    return st;
}

static lta_status sample_sessions(const lta_trace *t, sample *s)
{
    lta_status st = LTA_OK;
    LTA_TRY(LTA_CALLOC(&s->value, t->n_sessions));
    s->n = t->n_sessions;
    for (uint64_t i = 0; i < t->n; i++)
        if (t->session[i] == LTA_NO_U32)
            s->none++;
        else
            s->value[t->session[i]]++;
done:
    return st;
}

static lta_status check_distribution(const lta_reader *r, const lta_trace *t, const distributions *d,
                                     uint64_t row)
{
    static const struct {
        const char *name, *field;
        lta_type type;
    } fields[] = {
        {"reuse_distance_request", "/requests/reuse_distance", LTA_U64},
        {"reuse_time", "/requests/reuse_time_us", LTA_I64},
        {"input_length", "/requests/input_tokens", LTA_U32},
        {"output_length", "/requests/output_tokens", LTA_U32},
        {"think_time", "/requests/think_time_us", LTA_I64},
    };
    lta_status st = LTA_OK;
    const char *name = lta_strings_get(&d->name, row);
    histogram h = {0};
    sample s = {0};
    bool sampled = false;
    LTA_TRY(read_histogram(r, name, &h));
    LTA_TRY(check_bins(r, name, &h, d->values[row]));
    LTA_TRY(check_mean(r, d, row));
    LTA_TRY(check_quantile_bins(r, d, row, &h));
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strcmp(name, fields[i].name) == 0) {
            LTA_TRY(sample_field(r, fields[i].field, fields[i].type, t->n, &s));
            sampled = true;
        }
    if (strcmp(name, "session_turns") == 0 && t->session) {
        LTA_TRY(sample_sessions(t, &s));
        sampled = true;
    }
    if (sampled) { /* not the distances of single symbols: only trie and runs tell those */
        LTA_TRY(check_sums(r, d, row, &s));
        LTA_TRY(check_counts(r, name, &h, &s));
        LTA_TRY(check_quantiles(r, d, row, &s));
    }
done:
    lta_free(s.value);
    free_histogram(&h);
    return st;
}

lta_status lta_verify_histograms(const lta_run *run, const lta_reader *r, const lta_trace *t)
{
    lta_status st = LTA_OK;
    distributions d = {0};
    LTA_TRY(read_distributions(r, &d));
    for (uint64_t row = 0; row < d.name.n; row++) {
        LTA_TRY(lta_check_stop(run));
        LTA_TRY(check_distribution(r, t, &d, row));
    }
done:
    free_distributions(&d);
    return st;
}

/* ---- distances of single symbols, against the runs ---- */

typedef struct tally { /* of the histogram's bins, by the runs */
    uint64_t *count, values, none;
    unsigned __int128 sum;
} tally;

/* Symbols of a run lie at T + 1, T + 2, ...: a share of them in each bin that these cross. */
static void tally_run(const histogram *h, uint64_t distance, uint64_t length, tally *t)
{
    uint64_t from = distance + 1, end = distance + length + 1;
    t->values += length;
    t->sum += (unsigned __int128)length * distance + (unsigned __int128)length * (length + 1) / 2;
    for (uint64_t bin = bin_of(h, from); h->n > 0 && from < end; bin++) {
        uint64_t stop = bin + 1 < h->n && h->next_edge[bin] < end ? h->next_edge[bin] : end;
        t->count[bin] += stop - from;
        from = stop;
    }
}

lta_status lta_verify_symbol_distances(const lta_reader *r, const lta_runs *runs, const lta_trie *trie)
{
    static const char *const name = "reuse_distance";
    lta_status st = LTA_OK;
    distributions d = {0};
    histogram h = {0};
    tally t = {0};
    uint64_t row = 0;
    LTA_TRY(read_distributions(r, &d));
    while (row < d.name.n && strcmp(lta_strings_get(&d.name, row), name) != 0)
        row++;
    if (row == d.name.n) {
        st =
            lta_fail(LTA_ERR_FORMAT, "%s:/tables/distributions: expected a row %s", lta_reader_path(r), name);
        goto done;
    }
    LTA_TRY(read_histogram(r, name, &h));
    LTA_TRY(LTA_CALLOC(&t.count, h.n));
    for (uint64_t q = 0; q < runs->n; q++) {
        uint64_t input = lta_verify_depth(trie, trie->input_node[q]), reused = 0;
        for (uint64_t k = runs->offset[q]; k < runs->offset[q + 1] && runs->start[k] < input; k++) {
            uint64_t looked_up =
                input - runs->start[k] < runs->length[k] ? input - runs->start[k] : (uint64_t)runs->length[k];
            reused += looked_up;
            tally_run(&h, runs->distance[k], looked_up, &t);
        }
        t.none += input - reused;
    }
    if (d.values[row] != t.values)
        LTA_TRY(differs(r, name, "values", d.values[row], t.values));
    if (d.none[row] != t.none)
        LTA_TRY(differs(r, name, "none", d.none[row], t.none));
    if (d.sum[row] != saturated(t.sum))
        LTA_TRY(differs(r, name, "sum", d.sum[row], saturated(t.sum)));
    for (uint64_t b = 0; b < h.n; b++)
        if (h.count[b] != t.count[b]) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:/tables/%s/count: row %llu is %llu, but the runs give %llu",
                          lta_reader_path(r), name, (ull)b, (ull)h.count[b], (ull)t.count[b]);
            goto done;
        }
done:
    lta_free(t.count);
    free_histogram(&h);
    free_distributions(&d);
    return st;
}
