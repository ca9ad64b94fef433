/* pipeline/import/conversation.h - conversations of text sources on their way to becoming requests.
 *
 * A conversation is a session of its own. Its messages are taken in pairs, whatever their roles say: an
 * even position (from 0) is what the model was sent, the odd one behind it the reply, and each pair is one
 * request, a row of the source: its input is every message up to and including the even one, its output the
 * reply. An odd last message is dropped. A conversation without a pair counts as one row, dropped.
 *
 * Readers hand over message after message. With a tokenizer, a batch of texts is tokenized in parallel, each
 * message by itself, and an input is the concatenation; without one, lengths stay unknown and texts are not
 * kept. Under Marconi's rules (marconi_rules.h) a message's text is its whole object as JSON. */
#ifndef LTA_IMPORT_CONVERSATION_H
#define LTA_IMPORT_CONVERSATION_H

#include "pipeline/import/import_internal.h"
#include "pipeline/import/marconi_rules.h"
#include "pipeline/import/python_json.h"
#include "pipeline/import/turn_counter.h"

/* Keys of a conversation and of its messages, in the order of lta_conversation_format.keys. */
enum {
    LTA_CONVERSATION_MESSAGES,
    LTA_CONVERSATION_NAME,
    LTA_CONVERSATION_MODEL,
    LTA_CONVERSATION_LANGUAGE,
    LTA_CONVERSATION_TURN,
    LTA_CONVERSATION_TIME,
    LTA_CONVERSATION_KEYS
};
enum { LTA_MESSAGE_CONTENT, LTA_MESSAGE_ROLE, LTA_MESSAGE_TIME, LTA_MESSAGE_KEYS };

typedef struct lta_conversation_format {
    const char *dataset, *licence;
    const char *keys[LTA_CONVERSATION_KEYS]; /* names, NULL from the first that the format lacks */
    unsigned n_keys, n_needed;
    const char *message_keys[LTA_MESSAGE_KEYS];
    unsigned n_message_keys; /* the content is needed */
    bool has_times;          /* replies or conversations have one, on the wall clock */
    lta_marconi_rules marconi;
} lta_conversation_format;

typedef struct lta_text_place { /* in lta_conversations.chars */
    uint64_t at, n;
} lta_text_place;

typedef struct lta_message {
    lta_text_place text; /* empty without a tokenizer */
    uint64_t spaces;     /* under Marconi's rules: typed ones */
    int64_t time_us;
    bool has_time;
    /* once tokenized */
    const uint32_t *token; /* [n_tokens] */
    uint64_t n_tokens;
} lta_message;

typedef struct lta_conversation {
    lta_text_place name, model, language;
    bool has_name, has_model, has_language, has_time;
    int64_t time_us;
    uint64_t turns;       /* as the source counts them; under Marconi's rules alone */
    lta_python_size size; /* of the messages; under Marconi's rules alone */
    uint64_t row;         /* of its first pair */
    uint64_t first_message, n_messages;
} lta_conversation;

typedef struct lta_conversations {
    lta_import_source *source;
    const lta_conversation_format *format;
    lta_marconi *marconi; /* NULL: plain */
    /* the batch: conversations that are complete, and behind them the one being read */
    lta_conversation *item;
    lta_message *message;
    lta_chars chars;
    uint64_t n_items, n_messages, n_chars, item_capacity, message_capacity;
    lta_token_list *tokens; /* [threads] */
    lta_turn_counter names;
    lta_u64s symbols;
    lta_chars scratch; /* for readers */
} lta_conversations;

LTA_MUST_CHECK lta_status lta_conversations_open(lta_import_source *source,
                                                 const lta_conversation_format *format,
                                                 lta_conversations *out);
void lta_conversations_close(lta_conversations *c);

/* Starts a conversation, forgetting one that was not ended: *out is filled by the reader. */
LTA_MUST_CHECK lta_status lta_conversation_begin(lta_conversations *c, lta_conversation **out);
/* Keeps a short text of the conversation. */
LTA_MUST_CHECK lta_status lta_conversation_text(lta_conversations *c, const char *text, size_t n,
                                                lta_text_place *place);
/* Adds a message, all zero but for its text, which begins at the end of chars now. */
LTA_MUST_CHECK lta_status lta_conversation_message(lta_conversations *c, lta_message **out);
/* The conversation is complete: counts its rows, of which lta_end_row() is left to count one. */
LTA_MUST_CHECK lta_status lta_conversation_end(lta_conversations *c);

/* All conversations are there. */
LTA_MUST_CHECK lta_status lta_conversations_finish(lta_conversations *c);

#endif
