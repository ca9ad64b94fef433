/* pipeline/import/table_cell.h - a cell of a table that comes as CSV or as Parquet, read alike from both.
 *
 * pandas writes such tables: a column of integers with gaps becomes one of floating-point numbers ("3.0"),
 * and a gap is an empty field, NaN, null or None. Errors are lta_bad_row() of the scanner's place. */
#ifndef LTA_IMPORT_TABLE_CELL_H
#define LTA_IMPORT_TABLE_CELL_H

#include "pipeline/import/csv_scan.h"
#include "pipeline/import/json_scan.h"
#include "pipeline/parquet/arrow_column.h"

typedef struct lta_cell {
    const char *name;               /* of its column, for messages */
    const char *text;               /* CSV, and texts in Parquet */
    size_t length;                  /* of text */
    const lta_arrow_column *column; /* other values in Parquet, at `row`; NULL: there is text, or nothing */
    uint64_t row;
    bool missing;
} lta_cell;

/* column LTA_NO_COLUMN: missing. Valid until the next row. */
lta_cell lta_cell_of_csv(const lta_csv_scan *c, uint64_t column, const char *name);
lta_cell lta_cell_of_parquet(const lta_arrow_column *column, uint64_t row, const char *name);

/* An integer from 0 to max. Here and below the cell is not missing. */
LTA_MUST_CHECK lta_status lta_cell_u64(const lta_json *j, const lta_cell *cell, uint64_t max, uint64_t *out);
/* A finite number, as the nearest double. */
LTA_MUST_CHECK lta_status lta_cell_f64(const lta_json *j, const lta_cell *cell, double *out);
/* A text, or an integer as text: 3 and 3.0 are "3". It lies in the cell or in buffer. */
enum { LTA_CELL_TEXT = 32 };
LTA_MUST_CHECK lta_status lta_cell_text(const lta_json *j, const lta_cell *cell, char buffer[LTA_CELL_TEXT],
                                        const char **text, size_t *length);
/* A list of integers from 0 to 2^64 - 1, or a text that holds a JSON array of them; appended to out. */
LTA_MUST_CHECK lta_status lta_cell_u64s(lta_json *j, const lta_cell *cell, lta_u64s *out);

#endif
