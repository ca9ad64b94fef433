/* pipeline/release/release_folder.h - the folder of a release: may it be written to, and is it finished? */
#ifndef LTA_RELEASE_RELEASE_FOLDER_H
#define LTA_RELEASE_RELEASE_FOLDER_H

#include "pipeline/core/run.h"
#include "pipeline/core/strings.h"

/* LTA_ERR_USAGE unless dir is absent, empty, or holds a release, whole or unfinished, which *ours says; with
 * run->force, other files may be there. Makes nothing. */
LTA_MUST_CHECK lta_status lta_release_check_folder(const lta_run *run, const char *dir, bool *ours);

/* Makes the folder where it is absent, and marks it as unfinished: SHA256SUMS, which says that a release is
 * whole, becomes the mark. Done already: does nothing. */
LTA_MUST_CHECK lta_status lta_release_begin_folder(const char *dir);

/* The files of the release that was in dir before, by the mark; none where there was none. */
LTA_MUST_CHECK lta_status lta_release_earlier_files(const char *dir, lta_strings *out);
LTA_MUST_CHECK lta_status
lta_release_end_folder(const char *dir); /* SHA256SUMS is there: takes the mark away */

LTA_MUST_CHECK lta_status lta_release_remove(const char *dir, const char *file); /* an absent file is fine */

/* The mark of an unfinished release. */
extern const char lta_release_mark[];

#endif
