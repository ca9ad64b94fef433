/* pipeline/import/marconi_rules.h - the trace that Marconi's published rules make of conversations (Pan et
 * al., MLSys 2025).
 *
 * Which conversations: the first N (100 unless told) that hold to the source's conditions. Session k starts
 * at k / sps seconds, sps being the sessions started per second. In chats each later turn follows after the
 * time that typing its message takes, at 1.5 spaces a second; agents' turns after a Poisson number of seconds
 * of mean art, drawn from numpy's generator seeded with 42 for every source. Answers take no time. A session
 * ends before the first turn that would exceed 32,768 tokens (counting the output or not, by source), agents'
 * after turn 50 as well. Chats send all that was said; of agents, observations older than the last five but
 * the first are left out. Requests are ordered by time, equal ones by session and turn.
 *
 * Arrivals are synthetic: they tell nothing about the people or machines of the conversations. */
#ifndef LTA_IMPORT_MARCONI_RULES_H
#define LTA_IMPORT_MARCONI_RULES_H

#include "pipeline/core/array.h"
#include "pipeline/core/text_out.h"
#include "pipeline/import/import_internal.h"
#include "pipeline/import/python_json.h"

/* Of published Marconi files. */
#define LTA_MARCONI_LICENCE "CC BY-NC 4.0, derived from gated text: do not redistribute"

/* How the rules differ between sources. */
typedef struct lta_marconi_rules {
    const char *kind;     /* as published files name the source */
    uint64_t least_turns; /* as the source counts them */
    uint64_t least_messages;
    bool english, mostly_ascii; /* conversations in English; no more than half of the text beyond ASCII */
    bool spaces_of_json;        /* spaces are counted in the message's text as JSON, not as it is */
    bool limit_counts_output;
    bool agent;
    const char *const *left_out; /* keys of a message that are not tokenized; NULL = none */
} lta_marconi_rules;

typedef struct lta_marconi lta_marconi;

/* LTA_ERR_USAGE unless the options about the rules can be used: together, with numbers in range, and for a
 * format that has rules (NULL: has none). */
LTA_MUST_CHECK lta_status lta_marconi_check_options(const lta_import_options *options, const char *format,
                                                    const lta_marconi_rules *rules);

/* The name of the published file made with these options, without .jsonl: lta_free(*out). */
LTA_MUST_CHECK lta_status lta_marconi_name(const lta_import_options *options, const lta_marconi_rules *rules,
                                           char **out);

/* Numbers as Python prints what was typed: "1" as 1, ".50" as 0.5; they are part of the name. */
LTA_MUST_CHECK lta_status lta_marconi_number(const char *option, const char *typed, char out[LTA_F64_TEXT]);

/* Conversations wanted. */
uint64_t lta_marconi_sessions(const lta_import_options *options);

LTA_MUST_CHECK lta_status lta_marconi_open(lta_import_source *source, const lta_marconi_rules *rules,
                                           lta_marconi **out);
void lta_marconi_close(lta_marconi *m); /* accepts NULL */

/* What the conditions look at. */
typedef struct lta_marconi_candidate {
    uint64_t turns, n_messages;
    const char *language; /* [language_length]; NULL = not given */
    size_t language_length;
    lta_python_size size;
} lta_marconi_candidate;
/* NULL where the conversation is taken, else why not. Once enough are taken, source->enough is set. */
const char *lta_marconi_choose(lta_marconi *m, const lta_marconi_candidate *candidate);

/* The next session's messages, in order: session by session as they were chosen. */
LTA_MUST_CHECK lta_status lta_marconi_begin_session(lta_marconi *m);
LTA_MUST_CHECK lta_status lta_marconi_add_message(lta_marconi *m, const uint32_t *token, uint64_t n_tokens,
                                                  uint64_t spaces);

/* Makes the requests and hands them to the builder; sets source->rows. */
LTA_MUST_CHECK lta_status lta_marconi_finish(lta_marconi *m);

#endif
