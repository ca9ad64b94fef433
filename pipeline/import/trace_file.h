/* pipeline/import/trace_file.h - what the two stages that make trace.h5 have in common: lta import and lta
 * merge. */
#ifndef LTA_IMPORT_TRACE_FILE_H
#define LTA_IMPORT_TRACE_FILE_H

#include "pipeline/core/array.h"
#include "pipeline/trace/trace.h"

typedef struct lta_trace_maker {
    const char *stage;      /* "import": for the log */
    const char *parameters; /* JSON text for the file; NULL: no memory was left to write it down */
    /* Another: what the trace is made from, as far as it is known when asked; lta_free() it. make() completes
     * it.
     */
    char *(*inputs)(const void *context);
    lta_status (*make)(const lta_run *run, const void *context, lta_trace *out);
    const void *context;
    double started; /* lta_seconds() */
} lta_trace_maker;

/* Makes and commits STORE/trace.h5, or does nothing when the file there has these parameters and inputs and
 * is of this version, unless run->force. The folder is made if absent, once there is something to put into
 * it: bad input leaves none. */
LTA_MUST_CHECK lta_status lta_make_trace_file(const lta_run *run, const char *store,
                                              const lta_trace_maker *maker);

#endif
