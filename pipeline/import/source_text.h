/* pipeline/import/source_text.h - a source file as text: what it must not be, its lines, and where an error
 * is.
 *
 * Text files come with LF or CRLF, with or without a last newline, sometimes with a byte order mark or empty
 * lines at the end, and sometimes are no data at all but a Git LFS pointer or a saved web page (formats as
 * published do all of this). */
#ifndef LTA_IMPORT_SOURCE_TEXT_H
#define LTA_IMPORT_SOURCE_TEXT_H

#include "pipeline/core/file.h"
#include "pipeline/core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the reader is. A row that cannot be used sets reason, a short fixed text by which dropped rows are
 * counted; any other failure leaves it NULL. */
typedef struct lta_place {
    const char *file;
    uint64_t line; /* from 1; in Parquet the row, from 0 */
    uint64_t byte; /* from 1, where the row begins in a text whose rows are no lines; else 0 */
    bool in_parquet;
    const char *reason;
} lta_place;

/* Records "FILE:LINE: text" (with the byte where rows are no lines; "FILE: row N: text" in Parquet) and the
 * reason; returns LTA_ERR_FORMAT. */
LTA_PRINTF(3, 4) lta_status lta_bad_row(lta_place *place, const char *reason, const char *fmt, ...);

/* Refuses what is no data at all: a Git LFS pointer and a web page (LTA_ERR_FORMAT). */
LTA_MUST_CHECK lta_status lta_check_is_data(const char *path, const char *data, size_t size);

/* The text without its byte order mark and without empty lines at the end. Refuses an empty file, a Git LFS
 * pointer and a web page: LTA_ERR_FORMAT. path is for messages. */
typedef struct lta_source_text {
    const char *data;
    size_t size; /* at least 1 */
} lta_source_text;
LTA_MUST_CHECK lta_status lta_source_text_open(const char *path, const lta_mapping *m, lta_source_text *out);

typedef struct lta_lines {
    const char *next, *end;
    uint64_t line; /* number of the line last given, from 1 */
} lta_lines;
static inline lta_lines lta_lines_of(lta_source_text t)
{
    return (lta_lines){.next = t.data, .end = t.data + t.size};
}
/* The next line without its line end; false at the end of the text. */
bool lta_next_line(lta_lines *l, const char **text, size_t *length);

/* Text from a file made fit for a message: at most LTA_EXCERPT - 1 bytes, unprintable ones as '?', "..." if
 * cut. */
enum { LTA_EXCERPT = 100 };
const char *lta_excerpt(const char *text, size_t length, char out[LTA_EXCERPT]);

#endif
