/* pipeline/verify/verify_hits.c - hits of stored curves, counted again by running the cache.
 *
 * Nothing here is what made the curves: no runs, no distances. The cache is a list of trie nodes from the
 * most to the least recently touched, each with the blocks of its label that are resident, counted from its
 * shallow end. A request looks its input up from the root on, then touches the nodes of its path, the deepest
 * first; what is too much goes from the list's end, the deep end of a node first. All positions of a node are
 * touched together, since every request's ends are ends of nodes. Time is the nodes on all paths, for each
 * curve and capacity. */
#include "pipeline/core/array.h"
#include "pipeline/verify/verify_internal.h"

#include <string.h>

enum { CAPACITIES = 3 };
#define NONE UINT64_MAX
/* Nodes to go through: the first curve may take many, all of them together few enough not to be noticed. */
#define MOST_OF_ONE (UINT64_C(1) << 31)
#define MOST_OF_ALL (UINT64_C(1) << 26)

/* A node as the requests of one group (source, session) have it. */
typedef struct item {
    uint64_t group;
    int64_t node;
    uint64_t newer, older; /* in the list; NONE at its ends */
    uint64_t blocks, resident;
    bool listed;
} item;

typedef struct cache {
    item *item; /* [n] */
    uint64_t n, item_capacity;
    uint64_t *slot; /* [n_slots] NONE or an item; a power of two, at most half full */
    uint64_t n_slots;
    uint64_t newest, oldest;
    uint64_t used, capacity;
    uint64_t *path; /* [n_path] items of the request, the deepest first */
    uint64_t n_path, path_capacity;
} cache;

static uint64_t slot_of(const cache *c, uint64_t group, int64_t node)
{
    uint64_t h = (group * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)node) * UINT64_C(0xd6e8feb86659fd93);
    uint64_t i = (h >> 32 ^ h) & (c->n_slots - 1);
    while (c->slot[i] != NONE && (c->item[c->slot[i]].group != group || c->item[c->slot[i]].node != node))
        i = (i + 1) & (c->n_slots - 1);
    return i;
}

static lta_status make_slots(cache *c)
{
    lta_status st = LTA_OK;
    enum { LEAST = 1024 };
    uint64_t *old = c->slot, n_slots = c->n_slots > 0 ? 2 * c->n_slots : LEAST, *slot = NULL;
    LTA_TRY(LTA_TABLE(&slot, n_slots));
    memset(slot, 0xff, n_slots * sizeof *slot);
    c->slot = slot;
    c->n_slots = n_slots;
    for (uint64_t i = 0; i < c->n; i++)
        slot[slot_of(c, c->item[i].group, c->item[i].node)] = i;
    lta_free(old);
done:
    return st;
}

/* The item of a node, made when it is met first. */
static lta_status get(cache *c, uint64_t group, int64_t node, uint64_t blocks, uint64_t *out)
{
    lta_status st = LTA_OK;
    if (2 * (c->n + 1) > c->n_slots)
        LTA_TRY(make_slots(c));
    uint64_t s = slot_of(c, group, node);
    if (c->slot[s] == NONE) {
        LTA_TRY(LTA_GROW(&c->item, &c->item_capacity, c->n + 1));
        c->item[c->n] = (item){.group = group, .node = node, .blocks = blocks};
        c->slot[s] = c->n++;
    }
    *out = c->slot[s];
done:
    return st;
}

static void take_out(cache *c, item *x)
{
    *(x->newer == NONE ? &c->newest : &c->item[x->newer].older) = x->older;
    *(x->older == NONE ? &c->oldest : &c->item[x->older].newer) = x->newer;
    x->listed = false;
}

static void touch(cache *c, uint64_t i)
{
    item *x = &c->item[i];
    if (x->listed)
        take_out(c, x);
    c->used += x->blocks - x->resident;
    x->resident = x->blocks;
    x->newer = NONE;
    x->older = c->newest;
    *(c->newest == NONE ? &c->oldest : &c->item[c->newest].newer) = i;
    c->newest = i;
    x->listed = true;
}

static void evict(cache *c)
{
    while (c->used > c->capacity) {
        item *x = &c->item[c->oldest];
        uint64_t excess = c->used - c->capacity, n = x->resident < excess ? x->resident : excess;
        x->resident -= n;
        c->used -= n;
        if (x->resident == 0)
            take_out(c, x);
    }
}

/* Hits of a lookup of at most `limit` blocks: resident ones from the root on, without a gap. */
static uint64_t look_up(const cache *c, uint64_t limit)
{
    uint64_t hits = 0;
    for (uint64_t k = c->n_path; k > 0 && hits < limit; k--) {
        const item *x = &c->item[c->path[k - 1]];
        hits += x->resident;
        if (x->resident < x->blocks)
            break;
    }
    return hits < limit ? hits : limit;
}

static uint64_t group_of(const lta_trace *t, lta_scope scope, uint64_t r)
{
    if (scope == LTA_SCOPE_GLOBAL)
        return 0;
    if (scope == LTA_SCOPE_SOURCE)
        return t->source[r];
    return t->session[r] == LTA_NO_U32 ? (UINT64_C(1) << 32) + r : t->session[r];
}

static lta_status run_cache(const lta_stored_curve *s, const int64_t *touched, const lta_trie *trie,
                            const lta_trace *t, uint64_t capacity, uint64_t *hits)
{
    lta_status st = LTA_OK;
    cache c = {.newest = NONE, .oldest = NONE, .capacity = capacity};
    *hits = 0;
    for (uint64_t r = 0; r < t->n; r++) {
        uint64_t group = group_of(t, s->scope, r);
        c.n_path = 0;
        for (int64_t node = touched[r]; node >= 0; node = trie->parent[node]) {
            uint64_t blocks =
                trie->depth[node] / s->block - lta_verify_depth(trie, trie->parent[node]) / s->block;
            if (blocks == 0)
                continue;
            LTA_TRY(LTA_GROW(&c.path, &c.path_capacity, c.n_path + 1));
            LTA_TRY(get(&c, group, node, blocks, &c.path[c.n_path]));
            c.n_path++;
        }
        *hits += look_up(&c, lta_lookup_length(t, trie, r, s->reserve_last) / s->block);
        for (uint64_t k = 0; k < c.n_path; k++)
            touch(&c, c.path[k]);
        evict(&c);
    }
done:
    lta_free(c.item);
    lta_free(c.slot);
    lta_free(c.path);
    return st;
}

/* What the curve says: linear between vertices, and there exact. */
static uint64_t hits_of(const lta_curve *c, uint64_t capacity)
{
    uint64_t i = 1;
    while (i < c->n && c->capacity[i] < capacity)
        i++;
    if (i >= c->n)
        return c->hits[c->n - 1];
    unsigned __int128 rise = c->hits[i] - c->hits[i - 1];
    return c->hits[i - 1] +
           (uint64_t)(rise * (capacity - c->capacity[i - 1]) / (c->capacity[i] - c->capacity[i - 1]));
}

static uint64_t next_vertex(const lta_curve *c, uint64_t capacity)
{
    uint64_t i = 0;
    while (i + 1 < c->n && c->capacity[i] < capacity)
        i++;
    return c->capacity[i];
}

/* A tenth, a half and all of the capacity at which nothing more is to be had. */
static lta_status check_curve(const char *file, const lta_stored_curve *s, bool at_vertices,
                              const int64_t *touched, const lta_trie *trie, const lta_trace *t)
{
    static const uint64_t tenths[CAPACITIES] = {1, 5, 10};
    lta_status st = LTA_OK;
    uint64_t last = s->curve.capacity[s->curve.n - 1];
    for (int i = 0; i < CAPACITIES; i++) {
        uint64_t capacity = last / 10 * tenths[i] + last % 10 * tenths[i] / 10, found;
        if (at_vertices)
            capacity = next_vertex(&s->curve, capacity);
        LTA_TRY(run_cache(s, touched, trie, t, capacity, &found));
        if (found != hits_of(&s->curve, capacity))
            LTA_TRY(lta_fail(
                LTA_ERR_FORMAT,
                "%s:/%s/block%llu%s: says %llu hits at capacity %llu, but a cache of that size has %llu",
                file, lta_scope_name(s->scope), (ull)s->block, s->reserve_last ? "_reserve_last" : "",
                (ull)hits_of(&s->curve, capacity), (ull)capacity, (ull)found));
    }
done:
    return st;
}

lta_status lta_verify_hits(const lta_run *run, const char *file, const lta_curves *curves, bool at_vertices,
                           const lta_trie *trie, const lta_trace *t)
{
    lta_status st = LTA_OK;
    const int64_t *touched = curves->inputs_only ? trie->input_node : trie->full_node;
    uint32_t *nodes = NULL; /* on the path of each node */
    uint64_t visits = 0, done_so_far = 0, n = 0;
    LTA_TRY(LTA_ALLOC(&nodes, trie->n_nodes));
    for (uint64_t i = 0; i < trie->n_nodes; i++) /* parents stand first */
        nodes[i] = 1 + (trie->parent[i] < 0 ? 0 : nodes[trie->parent[i]]);
    for (uint64_t r = 0; r < t->n; r++)
        visits += CAPACITIES * (touched[r] < 0 ? UINT64_C(1) : nodes[touched[r]]);
    for (; n < curves->n; n++) {
        if (visits > MOST_OF_ONE || (n > 0 && done_so_far + visits > MOST_OF_ALL))
            break;
        LTA_TRY(lta_check_stop(run));
        LTA_TRY(check_curve(file, &curves->curve[n], at_vertices, touched, trie, t));
        done_so_far += visits;
    }
    lta_log_line(run->log, n < curves->n ? LTA_LOG_INFO : LTA_LOG_DEBUG, "verify",
                 "%s: hits counted again at %d capacities of %llu of %llu curves", file, CAPACITIES, (ull)n,
                 (ull)curves->n);
done:
    lta_free(nodes);
    return st;
}
