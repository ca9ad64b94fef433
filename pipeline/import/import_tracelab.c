/* pipeline/import/import_tracelab.c - TraceLab JSONL: a line a round of a coding agent, with counts of tokens
 * and no symbols.
 *
 * A round has no time of its own: its first timing event's is taken, on the wall clock. Neither round_id nor
 * (session_id, round_index) is unique, so rows are told apart by where they stand alone. What the service
 * says it served from its cache (prefix_tokens and its parts) is not kept. */
#include "pipeline/core/array.h"
#include "pipeline/import/import_internal.h"
#include "pipeline/import/time_parse.h"

#include <string.h>

enum { SESSION, ROUND, MODEL, PROVIDER, INPUT, OUTPUT, EVENTS, N_KEYS };
static const char *const keys[N_KEYS + 1] = {
    "session_id",         "round_index",   "model",         "provider",
    "input_tokens_total", "output_tokens", "timing_events", NULL};
enum { TIMESTAMP, N_EVENT_KEYS };
static const char *const event_keys[] = {"timestamp"};

typedef struct text {
    char *byte;
    uint64_t n, capacity;
    bool given;
} text;

typedef struct tracelab {
    text session, model, provider;
    uint32_t round, input_tokens, output_tokens;
    int64_t time_us;
    bool has_time;
} tracelab;

static bool detect(const char *line, size_t length)
{
    static const char *const others[] = {NULL};
    return lta_json_line_has_keys(line, length, keys, others);
}

/* A text, or null. */
static lta_status read_text(lta_import_source *s, lta_json *j, text *t)
{
    lta_status st = LTA_OK;
    const char *byte;
    size_t n;
    t->given = !lta_json_is_null(j);
    if (!t->given)
        return lta_json_skip(j);
    LTA_TRY(lta_json_string(j, &byte, &n));
    LTA_TRY(lta_check_text(s, j->key, byte, n));
    LTA_TRY(LTA_GROW(&t->byte, &t->capacity, n + 1));
    memcpy(t->byte, byte, n);
    t->n = n;
done:
    return st;
}

static lta_status read_event(lta_import_source *s, lta_json *j, tracelab *t)
{
    lta_status st = LTA_OK;
    bool first, has_zone;
    uint32_t seen = 0;
    unsigned key;
    char quoted[LTA_EXCERPT];
    const char *byte;
    size_t n;
    LTA_TRY(lta_json_object_begin(j, &first));
    for (;;) {
        LTA_TRY(lta_json_known_key(s, j, event_keys, N_EVENT_KEYS, N_EVENT_KEYS, &first, &seen, &key));
        if (key == N_EVENT_KEYS)
            break;
        LTA_TRY(lta_json_string(j, &byte, &n));
        if (!lta_parse_timestamp(byte, n, &t->time_us, &has_zone))
            return lta_bad_row(&s->place, "malformed time",
                               "%s is \"%s\", expected a time such as 2026-06-01T05:40:20.151Z",
                               event_keys[key], lta_excerpt(byte, n, quoted));
        LTA_TRY(lta_check_time(s, t->time_us));
        t->has_time = true;
    }
done:
    return st;
}

/* The first event, of which alone the time is wanted. */
static lta_status read_events(lta_import_source *s, lta_json *j, tracelab *t)
{
    lta_status st = LTA_OK;
    bool first, more;
    t->has_time = false;
    LTA_TRY(lta_json_array_begin(j, &first));
    for (;;) {
        LTA_TRY(lta_json_next_item(j, &first, &more));
        if (!more)
            break;
        LTA_TRY(t->has_time ? lta_json_skip(j) : read_event(s, j, t));
    }
    if (!t->has_time)
        return lta_bad_row(&s->place, "no time",
                           "timing_events is empty, expected the event that began the round");
done:
    return st;
}

static lta_status read_value(lta_import_source *s, lta_json *j, unsigned key, tracelab *t)
{
    switch (key) {
    case SESSION:
        return read_text(s, j, &t->session);
    case ROUND:
        return lta_json_u32(j, &t->round);
    case MODEL:
        return read_text(s, j, &t->model);
    case PROVIDER:
        return read_text(s, j, &t->provider);
    case INPUT:
        return lta_json_u32(j, &t->input_tokens);
    case OUTPUT:
        return lta_json_u32(j, &t->output_tokens);
    default:
        return read_events(s, j, t);
    }
}

static lta_status add_row(lta_import_source *s, lta_json *j, void *context)
{
    lta_status st = LTA_OK;
    tracelab *t = context;
    bool first;
    uint32_t seen = 0;
    unsigned key;
    LTA_TRY(lta_json_object_begin(j, &first));
    for (;;) {
        LTA_TRY(lta_json_known_key(s, j, keys, N_KEYS, N_KEYS, &first, &seen, &key));
        if (key == N_KEYS)
            break;
        LTA_TRY(read_value(s, j, key, t));
    }
    LTA_TRY(lta_json_end(j));
    if (!t->session.given)
        return lta_bad_row(&s->place, "no session", "%s is null, expected a text", keys[SESSION]);
    lta_request r = {.time_us = t->time_us,
                     .session = t->session.byte,
                     .session_length = (size_t)t->session.n,
                     .turn = t->round,
                     .model = t->model.given ? t->model.byte : NULL,
                     .model_length = (size_t)t->model.n,
                     .kind = t->provider.given ? t->provider.byte : NULL,
                     .kind_length = (size_t)t->provider.n,
                     .input_tokens = t->input_tokens,
                     .output_tokens = t->output_tokens};
    LTA_TRY(lta_add_request(s, &r));
done:
    return st;
}

static lta_status read_tracelab(lta_import_source *s)
{
    lta_status st = LTA_OK;
    tracelab t = {0};
    lta_source_info info = {.dataset = "tracelab",
                            .licence = "CC BY 4.0",
                            .unit = LTA_UNIT_NONE,
                            .wall_clock = true,
                            .has_session = true,
                            .has_turn = true,
                            .has_model = true,
                            .has_kind = true};
    lta_describe_source(s, &info);
    s->times_may_fall = true;
    s->all_keys_used = true; /* of two dozen keys these few are wanted: no note for each */
    LTA_TRY(lta_trace_builder_begin_source(s->builder, &info));
    LTA_TRY(lta_read_jsonl(s, add_row, &t));
    LTA_TRY(lta_trace_builder_end_source(s->builder, s->rows));
done:
    lta_free(t.session.byte);
    lta_free(t.model.byte);
    lta_free(t.provider.byte);
    return st;
}

const lta_source_format lta_source_format_tracelab = {.detect = detect, .read = read_tracelab};
