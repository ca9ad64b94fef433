/* pipeline/diff/diff_tables.c - summary tables, row by row of equal keys, and all other datasets, row by row.
 */
#include "pipeline/core/array.h"
#include "pipeline/diff/diff_internal.h"

#include <string.h>

static const char group[] = "/tables/";

/* Keys of tables whose first columns do not tell what a row is about. */
static const struct {
    const char *table, *columns[2];
} known_keys[] = {
    {"sessions", {"source", "source_session"}}, /* sessions are numbered anew when a source joins them */
    {"prefixes", {"owner", "depth"}},           /* so are nodes */
};

typedef struct table {
    const char *name;
    size_t name_length;
    uint64_t *column, n_columns, capacity; /* paths on both sides */
    bool *is_key;                          /* [n_columns] */
} table;

static const char *column_name(const lta_comparison *c, const table *t, uint64_t k)
{
    return lta_strings_get(&c->paths.strings, t->column[k]) + strlen(group) + t->name_length + 1;
}

static lta_status read_both(const lta_comparison *c, uint64_t path, lta_cells cells[2])
{
    lta_status st = LTA_OK;
    for (int side = OLD; side <= NEW && st == LTA_OK; side++)
        st = lta_cells_read(lta_diff_reader(c, side, path), lta_strings_get(&c->paths.strings, path),
                            &cells[side]);
    return st;
}

static void free_both(lta_cells cells[2])
{
    lta_cells_free(&cells[OLD]);
    lta_cells_free(&cells[NEW]);
}

static lta_status count_rows(const lta_comparison *c, const table *t, uint64_t n[2])
{
    lta_status st = LTA_OK;
    const char *path = lta_strings_get(&c->paths.strings, t->column[0]);
    for (int side = OLD; side <= NEW && st == LTA_OK; side++) {
        lta_type type;
        st = lta_reader_describe(lta_diff_reader(c, side, t->column[0]), path, &type, &n[side], NULL, NULL);
    }
    return st;
}

/* Splits the rows by a column; *usable false: floating-point numbers, or other types or lengths. */
static lta_status refine(const lta_comparison *c, table *t, uint64_t k, lta_matcher *m, bool only_texts,
                         bool *usable)
{
    lta_status st = LTA_OK;
    lta_cells cells[2] = {{0}, {0}};
    LTA_TRY(read_both(c, t->column[k], cells));
    *usable = cells[OLD].type == cells[NEW].type && cells[OLD].type != LTA_F64 && cells[OLD].n == m->n[OLD] &&
              cells[NEW].n == m->n[NEW] && (!only_texts || cells[OLD].type == LTA_STR);
    if (*usable) {
        LTA_TRY(lta_matcher_refine(m, &cells[OLD], &cells[NEW]));
        t->is_key[k] = true;
    }
done:
    free_both(cells);
    return st;
}

/* By the columns that are known to be the key, if all are there and tell rows apart. */
static lta_status split_by_known_key(const lta_comparison *c, table *t, lta_matcher *m)
{
    for (size_t known = 0; known < sizeof known_keys / sizeof *known_keys; known++) {
        if (strlen(known_keys[known].table) != t->name_length ||
            strncmp(known_keys[known].table, t->name, t->name_length) != 0)
            continue;
        for (uint64_t k = 0; k < t->n_columns; k++) {
            const char *name = column_name(c, t, k);
            bool usable;
            if (strcmp(name, known_keys[known].columns[0]) != 0 &&
                strcmp(name, known_keys[known].columns[1]) != 0)
                continue;
            lta_status st = refine(c, t, k, m, false, &usable);
            if (st != LTA_OK)
                return st;
        }
    }
    return LTA_OK;
}

/* By the leading columns: all texts, and integers until rows are told apart. */
static lta_status split_by_leading_columns(const lta_comparison *c, table *t, lta_matcher *m)
{
    for (uint64_t k = 0; k < t->n_columns; k++) {
        bool usable;
        lta_status st = refine(c, t, k, m, m->told_apart, &usable);
        if (st != LTA_OK)
            return st;
        if (!usable)
            break;
    }
    return LTA_OK;
}

static bool has_key(const table *t)
{
    for (uint64_t k = 0; k < t->n_columns; k++)
        if (t->is_key[k])
            return true;
    return false;
}

static lta_status match_rows(const lta_comparison *c, table *t, lta_match *out)
{
    lta_status st = LTA_OK;
    lta_matcher m = {0};
    uint64_t n[2];
    LTA_TRY(count_rows(c, t, n));
    LTA_TRY(lta_matcher_begin(&m, n[OLD], n[NEW]));
    LTA_TRY(split_by_known_key(c, t, &m));
    if (!has_key(t) || !m.told_apart) {
        memset(t->is_key, 0, (size_t)t->n_columns * sizeof *t->is_key);
        lta_matcher_free(&m);
        LTA_TRY(lta_matcher_begin(&m, n[OLD], n[NEW]));
        LTA_TRY(split_by_leading_columns(c, t, &m));
    }
    if (m.told_apart) {
        LTA_TRY(lta_matcher_finish(&m, out));
    } else {
        memset(t->is_key, 0, (size_t)t->n_columns * sizeof *t->is_key);
        *out = (lta_match){.n = {n[OLD], n[NEW]}, .kept = n[OLD] < n[NEW] ? n[OLD] : n[NEW]};
    }
done:
    lta_matcher_free(&m);
    return st;
}

static lta_status compare_dataset(const lta_comparison *c, uint64_t path, const char *name,
                                  const lta_match *m, uint8_t *changed, json_t *list)
{
    lta_status st = LTA_OK;
    lta_cells cells[2] = {{0}, {0}};
    json_t *found = NULL;
    LTA_TRY(read_both(c, path, cells));
    LTA_TRY(lta_cells_compare(c, name, &cells[OLD], &cells[NEW], m, changed, &found));
    if (found)
        LTA_TRY(lta_diff_append(list, json_incref(found)));
done:
    json_decref(found);
    free_both(cells);
    return st;
}

static lta_status compare_table(const lta_comparison *c, table *t, json_t *only[2], json_t *tables)
{
    lta_status st = LTA_OK;
    lta_match m = {0};
    uint8_t *changed = NULL;
    uint64_t n_changed = 0;
    json_t *o = json_object(), *columns = json_array(), *key = json_array();
    LTA_TRY(LTA_CALLOC(&t->is_key, t->n_columns));
    LTA_TRY(match_rows(c, t, &m));
    LTA_TRY(LTA_CALLOC(&changed, m.n[OLD]));
    for (uint64_t k = 0; k < t->n_columns; k++) {
        if (t->is_key[k])
            LTA_TRY(lta_diff_append(key, json_string(column_name(c, t, k))));
        else
            LTA_TRY(compare_dataset(c, t->column[k], column_name(c, t, k), &m, changed, columns));
    }
    if (m.kept == m.n[OLD] && m.kept == m.n[NEW] && json_array_size(columns) == 0 &&
        json_array_size(only[OLD]) == 0 && json_array_size(only[NEW]) == 0)
        goto done;
    for (uint64_t i = 0; i < m.n[OLD]; i++)
        n_changed += changed[i];
    LTA_TRY(lta_diff_put(o, "table", json_stringn(t->name, t->name_length)));
    LTA_TRY(lta_diff_put(o, "key", json_incref(key)));
    LTA_TRY(lta_diff_put(o, "old", lta_value_u64(m.n[OLD])));
    LTA_TRY(lta_diff_put(o, "new", lta_value_u64(m.n[NEW])));
    LTA_TRY(lta_diff_put(o, "added", lta_value_u64(m.n[NEW] - m.kept)));
    LTA_TRY(lta_diff_put(o, "removed", lta_value_u64(m.n[OLD] - m.kept)));
    LTA_TRY(lta_diff_put(o, "changed", lta_value_u64(n_changed)));
    LTA_TRY(lta_diff_put(o, "columns", json_incref(columns)));
    LTA_TRY(lta_diff_put(o, "columns_only_old", json_incref(only[OLD])));
    LTA_TRY(lta_diff_put(o, "columns_only_new", json_incref(only[NEW])));
    LTA_TRY(lta_diff_append(tables, json_incref(o)));
done:
    lta_free(changed);
    lta_match_free(&m);
    json_decref(o);
    json_decref(columns);
    json_decref(key);
    return st;
}

/* Gathers the columns of one table, and compares those that both sides have. */
static lta_status take_table(const lta_comparison *c, const char *name, size_t length, json_t *tables,
                             json_t *tables_only[2])
{
    lta_status st = LTA_OK;
    table t = {.name = name, .name_length = length};
    json_t *only[2] = {json_array(), json_array()};
    for (uint64_t i = 0; i < c->paths.strings.n; i++) {
        const char *path = lta_strings_get(&c->paths.strings, i);
        const lta_reader *a = lta_diff_reader(c, OLD, i), *b = lta_diff_reader(c, NEW, i);
        if (strncmp(path, group, strlen(group)) != 0 || strncmp(path + strlen(group), name, length) != 0 ||
            path[strlen(group) + length] != '/')
            continue;
        if (a && b) {
            LTA_TRY(LTA_GROW(&t.column, &t.capacity, t.n_columns + 1));
            t.column[t.n_columns++] = i;
        } else {
            LTA_TRY(lta_diff_append(only[a ? OLD : NEW], json_string(path + strlen(group) + length + 1)));
        }
    }
    if (t.n_columns > 0)
        LTA_TRY(compare_table(c, &t, only, tables));
    else
        LTA_TRY(lta_diff_append(tables_only[json_array_size(only[OLD]) > 0 ? OLD : NEW],
                                json_stringn(name, length)));
done:
    lta_free(t.column);
    lta_free(t.is_key);
    json_decref(only[OLD]);
    json_decref(only[NEW]);
    return st;
}

lta_status lta_diff_tables(lta_comparison *c)
{
    lta_status st = LTA_OK;
    lta_dictionary names = {0};
    json_t *tables = json_array(), *only[2] = {json_array(), json_array()};
    for (uint64_t i = 0; i < c->paths.strings.n; i++) {
        const char *path = lta_strings_get(&c->paths.strings, i), *name = path + strlen(group), *end;
        uint64_t known = names.strings.n, k;
        if (strncmp(path, group, strlen(group)) != 0 || !(end = strchr(name, '/')))
            continue;
        LTA_TRY(lta_dictionary_intern(&names, name, (size_t)(end - name), &k));
        if (k == known)
            LTA_TRY(take_table(c, name, (size_t)(end - name), tables, only));
    }
    LTA_TRY(lta_diff_put(c->result, "tables", json_incref(tables)));
    LTA_TRY(lta_diff_put(c->result, "tables_only_old", json_incref(only[OLD])));
    LTA_TRY(lta_diff_put(c->result, "tables_only_new", json_incref(only[NEW])));
done:
    lta_dictionary_free(&names);
    json_decref(tables);
    json_decref(only[OLD]);
    json_decref(only[NEW]);
    return st;
}

/* ---- all others ---- */

static bool begins_with(const char *path, const char *start)
{
    return strncmp(path, start, strlen(start)) == 0;
}

/* Compares a dataset by row; one more or fewer rows is a difference, too. */
static lta_status compare_by_row(const lta_comparison *c, uint64_t path, json_t *list)
{
    lta_status st = LTA_OK;
    lta_cells cells[2] = {{0}, {0}};
    json_t *found = NULL;
    const char *name = lta_strings_get(&c->paths.strings, path);
    LTA_TRY(read_both(c, path, cells));
    lta_match m = {.n = {cells[OLD].n, cells[NEW].n}};
    LTA_TRY(lta_cells_compare(c, name, &cells[OLD], &cells[NEW], &m, NULL, &found));
    if (!found && m.n[OLD] != m.n[NEW])
        found = json_pack("{s:s, s:i, s:[]}", "name", name, "differ", 0, "first");
    if (found || m.n[OLD] != m.n[NEW]) {
        LTA_TRY(lta_diff_put(found, "old", lta_value_u64(m.n[OLD])));
        LTA_TRY(lta_diff_put(found, "new", lta_value_u64(m.n[NEW])));
        LTA_TRY(lta_diff_append(list, json_incref(found)));
    }
done:
    json_decref(found);
    free_both(cells);
    return st;
}

lta_status lta_diff_datasets(lta_comparison *c)
{
    lta_status st = LTA_OK;
    json_t *datasets = json_array(), *only[2] = {json_array(), json_array()};
    bool requests = lta_diff_trace(c, OLD) && lta_diff_trace(c, NEW);
    for (uint64_t i = 0; i < c->paths.strings.n; i++) {
        const char *path = lta_strings_get(&c->paths.strings, i);
        const lta_place *p = &c->place[i];
        const lta_reader *a = lta_diff_reader(c, OLD, i), *b = lta_diff_reader(c, NEW, i);
        if (begins_with(path, group) ||
            (requests && (begins_with(path, "/dictionary/") || lta_diff_is_request_column(c, i))))
            continue;
        if (a && b) {
            /* columns of sources are in "sources"; equal files have equal datasets */
            if (!(requests && begins_with(path, "/sources/")) &&
                strcmp(lta_reader_digest(a), lta_reader_digest(b)) != 0)
                LTA_TRY(compare_by_row(c, i, datasets));
            continue;
        }
        int side = a ? OLD : NEW, file = p->file[side] - 1;
        if (c->reader[OLD][file] && c->reader[NEW][file]) /* else the file says it */
            LTA_TRY(lta_diff_append(only[side], json_string(path)));
    }
    LTA_TRY(lta_diff_put(c->result, "datasets", json_incref(datasets)));
    LTA_TRY(lta_diff_put(c->result, "datasets_only_old", json_incref(only[OLD])));
    LTA_TRY(lta_diff_put(c->result, "datasets_only_new", json_incref(only[NEW])));
done:
    json_decref(datasets);
    json_decref(only[OLD]);
    json_decref(only[NEW]);
    return st;
}
