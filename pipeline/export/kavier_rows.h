/* pipeline/export/kavier_rows.h - a trace as the rows of Kavier's input (atlarge-research/kavier): the
 * columns of the merged Marconi-Kavier trace, those that the trace cannot give left out.
 *
 * Kavier serves requests in the order of rows and reads no times; ts is that of each source's own clock, so
 * it falls where the next source begins, as in the published table. */
#ifndef LTA_EXPORT_KAVIER_ROWS_H
#define LTA_EXPORT_KAVIER_ROWS_H

#include "pipeline/export/export_requests.h"

/* column: name, which member of lta_kavier_rows says whether it is there */
#define LTA_KAVIER_COLUMNS(X)                                                                                \
    X(session_id, has_session)                                                                               \
    X(turn_id, has_turn)                                                                                     \
    X(ts, has_times)                                                                                         \
    X(num_input_tokens, always)                                                                              \
    X(num_output_tokens, always)                                                                             \
    X(input_tokens, has_tokens)                                                                              \
    X(output_tokens, has_tokens)

typedef struct lta_kavier_rows {
    lta_export_requests requests;
    uint64_t next;
    bool has_session, has_turn, has_times, has_tokens, always;
    /* the row last read */
    uint64_t session_id;
    uint32_t turn_id, num_input_tokens, num_output_tokens;
    double ts;
    const uint64_t *input_tokens, *output_tokens;
} lta_kavier_rows; /* all zero is closed */

LTA_MUST_CHECK lta_status lta_kavier_rows_open(const lta_export_target *x, lta_kavier_rows *out);
void lta_kavier_rows_close(lta_kavier_rows *k);
LTA_MUST_CHECK lta_status lta_kavier_rows_next(lta_kavier_rows *k, bool *more);

#endif
