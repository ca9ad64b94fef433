/* pipeline/split/part_runs.c - a part's paths begin at the root for kernels/run_build.h. Whatever is above a
 * subtree is touched by the same requests as its first position, as far as the part knows, so the first run
 * of each request reaches into it, and is cut off there. */
#include "pipeline/split/part_runs.h"

#include "kernels/compute.h"
#include "kernels/stack_distance.h"
#include "pipeline/core/array.h"

#include <string.h>

void lta_part_runs_free(lta_part_runs *p)
{
    lta_free(p->touched);
    lta_free(p->request);
    lta_runs_free(&p->runs);
    *p = (lta_part_runs){0};
}

static void append(lta_part_runs *p, uint32_t *group, const lta_touches *t, lta_scope scope)
{
    for (uint64_t i = 0; i < t->n; i++)
        p->touched[p->n + i] = t->node[i];
    if (t->n > 0)
        memcpy(p->request + p->n, t->request, t->n * sizeof *t->request);
    if (group && t->n > 0)
        memcpy(group + p->n, t->group[scope], t->n * sizeof *group);
    p->n += t->n;
}

lta_status lta_part_runs_make(const lta_run *run, const lta_part *part, lta_scope scope, lta_part_runs *out)
{
    lta_status st = LTA_OK;
    const lta_touches *earlier = &part->earlier[scope];
    uint64_t all = earlier->n + part->visits.n;
    uint32_t *owner = NULL, *group = NULL;
    lta_part_runs p = {.n_earlier = earlier->n};
    LTA_TRY(LTA_ALLOC(&p.touched, all));
    LTA_TRY(LTA_ALLOC(&p.request, all));
    if (scope != LTA_SCOPE_GLOBAL)
        LTA_TRY(LTA_ALLOC(&group, all));
    append(&p, group, earlier, scope);
    append(&p, group, &part->visits, scope);
    LTA_TRY(LTA_CALLOC(&owner, part->n_nodes)); /* of no account to runs */
    lta_trie trie = {.n_nodes = part->n_nodes,
                     .parent = part->parent,
                     .depth = part->depth,
                     .owner = owner,
                     .n_requests = all,
                     .input_node = p.touched,
                     .full_node = p.touched};
    LTA_TRY(lta_compute_runs(run, &trie, p.touched, group, &p.runs));
    lta_device_copy_free(trie.device);
    for (uint64_t i = 0; i < all; i++) {
        uint64_t k = p.runs.offset[i];
        uint32_t start = part->start[p.touched[i]];
        if (k < p.runs.offset[i + 1]) {
            p.runs.length[k] -= start;
            p.runs.start[k] = start;
        }
    }
    *out = p;
    p = (lta_part_runs){0};
done:
    lta_free(owner);
    lta_free(group);
    lta_part_runs_free(&p);
    return st;
}

void lta_part_runs_change(const lta_part *part, const lta_part_runs *p, uint64_t i, const uint64_t *sizes,
                          uint64_t n_sizes, int64_t *weight)
{
    const lta_runs *runs = &p->runs;
    int64_t node = p->touched[i];
    for (uint64_t b = 0; b < n_sizes; b++)
        weight[i * n_sizes + b] += lta_blocks_between(part->start[node], part->depth[node], sizes[b]);
    for (uint64_t k = runs->offset[i]; k < runs->offset[i + 1]; k++) {
        uint32_t end = runs->start[k] + runs->length[k];
        for (uint64_t b = 0; b < n_sizes; b++)
            weight[runs->previous[k] * n_sizes + b] -= lta_blocks_between(runs->start[k], end, sizes[b]);
    }
}
