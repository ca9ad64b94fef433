/* pipeline/export/export_mooncake_jsonl.c - one JSON object a request with Mooncake's four keys.
 *
 * Neither block size nor unit is in the format, which has misled its readers; they stand in a file beside the
 * output, OUT.meta.json. */
#include "pipeline/export/export_requests.h"

#include "kernels/compute.h"
#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/core/text_out.h"
#include "pipeline/trace/licence.h"
#include "pipeline/trie/block_ids.h"

#include <string.h>

typedef struct mooncake {
    lta_export_requests e;
    lta_trie trie;
    lta_block_ids blocks; /* of token traces */
    uint64_t block_tokens;
} mooncake;

static lta_status prepare(const lta_export_target *x, mooncake *m)
{
    lta_status st = LTA_OK;
    const lta_trace *t = &m->e.trace;
    const lta_export_options *o = x->options;
    if (t->unit == LTA_UNIT_NONE || !t->arrival_us)
        return lta_fail(LTA_ERR_USAGE, "%s: its sources give no %s, which %s needs", x->store,
                        t->unit == LTA_UNIT_NONE ? "symbols" : "times", o->format);
    if (t->unit == LTA_UNIT_BLOCK && t->block_tokens == 0)
        return lta_fail(LTA_ERR_USAGE,
                        "%s: its blocks have unequal numbers of tokens, which %s cannot express", x->store,
                        o->format);
    if (t->unit == LTA_UNIT_BLOCK) {
        if (o->block > 0 || o->drop_tail)
            return lta_fail(
                LTA_ERR_USAGE,
                "%s: its sources give ids of blocks of %u tokens, which --block and --tail cannot "
                "change",
                x->store, t->block_tokens);
        if (!o->allow_restricted)
            LTA_TRY(lta_check_licences(t, m->e.keep, LTA_EXPORT_UNLESS));
        m->block_tokens = t->block_tokens;
        return LTA_OK;
    }
    /* ids of a token trace are numbers of its prefixes, which give no token away */
    if (o->block == 0)
        return lta_fail(LTA_ERR_USAGE, "%s: its sources give tokens; expected --block N, tokens a block",
                        x->store);
    m->block_tokens = o->block;
    LTA_TRY(lta_compute_trie(x->run, &t->sequences, &m->trie));
    LTA_TRY(lta_block_ids_open(&m->trie, o->block, !o->drop_tail, &m->blocks));
done:
    return st;
}

/* Milliseconds, with as many decimals as microseconds need. */
static void write_time(lta_text_out *out, int64_t us)
{
    uint64_t size = us < 0 ? (uint64_t)0 - (uint64_t)us : (uint64_t)us, rest = size % 1000;
    if (us < 0)
        lta_out_text(out, "-");
    lta_out_u64(out, size / 1000);
    if (rest == 0)
        return;
    char decimals[3] = {(char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10)};
    size_t n = rest % 100 == 0 ? 1 : rest % 10 == 0 ? 2 : 3;
    lta_out_text(out, ".");
    lta_out_bytes(out, decimals, n);
}

static lta_status write_request(mooncake *m, uint64_t r, lta_text_out *out)
{
    lta_status st = LTA_OK;
    const uint64_t *ids;
    uint32_t n;
    if (m->e.trace.unit == LTA_UNIT_BLOCK)
        LTA_TRY(lta_export_input_symbols(&m->e, r, &ids, &n));
    else
        LTA_TRY(lta_block_ids_get(&m->blocks, m->blocks.trie->input_node[r], &ids, &n));
    lta_out_text(out, "{\"timestamp\": ");
    write_time(out, lta_export_time_us(&m->e, r));
    lta_out_text(out, ", \"input_length\": ");
    lta_out_u64(out, m->e.trace.input_tokens[r]);
    lta_out_text(out, ", \"output_length\": ");
    lta_out_u64(out, m->e.trace.output_tokens[r]);
    lta_out_text(out, ", \"hash_ids\": ");
    lta_out_u64_list(out, ids, n);
    lta_out_text(out, "}\n");
done:
    return st;
}

/* What the format cannot say; scope global: ids mean the same in all of the file. */
static lta_status write_meta(const lta_export_target *x, const mooncake *m)
{
    lta_status st = LTA_OK;
    lta_text_out *out = NULL;
    char *path = NULL;
    const lta_trace *t = &m->e.trace;
    bool first = true;
    size_t n = strlen(x->name) + sizeof ".meta.json";
    LTA_TRY(LTA_ALLOC(&out, 1));
    LTA_TRY(LTA_ALLOC(&path, n));
    snprintf(path, n, "%s.meta.json", x->name);
    LTA_TRY(lta_text_create(path, x->beside));
    lta_out_begin(out, x->beside->stream);
    lta_out_text(out, "{\"unit\": \"block\", \"scope\": \"global\", \"block_tokens\": ");
    lta_out_u64(out, m->block_tokens);
    lta_out_text(out, ", \"ids\": ");
    lta_out_json_text(out, t->unit == LTA_UNIT_BLOCK ? "as released"
                                                     : "one a prefix, in order of first appearance");
    lta_out_text(out, ", \"ids_of\": \"inputs\", \"partial_last_block\": ");
    lta_out_json_text(out, t->unit == LTA_UNIT_BLOCK ? "as imported"
                           : x->options->drop_tail   ? "dropped"
                                                     : "has an id");
    lta_out_text(out, ", \"sources\": [");
    for (uint64_t s = 0; s < t->sources.n; s++) {
        if (!m->e.keep[s])
            continue;
        lta_out_text(out, first ? "{\"name\": " : ", {\"name\": ");
        lta_out_json_text(out, lta_strings_get(&t->sources.name, s));
        lta_out_text(out, ", \"licence\": ");
        lta_out_json_text(out, lta_strings_get(&t->sources.licence, s));
        lta_out_text(out, "}");
        first = false;
    }
    lta_out_text(out, "], \"timestamp_unit\": \"ms\"}\n");
    LTA_TRY(lta_out_finish(out, path));
done:
    lta_free(path);
    lta_free(out);
    return st;
}

lta_status lta_export_mooncake_jsonl(const lta_export_target *x)
{
    lta_status st = LTA_OK;
    mooncake m = {0};
    lta_text_out *out = NULL;
    bool more;
    LTA_TRY(lta_export_requests_open(x, true, &m.e));
    LTA_TRY(prepare(x, &m));
    LTA_TRY(LTA_ALLOC(&out, 1));
    lta_out_begin(out, x->stream);
    for (uint64_t r = 0;; r++) {
        LTA_TRY(lta_export_next(&m.e, &r, &more));
        if (!more || out->failed)
            break;
        LTA_TRY(write_request(&m, r, out));
    }
    LTA_TRY(lta_out_finish(out, x->name));
    if (x->beside)
        LTA_TRY(write_meta(x, &m));
done:
    lta_free(out);
    lta_block_ids_close(&m.blocks);
    lta_trie_free(&m.trie);
    lta_export_requests_close(&m.e);
    return st;
}
