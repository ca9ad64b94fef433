/* pipeline/import/block_size.h - how many tokens a block id stands for, where the file does not say.
 *
 * Two rules are in use: an id for every started block (ceiling) or for full blocks only (floor). A row of
 * `input` tokens and n ids bounds the block size B from both sides under either rule:
 *
 *     ceiling  n = ceil(input / B):   ceil(input / n) <= B <= floor((input - 1) / (n - 1))
 *     floor    n = floor(input / B):  floor(input / (n + 1)) + 1 <= B <= floor(input / n)
 *
 * and all rows together usually leave one size. */
#ifndef LTA_IMPORT_BLOCK_SIZE_H
#define LTA_IMPORT_BLOCK_SIZE_H

#include "pipeline/import/source_text.h"

typedef enum lta_block_rule {
    LTA_BLOCK_ANY,
    LTA_BLOCK_CEILING,
    LTA_BLOCK_FLOOR
} lta_block_rule; /* ANY: not yet known */
const char *lta_block_rule_text(lta_block_rule rule);

typedef struct lta_block_bounds {
    uint64_t min[3], max[3]; /* by rule: sizes that fit every row so far; none if min > max */
    uint64_t emptied_by[3];  /* line that left none */
} lta_block_bounds;
lta_block_bounds lta_block_bounds_all(void); /* before the first row: anything */
void lta_block_bounds_add(lta_block_bounds *b, uint64_t line, uint64_t input, uint64_t n);

/* The only size that fits. LTA_ERR_FORMAT if none does or several do: the message asks for --block-tokens. */
LTA_MUST_CHECK lta_status lta_block_bounds_decide(const lta_block_bounds *b, const char *file,
                                                  uint32_t *block_tokens);

/* Checks a row against the block size and against the rule of the rows before (*rule, set by the first row
 * that tells; *rule_line is its line). */
LTA_MUST_CHECK lta_status lta_block_check_row(lta_place *place, uint32_t block_tokens, uint64_t input,
                                              uint64_t n, lta_block_rule *rule, uint64_t *rule_line);

#endif
