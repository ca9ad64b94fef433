/* pipeline/stage/stage.h - what the stages of a store have in common: which file they make, from what, and
 * whether it is made already. */
#ifndef LTA_STAGE_STAGE_H
#define LTA_STAGE_STAGE_H

#include "pipeline/core/run.h"
#include "pipeline/store/store.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct lta_stage {
    const lta_run *run;
    const char *name;  /* "trie": for the log */
    const char *store; /* folder */
    const char *file;  /* "trie.h5" */
    char *parameters, *inputs;
    double started; /* lta_seconds() */
} lta_stage;

/* Begins a stage that reads the named files of the store (NULL-terminated list) and checks each of them: it
 * must be committed and made from the files that now stand beside it. *parameters is consumed. *current: the
 * file is there, made from these inputs with these parameters by this version, and run->force is off (said on
 * the log). With run->compare it never is: the stage does its work, and what it puts into the writer is
 * compared with the file that is there. */
LTA_MUST_CHECK lta_status lta_stage_begin(lta_stage *stage, const lta_run *run, const char *name,
                                          const char *store, const char *file, json_t *parameters,
                                          const char *const *inputs, bool *current);
LTA_MUST_CHECK lta_status lta_stage_create(const lta_stage *stage, lta_writer **out);
LTA_MUST_CHECK lta_status lta_stage_commit(const lta_stage *stage, lta_writer *w);
void lta_stage_end(lta_stage *stage);

/* Opens STORE/FILE, whose format is the file's name without its extension. An absent file is LTA_ERR_INPUT
 * naming the command that makes it. With fresh, its recorded inputs must be the files that now stand beside
 * it. */
LTA_MUST_CHECK lta_status lta_stage_open_file(const char *store, const char *file, bool fresh,
                                              lta_reader **out);

/* Does STORE/trace.h5 hold symbols? Without them there is no trie, no reuse and no curve. */
LTA_MUST_CHECK lta_status lta_stage_has_symbols(const char *store, bool *has);
/* How STORE/trace.h5 was put together of several sources: "concat" or "overlay" (lta_free), NULL where it
 * does not say, and the microseconds between sources. */
LTA_MUST_CHECK lta_status lta_stage_timeline(const char *store, char **timeline, uint64_t *gap_us);
/* Says that the stage has nothing to do, and removes the file that it may have made from an earlier trace. */
LTA_MUST_CHECK lta_status lta_stage_skip(const lta_run *run, const char *name, const char *store,
                                         const char *file);

#endif
