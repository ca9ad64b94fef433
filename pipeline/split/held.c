/* pipeline/split/held.c - the buckets of held weight, from the lists of changes that maps write. */
#include "pipeline/split/held.h"

#include "pipeline/core/array.h"

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

typedef struct change_list { /* of one map and scope */
    const lta_reader *map;
    const char *scope;
    uint64_t n, n_groups;   /* changes of the ranges before, and the groups that they fill */
    uint32_t *first, *last; /* [n_groups] requests of each */
} change_list;

static void change_list_free(change_list *l)
{
    lta_free(l->first);
    lta_free(l->last);
    *l = (change_list){0};
}

static lta_status open_changes(const lta_reader *map, uint64_t k, uint64_t first, const char *scope,
                               change_list *l)
{
    lta_status st = LTA_OK;
    char path[80];
    *l = (change_list){.map = map, .scope = scope};
    snprintf(path, sizeof path, "/%s/change/range", scope);
    LTA_TRY(lta_reader_rows(l->map, path, LTA_U64, k, 1, &l->n));
    l->n_groups = l->n / LTA_CHANGES_A_GROUP;
    LTA_TRY(LTA_ALLOC(&l->first, l->n_groups));
    LTA_TRY(LTA_ALLOC(&l->last, l->n_groups));
    snprintf(path, sizeof path, "/%s/change/group/first", scope);
    LTA_TRY(lta_reader_rows(l->map, path, LTA_U32, 0, l->n_groups, l->first));
    snprintf(path, sizeof path, "/%s/change/group/last", scope);
    LTA_TRY(lta_reader_rows(l->map, path, LTA_U32, 0, l->n_groups, l->last));
    for (uint64_t i = 0; i < l->n_groups; i++)
        if (l->first[i] > l->last[i] || l->last[i] >= first)
            LTA_TRY(lta_piece_damaged(l->map, scope));
done:
    return st;
}

/* Of groups whose requests all fall into one bucket the sums suffice. */
static inline bool in_one_bucket(const change_list *l, const lta_asked *a, uint64_t group)
{
    return group < l->n_groups && lta_bucket_of(a, l->first[group]) == lta_bucket_of(a, l->last[group]);
}

static void change_path(char *path, size_t size, const change_list *l, const char *group, uint64_t block)
{
    snprintf(path, size, "/%s/change%s/block%llu", l->scope, group, (unsigned long long)block);
}

/* Changes from .. end - 1 one by one. */
static lta_status add_rows(const lta_plan *plan, const change_list *l, const lta_asked *a, uint64_t from,
                           uint64_t end, uint64_t **held)
{
    lta_status st = LTA_OK;
    uint64_t n = end - from;
    uint32_t *request = NULL;
    int64_t *change = NULL;
    char path[80];
    LTA_TRY(LTA_ALLOC(&request, n));
    LTA_TRY(LTA_ALLOC(&change, n));
    snprintf(path, sizeof path, "/%s/change/request", l->scope);
    LTA_TRY(lta_reader_rows(l->map, path, LTA_U32, from, n, request));
    for (uint64_t i = 0; i < n; i++)
        if (request[i] >= a->first)
            LTA_TRY(lta_piece_damaged(l->map, l->scope));
    for (uint64_t b = 0; b < plan->n_weights; b++) {
        change_path(path, sizeof path, l, "", plan->weights[b]);
        LTA_TRY(lta_reader_rows(l->map, path, LTA_I64, from, n, change));
        for (uint64_t i = 0; i < n; i++)
            held[b][lta_bucket_of(a, request[i])] += (uint64_t)change[i];
    }
done:
    lta_free(request);
    lta_free(change);
    return st;
}

static lta_status add_groups(const lta_plan *plan, const change_list *l, const lta_asked *a, uint64_t **held)
{
    lta_status st = LTA_OK;
    int64_t *sum = NULL;
    char path[80];
    LTA_TRY(LTA_ALLOC(&sum, l->n_groups));
    for (uint64_t b = 0; b < plan->n_weights; b++) {
        change_path(path, sizeof path, l, "/group", plan->weights[b]);
        LTA_TRY(lta_reader_rows(l->map, path, LTA_I64, 0, l->n_groups, sum));
        for (uint64_t i = 0; i < l->n_groups; i++)
            if (in_one_bucket(l, a, i))
                held[b][lta_bucket_of(a, l->first[i])] += (uint64_t)sum[i];
    }
done:
    lta_free(sum);
    return st;
}

lta_status lta_add_held(const lta_plan *plan, lta_reader *const *map, uint64_t k, const char *scope,
                        const lta_asked *a, uint64_t **held)
{
    lta_status st = LTA_OK;
    change_list l = {0};
    for (uint64_t j = 0; j < plan->pieces; j++) {
        change_list_free(&l);
        LTA_TRY(open_changes(map[j], k, a->first, scope, &l));
        LTA_TRY(add_groups(plan, &l, a, held));
        uint64_t n = (l.n + LTA_CHANGES_A_GROUP - 1) / LTA_CHANGES_A_GROUP; /* with one that is not full */
        for (uint64_t i = 0, end; i < n; i = end + 1) {
            for (end = i; end < n && !in_one_bucket(&l, a, end); end++)
                ;
            uint64_t upto = end * LTA_CHANGES_A_GROUP;
            if (end > i)
                LTA_TRY(add_rows(plan, &l, a, i * LTA_CHANGES_A_GROUP, upto < l.n ? upto : l.n, held));
        }
    }
done:
    change_list_free(&l);
    return st;
}
