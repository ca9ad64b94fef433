/* kernels/flat_trie_cuda.cu - the trie of a trace of one symbol a request: cache accesses, as other tools
 * know them.
 *
 * Every node is a child of the root, and belongs to the first request for its symbol; rows stand in the order
 * of those requests. So a running count of first requests numbers the nodes, and nothing of the size of the
 * trace is sorted. That the pieces are canonical is checked as for other tries: copies are of first requests,
 * and no two first requests have one symbol, for which the symbols alone are sorted.
 *
 * Mapping   one thread a request or a symbol
 * Work      O(n + nodes log nodes)
 * Memory    12 bytes a request, 16 a node
 * Order     running sums of integers: the same on every run and device */
#include "kernels/device_trie.cuh"

extern "C" {
#include "pipeline/core/array.h"
}

#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

using namespace lta;

namespace
{

/* first[r]: the first request for r's symbol; NOWHERE: r has none. */
struct is_first {
    const uint32_t *first;
    __host__ __device__ uint32_t operator()(uint32_t r) const
    {
        return first[r] == r;
    }
};

__global__ void number_nodes(uint64_t n, const uint32_t *first, const uint32_t *nodes_before, uint32_t *node,
                             uint32_t *wrong)
{
    for (uint64_t r = first_element(); r < n; r += stride()) {
        uint32_t f = first[r];
        node[r] = f == NOWHERE ? NOWHERE : nodes_before[f];
        if (f != NOWHERE && first[f] != f)
            *wrong = 1;
    }
}

__global__ void keep_inputs(uint64_t n, const unsigned char *has_input, const uint32_t *full_node,
                            uint32_t *input_node)
{
    for (uint64_t r = first_element(); r < n; r += stride())
        input_node[r] = has_input[r] ? full_node[r] : NOWHERE;
}

template <class K> __global__ void find_repeated(uint64_t n, const K *sorted, uint32_t *wrong)
{
    for (uint64_t i = first_element(); i < n; i += stride())
        if (i > 0 && sorted[i] == sorted[i - 1])
            *wrong = 1;
}

template <class K>
lta_status check_symbols(const lta_sequences *s, const K *symbols, const uint32_t *owner, uint64_t nodes,
                         uint32_t *wrong, scratch *t)
{
    device_array<K> symbol, sorted;
    K largest = 0;
    LTA_DEV(symbol.upload_each(nodes, [&](uint64_t i) {
        K id = symbols[s->piece_start[s->offset[owner[i]]]];
        largest = id > largest ? id : largest;
        return id;
    }));
    LTA_DEV(sorted.alloc(nodes));
    LTA_DEV(t->run("sort of symbols", nodes, [&](void *m, size_t &size) {
        return cub::DeviceRadixSort::SortKeys(m, size, symbol.p, sorted.p, (int)nodes, 0, bits_of(largest));
    }));
    return launch("find_repeated", find_repeated<K>, nodes, sorted.p, wrong);
}

/* The first request for each request's symbol, as the pieces have it. */
uint32_t first_of(const lta_sequences *s, uint64_t r)
{
    if (s->full_length[r] == 0)
        return NOWHERE;
    int64_t from = s->piece_request[s->offset[r]];
    return from < 0 ? (uint32_t)r : (uint32_t)from;
}

lta_status number(const lta_sequences *s, device_trie *t, uint32_t *wrong, scratch *memory)
{
    device_array<uint32_t> first, nodes_before;
    LTA_DEV(first.upload_each(s->n, [=](uint64_t r) { return first_of(s, r); }));
    LTA_DEV(nodes_before.alloc(s->n));
    LTA_DEV(memory->run("numbers of nodes", s->n, [&](void *m, size_t &size) {
        auto firsts =
            thrust::make_transform_iterator(thrust::counting_iterator<uint32_t>(0), is_first{first.p});
        return cub::DeviceScan::ExclusiveSum(m, size, firsts, nodes_before.p, (int)s->n);
    }));
    LTA_DEV(t->full_node.alloc(s->n));
    LTA_DEV(launch("number_nodes", number_nodes, s->n, first.p, nodes_before.p, t->full_node.p, wrong));
    first.release();
    nodes_before.release();
    if (t->inputs_are_full)
        return LTA_OK;
    device_array<unsigned char> has_input;
    LTA_DEV(has_input.upload_each(s->n, [=](uint64_t r) { return (unsigned char)(s->input_length[r] > 0); }));
    LTA_DEV(t->input_node.alloc(s->n));
    LTA_DEV(launch("keep_inputs", keep_inputs, s->n, has_input.p, t->full_node.p, t->input_node.p));
    LTA_CUDA(cudaDeviceSynchronize());
    return LTA_OK;
}

} // namespace

lta_status lta::build_flat_trie(const lta_sequences *s, lta_trie *out, bool *canonical)
{
    lta_status st = LTA_OK;
    std::unique_ptr<device_trie> t(new (std::nothrow) device_trie);
    device_array<uint32_t> wrong;
    lta_trie made = {};
    scratch memory;
    uint32_t is_wrong;
    uint64_t next = 0;
    if (!t)
        return lta_fail(LTA_ERR_NOMEM, "out of memory: a trie on the device");
    t->n = s->n;
    t->deepest = 1;
    t->inputs_are_full = true;
    for (uint64_t k = 0; k < s->n_pieces; k++)
        t->n_nodes += s->piece_request[k] < 0;
    LTA_TRY(check_elements("requests", s->n));
    LTA_TRY(LTA_ALLOC(&made.owner, t->n_nodes));
    for (uint64_t r = 0; r < s->n; r++) {
        if (first_of(s, r) == r)
            made.owner[next++] = (uint32_t)r;
        t->inputs_are_full = t->inputs_are_full && s->input_length[r] == s->full_length[r];
    }
    LTA_TRY(wrong.alloc_zero(1));
    LTA_TRY(number(s, t.get(), wrong.p, &memory));
    if (s->symbols32)
        LTA_TRY(check_symbols(s, s->symbols32, made.owner, t->n_nodes, wrong.p, &memory));
    else
        LTA_TRY(check_symbols(s, s->symbols64, made.owner, t->n_nodes, wrong.p, &memory));
    LTA_TRY(wrong.at(0, &is_wrong));
    *canonical = !is_wrong;
    if (is_wrong)
        goto done;
    memory.release();
    LTA_TRY(download_trie(*t, nullptr, &made));
    keep_device_trie(std::move(t), &made);
    *out = made;
    made = lta_trie{};
done:
    lta_trie_free(&made);
    return st;
}
