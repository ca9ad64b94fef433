/* pipeline/table/table.h - the tables of enriched.h5 as CSV files, and the short summary a person reads. */
#ifndef LTA_TABLE_TABLE_H
#define LTA_TABLE_TABLE_H

#include "pipeline/core/run.h"
#include "pipeline/store/store.h"

#include <stdio.h>

/* Opens STORE/enriched.h5. It may stand alone, as in a release; where trace.h5 stands beside it, it must be
 * made from the files that are there now (LTA_ERR_INPUT). */
LTA_MUST_CHECK lta_status lta_enriched_open(const char *store, lta_reader **out);

/* Writes one CSV a table of STORE/enriched.h5 to dir (NULL = STORE/tables, which then holds no other CSV);
 * every file appears all or nothing. */
LTA_MUST_CHECK lta_status lta_table_stage(const lta_run *run, const char *store, const char *dir);

/* Prints the readable summary of STORE/enriched.h5. */
LTA_MUST_CHECK lta_status lta_summary_print(const char *store, FILE *out);

#endif
