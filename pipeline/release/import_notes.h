/* pipeline/release/import_notes.h - what import said of the sources of a store, kept for the release's
 * README.
 *
 * STORE/import-notes.txt: the content_sha256 of the trace.h5 that it belongs to, then a note a line, "FILE:
 * what". A release that goes on from a store imports again where the two do not belong together. */
#ifndef LTA_RELEASE_IMPORT_NOTES_H
#define LTA_RELEASE_IMPORT_NOTES_H

#include "pipeline/core/run.h"
#include "pipeline/core/strings.h"
#include "pipeline/import/import.h"

/* lta_import() whose notes are kept. */
LTA_MUST_CHECK lta_status lta_import_with_notes(const lta_run *run, const char *store,
                                                const lta_import_options *options, int n_files,
                                                char *const *files);

/* The notes of a store, in the order in which they were made. */
LTA_MUST_CHECK lta_status lta_import_notes_read(const char *store, lta_strings *out);

#endif
