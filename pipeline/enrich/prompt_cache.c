/* pipeline/enrich/prompt_cache.c - Kavier's prompt cache (design, section 3.7): an LRU list of prompts, keyed
 * by the first min_tokens input tokens (and the session). The key is a trie position, so two requests have
 * the same key exactly if the same node contains depth min_tokens on their input paths; its distances are
 * those of a flat trace of keys. */
#include "pipeline/enrich/enrich_internal.h"

#include "kernels/flat_distance.h"
#include "pipeline/core/array.h"

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

/* The requests that look up, as accesses to numbered keys: object [n], LTA_FLAT_NONE where nothing is looked
 * up. at: [n_nodes] nodes_at_depth(). */
static lta_status number_keys(const lta_enrichment *e, uint32_t min_tokens, const uint32_t *session,
                              const int64_t *at, uint32_t *object, uint64_t *n_objects, uint64_t *lookups)
{
    lta_status st = LTA_OK;
    const lta_trace *t = &e->trace;
    uint32_t *slot = NULL; /* open addressing: 1 + first request with a key, 0 = free */
    uint64_t n_slots = 64;
    while (n_slots < 2 * t->n)
        n_slots *= 2;
    LTA_TRY(LTA_CALLOC(&slot, n_slots));
    *n_objects = *lookups = 0;
    for (uint64_t r = 0; r < t->n; r++) {
        int64_t node = e->trie.input_node[r];
        int64_t key = node < 0 || lta_token_count(t->input_tokens[r]) < min_tokens ? -1 : at[node];
        object[r] = LTA_FLAT_NONE;
        if (key < 0)
            continue;
        ++*lookups;
        if (session && session[r] == LTA_NO_U32) { /* shares with nobody, but takes an entry */
            object[r] = (uint32_t)(*n_objects)++;
            continue;
        }
        uint64_t h = (uint64_t)key * 0x9E3779B97F4A7C15u + (session ? session[r] : 0) * 0xC2B2AE3D27D4EB4Fu;
        h = (h ^ h >> 32) * 0xD6E8FEB86659FD93u;
        for (h = (h ^ h >> 32) & (n_slots - 1); slot[h] != 0; h = (h + 1) & (n_slots - 1)) {
            uint64_t q = slot[h] - 1;
            if (at[e->trie.input_node[q]] == key && (!session || session[q] == session[r]))
                break;
        }
        if (slot[h] == 0) {
            slot[h] = (uint32_t)(r + 1);
            object[r] = (uint32_t)(*n_objects)++;
        } else {
            object[r] = object[slot[h] - 1];
        }
    }
done:
    lta_free(slot);
    return st;
}

lta_status lta_prompt_cache_distances(const lta_enrichment *e, uint32_t min_tokens, bool by_session,
                                      uint64_t **distance, uint64_t *lookups)
{
    lta_status st = LTA_OK;
    const lta_trace *t = &e->trace;
    int64_t *at = NULL;
    uint32_t *object = NULL, *previous = NULL, *between = NULL;
    uint64_t *out = NULL, n_objects;
    if (t->n > LTA_FLAT_MOST)
        return lta_fail(LTA_ERR_FORMAT, "%llu requests, expected at most %llu for a prompt cache",
                        (unsigned long long)t->n, (unsigned long long)LTA_FLAT_MOST);
    LTA_TRY(LTA_ALLOC(&at, e->trie.n_nodes));
    LTA_TRY(LTA_ALLOC(&object, t->n));
    LTA_TRY(LTA_ALLOC(&previous, t->n));
    LTA_TRY(LTA_ALLOC(&between, t->n));
    LTA_TRY(LTA_ALLOC(&out, t->n));
    nodes_at_depth(&e->trie, min_tokens / t->block_tokens, at);
    LTA_TRY(number_keys(e, min_tokens, by_session ? t->session : NULL, at, object, &n_objects, lookups));
    LTA_TRY(lta_flat_distances(1, t->n, object, n_objects, previous, between));
    for (uint64_t r = 0; r < t->n; r++)
        out[r] = previous[r] == LTA_FLAT_NONE ? 0 : (uint64_t)between[r] + 1;
    *distance = out;
    out = NULL;
done:
    lta_free(out);
    lta_free(between);
    lta_free(previous);
    lta_free(object);
    lta_free(at);
    return st;
}

/* The max_prompts of the table: 1, 2, 4, 8, 10, 16, ..., to 1024 always and on to the first that reaches
 * every attainable hit. No distance exceeds the number of requests, so 2^32 always does. */
enum { FEWEST_SIZES = 12, MOST_SIZES = 34, MOST_CACHES = 12 };
static uint64_t max_prompts(unsigned size)
{
    enum { KAVIER = 4 }; /* the place of 10, Kavier's default */
    return size == KAVIER ? 10 : UINT64_C(1) << (size < KAVIER ? size : size - 1);
}

/* A cache of the table, and how many of its lookups hit at each of its sizes. */
typedef struct prompt_cache {
    bool by_session;
    uint32_t min_tokens;
    unsigned n_sizes;
    uint64_t lookups, hits[MOST_SIZES];
    lta_status status;
} prompt_cache;

static lta_status simulate(const lta_enrichment *e, prompt_cache *c)
{
    uint64_t *distance = NULL;
    lta_status st = lta_prompt_cache_distances(e, c->min_tokens, c->by_session, &distance, &c->lookups);
    uint64_t longest = 0;
    for (uint64_t r = 0; st == LTA_OK && r < e->trace.n; r++)
        longest = distance[r] > longest ? distance[r] : longest;
    c->n_sizes = FEWEST_SIZES;
    while (c->n_sizes < MOST_SIZES && max_prompts(c->n_sizes - 1) < longest)
        c->n_sizes++;
    for (uint64_t r = 0; st == LTA_OK && r < e->trace.n; r++)
        for (unsigned k = c->n_sizes; k-- > 0 && distance[r] > 0 && distance[r] <= max_prompts(k);)
            c->hits[k]++;
    lta_free(distance);
    return st;
}

/* The table `prompt_cache`: min_tokens of 64, 256, 512, 1024, 2048 and 4096 (in a block trace those that are
 * multiples of block_tokens), max_prompts() up to all hits; scopes session (if the trace has sessions) and
 * global. */
lta_status lta_build_prompt_cache(const lta_enrichment *e, lta_table_set *set)
{
    static const uint32_t min_tokens[] = {64, 256, 512, 1024, 2048, 4096};
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
    prompt_cache cache[MOST_CACHES];
    int64_t n = 0;
    LTA_TRY(lta_table_add(set, "prompt_cache",
                          "Kavier's prompt cache by key length, number of entries and scope", &t));
    LTA_TRY(lta_table_columns_add(t, columns));
    for (int by_session = e->sessions; by_session >= 0; by_session--)
        for (size_t m = 0; m < sizeof min_tokens / sizeof *min_tokens; m++)
            if (e->equal_blocks && min_tokens[m] % e->trace.block_tokens == 0)
                cache[n++] = (prompt_cache){.by_session = by_session, .min_tokens = min_tokens[m]};
#pragma omp parallel for schedule(dynamic, 1) num_threads(e->run->threads)
    for (int64_t i = 0; i < n; i++)
        cache[i].status = simulate(e, &cache[i]);
    for (int64_t i = 0; i < n; i++) {
        const prompt_cache *c = &cache[i];
        if (c->status != LTA_OK) /* its detail may be another thread's */
            LTA_TRY(lta_fail(c->status, "could not simulate the prompt cache of keys of %u tokens",
                             c->min_tokens));
        for (unsigned k = 0; k < c->n_sizes; k++) {
            LTA_TRY(lta_table_row(t));
            LTA_TRY(lta_table_put_text(t, c->by_session ? "session" : "global"));
            lta_table_put_u64(t, c->min_tokens);
            lta_table_put_u64(t, max_prompts(k));
            lta_table_put_u64(t, e->trace.n);
            lta_table_put_u64(t, c->lookups);
            lta_table_put_u64(t, c->hits[k]);
            lta_table_put_f64(t, lta_ratio(c->hits[k], c->lookups));
            lta_table_put_f64(t, lta_ratio(c->hits[k], e->trace.n));
        }
    }
done:
    return st;
}
