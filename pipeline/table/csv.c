/* pipeline/table/csv.c - fields, quotes, and columns of a store file. */
#include "pipeline/table/csv.h"

#include "pipeline/core/array.h"

#include <math.h>
#include <string.h>

void lta_csv_begin(lta_csv *c, FILE *stream)
{
    lta_out_begin(&c->out, stream);
    c->row_started = false;
}

void lta_csv_begin_field(lta_csv *c)
{
    if (c->row_started)
        lta_out_bytes(&c->out, ",", 1);
    c->row_started = true;
}

void lta_csv_u64(lta_csv *c, uint64_t value)
{
    lta_csv_begin_field(c);
    lta_out_u64(&c->out, value);
}

void lta_csv_i64(lta_csv *c, int64_t value)
{
    lta_csv_begin_field(c);
    lta_out_i64(&c->out, value);
}

void lta_csv_f64(lta_csv *c, double value, bool ratio)
{
    enum { WIDEST = 400 }; /* %.9f of the largest double has 320 characters */
    char text[WIDEST];
    lta_csv_begin_field(c);
    if (isnan(value))
        return;
    if (ratio) {
        snprintf(text, sizeof text, "%.9f", value);
        lta_use_point(text);
    } else {
        lta_shortest_f64(value, text);
    }
    lta_out_text(&c->out, text);
}

void lta_csv_text(lta_csv *c, const char *text)
{
    lta_text_out *o = &c->out;
    lta_csv_begin_field(c);
    if (text[strcspn(text, ",\"\r\n")] == '\0') {
        lta_out_text(o, text);
        return;
    }
    lta_out_text(o, "\"");
    for (const char *quote; (quote = strchr(text, '"')) != NULL; text = quote + 1) {
        lta_out_bytes(o, text, (size_t)(quote - text) + 1);
        lta_out_text(o, "\"");
    }
    lta_out_text(o, text);
    lta_out_text(o, "\"");
}

void lta_csv_end_row(lta_csv *c)
{
    lta_out_bytes(&c->out, "\n", 1);
    c->row_started = false;
}

lta_status lta_csv_finish(lta_csv *c, const char *name)
{
    return lta_out_finish(&c->out, name);
}

lta_status lta_csv_column_read(const lta_reader *r, const char *path, lta_csv_column *out)
{
    lta_status st = LTA_OK;
    lta_csv_column c = {0};
    char *unit = NULL;
    LTA_TRY(lta_reader_describe(r, path, &c.type, &c.n, &unit, NULL));
    if (c.type == LTA_STR)
        LTA_TRY(lta_reader_strings(r, path, &c.texts));
    else
        LTA_TRY(lta_reader_column(r, path, c.type, &c.data, &c.n));
    c.ratio = c.type == LTA_F64 && strchr(unit, '/') != NULL;
    *out = c;
    c = (lta_csv_column){0};
done:
    lta_free(unit);
    lta_csv_column_free(&c);
    return st;
}

static void unsigned_cell(lta_csv *c, const lta_csv_column *column, uint64_t value, uint64_t largest)
{
    if (column->no_value && value == largest)
        lta_csv_text(c, "");
    else if (column->index)
        lta_csv_text(c, value < column->texts.n ? lta_strings_get(&column->texts, value) : "");
    else
        lta_csv_u64(c, value);
}

void lta_csv_cell(lta_csv *c, const lta_csv_column *column, uint64_t row)
{
    switch (column->type) {
    case LTA_U16:
        unsigned_cell(c, column, ((const uint16_t *)column->data)[row], UINT16_MAX);
        break;
    case LTA_U32:
        unsigned_cell(c, column, ((const uint32_t *)column->data)[row], UINT32_MAX);
        break;
    case LTA_U64:
        unsigned_cell(c, column, ((const uint64_t *)column->data)[row], UINT64_MAX);
        break;
    case LTA_I64:
        lta_csv_i64(c, ((const int64_t *)column->data)[row]);
        break;
    case LTA_F64:
        lta_csv_f64(c, ((const double *)column->data)[row], column->ratio);
        break;
    case LTA_STR:
        lta_csv_text(c, lta_strings_get(&column->texts, row));
        break;
    }
}

void lta_csv_column_free(lta_csv_column *c)
{
    lta_free(c->data);
    lta_strings_free(&c->texts);
    *c = (lta_csv_column){0};
}
