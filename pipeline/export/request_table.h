/* pipeline/export/request_table.h - the columns of /requests for export, enriched where the store is.
 *
 * Columns stand in the order in which they were written: section 4 of the design. From enriched.h5, or where
 * the store has none yet, from trace.h5. */
#ifndef LTA_EXPORT_REQUEST_TABLE_H
#define LTA_EXPORT_REQUEST_TABLE_H

#include "pipeline/export/export.h"
#include "pipeline/table/csv.h"

typedef struct lta_request_table {
    const lta_export_target *target;
    uint64_t n; /* requests */
    lta_strings names;
    uint64_t n_columns;
    lta_csv_column *column; /* [n_columns]; dictionary columns and the source have their texts */
    uint16_t *source;       /* [n] */
    uint64_t n_sources;
    bool *keep;      /* [n_sources] which sources are asked for */
} lta_request_table; /* all zero is closed */

/* Begins a progress bar over the requests. */
LTA_MUST_CHECK lta_status lta_request_table_open(const lta_export_target *x, lta_request_table *out);
void lta_request_table_close(lta_request_table *t);

/* The first request from *r on whose source is asked for; false behind the last. Notices signals now and
 * then. */
LTA_MUST_CHECK lta_status lta_request_table_next(const lta_request_table *t, uint64_t *r, bool *more);

#endif
