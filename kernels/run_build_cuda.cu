/* kernels/run_build_cuda.cu - last touchers on heavy paths, every touch on its own.
 *
 * The trie is cut into heavy paths; a request's touch is an event on each heavy path that it crosses, at most
 * log2(nodes) + 1 of them, with the depth e at which it ends there. On one heavy path, in order of time,
 * event j shows itself to a later event i as a last toucher exactly when everything between them ended above
 * both:
 *
 *     max of e between j and i  <  min(e_j, e_i)
 *
 * So either i is the first event after j that reaches as deep as j, or j is the last event before i that
 * reaches deeper than i (and none between reaches as deep as i). Each event therefore takes part in at most
 * two such pairs of its own making, found by two searches for the nearest value that is not smaller: no
 * stack, and nothing that waits for another event. A pair is a piece of i's path that ends at depth min(e_j,
 * e_i); sorted by (request, depth) pieces follow one another without gaps, since below a position never
 * touched nothing is touched. Neighbouring pieces of one toucher, on two heavy paths, are one run.
 *
 * Sizes of subtrees, which tell heavy children, come from an Euler tour ranked by pointer jumping (Wyllie,
 * 1979); tops of heavy paths by pointer jumping too. Searches go over maxima of 8, 64, ... values.
 *
 * Where all events are too many for the device, ranges of heavy paths go through one after the other, by
 * rising rows of their tops. A path crosses heavy paths in that order too, so a range's pieces of a request
 * stand behind those of the ranges before, and the host puts them together.
 *
 * Mapping   one thread a node, a request, an event or a pair
 * Work      O(nodes log nodes + events log events), whatever the lengths of prompts
 * Memory    about 50 bytes a node, 16 a request and 110 an event of a range on the device
 * Order     sorted numbers: the same on every run and device */
extern "C" {
#include "kernels/run_build.h"
#include "pipeline/core/array.h"
}
#include "kernels/device_runs.cuh"

#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

using namespace lta;

namespace
{

constexpr int FAN = 8, MOST_LEVELS = 12;
constexpr uint64_t BYTES_A_NODE = 50;

/* ---- heavy paths ---- */

__global__ void parent_keys(uint64_t n, const uint32_t *parent, uint32_t *key, uint32_t *node)
{
    for (uint64_t v = first_element(); v < n; v += stride()) {
        key[v] = parent[v] + 1; /* 0: the root's */
        node[v] = (uint32_t)v;
    }
}

/* child: nodes by parent. first and sibling: NOWHERE where there is none. */
__global__ void link_children(uint64_t n, const uint32_t *key, const uint32_t *child, uint32_t *first,
                              uint32_t *sibling)
{
    for (uint64_t i = first_element(); i < n; i += stride()) {
        sibling[child[i]] = i + 1 < n && key[i + 1] == key[i] ? child[i + 1] : NOWHERE;
        if (key[i] > 0 && (i == 0 || key[i - 1] != key[i]))
            first[key[i] - 1] = child[i];
    }
}

/* The tour enters node v as 2v and leaves it as 2v + 1. */
__global__ void make_tour(uint64_t n, const uint32_t *parent, const uint32_t *first, const uint32_t *sibling,
                          uint32_t *next)
{
    for (uint64_t v = first_element(); v < n; v += stride()) {
        next[2 * v] = first[v] != NOWHERE ? 2 * first[v] : (uint32_t)(2 * v + 1);
        next[2 * v + 1] = sibling[v] != NOWHERE  ? 2 * sibling[v]
                          : parent[v] != NOWHERE ? 2 * parent[v] + 1
                                                 : NOWHERE;
    }
}

__global__ void start_ranks(uint64_t n, const uint32_t *next, uint32_t *rank)
{
    for (uint64_t i = first_element(); i < n; i += stride())
        rank[i] = next[i] == NOWHERE ? 0 : 1;
}

/* rank: steps from i to next[i]; afterwards to where the next one pointed. */
__global__ void jump(uint64_t n, const uint32_t *next, const uint32_t *rank, uint32_t *next_after,
                     uint32_t *rank_after)
{
    for (uint64_t i = first_element(); i < n; i += stride()) {
        uint32_t at = next[i];
        next_after[i] = at == NOWHERE ? NOWHERE : next[at];
        rank_after[i] = rank[i] + (at == NOWHERE ? 0 : rank[at]);
    }
}

/* heavy[p]: size of p's largest child above the child, lowest first. */
__global__ void choose_heavy(uint64_t n, const uint32_t *parent, const uint32_t *rank,
                             unsigned long long *heavy)
{
    for (uint64_t v = first_element(); v < n; v += stride()) {
        uint32_t size = rank[2 * v] - rank[2 * v + 1]; /* twice the subtree less 1: as good */
        if (parent[v] != NOWHERE)
            atomicMax(&heavy[parent[v]], (unsigned long long)size << 32 | (UINT32_MAX - (uint32_t)v));
    }
}

__global__ void start_tops(uint64_t n, const uint32_t *parent, const unsigned long long *heavy, uint32_t *top)
{
    for (uint64_t v = first_element(); v < n; v += stride()) {
        bool goes_on = parent[v] != NOWHERE && (uint32_t)heavy[parent[v]] == UINT32_MAX - (uint32_t)v;
        top[v] = goes_on ? parent[v] : (uint32_t)v;
    }
}

__global__ void jump_up(uint64_t n, const uint32_t *top, uint32_t *after, uint32_t *changed)
{
    for (uint64_t v = first_element(); v < n; v += stride()) {
        uint32_t a = top[v], b = top[a];
        after[v] = b;
        if (a != b)
            *changed = 1;
    }
}

/* The top of each node's heavy path. */
lta_status heavy_paths(uint64_t n, const uint32_t *parent, device_array<uint32_t> *top, scratch *t)
{
    device_array<uint32_t> a, b, c, d, changed;
    uint32_t any = 1;
    LTA_DEV(a.alloc(2 * n));
    LTA_DEV(b.alloc(2 * n));
    LTA_DEV(c.alloc(2 * n));
    LTA_DEV(d.alloc(2 * n));
    {
        device_array<uint32_t> child;
        uint32_t *key = a.p, *node = a.p + n, *sorted = b.p, *first = c.p, *sibling = c.p + n;
        LTA_DEV(child.alloc(n));
        LTA_DEV(launch("parent_keys", parent_keys, n, parent, key, node));
        LTA_DEV(t->run("sort of children", n, [&](void *m, size_t &size) {
            return cub::DeviceRadixSort::SortPairs(m, size, key, sorted, node, child.p, (int)n, 0,
                                                   bits_of(n));
        }));
        LTA_CUDA(cudaMemset(first, 0xff, n * sizeof *first));
        LTA_DEV(launch("link_children", link_children, n, sorted, child.p, first, sibling));
        LTA_DEV(launch("make_tour", make_tour, n, parent, first, sibling, a.p));
        LTA_CUDA(cudaDeviceSynchronize());
    }
    LTA_DEV(launch("start_ranks", start_ranks, 2 * n, a.p, b.p));
    for (uint64_t reach = 1; reach < 2 * n; reach *= 2) {
        LTA_DEV(launch("jump", jump, 2 * n, a.p, b.p, c.p, d.p));
        a.swap(c);
        b.swap(d);
    }
    device_array<unsigned long long> heavy;
    LTA_DEV(heavy.alloc_zero(n));
    LTA_DEV(launch("choose_heavy", choose_heavy, n, parent, b.p, heavy.p));
    LTA_DEV(launch("start_tops", start_tops, n, parent, heavy.p, a.p));
    while (any) {
        LTA_DEV(changed.alloc_zero(1));
        LTA_DEV(launch("jump_up", jump_up, n, a.p, c.p, changed.p));
        LTA_DEV(changed.at(0, &any));
        a.swap(c);
    }
    LTA_DEV(top->alloc(n));
    LTA_CUDA(cudaMemcpy(top->p, a.p, n * sizeof *a.p, cudaMemcpyDeviceToDevice));
    return LTA_OK;
}

/* ---- events ---- */

struct paths {
    trie_view trie;
    const uint32_t *top; /* NULL in a flat trie: each node is a path */
    int group_bits;      /* a heavy path and a group are one number, no wider than it has to be */
    uint32_t first, end; /* tops of the paths that count */

    __device__ uint32_t top_of(uint32_t v) const
    {
        return top ? top[v] : v;
    }
    __device__ uint32_t above(uint32_t v) const
    {
        return top ? trie.parent[top[v]] : NOWHERE;
    }
    __device__ bool counts(uint32_t v) const
    {
        return top_of(v) >= first && top_of(v) < end;
    }
};

__global__ void count_events(uint64_t n, paths p, const uint32_t *touched, uint64_t *count)
{
    for (uint64_t r = first_element(); r < n; r += stride()) {
        uint64_t crossed = 0;
        for (uint32_t v = touched[r]; v != NOWHERE; v = p.above(v))
            crossed += p.counts(v);
        count[r] = crossed;
    }
}

__global__ void list_events(uint64_t n, paths p, const uint32_t *touched, const uint32_t *group,
                            const uint64_t *at, uint64_t *key, uint64_t *event)
{
    for (uint64_t r = first_element(); r < n; r += stride()) {
        uint64_t i = at[r];
        for (uint32_t v = touched[r]; v != NOWHERE; v = p.above(v)) {
            if (!p.counts(v))
                continue;
            key[i] = (uint64_t)p.top_of(v) << p.group_bits | (group ? group[r] : 0);
            event[i++] = r << 32 | p.trie.depth_of(v);
        }
    }
}

__global__ void depths_of(uint64_t n, trie_view trie, const uint32_t *node, uint32_t *out)
{
    for (uint64_t r = first_element(); r < n; r += stride())
        out[r] = trie.depth_of(node[r]);
}

struct wide {
    __host__ __device__ uint64_t operator()(uint32_t x) const
    {
        return x;
    }
};

__global__ void ends_of(uint64_t n, const uint64_t *event, uint32_t *end)
{
    for (uint64_t i = first_element(); i < n; i += stride())
        end[i] = (uint32_t)event[i];
}

/* ---- the nearest value that is not smaller ---- */

struct maxima {
    const uint32_t
        *level[MOST_LEVELS]; /* level[0]: the values; each entry of the next is the largest of FAN */
    uint64_t n[MOST_LEVELS];
    int levels;
};

__global__ void max_of_groups(uint64_t n_groups, uint64_t n, const uint32_t *value, uint32_t *largest)
{
    for (uint64_t g = first_element(); g < n_groups; g += stride()) {
        uint32_t m = 0;
        for (uint64_t i = g * FAN; i < (g + 1) * FAN && i < n; i++)
            m = value[i] > m ? value[i] : m;
        largest[g] = m;
    }
}

/* Largest j < i with value >= x, or UINT64_MAX. */
__device__ inline uint64_t previous_not_smaller(const maxima &m, uint64_t i, uint32_t x)
{
    uint64_t j = i;
    int k = 0;
    for (;; j /= FAN, k++) {
        if (k == m.levels)
            return UINT64_MAX;
        uint64_t begin = j / FAN * FAN;
        while (j > begin && m.level[k][j - 1] < x)
            j--;
        if (j > begin)
            break;
    }
    for (j--; k > 0; k--) { /* group j of level k has it */
        j = j * FAN + FAN - 1;
        if (j >= m.n[k - 1])
            j = m.n[k - 1] - 1;
        while (m.level[k - 1][j] < x)
            j--;
    }
    return j;
}

/* Smallest j > i with value >= x, or UINT64_MAX. */
__device__ inline uint64_t next_not_smaller(const maxima &m, uint64_t i, uint32_t x)
{
    uint64_t j = i;
    int k = 0;
    for (;; j /= FAN, k++) {
        if (k == m.levels)
            return UINT64_MAX;
        uint64_t end = (j / FAN + 1) * FAN < m.n[k] ? (j / FAN + 1) * FAN : m.n[k];
        for (j++; j < end && m.level[k][j] < x; j++)
            ;
        if (j < end)
            break;
        j = end - 1;
    }
    for (; k > 0; k--) {
        j *= FAN;
        while (m.level[k - 1][j] < x)
            j++;
    }
    return j;
}

lta_status make_maxima(const uint32_t *value, uint64_t n, device_array<uint32_t> level[MOST_LEVELS],
                       maxima *m)
{
    m->level[0] = value;
    m->n[0] = n;
    m->levels = 1;
    while (m->n[m->levels - 1] > 1) {
        uint64_t below = m->n[m->levels - 1], groups = (below + FAN - 1) / FAN;
        LTA_DEV(level[m->levels].alloc(groups));
        LTA_DEV(launch("max_of_groups", max_of_groups, groups, below, m->level[m->levels - 1],
                       level[m->levels].p));
        m->level[m->levels] = level[m->levels].p;
        m->n[m->levels++] = groups;
    }
    return LTA_OK;
}

/* ---- pairs ---- */

/* seen[2i]: the event whose pair with i is of i's making (the last one before that reaches deeper);
 * seen[2i + 1]: the first one after that reaches as deep. NOWHERE: none. */
__global__ void find_pairs(uint64_t n, maxima m, const uint64_t *key, uint32_t *seen, unsigned char *is_pair)
{
    for (uint64_t i = first_element(); i < n; i += stride()) {
        uint32_t e = m.level[0][i];
        uint64_t before = previous_not_smaller(m, i, e), after = next_not_smaller(m, i, e);
        bool has_before = before != UINT64_MAX && key[before] == key[i] && m.level[0][before] > e;
        bool has_after = after != UINT64_MAX && key[after] == key[i];
        seen[2 * i] = has_before ? (uint32_t)before : NOWHERE;
        seen[2 * i + 1] = has_after ? (uint32_t)after : NOWHERE;
        is_pair[2 * i] = has_before;
        is_pair[2 * i + 1] = has_after;
    }
}

/* Slots are pairs 2i + (0 or 1), by `slot`. */
__global__ void list_pieces(uint64_t n, const uint32_t *slot, const uint32_t *seen, const uint64_t *event,
                            int depth_bits, uint64_t *key, uint32_t *toucher)
{
    for (uint64_t k = first_element(); k < n; k += stride()) {
        uint64_t i = slot[k] / 2, other = seen[slot[k]];
        bool later = slot[k] % 2 == 0; /* i is the one that sees */
        uint64_t sees = event[later ? i : other], by = event[later ? other : i];
        uint32_t a = (uint32_t)sees, b = (uint32_t)by;
        key[k] = sees >> 32 << depth_bits | (a < b ? a : b);
        toucher[k] = (uint32_t)(by >> 32);
    }
}

/* ---- runs ---- */

/* A piece begins a run unless it goes on with the toucher of the piece before. */
__global__ void mark_runs(uint64_t n, const uint64_t *key, const uint32_t *toucher, int depth_bits,
                          uint32_t *begins)
{
    for (uint64_t k = first_element(); k < n; k += stride())
        begins[k] =
            k == 0 || key[k - 1] >> depth_bits != key[k] >> depth_bits || toucher[k - 1] != toucher[k];
}

/* number[k]: runs that begin up to piece k. */
__global__ void write_runs(uint64_t n, const uint64_t *key, const uint32_t *toucher, int depth_bits,
                           const uint32_t *number, uint32_t *request, uint32_t *previous, uint32_t *start,
                           uint32_t *end)
{
    const uint64_t mask = (UINT64_C(1) << depth_bits) - 1;
    for (uint64_t k = first_element(); k < n; k += stride()) {
        uint32_t run = number[k] - 1;
        if (k == 0 || number[k - 1] != number[k]) {
            request[run] = (uint32_t)(key[k] >> depth_bits);
            previous[run] = toucher[k];
            start[run] =
                k > 0 && key[k - 1] >> depth_bits == key[k] >> depth_bits ? (uint32_t)(key[k - 1] & mask) : 0;
        }
        if (k + 1 == n || number[k + 1] != number[k])
            end[run] = (uint32_t)(key[k] & mask);
    }
}

__global__ void lengths_of(uint64_t n, const uint32_t *start, uint32_t *end)
{
    for (uint64_t k = first_element(); k < n; k += stride())
        end[k] -= start[k];
}

__global__ void offsets_of(uint64_t n, const uint32_t *request, uint64_t n_runs, uint32_t *offset)
{
    for (uint64_t r = first_element(); r < n; r += stride())
        offset[r] = (uint32_t)lower_bound(request, (uint64_t)0, n_runs, (uint32_t)r);
}

lta_status join_pieces(uint64_t n, uint64_t n_pieces, int depth_bits, device_array<uint64_t> *key,
                       device_array<uint32_t> *toucher, device_runs *out, scratch *t)
{
    device_array<uint32_t> number, request;
    uint32_t n_runs = 0;
    LTA_DEV(number.alloc(n_pieces));
    LTA_DEV(launch("mark_runs", mark_runs, n_pieces, key->p, toucher->p, depth_bits, number.p));
    if (n_pieces > 0) {
        LTA_DEV(t->run("numbers of runs", n_pieces, [&](void *m, size_t &size) {
            return cub::DeviceScan::InclusiveSum(m, size, number.p, number.p, (int)n_pieces);
        }));
        LTA_DEV(number.at(n_pieces - 1, &n_runs));
    }
    out->n_runs = n_runs;
    LTA_DEV(request.alloc(n_runs));
    LTA_DEV(out->previous.alloc(n_runs));
    LTA_DEV(out->start.alloc(n_runs));
    LTA_DEV(out->length.alloc(n_runs));
    LTA_DEV(out->offset.alloc(n + 1));
    LTA_DEV(launch("write_runs", write_runs, n_pieces, key->p, toucher->p, depth_bits, number.p, request.p,
                   out->previous.p, out->start.p, out->length.p));
    LTA_DEV(launch("lengths_of", lengths_of, out->n_runs, out->start.p, out->length.p));
    return launch("offsets_of", offsets_of, n + 1, request.p, out->n_runs, out->offset.p);
}

/* Pieces of all paths, by request and depth. */
lta_status find_pieces(uint64_t n_events, const device_array<uint64_t> *key,
                       const device_array<uint64_t> *event, uint64_t n, int depth_bits,
                       device_array<uint64_t> *piece, device_array<uint32_t> *toucher, uint64_t *n_pieces,
                       scratch *t)
{
    device_array<uint32_t> end, level[MOST_LEVELS], seen, slot;
    device_array<unsigned char> is_pair;
    device_array<uint64_t> count;
    maxima m = {};
    LTA_DEV(check_elements("pairs of touches", 2 * n_events));
    LTA_DEV(end.alloc(n_events));
    LTA_DEV(launch("ends_of", ends_of, n_events, event->p, end.p));
    LTA_DEV(make_maxima(end.p, n_events, level, &m));
    LTA_DEV(seen.alloc(2 * n_events));
    LTA_DEV(slot.alloc(2 * n_events));
    LTA_DEV(is_pair.alloc(2 * n_events));
    LTA_DEV(count.alloc(1));
    LTA_DEV(launch("find_pairs", find_pairs, n_events, m, key->p, seen.p, is_pair.p));
    LTA_DEV(t->run("selection of pairs", 2 * n_events, [&](void *b, size_t &size) {
        return cub::DeviceSelect::Flagged(b, size, thrust::counting_iterator<uint32_t>(0), is_pair.p, slot.p,
                                          count.p, (int)(2 * n_events));
    }));
    LTA_DEV(count.at(0, n_pieces));
    device_array<uint64_t> unsorted;
    device_array<uint32_t> by;
    LTA_DEV(unsorted.alloc(*n_pieces));
    LTA_DEV(by.alloc(*n_pieces));
    LTA_DEV(piece->alloc(*n_pieces));
    LTA_DEV(toucher->alloc(*n_pieces));
    LTA_DEV(launch("list_pieces", list_pieces, *n_pieces, slot.p, seen.p, event->p, depth_bits, unsorted.p,
                   by.p));
    if (*n_pieces > 0)
        LTA_DEV(t->run("sort of pieces", *n_pieces, [&](void *b, size_t &size) {
            return cub::DeviceRadixSort::SortPairs(b, size, unsorted.p, piece->p, by.p, toucher->p,
                                                   (int)*n_pieces, 0, depth_bits + bits_of(n));
        }));
    LTA_CUDA(cudaDeviceSynchronize());
    return LTA_OK;
}

/* What a request's touches are looked for in. */
struct touches {
    const device_trie *trie;
    const uint32_t *touched, *group; /* [n], on the device; group may be NULL */
    int group_bits;
};

/* Touches of the heavy paths that p has, by path, group and request. LTA_ERR_DEVICE_MEMORY for more than
 * most. */
lta_status find_events(const touches &in, const paths &p, uint64_t most, device_array<uint64_t> *key,
                       device_array<uint64_t> *event, uint64_t *n_events, scratch *t)
{
    uint64_t n = in.trie->n, nodes = in.trie->n_nodes;
    device_array<uint64_t> at, unsorted_key, unsorted_event;
    LTA_DEV(at.alloc(n + 1));
    LTA_CUDA(cudaMemset(at.p, 0, sizeof *at.p));
    LTA_DEV(launch("count_events", count_events, n, p, in.touched, at.p + 1));
    LTA_DEV(t->run("places of events", n, [&](void *m, size_t &size) {
        return cub::DeviceScan::InclusiveSum(m, size, at.p + 1, at.p + 1, (int)n);
    }));
    LTA_DEV(at.at(n, n_events));
    if (*n_events > most)
        return lta_fail(LTA_ERR_DEVICE_MEMORY, "%llu touches of paths, expected at most %llu at once",
                        (unsigned long long)*n_events, (unsigned long long)most);
    LTA_DEV(unsorted_key.alloc(*n_events));
    LTA_DEV(unsorted_event.alloc(*n_events));
    LTA_DEV(key->alloc(*n_events));
    LTA_DEV(event->alloc(*n_events));
    LTA_DEV(launch("list_events", list_events, n, p, in.touched, in.group, at.p, unsorted_key.p,
                   unsorted_event.p));
    if (*n_events > 0)
        LTA_DEV(t->run("sort of events", *n_events, [&](void *m, size_t &size) {
            return cub::DeviceRadixSort::SortPairs(m, size, unsorted_key.p, key->p, unsorted_event.p,
                                                   event->p, (int)*n_events, 0,
                                                   in.group_bits + bits_of(nodes));
        }));
    LTA_CUDA(cudaDeviceSynchronize());
    return LTA_OK;
}

lta_status find_tops(const device_trie &trie, scratch *t)
{
    if (trie.flat() || trie.top.n > 0)
        return LTA_OK;
    LTA_DEV(check_elements("steps of the tour", 2 * trie.n_nodes));
    LTA_DEV(check_memory("heavy paths", BYTES_A_NODE * trie.n_nodes));
    return heavy_paths(trie.n_nodes, trie.parent.p, &trie.top, t);
}

lta_status build_prefix_runs(const touches &in, device_runs *out)
{
    uint64_t n = in.trie->n, n_events = 0, n_pieces = 0;
    const int depth_bits = bits_of(in.trie->deepest);
    scratch t;
    device_array<uint64_t> key, event, piece, sum;
    device_array<uint32_t> toucher;
    out->n = n;
    LTA_DEV(out->touched_depth.alloc(n));
    LTA_DEV(sum.alloc(1));
    LTA_DEV(launch("depths_of", depths_of, n, in.trie->view(), in.touched, out->touched_depth.p));
    LTA_DEV(t.run("symbols touched", n, [&](void *m, size_t &size) {
        auto depths = thrust::make_transform_iterator(out->touched_depth.p, wide());
        return cub::DeviceReduce::Sum(m, size, depths, sum.p, (int)n);
    }));
    LTA_DEV(sum.at(0, &out->touched));
    LTA_DEV(find_tops(*in.trie, &t));
    paths p = {in.trie->view(), in.trie->top.p, in.group_bits, 0, NOWHERE};
    LTA_DEV(find_events(in, p, MOST_ELEMENTS, &key, &event, &n_events, &t));
    if (n_events > 0)
        LTA_DEV(find_pieces(n_events, &key, &event, n, depth_bits, &piece, &toucher, &n_pieces, &t));
    key.release();
    event.release();
    return join_pieces(n, n_pieces, depth_bits, &piece, &toucher, out, &t);
}

/* What an operation is given, on the device. */
struct uploaded {
    device_trie own;
    device_array<uint32_t> touched, group;

    lta_status upload(const lta_trie *trie, const int64_t *touched_host, const uint32_t *group_host,
                      touches *in)
    {
        uint64_t n = trie->n_requests;
        uint32_t largest = 0;
        LTA_DEV(use_device_trie(trie, &own, &in->trie));
        for (uint64_t r = 0; group_host && r < n; r++)
            largest = group_host[r] > largest ? group_host[r] : largest;
        if (group_host)
            LTA_DEV(group.upload(group_host, n));
        bool inputs = touched_host == trie->input_node, has = inputs || touched_host == trie->full_node;
        if (!has)
            LTA_DEV(touched.upload_each(n, [=](uint64_t r) { return (uint32_t)touched_host[r]; }));
        in->touched = has ? in->trie->nodes(inputs) : touched.p;
        in->group = group_host ? group.p : nullptr;
        in->group_bits = group_host ? bits_of(largest) : 0;
        return LTA_OK;
    }
};

/* ---- ranges of heavy paths ---- */

/* Pieces as join_pieces() takes them, on the host, of the ranges so far. */
struct host_pieces {
    uint64_t *key = nullptr;
    uint32_t *toucher = nullptr;
    uint64_t n = 0, key_capacity = 0, toucher_capacity = 0;
    ~host_pieces()
    {
        lta_free(key);
        lta_free(toucher);
    }
    lta_status append(const device_array<uint64_t> &k, const device_array<uint32_t> &t, uint64_t count)
    {
        LTA_DEV(LTA_GROW(&key, &key_capacity, n + count));
        LTA_DEV(LTA_GROW(&toucher, &toucher_capacity, n + count));
        LTA_DEV(k.download(key + n, count));
        LTA_DEV(t.download(toucher + n, count));
        n += count;
        return LTA_OK;
    }
};

/* The pieces of the paths that p has, if there are at most `most` events, else of each half of them. */
lta_status add_range(const touches &in, paths p, uint64_t most, host_pieces *out)
{
    uint64_t n_events = 0, n_pieces = 0;
    lta_status st;
    {
        scratch t;
        device_array<uint64_t> key, event, piece;
        device_array<uint32_t> toucher;
        st = find_events(in, p, most, &key, &event, &n_events, &t);
        if (st == LTA_OK && n_events > 0) {
            st = find_pieces(n_events, &key, &event, in.trie->n, bits_of(in.trie->deepest), &piece, &toucher,
                             &n_pieces, &t);
            if (st == LTA_OK)
                st = out->append(piece, toucher, n_pieces);
        }
    }
    if (st != LTA_ERR_DEVICE_MEMORY || p.end - p.first < 2)
        return st;
    paths lower = p, upper = p;
    lower.end = upper.first = p.first + (p.end - p.first) / 2;
    LTA_DEV(add_range(in, lower, most, out));
    return add_range(in, upper, most, out);
}

/* Puts pieces together by request, in the order of ranges, and joins neighbours of one toucher. */
lta_status join_host_pieces(uint64_t n, int depth_bits, const host_pieces &p, lta_runs *out)
{
    lta_status st = LTA_OK;
    const uint64_t mask = (UINT64_C(1) << depth_bits) - 1;
    lta_runs runs = {};
    uint32_t *end = nullptr;
    runs.n = n;
    LTA_TRY(LTA_CALLOC(&runs.offset, n + 2));
    LTA_TRY(LTA_ALLOC(&runs.previous, p.n));
    LTA_TRY(LTA_ALLOC(&runs.start, p.n));
    LTA_TRY(LTA_ALLOC(&runs.length, p.n));
    LTA_TRY(LTA_ALLOC(&end, p.n));
    for (uint64_t k = 0; k < p.n; k++)
        runs.offset[(p.key[k] >> depth_bits) + 2]++;
    for (uint64_t r = 0; r < n; r++)
        runs.offset[r + 2] += runs.offset[r + 1];
    for (uint64_t k = 0; k < p.n; k++) {
        uint64_t at = runs.offset[(p.key[k] >> depth_bits) + 1]++;
        runs.previous[at] = p.toucher[k];
        end[at] = (uint32_t)(p.key[k] & mask);
    }
    for (uint64_t r = 0, k = 0, to = 0; r < n; r++) { /* offset[r + 1] is where r's pieces end */
        uint32_t depth = 0;
        uint64_t first = to;
        for (; k < runs.offset[r + 1]; k++) {
            bool goes_on = to > first && runs.previous[to - 1] == runs.previous[k];
            if (!goes_on) {
                runs.previous[to] = runs.previous[k];
                runs.start[to++] = depth;
            }
            depth = end[k];
            runs.length[to - 1] = depth - runs.start[to - 1];
        }
        runs.offset[r + 1] = runs.n_runs = to;
    }
    *out = runs;
    runs = lta_runs{};
done:
    lta_free(end);
    lta_runs_free(&runs);
    return st;
}

lta_status build_in_ranges(const lta_trie *trie, const int64_t *touched, const uint32_t *group, lta_runs *out)
{
    enum { BYTES_AN_EVENT = 110, LEAST_RANGE = 1 << 10 };
    uploaded up;
    touches in;
    host_pieces pieces;
    size_t free_bytes = 0, all_bytes = 0;
    LTA_DEV(up.upload(trie, touched, group, &in));
    {
        scratch t;
        LTA_DEV(find_tops(*in.trie, &t));
    }
    LTA_CUDA(cudaMemGetInfo(&free_bytes, &all_bytes));
    LTA_DEV(check_memory("runs", 16 * in.trie->n + (uint64_t)BYTES_AN_EVENT * LEAST_RANGE));
    paths p = {in.trie->view(), in.trie->top.p, in.group_bits, 0, (uint32_t)in.trie->n_nodes};
    LTA_DEV(add_range(in, p, (free_bytes - 16 * in.trie->n) / BYTES_AN_EVENT, &pieces));
    return join_host_pieces(in.trie->n, bits_of(in.trie->deepest), pieces, out);
}

lta_status build_at_once(const lta_trie *trie, const int64_t *touched, const uint32_t *group, lta_runs *out)
{
    device_runs runs;
    event ready;
    LTA_DEV(build_device_runs(trie, touched, group, &runs));
    LTA_DEV(ready.record());
    return download_runs(runs, ready, out);
}

} // namespace

lta_status lta::build_device_runs(const lta_trie *trie, const int64_t *touched, const uint32_t *group,
                                  device_runs *out)
{
    uploaded up;
    touches in;
    LTA_DEV(up.upload(trie, touched, group, &in));
    return in.trie->flat()
               ? build_flat_runs(in.trie->n, in.trie->n_nodes, in.touched, in.group, in.group_bits, out)
               : build_prefix_runs(in, out);
}

lta_status lta::download_runs(const device_runs &d, const event &ready, lta_runs *out)
{
    lta_status st = LTA_OK;
    lta_runs runs = {};
    runs.n = d.n;
    runs.n_runs = d.n_runs;
    LTA_TRY(LTA_ALLOC(&runs.offset, d.n + 1));
    LTA_TRY(LTA_ALLOC(&runs.previous, d.n_runs));
    LTA_TRY(LTA_ALLOC(&runs.start, d.n_runs));
    LTA_TRY(LTA_ALLOC(&runs.length, d.n_runs));
    if (d.flat) {
        uint64_t k = 0;
        LTA_TRY(d.linked.download_each(
            d.n,
            [&](uint64_t r, uint32_t previous) {
                runs.offset[r] = k;
                if (previous == NOWHERE)
                    return;
                runs.previous[k] = previous;
                runs.start[k] = 0;
                runs.length[k++] = 1;
            },
            ready.e));
        runs.offset[d.n] = k;
    } else {
        LTA_TRY(d.offset.download_each(
            d.n + 1, [=](uint64_t r, uint32_t k) { runs.offset[r] = k; }, ready.e));
        LTA_TRY(d.previous.download(runs.previous, d.n_runs, ready.e));
        LTA_TRY(d.start.download(runs.start, d.n_runs, ready.e));
        LTA_TRY(d.length.download(runs.length, d.n_runs, ready.e));
    }
    *out = runs;
    return LTA_OK;
done:
    lta_runs_free(&runs);
    return st;
}

extern "C" lta_status lta_run_build_cuda(const lta_trie *trie, const int64_t *touched, const uint32_t *group,
                                         lta_runs *out)
{
    if (trie->n_requests == 0 || trie->n_nodes == 0)
        return lta_run_build_cpu(trie, touched, group, out);
    lta_status st = build_at_once(trie, touched, group, out);
    return st == LTA_ERR_DEVICE_MEMORY ? build_in_ranges(trie, touched, group, out) : st;
}
