/* pipeline/import/online_trie.c - online radix trie over delta-coded sequences. */
#include "pipeline/import/online_trie.h"

#include "pipeline/core/array.h"

#include <string.h>

enum { ROOT = 0, NO_CHILD = 0, FIRST_SLOTS = 64 };
#define MANY_CHILDREN UINT64_MAX

lta_status lta_online_trie_init(lta_online_trie *t)
{
    lta_status st = LTA_OK;
    *t = (lta_online_trie){.n_slots = FIRST_SLOTS};
    LTA_TRY(LTA_GROW(&t->node, &t->node_capacity, 1));
    LTA_TRY(LTA_CALLOC(&t->slot, t->n_slots));
    t->node[ROOT] = (lta_online_node){0};
    t->n_nodes = 1;
done:
    return st;
}

void lta_online_trie_free(lta_online_trie *t)
{
    lta_free(t->node);
    lta_free(t->slot);
    lta_free(t->path);
    lta_free(t->label);
    *t = (lta_online_trie){0};
}

static uint32_t start_of(const lta_online_trie *t, uint64_t v)
{
    return t->node[t->node[v].parent].depth;
}

/* Slot of the child of `parent` whose label begins with `symbol`, or the free slot where it belongs. */
static uint64_t find_slot(const lta_online_trie *t, uint64_t parent, uint64_t symbol)
{
    uint64_t h = (parent * 0x9e3779b97f4a7c15u ^ symbol) * 0xd6e8feb86659fd93u, mask = t->n_slots - 1;
    uint64_t i = (h ^ h >> 32) & mask;
    for (; t->slot[i].child != NO_CHILD; i = (i + 1) & mask)
        if (t->slot[i].symbol == symbol && t->node[t->slot[i].child].parent == parent)
            break;
    return i;
}

/* Room for two more children, at most half full. */
static lta_status reserve_slots(lta_online_trie *t)
{
    if (2 * (t->n_used + 2) <= t->n_slots)
        return LTA_OK;
    lta_online_slot *old = t->slot, *bigger;
    uint64_t n_old = t->n_slots;
    lta_status st = LTA_CALLOC(&bigger, 2 * n_old);
    if (st != LTA_OK)
        return st;
    t->slot = bigger;
    t->n_slots = 2 * n_old;
    for (uint64_t i = 0; i < n_old; i++)
        if (old[i].child != NO_CHILD)
            t->slot[find_slot(t, t->node[old[i].child].parent, old[i].symbol)] = old[i];
    lta_free(old);
    return LTA_OK;
}

static void add_slot(lta_online_trie *t, uint64_t child, uint64_t symbol)
{
    t->slot[find_slot(t, t->node[child].parent, symbol)] =
        (lta_online_slot){.symbol = symbol, .child = child};
    t->n_used++;
}

static uint64_t match32(const uint32_t *a, const uint64_t *b, uint64_t n)
{
    uint64_t i = 0;
    for (; i + 16 <= n;
         i += 16) { /* a block at a time without branches, which compilers turn into vector code */
        uint64_t differ = 0;
        for (uint64_t k = 0; k < 16; k++)
            differ |= a[i + k] ^ b[i + k];
        if (differ != 0)
            break;
    }
    while (i < n && a[i] == b[i])
        i++;
    return i;
}

static uint64_t match64(const uint64_t *a, const uint64_t *b, uint64_t n)
{
    uint64_t i = 0;
    while (i < n && a[i] == b[i])
        i++;
    return i;
}

/* *same: how many positions of request `owner` from `depth` up to `limit` agree with symbols, which begins at
 * `depth`; at first as many as are known to, which spares reading them. Labels are mostly one span; one of
 * many spans, each behind a chain of copies, is decoded at once instead. */
static lta_status match_label(lta_online_trie *t, const lta_sequences *s, uint32_t owner, uint32_t depth,
                              uint32_t limit, const uint64_t *symbols, uint32_t *same)
{
    enum { FEW_SPANS = 4 };
    uint32_t d = depth + *same;
    for (int spans = 0; d < limit && spans < FEW_SPANS; spans++) {
        uint64_t index;
        uint32_t n = lta_sequences_span(s, owner, d, &index);
        if (n > limit - d)
            n = limit - d;
        uint64_t agree = s->symbols32 ? match32(s->symbols32 + index, symbols + (d - depth), n)
                                      : match64(s->symbols64 + index, symbols + (d - depth), n);
        d += (uint32_t)agree;
        if (agree < n)
            limit = d;
    }
    if (d < limit) {
        lta_status st = LTA_GROW(&t->label, &t->label_capacity, limit - d);
        if (st == LTA_OK)
            st = lta_sequences_decode(s, owner, d, limit, t->label);
        if (st != LTA_OK)
            return st;
        d += (uint32_t)match64(t->label, symbols + (d - depth), limit - d);
    }
    *same = d - depth;
    return LTA_OK;
}

static lta_status add_to_path(lta_online_trie *t, uint64_t v)
{
    lta_status st = LTA_GROW(&t->path, &t->path_capacity, t->n_path + 1);
    if (st == LTA_OK)
        t->path[t->n_path++] = v;
    return st;
}

/* Positions from `matched` on, up to node v's end, of which the first *same are known to agree; symbols begin
 * at `matched`. */
static lta_status match_node(lta_online_trie *t, const lta_sequences *s, uint64_t v, const uint64_t *symbols,
                             uint32_t n, uint32_t *same)
{
    uint32_t limit = t->node[v].depth < n ? t->node[v].depth : n;
    return match_label(t, s, t->node[v].owner, t->matched, limit, symbols, same);
}

lta_status lta_online_trie_walk(lta_online_trie *t, const lta_sequences *s, lta_online_start start,
                                const uint64_t *symbols, uint32_t n)
{
    lta_status st = LTA_OK;
    uint64_t w = start.known > 0 ? start.end : ROOT;
    uint32_t same = 0;
    t->n_path = 0;
    t->matched = start.known;
    while (w != ROOT && start_of(t, w) >= start.known)
        w = t->node[w].parent;
    if (w != ROOT) {
        LTA_TRY(add_to_path(t, w));
        if (start.known < n) /* else there may be no symbols */
            LTA_TRY(match_node(t, s, w, symbols, n, &same));
        t->matched += same;
    }
    while (t->matched < n && t->matched == t->node[w].depth) {
        uint64_t v = t->node[w].child;
        const uint64_t *rest = symbols + (t->matched - start.known);
        same = v == MANY_CHILDREN; /* a child from the hash table begins with the symbol looked up */
        if (v == MANY_CHILDREN)
            v = t->slot[find_slot(t, w, *rest)].child;
        if (v == NO_CHILD)
            break;
        LTA_TRY(match_node(t, s, v, rest, n, &same));
        if (same == 0) /* an only child that begins with another symbol */
            break;
        LTA_TRY(add_to_path(t, v));
        t->matched += same;
        w = v;
    }
done:
    return st;
}

uint32_t lta_online_trie_common(const lta_online_trie *t, uint64_t end, uint32_t n)
{
    uint64_t k = t->n_path;
    /* climb from the end; on both paths nodes are told by where they start */
    for (uint64_t v = end; v != ROOT; v = t->node[v].parent) {
        uint32_t start = start_of(t, v);
        if (start >= n) /* `end` was split after the other sequence ended in its upper part */
            continue;
        while (k > 0 && start_of(t, t->path[k - 1]) > start)
            k--;
        if (k > 0 && t->path[k - 1] == v) {
            uint32_t common = n < t->matched ? n : t->matched;
            return common < t->node[v].depth ? common : t->node[v].depth;
        }
    }
    return 0;
}

static uint64_t first_symbol(const lta_online_trie *t, const lta_sequences *s, uint64_t v)
{
    uint64_t index;
    lta_sequences_span(s, t->node[v].owner, start_of(t, v), &index);
    return lta_sequences_symbol_at(s, index);
}

/* Cuts v, on the path just walked, at depth `matched`: v keeps its lower part, so that ends recorded in it
 * stay below the new node, which is returned with v as its only child. */
static uint64_t split(lta_online_trie *t, const lta_sequences *s, uint64_t v)
{
    uint64_t u = t->n_nodes++, parent = t->node[v].parent;
    if (t->node[parent].child == MANY_CHILDREN)
        t->slot[find_slot(t, parent, first_symbol(t, s, v))].child = u;
    else
        t->node[parent].child = u;
    t->node[u] =
        (lta_online_node){.parent = parent, .child = v, .depth = t->matched, .owner = t->node[v].owner};
    t->node[v].parent = u;
    return u;
}

lta_status lta_online_trie_insert(lta_online_trie *t, const lta_sequences *s, uint32_t r, uint64_t branch,
                                  uint32_t n, uint64_t *end)
{
    lta_status st = LTA_OK;
    uint64_t w = t->n_path > 0 ? t->path[t->n_path - 1] : ROOT;
    if (t->matched == n) { /* nothing that no earlier request has */
        *end = w;
        return LTA_OK;
    }
    LTA_TRY(LTA_GROW(&t->node, &t->node_capacity, t->n_nodes + 2));
    LTA_TRY(reserve_slots(t));
    if (t->matched < t->node[w].depth)
        w = split(t, s, w);
    uint64_t leaf = t->n_nodes++, only = t->node[w].child;
    t->node[leaf] = (lta_online_node){.parent = w, .child = NO_CHILD, .depth = n, .owner = r};
    if (only == NO_CHILD) {
        t->node[w].child = leaf;
    } else {
        if (only != MANY_CHILDREN) {
            add_slot(t, only, first_symbol(t, s, only));
            t->node[w].child = MANY_CHILDREN;
        }
        add_slot(t, leaf, branch);
    }
    *end = leaf;
done:
    return st;
}
