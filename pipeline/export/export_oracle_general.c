/* pipeline/export/export_oracle_general.c - libCacheSim's oracleGeneral: a record of 24 bytes for every
 * touched position, little-endian without padding: u32 seconds, u64 object, u32 size, i64 number of the
 * record (from 1) that touches the object next, -1 if none does.
 *
 * Objects are positions of the prefix trie, not symbols: equal symbols behind different prefixes are
 * different objects. A request touches deepest first. Who touches a position next is who touched it last when
 * time runs backwards, so the runs of the reversed trace tell, and nothing is kept for single records. */
#include "pipeline/export/export_requests.h"

#include "kernels/compute.h"
#include "pipeline/core/array.h"
#include "pipeline/core/text_out.h"

#include <string.h>

typedef struct oracle {
    lta_export_requests e;
    lta_trie trie;
    lta_runs next;    /* of the reversed trace: request r is n - 1 - r there */
    uint64_t *object; /* [n_nodes] number of the first position of a node's label */
    uint64_t *record; /* [n + 1] number of the first record of each request, from 0 */
} oracle;

/* Node at which request r's path ends, -1 if it is not exported. */
static int64_t path_of(const oracle *o, uint64_t r)
{
    return o->e.keep[o->e.trace.source[r]] ? o->trie.full_node[r] : -1;
}

static lta_status prepare(const lta_export_target *x, oracle *o)
{
    lta_status st = LTA_OK;
    const lta_trace *t = &o->e.trace;
    int64_t *touched = NULL;
    uint64_t positions = 1; /* some simulators take object 0 for none */
    if (t->unit == LTA_UNIT_NONE)
        return lta_fail(LTA_ERR_USAGE, "%s: its sources give no symbols, which %s consists of", x->store,
                        x->options->format);
    LTA_TRY(lta_compute_trie(x->run, &t->sequences, &o->trie));
    LTA_TRY(LTA_ALLOC(&o->object, o->trie.n_nodes));
    for (uint64_t i = 0; i < o->trie.n_nodes; i++) {
        o->object[i] = positions;
        positions += lta_trie_label_length(&o->trie, (int64_t)i);
    }
    LTA_TRY(LTA_ALLOC(&touched, t->n));
    LTA_TRY(LTA_ALLOC(&o->record, t->n + 1));
    o->record[0] = 0;
    for (uint64_t r = 0; r < t->n; r++) {
        int64_t node = path_of(o, r);
        touched[t->n - 1 - r] = node;
        o->record[r + 1] = o->record[r] + (node < 0 ? 0 : o->trie.depth[node]);
    }
    LTA_TRY(lta_compute_runs(x->run, &o->trie, touched, NULL, &o->next));
done:
    lta_free(touched);
    return st;
}

static void put_u32(unsigned char *to, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(v >> 8 * i);
}

static void put_u64(unsigned char *to, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        to[i] = (unsigned char)(v >> 8 * i);
}

/* Records of one request: depth falls, and with it the next toucher only comes earlier. */
static void write_request(const oracle *o, uint64_t r, uint32_t seconds, lta_text_out *out)
{
    enum { RECORD = 24, SIZE = 1 };
    const lta_runs *next = &o->next;
    uint64_t n = o->e.trace.n, reversed = n - 1 - r, run = next->offset[reversed + 1];
    int64_t node = path_of(o, r);
    uint32_t depth = node < 0 ? 0 : o->trie.depth[node];
    for (; depth > 0; depth--) {
        int64_t parent = o->trie.parent[node];
        uint32_t above = parent < 0 ? 0 : o->trie.depth[parent];
        unsigned char bytes[RECORD];
        int64_t when = -1;
        if (run > next->offset[reversed] && depth <= next->start[run - 1])
            run--;
        if (run > next->offset[reversed] && depth <= next->start[run - 1] + next->length[run - 1]) {
            uint64_t q = n - 1 - next->previous[run - 1];
            uint32_t deepest = o->trie.depth[path_of(o, q)];
            when = (int64_t)(o->record[q] + (deepest - depth) + 1);
        }
        put_u32(bytes, seconds);
        put_u64(bytes + 4, o->object[node] + (depth - above - 1));
        put_u32(bytes + 12, SIZE);
        put_u64(bytes + 16, (uint64_t)when);
        lta_out_bytes(out, bytes, sizeof bytes);
        if (depth == above + 1)
            node = parent;
    }
}

static lta_status seconds_of(const oracle *o, uint64_t r, uint32_t *out)
{
    int64_t us = o->e.trace.arrival_us ? o->e.trace.arrival_us[r] : 0;
    if (us / 1000000 > UINT32_MAX)
        return lta_fail(LTA_ERR_USAGE,
                        "%s: request %llu arrives after 2^32 seconds, which the format cannot express",
                        o->e.target->store, (unsigned long long)r);
    *out = (uint32_t)(us / 1000000);
    return LTA_OK;
}

lta_status lta_export_oracle_general(const lta_export_target *x)
{
    lta_status st = LTA_OK;
    oracle o = {0};
    lta_text_out *out = NULL;
    uint32_t seconds = 0;
    bool more;
    LTA_TRY(lta_export_requests_open(x, true, &o.e));
    LTA_TRY(prepare(x, &o));
    LTA_TRY(LTA_ALLOC(&out, 1));
    lta_out_begin(out, x->stream);
    for (uint64_t r = 0;; r++) {
        LTA_TRY(lta_export_next(&o.e, &r, &more));
        if (!more || out->failed)
            break;
        LTA_TRY(seconds_of(&o, r, &seconds));
        write_request(&o, r, seconds, out);
    }
    LTA_TRY(lta_out_finish(out, x->name));
done:
    lta_free(out);
    lta_free(o.object);
    lta_free(o.record);
    lta_runs_free(&o.next);
    lta_trie_free(&o.trie);
    lta_export_requests_close(&o.e);
    return st;
}
