/* pipeline/report/report_table.c - columns, cells and rows of a table of enriched.h5. */
#include "pipeline/report/report_table.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

lta_status lta_report_table_read(const lta_reader *r, const char *name, lta_report_table *out)
{
    lta_status st = LTA_OK;
    lta_report_table t = {0};
    char *group = NULL, *path = NULL, *unit = NULL, *description = NULL;
    LTA_TRY(lta_join_path("/tables", name, &group));
    *out = t;
    snprintf(t.name, sizeof t.name, "%s", name);
    if (lta_reader_has(r, group))
        LTA_TRY(lta_reader_members(r, group, &t.names));
    LTA_TRY(LTA_CALLOC(&t.column, t.names.n));
    for (uint64_t c = 0; c < t.names.n; c++) {
        lta_free(path);
        lta_free(unit);
        lta_free(description);
        path = unit = description = NULL;
        LTA_TRY(lta_join_path(group, lta_strings_get(&t.names, c), &path));
        LTA_TRY(lta_csv_column_read(r, path, &t.column[c]));
        t.n_columns++;
        LTA_TRY(lta_reader_describe(r, path, &t.column[c].type, &t.column[c].n, &unit, &description));
        LTA_TRY(lta_strings_add_text(&t.units, unit));
        LTA_TRY(lta_strings_add_text(&t.descriptions, description));
        if (c == 0)
            t.n_rows = t.column[c].n;
        if (t.column[c].n != t.n_rows) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:%s: %llu rows, expected %llu as in the columns before it",
                          lta_reader_path(r), path, (unsigned long long)t.column[c].n,
                          (unsigned long long)t.n_rows);
            goto done;
        }
    }
    *out = t;
    t = (lta_report_table){0};
done:
    lta_report_table_free(&t);
    lta_free(description);
    lta_free(unit);
    lta_free(path);
    lta_free(group);
    return st;
}

void lta_report_table_free(lta_report_table *t)
{
    for (uint64_t c = 0; c < t->n_columns; c++)
        lta_csv_column_free(&t->column[c]);
    lta_free(t->column);
    lta_strings_free(&t->names);
    lta_strings_free(&t->units);
    lta_strings_free(&t->descriptions);
    *t = (lta_report_table){0};
}

int lta_report_column(const lta_report_table *t, const char *name)
{
    for (uint64_t c = 0; c < t->n_columns; c++)
        if (strcmp(lta_strings_get(&t->names, c), name) == 0)
            return (int)c;
    return LTA_NO_COLUMN;
}

static const lta_csv_column *find(const lta_report_table *t, const char *name, uint64_t row)
{
    int c = lta_report_column(t, name);
    return c == LTA_NO_COLUMN || row >= t->n_rows ? NULL : &t->column[c];
}

static uint64_t unsigned_value(const lta_csv_column *c, uint64_t row)
{
    return c->type == LTA_U16   ? ((const uint16_t *)c->data)[row]
           : c->type == LTA_U32 ? ((const uint32_t *)c->data)[row]
                                : ((const uint64_t *)c->data)[row];
}

double lta_report_f64(const lta_report_table *t, const char *column, uint64_t row)
{
    const lta_csv_column *c = find(t, column, row);
    if (!c || c->type == LTA_STR)
        return NAN;
    if (c->type == LTA_F64)
        return ((const double *)c->data)[row];
    if (c->type == LTA_I64)
        return (double)((const int64_t *)c->data)[row];
    return (double)unsigned_value(c, row);
}

uint64_t lta_report_u64(const lta_report_table *t, const char *column, uint64_t row)
{
    const lta_csv_column *c = find(t, column, row);
    if (!c || c->type == LTA_STR || c->type == LTA_F64)
        return 0;
    if (c->type == LTA_I64) {
        int64_t value = ((const int64_t *)c->data)[row];
        return value < 0 ? 0 : (uint64_t)value;
    }
    return unsigned_value(c, row);
}

const char *lta_report_text(const lta_report_table *t, const char *column, uint64_t row)
{
    const lta_csv_column *c = find(t, column, row);
    return c && c->type == LTA_STR ? lta_strings_get(&c->texts, row) : "";
}

/* The value as in CSV. */
static void put_exact(lta_html *h, const lta_report_table *t, int column, uint64_t row)
{
    const lta_csv_column *c = &t->column[column];
    char text[LTA_NUMBER_TEXT];
    if (c->type == LTA_STR) {
        lta_html_name(h, lta_strings_get(&c->texts, row));
    } else if (c->type == LTA_I64) {
        lta_out_i64(&h->out, ((const int64_t *)c->data)[row]);
    } else if (c->type == LTA_F64) {
        double value = ((const double *)c->data)[row];
        if (isnan(value))
            return;
        if (c->ratio)
            lta_fixed(value, 9, text);
        else
            lta_shortest_f64(value, text);
        lta_html_raw(h, text);
    } else {
        lta_out_u64(&h->out, unsigned_value(c, row));
    }
}

/* The value for people: integers in groups of three digits, and a dash where there is none (-1). */
static void put_readable(lta_html *h, const lta_report_table *t, int column, uint64_t row)
{
    const lta_csv_column *c = &t->column[column];
    char text[LTA_NUMBER_TEXT];
    if (c->type == LTA_STR || c->type == LTA_F64)
        put_exact(h, t, column, row);
    else if (c->type == LTA_I64 && ((const int64_t *)c->data)[row] < 0)
        lta_html_raw(h, "-");
    else
        lta_html_raw(h, lta_group_digits(c->type == LTA_I64 ? (uint64_t)((const int64_t *)c->data)[row]
                                                            : unsigned_value(c, row),
                                         text));
}

/* The first column heads its row. */
static void put_row(lta_html *h, const lta_report_table *t, const int *chosen, uint64_t n_chosen,
                    uint64_t row, bool readable)
{
    lta_html_raw(h, "<tr>");
    for (uint64_t i = 0; i < n_chosen; i++) {
        bool text = t->column[chosen[i]].type == LTA_STR;
        lta_html_raw(h, i == 0 ? "<th scope=\"row\">" : text ? "<td class=\"text\">" : "<td>");
        (readable ? put_readable : put_exact)(h, t, chosen[i], row);
        lta_html_raw(h, i == 0 ? "</th>" : "</td>");
    }
    lta_html_raw(h, "</tr>\n");
}

void lta_report_rows(lta_html *h, const lta_report_table *t, const char *const *columns, const uint64_t *rows,
                     uint64_t n, bool open, const char *caption)
{
    enum { MOST_COLUMNS = 64 };
    int chosen[MOST_COLUMNS];
    uint64_t n_chosen = 0;
    char csv[80], a[LTA_NUMBER_TEXT], b[LTA_NUMBER_TEXT];
    if (columns) {
        for (; *columns && n_chosen < MOST_COLUMNS; columns++)
            if (lta_report_column(t, *columns) != LTA_NO_COLUMN)
                chosen[n_chosen++] = lta_report_column(t, *columns);
    } else {
        for (; n_chosen < t->n_columns && n_chosen < MOST_COLUMNS; n_chosen++)
            chosen[n_chosen] = (int)n_chosen;
    }
    n = n < t->n_rows || rows ? n : t->n_rows;
    snprintf(csv, sizeof csv, "%s.csv", t->name);
    lta_html_raw(h, open ? "<details open=\"open\">\n<summary>Numbers: " : "<details>\n<summary>Numbers: ");
    lta_html_text(h, caption);
    lta_html_raw(h, "</summary>\n<p class=\"soft\">");
    if (n < t->n_rows)
        lta_html_format(h,
                        "%s of %s rows; all of them, with every column, are in %s, which lta table writes.",
                        lta_group_digits(n, a), lta_group_digits(t->n_rows, b), csv);
    else
        lta_html_format(h, "All %s rows; %s, which lta table writes, has every column.",
                        lta_group_digits(n, a), csv);
    lta_html_raw(h, "</p>\n");
    lta_html_table_begin(h, csv, caption);
    for (uint64_t i = 0; i < n_chosen; i++) {
        uint64_t c = (uint64_t)chosen[i];
        if (t->column[c].type == LTA_STR)
            lta_html_text_head(h, lta_strings_get(&t->names, c));
        else
            lta_html_head(h, lta_strings_get(&t->names, c), lta_strings_get(&t->units, c));
    }
    lta_html_heads_end(h);
    for (uint64_t i = 0; i < n; i++)
        put_row(h, t, chosen, n_chosen, rows ? rows[i] : i, open);
    lta_html_table_end(h);
    lta_html_raw(h, "</details>\n");
}

void lta_report_upright(lta_html *h, const lta_report_table *t, uint64_t row, const char *caption)
{
    lta_html_table_begin(h, NULL, caption);
    lta_html_head(h, "name", "and what it is");
    lta_html_head(h, "value", "and its unit");
    lta_html_heads_end(h);
    for (uint64_t c = 0; c < t->n_columns; c++) {
        const char *unit = lta_strings_get(&t->units, c);
        lta_html_raw(h, "<tr><th scope=\"row\">");
        lta_html_text(h, lta_strings_get(&t->names, c));
        lta_html_raw(h, "<small>");
        lta_html_text(h, lta_strings_get(&t->descriptions, c));
        lta_html_raw(h, "</small></th><td>");
        put_readable(h, t, (int)c, row);
        if (strcmp(unit, "1") != 0) {
            lta_html_raw(h, "<small>");
            lta_html_text(h, unit);
            lta_html_raw(h, "</small>");
        }
        lta_html_raw(h, "</td></tr>\n");
    }
    lta_html_table_end(h);
}
