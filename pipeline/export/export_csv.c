/* pipeline/export/export_csv.c - every request as a row: its number, the trace's columns, the enrichment
 * fields.
 *
 * Dictionary columns and the source are printed as text; a value that a source does not give is empty. */
#include "pipeline/export/request_table.h"

#include "pipeline/core/array.h"

#include <stddef.h>

lta_status lta_export_csv(const lta_export_target *x)
{
    lta_status st = LTA_OK;
    lta_request_table t = {0};
    lta_csv *csv = NULL;
    bool more;
    LTA_TRY(LTA_ALLOC(&csv, 1));
    LTA_TRY(lta_request_table_open(x, &t));
    lta_csv_begin(csv, x->stream);
    lta_csv_text(csv, "request");
    for (uint64_t c = 0; c < t.n_columns; c++)
        lta_csv_text(csv, lta_strings_get(&t.names, c));
    lta_csv_end_row(csv);
    for (uint64_t r = 0;; r++) {
        LTA_TRY(lta_request_table_next(&t, &r, &more));
        if (!more || csv->out.failed)
            break;
        lta_csv_u64(csv, r);
        for (uint64_t c = 0; c < t.n_columns; c++)
            lta_csv_cell(csv, &t.column[c], r);
        lta_csv_end_row(csv);
    }
    LTA_TRY(lta_csv_finish(csv, x->name));
done:
    lta_free(csv);
    lta_request_table_close(&t);
    return st;
}
