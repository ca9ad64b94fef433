/* pipeline/import/conversation_json.c - reading conversations from JSON. */
#include "pipeline/import/conversation_json.h"

#include "pipeline/import/time_parse.h"

#include <string.h>

static uint64_t count_spaces(const char *text, uint64_t n)
{
    uint64_t spaces = 0;
    for (uint64_t i = 0; i < n; i++)
        spaces += text[i] == ' ';
    return spaces;
}

/* "2023-04-09T00:02:53Z" and the like, UTC where no zone is given; or null. */
static lta_status read_time(lta_import_source *s, lta_json *j, bool *given, int64_t *us)
{
    lta_status st = LTA_OK;
    const char *text;
    size_t n;
    bool has_zone;
    char quoted[LTA_EXCERPT];
    if (lta_json_is_null(j))
        return lta_json_skip(j);
    LTA_TRY(lta_json_string(j, &text, &n));
    if (!lta_parse_timestamp(text, n, us, &has_zone))
        return lta_bad_row(&s->place, "malformed time",
                           "%s is \"%s\", expected a time such as 2023-04-09T00:02:53Z", j->key,
                           lta_excerpt(text, n, quoted));
    LTA_TRY(lta_check_time(s, *us));
    *given = true;
done:
    return st;
}

/* A short text of the conversation, or null. A name may also be a number. */
static lta_status read_label(lta_conversations *c, lta_json *j, bool *given, lta_text_place *place)
{
    lta_status st = LTA_OK;
    const char *text;
    size_t n;
    if (lta_json_is_null(j))
        return lta_json_skip(j);
    if (j->p < j->end && *j->p != '"' && place == &c->item[c->n_items].name)
        LTA_TRY(lta_json_number(j, &text, &n));
    else
        LTA_TRY(lta_json_string(j, &text, &n));
    LTA_TRY(lta_check_text(c->source, j->key, text, n));
    LTA_TRY(lta_conversation_text(c, text, n, place));
    *given = true;
done:
    return st;
}

/* ---- messages ---- */

/* Half a surrogate pair is no character of UTF-8: U+FFFD takes its place, of as many bytes. */
static void replace_surrogates(char *text, uint64_t n)
{
    for (uint64_t i = 0; i + 2 < n; i++)
        if ((unsigned char)text[i] == 0xed && (unsigned char)text[i + 1] >= 0xa0)
            memcpy(text + i, "\xef\xbf\xbd", 3);
}

/* The content, of which the plain text is kept where it is tokenized, and spaces are counted where they are
 * wanted. */
static lta_status read_content(lta_conversations *c, lta_json *j, lta_message *m)
{
    lta_status st = LTA_OK;
    const char *text;
    size_t n;
    if (c->marconi && c->format->marconi.spaces_of_json) {
        c->scratch.n = 0;
        LTA_TRY(lta_python_dump(j, NULL, &c->scratch));
        m->spaces = count_spaces(c->scratch.byte, c->scratch.n);
        return LTA_OK;
    }
    LTA_TRY(lta_json_string(j, &text, &n));
    if (c->marconi) {
        m->spaces = count_spaces(text, n);
    } else if (c->source->tokenizer) {
        LTA_TRY(lta_conversation_text(c, text, n, &m->text));
        replace_surrogates(c->chars.byte + m->text.at, n);
    }
done:
    return st;
}

/* The whole object once more, as text to be tokenized. */
static lta_status dump_message(lta_conversations *c, lta_json *j, const char *start, lta_message *m)
{
    lta_status st = LTA_OK;
    lta_conversation *k = &c->item[c->n_items];
    j->p = start;
    m->text.at = c->chars.n;
    LTA_TRY(lta_python_dump(j, c->format->marconi.left_out, &c->chars));
    m->text.n = c->chars.n - m->text.at;
    if (c->format->marconi.mostly_ascii)
        lta_python_str_count(c->chars.byte + m->text.at, (size_t)m->text.n, &k->size);
done:
    return st;
}

static lta_status read_message(lta_conversations *c, lta_json *j)
{
    lta_status st = LTA_OK;
    const lta_conversation_format *f = c->format;
    const char *start = j->p;
    lta_message *m;
    bool first;
    uint32_t seen = 0;
    unsigned key;
    LTA_TRY(lta_conversation_message(c, &m));
    LTA_TRY(lta_json_object_begin(j, &first));
    for (;;) {
        LTA_TRY(lta_json_known_key(c->source, j, f->message_keys, f->n_message_keys, 1, &first, &seen, &key));
        if (key == LTA_MESSAGE_CONTENT)
            LTA_TRY(read_content(c, j, m));
        else if (key == LTA_MESSAGE_TIME && f->n_message_keys > LTA_MESSAGE_TIME && !c->marconi)
            LTA_TRY(read_time(c->source, j, &m->has_time, &m->time_us));
        else if (key < f->n_message_keys)
            LTA_TRY(lta_json_skip(j));
        else
            break;
    }
    if (c->marconi)
        LTA_TRY(dump_message(c, j, start, m));
done:
    return st;
}

static lta_status read_messages(lta_conversations *c, lta_json *j)
{
    lta_status st = LTA_OK;
    bool first, more;
    const char *key = j->key;
    c->source->all_keys_used = c->marconi != NULL;
    LTA_TRY(lta_json_array_begin(j, &first));
    for (;;) {
        j->key = key;
        LTA_TRY(lta_json_next_item(j, &first, &more));
        if (!more)
            break;
        LTA_TRY(read_message(c, j));
    }
    /* the brackets of the list, and ", " between its items */
    uint64_t n = c->item[c->n_items].n_messages;
    c->item[c->n_items].size.characters += 2 * (n > 0 ? n : 1);
done:
    c->source->all_keys_used = false;
    return st;
}

/* ---- conversations ---- */

static lta_status read_value(lta_conversations *c, lta_json *j, unsigned key, lta_conversation *k)
{
    switch (key) {
    case LTA_CONVERSATION_MESSAGES:
        return read_messages(c, j);
    case LTA_CONVERSATION_NAME:
        return read_label(c, j, &k->has_name, &k->name);
    case LTA_CONVERSATION_MODEL:
        return read_label(c, j, &k->has_model, &k->model);
    case LTA_CONVERSATION_LANGUAGE:
        return read_label(c, j, &k->has_language, &k->language);
    case LTA_CONVERSATION_TURN:
        return c->marconi ? lta_json_u64(j, UINT64_MAX, &k->turns) : lta_json_skip(j);
    default:
        return read_time(c->source, j, &k->has_time, &k->time_us);
    }
}

lta_status lta_conversation_from_object(lta_conversations *c, lta_json *j)
{
    lta_status st = LTA_OK;
    const lta_conversation_format *f = c->format;
    lta_conversation *k;
    bool first;
    uint32_t seen = 0;
    unsigned key;
    LTA_TRY(lta_conversation_begin(c, &k));
    LTA_TRY(lta_json_object_begin(j, &first));
    for (;;) {
        LTA_TRY(lta_json_known_key(c->source, j, f->keys, f->n_keys, f->n_needed, &first, &seen, &key));
        if (key == f->n_keys)
            break;
        LTA_TRY(read_value(c, j, key, k));
    }
    if (c->marconi && f->marconi.least_turns > 0 && !(seen >> LTA_CONVERSATION_TURN & 1))
        return lta_bad_row(&c->source->place, "missing key",
                           "key \"%s\" is missing, by which Marconi's rules choose",
                           f->keys[LTA_CONVERSATION_TURN]);
done:
    return st;
}

lta_status lta_conversation_from_list(lta_conversations *c, lta_json *j, const char *name)
{
    lta_status st = LTA_OK;
    lta_conversation *k;
    LTA_TRY(lta_conversation_begin(c, &k));
    LTA_TRY(lta_conversation_text(c, name, strlen(name), &k->name));
    k->has_name = true;
    LTA_TRY(read_messages(c, j));
done:
    return st;
}
