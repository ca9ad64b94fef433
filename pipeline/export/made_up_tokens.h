/* pipeline/export/made_up_tokens.h - content for the blocks of a block trace, to replay it as tokens.
 *
 * The answer that Mooncake's authors give to "how do I replay block ids" (kvcache-ai/Mooncake, issue 1266):
 * the same made-up content for the same id. Here content is a function of the seed and the id alone, and two
 * different ids never have equal blocks: the first tokens of a block are the id's digits in base
 * `vocabulary`. */
#ifndef LTA_EXPORT_MADE_UP_TOKENS_H
#define LTA_EXPORT_MADE_UP_TOKENS_H

#include <stdint.h>

typedef struct lta_made_up {
    uint64_t seed, vocabulary; /* tokens are 0 .. vocabulary - 1; at least 2 */
    uint32_t digits;           /* tokens that the largest id takes */
} lta_made_up;

/* vocabulary >= 2. */
lta_made_up lta_made_up_begin(uint64_t seed, uint64_t vocabulary, uint64_t largest_id);
/* The first n tokens of the block `id`. */
void lta_made_up_block(const lta_made_up *m, uint64_t id, uint32_t n, uint64_t *out);

#endif
