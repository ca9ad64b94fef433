/* pipeline/enrich/enrichment.c - the committed files of a store in memory, and what is derived from them
 * once. */
#include "pipeline/enrich/enrich_internal.h"

#include "kernels/compute.h"
#include "pipeline/core/array.h"
#include "pipeline/core/digest.h"

#include <stddef.h>

static lta_status index_sessions(lta_enrichment *e)
{
    lta_status st = LTA_OK;
    const lta_trace *t = &e->trace;
    LTA_TRY(LTA_CALLOC(&e->session_offset, t->n_sessions + 1));
    LTA_TRY(LTA_ALLOC(&e->session_request, t->n));
    for (uint64_t r = 0; r < t->n; r++)
        if (t->session[r] != LTA_NO_U32)
            e->session_offset[t->session[r] + 1]++;
    for (uint64_t s = 0; s < t->n_sessions; s++)
        e->session_offset[s + 1] += e->session_offset[s];
    /* offsets serve as cursors, then are moved back by one session */
    for (uint64_t r = 0; r < t->n; r++)
        if (t->session[r] != LTA_NO_U32)
            e->session_request[e->session_offset[t->session[r]]++] = (uint32_t)r;
    for (uint64_t s = t->n_sessions; s > 0; s--)
        e->session_offset[s] = e->session_offset[s - 1];
    e->session_offset[0] = 0;
done:
    return st;
}

static uint32_t depth_of(const lta_trie *trie, int64_t node)
{
    return node < 0 ? 0 : trie->depth[node];
}

static lta_status count_touches(lta_enrichment *e)
{
    lta_status st = LTA_OK;
    const lta_trie *trie = &e->trie;
    const int64_t *touched = e->reuse.inputs_only ? trie->input_node : trie->full_node;
    uint64_t n = e->trace.n;
    LTA_TRY(LTA_ALLOC(&e->input_symbols, n));
    LTA_TRY(LTA_ALLOC(&e->touched_symbols, n));
    for (uint64_t r = 0; r < n; r++) {
        e->input_symbols[r] = depth_of(trie, trie->input_node[r]);
        e->touched_symbols[r] = depth_of(trie, touched[r]);
    }
    for (lta_scope s = LTA_SCOPE_GLOBAL; s <= LTA_SCOPE_SOURCE; s++) {
        const lta_runs *runs = &e->reuse.runs[s];
        LTA_TRY(LTA_ALLOC(&e->first_touches[s], n));
        for (uint64_t r = 0; r < n; r++) {
            uint32_t known = lta_runs_end(runs, r);
            if (known > e->touched_symbols[r]) {
                st = lta_fail(
                    LTA_ERR_FORMAT,
                    "reuse.h5:/%s: the runs of request %llu end at depth %u, below the %u symbols it touches",
                    lta_scope_name(s), (unsigned long long)r, known, e->touched_symbols[r]);
                goto done;
            }
            e->first_touches[s][r] = e->touched_symbols[r] - known;
        }
    }
    e->distinct = 0;
    for (uint64_t r = 0; r < n; r++)
        e->distinct += e->first_touches[LTA_SCOPE_GLOBAL][r];
done:
    return st;
}

static lta_status derive_from_symbols(lta_enrichment *e)
{
    lta_status st = LTA_OK;
    for (int s = 0; s < LTA_SCOPES; s++)
        if (lta_trace_has_scope(&e->trace, (lta_scope)s) && !e->reuse.present[s]) {
            st = lta_fail(LTA_ERR_FORMAT,
                          "reuse.h5:/%s: is missing; expected the runs of every scope of the trace",
                          lta_scope_name((lta_scope)s));
            goto done;
        }
    LTA_TRY(count_touches(e));
    LTA_TRY(lta_block_runs_compute(e->run, &e->trace, &e->trie, &e->reuse.runs[LTA_SCOPE_GLOBAL],
                                   e->reuse.inputs_only, 1, false, &e->by_symbol));
    const lta_stored_curve *stored = lta_curves_find(&e->curves, LTA_SCOPE_GLOBAL, 1, false);
    if (stored && e->curves.inputs_only == e->reuse.inputs_only) {
        e->curve = &stored->curve;
        goto done;
    }
    LTA_TRY(lta_compute_curve(e->run, e->by_symbol.n_runs, e->by_symbol.distance, e->by_symbol.looked_up,
                              &e->own_curve));
    e->curve = &e->own_curve;
done:
    return st;
}

lta_status lta_enrichment_derive(const lta_run *run, lta_enrichment *e)
{
    lta_status st = LTA_OK;
    e->run = run;
    e->symbols = e->trace.unit != LTA_UNIT_NONE;
    e->equal_blocks = e->trace.block_tokens > 0;
    e->lengths = e->trace.input_tokens != NULL;
    e->sessions = e->trace.session != NULL;
    e->times = e->trace.arrival_us != NULL;
    if (e->sessions)
        LTA_TRY(index_sessions(e));
    if (e->symbols)
        LTA_TRY(derive_from_symbols(e));
done:
    return st;
}

lta_status lta_enrichment_load(const lta_run *run, const char *store, lta_enrichment *e)
{
    lta_status st = LTA_OK;
    char digest[LTA_SHA256_HEX];
    LTA_TRY(lta_trace_load(store, false, &e->trace, digest));
    if (e->trace.unit != LTA_UNIT_NONE) {
        LTA_TRY(lta_trie_load(run, store, e->trace.n, &e->trie, NULL));
        LTA_TRY(lta_reuse_load(run, store, e->trace.n, &e->reuse, NULL));
        LTA_TRY(lta_curves_load(store, &e->curves, NULL));
    }
    LTA_TRY(lta_enrichment_derive(run, e));
done:
    return st;
}

void lta_enrichment_free(lta_enrichment *e)
{
    lta_fields_free(&e->fields, e->n_capacities);
    lta_free(e->capacities);
    lta_free(e->session_offset);
    lta_free(e->session_request);
    lta_curve_free(&e->own_curve);
    lta_block_runs_free(&e->by_symbol);
    for (int s = 0; s < LTA_SCOPES; s++)
        lta_free(e->first_touches[s]);
    lta_free(e->touched_symbols);
    lta_free(e->input_symbols);
    lta_curves_free(&e->curves);
    lta_reuse_free(&e->reuse);
    lta_trie_free(&e->trie);
    lta_trace_free(&e->trace);
    *e = (lta_enrichment){0};
}
