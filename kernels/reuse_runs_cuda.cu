/* kernels/reuse_runs_cuda.cu - runs stay on the device until they have their distances: the trie goes up
 * once, and what reuse.h5 holds comes down once. */
extern "C" {
#include "kernels/reuse_runs.h"
#include "pipeline/core/array.h"
}
#include "kernels/device_runs.cuh"

using namespace lta;

namespace
{

/* Symbols that each request touches for the first time. */
__global__ void first_touches(uint64_t n, const uint64_t *offset, const uint32_t *start,
                              const uint32_t *length, const uint32_t *touched_depth, uint32_t *first)
{
    for (uint64_t r = first_element(); r < n; r += stride()) {
        uint64_t end = offset[r + 1];
        first[r] = touched_depth[r] - (end > offset[r] ? start[end - 1] + length[end - 1] : 0);
    }
}

} // namespace

extern "C" lta_status lta_reuse_runs_cuda(const lta_trie *trie, const int64_t *touched, const uint32_t *group,
                                          lta_runs *out)
{
    uint64_t n = trie->n_requests;
    device_runs runs;
    device_array<uint32_t> first;
    device_array<uint64_t> distance;
    if (n == 0 || trie->n_nodes == 0)
        return lta_reuse_runs_cpu(trie, touched, group, out);
    LTA_DEV(build_device_runs(trie, touched, group, &runs));
    LTA_DEV(first.alloc(n));
    LTA_DEV(launch("first_touches", first_touches, n, runs.offset.p, runs.start.p, runs.length.p,
                   runs.touched_depth.p, first.p));
    LTA_DEV(distance.alloc(runs.n_runs));
    LTA_DEV(
        device_distances(n, runs.n_runs, runs.offset.p, runs.previous.p, runs.length.p, first.p, distance.p));
    lta_runs host = {};
    LTA_DEV(download_runs(runs, n, &host));
    lta_status st = LTA_ALLOC(&host.distance, runs.n_runs);
    if (st == LTA_OK)
        st = distance.download(host.distance, runs.n_runs);
    if (st == LTA_OK)
        *out = host;
    else
        lta_runs_free(&host);
    return st;
}
