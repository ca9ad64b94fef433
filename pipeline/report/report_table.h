/* pipeline/report/report_table.h - the tables of enriched.h5 as the report needs them: columns by name,
 * values to draw, and rows to print as `lta table` prints them. */
#ifndef LTA_REPORT_REPORT_TABLE_H
#define LTA_REPORT_REPORT_TABLE_H

#include "pipeline/report/html_page.h"
#include "pipeline/store/store.h"
#include "pipeline/table/csv.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct lta_report_table {
    char name[64];
    uint64_t n_rows, n_columns; /* no column: the trace has no such table */
    lta_strings names;
    lta_strings units, descriptions;
    lta_csv_column *column;
} lta_report_table; /* all zero is empty */

/* A table that is not there is empty. */
LTA_MUST_CHECK lta_status lta_report_table_read(const lta_reader *r, const char *name, lta_report_table *out);
void lta_report_table_free(lta_report_table *t);

enum { LTA_NO_COLUMN = -1 };
int lta_report_column(const lta_report_table *t, const char *name); /* LTA_NO_COLUMN */
/* Absent columns and columns of text are NaN, 0 and "". */
double lta_report_f64(const lta_report_table *t, const char *column, uint64_t row);
uint64_t lta_report_u64(const lta_report_table *t, const char *column, uint64_t row);
const char *lta_report_text(const lta_report_table *t, const char *column, uint64_t row);

/* Rows of the table, in a <details>, with the columns named (those that the table has) or all of them:
 * columns NULL. rows [n] or NULL: the first n. Values as in CSV; open: shown at once, and with numbers for
 * people. Says where the other rows are. */
void lta_report_rows(lta_html *h, const lta_report_table *t, const char *const *columns, const uint64_t *rows,
                     uint64_t n, bool open, const char *caption);
/* The one row `row` as a table of two columns, which fit a phone: names with what they are, values with their
 * units. */
void lta_report_upright(lta_html *h, const lta_report_table *t, uint64_t row, const char *caption);

#endif
