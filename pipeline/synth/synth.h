/* pipeline/synth/synth.h - a seeded generator of Marconi-format traces. Same options, same bytes, on any
 * machine. */
#ifndef LTA_SYNTH_SYNTH_H
#define LTA_SYNTH_SYNTH_H

#include "pipeline/core/run.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct lta_synth_options {
    uint64_t seed;
    uint64_t files;          /* sister files: the same sessions at other arrival rates */
    uint64_t size_bytes;     /* wanted total size; 0 = as many sessions as asked for. Sessions are added until
                                reached */
    uint64_t sessions;       /* sessions a file when size_bytes is 0 */
    uint64_t turns;          /* mean turns a session */
    uint64_t message_tokens; /* mean new tokens a turn */
    uint64_t output_tokens;  /* mean tokens of a reply */
    uint64_t system_tokens;  /* length of the shared system prompts */
    uint64_t system_prompts; /* how many different ones */
    double collapse_share;   /* share of sessions whose history collapses as SWE-bench's does */
    uint64_t token_limit;    /* a session ends before an input longer than this */
} lta_synth_options;
lta_synth_options lta_synth_defaults(void);

/* Writes DIR/synth_sps=S_nums=N.jsonl for S in 0.25, 0.5, 1, 2, 5, 10, ...; each appears all or nothing. */
LTA_MUST_CHECK lta_status lta_synth_marconi(const lta_run *run, const char *dir,
                                            const lta_synth_options *options);

#endif
