/* pipeline/import/table_cell.c - values of cells, and what stands for none. */
#include "pipeline/import/table_cell.h"

#include "pipeline/core/array.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char not_integer[] = "not an integer", not_number[] = "not a number",
                  out_of_range[] = "number out of range", wrong_type[] = "wrong type";

static bool is_none(const char *text, size_t length)
{
    static const char *const words[] = {"", "NaN", "nan", "null", "NULL", "None", "NA", "<NA>"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (length == strlen(words[i]) && memcmp(text, words[i], length) == 0)
            return true;
    return false;
}

lta_cell lta_cell_of_csv(const lta_csv_scan *c, uint64_t column, const char *name)
{
    lta_cell cell = {.name = name, .missing = true};
    if (column == LTA_NO_COLUMN)
        return cell;
    cell.text = lta_csv_scan_get(c, column, &cell.length);
    cell.missing = is_none(cell.text, cell.length);
    return cell;
}

lta_cell lta_cell_of_parquet(const lta_arrow_column *column, uint64_t row, const char *name)
{
    lta_cell cell = {.name = name, .column = column, .row = row};
    if (lta_arrow_is_null(column, row)) {
        cell.missing = true;
    } else if (column->kind == LTA_ARROW_TEXT) {
        cell.text = lta_arrow_text(column, row, &cell.length);
        cell.column = NULL;
        cell.missing = is_none(cell.text, cell.length);
    } else if (column->kind == LTA_ARROW_REAL) {
        cell.missing = isnan(lta_arrow_f64(column, row));
    }
    return cell;
}

static lta_status other_type(const lta_json *j, const lta_cell *cell, const char *expected)
{
    return lta_bad_row(j->place, wrong_type, "%s holds %s, expected %s", cell->name,
                       lta_arrow_kind_name(cell->column->kind), expected);
}

/* "3.0" means 3: how much of the text is the integer. */
static size_t without_zero_fraction(const char *text, size_t length)
{
    const char *point = memchr(text, '.', length);
    if (!point || point == text || point + 1 == text + length)
        return length;
    for (const char *p = point + 1; p < text + length; p++)
        if (*p != '0')
            return length;
    for (const char *p = text + (*text == '-' && point > text + 1); p < point; p++)
        if (*p < '0' || *p > '9')
            return length;
    return (size_t)(point - text);
}

static lta_status text_to_u64(const lta_json *j, const lta_cell *cell, uint64_t max, uint64_t *out)
{
    size_t n = without_zero_fraction(cell->text, cell->length);
    char quoted[LTA_EXCERPT];
    bool overflow = false;
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (cell->text[i] < '0' || cell->text[i] > '9')
            return lta_bad_row(j->place, not_integer, "%s is \"%s\", expected an integer, not negative",
                               cell->name, lta_excerpt(cell->text, cell->length, quoted));
        overflow |= __builtin_mul_overflow(*out, 10u, out) ||
                    __builtin_add_overflow(*out, (uint64_t)(cell->text[i] - '0'), out);
    }
    if (overflow || *out > max)
        return lta_bad_row(j->place, out_of_range, "%s is %s, expected at most %llu", cell->name,
                           lta_excerpt(cell->text, cell->length, quoted), (unsigned long long)max);
    return LTA_OK;
}

lta_status lta_cell_u64(const lta_json *j, const lta_cell *cell, uint64_t max, uint64_t *out)
{
    if (!cell->column)
        return text_to_u64(j, cell, max, out);
    if (cell->column->kind == LTA_ARROW_REAL) {
        double v = lta_arrow_f64(cell->column, cell->row);
        if (!(v >= 0) || v != floor(v))
            return lta_bad_row(j->place, not_integer, "%s is %.17g, expected an integer, not negative",
                               cell->name, v);
        if (v >= 0x1p64 || (uint64_t)v > max)
            return lta_bad_row(j->place, out_of_range, "%s is %.17g, expected at most %llu", cell->name, v,
                               (unsigned long long)max);
        *out = (uint64_t)v;
        return LTA_OK;
    }
    if (cell->column->kind != LTA_ARROW_INT)
        return other_type(j, cell, "integers");
    if (!lta_arrow_u64(cell->column, cell->row, out))
        return lta_bad_row(j->place, not_integer, "%s is %lld, expected an integer, not negative", cell->name,
                           (long long)*out);
    if (*out > max)
        return lta_bad_row(j->place, out_of_range, "%s is %llu, expected at most %llu", cell->name,
                           (unsigned long long)*out, (unsigned long long)max);
    return LTA_OK;
}

static lta_status text_to_f64(const lta_json *j, const lta_cell *cell, double *out)
{
    enum { LONGEST = 512 }; /* no writer of numbers needs as many digits */
    char text[LONGEST + 1], quoted[LTA_EXCERPT], *end = text;
    if (cell->length <= LONGEST) {
        memcpy(text, cell->text, cell->length);
        text[cell->length] = '\0';
        if (strspn(text, "+-.0123456789eE") == cell->length) {
            *out = strtod_l(text, &end, j->c_locale);
            if (end == text + cell->length && isfinite(*out))
                return LTA_OK;
        }
    }
    return lta_bad_row(j->place, not_number, "%s is \"%s\", expected a finite number", cell->name,
                       lta_excerpt(cell->text, cell->length, quoted));
}

lta_status lta_cell_f64(const lta_json *j, const lta_cell *cell, double *out)
{
    if (!cell->column)
        return text_to_f64(j, cell, out);
    if (cell->column->kind != LTA_ARROW_REAL && cell->column->kind != LTA_ARROW_INT)
        return other_type(j, cell, "numbers");
    *out = lta_arrow_f64(cell->column, cell->row);
    if (!isfinite(*out))
        return lta_bad_row(j->place, not_number, "%s is %g, expected a finite number", cell->name, *out);
    return LTA_OK;
}

lta_status lta_cell_text(const lta_json *j, const lta_cell *cell, char buffer[LTA_CELL_TEXT],
                         const char **text, size_t *length)
{
    if (!cell->column) {
        *text = cell->text;
        *length = without_zero_fraction(cell->text, cell->length);
        return LTA_OK;
    }
    int64_t v = 0;
    uint64_t u = 0;
    *text = buffer;
    if (cell->column->kind == LTA_ARROW_REAL) {
        double d = lta_arrow_f64(cell->column, cell->row);
        if (d != floor(d) || fabs(d) > 0x1p53)
            return lta_bad_row(j->place, not_integer, "%s is %.17g, expected an integer or text", cell->name,
                               d);
        v = (int64_t)d;
    } else if (cell->column->kind != LTA_ARROW_INT) {
        return other_type(j, cell, "integers or text");
    } else if (lta_arrow_u64(cell->column, cell->row, &u)) {
        *length = (size_t)snprintf(buffer, LTA_CELL_TEXT, "%llu", (unsigned long long)u);
        return LTA_OK;
    } else {
        v = (int64_t)u;
    }
    *length = (size_t)snprintf(buffer, LTA_CELL_TEXT, "%lld", (long long)v);
    return LTA_OK;
}

lta_status lta_cell_u64s(lta_json *j, const lta_cell *cell, lta_u64s *out)
{
    lta_status st = LTA_OK;
    if (!cell->column) {
        lta_json_begin(j, cell->text, cell->length);
        j->key = cell->name;
        LTA_TRY(lta_json_u64_array(j, out));
        j->key = NULL;
        return lta_json_end(j);
    }
    if (cell->column->kind != LTA_ARROW_LIST)
        return other_type(j, cell, "lists of integers, or text");
    lta_arrow_column items;
    uint64_t n = lta_arrow_list(cell->column, cell->row, &items);
    if (n > 0 && items.kind != LTA_ARROW_INT && items.kind != LTA_ARROW_NULL)
        return lta_bad_row(j->place, wrong_type, "%s holds lists of %s, expected lists of integers",
                           cell->name, lta_arrow_kind_name(items.kind));
    LTA_TRY(LTA_GROW(&out->item, &out->capacity, out->n + n));
    for (uint64_t i = 0; i < n; i++)
        if (lta_arrow_is_null(&items, i) || !lta_arrow_u64(&items, i, &out->item[out->n++]))
            return lta_bad_row(j->place, not_integer,
                               "%s holds no integer, not negative, at place %llu, expected only such",
                               cell->name, (unsigned long long)i);
done:
    return st;
}
