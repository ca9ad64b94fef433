/* pipeline/import/conversation.c - batches of conversations: collecting, tokenizing in parallel, making
 * requests. */
#include "pipeline/import/conversation.h"

#include "pipeline/core/array.h"

#include <stdio.h>
#include <string.h>

typedef unsigned long long ull; /* for printf */

enum { BATCH_CHARS = 1 << 23, BATCH_MESSAGES = 1 << 16 };

lta_status lta_conversations_open(lta_import_source *source, const lta_conversation_format *format,
                                  lta_conversations *out)
{
    lta_status st = LTA_OK;
    lta_conversations c = {.source = source, .format = format};
    const lta_tokenizer *tokenizer = source->tokenizer;
    if (source->options->marconi_rules) {
        LTA_TRY(lta_marconi_open(source, &format->marconi, &c.marconi));
    } else {
        lta_source_info info = {.dataset = format->dataset,
                                .licence = format->licence,
                                .unit = tokenizer ? LTA_UNIT_TOKEN : LTA_UNIT_NONE,
                                .block_tokens = tokenizer ? 1 : 0,
                                .wall_clock = format->has_times,
                                .has_session = true,
                                .has_turn = true,
                                .has_kind = format->n_keys > LTA_CONVERSATION_LANGUAGE,
                                .has_model = format->n_keys > LTA_CONVERSATION_MODEL,
                                .without_times = !format->has_times};
        lta_describe_source(source, &info);
        LTA_TRY(lta_trace_builder_begin_source(source->builder, &info));
    }
    source->any_text = true;
    source->times_may_fall = true;
    LTA_TRY(LTA_CALLOC(&c.tokens, (uint64_t)source->run->threads));
    *out = c;
    return LTA_OK;
done:
    lta_conversations_close(&c);
    return st;
}

void lta_conversations_close(lta_conversations *c)
{
    for (int t = 0; c->tokens && t < c->source->run->threads; t++)
        lta_token_list_free(&c->tokens[t]);
    lta_free(c->tokens);
    lta_free(c->item);
    lta_free(c->message);
    lta_chars_free(&c->chars);
    lta_chars_free(&c->scratch);
    lta_turn_counter_free(&c->names);
    lta_u64s_free(&c->symbols);
    lta_marconi_close(c->marconi);
    *c = (lta_conversations){0};
}

/* ---- collecting ---- */

/* Number of messages, those of the conversation being read included. */
static uint64_t all_messages(const lta_conversations *c)
{
    return c->n_messages + c->item[c->n_items].n_messages;
}

lta_status lta_conversation_begin(lta_conversations *c, lta_conversation **out)
{
    lta_status st = LTA_GROW(&c->item, &c->item_capacity, c->n_items + 1);
    if (st != LTA_OK)
        return st;
    c->chars.n = c->n_chars;
    c->item[c->n_items] = (lta_conversation){.first_message = c->n_messages};
    *out = &c->item[c->n_items];
    return LTA_OK;
}

lta_status lta_conversation_text(lta_conversations *c, const char *text, size_t n, lta_text_place *place)
{
    *place = (lta_text_place){.at = c->chars.n, .n = n};
    return lta_chars_add(&c->chars, text, n);
}

lta_status lta_conversation_message(lta_conversations *c, lta_message **out)
{
    uint64_t k = all_messages(c);
    lta_status st = LTA_GROW(&c->message, &c->message_capacity, k + 1);
    if (st != LTA_OK)
        return st;
    c->message[k] = (lta_message){.text.at = c->chars.n};
    c->item[c->n_items].n_messages++;
    *out = &c->message[k];
    return LTA_OK;
}

/* A request's time: that of its reply, else that of the conversation. */
static bool find_time(const lta_conversation *k, const lta_message *reply, int64_t *us)
{
    *us = reply->has_time ? reply->time_us : k->time_us;
    return reply->has_time || k->has_time;
}

static lta_status check_times(lta_conversations *c, const lta_conversation *k)
{
    int64_t us;
    for (uint64_t i = 1; i < k->n_messages; i += 2)
        if (!find_time(k, &c->message[k->first_message + i], &us))
            return lta_bad_row(&c->source->place, "no time",
                               "neither the reply of turn %llu nor the conversation has a time, expected one",
                               (ull)(i / 2));
    return LTA_OK;
}

/* NULL, or why the conversation gives no request. */
static const char *choose(lta_conversations *c, const lta_conversation *k)
{
    if (!c->marconi)
        return k->n_messages < 2 ? "conversation without a pair of messages" : NULL;
    lta_marconi_candidate candidate = {
        .turns = k->turns,
        .n_messages = k->n_messages,
        .language = k->has_language ? c->chars.byte + k->language.at : NULL,
        .language_length = (size_t)k->language.n,
        .size = k->size,
    };
    return lta_marconi_choose(c->marconi, &candidate);
}

static lta_status flush(lta_conversations *c);

lta_status lta_conversation_end(lta_conversations *c)
{
    lta_status st = LTA_OK;
    lta_conversation *k = &c->item[c->n_items];
    uint64_t n_pairs = k->n_messages / 2;
    if (c->format->has_times && !c->marconi)
        LTA_TRY(check_times(c, k));
    const char *reason = choose(c, k);
    if (reason)
        return lta_trace_builder_skip(c->source->builder, reason, 1);
    k->n_messages = 2 * n_pairs;
    k->row = c->source->rows;
    if (!c->marconi)
        c->source->rows += n_pairs - 1;
    c->n_messages += k->n_messages;
    c->n_chars = c->chars.n;
    c->n_items++;
    if (c->n_chars >= BATCH_CHARS || c->n_messages >= BATCH_MESSAGES)
        LTA_TRY(flush(c));
done:
    return st;
}

/* ---- tokens ---- */

/* Every message by itself; each thread collects ids in a list of its own. */
static lta_status tokenize(lta_conversations *c)
{
    lta_status st = LTA_OK;
    const lta_tokenizer *tokenizer = c->source->tokenizer;
    int threads = c->source->run->threads;
    uint64_t first_failed = UINT64_MAX;
    lta_status why = LTA_OK;
    if (!tokenizer)
        return LTA_OK;
    for (int t = 0; t < threads; t++)
        c->tokens[t].n = 0;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int t = 0; t < threads; t++) {
        lta_token_list *list = &c->tokens[t];
        uint64_t begin = c->n_messages * (uint64_t)t / (uint64_t)threads,
                 end = c->n_messages * (uint64_t)(t + 1) / (uint64_t)threads;
        for (uint64_t i = begin; i < end; i++) {
            lta_message *m = &c->message[i];
            uint64_t before = list->n;
            lta_status failed =
                lta_tokenizer_encode(tokenizer, c->chars.byte + m->text.at, (size_t)m->text.n, list);
            m->n_tokens = list->n - before;
            if (failed == LTA_OK)
                continue;
#pragma omp critical
            if (i < first_failed) {
                first_failed = i;
                why = failed;
            }
            break;
        }
    }
    if (first_failed != UINT64_MAX)
        return lta_fail(why, "%s: a text of %llu bytes could not be tokenized%s", c->source->place.file,
                        (ull)c->message[first_failed].text.n, why == LTA_ERR_NOMEM ? ": no memory left" : "");
    for (int t = 0; t < threads; t++) { /* the lists stay where they are from now on */
        const uint32_t *id = c->tokens[t].id;
        uint64_t begin = c->n_messages * (uint64_t)t / (uint64_t)threads,
                 end = c->n_messages * (uint64_t)(t + 1) / (uint64_t)threads;
        for (uint64_t i = begin; i < end; i++) {
            c->message[i].token = id;
            id += c->message[i].n_tokens;
        }
    }
    LTA_TRY(lta_check_stop(c->source->run));
done:
    return st;
}

/* ---- requests ---- */

/* The conversation's own name; a second conversation of that name is NAME#2, and so on. A nameless one is
 * called by its first row. */
static lta_status name_session(lta_conversations *c, const lta_conversation *k)
{
    lta_status st = LTA_OK;
    char suffix[24];
    uint32_t *used, *first;
    c->scratch.n = 0;
    if (k->has_name) {
        LTA_TRY(lta_chars_add(&c->scratch, c->chars.byte + k->name.at, k->name.n));
    } else {
        int n = snprintf(suffix, sizeof suffix, "row %llu", (ull)k->row);
        LTA_TRY(lta_chars_add(&c->scratch, suffix, (uint64_t)n));
    }
    uint64_t plain = c->scratch.n;
    LTA_TRY(lta_next_turn(&c->names, c->scratch.byte, (size_t)plain, &first));
    uint32_t copy = (*first)++;
    while (copy > 0) {
        c->scratch.n = plain;
        int n = snprintf(suffix, sizeof suffix, "#%llu", (ull)copy + 1);
        LTA_TRY(lta_chars_add(&c->scratch, suffix, (uint64_t)n));
        LTA_TRY(lta_next_turn(&c->names, c->scratch.byte, (size_t)c->scratch.n, &used));
        if (*used == 0) {
            *used = 1;
            break;
        }
        copy++;
    }
done:
    return st;
}

/* The symbols of all messages. */
static lta_status join_messages(lta_conversations *c, const lta_message *m, uint64_t n)
{
    lta_status st = LTA_OK;
    c->symbols.n = 0;
    for (uint64_t i = 0; i < n; i++) {
        LTA_TRY(LTA_GROW(&c->symbols.item, &c->symbols.capacity, c->symbols.n + m[i].n_tokens));
        for (uint64_t k = 0; k < m[i].n_tokens; k++)
            c->symbols.item[c->symbols.n++] = m[i].token[k];
    }
    if (c->symbols.n >= LTA_NO_U32)
        st = lta_fail(LTA_ERR_FORMAT, "%s: a conversation of %llu tokens, expected fewer than 2^32 - 1",
                      c->source->place.file, (ull)c->symbols.n);
done:
    return st;
}

static lta_status add_requests(lta_conversations *c, const lta_conversation *k)
{
    lta_status st = LTA_OK;
    const lta_message *m = &c->message[k->first_message];
    uint64_t n_before = 0; /* symbols of the messages before this pair */
    LTA_TRY(join_messages(c, m, k->n_messages));
    LTA_TRY(name_session(c, k));
    for (uint64_t i = 0; i < k->n_messages; i += 2) {
        lta_request r = {.row = k->row + i / 2,
                         .session = c->scratch.byte,
                         .session_length = (size_t)c->scratch.n,
                         .kind = k->has_language ? c->chars.byte + k->language.at : NULL,
                         .kind_length = (size_t)k->language.n,
                         .model = k->has_model ? c->chars.byte + k->model.at : NULL,
                         .model_length = (size_t)k->model.n,
                         .turn = (uint32_t)(i / 2),
                         .input_tokens = LTA_NO_U32,
                         .output_tokens = LTA_NO_U32,
                         .symbols = c->symbols.item};
        if (c->source->tokenizer) {
            r.n_input = r.input_tokens = (uint32_t)(n_before + m[i].n_tokens);
            r.output_tokens = (uint32_t)m[i + 1].n_tokens;
            n_before = r.n_full = r.n_input + r.output_tokens;
        }
        if (c->format->has_times)
            (void)find_time(k, &m[i + 1], &r.time_us); /* there is one: checked when it was read */
        LTA_TRY(lta_add_request_of_row(c->source, &r));
    }
done:
    return st;
}

static lta_status keep_session(lta_conversations *c, const lta_conversation *k)
{
    lta_status st = LTA_OK;
    LTA_TRY(lta_marconi_begin_session(c->marconi));
    for (uint64_t i = 0; i < k->n_messages; i++) {
        const lta_message *m = &c->message[k->first_message + i];
        LTA_TRY(lta_marconi_add_message(c->marconi, m->token, m->n_tokens, m->spaces));
    }
done:
    return st;
}

static lta_status flush(lta_conversations *c)
{
    lta_status st = LTA_OK;
    LTA_TRY(tokenize(c));
    for (uint64_t i = 0; i < c->n_items; i++)
        LTA_TRY(c->marconi ? keep_session(c, &c->item[i]) : add_requests(c, &c->item[i]));
    c->n_items = c->n_messages = c->n_chars = 0;
done:
    return st;
}

lta_status lta_conversations_finish(lta_conversations *c)
{
    lta_status st = LTA_OK;
    LTA_TRY(flush(c));
    if (c->marconi)
        LTA_TRY(lta_marconi_finish(c->marconi));
    LTA_TRY(lta_trace_builder_end_source(c->source->builder, c->source->rows));
done:
    return st;
}
