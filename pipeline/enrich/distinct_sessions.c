/* pipeline/enrich/distinct_sessions.c - which sessions are the same conversation: equal lists of (input,
 * output) by turn.
 *
 * A request's input and output are equal to another's exactly if their input_node and full_node are, so a
 * session is a list of node pairs. Lists are hashed to find candidates and compared in full to be sure. */
#include "pipeline/enrich/enrich_internal.h"

#include "pipeline/core/array.h"

#include <string.h>
#include <xxhash.h>

/* Node pairs of every session, by turn (then request; by request where the trace has no turns): pair[2i],
 * pair[2i+1] belong to the i-th entry of the session index. */
static lta_status list_pairs(const lta_enrichment *e, int64_t **out)
{
    lta_status st = LTA_OK;
    const lta_trace *t = &e->trace;
    uint64_t n = e->session_offset[t->n_sessions];
    uint64_t *key = NULL, *scratch = NULL; /* turn and request in one sortable number */
    int64_t *pair = NULL;
    LTA_TRY(LTA_ALLOC(&key, n));
    LTA_TRY(LTA_ALLOC(&scratch, n));
    LTA_TRY(LTA_ALLOC(&pair, 2 * n));
    for (uint64_t i = 0; i < n; i++) {
        uint32_t r = e->session_request[i];
        key[i] = (t->turn ? (uint64_t)t->turn[r] << 32 : 0) | r;
    }
    for (uint64_t s = 0; s < t->n_sessions; s++) {
        uint64_t from = e->session_offset[s], length = e->session_offset[s + 1] - from, i = 1;
        while (i < length && key[from + i - 1] < key[from + i])
            i++;
        if (i < length)
            lta_sort_u64(key + from, scratch, length);
    }
    for (uint64_t i = 0; i < n; i++) {
        uint32_t r = (uint32_t)key[i];
        pair[2 * i] = e->trie.input_node[r];
        pair[2 * i + 1] = e->trie.full_node[r];
    }
    *out = pair;
    pair = NULL;
done:
    lta_free(pair);
    lta_free(scratch);
    lta_free(key);
    return st;
}

lta_status lta_session_classes(const lta_enrichment *e, uint32_t **class_of)
{
    lta_status st = LTA_OK;
    uint64_t n = e->trace.n_sessions, n_slots = 64, *hash = NULL;
    const uint64_t *offset = e->session_offset;
    int64_t *pair = NULL;
    uint32_t *slot = NULL, *class = NULL; /* slot: 1 + first session of a class, 0 = free */
    while (n_slots < 2 * n)
        n_slots *= 2;
    LTA_TRY(list_pairs(e, &pair));
    LTA_TRY(LTA_ALLOC(&hash, n));
    LTA_TRY(LTA_ALLOC(&class, n));
    LTA_TRY(LTA_CALLOC(&slot, n_slots));
    for (uint64_t s = 0; s < n; s++) {
        const int64_t *list = pair + 2 * offset[s];
        uint64_t length = offset[s + 1] - offset[s], h;
        size_t bytes = (size_t)length * 2 * sizeof *pair;
        hash[s] = XXH3_64bits(list, bytes);
        for (h = hash[s] & (n_slots - 1); slot[h] != 0; h = (h + 1) & (n_slots - 1)) {
            uint64_t other = slot[h] - 1;
            if (hash[other] == hash[s] && offset[other + 1] - offset[other] == length &&
                memcmp(pair + 2 * offset[other], list, bytes) == 0)
                break;
        }
        if (slot[h] == 0)
            slot[h] = (uint32_t)(s + 1);
        class[s] = slot[h] - 1;
    }
    *class_of = class;
    class = NULL;
done:
    lta_free(class);
    lta_free(slot);
    lta_free(hash);
    lta_free(pair);
    return st;
}
