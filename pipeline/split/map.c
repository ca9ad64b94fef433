/* pipeline/split/map.c - the runs of one piece: of its subtrees in all of time, and of the crown in its
 * range.
 *
 * A subtree's paths begin at the root for kernels/run_build.h. Whatever is above the subtree is touched by
 * the same requests as its first position, as far as the piece knows, so the first run of each request
 * reaches into it, and is cut off there. */
#include "pipeline/core/array.h"
#include "kernels/compute.h"
#include "pipeline/core/file.h"
#include "pipeline/split/split.h"
#include "pipeline/split/changes.h"
#include "pipeline/split/piece.h"

#include <stdlib.h>
#include <string.h>

/* A part in one scope: the requests before its range, then those that visit it. */
typedef struct problem {
    uint64_t n_earlier, n;
    int64_t *touched;  /* [n_earlier + n] */
    uint32_t *group;   /* the same, or NULL */
    uint32_t *request; /* the same: of the whole trace */
    lta_runs runs;     /* previous: of the problem */
} problem;

static void problem_free(problem *p)
{
    lta_free(p->touched);
    lta_free(p->group);
    lta_free(p->request);
    lta_runs_free(&p->runs);
    *p = (problem){0};
}

static void append(problem *p, const lta_touches *t, int scope, uint64_t at)
{
    for (uint64_t i = 0; i < t->n; i++) {
        p->touched[at + i] = t->node[i];
        p->request[at + i] = t->request[i];
        if (p->group)
            p->group[at + i] = t->group[scope][i];
    }
}

static lta_status solve(const lta_run *run, const lta_part *part, int scope, problem *p)
{
    lta_status st = LTA_OK;
    const lta_touches *earlier = &part->earlier[scope];
    uint64_t all = earlier->n + part->visits.n;
    uint32_t *owner = NULL;
    p->n_earlier = earlier->n;
    p->n = part->visits.n;
    LTA_TRY(LTA_ALLOC(&p->touched, all));
    LTA_TRY(LTA_ALLOC(&p->request, all));
    if (scope != LTA_SCOPE_GLOBAL)
        LTA_TRY(LTA_ALLOC(&p->group, all));
    append(p, earlier, scope, 0);
    append(p, &part->visits, scope, earlier->n);
    LTA_TRY(LTA_CALLOC(&owner, part->n_nodes)); /* of no account to runs */
    lta_trie trie = {.n_nodes = part->n_nodes,
                     .parent = part->parent,
                     .depth = part->depth,
                     .owner = owner,
                     .n_requests = all,
                     .input_node = p->touched,
                     .full_node = p->touched};
    LTA_TRY(lta_compute_runs(run, &trie, p->touched, p->group, &p->runs));
    lta_device_copy_free(trie.device);
    for (uint64_t i = 0; i < all; i++) {
        uint64_t k = p->runs.offset[i];
        uint32_t start = part->start[p->touched[i]];
        if (k < p->runs.offset[i + 1]) {
            p->runs.length[k] -= start;
            p->runs.start[k] = start;
        }
    }
done:
    lta_free(owner);
    return st;
}

/* What the requests of a part change, added up over a range. */
typedef struct change_sum {
    int64_t *weight;   /* [requests of the problem * n_weights] */
    uint64_t *changed; /* a bit for each request whose weights are not those of the range's begin */
} change_sum;

static void change_sum_free(change_sum *s)
{
    lta_free(s->weight);
    lta_free(s->changed);
}

static inline int64_t *change_of(change_sum *s, uint64_t i, uint64_t n_weights)
{
    s->changed[i / 64] |= UINT64_C(1) << i % 64;
    return &s->weight[i * n_weights];
}

/* Adds what requests i .. end - 1 of the problem change. */
static void change_by(const lta_plan *plan, const lta_part *part, const problem *p, uint64_t i, uint64_t end,
                      change_sum *s)
{
    const lta_runs *runs = &p->runs;
    uint64_t n = plan->n_weights;
    for (; i < end; i++) {
        uint32_t node = (uint32_t)p->touched[i];
        int64_t *own = change_of(s, i, n);
        for (uint64_t b = 0; b < n; b++)
            own[b] += lta_blocks_between(part->start[node], part->depth[node], plan->weights[b]);
        for (uint64_t k = runs->offset[i]; k < runs->offset[i + 1]; k++) {
            int64_t *lost = change_of(s, runs->previous[k], n);
            for (uint64_t b = 0; b < n; b++)
                lost[b] -=
                    lta_blocks_between(runs->start[k], runs->start[k] + runs->length[k], plan->weights[b]);
        }
    }
}

/* Lists what the first n requests have changed, and begins anew. */
static lta_status take_changes(const lta_plan *plan, const problem *q, uint64_t n, change_sum *s,
                               lta_change_list *out)
{
    lta_status st = LTA_OK;
    for (uint64_t w = 0; w < (n + 63) / 64; w++) {
        for (; s->changed[w] != 0; s->changed[w] &= s->changed[w] - 1) {
            uint64_t i = w * 64 + (uint64_t)__builtin_ctzll(s->changed[w]);
            int64_t *weight = &s->weight[i * plan->n_weights];
            if (weight[0] != 0) /* in symbols: with none, no block changes hands either */
                LTA_TRY(lta_change_list_add(out, plan->n_weights, q->request[i], weight));
            memset(weight, 0, plan->n_weights * sizeof *weight);
        }
    }
done:
    return st;
}

static lta_status list_changes(const lta_plan *plan, const lta_part *parts, const problem *problems,
                               lta_changes *c)
{
    lta_status st = LTA_OK;
    change_sum sum[2] = {0};
    lta_change_list list[2] = {0};
    uint64_t at[2];
    for (int p = 0; p < 2; p++) {
        uint64_t all = problems[p].n_earlier + problems[p].n;
        at[p] = problems[p].n_earlier;
        LTA_TRY(LTA_CALLOC(&sum[p].weight, all * plan->n_weights));
        LTA_TRY(LTA_CALLOC(&sum[p].changed, all / 64 + 1));
    }
    LTA_TRY(lta_changes_create(plan, c));
    for (uint64_t range = 0; range + 1 < plan->pieces; range++) { /* nobody asks what the last one changes */
        for (int p = 0; p < 2; p++) {
            const problem *q = &problems[p];
            uint64_t begin = at[p], all = q->n_earlier + q->n;
            while (at[p] < all && q->request[at[p]] < plan->boundary[range + 1])
                at[p]++;
            list[p].n = 0;
            if (begin == at[p])
                continue;
            change_by(plan, &parts[p], q, begin, at[p], &sum[p]);
            LTA_TRY(take_changes(plan, q, at[p], &sum[p], &list[p]));
        }
        LTA_TRY(lta_changes_append(c, &list[0], &list[1]));
    }
done:
    for (int p = 0; p < 2; p++) {
        change_sum_free(&sum[p]);
        lta_change_list_free(&list[p]);
    }
    return st;
}

/* A reduce reads the rows of its range alone, from every map. */
static void limit_chunks(lta_writer *w, const lta_plan *plan, const lta_part *parts)
{
    enum { LEAST = 1 << 12 }; /* below it the bookkeeping of chunks outweighs what is read in vain */
    uint64_t rows = (parts[0].visits.n + parts[1].visits.n) / plan->pieces;
    lta_writer_limit_chunks(w, rows > LEAST ? rows : LEAST);
}

/* Visits of both parts as one list, by request, the crown first. from: [n] part of each; range: [pieces + 1]
 * first visit of each range. */
static lta_status merge_visits(const lta_plan *plan, const lta_part *parts, lta_writer *w, uint8_t **from,
                               uint64_t **range, uint64_t *n)
{
    lta_status st = LTA_OK;
    const lta_touches *v[] = {&parts[0].visits, &parts[1].visits};
    uint64_t at[2] = {0, 0}, k = 0;
    uint32_t *request = NULL, *start = NULL, *end = NULL;
    *n = v[0]->n + v[1]->n;
    LTA_TRY(LTA_ALLOC(from, *n));
    LTA_TRY(LTA_ALLOC(&request, *n));
    LTA_TRY(LTA_ALLOC(&start, *n));
    LTA_TRY(LTA_ALLOC(&end, *n));
    LTA_TRY(LTA_CALLOC(range, plan->pieces + 1));
    for (uint64_t i = 0; i < *n; i++) {
        int p = at[1] == v[1]->n || (at[0] < v[0]->n && v[0]->request[at[0]] <= v[1]->request[at[1]]) ? 0 : 1;
        uint32_t node = v[p]->node[at[p]];
        request[i] = v[p]->request[at[p]++];
        start[i] = parts[p].start[node];
        end[i] = parts[p].depth[node];
        (*from)[i] = (uint8_t)p;
        while (request[i] >= plan->boundary[k + 1])
            (*range)[++k] = i;
    }
    while (k < plan->pieces)
        (*range)[++k] = *n;
    for (k = 0; k < plan->pieces; k++) /* steps, of which most are alike */
        for (uint64_t i = (*range)[k + 1]; i-- > (*range)[k];)
            request[i] -= i > (*range)[k] ? request[i - 1] : (uint32_t)plan->boundary[k];
    LTA_TRY(lta_writer_column(w, "/visit/step", LTA_U32, request, *n, "1",
                              "request that touches a path in this piece, less that of the visit before, or, "
                              "first in a range, less the range's first request"));
    LTA_TRY(
        lta_writer_column(w, "/visit/start", LTA_U32, start, *n, "symbols", "depth above the path's begin"));
    LTA_TRY(lta_writer_column(w, "/visit/end", LTA_U32, end, *n, "symbols", "depth of the path's end"));
    LTA_TRY(lta_writer_column(w, "/visit/range", LTA_U64, *range, plan->pieces + 1, "1",
                              "visits of range k are rows range[k] to range[k + 1] - 1"));
done:
    lta_free(request);
    lta_free(start);
    lta_free(end);
    return st;
}

/* The runs of both parts in the order of the merged visits. */
static lta_status write_runs(lta_writer *w, lta_scope scope, const lta_plan *plan, const uint8_t *from,
                             const uint64_t *range, const problem *problems)
{
    lta_status st = LTA_OK;
    uint64_t n = range[plan->pieces], *first = NULL;
    lta_runs all = {.n = n};
    uint32_t *count = NULL;
    char path[64];
    uint64_t at[2] = {problems[0].n_earlier, problems[1].n_earlier};
    for (int p = 0; p < 2; p++)
        all.n_runs += problems[p].runs.n_runs - problems[p].runs.offset[at[p]];
    LTA_TRY(LTA_ALLOC(&count, n));
    LTA_TRY(LTA_ALLOC(&first, plan->pieces + 1));
    LTA_TRY(LTA_ALLOC(&all.previous, all.n_runs));
    LTA_TRY(LTA_ALLOC(&all.start, all.n_runs));
    LTA_TRY(LTA_ALLOC(&all.length, all.n_runs));
    uint64_t k = 0, r = 0;
    for (uint64_t i = 0; i < n; i++) {
        const problem *p = &problems[from[i]];
        uint64_t row = at[from[i]]++;
        for (; r <= plan->pieces && range[r] <= i; r++)
            first[r] = k;
        count[i] = (uint32_t)(p->runs.offset[row + 1] - p->runs.offset[row]);
        for (uint64_t j = p->runs.offset[row]; j < p->runs.offset[row + 1]; j++, k++) {
            all.previous[k] = p->request[p->runs.previous[j]];
            all.start[k] = p->runs.start[j];
            all.length[k] = p->runs.length[j];
        }
    }
    for (; r <= plan->pieces; r++)
        first[r] = k;
    snprintf(path, sizeof path, "/%s/range", lta_scope_name(scope));
    LTA_TRY(lta_writer_column(w, path, LTA_U64, first, plan->pieces + 1, "1",
                              "runs of range k are rows range[k] to range[k + 1] - 1"));
    snprintf(path, sizeof path, "/%s/runs", lta_scope_name(scope));
    LTA_TRY(lta_writer_column(w, path, LTA_U32, count, n, "1", "runs of each visit"));
    LTA_TRY(lta_piece_write_runs(w, scope, &all));
done:
    lta_free(count);
    lta_free(first);
    lta_runs_free(&all);
    return st;
}

static lta_status map_scope(const lta_run *run, const lta_plan *plan, lta_scope scope, const lta_part *parts,
                            const uint8_t *from, const uint64_t *range, lta_writer *w, uint64_t *n_runs)
{
    lta_status st = LTA_OK;
    problem problems[2] = {0};
    lta_changes c = {0};
    for (int p = 0; p < 2; p++) {
        LTA_TRY(solve(run, &parts[p], (int)scope, &problems[p]));
        *n_runs += problems[p].runs.n_runs;
    }
    limit_chunks(w, plan, parts);
    LTA_TRY(write_runs(w, scope, plan, from, range, problems));
    LTA_TRY(list_changes(plan, parts, problems, &c));
    LTA_TRY(lta_changes_write(w, lta_scope_name(scope), &c));
done:
    lta_changes_free(&c);
    problem_free(&problems[0]);
    problem_free(&problems[1]);
    return st;
}

/* "STORE/pieces/piece-3.h5" -> "STORE/pieces", 3 */
static lta_status parse_piece(const char *path, char **dir, uint64_t *number)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    unsigned long long k = 0;
    char name[32] = "";
    if (sscanf(base, "piece-%llu.h5", &k) == 1)
        lta_piece_name(name, "piece", k);
    if (strcmp(base, name) != 0) /* "piece-03.h5", "piece-+3.h5" */
        return lta_fail(LTA_ERR_USAGE, "%s: expected the name of a piece, STORE/pieces/piece-K.h5", path);
    lta_status st = LTA_OK;
    size_t n = slash ? (size_t)(slash - path) : 1;
    LTA_TRY(LTA_ALLOC(dir, n + 2));
    memcpy(*dir, slash ? path : ".", n);
    (*dir)[n] = '\0';
    *number = k;
done:
    return st;
}

lta_status lta_map_stage(const lta_run *run, const char *piece)
{
    lta_status st = LTA_OK;
    lta_plan plan = {0};
    lta_part parts[2] = {0};
    lta_piece_file f = {0};
    lta_reader *r = NULL;
    lta_writer *w = NULL;
    json_t *inputs = json_object(), *digests = json_object();
    uint8_t *from = NULL;
    char *dir = NULL, name[32], made[32];
    uint64_t k = 0, n, n_runs = 0, *range = NULL;
    bool current;
    LTA_TRY(parse_piece(piece, &dir, &k));
    lta_piece_name(name, "piece", k);
    lta_piece_name(made, "map", k);
    LTA_TRY(lta_plan_load(dir, digests, &plan));
    LTA_TRY(lta_piece_open(dir, name, digests, &r));
    LTA_TRY(lta_piece_input(inputs, digests, "plan.h5"));
    LTA_TRY(lta_piece_input(inputs, digests, name));
    LTA_TRY(lta_piece_begin(&f, run, dir, made, json_pack("{s:I}", "piece", (json_int_t)k),
                            json_incref(inputs), &current));
    if (current)
        goto done;
    LTA_TRY(lta_part_read(r, "/crown", &plan, &parts[0]));
    LTA_TRY(lta_part_read(r, "/subtrees", &plan, &parts[1]));
    LTA_TRY(lta_piece_create(&f, &w));
    limit_chunks(w, &plan, parts);
    LTA_TRY(merge_visits(&plan, parts, w, &from, &range, &n));
    for (int s = 0; s < LTA_SCOPES; s++)
        if (plan.runs_in[s]) {
            LTA_TRY(lta_check_stop(run));
            LTA_TRY(map_scope(run, &plan, (lta_scope)s, parts, from, range, w, &n_runs));
        }
    LTA_TRY(lta_piece_commit(&f, w));
    lta_log_done(run->log, "map", f.started, n, "piece %llu: %llu visits, %llu runs (%s)",
                 (unsigned long long)k, (unsigned long long)n, (unsigned long long)n_runs,
                 lta_compute_device(run));
done:
    json_decref(inputs);
    json_decref(digests);
    lta_free(from);
    lta_free(range);
    lta_writer_close(w);
    lta_reader_close(r);
    lta_part_free(&parts[0]);
    lta_part_free(&parts[1]);
    lta_plan_free(&plan);
    lta_piece_end(&f);
    lta_free(dir);
    return st;
}
