/* pipeline/export/export_requests.h - what exporters of the trace itself share: which requests, what their
 * source said of them, and their sequences. */
#ifndef LTA_EXPORT_EXPORT_REQUESTS_H
#define LTA_EXPORT_EXPORT_REQUESTS_H

#include "pipeline/export/export.h"
#include "pipeline/export/made_up_tokens.h"
#include "pipeline/trace/trace.h"

#define LTA_EXPORT_UNLESS "--allow-restricted is given" /* what lets restricted symbols through */

typedef struct lta_export_requests {
    const lta_export_target *target;
    lta_trace trace; /* with sequences where asked for */
    bool *keep;      /* [sources] */
    bool one_source; /* a single source is kept: it is given back as it was */
    /* numbering of sessions for formats that need integers */
    bool own_numbers;           /* the source's own session names are the numbers */
    bool told_numbers;          /* that they are not */
    uint64_t next_session;      /* for requests without a session */
    uint32_t *session_number;   /* [sessions] of those kept, from 0 */
    uint32_t *turns;            /* [sessions] requests so far, where the trace numbers no turns */
    int64_t *zero_us;           /* [sources] arrival at which a source's own time is 0 */
    lta_made_up made_up;        /* of block traces */
    uint64_t n_rests;           /* pieces of content that stand in no block so far */
    uint64_t *symbols, *tokens; /* of the request last read */
    uint64_t symbols_capacity, tokens_capacity;
} lta_export_requests; /* all zero is closed */

/* Chooses sources [n] by name or base file name; wanted NULL takes all. Free *keep. */
LTA_MUST_CHECK lta_status lta_choose_sources(const lta_strings *names, const lta_strings *files,
                                             const char *wanted, bool **keep);

/* Reads the store's trace, and begins a progress bar over its requests. */
LTA_MUST_CHECK lta_status lta_export_requests_open(const lta_export_target *x, bool with_sequences,
                                                   lta_export_requests *out);
void lta_export_requests_close(lta_export_requests *e);

/* The first request from *r on whose source is kept; false behind the last. Notices signals now and then. */
LTA_MUST_CHECK lta_status lta_export_next(const lta_export_requests *e, uint64_t *r, bool *more);

/* Microseconds: of one source on its own clock (from its first request where that is a wall clock), else on
 * the trace's time line. The trace has times. */
int64_t lta_export_time_us(const lta_export_requests *e, uint64_t r);
/* Seconds: the same to the last digit where the source gave a binary floating-point number. own_clock: also
 * of several sources. */
double lta_export_seconds(const lta_export_requests *e, uint64_t r, bool own_clock);

/* LTA_ERR_USAGE unless every request has its numbers of tokens. */
LTA_MUST_CHECK lta_status lta_export_check_lengths(const lta_export_requests *e);

/* Integers for session and turn of the next request, in order: of one source its own session names where all
 * of them are integers; else numbers from 0, which is said. Requests without a session get one each. */
uint64_t lta_export_session(lta_export_requests *e, uint64_t r);
uint32_t lta_export_turn(lta_export_requests *e, uint64_t r);

/* Token ids of the next request, in order [*n_input + *n_output], valid until the next call: as stored, or in
 * a block trace made up (made_up_tokens.h). Made-up inputs share what the blocks share; made-up outputs,
 * which no block trace has ids for, share nothing, so only curves of inputs alone stay the same. */
LTA_MUST_CHECK lta_status lta_export_tokens(lta_export_requests *e, uint64_t r, const uint64_t **ids,
                                            uint32_t *n_input, uint32_t *n_output);
/* LTA_ERR_USAGE unless lta_export_tokens() has what it needs: symbols, licences, and of a block trace a seed
 * and a vocabulary that tells its ids apart. To be called once, before. */
LTA_MUST_CHECK lta_status lta_export_begin_tokens(lta_export_requests *e);

/* Symbols of request r's input as the source gave them [*n], valid until the next call. Of several block
 * sources, ids are kept apart. */
LTA_MUST_CHECK lta_status lta_export_input_symbols(lta_export_requests *e, uint64_t r, const uint64_t **ids,
                                                   uint32_t *n);

#endif
