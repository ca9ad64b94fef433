/* pipeline/import/csv_scan.h - CSV (RFC 4180) with columns by name.
 *
 * Accepts quoted fields, CRLF, a missing last newline, and a comma at the end of the header that the rows may
 * lack. Every row must have as many fields as the header. A row that is not well-formed ends with its first
 * line. */
#ifndef LTA_IMPORT_CSV_SCAN_H
#define LTA_IMPORT_CSV_SCAN_H

#include "pipeline/import/source_text.h"

typedef struct lta_csv_field {
    size_t offset, length; /* in the row's text, or in `unquoted` */
    bool unquoted;
} lta_csv_field;

typedef struct lta_csv_scan {
    lta_place *place; /* its line is that of the row last read */
    const char *next, *end;
    uint64_t next_line;
    const char *row;
    lta_csv_field *field; /* of the row last read */
    uint64_t n_fields, field_capacity;
    char *unquoted; /* fields that held doubled quotes */
    uint64_t n_unquoted, unquoted_capacity;
    const char *header; /* text of the header line */
    size_t header_length;
    uint64_t n_columns;
    bool trailing_comma; /* the header ends in a comma */
} lta_csv_scan;

/* Reads the header; csv_scan keeps it as the current row, so that lta_csv_scan_get() gives the names. place
 * is borrowed. */
LTA_MUST_CHECK lta_status lta_csv_scan_open(lta_csv_scan *c, lta_source_text text, lta_place *place);
void lta_csv_scan_close(lta_csv_scan *c);
/* Lets `part`, all zero or used before, read the rows of text[0 .. n-1] alone, which lie behind the header
 * that c has read: whole lines, without the last one's end. To be closed on its own. */
void lta_csv_scan_part(const lta_csv_scan *c, const char *text, size_t n, lta_place *place,
                       lta_csv_scan *part);

/* Directly after lta_csv_scan_open(): the number of the column of this name, which must occur exactly once.
 */
LTA_MUST_CHECK lta_status lta_csv_scan_column(const lta_csv_scan *c, const char *name, uint64_t *out);

/* The same for a column that may be absent: *out is LTA_NO_COLUMN then. */
#define LTA_NO_COLUMN UINT64_MAX
LTA_MUST_CHECK lta_status lta_csv_scan_optional_column(const lta_csv_scan *c, const char *name,
                                                       uint64_t *out);

/* The next row; *more is false at the end. After a bad row (place->reason set) reading may go on. */
LTA_MUST_CHECK lta_status lta_csv_scan_next(lta_csv_scan *c, bool *more);

/* Field i of the row last read; valid until the next row. */
const char *lta_csv_scan_get(const lta_csv_scan *c, uint64_t i, size_t *length);

/* A field as an integer from 0 to max; `name` is the column's, for the message. */
LTA_MUST_CHECK lta_status lta_csv_scan_u64(const lta_csv_scan *c, uint64_t i, const char *name, uint64_t max,
                                           uint64_t *out);

#endif
