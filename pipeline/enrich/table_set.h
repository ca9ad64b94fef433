/* pipeline/enrich/table_set.h - summary tables in memory: named columns with type, unit and description,
 * filled row by row.
 *
 * Columns are declared first; then each lta_table_row() opens a row whose cells are put in the order of the
 * columns. A f64 column is a ratio of two integers exactly if its unit contains '/' (it names numerator and
 * denominator); CSV prints ratios with 9 decimals and other reals with the digits they need. */
#ifndef LTA_ENRICH_TABLE_SET_H
#define LTA_ENRICH_TABLE_SET_H

#include "pipeline/core/strings.h"
#include "pipeline/store/store.h"

#include <stdint.h>

typedef struct lta_table_column {
    char *name, *unit, *description;
    lta_type type; /* LTA_U64, LTA_I64, LTA_F64 or LTA_STR */
    uint64_t capacity;
    void *data;        /* [n_rows] 8-byte elements, unless LTA_STR */
    lta_strings texts; /* [n_rows] of LTA_STR */
} lta_table_column;

typedef struct lta_table {
    char *name, *description;
    uint64_t n_rows, n_columns, column_capacity;
    uint64_t cursor; /* column of the next cell of the last row */
    lta_table_column *column;
} lta_table;

typedef struct lta_table_set {
    uint64_t n, capacity;
    lta_table **table; /* [n] each of its own, so that a borrowed table stays where it is */
} lta_table_set;       /* all zero is empty */

/* A new, empty table; *out is borrowed from the set. */
LTA_MUST_CHECK lta_status lta_table_add(lta_table_set *set, const char *name, const char *description,
                                        lta_table **out);
LTA_MUST_CHECK lta_status lta_table_column_add(lta_table *t, lta_type type, const char *name,
                                               const char *unit, const char *description);

/* Several columns at once: an array of declarations that ends with name NULL. */
typedef struct lta_column_spec {
    lta_type type;
    const char *name, *unit, *description;
} lta_column_spec;
LTA_MUST_CHECK lta_status lta_table_columns_add(lta_table *t, const lta_column_spec *specs);

LTA_MUST_CHECK lta_status lta_table_row(lta_table *t); /* the row before must be complete */
void lta_table_put_u64(lta_table *t, uint64_t value);
void lta_table_put_i64(lta_table *t, int64_t value);
void lta_table_put_f64(lta_table *t, double value);
LTA_MUST_CHECK lta_status lta_table_put_text(lta_table *t, const char *text);

/* Takes a column out of a table again; nothing if it is not there. */
void lta_table_column_drop(lta_table_set *set, const char *table, const char *column);

/* Writes every table as /tables/<table>/<column>. */
LTA_MUST_CHECK lta_status lta_table_set_write(const lta_table_set *set, lta_writer *w);
void lta_table_set_free(lta_table_set *set); /* leaves it empty */

#endif
