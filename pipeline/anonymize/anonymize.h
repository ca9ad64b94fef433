/* pipeline/anonymize/anonymize.h - a trace whose symbols are chained blocks that say nothing but which
 * prefixes are equal.
 *
 * Symbol k of a request is the number of its position at depth k * B in the prefix trie, positions numbered
 * from 0 in the order in which requests reach them: what chained block hashes are once they are renumbered by
 * first appearance, but exact, and without a hash whose salt somebody would have to keep secret. Partial last
 * blocks are left out, as no cache keeps them; lengths in tokens stay. Curves, hits and distances in blocks
 * of B symbols are those of the trace that it was made from. */
#ifndef LTA_ANONYMIZE_ANONYMIZE_H
#define LTA_ANONYMIZE_ANONYMIZE_H

#include "pipeline/core/run.h"

enum { LTA_ANONYMIZE_BLOCK = 16 };

/* block_tokens: B of a token trace; that of a block trace is its own, which must be given or 0. Reads
 * trace.h5 and trie.h5 of the store `from` and commits STORE/trace.h5, made if absent, or does nothing when
 * the file there was made from the same trace with the same block and version, unless run->force. Errors:
 * LTA_ERR_USAGE (no symbols, another block size, STORE is `from`), those of reading and writing. Memory:
 * columns, the trie, distinct blocks. */
LTA_MUST_CHECK lta_status lta_anonymize(const lta_run *run, const char *store, const char *from,
                                        uint64_t block_tokens);

#endif
