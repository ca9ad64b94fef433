/* pipeline/trace/trace_internal.h - shared by trace.c and trace_check.c. */
#ifndef LTA_TRACE_INTERNAL_H
#define LTA_TRACE_INTERNAL_H

#include "pipeline/trace/trace.h"

/* Checks everything a reader of the trace relies on, except the sequences (lta_sequences_complete()), and
 * derives n_sessions. Equal column lengths have been checked. file names the file in messages. Errors:
 * LTA_ERR_FORMAT with the dataset and the first bad row, LTA_ERR_NOMEM. */
LTA_MUST_CHECK lta_status lta_trace_check(lta_trace *t, const char *file);

#endif
