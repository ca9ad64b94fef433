/* pipeline/synth/sessions.c - draws the conversations. */
#include "pipeline/synth/sessions.h"

#include "pipeline/core/array.h"
#include "pipeline/synth/random.h"

#include <stdlib.h>

/* Messages begin with the ids of the JSON text that wraps them, so that any two requests share a few (formats
 * of the published traces); what follows leans to small ids as words do. */
enum { HEADER_IDS = 5, FIRST_WORD_ID = 3 };
enum speaker { SYSTEM, USER, REPLY };
static const uint16_t header[][HEADER_IDS] = {
    [SYSTEM] = {1, 8853, 12154, 1115, 5205},
    [USER] = {1, 8853, 12154, 1115, 3148},
    [REPLY] = {1, 8853, 12154, 1115, 20255},
};

static lta_status add_message(lta_synth_sessions *s, lta_random *r, enum speaker who, uint64_t length)
{
    lta_status st = LTA_GROW(&s->ids, &s->ids_capacity, s->n_ids + length);
    if (st != LTA_OK)
        return st;
    st = LTA_GROW(&s->messages, &s->messages_capacity, s->n_messages + 1);
    if (st != LTA_OK)
        return st;
    uint64_t text = 0;
    uint16_t *id = s->ids + s->n_ids;
    for (uint64_t i = 0; i < length; i++) {
        uint64_t rank = i < HEADER_IDS ? 0 : lta_random_rank(r, LTA_SYNTH_IDS - FIRST_WORD_ID);
        id[i] = i < HEADER_IDS ? header[who][i] : (uint16_t)(FIRST_WORD_ID - 1 + rank);
        text += 2 + lta_synth_digits(id[i]);
    }
    s->messages[s->n_messages++] =
        (lta_synth_message){.first = s->n_ids, .length = (uint32_t)length, .text = (uint32_t)text};
    s->n_ids += length;
    return LTA_OK;
}

/* Bytes of one line whose arrays hold these ids, when ts takes its shortest form. */
static uint64_t line_bytes(uint64_t session, uint64_t turn, uint64_t input, uint64_t input_text,
                           uint64_t output, uint64_t output_text)
{
    static const char fixed[] = "{\"session_id\": , \"turn_id\": , \"ts\": 0.0, \"num_input_tokens\": , "
                                "\"num_output_tokens\": , \"input_tokens\": [], \"output_tokens\": []}\n";
    return sizeof fixed - 1 + lta_synth_digits(session) + lta_synth_digits(turn) + lta_synth_digits(input) +
           lta_synth_digits(output) + (input > 0 ? input_text - 2 : 0) + (output > 0 ? output_text - 2 : 0);
}

static lta_status add_session(lta_synth_sessions *s, const lta_synth_options *o)
{
    lta_random r;
    lta_random_seed(&r, o->seed, s->n);
    lta_synth_session session = {.first_message = s->n_messages, .first_pause = s->n_pauses};
    session.collapses = lta_random_chance(&r, o->collapse_share);
    session.prompt = (uint32_t)lta_random_below(&r, o->system_prompts);
    uint64_t turns = lta_random_around(&r, o->turns);
    uint64_t length = s->messages[session.prompt].length,
             text = s->messages[session.prompt].text; /* sent so far */
    for (uint64_t t = 0; t < turns; t++) {
        uint64_t user = lta_random_skewed(&r, o->message_tokens);
        if (t > LTA_SYNTH_KEPT_MESSAGES + 1 && session.collapses) {
            const lta_synth_message *gone =
                &s->messages[session.first_message + 2 * (t - LTA_SYNTH_KEPT_MESSAGES - 1)];
            length -= gone->length;
            text -= gone->text;
        }
        if (t == 0 && user > o->token_limit - length)
            user = o->token_limit - length;
        if (length + user > o->token_limit)
            break;
        lta_status st = add_message(s, &r, USER, user);
        if (st == LTA_OK)
            st = add_message(s, &r, REPLY, lta_random_skewed(&r, o->output_tokens));
        if (st == LTA_OK)
            st = LTA_GROW(&s->pauses, &s->pauses_capacity, s->n_pauses + 1);
        if (st != LTA_OK)
            return st;
        uint64_t words = user > HEADER_IDS ? (user - HEADER_IDS) * 3 / 4 : 0;
        uint64_t pause = t == 0 ? 0 : session.collapses ? lta_random_poisson5(&r) : words;
        s->pauses[s->n_pauses++] = (uint32_t)pause;
        const lta_synth_message *sent = &s->messages[s->n_messages - 2], *reply = sent + 1;
        length += sent->length;
        text += sent->text;
        s->bytes += line_bytes(s->n, t, length, text, reply->length, reply->text);
        length += reply->length;
        text += reply->text;
        session.turns++;
    }
    s->n_requests += session.turns;
    lta_status st = LTA_GROW(&s->session, &s->session_capacity, s->n + 1);
    if (st != LTA_OK)
        return st;
    s->session[s->n++] = session;
    return LTA_OK;
}

lta_status lta_synth_sessions_draw(const lta_run *run, const lta_synth_options *o, lta_synth_sessions *out)
{
    lta_synth_sessions s = {0};
    lta_status st = LTA_OK;
    uint64_t wanted = o->size_bytes / o->files + (o->size_bytes % o->files != 0);
    for (uint64_t p = 0; p < o->system_prompts; p++) {
        lta_random r;
        lta_random_seed(&r, o->seed, UINT64_MAX - p); /* sessions count their streams from the other end */
        LTA_TRY(add_message(&s, &r, SYSTEM, o->system_tokens));
    }
    while (o->size_bytes > 0 ? s.bytes < wanted : s.n < o->sessions) {
        LTA_TRY(lta_check_stop(run));
        if (s.n == UINT32_MAX) {
            st =
                lta_fail(LTA_ERR_USAGE, "--size: more than 4294967295 sessions; give more --turns or tokens");
            goto done;
        }
        LTA_TRY(add_session(&s, o));
    }
    *out = s;
    return LTA_OK;
done:
    lta_synth_sessions_free(&s);
    return st;
}

void lta_synth_sessions_free(lta_synth_sessions *s)
{
    lta_free(s->ids);
    lta_free(s->messages);
    lta_free(s->session);
    lta_free(s->pauses);
    *s = (lta_synth_sessions){0};
}
