/* pipeline/split/seeds.c - the crown, cut by time: what is touched in each range, and who holds its positions
 * when the range begins.
 *
 * A request holds a position as long as no later one of its group has touched it. A touched path begins at
 * the root, so a request holds any at all if and only if it holds the end of its path. Going back from the
 * latest request, and marking the way up from the end of each, finds those that do: the way is marked already
 * where a later request went. */
#include "pipeline/core/array.h"
#include "pipeline/split/cut.h"

#include <string.h>

/* Requests by group, in request order within each, of those that enter the crown. */
typedef struct ordered {
    uint64_t n;
    uint32_t *request;
} ordered;

typedef struct walk {
    const lta_cut *cut;
    const lta_plan *plan;
    int64_t *parent; /* [n_crown] in the crown */
    uint32_t *mark;  /* [n_crown] round in which it was marked */
    uint32_t round;
    uint32_t *holds, *held; /* requests that hold a position, latest first; and of the round before */
    uint64_t n_holds, n_held, holds_capacity, held_capacity;
} walk;

static uint32_t crown_end(const lta_cut *c, uint64_t r)
{
    return c->touched[r] < 0 ? UINT32_MAX : c->crown_of[c->touched[r]];
}

static lta_status order_by_group(const lta_cut *c, const uint32_t *group, ordered *out)
{
    lta_status st = LTA_OK;
    uint64_t n = c->trie->n_requests, *count = NULL;
    uint32_t largest = 0;
    for (uint64_t r = 0; group && r < n; r++)
        largest = group[r] > largest ? group[r] : largest;
    LTA_TRY(LTA_CALLOC(&count, (uint64_t)largest + 2));
    for (uint64_t r = 0; r < n; r++)
        if (crown_end(c, r) != UINT32_MAX) {
            count[(uint64_t)(group ? group[r] : 0) + 1]++;
            out->n++;
        }
    for (uint64_t g = 0; g <= largest; g++)
        count[g + 1] += count[g];
    LTA_TRY(LTA_ALLOC(&out->request, out->n));
    for (uint32_t r = 0; r < n; r++)
        if (crown_end(c, r) != UINT32_MAX)
            out->request[count[group ? group[r] : 0]++] = r;
done:
    lta_free(count);
    return st;
}

static lta_status keep_if_held(walk *w, uint32_t r)
{
    lta_status st = LTA_OK;
    int64_t v = crown_end(w->cut, r);
    if (w->mark[v] == w->round)
        return LTA_OK;
    for (; v >= 0 && w->mark[v] != w->round; v = w->parent[v])
        w->mark[v] = w->round;
    LTA_TRY(LTA_GROW(&w->holds, &w->holds_capacity, w->n_holds + 1));
    w->holds[w->n_holds++] = r;
done:
    return st;
}

/* The requests of a range, and those that held something before it, become those that do after it. */
static lta_status pass_range(walk *w, const uint32_t *request, uint64_t n)
{
    lta_status st = LTA_OK;
    uint32_t *held = w->held;
    uint64_t capacity = w->held_capacity;
    w->held = w->holds;
    w->held_capacity = w->holds_capacity;
    w->n_held = w->n_holds;
    w->holds = held;
    w->holds_capacity = capacity;
    w->n_holds = 0;
    w->round++;
    while (n-- > 0)
        LTA_TRY(keep_if_held(w, request[n]));
    for (uint64_t i = 0; i < w->n_held; i++)
        LTA_TRY(keep_if_held(w, w->held[i]));
done:
    return st;
}

static lta_status add_touch(lta_touches *t, uint32_t request, uint32_t node)
{
    lta_status st = LTA_OK;
    LTA_TRY(LTA_GROW(&t->request, &t->capacity[0], t->n + 1));
    LTA_TRY(LTA_GROW(&t->node, &t->capacity[1], t->n + 1));
    t->request[t->n] = request;
    t->node[t->n++] = node;
done:
    return st;
}

static lta_status make_room(lta_touches *t)
{
    lta_status st = LTA_OK;
    LTA_TRY(LTA_GROW(&t->request, &t->capacity[0], 1));
    LTA_TRY(LTA_GROW(&t->node, &t->capacity[1], 1));
done:
    return st;
}

static lta_status list_holders(const walk *w, int scope, lta_part *slice)
{
    lta_status st = LTA_OK;
    for (uint64_t h = w->n_holds; h-- > 0;)
        LTA_TRY(add_touch(&slice->earlier[scope], w->holds[h], crown_end(w->cut, w->holds[h])));
done:
    return st;
}

/* request: [n] of one group, rising. everywhere: also before ranges in which none of them is. */
static lta_status list_group(walk *w, int scope, const uint32_t *request, uint64_t n, bool everywhere,
                             lta_part *slices)
{
    lta_status st = LTA_OK;
    w->n_holds = 0;
    for (uint64_t k = 0, i = 0; everywhere ? k < w->plan->pieces : i < n; k++) {
        uint64_t begin = i;
        while (i < n && request[i] < w->plan->boundary[k + 1])
            i++;
        if (everywhere || i > begin)
            LTA_TRY(list_holders(w, scope, &slices[k]));
        bool asked_later = everywhere ? k + 1 < w->plan->pieces : i < n;
        if (i > begin && asked_later)
            LTA_TRY(pass_range(w, request + begin, i - begin));
    }
done:
    return st;
}

static lta_status list_earlier(walk *w, int scope, const uint32_t *group, lta_part *slices)
{
    lta_status st = LTA_OK;
    ordered o = {0};
    LTA_TRY(order_by_group(w->cut, group, &o));
    for (uint64_t i = 0, end; i < o.n; i = end) {
        for (end = i + 1; end < o.n && (!group || group[o.request[end]] == group[o.request[i]]); end++)
            ;
        LTA_TRY(list_group(w, scope, o.request + i, end - i, !group, slices));
    }
done:
    lta_free(o.request);
    return st;
}

/* Nodes at which no path ends and none leaves say nothing: a slice has the others alone. kept: [n_crown]
 * scratch. Nodes of its touches become those of the slice. */
static lta_status compress(const walk *w, uint32_t *kept, lta_part *p)
{
    lta_status st = LTA_OK;
    const lta_cut *c = w->cut;
    enum { END = 2 }; /* as a node that two paths leave */
    memset(kept, 0, c->n_crown * sizeof *kept);
    lta_touches *all[1 + LTA_SCOPES] = {&p->visits};
    for (int s = 0; s < LTA_SCOPES; s++)
        all[1 + s] = &p->earlier[s];
    for (int a = 0; a < 1 + LTA_SCOPES; a++)
        for (uint64_t i = 0; i < all[a]->n; i++)
            kept[all[a]->node[i]] = END;
    for (uint64_t v = c->n_crown; v-- > 0;) {
        int64_t above = w->parent[v];
        if (kept[v] > 0 && above >= 0 && kept[above] < END)
            kept[above]++;
        p->n_nodes += kept[v] == END;
    }
    LTA_TRY(LTA_ALLOC(&p->parent, p->n_nodes));
    LTA_TRY(LTA_ALLOC(&p->depth, p->n_nodes));
    LTA_TRY(LTA_CALLOC(&p->start, p->n_nodes)); /* the crown begins at the root */
    uint32_t n = 0;
    for (uint64_t v = 0; v < c->n_crown; v++) { /* kept: from here on 1 + the node that stands for it */
        uint32_t above = w->parent[v] >= 0 ? kept[w->parent[v]] : 0;
        if (kept[v] == END) {
            p->parent[n] = (int64_t)above - 1;
            p->depth[n] = c->trie->depth[c->crown[v]];
            kept[v] = ++n;
        } else {
            kept[v] = above;
        }
    }
    for (int a = 0; a < 1 + LTA_SCOPES; a++)
        for (uint64_t i = 0; i < all[a]->n; i++)
            all[a]->node[i] = kept[all[a]->node[i]] - 1;
done:
    return st;
}

static lta_status number_groups(const lta_plan *plan, uint32_t *const *groups, lta_part *slices)
{
    lta_status st = LTA_OK;
    lta_renumber number = {0};
    for (int s = 0; s < LTA_SCOPES; s++) {
        if (!groups[s])
            continue;
        lta_renumber_free(&number);
        LTA_TRY(lta_renumber_create(groups[s], plan->n_requests, &number));
        for (uint64_t k = 0; k < plan->pieces; k++) {
            lta_touches *both[] = {&slices[k].earlier[s], &slices[k].visits};
            lta_renumber_begin(&number);
            for (int b = 0; b < 2; b++) {
                LTA_TRY(LTA_ALLOC(&both[b]->group[s], both[b]->n));
                for (uint64_t i = 0; i < both[b]->n; i++)
                    both[b]->group[s][i] = lta_renumber_of(&number, groups[s][both[b]->request[i]]);
            }
        }
    }
done:
    lta_renumber_free(&number);
    return st;
}

lta_status lta_cut_crown(const lta_cut *cut, const lta_plan *plan, uint32_t *const *groups, lta_part *slices)
{
    lta_status st = LTA_OK;
    walk w = {.cut = cut, .plan = plan};
    uint32_t *kept = NULL;
    LTA_TRY(LTA_ALLOC(&w.parent, cut->n_crown));
    LTA_TRY(LTA_CALLOC(&w.mark, cut->n_crown));
    LTA_TRY(LTA_ALLOC(&kept, cut->n_crown));
    for (uint64_t v = 0; v < cut->n_crown; v++) {
        int64_t above = cut->trie->parent[cut->crown[v]];
        w.parent[v] = above < 0 ? -1 : (int64_t)cut->crown_of[above];
    }
    for (uint64_t k = 0; k < plan->pieces; k++) { /* lists exist even when nothing is in them */
        LTA_TRY(make_room(&slices[k].visits));
        for (int s = 0; s < LTA_SCOPES; s++)
            LTA_TRY(make_room(&slices[k].earlier[s]));
    }
    for (uint64_t k = 0; k < plan->pieces; k++)
        for (uint64_t r = plan->boundary[k]; r < plan->boundary[k + 1]; r++)
            if (crown_end(cut, r) != UINT32_MAX)
                LTA_TRY(add_touch(&slices[k].visits, (uint32_t)r, crown_end(cut, r)));
    for (int s = 0; s < LTA_SCOPES; s++)
        if (plan->runs_in[s])
            LTA_TRY(list_earlier(&w, s, groups[s], slices));
    for (uint64_t k = 0; k < plan->pieces; k++)
        LTA_TRY(compress(&w, kept, &slices[k]));
    LTA_TRY(number_groups(plan, groups, slices));
done:
    lta_free(w.parent);
    lta_free(w.mark);
    lta_free(w.holds);
    lta_free(w.held);
    lta_free(kept);
    return st;
}

lta_status lta_renumber_create(const uint32_t *group, uint64_t n, lta_renumber *out)
{
    lta_status st = LTA_OK;
    uint32_t largest = 0;
    lta_renumber number = {.round = 0};
    for (uint64_t r = 0; r < n; r++)
        largest = group[r] > largest ? group[r] : largest;
    LTA_TRY(LTA_ALLOC(&number.number, (uint64_t)largest + 1));
    LTA_TRY(LTA_CALLOC(&number.stamp, (uint64_t)largest + 1));
    *out = number;
    number = (lta_renumber){0};
done:
    lta_renumber_free(&number);
    return st;
}

void lta_renumber_free(lta_renumber *n)
{
    lta_free(n->number);
    lta_free(n->stamp);
    *n = (lta_renumber){0};
}
