/* kernels/device_trie.cuh - a trie that stays on the device, for operations that go on with it there. */
#ifndef LTA_KERNELS_DEVICE_TRIE_CUH
#define LTA_KERNELS_DEVICE_TRIE_CUH

extern "C" {
#include "kernels/trie_build.h"
}
#include "kernels/cuda_util.cuh"

#include <memory>

namespace lta
{

/* Row and request numbers in 32 bits, NOWHERE for -1. */
struct trie_view {
    uint64_t n_nodes, n;
    const uint32_t *parent, *depth; /* NULL in a flat trie, whose nodes are all children of the root */
    const uint32_t *input_node, *full_node;

    __device__ uint32_t depth_of(uint32_t node) const
    {
        return node == NOWHERE ? 0 : depth ? depth[node] : 1;
    }
};

struct device_trie : lta_device_copy {
    uint64_t n_nodes = 0, n = 0;  /* n: requests */
    uint32_t deepest = 0;         /* largest depth; 1: a flat trie, and neither parent nor depth are there */
    bool inputs_are_full = false; /* input_node is not there, since it is the same as full_node */
    device_array<uint32_t> parent, depth, input_node, full_node;
    /* Tops of heavy paths, once the first scope's runs have asked for them (run_build_cuda.cu). */
    mutable device_array<uint32_t> top;

    device_trie()
    {
        release = [](lta_device_copy *copy) { delete (device_trie *)copy; };
    }
    bool flat() const
    {
        return deepest <= 1;
    }
    const uint32_t *nodes(bool inputs) const
    {
        return inputs && !inputs_are_full ? input_node.p : full_node.p;
    }
    trie_view view() const
    {
        return trie_view{n_nodes,     n,           flat() ? nullptr : parent.p, flat() ? nullptr : depth.p,
                         nodes(true), nodes(false)};
    }
    uint64_t bytes() const
    {
        return sizeof(uint32_t) * (parent.n + depth.n + input_node.n + full_node.n + top.n);
    }
};

/* The trie's copy on the device, or if it has none, a new one in `own`, which releases itself. The trie has
 * nodes and requests. In device_trie.cu. */
LTA_MUST_CHECK lta_status use_device_trie(const lta_trie *trie, device_trie *own, const device_trie **out);

/* Takes the trie to the host. owner: as of lta_trie, NULL where out->owner is filled already. In
 * device_trie.cu. */
LTA_MUST_CHECK lta_status download_trie(const device_trie &t, const device_array<uint32_t> *owner,
                                        lta_trie *out);

/* For a trace of sequences of at most one symbol. *canonical: its pieces are, else nothing is made. In
 * flat_trie_cuda.cu. */
LTA_MUST_CHECK lta_status build_flat_trie(const lta_sequences *s, lta_trie *out, bool *canonical);

/* Leaves the copy with the host's trie, if there is room for it beside what is still to be done. */
void keep_device_trie(std::unique_ptr<device_trie> t, lta_trie *out);

} // namespace lta

#endif
