/* pipeline/release/contents.h - the data files of a release, their digests, and what their columns mean. */
#ifndef LTA_RELEASE_CONTENTS_H
#define LTA_RELEASE_CONTENTS_H

#include "pipeline/core/digest.h"
#include "pipeline/core/strings.h"
#include "pipeline/release/config.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct lta_release_file {
    char *path;           /* in the release, "TRACE/tables/summary.csv" */
    uint64_t trace;       /* its number in the configuration */
    uint64_t bytes, rows; /* rows: of tables, their header not counted; else 0 */
    char sha256[LTA_SHA256_HEX];
    char content_sha256[LTA_SHA256_HEX]; /* of HDF5 files, else "" */
    /* of files with columns: what stands in the header, integer, number or string, and the file's own words
     */
    lta_strings column, type, unit, description;
} lta_release_file;

typedef struct lta_release_contents {
    uint64_t n, capacity;
    lta_release_file *file; /* [n] by trace, then path, bytewise */
} lta_release_contents;

/* Reads what stands in DIR/TRACE of every trace. */
LTA_MUST_CHECK lta_status lta_release_contents_read(const lta_release_config *c, const char *dir,
                                                    lta_release_contents *out);
void lta_release_contents_free(lta_release_contents *l);

LTA_MUST_CHECK lta_status lta_release_file_digest(const char *path, uint64_t *bytes,
                                                  char sha256[LTA_SHA256_HEX]);

#endif
