/* pipeline/import/block_size.c - inferring and checking the block size. */
#include "pipeline/import/block_size.h"

typedef unsigned long long ull; /* for printf */

static const lta_block_rule rules[] = {LTA_BLOCK_CEILING, LTA_BLOCK_FLOOR};

const char *lta_block_rule_text(lta_block_rule rule)
{
    return rule == LTA_BLOCK_CEILING ? "an id for every started block"
           : rule == LTA_BLOCK_FLOOR ? "ids for full blocks only"
                                     : "every input is whole blocks";
}

lta_block_bounds lta_block_bounds_all(void)
{
    return (lta_block_bounds){.min = {1, 1, 1}, .max = {UINT32_MAX, UINT32_MAX, UINT32_MAX}};
}

void lta_block_bounds_add(lta_block_bounds *b, uint64_t line, uint64_t input, uint64_t n)
{
    uint64_t min[3] = {1, 1, 1}, max[3] = {UINT32_MAX, UINT32_MAX, UINT32_MAX};
    if (n > 0) {
        min[LTA_BLOCK_CEILING] = input / n + (input % n != 0);
        max[LTA_BLOCK_FLOOR] = input / n;
        if (input == 0)
            max[LTA_BLOCK_CEILING] = 0; /* no tokens, yet an id */
    } else if (input > 0) {
        max[LTA_BLOCK_CEILING] = 0; /* tokens, yet no id */
    }
    if (n > 1 && input > 0)
        max[LTA_BLOCK_CEILING] = (input - 1) / (n - 1);
    min[LTA_BLOCK_FLOOR] = input / (n + 1) + 1;
    for (unsigned i = 0; i < 2; i++) {
        lta_block_rule r = rules[i];
        bool fitted = b->min[r] <= b->max[r];
        b->min[r] = min[r] > b->min[r] ? min[r] : b->min[r];
        b->max[r] = max[r] < b->max[r] ? max[r] : b->max[r];
        if (fitted && b->min[r] > b->max[r])
            b->emptied_by[r] = line;
    }
}

lta_status lta_block_bounds_decide(const lta_block_bounds *b, const char *file, uint32_t *block_tokens)
{
    uint64_t min = UINT64_MAX, max = 0, last = 0;
    for (unsigned i = 0; i < 2; i++) {
        lta_block_rule r = rules[i];
        if (b->emptied_by[r] > last)
            last = b->emptied_by[r];
        if (b->min[r] > b->max[r])
            continue;
        min = b->min[r] < min ? b->min[r] : min;
        max = b->max[r] > max ? b->max[r] : max;
    }
    if (min > max)
        return lta_fail(
            LTA_ERR_FORMAT,
            "%s:%llu: no block size fits the numbers of tokens and ids up to this line, expected one that "
            "does; --block-tokens N says which it is",
            file, (ull)last);
    if (min < max)
        return lta_fail(
            LTA_ERR_FORMAT,
            "%s: block sizes from %llu to %llu tokens fit this file, expected only one; --block-tokens N "
            "says which it is",
            file, (ull)min, (ull)max);
    *block_tokens = (uint32_t)min;
    return LTA_OK;
}

lta_status lta_block_check_row(lta_place *place, uint32_t block_tokens, uint64_t input, uint64_t n,
                               lta_block_rule *rule, uint64_t *rule_line)
{
    uint64_t full = input / block_tokens, started = full + (input % block_tokens != 0);
    if (n != full && n != started)
        return lta_bad_row(
            place, "ids do not fit the block size",
            "%llu ids, but %llu tokens make %llu blocks of %u, the last one counted only if started "
            "ones are (--block-tokens N if the blocks have another size)",
            (ull)n, (ull)input, (ull)started, block_tokens);
    if (full == started)
        return LTA_OK;
    lta_block_rule own = n == started ? LTA_BLOCK_CEILING : LTA_BLOCK_FLOOR;
    if (*rule == LTA_BLOCK_ANY) {
        *rule = own;
        *rule_line = place->line;
    }
    if (*rule != own)
        return lta_bad_row(place, "ids do not fit the block size",
                           "%llu ids for %llu tokens in blocks of %u is %s, expected %s as in line %llu",
                           (ull)n, (ull)input, block_tokens, lta_block_rule_text(own),
                           lta_block_rule_text(*rule), (ull)*rule_line);
    return LTA_OK;
}
