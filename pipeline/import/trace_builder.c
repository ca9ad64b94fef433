/* pipeline/import/trace_builder.c - from requests of sources to a trace.
 *
 * Requests are kept in the order in which they come (by source, then row), as runs within which times do not
 * fall. On a concatenated time line of sources of one run each that is the final order, and sequences are
 * coded as they come. Otherwise runs are merged at the end: columns are permuted, and sequences decoded and
 * coded again in the final order, so that memory follows distinct symbols all the time. */
#include "pipeline/import/trace_builder.h"

#include "pipeline/core/array.h"
#include "pipeline/import/sequence_encoder.h"
#include "pipeline/import/trace_columns.h"

#include <math.h>
#include <string.h>

typedef unsigned long long ull; /* for printf */

enum { MOST_SOURCES = UINT16_MAX };
#define MOST_REQUESTS ((uint64_t)UINT32_MAX - 1)

/* Position in `columns`. TIME is not started where sources have none. */
enum column_id {
    SESSION,
    TURN,
    TIME,
    INPUT,
    OUTPUT,
    MODEL,
    KIND,
    SOURCE,
    SOURCE_SESSION,
    ROW,
    SOURCE_TIME,
    N_COLUMNS
};

typedef struct own_session { /* of the source being read: what a text of the session dictionary stands for */
    uint32_t source, session;
} own_session;

struct lta_trace_builder {
    const lta_run *run;
    const lta_import_options *options;
    lta_column columns[N_COLUMNS]; /* TIME holds the own clock until finish */
    uint64_t n;
    lta_dictionary models, kinds, source_sessions;
    own_session *own; /* [source_sessions.strings.n] */
    uint64_t own_capacity;
    uint32_t n_sessions, first_session; /* of all sources; first of the source being read */
    lta_sequence_encoder *encoder;      /* NULL without symbols */

    lta_sources sources;
    uint64_t rows_capacity, shift_capacity, base_capacity;
    uint64_t *first; /* [sources.n + 1] request at which each source begins */
    uint64_t first_capacity;
    uint32_t *first_session_of; /* [sources.n + 1] session at which each source begins */
    uint64_t first_session_capacity;
    uint64_t *run_start; /* [n_runs] request at which each run begins, and room for one more */
    uint64_t n_runs, run_capacity;
    lta_skipped skipped;
    uint64_t skipped_source_capacity, skipped_count_capacity;

    lta_unit unit;
    uint32_t block_tokens;
    bool wall_clock, without_times; /* of the first source */

    /* the source being read */
    const char *xxh3_128, *sha256; /* borrowed */
    bool has_session, has_turn, has_source_time, has_kind, has_model;
    uint16_t kind;                   /* LTA_NO_U16 = not given */
    uint64_t symbol_base, next_base; /* next_base: base + largest id + 1 so far */
    bool base_exhausted;             /* the largest id is 2^64 - 1: no base is left for another source */
    uint64_t n_skipped_before;       /* rows of `skipped` that belong to earlier sources */
};

lta_status lta_trace_builder_create(const lta_run *run, const lta_import_options *options,
                                    lta_trace_builder **out)
{
    lta_status st = LTA_OK;
    lta_trace_builder *b = NULL;
    static const uint32_t no_count = LTA_NO_U32;
    static const uint64_t no_row = 0;
    static const uint16_t no_source = 0;
    LTA_TRY(LTA_CALLOC(&b, 1));
    b->run = run;
    b->options = options;
    LTA_TRY(lta_column_start(&b->columns[INPUT], sizeof no_count, &no_count, 0));
    LTA_TRY(lta_column_start(&b->columns[OUTPUT], sizeof no_count, &no_count, 0));
    LTA_TRY(lta_column_start(&b->columns[SOURCE], sizeof no_source, &no_source, 0));
    LTA_TRY(lta_column_start(&b->columns[ROW], sizeof no_row, &no_row, 0));
    LTA_TRY(LTA_GROW(&b->first, &b->first_capacity, 1));
    b->first[0] = 0;
    *out = b;
    return LTA_OK;
done:
    lta_trace_builder_free(b);
    return st;
}

static void free_sources(lta_sources *s)
{
    lta_strings *texts[] = {&s->name,   &s->dataset, &s->file,       &s->xxh3_128,
                            &s->sha256, &s->licence, &s->time_origin};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        lta_strings_free(texts[i]);
    lta_free(s->rows);
    lta_free(s->time_shift_us);
    lta_free(s->symbol_base);
}

void lta_trace_builder_free(lta_trace_builder *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < N_COLUMNS; i++)
        lta_column_free(&b->columns[i]);
    lta_dictionary_free(&b->models);
    lta_dictionary_free(&b->kinds);
    lta_dictionary_free(&b->source_sessions);
    lta_free(b->own);
    lta_sequence_encoder_free(b->encoder);
    free_sources(&b->sources);
    lta_free(b->first);
    lta_free(b->first_session_of);
    lta_free(b->run_start);
    lta_free(b->skipped.source);
    lta_strings_free(&b->skipped.reason);
    lta_free(b->skipped.count);
    lta_free(b);
}

/* ---- sources ---- */

static lta_status check_merge(const lta_trace_builder *b, const lta_source_info *info)
{
    const char *first = lta_strings_get(&b->sources.file, 0);
    if (info->unit != b->unit)
        return lta_fail(LTA_ERR_USAGE,
                        "%s has symbols of unit \"%s\" and %s of \"%s\": such traces do not merge",
                        info->file, lta_unit_name(info->unit), first, lta_unit_name(b->unit));
    if (info->block_tokens != b->block_tokens && (info->block_tokens == 0 || b->block_tokens == 0))
        return lta_fail(LTA_ERR_USAGE,
                        "%s and %s: one has blocks of unequal lengths: such traces do not merge", first,
                        info->file);
    if (info->block_tokens != b->block_tokens)
        return lta_fail(LTA_ERR_USAGE, "%s has blocks of %u tokens and %s of %u: such traces do not merge",
                        info->file, info->block_tokens, first, b->block_tokens);
    if (info->without_times != b->without_times)
        return lta_fail(LTA_ERR_USAGE, "%s and %s: one has times and one has none: such traces do not merge",
                        first, info->file);
    if (b->options->timeline == LTA_TIMELINE_OVERLAY && info->wall_clock != b->wall_clock)
        return lta_fail(
            LTA_ERR_USAGE,
            "%s and %s: one has a wall clock and one has not, which --timeline overlay cannot align", first,
            info->file);
    if (b->sources.n == MOST_SOURCES)
        return lta_fail(LTA_ERR_FORMAT, "%s: is source %d, expected at most %d", info->file, MOST_SOURCES + 1,
                        MOST_SOURCES);
    if (b->base_exhausted)
        return lta_fail(LTA_ERR_FORMAT, "%s: the block ids of the sources before leave no room below 2^64",
                        info->file);
    return LTA_OK;
}

static lta_status start_columns(lta_trace_builder *b)
{
    lta_status st = LTA_OK;
    static const uint32_t none = LTA_NO_U32;
    static const uint16_t no_kind = LTA_NO_U16;
    static const double no_source_time = NAN;
    static const int64_t no_time = -1;
    if (!b->without_times)
        LTA_TRY(lta_column_start(&b->columns[TIME], sizeof no_time, &no_time, b->n));
    if (b->has_session) {
        LTA_TRY(lta_column_start(&b->columns[SESSION], sizeof none, &none, b->n));
        LTA_TRY(lta_column_start(&b->columns[SOURCE_SESSION], sizeof none, &none, b->n));
    }
    if (b->has_turn)
        LTA_TRY(lta_column_start(&b->columns[TURN], sizeof none, &none, b->n));
    if (b->has_model)
        LTA_TRY(lta_column_start(&b->columns[MODEL], sizeof no_kind, &no_kind, b->n));
    if (b->has_kind || b->kind != LTA_NO_U16)
        LTA_TRY(lta_column_start(&b->columns[KIND], sizeof no_kind, &no_kind, b->n));
    if (b->has_source_time)
        LTA_TRY(lta_column_start(&b->columns[SOURCE_TIME], sizeof no_source_time, &no_source_time, b->n));
done:
    return st;
}

/* Index of a kind or model. */
static lta_status number_word(const lta_trace_builder *b, lta_dictionary *words, const char *what,
                              const char *text, size_t length, uint16_t *out)
{
    uint64_t index;
    lta_status st = lta_dictionary_intern(words, text, length, &index);
    if (st == LTA_OK && index >= LTA_NO_U16)
        st =
            lta_fail(LTA_ERR_FORMAT, "%s: \"%.40s\" is one more than %d %s in a trace, expected at most that",
                     lta_strings_get(&b->sources.file, b->sources.n), lta_strings_get(&words->strings, index),
                     LTA_NO_U16, what);
    if (st == LTA_OK)
        *out = (uint16_t)index;
    return st;
}

lta_status lta_trace_builder_begin_source(lta_trace_builder *b, const lta_source_info *info)
{
    lta_status st = LTA_OK;
    lta_sources *s = &b->sources;
    if ((info->unit != LTA_UNIT_BLOCK || info->block_tokens == 0) &&
        (b->options->block_tokens > 0 || b->options->drop_tail))
        return lta_fail(LTA_ERR_USAGE,
                        "%s has no blocks of one length, which --block-tokens and --tail drop are about",
                        info->file);
    if (b->options->timeline == LTA_TIMELINE_OVERLAY && info->without_times)
        return lta_fail(LTA_ERR_USAGE, "%s has no times, which --timeline overlay would align", info->file);
    if (s->n == 0) {
        b->without_times = info->without_times;
        b->unit = info->unit;
        b->block_tokens = info->block_tokens;
        b->wall_clock = info->wall_clock;
        if (b->unit != LTA_UNIT_NONE)
            LTA_TRY(lta_sequence_encoder_create(&b->encoder));
    } else {
        LTA_TRY(check_merge(b, info));
    }
    LTA_TRY(lta_strings_add_text(&s->name, info->name));
    LTA_TRY(lta_strings_add_text(&s->dataset, info->dataset));
    LTA_TRY(lta_strings_add_text(&s->file, info->file));
    b->xxh3_128 = info->xxh3_128;
    b->sha256 = info->sha256;
    LTA_TRY(lta_strings_add_text(&s->licence, info->licence));
    LTA_TRY(lta_strings_add_text(&s->time_origin, info->wall_clock ? "1970-01-01T00:00:00Z" : ""));
    LTA_TRY(LTA_GROW(&s->rows, &b->rows_capacity, s->n + 1));
    LTA_TRY(LTA_GROW(&s->time_shift_us, &b->shift_capacity, s->n + 1));
    LTA_TRY(LTA_GROW(&s->symbol_base, &b->base_capacity, s->n + 1));
    LTA_TRY(LTA_GROW(&b->first, &b->first_capacity, s->n + 2));
    LTA_TRY(LTA_GROW(&b->first_session_of, &b->first_session_capacity, s->n + 1));
    b->first_session_of[s->n] = b->n_sessions;
    b->has_session = info->has_session;
    b->has_turn = info->has_turn;
    b->has_source_time = info->has_source_time;
    b->has_model = info->has_model;
    b->has_kind = info->has_kind;
    b->symbol_base = b->next_base;
    b->kind = LTA_NO_U16;
    if (info->kind)
        LTA_TRY(number_word(b, &b->kinds, "kinds", info->kind, strlen(info->kind), &b->kind));
    b->first_session = b->n_sessions;
    b->n_skipped_before = b->skipped.n;
    LTA_TRY(start_columns(b));
done:
    return st;
}

lta_status lta_trace_builder_skip(lta_trace_builder *b, const char *reason, uint64_t count)
{
    lta_status st = LTA_OK;
    lta_skipped *k = &b->skipped;
    uint64_t i = b->n_skipped_before;
    while (i < k->n && strcmp(lta_strings_get(&k->reason, i), reason) != 0)
        i++;
    if (i == k->n) {
        LTA_TRY(lta_strings_add_text(&k->reason, reason));
        LTA_TRY(LTA_GROW(&k->source, &b->skipped_source_capacity, k->n + 1));
        LTA_TRY(LTA_GROW(&k->count, &b->skipped_count_capacity, k->n + 1));
        k->source[i] = (uint16_t)b->sources.n;
        k->count[i] = 0;
        k->n++;
    }
    k->count[i] += count;
done:
    return st;
}

const int64_t *lta_trace_builder_source_times(const lta_trace_builder *b, uint64_t *n)
{
    uint64_t first = b->first[b->sources.n];
    *n = b->n - first;
    return (const int64_t *)b->columns[TIME].data + first;
}

uint64_t lta_trace_builder_source_sessions(const lta_trace_builder *b)
{
    return b->n_sessions - b->first_session;
}

lta_status lta_trace_builder_end_source(lta_trace_builder *b, uint64_t rows)
{
    lta_status st = LTA_OK;
    lta_sources *s = &b->sources;
    if (b->n == b->first[s->n])
        return lta_fail(LTA_ERR_FORMAT, "%s: has no usable row (%llu dropped), expected at least one",
                        lta_strings_get(&s->file, s->n), (ull)rows);
    LTA_TRY(lta_strings_add_text(&s->xxh3_128, b->xxh3_128));
    LTA_TRY(lta_strings_add_text(&s->sha256, b->sha256));
    s->rows[s->n] = rows;
    s->time_shift_us[s->n] = 0;
    s->symbol_base[s->n] = b->symbol_base;
    s->n++;
    b->first[s->n] = b->n;
done:
    return st;
}

/* ---- requests ---- */

/* Session number and dictionary index of a session name of the source being read. */
static lta_status number_session(lta_trace_builder *b, const lta_request *r, uint32_t *session,
                                 uint32_t *text)
{
    lta_status st = LTA_OK;
    uint64_t t, before = b->source_sessions.strings.n;
    uint32_t source = (uint32_t)b->sources.n;
    LTA_TRY(lta_dictionary_intern(&b->source_sessions, r->session, r->session_length, &t));
    LTA_TRY(LTA_GROW(&b->own, &b->own_capacity, t + 1));
    if (t == before || b->own[t].source != source) /* sessions are at most as many as requests: no overflow */
        b->own[t] = (own_session){.source = source, .session = b->n_sessions++};
    *session = b->own[t].session;
    *text = (uint32_t)t;
done:
    return st;
}

static lta_status move_ids(lta_trace_builder *b, uint64_t *symbols, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t id;
        if (__builtin_add_overflow(symbols[i], b->symbol_base, &id))
            return lta_fail(LTA_ERR_FORMAT,
                            "%s: block id %llu on top of those of the sources before exceeds 2^64 - 1",
                            lta_strings_get(&b->sources.file, b->sources.n), (ull)symbols[i]);
        symbols[i] = id;
        if (id >= b->next_base) {
            b->base_exhausted = id == UINT64_MAX;
            b->next_base = b->base_exhausted ? id : id + 1;
        }
    }
    return LTA_OK;
}

/* A run begins with a source, and where time falls. */
static lta_status note_run(lta_trace_builder *b, int64_t time_us)
{
    lta_status st = LTA_OK;
    const int64_t *time = b->columns[TIME].data;
    if (b->n > b->first[b->sources.n] && (!time || time[b->n - 1] <= time_us))
        return LTA_OK;
    LTA_TRY(LTA_GROW(&b->run_start, &b->run_capacity, b->n_runs + 2));
    b->run_start[b->n_runs++] = b->n;
done:
    return st;
}

lta_status lta_trace_builder_add(lta_trace_builder *b, const lta_request *r)
{
    lta_status st = LTA_OK;
    lta_column *c = b->columns;
    uint32_t session = LTA_NO_U32, text = LTA_NO_U32;
    uint16_t source = (uint16_t)b->sources.n, kind = b->kind, model = LTA_NO_U16;
    if (b->n == MOST_REQUESTS)
        return lta_fail(LTA_ERR_FORMAT, "%s: more than %llu requests in a trace, expected at most that",
                        lta_strings_get(&b->sources.file, b->sources.n), (ull)MOST_REQUESTS);
    if (b->has_session && r->session)
        LTA_TRY(number_session(b, r, &session, &text));
    if (b->has_kind && r->kind)
        LTA_TRY(number_word(b, &b->kinds, "kinds", r->kind, r->kind_length, &kind));
    if (b->has_model && r->model)
        LTA_TRY(number_word(b, &b->models, "models", r->model, r->model_length, &model));
    LTA_TRY(note_run(b, r->time_us));
    LTA_TRY(lta_column_add(&c[SESSION], &session));
    LTA_TRY(lta_column_add(&c[SOURCE_SESSION], &text));
    LTA_TRY(lta_column_add(&c[TURN], b->has_turn ? &r->turn : NULL));
    LTA_TRY(lta_column_add(&c[TIME], &r->time_us));
    LTA_TRY(lta_column_add(&c[INPUT], &r->input_tokens));
    LTA_TRY(lta_column_add(&c[OUTPUT], &r->output_tokens));
    LTA_TRY(lta_column_add(&c[MODEL], &model));
    LTA_TRY(lta_column_add(&c[KIND], &kind));
    LTA_TRY(lta_column_add(&c[SOURCE], &source));
    LTA_TRY(lta_column_add(&c[ROW], &r->row));
    LTA_TRY(lta_column_add(&c[SOURCE_TIME], b->has_source_time ? &r->source_time : NULL));
    b->n++;
    if (b->encoder) {
        if (b->unit == LTA_UNIT_BLOCK)
            LTA_TRY(move_ids(b, r->symbols, r->n_full));
        LTA_TRY(lta_sequence_encoder_add(b->encoder, session, r->n_known, r->symbols, r->n_input, r->n_full));
    }
done:
    return st;
}

/* ---- the finished trace ---- */

static lta_status too_long(const lta_trace_builder *b, uint64_t source)
{
    return lta_fail(LTA_ERR_FORMAT, "%s: arrivals on the trace's time line exceed 2^63 - 1 microseconds",
                    lta_strings_get(&b->sources.file, source));
}

/* Shifts of all sources: one after the other, or own clocks with the earliest request at 0. */
static lta_status find_shifts(lta_trace_builder *b)
{
    const int64_t *time = b->columns[TIME].data;
    int64_t *shift = b->sources.time_shift_us, start = 0, earliest = INT64_MAX;
    for (uint64_t i = 0; i < b->n; i++)
        if (time[i] < earliest)
            earliest = time[i];
    for (uint64_t s = 0; s < b->sources.n; s++) {
        int64_t own_first = INT64_MAX, own_last = INT64_MIN, last;
        for (uint64_t i = b->first[s]; i < b->first[s + 1]; i++) {
            own_first = time[i] < own_first ? time[i] : own_first;
            own_last = time[i] > own_last ? time[i] : own_last;
        }
        if (b->options->timeline == LTA_TIMELINE_OVERLAY) {
            shift[s] = -earliest;
            continue;
        }
        if (__builtin_sub_overflow(start, own_first, &shift[s]) ||
            __builtin_add_overflow(own_last, shift[s], &last))
            return too_long(b, s);
        if (s + 1 < b->sources.n && __builtin_add_overflow(last, b->options->gap_us, &start))
            return too_long(b, s + 1);
    }
    return LTA_OK;
}

static lta_status encode_again(lta_trace_builder *b, const uint32_t *order)
{
    lta_status st = LTA_OK;
    const uint32_t *session = b->columns[SESSION].data; /* already in the new order */
    lta_sequences old = {0};
    lta_sequence_encoder *encoder = NULL;
    uint64_t *symbols = NULL, capacity = 0;
    lta_sequence_encoder_finish(b->encoder, &old);
    lta_sequence_encoder_free(b->encoder); /* its trie is not needed any more */
    b->encoder = NULL;
    LTA_TRY(lta_sequence_encoder_create(&encoder));
    for (uint64_t i = 0; i < b->n; i++) {
        uint32_t r = order[i], n = old.full_length[r];
        if (i % 1024 == 0)
            LTA_TRY(lta_check_stop(b->run));
        LTA_TRY(LTA_GROW(&symbols, &capacity, n));
        LTA_TRY(lta_sequences_decode(&old, r, 0, n, symbols));
        LTA_TRY(lta_sequence_encoder_add(encoder, session ? session[i] : LTA_NO_U32, 0, symbols,
                                         old.input_length[r], n));
    }
    b->encoder = encoder;
    encoder = NULL;
done:
    lta_sequence_encoder_free(encoder);
    lta_sequences_free(&old);
    lta_free(symbols);
    return st;
}

/* Numbers the sessions of each source anew by first appearance. */
static lta_status renumber_sessions(lta_trace_builder *b)
{
    lta_status st = LTA_OK;
    uint32_t *session = b->columns[SESSION].data, *number = NULL;
    const uint16_t *source = b->columns[SOURCE].data;
    if (!session)
        return LTA_OK;
    LTA_TRY(LTA_ALLOC(&number, b->n_sessions));
    memset(number, 0xff, b->n_sessions * sizeof *number);
    for (uint64_t i = 0; i < b->n; i++) {
        if (session[i] == LTA_NO_U32)
            continue;
        if (number[session[i]] == LTA_NO_U32)
            number[session[i]] = b->first_session_of[source[i]]++;
        session[i] = number[session[i]];
    }
done:
    lta_free(number);
    return st;
}

/* Puts requests into the order of their arrivals, of equal ones by source and row. */
static lta_status merge_runs(lta_trace_builder *b)
{
    lta_status st = LTA_OK;
    uint32_t *order = NULL;
    b->run_start[b->n_runs] = b->n;
    LTA_TRY(lta_merge_order(b->columns[TIME].data, b->run_start, b->n_runs, &order));
    for (size_t i = 0; i < N_COLUMNS; i++)
        LTA_TRY(lta_column_permute(&b->columns[i], order));
    LTA_TRY(renumber_sessions(b));
    if (b->encoder)
        LTA_TRY(encode_again(b, order));
done:
    lta_free(order);
    return st;
}

static lta_status finish_columns(lta_trace_builder *b, lta_trace *t)
{
    lta_status st = LTA_OK;
    lta_column *c = b->columns;
    static const enum column_id optional[] = {SESSION, SOURCE_SESSION, TURN, INPUT,
                                              OUTPUT,  MODEL,          KIND, SOURCE_TIME};
    for (size_t i = 0; i < sizeof optional / sizeof *optional; i++)
        if (!c[optional[i]].given) /* a source has the column, and nothing in it */
            lta_column_free(&c[optional[i]]);
    int64_t *time = c[TIME].data;
    if (time)
        LTA_TRY(find_shifts(b));
    for (uint64_t s = 0; time && s < b->sources.n; s++)
        for (uint64_t i = b->first[s]; i < b->first[s + 1]; i++)
            time[i] += b->sources.time_shift_us[s];
    if (b->n_runs > b->sources.n || (b->options->timeline == LTA_TIMELINE_OVERLAY && b->sources.n > 1))
        LTA_TRY(merge_runs(b));
    t->n = b->n;
    t->session = lta_column_take(&c[SESSION]);
    t->turn = lta_column_take(&c[TURN]);
    t->arrival_us = lta_column_take(&c[TIME]);
    t->input_tokens = lta_column_take(&c[INPUT]);
    t->output_tokens = lta_column_take(&c[OUTPUT]);
    t->model = lta_column_take(&c[MODEL]);
    t->kind = lta_column_take(&c[KIND]);
    t->source = lta_column_take(&c[SOURCE]);
    t->source_session = lta_column_take(&c[SOURCE_SESSION]);
    t->source_row = lta_column_take(&c[ROW]);
    t->source_time = lta_column_take(&c[SOURCE_TIME]);
    t->n_sessions = b->n_sessions;
    t->models = b->models.strings;
    b->models.strings = (lta_strings){0};
    t->kinds = b->kinds.strings;
    b->kinds.strings = (lta_strings){0};
    t->source_sessions = b->source_sessions.strings;
    b->source_sessions.strings = (lta_strings){0};
    if (t->model)
        LTA_TRY(lta_renumber16(t->model, t->n, &t->models));
    if (t->kind)
        LTA_TRY(lta_renumber16(t->kind, t->n, &t->kinds));
    if (t->source_session)
        LTA_TRY(lta_renumber32(t->source_session, t->n, &t->source_sessions));
done:
    return st;
}

lta_status lta_trace_builder_finish(lta_trace_builder *b, const char *name, lta_trace *out)
{
    lta_status st = LTA_OK;
    lta_trace t = {.unit = b->unit, .block_tokens = b->block_tokens};
    size_t n = strlen(name) + 1;
    LTA_TRY(LTA_ALLOC(&t.name, n));
    memcpy(t.name, name, n);
    LTA_TRY(finish_columns(b, &t));
    if (b->encoder)
        lta_sequence_encoder_finish(b->encoder, &t.sequences);
    t.sources = b->sources;
    b->sources = (lta_sources){0};
    t.skipped = b->skipped;
    b->skipped = (lta_skipped){0};
    *out = t;
    return LTA_OK;
done:
    lta_trace_free(&t);
    return st;
}
