/* pipeline/import/input.h - a source file as bytes: as stored, and expanded where it is compressed.
 *
 * Files named *.gz and *.zst, and standard input, are expanded when they begin as gzip or zstd data do. What
 * comes out is held in memory, since readers go over it more than once; beyond that, expanding takes a fixed
 * buffer. */
#ifndef LTA_IMPORT_INPUT_H
#define LTA_IMPORT_INPUT_H

#include "pipeline/core/file.h"
#include "pipeline/core/run.h"

typedef struct lta_input {
    lta_mapping stored;   /* the bytes that digests are of */
    lta_mapping expanded; /* empty where they are the data itself */
    bool is_expanded, owns_stored;
} lta_input; /* all zero is closed */

/* The file at path; or, where `given` is not NULL, those bytes (borrowed until close), path being for
 * messages. first_line: nothing behind the first line end that follows text needs to be expanded. Errors:
 * LTA_ERR_INPUT, LTA_ERR_FORMAT (damaged or cut off compressed data), LTA_ERR_NOMEM, LTA_ERR_STOPPED. */
LTA_MUST_CHECK lta_status lta_input_open(const lta_run *run, const char *path, const lta_mapping *given,
                                         bool first_line, lta_input *out);
void lta_input_close(lta_input *in);

static inline const lta_mapping *lta_input_data(const lta_input *in)
{
    return in->is_expanded ? &in->expanded : &in->stored;
}

/* Everything that standard input holds; release with lta_unmap_file(). */
LTA_MUST_CHECK lta_status lta_read_standard_input(const lta_run *run, lta_mapping *out);

/* Length of a file's name without the ending of a compressor. */
size_t lta_plain_name_length(const char *file);

#endif
