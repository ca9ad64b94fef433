/* pipeline/enrich/table_summary.c - the tables `summary` (per source and for all), `trie_shape` and `models`.
 */
#include "pipeline/enrich/enrich_internal.h"

#include "pipeline/core/array.h"

#include <string.h>

typedef struct totals {
    uint64_t requests, sessions, distinct_sessions, input_tokens, output_tokens;
    uint64_t input_symbols, symbols, distinct_symbols, reusable[LTA_SCOPES];
    uint64_t empty, no_output, failed;
    int64_t first_us, last_us;
} totals;

static void add_request(const lta_enrichment *e, uint64_t r, totals *t)
{
    const lta_trace *trace = &e->trace;
    if (e->times) {
        if (t->requests == 0)
            t->first_us = trace->arrival_us[r];
        t->last_us = trace->arrival_us[r];
    }
    t->requests++;
    if (e->lengths) {
        t->input_tokens += lta_token_count(trace->input_tokens[r]);
        t->output_tokens += lta_token_count(trace->output_tokens[r]);
        t->empty += trace->input_tokens[r] == 0;
        t->no_output += trace->output_tokens[r] == 0;
    }
    if (!e->symbols)
        return;
    t->input_symbols += e->input_symbols[r];
    t->symbols += e->touched_symbols[r];
    for (int s = 0; s < LTA_SCOPES; s++)
        if (e->fields.reusable[s])
            t->reusable[s] += e->fields.reusable[s][r];
}

/* Of the data sets, BurstGPT tells failed requests: those without output tokens. */
static bool tells_failures(const lta_trace *t, uint64_t source)
{
    return strcmp(lta_strings_get(&t->sources.dataset, source), "burstgpt") == 0;
}

/* Sessions and distinct sessions of each source (by[0 .. n_sources-1]) and of the trace. A session lies in
 * one source. */
static lta_status count_sessions(const lta_enrichment *e, totals *by, totals *all)
{
    lta_status st = LTA_OK;
    uint32_t *class = NULL, *counted_for = NULL; /* 1 + the last source for which a class was counted */
    uint64_t n = e->trace.n_sessions;
    if (e->symbols) {
        LTA_TRY(lta_session_classes(e, &class));
        LTA_TRY(LTA_CALLOC(&counted_for, n));
    }
    for (uint64_t s = 0; s < n; s++) { /* sessions are numbered by source */
        uint32_t source = e->trace.source[e->session_request[e->session_offset[s]]];
        by[source].sessions++;
        all->sessions++;
        if (!class)
            continue;
        all->distinct_sessions += class[s] == s;
        by[source].distinct_sessions += counted_for[class[s]] != source + 1;
        counted_for[class[s]] = source + 1;
    }
done:
    lta_free(class);
    lta_free(counted_for);
    return st;
}

static const lta_column_spec identity_columns[] = {
    {LTA_STR, "source", "1", "name of the source; all = the whole trace (last row)"},
    {LTA_U64, "requests", "1", "requests"},
    {0},
};
static const lta_column_spec session_columns[] = {
    {LTA_U64, "sessions", "1", "sessions"},
    {0},
};
static const lta_column_spec distinct_session_columns[] = {
    {LTA_U64, "distinct_sessions", "1", "different lists of (input, output) by turn among the sessions"},
    {0},
};
static const lta_column_spec token_columns[] = {
    {LTA_U64, "input_tokens", "tokens", "tokens of all inputs"},
    {LTA_U64, "output_tokens", "tokens", "tokens of all outputs"},
    {LTA_U64, "empty", "1", "requests with input_tokens = 0"},
    {LTA_U64, "no_output", "1", "requests with output_tokens = 0"},
    {0},
};
static const lta_column_spec failed_columns[] = {
    {LTA_U64, "failed", "1", "requests that the source marks as failed"},
    {0},
};
static const lta_column_spec symbol_columns[] = {
    {LTA_U64, "input_symbols", "symbols", "symbols of all inputs: what lookups ask for"},
    {LTA_U64, "symbols", "symbols", "symbols touched: inputs and outputs (inputs alone with --inputs-only)"},
    {LTA_U64, "distinct_symbols", "symbols", "different trie positions among them"},
    {LTA_F64, "distinct_share", "distinct_symbols/symbols", "distinct_symbols / symbols"},
    {LTA_U64, "reusable_global", "symbols", "sum of reusable: left behind by any earlier request"},
    {LTA_U64, "reusable_source", "symbols",
     "sum of reusable_source: left behind by earlier requests of the same source"},
    {0},
};
static const lta_column_spec reusable_session_columns[] = {
    {LTA_U64, "reusable_session", "symbols",
     "sum of reusable_session: left behind by earlier requests of the same session"},
    {0},
};
static const lta_column_spec share_columns[] = {
    {LTA_F64, "reusable_share_global", "reusable_global/input_symbols", "reusable_global / input_symbols"},
    {LTA_F64, "reusable_share_source", "reusable_source/input_symbols", "reusable_source / input_symbols"},
    {0},
};
static const lta_column_spec share_session_columns[] = {
    {LTA_F64, "reusable_share_session", "reusable_session/input_symbols", "reusable_session / input_symbols"},
    {0},
};
static const lta_column_spec time_columns[] = {
    {LTA_I64, "span_us", "us", "last arrival - first arrival"},
    {LTA_F64, "rate", "requests/s", "(requests - 1) / span"},
    {0},
};

static lta_status put_row(const lta_enrichment *e, lta_table *t, const char *name, bool failures,
                          const totals *v)
{
    lta_status st = LTA_OK;
    LTA_TRY(lta_table_row(t));
    LTA_TRY(lta_table_put_text(t, name));
    lta_table_put_u64(t, v->requests);
    if (e->sessions)
        lta_table_put_u64(t, v->sessions);
    if (e->sessions && e->symbols)
        lta_table_put_u64(t, v->distinct_sessions);
    if (e->lengths) {
        lta_table_put_u64(t, v->input_tokens);
        lta_table_put_u64(t, v->output_tokens);
        lta_table_put_u64(t, v->empty);
        lta_table_put_u64(t, v->no_output);
    }
    if (failures)
        lta_table_put_u64(t, v->failed);
    if (e->symbols) {
        lta_table_put_u64(t, v->input_symbols);
        lta_table_put_u64(t, v->symbols);
        lta_table_put_u64(t, v->distinct_symbols);
        lta_table_put_f64(t, lta_ratio(v->distinct_symbols, v->symbols));
        int scopes = e->sessions ? LTA_SCOPES : LTA_SCOPE_SESSION;
        for (int s = 0; s < scopes; s++)
            lta_table_put_u64(t, v->reusable[s]);
        for (int s = 0; s < scopes; s++)
            lta_table_put_f64(t, lta_ratio(v->reusable[s], v->input_symbols));
    }
    if (e->times) {
        uint64_t span = (uint64_t)(v->last_us - v->first_us);
        lta_table_put_i64(t, (int64_t)span);
        lta_table_put_f64(t, lta_ratio(v->requests > 0 ? (v->requests - 1) * 1000000 : 0, span));
    }
done:
    return st;
}

lta_status lta_build_summary(const lta_enrichment *e, lta_table_set *set)
{
    lta_status st = LTA_OK;
    bool failures = false;
    for (uint64_t s = 0; s < e->trace.sources.n; s++)
        failures |= tells_failures(&e->trace, s);
    const struct {
        bool wanted;
        const lta_column_spec *columns;
    } groups[] = {
        {true, identity_columns},
        {e->sessions, session_columns},
        {e->sessions && e->symbols, distinct_session_columns},
        {e->lengths, token_columns},
        {failures, failed_columns},
        {e->symbols, symbol_columns},
        {e->symbols && e->sessions, reusable_session_columns},
        {e->symbols, share_columns},
        {e->symbols && e->sessions, share_session_columns},
        {e->times, time_columns},
    };
    const lta_trace *trace = &e->trace;
    lta_table *t;
    totals *by = NULL, all = {0};
    LTA_TRY(LTA_CALLOC(&by, trace->sources.n));
    for (uint64_t r = 0; r < trace->n; r++) {
        add_request(e, r, &by[trace->source[r]]);
        add_request(e, r, &all);
        if (e->symbols)
            by[trace->source[r]].distinct_symbols += e->first_touches[LTA_SCOPE_SOURCE][r];
    }
    for (uint64_t s = 0; s < trace->sources.n; s++)
        if (tells_failures(trace, s))
            all.failed += by[s].failed = by[s].no_output;
    all.distinct_symbols = e->distinct;
    if (e->sessions)
        LTA_TRY(count_sessions(e, by, &all));

    LTA_TRY(lta_table_add(set, "summary", "totals of each source and of the whole trace", &t));
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
        if (groups[g].wanted)
            LTA_TRY(lta_table_columns_add(t, groups[g].columns));
    for (uint64_t s = 0; s < trace->sources.n; s++)
        LTA_TRY(put_row(e, t, lta_strings_get(&trace->sources.name, s), failures, &by[s]));
    LTA_TRY(put_row(e, t, "all", failures, &all));
done:
    lta_free(by);
    return st;
}

lta_status lta_build_trie_shape(const lta_enrichment *e, lta_table_set *set)
{
    static const lta_column_spec columns[] = {
        {LTA_U64, "nodes", "1", "nodes of the compressed trie, root not counted"},
        {LTA_U64, "leaves", "1", "nodes without children"},
        {LTA_U64, "root_children", "1", "children of the root"},
        {LTA_U64, "branching_nodes", "1", "nodes with at least two children"},
        {LTA_U64, "most_children", "1", "children of the node that has most, root not counted"},
        {LTA_F64, "children_per_inner_node", "nodes/inner_node",
         "(nodes - root_children) / (nodes - leaves)"},
        {LTA_U64, "positions", "symbols",
         "symbols of all nodes: the positions of the trie, outputs included"},
        {LTA_U64, "depth_max_nodes", "nodes", "nodes on the longest path, counted in nodes"},
        {LTA_F64, "depth_mean_nodes", "nodes/leaf", "nodes from the root to a leaf, mean over leaves"},
        {LTA_U64, "depth_max_symbols", "symbols", "symbols on the longest path, counted in symbols"},
        {LTA_F64, "depth_mean_symbols", "symbols/leaf", "symbols from the root to a leaf, mean over leaves"},
        {0},
    };
    lta_status st = LTA_OK;
    const lta_trie *trie = &e->trie;
    uint64_t n = trie->n_nodes, roots = 0, leaves = 0, branching = 0, most = 0, positions = 0;
    uint64_t deepest_nodes = 0, deepest_symbols = 0, leaf_nodes = 0, leaf_symbols = 0;
    uint32_t *children = NULL, *nodes = NULL;
    lta_table *t;
    LTA_TRY(LTA_CALLOC(&children, n));
    LTA_TRY(LTA_ALLOC(&nodes, n));
    for (uint64_t i = 0; i < n; i++) {
        int64_t p = trie->parent[i];
        nodes[i] = p < 0 ? 1 : nodes[p] + 1;
        positions += lta_trie_label_length(trie, (int64_t)i);
        if (p < 0)
            roots++;
        else
            children[p]++;
    }
    for (uint64_t i = 0; i < n; i++) {
        branching += children[i] > 1;
        most = children[i] > most ? children[i] : most;
        deepest_nodes = nodes[i] > deepest_nodes ? nodes[i] : deepest_nodes;
        deepest_symbols = trie->depth[i] > deepest_symbols ? trie->depth[i] : deepest_symbols;
        if (children[i] > 0)
            continue;
        leaves++;
        leaf_nodes += nodes[i];
        leaf_symbols += trie->depth[i];
    }
    LTA_TRY(lta_table_add(set, "trie_shape", "size and shape of the prefix trie of all full sequences", &t));
    LTA_TRY(lta_table_columns_add(t, columns));
    LTA_TRY(lta_table_row(t));
    lta_table_put_u64(t, n);
    lta_table_put_u64(t, leaves);
    lta_table_put_u64(t, roots);
    lta_table_put_u64(t, branching);
    lta_table_put_u64(t, most);
    lta_table_put_f64(t, lta_ratio(n - roots, n - leaves));
    lta_table_put_u64(t, positions);
    lta_table_put_u64(t, deepest_nodes);
    lta_table_put_f64(t, lta_ratio(leaf_nodes, leaves));
    lta_table_put_u64(t, deepest_symbols);
    lta_table_put_f64(t, lta_ratio(leaf_symbols, leaves));
done:
    lta_free(children);
    lta_free(nodes);
    return st;
}

/* The model of --model, then the other built-in ones: the sizes behind every column of bytes. */
lta_status lta_build_models(const lta_enrichment *e, lta_table_set *set)
{
    static const lta_column_spec columns[] = {
        {LTA_STR, "model", "1", "name; the first row is the model of --model"},
        {LTA_U64, "layers", "1", "layers"},
        {LTA_U64, "kv_heads", "1", "key-value heads of a layer"},
        {LTA_U64, "head_size", "1", "values of a head"},
        {LTA_U64, "value_bytes", "bytes", "bytes of a value"},
        {LTA_U64, "token_bytes", "bytes",
         "KV cache of a token: 2 x layers x kv_heads x head_size x value_bytes"},
        {LTA_U64, "weight_bytes", "bytes", "weights, 2 bytes a parameter; 0: not known"},
        {0},
    };
    lta_status st = LTA_OK;
    lta_table *t;
    LTA_TRY(lta_table_add(set, "models",
                          "sizes of models: those behind every column of bytes, and of the weights", &t));
    LTA_TRY(lta_table_columns_add(t, columns));
    for (const lta_model *m = &e->model; m->name; m = m == &e->model ? lta_models : m + 1) {
        if (m != &e->model && strcmp(m->name, e->model.name) == 0)
            continue;
        LTA_TRY(lta_table_row(t));
        LTA_TRY(lta_table_put_text(t, m->name));
        lta_table_put_u64(t, m->layers);
        lta_table_put_u64(t, m->kv_heads);
        lta_table_put_u64(t, m->head_size);
        lta_table_put_u64(t, m->value_bytes);
        lta_table_put_u64(t, lta_model_token_bytes(m));
        lta_table_put_u64(t, lta_model_weight_bytes(m));
    }
done:
    return st;
}
