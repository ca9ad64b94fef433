/* pipeline/export/made_up_tokens.h - content for the blocks of a block trace, to replay it as tokens.
 *
 * The answer that Mooncake's authors give to "how do I replay block ids" (kvcache-ai/Mooncake, issue 1266):
 * the same made-up content for the same id. Here content is a function of seed, vocabulary and id alone, so
 * the same in every trace, and two different ids never have equal blocks: the first tokens of a block spell
 * its id, as digits in base vocabulary - 1, the lowest first, ended by the token vocabulary - 1, which is no
 * digit. So no spelling is the beginning of another one. What stands in no block (the part of an input behind
 * its last id, an output) begins with that token, as no block does. */
#ifndef LTA_EXPORT_MADE_UP_TOKENS_H
#define LTA_EXPORT_MADE_UP_TOKENS_H

#include <stdint.h>

enum { LTA_SMALLEST_VOCABULARY = 3 };

typedef struct lta_made_up {
    uint64_t seed, vocabulary; /* tokens are 0 .. vocabulary - 1; at least LTA_SMALLEST_VOCABULARY */
} lta_made_up;

/* Tokens that spell the id: a block must have as many to tell ids apart. */
uint32_t lta_made_up_width(const lta_made_up *m, uint64_t id);
/* The first n tokens of the block `id`. */
void lta_made_up_block(const lta_made_up *m, uint64_t id, uint32_t n, uint64_t *out);
/* n tokens that stand in no block, different ones for every number. */
void lta_made_up_rest(const lta_made_up *m, uint64_t number, uint32_t n, uint64_t *out);

#endif
