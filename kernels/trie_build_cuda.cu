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
 * Where cuts and ways out do not fit the device, they are made in parts: cuts by owner, whose parts' rows
 * follow one another; ways by position and symbol.
 *
 * Mapping   one thread a request, a cut, a row or a way out
 * Work      O(n log n), whatever the lengths of prompts
 * Memory    the columns, 60 bytes a request, 4 for each doubling of the longest chain of owners, and 120 more
 *           divided by the parts
 * Order     sorted numbers: the same on every run and device */
extern "C" {
#include "kernels/trie_build.h"
#include "pipeline/core/array.h"
}
#include "kernels/device_trie.cuh"
#include "kernels/sequences_cuda.cuh"

#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

/* Most bits of the hash that count: fewer in the test that forces collisions. */
#ifndef LTA_BRANCH_HASH_BITS
#define LTA_BRANCH_HASH_BITS 64
#endif

using namespace lta;

namespace
{

constexpr int MOST_LEVELS = 32;

/* How (owner, depth) stands in one number: no wider than it has to be, since sorts go over all of its bits.
 */
struct cuts_of_owners {
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
    cuts_of_owners cut;
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
        bool copies = k < s.offset[r + 1] && s.piece_request[k] != NOWHERE && s.piece_start(k) == 0;
        p.from[r] = copies ? s.piece_request[k] : (uint32_t)r;
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

/* Cut i of 3n: of the end of an input, of a full sequence, or of a prefix. */
struct cut_at {
    sequences_view s;
    prefixes p;
    ancestors a;
    __device__ uint64_t operator()(uint64_t i) const
    {
        uint32_t r = (uint32_t)(i % s.n), input = s.input_length[r], full = s.full_length(r), g = p.shared[r];
        if (i < s.n)
            return input > 0 ? p.cut.of(owner_at(p.shared, a, r, input), input) : p.cut.none;
        if (i < 2 * s.n)
            return full > g ? p.cut.of(r, full) : p.cut.none;
        return g > 0 ? p.cut.of(p.from[r], g) : p.cut.none;
    }
};

/* Is a cut in this part of them? Those that do not exist are in none. */
struct is_between {
    uint64_t first, end;
    __device__ bool operator()(uint64_t cut) const
    {
        return cut >= first && cut < end;
    }
};
struct counts_between {
    cut_at cut;
    is_between between;
    __device__ uint64_t operator()(uint64_t i) const
    {
        return between(cut(i));
    }
};

__device__ inline uint32_t row_of(const prefixes &p, const uint64_t *row, uint64_t n_rows, uint32_t owner,
                                  uint32_t depth)
{
    return (uint32_t)lower_bound(row, (uint64_t)0, n_rows, p.cut.of(owner, depth));
}

__global__ void make_rows(uint64_t n_rows, const uint64_t *row, prefixes p, uint32_t *parent, uint32_t *depth,
                          uint32_t *owner)
{
    for (uint64_t i = first_element(); i < n_rows; i += stride()) {
        uint32_t o = p.cut.owner(row[i]), g = p.shared[o];
        owner[i] = o;
        depth[i] = p.cut.depth(row[i]);
        bool first = i == 0 || p.cut.owner(row[i - 1]) != o;
        parent[i] = !first ? (uint32_t)i - 1 : g > 0 ? row_of(p, row, n_rows, p.from[o], g) : NOWHERE;
    }
}

__global__ void find_nodes(uint64_t n, sequences_view s, prefixes p, ancestors a, const uint64_t *row,
                           uint64_t n_rows, uint32_t *input_node, uint32_t *full_node)
{
    for (uint64_t i = first_element(); i < n; i += stride()) {
        uint32_t r = (uint32_t)i, input = s.input_length[r], g = p.shared[r];
        input_node[i] = input > 0 ? row_of(p, row, n_rows, owner_at(p.shared, a, r, input), input) : NOWHERE;
        full_node[i] = s.full_length(r) > g ? row_of(p, row, n_rows, r, s.full_length(r))
                       : g > 0              ? row_of(p, row, n_rows, p.from[r], g)
                                            : NOWHERE;
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

/* Where each request leaves its prefix: the first n; and where each owner goes on behind a row that is not
 * its last: the rest. */
struct exits {
    sequences_view s;
    prefixes p;
    const uint64_t *row;
    uint64_t n_rows;
    uint64_t parts, part; /* of exits: a power of two, and which one counts */

    /* Whose path leaves what, if i does exist. */
    __device__ bool find(uint64_t i, uint64_t *from, uint32_t *who, uint32_t *depth) const
    {
        if (i < s.n) {
            *who = (uint32_t)i;
            *depth = p.shared[i];
            *from = *depth > 0 ? p.cut.of(p.from[i], *depth) : 0;
            return s.full_length(i) > *depth;
        }
        uint64_t k = i - s.n;
        *from = row[k];
        *who = p.cut.owner(*from);
        *depth = p.cut.depth(*from);
        return k + 1 < n_rows && p.cut.owner(row[k + 1]) == *who;
    }
    /* All ways out of one position by one symbol are in one part. */
    __device__ bool operator()(uint32_t i) const
    {
        uint64_t from;
        uint32_t who, depth;
        return find(i, &from, &who, &depth) &&
               (parts == 1 || (mix(s.symbol_at(who, depth) + mix(from)) & (parts - 1)) == part);
    }
};
struct counts_exits {
    exits e;
    __device__ uint64_t operator()(uint32_t i) const
    {
        return e(i);
    }
};

__global__ void list_ways(uint64_t n_ways, exits e, const uint32_t *which, int bits, way *w, uint64_t *hash,
                          uint32_t *rank)
{
    for (uint64_t i = first_element(); i < n_ways; i += stride()) {
        uint64_t from;
        uint32_t who, depth;
        e.find(which[i], &from, &who, &depth);
        w[i] = way{e.s.symbol_at(who, depth), from};
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

/* Numbers of the exits of e's part. */
lta_status select_exits(const exits &e, device_array<uint32_t> *which, uint64_t *n_ways, scratch *t)
{
    uint64_t n = e.s.n + e.n_rows, room = n;
    device_array<uint64_t> count;
    LTA_DEV(count.alloc(1));
    if (e.parts > 1) {
        LTA_DEV(t->run("count of exits", n, [&](void *m, size_t &size) {
            auto counts =
                thrust::make_transform_iterator(thrust::counting_iterator<uint32_t>(0), counts_exits{e});
            return cub::DeviceReduce::Sum(m, size, counts, count.p, (int)n);
        }));
        LTA_DEV(count.at(0, &room));
    }
    LTA_DEV(which->alloc(room));
    LTA_DEV(t->run("selection of exits", n, [&](void *m, size_t &size) {
        return cub::DeviceSelect::If(m, size, thrust::counting_iterator<uint32_t>(0), which->p, count.p,
                                     (int)n, e);
    }));
    return count.at(0, n_ways);
}

lta_status check_branches(const exits &e, uint32_t *wrong, scratch *t)
{
    uint64_t n;
    device_array<uint32_t> which;
    LTA_DEV(select_exits(e, &which, &n, t));
    if (n == 0)
        return LTA_OK;
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
    LTA_DEV(launch("list_ways", list_ways, n, e, which.p, bits, w.p, hash.p, rank.p));
    LTA_DEV(t->run("sort of ways", n, [&](void *m, size_t &b) {
        return cub::DeviceRadixSort::SortPairs(m, b, hash.p, sorted.p, rank.p, order.p, (int)n, 0, bits);
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

/* The distinct cuts of those between, sorted. all: there are no others. */
lta_status make_cuts(const cut_at &cuts, const is_between &between, bool all, device_array<uint64_t> *row,
                     uint64_t *n_rows, scratch *t)
{
    uint64_t n = 3 * cuts.s.n, m = n;
    device_array<uint64_t> cut, sorted, count;
    auto numbers = thrust::counting_iterator<uint64_t>(0);
    LTA_DEV(check_elements("cuts", n));
    LTA_DEV(count.alloc(1));
    if (!all) {
        LTA_DEV(t->run("count of cuts", n, [&](void *b, size_t &size) {
            return cub::DeviceReduce::Sum(
                b, size, thrust::make_transform_iterator(numbers, counts_between{cuts, between}), count.p,
                (int)n);
        }));
        LTA_DEV(count.at(0, &m));
    }
    LTA_DEV(cut.alloc(m));
    LTA_DEV(t->run("selection of cuts", n, [&](void *b, size_t &size) {
        return cub::DeviceSelect::If(b, size, thrust::make_transform_iterator(numbers, cuts), cut.p, count.p,
                                     (int)n, between);
    }));
    LTA_DEV(count.at(0, &m));
    *n_rows = 0;
    if (m == 0)
        return LTA_OK;
    LTA_DEV(sorted.alloc(m));
    LTA_DEV(t->run("sort of cuts", m, [&](void *b, size_t &size) {
        return cub::DeviceRadixSort::SortKeys(b, size, cut.p, sorted.p, (int)m, 0, bits_of(cuts.p.cut.none));
    }));
    LTA_DEV(t->run("distinct cuts", m, [&](void *b, size_t &size) {
        return cub::DeviceSelect::Unique(b, size, sorted.p, cut.p, count.p, (int)m);
    }));
    LTA_DEV(count.at(0, n_rows));
    row->swap(cut);
    return LTA_OK;
}

/* Rows of parts of the owners, one part after the other, put together on the host. */
struct host_rows {
    uint64_t *row = nullptr;
    uint64_t n = 0, capacity = 0;
    ~host_rows()
    {
        lta_free(row);
    }
};

/* All rows, in so many parts. */
lta_status make_rows_in_parts(const cut_at &cuts, uint64_t parts, device_array<uint64_t> *row,
                              uint64_t *n_rows, scratch *t)
{
    const cuts_of_owners of = cuts.p.cut;
    uint64_t n = cuts.s.n;
    host_rows rows;
    if (parts == 1)
        return make_cuts(cuts, is_between{0, of.none}, true, row, n_rows, t);
    for (uint64_t part = 0; part < parts; part++) {
        device_array<uint64_t> some;
        uint64_t first = n * part / parts, end = n * (part + 1) / parts, m = 0;
        LTA_DEV(
            make_cuts(cuts, is_between{first << of.depth_bits, end << of.depth_bits}, false, &some, &m, t));
        LTA_DEV(LTA_GROW(&rows.row, &rows.capacity, rows.n + m));
        LTA_DEV(some.download(rows.row + rows.n, m));
        rows.n += m;
    }
    t->release();
    *n_rows = rows.n;
    return row->upload(rows.row, rows.n);
}

lta_status build(const lta_sequences *host, uint32_t longest, uint64_t parts, lta_trie *out, bool *canonical)
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
    prefixes p = {from.p, shared.p, {bits_of(longest), n << bits_of(longest)}};
    LTA_DEV(launch("read_prefixes", read_prefixes, n, s, p));
    LTA_DEV(launch("check_prefixes", check_prefixes, n, p, wrong.p));
    LTA_DEV(wrong.at(0, &wrong_host));
    *canonical = !wrong_host;
    if (wrong_host)
        return LTA_OK;
    ancestors a = {};
    LTA_DEV(lift(n, from.p, level, &a));
    LTA_DEV(make_rows_in_parts(cut_at{s, p, a}, parts, &row, &n_rows, &t));
    LTA_DEV(check_elements("ways out of positions", n + n_rows));
    for (uint64_t part = 0; part < parts; part++)
        LTA_DEV(check_branches(exits{s, p, row.p, n_rows, parts, part}, wrong.p, &t));
    LTA_DEV(wrong.at(0, &wrong_host));
    *canonical = !wrong_host;
    if (wrong_host)
        return LTA_OK;
    t.release();
    std::unique_ptr<device_trie> d(new (std::nothrow) device_trie);
    device_array<uint32_t> owner;
    if (!d)
        return lta_fail(LTA_ERR_NOMEM, "out of memory: a trie on the device");
    d->n_nodes = n_rows;
    d->n = n;
    d->deepest = longest;
    LTA_DEV(d->parent.alloc(n_rows));
    LTA_DEV(d->depth.alloc(n_rows));
    LTA_DEV(owner.alloc(n_rows));
    LTA_DEV(d->input_node.alloc(n));
    LTA_DEV(d->full_node.alloc(n));
    LTA_DEV(launch("make_rows", make_rows, n_rows, row.p, p, d->parent.p, d->depth.p, owner.p));
    LTA_DEV(launch("find_nodes", find_nodes, n, s, p, a, row.p, n_rows, d->input_node.p, d->full_node.p));
    lta_trie made = {};
    LTA_DEV(download_trie(*d, &owner, &made));
    keep_device_trie(std::move(d), &made);
    *out = made;
    return LTA_OK;
}

/* In one part, or where memory does not suffice for that, in more. */
lta_status build_in_parts(const lta_sequences *s, uint32_t longest, lta_trie *out, bool *canonical)
{
    enum { MOST_PARTS = 64, TIMES = 4 };
    lta_status st = LTA_OK;
    for (uint64_t parts = 1; parts <= MOST_PARTS; parts *= TIMES) {
        st = build(s, longest, parts, out, canonical);
        if (st != LTA_ERR_DEVICE_MEMORY)
            break;
    }
    return st;
}

} // namespace

extern "C" lta_status lta_trie_build_cuda(const lta_sequences *s, lta_trie *out)
{
    bool canonical = true;
    uint32_t longest = 0;
    for (uint64_t r = 0; r < s->n; r++)
        longest = s->full_length[r] > longest ? s->full_length[r] : longest;
    if (longest == 0) /* nothing to build */
        return lta_trie_build_cpu(s, out);
    if (longest == 1)
        LTA_DEV(build_flat_trie(s, out, &canonical));
    else
        LTA_DEV(build_in_parts(s, longest, out, &canonical));
    return canonical ? LTA_OK : lta_trie_build_cpu(s, out); /* which names what is wrong */
}
