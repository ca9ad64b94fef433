/* kernels/stack_distance_cuda.cu - the dominance sum by bottom-up merging.
 *
 * A request's entries are its runs, shallow first, and behind them what it touches for the first time. An
 * entry has the key 1 + p (0: first touch) and a weight. In this order of entries
 *
 *     T(p, r) = sum of weights of entries before the run's whose keys are at most 1 + p
 *               less the weight of all entries of requests up to p,
 *
 * for entries of requests up to p have smaller keys, and a request's earlier entries larger ones.
 *
 * The first sum: level k joins neighbouring stretches of 2^k entries, each sorted by key. Any two entries are
 * in opposite halves at exactly one level; there a binary search of the later one in the earlier stretch
 * finds how much weight is at most its key. The same search gives its place in the joined stretch, and the
 * running sum of weights that the next level needs.
 *
 * Mapping   one thread an entry; a block sorts TILE entries in shared memory, then a launch joins WAYS
 * stretches Work      O(m log^2 m) comparisons for m entries, of which neighbouring threads share nearly all
 * loads Memory    72 bytes an entry and 24 a request on the device. Where that is too much, requests go
 * through in pieces: what earlier pieces' entries weigh up to a key is looked up in a table by key Order
 * every sum is made by one thread from integers: the same on every run and device */
extern "C" {
#include "kernels/stack_distance.h"
}
#include "kernels/device_runs.cuh"

using namespace lta;

namespace
{

constexpr uint32_t TILE = 1024, WAYS = 8, NOT_A_RUN = UINT32_MAX;

/* Entries sorted by key inside stretches. */
struct entries {
    uint32_t *key;   /* 1 + p; 0: first touch */
    uint32_t *run;   /* the run it is, or NOT_A_RUN */
    uint64_t *upto;  /* weight from the beginning of its stretch to here, its own included */
    uint64_t *below; /* weight of earlier entries whose keys are at most its own, as far as known */
};

__global__ void list_runs(uint64_t n_runs, uint64_t n, const uint64_t *offset, const uint32_t *previous,
                          const uint32_t *weight, entries e)
{
    for (uint64_t k = first_element(); k < n_runs; k += stride()) {
        uint64_t i = k + upper_bound(offset, (uint64_t)0, n + 1, offset[0] + k) -
                     1; /* one first touch a request before */
        e.key[i] = previous[k] + 1;
        e.run[i] = (uint32_t)k;
        e.upto[i] = weight[k];
    }
}

__global__ void list_first_touches(uint64_t n, const uint64_t *offset, const uint32_t *first_weight,
                                   entries e)
{
    for (uint64_t r = first_element(); r < n; r += stride()) {
        uint64_t i = offset[r + 1] - offset[0] + r;
        e.key[i] = 0;
        e.run[i] = NOT_A_RUN;
        e.upto[i] = first_weight[r];
    }
}

/* Where entry i of a stretch [begin, end) sorted by halves at mid goes, and the weight of the other width's
 * entries that stand before it there. */
template <class K, class S>
__device__ inline uint64_t place(K key, S upto, uint64_t i, uint64_t begin, uint64_t mid, uint64_t end,
                                 uint64_t *other)
{
    bool left = i < mid;
    uint64_t from = left ? mid : begin;
    uint64_t at = left ? lower_bound(&key[0], mid, end, key[i]) : upper_bound(&key[0], begin, mid, key[i]);
    *other = at > from ? upto[at - 1] : 0;
    return left ? i + (at - mid) : i - mid + at;
}

/* Sorts every tile; upto holds plain weights before. */
__global__ void __launch_bounds__(THREADS) sort_tiles(uint64_t m, entries in, entries out)
{
    constexpr uint32_t EACH = TILE / THREADS;
    __shared__ uint32_t key[TILE];
    __shared__ uint64_t upto[TILE];
    for (uint64_t tile = blockIdx.x; tile * TILE < m; tile += gridDim.x) {
        uint64_t base = tile * TILE;
        uint32_t n = (uint32_t)(m - base < TILE ? m - base : TILE);
        uint32_t my_key[EACH], my_run[EACH], at[EACH];
        uint64_t my_upto[EACH], my_below[EACH];
        for (uint32_t k = 0; k < EACH; k++) {
            uint32_t i = k * THREADS + threadIdx.x;
            at[k] = i;
            my_below[k] = 0;
            if (i >= n)
                continue;
            key[i] = my_key[k] = in.key[base + i];
            upto[i] = my_upto[k] = in.upto[base + i];
            my_run[k] = in.run[base + i];
        }
        for (uint32_t width = 1; width < TILE && width < n; width *= 2) {
            __syncthreads();
            for (uint32_t k = 0; k < EACH; k++) {
                if (at[k] >= n)
                    continue;
                uint64_t begin = at[k] / (2 * width) * (2 * width), mid = begin + width,
                         end = begin + 2 * width, other;
                mid = mid < n ? mid : n;
                end = end < n ? end : n;
                bool left = at[k] < mid;
                at[k] = (uint32_t)place(key, upto, at[k], begin, mid, end, &other);
                my_upto[k] += other;
                my_below[k] += left ? 0 : other;
            }
            __syncthreads();
            for (uint32_t k = 0; k < EACH; k++)
                if (at[k] < n) {
                    key[at[k]] = my_key[k];
                    upto[at[k]] = my_upto[k];
                }
        }
        for (uint32_t k = 0; k < EACH; k++)
            if (at[k] < n) {
                out.key[base + at[k]] = my_key[k];
                out.run[base + at[k]] = my_run[k];
                out.upto[base + at[k]] = my_upto[k];
                out.below[base + at[k]] = my_below[k];
            }
        __syncthreads();
    }
}

/* Joins WAYS stretches of `width` entries each: three levels at once, so that entries are read and written a
 * third as often. */
__global__ void merge_stretches(uint64_t m, uint64_t width, entries in, entries out)
{
    for (uint64_t i = first_element(); i < m; i += stride()) {
        uint64_t begin = i / (WAYS * width) * (WAYS * width), own = (i - begin) / width;
        uint64_t to = begin + (i - begin) % width, upto = in.upto[i], below = in.below[i];
        uint32_t key = in.key[i];
        for (uint64_t k = 0; k < WAYS; k++) {
            uint64_t from = begin + k * width, end = from + width < m ? from + width : m;
            if (k == own || from >= m)
                continue;
            uint64_t at = k < own ? upper_bound(in.key, from, end, key) : lower_bound(in.key, from, end, key);
            uint64_t weight = at > from ? in.upto[at - 1] : 0;
            to += at - from;
            upto += weight;
            below += k < own ? weight : 0;
        }
        out.key[to] = key;
        out.run[to] = in.run[i];
        out.upto[to] = upto;
        out.below[to] = below;
    }
}

/* touched[r]: weight of all entries of requests up to r. base is what was touched before the piece. */
__global__ void list_touched(uint64_t n, const uint64_t *offset, const uint64_t *upto, uint64_t base,
                             uint64_t *touched)
{
    for (uint64_t r = first_element(); r < n; r += stride())
        touched[r] = base + upto[offset[r + 1] - offset[0] + r];
}

/* before[k]: weight of entries of earlier pieces whose keys are at most k; NULL: there are none. */
__global__ void give_distances(uint64_t m, entries e, const uint64_t *before, const uint64_t *touched,
                               uint64_t *distance)
{
    for (uint64_t i = first_element(); i < m; i += stride())
        if (e.run[i] != NOT_A_RUN)
            distance[e.run[i]] = e.below[i] + (before ? before[e.key[i]] : 0) - touched[e.key[i] - 1];
}

/* Sorted entries have their keys' weights side by side: the last of each key adds them all. */
__global__ void add_weights(uint64_t m, entries e, uint64_t *weight_of_key)
{
    for (uint64_t i = first_element(); i < m; i += stride())
        if (i + 1 == m || e.key[i + 1] != e.key[i]) {
            uint64_t first = lower_bound(e.key, (uint64_t)0, i, e.key[i]);
            weight_of_key[e.key[i]] = e.upto[i] - (first > 0 ? e.upto[first - 1] : 0);
        }
}

__global__ void add_up(uint64_t n, const uint64_t *weight, uint64_t *sum)
{
    for (uint64_t i = first_element(); i < n; i += stride())
        sum[i] += weight[i];
}

struct entry_arrays {
    device_array<uint32_t> key, run;
    device_array<uint64_t> upto, below;
    lta_status alloc(uint64_t m)
    {
        LTA_DEV(key.alloc(m));
        LTA_DEV(run.alloc(m));
        LTA_DEV(upto.alloc(m));
        return below.alloc(m);
    }
    entries get() const
    {
        return entries{key.p, run.p, upto.p, below.p};
    }
};

/* What all pieces have in common. */
struct problem {
    uint64_t n;
    const uint64_t *offset;
    const uint32_t *previous, *weight, *first_weight;
    uint64_t *distance;
    device_array<uint64_t> touched; /* [n] as far as pieces are done */
    device_array<uint64_t> before;  /* [n + 1] empty where there is one piece */
    uint64_t base = 0;              /* weight touched so far */
};

constexpr uint64_t BYTES_AN_ENTRY = 72, BYTES_A_REQUEST = 24;

/* The entries of requests begin .. end-1, in their first order. */
lta_status list_entries(const problem *q, uint64_t begin, uint64_t end, const uint64_t *offset,
                        entry_arrays *a)
{
    uint64_t first_run = q->offset[begin], n_runs = q->offset[end] - first_run, n = end - begin;
    device_array<uint32_t> p, w, first;
    LTA_DEV(p.upload(q->previous + first_run, n_runs));
    LTA_DEV(w.upload(q->weight + first_run, n_runs));
    LTA_DEV(first.upload(q->first_weight + begin, n));
    LTA_DEV(launch("list_runs", list_runs, n_runs, n, offset, p.p, w.p, a->get()));
    LTA_DEV(launch("list_first_touches", list_first_touches, n, offset, first.p, a->get()));
    LTA_CUDA(cudaDeviceSynchronize());
    return LTA_OK;
}

/* Adds what the piece's entries weigh, by key, to what later pieces look up. */
lta_status keep_weights(problem *q, uint64_t m, entries sorted, scratch *s)
{
    device_array<uint64_t> of_key;
    LTA_DEV(of_key.alloc_zero(q->n + 1));
    LTA_DEV(launch("add_weights", add_weights, m, sorted, of_key.p));
    LTA_DEV(s->run("weights of keys", q->n + 1, [&](void *t, size_t &bytes) {
        return cub::DeviceScan::InclusiveSum(t, bytes, of_key.p, of_key.p, (int)(q->n + 1));
    }));
    LTA_DEV(launch("add_up", add_up, q->n + 1, of_key.p, q->before.p));
    LTA_CUDA(cudaDeviceSynchronize());
    return LTA_OK;
}

/* The piece of requests begin .. begin+n-1, whose entries stand in a in their first order; offset is theirs.
 * before: as of give_distances(); touched: [begin .. begin+n-1] are filled. Sorted entries come out in
 * *sorted, which is a or b. */
lta_status sum_piece(uint64_t begin, uint64_t n, uint64_t m, const uint64_t *offset, const uint64_t *before,
                     uint64_t *base, uint64_t *touched, entry_arrays *a, entry_arrays *b, entries *sorted,
                     uint64_t *distance, scratch *s)
{
    uint64_t weight;
    device_array<uint64_t> upto;
    LTA_DEV(upto.alloc(m));
    LTA_DEV(s->run("weights touched", m, [&](void *t, size_t &bytes) {
        return cub::DeviceScan::InclusiveSum(t, bytes, a->upto.p, upto.p, (int)m);
    }));
    LTA_DEV(launch("list_touched", list_touched, n, offset, upto.p, *base, touched + begin));
    LTA_DEV(upto.at(m - 1, &weight));
    upto.release();
    LTA_DEV(b->alloc(m));
    entry_arrays *from = b, *to = a;
    LTA_DEV(launch("sort_tiles", sort_tiles, m, a->get(), b->get()));
    for (uint64_t width = TILE; width < m; width *= WAYS) {
        LTA_DEV(launch("merge_stretches", merge_stretches, m, width, from->get(), to->get()));
        entry_arrays *t = from;
        from = to;
        to = t;
    }
    LTA_DEV(launch("give_distances", give_distances, m, from->get(), before, touched, distance));
    *base += weight;
    *sorted = from->get();
    return LTA_OK;
}

lta_status do_piece(problem *q, uint64_t begin, uint64_t end)
{
    uint64_t first_run = q->offset[begin], n_runs = q->offset[end] - first_run, n = end - begin,
             m = n_runs + n;
    device_array<uint64_t> offset, result;
    entry_arrays a, b;
    entries sorted;
    scratch s;
    LTA_DEV(offset.upload(q->offset + begin, n + 1));
    LTA_DEV(a.alloc(m));
    LTA_DEV(list_entries(q, begin, end, offset.p, &a));
    LTA_DEV(result.alloc(n_runs));
    LTA_DEV(sum_piece(begin, n, m, offset.p, begin > 0 ? q->before.p : (const uint64_t *)nullptr, &q->base,
                      q->touched.p, &a, &b, &sorted, result.p, &s));
    LTA_DEV(result.download(q->distance + first_run, n_runs));
    return end < q->n ? keep_weights(q, m, sorted, &s) : LTA_OK;
}

/* Pieces of at most `most` entries, whole requests: the end of the one that begins here. */
uint64_t end_of_piece(const problem *q, uint64_t begin, uint64_t most)
{
    uint64_t lo = begin, hi = q->n; /* the last end that fits */
    while (lo < hi) {
        uint64_t mid = hi - (hi - lo) / 2;
        if (q->offset[mid] - q->offset[begin] + (mid - begin) <= most)
            lo = mid;
        else
            hi = mid - 1;
    }
    return lo;
}

lta_status in_pieces(problem *q, uint64_t most)
{
    q->base = 0;
    LTA_DEV(q->touched.alloc(q->n));
    if (end_of_piece(q, 0, most) < q->n)
        LTA_DEV(q->before.alloc_zero(q->n + 1));
    for (uint64_t begin = 0, end; begin < q->n; begin = end) {
        end = end_of_piece(q, begin, most);
        if (end == begin)
            return lta_fail(
                LTA_ERR_DEVICE_MEMORY, "the %llu runs of request %llu do not fit the device's memory",
                (unsigned long long)(q->offset[begin + 1] - q->offset[begin]), (unsigned long long)begin);
        LTA_DEV(do_piece(q, begin, end));
    }
    return LTA_OK;
}

} // namespace

lta_status lta::device_distances(uint64_t n, uint64_t n_runs, const uint64_t *offset,
                                 const uint32_t *previous, const uint32_t *weight,
                                 const uint32_t *first_weight, uint64_t *distance)
{
    uint64_t m = n_runs + n, base = 0;
    device_array<uint64_t> touched;
    entry_arrays a, b;
    entries sorted;
    scratch s;
    LTA_DEV(check_elements("runs and requests", m));
    LTA_DEV(touched.alloc(n));
    LTA_DEV(a.alloc(m));
    LTA_DEV(launch("list_runs", list_runs, n_runs, n, offset, previous, weight, a.get()));
    LTA_DEV(launch("list_first_touches", list_first_touches, n, offset, first_weight, a.get()));
    LTA_DEV(sum_piece(0, n, m, offset, nullptr, &base, touched.p, &a, &b, &sorted, distance, &s));
    LTA_CUDA(cudaDeviceSynchronize());
    return LTA_OK;
}

extern "C" lta_status lta_stack_distance_cuda(uint64_t n, const uint64_t *offset, const uint32_t *previous,
                                              const uint32_t *weight, const uint32_t *first_weight,
                                              uint64_t *distance)
{
    enum { LEAST_PIECE = 1 << 12 };
    size_t free_bytes = 0, all_bytes = 0;
    if (offset[n] == 0)
        return LTA_OK;
    LTA_DEV(check_elements("requests", n));
    LTA_CUDA(cudaMemGetInfo(&free_bytes, &all_bytes));
    LTA_DEV(check_memory("stack distance", BYTES_A_REQUEST * n + BYTES_AN_ENTRY * LEAST_PIECE));
    uint64_t most = (free_bytes - BYTES_A_REQUEST * n) / BYTES_AN_ENTRY;
    if (most > MOST_ELEMENTS)
        most = MOST_ELEMENTS;
    for (;; most /= 4) { /* another program may take memory meanwhile: smaller pieces */
        problem q = {n, offset, previous, weight, first_weight, distance, {}, {}, 0};
        lta_status st = in_pieces(&q, most);
        if (st != LTA_ERR_DEVICE_MEMORY || most < LEAST_PIECE)
            return st;
    }
}
