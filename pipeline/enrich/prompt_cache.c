/* pipeline/enrich/prompt_cache.c - Kavier's prompt cache (design, section 3.7): an LRU list of prompts, keyed
 * by the first min_tokens input tokens (and the session). The key is a trie position, so two requests have
 * the same key exactly if the same node contains depth min_tokens on their input paths; its curve is one
 * stack-distance pass over keys. */
#include "pipeline/enrich/enrich_internal.h"

#include "kernels/compute.h"
#include "pipeline/core/array.h"

#include <stdlib.h>
#include <string.h>

/* The node that contains depth `depth` on the path to each node; -1 where the path is shorter. Parents come
 * first. */
static void nodes_at_depth(const lta_trie *trie, uint32_t depth, int64_t *at)
{
    for (uint64_t i = 0; i < trie->n_nodes; i++) {
        int64_t p = trie->parent[i];
        at[i] = trie->depth[i] < depth ? -1 : p >= 0 && trie->depth[p] >= depth ? at[p] : (int64_t)i;
    }
}

/* Last request with the key of request r: an open-addressing table of 1 + request, 0 = free. */
static uint64_t find_slot(const uint32_t *slot, uint64_t mask, const int64_t *key, const uint32_t *session,
                          uint64_t r)
{
    uint64_t h = (uint64_t)key[r] * 0x9E3779B97F4A7C15u + (session ? session[r] : 0) * 0xC2B2AE3D27D4EB4Fu;
    h = (h ^ h >> 32) * 0xD6E8FEB86659FD93u;
    for (h = (h ^ h >> 32) & mask; slot[h] != 0; h = (h + 1) & mask) {
        uint64_t q = slot[h] - 1;
        if (key[q] == key[r] && (!session || session[q] == session[r]))
            break;
    }
    return h;
}

lta_status lta_prompt_cache_distances(const lta_enrichment *e, uint32_t min_tokens, bool by_session,
                                      uint64_t **distance, uint64_t *lookups)
{
    lta_status st = LTA_OK;
    const lta_trace *t = &e->trace;
    const uint32_t *session = by_session ? t->session : NULL;
    int64_t *at = NULL, *key = NULL;
    uint32_t *slot = NULL, *previous = NULL, *one = NULL, *first = NULL;
    uint64_t *offset = NULL, *run_distance = NULL, *out = NULL, n_slots = 64, n_runs = 0, looked_up = 0;

    while (n_slots < 2 * t->n)
        n_slots *= 2;
    LTA_TRY(LTA_ALLOC(&at, e->trie.n_nodes));
    LTA_TRY(LTA_ALLOC(&key, t->n));
    LTA_TRY(LTA_CALLOC(&slot, n_slots));
    LTA_TRY(LTA_ALLOC(&previous, t->n));
    LTA_TRY(LTA_ALLOC(&one, t->n));
    LTA_TRY(LTA_CALLOC(&first, t->n));
    LTA_TRY(LTA_ALLOC(&offset, t->n + 1));
    LTA_TRY(LTA_ALLOC(&run_distance, t->n));
    LTA_TRY(LTA_CALLOC(&out, t->n));

    nodes_at_depth(&e->trie, min_tokens / t->block_tokens, at);
    for (uint64_t r = 0; r < t->n; r++) {
        int64_t node = e->trie.input_node[r];
        offset[r] = n_runs;
        key[r] = node < 0 || lta_token_count(t->input_tokens[r]) < min_tokens ? -1 : at[node];
        if (key[r] < 0)
            continue;
        looked_up++;
        if (session && session[r] == LTA_NO_U32) { /* shares with nobody, but takes an entry */
            first[r] = 1;
            continue;
        }
        uint64_t h = find_slot(slot, n_slots - 1, key, session, r);
        if (slot[h] == 0) {
            first[r] = 1;
        } else {
            previous[n_runs] = slot[h] - 1;
            one[n_runs++] = 1;
        }
        slot[h] = (uint32_t)(r + 1);
    }
    offset[t->n] = n_runs;
    LTA_TRY(lta_compute_distances(e->run, t->n, offset, previous, one, first, run_distance));
    for (uint64_t r = 0; r < t->n; r++)
        if (offset[r + 1] > offset[r])
            out[r] = run_distance[offset[r]] + 1;
    *distance = out;
    *lookups = looked_up;
    out = NULL;
done:
    free(out);
    free(run_distance);
    free(offset);
    free(first);
    free(one);
    free(previous);
    free(slot);
    free(key);
    free(at);
    return st;
}

/* The table `prompt_cache`: min_tokens of 64, 256, 512, 1024, 2048 and 4096 (in a block trace those that are
 * multiples of block_tokens), max_prompts of 1, 2, 4, ..., 1024 and 10, Kavier's default; scopes session (if
 * the trace has sessions) and global. */
lta_status lta_build_prompt_cache(const lta_enrichment *e, lta_table_set *set)
{
    static const uint32_t min_tokens[] = {64, 256, 512, 1024, 2048, 4096};
    static const uint64_t max_prompts[] = {1, 2, 4, 8, 10, 16, 32, 64, 128, 256, 512, 1024};
    static const lta_column_spec columns[] = {
        {LTA_STR, "scope", "1", "session: a key holds the session; global: anyone's prompt can be reused"},
        {LTA_U64, "min_tokens", "tokens", "length of the key; shorter inputs do not look up"},
        {LTA_U64, "max_prompts", "prompts", "entries of the LRU cache"},
        {LTA_U64, "requests", "1", "requests of the trace"},
        {LTA_U64, "lookups", "1", "requests with at least min_tokens input tokens"},
        {LTA_U64, "hits", "1", "lookups whose key is cached"},
        {LTA_F64, "hits_per_lookup", "hits/lookups", "hits / lookups"},
        {LTA_F64, "hits_per_request", "hits/requests", "hits / requests"},
        {0},
    };
    lta_status st = LTA_OK;
    lta_table *t;
    uint64_t *distance = NULL;
    LTA_TRY(lta_table_add(set, "prompt_cache",
                          "Kavier's prompt cache by key length, number of entries and scope", &t));
    LTA_TRY(lta_table_columns_add(t, columns));
    for (int by_session = e->sessions; by_session >= 0; by_session--)
        for (size_t m = 0; m < sizeof min_tokens / sizeof *min_tokens; m++) {
            uint64_t lookups;
            if (!e->equal_blocks || min_tokens[m] % e->trace.block_tokens != 0)
                continue;
            LTA_TRY(lta_check_stop(e->run));
            free(distance);
            distance = NULL;
            LTA_TRY(lta_prompt_cache_distances(e, min_tokens[m], by_session, &distance, &lookups));
            for (size_t c = 0; c < sizeof max_prompts / sizeof *max_prompts; c++) {
                uint64_t hits = 0;
                for (uint64_t r = 0; r < e->trace.n; r++)
                    hits += distance[r] > 0 && distance[r] <= max_prompts[c];
                LTA_TRY(lta_table_row(t));
                LTA_TRY(lta_table_put_text(t, by_session ? "session" : "global"));
                lta_table_put_u64(t, min_tokens[m]);
                lta_table_put_u64(t, max_prompts[c]);
                lta_table_put_u64(t, e->trace.n);
                lta_table_put_u64(t, lookups);
                lta_table_put_u64(t, hits);
                lta_table_put_f64(t, lta_ratio(hits, lookups));
                lta_table_put_f64(t, lta_ratio(hits, e->trace.n));
            }
        }
done:
    free(distance);
    return st;
}
