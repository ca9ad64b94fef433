/* pipeline/split/reduce.c - one range of time: the runs of its requests from all pieces, their distances, and
 * their part of every curve. What earlier requests hold comes in buckets (held.h), which are requests of a
 * smaller problem of the same kind, before those of the range. */
#include "kernels/compute.h"
#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/split/held.h"
#include "pipeline/split/piece.h"
#include "pipeline/split/split.h"

#include <string.h>

#ifndef LTA_BUCKET_MOST
#define LTA_BUCKET_MOST UINT32_MAX /* the largest weight of a request; tests make it small */
#endif

typedef struct range {
    const lta_run *run;
    const lta_plan *plan;
    const char *dir;
    json_t *digests;
    uint64_t k, first, n; /* the range and its requests */
    lta_reader *piece;
    lta_piece_set maps;
    uint64_t *visits;          /* [pieces + 1] rows of each map among all visits of the range */
    uint64_t *from;            /* [pieces] row of each map's first one, there */
    uint32_t *request, *start; /* [visits] request: from 0 within the range */
    uint32_t *end;             /* [n] where each touched path ends */
    uint32_t *lookup[2];       /* [n] without and with reserve-last */
} range;

static void range_free(range *g)
{
    lta_piece_set_close(&g->maps);
    lta_reader_close(g->piece);
    lta_free(g->visits);
    lta_free(g->from);
    lta_free(g->request);
    lta_free(g->start);
    lta_free(g->end);
    lta_free(g->lookup[0]);
    lta_free(g->lookup[1]);
    json_decref(g->digests);
    *g = (range){0};
}

/* All maps, and the piece of the range. */
static lta_status open_inputs(range *g, json_t *inputs)
{
    lta_status st = LTA_OK;
    lta_reader *map;
    char name[32];
    lta_piece_name(name, "piece", g->k);
    LTA_TRY(lta_piece_open(g->dir, name, g->digests, &g->piece));
    LTA_TRY(lta_piece_input(inputs, g->digests, "plan.h5"));
    LTA_TRY(lta_piece_input(inputs, g->digests, name));
    g->maps = (lta_piece_set){.dir = g->dir, .kind = "map", .digests = g->digests};
    for (uint64_t j = 0; j < g->plan->pieces; j++) {
        lta_piece_name(name, "map", j);
        LTA_TRY(lta_piece_set_get(&g->maps, j, &map));
        LTA_TRY(lta_piece_input(inputs, g->digests, name));
    }
done:
    return st;
}

static lta_status read_visits(range *g)
{
    lta_status st = LTA_OK;
    uint64_t pieces = g->plan->pieces;
    uint32_t *end = NULL;
    lta_reader *map;
    LTA_TRY(LTA_CALLOC(&g->visits, pieces + 1));
    LTA_TRY(LTA_CALLOC(&g->from, pieces));
    for (uint64_t j = 0; j < pieces; j++) {
        uint64_t rows[2];
        LTA_TRY(lta_piece_set_get(&g->maps, j, &map));
        LTA_TRY(lta_reader_rows(map, "/visit/range", LTA_U64, g->k, 2, rows));
        if (rows[0] > rows[1] || rows[1] - rows[0] > 2 * g->n) /* the crown, and a subtree */
            LTA_TRY(lta_piece_damaged(map, "visit/range"));
        g->from[j] = rows[0];
        g->visits[j + 1] = g->visits[j] + rows[1] - rows[0];
    }
    LTA_TRY(LTA_ALLOC(&g->request, g->visits[pieces]));
    LTA_TRY(LTA_ALLOC(&g->start, g->visits[pieces]));
    LTA_TRY(LTA_ALLOC(&end, g->visits[pieces]));
    LTA_TRY(LTA_CALLOC(&g->end, g->n));
    for (uint64_t j = 0; j < pieces; j++) {
        uint64_t at = g->visits[j], n = g->visits[j + 1] - at;
        uint64_t request = 0; /* within the range */
        LTA_TRY(lta_piece_set_get(&g->maps, j, &map));
        LTA_TRY(lta_reader_rows(map, "/visit/step", LTA_U32, g->from[j], n, g->request + at));
        LTA_TRY(lta_reader_rows(map, "/visit/start", LTA_U32, g->from[j], n, g->start + at));
        LTA_TRY(lta_reader_rows(map, "/visit/end", LTA_U32, g->from[j], n, end + at));
        for (uint64_t i = at; i < at + n; i++) {
            request += g->request[i];
            if (request >= g->n || g->start[i] >= end[i])
                LTA_TRY(lta_piece_damaged(map, "visit/step"));
            g->request[i] = (uint32_t)request;
            g->end[request] = end[i] > g->end[request] ? end[i] : g->end[request];
        }
    }
done:
    lta_free(end);
    return st;
}

static lta_status read_lookups(range *g)
{
    lta_status st = LTA_OK;
    for (int i = 0; i < 2; i++) {
        LTA_TRY(LTA_ALLOC(&g->lookup[i], g->n));
        LTA_TRY(lta_reader_rows(g->piece, i ? "/range/lookup_reserve_last" : "/range/lookup", LTA_U32, 0,
                                g->n, g->lookup[i]));
    }
done:
    return st;
}

/* ---- runs ---- */

/* Appends a run of a request that has some, or none so far; joins it with the one before where the toucher is
 * the same: that is one run, cut in two by the edge of a subtree. */
static bool append_run(lta_runs *runs, uint64_t first_of_request, uint32_t previous, uint32_t start,
                       uint32_t length)
{
    uint64_t k = runs->n_runs;
    bool begins = k == first_of_request;
    uint64_t end_before = begins ? 0 : (uint64_t)runs->start[k - 1] + runs->length[k - 1];
    if (start != end_before || length == 0 || end_before + length > UINT32_MAX)
        return false;
    if (!begins && runs->previous[k - 1] == previous) {
        runs->length[k - 1] += length;
        return true;
    }
    if (!begins && runs->previous[k - 1] < previous)
        return false;
    runs->previous[k] = previous;
    runs->start[k] = start;
    runs->length[k] = length;
    runs->n_runs++;
    return true;
}

typedef struct rows { /* runs of all visits, as the maps have them */
    uint64_t *offset; /* [visits + 1], of visits in the order of the range's */
    uint32_t *previous, *start, *length;
} rows;

static void rows_free(rows *v)
{
    lta_free(v->offset);
    lta_free(v->previous);
    lta_free(v->start);
    lta_free(v->length);
    *v = (rows){0};
}

/* How many runs map j has of the range's visits, from row *begin on, and the offset of each. */
static lta_status read_counts(range *g, const char *scope, uint64_t j, uint64_t *begin, uint64_t *offset)
{
    lta_status st = LTA_OK;
    uint64_t n = g->visits[j + 1] - g->visits[j], ends[2], n_rows, total = 0;
    uint32_t *count = NULL;
    lta_reader *map;
    lta_type type;
    char path[64];
    LTA_TRY(lta_piece_set_get(&g->maps, j, &map));
    LTA_TRY(LTA_ALLOC(&count, n));
    snprintf(path, sizeof path, "/%s/range", scope);
    LTA_TRY(lta_reader_rows(map, path, LTA_U64, g->k, 2, ends));
    snprintf(path, sizeof path, "/%s/runs", scope);
    LTA_TRY(lta_reader_rows(map, path, LTA_U32, g->from[j], n, count));
    snprintf(path, sizeof path, "/%s/previous", scope);
    LTA_TRY(lta_reader_describe(map, path, &type, &n_rows, NULL, NULL));
    for (uint64_t i = 0; i < n; i++) {
        total += count[i];
        offset[i + 1] = offset[0] + total;
    }
    if (ends[1] < ends[0] || ends[1] > n_rows || ends[1] - ends[0] != total)
        LTA_TRY(lta_piece_damaged(map, scope));
    *begin = ends[0];
done:
    lta_free(count);
    return st;
}

static lta_status read_rows(range *g, const char *scope, rows *v)
{
    lta_status st = LTA_OK;
    uint64_t pieces = g->plan->pieces, *begin = NULL, total;
    lta_reader *map;
    char path[64];
    LTA_TRY(LTA_ALLOC(&v->offset, g->visits[pieces] + 1));
    LTA_TRY(LTA_ALLOC(&begin, pieces));
    v->offset[0] = 0;
    for (uint64_t j = 0; j < pieces; j++)
        LTA_TRY(read_counts(g, scope, j, &begin[j], v->offset + g->visits[j]));
    total = v->offset[g->visits[pieces]];
    LTA_TRY(LTA_ALLOC(&v->previous, total));
    LTA_TRY(LTA_ALLOC(&v->start, total));
    LTA_TRY(LTA_ALLOC(&v->length, total));
    const struct {
        const char *name;
        uint32_t *data;
    } columns[] = {{"previous", v->previous}, {"start", v->start}, {"length", v->length}};
    for (uint64_t j = 0; j < pieces; j++) {
        uint64_t from = v->offset[g->visits[j]], end = v->offset[g->visits[j + 1]];
        LTA_TRY(lta_piece_set_get(&g->maps, j, &map));
        for (int c = 0; c < 3; c++) {
            snprintf(path, sizeof path, "/%s/%s", scope, columns[c].name);
            LTA_TRY(lta_reader_rows(map, path, LTA_U32, begin[j], end - from, columns[c].data + from));
        }
    }
done:
    lta_free(begin);
    return st;
}

/* What is wrong with a request lies in a map that has visit i of the range. */
static lta_status bad_visit(const range *g, uint64_t i, const char *what)
{
    uint64_t j = 0;
    while (g->visits[j + 1] <= i)
        j++;
    return lta_fail(LTA_ERR_FORMAT,
                    "%s/map-%llu.h5: request %llu %s; run `lta split --force` and all maps again", g->dir,
                    (unsigned long long)j, (unsigned long long)(g->first + g->request[i]), what);
}

/* The runs of every request of the range, shallow first: those of the crown, which begin at the root, then
 * those of a subtree. */
static lta_status join_runs(range *g, const char *scope, lta_runs *out)
{
    lta_status st = LTA_OK;
    rows v = {0};
    uint64_t n = g->n, n_visits = g->visits[g->plan->pieces], *visit[2] = {NULL, NULL};
    lta_runs runs = {.n = n};
    LTA_TRY(read_rows(g, scope, &v));
    for (int deep = 0; deep < 2; deep++)
        LTA_TRY(LTA_CALLOC(&visit[deep], n)); /* 1 + the visit */
    for (uint64_t i = 0; i < n_visits; i++) {
        uint64_t *of = &visit[g->start[i] > 0][g->request[i]];
        if (*of != 0)
            LTA_TRY(bad_visit(g, i, "is in two pieces at once"));
        *of = i + 1;
    }
    LTA_TRY(LTA_ALLOC(&runs.offset, n + 1));
    LTA_TRY(LTA_ALLOC(&runs.previous, v.offset[n_visits]));
    LTA_TRY(LTA_ALLOC(&runs.start, v.offset[n_visits]));
    LTA_TRY(LTA_ALLOC(&runs.length, v.offset[n_visits]));
    for (uint64_t r = 0; r < n; r++) {
        uint64_t begin = runs.offset[r] = runs.n_runs;
        bool good = true;
        uint64_t i = 0;
        for (int deep = 0; deep < 2; deep++) {
            if (visit[deep][r] == 0)
                continue;
            i = visit[deep][r] - 1;
            for (uint64_t k = v.offset[i]; good && k < v.offset[i + 1]; k++)
                good = v.previous[k] < g->first + r &&
                       append_run(&runs, begin, v.previous[k], v.start[k], v.length[k]);
        }
        runs.offset[r + 1] = runs.n_runs;
        if (!good || lta_runs_end(&runs, r) > g->end[r])
            LTA_TRY(bad_visit(g, i, "has runs that do not follow one another down its path"));
    }
    runs.offset[n] = runs.n_runs;
    *out = runs;
    runs = (lta_runs){0};
done:
    lta_free(visit[0]);
    lta_free(visit[1]);
    rows_free(&v);
    lta_runs_free(&runs);
    return st;
}

/* ---- distances ---- */

/* The smaller problem: buckets, then the requests of the range. */
static lta_status distances(const range *g, const lta_runs *runs, const lta_asked *a, const uint64_t *held,
                            uint64_t block, uint64_t *distance)
{
    lta_status st = LTA_OK;
    uint64_t *end_of = NULL, *offset = NULL, before = 0, total = 0;
    uint64_t most = g->first * UINT32_MAX; /* positions that so many requests can have touched */
    uint32_t *previous = NULL, *weight = NULL, *first = NULL;
    /* a bucket may hold more than a request's weight can say: then it is several requests */
    LTA_TRY(LTA_ALLOC(&end_of, a->n + 1));
    for (uint64_t i = 0; i <= a->n; i++) {
        if (held[i] > most - total) {
            st = lta_fail(LTA_ERR_FORMAT,
                          "%s: more positions changed hands before range %llu than there are; run `lta map "
                          "--force` of all pieces again",
                          g->dir, (unsigned long long)g->k);
            goto done;
        }
        total += held[i];
        before += held[i] / LTA_BUCKET_MOST + 1;
        end_of[i] = before - 1;
    }
    if (before + g->n >= UINT32_MAX) {
        st = lta_fail(LTA_ERR_RUN, "range %llu: too many requests; expected less than 2^32 with those before",
                      (unsigned long long)g->k);
        goto done;
    }
    uint64_t n = before + g->n;
    LTA_TRY(LTA_ALLOC(&offset, n + 1));
    LTA_TRY(LTA_ALLOC(&first, n));
    LTA_TRY(LTA_ALLOC(&previous, runs->n_runs));
    LTA_TRY(LTA_ALLOC(&weight, runs->n_runs));
    memset(offset, 0, before * sizeof *offset);
    for (uint64_t i = 0, at = 0; i <= a->n; i++)
        for (uint64_t left = held[i]; at <= end_of[i]; at++) {
            first[at] = (uint32_t)(left < LTA_BUCKET_MOST ? left : LTA_BUCKET_MOST);
            left -= first[at];
        }
    for (uint64_t r = 0; r < g->n; r++) {
        offset[before + r] = runs->offset[r];
        first[before + r] = lta_blocks_between(lta_runs_end(runs, r), g->end[r], block);
    }
    offset[n] = runs->n_runs;
    for (uint64_t k = 0; k < runs->n_runs; k++) {
        uint32_t p = runs->previous[k];
        previous[k] = (uint32_t)(p < g->first ? end_of[lta_bucket_of(a, p)] : before + p - g->first);
        weight[k] = lta_blocks_between(runs->start[k], runs->start[k] + runs->length[k], block);
    }
    LTA_TRY(lta_compute_distances(g->run, n, offset, previous, weight, first, distance));
done:
    lta_free(end_of);
    lta_free(offset);
    lta_free(previous);
    lta_free(weight);
    lta_free(first);
    return st;
}

/* ---- curves ---- */

static lta_status write_curve(const range *g, lta_writer *w, lta_scope scope, uint64_t block, bool reserve,
                              const lta_runs *runs, const uint64_t *distance)
{
    lta_status st = LTA_OK;
    lta_stored_curve c = {.scope = scope, .block = block, .reserve_last = reserve};
    uint32_t *looked_up = NULL;
    char group[64], path[96];
    LTA_TRY(LTA_ALLOC(&looked_up, runs->n_runs));
    for (uint64_t r = 0; r < g->n; r++) {
        uint32_t limit = g->lookup[reserve][r];
        c.lookups += limit / block;
        for (uint64_t k = runs->offset[r]; k < runs->offset[r + 1]; k++) {
            uint32_t start = runs->start[k], end = start + runs->length[k];
            end = end < limit ? end : limit;
            looked_up[k] = start < end ? lta_blocks_between(start, end, block) : 0;
        }
    }
    LTA_TRY(lta_compute_curve(g->run, runs->n_runs, distance, looked_up, &c.curve));
    lta_curve_path(group, sizeof group, &c);
    snprintf(path, sizeof path, "/curves%s/capacity", group);
    LTA_TRY(lta_writer_column(w, path, LTA_U64, c.curve.capacity, c.curve.n, block > 1 ? "blocks" : "symbols",
                              "capacity at each vertex of the range's part of the curve"));
    snprintf(path, sizeof path, "/curves%s/hits", group);
    LTA_TRY(lta_writer_column(w, path, LTA_U64, c.curve.hits, c.curve.n, block > 1 ? "blocks" : "symbols",
                              "hits of the range's requests at that capacity"));
    snprintf(path, sizeof path, "/curves%s", group);
    LTA_TRY(lta_writer_attribute_u64(w, path, "lookups", c.lookups));
done:
    lta_curve_free(&c.curve);
    lta_free(looked_up);
    return st;
}

static lta_status reduce_scope(range *g, lta_scope scope, lta_writer *w, uint64_t *n_runs)
{
    lta_status st = LTA_OK;
    const lta_plan *plan = g->plan;
    const char *name = lta_scope_name(scope);
    lta_runs runs = {0};
    lta_asked a = {0};
    uint64_t **held = NULL, *in_blocks = NULL;
    LTA_TRY(join_runs(g, name, &runs));
    LTA_TRY(lta_ask(&runs, g->first, &a));
    LTA_TRY(LTA_CALLOC(&held, plan->n_weights));
    for (uint64_t b = 0; b < plan->n_weights; b++)
        LTA_TRY(LTA_CALLOC(&held[b], a.n + 1));
    LTA_TRY(lta_add_held(plan, &g->maps, g->k, name, &a, held));
    LTA_TRY(LTA_ALLOC(&runs.distance, runs.n_runs));
    LTA_TRY(LTA_ALLOC(&in_blocks, runs.n_runs));
    LTA_TRY(distances(g, &runs, &a, held[0], 1, runs.distance));
    LTA_TRY(lta_piece_write_runs(w, scope, &runs));
    *n_runs += runs.n_runs;
    /* with one source its curves are global's */
    bool curves = plan->curves_in[scope] ||
                  (scope == LTA_SCOPE_GLOBAL && plan->one_source && plan->curves_in[LTA_SCOPE_SOURCE]);
    for (uint64_t i = 0; curves && i < plan->n_blocks; i++) {
        uint64_t block = plan->blocks[i], b = 0;
        while (plan->weights[b] != block)
            b++;
        if (block != 1)
            LTA_TRY(distances(g, &runs, &a, held[b], block, in_blocks));
        for (int reserve = 0; reserve < 2; reserve++)
            LTA_TRY(write_curve(g, w, scope, block, reserve, &runs, block == 1 ? runs.distance : in_blocks));
    }
done:
    for (uint64_t b = 0; held && b < plan->n_weights; b++)
        lta_free(held[b]);
    lta_free(held);
    lta_free(in_blocks);
    lta_asked_free(&a);
    lta_runs_free(&runs);
    return st;
}

lta_status lta_reduce_stage(const lta_run *run, const char *store, uint64_t k)
{
    lta_status st = LTA_OK;
    lta_plan plan = {0};
    range g = {0};
    lta_piece_file f = {0};
    lta_writer *w = NULL;
    json_t *inputs = json_object(), *digests = json_object();
    char *dir = NULL, name[32];
    uint64_t n_runs = 0;
    bool current;
    LTA_TRY(lta_join_path(store, "pieces", &dir));
    LTA_TRY(lta_plan_load(dir, digests, &plan));
    if (k >= plan.pieces) {
        st = lta_fail(LTA_ERR_USAGE, "--range %llu: the plan has %llu ranges; expected 0 to %llu",
                      (unsigned long long)k, (unsigned long long)plan.pieces,
                      (unsigned long long)plan.pieces - 1);
        goto done;
    }
    g = (range){.run = run,
                .plan = &plan,
                .dir = dir,
                .digests = json_incref(digests),
                .k = k,
                .first = plan.boundary[k],
                .n = plan.boundary[k + 1] - plan.boundary[k]};
    LTA_TRY(open_inputs(&g, inputs));
    lta_piece_name(name, "reduce", k);
    LTA_TRY(lta_piece_begin(&f, run, dir, name, json_pack("{s:I}", "range", (json_int_t)k),
                            json_incref(inputs), &current));
    if (current)
        goto done;
    LTA_TRY(read_visits(&g));
    LTA_TRY(read_lookups(&g));
    LTA_TRY(lta_piece_create(&f, &w));
    for (int s = 0; s < LTA_SCOPES; s++)
        if (plan.runs_in[s]) {
            LTA_TRY(lta_check_stop(run));
            LTA_TRY(reduce_scope(&g, (lta_scope)s, w, &n_runs));
        }
    LTA_TRY(lta_piece_commit(&f, w));
    lta_log_done(run->log, "reduce", f.started, g.n, "range %llu: %llu requests, %llu runs (%s)",
                 (unsigned long long)k, (unsigned long long)g.n, (unsigned long long)n_runs,
                 lta_compute_device(run));
done:
    json_decref(inputs);
    json_decref(digests);
    lta_writer_close(w);
    range_free(&g);
    lta_plan_free(&plan);
    lta_piece_end(&f);
    lta_free(dir);
    return st;
}
