/* tests/build_trace.h - turns an explicit trace into the pipeline's form, the slow and obvious way. */
#ifndef LTA_TESTS_BUILD_TRACE_H
#define LTA_TESTS_BUILD_TRACE_H

#include "pipeline/trace/trace.h"
#include "tests/generate.h"

/* Pieces as pipeline/doc/store-format.md defines them, by comparing everything with everything: first a copy
 * of the longest prefix that any earlier request has (the lowest such request), then new symbols; with
 * session_copies, what follows the prefix is first looked for in the rest of the session's previous request,
 * in stretches of 8 or more. */
lta_sequences test_build_sequences(const test_trace *t, bool session_copies);

/* The whole trace; release with lta_trace_free(). */
lta_trace test_build_trace(const test_trace *t, bool session_copies);

#endif
