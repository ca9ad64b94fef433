/* pipeline/import/import_ragpulse.c - RAGPulse JSONL: timestamp (whole seconds, a string), input_length,
 * output_length, hash_ids (an object of five lists of chunk ids), session_id.
 *
 * A request's sequence is its parts one after the other, in the order of `parts` below: the data set does not
 * say how prompts were put together, so that order is a convention, and a passage used at another place is no
 * prefix. Chunks have unequal lengths, which the trace's dictionary files give; ids and their sharing need
 * none of them. */
#include "pipeline/import/import_internal.h"

#include "pipeline/core/array.h"
#include "pipeline/import/time_parse.h"
#include "pipeline/import/turn_counter.h"

#include <string.h>

static const lta_published published[] = {
    {"0_trace.jsonl", NULL, 7106},
    {0},
};

enum { TIMESTAMP, INPUT_LENGTH, OUTPUT_LENGTH, HASH_IDS, SESSION_ID, N_KEYS };
static const char *const keys[N_KEYS] = {"timestamp", "input_length", "output_length", "hash_ids",
                                         "session_id"};

enum { N_PARTS = 5 };
static const char *const parts[N_PARTS] = {"sys_prompt", "passages_ids", "history", "web_search",
                                           "user_input"};

typedef struct ragpulse {
    lta_turn_counter turns;
    /* the row being read */
    int64_t time_us;
    uint32_t input_tokens, output_tokens;
    lta_u64s part[N_PARTS], symbols;
    char *session;
    uint64_t session_length, session_capacity;
} ragpulse;

static bool is_dictionary(const char *line, size_t length)
{
    static const char *const ids[] = {"sys_prompt_id", "passage_id", "history_id", "web_search_id",
                                      "user_input_id"};
    static const char *const others[] = {NULL};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        const char *const wanted[] = {ids[i], "token_length", NULL};
        if (lta_json_line_has_keys(line, length, wanted, others))
            return true;
    }
    return false;
}

/* Mooncake's rows have the same keys, but hash_ids is a list there. */
static bool has_parts(const char *line, size_t length)
{
    lta_place place = {.file = "", .line = 1};
    lta_json j = {0};
    bool first, found = false;
    const char *key;
    size_t n;
    if (lta_json_init(&j, &place) != LTA_OK)
        goto done;
    lta_json_begin(&j, line, length);
    if (lta_json_object_begin(&j, &first) != LTA_OK)
        goto done;
    while (!found && lta_json_next_key(&j, &first, &key, &n) == LTA_OK && key) {
        bool ids = n == strlen(keys[HASH_IDS]) && memcmp(key, keys[HASH_IDS], n) == 0;
        found = ids && j.p < j.end && *j.p == '{';
        if (lta_json_skip(&j) != LTA_OK)
            break;
    }
done:
    lta_json_free(&j);
    return found;
}

static bool detect(const char *line, size_t length)
{
    return has_parts(line, length) || is_dictionary(line, length); /* the latter is refused by read() */
}

/* ---- rows ---- */

static lta_status read_time(lta_import_source *s, lta_json *j, int64_t *us)
{
    enum { SECONDS = 6 };
    const char *text;
    size_t length;
    lta_status st = lta_json_string(j, &text, &length);
    if (st != LTA_OK)
        return st;
    if (!lta_parse_decimal_time(text, length, SECONDS, us) || *us < 0) {
        char quoted[LTA_EXCERPT];
        return lta_bad_row(&s->place, "time not readable",
                           "timestamp is \"%s\", expected seconds since the start of the trace",
                           lta_excerpt(text, length, quoted));
    }
    return LTA_OK;
}

static lta_status read_session(lta_json *j, ragpulse *p)
{
    lta_status st = LTA_OK;
    const char *text;
    size_t length;
    LTA_TRY(lta_json_string(j, &text, &length));
    LTA_TRY(LTA_GROW(&p->session, &p->session_capacity, length + 1));
    memcpy(p->session, text, length);
    p->session_length = length;
done:
    return st;
}

/* Every part exactly once, and no other: leaving one out would change the sequence without a word. */
static lta_status read_parts(lta_import_source *s, lta_json *j, ragpulse *p)
{
    lta_status st = LTA_OK;
    bool first;
    const char *key;
    size_t length;
    uint32_t seen = 0;
    LTA_TRY(lta_json_object_begin(j, &first));
    for (;;) {
        LTA_TRY(lta_json_next_key(j, &first, &key, &length));
        if (!key)
            break;
        unsigned k = 0;
        while (k < N_PARTS && (strlen(parts[k]) != length || memcmp(parts[k], key, length) != 0))
            k++;
        if (k == N_PARTS) {
            char quoted[LTA_EXCERPT];
            return lta_bad_row(&s->place, "unknown part",
                               "hash_ids has a part \"%s\", expected sys_prompt, passages_ids, history, "
                               "web_search and user_input",
                               lta_excerpt(key, length, quoted));
        }
        if (seen >> k & 1)
            return lta_bad_row(&s->place, "repeated key", "key \"%s\" occurs twice, expected once", parts[k]);
        seen |= (uint32_t)1 << k;
        j->key = parts[k];
        p->part[k].n = 0;
        LTA_TRY(lta_json_u64_array(j, &p->part[k]));
    }
    for (unsigned k = 0; k < N_PARTS; k++)
        if (!(seen >> k & 1))
            return lta_bad_row(&s->place, "missing key", "key \"%s\" is missing in hash_ids", parts[k]);
done:
    return st;
}

static lta_status read_row(lta_import_source *s, lta_json *j, ragpulse *p)
{
    lta_status st = LTA_OK;
    bool first;
    uint32_t seen = 0;
    unsigned key;
    LTA_TRY(lta_json_object_begin(j, &first));
    for (;;) {
        LTA_TRY(lta_json_known_key(s, j, keys, N_KEYS, N_KEYS, &first, &seen, &key));
        if (key == TIMESTAMP)
            LTA_TRY(read_time(s, j, &p->time_us));
        else if (key == INPUT_LENGTH)
            LTA_TRY(lta_json_u32(j, &p->input_tokens));
        else if (key == OUTPUT_LENGTH)
            LTA_TRY(lta_json_u32(j, &p->output_tokens));
        else if (key == HASH_IDS)
            LTA_TRY(read_parts(s, j, p));
        else if (key == SESSION_ID)
            LTA_TRY(read_session(j, p));
        else
            break;
    }
    st = lta_json_end(j);
done:
    return st;
}

static lta_status join_parts(ragpulse *p)
{
    lta_status st = LTA_OK;
    p->symbols.n = 0;
    for (unsigned k = 0; k < N_PARTS; k++) {
        const lta_u64s *part = &p->part[k];
        if (part->n == 0)
            continue;
        LTA_TRY(LTA_GROW(&p->symbols.item, &p->symbols.capacity, p->symbols.n + part->n));
        memcpy(p->symbols.item + p->symbols.n, part->item, part->n * sizeof *part->item);
        p->symbols.n += part->n;
    }
done:
    return st;
}

static lta_status add_row(lta_import_source *s, lta_json *j, void *context)
{
    ragpulse *p = context;
    lta_status st = LTA_OK;
    uint32_t *turn;
    LTA_TRY(read_row(s, j, p));
    LTA_TRY(lta_check_time(s, p->time_us));
    LTA_TRY(join_parts(p));
    if (p->symbols.n > p->input_tokens)
        return lta_bad_row(&s->place, "ids exceed tokens",
                           "%llu chunk ids for %u input tokens, expected at most as many as tokens",
                           (unsigned long long)p->symbols.n, p->input_tokens);
    LTA_TRY(lta_next_turn(&p->turns, p->session, (size_t)p->session_length, &turn));
    lta_request r = {.time_us = p->time_us,
                     .session = p->session,
                     .session_length = (size_t)p->session_length,
                     .turn = *turn,
                     .input_tokens = p->input_tokens,
                     .output_tokens = p->output_tokens,
                     .symbols = p->symbols.item,
                     .n_input = (uint32_t)p->symbols.n,
                     .n_full = (uint32_t)p->symbols.n};
    LTA_TRY(lta_add_request(s, &r));
    ++*turn;
done:
    return st;
}

static lta_status read_ragpulse(lta_import_source *s)
{
    lta_status st = LTA_OK;
    ragpulse p = {0};
    const lta_published *known = lta_find_published(published, s->data_file);
    lta_lines lines = lta_lines_of(s->text);
    const char *line;
    size_t length;
    (void)lta_next_line(&lines, &line, &length); /* the text is not empty */
    if (is_dictionary(line, length))
        return lta_fail(LTA_ERR_FORMAT,
                        "%s:1: is a dictionary of RAGPulse's chunk lengths, expected its requests "
                        "(0_trace.jsonl): the import needs no dictionary",
                        s->place.file);
    lta_source_info info = {.dataset = "ragpulse",
                            .licence = known ? "MIT" : "",
                            .unit = LTA_UNIT_BLOCK,
                            .block_tokens = 0, /* chunks of unequal lengths */
                            .has_session = true,
                            .has_turn = true};
    lta_describe_source(s, &info);
    s->times_may_fall = true;
    LTA_TRY(lta_trace_builder_begin_source(s->builder, &info));
    LTA_TRY(lta_read_jsonl(s, add_row, &p));
    LTA_TRY(lta_trace_builder_end_source(s->builder, s->rows));
    lta_check_published_rows(s, known);
    lta_log_line(
        s->run->log, LTA_LOG_INFO, "import",
        "%s: chunks of unequal lengths; by convention a sequence is sys_prompt, passages_ids, history, "
        "web_search, user_input, in this order",
        s->place.file);
done:
    lta_turn_counter_free(&p.turns);
    for (unsigned k = 0; k < N_PARTS; k++)
        lta_u64s_free(&p.part[k]);
    lta_u64s_free(&p.symbols);
    lta_free(p.session);
    return st;
}

const lta_source_format lta_source_format_ragpulse = {.detect = detect, .read = read_ragpulse};
