/* pipeline/reuse/reuse.h - the reuse stage: runs and stack distances of every request, in every scope
 * (design, section 3). */
#ifndef LTA_REUSE_REUSE_H
#define LTA_REUSE_REUSE_H

#include "kernels/run_build.h"
#include "pipeline/core/digest.h"
#include "pipeline/core/run.h"
#include "pipeline/stage/stage.h"
#include "pipeline/trace/trace.h"

#include <stdbool.h>

typedef enum lta_scope { LTA_SCOPE_GLOBAL, LTA_SCOPE_SOURCE, LTA_SCOPE_SESSION, LTA_SCOPES } lta_scope;
const char *lta_scope_name(lta_scope s); /* "global", "source", "session" */

typedef struct lta_reuse_options {
    bool inputs_only; /* touch inputs alone, never outputs */
} lta_reuse_options;

/* Which scopes a trace has: global and source always, session where the trace has sessions. */
bool lta_trace_has_scope(const lta_trace *t, lta_scope s);

/* Who shares with whom in a scope: *group is set to an array [t->n], owned by the caller, or to NULL where
 * everyone does. A request without a session is a group of its own. */
LTA_MUST_CHECK lta_status lta_scope_groups(const lta_trace *t, lta_scope s, uint32_t **group);

/* Runs with distances in one scope, in memory. With one source, LTA_SCOPE_SOURCE equals LTA_SCOPE_GLOBAL. */
LTA_MUST_CHECK lta_status lta_reuse_compute(const lta_run *run, const lta_trace *trace, const lta_trie *trie,
                                            lta_scope scope, bool inputs_only, lta_runs *out);

/* The stage: STORE/trace.h5 and trie.h5 -> reuse.h5. Skipped (with the reason, LTA_OK) when the trace has no
 * symbols. */
LTA_MUST_CHECK lta_status lta_reuse_stage(const lta_run *run, const char *store,
                                          const lta_reuse_options *options);

/* The stage in two halves, for those who come by the runs in another way. Begin: as lta_stage_begin().
 * Commit: writes runs [LTA_SCOPES], with distances; a scope without .offset is left out, or, where it is
 * source, another name of global. digest: of the file. */
LTA_MUST_CHECK lta_status lta_reuse_begin(const lta_run *run, const char *store, bool inputs_only,
                                          lta_stage *stage, bool *current);
LTA_MUST_CHECK lta_status lta_reuse_commit(const lta_stage *stage, const lta_runs *runs,
                                           char digest[LTA_SHA256_HEX]);

/* What every user of runs relies on: offsets rise, runs follow one another from depth 0, touchers are earlier
 * requests and fall with depth. path: of the file, for the message. */
LTA_MUST_CHECK lta_status lta_runs_check(const char *path, lta_scope scope, const lta_runs *runs);

/* Everything reuse.h5 holds, or what an earlier stage left of it, checked against the trace's size. Scopes
 * that are not there have .n = 0 and present false; with one source, source's arrays are a copy of global's,
 * or the same. */
typedef struct lta_reuse {
    bool inputs_only;
    bool present[LTA_SCOPES];
    lta_runs runs[LTA_SCOPES];
} lta_reuse;
LTA_MUST_CHECK lta_status lta_reuse_load(const lta_run *run, const char *store, uint64_t n_requests,
                                         lta_reuse *out, char *digest);
void lta_reuse_free(lta_reuse *r);
/* Leaves what stands for the reuse.h5 of that digest to later stages of this process, or frees it; digest "":
 * it stands for no file. */
void lta_reuse_leave(const lta_run *run, const char *digest, lta_reuse *r);

#endif
