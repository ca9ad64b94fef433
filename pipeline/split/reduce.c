/* pipeline/split/reduce.c - one range of time: the runs of its requests, in the crown from what enters it, in
 * subtrees from all maps, their distances, and their part of every curve. What earlier requests hold comes in
 * buckets (held.h), which are requests of a smaller problem of the same kind, before those of the range. */
#include "kernels/compute.h"
#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/split/held.h"
#include "pipeline/split/part_runs.h"
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
    uint32_t *end;       /* [n] depth at which each touched path ends; 0: there is none */
    uint32_t *lookup[2]; /* [n] without and with reserve-last */
    lta_part crown;
    uint32_t *crown_end; /* [n] depth at which each path leaves the crown */
    uint64_t *visits;    /* [pieces + 1] rows of each map among all visits of the range to subtrees */
    uint64_t *from;      /* [pieces] row of each map's first one, there */
    uint32_t *visit;     /* [n] 1 + the request's visit among those; 0: it has none */
} range;

static void range_free(range *g)
{
    lta_piece_set_close(&g->maps);
    lta_reader_close(g->piece);
    lta_free(g->end);
    lta_free(g->lookup[0]);
    lta_free(g->lookup[1]);
    lta_part_free(&g->crown);
    lta_free(g->crown_end);
    lta_free(g->visits);
    lta_free(g->from);
    lta_free(g->visit);
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

static lta_status damaged_piece(const range *g, const char *what)
{
    return lta_fail(LTA_ERR_FORMAT, "%s:%s: damaged; run `lta split --force` and all maps again",
                    lta_reader_path(g->piece), what);
}

/* What the piece says about the range's requests. */
static lta_status read_range(range *g)
{
    lta_status st = LTA_OK;
    const struct {
        const char *path;
        uint32_t **out;
    } columns[] = {{"/range/end", &g->end},
                   {"/range/lookup", &g->lookup[0]},
                   {"/range/lookup_reserve_last", &g->lookup[1]}};
    for (int i = 0; i < 3; i++) {
        LTA_TRY(LTA_ALLOC(columns[i].out, g->n));
        LTA_TRY(lta_reader_rows(g->piece, columns[i].path, LTA_U32, 0, g->n, *columns[i].out));
    }
    LTA_TRY(lta_part_read(g->piece, "/crown", g->plan, &g->crown));
    LTA_TRY(LTA_CALLOC(&g->crown_end, g->n));
    const lta_touches *v = &g->crown.visits;
    for (uint64_t i = 0; i < v->n; i++) {
        uint64_t r = v->request[i] - g->first; /* of an earlier one: beyond n */
        if (r >= g->n || g->crown.depth[v->node[i]] > g->end[r])
            LTA_TRY(damaged_piece(g, "/crown/visit"));
        g->crown_end[r] = g->crown.depth[v->node[i]];
    }
    for (int s = 0; s < LTA_SCOPES; s++)
        for (uint64_t i = 0; i < g->crown.earlier[s].n; i++)
            if (g->crown.earlier[s].request[i] >= g->first)
                LTA_TRY(damaged_piece(g, "/crown/earlier"));
done:
    return st;
}

/* Visits of map j to its subtrees. */
static lta_status read_steps(range *g, uint64_t j, uint32_t *step)
{
    lta_status st = LTA_OK;
    uint64_t request = 0, n = g->visits[j + 1] - g->visits[j]; /* from 0 within the range */
    lta_reader *map;
    LTA_TRY(lta_piece_set_get(&g->maps, j, &map));
    LTA_TRY(lta_reader_rows(map, "/visit/step", LTA_U32, g->from[j], n, step));
    for (uint64_t i = 0; i < n; i++) {
        request += step[i];
        if (request >= g->n || g->visit[request] != 0 || g->end[request] == g->crown_end[request])
            LTA_TRY(lta_piece_damaged(map, "visit/step"));
        g->visit[request] = (uint32_t)(g->visits[j] + i + 1);
    }
done:
    return st;
}

static lta_status read_visits(range *g)
{
    lta_status st = LTA_OK;
    uint64_t pieces = g->plan->pieces, rows[2], most = 0;
    uint32_t *step = NULL;
    lta_reader *map;
    LTA_TRY(LTA_CALLOC(&g->visits, pieces + 1));
    LTA_TRY(LTA_CALLOC(&g->from, pieces));
    LTA_TRY(LTA_CALLOC(&g->visit, g->n));
    for (uint64_t j = 0; j < pieces; j++) {
        LTA_TRY(lta_piece_set_get(&g->maps, j, &map));
        LTA_TRY(lta_reader_rows(map, "/visit/range", LTA_U64, g->k, 2, rows));
        if (rows[0] > rows[1] || rows[1] - rows[0] > g->n - g->visits[j])
            LTA_TRY(lta_piece_damaged(map, "visit/range"));
        g->from[j] = rows[0];
        g->visits[j + 1] = g->visits[j] + rows[1] - rows[0];
        most = rows[1] - rows[0] > most ? rows[1] - rows[0] : most;
    }
    LTA_TRY(LTA_ALLOC(&step, most));
    for (uint64_t j = 0; j < pieces; j++)
        LTA_TRY(read_steps(g, j, step));
    for (uint64_t r = 0; r < g->n; r++)
        if (g->visit[r] == 0 && g->end[r] > g->crown_end[r]) {
            st = lta_fail(
                LTA_ERR_FORMAT,
                "%s: request %llu enters a subtree, but no map has it; run `lta map --force` of all pieces "
                "again",
                g->dir, (unsigned long long)(g->first + r));
            goto done;
        }
done:
    lta_free(step);
    return st;
}

/* ---- runs ---- */

/* Appends a run of a request that has some, or none so far; joins it with the one before where the toucher is
 * the same: that is one run, cut in two by the edge of a subtree. */
static bool append_run(lta_runs *runs, uint64_t first_of_request, uint32_t previous, uint32_t length)
{
    uint64_t k = runs->n_runs, start = 0;
    if (k > first_of_request) {
        start = (uint64_t)runs->start[k - 1] + runs->length[k - 1];
        if (runs->previous[k - 1] == previous) {
            runs->length[k - 1] += length;
            return start + length <= UINT32_MAX;
        }
        if (runs->previous[k - 1] < previous)
            return false;
    }
    runs->previous[k] = previous;
    runs->start[k] = (uint32_t)start;
    runs->length[k] = length;
    runs->n_runs++;
    return length > 0 && start + length <= UINT32_MAX;
}

typedef struct rows { /* runs of all visits, as the maps have them */
    uint64_t *offset; /* [visits + 1] */
    uint32_t *previous, *length;
} rows;

static void rows_free(rows *v)
{
    lta_free(v->offset);
    lta_free(v->previous);
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
    LTA_TRY(LTA_ALLOC(&v->length, total));
    const struct {
        const char *name;
        uint32_t *data;
    } columns[] = {{"previous", v->previous}, {"length", v->length}};
    for (uint64_t j = 0; j < pieces; j++) {
        uint64_t from = v->offset[g->visits[j]], end = v->offset[g->visits[j + 1]];
        LTA_TRY(lta_piece_set_get(&g->maps, j, &map));
        for (int c = 0; c < 2; c++) {
            snprintf(path, sizeof path, "/%s/%s", scope, columns[c].name);
            LTA_TRY(lta_reader_rows(map, path, LTA_U32, begin[j], end - from, columns[c].data + from));
        }
    }
done:
    lta_free(begin);
    return st;
}

static lta_status bad_request(const range *g, uint64_t r)
{
    return lta_fail(LTA_ERR_FORMAT,
                    "%s: the runs of request %llu do not follow one another down its path; run `lta split "
                    "--force` and all maps again",
                    g->dir, (unsigned long long)(g->first + r));
}

/* The runs of request r in the crown, where it is row i, and then in a subtree, where they begin below the
 * crown, and so are there only if the crown's reach its end. */
static bool join_request(const range *g, const lta_part_runs *crown, uint64_t i, const rows *v, uint64_t r,
                         lta_runs *out)
{
    uint64_t begin = out->offset[r] = out->n_runs;
    bool good = true;
    if (i < crown->n && crown->request[i] == g->first + r)
        for (uint64_t k = crown->runs.offset[i]; good && k < crown->runs.offset[i + 1]; k++)
            good = append_run(out, begin, crown->request[crown->runs.previous[k]], crown->runs.length[k]);
    out->offset[r + 1] = out->n_runs;
    if (g->visit[r] != 0) {
        uint64_t k = v->offset[g->visit[r] - 1], end = v->offset[g->visit[r]];
        good = good && (k == end || lta_runs_end(out, r) == g->crown_end[r]);
        for (; good && k < end; k++)
            good = v->previous[k] < g->first + r && append_run(out, begin, v->previous[k], v->length[k]);
    }
    out->offset[r + 1] = out->n_runs;
    return good && lta_runs_end(out, r) <= g->end[r];
}

/* The runs of every request of the range, shallow first. */
static lta_status join_runs(range *g, const lta_part_runs *crown, const char *scope, lta_runs *out)
{
    lta_status st = LTA_OK;
    rows v = {0};
    lta_runs runs = {.n = g->n};
    LTA_TRY(read_rows(g, scope, &v));
    uint64_t most = v.offset[g->visits[g->plan->pieces]] + crown->runs.n_runs, i = crown->n_earlier;
    LTA_TRY(LTA_ALLOC(&runs.offset, g->n + 1));
    LTA_TRY(LTA_ALLOC(&runs.previous, most));
    LTA_TRY(LTA_ALLOC(&runs.start, most));
    LTA_TRY(LTA_ALLOC(&runs.length, most));
    runs.offset[0] = 0;
    for (uint64_t r = 0; r < g->n; r++) {
        if (!join_request(g, crown, i, &v, r, &runs))
            LTA_TRY(bad_request(g, r));
        i += i < crown->n && crown->request[i] == g->first + r;
    }
    *out = runs;
    runs = (lta_runs){0};
done:
    rows_free(&v);
    lta_runs_free(&runs);
    return st;
}

/* Adds what earlier requests hold in the crown, all of them in scope global: there maps do not list it. */
static lta_status add_crown(const range *g, const lta_part_runs *crown, const lta_asked *a, uint64_t **held)
{
    lta_status st = LTA_OK;
    const lta_plan *plan = g->plan;
    int64_t *weight = NULL;
    LTA_TRY(LTA_CALLOC(&weight, crown->n_earlier * plan->n_weights));
    for (uint64_t i = 0; i < crown->n_earlier; i++)
        lta_part_runs_change(&g->crown, crown, i, plan->weights, plan->n_weights, weight);
    for (uint64_t i = 0; i < crown->n_earlier; i++)
        for (uint64_t b = 0; b < plan->n_weights; b++)
            held[b][lta_bucket_of(a, crown->request[i])] += (uint64_t)weight[i * plan->n_weights + b];
done:
    lta_free(weight);
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
    lta_part_runs crown = {0};
    lta_asked a = {0};
    uint64_t **held = NULL, *in_blocks = NULL;
    LTA_TRY(lta_part_runs_make(g->run, &g->crown, scope, &crown));
    LTA_TRY(join_runs(g, &crown, name, &runs));
    LTA_TRY(lta_ask(&runs, g->first, &a));
    LTA_TRY(LTA_CALLOC(&held, plan->n_weights));
    for (uint64_t b = 0; b < plan->n_weights; b++)
        LTA_TRY(LTA_CALLOC(&held[b], a.n + 1));
    LTA_TRY(lta_add_held(plan, &g->maps, g->k, name, &a, held));
    if (scope == LTA_SCOPE_GLOBAL)
        LTA_TRY(add_crown(g, &crown, &a, held));
    lta_part_runs_free(&crown);
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
    lta_part_runs_free(&crown);
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
    LTA_TRY(read_range(&g));
    LTA_TRY(read_visits(&g));
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
