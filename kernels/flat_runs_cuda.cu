/* kernels/flat_runs_cuda.cu - runs in a flat trie: a request's symbol was last touched by the request before
 * it in a sort by (node, group, request).
 *
 * Mapping   one thread a request; CUB sorts, scans and selects
 * Work      one radix sort of requests by node, over no more bits than nodes and groups have
 * Memory    about 30 bytes a request, 4 more with wide keys
 * Order     sorts are stable: the same on every run and device */
#include "kernels/device_runs.cuh"

#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

using namespace lta;

namespace
{

struct is_somewhere {
    __host__ __device__ bool operator()(uint32_t request) const
    {
        return request != NOWHERE;
    }
};

struct counts_somewhere {
    __host__ __device__ uint32_t operator()(uint32_t request) const
    {
        return request != NOWHERE;
    }
};

/* Requests that touch nothing stand behind all others. */
template <class K>
__global__ void list_keys(uint64_t n, const uint32_t *touched, const uint32_t *group, uint64_t n_nodes,
                          int group_bits, K *key, uint32_t *request)
{
    for (uint64_t r = first_element(); r < n; r += stride()) {
        uint64_t node = touched[r] == NOWHERE ? n_nodes : touched[r];
        key[r] = (K)(node << group_bits | (group && node < n_nodes ? group[r] : 0));
        request[r] = (uint32_t)r;
    }
}

__global__ void depths_of_nodes(uint64_t n, const uint32_t *node, uint32_t *depth)
{
    for (uint64_t r = first_element(); r < n; r += stride())
        depth[r] = node[r] != NOWHERE;
}

template <class K>
__global__ void link_requests(uint64_t n, const K *key, const uint32_t *request, K none, uint32_t *previous)
{
    for (uint64_t i = first_element(); i < n; i += stride())
        previous[request[i]] = i > 0 && key[i] == key[i - 1] && key[i] != none ? request[i - 1] : NOWHERE;
}

template <class K>
lta_status find_previous(uint64_t n, uint64_t n_nodes, const uint32_t *touched, const uint32_t *group,
                         int group_bits, device_runs *out, scratch *t)
{
    device_array<K> key, sorted;
    device_array<uint32_t> request, order;
    LTA_DEV(key.alloc(n));
    LTA_DEV(sorted.alloc(n));
    LTA_DEV(request.alloc(n));
    LTA_DEV(order.alloc(n));
    LTA_DEV(launch("list_keys", list_keys<K>, n, touched, group, n_nodes, group_bits, key.p, request.p));
    LTA_DEV(t->run("sort of requests by node", n, [&](void *m, size_t &size) {
        return cub::DeviceRadixSort::SortPairs(m, size, key.p, sorted.p, request.p, order.p, (int)n, 0,
                                               group_bits + bits_of(n_nodes));
    }));
    LTA_DEV(launch("link_requests", link_requests<K>, n, sorted.p, order.p, (K)(n_nodes << group_bits),
                   out->linked.p));
    out->touched = n;
    if (n > 0) { /* requests that touch nothing are last */
        K last;
        LTA_DEV(sorted.at(n - 1, &last));
        if (last == (K)(n_nodes << group_bits))
            out->touched = n - 1; /* one at least; it matters only whether there are any */
    }
    return LTA_OK;
}

} // namespace

lta_status lta::build_flat_runs(uint64_t n, uint64_t n_nodes, const uint32_t *touched, const uint32_t *group,
                                int group_bits, device_runs *out)
{
    uint32_t n_runs;
    scratch t;
    out->n = n;
    out->flat = true;
    LTA_DEV(check_elements("requests", n));
    LTA_DEV(out->linked.alloc(n));
    if (group_bits + bits_of(n_nodes) <= 32)
        LTA_DEV(find_previous<uint32_t>(n, n_nodes, touched, group, group_bits, out, &t));
    else
        LTA_DEV(find_previous<uint64_t>(n, n_nodes, touched, group, group_bits, out, &t));
    LTA_DEV(out->offset.alloc(n + 1));
    LTA_CUDA(cudaMemsetAsync(out->offset.p, 0, sizeof(uint32_t)));
    LTA_DEV(t.run("numbers of runs", n, [&](void *m, size_t &size) {
        auto counts = thrust::make_transform_iterator(out->linked.p, counts_somewhere());
        return cub::DeviceScan::InclusiveSum(m, size, counts, out->offset.p + 1, (int)n);
    }));
    LTA_DEV(out->offset.at(n, &n_runs));
    out->n_runs = n_runs;
    if (out->touched == n) /* nobody needs more than what is linked */
        return LTA_OK;
    LTA_DEV(out->touched_depth.alloc(n));
    LTA_DEV(launch("depths_of_nodes", depths_of_nodes, n, touched, out->touched_depth.p));
    LTA_DEV(out->previous.alloc(n_runs));
    device_array<uint64_t> count;
    LTA_DEV(count.alloc(1));
    LTA_DEV(t.run("selection of runs", n, [&](void *m, size_t &size) {
        return cub::DeviceSelect::If(m, size, out->linked.p, out->previous.p, count.p, (int)n,
                                     is_somewhere());
    }));
    LTA_CUDA(cudaDeviceSynchronize());
    return LTA_OK;
}
