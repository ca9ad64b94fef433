/* kernels/block_curves_cuda.cu - weighs runs in blocks and makes curves of them, all on the device.
 *
 * A run that covers depths start+1 .. start+length holds floor((start+length)/B) - floor(start/B) blocks, of
 * which a lookup covers those up to its own end. Runs and input lengths that an earlier operation left on the
 * device are used there; up goes what it does not have, down come the curves.
 *
 * Mapping   one thread a run or a request
 * Memory    8 to 12 bytes a run, and what distances and curves need
 * Order     integers: the same on every run and device */
extern "C" {
#include "kernels/block_curves.h"
}
#include "kernels/device_runs.cuh"
#include "kernels/slope_changes.cuh"

using namespace lta;

namespace
{

__device__ inline uint32_t blocks_between(uint64_t start, uint64_t end, uint64_t block)
{
    return (uint32_t)(end / block - start / block);
}

__global__ void weigh_runs(uint64_t n_runs, runs_view runs, uint64_t block, uint32_t *weight)
{
    for (uint64_t k = first_element(); k < n_runs; k += stride()) {
        uint64_t start = runs.start_of(k);
        weight[k] = blocks_between(start, start + runs.length_of(k), block);
    }
}

__global__ void weigh_first_touches(uint64_t n, runs_view runs, const uint32_t *touched_depth, uint64_t block,
                                    uint32_t *weight)
{
    for (uint64_t r = first_element(); r < n; r += stride())
        weight[r] = blocks_between(runs.end_of(r), touched_depth[r], block);
}

__global__ void input_lengths(uint64_t n, trie_view trie, uint32_t *length)
{
    for (uint64_t r = first_element(); r < n; r += stride())
        length[r] = trie.depth_of(trie.input_node[r]);
}

__global__ void look_up(uint64_t n_runs, runs_view runs, const uint32_t *input_length, uint32_t leave,
                        const uint32_t *most, uint64_t block, uint32_t *looked_up)
{
    for (uint64_t k = first_element(); k < n_runs; k += stride()) {
        uint64_t r = runs.request_of(k), start = runs.start_of(k), end = start + runs.length_of(k);
        uint64_t limit = input_length[r] > leave ? input_length[r] - leave : 0;
        limit = most && most[r] < limit ? most[r] : limit;
        end = end < limit ? end : limit;
        looked_up[k] = start < end ? blocks_between(start, end, block) : 0;
    }
}

uint32_t depth_of(const lta_trie *trie, int64_t node)
{
    return node < 0 ? 0 : trie->depth[node];
}

lta_status upload_runs(const lta_trie *trie, const lta_runs *runs, const int64_t *touched, device_runs *d)
{
    uint64_t largest = 0;
    LTA_DEV(check_elements("runs", runs->n_runs));
    d->n = runs->n;
    d->n_runs = runs->n_runs;
    for (uint64_t r = 0; r < runs->n; r++)
        d->touched += depth_of(trie, touched[r]);
    for (uint64_t k = 0; k < runs->n_runs; k++)
        largest =
            runs->distance[k] + runs->length[k] > largest ? runs->distance[k] + runs->length[k] : largest;
    LTA_DEV(d->offset.upload_each(runs->n + 1, [=](uint64_t r) { return (uint32_t)runs->offset[r]; }));
    LTA_DEV(d->previous.upload(runs->previous, runs->n_runs));
    LTA_DEV(d->start.upload(runs->start, runs->n_runs));
    LTA_DEV(d->length.upload(runs->length, runs->n_runs));
    LTA_DEV(d->touched_depth.upload_each(runs->n, [=](uint64_t r) { return depth_of(trie, touched[r]); }));
    d->distances.is_wide = largest > UINT32_MAX;
    return d->distances.is_wide ? d->distances.wide.upload(runs->distance, runs->n_runs)
                                : d->distances.narrow.upload_each(
                                      runs->n_runs, [=](uint64_t k) { return (uint32_t)runs->distance[k]; });
}

lta_status block_distances(const device_runs &d, uint64_t block, device_distances *out)
{
    device_array<uint32_t> weight, first;
    distance_work work;
    LTA_DEV(weight.alloc(d.n_runs));
    LTA_DEV(first.alloc(d.n));
    LTA_DEV(launch("weigh_runs", weigh_runs, d.n_runs, d.view(), block, weight.p));
    LTA_DEV(
        launch("weigh_first_touches", weigh_first_touches, d.n, d.view(), d.touched_depth.p, block, first.p));
    LTA_DEV(begin_distances(d.view(), weight.p, first.p, d.touched, &work, out));
    LTA_CUDA(cudaDeviceSynchronize());
    return LTA_OK;
}

/* weight: NULL where all are 1. */
lta_status make_curve(const device_distances &d, uint64_t n_runs, const uint32_t *weight, lta_curve *out)
{
    slope_changes c;
    scratch s;
    LTA_DEV(d.is_wide ? find_changes(n_runs, d.wide.p, weight, &c, &s)
                      : find_changes(n_runs, d.narrow.p, weight, &c, &s));
    return finish_curve(c, &s, out);
}

/* What the curves of one block size have in common. */
struct problem {
    const lta_trie *trie;
    const device_runs *runs;
    const device_distances *distances;
    uint64_t block;
    device_array<uint32_t> input_length; /* [runs->n] once needed */
};

/* Are all runs looked up whole, and of one symbol? */
bool all_of_one(const problem *p, const lta_lookup_rule *rule)
{
    const device_trie *t = (const device_trie *)p->trie->device;
    return p->runs->flat && p->block == 1 && rule->leave == 0 && !rule->most && t && t->inputs_are_full;
}

lta_status find_input_lengths(problem *p)
{
    uint64_t n = p->runs->n;
    const lta_trie *trie = p->trie;
    const device_trie *t = (const device_trie *)trie->device;
    if (p->input_length.n > 0)
        return LTA_OK;
    if (!t)
        return p->input_length.upload_each(n,
                                           [=](uint64_t r) { return depth_of(trie, trie->input_node[r]); });
    LTA_DEV(p->input_length.alloc(n));
    return launch("input_lengths", input_lengths, n, t->view(), p->input_length.p);
}

lta_status curve_of(problem *p, const lta_lookup_rule *rule, lta_curve *out)
{
    const device_runs *d = p->runs;
    device_array<uint32_t> most, looked_up;
    if (d->flat && (rule->leave > 0 || p->block > 1)) /* nothing is left to look up */
        return lta_hit_curve_cpu(0, nullptr, nullptr, out);
    if (all_of_one(p, rule))
        return make_curve(*p->distances, d->n_runs, nullptr, out);
    LTA_DEV(find_input_lengths(p));
    if (rule->most)
        LTA_DEV(most.upload(rule->most, d->n));
    LTA_DEV(looked_up.alloc(d->n_runs));
    LTA_DEV(launch("look_up", look_up, d->n_runs, d->view(), p->input_length.p, rule->leave,
                   rule->most ? most.p : (const uint32_t *)nullptr, p->block, looked_up.p));
    return make_curve(*p->distances, d->n_runs, looked_up.p, out);
}

} // namespace

extern "C" lta_status lta_block_curves_cuda(const lta_trie *trie, const lta_runs *runs,
                                            const int64_t *touched, uint64_t block, int n_rules,
                                            const lta_lookup_rule *rules, lta_curve *out)
{
    lta_status st = LTA_OK;
    device_runs own;
    device_distances distances;
    int done = 0;
    if (runs->n_runs == 0) {
        for (; st == LTA_OK && done < n_rules; done++)
            st = lta_hit_curve_cpu(0, nullptr, nullptr, &out[done]);
        return st;
    }
    if (!runs->device)
        LTA_DEV(upload_runs(trie, runs, touched, &own));
    const device_runs *d = runs->device ? (const device_runs *)runs->device : &own;
    if (block > 1 && !d->flat)
        LTA_DEV(block_distances(*d, block, &distances));
    problem p = {trie, d, block > 1 ? &distances : &d->distances, block, {}};
    for (; st == LTA_OK && done < n_rules; done++)
        st = curve_of(&p, &rules[done], &out[done]);
    if (st != LTA_OK)
        for (int i = 0; i < done - 1; i++)
            lta_curve_free(&out[i]);
    return st;
}
