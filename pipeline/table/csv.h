/* pipeline/table/csv.h - CSV (RFC 4180) from the columns of a store file.
 *
 * A header row, fields quoted where they must be, `.` as decimal point whatever the locale, no byte order
 * mark; lines end in LF, as in all text files of this project. Integers are plain. A f64 whose unit contains
 * '/' is a ratio and has 9 decimals; other f64 have the fewest digits that read back as the same number. NaN
 * is an empty field. */
#ifndef LTA_TABLE_CSV_H
#define LTA_TABLE_CSV_H

#include "pipeline/core/strings.h"
#include "pipeline/core/text_out.h"
#include "pipeline/store/store.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct lta_csv {
    lta_text_out out;
    bool row_started;
} lta_csv;

void lta_csv_begin(lta_csv *c, FILE *stream);
void lta_csv_begin_field(lta_csv *c); /* for a field whose text goes to c->out */
void lta_csv_u64(lta_csv *c, uint64_t value);
void lta_csv_i64(lta_csv *c, int64_t value);
void lta_csv_f64(lta_csv *c, double value, bool ratio);
void lta_csv_text(lta_csv *c, const char *text);
void lta_csv_end_row(lta_csv *c);
/* Hands what is buffered to the stream; name is what an error calls the output. Errors: LTA_ERR_RUN,
 * LTA_ERR_SPACE. */
LTA_MUST_CHECK lta_status lta_csv_finish(lta_csv *c, const char *name);

/* A column of a store file, ready to be printed. */
typedef struct lta_csv_column {
    lta_type type;
    bool ratio;
    bool no_value; /* the largest unsigned value means "not given": an empty field */
    uint64_t n;
    void *data;        /* [n] of type, unless LTA_STR */
    lta_strings texts; /* [n] of LTA_STR, or with index: what data points into */
    bool index;        /* print texts[data[i]] */
} lta_csv_column;

LTA_MUST_CHECK lta_status lta_csv_column_read(const lta_reader *r, const char *path, lta_csv_column *out);
void lta_csv_cell(lta_csv *c, const lta_csv_column *column, uint64_t row);
void lta_csv_column_free(lta_csv_column *c);

#endif
