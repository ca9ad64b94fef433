/* pipeline/core/file.h - reading whole input files through a mapping, and writing text files that appear all
 * or nothing. */
#ifndef LTA_CORE_FILE_H
#define LTA_CORE_FILE_H

#include "pipeline/core/array.h"
#include "pipeline/core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

/* Which file, and in which state. */
typedef struct lta_file_state {
    uint64_t device, inode, size;
    struct timespec changed;
} lta_file_state;

/* LTA_ERR_INPUT unless the path still names that file in that state. */
LTA_MUST_CHECK lta_status lta_check_unchanged(const char *path, const lta_file_state *before);

/* A read-only mapping of a regular file. Errors: LTA_ERR_INPUT (absent, unreadable, a directory, not a
 * regular file). */
typedef struct lta_mapping {
    const char *data; /* size bytes, no terminator; "" for an empty file */
    size_t size;
    lta_file_state state; /* when it was mapped */
} lta_mapping;

LTA_MUST_CHECK lta_status lta_map_file(const char *path, lta_mapping *out);
void lta_unmap_file(lta_mapping *m);

/* A text file written beside its final name and renamed by commit: the old file stays whole until then. A
 * link is followed; a pipe or device is written directly. */
typedef struct lta_text_file {
    FILE *stream;
    char *path, *partial; /* partial NULL: written directly */
} lta_text_file;

LTA_MUST_CHECK lta_status lta_text_create(const char *path, lta_text_file *out);
LTA_MUST_CHECK lta_status lta_text_commit(lta_text_file *f); /* flush, fsync, rename, fsync of the folder */
void lta_text_close(lta_text_file *f);                       /* throws away what was not committed */

LTA_MUST_CHECK lta_status lta_make_folder(const char *path);  /* an existing folder is fine; no parents */
LTA_MUST_CHECK lta_status lta_make_folders(const char *path); /* with its parents */
/* Makes nothing, but fails where lta_make_folders() would: something on the way that is no folder, or the
 * lowest folder on the way not writable. *exists: the folder itself is there already (and may not be
 * writable). */
LTA_MUST_CHECK lta_status lta_check_folders(const char *path, bool *exists);
/* The folder of a result must not be the one that it is made from: LTA_ERR_USAGE where both are one. */
LTA_MUST_CHECK lta_status lta_check_other_folder(const char *result, const char *from);
LTA_MUST_CHECK lta_status lta_join_path(const char *dir, const char *name, char **out); /* lta_free(*out) */
const char *lta_base_name(const char *path);                    /* after the last '/' */
LTA_MUST_CHECK lta_status lta_sync_folder_of(const char *path); /* makes a rename durable */
bool lta_file_exists(const char *path);
bool lta_is_folder(const char *path);
LTA_MUST_CHECK lta_status lta_check_store(const char *store); /* LTA_ERR_INPUT unless it is a folder */

#endif
