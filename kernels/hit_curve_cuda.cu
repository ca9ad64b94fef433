/* kernels/hit_curve_cuda.cu - the slope of the curve as a sorted list of its changes.
 *
 * Every run raises the slope at its distance and lowers it at distance + weight. All changes are sorted by
 * capacity and summed for each; where the sum is not 0 there is a vertex. Slopes are the running sums of the
 * changes, and hits the running sums of slope times the way to the next vertex: integers, so the order of
 * addition is free.
 *
 * Mapping   one thread a run or a change; CUB sorts, reduces by key, selects and scans
 * Memory    about 56 bytes a run on the device. Where that is too much, runs go through in pieces: each
 * leaves its summed changes, of which there are few, and the pieces' changes are summed in the end Order sums
 * of integers: the same on every run and device */
extern "C" {
#include "kernels/hit_curve.h"
#include "pipeline/core/array.h"
}
#include "kernels/cuda_util.cuh"

#include <stdlib.h>
#include <string.h>

using namespace lta;

namespace
{

/* Keys and changes of n runs, 2n of them; runs of weight 0 change nothing. */
__global__ void list_changes(uint64_t n, const uint64_t *distance, const uint32_t *weight, uint64_t *key,
                             int64_t *change)
{
    for (uint64_t i = first_element(); i < n; i += stride()) {
        bool counts = weight[i] > 0;
        key[2 * i] = counts ? distance[i] : 0;
        key[2 * i + 1] = counts ? distance[i] + weight[i] : 0;
        change[2 * i] = counts ? 1 : 0;
        change[2 * i + 1] = counts ? -1 : 0;
    }
}

/* The first entry stands for capacity 0 and stays; others stay if they change the slope. */
__global__ void mark_vertices(uint64_t n, const int64_t *change, unsigned char *keep)
{
    for (uint64_t i = first_element(); i < n; i += stride())
        keep[i] = i == 0 || change[i] != 0;
}

__global__ void gains(uint64_t n, const uint64_t *capacity, const int64_t *slope, uint64_t *gain)
{
    for (uint64_t i = first_element(); i < n; i += stride())
        gain[i] = i == 0 ? 0 : (uint64_t)slope[i - 1] * (capacity[i] - capacity[i - 1]);
}

/* Changes by capacity, sorted, each capacity once, capacity 0 first. */
struct changes {
    device_array<uint64_t> key;
    device_array<int64_t> change;
    uint64_t n = 0;
};

/* Sorts and sums what stands in key and change [c->n], of which one key at least is 0. */
lta_status sum_changes(changes *c, scratch *s)
{
    uint64_t n = c->n, largest = 0, kept = 0;
    device_array<uint64_t> key, count, top;
    device_array<int64_t> change;
    LTA_DEV(key.alloc(n));
    LTA_DEV(change.alloc(n));
    LTA_DEV(count.alloc(1));
    LTA_DEV(top.alloc(1));
    LTA_DEV(s->run("largest capacity", n, [&](void *t, size_t &b) {
        return cub::DeviceReduce::Max(t, b, c->key.p, top.p, (int)n);
    }));
    LTA_DEV(top.at(0, &largest));
    LTA_DEV(s->run("sort of slope changes", n, [&](void *t, size_t &b) {
        return cub::DeviceRadixSort::SortPairs(t, b, c->key.p, key.p, c->change.p, change.p, (int)n, 0,
                                               bits_of(largest));
    }));
    LTA_DEV(s->run("sum of slope changes", n, [&](void *t, size_t &b) {
        return cub::DeviceReduce::ReduceByKey(t, b, key.p, c->key.p, change.p, c->change.p, count.p,
                                              cuda::std::plus<>{}, (int)n);
    }));
    LTA_DEV(count.at(0, &kept));
    device_array<unsigned char> keep;
    LTA_DEV(keep.alloc(kept));
    LTA_DEV(launch("mark_vertices", mark_vertices, kept, c->change.p, keep.p));
    for (int column = 0; column < 2; column++)
        LTA_DEV(s->run("selection of vertices", kept, [&](void *t, size_t &b) {
            return column == 0
                       ? cub::DeviceSelect::Flagged(t, b, c->key.p, keep.p, key.p, count.p, (int)kept)
                       : cub::DeviceSelect::Flagged(t, b, c->change.p, keep.p, change.p, count.p, (int)kept);
        }));
    LTA_DEV(count.at(0, &c->n));
    c->key.swap(key);
    c->change.swap(change);
    return LTA_OK;
}

/* The summed changes of runs first .. first+n-1. */
lta_status piece_changes(uint64_t n, const uint64_t *distance, const uint32_t *weight, changes *c, scratch *s)
{
    static const uint64_t zero = 0;
    static const int64_t none = 0;
    device_array<uint64_t> d;
    device_array<uint32_t> w;
    LTA_DEV(d.upload(distance, n));
    LTA_DEV(w.upload(weight, n));
    c->n = 2 * n + 1;
    LTA_DEV(c->key.alloc(c->n));
    LTA_DEV(c->change.alloc(c->n));
    LTA_DEV(launch("list_changes", list_changes, n, d.p, w.p, c->key.p, c->change.p));
    LTA_CUDA(cudaMemcpy(c->key.p + 2 * n, &zero, sizeof zero, cudaMemcpyHostToDevice));
    LTA_CUDA(cudaMemcpy(c->change.p + 2 * n, &none, sizeof none, cudaMemcpyHostToDevice));
    d.release();
    w.release();
    return sum_changes(c, s);
}

/* The curve itself. */
lta_status finish(changes *c, scratch *s, lta_curve *out)
{
    uint64_t n = c->n;
    device_array<int64_t> slope;
    device_array<uint64_t> gain, hits;
    LTA_DEV(slope.alloc(n));
    LTA_DEV(gain.alloc(n));
    LTA_DEV(hits.alloc(n));
    LTA_DEV(s->run("slopes", n, [&](void *t, size_t &b) {
        return cub::DeviceScan::InclusiveSum(t, b, c->change.p, slope.p, (int)n);
    }));
    LTA_DEV(launch("gains", gains, n, c->key.p, slope.p, gain.p));
    LTA_DEV(s->run("hits", n, [&](void *t, size_t &b) {
        return cub::DeviceScan::InclusiveSum(t, b, gain.p, hits.p, (int)n);
    }));
    lta_curve curve = {n, nullptr, nullptr};
    lta_status st = LTA_ALLOC(&curve.capacity, n);
    if (st == LTA_OK)
        st = LTA_ALLOC(&curve.hits, n);
    if (st == LTA_OK)
        st = c->key.download(curve.capacity, n);
    if (st == LTA_OK)
        st = hits.download(curve.hits, n);
    if (st == LTA_OK)
        *out = curve;
    else
        lta_curve_free(&curve);
    return st;
}

/* Changes on the host, of the pieces so far. */
struct host_changes {
    uint64_t *key = nullptr;
    int64_t *change = nullptr;
    uint64_t n = 0, key_capacity = 0, change_capacity = 0;
    ~host_changes()
    {
        free(key);
        free(change);
    }
};

lta_status keep_changes(const changes *c, host_changes *h)
{
    LTA_DEV(LTA_GROW(&h->key, &h->key_capacity, h->n + c->n));
    LTA_DEV(LTA_GROW(&h->change, &h->change_capacity, h->n + c->n));
    LTA_DEV(c->key.download(h->key + h->n, c->n));
    LTA_DEV(c->change.download(h->change + h->n, c->n));
    h->n += c->n;
    return LTA_OK;
}

lta_status in_pieces(uint64_t n, uint64_t piece, const uint64_t *distance, const uint32_t *weight,
                     lta_curve *out)
{
    scratch s;
    changes c;
    if (piece >= n) {
        LTA_DEV(piece_changes(n, distance, weight, &c, &s));
        return finish(&c, &s, out);
    }
    host_changes h;
    for (uint64_t at = 0; at < n; at += piece) {
        LTA_DEV(piece_changes(n - at < piece ? n - at : piece, distance + at, weight + at, &c, &s));
        LTA_DEV(keep_changes(&c, &h));
    }
    c.n = h.n;
    LTA_DEV(c.key.upload(h.key, h.n));
    LTA_DEV(c.change.upload(h.change, h.n));
    LTA_DEV(sum_changes(&c, &s));
    return finish(&c, &s, out);
}

} // namespace

extern "C" lta_status lta_hit_curve_cuda(uint64_t n, const uint64_t *distance, const uint32_t *weight,
                                         lta_curve *out)
{
    enum { BYTES_A_RUN = 72, LEAST_PIECE = 1 << 12 };
    size_t free_bytes, all_bytes;
    LTA_CUDA(cudaMemGetInfo(&free_bytes, &all_bytes));
    uint64_t piece = free_bytes / BYTES_A_RUN;
    if (piece > MOST_ELEMENTS / 2 - 1)
        piece = MOST_ELEMENTS / 2 - 1;
    for (;;) { /* another program may take memory meanwhile: smaller pieces */
        lta_status st =
            in_pieces(n, piece < LEAST_PIECE ? (uint64_t)LEAST_PIECE : piece, distance, weight, out);
        if (st != LTA_ERR_DEVICE_MEMORY || piece < LEAST_PIECE)
            return st;
        piece = (piece < n ? piece : n) / 4;
    }
}
