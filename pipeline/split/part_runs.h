/* pipeline/split/part_runs.h - the runs of one part of a trie: of the subtrees of a piece, or of the crown in
 * a range of time. */
#ifndef LTA_SPLIT_PART_RUNS_H
#define LTA_SPLIT_PART_RUNS_H

#include "kernels/run_build.h"
#include "pipeline/split/piece.h"

/* Touches of a part in one scope: those of the requests before its range, then those of its visits. */
typedef struct lta_part_runs {
    uint64_t n_earlier, n; /* n: both */
    int64_t *touched;      /* [n] nodes of the part */
    uint32_t *request;     /* [n] of the whole trace */
    lta_runs runs;         /* without distances; previous: rows of these arrays; start: depths in the trie */
} lta_part_runs;
void lta_part_runs_free(lta_part_runs *p);

/* Errors: those of lta_run_build_fn. */
LTA_MUST_CHECK lta_status lta_part_runs_make(const lta_run *run, const lta_part *part, lta_scope scope,
                                             lta_part_runs *out);

/* Adds what row i gains by its touch, in blocks of each of n_weights sizes, and takes it from those that held
 * it: weight [p->n * n_weights]. */
void lta_part_runs_change(const lta_part *part, const lta_part_runs *p, uint64_t i, const uint64_t *sizes,
                          uint64_t n_weights, int64_t *weight);

#endif
