/* pipeline/import/import_mooncake.c - Mooncake JSONL: timestamp (ms), input_length, output_length, hash_ids.
 *
 * The ids name blocks of the input; there are none for outputs, so a full sequence is its input. The block
 * size is not in the file: it is known for the published names, given, or inferred in a pass of its own, and
 * checked in every row. */
#include "pipeline/import/block_size.h"
#include "pipeline/import/import_internal.h"
#include "pipeline/import/time_parse.h"

#include <string.h>

enum { PUBLISHED_BLOCK_TOKENS = 512 };

static const lta_published published[] = {
    {"conversation_trace.jsonl", "conversation", 12031},
    {"synthetic_trace.jsonl", "synthetic", 3993},
    {"toolagent_trace.jsonl", "toolagent", 23608},
    {0},
};

enum { TIMESTAMP, INPUT_LENGTH, OUTPUT_LENGTH, HASH_IDS, N_KEYS };
static const char *const keys[N_KEYS + 1] = {"timestamp", "input_length", "output_length", "hash_ids", NULL};

typedef struct mooncake {
    uint32_t block_tokens;
    lta_block_rule rule;
    uint64_t rule_line;
    /* the row being read */
    int64_t time_us;
    uint32_t input_tokens, output_tokens;
    lta_u64s ids;
} mooncake;

static bool detect(const char *line, size_t length)
{
    /* Qwen-Bailian has these keys and more, with other units */
    static const char *const others[] = {"chat_id", "parent_chat_id", NULL};
    return lta_json_line_has_keys(line, length, keys, others);
}

static lta_status read_time(lta_import_source *s, lta_json *j, int64_t *us)
{
    enum { MILLISECONDS = 3 };
    const char *text;
    size_t length;
    lta_status st = lta_json_number(j, &text, &length);
    if (st != LTA_OK)
        return st;
    if (!lta_parse_decimal_time(text, length, MILLISECONDS, us) || *us < 0) {
        char quoted[LTA_EXCERPT];
        return lta_bad_row(&s->place, "number out of range",
                           "timestamp is %s, expected milliseconds since the start of the trace",
                           lta_excerpt(text, length, quoted));
    }
    return LTA_OK;
}

static lta_status read_row(lta_import_source *s, lta_json *j, mooncake *m)
{
    lta_status st = LTA_OK;
    bool first;
    uint32_t seen = 0;
    unsigned key;
    uint64_t v;
    LTA_TRY(lta_json_object_begin(j, &first));
    m->ids.n = 0;
    for (;;) {
        LTA_TRY(lta_json_known_key(s, j, keys, N_KEYS, N_KEYS, &first, &seen, &key));
        if (key == TIMESTAMP) {
            LTA_TRY(read_time(s, j, &m->time_us));
        } else if (key == INPUT_LENGTH) {
            LTA_TRY(lta_json_u64(j, LTA_NO_U32 - 1, &v));
            m->input_tokens = (uint32_t)v;
        } else if (key == OUTPUT_LENGTH) {
            LTA_TRY(lta_json_u64(j, LTA_NO_U32 - 1, &v));
            m->output_tokens = (uint32_t)v;
        } else if (key == HASH_IDS) {
            LTA_TRY(lta_json_u64_array(j, &m->ids));
        } else {
            break;
        }
    }
    st = lta_json_end(j);
done:
    return st;
}

static lta_status add_row(lta_import_source *s, lta_json *j, void *context)
{
    mooncake *m = context;
    lta_status st = LTA_OK;
    LTA_TRY(read_row(s, j, m));
    LTA_TRY(lta_check_time(s, m->time_us));
    LTA_TRY(
        lta_block_check_row(&s->place, m->block_tokens, m->input_tokens, m->ids.n, &m->rule, &m->rule_line));
    uint32_t n = (uint32_t)m->ids.n; /* no more than the tokens, by the check */
    if (s->options->drop_tail && n > m->input_tokens / m->block_tokens)
        n--;
    lta_request r = {.time_us = m->time_us,
                     .input_tokens = m->input_tokens,
                     .output_tokens = m->output_tokens,
                     .symbols = m->ids.item,
                     .n_input = n,
                     .n_full = n};
    LTA_TRY(lta_add_request(s, &r));
done:
    return st;
}

/* Infers the block size from all rows that can be read; with --on-error skip, bad ones are left for the
 * reading proper to count. */
static lta_status infer_block_tokens(lta_import_source *s, mooncake *m)
{
    lta_status st = LTA_OK;
    lta_json j = {0};
    lta_block_bounds bounds = lta_block_bounds_all();
    lta_lines lines = lta_lines_of(s->text);
    const char *line;
    size_t length;
    bool usable = false;
    LTA_TRY(lta_json_init(&j, &s->place));
    while (lta_next_line(&lines, &line, &length)) {
        s->place.line = lines.line;
        lta_json_begin(&j, line, length);
        st = read_row(s, &j, m);
        usable |= st == LTA_OK;
        if (st == LTA_OK)
            lta_block_bounds_add(&bounds, lines.line, m->input_tokens, m->ids.n);
        else if (st != LTA_ERR_FORMAT || !s->run->skip_bad_rows)
            goto done;
        if (lines.line % 1024 == 0)
            LTA_TRY(lta_check_stop(s->run));
    }
    if (!usable) {
        st = lta_fail(LTA_ERR_FORMAT, "%s: has no usable row (%llu dropped), expected at least one",
                      s->place.file, (unsigned long long)lines.line);
        goto done;
    }
    LTA_TRY(lta_block_bounds_decide(&bounds, s->place.file, &m->block_tokens));
done:
    lta_json_free(&j);
    return st;
}

static lta_status read_mooncake(lta_import_source *s)
{
    lta_status st = LTA_OK;
    mooncake m = {0};
    const lta_published *p = lta_find_published(published, s->data_file);
    m.block_tokens = s->options->block_tokens;
    if (m.block_tokens == 0 && p)
        m.block_tokens = PUBLISHED_BLOCK_TOKENS;
    if (m.block_tokens == 0)
        LTA_TRY(infer_block_tokens(s, &m));
    lta_source_info info = {.dataset = "mooncake",
                            .licence = p ? "Apache-2.0" : "",
                            .kind = p ? p->kind : NULL,
                            .unit = LTA_UNIT_BLOCK,
                            .block_tokens = m.block_tokens};
    lta_describe_source(s, &info);
    LTA_TRY(lta_trace_builder_begin_source(s->builder, &info));
    LTA_TRY(lta_read_jsonl(s, add_row, &m));
    LTA_TRY(lta_trace_builder_end_source(s->builder, s->rows));
    lta_check_published_rows(s, p);
    lta_log_line(s->run->log, LTA_LOG_INFO, "import", "%s: blocks of %u tokens, %s", s->place.file,
                 m.block_tokens, lta_block_rule_text(m.rule));
done:
    lta_u64s_free(&m.ids);
    return st;
}

const lta_source_format lta_source_format_mooncake = {.detect = detect, .read = read_mooncake};
