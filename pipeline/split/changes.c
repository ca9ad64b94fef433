/* pipeline/split/changes.c - lists of changes are added up, and written. */
#include "pipeline/split/changes.h"

#include "pipeline/core/array.h"

#include <stdlib.h>
#include <string.h>

void lta_change_list_free(lta_change_list *l)
{
    lta_free(l->request);
    lta_free(l->weight);
    *l = (lta_change_list){0};
}

lta_status lta_change_list_add(lta_change_list *l, uint64_t n_weights, uint32_t request,
                               const int64_t *weight)
{
    lta_status st = LTA_OK;
    LTA_TRY(LTA_GROW(&l->request, &l->capacity[0], l->n + 1));
    LTA_TRY(LTA_GROW(&l->weight, &l->capacity[1], (l->n + 1) * n_weights));
    memcpy(&l->weight[l->n * n_weights], weight, n_weights * sizeof *weight);
    l->request[l->n++] = request;
done:
    return st;
}

lta_status lta_changes_create(const lta_plan *plan, lta_changes *c)
{
    lta_status st = LTA_OK;
    *c = (lta_changes){.plan = plan, .n = 1};
    LTA_TRY(LTA_CALLOC(&c->list, plan->pieces));
done:
    return st;
}

void lta_changes_free(lta_changes *c)
{
    for (uint64_t k = 0; c->list && k < c->plan->pieces; k++)
        lta_change_list_free(&c->list[k]);
    lta_free(c->list);
    *c = (lta_changes){0};
}

typedef struct row {
    uint32_t request;
    uint64_t at;
} row;

static int by_request(const void *a, const void *b)
{
    uint32_t x = ((const row *)a)->request, y = ((const row *)b)->request;
    return x < y ? -1 : x > y;
}

static lta_status sort_list(uint64_t n_weights, lta_change_list *l)
{
    lta_status st = LTA_OK;
    lta_change_list sorted = {0};
    row *rows = NULL;
    bool rising = true;
    for (uint64_t i = 1; i < l->n; i++)
        rising = rising && l->request[i - 1] < l->request[i];
    if (rising)
        return LTA_OK;
    LTA_TRY(LTA_ALLOC(&rows, l->n));
    for (uint64_t i = 0; i < l->n; i++)
        rows[i] = (row){l->request[i], i};
    qsort(rows, l->n, sizeof *rows, by_request);
    for (uint64_t i = 0; i < l->n; i++)
        LTA_TRY(lta_change_list_add(&sorted, n_weights, rows[i].request, &l->weight[rows[i].at * n_weights]));
    lta_change_list swap = *l;
    *l = sorted;
    sorted = swap;
done:
    lta_free(rows);
    lta_change_list_free(&sorted);
    return st;
}

/* out: the sum of both, without rows that cancel out. */
static lta_status add_lists(uint64_t n_weights, const lta_change_list *a, const lta_change_list *b,
                            lta_change_list *out)
{
    lta_status st = LTA_OK;
    uint64_t i = 0, j = 0;
    out->n = 0;
    LTA_TRY(LTA_GROW(&out->request, &out->capacity[0], a->n + b->n));
    LTA_TRY(LTA_GROW(&out->weight, &out->capacity[1], (a->n + b->n) * n_weights));
    while (i < a->n || j < b->n) {
        bool of_a = j == b->n || (i < a->n && a->request[i] <= b->request[j]);
        bool of_b = i == a->n || (j < b->n && b->request[j] <= a->request[i]);
        int64_t *sum = &out->weight[out->n * n_weights], any = 0;
        for (uint64_t w = 0; w < n_weights; w++) {
            sum[w] = (of_a ? a->weight[i * n_weights + w] : 0) + (of_b ? b->weight[j * n_weights + w] : 0);
            any |= sum[w];
        }
        out->request[out->n] = of_a ? a->request[i] : b->request[j];
        out->n += any != 0;
        i += of_a;
        j += of_b;
    }
done:
    return st;
}

lta_status lta_changes_append(lta_changes *c, lta_change_list *a, lta_change_list *b)
{
    lta_status st = LTA_OK;
    uint64_t k = c->n, first = lta_changes_before(k), n_weights = c->plan->n_weights;
    lta_change_list sum = {0}, more = {0};
    LTA_TRY(sort_list(n_weights, a));
    LTA_TRY(sort_list(n_weights, b));
    LTA_TRY(add_lists(n_weights, a, b, &sum));
    for (uint64_t i = k - 1; i > first; i = lta_changes_before(i)) {
        LTA_TRY(add_lists(n_weights, &c->list[i], &sum, &more));
        lta_change_list swap = sum;
        sum = more;
        more = swap;
    }
    c->list[k] = sum;
    sum = (lta_change_list){0};
    c->n++;
done:
    lta_change_list_free(&sum);
    lta_change_list_free(&more);
    return st;
}

/* ---- writing ---- */

typedef struct group_columns { /* of all groups of all lists */
    uint64_t *offset;          /* [pieces + 1] groups of list k: offset[k] .. offset[k + 1] - 1 */
    uint32_t *first, *last;
    int64_t *sum;
} group_columns;

static void group_columns_free(group_columns *g)
{
    lta_free(g->offset);
    lta_free(g->first);
    lta_free(g->last);
    lta_free(g->sum);
    *g = (group_columns){0};
}

static lta_status write_groups(lta_writer *w, const char *scope, const lta_changes *c)
{
    lta_status st = LTA_OK;
    const uint64_t size = LTA_CHANGES_A_GROUP, pieces = c->plan->pieces, n_weights = c->plan->n_weights;
    group_columns g = {0};
    char path[80];
    LTA_TRY(LTA_ALLOC(&g.offset, pieces + 1));
    g.offset[0] = 0;
    for (uint64_t k = 0; k < pieces; k++)
        g.offset[k + 1] = g.offset[k] + (c->list[k].n + size - 1) / size;
    uint64_t n = g.offset[pieces];
    LTA_TRY(LTA_ALLOC(&g.first, n));
    LTA_TRY(LTA_ALLOC(&g.last, n));
    for (uint64_t k = 0; k < pieces; k++)
        for (uint64_t i = 0; i < c->list[k].n; i++) {
            uint64_t at = g.offset[k] + i / size;
            if (i % size == 0)
                g.first[at] = c->list[k].request[i];
            g.last[at] = c->list[k].request[i];
        }
    lta_change_path(path, scope, "group/offset", 0);
    LTA_TRY(lta_writer_column(w, path, LTA_U64, g.offset, pieces + 1, "1",
                              "groups of list k are rows offset[k] to offset[k + 1] - 1"));
    lta_change_path(path, scope, "group/first", 0);
    LTA_TRY(lta_writer_column(w, path, LTA_U32, g.first, n, "1", "lowest request of the group"));
    lta_change_path(path, scope, "group/last", 0);
    LTA_TRY(lta_writer_column(w, path, LTA_U32, g.last, n, "1", "highest request of the group"));
    for (uint64_t b = 0; b < n_weights; b++) {
        lta_free(g.sum);
        LTA_TRY(LTA_CALLOC(&g.sum, n));
        for (uint64_t k = 0; k < pieces; k++)
            for (uint64_t i = 0; i < c->list[k].n; i++)
                g.sum[g.offset[k] + i / size] += c->list[k].weight[i * n_weights + b];
        lta_change_path(path, scope, "group/block", c->plan->weights[b]);
        LTA_TRY(lta_writer_column(w, path, LTA_I64, g.sum, n, b == 0 ? "symbols" : "blocks",
                                  "sum over the group"));
    }
done:
    group_columns_free(&g);
    return st;
}

lta_status lta_changes_write(lta_writer *w, const char *scope, const lta_changes *c)
{
    lta_status st = LTA_OK;
    uint64_t pieces = c->plan->pieces, n_weights = c->plan->n_weights, *offset = NULL;
    uint32_t *request = NULL;
    int64_t *weight = NULL;
    char path[80];
    LTA_TRY(LTA_ALLOC(&offset, pieces + 1));
    offset[0] = 0;
    for (uint64_t k = 0; k < pieces; k++)
        offset[k + 1] = offset[k] + c->list[k].n;
    uint64_t n = offset[pieces];
    LTA_TRY(LTA_ALLOC(&request, n));
    LTA_TRY(LTA_ALLOC(&weight, n));
    lta_writer_limit_chunks(w, LTA_CHANGES_A_GROUP);
    lta_change_path(path, scope, "offset", 0);
    LTA_TRY(lta_writer_column(w, path, LTA_U64, offset, pieces + 1, "1",
                              "list k is rows offset[k] to offset[k + 1] - 1"));
    for (uint64_t k = 0; k < pieces; k++)
        if (c->list[k].n > 0)
            memcpy(request + offset[k], c->list[k].request, c->list[k].n * sizeof *request);
    lta_change_path(path, scope, "request", 0);
    LTA_TRY(lta_writer_column(w, path, LTA_U32, request, n, "1",
                              "request that holds more or fewer positions, rising in each list"));
    for (uint64_t b = 0; b < n_weights; b++) {
        for (uint64_t k = 0; k < pieces; k++)
            for (uint64_t i = 0; i < c->list[k].n; i++)
                weight[offset[k] + i] = c->list[k].weight[i * n_weights + b];
        lta_change_path(path, scope, "block", c->plan->weights[b]);
        LTA_TRY(
            lta_writer_column(w, path, LTA_I64, weight, n, b == 0 ? "symbols" : "blocks",
                              "how many more of them at the end of the list's ranges than at their begin"));
    }
    LTA_TRY(write_groups(w, scope, c));
done:
    lta_free(offset);
    lta_free(request);
    lta_free(weight);
    return st;
}
