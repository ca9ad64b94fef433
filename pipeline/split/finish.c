/* pipeline/split/finish.c - reuse.h5 and curve.h5 from the ranges, the bytes that one process writes. */
#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/split/piece_set.h"
#include "pipeline/split/split.h"

#include <stdlib.h>
#include <string.h>

/* ---- runs: one range behind the other ---- */

/* Adds the number of runs of range k. */
static lta_status add_size(lta_piece_set *ranges, uint64_t k, const char *scope, uint64_t *n_runs)
{
    lta_status st = LTA_OK;
    lta_reader *r;
    lta_type type;
    uint64_t n;
    char path[64];
    snprintf(path, sizeof path, "/%s/previous", scope);
    LTA_TRY(lta_piece_set_get(ranges, k, &r));
    LTA_TRY(lta_reader_describe(r, path, &type, &n, NULL, NULL));
    *n_runs += n;
done:
    return st;
}

/* Runs of rows first .. first + n - 1, whose counts are given, from run `at` on: where each begins. */
static bool place_runs(lta_runs *runs, uint64_t first, const uint32_t *count, uint64_t n, uint64_t at)
{
    for (uint64_t i = 0; i < n; i++) {
        uint64_t start = 0;
        runs->offset[first + i] = at;
        if (count[i] > runs->n_runs - at)
            return false;
        for (uint64_t end = at + count[i]; at < end; at++) {
            runs->start[at] = (uint32_t)start;
            start += runs->length[at];
        }
        if (start > UINT32_MAX)
            return false;
    }
    runs->offset[first + n] = at;
    return true;
}

static lta_status append_range(const lta_reader *r, const lta_plan *plan, uint64_t k, const char *scope,
                               lta_runs *runs, uint64_t *at)
{
    lta_status st = LTA_OK;
    char path[64];
    uint64_t first = plan->boundary[k], n = plan->boundary[k + 1] - first, found, rows = 0;
    uint32_t *count = NULL;
    lta_type type;
    LTA_TRY(LTA_ALLOC(&count, n));
    snprintf(path, sizeof path, "/%s/runs", scope);
    LTA_TRY(lta_reader_rows(r, path, LTA_U32, 0, n, count));
    for (uint64_t i = 0; i < n; i++)
        rows += count[i];
    const struct {
        const char *name;
        lta_type type;
        void *data;
    } columns[] = {{"previous", LTA_U32, runs->previous + *at},
                   {"length", LTA_U32, runs->length + *at},
                   {"distance", LTA_U64, runs->distance + *at}};
    for (int c = 0; c < 3; c++) {
        snprintf(path, sizeof path, "/%s/%s", scope, columns[c].name);
        LTA_TRY(lta_reader_describe(r, path, &type, &found, NULL, NULL));
        if (found != rows || rows > runs->n_runs - *at) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:%s: %llu rows, but its requests have %llu runs",
                          lta_reader_path(r), path, (unsigned long long)found, (unsigned long long)rows);
            goto done;
        }
        LTA_TRY(lta_reader_rows(r, path, columns[c].type, 0, rows, columns[c].data));
    }
    if (!place_runs(runs, first, count, n, *at)) {
        st = lta_fail(LTA_ERR_FORMAT,
                      "%s:/%s/length: damaged; expected runs of less than 2^32 symbols a request",
                      lta_reader_path(r), scope);
        goto done;
    }
    *at += rows;
done:
    lta_free(count);
    return st;
}

static lta_status join_ranges(lta_piece_set *ranges, const lta_plan *plan, lta_scope scope, lta_runs *runs)
{
    lta_status st = LTA_OK;
    const char *name = lta_scope_name(scope);
    uint64_t at = 0;
    lta_reader *r;
    runs->n = plan->n_requests;
    for (uint64_t k = 0; k < plan->pieces; k++)
        LTA_TRY(add_size(ranges, k, name, &runs->n_runs));
    LTA_TRY(LTA_ALLOC(&runs->previous, runs->n_runs));
    LTA_TRY(LTA_ALLOC(&runs->start, runs->n_runs));
    LTA_TRY(LTA_ALLOC(&runs->length, runs->n_runs));
    LTA_TRY(LTA_ALLOC(&runs->distance, runs->n_runs));
    LTA_TRY(LTA_ALLOC(&runs->offset, runs->n + 1));
    for (uint64_t k = 0; k < plan->pieces; k++) {
        LTA_TRY(lta_piece_set_get(ranges, k, &r));
        LTA_TRY(append_range(r, plan, k, name, runs, &at));
    }
    LTA_TRY(lta_runs_check(ranges->dir, scope, runs));
done:
    return st;
}

static lta_status finish_reuse(const lta_run *run, const char *store, lta_piece_set *ranges,
                               const lta_plan *plan)
{
    lta_status st = LTA_OK;
    lta_stage stage = {0};
    lta_runs runs[LTA_SCOPES] = {0};
    char digest[LTA_SHA256_HEX];
    bool current;
    LTA_TRY(lta_reuse_begin(run, store, plan->inputs_only, &stage, &current));
    if (current)
        goto done;
    for (int s = 0; s < LTA_SCOPES; s++)
        if (plan->runs_in[s])
            LTA_TRY(join_ranges(ranges, plan, (lta_scope)s, &runs[s]));
    LTA_TRY(lta_reuse_commit(&stage, runs, digest));
    lta_log_done(run->log, "reuse", stage.started, plan->n_requests,
                 "%llu runs of %llu requests in scope global",
                 (unsigned long long)runs[LTA_SCOPE_GLOBAL].n_runs, (unsigned long long)plan->n_requests);
done:
    for (int s = 0; s < LTA_SCOPES; s++)
        lta_runs_free(&runs[s]);
    lta_stage_end(&stage);
    return st;
}

/* ---- curves: sums ---- */

typedef struct bend { /* of a piecewise linear function */
    uint64_t capacity;
    int64_t change; /* of its slope */
} bend;

static int by_capacity(const void *a, const void *b)
{
    uint64_t x = ((const bend *)a)->capacity, y = ((const bend *)b)->capacity;
    return x < y ? -1 : x > y;
}

typedef struct bends {
    uint64_t n, capacity;
    bend *bend;
} bends;

/* Adds the bends of a range's part of a curve. */
static lta_status add_part(const lta_reader *r, const char *group, bends *all, uint64_t *lookups)
{
    lta_status st = LTA_OK;
    char path[96];
    uint64_t *capacity = NULL, *hits = NULL, n, n_hits, more;
    LTA_TRY(lta_reader_attribute_u64(r, group, "lookups", &more));
    snprintf(path, sizeof path, "%s/capacity", group);
    LTA_TRY(lta_reader_column(r, path, LTA_U64, (void **)&capacity, &n));
    snprintf(path, sizeof path, "%s/hits", group);
    LTA_TRY(lta_reader_column(r, path, LTA_U64, (void **)&hits, &n_hits));
    bool good = n > 0 && n_hits == n && capacity[0] == 0 && hits[0] == 0;
    for (uint64_t i = 1; good && i < n; i++)
        good = capacity[i] > capacity[i - 1] && hits[i] >= hits[i - 1] &&
               (hits[i] - hits[i - 1]) % (capacity[i] - capacity[i - 1]) == 0;
    if (!good) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s: no hit curve; expected vertices that rise from (0, 0)",
                      lta_reader_path(r), group);
        goto done;
    }
    LTA_TRY(LTA_GROW(&all->bend, &all->capacity, all->n + n));
    uint64_t before = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t after = i + 1 < n ? (hits[i + 1] - hits[i]) / (capacity[i + 1] - capacity[i]) : 0;
        all->bend[all->n++] = (bend){capacity[i], (int64_t)(after - before)};
        before = after;
    }
    *lookups += more;
done:
    lta_free(capacity);
    lta_free(hits);
    return st;
}

/* (0, 0), then every capacity at which the slope of the sum changes. */
static lta_status sum_up(bends *all, lta_curve *out)
{
    lta_status st = LTA_OK;
    LTA_TRY(LTA_ALLOC(&out->capacity, all->n + 1));
    LTA_TRY(LTA_ALLOC(&out->hits, all->n + 1));
    qsort(all->bend, all->n, sizeof *all->bend, by_capacity);
    int64_t slope = 0;
    out->capacity[0] = out->hits[0] = 0;
    out->n = 1;
    for (uint64_t i = 0; i < all->n;) {
        uint64_t capacity = all->bend[i].capacity, last = out->n - 1;
        int64_t change = 0;
        for (; i < all->n && all->bend[i].capacity == capacity; i++)
            change += all->bend[i].change;
        if (change != 0 && capacity > 0) {
            out->hits[out->n] = out->hits[last] + (uint64_t)slope * (capacity - out->capacity[last]);
            out->capacity[out->n++] = capacity;
        }
        slope += change;
    }
done:
    return st;
}

static lta_status sum_curve(lta_piece_set *ranges, const lta_plan *plan, lta_stored_curve *c)
{
    lta_status st = LTA_OK;
    lta_reader *r;
    bends all = {0};
    char group[64], path[80];
    lta_stored_curve where = *c;
    if (where.scope == LTA_SCOPE_SOURCE && plan->one_source)
        where.scope = LTA_SCOPE_GLOBAL;
    lta_curve_path(group, sizeof group, &where);
    snprintf(path, sizeof path, "/curves%s", group);
    for (uint64_t k = 0; k < plan->pieces; k++) {
        LTA_TRY(lta_piece_set_get(ranges, k, &r));
        LTA_TRY(add_part(r, path, &all, &c->lookups));
    }
    LTA_TRY(sum_up(&all, &c->curve));
done:
    lta_free(all.bend);
    return st;
}

static lta_status finish_curves(const lta_run *run, const char *store, lta_piece_set *ranges,
                                const lta_plan *plan)
{
    lta_status st = LTA_OK;
    lta_stage stage = {0};
    lta_curves curves = {0};
    lta_curve_options o = {.inputs_only = plan->inputs_only, .n_blocks = plan->n_blocks};
    lta_reader *trace = NULL;
    char *unit = NULL;
    uint64_t written, vertices;
    bool current;
    LTA_TRY(LTA_ALLOC(&o.blocks, plan->n_blocks));
    memcpy(o.blocks, plan->blocks, plan->n_blocks * sizeof *o.blocks);
    for (int s = 0; s < LTA_SCOPES; s++)
        if (plan->curves_in[s])
            o.scopes[o.n_scopes++] = (lta_scope)s;
    LTA_TRY(lta_curve_begin(run, store, &o, &stage, &current));
    if (current)
        goto done;
    LTA_TRY(lta_stage_open_file(store, "trace.h5", false, &trace));
    LTA_TRY(lta_reader_attribute_text(trace, "/", "unit", &unit));
    LTA_TRY(LTA_CALLOC(&curves.curve, 2 * o.n_scopes * o.n_blocks));
    curves.n = 2 * o.n_scopes * o.n_blocks;
    for (uint64_t i = 0; i < curves.n; i++) {
        lta_stored_curve *c = &curves.curve[i];
        *c = (lta_stored_curve){.scope = o.scopes[i / 2 / o.n_blocks],
                                .block = o.blocks[i / 2 % o.n_blocks],
                                .reserve_last = i % 2 == 1};
        bool linked = c->scope == LTA_SCOPE_SOURCE && plan->one_source && plan->curves_in[LTA_SCOPE_GLOBAL];
        if (!linked)
            LTA_TRY(sum_curve(ranges, plan, c));
    }
    LTA_TRY(lta_curve_commit(&stage, &curves, unit, &written, &vertices));
    lta_log_done(run->log, "curve", stage.started, plan->n_requests, "%llu curves with %llu vertices",
                 (unsigned long long)written, (unsigned long long)vertices);
done:
    lta_free(unit);
    lta_reader_close(trace);
    lta_curves_free(&curves);
    lta_curve_options_free(&o);
    lta_stage_end(&stage);
    return st;
}

lta_status lta_finish_stage(const lta_run *run, const char *store)
{
    lta_status st = LTA_OK;
    lta_plan plan = {0};
    char *dir = NULL;
    lta_reader *r;
    json_t *digests = json_object();
    lta_piece_set ranges = {.kind = "reduce", .digests = digests};
    LTA_TRY(lta_join_path(store, "pieces", &dir));
    LTA_TRY(lta_plan_load(dir, digests, &plan));
    ranges.dir = dir;
    for (uint64_t k = 0; k < plan.pieces; k++) /* that all are there is seen before anything is made */
        LTA_TRY(lta_piece_set_get(&ranges, k, &r));
    LTA_TRY(finish_reuse(run, store, &ranges, &plan));
    LTA_TRY(lta_check_stop(run));
    LTA_TRY(finish_curves(run, store, &ranges, &plan));
done:
    lta_piece_set_close(&ranges);
    json_decref(digests);
    lta_plan_free(&plan);
    lta_free(dir);
    return st;
}
