/* tests/oracle/replay.c - a cache that is an LRU list of positions, and nothing else. */
#include "pipeline/core/array.h"
#include "tests/memory.h"
#include "tests/oracle/oracle.h"

typedef struct cache {
    uint64_t capacity, size, evicted;
    bool *resident;          /* by position */
    uint64_t *newer, *older; /* by position; `none` at the ends */
    uint64_t newest, oldest, none;
} cache;

uint32_t oracle_lookup_length(const test_trace *t, uint64_t r, bool reserve_last)
{
    const test_request *q = &t->request[r];
    if (!reserve_last)
        return q->input_length;
    if (t->block_tokens == 0)
        return q->input_length > 0 ? q->input_length - 1 : 0;
    uint32_t tokens = q->input_tokens > 1 ? q->input_tokens : 1, whole = (tokens - 1) / t->block_tokens;
    return q->input_length < whole ? q->input_length : whole;
}

static void unlink_position(cache *c, uint64_t x)
{
    if (c->newer[x] == c->none)
        c->newest = c->older[x];
    else
        c->older[c->newer[x]] = c->older[x];
    if (c->older[x] == c->none)
        c->oldest = c->newer[x];
    else
        c->newer[c->older[x]] = c->newer[x];
    c->resident[x] = false;
    c->size--;
}

static void touch(cache *c, uint64_t x)
{
    if (c->resident[x])
        unlink_position(c, x);
    c->newer[x] = c->none;
    c->older[x] = c->newest;
    if (c->newest == c->none)
        c->oldest = x;
    else
        c->newer[c->newest] = x;
    c->newest = x;
    c->resident[x] = true;
    c->size++;
    if (c->size > c->capacity) {
        unlink_position(c, c->oldest);
        c->evicted++;
    }
}

uint64_t oracle_replay(const test_trace *t, const oracle_paths *p, uint64_t block, uint64_t capacity,
                       uint64_t *const hits[2])
{
    cache c = {.capacity = capacity,
               .resident = test_alloc(p->n_positions, sizeof(bool)),
               .newer = test_alloc(p->n_positions, sizeof(uint64_t)),
               .older = test_alloc(p->n_positions, sizeof(uint64_t)),
               .newest = p->n_positions,
               .oldest = p->n_positions,
               .none = p->n_positions};
    for (uint64_t r = 0; r < p->n; r++) {
        const uint64_t *path = p->position + p->offset[r]; /* block k ends at depth k * block */
        uint64_t length = p->offset[r + 1] - p->offset[r];
        for (int reserve = 0; reserve < 2; reserve++) {
            uint64_t end = oracle_lookup_length(t, r, reserve == 1), found = 0;
            while ((found + 1) * block <= end && c.resident[path[(found + 1) * block - 1]])
                found++;
            hits[reserve][r] = found;
        }
        for (uint64_t k = length / block; k > 0; k--)
            touch(&c, path[k * block - 1]);
    }
    lta_free(c.resident);
    lta_free(c.newer);
    lta_free(c.older);
    return c.evicted;
}
