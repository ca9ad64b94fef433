/* pipeline/store/store.h - the only door to HDF5: one committed file per stage, columns with units, content
 * digests.
 *
 * A writer fills a hidden file beside the final name (".NAME.partial"); lta_writer_commit() adds the root
 * attributes, flushes, syncs and renames it, so that a reader sees the old file or the new one. Every column
 * is a chunked 1-D dataset (shuffle, deflate, Fletcher32; no object times) with the attributes `description`
 * and `unit`. Bytes are the same for any number of threads: chunks are compressed apart and
 * written in order by one thread. `content_sha256`, defined in pipeline/doc/store-format.md, is of what they
 * say.
 *
 * Paths inside a file are absolute ("/requests/session"); missing groups are made. HDF5's own error printing
 * is off. */
#ifndef LTA_STORE_STORE_H
#define LTA_STORE_STORE_H

#include "pipeline/core/array.h"
#include "pipeline/core/run.h"
#include "pipeline/core/strings.h"

#include <stdbool.h>
#include <stdint.h>

#define LTA_SCHEMA_MAJOR 1
#define LTA_SCHEMA_MINOR 0

typedef enum lta_type { LTA_U16, LTA_U32, LTA_U64, LTA_I64, LTA_F64, LTA_STR } lta_type;
size_t lta_type_size(lta_type t); /* bytes an element; 0 for LTA_STR */

typedef struct lta_writer lta_writer;
typedef struct lta_reader lta_reader;

/* format: `lta_format` of the file ("trace", "trie", ...). dir must exist. run is borrowed until close
 * (threads). */
LTA_MUST_CHECK lta_status lta_writer_create(const lta_run *run, const char *dir, const char *file,
                                            const char *format, lta_writer **out);
/* A writer that writes nothing: whatever is put into it must stand in the committed file `path` already,
 * with the same type, length, values, unit and description. The first difference is LTA_ERR_FORMAT naming
 * FILE:/path, where values differ the row, and `maker`, the command that the values come from. Committing
 * compares parameters and inputs, and finds columns that were never put. */
LTA_MUST_CHECK lta_status lta_writer_compare(const lta_run *run, const char *path, const char *format,
                                             const char *maker, lta_writer **out);
/* Chunks of the columns to come are to have some `rows` elements at most: for readers who want so many at a
 * time. */
void lta_writer_limit_chunks(lta_writer *w, uint64_t rows);
/* data [n] of type (not LTA_STR); unit "1" for ids and counts without a unit. Data are borrowed for the call.
 */
LTA_MUST_CHECK lta_status lta_writer_column(lta_writer *w, const char *path, lta_type type, const void *data,
                                            uint64_t n, const char *unit, const char *description);
/* Fixed-length UTF-8 strings, padded with NUL; the unit is "1". */
LTA_MUST_CHECK lta_status lta_writer_strings(lta_writer *w, const char *path, const lta_strings *s,
                                             const char *description);
LTA_MUST_CHECK lta_status lta_writer_attribute_text(lta_writer *w, const char *path, const char *name,
                                                    const char *value);
LTA_MUST_CHECK lta_status lta_writer_attribute_u64(lta_writer *w, const char *path, const char *name,
                                                   uint64_t value);
/* Makes `path` another name (hard link) of the existing group or dataset `target`. */
LTA_MUST_CHECK lta_status lta_writer_link(lta_writer *w, const char *target, const char *path);
/* parameters, inputs: JSON texts, keys sorted, no spaces. */
LTA_MUST_CHECK lta_status lta_writer_commit(lta_writer *w, const char *parameters, const char *inputs);
const char *lta_writer_digest(const lta_writer *w); /* content_sha256 of what was committed */
void lta_writer_close(lta_writer *w);               /* accepts NULL; throws away what was not committed */

/* Errors: LTA_ERR_INPUT (absent, unreadable), LTA_ERR_FORMAT (no HDF5, other lta_format, damaged),
 * LTA_ERR_VERSION. format NULL accepts any lta_format. */
LTA_MUST_CHECK lta_status lta_reader_open(const char *path, const char *format, lta_reader **out);
void lta_reader_close(lta_reader *r);                       /* accepts NULL */
bool lta_reader_has(const lta_reader *r, const char *path); /* a group or dataset of that name */
/* Reads a whole column into a new array (lta_free()). A stored type narrower than or equal to `type` of the
 * same kind (unsigned; signed; float) is widened; anything else is LTA_ERR_FORMAT naming FILE:/path. */
LTA_MUST_CHECK lta_status lta_reader_column(const lta_reader *r, const char *path, lta_type type, void **out,
                                            uint64_t *n);
/* The same of rows from .. from + n - 1 alone. data [n] is the caller's; the stored type must be `type`.
 * Reads whole chunks. Rows beyond the column are LTA_ERR_FORMAT. */
LTA_MUST_CHECK lta_status lta_reader_rows(const lta_reader *r, const char *path, lta_type type, uint64_t from,
                                          uint64_t n, void *data);
LTA_MUST_CHECK lta_status lta_reader_strings(const lta_reader *r, const char *path, lta_strings *out);
/* Stored type and length of a dataset, and its unit and description when asked for (lta_free() each; NULL =
 * not wanted). */
LTA_MUST_CHECK lta_status lta_reader_describe(const lta_reader *r, const char *path, lta_type *type,
                                              uint64_t *n, char **unit, char **description);
LTA_MUST_CHECK lta_status lta_reader_attribute_text(const lta_reader *r, const char *path, const char *name,
                                                    char **out);
LTA_MUST_CHECK lta_status lta_reader_attribute_u64(const lta_reader *r, const char *path, const char *name,
                                                   uint64_t *out);
/* Names of the members of a group in the order they were written (creation order). */
LTA_MUST_CHECK lta_status lta_reader_members(const lta_reader *r, const char *group, lta_strings *out);
/* Paths of all datasets under the root, in the order written; a linked group's come under each of its names.
 */
LTA_MUST_CHECK lta_status lta_reader_datasets(const lta_reader *r, lta_strings *out);
/* The stored content_sha256; borrowed until close. */
const char *lta_reader_digest(const lta_reader *r);
const char *lta_reader_format(const lta_reader *r);
const char *lta_reader_path(const lta_reader *r);
/* Recomputes content_sha256 from the content; LTA_ERR_FORMAT when it differs or a chunk's checksum fails. */
LTA_MUST_CHECK lta_status lta_reader_check_digest(const lta_reader *r);

/* Is DIR/FILE a committed file made from these parameters and inputs by this version? Damage or absence = not
 * current. */
LTA_MUST_CHECK lta_status lta_store_is_current(const char *dir, const char *file, const char *format,
                                               const char *parameters, const char *inputs, bool *current);

#endif
