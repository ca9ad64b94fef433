/* pipeline/split/held.c - the buckets of held weight, from the lists of changes that maps write. */
#include "pipeline/split/held.h"

#include "pipeline/core/array.h"
#include "pipeline/split/changes.h"

void lta_asked_free(lta_asked *a)
{
    lta_free(a->word);
    lta_free(a->below);
    *a = (lta_asked){0};
}

lta_status lta_ask(const lta_runs *runs, uint64_t first, lta_asked *out)
{
    lta_status st = LTA_OK;
    uint64_t n_words = first / 64 + 1;
    lta_asked a = {.first = first};
    LTA_TRY(LTA_CALLOC(&a.word, n_words));
    LTA_TRY(LTA_ALLOC(&a.below, n_words));
    for (uint64_t k = 0; k < runs->n_runs; k++)
        if (runs->previous[k] < first)
            a.word[runs->previous[k] / 64] |= UINT64_C(1) << runs->previous[k] % 64;
    for (uint64_t i = 0; i < n_words; i++) {
        a.below[i] = (uint32_t)a.n;
        a.n += (uint64_t)__builtin_popcountll(a.word[i]);
    }
    *out = a;
    a = (lta_asked){0};
done:
    lta_asked_free(&a);
    return st;
}

/* ---- lists of changes ---- */

typedef struct change_lists { /* of one map and scope */
    const lta_reader *map;
    const char *scope;
    uint64_t n_groups;      /* of the lists up to that of the range */
    uint64_t *row, *group;  /* [k + 2] first row and first group of each list */
    uint32_t *first, *last; /* [n_groups] requests of each */
    int64_t *sum;           /* [n_groups] */
} change_lists;

static void change_lists_free(change_lists *l)
{
    lta_free(l->row);
    lta_free(l->group);
    lta_free(l->first);
    lta_free(l->last);
    lta_free(l->sum);
    *l = (change_lists){0};
}

static lta_status read_change(const change_lists *l, const char *column, uint64_t block, lta_type type,
                              uint64_t from, uint64_t n, void *out)
{
    char path[80];
    lta_change_path(path, l->scope, column, block);
    return lta_reader_rows(l->map, path, type, from, n, out);
}

/* Groups of each list are as many as its rows fill, and their requests come before the range. */
static bool are_sound(const change_lists *l, uint64_t k, uint64_t first)
{
    const uint64_t size = LTA_CHANGES_A_GROUP;
    for (uint64_t i = 0; i <= k; i++)
        if (l->row[i + 1] < l->row[i] || l->group[i + 1] < l->group[i] ||
            l->group[i + 1] - l->group[i] !=
                (l->row[i + 1] - l->row[i]) / size + ((l->row[i + 1] - l->row[i]) % size != 0))
            return false;
    for (uint64_t i = 0; i < l->n_groups; i++)
        if (l->first[i] > l->last[i] || l->last[i] >= first)
            return false;
    return true;
}

static lta_status open_lists(const lta_reader *map, uint64_t k, uint64_t first, const char *scope,
                             change_lists *l)
{
    lta_status st = LTA_OK;
    uint64_t n_groups;
    lta_type type;
    char path[80];
    *l = (change_lists){.map = map, .scope = scope};
    LTA_TRY(LTA_ALLOC(&l->row, k + 2));
    LTA_TRY(LTA_ALLOC(&l->group, k + 2));
    LTA_TRY(read_change(l, "offset", 0, LTA_U64, 0, k + 2, l->row));
    LTA_TRY(read_change(l, "group/offset", 0, LTA_U64, 0, k + 2, l->group));
    lta_change_path(path, scope, "group/last", 0);
    LTA_TRY(lta_reader_describe(map, path, &type, &n_groups, NULL, NULL));
    l->n_groups = l->group[k + 1];
    if (l->n_groups > n_groups)
        LTA_TRY(lta_piece_damaged(map, scope));
    LTA_TRY(LTA_ALLOC(&l->first, l->n_groups));
    LTA_TRY(LTA_ALLOC(&l->last, l->n_groups));
    LTA_TRY(LTA_ALLOC(&l->sum, l->n_groups));
    LTA_TRY(read_change(l, "group/first", 0, LTA_U32, 0, l->n_groups, l->first));
    LTA_TRY(read_change(l, "group/last", 0, LTA_U32, 0, l->n_groups, l->last));
    if (l->row[0] != 0 || l->group[0] != 0 || !are_sound(l, k, first))
        LTA_TRY(lta_piece_damaged(map, scope));
done:
    return st;
}

/* Of groups whose requests all fall into one bucket the sums suffice. */
static inline bool in_one_bucket(const change_lists *l, const lta_asked *a, uint64_t group)
{
    return lta_bucket_of(a, l->first[group]) == lta_bucket_of(a, l->last[group]);
}

static lta_status add_groups(const lta_plan *plan, change_lists *l, uint64_t k, const lta_asked *a,
                             uint64_t **held)
{
    lta_status st = LTA_OK;
    for (uint64_t b = 0; b < plan->n_weights; b++) {
        LTA_TRY(read_change(l, "group/block", plan->weights[b], LTA_I64, 0, l->n_groups, l->sum));
        for (uint64_t i = k; i > 0; i = lta_changes_before(i))
            for (uint64_t j = l->group[i]; j < l->group[i + 1]; j++)
                if (in_one_bucket(l, a, j))
                    held[b][lta_bucket_of(a, l->first[j])] += (uint64_t)l->sum[j];
    }
done:
    return st;
}

/* Changes from .. end - 1 one by one. */
static lta_status add_rows(const lta_plan *plan, const change_lists *l, const lta_asked *a, uint64_t from,
                           uint64_t end, uint64_t **held)
{
    lta_status st = LTA_OK;
    uint64_t n = end - from;
    uint32_t *request = NULL;
    int64_t *change = NULL;
    LTA_TRY(LTA_ALLOC(&request, n));
    LTA_TRY(LTA_ALLOC(&change, n));
    LTA_TRY(read_change(l, "request", 0, LTA_U32, from, n, request));
    for (uint64_t i = 0; i < n; i++)
        if (request[i] >= a->first)
            LTA_TRY(lta_piece_damaged(l->map, l->scope));
    for (uint64_t b = 0; b < plan->n_weights; b++) {
        LTA_TRY(read_change(l, "block", plan->weights[b], LTA_I64, from, n, change));
        for (uint64_t i = 0; i < n; i++)
            held[b][lta_bucket_of(a, request[i])] += (uint64_t)change[i];
    }
done:
    lta_free(request);
    lta_free(change);
    return st;
}

/* The groups of list i that lie in more than one bucket, neighbours together. */
static lta_status add_list(const lta_plan *plan, const change_lists *l, uint64_t i, const lta_asked *a,
                           uint64_t **held)
{
    lta_status st = LTA_OK;
    for (uint64_t j = l->group[i], end; j < l->group[i + 1]; j = end + 1) {
        for (end = j; end < l->group[i + 1] && !in_one_bucket(l, a, end); end++)
            ;
        uint64_t from = l->row[i] + (j - l->group[i]) * LTA_CHANGES_A_GROUP;
        uint64_t upto = l->row[i] + (end - l->group[i]) * LTA_CHANGES_A_GROUP;
        if (end > j)
            LTA_TRY(add_rows(plan, l, a, from, upto < l->row[i + 1] ? upto : l->row[i + 1], held));
    }
done:
    return st;
}

lta_status lta_add_held(const lta_plan *plan, lta_piece_set *maps, uint64_t k, const char *scope,
                        const lta_asked *a, uint64_t **held)
{
    lta_status st = LTA_OK;
    lta_reader *map;
    change_lists l = {0};
    for (uint64_t j = 0; k > 0 && j < plan->pieces; j++) {
        change_lists_free(&l);
        LTA_TRY(lta_piece_set_get(maps, j, &map));
        LTA_TRY(open_lists(map, k, a->first, scope, &l));
        if (l.n_groups == 0)
            continue;
        LTA_TRY(add_groups(plan, &l, k, a, held));
        for (uint64_t i = k; i > 0; i = lta_changes_before(i))
            LTA_TRY(add_list(plan, &l, i, a, held));
    }
done:
    change_lists_free(&l);
    return st;
}
