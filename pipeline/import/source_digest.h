/* pipeline/import/source_digest.h - digests of a whole source file, a stretch at a time. */
#ifndef LTA_IMPORT_SOURCE_DIGEST_H
#define LTA_IMPORT_SOURCE_DIGEST_H

#include "pipeline/core/digest.h"
#include "pipeline/core/file.h"
#include "pipeline/core/run.h"

/* Digests of bytes that come in pieces. */
typedef struct lta_digest_state lta_digest_state;
LTA_MUST_CHECK lta_status lta_digest_begin(bool with_sha256, lta_digest_state **out);
LTA_MUST_CHECK lta_status lta_digest_add(lta_digest_state *d, const void *bytes, size_t n);
/* A file's mapping: notices signals, and no more than a stretch of the file is kept in memory. */
LTA_MUST_CHECK lta_status lta_digest_add_file(const lta_run *run, lta_digest_state *d, const lta_mapping *m);
/* As hex text; sha256 is "" without. */
LTA_MUST_CHECK lta_status lta_digest_end(lta_digest_state *d, char xxh3_128[LTA_XXH3_HEX],
                                         char sha256[LTA_SHA256_HEX]);
void lta_digest_free(lta_digest_state *d); /* accepts NULL */

/* The XXH3-128 and, with with_sha256, the SHA-256 of the file's bytes. */
LTA_MUST_CHECK lta_status lta_source_digest(const lta_run *run, const lta_mapping *m, bool with_sha256,
                                            char xxh3_128[LTA_XXH3_HEX], char sha256[LTA_SHA256_HEX]);

/* The pages of a file's mapping between two places are not needed for now: memory then follows what is made
 * of the file, not its size. They can still be read. */
void lta_forget_pages(const char *from, const char *to);

#endif
