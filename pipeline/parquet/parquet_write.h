/* pipeline/parquet/parquet_write.h - rows into a Parquet file, cell by cell.
 *
 * Columns are of fixed types; rows go out as row groups of some tens of megabytes, compressed with zstd. The
 * bytes are the same for the same rows and the same version of Arrow, which the file names as its creator. In
 * a build without Arrow, creating fails with LTA_ERR_USAGE. */
#ifndef LTA_PARQUET_PARQUET_WRITE_H
#define LTA_PARQUET_PARQUET_WRITE_H

#include "pipeline/core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* name, the type in the Arrow C data interface, bytes an element (of text: of an offset) */
#define LTA_PARQUET_TYPES(X)                                                                                 \
    X(LTA_PARQUET_U16, "S", 2)                                                                               \
    X(LTA_PARQUET_U32, "I", 4)                                                                               \
    X(LTA_PARQUET_U64, "L", 8)                                                                               \
    X(LTA_PARQUET_I32, "i", 4)                                                                               \
    X(LTA_PARQUET_I64, "l", 8)                                                                               \
    X(LTA_PARQUET_F64, "g", 8)                                                                               \
    X(LTA_PARQUET_TEXT, "U", 8)

typedef enum lta_parquet_type {
#define LTA_PARQUET_TYPE(name, format, bytes) name,
    LTA_PARQUET_TYPES(LTA_PARQUET_TYPE)
#undef LTA_PARQUET_TYPE
} lta_parquet_type;

typedef struct lta_parquet_field {
    const char *name; /* borrowed until create returns */
    lta_parquet_type type;
    bool nullable;
} lta_parquet_field;

typedef struct lta_parquet_writer lta_parquet_writer;

/* file: what messages call the stream; both are borrowed until close. */
LTA_MUST_CHECK lta_status lta_parquet_create(const char *file, FILE *stream, const lta_parquet_field *fields,
                                             unsigned n_fields, lta_parquet_writer **out);

/* The cells of a row, from left to right, each once and by the function of its column's type; integers must
 * fit. A failure is reported by end_row(). */
void lta_parquet_put_int(lta_parquet_writer *w, int64_t v);   /* I32, I64 */
void lta_parquet_put_uint(lta_parquet_writer *w, uint64_t v); /* U16, U32, U64 */
void lta_parquet_put_f64(lta_parquet_writer *w, double v);
void lta_parquet_put_text(lta_parquet_writer *w, const char *text, size_t length);
void lta_parquet_put_null(lta_parquet_writer *w); /* nullable columns */
LTA_MUST_CHECK lta_status lta_parquet_end_row(lta_parquet_writer *w);

LTA_MUST_CHECK lta_status lta_parquet_finish(lta_parquet_writer *w);
void lta_parquet_writer_close(lta_parquet_writer *w); /* accepts NULL */

#endif
