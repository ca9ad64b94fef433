/* pipeline/synth/sessions.h - what the synthetic sessions say, before anyone asks when. Internal to
 * pipeline/synth.
 *
 * A session is a list of messages: system prompt (shared, maybe none), then user message u(t) and reply a(t)
 * of every turn. Turn t sends prompt u(0) a(0) ... u(t), or, where the history collapses as SWE-bench's does,
 * the same without u(1) .. u(t - 6). Each message's ids are kept once; requests are put together while they
 * are written. */
#ifndef LTA_SYNTH_SESSIONS_H
#define LTA_SYNTH_SESSIONS_H

#include "pipeline/synth/synth.h"

enum { LTA_SYNTH_IDS = 32000, LTA_SYNTH_KEPT_MESSAGES = 5 };

typedef struct lta_synth_message {
    uint64_t first;  /* into ids */
    uint32_t length; /* ids */
    uint32_t text;   /* bytes of these ids as written, ", " before each included */
} lta_synth_message;

typedef struct lta_synth_session {
    uint64_t first_message; /* u(0), a(0), u(1), a(1), ... of this session */
    uint64_t first_pause;   /* into pauses, one a turn */
    uint32_t turns;
    uint32_t prompt; /* message number of the system prompt */
    bool collapses;
} lta_synth_session;

typedef struct lta_synth_sessions {
    uint64_t n, n_ids, n_messages, n_requests;
    uint64_t bytes; /* of one file, at least */
    uint16_t *ids;
    lta_synth_message *messages; /* the system prompts come first */
    lta_synth_session *session;
    uint32_t *pauses; /* before each turn: words to type, or, when collapsing, seconds to wait */
    uint64_t n_pauses;
    uint64_t ids_capacity, messages_capacity, session_capacity, pauses_capacity;
} lta_synth_sessions;

/* Draws sessions until there are options->sessions of them, or a file of them holds options->size_bytes /
 * files. */
LTA_MUST_CHECK lta_status lta_synth_sessions_draw(const lta_run *run, const lta_synth_options *options,
                                                  lta_synth_sessions *out);
void lta_synth_sessions_free(lta_synth_sessions *s);

/* Whether turn t still sends the user message of turn i <= t. */
static inline bool lta_synth_keeps(const lta_synth_session *s, uint32_t t, uint32_t i)
{
    return !s->collapses || i == 0 || i + LTA_SYNTH_KEPT_MESSAGES >= t;
}

static inline uint32_t lta_synth_digits(uint64_t v)
{
    uint32_t n = 1;
    for (; v >= 10; v /= 10)
        n++;
    return n;
}

#endif
