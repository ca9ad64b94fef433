/* kernels/prefix_hash_cuda.cu - prefix hashes by substitution into earlier requests, level by level.
 *
 * The hash of a prefix follows from the hashes before its last piece, and, where that is a copy, from two
 * prefixes of the request it was copied from (prefix_hash_cpu.c has the formula; it is the definition, so
 * both twins follow it). Requests that copy from nobody are level 0, others one above the highest that they
 * copy from: the heads of a level's pieces need lower levels alone, so a launch fills a level. The running
 * hash over `symbols` is a scan of affine maps, over groups of STEP symbols.
 *
 * Mapping   one thread a request of a level, then one a query
 * Work      as on the CPU; launches: the longest chain of copies
 * Memory    the columns, 16 bytes a piece, half a byte a symbol, 20 bytes a query
 * Order     exact arithmetic modulo 2^61 - 1: the same on every run and device */
extern "C" {
#include "kernels/prefix_hash.h"
#include "pipeline/core/array.h"
}
#include "kernels/sequences_cuda.cuh"

#include <stdlib.h>

using namespace lta;

namespace
{

constexpr uint64_t MODULUS = (UINT64_C(1) << 61) - 1;
constexpr int STEP = 32;

__host__ __device__ inline uint64_t reduce(uint64_t x)
{
    x = (x & MODULUS) + (x >> 61);
    return x >= MODULUS ? x - MODULUS : x;
}
__device__ inline uint64_t multiply(uint64_t a, uint64_t b)
{
    uint64_t low = a * b, high = __umul64hi(a, b);
    return reduce((low & MODULUS) + (high << 3 | low >> 61));
}
__device__ inline uint64_t add(uint64_t a, uint64_t b)
{
    return reduce(a + b);
}
__device__ inline uint64_t subtract(uint64_t a, uint64_t b)
{
    return reduce(a + MODULUS - b);
}

/* x -> x * factor + sum: what appending symbols does to a hash. */
struct affine {
    uint64_t factor, sum;
};
struct then {
    __device__ affine operator()(const affine &a, const affine &b) const
    {
        return affine{multiply(a.factor, b.factor), add(multiply(a.sum, b.factor), b.sum)};
    }
};

struct hasher {
    sequences_view s;
    uint64_t base;
    const uint64_t *square; /* base^(2^i), i < 32 */
    const affine *running;  /* what symbols up to the end of each group of STEP do */
    uint64_t *head, *from;  /* by piece: hashes of its request's prefix before it, and of its source's */
};

__device__ inline uint64_t power(const hasher &h, uint32_t e)
{
    uint64_t p = 1;
    for (int i = 0; e != 0; i++, e >>= 1)
        if (e & 1)
            p = multiply(p, h.square[i]);
    return p;
}

__device__ inline uint64_t append(const hasher &h, uint64_t hash, uint64_t symbol)
{
    return add(multiply(hash, h.base), add(reduce(symbol), 1));
}

__global__ void hash_groups(uint64_t n_groups, hasher h, uint64_t n_symbols, affine *group)
{
    for (uint64_t g = first_element(); g < n_groups; g += stride()) {
        affine a = {1, 0};
        for (uint64_t i = g * STEP; i < (g + 1) * STEP && i < n_symbols; i++)
            a = affine{multiply(a.factor, h.base), append(h, a.sum, h.s.symbol(i))};
        group[g] = a;
    }
}

/* Hash of the first `index` symbols stored. */
__device__ inline uint64_t running_at(const hasher &h, uint64_t index)
{
    uint64_t g = index / STEP, v = g > 0 ? h.running[g - 1].sum : 0;
    for (uint64_t i = g * STEP; i < index; i++)
        v = append(h, v, h.s.symbol(i));
    return v;
}

/* Hash of the first `depth` symbols of r, whose pieces up to there have their heads. */
__device__ inline uint64_t prefix(const hasher &h, uint64_t r, uint32_t depth)
{
    uint64_t sum = 0;
    while (depth > 0) {
        uint64_t k = h.s.piece_of(r, depth - 1);
        uint32_t m = depth - h.s.piece_at[k];
        uint64_t pow = power(h, m), start = h.s.piece_start(k);
        sum = add(sum, multiply(h.head[k], pow));
        if (h.s.piece_request[k] == NOWHERE)
            return add(sum, subtract(running_at(h, start + m), multiply(running_at(h, start), pow)));
        sum = subtract(sum, multiply(h.from[k], pow));
        r = h.s.piece_request[k];
        depth = (uint32_t)start + m;
    }
    return sum;
}

__global__ void fill_heads(uint64_t n, hasher h, const uint32_t *request)
{
    for (uint64_t i = first_element(); i < n; i += stride()) {
        uint64_t r = request[i];
        for (uint64_t k = h.s.offset[r]; k < h.s.offset[r + 1]; k++) {
            h.head[k] = k == h.s.offset[r] ? 0 : prefix(h, r, h.s.piece_at[k]);
            h.from[k] = h.s.piece_request[k] == NOWHERE
                            ? 0
                            : prefix(h, h.s.piece_request[k], (uint32_t)h.s.piece_start(k));
        }
    }
}

__global__ void answer(uint64_t n, hasher h, const uint64_t *request, const uint32_t *depth, uint64_t *hash)
{
    for (uint64_t i = first_element(); i < n; i += stride())
        hash[i] = prefix(h, request[i], depth[i]);
}

__global__ void squares(uint64_t n, uint64_t base, uint64_t *square)
{
    if (first_element() == 0)
        for (uint64_t i = 0; i < n; i++, base = multiply(base, base))
            square[i] = base;
}

/* Requests by level: those of level l stand from begin[l] on in `request`. */
struct levels {
    uint32_t *level = nullptr, *request = nullptr;
    uint64_t *begin = nullptr;
    uint64_t n = 0;
    ~levels()
    {
        lta_free(level);
        lta_free(request);
        lta_free(begin);
    }
};

lta_status sort_by_level(const lta_sequences *s, levels *l)
{
    LTA_DEV(LTA_ALLOC(&l->level, s->n));
    LTA_DEV(LTA_ALLOC(&l->request, s->n));
    for (uint64_t r = 0; r < s->n; r++) {
        uint32_t level = 0;
        for (uint64_t k = s->offset[r]; k < s->offset[r + 1]; k++)
            if (s->piece_request[k] >= 0 && l->level[s->piece_request[k]] >= level)
                level = l->level[s->piece_request[k]] + 1;
        l->level[r] = level;
        if (level >= l->n)
            l->n = level + 1;
    }
    LTA_DEV(LTA_CALLOC(&l->begin, l->n + 2));
    for (uint64_t r = 0; r < s->n; r++)
        l->begin[l->level[r] + 2]++;
    for (uint64_t i = 0; i < l->n; i++)
        l->begin[i + 2] += l->begin[i + 1];
    for (uint64_t r = 0; r < s->n; r++)
        l->request[l->begin[l->level[r] + 1]++] = (uint32_t)r;
    return LTA_OK;
}

lta_status hash_symbols(const lta_sequences *s, hasher *h, device_array<affine> *running)
{
    uint64_t groups = (s->n_symbols + STEP - 1) / STEP;
    device_array<affine> group;
    scratch t;
    LTA_DEV(group.alloc(groups));
    LTA_DEV(running->alloc(groups));
    LTA_DEV(launch("hash_groups", hash_groups, groups, *h, s->n_symbols, group.p));
    if (groups > 0)
        LTA_DEV(t.run("running hashes", groups, [&](void *m, size_t &b) {
            return cub::DeviceScan::InclusiveScan(m, b, group.p, running->p, then(), (int)groups);
        }));
    h->running = running->p;
    LTA_CUDA(cudaDeviceSynchronize());
    return LTA_OK;
}

} // namespace

extern "C" lta_status lta_prefix_hash_cuda(const lta_sequences *s, uint64_t n, const uint64_t *request,
                                           const uint32_t *depth, uint64_t base, uint64_t *hash)
{
    enum { BITS = 32 };
    levels l;
    device_sequences columns;
    device_array<uint64_t> square, head, from, asked, answers;
    device_array<uint32_t> ordered, depths;
    device_array<affine> running;
    if (n == 0)
        return LTA_OK;
    LTA_DEV(columns.upload(s));
    LTA_DEV(square.alloc(BITS));
    LTA_DEV(head.alloc(s->n_pieces));
    LTA_DEV(from.alloc(s->n_pieces));
    LTA_DEV(launch("squares", squares, (uint64_t)BITS, base, square.p));
    hasher h = {columns.view(), base, square.p, nullptr, head.p, from.p};
    LTA_DEV(hash_symbols(s, &h, &running));
    LTA_DEV(sort_by_level(s, &l));
    LTA_DEV(ordered.upload(l.request, s->n));
    for (uint64_t i = 0; i < l.n; i++)
        LTA_DEV(launch("fill_heads", fill_heads, l.begin[i + 1] - l.begin[i], h, ordered.p + l.begin[i]));
    LTA_DEV(asked.upload(request, n));
    LTA_DEV(depths.upload(depth, n));
    LTA_DEV(answers.alloc(n));
    LTA_DEV(launch("answer", answer, n, h, asked.p, depths.p, answers.p));
    return answers.download(hash, n);
}
