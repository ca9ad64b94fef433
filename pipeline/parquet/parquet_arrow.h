/* pipeline/parquet/parquet_arrow.h - the thin layer over Arrow's C++ library: Parquet files into record
 * batches and back, handed over by the Arrow C data interface. Used by parquet_read.c and parquet_write.c
 * alone.
 *
 * parquet_arrow.cc implements it; a build without Arrow has parquet_none.c instead, where opening and
 * creating fail with LTA_ERR_USAGE. No C++ exception leaves it. One thread does all the work. */
#ifndef LTA_PARQUET_PARQUET_ARROW_H
#define LTA_PARQUET_PARQUET_ARROW_H

#include "pipeline/core/status.h"
#include "pipeline/parquet/arrow_c_data.h"

#include <stdint.h>
#include <stdio.h>

/* "Arrow 26.0.1", or NULL in a build without. */
const char *lta_arrow_version(void);

typedef struct lta_arrow_reader lta_arrow_reader;

typedef struct lta_arrow_file_info {
    int64_t rows;
    int64_t bytes; /* of all column chunks, decompressed but encoded */
} lta_arrow_file_info;

/* Opens the bytes of a Parquet file, which are borrowed until close, as is `file`, its name for messages.
 * schema: a struct with a child per column; released by the caller. Errors: LTA_ERR_FORMAT, LTA_ERR_NOMEM. */
LTA_MUST_CHECK lta_status lta_arrow_reader_open(const char *file, const void *data, int64_t size,
                                                lta_arrow_reader **out, struct ArrowSchema *schema,
                                                lta_arrow_file_info *info);
/* Starts over at the first row, with the columns [n_columns] (children of the schema) and at most batch_rows
 * rows a batch. schema: that of the batches; released by the caller. */
LTA_MUST_CHECK lta_status lta_arrow_reader_begin(lta_arrow_reader *r, const int *columns, int n_columns,
                                                 int64_t batch_rows, struct ArrowSchema *schema);
/* The next rows, at least one; batch->release is NULL at the end. The batch belongs to the caller. */
LTA_MUST_CHECK lta_status lta_arrow_reader_next(lta_arrow_reader *r, struct ArrowArray *batch);
void lta_arrow_reader_close(lta_arrow_reader *r); /* accepts NULL */

typedef struct lta_arrow_writer lta_arrow_writer;

/* Starts a Parquet file (zstd) on a stream, which is borrowed until close, as is `file`, its name for
 * messages. The schema, a struct with a child per column, is taken over (released). Errors of writing:
 * LTA_ERR_RUN, LTA_ERR_SPACE. */
LTA_MUST_CHECK lta_status lta_arrow_writer_create(const char *file, FILE *stream, struct ArrowSchema *schema,
                                                  lta_arrow_writer **out);
/* Writes a batch as one row group. The batch is taken over (released); its buffers are not looked at after
 * the call. */
LTA_MUST_CHECK lta_status lta_arrow_writer_add(lta_arrow_writer *w, struct ArrowArray *batch);
LTA_MUST_CHECK lta_status lta_arrow_writer_finish(lta_arrow_writer *w); /* writes the footer */
void lta_arrow_writer_close(lta_arrow_writer *w);                       /* accepts NULL */

#endif
