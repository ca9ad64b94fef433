/* pipeline/enrich/enrich_internal.h - what the parts of the enrich stage share: the committed files in
 * memory, what is derived from them once, and the per-request fields from which most tables are sums. */
#ifndef LTA_ENRICH_ENRICH_INTERNAL_H
#define LTA_ENRICH_ENRICH_INTERNAL_H

#include "pipeline/curve/curve.h"
#include "pipeline/enrich/enrich.h"
#include "pipeline/enrich/statistics.h"
#include "pipeline/enrich/table_set.h"
#include "pipeline/reuse/reuse.h"
#include "pipeline/trace/trace.h"
#include "pipeline/trie/trie.h"

#include <stdbool.h>
#include <stdint.h>

/* min_tokens of the field prompt_cache_distance */
#define LTA_PROMPT_CACHE_MIN_TOKENS 1024

/* The enrichment fields of design, section 4, in its order; every column [n], NULL where the trace cannot
 * give it. */
typedef struct lta_fields {
    uint32_t *reusable[LTA_SCOPES]; /* reusable, reusable_source, reusable_session */
    uint32_t *reusable_cross, *new_symbols;
    uint64_t *reuse_distance, *reuse_distance_first;
    int64_t *reuse_request, *reuse_time_us;
    uint64_t *working_set;
    int64_t *next_request, *next_reuse_time_us;
    int64_t *interarrival_us, *think_time_us;
    uint32_t *session_turns, *trie_depth;
    uint32_t **hit; /* [n_capacities] */
    uint64_t *kv_bytes, *prompt_cache_distance;
} lta_fields;

typedef struct lta_enrichment {
    const lta_run *run;
    lta_trace trace;               /* without sequences: the trie knows their lengths */
    bool symbols, sessions, times; /* what the trace has */
    bool lengths;                  /* input_tokens and output_tokens */
    bool equal_blocks;             /* symbols, and all of the same number of tokens */
    lta_trie trie;                 /* this and the next two: only with symbols */
    lta_reuse reuse;
    lta_curves curves;
    lta_model model; /* of --model */
    char model_name[64];
    uint64_t n_capacities; /* of --capacity, rising */
    uint64_t *capacities;
    int64_t window_us;

    uint32_t *input_symbols;   /* [n] symbols of the input; with symbols */
    uint32_t *touched_symbols; /* [n] symbols that the request touches */
    uint32_t *
        first_touches[LTA_SCOPES]; /* [n] of which for the first time in that scope; global and source only */
    uint64_t distinct;             /* positions ever touched: sum of first_touches[global] */
    lta_block_runs by_symbol;      /* runs of scope global, B = 1 */
    const lta_curve *curve;        /* their hit curve: in curves, or own_curve */
    lta_curve own_curve;
    uint64_t *session_offset;  /* [n_sessions + 1]; with sessions */
    uint32_t *session_request; /* requests of session s: session_offset[s] .. session_offset[s+1]-1, rising */
    lta_fields fields;
} lta_enrichment; /* all zero is empty */

/* Reads the store's committed files, then derives. */
LTA_MUST_CHECK lta_status lta_enrichment_load(const lta_run *run, const char *store, lta_enrichment *e);
/* Everything but the fields, from trace, trie, reuse and curves, which e holds already. */
LTA_MUST_CHECK lta_status lta_enrichment_derive(const lta_run *run, lta_enrichment *e);
void lta_enrichment_free(lta_enrichment *e);

LTA_MUST_CHECK lta_status lta_fields_compute(lta_enrichment *e);
LTA_MUST_CHECK lta_status lta_fields_write(const lta_enrichment *e, lta_writer *w);
void lta_fields_free(lta_fields *f, uint64_t n_capacities);

/* Stack distances of prompt-cache keys (design, section 3.7), in prompts: 0 for requests that do not look up
 * or whose key was never seen. min_tokens must be a multiple of block_tokens. lookups: how many requests look
 * up. */
LTA_MUST_CHECK lta_status lta_prompt_cache_distances(const lta_enrichment *e, uint32_t min_tokens,
                                                     bool by_session, uint64_t **distance, uint64_t *lookups);

/* class_of[s]: the first session with the same list of (input, output) by turn; with symbols and sessions. */
LTA_MUST_CHECK lta_status lta_session_classes(const lta_enrichment *e, uint32_t **class_of);

/* Token counts as numbers to add up: an absent count adds nothing. */
static inline uint64_t lta_token_count(uint32_t stored)
{
    return stored == LTA_NO_U32 ? 0 : stored;
}

/* Number k of the window [k w, (k+1) w) in which request r arrives; with times. */
static inline int64_t lta_window_of(const lta_enrichment *e, uint64_t r)
{
    int64_t at = e->trace.arrival_us[r], k = at / e->window_us;
    return at % e->window_us < 0 ? k - 1 : k;
}

/* Tables. Each adds one or several to the set. */
typedef lta_status lta_table_builder(const lta_enrichment *e, lta_table_set *set);
lta_table_builder lta_build_summary, lta_build_hit_curve, lta_build_enough, lta_build_denominators,
    lta_build_sessions, lta_build_prefixes, lta_build_windows, lta_build_histograms, lta_build_interarrival,
    lta_build_trie_shape, lta_build_prompt_cache, lta_build_models;

#endif
