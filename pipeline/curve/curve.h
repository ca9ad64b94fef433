/* pipeline/curve/curve.h - hit curves: block weights of runs, the curve stage and the curve query. */
#ifndef LTA_CURVE_CURVE_H
#define LTA_CURVE_CURVE_H

#include "kernels/block_curves.h"
#include "pipeline/reuse/reuse.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct lta_curve_options {
    uint64_t n_blocks; /* 0 = the default: 1 and 16 for token traces, 1 for block traces */
    uint64_t *blocks;  /* [n_blocks] block sizes in symbols; owned */
    uint64_t n_scopes; /* 0 = every scope the trace has */
    lta_scope scopes[LTA_SCOPES];
    bool reserve_last; /* query: limit lookups as vLLM does. The stage always writes both */
    bool inputs_only;
    uint64_t n_capacities; /* query */
    uint64_t *capacities;  /* [n_capacities], in the order asked for; owned */
    const char *csv;       /* query: where to, "-" = stdout; NULL = the stage */
} lta_curve_options;
void lta_curve_options_free(lta_curve_options *o);

/* How many symbols a lookup of request r may hit at most (design, sections 3.3 and 3.5): its input's, or with
 * reserve_last one token less, in a block trace the blocks that one token less fills. trace is read without
 * its sequences. */
uint32_t lta_lookup_length(const lta_trace *trace, const lta_trie *trie, uint64_t r, bool reserve_last);

/* Runs weighed in blocks of B symbols: what the lookup may hit of each run, and T_B of each run. B = 1 copies
 * nothing it need not. */
typedef struct lta_block_runs {
    uint64_t block;
    uint64_t lookups; /* sum over requests of floor(lookup length / B) */
    uint64_t n_runs;
    uint64_t *distance; /* [n_runs] T_B; owned unless borrowed_distance */
    bool borrowed_distance;
    uint32_t *looked_up; /* [n_runs] w: blocks of the run that the lookup covers; owned */
} lta_block_runs;
LTA_MUST_CHECK lta_status lta_block_runs_compute(const lta_run *run, const lta_trace *trace,
                                                 const lta_trie *trie, const lta_runs *runs, bool inputs_only,
                                                 uint64_t block, bool reserve_last, lta_block_runs *out);
/* The lookup rule as data: *most is set to an array [trace->n], owned by the caller, where rule->most needs
 * one, else to NULL. */
LTA_MUST_CHECK lta_status lta_lookup_rule_of(const lta_trace *trace, bool reserve_last, lta_lookup_rule *rule,
                                             uint32_t **most);
/* Blocks that lookups of all requests cover. */
uint64_t lta_lookups(const lta_trace *trace, const lta_trie *trie, bool reserve_last, uint64_t block);
/* The same runs under the other lookup rule; distances are borrowed from base, which must live longer. */
LTA_MUST_CHECK lta_status lta_block_runs_again(const lta_trace *trace, const lta_trie *trie,
                                               const lta_runs *runs, const lta_block_runs *base,
                                               bool reserve_last, lta_block_runs *out);
void lta_block_runs_free(lta_block_runs *b);

/* hits(r, C) of one request: sum of clamp(C - T_B, 0, w) over its runs. */
uint64_t lta_request_hits(const lta_runs *runs, const lta_block_runs *b, uint64_t r, uint64_t capacity);

/* Fills in the defaults of blocks and scopes for the store's trace, sorts both lists and drops repetitions.
 * LTA_ERR_USAGE for a block size other than 1 on a block trace, and for scope session on a trace without
 * sessions. */
LTA_MUST_CHECK lta_status lta_curve_options_resolve(const char *store, lta_curve_options *o);

/* The stage: -> curve.h5; or, with options->csv, the query, which writes nothing to the store. */
LTA_MUST_CHECK lta_status lta_curve_stage(const lta_run *run, const char *store, lta_curve_options *options);
LTA_MUST_CHECK lta_status lta_curve_query(const lta_run *run, const char *store, lta_curve_options *options,
                                          FILE *standard_output);

typedef struct lta_curves lta_curves;
/* The stage in two halves, for those who come by the curves in another way. Begin: as lta_stage_begin(), of
 * resolved options. Commit: writes every curve that has vertices; where one has none, scope source is another
 * name of global. vertices: how many were written, of how many curves. */
LTA_MUST_CHECK lta_status lta_curve_begin(const lta_run *run, const char *store, const lta_curve_options *o,
                                          lta_stage *stage, bool *current);
LTA_MUST_CHECK lta_status lta_curve_commit(const lta_stage *stage, const lta_curves *curves, const char *unit,
                                           uint64_t *written, uint64_t *vertices);
/* "/global/block16_reserve_last": where curve.h5 has a curve. */
typedef struct lta_stored_curve lta_stored_curve;
void lta_curve_path(char *out, size_t size, const lta_stored_curve *c);
/* The blocks that end at depths start + 1 to end; start <= end. */
static inline uint32_t lta_blocks_between(uint32_t start, uint32_t end, uint64_t block)
{
    if (block == 1)
        return end - start;
    /* depths are below 2^32: divisions of 32 bits are the fast ones */
    return block > UINT32_MAX ? 0 : end / (uint32_t)block - start / (uint32_t)block;
}

/* One curve of curve.h5: /<scope>/block<B>[_reserve_last]. */
struct lta_stored_curve {
    lta_scope scope;
    uint64_t block;
    bool reserve_last;
    uint64_t lookups;
    lta_curve curve;
};
struct lta_curves {
    uint64_t n;
    lta_stored_curve *curve; /* [n] by scope, block, then without before with reserve-last */
    bool inputs_only;
};
LTA_MUST_CHECK lta_status lta_curves_load(const char *store, lta_curves *out, char *digest);
const lta_stored_curve *lta_curves_find(const lta_curves *c, lta_scope scope, uint64_t block,
                                        bool reserve_last);
void lta_curves_free(lta_curves *c);

#endif
