/* pipeline/import/source_notes.h - what is said of many source files, once where it is equal. */
#ifndef LTA_IMPORT_SOURCE_NOTES_H
#define LTA_IMPORT_SOURCE_NOTES_H

#include "pipeline/core/log.h"

typedef struct lta_source_note {
    uint64_t n_files;
    const char *first, *last; /* paths */
} lta_source_note;

typedef struct lta_source_notes {
    lta_log *log;
    lta_dictionary said;   /* the digit of the level, then what stands behind the file's name */
    lta_source_note *note; /* [said.strings.n] */
    uint64_t capacity;
} lta_source_notes;

/* From here on what is said of log->source is collected where there are several files; paths must last until
 * the end. */
void lta_source_notes_begin(lta_source_notes *notes, lta_log *log, uint64_t n_files);
/* Says all of it: "FILE: what", or "24 files (FIRST ...): what" where it is equal. */
void lta_source_notes_end(lta_source_notes *notes);

#endif
