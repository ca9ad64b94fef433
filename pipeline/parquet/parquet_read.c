/* pipeline/parquet/parquet_read.c - columns by name, batches of a size that fits any row. */
#include "pipeline/parquet/parquet_read.h"

#include "pipeline/core/array.h"
#include "pipeline/parquet/parquet_arrow.h"

#include <string.h>

struct lta_parquet {
    const char *file;
    lta_arrow_reader *reader;
    lta_arrow_file_info info;
    lta_strings names;
    unsigned n_selected;
    int64_t *child;            /* [n_selected] which child of the batches it is, -1 = not there */
    lta_arrow_column *column;  /* [n_selected] */
    struct ArrowSchema schema; /* of the batches */
    struct ArrowArray batch;
    int64_t rows_read;
};

bool lta_is_parquet(const lta_mapping *m)
{
    return m->size >= 4 && memcmp(m->data, "PAR1", 4) == 0;
}

static void release_schema(struct ArrowSchema *s)
{
    if (s->release)
        s->release(s);
    *s = (struct ArrowSchema){0};
}

static void release_batch(struct ArrowArray *a)
{
    if (a->release)
        a->release(a);
    *a = (struct ArrowArray){0};
}

lta_status lta_parquet_open(const char *file, const lta_mapping *data, lta_parquet **out)
{
    lta_status st = LTA_OK;
    lta_parquet *p = NULL;
    struct ArrowSchema schema = {0};
    LTA_TRY(LTA_CALLOC(&p, 1));
    p->file = file;
    LTA_TRY(lta_arrow_reader_open(file, data->data, (int64_t)data->size, &p->reader, &schema, &p->info));
    for (int64_t i = 0; i < schema.n_children; i++)
        LTA_TRY(lta_strings_add_text(&p->names, schema.children[i]->name));
    *out = p;
    p = NULL;
done:
    release_schema(&schema);
    lta_parquet_close(p);
    return st;
}

void lta_parquet_close(lta_parquet *p)
{
    if (!p)
        return;
    release_batch(&p->batch);
    release_schema(&p->schema);
    lta_arrow_reader_close(p->reader);
    lta_strings_free(&p->names);
    lta_free(p->child);
    lta_free(p->column);
    lta_free(p);
}

uint64_t lta_parquet_rows(const lta_parquet *p)
{
    return (uint64_t)p->info.rows;
}

const lta_strings *lta_parquet_names(const lta_parquet *p)
{
    return &p->names;
}

/* All names, for a message. */
static const char *list_names(const lta_parquet *p, char *text, size_t size)
{
    size_t at = 0;
    text[0] = '\0';
    for (uint64_t i = 0; i < p->names.n && at < size; i++)
        at +=
            (size_t)snprintf(text + at, size - at, "%s%s", i > 0 ? ", " : "", lta_strings_get(&p->names, i));
    return text;
}

/* The column of this name, -1 if there is none. */
static lta_status find(const lta_parquet *p, const char *name, bool needed, int *column)
{
    char names[400];
    *column = -1;
    for (uint64_t i = 0; i < p->names.n; i++) {
        if (strcmp(lta_strings_get(&p->names, i), name) != 0)
            continue;
        if (*column >= 0)
            return lta_fail(LTA_ERR_FORMAT, "%s: has more than one column %s, expected one", p->file, name);
        *column = (int)i;
    }
    if (*column < 0 && needed)
        return lta_fail(LTA_ERR_FORMAT, "%s: has no column %s, expected one; its columns are %s", p->file,
                        name, list_names(p, names, sizeof names));
    return LTA_OK;
}

/* Rows a batch: few where rows are long, as those with token lists are. */
static int64_t batch_rows(const lta_parquet *p)
{
    enum { BATCH_BYTES = 4 << 20, MOST_ROWS = 8192, FEWEST_ROWS = 32 };
    int64_t row = p->info.rows > 0 ? p->info.bytes / p->info.rows + 1 : 1, n = BATCH_BYTES / row;
    return n > MOST_ROWS ? MOST_ROWS : n < FEWEST_ROWS ? FEWEST_ROWS : n;
}

lta_status lta_parquet_select(lta_parquet *p, const char *const *names, unsigned n, unsigned n_needed)
{
    lta_status st = LTA_OK;
    int *columns = NULL, n_columns = 0;
    release_batch(&p->batch);
    release_schema(&p->schema);
    lta_free(p->child);
    lta_free(p->column);
    p->child = NULL;
    p->column = NULL;
    p->n_selected = n;
    p->rows_read = 0;
    LTA_TRY(LTA_ALLOC(&p->child, n));
    LTA_TRY(LTA_CALLOC(&p->column, n));
    LTA_TRY(LTA_ALLOC(&columns, n));
    for (unsigned k = 0; k < n; k++) {
        int column;
        LTA_TRY(find(p, names[k], k < n_needed, &column));
        p->child[k] = column >= 0 ? n_columns : -1;
        if (column >= 0)
            columns[n_columns++] = column;
    }
    LTA_TRY(lta_arrow_reader_begin(p->reader, columns, n_columns, batch_rows(p), &p->schema));
done:
    lta_free(columns);
    return st;
}

bool lta_parquet_has(const lta_parquet *p, unsigned k)
{
    return p->child[k] >= 0;
}

lta_status lta_parquet_next(lta_parquet *p, uint64_t *n_rows)
{
    release_batch(&p->batch);
    *n_rows = 0;
    lta_status st = lta_arrow_reader_next(p->reader, &p->batch);
    if (st != LTA_OK || !p->batch.release)
        return st;
    for (unsigned k = 0; k < p->n_selected; k++)
        if (p->child[k] >= 0)
            p->column[k] = lta_arrow_child(&p->schema, &p->batch, p->child[k]);
    *n_rows = (uint64_t)p->batch.length;
    p->rows_read += p->batch.length;
    return LTA_OK;
}

const lta_arrow_column *lta_parquet_columns(const lta_parquet *p)
{
    return p->column;
}

double lta_parquet_share(const lta_parquet *p)
{
    return p->info.rows > 0 ? (double)p->rows_read / (double)p->info.rows : 1;
}
