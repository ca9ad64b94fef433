/* pipeline/trace/trace.h - a trace in memory: the columns of trace.h5 (design, section 4), and how they are
 * saved and read.
 *
 * A column that the sources do not give is NULL, here and in the file. Requests are numbered from 0 in the
 * order of the arrays. In merges, a value that one source lacks is 2^w - 1 (unsigned), -1 (signed) or NaN. */
#ifndef LTA_TRACE_TRACE_H
#define LTA_TRACE_TRACE_H

#include "kernels/sequences.h"
#include "pipeline/core/run.h"
#include "pipeline/core/strings.h"
#include "pipeline/store/store.h"

#include <stdbool.h>
#include <stdint.h>

#define LTA_NO_U16 UINT16_MAX
#define LTA_NO_U32 UINT32_MAX

typedef enum lta_unit {
    LTA_UNIT_NONE,
    LTA_UNIT_TOKEN,
    LTA_UNIT_BLOCK
} lta_unit; /* "none": the sources give no symbols */
const char *lta_unit_name(lta_unit u);

typedef struct lta_sources { /* one row per source file; every column [n] */
    uint64_t n;
    lta_strings name, dataset, file, xxh3_128, sha256, licence, time_origin;
    uint64_t *rows;         /* data rows of the file, dropped ones included */
    int64_t *time_shift_us; /* arrival_us = own clock + shift */
    uint64_t *symbol_base;  /* added to the source's own ids */
} lta_sources;

typedef struct lta_skipped { /* rows dropped under --on-error skip, by source and reason */
    uint64_t n;
    uint16_t *source;
    lta_strings reason;
    uint64_t *count;
} lta_skipped;

typedef struct lta_trace {
    uint64_t n; /* requests */
    char *name;
    lta_unit unit;
    uint32_t block_tokens; /* tokens a symbol: 1 for token traces, 0 where they differ, or without symbols */

    uint32_t
        *session; /* dense, by source, then first appearance; LTA_NO_U32 = none; NULL = no sessions at all */
    uint32_t *turn;
    int64_t *arrival_us;                    /* from the trace's zero, never falling; NULL = no times */
    uint32_t *input_tokens, *output_tokens; /* both or neither: NULL where nobody counted (texts) */
    uint16_t *model, *kind;                 /* indices into the dictionaries */
    uint16_t *source;                       /* index into sources; never NULL */
    uint32_t *source_session;               /* index into the dictionary; NULL = no sessions */
    uint64_t *source_row;
    double *source_time; /* the source's own time where that is a binary floating-point number */
    uint64_t n_sessions; /* distinct values of session, derived */

    lta_strings models, kinds, source_sessions; /* dictionaries */
    lta_sources sources;
    lta_skipped skipped;
    lta_sequences sequences; /* .n = n where the sources give symbols; all zero when unit is NONE */
} lta_trace;

void lta_trace_free(lta_trace *t); /* leaves it empty */

/* Writes the columns into an open writer: everything of section 4's trace.h5, or (with_sequences false) the
 * part that enriched.h5 repeats. */
LTA_MUST_CHECK lta_status lta_trace_write(const lta_trace *t, lta_writer *w, bool with_sequences);

/* Reads DIR/trace.h5 (or any file that repeats its columns). Everything is checked: equal lengths, indices
 * inside their dictionaries, arrivals that never fall, sequences by lta_sequences_complete(). */
LTA_MUST_CHECK lta_status lta_trace_read(const lta_reader *r, bool with_sequences, lta_trace *out);

/* Opens DIR/trace.h5, reads it and hands back its content digest (LTA_SHA256_HEX bytes; NULL = not wanted).
 */
LTA_MUST_CHECK lta_status lta_trace_load(const char *dir, bool with_sequences, lta_trace *out, char *digest);

#endif
