/* kernels/stack_distance_cuda.cu - the dominance sum by bottom-up merging.
 *
 * A request's entries are its runs, shallow first, and behind them what it touches for the first time, if it
 * does. An entry has the key 1 + p (0: first touch) and a weight. In this order of entries
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
 * Mapping   one thread an entry; a block sorts TILE entries in shared memory, then launches join WAYS
 *           stretches each, a block CHUNK neighbouring entries, whose searches stay within what the first and
 *           the last of them find
 * Work      O(m log^2 m) comparisons for m entries, of which neighbouring threads share nearly all loads
 * Memory    32 bytes an entry where the sum of weights is below 2^32, else 48, and 8 to 12 a request, beside
 *           what is given and the result. Where that is too much, requests go through in pieces: what earlier
 *           pieces' entries weigh up to a key is looked up in a table by key. A piece's columns go up while
 *           the piece before is computed
 * Order     every sum is made by one thread from integers: the same on every run and device */
extern "C" {
#include "kernels/stack_distance.h"
}
#include "kernels/device_runs.cuh"

#include <thrust/iterator/transform_iterator.h>

using namespace lta;

namespace
{

constexpr uint32_t TILE = 4096, TILE_THREADS = 512, WAYS = 8, CHUNK = 1024, NOT_A_RUN = UINT32_MAX;

/* Entries sorted by key inside stretches; S holds any sum of weights. UNIT: each weighs 1, and an entry's
 * place in its stretch says how much upto would. */
template <class S> struct entries {
    uint32_t *key; /* 1 + p; 0: first touch */
    uint32_t *run; /* the run it is, or NOT_A_RUN */
    S *upto;       /* weight from the beginning of its stretch to here, its own included; not there if UNIT */
    S *below;      /* weight of earlier entries whose keys are at most its own, as far as known */
};

struct is_listed {
    __host__ __device__ uint32_t operator()(uint32_t first_weight) const
    {
        return first_weight > 0;
    }
};

/* behind[r]: first touches listed of requests before r. */
template <class S>
__global__ void list_runs(uint64_t n_runs, runs_view runs, const uint32_t *weight, const uint32_t *behind,
                          entries<S> e)
{
    for (uint64_t k = first_element(); k < n_runs; k += stride()) {
        uint64_t i = k + behind[runs.request_of(k)];
        e.key[i] = runs.previous[k] + 1;
        e.run[i] = (uint32_t)k;
        e.upto[i] = weight ? weight[k] : 1;
    }
}

template <class S>
__global__ void list_first_touches(uint64_t n, const uint32_t *offset, const uint32_t *first_weight,
                                   const uint32_t *behind, entries<S> e)
{
    for (uint64_t r = first_element(); r < n; r += stride())
        if (first_weight[r] > 0) {
            uint64_t i = (uint64_t)offset[r + 1] + behind[r];
            e.key[i] = 0;
            e.run[i] = NOT_A_RUN;
            e.upto[i] = first_weight[r];
        }
}

/* One entry a request, of weight 1. */
__global__ void list_accesses(uint64_t n, const uint32_t *linked, const uint32_t *offset, entries<uint32_t> e)
{
    for (uint64_t r = first_element(); r < n; r += stride()) {
        e.key[r] = linked[r] + 1; /* NOWHERE becomes 0 */
        e.run[r] = linked[r] == NOWHERE ? NOT_A_RUN : offset[r];
    }
}

/* How many of WIDTH sorted keys are below x. */
template <uint32_t WIDTH> __device__ inline uint32_t count_below(const uint32_t *key, uint32_t x)
{
    uint32_t n = 0;
#pragma unroll
    for (uint32_t step = WIDTH / 2; step > 0; step /= 2)
        n += key[n + step - 1] < x ? step : 0;
    return n + (key[n] < x);
}

/* Entries of a tile that a thread has: their places, and what they know so far. */
template <class S> struct own_entries {
    static constexpr uint32_t EACH = TILE / TILE_THREADS;
    uint32_t key[EACH], at[EACH];
    S upto[EACH], below[EACH];
};

/* Joins neighbouring stretches of WIDTH entries in shared memory, and so on up to the n that the tile has. */
template <class S, bool UNIT, uint32_t WIDTH>
__device__ inline void join_tile(uint32_t n, uint32_t *key, S *upto, own_entries<S> *own)
{
    __syncthreads();
#pragma unroll
    for (uint32_t k = 0; k < own->EACH; k++) {
        if (k * TILE_THREADS >= n)
            continue;
        uint32_t at = own->at[k], other = (at ^ WIDTH) & ~(WIDTH - 1);
        bool right = (at & WIDTH) != 0; /* behind equal keys, which keys that are one larger would be too */
        uint32_t before = count_below<WIDTH>(key + other, own->key[k] + right);
        S weight = UNIT ? (S)before : before > 0 ? upto[other + before - 1] : 0;
        own->at[k] = at - (right ? WIDTH : 0) + before;
        if (!UNIT)
            own->upto[k] += weight;
        own->below[k] += right ? weight : 0;
    }
    __syncthreads();
#pragma unroll
    for (uint32_t k = 0; k < own->EACH; k++) {
        if (k * TILE_THREADS >= n)
            continue;
        key[own->at[k]] = own->key[k];
        if (!UNIT)
            upto[own->at[k]] = own->upto[k];
    }
    if constexpr (2 * WIDTH < TILE)
        if (2 * WIDTH < n)
            join_tile<S, UNIT, 2 * WIDTH>(n, key, upto, own);
}

/* Sorts every tile; upto holds plain weights before. Places behind the last entry hold a key above all
 * others. */
template <class S, bool UNIT>
__global__ void __launch_bounds__(TILE_THREADS) sort_tiles(uint64_t m, entries<S> in, entries<S> out)
{
    constexpr uint32_t EACH = own_entries<S>::EACH, ABOVE_ALL = UINT32_MAX - 1;
    __shared__ uint32_t key[TILE];
    __shared__ S upto[TILE]; /* in the end below */
    for (uint64_t tile = blockIdx.x; tile * TILE < m; tile += gridDim.x) {
        uint64_t base = tile * TILE;
        uint32_t n = (uint32_t)(m - base < TILE ? m - base : TILE);
        own_entries<S> own;
#pragma unroll
        for (uint32_t k = 0; k < EACH; k++) {
            uint32_t i = k * TILE_THREADS + threadIdx.x;
            own.at[k] = i;
            own.below[k] = 0;
            key[i] = own.key[k] = i < n ? in.key[base + i] : ABOVE_ALL;
            if (!UNIT)
                upto[i] = own.upto[k] = i < n ? in.upto[base + i] : 0;
        }
        join_tile<S, UNIT, 1>(n, key, upto, &own);
        __syncthreads(); /* key and upto stand sorted: out they go in whole sectors, and then the others */
#pragma unroll
        for (uint32_t k = 0; k < EACH; k++) {
            uint32_t i = k * TILE_THREADS + threadIdx.x;
            if (i < n) {
                out.key[base + i] = key[i];
                if (!UNIT)
                    out.upto[base + i] = upto[i];
            }
        }
        __syncthreads();
#pragma unroll
        for (uint32_t k = 0; k < EACH; k++) {
            uint32_t i = k * TILE_THREADS + threadIdx.x;
            if (i < n)
                key[own.at[k]] = in.run[base + i];
            upto[own.at[k]] = own.below[k];
        }
        __syncthreads();
#pragma unroll
        for (uint32_t k = 0; k < EACH; k++) {
            uint32_t i = k * TILE_THREADS + threadIdx.x;
            if (i < n) {
                out.run[base + i] = key[i];
                out.below[base + i] = upto[i];
            }
        }
        __syncthreads();
    }
}

/* Joins WAYS stretches of `width` entries each, a multiple of CHUNK: three levels at once, so that entries
 * are read and written a third as often. */
template <class S, bool UNIT>
__global__ void __launch_bounds__(THREADS)
    merge_stretches(uint64_t m, uint64_t width, entries<S> in, entries<S> out)
{
    __shared__ uint64_t bound[2][WAYS];
    for (uint64_t chunk = blockIdx.x; chunk * CHUNK < m; chunk += gridDim.x) {
        uint64_t first = chunk * CHUNK, last = (first + CHUNK < m ? first + CHUNK : m) - 1;
        uint64_t begin = first / (WAYS * width) * (WAYS * width), own = (first - begin) / width;
        __syncthreads();
        if (threadIdx.x < 2 * WAYS) {
            uint64_t k = threadIdx.x / 2, from = begin + k * width, end = from + width;
            bool upper = threadIdx.x % 2;
            uint32_t key = in.key[upper ? last : first];
            from = from < m ? from : m;
            end = end < m ? end : m;
            bound[upper][k] =
                k < own ? upper_bound(in.key, from, end, key) : lower_bound(in.key, from, end, key);
        }
        __syncthreads();
        for (uint64_t i = first + threadIdx.x; i <= last; i += THREADS) {
            uint64_t to = begin + (i - begin) % width;
            uint32_t key = in.key[i];
            S upto = UNIT ? 0 : in.upto[i], below = in.below[i];
            for (uint64_t k = 0; k < WAYS && begin + k * width < m; k++) {
                if (k == own)
                    continue;
                uint64_t from = begin + k * width;
                uint64_t at = k < own ? upper_bound(in.key, bound[0][k], bound[1][k], key)
                                      : lower_bound(in.key, bound[0][k], bound[1][k], key);
                S weight = UNIT ? (S)(at - from) : at > from ? in.upto[at - 1] : 0;
                to += at - from;
                upto += weight;
                below += k < own ? weight : 0;
            }
            out.key[to] = key;
            out.run[to] = in.run[i];
            if (!UNIT)
                out.upto[to] = upto;
            out.below[to] = below;
        }
    }
}

/* touched[r]: weight of all entries of requests up to r. upto: running sums of entries in their first order;
 * base: what was touched before the piece. */
template <class S>
__global__ void list_touched(uint64_t n, const uint32_t *offset, const uint32_t *behind, const S *upto,
                             S base, S *touched)
{
    for (uint64_t r = first_element(); r < n; r += stride()) {
        uint64_t end = (uint64_t)offset[r + 1] + behind[r + 1];
        touched[r] = base + (end > 0 ? upto[end - 1] : 0);
    }
}

/* before[k]: weight of entries of earlier pieces whose keys are at most k; NULL: there are none. touched:
 * NULL where every request touches a weight of 1. */
template <class S>
__global__ void give_distances(uint64_t m, entries<S> e, const S *before, const S *touched, S *distance)
{
    for (uint64_t i = first_element(); i < m; i += stride())
        if (e.run[i] != NOT_A_RUN)
            distance[e.run[i]] = e.below[i] + (before ? before[e.key[i]] : 0) -
                                 (touched ? touched[e.key[i] - 1] : (S)e.key[i]);
}

/* Sorted entries have their keys' weights side by side: the last of each key adds them all. */
template <class S, bool UNIT> __global__ void add_weights(uint64_t m, entries<S> e, S *weight_of_key)
{
    for (uint64_t i = first_element(); i < m; i += stride())
        if (i + 1 == m || e.key[i + 1] != e.key[i]) {
            uint64_t first = lower_bound(e.key, (uint64_t)0, i, e.key[i]);
            weight_of_key[e.key[i]] =
                UNIT ? (S)(i + 1 - first) : e.upto[i] - (first > 0 ? e.upto[first - 1] : 0);
        }
}

template <class S> __global__ void add_up(uint64_t n, const S *weight, S *sum)
{
    for (uint64_t i = first_element(); i < n; i += stride())
        sum[i] += weight[i];
}

/* Adds what a piece's entries weigh, by n_keys keys, to what later pieces look up. */
template <class S, bool UNIT>
lta_status keep_weights(uint64_t m, entries<S> sorted, uint64_t n_keys, S *before, scratch *s)
{
    device_array<S> of_key;
    LTA_DEV(of_key.alloc_zero(n_keys));
    LTA_DEV(launch("add_weights", add_weights<S, UNIT>, m, sorted, of_key.p));
    LTA_DEV(s->run("weights of keys", n_keys, [&](void *t, size_t &bytes) {
        return cub::DeviceScan::InclusiveSum(t, bytes, of_key.p, of_key.p, (int)n_keys);
    }));
    LTA_DEV(launch("add_up", add_up<S>, n_keys, of_key.p, before));
    LTA_CUDA(cudaDeviceSynchronize());
    return LTA_OK;
}

template <class S> entries<S> entries_of(const distance_work *w, int i)
{
    return entries<S>{w->key[i].p, w->run[i].p, (S *)w->upto[i].p, (S *)w->below[i].p};
}

template <class S, bool UNIT> lta_status alloc_entries(distance_work *w, int i, uint64_t m)
{
    LTA_DEV(w->key[i].alloc(m));
    LTA_DEV(w->run[i].alloc(m));
    if (!UNIT)
        LTA_DEV(w->upto[i].alloc(m * sizeof(S)));
    return w->below[i].alloc(m * sizeof(S));
}

/* Sorts what stands in its first order in from, and counts weight below; both hold m entries. */
template <class S, bool UNIT>
lta_status sort_entries(uint64_t m, entries<S> from, entries<S> to, entries<S> *sorted)
{
    LTA_DEV((launch<TILE / TILE_THREADS, TILE_THREADS>("sort_tiles", sort_tiles<S, UNIT>, m, from, to)));
    for (uint64_t width = TILE; width < m; width *= WAYS) {
        entries<S> t = from;
        from = to;
        to = t;
        LTA_DEV((launch<CHUNK / THREADS>("merge_stretches", merge_stretches<S, UNIT>, m, width, from, to)));
    }
    *sorted = to;
    return LTA_OK;
}

/* Some requests, all on the device. */
template <class S> struct piece {
    runs_view runs;
    const uint32_t *weight, *first_weight;
    const S *before; /* by key; NULL: there are no earlier pieces */
    S base;          /* weight that earlier pieces touched */
    S *touched;      /* [n] of this piece, inside of all */
    const S *touched_of_all;
};

/* Gives the device all that leads to the piece's distances. Entries come out sorted in *sorted. */
template <class S>
lta_status sum_piece(const piece<S> &q, distance_work *w, S *distance, entries<S> *sorted,
                     uint64_t *n_entries)
{
    uint64_t n = q.runs.n, m = q.runs.n_runs;
    uint32_t listed = 0;
    LTA_DEV(w->behind.alloc(n + 1));
    LTA_CUDA(cudaMemsetAsync(w->behind.p, 0, sizeof(uint32_t)));
    if (n > 0) {
        LTA_DEV(w->memory.run("places of first touches", n, [&](void *t, size_t &bytes) {
            auto is = thrust::make_transform_iterator(q.first_weight, is_listed());
            return cub::DeviceScan::InclusiveSum(t, bytes, is, w->behind.p + 1, (int)n);
        }));
        LTA_DEV(w->behind.at(n, &listed));
    }
    m += listed;
    *n_entries = m;
    if (m == 0)
        return launch("list_touched", list_touched<S>, n, q.runs.offset, w->behind.p, (const S *)nullptr,
                      q.base, q.touched);
    LTA_DEV(check_elements("runs and first touches", m));
    for (int i = 0; i < 2; i++)
        LTA_DEV((alloc_entries<S, false>(w, i, m)));
    entries<S> from = entries_of<S>(w, 0), to = entries_of<S>(w, 1);
    LTA_DEV(launch("list_runs", list_runs<S>, q.runs.n_runs, q.runs, q.weight, w->behind.p, from));
    LTA_DEV(launch("list_first_touches", list_first_touches<S>, n, q.runs.offset, q.first_weight, w->behind.p,
                   from));
    LTA_DEV(w->memory.run("weights touched", m, [&](void *t, size_t &bytes) {
        return cub::DeviceScan::InclusiveSum(t, bytes, from.upto, to.upto, (int)m);
    }));
    LTA_DEV(launch("list_touched", list_touched<S>, n, q.runs.offset, w->behind.p, (const S *)to.upto, q.base,
                   q.touched));
    LTA_DEV((sort_entries<S, false>(m, from, to, sorted)));
    return launch("give_distances", give_distances<S>, m, *sorted, q.before, q.touched_of_all, distance);
}

template <class S>
lta_status begin(const runs_view &runs, const uint32_t *weight, const uint32_t *first_weight,
                 distance_work *work, device_array<S> *distance)
{
    entries<S> sorted;
    uint64_t m;
    LTA_DEV(distance->alloc(runs.n_runs));
    LTA_DEV(work->touched.alloc(runs.n * sizeof(S)));
    S *touched = (S *)work->touched.p;
    piece<S> all = {runs, weight, first_weight, nullptr, 0, touched, touched};
    return sum_piece(all, work, distance->p, &sorted, &m);
}

/* ---- pieces ---- */

constexpr uint64_t BYTES_AN_ENTRY = 80, BYTES_A_REQUEST = 32;

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

/* The columns of requests first .. end-1 on the device. */
struct columns {
    uint64_t first, end;
    device_array<uint32_t> offset, previous, weight, first_weight;

    lta_status upload(const problem *q, uint64_t from, uint64_t to)
    {
        uint64_t run = q->offset[from], n_runs = q->offset[to] - run, n = to - from;
        first = from;
        end = to;
        LTA_DEV(offset.upload_each(n + 1, [=](uint64_t r) { return (uint32_t)(q->offset[from + r] - run); }));
        LTA_DEV(previous.upload(q->previous + run, n_runs));
        LTA_DEV(weight.upload(q->weight + run, n_runs));
        return first_weight.upload(q->first_weight + from, n);
    }
    runs_view view() const
    {
        return runs_view{end - first, previous.n, offset.p, previous.p, nullptr, nullptr};
    }
};

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

lta_status upload_next(const problem *q, uint64_t begin, uint64_t most, columns *c)
{
    uint64_t end = end_of_piece(q, begin, most);
    if (end == begin)
        return lta_fail(LTA_ERR_DEVICE_MEMORY, "the %llu runs of request %llu do not fit the device's memory",
                        (unsigned long long)(q->offset[begin + 1] - q->offset[begin]),
                        (unsigned long long)begin);
    return c->upload(q, begin, end);
}

/* Computes one piece, and meanwhile takes the next one's columns up. */
lta_status do_piece(problem *q, uint64_t most, const columns *c, columns *next)
{
    uint64_t n = c->end - c->first, m = 0;
    distance_work w;
    entries<uint64_t> sorted;
    device_array<uint64_t> result;
    LTA_DEV(result.alloc(c->previous.n));
    piece<uint64_t> all = {c->view(),         c->weight.p,
                           c->first_weight.p, c->first > 0 ? q->before.p : nullptr,
                           q->base,           q->touched.p + c->first,
                           q->touched.p};
    LTA_DEV(sum_piece(all, &w, result.p, &sorted, &m));
    if (c->end < q->n)
        LTA_DEV(upload_next(q, c->end, most, next));
    LTA_DEV(result.download(q->distance + q->offset[c->first], c->previous.n));
    if (n > 0)
        LTA_DEV(q->touched.at(c->end - 1, &q->base));
    return c->end < q->n && m > 0 ? keep_weights<uint64_t, false>(m, sorted, q->n + 1, q->before.p, &w.memory)
                                  : LTA_OK;
}

lta_status in_pieces(problem *q, uint64_t most)
{
    columns c[2];
    q->base = 0;
    LTA_DEV(q->touched.alloc(q->n));
    LTA_DEV(q->before.alloc_zero(q->n + 1));
    LTA_DEV(upload_next(q, 0, most, &c[0]));
    for (int i = 0;; i ^= 1) {
        LTA_DEV(do_piece(q, most, &c[i], &c[i ^ 1]));
        if (c[i].end == q->n)
            return LTA_OK;
    }
}

lta_status in_one(const problem *q, uint64_t total)
{
    columns c;
    distance_work w;
    device_distances d;
    LTA_DEV(c.upload(q, 0, q->n));
    LTA_DEV(begin_distances(c.view(), c.weight.p, c.first_weight.p, total, &w, &d));
    return d.is_wide
               ? d.wide.download(q->distance, d.wide.n)
               : d.narrow.download_each(d.narrow.n, [=](uint64_t k, uint32_t v) { q->distance[k] = v; });
}

} // namespace

lta_status lta::begin_distances(const runs_view &runs, const uint32_t *weight, const uint32_t *first_weight,
                                uint64_t most, distance_work *work, device_distances *out)
{
    out->is_wide = most > UINT32_MAX;
    return out->is_wide ? begin(runs, weight, first_weight, work, &out->wide)
                        : begin(runs, weight, first_weight, work, &out->narrow);
}

lta_status lta::begin_flat_distances(const device_runs &d, distance_work *work, device_distances *out)
{
    constexpr uint64_t BYTES_AN_ACCESS = 24, BYTES_A_KEY = 8;
    size_t free_bytes = 0, all_bytes = 0;
    uint64_t n = d.n;
    int parts = 1;
    entries<uint32_t> sorted;
    out->is_wide = false;
    LTA_DEV(out->narrow.alloc(d.n_runs));
    LTA_CUDA(cudaMemGetInfo(&free_bytes, &all_bytes));
    while (parts < distance_work::MOST_PARTS &&
           BYTES_AN_ACCESS * (n / (uint64_t)parts + 1) + (parts > 1 ? BYTES_A_KEY * (n + 1) : 0) >
               free_bytes / 16 * 15)
        parts++;
    uint64_t most = n / (uint64_t)parts + 1;
    for (int i = 0; i < 2; i++)
        LTA_DEV((alloc_entries<uint32_t, true>(work, i, most)));
    if (parts > 1)
        LTA_DEV(work->before.alloc_zero(n + 1));
    for (uint64_t first = 0; first < n; first += most) {
        uint64_t m = n - first < most ? n - first : most;
        entries<uint32_t> from = entries_of<uint32_t>(work, 0), to = entries_of<uint32_t>(work, 1);
        uint32_t end;
        LTA_DEV(d.offset.at(first + m, &end));
        work->part_end[work->parts] = end;
        LTA_DEV(launch("list_accesses", list_accesses, m, d.linked.p + first, d.offset.p + first, from));
        LTA_DEV((sort_entries<uint32_t, true>(m, from, to, &sorted)));
        LTA_DEV(launch("give_distances", give_distances<uint32_t>, m, sorted,
                       first > 0 ? work->before.p : (const uint32_t *)nullptr, (const uint32_t *)nullptr,
                       out->narrow.p));
        LTA_DEV(work->part_ready[work->parts++].record());
        if (first + m < n)
            LTA_DEV((keep_weights<uint32_t, true>(m, sorted, n + 1, work->before.p, &work->memory)));
    }
    return LTA_OK;
}

extern "C" lta_status lta_stack_distance_cuda(uint64_t n, const uint64_t *offset, const uint32_t *previous,
                                              const uint32_t *weight, const uint32_t *first_weight,
                                              uint64_t *distance)
{
    enum { LEAST_PIECE = 1 << 12 };
    size_t free_bytes = 0, all_bytes = 0;
    uint64_t total = 0;
    if (offset[n] == 0)
        return LTA_OK;
    LTA_DEV(check_elements("requests", n));
    LTA_CUDA(cudaMemGetInfo(&free_bytes, &all_bytes));
    LTA_DEV(check_memory("stack distance", BYTES_A_REQUEST * n + BYTES_AN_ENTRY * LEAST_PIECE));
    for (uint64_t k = 0; k < offset[n]; k++)
        total += weight[k];
    for (uint64_t r = 0; r < n; r++)
        total += first_weight[r];
    problem q = {n, offset, previous, weight, first_weight, distance, {}, {}, 0};
    uint64_t most = (free_bytes - BYTES_A_REQUEST * n) / BYTES_AN_ENTRY;
    if (offset[n] + n <= most && offset[n] + n <= MOST_ELEMENTS) {
        lta_status st = in_one(&q, total);
        if (st != LTA_ERR_DEVICE_MEMORY)
            return st;
        most = (offset[n] + n) / 4;
    }
    for (most = most < MOST_ELEMENTS ? most : MOST_ELEMENTS;; most /= 4) {
        /* another program may take memory meanwhile: smaller pieces */
        lta_status st = in_pieces(&q, most);
        if (st != LTA_ERR_DEVICE_MEMORY || most < LEAST_PIECE)
            return st;
    }
}
