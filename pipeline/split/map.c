/* pipeline/split/map.c - the runs of one piece's subtrees in all of time, and by how much each range of time
 * changes what requests hold there.
 *
 * The crown is reduce's (reduce.c). In scope global reduce also sees all that hold positions of it; in other
 * scopes only those of its groups, so a map lists what its range changes in the crown. */
#include "pipeline/core/array.h"
#include "kernels/compute.h"
#include "pipeline/core/file.h"
#include "pipeline/split/split.h"
#include "pipeline/split/changes.h"
#include "pipeline/split/part_runs.h"

#include <stdlib.h>
#include <string.h>

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

static inline void mark(change_sum *s, uint64_t i)
{
    s->changed[i / 64] |= UINT64_C(1) << i % 64;
}

/* Adds what rows i .. end - 1 change. */
static void change_by(const lta_plan *plan, const lta_part *part, const lta_part_runs *p, uint64_t i,
                      uint64_t end, change_sum *s)
{
    for (; i < end; i++) {
        mark(s, i);
        for (uint64_t k = p->runs.offset[i]; k < p->runs.offset[i + 1]; k++)
            mark(s, p->runs.previous[k]);
        lta_part_runs_change(part, p, i, plan->weights, plan->n_weights, s->weight);
    }
}

/* Lists what the first n rows have changed, and begins anew. */
static lta_status take_changes(const lta_plan *plan, const lta_part_runs *q, uint64_t n, change_sum *s,
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

/* Of both parts. The runs of the crown: none where reduce knows better. */
static lta_status list_changes(const lta_plan *plan, const lta_part *parts, const lta_part_runs *runs,
                               lta_changes *c)
{
    lta_status st = LTA_OK;
    change_sum sum[2] = {0};
    lta_change_list list[2] = {0};
    uint64_t at[2];
    for (int p = 0; p < 2; p++) {
        at[p] = runs[p].n_earlier;
        LTA_TRY(LTA_CALLOC(&sum[p].weight, runs[p].n * plan->n_weights));
        LTA_TRY(LTA_CALLOC(&sum[p].changed, runs[p].n / 64 + 1));
    }
    LTA_TRY(lta_changes_create(plan, c));
    for (uint64_t range = 0; range + 1 < plan->pieces; range++) { /* nobody asks what the last one changes */
        for (int p = 0; p < 2; p++) {
            const lta_part_runs *q = &runs[p];
            uint64_t begin = at[p];
            while (at[p] < q->n && q->request[at[p]] < plan->boundary[range + 1])
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
static void limit_chunks(lta_writer *w, const lta_plan *plan, const lta_part *subtrees)
{
    enum { LEAST = 1 << 12 }; /* below it the bookkeeping of chunks outweighs what is read in vain */
    uint64_t rows = subtrees->visits.n / plan->pieces;
    lta_writer_limit_chunks(w, rows > LEAST ? rows : LEAST);
}

/* range: [pieces + 1] first visit of each range. */
static lta_status write_visits(const lta_plan *plan, const lta_touches *visits, lta_writer *w,
                               uint64_t *range)
{
    lta_status st = LTA_OK;
    uint32_t *step = NULL; /* steps, of which most are alike */
    uint64_t i = 0;
    LTA_TRY(LTA_ALLOC(&step, visits->n));
    for (uint64_t k = 0; k < plan->pieces; k++) {
        uint64_t before = plan->boundary[k];
        for (range[k] = i; i < visits->n && visits->request[i] < plan->boundary[k + 1]; i++) {
            step[i] = (uint32_t)(visits->request[i] - before);
            before = visits->request[i];
        }
    }
    range[plan->pieces] = visits->n;
    LTA_TRY(lta_writer_column(
        w, "/visit/step", LTA_U32, step, visits->n, "1",
        "request that enters the subtrees of this piece, less that of the visit before, or, "
        "first in a range, less the range's first request"));
    LTA_TRY(lta_writer_column(w, "/visit/range", LTA_U64, range, plan->pieces + 1, "1",
                              "visits of range k are rows range[k] to range[k + 1] - 1"));
done:
    lta_free(step);
    return st;
}

/* Makes touchers requests of the whole trace. */
static lta_status write_runs(lta_writer *w, lta_scope scope, const lta_plan *plan, const uint64_t *range,
                             lta_part_runs *p)
{
    lta_status st = LTA_OK;
    uint64_t *first = NULL;
    char path[64];
    LTA_TRY(LTA_ALLOC(&first, plan->pieces + 1));
    for (uint64_t k = 0; k <= plan->pieces; k++)
        first[k] = p->runs.offset[range[k]];
    snprintf(path, sizeof path, "/%s/range", lta_scope_name(scope));
    LTA_TRY(lta_writer_column(w, path, LTA_U64, first, plan->pieces + 1, "1",
                              "runs of range k are rows range[k] to range[k + 1] - 1"));
    for (uint64_t k = 0; k < p->runs.n_runs; k++)
        p->runs.previous[k] = p->request[p->runs.previous[k]];
    LTA_TRY(lta_piece_write_runs(w, scope, &p->runs));
done:
    lta_free(first);
    return st;
}

static lta_status map_scope(const lta_run *run, const lta_plan *plan, lta_scope scope, const lta_part *parts,
                            const uint64_t *range, lta_writer *w, uint64_t *n_runs)
{
    lta_status st = LTA_OK;
    lta_part_runs crown = {0}, subtrees = {0};
    lta_changes c = {0};
    if (scope != LTA_SCOPE_GLOBAL)
        LTA_TRY(lta_part_runs_make(run, &parts[0], scope, &crown));
    LTA_TRY(lta_part_runs_make(run, &parts[1], scope, &subtrees));
    *n_runs += subtrees.runs.n_runs;
    LTA_TRY(list_changes(plan, parts, (lta_part_runs[]){crown, subtrees}, &c));
    LTA_TRY(lta_changes_write(w, lta_scope_name(scope), &c));
    limit_chunks(w, plan, &parts[1]);
    LTA_TRY(write_runs(w, scope, plan, range, &subtrees));
done:
    lta_changes_free(&c);
    lta_part_runs_free(&crown);
    lta_part_runs_free(&subtrees);
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
    char *dir = NULL, name[32], made[32];
    uint64_t k = 0, n_runs = 0, *range = NULL;
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
    for (int s = LTA_SCOPE_GLOBAL + 1; s < LTA_SCOPES; s++)
        if (plan.runs_in[s] && !parts[0].parent)
            LTA_TRY(lta_part_read(r, "/crown", &plan, &parts[0]));
    LTA_TRY(lta_part_read(r, "/subtrees", &plan, &parts[1]));
    LTA_TRY(lta_piece_create(&f, &w));
    limit_chunks(w, &plan, &parts[1]);
    LTA_TRY(LTA_ALLOC(&range, plan.pieces + 1));
    LTA_TRY(write_visits(&plan, &parts[1].visits, w, range));
    for (int s = 0; s < LTA_SCOPES; s++)
        if (plan.runs_in[s]) {
            LTA_TRY(lta_check_stop(run));
            LTA_TRY(map_scope(run, &plan, (lta_scope)s, parts, range, w, &n_runs));
        }
    LTA_TRY(lta_piece_commit(&f, w));
    lta_log_done(run->log, "map", f.started, parts[1].visits.n, "piece %llu: %llu visits, %llu runs (%s)",
                 (unsigned long long)k, (unsigned long long)parts[1].visits.n, (unsigned long long)n_runs,
                 lta_compute_device(run));
done:
    json_decref(inputs);
    json_decref(digests);
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
