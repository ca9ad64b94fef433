/* pipeline/curve/block_runs.c - runs weighed in whole blocks (design, sections 3.3 and 3.5).
 *
 * Block k is the position at depth kB, so a run that covers depths start+1 .. start+length holds
 * floor((start+length)/B) - floor(start/B) blocks. T_B is a sum of such weights over other runs: it is
 * computed anew for each B, from the same runs. */
#include "kernels/compute.h"
#include "pipeline/core/array.h"
#include "pipeline/curve/curve.h"

#include <stddef.h>

/* Blocks that all input tokens but the last one fill. */
static uint32_t filled_blocks(const lta_trace *trace, uint64_t r)
{
    uint32_t tokens = trace->input_tokens[r];
    return tokens > 0 ? (tokens - 1) / trace->block_tokens : 0;
}

uint32_t lta_lookup_length(const lta_trace *trace, const lta_trie *trie, uint64_t r, bool reserve_last)
{
    int64_t node = trie->input_node[r];
    uint32_t length = node < 0 ? 0 : trie->depth[node];
    if (!reserve_last)
        return length;
    if (trace->unit == LTA_UNIT_TOKEN)
        return length > 0 ? length - 1 : 0;
    if (trace->block_tokens == 0) /* blocks of unequal lengths: at least a part of the last is recomputed */
        return length > 0 ? length - 1 : 0;
    uint32_t filled = filled_blocks(trace, r);
    return length < filled ? length : filled;
}

uint64_t lta_lookups(const lta_trace *trace, const lta_trie *trie, bool reserve_last, uint64_t block)
{
    uint64_t sum = 0;
    for (uint64_t r = 0; r < trace->n; r++)
        sum += lta_lookup_length(trace, trie, r, reserve_last) / block;
    return sum;
}

lta_status lta_lookup_rule_of(const lta_trace *trace, bool reserve_last, lta_lookup_rule *rule,
                              uint32_t **most)
{
    bool in_tokens = reserve_last && trace->unit == LTA_UNIT_BLOCK && trace->block_tokens > 0;
    *most = NULL;
    *rule = (lta_lookup_rule){.leave = reserve_last && !in_tokens};
    if (!in_tokens)
        return LTA_OK;
    lta_status st = LTA_ALLOC(most, trace->n);
    if (st != LTA_OK)
        return st;
    uint32_t largest = 0;
    for (uint64_t r = 0; r < trace->n; r++) {
        (*most)[r] = filled_blocks(trace, r);
        largest = (*most)[r] > largest ? (*most)[r] : largest;
    }
    if (largest == 0)
        rule->leave = UINT32_MAX; /* nothing is ever looked up */
    else
        rule->most = *most;
    return LTA_OK;
}

static lta_status look_up(const lta_trace *trace, const lta_trie *trie, const lta_runs *runs,
                          bool reserve_last, lta_block_runs *b)
{
    uint32_t *w;
    lta_status st = LTA_ALLOC(&w, runs->n_runs);
    if (st != LTA_OK)
        return st;
    b->lookups = 0;
    for (uint64_t r = 0; r < runs->n; r++) {
        uint32_t limit = lta_lookup_length(trace, trie, r, reserve_last);
        b->lookups += limit / b->block;
        for (uint64_t k = runs->offset[r]; k < runs->offset[r + 1]; k++) {
            uint32_t start = runs->start[k], end = start + runs->length[k];
            end = end < limit ? end : limit;
            w[k] = start < end ? lta_blocks_between(start, end, b->block) : 0;
        }
    }
    b->looked_up = w;
    return LTA_OK;
}

static lta_status block_distances(const lta_run *run, const lta_trie *trie, const lta_runs *runs,
                                  bool inputs_only, uint64_t block, uint64_t **out)
{
    lta_status st = LTA_OK;
    uint32_t *weight = NULL, *first = NULL;
    uint64_t *distance = NULL;
    const int64_t *touched = inputs_only ? trie->input_node : trie->full_node;
    LTA_TRY(LTA_ALLOC(&weight, runs->n_runs));
    LTA_TRY(LTA_ALLOC(&first, runs->n));
    LTA_TRY(LTA_ALLOC(&distance, runs->n_runs));
    for (uint64_t r = 0; r < runs->n; r++) {
        uint32_t end = lta_runs_end(runs, r), depth = touched[r] < 0 ? 0 : trie->depth[touched[r]];
        if (end > depth) {
            st = lta_fail(LTA_ERR_FORMAT,
                          "the runs of request %llu end at depth %u, below the %u symbols that it touches",
                          (unsigned long long)r, end, depth);
            goto done;
        }
        for (uint64_t k = runs->offset[r]; k < runs->offset[r + 1]; k++)
            weight[k] = lta_blocks_between(runs->start[k], runs->start[k] + runs->length[k], block);
        first[r] = lta_blocks_between(end, depth, block);
    }
    LTA_TRY(lta_compute_distances(run, runs->n, runs->offset, runs->previous, weight, first, distance));
    *out = distance;
    distance = NULL;
done:
    lta_free(weight);
    lta_free(first);
    lta_free(distance);
    return st;
}

lta_status lta_block_runs_compute(const lta_run *run, const lta_trace *trace, const lta_trie *trie,
                                  const lta_runs *runs, bool inputs_only, uint64_t block, bool reserve_last,
                                  lta_block_runs *out)
{
    lta_status st = LTA_OK;
    lta_block_runs b = {.block = block, .n_runs = runs->n_runs};
    if (block == 1) {
        b.distance = runs->distance;
        b.borrowed_distance = true;
    } else {
        LTA_TRY(block_distances(run, trie, runs, inputs_only, block, &b.distance));
    }
    LTA_TRY(look_up(trace, trie, runs, reserve_last, &b));
    *out = b;
    return LTA_OK;
done:
    lta_block_runs_free(&b);
    return st;
}

lta_status lta_block_runs_again(const lta_trace *trace, const lta_trie *trie, const lta_runs *runs,
                                const lta_block_runs *base, bool reserve_last, lta_block_runs *out)
{
    lta_block_runs b = {
        .block = base->block, .n_runs = base->n_runs, .distance = base->distance, .borrowed_distance = true};
    lta_status st = look_up(trace, trie, runs, reserve_last, &b);
    if (st == LTA_OK)
        *out = b;
    return st;
}

void lta_block_runs_free(lta_block_runs *b)
{
    if (!b->borrowed_distance)
        lta_free(b->distance);
    lta_free(b->looked_up);
    *b = (lta_block_runs){0};
}

uint64_t lta_request_hits(const lta_runs *runs, const lta_block_runs *b, uint64_t r, uint64_t capacity)
{
    uint64_t hits = 0;
    for (uint64_t k = runs->offset[r]; k < runs->offset[r + 1]; k++) {
        uint64_t room = capacity > b->distance[k] ? capacity - b->distance[k] : 0;
        hits += room < b->looked_up[k] ? room : b->looked_up[k];
    }
    return hits;
}
