/* pipeline/table/csv.c - CSV written through one buffer, with its own integer formatting: tens of millions of
 * rows. */
#include "pipeline/table/csv.h"

#include "pipeline/core/array.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void lta_csv_begin(lta_csv *c, FILE *stream)
{
    c->stream = stream;
    c->used = 0;
    c->row_started = c->failed = false;
    c->error = 0;
}

static void flush(lta_csv *c)
{
    if (!c->failed && c->used > 0 && fwrite(c->buffer, 1, c->used, c->stream) != c->used) {
        c->failed = true;
        c->error = errno;
    }
    c->used = 0;
}

static void put(lta_csv *c, const char *bytes, size_t n)
{
    while (n > 0) {
        if (c->used == LTA_CSV_BUFFER)
            flush(c);
        size_t room = LTA_CSV_BUFFER - c->used, now = n < room ? n : room;
        memcpy(c->buffer + c->used, bytes, now);
        c->used += now;
        bytes += now;
        n -= now;
    }
}

static void begin_field(lta_csv *c)
{
    if (c->row_started)
        put(c, ",", 1);
    c->row_started = true;
}

void lta_csv_u64(lta_csv *c, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    begin_field(c);
    put(c, digits + at, sizeof digits - at);
}

void lta_csv_i64(lta_csv *c, int64_t value)
{
    if (value >= 0) {
        lta_csv_u64(c, (uint64_t)value);
        return;
    }
    begin_field(c);
    put(c, "-", 1);
    c->row_started = false; /* the digits belong to the same field */
    lta_csv_u64(c, (uint64_t)0 - (uint64_t)value);
}

/* snprintf writes the locale's decimal point; CSV has '.'. */
static void use_point(char *text)
{
    const char *point = localeconv()->decimal_point;
    size_t n = strlen(point);
    char *at = n == 0 || strcmp(point, ".") == 0 ? NULL : strstr(text, point);
    if (at) {
        *at = '.';
        memmove(at + 1, at + n, strlen(at + n) + 1);
    }
}

void lta_shortest_f64(double value, char out[LTA_CSV_NUMBER])
{
    /* 15 digits always survive the way to a normal double and back, so fewer are needed only if %.15g drops
     * zeros */
    char text[40];
    for (int precision = fabs(value) >= 1e-290 ? 15 : 1; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    use_point(text);
    memcpy(out, text, strlen(text) + 1);
}

void lta_csv_f64(lta_csv *c, double value, bool ratio)
{
    char text[LTA_CSV_NUMBER];
    begin_field(c);
    if (isnan(value))
        return;
    if (ratio) {
        snprintf(text, sizeof text, "%.9f", value);
        use_point(text);
    } else {
        lta_shortest_f64(value, text);
    }
    put(c, text, strlen(text));
}

void lta_csv_text(lta_csv *c, const char *text)
{
    begin_field(c);
    if (text[strcspn(text, ",\"\r\n")] == '\0') {
        put(c, text, strlen(text));
        return;
    }
    put(c, "\"", 1);
    for (const char *quote; (quote = strchr(text, '"')) != NULL; text = quote + 1) {
        put(c, text, (size_t)(quote - text) + 1);
        put(c, "\"", 1);
    }
    put(c, text, strlen(text));
    put(c, "\"", 1);
}

void lta_csv_end_row(lta_csv *c)
{
    put(c, "\n", 1);
    c->row_started = false;
}

lta_status lta_csv_finish(lta_csv *c, const char *name)
{
    flush(c);
    if (!c->failed && fflush(c->stream) != 0) {
        c->failed = true;
        c->error = errno;
    }
    return c->failed ? lta_fail_errno(LTA_ERR_RUN, c->error, "%s: could not be written", name) : LTA_OK;
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
    free(unit);
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
    free(c->data);
    lta_strings_free(&c->texts);
    *c = (lta_csv_column){0};
}
