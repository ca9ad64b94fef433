/* pipeline/import/import_conversations.c - the text sources: LMSYS-Chat-1M and WildChat (JSONL or Parquet),
 * ShareGPT (one JSON array), SWE-bench trajectories (a folder of files, each a JSON array of messages). */
#include "pipeline/import/conversation_json.h"
#include "pipeline/import/conversation_parquet.h"
#include "pipeline/import/input.h"

#include <stdlib.h>
#include <string.h>

/* ---- the formats ---- */

/* WildChat's other columns of a message; Marconi's generator drops them before it writes a message down. */
static const char *const wildchat_left_out[] = {"country",         "hashed_ip", "header",    "language",
                                                "redacted",        "state",     "timestamp", "toxic",
                                                "turn_identifier", NULL};

static const lta_conversation_format lmsys = {
    .dataset = "lmsys",
    .licence = "LMSYS-Chat-1M Dataset License Agreement: do not redistribute",
    .keys = {"conversation", "conversation_id", "model", "language", "turn"},
    .n_keys = 5,
    .n_needed = 2,
    .message_keys = {"content", "role"},
    .n_message_keys = 2,
    .marconi = {.kind = "lmsys",
                .least_turns = 10,
                .mostly_ascii = true,
                .spaces_of_json = true,
                .limit_counts_output = true},
};

static const lta_conversation_format wildchat = {
    .dataset = "wildchat",
    .licence = "ODC-BY",
    .keys = {"conversation", "conversation_hash", "model", "language", "turn", "timestamp"},
    .n_keys = 6,
    .n_needed = 2,
    .message_keys = {"content", "role", "timestamp"},
    .n_message_keys = 3,
    .has_times = true,
    .marconi = {.kind = "wildchat",
                .least_turns = 10,
                .english = true,
                .mostly_ascii = true,
                .spaces_of_json = true,
                .limit_counts_output = true,
                .left_out = wildchat_left_out},
};

static const lta_conversation_format sharegpt = {
    .dataset = "sharegpt",
    .licence = "unclear origin: do not redistribute",
    .keys = {"conversations", "id"},
    .n_keys = 2,
    .n_needed = 1,
    .message_keys = {"value", "from"},
    .n_message_keys = 2,
    .marconi = {.kind = "sharegpt", .least_messages = 20},
};

static const lta_conversation_format swebench = {
    .dataset = "swebench",
    .licence = "",
    .message_keys = {"content", "role"},
    .n_message_keys = 2,
    .marconi = {.kind = "swebench", .agent = true},
};

/* ---- recognising them ---- */

static bool detect_lmsys(const char *line, size_t length)
{
    static const char *const wanted[] = {"conversation_id", "conversation", NULL}, *const others[] = {NULL};
    return lta_json_line_has_keys(line, length, wanted, others);
}

static bool detect_lmsys_columns(const lta_strings *columns)
{
    static const char *const wanted[] = {"conversation_id", "conversation", NULL};
    return lta_columns_include(columns, wanted);
}

static bool detect_wildchat_columns(const lta_strings *columns)
{
    static const char *const wanted[] = {"conversation_hash", "conversation", NULL};
    return lta_columns_include(columns, wanted);
}

static bool detect_wildchat(const char *line, size_t length)
{
    static const char *const wanted[] = {"conversation_hash", "conversation", NULL}, *const others[] = {NULL};
    return lta_json_line_has_keys(line, length, wanted, others);
}

/* The first item of an array that begins here. */
static bool first_item_has_keys(const char *text, size_t length, const char *const *wanted)
{
    static const char *const others[] = {NULL};
    size_t i = 0;
    while (i < length && strchr(" \t\r\n", text[i]))
        i++;
    return i < length && text[i] == '[' &&
           lta_json_line_has_keys(text + i + 1, length - i - 1, wanted, others);
}

static bool detect_sharegpt(const char *line, size_t length)
{
    static const char *const wanted[] = {"conversations", NULL};
    return first_item_has_keys(line, length, wanted);
}

static bool detect_swebench(const char *line, size_t length)
{
    static const char *const wanted[] = {"role", "content", NULL};
    return first_item_has_keys(line, length, wanted);
}

/* ---- reading them ---- */

static lta_status line_row(lta_import_source *s, lta_json *j, void *context)
{
    lta_status st = LTA_OK;
    (void)s;
    LTA_TRY(lta_conversation_from_object(context, j));
    LTA_TRY(lta_json_end(j));
    LTA_TRY(lta_conversation_end(context));
done:
    return st;
}

static lta_status item_row(lta_import_source *s, lta_json *j, void *context)
{
    lta_status st = LTA_OK;
    (void)s;
    LTA_TRY(lta_conversation_from_object(context, j));
    LTA_TRY(lta_conversation_end(context));
done:
    return st;
}

/* Calls row() for each item of the array that the text is, then lta_end_row(). */
static lta_status read_items(lta_import_source *s, lta_json_row *row, void *context)
{
    lta_status st = LTA_OK;
    lta_json j = {0};
    bool first, more;
    LTA_TRY(lta_json_init(&j, &s->place));
    j.any_text = true;
    lta_json_begin(&j, s->text.data, s->text.size);
    s->place.line = 1;
    LTA_TRY(lta_json_array_begin(&j, &first));
    const char *counted = j.p; /* lines are, up to here */
    for (;;) {
        s->place.reason = NULL;
        LTA_TRY(lta_json_next_item(&j, &first, &more));
        if (!more)
            break;
        const char *start = j.p;
        for (; counted < start; counted++)
            s->place.line += *counted == '\n';
        s->place.byte = (uint64_t)(start - s->data.data) + 1;
        j.begin = start;
        st = row(s, &j, context);
        if (st == LTA_ERR_FORMAT && s->place.reason && s->run->skip_bad_rows) {
            const char *reason = s->place.reason;
            j.p = start;
            LTA_TRY(lta_json_skip(&j)); /* where no end is to be found, nothing behind it can be read */
            s->place.reason = reason;
            st = LTA_ERR_FORMAT;
        }
        LTA_TRY(lta_end_row(s, st, j.p));
        if (s->enough)
            goto done;
    }
    LTA_TRY(lta_json_end(&j));
done:
    s->place.byte = 0;
    lta_json_free(&j);
    return st;
}

/* One file, one conversation: it begins the text, and is all of it. */
static lta_status read_list(lta_import_source *s, lta_conversations *c, const char *name)
{
    lta_status st = LTA_OK;
    lta_json j = {0};
    LTA_TRY(lta_json_init(&j, &s->place));
    j.any_text = true;
    lta_json_begin(&j, s->text.data, s->text.size);
    s->place.line = 1;
    s->place.reason = NULL;
    LTA_TRY(lta_conversation_from_list(c, &j, name));
    LTA_TRY(lta_json_end(&j));
    LTA_TRY(lta_conversation_end(c));
done:
    lta_json_free(&j);
    return st;
}

/* "a.json" -> "a". */
static lta_status name_of_file(lta_conversations *c, const char *file, const char **name)
{
    static const char ending[] = ".json";
    size_t n = lta_plain_name_length(file), k = strlen(ending);
    if (n > k && memcmp(file + n - k, ending, k) == 0)
        n -= k;
    c->scratch.n = 0;
    lta_status st = lta_chars_add(&c->scratch, file, n);
    if (st == LTA_OK)
        st = lta_chars_add(&c->scratch, "", 1);
    *name = c->scratch.byte;
    return st;
}

static lta_status read_folder_file(lta_import_source *s, lta_conversations *c, uint64_t i)
{
    lta_status st = LTA_OK;
    lta_input in = {0};
    const char *path = lta_strings_get(&s->folder->path, i), *name;
    s->place.file = path;
    s->place.line = 1;
    LTA_TRY(lta_check_unchanged(path, &s->folder->state[i]));
    LTA_TRY(lta_input_open(s->run, path, NULL, false, &in));
    s->data = *lta_input_data(&in);
    s->stored_bytes = in.stored.size;
    s->reported = 0;
    s->place.reason = "no JSON text"; /* as long as it has not been opened as one */
    LTA_TRY(lta_source_text_open(path, &s->data, &s->text));
    LTA_TRY(name_of_file(c, lta_strings_get(&s->folder->name, i), &name));
    st = read_list(s, c, name);
done:
    if (st == LTA_OK || st == LTA_ERR_FORMAT) {
        lta_status unchanged = lta_check_unchanged(path, &s->folder->state[i]);
        st = unchanged != LTA_OK ? unchanged : st;
    }
    if (in.stored.data)
        st = lta_end_row(s, st, s->data.data + s->data.size);
    lta_input_close(&in);
    return st;
}

static lta_status read_folder(lta_import_source *s, lta_conversations *c)
{
    lta_status st = LTA_OK;
    const char *folder = s->place.file;
    for (uint64_t i = 0; i < s->folder->n && !s->enough; i++) {
        LTA_TRY(read_folder_file(s, c, i));
        s->bytes_before += s->stored_bytes;
        LTA_TRY(lta_check_stop(s->run));
    }
    s->place.file = folder;
done:
    return st;
}

static lta_status read_as(lta_import_source *s, const lta_conversation_format *format)
{
    lta_status st = LTA_OK;
    lta_conversations c = {0};
    const char *name;
    LTA_TRY(lta_conversations_open(s, format, &c));
    if (format == &sharegpt) {
        LTA_TRY(read_items(s, item_row, &c));
    } else if (s->parquet) {
        LTA_TRY(lta_conversations_from_parquet(&c));
    } else if (format != &swebench) {
        LTA_TRY(lta_read_jsonl(s, line_row, &c));
    } else if (s->folder) {
        LTA_TRY(read_folder(s, &c));
    } else {
        LTA_TRY(name_of_file(&c, s->data_file, &name));
        LTA_TRY(lta_end_row(s, read_list(s, &c, name), s->data.data + s->data.size));
    }
    LTA_TRY(lta_conversations_finish(&c));
done:
    if (c.source)
        lta_conversations_close(&c);
    return st;
}

static lta_status read_lmsys(lta_import_source *s)
{
    return read_as(s, &lmsys);
}

static lta_status read_wildchat(lta_import_source *s)
{
    return read_as(s, &wildchat);
}

static lta_status read_sharegpt(lta_import_source *s)
{
    return read_as(s, &sharegpt);
}

static lta_status read_swebench(lta_import_source *s)
{
    return read_as(s, &swebench);
}

const lta_source_format lta_source_format_lmsys = {.detect = detect_lmsys,
                                                   .detect_columns = detect_lmsys_columns,
                                                   .read = read_lmsys,
                                                   .is_text = true,
                                                   .marconi_rules = &lmsys.marconi};
const lta_source_format lta_source_format_wildchat = {.detect = detect_wildchat,
                                                      .detect_columns = detect_wildchat_columns,
                                                      .read = read_wildchat,
                                                      .is_text = true,
                                                      .marconi_rules = &wildchat.marconi};
const lta_source_format lta_source_format_sharegpt = {
    .detect = detect_sharegpt, .read = read_sharegpt, .is_text = true, .marconi_rules = &sharegpt.marconi};
const lta_source_format lta_source_format_swebench = {.detect = detect_swebench,
                                                      .read = read_swebench,
                                                      .is_text = true,
                                                      .takes_folder = true,
                                                      .marconi_rules = &swebench.marconi};
