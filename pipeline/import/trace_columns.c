/* pipeline/import/trace_columns.c - growable columns, merging, renumbering. */
#include "pipeline/import/trace_columns.h"

#include "pipeline/core/array.h"

#include <assert.h>
#include <string.h>

lta_status lta_column_start(lta_column *c, size_t element, const void *absent, uint64_t n)
{
    lta_status st = LTA_OK;
    if (c->element != 0)
        return LTA_OK;
    assert(element <= LTA_WIDEST);
    LTA_TRY(lta_grow_bytes(&c->data, &c->capacity, n, element));
    c->element = element;
    memcpy(c->absent, absent, element);
    while (c->n < n)
        LTA_TRY(lta_column_add(c, NULL));
done:
    return st;
}

lta_status lta_column_add(lta_column *c, const void *value)
{
    if (c->element == 0)
        return LTA_OK;
    lta_status st = lta_grow(&c->data, &c->capacity, c->n + 1, c->element);
    if (st != LTA_OK)
        return st;
    const void *from = value ? value : c->absent;
    char *to = (char *)c->data + c->n * c->element;
    if (c->element == 8) /* a constant size each, which compilers turn into one move */
        memcpy(to, from, 8);
    else if (c->element == 4)
        memcpy(to, from, 4);
    else
        memcpy(to, from, c->element);
    c->given = c->given || (value && memcmp(value, c->absent, c->element) != 0);
    c->n++;
    return LTA_OK;
}

lta_status lta_column_permute(lta_column *c, const uint32_t *order)
{
    void *moved = NULL;
    if (c->element == 0)
        return LTA_OK;
    lta_status st = lta_alloc_bytes(&moved, c->n, c->element);
    if (st != LTA_OK)
        return st;
    for (uint64_t i = 0; i < c->n; i++)
        memcpy((char *)moved + i * c->element, (const char *)c->data + order[i] * c->element, c->element);
    lta_free(c->data);
    c->data = moved;
    c->capacity = c->n;
    return LTA_OK;
}

void lta_column_free(lta_column *c)
{
    lta_free(c->data);
    *c = (lta_column){0};
}

void *lta_column_take(lta_column *c)
{
    void *data = c->data;
    *c = (lta_column){0};
    return data;
}

/* Merges from[a..b) and from[b..c) into to[a..c); of equal keys the left one comes first. */
static void merge(const int64_t *key, const uint32_t *from, uint32_t *to, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t left = a, right = b;
    for (uint64_t i = a; i < c; i++)
        to[i] =
            left < b && (right == c || key[from[left]] <= key[from[right]]) ? from[left++] : from[right++];
}

lta_status lta_merge_order(const int64_t *key, const uint64_t *run_start, uint64_t n_runs, uint32_t **out)
{
    lta_status st = LTA_OK;
    uint64_t n = run_start[n_runs];
    uint32_t *from = NULL, *to = NULL;
    LTA_TRY(LTA_ALLOC(&from, n));
    LTA_TRY(LTA_ALLOC(&to, n));
    for (uint64_t i = 0; i < n; i++)
        from[i] = (uint32_t)i;
    for (uint64_t width = 1; width < n_runs; width *= 2) {
        for (uint64_t i = 0; i < n_runs; i += 2 * width) {
            uint64_t middle = i + width < n_runs ? i + width : n_runs;
            uint64_t last = i + 2 * width < n_runs ? i + 2 * width : n_runs;
            merge(key, from, to, run_start[i], run_start[middle], run_start[last]);
        }
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    *out = from;
    from = NULL;
done:
    lta_free(from);
    lta_free(to);
    return st;
}

/* Gives old index `old` its new number, if it has none yet, and its text a place in the new list. */
static lta_status renumber_one(uint32_t *number, uint64_t old, const lta_strings *texts, lta_strings *ordered)
{
    if (number[old] != UINT32_MAX)
        return LTA_OK;
    number[old] = (uint32_t)ordered->n;
    return lta_strings_add(ordered, lta_strings_get(texts, old), (size_t)lta_strings_length(texts, old));
}

#define DEFINE_RENUMBER(name, type, none)                                                                    \
    lta_status name(type *index, uint64_t n, lta_strings *texts)                                             \
    {                                                                                                        \
        lta_status st = LTA_OK;                                                                              \
        lta_strings ordered = {0};                                                                           \
        uint32_t *number = NULL;                                                                             \
        LTA_TRY(LTA_ALLOC(&number, texts->n));                                                               \
        memset(number, 0xff, texts->n * sizeof *number);                                                     \
        for (uint64_t i = 0; i < n; i++) {                                                                   \
            if (index[i] == (none))                                                                          \
                continue;                                                                                    \
            LTA_TRY(renumber_one(number, index[i], texts, &ordered));                                        \
            index[i] = (type)number[index[i]];                                                               \
        }                                                                                                    \
        lta_strings_free(texts);                                                                             \
        *texts = ordered;                                                                                    \
        ordered = (lta_strings){0};                                                                          \
    done:                                                                                                    \
        lta_strings_free(&ordered);                                                                          \
        lta_free(number);                                                                                    \
        return st;                                                                                           \
    }

DEFINE_RENUMBER(lta_renumber16, uint16_t, LTA_NO_U16)
DEFINE_RENUMBER(lta_renumber32, uint32_t, LTA_NO_U32)
