/* pipeline/verify/verify_hit_table.c - the table of hits in an enriched file against its requests: what is
 * known of hits where neither curves nor sequences are, as in a release. */
#include "pipeline/core/array.h"
#include "pipeline/verify/verify_internal.h"

#include <string.h>

void lta_hit_table_free(lta_hit_table *t)
{
    lta_strings_free(&t->scope);
    lta_free(t->block);
    lta_free(t->reserve_last);
    lta_free(t->capacity);
    lta_free(t->hits);
    lta_free(t->lookups);
}

lta_status lta_hit_table_read(const lta_reader *r, lta_hit_table *t)
{
    lta_status st = LTA_OK;
    LTA_TRY(lta_reader_strings(r, "/tables/hit_curve/scope", &t->scope));
    t->n = t->scope.n;
    LTA_TRY(lta_verify_column(r, "/tables/hit_curve/block", LTA_U64, t->n, (void **)&t->block));
    LTA_TRY(lta_verify_column(r, "/tables/hit_curve/reserve_last", LTA_U64, t->n, (void **)&t->reserve_last));
    LTA_TRY(lta_verify_column(r, "/tables/hit_curve/capacity", LTA_U64, t->n, (void **)&t->capacity));
    LTA_TRY(lta_verify_column(r, "/tables/hit_curve/hits", LTA_U64, t->n, (void **)&t->hits));
    LTA_TRY(lta_verify_column(r, "/tables/hit_curve/lookups", LTA_U64, t->n, (void **)&t->lookups));
done:
    return st;
}

static bool same_curve(const lta_hit_table *t, uint64_t i, uint64_t j)
{
    return t->block[i] == t->block[j] && t->reserve_last[i] == t->reserve_last[j] &&
           strcmp(lta_strings_get(&t->scope, i), lta_strings_get(&t->scope, j)) == 0;
}

static lta_status bad_hits(const lta_reader *r, const lta_hit_table *t, uint64_t row, const char *field,
                           uint64_t sum)
{
    return lta_fail(LTA_ERR_FORMAT,
                    "%s:/tables/hit_curve/hits: row %llu is %llu, but /requests/%s add up to %llu",
                    lta_reader_path(r), (ull)row, (ull)t->hits[row], field, (ull)sum);
}

/* Sum of a u32 column of the requests; *there: it has one. */
static lta_status sum_requests(const lta_reader *r, const char *field, uint64_t n, bool *there, uint64_t *sum)
{
    lta_status st = LTA_OK;
    char path[96];
    uint32_t *data = NULL;
    snprintf(path, sizeof path, "/requests/%s", field);
    *there = lta_reader_has(r, path);
    *sum = 0;
    if (!*there)
        return LTA_OK;
    LTA_TRY(lta_verify_column(r, path, LTA_U32, n, (void **)&data));
    for (uint64_t i = 0; i < n; i++)
        *sum += data[i];
done:
    lta_free(data);
    return st;
}

static lta_status check_rows(const lta_reader *r, const lta_hit_table *t)
{
    for (uint64_t i = 0; i < t->n; i++) {
        bool first = i == 0 || !same_curve(t, i - 1, i);
        const char *why = NULL;
        if (t->hits[i] > t->lookups[i])
            why = "more hits than lookups";
        else if (!first && (t->capacity[i] <= t->capacity[i - 1] || t->hits[i] < t->hits[i - 1]))
            why = "expected capacities that rise and hits that never fall";
        else if (!first && t->lookups[i] != t->lookups[i - 1])
            why = "expected the same lookups at every capacity of a curve";
        if (why)
            return lta_fail(LTA_ERR_FORMAT, "%s:/tables/hit_curve: row %llu: %s", lta_reader_path(r), (ull)i,
                            why);
    }
    return LTA_OK;
}

/* Curves of single symbols: at a configured capacity the hits of all requests, at the end what they could
 * reuse. */
static lta_status check_sums(const lta_reader *r, const lta_hit_table *t, uint64_t n_requests)
{
    lta_status st = LTA_OK;
    for (uint64_t i = 0; i < t->n; i++) {
        const char *scope = lta_strings_get(&t->scope, i);
        bool global = strcmp(scope, "global") == 0, there;
        char field[64];
        uint64_t sum;
        if (t->block[i] != 1 || t->reserve_last[i] != 0)
            continue;
        if (global) {
            snprintf(field, sizeof field, "hit_%llu", (ull)t->capacity[i]);
            LTA_TRY(sum_requests(r, field, n_requests, &there, &sum));
            if (there && sum != t->hits[i])
                LTA_TRY(bad_hits(r, t, i, field, sum));
        }
        if (i + 1 < t->n && same_curve(t, i, i + 1))
            continue;
        snprintf(field, sizeof field, "reusable%s%.20s", global ? "" : "_", global ? "" : scope);
        LTA_TRY(sum_requests(r, field, n_requests, &there, &sum));
        if (there && sum != t->hits[i])
            LTA_TRY(bad_hits(r, t, i, field, sum));
    }
done:
    return st;
}

lta_status lta_verify_hit_table(const lta_reader *r, uint64_t n_requests)
{
    lta_status st = LTA_OK;
    lta_hit_table t = {0};
    if (!lta_reader_has(r, "/tables/hit_curve/scope"))
        return LTA_OK;
    LTA_TRY(lta_hit_table_read(r, &t));
    LTA_TRY(check_rows(r, &t));
    LTA_TRY(check_sums(r, &t, n_requests));
done:
    lta_hit_table_free(&t);
    return st;
}
