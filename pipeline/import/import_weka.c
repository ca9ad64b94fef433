/* pipeline/import/import_weka.c - WEKA agentic coding traces: one JSON object a file, one conversation.
 *
 * Top level: id, block_size, requests; a request has t (s), type, model, in, out, hash_ids. One of type
 * "subagent" is a container (t, agent_id, requests) whose requests went to the model as well, in a cache
 * context of their own: a sub-agent is a session of its own, and shares the id space with its parent. Rows
 * are the requests in the order in which they stand in the file.
 *
 * The file is walked twice. Keys may stand in any order, and whether the times inside containers count from
 * the container's or from the conversation's start shows only when all of them have been seen: the first walk
 * finds that out and checks the text, the second hands requests over. */
#include "pipeline/import/import_internal.h"

#include "pipeline/core/array.h"
#include "pipeline/import/block_size.h"
#include "pipeline/import/time_parse.h"

#include <stdio.h>
#include <string.h>

typedef unsigned long long ull; /* for printf */

/* Keys behind REQUESTS are known and not kept. */
enum { T, TYPE, MODEL, IN, OUT, HASH_IDS, AGENT_ID, REQUESTS, N_USED };
static const char *const keys[] = {"t",
                                   "type",
                                   "model",
                                   "in",
                                   "out",
                                   "hash_ids",
                                   "agent_id",
                                   "requests",
                                   "api_time",
                                   "ttft",
                                   "think_time",
                                   "input_types",
                                   "output_types",
                                   "stop",
                                   "status",
                                   "models",
                                   "totals",
                                   "subagent_type",
                                   "duration_ms",
                                   "total_tokens",
                                   "tool_use_count",
                                   "tool_tokens",
                                   "system_tokens"};
enum { N_KEYS = sizeof keys / sizeof *keys };
enum {
    IN_ANY = 1 << T | 1 << TYPE,
    IN_REQUEST = IN_ANY | 1 << MODEL | 1 << IN | 1 << OUT | 1 << HASH_IDS,
    IN_CONTAINER = IN_ANY | 1 << AGENT_ID | 1 << REQUESTS
};

enum { ID, TOP_REQUESTS, BLOCK_SIZE, SCOPE, N_TOP_USED };
static const char *const top_keys[] = {"id",     "requests",    "block_size",    "hash_id_scope",
                                       "models", "tool_tokens", "system_tokens", "totals"};
enum { N_TOP_NEEDED = BLOCK_SIZE, N_TOP_KEYS = sizeof top_keys / sizeof *top_keys };

typedef struct text { /* a copy: the scanner's own lasts until its next string */
    char *data;
    uint64_t length, capacity;
} text;

typedef struct weka {
    bool emit;     /* the second walk */
    bool relative; /* inner times count from the container's */
    uint32_t block_tokens;
    uint64_t n_containers, n_floor, n_ceiling; /* requests that tell the rule, by it */
    text session;                              /* of the requests being read: "id/agent_001" */
    lta_dictionary sessions;                   /* names given so far */
    const char *counted;                       /* line ends up to here are in place.line */
    /* the request or container being read */
    int64_t time_us;
    uint32_t seen; /* keys, by index */
    text type, model, agent;
    uint32_t input_tokens, output_tokens;
    lta_u64s ids;
    const char *requests; /* where the list of a container begins */
} weka;

static bool detect(const char *line, size_t length)
{
    static const char *const wanted[] = {"id", "block_size", "requests", NULL}, *const others[] = {NULL};
    return lta_json_line_has_keys(line, length, wanted, others);
}

/* ---- requests and containers ---- */

static lta_status append(text *t, const char *data, size_t length)
{
    lta_status st = LTA_GROW(&t->data, &t->capacity, t->length + length + 1);
    if (st != LTA_OK)
        return st;
    memcpy(t->data + t->length, data, length);
    t->length += length;
    return LTA_OK;
}

static lta_status read_text(lta_json *j, text *out)
{
    const char *data;
    size_t length;
    lta_status st = lta_json_string(j, &data, &length);
    out->length = 0;
    return st == LTA_OK ? append(out, data, length) : st;
}

static lta_status read_time(lta_import_source *s, lta_json *j, int64_t *us)
{
    enum { SECONDS = 6 };
    const char *number;
    size_t length;
    lta_status st = lta_json_number(j, &number, &length);
    if (st != LTA_OK)
        return st;
    if (!lta_parse_decimal_time(number, length, SECONDS, us) || *us < 0) {
        char quoted[LTA_EXCERPT];
        return lta_bad_row(&s->place, "number out of range", "t is %s, expected seconds, not negative",
                           lta_excerpt(number, length, quoted));
    }
    return lta_check_time(s, *us);
}

/* Steps over a list, which is read later. */
static lta_status find_list(lta_json *j, const char **list)
{
    bool first;
    *list = j->p;
    lta_status st = lta_json_array_begin(j, &first);
    j->p = *list;
    return st == LTA_OK ? lta_json_skip(j) : st;
}

static lta_status read_value(lta_import_source *s, lta_json *j, unsigned key, weka *w)
{
    switch (key) {
    case T:
        return read_time(s, j, &w->time_us);
    case TYPE:
        return read_text(j, &w->type);
    case MODEL:
        return read_text(j, &w->model);
    case IN:
        return lta_json_u32(j, &w->input_tokens);
    case OUT:
        return lta_json_u32(j, &w->output_tokens);
    case HASH_IDS:
        return lta_json_u64_array(j, &w->ids);
    case AGENT_ID:
        return read_text(j, &w->agent);
    case REQUESTS:
        return find_list(j, &w->requests);
    default:
        return lta_json_skip(j);
    }
}

static lta_status read_item(lta_import_source *s, lta_json *j, weka *w, bool *is_container)
{
    static const char container[] = "subagent";
    lta_status st = LTA_OK;
    bool first;
    unsigned key;
    w->seen = 0;
    w->ids.n = 0;
    LTA_TRY(lta_json_object_begin(j, &first));
    for (;;) {
        LTA_TRY(lta_json_known_key(s, j, keys, N_KEYS, TYPE + 1, &first, &w->seen, &key));
        if (key == N_KEYS)
            break;
        LTA_TRY(read_value(s, j, key, w));
    }
    *is_container =
        w->type.length == sizeof container - 1 && memcmp(w->type.data, container, sizeof container - 1) == 0;
    uint32_t needed = *is_container ? IN_CONTAINER : IN_REQUEST;
    for (unsigned k = 0; k < N_USED; k++)
        if (needed >> k & ~w->seen >> k & 1)
            return lta_bad_row(&s->place, "missing key", "key \"%s\" is missing", keys[k]);
    if (!*is_container && (w->seen >> REQUESTS & 1))
        return lta_bad_row(&s->place, "requests outside a container",
                           "key \"requests\" in a request, expected it in those of type \"%s\"", container);
done:
    return st;
}

/* Hands a request over; base_us is what its time counts from. */
static lta_status add_request(lta_import_source *s, weka *w, int64_t base_us, uint32_t *turn)
{
    lta_status st = LTA_OK;
    lta_block_rule rule = LTA_BLOCK_ANY; /* rows may differ: newer editions have partial blocks in places */
    uint64_t line;
    int64_t time_us = w->time_us + base_us; /* both within LTA_TIME_LIMIT */
    LTA_TRY(lta_check_time(s, time_us));
    LTA_TRY(lta_block_check_row(&s->place, w->block_tokens, w->input_tokens, w->ids.n, &rule, &line));
    uint32_t n = (uint32_t)w->ids.n; /* no more than the tokens, by the check */
    if (s->options->drop_tail && n > w->input_tokens / w->block_tokens)
        n--;
    lta_request r = {.time_us = time_us,
                     .session = w->session.data,
                     .session_length = (size_t)w->session.length,
                     .kind = w->type.data,
                     .kind_length = (size_t)w->type.length,
                     .model = w->model.data,
                     .model_length = (size_t)w->model.length,
                     .turn = *turn,
                     .input_tokens = w->input_tokens,
                     .output_tokens = w->output_tokens,
                     .symbols = w->ids.item,
                     .n_input = n,
                     .n_full = n};
    LTA_TRY(lta_add_request(s, &r));
    ++*turn;
    w->n_floor += rule == LTA_BLOCK_FLOOR;
    w->n_ceiling += rule == LTA_BLOCK_CEILING;
done:
    return st;
}

/* Appends "/agent" to the session's name; an agent that occurs again gets "#2", "#3" and so on. */
static lta_status name_session(weka *w)
{
    lta_status st = LTA_OK;
    char number[24] = "";
    LTA_TRY(append(&w->session, "/", 1));
    LTA_TRY(append(&w->session, w->agent.data, (size_t)w->agent.length));
    uint64_t stem = w->session.length;
    for (uint64_t k = 2;; k++) {
        uint64_t index, before = w->sessions.strings.n;
        w->session.length = stem;
        LTA_TRY(append(&w->session, number, strlen(number)));
        LTA_TRY(lta_dictionary_intern(&w->sessions, w->session.data, (size_t)w->session.length, &index));
        if (index == before)
            return LTA_OK;
        snprintf(number, sizeof number, "#%llu", (ull)k);
    }
done:
    return st;
}

static lta_status walk(lta_import_source *s, lta_json *j, weka *w, int64_t base_us, int64_t container_us);

/* The container just read; the text goes on behind it. */
static lta_status walk_container(lta_import_source *s, lta_json *j, weka *w, int64_t base_us)
{
    lta_status st = LTA_OK;
    const char *after = j->p;
    int64_t own_us = w->time_us, start_us = base_us + own_us;
    uint64_t parent = w->session.length;
    if (w->emit) {
        LTA_TRY(lta_check_time(s, start_us));
        LTA_TRY(name_session(w));
        w->n_containers++;
    }
    j->p = w->requests;
    LTA_TRY(walk(s, j, w, w->emit && w->relative ? start_us : 0, own_us));
    w->session.length = parent;
    j->p = after;
done:
    return st;
}

/* Says where in the file the row begins, for messages. */
static void begin_row(lta_import_source *s, const lta_json *j, weka *w)
{
    const char *newline;
    while (w->counted < j->p && (newline = memchr(w->counted, '\n', (size_t)(j->p - w->counted)))) {
        s->place.line++;
        w->counted = newline + 1;
    }
    w->counted = j->p > w->counted ? j->p : w->counted;
    s->place.byte = (uint64_t)(j->p - j->begin) + 1;
    s->place.reason = NULL;
}

/* Goes through a list of requests. container_us is the time of the container that it is in, as written there.
 * Depth is bounded: the whole list has been skipped once, and values nest at most 64 deep. */
static lta_status walk(lta_import_source *s, lta_json *j, weka *w, int64_t base_us, int64_t container_us)
{
    lta_status st = LTA_OK;
    bool first, more, is_container;
    uint32_t turn = 0;
    LTA_TRY(lta_json_array_begin(j, &first));
    for (;;) {
        LTA_TRY(lta_json_next_item(j, &first, &more));
        if (!more)
            break;
        const char *start = j->p;
        begin_row(s, j, w);
        st = read_item(s, j, w, &is_container);
        if (st == LTA_OK)
            w->relative |= w->time_us < container_us;
        if (st == LTA_OK && is_container) {
            st = walk_container(s, j, w, base_us);
            if (st == LTA_OK)
                continue;
        } else if (st == LTA_OK && w->emit) {
            st = add_request(s, w, base_us, &turn);
        }
        if (st == LTA_ERR_FORMAT && s->place.reason && s->run->skip_bad_rows) {
            const char *reason = s->place.reason;
            j->p = start;
            LTA_TRY(lta_json_skip(j)); /* where the text itself is damaged there is no going on */
            s->place.reason = reason;
            st = LTA_ERR_FORMAT;
        }
        if (w->emit)
            LTA_TRY(lta_end_row(s, st, j->p));
        else if (st != LTA_ERR_FORMAT || !s->run->skip_bad_rows)
            LTA_TRY(st);
        LTA_TRY(lta_check_stop(s->run));
    }
    st = LTA_OK; /* a bad row of the first walk is left for the second to count */
done:
    return st;
}

/* ---- the conversation ---- */

/* Reads what stands beside the requests, and finds them. */
static lta_status read_top(lta_import_source *s, lta_json *j, weka *w, const char **requests)
{
    lta_status st = LTA_OK;
    bool first;
    uint32_t seen = 0;
    unsigned key;
    uint64_t v = 0;
    text scope = {0};
    LTA_TRY(lta_json_object_begin(j, &first));
    for (;;) {
        LTA_TRY(lta_json_known_key(s, j, top_keys, N_TOP_KEYS, N_TOP_NEEDED, &first, &seen, &key));
        if (key == N_TOP_KEYS)
            break;
        if (key == ID)
            LTA_TRY(read_text(j, &w->session));
        else if (key == TOP_REQUESTS)
            LTA_TRY(find_list(j, requests));
        else if (key == BLOCK_SIZE)
            LTA_TRY(lta_json_u64(j, INT32_MAX, &v));
        else if (key == SCOPE)
            LTA_TRY(read_text(j, &scope));
        else
            LTA_TRY(lta_json_skip(j));
    }
    LTA_TRY(lta_json_end(j));
    w->block_tokens = seen >> BLOCK_SIZE & 1 ? (uint32_t)v : s->options->block_tokens;
    if (w->block_tokens == 0) {
        st = lta_bad_row(&s->place, "block size", "block_size is %s, expected the tokens of a block%s",
                         seen >> BLOCK_SIZE & 1 ? "0" : "missing",
                         seen >> BLOCK_SIZE & 1 ? "" : " (--block-tokens N says them as well)");
        goto done;
    }
    if (s->options->block_tokens > 0 && s->options->block_tokens != w->block_tokens) {
        st = lta_fail(LTA_ERR_USAGE, "--block-tokens %u: %s has a block_size of %u", s->options->block_tokens,
                      s->place.file, w->block_tokens);
        goto done;
    }
    if (scope.length > 0 && (scope.length != 5 || memcmp(scope.data, "local", 5) != 0)) {
        char quoted[LTA_EXCERPT];
        lta_log_line(
            s->run->log, LTA_LOG_WARN, "import",
            "%s: its ids are of scope \"%s\" (hash_id_scope), yet are kept apart from those of other files",
            s->place.file, lta_excerpt(scope.data, (size_t)scope.length, quoted));
    }
done:
    lta_free(scope.data);
    return st;
}

static void report(const lta_import_source *s, const weka *w)
{
    lta_block_rule rule = w->n_floor > 0     ? LTA_BLOCK_FLOOR
                          : w->n_ceiling > 0 ? LTA_BLOCK_CEILING
                                             : LTA_BLOCK_ANY;
    char some[96] = "", agents[128] = "";
    if (w->n_floor > 0 && w->n_ceiling > 0)
        snprintf(some, sizeof some, " in %llu requests, one for the started last block too in %llu",
                 (ull)w->n_floor, (ull)w->n_ceiling);
    if (w->n_containers > 0)
        snprintf(agents, sizeof agents, "; %llu sub-agent%s, times in %s count from the %s",
                 (ull)w->n_containers, w->n_containers == 1 ? "" : "s", w->n_containers == 1 ? "it" : "them",
                 w->relative ? "sub-agent's start" : "conversation's start");
    lta_log_line(s->run->log, LTA_LOG_INFO, "import", "%s: blocks of %u tokens, %s%s%s", s->place.file,
                 w->block_tokens, lta_block_rule_text(rule), some, agents);
    if (s->options->timeline == LTA_TIMELINE_OVERLAY)
        lta_log_line(s->run->log, LTA_LOG_INFO, "import",
                     "%s: conversations have no clock in common: overlaid ones are taken to begin together",
                     s->place.file);
}

/* trace_0001.json holds conversation trace_0001. */
static bool is_published(const lta_import_source *s, const weka *w)
{
    return strncmp(s->name, "trace_", 6) == 0 && strlen(s->name) == w->session.length &&
           memcmp(s->name, w->session.data, (size_t)w->session.length) == 0;
}

static lta_status read_weka(lta_import_source *s)
{
    lta_status st = LTA_OK;
    weka w = {0};
    lta_json j = {0};
    const char *requests = NULL;
    uint64_t index;
    s->times_may_fall = true; /* between a conversation and its sub-agents */
    s->place.line = 1;
    LTA_TRY(lta_json_init(&j, &s->place));
    lta_json_begin(&j, s->text.data, s->text.size);
    LTA_TRY(read_top(s, &j, &w, &requests));
    LTA_TRY(lta_dictionary_intern(&w.sessions, w.session.data, (size_t)w.session.length, &index));
    lta_source_info info = {.dataset = "weka",
                            .licence = is_published(s, &w) ? "Apache-2.0" : "",
                            .unit = LTA_UNIT_BLOCK,
                            .block_tokens = w.block_tokens,
                            .has_session = true,
                            .has_turn = true,
                            .has_model = true,
                            .has_kind = true};
    lta_describe_source(s, &info);
    LTA_TRY(lta_trace_builder_begin_source(s->builder, &info));
    for (int pass = 0; pass < 2; pass++) {
        w.emit = pass == 1;
        w.counted = s->text.data;
        s->place.line = 1;
        j.p = requests;
        LTA_TRY(walk(s, &j, &w, 0, 0));
    }
    LTA_TRY(lta_trace_builder_end_source(s->builder, s->rows));
    report(s, &w);
done:
    lta_json_free(&j);
    lta_dictionary_free(&w.sessions);
    lta_free(w.session.data);
    lta_free(w.type.data);
    lta_free(w.model.data);
    lta_free(w.agent.data);
    lta_u64s_free(&w.ids);
    return st;
}

const lta_source_format lta_source_format_weka = {.detect = detect, .read = read_weka};
