/* kernels/reuse_runs_cuda.cu - runs stay on the device until they have their distances, and after: the trie
 * goes up at most once, what reuse.h5 holds comes down once, and meanwhile distances are computed. */
extern "C" {
#include "kernels/reuse_runs.h"
#include "pipeline/core/array.h"
}
#include "kernels/device_runs.cuh"

using namespace lta;

namespace
{

/* Symbols that each request touches for the first time. */
__global__ void first_touches(uint64_t n, runs_view runs, const uint32_t *touched_depth, uint32_t *first)
{
    for (uint64_t r = first_element(); r < n; r += stride())
        first[r] = touched_depth[r] - runs.end_of(r);
}

lta_status download_distances(const device_distances &d, uint64_t n_runs, const distance_work &work,
                              uint64_t **out)
{
    LTA_DEV(LTA_ALLOC(out, n_runs));
    uint64_t *distance = *out;
    for (int i = 0; i < work.parts; i++) { /* one comes down while the next is computed */
        uint64_t begin = i > 0 ? work.part_end[i - 1] : 0;
        LTA_DEV(d.narrow.download_range(
            begin, work.part_end[i] - begin, [=](uint64_t k, uint32_t v) { distance[begin + k] = v; },
            work.part_ready[i].e));
    }
    if (work.parts > 0)
        return LTA_OK;
    return d.is_wide ? d.wide.download(distance, n_runs)
                     : d.narrow.download_each(n_runs, [=](uint64_t k, uint32_t v) { distance[k] = v; });
}

lta_status compute(const lta_trie *trie, const int64_t *touched, const uint32_t *group, device_runs *d,
                   lta_runs *out)
{
    device_array<uint32_t> first;
    distance_work work;
    event ready;
    lta_runs made = {};
    LTA_DEV(build_device_runs(trie, touched, group, d));
    LTA_DEV(ready.record());
    if (d->flat && d->touched == d->n) {
        LTA_DEV(begin_flat_distances(*d, &work, &d->distances));
    } else {
        LTA_DEV(first.alloc(d->n));
        LTA_DEV(launch("first_touches", first_touches, d->n, d->view(), d->touched_depth.p, first.p));
        LTA_DEV(begin_distances(d->view(), d->flat ? nullptr : d->length.p, first.p, d->touched, &work,
                                &d->distances));
    }
    LTA_DEV(download_runs(*d, ready, &made));
    lta_status st = download_distances(d->distances, d->n_runs, work, &made.distance);
    if (st == LTA_OK)
        *out = made;
    else
        lta_runs_free(&made);
    return st;
}

} // namespace

extern "C" lta_status lta_reuse_runs_cuda(const lta_trie *trie, const int64_t *touched, const uint32_t *group,
                                          lta_runs *out)
{
    if (trie->n_requests == 0 || trie->n_nodes == 0)
        return lta_reuse_runs_cpu(trie, touched, group, out);
    std::unique_ptr<device_runs> d(new (std::nothrow) device_runs);
    if (!d)
        return lta_fail(LTA_ERR_NOMEM, "out of memory: runs on the device");
    LTA_DEV(compute(trie, touched, group, d.get(), out));
    if (worth_keeping(d->bytes()))
        out->device = d.release();
    return LTA_OK;
}
