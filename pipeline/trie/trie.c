/* pipeline/trie/trie.c - the trie stage and the reader of trie.h5. */
#include "pipeline/trie/trie.h"

#include "kernels/compute.h"
#include "pipeline/core/digest.h"
#include "pipeline/stage/carry.h"
#include "pipeline/stage/stage.h"
#include "pipeline/trace/trace.h"

#include <string.h>

static void free_trie(void *trie)
{
    lta_trie_free(trie);
}

static lta_status write_trie(const lta_stage *stage, const lta_trie *t, char *digest)
{
    lta_status st = LTA_OK;
    lta_writer *w = NULL;
    LTA_TRY(lta_stage_create(stage, &w));
    LTA_TRY(lta_writer_column(w, "/trie/parent", LTA_I64, t->parent, t->n_nodes, "1",
                              "row of the parent node; -1 for children of the root"));
    LTA_TRY(lta_writer_column(w, "/trie/depth", LTA_U32, t->depth, t->n_nodes, "symbols",
                              "symbols from the root to the end of the node"));
    LTA_TRY(lta_writer_column(w, "/trie/owner", LTA_U32, t->owner, t->n_nodes, "1",
                              "lowest request whose full sequence contains the node"));
    LTA_TRY(lta_writer_column(w, "/requests/input_node", LTA_I64, t->input_node, t->n_requests, "1",
                              "node at which the request's input ends; -1 = empty"));
    LTA_TRY(lta_writer_column(w, "/requests/full_node", LTA_I64, t->full_node, t->n_requests, "1",
                              "node at which the request's input and output end; -1 = empty"));
    LTA_TRY(lta_stage_commit(stage, w));
    memcpy(digest, lta_writer_digest(w), LTA_SHA256_HEX);
done:
    lta_writer_close(w);
    return st;
}

lta_status lta_trie_stage(const lta_run *run, const char *store)
{
    static const char *const inputs[] = {"trace.h5", NULL};
    lta_status st = LTA_OK;
    lta_stage stage = {0};
    lta_trace trace = {0};
    lta_trie trie = {0};
    char digest[LTA_SHA256_HEX] = "";
    bool has, current;

    LTA_TRY(lta_stage_has_symbols(store, &has));
    if (!has)
        return lta_stage_skip(run, "trie", store, "trie.h5");
    LTA_TRY(lta_stage_begin(&stage, run, "trie", store, "trie.h5", json_object(), inputs, &current));
    if (current)
        goto done;
    lta_progress_begin(run->log, "trie", " steps", 3);
    LTA_TRY(lta_trace_load(store, true, &trace, NULL));
    lta_progress_update(run->log, 1);
    LTA_TRY(lta_compute_trie(run, &trace.sequences, &trie));
    lta_progress_update(run->log, 2);
    LTA_TRY(write_trie(&stage, &trie, digest));
    lta_progress_end(run->log);
    lta_log_done(run->log, "trie", stage.started, trie.n_requests, "%llu nodes for %llu requests (%s)",
                 (unsigned long long)trie.n_nodes, (unsigned long long)trie.n_requests,
                 lta_compute_device(run));
done:
    lta_trie_leave(run, digest, &trie);
    lta_trace_free(&trace);
    lta_stage_end(&stage);
    return st;
}

void lta_trie_leave(const lta_run *run, const char *digest, lta_trie *t)
{
    lta_carry_put(*digest ? run->carry : NULL, "trie.h5", digest, t, sizeof *t, free_trie);
}

lta_status lta_trie_load(const lta_run *run, const char *store, uint64_t n_requests, lta_trie *out,
                         char *digest)
{
    lta_status st = LTA_OK;
    lta_reader *r = NULL;
    lta_trie t = {.n_requests = n_requests};
    uint64_t n_depth, n_owner, n_input, n_full;
    LTA_TRY(lta_stage_open_file(store, "trie.h5", true, &r));
    if (digest)
        memcpy(digest, lta_reader_digest(r), LTA_SHA256_HEX);
    if (lta_carry_take(run->carry, "trie.h5", lta_reader_digest(r), out, sizeof *out))
        goto done;
    LTA_TRY(lta_reader_column(r, "/trie/parent", LTA_I64, (void **)&t.parent, &t.n_nodes));
    LTA_TRY(lta_reader_column(r, "/trie/depth", LTA_U32, (void **)&t.depth, &n_depth));
    LTA_TRY(lta_reader_column(r, "/trie/owner", LTA_U32, (void **)&t.owner, &n_owner));
    LTA_TRY(lta_reader_column(r, "/requests/input_node", LTA_I64, (void **)&t.input_node, &n_input));
    LTA_TRY(lta_reader_column(r, "/requests/full_node", LTA_I64, (void **)&t.full_node, &n_full));
    if (n_depth != t.n_nodes || n_owner != t.n_nodes || n_input != n_requests || n_full != n_requests) {
        st = lta_fail(LTA_ERR_FORMAT,
                      "%s: columns of different lengths; expected %llu nodes and %llu requests",
                      lta_reader_path(r), (unsigned long long)t.n_nodes, (unsigned long long)n_requests);
        goto done;
    }
    LTA_TRY(lta_trie_validate(&t));
    *out = t;
    t = (lta_trie){0};
done:
    lta_trie_free(&t);
    lta_reader_close(r);
    return st;
}
