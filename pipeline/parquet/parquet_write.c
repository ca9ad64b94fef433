/* pipeline/parquet/parquet_write.c - collects the cells of a row group in the buffers of the Arrow columnar
 * format, and hands them over when they are many. */
#include "pipeline/parquet/parquet_write.h"

#include "pipeline/core/array.h"
#include "pipeline/parquet/parquet_arrow.h"

#include <assert.h>
#include <string.h>

enum { GROUP_BYTES = 64 << 20, GROUP_ROWS = 1 << 20 };

static const struct {
    const char *format;
    size_t bytes;
} types[] = {
#define TYPE(name, format, bytes) {format, bytes},
    LTA_PARQUET_TYPES(TYPE)
#undef TYPE
};

typedef struct column {
    lta_parquet_type type;
    bool nullable;
    unsigned char *valid; /* a bit a row */
    unsigned char *value; /* elements; of text: offsets, one more than rows */
    char *text;
    uint64_t valid_capacity, value_capacity, text_capacity; /* in bytes */
    uint64_t n_text, n_null;
} column;

struct lta_parquet_writer {
    const char *file;
    lta_arrow_writer *arrow;
    column *column;
    unsigned n_columns, at; /* at: the cell to come */
    uint64_t rows, bytes;   /* of the row group being collected */
    lta_status failed;
};

/* What is handed over lives in a writer or on the stack: there is nothing to release but the mark itself. */
static void release_schema(struct ArrowSchema *s)
{
    for (int64_t i = 0; i < s->n_children; i++)
        s->children[i]->release = NULL;
    s->release = NULL;
}

static void release_array(struct ArrowArray *a)
{
    for (int64_t i = 0; i < a->n_children; i++)
        a->children[i]->release = NULL;
    a->release = NULL;
}

static lta_status create_arrow(lta_parquet_writer *w, FILE *stream, const lta_parquet_field *fields)
{
    lta_status st = LTA_OK;
    struct ArrowSchema *child = NULL, **children = NULL;
    LTA_TRY(LTA_CALLOC(&child, w->n_columns));
    LTA_TRY(LTA_CALLOC(&children, w->n_columns));
    for (unsigned i = 0; i < w->n_columns; i++) {
        child[i] = (struct ArrowSchema){.format = types[fields[i].type].format,
                                        .name = fields[i].name,
                                        .flags = fields[i].nullable ? ARROW_FLAG_NULLABLE : 0,
                                        .release = release_schema};
        children[i] = &child[i];
    }
    struct ArrowSchema all = {.format = "+s",
                              .name = "",
                              .n_children = w->n_columns,
                              .children = children,
                              .release = release_schema};
    LTA_TRY(lta_arrow_writer_create(w->file, stream, &all, &w->arrow));
done:
    lta_free(children);
    lta_free(child);
    return st;
}

lta_status lta_parquet_create(const char *file, FILE *stream, const lta_parquet_field *fields,
                              unsigned n_fields, lta_parquet_writer **out)
{
    lta_status st = LTA_OK;
    lta_parquet_writer *w = NULL;
    LTA_TRY(LTA_CALLOC(&w, 1));
    *w = (lta_parquet_writer){.file = file, .n_columns = n_fields};
    LTA_TRY(LTA_CALLOC(&w->column, n_fields));
    for (unsigned i = 0; i < n_fields; i++)
        w->column[i] = (column){.type = fields[i].type, .nullable = fields[i].nullable};
    LTA_TRY(create_arrow(w, stream, fields));
    *out = w;
    w = NULL;
done:
    lta_parquet_writer_close(w);
    return st;
}

void lta_parquet_writer_close(lta_parquet_writer *w)
{
    if (!w)
        return;
    lta_arrow_writer_close(w->arrow);
    for (unsigned i = 0; w->column && i < w->n_columns; i++) {
        lta_free(w->column[i].valid);
        lta_free(w->column[i].value);
        lta_free(w->column[i].text);
    }
    lta_free(w->column);
    lta_free(w);
}

/* Puts the element, or an offset, into place `row` of the column. */
static lta_status put(column *c, uint64_t row, const void *element)
{
    size_t size = types[c->type].bytes;
    lta_status st = LTA_GROW(&c->value, &c->value_capacity, (row + 1) * size);
    if (st == LTA_OK)
        memcpy(c->value + row * size, element, size);
    return st;
}

static lta_status put_validity(column *c, uint64_t row, bool valid)
{
    lta_status st = LTA_GROW(&c->valid, &c->valid_capacity, row / 8 + 1);
    if (st != LTA_OK)
        return st;
    if (row % 8 == 0)
        c->valid[row / 8] = 0;
    c->valid[row / 8] |= (unsigned char)(valid << row % 8);
    c->n_null += !valid;
    return LTA_OK;
}

/* A cell; element NULL: text [length]. */
static void put_cell(lta_parquet_writer *w, bool valid, const void *element, const char *text, size_t length)
{
    lta_status st = w->failed;
    assert(w->at < w->n_columns);
    column *c = &w->column[w->at++];
    LTA_TRY(st);
    assert(valid || c->nullable);
    if (c->nullable)
        LTA_TRY(put_validity(c, w->rows, valid));
    if (element) {
        LTA_TRY(put(c, w->rows, element));
    } else {
        if (w->rows == 0)
            LTA_TRY(put(c, 0, &(int64_t){0}));
        LTA_TRY(LTA_GROW(&c->text, &c->text_capacity, c->n_text + length));
        if (length > 0)
            memcpy(c->text + c->n_text, text, length);
        c->n_text += length;
        LTA_TRY(put(c, w->rows + 1, &(int64_t){(int64_t)c->n_text}));
    }
    w->bytes += types[c->type].bytes + length;
done:
    w->failed = st;
}

void lta_parquet_put_int(lta_parquet_writer *w, int64_t v)
{
    lta_parquet_type type = w->column[w->at].type;
    int32_t narrow = (int32_t)v;
    assert(type == LTA_PARQUET_I64 || (type == LTA_PARQUET_I32 && narrow == v));
    put_cell(w, true, type == LTA_PARQUET_I32 ? (void *)&narrow : &v, NULL, 0);
}

void lta_parquet_put_uint(lta_parquet_writer *w, uint64_t v)
{
    lta_parquet_type type = w->column[w->at].type;
    uint16_t v16 = (uint16_t)v;
    uint32_t v32 = (uint32_t)v;
    assert(type == LTA_PARQUET_U64 || (type == LTA_PARQUET_U32 && v32 == v) ||
           (type == LTA_PARQUET_U16 && v16 == v));
    put_cell(w, true,
             type == LTA_PARQUET_U16   ? (void *)&v16
             : type == LTA_PARQUET_U32 ? (void *)&v32
                                       : &v,
             NULL, 0);
}

void lta_parquet_put_f64(lta_parquet_writer *w, double v)
{
    assert(w->column[w->at].type == LTA_PARQUET_F64);
    put_cell(w, true, &v, NULL, 0);
}

void lta_parquet_put_text(lta_parquet_writer *w, const char *text, size_t length)
{
    assert(w->column[w->at].type == LTA_PARQUET_TEXT);
    put_cell(w, true, NULL, text, length);
}

void lta_parquet_put_null(lta_parquet_writer *w)
{
    static const uint64_t zero = 0;
    put_cell(w, false, w->column[w->at].type == LTA_PARQUET_TEXT ? NULL : &zero, NULL, 0);
}

static lta_status write_group(lta_parquet_writer *w)
{
    enum { BUFFERS = 3 };
    lta_status st = LTA_OK;
    struct ArrowArray *child = NULL, **children = NULL;
    const void *(*buffers)[BUFFERS] = NULL, *no_validity = NULL;
    LTA_TRY(LTA_CALLOC(&child, w->n_columns));
    LTA_TRY(LTA_CALLOC(&children, w->n_columns));
    LTA_TRY(LTA_CALLOC(&buffers, w->n_columns));
    for (unsigned i = 0; i < w->n_columns; i++) {
        const column *c = &w->column[i];
        buffers[i][0] = c->n_null > 0 ? c->valid : NULL;
        buffers[i][1] = c->value;
        buffers[i][2] = c->text;
        child[i] = (struct ArrowArray){.length = (int64_t)w->rows,
                                       .null_count = (int64_t)c->n_null,
                                       .n_buffers = c->type == LTA_PARQUET_TEXT ? 3 : 2,
                                       .buffers = buffers[i],
                                       .release = release_array};
        children[i] = &child[i];
    }
    struct ArrowArray all = {.length = (int64_t)w->rows,
                             .n_buffers = 1,
                             .n_children = w->n_columns,
                             .buffers = &no_validity,
                             .children = children,
                             .release = release_array};
    LTA_TRY(lta_arrow_writer_add(w->arrow, &all));
    for (unsigned i = 0; i < w->n_columns; i++)
        w->column[i].n_text = w->column[i].n_null = 0;
    w->rows = w->bytes = 0;
done:
    lta_free(buffers);
    lta_free(children);
    lta_free(child);
    return st;
}

lta_status lta_parquet_end_row(lta_parquet_writer *w)
{
    if (w->failed != LTA_OK)
        return w->failed;
    assert(w->at == w->n_columns);
    w->at = 0;
    w->rows++;
    return w->bytes >= GROUP_BYTES || w->rows >= GROUP_ROWS ? write_group(w) : LTA_OK;
}

lta_status lta_parquet_finish(lta_parquet_writer *w)
{
    lta_status st = LTA_OK;
    if (w->rows > 0)
        LTA_TRY(write_group(w));
    LTA_TRY(lta_arrow_writer_finish(w->arrow));
done:
    return st;
}
