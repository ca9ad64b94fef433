/* pipeline/trie/trie.h - the trie stage: STORE/trace.h5 -> trie.h5. */
#ifndef LTA_TRIE_TRIE_H
#define LTA_TRIE_TRIE_H

#include "kernels/trie_build.h"
#include "pipeline/core/run.h"

/* Skipped (with the reason, LTA_OK) when the trace has no symbols. */
LTA_MUST_CHECK lta_status lta_trie_stage(const lta_run *run, const char *store);

/* Reads and validates trie.h5, or takes what an earlier stage left; n_requests is the trace's. digest:
 * LTA_SHA256_HEX bytes, may be NULL. */
LTA_MUST_CHECK lta_status lta_trie_load(const lta_run *run, const char *store, uint64_t n_requests,
                                        lta_trie *out, char *digest);
/* Leaves what stands for the trie.h5 of that digest to later stages of this process, or frees it; digest "":
 * it stands for no file. */
void lta_trie_leave(const lta_run *run, const char *digest, lta_trie *t);

#endif
