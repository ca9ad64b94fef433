/* pipeline/import/marconi_rules.c - choosing sessions, giving them arrivals, cutting and joining their turns.
 */
#include "pipeline/import/marconi_rules.h"

#include "pipeline/core/array.h"
#include "pipeline/import/numpy_random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull; /* for printf */

enum { DEFAULT_SESSIONS = 100, MOST_TOKENS = 32768, LAST_AGENT_TURN = 50, KEPT_OBSERVATIONS = 5, SEED = 42 };
static const double spaces_per_second = 90.0 / 60.0; /* words typed */

typedef struct marconi_message {
    uint64_t first; /* in id */
    uint32_t n;
    uint64_t spaces;
} marconi_message;

typedef struct marconi_session {
    uint64_t first, n; /* messages */
} marconi_session;

typedef struct marconi_request {
    double ts;
    uint32_t session, turn;
    uint32_t n_input, n_output;
} marconi_request;

struct lta_marconi {
    lta_import_source *source;
    const lta_marconi_rules *rules;
    double sps, art;
    uint64_t n_wanted, n_chosen;
    lta_numpy_random random;
    uint32_t *id;
    marconi_message *message;
    marconi_session *session;
    marconi_request *request;
    uint64_t n_ids, n_messages, n_sessions, n_requests;
    uint64_t id_capacity, message_capacity, session_capacity, request_capacity;
    lta_u64s symbols;
};

/* ---- options ---- */

static bool is_whole(const char *typed)
{
    return typed[0] != '\0' && typed[strspn(typed, "0123456789")] == '\0';
}

lta_status lta_marconi_number(const char *option, const char *typed, char out[LTA_F64_TEXT])
{
    char *end = NULL;
    double v = typed[strspn(typed, "0123456789.eE+-")] == '\0' ? strtod(typed, &end) : 0;
    if (!end || end == typed || *end != '\0' || !(v > 0) || v > 1e9 || v < 1e-9)
        return lta_fail(LTA_ERR_USAGE, "--%s %s: expected a number above 0, from 1e-9 to 1e9", option, typed);
    if (is_whole(typed))
        snprintf(out, LTA_F64_TEXT, "%.0f", v);
    else
        lta_python_f64(v, out);
    return LTA_OK;
}

lta_status lta_marconi_check_options(const lta_import_options *o, const char *format,
                                     const lta_marconi_rules *rules)
{
    char number[LTA_F64_TEXT];
    lta_status st = LTA_OK;
    if (!o->marconi_rules) {
        if (o->sps || o->art || o->sessions > 0)
            return lta_fail(LTA_ERR_USAGE, "--%s is for --marconi-rules, which is not given",
                            o->sps   ? "sps"
                            : o->art ? "art"
                                     : "sessions");
        return LTA_OK;
    }
    if (!rules)
        return lta_fail(
            LTA_ERR_USAGE,
            "--marconi-rules: there are none for format %s, expected lmsys, sharegpt, swebench or "
            "wildchat",
            format);
    if (!o->tokenizer)
        return lta_fail(LTA_ERR_USAGE, "--marconi-rules: expected --tokenizer beside it");
    if (!o->sps)
        return lta_fail(LTA_ERR_USAGE, "--marconi-rules: expected --sps, the sessions started per second");
    if (rules->agent != (o->art != NULL))
        return lta_fail(LTA_ERR_USAGE,
                        rules->agent
                            ? "--marconi-rules: expected --art, the mean seconds between agents' turns"
                            : "--art is about agents' turns, of which %s has none",
                        format);
    LTA_TRY(lta_marconi_number("sps", o->sps, number));
    if (o->art)
        LTA_TRY(lta_marconi_number("art", o->art, number));
done:
    return st;
}

uint64_t lta_marconi_sessions(const lta_import_options *o)
{
    return o->sessions > 0 ? o->sessions : DEFAULT_SESSIONS;
}

lta_status lta_marconi_name(const lta_import_options *o, const lta_marconi_rules *rules, char **out)
{
    enum { ROOM = 128 };
    lta_status st = LTA_OK;
    char sps[LTA_F64_TEXT], art[LTA_F64_TEXT] = "", *name = NULL;
    LTA_TRY(lta_marconi_number("sps", o->sps, sps));
    if (o->art)
        LTA_TRY(lta_marconi_number("art", o->art, art));
    LTA_TRY(LTA_ALLOC(&name, ROOM));
    snprintf(name, ROOM, "%s_sps=%s%s%s_nums=%llu", rules->kind, sps, o->art ? "_art=" : "", art,
             (ull)lta_marconi_sessions(o));
    *out = name;
done:
    return st;
}

/* ---- sessions ---- */

lta_status lta_marconi_open(lta_import_source *source, const lta_marconi_rules *rules, lta_marconi **out)
{
    lta_status st = LTA_OK;
    lta_marconi *m = NULL;
    const lta_import_options *o = source->options;
    lta_source_info info = {.dataset = "marconi",
                            .licence = LTA_MARCONI_LICENCE,
                            .kind = rules->kind,
                            .unit = LTA_UNIT_TOKEN,
                            .block_tokens = 1,
                            .has_session = true,
                            .has_turn = true,
                            .has_source_time = true};
    LTA_TRY(LTA_CALLOC(&m, 1));
    m->source = source;
    m->rules = rules;
    m->n_wanted = lta_marconi_sessions(o);
    m->sps = strtod(o->sps, NULL);
    m->art = o->art ? strtod(o->art, NULL) : 0;
    lta_numpy_seed(&m->random, SEED);
    lta_describe_source(source, &info);
    LTA_TRY(lta_trace_builder_begin_source(source->builder, &info));
    *out = m;
    return LTA_OK;
done:
    lta_marconi_close(m);
    return st;
}

void lta_marconi_close(lta_marconi *m)
{
    if (!m)
        return;
    lta_free(m->id);
    lta_free(m->message);
    lta_free(m->session);
    lta_free(m->request);
    lta_u64s_free(&m->symbols);
    lta_free(m);
}

const char *lta_marconi_choose(lta_marconi *m, const lta_marconi_candidate *c)
{
    static const char english[] = "English";
    const lta_marconi_rules *rules = m->rules;
    if (c->turns < rules->least_turns || c->n_messages < rules->least_messages)
        return "too few turns for Marconi's rules";
    if (rules->english && (!c->language || c->language_length != strlen(english) ||
                           memcmp(c->language, english, strlen(english)) != 0))
        return "not in English, as Marconi's rules want it";
    if (rules->mostly_ascii && (double)c->size.not_ascii / (double)c->size.characters > 0.5)
        return "too little ASCII for Marconi's rules";
    m->n_chosen++;
    m->source->enough = m->n_chosen == m->n_wanted;
    return NULL;
}

lta_status lta_marconi_begin_session(lta_marconi *m)
{
    lta_status st = LTA_OK;
    LTA_TRY(LTA_GROW(&m->session, &m->session_capacity, m->n_sessions + 1));
    m->session[m->n_sessions++] = (marconi_session){.first = m->n_messages};
done:
    return st;
}

lta_status lta_marconi_add_message(lta_marconi *m, const uint32_t *token, uint64_t n_tokens, uint64_t spaces)
{
    lta_status st = LTA_OK;
    if (n_tokens > INT32_MAX)
        return lta_fail(LTA_ERR_FORMAT, "%s: a message of %llu tokens, expected fewer than 2^31",
                        m->source->place.file, (ull)n_tokens);
    LTA_TRY(LTA_GROW(&m->message, &m->message_capacity, m->n_messages + 1));
    LTA_TRY(LTA_GROW(&m->id, &m->id_capacity, m->n_ids + n_tokens));
    m->message[m->n_messages++] =
        (marconi_message){.first = m->n_ids, .n = (uint32_t)n_tokens, .spaces = spaces};
    if (n_tokens > 0)
        memcpy(m->id + m->n_ids, token, n_tokens * sizeof *token);
    m->n_ids += n_tokens;
    m->session[m->n_sessions - 1].n++;
done:
    return st;
}

/* ---- turns ---- */

/* Does turn t still send message i of its session, 2t being its own? */
static bool is_sent(const lta_marconi *m, uint64_t i, uint64_t t)
{
    return !m->rules->agent || i % 2 == 1 || i == 0 || i / 2 + KEPT_OBSERVATIONS >= t;
}

static double pause_before(lta_marconi *m, const marconi_message *own)
{
    if (m->rules->agent)
        return (double)lta_numpy_poisson(&m->random, m->art);
    return (double)own->spaces / spaces_per_second;
}

/* The requests of session k; *cut counts the turns that the limits leave out. */
static lta_status make_requests(lta_marconi *m, uint64_t k, uint64_t *cut)
{
    lta_status st = LTA_OK;
    const marconi_session *s = &m->session[k];
    uint64_t n_turns = s->n / 2;
    const marconi_message *message = n_turns > 0 ? &m->message[s->first] : NULL;
    double ts = (double)k / m->sps;
    for (uint64_t t = 0; t < n_turns; t++) {
        uint64_t n_input = 0, n_output = message[2 * t + 1].n;
        if (t > 0)
            ts += pause_before(m, &message[2 * t]);
        for (uint64_t i = 0; i <= 2 * t; i++)
            n_input += is_sent(m, i, t) ? message[i].n : 0;
        if (n_input + (m->rules->limit_counts_output ? n_output : 0) > MOST_TOKENS ||
            (m->rules->agent && t > LAST_AGENT_TURN)) {
            *cut += n_turns - t;
            break;
        }
        LTA_TRY(LTA_GROW(&m->request, &m->request_capacity, m->n_requests + 1));
        m->request[m->n_requests++] = (marconi_request){.ts = ts,
                                                        .session = (uint32_t)k,
                                                        .turn = (uint32_t)t,
                                                        .n_input = (uint32_t)n_input,
                                                        .n_output = (uint32_t)n_output};
    }
done:
    return st;
}

static int by_time(const void *a, const void *b)
{
    const marconi_request *x = a, *y = b;
    if (x->ts != y->ts)
        return x->ts < y->ts ? -1 : 1;
    if (x->session != y->session)
        return x->session < y->session ? -1 : 1;
    return x->turn < y->turn ? -1 : x->turn > y->turn;
}

static lta_status add_request(lta_marconi *m, const marconi_request *q, uint64_t row)
{
    lta_status st = LTA_OK;
    const marconi_message *message = &m->message[m->session[q->session].first];
    lta_u64s *symbols = &m->symbols;
    char session[24];
    double us = rint(q->ts * 1e6);
    if (!(us <= (double)LTA_TIME_LIMIT))
        return lta_fail(LTA_ERR_USAGE,
                        "--sps, --art: session %u arrives after %.3g seconds, expected at most %.3g",
                        q->session, q->ts, (double)LTA_TIME_LIMIT / 1e6);
    symbols->n = 0;
    LTA_TRY(LTA_GROW(&symbols->item, &symbols->capacity, (uint64_t)q->n_input + q->n_output));
    for (uint64_t i = 0; i <= 2 * (uint64_t)q->turn + 1; i++)
        if (is_sent(m, i, q->turn))
            for (uint32_t j = 0; j < message[i].n; j++)
                symbols->item[symbols->n++] = m->id[message[i].first + j];
    int length = snprintf(session, sizeof session, "%u", q->session);
    lta_request r = {.row = row,
                     .time_us = (int64_t)us,
                     .source_time = q->ts,
                     .session = session,
                     .session_length = (size_t)length,
                     .turn = q->turn,
                     .input_tokens = q->n_input,
                     .output_tokens = q->n_output,
                     .symbols = symbols->item,
                     .n_input = q->n_input,
                     .n_full = q->n_input + q->n_output};
    LTA_TRY(lta_add_request_of_row(m->source, &r));
done:
    return st;
}

lta_status lta_marconi_finish(lta_marconi *m)
{
    lta_status st = LTA_OK;
    lta_import_source *s = m->source;
    uint64_t cut = 0, dropped = s->rows - m->n_sessions;
    for (uint64_t k = 0; k < m->n_sessions; k++) {
        LTA_TRY(make_requests(m, k, &cut));
        LTA_TRY(lta_check_stop(s->run));
    }
    if (m->n_requests > 0) /* sessions and turns break ties, so this is a stable order */
        qsort(m->request, m->n_requests, sizeof *m->request, by_time);
    for (uint64_t i = 0; i < m->n_requests; i++)
        LTA_TRY(add_request(m, &m->request[i], i));
    if (cut > 0)
        LTA_TRY(lta_trace_builder_skip(s->builder, "turn beyond the limits of Marconi's rules", cut));
    s->rows = m->n_requests + cut + dropped;
    lta_log_line(s->run->log, LTA_LOG_INFO, "import",
                 "%s: arrivals are synthetic, by Marconi's rules: %s, %llu sessions", s->place.file, s->name,
                 (ull)m->n_sessions);
    if (m->n_sessions < m->n_wanted)
        lta_log_line(s->run->log, LTA_LOG_WARN, "import",
                     "%s: %llu conversations hold to Marconi's rules, expected %llu", s->place.file,
                     (ull)m->n_sessions, (ull)m->n_wanted);
done:
    return st;
}
