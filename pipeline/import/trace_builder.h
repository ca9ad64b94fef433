/* pipeline/import/trace_builder.h - collects the requests of several sources into one trace.
 *
 * Sources come one after the other, the requests of each in the order of its rows. Where times fall, the
 * finished trace has a source's requests in the order of their times, those of equal time in that of rows.
 * The builder gives requests their arrival on the trace's time line, numbers sessions, keeps dictionaries in
 * order of first appearance, moves block ids apart, and delta-codes sequences in the order that the finished
 * trace has. */
#ifndef LTA_IMPORT_TRACE_BUILDER_H
#define LTA_IMPORT_TRACE_BUILDER_H

#include "pipeline/import/import.h"

/* What a source gives, known before its first request. Texts are borrowed for the call, the digests, which
 * may be filled in while it is read, until lta_trace_builder_end_source(). */
typedef struct lta_source_info {
    const char *name, *dataset, *file, *xxh3_128, *sha256, *licence;
    const char *kind; /* of all its requests; NULL = not given */
    lta_unit unit;
    uint32_t block_tokens; /* 0 in a block trace: blocks of unequal lengths */
    bool wall_clock;       /* the source's own clock counts from 1970-01-01T00:00:00Z */
    bool has_session, has_turn, has_source_time;
    bool has_kind, has_model; /* requests name their own */
    bool without_times;       /* the order of rows is all there is; nobody looks at time_us */
} lta_source_info;

typedef struct lta_request {
    uint64_t row;    /* data row in the source, dropped ones included */
    int64_t time_us; /* own clock, within +-LTA_TIME_LIMIT */
    double source_time;
    const char *session; /* the source's own name of it, UTF-8; NULL = none */
    size_t session_length;
    const char *kind, *model; /* where the source has them, UTF-8; NULL = none */
    size_t kind_length, model_length;
    uint32_t turn, input_tokens, output_tokens; /* LTA_NO_U32 = none; counts: both or neither */
    /* Token traces: the first n_known symbols of the full sequence are those of the source's previous request
     * of the same session, and left out of symbols [n_full - n_known], which the builder may change. */
    uint32_t n_known;
    uint64_t *symbols;
    uint32_t n_input, n_full;
} lta_request;

/* Bound of times on a source's own clock: 73,000 years in microseconds, so that differences always fit. */
#define LTA_TIME_LIMIT ((int64_t)1 << 61)

typedef struct lta_trace_builder lta_trace_builder;

/* options and run are borrowed until free. */
LTA_MUST_CHECK lta_status lta_trace_builder_create(const lta_run *run, const lta_import_options *options,
                                                   lta_trace_builder **out);
void lta_trace_builder_free(lta_trace_builder *b); /* accepts NULL */

/* Errors: LTA_ERR_USAGE (units or block sizes that never merge, clocks that cannot be overlaid),
 * LTA_ERR_FORMAT. */
LTA_MUST_CHECK lta_status lta_trace_builder_begin_source(lta_trace_builder *b, const lta_source_info *info);
LTA_MUST_CHECK lta_status lta_trace_builder_add(lta_trace_builder *b, const lta_request *r);
/* Counts rows that were dropped. */
LTA_MUST_CHECK lta_status lta_trace_builder_skip(lta_trace_builder *b, const char *reason, uint64_t count);
/* Times of the source being read so far, on its own clock, in the order of rows; borrowed until the next add.
 */
const int64_t *lta_trace_builder_source_times(const lta_trace_builder *b, uint64_t *n);
/* Sessions of the source being read so far. */
uint64_t lta_trace_builder_source_sessions(const lta_trace_builder *b);
/* rows: data rows of the file, dropped ones included. A source without any request is LTA_ERR_FORMAT. */
LTA_MUST_CHECK lta_status lta_trace_builder_end_source(lta_trace_builder *b, uint64_t rows);

/* Hands over the trace, whose name is `name`; the builder may only be freed afterwards. */
LTA_MUST_CHECK lta_status lta_trace_builder_finish(lta_trace_builder *b, const char *name, lta_trace *out);

#endif
