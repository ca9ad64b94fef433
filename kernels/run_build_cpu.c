/* kernels/run_build_cpu.c - last touchers on heavy paths, as stacks of segments.
 *
 * Every node with children names its heaviest child; chains of heaviest children are the heavy paths, and any
 * path from the root crosses at most log2(nodes) + 1 of them. A touch always covers a path's shallow end, so
 * what each depth of a heavy path was last touched by is a stack: on top the latest toucher with the depth
 * down to which it reached, below it older ones that reached deeper. A touch down to depth e pops the
 * segments that end at or above e, and pushes one: amortised constant work a heavy path.
 *
 * Groups (scopes) are processed one after the other on the same stacks; a stamp on each heavy path tells
 * whether its stack belongs to the group at hand. */
#include "kernels/run_build.h"

#include "pipeline/core/array.h"

#include <string.h>

typedef struct segment {
    uint32_t toucher;
    uint32_t end; /* depth of the last position covered */
    int64_t below;
} segment;

typedef struct stack {
    int64_t head;   /* uppermost segment, -1 = none */
    uint64_t stamp; /* 1 + group that it belongs to */
} stack;

typedef struct state {
    const lta_trie *trie;
    int64_t *top; /* [n_nodes] shallowest node of the heavy path */
    stack *stack; /* [n_nodes] at a path's top */
    segment *pool;
    uint64_t n_pool, pool_capacity;
    int64_t free_list;
    /* runs so far */
    uint64_t n_runs, previous_capacity, start_capacity, length_capacity;
    uint32_t *previous, *start, *length;
} state;

enum { AHEAD = 24, NEAR = 12 }; /* requests between asking for memory and needing it */

static lta_status heavy_paths(const lta_trie *t, int64_t **out)
{
    lta_status st = LTA_OK;
    uint64_t n = t->n_nodes;
    uint64_t *size = NULL;
    int64_t *heavy = NULL, *top = NULL;
    LTA_TRY(LTA_ALLOC(&size, n));
    LTA_TRY(LTA_ALLOC(&heavy, n));
    LTA_TRY(LTA_ALLOC(&top, n));
    for (uint64_t i = 0; i < n; i++) {
        size[i] = 1;
        heavy[i] = -1;
    }
    for (uint64_t i = n; i-- > 0;) /* parents come first, so a child's size is final here */
        if (t->parent[i] >= 0)
            size[t->parent[i]] += size[i];
    for (uint64_t i = 0; i < n; i++) {
        int64_t p = t->parent[i];
        if (p >= 0 && (heavy[p] < 0 || size[i] > size[heavy[p]]))
            heavy[p] = (int64_t)i;
    }
    for (uint64_t i = 0; i < n; i++) {
        int64_t p = t->parent[i];
        top[i] = p >= 0 && heavy[p] == (int64_t)i ? top[p] : (int64_t)i;
    }
    *out = top;
    top = NULL;
done:
    lta_free(size);
    lta_free(heavy);
    lta_free(top);
    return st;
}

static lta_status add_run(state *s, uint64_t first_of_request, uint32_t toucher, uint32_t start, uint32_t end)
{
    if (s->n_runs > first_of_request && s->previous[s->n_runs - 1] == toucher) {
        s->length[s->n_runs - 1] += end - start; /* one run across two heavy paths */
        return LTA_OK;
    }
    lta_status st = LTA_OK;
    LTA_TRY(LTA_GROW(&s->previous, &s->previous_capacity, s->n_runs + 1));
    LTA_TRY(LTA_GROW(&s->start, &s->start_capacity, s->n_runs + 1));
    LTA_TRY(LTA_GROW(&s->length, &s->length_capacity, s->n_runs + 1));
    s->previous[s->n_runs] = toucher;
    s->start[s->n_runs] = start;
    s->length[s->n_runs] = end - start;
    s->n_runs++;
done:
    return st;
}

/* Lists the runs of request r, whose path covers depths start+1 .. end of the heavy path at `top`, and
 * touches them. */
static lta_status touch(state *s, uint64_t first_of_request, uint32_t r, uint64_t group, int64_t top,
                        uint32_t start, uint32_t end)
{
    lta_status st = LTA_OK;
    stack *k = &s->stack[top];
    if (k->stamp != group + 1) /* what is there is another group's: to this one it is empty */
        *k = (stack){.head = -1, .stamp = group + 1};
    uint32_t at = start;
    int64_t i = k->head;
    while (i >= 0 && at < end) {
        segment *g = &s->pool[i];
        uint32_t to = g->end < end ? g->end : end;
        LTA_TRY(add_run(s, first_of_request, g->toucher, at, to));
        at = to;
        if (g->end > end)
            break; /* its deeper part stays */
        int64_t below = g->below;
        g->below = s->free_list;
        s->free_list = i;
        i = below;
    }
    int64_t slot = s->free_list;
    if (slot >= 0) {
        s->free_list = s->pool[slot].below;
    } else {
        LTA_TRY(LTA_GROW(&s->pool, &s->pool_capacity, s->n_pool + 1));
        slot = (int64_t)s->n_pool++;
    }
    s->pool[slot] = (segment){.toucher = r, .end = end, .below = i};
    k->head = slot;
done:
    return st;
}

static lta_status touch_path(state *s, uint32_t r, uint64_t group, int64_t node)
{
    const lta_trie *t = s->trie;
    int64_t end_node[65]; /* where the path leaves each heavy path: at most log2(nodes) + 1 of them */
    int crossed = 0;
    for (int64_t x = node; x >= 0; x = t->parent[s->top[x]])
        end_node[crossed++] = x;
    uint64_t first = s->n_runs;
    lta_status st = LTA_OK;
    while (crossed-- > 0) {
        int64_t top = s->top[end_node[crossed]], above = t->parent[top];
        LTA_TRY(touch(s, first, r, group, top, above < 0 ? 0 : t->depth[above], t->depth[end_node[crossed]]));
    }
done:
    return st;
}

/* Asks for what touching a node will read: the far one's heavy path, and the near one's stack. */
static void expect(const state *s, int64_t far, int64_t near)
{
    if (far >= 0)
        __builtin_prefetch(&s->top[far]);
    if (near >= 0) {
        __builtin_prefetch(&s->stack[s->top[near]], 1);
        __builtin_prefetch(&s->trie->parent[s->top[near]]);
    }
}

/* Requests by group, in request order within each; *out is NULL when there is one group. */
static lta_status order_by_group(uint64_t n, const uint32_t *group, uint64_t **out)
{
    lta_status st = LTA_OK;
    uint64_t *count = NULL, *order = NULL;
    uint32_t largest = 0;
    *out = NULL;
    if (!group)
        return LTA_OK;
    for (uint64_t r = 0; r < n; r++)
        largest = group[r] > largest ? group[r] : largest;
    LTA_TRY(LTA_CALLOC(&count, (uint64_t)largest + 2));
    LTA_TRY(LTA_ALLOC(&order, n));
    for (uint64_t r = 0; r < n; r++)
        count[(uint64_t)group[r] + 1]++;
    for (uint64_t g = 0; g <= largest; g++)
        count[g + 1] += count[g];
    for (uint64_t r = 0; r < n; r++)
        order[count[group[r]]++] = r;
    *out = order;
    order = NULL;
done:
    lta_free(count);
    lta_free(order);
    return st;
}

/* Puts runs that were listed group by group into request order. offset holds counts at r + 1 on entry. */
static lta_status restore_request_order(state *s, uint64_t n, const uint64_t *order, const uint64_t *offset)
{
    lta_status st = LTA_OK;
    uint32_t *column = NULL;
    uint32_t **columns[] = {&s->previous, &s->start, &s->length};
    for (int c = 0; c < 3; c++) {
        LTA_TRY(LTA_ALLOC(&column, s->n_runs));
        uint64_t from = 0;
        for (uint64_t i = 0; i < n; i++) {
            uint64_t r = order[i], m = offset[r + 1] - offset[r];
            if (m > 0)
                memcpy(column + offset[r], *columns[c] + from, m * sizeof *column);
            from += m;
        }
        lta_free(*columns[c]);
        *columns[c] = column;
        column = NULL;
    }
done:
    lta_free(column);
    return st;
}

lta_status lta_run_build_cpu(const lta_trie *trie, const int64_t *touched, const uint32_t *group,
                             lta_runs *out)
{
    lta_status st = LTA_OK;
    uint64_t n = trie->n_requests, *order = NULL, *offset = NULL;
    state s = {.trie = trie, .free_list = -1};

    LTA_TRY(heavy_paths(trie, &s.top));
    LTA_TRY(LTA_CALLOC(&s.stack, trie->n_nodes));
    LTA_TRY(LTA_CALLOC(&offset, n + 1));
    LTA_TRY(order_by_group(n, group, &order));
    /* the arrays exist even when there is no run */
    LTA_TRY(LTA_GROW(&s.previous, &s.previous_capacity, 1));
    LTA_TRY(LTA_GROW(&s.start, &s.start_capacity, 1));
    LTA_TRY(LTA_GROW(&s.length, &s.length_capacity, 1));

    for (uint64_t i = 0; i < n; i++) {
        uint64_t r = order ? order[i] : i, before = s.n_runs, g = group ? group[r] : 0;
        if (i + AHEAD < n)
            expect(&s, touched[order ? order[i + AHEAD] : i + AHEAD],
                   touched[order ? order[i + NEAR] : i + NEAR]);
        if (touched[r] >= 0) {
            if (order && i > 0 && group[order[i - 1]] != g) { /* a new group: every stack is empty again */
                s.n_pool = 0;
                s.free_list = -1;
            }
            LTA_TRY(touch_path(&s, (uint32_t)r, g, touched[r]));
        }
        offset[r + 1] = s.n_runs - before;
    }
    for (uint64_t r = 0; r < n; r++)
        offset[r + 1] += offset[r];
    if (order)
        LTA_TRY(restore_request_order(&s, n, order, offset));
    *out = (lta_runs){.n = n,
                      .offset = offset,
                      .n_runs = s.n_runs,
                      .previous = s.previous,
                      .start = s.start,
                      .length = s.length};
    offset = NULL;
    s.previous = s.start = s.length = NULL;
done:
    lta_free(s.top);
    lta_free(s.stack);
    lta_free(s.pool);
    lta_free(s.previous);
    lta_free(s.start);
    lta_free(s.length);
    lta_free(order);
    lta_free(offset);
    return st;
}

void lta_runs_free(lta_runs *r)
{
    lta_free(r->offset);
    lta_free(r->previous);
    lta_free(r->start);
    lta_free(r->length);
    lta_free(r->distance);
    lta_device_copy_free(r->device);
    *r = (lta_runs){0};
}
