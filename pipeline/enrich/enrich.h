/* pipeline/enrich/enrich.h - the enrich stage: per-request fields and summary tables -> enriched.h5 (design,
 * section 4). */
#ifndef LTA_ENRICH_ENRICH_H
#define LTA_ENRICH_ENRICH_H

#include "pipeline/core/run.h"
#include "pipeline/enrich/model.h"

#include <stdint.h>

typedef struct lta_enrich_options {
    const char
        *model; /* name in the table of models, or NAME:LAYERS:KV_HEADS:HEAD_SIZE:BYTES; NULL = llama-3-8b */
    uint64_t n_capacities;   /* 0 = 1000,10000,100000,1000000 */
    uint64_t *capacities;    /* [n_capacities] in symbols, rising, without repetition; owned */
    uint64_t window_seconds; /* of the table `windows`; 0 = 60 */
} lta_enrich_options;
void lta_enrich_options_free(lta_enrich_options *o);

/* STORE/trace.h5 (+ trie.h5, reuse.h5, curve.h5 where the trace has symbols) -> enriched.h5. */
LTA_MUST_CHECK lta_status lta_enrich_stage(const lta_run *run, const char *store,
                                           const lta_enrich_options *options);

#endif
