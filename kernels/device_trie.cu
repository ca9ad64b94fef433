/* kernels/device_trie.cu - tries on their way between host and device: 64-bit rows there, 32-bit rows here.
 */
#include "kernels/device_trie.cuh"

extern "C" {
#include "pipeline/core/array.h"
}

using namespace lta;

namespace
{

uint32_t narrow(int64_t row)
{
    return (uint32_t)row; /* -1 becomes NOWHERE */
}

int64_t widen(uint32_t row)
{
    return row == NOWHERE ? -1 : (int64_t)row;
}

lta_status upload_trie(const lta_trie *trie, device_trie *t)
{
    LTA_DEV(check_elements("nodes", trie->n_nodes));
    LTA_DEV(check_elements("requests", trie->n_requests));
    t->n_nodes = trie->n_nodes;
    t->n = trie->n_requests;
    t->inputs_are_full = true;
    for (uint64_t v = 0; v < t->n_nodes; v++)
        t->deepest = trie->depth[v] > t->deepest ? trie->depth[v] : t->deepest;
    for (uint64_t r = 0; t->inputs_are_full && r < t->n; r++)
        t->inputs_are_full = trie->input_node[r] == trie->full_node[r];
    if (!t->flat()) {
        LTA_DEV(t->parent.upload_each(t->n_nodes, [=](uint64_t v) { return narrow(trie->parent[v]); }));
        LTA_DEV(t->depth.upload(trie->depth, t->n_nodes));
    }
    if (!t->inputs_are_full)
        LTA_DEV(t->input_node.upload_each(t->n, [=](uint64_t r) { return narrow(trie->input_node[r]); }));
    return t->full_node.upload_each(t->n, [=](uint64_t r) { return narrow(trie->full_node[r]); });
}

} // namespace

lta_status lta::use_device_trie(const lta_trie *trie, device_trie *own, const device_trie **out)
{
    *out = own;
    if (!trie->device)
        return upload_trie(trie, own);
    *out = (const device_trie *)trie->device;
    return LTA_OK;
}

lta_status lta::download_trie(const device_trie &t, const device_array<uint32_t> *owner, lta_trie *out)
{
    lta_status st = LTA_OK;
    lta_trie trie = *out;
    trie.n_nodes = t.n_nodes;
    trie.n_requests = t.n;
    LTA_TRY(LTA_ALLOC(&trie.parent, t.n_nodes));
    LTA_TRY(LTA_ALLOC(&trie.depth, t.n_nodes));
    LTA_TRY(LTA_ALLOC(&trie.input_node, t.n));
    LTA_TRY(LTA_ALLOC(&trie.full_node, t.n));
    if (owner) {
        LTA_TRY(LTA_ALLOC(&trie.owner, t.n_nodes));
        LTA_TRY(owner->download(trie.owner, t.n_nodes));
    }
    for (uint64_t v = 0; t.flat() && v < t.n_nodes; v++) {
        trie.parent[v] = -1;
        trie.depth[v] = 1;
    }
    if (!t.flat()) {
        LTA_TRY(t.parent.download_each(t.n_nodes,
                                       [=](uint64_t v, uint32_t row) { trie.parent[v] = widen(row); }));
        LTA_TRY(t.depth.download(trie.depth, t.n_nodes));
    }
    if (t.inputs_are_full)
        LTA_TRY(t.full_node.download_each(
            t.n, [=](uint64_t r, uint32_t row) { trie.input_node[r] = trie.full_node[r] = widen(row); }));
    else {
        LTA_TRY(t.input_node.download_each(
            t.n, [=](uint64_t r, uint32_t row) { trie.input_node[r] = widen(row); }));
        LTA_TRY(t.full_node.download_each(t.n,
                                          [=](uint64_t r, uint32_t row) { trie.full_node[r] = widen(row); }));
    }
    *out = trie;
    return LTA_OK;
done:
    if (owner)
        lta_free(trie.owner);
    trie.owner = nullptr;
    lta_trie_free(&trie);
    return st;
}

void lta::keep_device_trie(std::unique_ptr<device_trie> t, lta_trie *out)
{
    if (worth_keeping(t->bytes()))
        out->device = t.release();
}
