/* pipeline/parquet/parquet_none.c - what parquet_arrow.h promises, in a build without Arrow: to say so. */
#include "pipeline/parquet/parquet_arrow.h"

static lta_status not_built(const char *file)
{
    return lta_fail(LTA_ERR_USAGE,
                    "%s: this lta was built without Parquet support; configure it with Arrow in reach: cmake "
                    "-DLTA_PYTHON=PYTHON where PYTHON has pyarrow, or an Arrow module or package",
                    file);
}

const char *lta_arrow_version(void)
{
    return NULL;
}

lta_status lta_arrow_reader_open(const char *file, const void *data, int64_t size, lta_arrow_reader **out,
                                 struct ArrowSchema *schema, lta_arrow_file_info *info)
{
    (void)data, (void)size, (void)out, (void)schema, (void)info;
    return not_built(file);
}

lta_status lta_arrow_reader_begin(lta_arrow_reader *r, const int *columns, int n_columns, int64_t batch_rows,
                                  struct ArrowSchema *schema)
{
    (void)r, (void)columns, (void)n_columns, (void)batch_rows, (void)schema;
    return not_built("Parquet");
}

lta_status lta_arrow_reader_next(lta_arrow_reader *r, struct ArrowArray *batch)
{
    (void)r, (void)batch;
    return not_built("Parquet");
}

void lta_arrow_reader_close(lta_arrow_reader *r)
{
    (void)r;
}

lta_status lta_arrow_writer_create(const char *file, FILE *stream, struct ArrowSchema *schema,
                                   lta_arrow_writer **out)
{
    (void)stream, (void)out;
    schema->release(schema);
    return not_built(file);
}

lta_status lta_arrow_writer_add(lta_arrow_writer *w, struct ArrowArray *batch)
{
    (void)w;
    batch->release(batch);
    return not_built("Parquet");
}

lta_status lta_arrow_writer_finish(lta_arrow_writer *w)
{
    (void)w;
    return not_built("Parquet");
}

void lta_arrow_writer_close(lta_arrow_writer *w)
{
    (void)w;
}
