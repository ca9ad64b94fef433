/* kernels/trie.c - checking and releasing tries, whichever backend built them. */
#include "kernels/trie_build.h"
#include "pipeline/core/array.h"

lta_status lta_trie_validate(const lta_trie *t)
{
    for (uint64_t i = 0; i < t->n_nodes; i++) {
        int64_t p = t->parent[i];
        bool ordered = i == 0 || t->owner[i - 1] < t->owner[i] ||
                       (t->owner[i - 1] == t->owner[i] && t->depth[i - 1] < t->depth[i]);
        bool below = p >= -1 && p < (int64_t)i && t->depth[i] > (p < 0 ? 0 : t->depth[p]) &&
                     (p < 0 || t->owner[p] <= t->owner[i]);
        if (!ordered || !below || t->owner[i] >= t->n_requests)
            return lta_fail(LTA_ERR_FORMAT,
                            "trie row %llu (parent %lld, depth %u, owner %u): expected rows by (owner, "
                            "depth), each below "
                            "an earlier row",
                            (unsigned long long)i, (long long)p, t->depth[i], t->owner[i]);
    }
    for (uint64_t r = 0; r < t->n_requests; r++) {
        int64_t in = t->input_node[r], full = t->full_node[r];
        bool inside = in >= -1 && full >= -1 && in < (int64_t)t->n_nodes && full < (int64_t)t->n_nodes;
        if (!inside || (in >= 0 && (full < 0 || t->depth[in] > t->depth[full])) ||
            (full >= 0 && t->owner[full] > r))
            return lta_fail(LTA_ERR_FORMAT,
                            "request %llu: input node %lld and full node %lld; expected nodes on one path, "
                            "the input's first",
                            (unsigned long long)r, (long long)in, (long long)full);
    }
    return LTA_OK;
}

bool lta_trie_is_flat(const lta_trie *t)
{
    for (uint64_t v = 0; v < t->n_nodes; v++)
        if (t->depth[v] > 1)
            return false;
    return true;
}

void lta_trie_free(lta_trie *t)
{
    lta_free(t->parent);
    lta_free(t->depth);
    lta_free(t->owner);
    lta_free(t->input_node);
    lta_free(t->full_node);
    lta_device_copy_free(t->device);
    *t = (lta_trie){0};
}
