/* tests/oracle/runs.c - runs and distances by definition: who touched each position last, and counting. */
#include "pipeline/core/array.h"
#include "tests/memory.h"
#include "tests/oracle/oracle.h"

enum { NEVER = -1 };

oracle_runs oracle_runs_build(const oracle_paths *p, const uint64_t *block, uint64_t n_blocks)
{
    uint64_t most = p->offset[p->n], n_runs = 0;
    int64_t *last = test_alloc(p->n_positions, sizeof *last); /* by position: request that touched it last */
    oracle_runs out = {.offset = test_alloc(p->n + 1, sizeof(uint64_t)),
                       .run = test_alloc(most, sizeof(oracle_run)),
                       .distance = test_alloc(most * n_blocks, sizeof(uint64_t))};
    for (uint64_t x = 0; x < p->n_positions; x++)
        last[x] = NEVER;
    for (uint64_t r = 0; r < p->n; r++) {
        const uint64_t *path = p->position + p->offset[r];
        uint32_t length = (uint32_t)(p->offset[r + 1] - p->offset[r]);
        for (uint32_t start = 0, end; start < length && last[path[start]] != NEVER; start = end) {
            int64_t previous = last[path[start]];
            for (end = start + 1; end < length && last[path[end]] == previous;)
                end++;
            for (uint64_t b = 0; b < n_blocks; b++)
                for (uint64_t x = 0; x < p->n_positions; x++)
                    if (last[x] > previous && p->depth[x] % block[b] == 0)
                        out.distance[n_runs * n_blocks + b]++;
            out.run[n_runs++] = (oracle_run){(uint32_t)previous, start, end - start};
        }
        out.offset[r + 1] = n_runs;
        for (uint32_t i = 0; i < length; i++)
            last[path[i]] = (int64_t)r;
    }
    lta_free(last);
    return out;
}

void oracle_runs_free(oracle_runs *r)
{
    lta_free(r->offset);
    lta_free(r->run);
    lta_free(r->distance);
    *r = (oracle_runs){0};
}
