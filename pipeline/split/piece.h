/* pipeline/split/piece.h - the files of STORE/pieces: what a plan says, what a piece holds, and the frame of
 * the stages that make them. */
#ifndef LTA_SPLIT_PIECE_H
#define LTA_SPLIT_PIECE_H

#include "pipeline/curve/curve.h"
#include "pipeline/store/store.h"

#include <jansson.h>

/* What plan.h5 says: how the trace is cut, and what is computed. */
typedef struct lta_plan {
    uint64_t pieces, n_requests;
    uint64_t *boundary; /* [pieces + 1] requests of range k: boundary[k] .. boundary[k + 1] - 1 */
    bool inputs_only;
    bool one_source;              /* scope source is another name of global */
    bool runs_in[LTA_SCOPES];     /* runs are made in these scopes */
    bool curves_in[LTA_SCOPES];   /* curves too, and in source where that is global */
    uint64_t n_blocks, *blocks;   /* of curves, rising */
    uint64_t n_weights, *weights; /* 1 and those */
} lta_plan;
void lta_plan_free(lta_plan *p);
json_t *lta_plan_parameters(const lta_plan *p); /* new; NULL without memory */
/* digests: as of lta_piece_open() */
LTA_MUST_CHECK lta_status lta_plan_load(const char *dir, json_t *digests, lta_plan *out);

/* Requests that enter a part of the trie, in rising order. */
typedef struct lta_touches {
    uint64_t n, capacity[2];
    uint32_t *request;           /* [n] */
    uint32_t *node;              /* [n] of the part, where the touched path ends in it */
    uint32_t *group[LTA_SCOPES]; /* [n] numbers of its own; NULL in global, and in scopes that are not made */
} lta_touches;
void lta_touches_free(lta_touches *t);

/* Subtrees, or the crown in a range of time. Nodes have their parents before them. */
typedef struct lta_part {
    uint64_t n_nodes;
    int64_t *parent; /* [n_nodes] in the part; -1: none */
    uint32_t *depth; /* [n_nodes] as in the trie */
    uint32_t *start; /* [n_nodes] depth at which the part begins on the way to the node */
    lta_touches visits;
    lta_touches earlier[LTA_SCOPES]; /* the requests before the range that hold positions at its begin */
} lta_part;
void lta_part_free(lta_part *p);
LTA_MUST_CHECK lta_status lta_part_write(lta_writer *w, const char *group, const lta_plan *plan,
                                         const lta_part *p);
LTA_MUST_CHECK lta_status lta_part_read(const lta_reader *r, const char *group, const lta_plan *plan,
                                        lta_part *out);

/* ---- the frame ---- */

typedef struct lta_piece_file {
    const lta_run *run;
    const char *dir;
    char name[32]; /* "map-3.h5" */
    char *parameters, *inputs;
    double started;
} lta_piece_file;

/* Begins to make DIR/NAME. parameters and inputs (an object from names to digests) are consumed. *current as
 * of lta_stage_begin(). */
LTA_MUST_CHECK lta_status lta_piece_begin(lta_piece_file *f, const lta_run *run, const char *dir,
                                          const char *name, json_t *parameters, json_t *inputs,
                                          bool *current);
LTA_MUST_CHECK lta_status lta_piece_create(const lta_piece_file *f, lta_writer **out);
/* The inputs must be those that were read: their digests come from what was open, or loaded. */
LTA_MUST_CHECK lta_status lta_piece_commit(const lta_piece_file *f, lta_writer *w);
void lta_piece_end(lta_piece_file *f);

/* Opens DIR/NAME, which must be made from the files that now stand there (trace.h5 and trie.h5: in the store
 * around DIR). digests: an object, from the names of all files seen so far to their digests, so that a
 * command opens none just for that twice. */
LTA_MUST_CHECK lta_status lta_piece_open(const char *dir, const char *name, json_t *digests,
                                         lta_reader **out);
/* Opens DIR/NAME for its digest, if it has not been seen. */
LTA_MUST_CHECK lta_status lta_piece_note(const char *dir, const char *name, json_t *digests);
/* One that was seen becomes an input. */
LTA_MUST_CHECK lta_status lta_piece_input(json_t *inputs, const json_t *digests, const char *name);
lta_status lta_piece_damaged(const lta_reader *r, const char *what);  /* the failure of a map's reader */
void lta_piece_name(char out[32], const char *kind, uint64_t number); /* "map", 3 -> "map-3.h5" */
/* The columns of runs; distance NULL: none. Where they start goes without saying: a run begins where the one
 * before ends. */
LTA_MUST_CHECK lta_status lta_piece_write_runs(lta_writer *w, lta_scope scope, const lta_runs *runs);

#endif
