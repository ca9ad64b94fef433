/* pipeline/merge/merge.c - hands the requests of stores to the trace builder, source by source, in the order
 * in which an import would have read them. */
#include "pipeline/merge/merge.h"

#include "pipeline/core/array.h"
#include "pipeline/core/digest.h"
#include "pipeline/core/file.h"
#include "pipeline/core/json_text.h"
#include "pipeline/import/trace_builder.h"
#include "pipeline/import/trace_file.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* A store to merge: its trace without sequences. */
typedef struct merge_input {
    const char *store;
    lta_trace trace;
    char digest[LTA_SHA256_HEX];
} merge_input;

/* A source of one of them. */
typedef struct merge_source {
    const char *file, *xxh3_128, *digest; /* digest: of the trace it is in */
    uint32_t input, source;
} merge_source;

typedef struct merge_inputs {
    merge_input *input;
    uint32_t n;
    merge_source *source; /* in the order of the merged trace */
    uint64_t n_sources, n_requests;
} merge_inputs;

static void free_inputs(merge_inputs *in)
{
    for (uint32_t i = 0; in->input && i < in->n; i++)
        lta_trace_free(&in->input[i].trace);
    lta_free(in->input);
    lta_free(in->source);
    *in = (merge_inputs){0};
}

static int by_file_and_digest(const void *a, const void *b)
{
    const merge_source *x = a, *y = b;
    int order = strcmp(x->file, y->file);
    order = order != 0 ? order : strcmp(x->xxh3_128, y->xxh3_128);
    order = order != 0 ? order : strcmp(x->digest, y->digest); /* one file, imported in two ways */
    return order != 0 ? order : (x->source > y->source) - (x->source < y->source);
}

static lta_status read_inputs(const char *store, const lta_import_options *options, int n_stores,
                              char *const *stores, merge_inputs *out)
{
    lta_status st = LTA_OK;
    merge_inputs in = {0};
    LTA_TRY(LTA_CALLOC(&in.input, (uint64_t)n_stores));
    for (int i = 0; i < n_stores; i++) {
        merge_input *input = &in.input[i];
        input->store = stores[i];
        LTA_TRY(lta_check_other_folder(store, stores[i]));
        LTA_TRY(lta_trace_load(stores[i], false, &input->trace, input->digest));
        in.n++;
        in.n_sources += input->trace.sources.n;
        in.n_requests += input->trace.n;
    }
    LTA_TRY(LTA_ALLOC(&in.source, in.n_sources));
    uint64_t k = 0;
    for (uint32_t i = 0; i < in.n; i++)
        for (uint32_t s = 0; s < in.input[i].trace.sources.n; s++)
            in.source[k++] =
                (merge_source){.file = lta_strings_get(&in.input[i].trace.sources.file, s),
                               .xxh3_128 = lta_strings_get(&in.input[i].trace.sources.xxh3_128, s),
                               .digest = in.input[i].digest,
                               .input = i,
                               .source = s};
    if (options->sort)
        qsort(in.source, in.n_sources, sizeof *in.source, by_file_and_digest);
    *out = in;
    return LTA_OK;
done:
    free_inputs(&in);
    return st;
}

/* ---- what the trace is made from ---- */

static const char *trace_name(const lta_import_options *options, const merge_inputs *in)
{
    const merge_source *first = &in->source[0];
    return options->name ? options->name
                         : lta_strings_get(&in->input[first->input].trace.sources.name, first->source);
}

static char *parameters_text(const lta_import_options *options, const merge_inputs *in)
{
    bool overlay = options->timeline == LTA_TIMELINE_OVERLAY;
    json_t *j = json_pack("{s:I, s:s, s:s}", "gap_us", (json_int_t)(overlay ? 0 : options->gap_us), "name",
                          trace_name(options, in), "timeline", overlay ? "overlay" : "concat");
    char *text = lta_json_text(j, 0);
    json_decref(j);
    return text;
}

/* [["trace.h5","<content_sha256>"],...], each trace where its first source stands. */
static lta_status list_inputs(const merge_inputs *in, char **out)
{
    lta_status st = LTA_OK;
    bool *named = NULL;
    json_t *list = json_array();
    LTA_TRY(LTA_CALLOC(&named, in->n));
    for (uint64_t i = 0; i < in->n_sources; i++) {
        const merge_source *s = &in->source[i];
        if (!named[s->input])
            json_array_append_new(list, json_pack("[s, s]", "trace.h5", s->digest));
        named[s->input] = true;
    }
    *out = lta_json_text(list, 0);
done:
    json_decref(list);
    lta_free(named);
    return st;
}

/* ---- merging ---- */

/* A request of the source, by its row. */
typedef struct row_request {
    uint64_t row;
    uint32_t request;
} row_request;

static int by_row(const void *a, const void *b)
{
    const row_request *x = a, *y = b;
    return (x->row > y->row) - (x->row < y->row);
}

/* Requests of a source in the order of its rows: that of the trace, but where times fall. */
static lta_status rows_of(const lta_trace *t, uint32_t source, uint32_t **out, uint64_t *n)
{
    lta_status st = LTA_OK;
    uint32_t *rows = NULL;
    row_request *sorted = NULL;
    bool rising = true;
    uint64_t count = 0;
    for (uint64_t r = 0; r < t->n; r++)
        count += t->source[r] == source;
    LTA_TRY(LTA_ALLOC(&rows, count));
    count = 0;
    for (uint64_t r = 0; r < t->n; r++)
        if (t->source[r] == source) {
            rising = rising && (count == 0 || t->source_row[rows[count - 1]] < t->source_row[r]);
            rows[count++] = (uint32_t)r;
        }
    if (!rising) {
        LTA_TRY(LTA_ALLOC(&sorted, count));
        for (uint64_t i = 0; i < count; i++)
            sorted[i] = (row_request){t->source_row[rows[i]], rows[i]};
        qsort(sorted, count, sizeof *sorted, by_row);
        for (uint64_t i = 0; i < count; i++)
            rows[i] = sorted[i].request;
    }
    *out = rows;
    *n = count;
    rows = NULL;
done:
    lta_free(sorted);
    lta_free(rows);
    return st;
}

static void set_text(const lta_strings *texts, uint32_t index, uint32_t none, const char **text,
                     size_t *length)
{
    if (index == none)
        return;
    *text = lta_strings_get(texts, index);
    *length = (size_t)lta_strings_length(texts, index);
}

static lta_status add_request(lta_trace_builder *b, const lta_trace *t, uint32_t source, uint32_t r,
                              uint64_t **symbols, uint64_t *capacity)
{
    lta_status st = LTA_OK;
    lta_request q = {.row = t->source_row[r],
                     .turn = t->turn ? t->turn[r] : LTA_NO_U32,
                     .input_tokens = t->input_tokens ? t->input_tokens[r] : LTA_NO_U32,
                     .output_tokens = t->output_tokens ? t->output_tokens[r] : LTA_NO_U32};
    if (t->arrival_us)
        q.time_us = t->arrival_us[r] - t->sources.time_shift_us[source];
    if (t->source_time)
        q.source_time = t->source_time[r];
    if (t->session)
        set_text(&t->source_sessions, t->source_session[r], LTA_NO_U32, &q.session, &q.session_length);
    if (t->kind)
        set_text(&t->kinds, t->kind[r], LTA_NO_U16, &q.kind, &q.kind_length);
    if (t->model)
        set_text(&t->models, t->model[r], LTA_NO_U16, &q.model, &q.model_length);
    if (t->unit != LTA_UNIT_NONE) {
        q.n_input = t->sequences.input_length[r];
        q.n_full = t->sequences.full_length[r];
        LTA_TRY(LTA_GROW(symbols, capacity, q.n_full));
        LTA_TRY(lta_sequences_decode(&t->sequences, r, 0, q.n_full, *symbols));
        for (uint32_t i = 0; t->sources.symbol_base[source] > 0 && i < q.n_full; i++)
            (*symbols)[i] -= t->sources.symbol_base[source];
        q.symbols = *symbols;
    }
    LTA_TRY(lta_trace_builder_add(b, &q));
done:
    return st;
}

/* t holds sequences. */
static lta_status add_source(const lta_run *run, lta_trace_builder *b, const lta_trace *t, uint32_t source,
                             uint64_t *merged)
{
    lta_status st = LTA_OK;
    const lta_sources *s = &t->sources;
    uint32_t *rows = NULL;
    uint64_t n, *symbols = NULL, capacity = 0;
    LTA_TRY(rows_of(t, source, &rows, &n));
    lta_source_info info = {.name = lta_strings_get(&s->name, source),
                            .dataset = lta_strings_get(&s->dataset, source),
                            .file = lta_strings_get(&s->file, source),
                            .xxh3_128 = lta_strings_get(&s->xxh3_128, source),
                            .sha256 = lta_strings_get(&s->sha256, source),
                            .licence = lta_strings_get(&s->licence, source),
                            .unit = t->unit,
                            .block_tokens = t->block_tokens,
                            .wall_clock = lta_strings_length(&s->time_origin, source) > 0,
                            .has_session = t->source_session != NULL,
                            .has_turn = t->turn != NULL,
                            .has_source_time = t->source_time != NULL,
                            .has_kind = t->kind != NULL,
                            .has_model = t->model != NULL,
                            .without_times = !t->arrival_us};
    LTA_TRY(lta_trace_builder_begin_source(b, &info));
    for (uint64_t i = 0; i < n; i++) {
        if (i % 1024 == 0) {
            LTA_TRY(lta_check_stop(run));
            lta_progress_update(run->log, *merged + i);
        }
        LTA_TRY(add_request(b, t, source, rows[i], &symbols, &capacity));
    }
    for (uint64_t i = 0; i < t->skipped.n; i++)
        if (t->skipped.source[i] == source)
            LTA_TRY(lta_trace_builder_skip(b, lta_strings_get(&t->skipped.reason, i), t->skipped.count[i]));
    LTA_TRY(lta_trace_builder_end_source(b, s->rows[source]));
    *merged += n;
done:
    lta_free(rows);
    lta_free(symbols);
    return st;
}

/* Reads the store's trace again, this time with its sequences. */
static lta_status load(const merge_input *input, lta_trace *t)
{
    lta_status st = LTA_OK;
    char digest[LTA_SHA256_HEX];
    lta_trace_free(t);
    LTA_TRY(lta_trace_load(input->store, true, t, digest));
    if (strcmp(digest, input->digest) != 0)
        st = lta_fail(LTA_ERR_INPUT, "%s/trace.h5: changed while it was read", input->store);
done:
    return st;
}

static lta_status merge_all(const lta_run *run, const lta_import_options *options, const merge_inputs *in,
                            lta_trace *out)
{
    lta_status st = LTA_OK;
    lta_trace_builder *builder = NULL;
    lta_trace t = {0};
    uint32_t loaded = UINT32_MAX;
    uint64_t merged = 0;
    lta_progress_begin(run->log, "merge", " requests", in->n_requests);
    LTA_TRY(lta_trace_builder_create(run, options, &builder));
    for (uint64_t i = 0; i < in->n_sources; i++) {
        const merge_source *s = &in->source[i];
        if (s->input != loaded)
            LTA_TRY(load(&in->input[s->input], &t));
        loaded = s->input;
        LTA_TRY(add_source(run, builder, &t, s->source, &merged));
    }
    LTA_TRY(lta_trace_builder_finish(builder, trace_name(options, in), out));
done:
    lta_progress_end(run->log);
    lta_trace_builder_free(builder);
    lta_trace_free(&t);
    return st;
}

/* What merging needs to know. */
typedef struct merge_job {
    const lta_import_options *options;
    const merge_inputs *in;
} merge_job;

static char *inputs_text(const void *context)
{
    const merge_job *job = context;
    char *text = NULL;
    return list_inputs(job->in, &text) == LTA_OK ? text : NULL;
}

static lta_status make(const lta_run *run, const void *context, lta_trace *out)
{
    const merge_job *job = context;
    return merge_all(run, job->options, job->in, out);
}

lta_status lta_merge(const lta_run *run, const char *store, const lta_import_options *options, int n_stores,
                     char *const *stores)
{
    lta_status st = LTA_OK;
    double started = lta_seconds();
    merge_inputs in = {0};
    char *parameters = NULL;
    bool exists;
    LTA_TRY(lta_check_sources_options(options));
    LTA_TRY(lta_check_folders(store, &exists));
    LTA_TRY(read_inputs(store, options, n_stores, stores, &in));
    parameters = parameters_text(options, &in);
    merge_job job = {options, &in};
    lta_trace_maker maker = {"merge", parameters, inputs_text, make, &job, started};
    LTA_TRY(lta_make_trace_file(run, store, &maker));
done:
    lta_free(parameters);
    free_inputs(&in);
    return st;
}
