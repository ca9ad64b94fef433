/* pipeline/diff/diff_match.c - which row of one side is which of the other: partition refinement by sorting.
 *
 * All rows of both sides begin in one group. A key column splits every group by its values: rows are sorted
 * by (group, value), and each different pair becomes a group. Once no group has two rows of one side, a row's
 * partner is the other row of its group. */
#include "pipeline/core/array.h"
#include "pipeline/diff/diff_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    uint64_t group, value, row; /* row: of OLD, then of NEW */
} entry;

static int by_group_and_value(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

lta_status lta_matcher_begin(lta_matcher *m, uint64_t n_old, uint64_t n_new)
{
    *m = (lta_matcher){.n = {n_old, n_new}, .n_groups = 1, .told_apart = n_old <= 1 && n_new <= 1};
    return LTA_CALLOC(&m->group, n_old + n_new);
}

void lta_matcher_free(lta_matcher *m)
{
    lta_free(m->group);
    *m = (lta_matcher){0};
}

/* e [n]: every row with its value. */
static void split(lta_matcher *m, entry *e)
{
    uint64_t n = m->n[OLD] + m->n[NEW], group = 0, of_side[2] = {0, 0};
    if (n > 0)
        qsort(e, (size_t)n, sizeof *e, by_group_and_value);
    m->told_apart = true;
    for (uint64_t k = 0; k < n; k++) {
        if (k > 0 && (e[k].group != e[k - 1].group || e[k].value != e[k - 1].value)) {
            group++;
            of_side[OLD] = of_side[NEW] = 0;
        }
        if (++of_side[e[k].row < m->n[OLD] ? OLD : NEW] > 1)
            m->told_apart = false;
        m->group[e[k].row] = group;
    }
    m->n_groups = group + 1;
}

/* Values of one side; texts by their number in a dictionary of both. */
static lta_status fill(const lta_cells *c, lta_dictionary *texts, const uint64_t *group, uint64_t first_row,
                       entry *e)
{
    for (uint64_t i = 0; i < c->n; i++) {
        uint64_t value;
        if (c->id) {
            value = c->id[i];
        } else if (c->type == LTA_STR) {
            lta_status st = lta_dictionary_intern(texts, lta_strings_get(&c->texts, i),
                                                  (size_t)lta_strings_length(&c->texts, i), &value);
            if (st != LTA_OK)
                return st;
        } else {
            value = ((const uint64_t *)c->data)[i];
        }
        e[i] = (entry){group[first_row + i], value, first_row + i};
    }
    return LTA_OK;
}

lta_status lta_matcher_refine(lta_matcher *m, const lta_cells *a, const lta_cells *b)
{
    lta_status st = LTA_OK;
    entry *e = NULL;
    lta_dictionary texts = {0};
    assert(a->n == m->n[OLD] && b->n == m->n[NEW] && a->type == b->type && a->type != LTA_F64);
    LTA_TRY(LTA_ALLOC(&e, m->n[OLD] + m->n[NEW]));
    LTA_TRY(fill(a, &texts, m->group, 0, e));
    LTA_TRY(fill(b, &texts, m->group, m->n[OLD], e + m->n[OLD]));
    split(m, e);
done:
    lta_dictionary_free(&texts);
    lta_free(e);
    return st;
}

lta_status lta_matcher_count_repeats(lta_matcher *m)
{
    lta_status st = LTA_OK;
    entry *e = NULL;
    uint64_t *count = NULL, n = m->n[OLD] + m->n[NEW];
    LTA_TRY(LTA_ALLOC(&e, n));
    LTA_TRY(LTA_CALLOC(&count, m->n_groups));
    for (uint64_t row = 0; row < n; row++) {
        if (row == m->n[OLD])
            memset(count, 0, (size_t)m->n_groups * sizeof *count);
        e[row] = (entry){m->group[row], count[m->group[row]]++, row};
    }
    split(m, e);
done:
    lta_free(count);
    lta_free(e);
    return st;
}

lta_status lta_matcher_finish(const lta_matcher *m, lta_match *out)
{
    lta_status st = LTA_OK;
    lta_match match = {.n = {m->n[OLD], m->n[NEW]}};
    uint64_t *new_row = NULL;
    assert(m->told_apart);
    LTA_TRY(LTA_ALLOC(&match.new_of, m->n[OLD]));
    LTA_TRY(LTA_ALLOC(&new_row, m->n_groups));
    for (uint64_t g = 0; g < m->n_groups; g++)
        new_row[g] = LTA_NO_ROW;
    for (uint64_t j = 0; j < m->n[NEW]; j++)
        new_row[m->group[m->n[OLD] + j]] = j;
    for (uint64_t i = 0; i < m->n[OLD]; i++) {
        match.new_of[i] = new_row[m->group[i]];
        match.kept += match.new_of[i] != LTA_NO_ROW;
    }
    *out = match;
    match.new_of = NULL;
done:
    lta_free(new_row);
    lta_match_free(&match);
    return st;
}
