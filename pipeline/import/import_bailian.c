/* pipeline/import/import_bailian.c - Qwen-Bailian JSONL: chat_id and parent_chat_id (of requests, not chats),
 * timestamp (s), input_length, output_length, type, turn (from 1), hash_ids of 16-token blocks.
 *
 * A session is what parent links connect, over any number of turns: a first pass joins them, so that neither
 * a parent that was cut off at the start of the trace nor one that comes later in the file splits a session,
 * and requests of one missing parent belong together. It is named by its first request in the file that has
 * no parent there. */
#include "pipeline/core/array.h"
#include "pipeline/import/block_size.h"
#include "pipeline/import/import_internal.h"
#include "pipeline/import/time_parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef unsigned long long ull; /* for printf */

enum { DEFAULT_BLOCK_TOKENS = 16, ID_SIZE = 24 };

static const lta_published published[] = {
    {"qwen_traceA_blksz_16.jsonl", NULL, 0},
    {"qwen_traceB_blksz_16.jsonl", NULL, 172800},
    {"qwen_coder_blksz_16.jsonl", NULL, 0},
    {"qwen_thinking_blksz_16.jsonl", NULL, 0},
    {0},
};

enum { CHAT_ID, PARENT, TIMESTAMP, INPUT_LENGTH, OUTPUT_LENGTH, TYPE, TURN, HASH_IDS, N_KEYS };
static const char *const keys[N_KEYS + 1] = {"chat_id",      "parent_chat_id", "timestamp",
                                             "input_length", "output_length",  "type",
                                             "turn",         "hash_ids",       NULL};

#define NONE UINT64_MAX

typedef struct chat_node {
    uint64_t up;     /* towards the representative of its session, which is its own */
    uint64_t name;   /* of a representative: the node that names the session; NONE = none yet */
    uint64_t parent; /* NONE = none */
    uint64_t line;   /* where it stands first; NONE = not in the file */
    int64_t time_us; /* of that line */
} chat_node;

typedef struct bailian {
    uint32_t block_tokens;
    lta_block_rule rule;
    uint64_t rule_line;
    lta_dictionary ids; /* chat ids as text; their indices are nodes */
    chat_node *node;
    uint64_t n_nodes, node_capacity;
    uint64_t missing_parents, late_parents;
    /* the row being read */
    char chat[ID_SIZE], parent[ID_SIZE]; /* parent: "" for none */
    int64_t time_us;
    uint32_t input_tokens, output_tokens, turn;
    char *type;
    uint64_t type_length, type_capacity;
    lta_u64s symbols;
} bailian;

static bool detect(const char *line, size_t length)
{
    static const char *const others[] = {NULL};
    return lta_json_line_has_keys(line, length, keys, others);
}

/* ---- rows ---- */

/* An id, or -1: no parent. */
static lta_status read_parent(lta_import_source *s, lta_json *j, bailian *b)
{
    lta_status st = LTA_OK;
    const char *text;
    size_t length;
    uint64_t v;
    b->parent[0] = '\0';
    if (j->p == j->end || *j->p != '-') {
        LTA_TRY(lta_json_u64(j, UINT64_MAX, &v));
        snprintf(b->parent, sizeof b->parent, "%" PRIu64, v);
        return LTA_OK;
    }
    LTA_TRY(lta_json_number(j, &text, &length));
    if (length != 2 || memcmp(text, "-1", 2) != 0) {
        char quoted[LTA_EXCERPT];
        return lta_bad_row(&s->place, "number out of range",
                           "parent_chat_id is %s, expected a chat_id, or -1 for none",
                           lta_excerpt(text, length, quoted));
    }
done:
    return st;
}

static lta_status read_time(lta_import_source *s, lta_json *j, int64_t *us)
{
    enum { SECONDS = 6 };
    const char *text;
    size_t length;
    lta_status st = lta_json_number(j, &text, &length);
    if (st != LTA_OK)
        return st;
    if (!lta_parse_decimal_time(text, length, SECONDS, us) || *us < 0) {
        char quoted[LTA_EXCERPT];
        return lta_bad_row(&s->place, "number out of range",
                           "timestamp is %s, expected seconds since the start of the trace",
                           lta_excerpt(text, length, quoted));
    }
    return LTA_OK;
}

static lta_status read_type(lta_json *j, bailian *b)
{
    lta_status st = LTA_OK;
    const char *text;
    size_t length;
    LTA_TRY(lta_json_string(j, &text, &length));
    LTA_TRY(LTA_GROW(&b->type, &b->type_capacity, length + 1));
    memcpy(b->type, text, length);
    b->type_length = length;
done:
    return st;
}

static lta_status read_value(lta_import_source *s, lta_json *j, unsigned key, bailian *b)
{
    uint64_t v = 0;
    lta_status st = LTA_OK;
    switch (key) {
    case CHAT_ID:
        st = lta_json_u64(j, UINT64_MAX, &v);
        snprintf(b->chat, sizeof b->chat, "%" PRIu64, v);
        return st;
    case PARENT:
        return read_parent(s, j, b);
    case TIMESTAMP:
        return read_time(s, j, &b->time_us);
    case INPUT_LENGTH:
        return lta_json_u32(j, &b->input_tokens);
    case OUTPUT_LENGTH:
        return lta_json_u32(j, &b->output_tokens);
    case TYPE:
        return read_type(j, b);
    case TURN:
        return lta_json_u32(j, &b->turn);
    default:
        return lta_json_u64_array(j, &b->symbols);
    }
}

static lta_status read_row(lta_import_source *s, lta_json *j, bailian *b)
{
    lta_status st = LTA_OK;
    bool first;
    uint32_t seen = 0;
    unsigned key;
    LTA_TRY(lta_json_object_begin(j, &first));
    b->symbols.n = 0;
    for (;;) {
        LTA_TRY(lta_json_known_key(s, j, keys, N_KEYS, N_KEYS, &first, &seen, &key));
        if (key == N_KEYS)
            break;
        LTA_TRY(read_value(s, j, key, b));
    }
    LTA_TRY(lta_json_end(j));
    if (b->turn == 0)
        return lta_bad_row(&s->place, "number out of range", "turn is 0, expected turns from 1");
done:
    return st;
}

/* ---- sessions ---- */

static lta_status find_node(bailian *b, const char *id, uint64_t *out)
{
    lta_status st = LTA_OK;
    LTA_TRY(LTA_GROW(&b->node, &b->node_capacity, b->n_nodes + 1));
    LTA_TRY(lta_dictionary_intern(&b->ids, id, strlen(id), out));
    if (*out == b->n_nodes) {
        b->node[*out] = (chat_node){.up = *out, .name = NONE, .parent = NONE, .line = NONE};
        b->n_nodes++;
    }
done:
    return st;
}

static uint64_t representative(bailian *b, uint64_t i)
{
    while (b->node[i].up != i) {
        b->node[i].up = b->node[b->node[i].up].up; /* halves the path: later walks are short */
        i = b->node[i].up;
    }
    return i;
}

static lta_status link_row(bailian *b, uint64_t line)
{
    lta_status st = LTA_OK;
    uint64_t chat, parent;
    LTA_TRY(find_node(b, b->chat, &chat));
    if (b->node[chat].line == NONE) {
        b->node[chat].line = line;
        b->node[chat].time_us = b->time_us;
    }
    if (b->parent[0] != '\0') {
        LTA_TRY(find_node(b, b->parent, &parent));
        b->node[chat].parent = parent;
        b->node[representative(b, chat)].up = representative(b, parent);
    }
done:
    return st;
}

static bool has_parent_in_file(const bailian *b, uint64_t i)
{
    uint64_t parent = b->node[i].parent;
    return parent != NONE && b->node[parent].line != NONE;
}

/* Does request i name a session rather than k? The first one without a parent in the file does; in a circle
 * of links there is none, and the first of all does. */
static bool names_before(const bailian *b, uint64_t i, uint64_t k)
{
    bool i_linked = has_parent_in_file(b, i), k_linked = has_parent_in_file(b, k);
    return i_linked != k_linked ? k_linked : b->node[i].line < b->node[k].line;
}

static void name_sessions(bailian *b)
{
    for (uint64_t i = 0; i < b->n_nodes; i++) {
        const chat_node *n = &b->node[i];
        if (n->line == NONE)
            continue;
        chat_node *top = &b->node[representative(b, i)];
        if (top->name == NONE || names_before(b, i, top->name))
            top->name = i;
        if (has_parent_in_file(b, i))
            b->late_parents += b->node[n->parent].time_us > n->time_us;
        else
            b->missing_parents += n->parent != NONE;
    }
}

/* Reads every row for its links. A bad row is left for the reading proper, which tells it in its turn or
 * counts it. */
static lta_status join_sessions(lta_import_source *s, bailian *b)
{
    lta_status st = LTA_OK;
    lta_json j = {0};
    lta_lines lines = lta_lines_of(s->text);
    const char *line;
    size_t length;
    LTA_TRY(lta_json_init(&j, &s->place));
    while (lta_next_line(&lines, &line, &length)) {
        s->place.line = lines.line;
        lta_json_begin(&j, line, length);
        st = read_row(s, &j, b);
        if (st == LTA_OK)
            st = link_row(b, lines.line);
        if (st != LTA_OK && st != LTA_ERR_FORMAT)
            goto done;
        if (lines.line % 1024 == 0)
            LTA_TRY(lta_check_stop(s->run));
    }
    st = LTA_OK;
    name_sessions(b);
done:
    lta_json_free(&j);
    return st;
}

/* ---- the source ---- */

static lta_status add_row(lta_import_source *s, lta_json *j, void *context)
{
    bailian *b = context;
    lta_status st = LTA_OK;
    uint64_t chat;
    LTA_TRY(read_row(s, j, b));
    LTA_TRY(lta_check_time(s, b->time_us));
    LTA_TRY(lta_block_check_row(&s->place, b->block_tokens, b->input_tokens, b->symbols.n, &b->rule,
                                &b->rule_line));
    LTA_TRY(find_node(b, b->chat, &chat)); /* known since the first pass */
    uint64_t name = b->node[representative(b, chat)].name;
    uint32_t n = (uint32_t)b->symbols.n; /* no more than the tokens, by the check */
    if (s->options->drop_tail && n > b->input_tokens / b->block_tokens)
        n--;
    lta_request r = {.time_us = b->time_us,
                     .session = lta_strings_get(&b->ids.strings, name),
                     .session_length = (size_t)lta_strings_length(&b->ids.strings, name),
                     .kind = b->type_length > 0 ? b->type : NULL,
                     .kind_length = (size_t)b->type_length,
                     .turn = b->turn - 1,
                     .input_tokens = b->input_tokens,
                     .output_tokens = b->output_tokens,
                     .symbols = b->symbols.item,
                     .n_input = n,
                     .n_full = n};
    LTA_TRY(lta_add_request(s, &r));
done:
    return st;
}

/* As given, or as in the name (_blksz_N): the ids of every row are checked against it. */
static uint32_t block_tokens_of(const lta_import_source *s)
{
    const char *size = strstr(s->data_file, "_blksz_");
    unsigned v = 0;
    if (s->options->block_tokens > 0)
        return s->options->block_tokens;
    return size && sscanf(size, "_blksz_%7u", &v) == 1 && v > 0 ? v : DEFAULT_BLOCK_TOKENS;
}

static void report_links(const lta_import_source *s, const bailian *b)
{
    if (b->missing_parents > 0)
        lta_log_line(s->run->log, LTA_LOG_INFO, "import",
                     "%s: %llu request%s a parent that is not in the file", s->place.file,
                     (ull)b->missing_parents, b->missing_parents == 1 ? " has" : "s have");
    if (b->late_parents > 0)
        lta_log_line(s->run->log, LTA_LOG_WARN, "import", "%s: %llu request%s earlier than the parent named",
                     s->place.file, (ull)b->late_parents, b->late_parents == 1 ? " is" : "s are");
}

static lta_status read_bailian(lta_import_source *s)
{
    lta_status st = LTA_OK;
    bailian b = {.block_tokens = block_tokens_of(s)};
    const lta_published *p = lta_find_published(published, s->data_file);
    s->times_may_fall = true;
    LTA_TRY(join_sessions(s, &b));
    lta_source_info info = {.dataset = "bailian",
                            .licence = p ? "Apache-2.0" : "",
                            .unit = LTA_UNIT_BLOCK,
                            .block_tokens = b.block_tokens,
                            .has_session = true,
                            .has_turn = true,
                            .has_kind = true};
    lta_describe_source(s, &info);
    LTA_TRY(lta_trace_builder_begin_source(s->builder, &info));
    LTA_TRY(lta_read_jsonl(s, add_row, &b));
    LTA_TRY(lta_trace_builder_end_source(s->builder, s->rows));
    lta_check_published_rows(s, p);
    lta_log_line(s->run->log, LTA_LOG_INFO, "import", "%s: blocks of %u tokens, %s", s->place.file,
                 b.block_tokens, lta_block_rule_text(b.rule));
    report_links(s, &b);
done:
    lta_dictionary_free(&b.ids);
    lta_free(b.node);
    lta_free(b.type);
    lta_u64s_free(&b.symbols);
    return st;
}

const lta_source_format lta_source_format_bailian = {.detect = detect, .read = read_bailian};
