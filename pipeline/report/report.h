/* pipeline/report/report.h - the main figures of an enriched store as one HTML page that needs nothing else.
 */
#ifndef LTA_REPORT_REPORT_H
#define LTA_REPORT_REPORT_H

#include "pipeline/core/run.h"

#include <stdio.h>

/* Draws what the tables of STORE/enriched.h5 hold into `path` (NULL: STORE/report.html; "-":
 * standard_output), which appears all or nothing. The same tables give the same bytes: no date, no path and
 * no machine is in them. A figure for which the trace lacks something says what. Errors: LTA_ERR_INPUT where
 * there is no enriched.h5, LTA_ERR_FORMAT, LTA_ERR_RUN. */
LTA_MUST_CHECK lta_status lta_report(const lta_run *run, const char *store, const char *path,
                                     FILE *standard_output);

#endif
