/* pipeline/export/export_parquet.c - every request as a row of a Parquet table: the columns of --format csv,
 * in their own types.
 *
 * Dictionary columns and the source are text. A value that a source does not give is null. */
#include "pipeline/export/request_table.h"

#include "pipeline/core/array.h"
#include "pipeline/parquet/parquet_write.h"

#include <math.h>
#include <string.h>

static lta_parquet_type type_of(const lta_csv_column *c)
{
    static const lta_parquet_type types[] = {
        [LTA_U16] = LTA_PARQUET_U16, [LTA_U32] = LTA_PARQUET_U32, [LTA_U64] = LTA_PARQUET_U64,
        [LTA_I64] = LTA_PARQUET_I64, [LTA_F64] = LTA_PARQUET_F64, [LTA_STR] = LTA_PARQUET_TEXT};
    return c->index ? LTA_PARQUET_TEXT : types[c->type];
}

static void put_text(lta_parquet_writer *w, const lta_strings *texts, uint64_t i)
{
    if (i < texts->n)
        lta_parquet_put_text(w, lta_strings_get(texts, i), lta_strings_length(texts, i));
    else
        lta_parquet_put_null(w);
}

static void put_unsigned(lta_parquet_writer *w, const lta_csv_column *c, uint64_t v, uint64_t largest)
{
    if (c->no_value && v == largest)
        lta_parquet_put_null(w);
    else if (c->index)
        put_text(w, &c->texts, v);
    else
        lta_parquet_put_uint(w, v);
}

static void put_cell(lta_parquet_writer *w, const lta_csv_column *c, uint64_t r)
{
    double v;
    switch (c->type) {
    case LTA_U16:
        put_unsigned(w, c, ((const uint16_t *)c->data)[r], UINT16_MAX);
        break;
    case LTA_U32:
        put_unsigned(w, c, ((const uint32_t *)c->data)[r], UINT32_MAX);
        break;
    case LTA_U64:
        put_unsigned(w, c, ((const uint64_t *)c->data)[r], UINT64_MAX);
        break;
    case LTA_I64:
        lta_parquet_put_int(w, ((const int64_t *)c->data)[r]);
        break;
    case LTA_F64:
        v = ((const double *)c->data)[r];
        if (isnan(v))
            lta_parquet_put_null(w);
        else
            lta_parquet_put_f64(w, v);
        break;
    case LTA_STR:
        put_text(w, &c->texts, r);
        break;
    }
}

static lta_status create(const lta_export_target *x, const lta_request_table *t, lta_parquet_writer **out)
{
    lta_parquet_field *field;
    lta_status st = LTA_ALLOC(&field, t->n_columns + 1);
    if (st != LTA_OK)
        return st;
    field[0] = (lta_parquet_field){.name = "request", .type = LTA_PARQUET_U64};
    for (uint64_t c = 0; c < t->n_columns; c++)
        field[c + 1] = (lta_parquet_field){
            .name = lta_strings_get(&t->names, c), .type = type_of(&t->column[c]), .nullable = true};
    st = lta_parquet_create(x->name, x->stream, field, (unsigned)t->n_columns + 1, out);
    lta_free(field);
    return st;
}

lta_status lta_export_parquet(const lta_export_target *x)
{
    lta_status st = LTA_OK;
    lta_request_table t = {0};
    lta_parquet_writer *w = NULL;
    bool more;
    LTA_TRY(lta_request_table_open(x, &t));
    LTA_TRY(create(x, &t, &w));
    for (uint64_t r = 0;; r++) {
        LTA_TRY(lta_request_table_next(&t, &r, &more));
        if (!more)
            break;
        lta_parquet_put_uint(w, r);
        for (uint64_t c = 0; c < t.n_columns; c++)
            put_cell(w, &t.column[c], r);
        LTA_TRY(lta_parquet_end_row(w));
    }
    LTA_TRY(lta_parquet_finish(w));
done:
    lta_parquet_writer_close(w);
    lta_request_table_close(&t);
    return st;
}
