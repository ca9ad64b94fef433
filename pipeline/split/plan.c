/* pipeline/split/plan.c - which nodes are the crown, and whose subtrees the others belong to. */
#include "pipeline/core/array.h"
#include "pipeline/split/cut.h"

#include <stdlib.h>

typedef struct top {
    uint64_t cost;
    uint64_t row;
} top;

static int by_cost(const void *a, const void *b)
{
    const top *x = a, *y = b;
    if (x->cost != y->cost)
        return x->cost > y->cost ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Requests and nodes at and below every node. */
static void add_up(const lta_trie *t, const int64_t *touched, uint64_t *cost, uint64_t *total)
{
    for (uint64_t v = 0; v < t->n_nodes; v++)
        cost[v] = 1;
    for (uint64_t r = 0; r < t->n_requests; r++)
        if (touched[r] >= 0)
            cost[touched[r]]++;
    *total = 0;
    for (uint64_t v = t->n_nodes; v-- > 0;) {
        if (t->parent[v] >= 0)
            cost[t->parent[v]] += cost[v];
        else
            *total += cost[v];
    }
}

static lta_status deal_out(const uint64_t *cost, uint64_t most, uint64_t share, uint64_t pieces, lta_cut *c)
{
    lta_status st = LTA_OK;
    const lta_trie *t = c->trie;
    top *large = NULL;
    uint64_t n_large = 0, capacity = 0, at = 0;
    uint64_t least = most / 8;
    for (uint64_t v = 0; v < t->n_nodes; v++) {
        int64_t above = t->parent[v];
        if (cost[v] > most || (above >= 0 && cost[above] <= most))
            continue;
        c->n_tops++;
        if (cost[v] > least) {
            LTA_TRY(LTA_GROW(&large, &capacity, n_large + 1));
            large[n_large++] = (top){cost[v], v};
        }
    }
    if (n_large > 0)
        qsort(large, n_large, sizeof *large, by_cost);
    for (uint64_t i = 0; i < n_large; i++) {
        uint64_t best = 0;
        for (uint64_t p = 1; p < pieces; p++)
            best = c->load[p] < c->load[best] ? p : best;
        c->piece[large[i].row] = (uint32_t)best;
        c->load[best] += large[i].cost;
    }
    /* the small ones fill up what is left, neighbours together */
    for (uint64_t v = 0; v < t->n_nodes; v++) {
        int64_t above = t->parent[v];
        if (cost[v] > most) {
            c->piece[v] = LTA_IN_CROWN;
        } else if (above >= 0 && cost[above] <= most) {
            c->piece[v] = c->piece[above];
        } else if (cost[v] <= least) {
            while (at + 1 < pieces && c->load[at] >= share)
                at++;
            c->piece[v] = (uint32_t)at;
            c->load[at] += cost[v];
        }
    }
done:
    lta_free(large);
    return st;
}

lta_status lta_cut_trie(const lta_trie *trie, const int64_t *touched, uint64_t pieces, lta_cut *out)
{
    lta_status st = LTA_OK;
    uint64_t total, *cost = NULL, n = trie->n_nodes;
    lta_cut c = {.trie = trie, .touched = touched};
    LTA_TRY(LTA_ALLOC(&cost, n));
    LTA_TRY(LTA_ALLOC(&c.piece, n));
    LTA_TRY(LTA_ALLOC(&c.crown_of, n));
    LTA_TRY(LTA_CALLOC(&c.load, pieces));
    add_up(trie, touched, cost, &total);
    uint64_t most = pieces == 1 ? total : total / (8 * pieces);
    for (uint64_t v = 0; v < n; v++)
        c.n_crown += cost[v] > most;
    if (c.n_crown >= UINT32_MAX) {
        st = lta_fail(
            LTA_ERR_USAGE,
            "%llu nodes of the trie are above all pieces, expected less than 2^32; take fewer pieces",
            (unsigned long long)c.n_crown);
        goto done;
    }
    LTA_TRY(LTA_ALLOC(&c.crown, c.n_crown));
    c.n_crown = 0;
    for (uint64_t v = 0; v < n; v++) {
        int64_t above = trie->parent[v];
        c.crown_of[v] = above >= 0 ? c.crown_of[above] : UINT32_MAX;
        if (cost[v] > most) {
            c.crown_of[v] = (uint32_t)c.n_crown;
            c.crown[c.n_crown++] = (int64_t)v;
        }
    }
    uint64_t left = total - c.n_crown; /* less what ends in the crown */
    for (uint64_t r = 0; r < trie->n_requests; r++)
        left -= touched[r] >= 0 && cost[touched[r]] > most;
    LTA_TRY(deal_out(cost, most, left / pieces + 1, pieces, &c));
    *out = c;
    c = (lta_cut){0};
done:
    lta_free(cost);
    lta_cut_free(&c);
    return st;
}

void lta_cut_free(lta_cut *c)
{
    lta_free(c->piece);
    lta_free(c->crown_of);
    lta_free(c->crown);
    lta_free(c->load);
    *c = (lta_cut){0};
}
