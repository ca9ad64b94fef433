/* pipeline/diff/diff_sources.c - which source files are the same, which changed, and how. */
#include "pipeline/core/array.h"
#include "pipeline/diff/diff_internal.h"

#include <string.h>

typedef struct source_columns { /* the columns of /sources that both sides have */
    uint64_t n;
    lta_strings name;
    lta_cells *side[2]; /* [n] */
} source_columns;

static void columns_free(source_columns *s)
{
    for (int side = OLD; side <= NEW; side++) {
        for (uint64_t k = 0; s->side[side] && k < s->name.n; k++)
            lta_cells_free(&s->side[side][k]);
        lta_free(s->side[side]);
    }
    lta_strings_free(&s->name);
}

static lta_status columns_read(const lta_comparison *c, source_columns *s)
{
    static const char group[] = "/sources/";
    lta_status st = LTA_OK;
    const lta_strings *paths = &c->paths.strings;
    for (uint64_t i = 0; i < paths->n; i++) {
        const char *path = lta_strings_get(paths, i);
        if (strncmp(path, group, strlen(group)) == 0 && lta_diff_reader(c, OLD, i) &&
            lta_diff_reader(c, NEW, i))
            LTA_TRY(lta_strings_add_text(&s->name, path));
    }
    for (int side = OLD; side <= NEW; side++) {
        LTA_TRY(LTA_CALLOC(&s->side[side], s->name.n));
        for (uint64_t k = 0; k < s->name.n; k++)
            LTA_TRY(lta_cells_read(lta_diff_trace(c, side), lta_strings_get(&s->name, k), &s->side[side][k]));
    }
done:
    return st;
}

/* The column of that name on a side, which must be a text. */
static lta_status find(const source_columns *s, const lta_comparison *c, int side, const char *path,
                       const lta_cells **out)
{
    for (uint64_t k = 0; k < s->name.n; k++)
        if (strcmp(lta_strings_get(&s->name, k), path) == 0 && s->side[side][k].type == LTA_STR) {
            *out = &s->side[side][k];
            return LTA_OK;
        }
    return lta_fail(LTA_ERR_FORMAT, "%s:%s: expected a text column on both sides",
                    lta_reader_path(lta_diff_trace(c, side)), path);
}

static lta_status check_rows(const source_columns *s, int side, uint64_t n)
{
    for (uint64_t k = 0; k < s->name.n; k++)
        if (s->side[side][k].n != n)
            return lta_fail(LTA_ERR_FORMAT, "%s:%s: expected %llu rows as in /sources/name",
                            s->side[side][k].at_file, lta_strings_get(&s->name, k), (unsigned long long)n);
    return LTA_OK;
}

/* Those without a partner by name that have the same bytes: a file that was renamed. */
static lta_status match_by_digest(const lta_cells *a, const lta_cells *b, lta_match *m, uint8_t *taken)
{
    lta_status st = LTA_OK;
    lta_dictionary digests = {0};
    uint64_t *old_of = NULL, k;
    LTA_TRY(LTA_ALLOC(&old_of, m->n[OLD]));
    for (uint64_t i = 0; i < m->n[OLD]; i++) {
        if (m->new_of[i] != LTA_NO_ROW)
            continue;
        uint64_t known = digests.strings.n;
        LTA_TRY(lta_dictionary_intern(&digests, lta_strings_get(&a->texts, i),
                                      (size_t)lta_strings_length(&a->texts, i), &k));
        if (k == known) /* of equal ones the first */
            old_of[k] = i;
    }
    uint64_t n_digests = digests.strings.n;
    for (uint64_t j = 0; j < m->n[NEW]; j++) {
        if (taken[j])
            continue;
        LTA_TRY(lta_dictionary_intern(&digests, lta_strings_get(&b->texts, j),
                                      (size_t)lta_strings_length(&b->texts, j), &k));
        if (k >= n_digests || old_of[k] == LTA_NO_ROW)
            continue;
        m->new_of[old_of[k]] = j;
        m->kept++;
        taken[j] = 1;
        old_of[k] = LTA_NO_ROW;
    }
done:
    lta_free(old_of);
    lta_dictionary_free(&digests);
    return st;
}

static lta_status match_sources(const lta_comparison *c, const source_columns *s, lta_match *out)
{
    lta_status st = LTA_OK;
    lta_matcher m = {0};
    lta_match match = {0};
    uint8_t *taken = NULL;
    const lta_cells *name[2], *file[2], *digest[2];
    for (int side = OLD; side <= NEW; side++) {
        LTA_TRY(find(s, c, side, "/sources/name", &name[side]));
        LTA_TRY(find(s, c, side, "/sources/file", &file[side]));
        LTA_TRY(find(s, c, side, "/sources/xxh3_128", &digest[side]));
        LTA_TRY(check_rows(s, side, name[side]->n));
    }
    LTA_TRY(lta_matcher_begin(&m, name[OLD]->n, name[NEW]->n));
    LTA_TRY(lta_matcher_refine(&m, name[OLD], name[NEW]));
    LTA_TRY(lta_matcher_refine(&m, file[OLD], file[NEW]));
    LTA_TRY(lta_matcher_count_repeats(&m));
    LTA_TRY(lta_matcher_finish(&m, &match));
    LTA_TRY(LTA_CALLOC(&taken, match.n[NEW]));
    for (uint64_t i = 0; i < match.n[OLD]; i++)
        if (match.new_of[i] != LTA_NO_ROW)
            taken[match.new_of[i]] = 1;
    LTA_TRY(match_by_digest(digest[OLD], digest[NEW], &match, taken));
    *out = match;
    match.new_of = NULL;
done:
    lta_free(taken);
    lta_match_free(&match);
    lta_matcher_free(&m);
    return st;
}

/* One source with all its columns. */
static json_t *source_json(const source_columns *s, int side, uint64_t row)
{
    json_t *o = json_object();
    for (uint64_t k = 0; o && k < s->name.n; k++)
        if (json_object_set_new(o, lta_strings_get(&s->name, k) + strlen("/sources/"),
                                lta_cells_value(&s->side[side][k], row)) != 0) {
            json_decref(o);
            return NULL;
        }
    return o;
}

/* Adds the source to `changed` where a column differs; *same tells. */
static lta_status compare_source(const source_columns *s, uint64_t i, uint64_t j, json_t *changed, bool *same)
{
    lta_status st = LTA_OK;
    json_t *changes = json_array();
    const char *name = "";
    for (uint64_t k = 0; k < s->name.n; k++) {
        const lta_cells *a = &s->side[OLD][k], *b = &s->side[NEW][k];
        const char *column = lta_strings_get(&s->name, k) + strlen("/sources/");
        if (strcmp(column, "name") == 0 && a->type == LTA_STR)
            name = lta_strings_get(&a->texts, i);
        if (!lta_cells_equal(a, i, b, j))
            LTA_TRY(lta_diff_append(changes, json_pack("{s:s, s:o, s:o}", "column", column, "old",
                                                       lta_cells_value(a, i), "new", lta_cells_value(b, j))));
    }
    *same = json_array_size(changes) == 0;
    if (!*same)
        LTA_TRY(lta_diff_append(changed, json_pack("{s:s, s:O}", "name", name, "changes", changes)));
done:
    json_decref(changes);
    return st;
}

static lta_status describe(const source_columns *s, const lta_match *m, const uint64_t *new_number,
                           json_t *result)
{
    lta_status st = LTA_OK;
    json_t *o = json_object(), *added = json_array(), *removed = json_array(), *changed = json_array();
    uint64_t n_same = 0;
    for (uint64_t i = 0; i < m->n[OLD]; i++) {
        bool same = false;
        if (m->new_of[i] == LTA_NO_ROW)
            LTA_TRY(lta_diff_append(removed, source_json(s, OLD, i)));
        else
            LTA_TRY(compare_source(s, i, m->new_of[i], changed, &same));
        n_same += same;
    }
    for (uint64_t j = 0; j < m->n[NEW]; j++)
        if (new_number[j] >= m->n[OLD])
            LTA_TRY(lta_diff_append(added, source_json(s, NEW, j)));
    LTA_TRY(lta_diff_put(o, "old", lta_value_u64(m->n[OLD])));
    LTA_TRY(lta_diff_put(o, "new", lta_value_u64(m->n[NEW])));
    LTA_TRY(lta_diff_put(o, "same", lta_value_u64(n_same)));
    LTA_TRY(lta_diff_put(o, "added", json_incref(added)));
    LTA_TRY(lta_diff_put(o, "removed", json_incref(removed)));
    LTA_TRY(lta_diff_put(o, "changed", json_incref(changed)));
    LTA_TRY(lta_diff_put(result, "sources", json_incref(o)));
done:
    json_decref(o);
    json_decref(added);
    json_decref(removed);
    json_decref(changed);
    return st;
}

lta_status lta_diff_sources(lta_comparison *c, uint64_t *number[2], uint64_t n[2])
{
    lta_status st = LTA_OK;
    source_columns s = {0};
    lta_match m = {0};
    uint64_t *made[2] = {NULL, NULL};
    LTA_TRY(columns_read(c, &s));
    LTA_TRY(match_sources(c, &s, &m));
    for (int side = OLD; side <= NEW; side++) {
        LTA_TRY(LTA_ALLOC(&made[side], m.n[side]));
        for (uint64_t i = 0; i < m.n[side]; i++)
            made[side][i] = side == OLD ? i : m.n[OLD] + i;
    }
    for (uint64_t i = 0; i < m.n[OLD]; i++)
        if (m.new_of[i] != LTA_NO_ROW)
            made[NEW][m.new_of[i]] = i;
    LTA_TRY(describe(&s, &m, made[NEW], c->result));
    for (int side = OLD; side <= NEW; side++) {
        number[side] = made[side];
        n[side] = m.n[side];
        made[side] = NULL;
    }
done:
    lta_free(made[OLD]);
    lta_free(made[NEW]);
    lta_match_free(&m);
    columns_free(&s);
    return st;
}
