/* tests/oracle/paths.c - an uncompressed trie: every position has a list of children, searched from the
 * front. */
#include "pipeline/core/array.h"
#include "tests/memory.h"
#include "tests/oracle/oracle.h"

enum { NOWHERE = 0 }; /* in links, which hold 1 + position */

typedef struct trie {
    uint64_t *symbol, *first_child, *next_sibling; /* by position */
    uint64_t *top;                                 /* by group: first position of depth 1 */
} trie;

static uint64_t group_of(const test_trace *t, uint64_t r, oracle_scope scope)
{
    const test_request *q = &t->request[r];
    if (scope == ORACLE_GLOBAL)
        return 0;
    if (scope == ORACLE_SOURCE)
        return q->source;
    /* a request without a session shares with nobody: its own group, behind the sessions */
    return q->session != TEST_NO_SESSION ? q->session : t->n_sessions + r;
}

oracle_paths oracle_paths_build(const test_trace *t, oracle_scope scope, bool inputs_only)
{
    uint64_t most = 0, groups = t->n_sessions + t->n_sources + t->n + 1;
    for (uint64_t r = 0; r < t->n; r++)
        most += t->request[r].full_length;
    trie x = {.symbol = test_alloc(most, sizeof(uint64_t)),
              .first_child = test_alloc(most, sizeof(uint64_t)),
              .next_sibling = test_alloc(most, sizeof(uint64_t)),
              .top = test_alloc(groups, sizeof(uint64_t))};
    oracle_paths p = {.n = t->n,
                      .depth = test_alloc(most, sizeof(uint32_t)),
                      .offset = test_alloc(t->n + 1, sizeof(uint64_t)),
                      .position = test_alloc(most, sizeof(uint64_t))};
    uint64_t used = 0;
    for (uint64_t r = 0; r < t->n; r++) {
        const test_request *q = &t->request[r];
        uint64_t *link = &x.top[group_of(t, r, scope)];
        uint32_t length = inputs_only ? q->input_length : q->full_length;
        for (uint32_t i = 0; i < length; i++) {
            while (*link != NOWHERE && x.symbol[*link - 1] != q->symbols[i])
                link = &x.next_sibling[*link - 1];
            if (*link == NOWHERE) {
                x.symbol[p.n_positions] = q->symbols[i];
                p.depth[p.n_positions] = i + 1;
                *link = ++p.n_positions;
            }
            uint64_t here = *link - 1;
            p.position[used++] = here;
            link = &x.first_child[here];
        }
        p.offset[r + 1] = used;
    }
    lta_free(x.symbol);
    lta_free(x.first_child);
    lta_free(x.next_sibling);
    lta_free(x.top);
    return p;
}

void oracle_paths_free(oracle_paths *p)
{
    lta_free(p->depth);
    lta_free(p->offset);
    lta_free(p->position);
    *p = (oracle_paths){0};
}
