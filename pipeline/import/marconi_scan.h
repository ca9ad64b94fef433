/* pipeline/import/marconi_scan.h - the lines of a Marconi file, read by several threads, text that repeats
 * skipped.
 *
 * A conversation's turn repeats what was said before, so most of a line is, byte for byte, in the line of the
 * session's previous turn. Where both stand as Python's json.dump writes them (keys in the published order,
 * ", " between numbers) equal bytes are equal tokens, and only what is behind them is read. Any other line
 * goes to the general parser of JSON; what comes out, errors included, is the same. */
#ifndef LTA_IMPORT_MARCONI_SCAN_H
#define LTA_IMPORT_MARCONI_SCAN_H

#include "pipeline/import/import_internal.h"

typedef struct lta_marconi_row {
    uint64_t session;
    double ts;
    uint32_t turn, n_input, n_output;
    /* the first n_known tokens of input and output together are those of the session's row before; symbols
     * [n_input + n_output - n_known] the others, which add() may change */
    uint32_t n_known;
    uint64_t *symbols;
} lta_marconi_row;

typedef struct lta_marconi_reader {
    /* Adds a row. */
    lta_status (*add)(lta_import_source *s, const lta_marconi_row *row, void *context);
    /* Reads any line, and adds its row; *session is then its session. */
    lta_status (*add_line)(lta_import_source *s, lta_json *j, uint64_t *session, void *context);
    void *context;
} lta_marconi_reader;

/* Calls one of the two for each line, in the order of the file, then lta_end_row(). */
LTA_MUST_CHECK lta_status lta_marconi_scan(lta_import_source *s, const lta_marconi_reader *reader);

#endif
