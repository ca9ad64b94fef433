/* pipeline/import/source_folder.h - a folder of files that is one source.
 *
 * Its files are those named *.json, *.json.gz or *.json.zst, hidden ones left out, in bytewise order of their
 * names. The digest of the folder is that of these bytes: for each file in order its name, a NUL, its size as
 * a little-endian u64, and what it holds as stored. */
#ifndef LTA_IMPORT_SOURCE_FOLDER_H
#define LTA_IMPORT_SOURCE_FOLDER_H

#include "pipeline/core/digest.h"
#include "pipeline/core/file.h"
#include "pipeline/core/run.h"
#include "pipeline/core/strings.h"

#include <stdbool.h>

typedef struct lta_source_folder {
    lta_strings path;      /* [n] of the files, in order */
    lta_strings name;      /* [n] base names */
    lta_file_state *state; /* [n] when the digest was made */
    uint64_t n, bytes;
} lta_source_folder; /* all zero is none */

/* Lists the files and makes the digests. Other names are noted in the log. Errors: LTA_ERR_INPUT (also: no
 * such file in it), LTA_ERR_NOMEM, LTA_ERR_STOPPED. */
LTA_MUST_CHECK lta_status lta_source_folder_open(const lta_run *run, const char *path, bool with_sha256,
                                                 lta_source_folder *out, char xxh3_128[LTA_XXH3_HEX],
                                                 char sha256[LTA_SHA256_HEX]);
void lta_source_folder_close(lta_source_folder *f);

#endif
