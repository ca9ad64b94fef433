/* pipeline/enrich/table_set.c - summary tables in memory and into enriched.h5. */
#include "pipeline/enrich/table_set.h"

#include "pipeline/core/array.h"
#include "pipeline/core/strings.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void column_free(lta_table_column *column)
{
    lta_free(column->name);
    lta_free(column->unit);
    lta_free(column->description);
    lta_free(column->data);
    lta_strings_free(&column->texts);
}

static void table_free(lta_table *t)
{
    if (!t)
        return;
    for (uint64_t c = 0; c < t->n_columns; c++)
        column_free(&t->column[c]);
    lta_free(t->column);
    lta_free(t->name);
    lta_free(t->description);
    lta_free(t);
}

lta_status lta_table_add(lta_table_set *set, const char *name, const char *description, lta_table **out)
{
    lta_status st = LTA_OK;
    lta_table *t = NULL;
    LTA_TRY(LTA_GROW(&set->table, &set->capacity, set->n + 1));
    LTA_TRY(LTA_CALLOC(&t, 1));
    LTA_TRY(lta_copy_text(name, strlen(name), &t->name));
    LTA_TRY(lta_copy_text(description, strlen(description), &t->description));
    set->table[set->n++] = t;
    *out = t;
    return LTA_OK;
done:
    table_free(t);
    return st;
}

lta_status lta_table_column_add(lta_table *t, lta_type type, const char *name, const char *unit,
                                const char *description)
{
    assert(t->n_rows == 0 && (type == LTA_STR || lta_type_size(type) == 8));
    lta_status st = LTA_OK;
    LTA_TRY(LTA_GROW(&t->column, &t->column_capacity, t->n_columns + 1));
    lta_table_column *column = &t->column[t->n_columns++];
    *column = (lta_table_column){.type = type};
    LTA_TRY(lta_copy_text(name, strlen(name), &column->name));
    LTA_TRY(lta_copy_text(unit, strlen(unit), &column->unit));
    LTA_TRY(lta_copy_text(description, strlen(description), &column->description));
    if (type != LTA_STR) /* so that a table without rows has valid columns */
        LTA_TRY(lta_grow_bytes(&column->data, &column->capacity, 1, 8));
done:
    return st;
}

lta_status lta_table_columns_add(lta_table *t, const lta_column_spec *specs)
{
    for (; specs->name; specs++) {
        lta_status st = lta_table_column_add(t, specs->type, specs->name, specs->unit, specs->description);
        if (st != LTA_OK)
            return st;
    }
    return LTA_OK;
}

lta_status lta_table_row(lta_table *t)
{
    assert(t->n_rows == 0 || t->cursor == t->n_columns);
    for (uint64_t c = 0; c < t->n_columns; c++) {
        if (t->column[c].type == LTA_STR)
            continue;
        lta_status st = lta_grow_bytes(&t->column[c].data, &t->column[c].capacity, t->n_rows + 1, 8);
        if (st != LTA_OK)
            return st;
    }
    t->n_rows++;
    t->cursor = 0;
    return LTA_OK;
}

static lta_table_column *next_cell(lta_table *t, lta_type type)
{
    assert(t->cursor < t->n_columns && t->column[t->cursor].type == type);
    (void)type;
    return &t->column[t->cursor++];
}

void lta_table_put_u64(lta_table *t, uint64_t value)
{
    ((uint64_t *)next_cell(t, LTA_U64)->data)[t->n_rows - 1] = value;
}

void lta_table_put_i64(lta_table *t, int64_t value)
{
    ((int64_t *)next_cell(t, LTA_I64)->data)[t->n_rows - 1] = value;
}

void lta_table_put_f64(lta_table *t, double value)
{
    ((double *)next_cell(t, LTA_F64)->data)[t->n_rows - 1] = value;
}

lta_status lta_table_put_text(lta_table *t, const char *text)
{
    return lta_strings_add_text(&next_cell(t, LTA_STR)->texts, text);
}

void lta_table_column_drop(lta_table_set *set, const char *table, const char *column)
{
    for (uint64_t i = 0; i < set->n; i++) {
        lta_table *t = set->table[i];
        for (uint64_t c = 0; strcmp(t->name, table) == 0 && c < t->n_columns; c++)
            if (strcmp(t->column[c].name, column) == 0) {
                column_free(&t->column[c]);
                memmove(&t->column[c], &t->column[c + 1], (size_t)(t->n_columns - c - 1) * sizeof *t->column);
                t->cursor -= t->n_rows > 0;
                t->n_columns--;
                return;
            }
    }
}

lta_status lta_table_set_write(const lta_table_set *set, lta_writer *w)
{
    lta_status st = LTA_OK;
    char *path = NULL;
    for (uint64_t i = 0; i < set->n; i++) {
        const lta_table *t = set->table[i];
        assert(t->n_rows == 0 || t->cursor == t->n_columns);
        for (uint64_t c = 0; c < t->n_columns; c++) {
            const lta_table_column *column = &t->column[c];
            size_t size = strlen(t->name) + strlen(column->name) + sizeof "/tables//";
            lta_free(path);
            path = NULL;
            LTA_TRY(LTA_ALLOC(&path, size));
            snprintf(path, size, "/tables/%s/%s", t->name, column->name);
            if (column->type == LTA_STR)
                LTA_TRY(lta_writer_strings(w, path, &column->texts, column->description));
            else
                LTA_TRY(lta_writer_column(w, path, column->type, column->data, t->n_rows, column->unit,
                                          column->description));
        }
        path[strlen("/tables/") + strlen(t->name)] = '\0';
        LTA_TRY(lta_writer_attribute_text(w, path, "description", t->description));
    }
done:
    lta_free(path);
    return st;
}

void lta_table_set_free(lta_table_set *set)
{
    for (uint64_t i = 0; i < set->n; i++)
        table_free(set->table[i]);
    lta_free(set->table);
    *set = (lta_table_set){0};
}
