/* pipeline/enrich/table_prefixes.c - the table `prefixes`: the trie nodes whose caching saves most.
 *
 * A node saves its length for every request later than its owner whose input contains it. How many those are
 * is a sum over the subtree, for all nodes in one pass. Who they are matters only for the nodes of the table:
 * each request is tied to the deepest of them on its input path that it does not own, and the rest follows
 * from the links from each of them to the next one above. */
#include "pipeline/enrich/enrich_internal.h"

#include "pipeline/core/array.h"

#include <stdlib.h>
#include <string.h>

enum { PREFIXES = 1000, FIRST_REQUESTS = 3 };

typedef struct prefix {
    int64_t node;
    uint64_t saved, requests, sessions;
    int64_t above; /* index of the next prefix towards the root, -1 = none */
    int64_t first[FIRST_REQUESTS];
    unsigned n_first;
} prefix;

static int most_saved_first(const void *a, const void *b)
{
    const prefix *x = a, *y = b;
    if (x->saved != y->saved)
        return x->saved > y->saved ? -1 : 1;
    return x->node < y->node ? -1 : x->node > y->node;
}

/* Requests later than the owner whose input contains each node: count [n_nodes]. */
static void count_requests(const lta_enrichment *e, uint32_t *count)
{
    const lta_trie *trie = &e->trie;
    memset(count, 0, (size_t)trie->n_nodes * sizeof *count);
    for (uint64_t r = 0; r < e->trace.n; r++)
        if (trie->input_node[r] >= 0)
            count[trie->input_node[r]]++;
    for (uint64_t i = trie->n_nodes; i-- > 0;) /* children come after their parents */
        if (trie->parent[i] >= 0)
            count[trie->parent[i]] += count[i];
    for (uint64_t i = 0; i < trie->n_nodes;
         i++) /* nobody earlier than the owner has it; nodes end where inputs end */
        if (trie->depth[i] <= e->input_symbols[trie->owner[i]])
            count[i]--;
}

/* The nodes that save most; *n of them. */
static lta_status choose(const lta_enrichment *e, prefix **out, uint64_t *n)
{
    lta_status st = LTA_OK;
    const lta_trie *trie = &e->trie;
    uint32_t *count = NULL;
    prefix *all = NULL;
    uint64_t found = 0;
    LTA_TRY(LTA_ALLOC(&count, trie->n_nodes));
    count_requests(e, count);
    for (uint64_t i = 0; i < trie->n_nodes; i++)
        found += count[i] > 0;
    LTA_TRY(LTA_ALLOC(&all, found));
    found = 0;
    for (uint64_t i = 0; i < trie->n_nodes; i++)
        if (count[i] > 0)
            all[found++] = (prefix){.node = (int64_t)i,
                                    .requests = count[i],
                                    .saved = (uint64_t)lta_trie_label_length(trie, (int64_t)i) * count[i],
                                    .first = {-1, -1, -1}};
    qsort(all, (size_t)found, sizeof *all, most_saved_first);
    *n = found < PREFIXES ? found : PREFIXES;
    *out = all;
    all = NULL;
done:
    lta_free(all);
    lta_free(count);
    return st;
}

/* Ties prefixes to the ones above them, and each request to the deepest prefix of its input that it does not
 * own (-1: none). deepest [n_nodes] is scratch. */
static void tie(const lta_enrichment *e, prefix *p, uint64_t n, int64_t *deepest, int64_t *of_request)
{
    const lta_trie *trie = &e->trie;
    for (uint64_t i = 0; i < trie->n_nodes; i++)
        deepest[i] = -1;
    for (uint64_t k = 0; k < n; k++)
        deepest[p[k].node] = (int64_t)k;
    for (uint64_t i = 0; i < trie->n_nodes; i++) {
        int64_t above = trie->parent[i] < 0 ? -1 : deepest[trie->parent[i]];
        if (deepest[i] >= 0)
            p[deepest[i]].above = above;
        else
            deepest[i] = above;
    }
    for (uint64_t r = 0; r < e->trace.n; r++) {
        int64_t k = trie->input_node[r] < 0 ? -1 : deepest[trie->input_node[r]];
        while (k >= 0 && trie->owner[p[k].node] == r) /* owners fall towards the root */
            k = p[k].above;
        of_request[r] = k;
    }
}

/* Requests come in order, so one that a full prefix does not take is taken by none above it either. */
static void find_first_requests(const lta_enrichment *e, prefix *p, const int64_t *of_request)
{
    for (uint64_t r = 0; r < e->trace.n; r++)
        for (int64_t k = of_request[r]; k >= 0 && p[k].n_first < FIRST_REQUESTS; k = p[k].above)
            p[k].first[p[k].n_first++] = (int64_t)r;
}

static int shallow_first(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Distinct sessions of each prefix, 64 sessions at a time: a bit each, handed upwards. */
static lta_status count_sessions(const lta_enrichment *e, prefix *p, uint64_t n, const int64_t *of_request)
{
    lta_status st = LTA_OK;
    uint64_t *seen = NULL;
    int64_t *node = NULL, *order = NULL; /* prefixes by node: parents before children */
    LTA_TRY(LTA_CALLOC(&seen, n));
    LTA_TRY(LTA_ALLOC(&node, n));
    LTA_TRY(LTA_ALLOC(&order, e->trie.n_nodes));
    for (uint64_t k = 0; k < n; k++) {
        node[k] = p[k].node;
        order[p[k].node] = (int64_t)k;
    }
    qsort(node, (size_t)n, sizeof *node, shallow_first);
    for (uint64_t s = 0; s < e->trace.n_sessions; s += 64) {
        uint64_t end = s + 64 < e->trace.n_sessions ? s + 64 : e->trace.n_sessions;
        for (uint64_t own = s; own < end; own++)
            for (uint64_t i = e->session_offset[own]; i < e->session_offset[own + 1]; i++) {
                int64_t k = of_request[e->session_request[i]];
                if (k >= 0)
                    seen[k] |= (uint64_t)1 << (own - s);
            }
        for (uint64_t i = n; i-- > 0;) {
            prefix *q = &p[order[node[i]]];
            uint64_t *bits = &seen[order[node[i]]];
            q->sessions += (uint64_t)__builtin_popcountll(*bits);
            if (q->above >= 0)
                seen[q->above] |= *bits;
            *bits = 0;
        }
    }
done:
    lta_free(seen);
    lta_free(node);
    lta_free(order);
    return st;
}

lta_status lta_build_prefixes(const lta_enrichment *e, lta_table_set *set)
{
    static const lta_column_spec columns[] = {
        {LTA_U64, "node", "1", "row of the node in trie.h5"},
        {LTA_U64, "saved", "symbols", "length x requests"},
        {LTA_U64, "length", "symbols", "symbols of the node itself"},
        {LTA_U64, "depth", "symbols", "symbols from the root to its end"},
        {LTA_U64, "requests", "1", "requests later than the owner whose input contains the node"},
        {0},
    };
    static const lta_column_spec session_columns[] = {
        {LTA_U64, "sessions", "1", "distinct sessions of those requests"},
        {0},
    };
    static const lta_column_spec request_columns[] = {
        {LTA_U64, "owner", "1", "lowest request whose full sequence contains the node"},
        {LTA_I64, "request_1", "1", "first of those requests"},
        {LTA_I64, "request_2", "1", "second of those requests; -1 = none"},
        {LTA_I64, "request_3", "1", "third of those requests; -1 = none"},
        {0},
    };
    lta_status st = LTA_OK;
    prefix *p = NULL;
    int64_t *deepest = NULL, *of_request = NULL;
    uint64_t n;
    lta_table *t;
    LTA_TRY(choose(e, &p, &n));
    LTA_TRY(LTA_ALLOC(&deepest, e->trie.n_nodes));
    LTA_TRY(LTA_ALLOC(&of_request, e->trace.n));
    tie(e, p, n, deepest, of_request);
    find_first_requests(e, p, of_request);
    if (e->sessions)
        LTA_TRY(count_sessions(e, p, n, of_request));

    LTA_TRY(lta_table_add(set, "prefixes", "the 1,000 trie nodes that save most, most first", &t));
    LTA_TRY(lta_table_columns_add(t, columns));
    if (e->sessions)
        LTA_TRY(lta_table_columns_add(t, session_columns));
    LTA_TRY(lta_table_columns_add(t, request_columns));
    for (uint64_t k = 0; k < n; k++) {
        LTA_TRY(lta_table_row(t));
        lta_table_put_u64(t, (uint64_t)p[k].node);
        lta_table_put_u64(t, p[k].saved);
        lta_table_put_u64(t, lta_trie_label_length(&e->trie, p[k].node));
        lta_table_put_u64(t, e->trie.depth[p[k].node]);
        lta_table_put_u64(t, p[k].requests);
        if (e->sessions)
            lta_table_put_u64(t, p[k].sessions);
        lta_table_put_u64(t, e->trie.owner[p[k].node]);
        for (int i = 0; i < FIRST_REQUESTS; i++)
            lta_table_put_i64(t, p[k].first[i]);
    }
done:
    lta_free(of_request);
    lta_free(deepest);
    lta_free(p);
    return st;
}
