/* kernels/hit_curve_cuda.cu - the slope of the curve as a sorted list of its changes.
 *
 * Every run raises the slope at its distance and lowers it at distance + weight. Where runs begin and where
 * they end are sorted apart, as bare numbers, and counted; runs of one weight all, as those of flat traces
 * are, end in the order in which they begin. The two lists are merged, each entry finding its place in the
 * other by binary search. Where a capacity's changes add up to 0 there is no vertex. Slopes are the running
 * sums of the changes, and hits the running sums of slope times the way to the next vertex: integers, so the
 * order of addition is free.
 *
 * Mapping   one thread a run or a change; CUB sorts, encodes run lengths, selects and scans
 * Memory    at most 80 bytes a run on the device. Where that is too much, runs go through in pieces: each
 *           leaves its summed changes, of which there are few, and the pieces' changes are summed in the end
 * Order     sums of integers: the same on every run and device */
extern "C" {
#include "kernels/hit_curve.h"
#include "pipeline/core/array.h"
}
#include "kernels/slope_changes.cuh"

using namespace lta;

namespace
{

template <class D> __global__ void list_ends(uint64_t n, const D *distance, const uint32_t *weight, D *end)
{
    for (uint64_t i = first_element(); i < n; i += stride())
        end[i] = distance[i] + weight[i];
}

/* Capacities, rising, and how many runs begin or end there. */
template <class D> struct counted {
    device_array<D> at;
    device_array<uint32_t> runs;
    uint64_t n = 0;
};

/* Puts each entry of mine behind the entries of the other list that are smaller, or, as ends do behind
 * beginnings, no larger; mine + shift are the capacities. */
template <class D>
__global__ void merge_changes(uint64_t n, const D *mine, const uint32_t *runs, uint64_t shift, int64_t sign,
                              const D *other, uint64_t n_other, uint64_t other_shift, uint64_t *key,
                              int64_t *change)
{
    for (uint64_t i = first_element(); i < n; i += stride()) {
        uint64_t at = (uint64_t)mine[i] + shift, lo = 0, hi = n_other;
        while (lo < hi) {
            uint64_t mid = lo + (hi - lo) / 2, there = (uint64_t)other[mid] + other_shift;
            if (sign > 0 ? there < at : there <= at)
                lo = mid + 1;
            else
                hi = mid;
        }
        key[i + lo] = at;
        change[i + lo] = sign * (int64_t)runs[i];
    }
}

/* Equal keys, of which a piece has two at most, become the last one of them, with their sum. */
__global__ void add_equal(uint64_t n, const uint64_t *key, const int64_t *change, int64_t *sum,
                          unsigned char *keep)
{
    for (uint64_t i = first_element(); i < n; i += stride()) {
        sum[i] = change[i] + (i > 0 && key[i - 1] == key[i] ? change[i - 1] : 0);
        keep[i] = (i + 1 == n || key[i + 1] != key[i]) && (sum[i] != 0 || key[i] == 0);
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

/* key and change [n] of those that are kept, behind what is in c, which has room. */
lta_status select_changes(uint64_t n, const uint64_t *key, const int64_t *change, const unsigned char *keep,
                          slope_changes *c, scratch *s)
{
    device_array<uint64_t> count;
    uint64_t kept;
    LTA_DEV(count.alloc(1));
    LTA_DEV(s->run("selection of capacities", n, [&](void *t, size_t &b) {
        return cub::DeviceSelect::Flagged(t, b, key, keep, c->key.p + c->n, count.p, (int)n);
    }));
    LTA_DEV(s->run("selection of changes", n, [&](void *t, size_t &b) {
        return cub::DeviceSelect::Flagged(t, b, change, keep, c->change.p + c->n, count.p, (int)n);
    }));
    LTA_DEV(count.at(0, &kept));
    c->n += kept;
    return LTA_OK;
}

/* Sorts and sums changes [n], of which one key at least is 0. */
lta_status sum_changes(slope_changes *c, scratch *s)
{
    uint64_t n = c->n, largest = 0, kept = 0;
    device_array<uint64_t> key, count;
    device_array<int64_t> change;
    LTA_DEV(key.alloc(n));
    LTA_DEV(change.alloc(n));
    LTA_DEV(count.alloc(1));
    LTA_DEV(s->run("largest capacity", n, [&](void *t, size_t &b) {
        return cub::DeviceReduce::Max(t, b, c->key.p, count.p, (int)n);
    }));
    LTA_DEV(count.at(0, &largest));
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
    c->key.swap(key);
    c->change.swap(change);
    c->n = 0;
    return select_changes(kept, key.p, change.p, keep.p, c, s);
}

/* Sorts and counts values; they are in no order afterwards. */
template <class D>
lta_status count_values(uint64_t n, const D *value, uint64_t largest, counted<D> *out, scratch *s)
{
    device_array<D> sorted;
    device_array<uint64_t> count;
    LTA_DEV(sorted.alloc(n));
    LTA_DEV(out->at.alloc(n));
    LTA_DEV(out->runs.alloc(n));
    LTA_DEV(count.alloc(1));
    LTA_DEV(s->run("sort of distances", n, [&](void *t, size_t &b) {
        return cub::DeviceRadixSort::SortKeys(t, b, value, sorted.p, (int)n, 0, bits_of(largest));
    }));
    LTA_DEV(s->run("counts of distances", n, [&](void *t, size_t &b) {
        return cub::DeviceRunLengthEncode::Encode(t, b, sorted.p, out->at.p, out->runs.p, count.p, (int)n);
    }));
    return count.at(0, &out->n);
}

template <class V> lta_status extreme(uint64_t n, const V *value, bool largest, V *out, scratch *s)
{
    device_array<V> found;
    LTA_DEV(found.alloc(1));
    LTA_DEV(s->run("extreme value", n, [&](void *t, size_t &b) {
        return largest ? cub::DeviceReduce::Max(t, b, value, found.p, (int)n)
                       : cub::DeviceReduce::Min(t, b, value, found.p, (int)n);
    }));
    return found.at(0, out);
}

lta_status no_changes(slope_changes *c)
{
    c->n = 1;
    LTA_DEV(c->key.alloc_zero(1));
    return c->change.alloc_zero(1);
}

/* Merges where runs begin with where they end. ends: NULL where they are the beginnings + weight. */
template <class D>
lta_status merge(const counted<D> &begin, const counted<D> *ends, uint32_t weight, slope_changes *c,
                 scratch *s)
{
    const counted<D> &end = ends ? *ends : begin;
    uint64_t n = 1 + begin.n + end.n, shift = ends ? 0 : weight;
    device_array<uint64_t> key;
    device_array<int64_t> change, sum;
    device_array<unsigned char> keep;
    LTA_DEV(check_elements("capacities", n));
    LTA_DEV(key.alloc(n));
    LTA_DEV(change.alloc(n));
    LTA_CUDA(cudaMemsetAsync(key.p, 0, sizeof *key.p)); /* capacity 0, no change */
    LTA_CUDA(cudaMemsetAsync(change.p, 0, sizeof *change.p));
    LTA_DEV(launch("merge_changes", merge_changes<D>, begin.n, begin.at.p, begin.runs.p, (uint64_t)0,
                   (int64_t)1, end.at.p, end.n, shift, key.p + 1, change.p + 1));
    LTA_DEV(launch("merge_changes", merge_changes<D>, end.n, end.at.p, end.runs.p, shift, (int64_t)-1,
                   begin.at.p, begin.n, (uint64_t)0, key.p + 1, change.p + 1));
    LTA_DEV(sum.alloc(n));
    LTA_DEV(keep.alloc(n));
    LTA_DEV(launch("add_equal", add_equal, n, key.p, change.p, sum.p, keep.p));
    LTA_DEV(c->key.alloc(n));
    LTA_DEV(c->change.alloc(n));
    c->n = 0;
    return select_changes(n, key.p, sum.p, keep.p, c, s);
}

/* Changes on the host, of the pieces so far. */
struct host_changes {
    uint64_t *key = nullptr;
    int64_t *change = nullptr;
    uint64_t n = 0, key_capacity = 0, change_capacity = 0;
    ~host_changes()
    {
        lta_free(key);
        lta_free(change);
    }
};

lta_status keep_changes(const slope_changes &c, host_changes *h)
{
    LTA_DEV(LTA_GROW(&h->key, &h->key_capacity, h->n + c.n));
    LTA_DEV(LTA_GROW(&h->change, &h->change_capacity, h->n + c.n));
    LTA_DEV(c.key.download(h->key + h->n, c.n));
    LTA_DEV(c.change.download(h->change + h->n, c.n));
    h->n += c.n;
    return LTA_OK;
}

/* Distances and weights of a piece, in numbers of 32 bits where that does. */
struct columns {
    bool is_wide = false;
    device_array<uint32_t> narrow, weight;
    device_array<uint64_t> wide;

    lta_status upload(uint64_t n, const uint64_t *distance, const uint32_t *w)
    {
        uint64_t largest = 0;
        for (uint64_t k = 0; k < n; k++)
            largest = distance[k] + w[k] > largest ? distance[k] + w[k] : largest;
        is_wide = largest > UINT32_MAX;
        LTA_DEV(weight.upload(w, n));
        return is_wide ? wide.upload(distance, n)
                       : narrow.upload_each(n, [=](uint64_t k) { return (uint32_t)distance[k]; });
    }
    lta_status changes(uint64_t n, slope_changes *c, scratch *s) const
    {
        return is_wide ? find_changes(n, wide.p, weight.p, c, s) : find_changes(n, narrow.p, weight.p, c, s);
    }
};

lta_status in_pieces(uint64_t n, uint64_t piece, const uint64_t *distance, const uint32_t *weight,
                     lta_curve *out)
{
    scratch s;
    slope_changes c;
    host_changes h;
    uint64_t pieces = 0;
    for (uint64_t at = 0; at < n; at += piece, pieces++) {
        uint64_t m = n - at < piece ? n - at : piece;
        columns in;
        LTA_DEV(in.upload(m, distance + at, weight + at));
        LTA_DEV(in.changes(m, &c, &s));
        if (m < n)
            LTA_DEV(keep_changes(c, &h));
    }
    if (pieces == 0)
        LTA_DEV(no_changes(&c));
    if (pieces > 1) {
        c.n = h.n;
        LTA_DEV(c.key.upload(h.key, h.n));
        LTA_DEV(c.change.upload(h.change, h.n));
        LTA_DEV(sum_changes(&c, &s));
    }
    return finish_curve(c, &s, out);
}

} // namespace

template <class D>
lta_status lta::find_changes(uint64_t n, const D *distance, const uint32_t *weight, slope_changes *c,
                             scratch *s)
{
    uint32_t least = 1, most = 1;
    D largest = 0;
    counted<D> begin, end;
    if (weight) {
        LTA_DEV(extreme(n, weight, false, &least, s));
        LTA_DEV(extreme(n, weight, true, &most, s));
    }
    if (most == 0) /* nothing is ever hit */
        return no_changes(c);
    LTA_DEV(extreme(n, distance, true, &largest, s));
    LTA_DEV(count_values(n, distance, (uint64_t)largest, &begin, s));
    if (least == most)
        return merge<D>(begin, nullptr, most, c, s);
    device_array<D> ends;
    LTA_DEV(ends.alloc(n));
    LTA_DEV(launch("list_ends", list_ends<D>, n, distance, weight, ends.p));
    LTA_DEV(extreme(n, (const D *)ends.p, true, &largest, s));
    LTA_DEV(count_values(n, (const D *)ends.p, (uint64_t)largest, &end, s));
    ends.release();
    return merge<D>(begin, &end, 0, c, s);
}

template lta_status lta::find_changes(uint64_t, const uint32_t *, const uint32_t *, slope_changes *,
                                      scratch *);
template lta_status lta::find_changes(uint64_t, const uint64_t *, const uint32_t *, slope_changes *,
                                      scratch *);

lta_status lta::finish_curve(const slope_changes &c, scratch *s, lta_curve *out)
{
    uint64_t n = c.n;
    device_array<int64_t> slope;
    device_array<uint64_t> gain, hits;
    LTA_DEV(slope.alloc(n));
    LTA_DEV(gain.alloc(n));
    LTA_DEV(hits.alloc(n));
    LTA_DEV(s->run("slopes", n, [&](void *t, size_t &b) {
        return cub::DeviceScan::InclusiveSum(t, b, c.change.p, slope.p, (int)n);
    }));
    LTA_DEV(launch("gains", gains, n, c.key.p, slope.p, gain.p));
    LTA_DEV(s->run("hits", n, [&](void *t, size_t &b) {
        return cub::DeviceScan::InclusiveSum(t, b, gain.p, hits.p, (int)n);
    }));
    lta_curve curve = {n, nullptr, nullptr};
    lta_status st = LTA_ALLOC(&curve.capacity, n);
    if (st == LTA_OK)
        st = LTA_ALLOC(&curve.hits, n);
    if (st == LTA_OK)
        st = c.key.download(curve.capacity, n);
    if (st == LTA_OK)
        st = hits.download(curve.hits, n);
    if (st == LTA_OK)
        *out = curve;
    else
        lta_curve_free(&curve);
    return st;
}

extern "C" lta_status lta_hit_curve_cuda(uint64_t n, const uint64_t *distance, const uint32_t *weight,
                                         lta_curve *out)
{
    enum { BYTES_A_RUN = 96, LEAST_PIECE = 1 << 12 };
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
