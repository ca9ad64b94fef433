/* pipeline/enrich/fields.c - the enrichment fields of every request (design, section 4). */
#include "pipeline/enrich/enrich_internal.h"

#include "pipeline/core/array.h"

#include <stdio.h>

/* End of the deepest reusable position in a scope: runs cover a prefix of the path, so it is where the last
 * run that begins inside the input ends. *last: index of that run; only set when the result is above 0. */
static uint32_t reusable_end(const lta_runs *runs, uint64_t r, uint32_t input, uint64_t *last)
{
    uint64_t k = runs->offset[r + 1];
    while (k > runs->offset[r] && runs->start[k - 1] >= input)
        k--;
    if (k == runs->offset[r])
        return 0;
    *last = k - 1;
    uint64_t end = (uint64_t)runs->start[k - 1] + runs->length[k - 1];
    return end < input ? (uint32_t)end : input;
}

/* Time from request a to a later request b. */
static int64_t time_between(const lta_trace *t, uint64_t a, uint64_t b)
{
    return t->arrival_us[b] - t->arrival_us[a];
}

static lta_status reuse_fields(lta_enrichment *e)
{
    lta_status st = LTA_OK;
    lta_fields *f = &e->fields;
    uint64_t n = e->trace.n;
    for (int s = 0; s < LTA_SCOPES; s++) {
        if (!e->reuse.present[s])
            continue;
        const lta_runs *runs = &e->reuse.runs[s];
        LTA_TRY(LTA_ALLOC(&f->reusable[s], n));
        uint32_t *reusable = f->reusable[s];
        for (uint64_t r = 0; r < n; r++) {
            uint64_t last;
            reusable[r] = reusable_end(runs, r, e->input_symbols[r], &last);
        }
    }
    if (e->sessions) {
        LTA_TRY(LTA_ALLOC(&f->reusable_cross, n));
        for (uint64_t r = 0; r < n; r++)
            f->reusable_cross[r] = f->reusable[LTA_SCOPE_SOURCE][r] - f->reusable[LTA_SCOPE_SESSION][r];
    }
    LTA_TRY(LTA_ALLOC(&f->new_symbols, n));
    LTA_TRY(LTA_ALLOC(&f->reuse_distance, n));
    LTA_TRY(LTA_ALLOC(&f->reuse_distance_first, n));
    LTA_TRY(LTA_ALLOC(&f->reuse_request, n));
    LTA_TRY(LTA_ALLOC(&f->working_set, n));
    const lta_runs *runs = &e->reuse.runs[LTA_SCOPE_GLOBAL];
    uint64_t distinct = 0;
    for (uint64_t r = 0; r < n; r++) {
        uint64_t last;
        uint32_t end = reusable_end(runs, r, e->input_symbols[r], &last);
        f->new_symbols[r] = e->input_symbols[r] - end;
        f->reuse_distance[r] = end > 0 ? runs->distance[last] + (end - runs->start[last]) : 0;
        f->reuse_distance_first[r] = end > 0 ? runs->distance[runs->offset[r]] + 1 : 0;
        f->reuse_request[r] = end > 0 ? (int64_t)runs->previous[last] : -1;
        f->working_set[r] = distinct;
        distinct += e->first_touches[LTA_SCOPE_GLOBAL][r];
    }
done:
    return st;
}

static lta_status next_fields(lta_enrichment *e)
{
    lta_status st = LTA_OK;
    lta_fields *f = &e->fields;
    const lta_runs *runs = &e->reuse.runs[LTA_SCOPE_GLOBAL];
    uint64_t n = e->trace.n;
    LTA_TRY(LTA_ALLOC(&f->next_request, n));
    for (uint64_t r = 0; r < n; r++)
        f->next_request[r] = -1;
    for (uint64_t r = 0; r < n; r++)
        for (uint64_t k = runs->offset[r]; k < runs->offset[r + 1] && runs->start[k] < e->input_symbols[r];
             k++)
            if (f->next_request[runs->previous[k]] < 0)
                f->next_request[runs->previous[k]] = (int64_t)r;
    if (!e->times)
        return LTA_OK;
    LTA_TRY(LTA_ALLOC(&f->reuse_time_us, n));
    LTA_TRY(LTA_ALLOC(&f->next_reuse_time_us, n));
    for (uint64_t r = 0; r < n; r++) {
        int64_t from = f->reuse_request[r], to = f->next_request[r];
        f->reuse_time_us[r] = from < 0 ? -1 : time_between(&e->trace, (uint64_t)from, r);
        f->next_reuse_time_us[r] = to < 0 ? -1 : time_between(&e->trace, r, (uint64_t)to);
    }
done:
    return st;
}

static lta_status time_and_session_fields(lta_enrichment *e)
{
    lta_status st = LTA_OK;
    lta_fields *f = &e->fields;
    const lta_trace *t = &e->trace;
    if (e->times) {
        LTA_TRY(LTA_ALLOC(&f->interarrival_us, t->n));
        for (uint64_t r = 0; r < t->n; r++)
            f->interarrival_us[r] = r == 0 ? -1 : time_between(t, r - 1, r);
    }
    if (e->sessions && e->times) {
        LTA_TRY(LTA_ALLOC(&f->think_time_us, t->n));
        for (uint64_t r = 0; r < t->n; r++)
            f->think_time_us[r] = -1;
        for (uint64_t s = 0; s < t->n_sessions; s++)
            for (uint64_t i = e->session_offset[s] + 1; i < e->session_offset[s + 1]; i++)
                f->think_time_us[e->session_request[i]] =
                    time_between(t, e->session_request[i - 1], e->session_request[i]);
    }
    if (e->sessions) {
        LTA_TRY(LTA_ALLOC(&f->session_turns, t->n));
        for (uint64_t r = 0; r < t->n; r++) {
            uint32_t s = t->session[r];
            f->session_turns[r] =
                s == LTA_NO_U32 ? 0 : (uint32_t)(e->session_offset[s + 1] - e->session_offset[s]);
        }
    }
done:
    return st;
}

static lta_status path_fields(lta_enrichment *e)
{
    lta_status st = LTA_OK;
    lta_fields *f = &e->fields;
    const lta_trie *trie = &e->trie;
    uint32_t *nodes = NULL; /* nodes from the root to each node, itself included; parents come first */
    uint64_t n = e->trace.n;
    LTA_TRY(LTA_ALLOC(&nodes, trie->n_nodes));
    for (uint64_t i = 0; i < trie->n_nodes; i++)
        nodes[i] = trie->parent[i] < 0 ? 1 : nodes[trie->parent[i]] + 1;
    LTA_TRY(LTA_ALLOC(&f->trie_depth, n));
    for (uint64_t r = 0; r < n; r++)
        f->trie_depth[r] = trie->full_node[r] < 0 ? 0 : nodes[trie->full_node[r]];
    LTA_TRY(LTA_CALLOC(&f->hit, e->n_capacities));
    for (uint64_t c = 0; c < e->n_capacities; c++) {
        LTA_TRY(lta_check_stop(e->run));
        LTA_TRY(LTA_ALLOC(&f->hit[c], n));
        uint32_t *hit = f->hit[c];
        uint64_t capacity = e->capacities[c];
#pragma omp parallel for schedule(static) num_threads(e->run->threads)
        for (uint64_t r = 0; r < n; r++)
            hit[r] = (uint32_t)lta_request_hits(&e->reuse.runs[LTA_SCOPE_GLOBAL], &e->by_symbol, r, capacity);
    }
done:
    lta_free(nodes);
    return st;
}

static lta_status memory_field(lta_enrichment *e)
{
    const lta_trace *t = &e->trace;
    uint64_t bytes = lta_model_token_bytes(&e->model);
    if (!e->lengths)
        return LTA_OK;
    lta_status st = LTA_ALLOC(&e->fields.kv_bytes, t->n);
    if (st != LTA_OK)
        return st;
    for (uint64_t r = 0; r < t->n; r++) {
        bool known = t->input_tokens[r] != LTA_NO_U32 && t->output_tokens[r] != LTA_NO_U32;
        e->fields.kv_bytes[r] =
            known ? lta_multiply_saturated((uint64_t)t->input_tokens[r] + t->output_tokens[r], bytes)
                  : UINT64_MAX;
    }
    return LTA_OK;
}

lta_status lta_fields_compute(lta_enrichment *e)
{
    lta_status st = LTA_OK;
    if (e->symbols) {
        LTA_TRY(reuse_fields(e));
        LTA_TRY(next_fields(e));
        LTA_TRY(path_fields(e));
        if (e->equal_blocks && LTA_PROMPT_CACHE_MIN_TOKENS % e->trace.block_tokens == 0) {
            uint64_t lookups;
            LTA_TRY(lta_prompt_cache_distances(e, LTA_PROMPT_CACHE_MIN_TOKENS, e->sessions,
                                               &e->fields.prompt_cache_distance, &lookups));
        }
    }
    LTA_TRY(time_and_session_fields(e));
    LTA_TRY(memory_field(e));
done:
    return st;
}

lta_status lta_fields_write(const lta_enrichment *e, lta_writer *w)
{
    const lta_fields *f = &e->fields;
    const struct {
        const char *name, *unit;
        lta_type type;
        const void *data;
        const char *description;
    } before_hits[] = {
        {"reusable", "symbols", LTA_U32, f->reusable[LTA_SCOPE_GLOBAL],
         "longest prefix of the input that any earlier request left behind (infinite cache)"},
        {"reusable_session", "symbols", LTA_U32, f->reusable[LTA_SCOPE_SESSION],
         "longest prefix of the input that earlier requests of the same session left behind"},
        {"reusable_source", "symbols", LTA_U32, f->reusable[LTA_SCOPE_SOURCE],
         "longest prefix of the input that earlier requests of the same source left behind"},
        {"reusable_cross", "symbols", LTA_U32, f->reusable_cross,
         "reusable_source - reusable_session: shared between sessions, replayed copies left out"},
        {"new_symbols", "symbols", LTA_U32, f->new_symbols, "input length - reusable"},
        {"reuse_distance", "symbols", LTA_U64, f->reuse_distance,
         "smallest LRU capacity at which all of reusable hits; 0 = nothing is reusable"},
        {"reuse_distance_first", "symbols", LTA_U64, f->reuse_distance_first,
         "smallest LRU capacity at which anything hits; 0 = nothing is reusable"},
        {"reuse_request", "1", LTA_I64, f->reuse_request,
         "request that last touched the deepest reusable position; -1 = none"},
        {"reuse_time_us", "us", LTA_I64, f->reuse_time_us, "arrival - arrival of reuse_request; -1 = none"},
        {"working_set", "symbols", LTA_U64, f->working_set,
         "distinct positions touched by all earlier requests"},
        {"next_request", "1", LTA_I64, f->next_request,
         "first later request that finds a part of its input last touched by this one; -1 = none"},
        {"next_reuse_time_us", "us", LTA_I64, f->next_reuse_time_us,
         "time until next_request arrives; -1 = none"},
        {"interarrival_us", "us", LTA_I64, f->interarrival_us,
         "time since the previous request of the trace; -1 for the first"},
        {"think_time_us", "us", LTA_I64, f->think_time_us,
         "time since the previous request of the session; -1 for the first, or without a session"},
        {"session_turns", "1", LTA_U32, f->session_turns,
         "requests of the session in this trace; 0 = no session"},
        {"trie_depth", "nodes", LTA_U32, f->trie_depth,
         "nodes of the finished trie on the path of the full sequence, root not counted"},
    };
    lta_status st = LTA_OK;
    char path[64], text[160];
    for (size_t i = 0; i < sizeof before_hits / sizeof *before_hits; i++) {
        if (!before_hits[i].data)
            continue;
        snprintf(path, sizeof path, "/requests/%s", before_hits[i].name);
        LTA_TRY(lta_writer_column(w, path, before_hits[i].type, before_hits[i].data, e->trace.n,
                                  before_hits[i].unit, before_hits[i].description));
    }
    for (uint64_t c = 0; f->hit && c < e->n_capacities; c++) {
        snprintf(path, sizeof path, "/requests/hit_%llu", (unsigned long long)e->capacities[c]);
        snprintf(text, sizeof text, "symbols of the input that hit in an LRU cache of %llu symbols",
                 (unsigned long long)e->capacities[c]);
        LTA_TRY(lta_writer_column(w, path, LTA_U32, f->hit[c], e->trace.n, "symbols", text));
    }
    snprintf(text, sizeof text,
             "KV cache of input and output in %s, %llu bytes a token; 2^64-1 = a count is not given",
             e->model.name, (unsigned long long)lta_model_token_bytes(&e->model));
    if (f->kv_bytes)
        LTA_TRY(lta_writer_column(w, "/requests/kv_bytes", LTA_U64, f->kv_bytes, e->trace.n, "bytes", text));
    if (f->prompt_cache_distance) {
        snprintf(text, sizeof text,
                 "stack distance of the prompt-cache key (%sfirst %d input tokens); 0 = not looked up or "
                 "never seen",
                 e->sessions ? "session, " : "", LTA_PROMPT_CACHE_MIN_TOKENS);
        LTA_TRY(lta_writer_column(w, "/requests/prompt_cache_distance", LTA_U64, f->prompt_cache_distance,
                                  e->trace.n, "prompts", text));
    }
done:
    return st;
}

void lta_fields_free(lta_fields *f, uint64_t n_capacities)
{
    for (int s = 0; s < LTA_SCOPES; s++)
        lta_free(f->reusable[s]);
    for (uint64_t c = 0; f->hit && c < n_capacities; c++)
        lta_free(f->hit[c]);
    void *const columns[] = {f->reusable_cross,       f->new_symbols,   f->reuse_distance,
                             f->reuse_distance_first, f->reuse_request, f->reuse_time_us,
                             f->working_set,          f->next_request,  f->next_reuse_time_us,
                             f->interarrival_us,      f->think_time_us, f->session_turns,
                             f->trie_depth,           f->hit,           f->kv_bytes,
                             f->prompt_cache_distance};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        lta_free(columns[i]);
    *f = (lta_fields){0};
}
