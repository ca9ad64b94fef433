/* tests/marconi_files.h - sends a generated trace through the real importer: written as Marconi's files, read
 * back. */
#ifndef LTA_TESTS_MARCONI_FILES_H
#define LTA_TESTS_MARCONI_FILES_H

#include "pipeline/import/import.h"
#include "tests/generate.h"

/* Can files say it? They have sessions and tokens, and every source has at least one request. */
bool test_marconi_can_say(const test_trace *t);

/* Writes one file per source into the folder (replacing those of the call before) and imports them on one
 * clock. The earliest request arrives at 0. */
lta_status test_marconi_import(const lta_run *run, const test_trace *t, const char *folder, lta_trace *out);

/* Removes what test_marconi_import() left in the folder, and the folder. */
void test_marconi_remove(const char *folder);

#endif
