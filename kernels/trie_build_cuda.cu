/* kernels/trie_build_cuda.cu - the trie as sorted, distinct pairs (owner, depth) at which paths are cut.
 *
 * As on the CPU, canonical pieces name every position of the trie by the lowest request that has it and its
 * depth. Each request gives up to three cuts: the end of its input, of its full sequence, and of the prefix
 * it shares. Sorted as 64-bit numbers and without repetitions they are the rows; parents and nodes of
 * requests are found by binary search. The owner of an input's end is found on the way up from owner to
 * owner, in steps of powers of two (binary lifting), of which a table is made by doubling.
 *
 * That the pieces are canonical is checked completely: of any two paths that leave one position by the same
 * symbol, one would have been part of the other's prefix. Ways out are sorted by a 64-bit hash of (owner,
 * depth, symbol); inside a group of equal hashes the triples themselves are compared, so a collision costs
 * time and cannot hide or invent anything. What is found wrong is left to the CPU twin to name.
 *
 * Mapping   one thread a request, a cut, a row or a way out
 * Work      O(n log n), whatever the lengths of prompts
 * Memory    about 100 bytes a request, and 4 for each doubling of the longest chain of owners
 * Order     sorted numbers: the same on every run and device */
extern "C" {
#include "kernels/trie_build.h"
#include "pipeline/core/array.h"
}
#include "kernels/sequences_cuda.cuh"

#include <stdlib.h>

/* Most bits of the hash that count: fewer in the test that forces collisions. */
#ifndef LTA_BRANCH_HASH_BITS
#define LTA_BRANCH_HASH_BITS 64
#endif

using namespace lta;

namespace
{

constexpr uint64_t NO_WAY = UINT64_MAX;
constexpr int MOST_LEVELS = 32;

/* How (owner, depth) stands in one number: no wider than it has to be, since sorts go over all of its bits.
 */
struct cuts {
    int depth_bits;
    uint64_t none; /* above every cut */

    __host__ __device__ uint64_t of(uint32_t owner, uint32_t depth) const
    {
        return (uint64_t)owner << depth_bits | depth;
    }
    __host__ __device__ uint32_t owner(uint64_t cut) const
    {
        return (uint32_t)(cut >> depth_bits);
    }
    __host__ __device__ uint32_t depth(uint64_t cut) const
    {
        return (uint32_t)(cut & ((UINT64_C(1) << depth_bits) - 1));
    }
};

/* From the first pieces: whose prefix, and how much of it. */
struct prefixes {
    uint32_t *from, *shared;
    cuts cut;
};

/* ups[k]: 2^k owners up, or the last one. */
struct ancestors {
    const uint32_t *up[MOST_LEVELS];
    int levels;
};

__global__ void read_prefixes(uint64_t n, sequences_view s, prefixes p)
{
    for (uint64_t r = first_element(); r < n; r += stride()) {
        uint64_t k = s.offset[r];
        bool copies = k < s.offset[r + 1] && s.piece_request[k] >= 0 && s.piece_start[k] == 0;
        p.from[r] = copies ? (uint32_t)s.piece_request[k] : (uint32_t)r;
        p.shared[r] = copies ? s.piece_length[k] : 0;
    }
}

/* A prefix must end in positions that its owner does not share itself. */
__global__ void check_prefixes(uint64_t n, prefixes p, uint32_t *wrong)
{
    for (uint64_t r = first_element(); r < n; r += stride())
        if (p.shared[r] > 0 && p.shared[p.from[r]] >= p.shared[r])
            *wrong = 1;
}

__global__ void double_steps(uint64_t n, const uint32_t *up, uint32_t *twice, uint32_t *changed)
{
    for (uint64_t r = first_element(); r < n; r += stride()) {
        uint32_t a = up[r], b = up[a];
        twice[r] = b;
        if (a != b)
            *changed = 1;
    }
}

/* The request that owns the position at depth, at least 1, of r's path. */
__device__ inline uint32_t owner_at(const uint32_t *shared, const ancestors &a, uint32_t r, uint32_t depth)
{
    if (shared[r] < depth)
        return r;
    for (int k = a.levels; k-- > 0;) {
        uint32_t q = a.up[k][r];
        if (shared[q] >= depth)
            r = q;
    }
    return a.up[0][r];
}

/* Three cuts a request. */
__global__ void list_cuts(uint64_t n, sequences_view s, prefixes p, ancestors a, uint64_t *cut)
{
    for (uint64_t i = first_element(); i < n; i += stride()) {
        uint32_t r = (uint32_t)i, input = s.input_length[r], g = p.shared[r];
        cut[i] = input > 0 ? p.cut.of(owner_at(p.shared, a, r, input), input) : p.cut.none;
        cut[n + i] = s.full_length[r] > g ? p.cut.of(r, s.full_length[r]) : p.cut.none;
        cut[2 * n + i] = g > 0 ? p.cut.of(p.from[r], g) : p.cut.none;
    }
}

__device__ inline int64_t row_of(const prefixes &p, const uint64_t *row, uint64_t n_rows, uint32_t owner,
                                 uint32_t depth)
{
    return (int64_t)lower_bound(row, (uint64_t)0, n_rows, p.cut.of(owner, depth));
}

__global__ void make_rows(uint64_t n_rows, const uint64_t *row, prefixes p, int64_t *parent, uint32_t *depth,
                          uint32_t *owner)
{
    for (uint64_t i = first_element(); i < n_rows; i += stride()) {
        uint32_t o = p.cut.owner(row[i]), g = p.shared[o];
        owner[i] = o;
        depth[i] = p.cut.depth(row[i]);
        bool first = i == 0 || p.cut.owner(row[i - 1]) != o;
        parent[i] = !first ? (int64_t)i - 1 : g > 0 ? row_of(p, row, n_rows, p.from[o], g) : -1;
    }
}

__global__ void find_nodes(uint64_t n, sequences_view s, prefixes p, ancestors a, const uint64_t *row,
                           uint64_t n_rows, int64_t *input_node, int64_t *full_node)
{
    for (uint64_t i = first_element(); i < n; i += stride()) {
        uint32_t r = (uint32_t)i, input = s.input_length[r], g = p.shared[r];
        input_node[i] = input > 0 ? row_of(p, row, n_rows, owner_at(p.shared, a, r, input), input) : -1;
        full_node[i] = s.full_length[r] > g ? row_of(p, row, n_rows, r, s.full_length[r])
                       : g > 0              ? row_of(p, row, n_rows, p.from[r], g)
                                            : -1;
    }
}

/* ---- ways out of positions ---- */

struct way {
    uint64_t symbol, from; /* from: the cut that is left, 0 = the root */
};

__device__ inline uint64_t mix(uint64_t x)
{
    x ^= x >> 31;
    x *= 0x7fb5d329728ea185u;
    x ^= x >> 27;
    x *= 0x81dadef4bc2dd44du;
    return x ^ x >> 33;
}

__device__ inline uint64_t hash_of(const way &w, int bits)
{
    return mix(w.symbol + mix(w.from + 0x9e3779b97f4a7c15u)) >> (64 - bits);
}

/* How each request leaves its prefix: the first n; and how each owner goes on behind a row that is not its
 * last: the rest. Ways that do not exist are marked by a rank of their own. */
__global__ void list_ways(uint64_t n_ways, sequences_view s, prefixes p, const uint64_t *row, uint64_t n_rows,
                          int bits, way *w, uint64_t *hash, uint32_t *rank)
{
    for (uint64_t i = first_element(); i < n_ways; i += stride()) {
        uint64_t from = 0;
        uint32_t who, depth;
        bool exists;
        if (i < s.n) {
            who = (uint32_t)i;
            depth = p.shared[who];
            exists = s.full_length[who] > depth;
            from = depth > 0 ? p.cut.of(p.from[who], depth) : 0;
        } else {
            from = row[i - s.n];
            who = p.cut.owner(from);
            depth = p.cut.depth(from);
            exists = i - s.n + 1 < n_rows && p.cut.owner(row[i - s.n + 1]) == who;
        }
        w[i] = exists ? way{s.symbol_at(who, depth), from} : way{i, NO_WAY};
        hash[i] = hash_of(w[i], bits);
        rank[i] = (uint32_t)i;
    }
}

__global__ void check_ways(uint64_t n_ways, const uint64_t *hash, const uint32_t *rank, const way *w,
                           uint32_t *wrong)
{
    for (uint64_t i = first_element(); i < n_ways; i += stride())
        for (uint64_t j = i; j-- > 0 && hash[j] == hash[i];) {
            way a = w[rank[i]], b = w[rank[j]];
            if (a.from == b.from && a.symbol == b.symbol)
                *wrong = 1;
        }
}

lta_status check_branches(const sequences_view &s, const prefixes &p, const uint64_t *row, uint64_t n_rows,
                          uint32_t *wrong, scratch *t)
{
    uint64_t n = s.n + n_rows;
    /* enough that hardly any two of n hash alike; fewer passes of the sort than all 64 would take */
    int bits = 2 * bits_of(n) + 8 < LTA_BRANCH_HASH_BITS ? 2 * bits_of(n) + 8 : LTA_BRANCH_HASH_BITS;
    device_array<way> w;
    device_array<uint64_t> hash, sorted;
    device_array<uint32_t> rank, order;
    LTA_DEV(w.alloc(n));
    LTA_DEV(hash.alloc(n));
    LTA_DEV(sorted.alloc(n));
    LTA_DEV(rank.alloc(n));
    LTA_DEV(order.alloc(n));
    LTA_DEV(launch("list_ways", list_ways, n, s, p, row, n_rows, bits, w.p, hash.p, rank.p));
    LTA_DEV(t->run("sort of ways", n, [&](void *m, size_t &b) {
        return cub::DeviceRadixSort::SortPairs(m, b, hash.p, sorted.p, rank.p, order.p, (int)n, 0,
                                               LTA_BRANCH_HASH_BITS);
    }));
    return launch("check_ways", check_ways, n, sorted.p, order.p, w.p, wrong);
}

/* ---- all of it ---- */

/* Tables of owners 1, 2, 4, ... up, until nothing changes. */
lta_status lift(uint64_t n, const uint32_t *from, device_array<uint32_t> level[MOST_LEVELS], ancestors *a)
{
    device_array<uint32_t> changed;
    a->up[0] = from;
    a->levels = 1;
    for (; a->levels < MOST_LEVELS; a->levels++) {
        uint32_t any;
        LTA_DEV(changed.alloc_zero(1));
        LTA_DEV(level[a->levels].alloc(n));
        LTA_DEV(launch("double_steps", double_steps, n, a->up[a->levels - 1], level[a->levels].p, changed.p));
        LTA_DEV(changed.at(0, &any));
        if (!any)
            break;
        a->up[a->levels] = level[a->levels].p;
    }
    return LTA_OK;
}

/* The distinct cuts, sorted. */
lta_status make_cuts(const sequences_view &s, const prefixes &p, const ancestors &a,
                     device_array<uint64_t> *row, uint64_t *n_rows, scratch *t)
{
    uint64_t m = 3 * s.n, last;
    device_array<uint64_t> cut, sorted, count;
    LTA_DEV(check_elements("cuts", m));
    LTA_DEV(cut.alloc(m));
    LTA_DEV(sorted.alloc(m));
    LTA_DEV(count.alloc(1));
    LTA_DEV(launch("list_cuts", list_cuts, s.n, s, p, a, cut.p));
    LTA_DEV(t->run("sort of cuts", m, [&](void *b, size_t &size) {
        return cub::DeviceRadixSort::SortKeys(b, size, cut.p, sorted.p, (int)m, 0, bits_of(p.cut.none));
    }));
    LTA_DEV(t->run("distinct cuts", m, [&](void *b, size_t &size) {
        return cub::DeviceSelect::Unique(b, size, sorted.p, cut.p, count.p, (int)m);
    }));
    LTA_DEV(count.at(0, n_rows));
    if (*n_rows > 0) {
        LTA_DEV(cut.at(*n_rows - 1, &last));
        *n_rows -= last == p.cut.none;
    }
    row->swap(cut);
    return LTA_OK;
}

lta_status download_trie(uint64_t n_rows, uint64_t n, const device_array<int64_t> *parent,
                         const device_array<uint32_t> *depth, const device_array<uint32_t> *owner,
                         const device_array<int64_t> *input_node, const device_array<int64_t> *full_node,
                         lta_trie *out)
{
    lta_status st = LTA_OK;
    lta_trie t = {};
    t.n_nodes = n_rows;
    t.n_requests = n;
    LTA_TRY(LTA_ALLOC(&t.parent, n_rows));
    LTA_TRY(LTA_ALLOC(&t.depth, n_rows));
    LTA_TRY(LTA_ALLOC(&t.owner, n_rows));
    LTA_TRY(LTA_ALLOC(&t.input_node, n));
    LTA_TRY(LTA_ALLOC(&t.full_node, n));
    LTA_TRY(parent->download(t.parent, n_rows));
    LTA_TRY(depth->download(t.depth, n_rows));
    LTA_TRY(owner->download(t.owner, n_rows));
    LTA_TRY(input_node->download(t.input_node, n));
    LTA_TRY(full_node->download(t.full_node, n));
    *out = t;
    return LTA_OK;
done:
    lta_trie_free(&t);
    return st;
}

lta_status build(const lta_sequences *host, lta_trie *out, bool *canonical)
{
    uint64_t n = host->n, n_rows = 0;
    uint32_t wrong_host;
    device_sequences columns;
    device_array<uint32_t> from, shared, wrong, level[MOST_LEVELS];
    device_array<uint64_t> row;
    scratch t;
    LTA_DEV(columns.upload(host));
    sequences_view s = columns.view();
    LTA_DEV(from.alloc(n));
    LTA_DEV(shared.alloc(n));
    LTA_DEV(wrong.alloc_zero(1));
    uint32_t longest = 0;
    for (uint64_t r = 0; r < n; r++)
        longest = host->full_length[r] > longest ? host->full_length[r] : longest;
    prefixes p = {from.p, shared.p, {bits_of(longest), n << bits_of(longest)}};
    LTA_DEV(launch("read_prefixes", read_prefixes, n, s, p));
    LTA_DEV(launch("check_prefixes", check_prefixes, n, p, wrong.p));
    LTA_DEV(wrong.at(0, &wrong_host));
    *canonical = !wrong_host;
    if (wrong_host)
        return LTA_OK;
    ancestors a = {};
    LTA_DEV(lift(n, from.p, level, &a));
    LTA_DEV(make_cuts(s, p, a, &row, &n_rows, &t));
    LTA_DEV(check_branches(s, p, row.p, n_rows, wrong.p, &t));
    LTA_DEV(wrong.at(0, &wrong_host));
    *canonical = !wrong_host;
    if (wrong_host)
        return LTA_OK;
    t.release();
    device_array<int64_t> parent, input_node, full_node;
    device_array<uint32_t> depth, owner;
    LTA_DEV(parent.alloc(n_rows));
    LTA_DEV(depth.alloc(n_rows));
    LTA_DEV(owner.alloc(n_rows));
    LTA_DEV(input_node.alloc(n));
    LTA_DEV(full_node.alloc(n));
    LTA_DEV(launch("make_rows", make_rows, n_rows, row.p, p, parent.p, depth.p, owner.p));
    LTA_DEV(launch("find_nodes", find_nodes, n, s, p, a, row.p, n_rows, input_node.p, full_node.p));
    return download_trie(n_rows, n, &parent, &depth, &owner, &input_node, &full_node, out);
}

} // namespace

extern "C" lta_status lta_trie_build_cuda(const lta_sequences *s, lta_trie *out)
{
    bool canonical = true;
    if (s->n == 0)
        return lta_trie_build_cpu(s, out);
    LTA_DEV(build(s, out, &canonical));
    return canonical ? LTA_OK : lta_trie_build_cpu(s, out); /* which names what is wrong */
}
