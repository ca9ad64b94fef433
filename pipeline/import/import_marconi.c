/* pipeline/import/import_marconi.c - Marconi JSONL: sessions, turns, seconds as binary floating point, token
 * ids of input and output. */
#include "pipeline/import/import_internal.h"
#include "pipeline/import/marconi_rules.h"
#include "pipeline/import/marconi_scan.h"

#include "pipeline/core/array.h"
#include "pipeline/trace/licence.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SESSION_ID, TURN_ID, TS, NUM_INPUT, NUM_OUTPUT, INPUT, OUTPUT, N_KEYS };
static const char *const keys[N_KEYS + 1] = {
    "session_id",   "turn_id",       "ts", "num_input_tokens", "num_output_tokens",
    "input_tokens", "output_tokens", NULL};

enum { KIND_SIZE = 32 };

/* What the name SOURCE_sps=S[_art=A]_nums=N.jsonl says. */
typedef struct marconi_name {
    char kind[KIND_SIZE]; /* "" if the name is of another form */
    uint64_t sessions;
    bool published;
} marconi_name;

typedef struct marconi {
    /* the row being read */
    uint64_t session;
    uint32_t turn, n_input, n_output;
    double ts;
    lta_u64s input, output;
} marconi;

static bool detect(const char *line, size_t length)
{
    static const char *const others[] = {NULL};
    return lta_json_line_has_keys(line, length, keys, others);
}

/* Steps over a decimal number; false if there is none. */
static bool step_number(const char **p)
{
    size_t whole = strspn(*p, "0123456789");
    *p += whole;
    if (whole > 0 && **p == '.') {
        size_t fraction = strspn(*p + 1, "0123456789");
        *p += fraction > 0 ? fraction + 1 : 0;
    }
    return whole > 0;
}

static bool step_word(const char **p, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(*p, word, n) != 0)
        return false;
    *p += n;
    return true;
}

static marconi_name parse_name(const char *file)
{
    static const char *const sources[] = {"lmsys", "sharegpt", "swebench", "wildchat"};
    marconi_name none = {0}, name = {0};
    const char *p = file;
    size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (n == 0 || n >= KIND_SIZE)
        return none;
    memcpy(name.kind, p, n);
    p += n;
    if (!step_word(&p, "_sps=") || !step_number(&p))
        return none;
    if (step_word(&p, "_art=") && !step_number(&p))
        return none;
    if (!step_word(&p, "_nums=") || *p < '0' || *p > '9')
        return none;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(name.sessions, 10u, &name.sessions) ||
            __builtin_add_overflow(name.sessions, (uint64_t)(*p - '0'), &name.sessions))
            return none;
    if (strcmp(p, ".jsonl") != 0)
        return none;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        name.published |= strcmp(name.kind, sources[i]) == 0;
    return name;
}

static lta_status read_value(lta_json *j, unsigned key, marconi *m)
{
    lta_status st = LTA_OK;
    uint64_t v = 0;
    switch (key) {
    case SESSION_ID:
        return lta_json_u64(j, UINT64_MAX, &m->session);
    case TURN_ID:
        st = lta_json_u64(j, LTA_NO_U32 - 1, &v);
        m->turn = (uint32_t)v;
        return st;
    case TS:
        return lta_json_f64(j, &m->ts);
    case NUM_INPUT:
        st = lta_json_u64(j, LTA_NO_U32 - 1, &v);
        m->n_input = (uint32_t)v;
        return st;
    case NUM_OUTPUT:
        st = lta_json_u64(j, LTA_NO_U32 - 1, &v);
        m->n_output = (uint32_t)v;
        return st;
    case INPUT:
        return lta_json_u64_array(j, &m->input);
    default:
        return lta_json_u64_array(j, &m->output);
    }
}

static lta_status check_counts(lta_import_source *s, const marconi *m)
{
    if (m->input.n != m->n_input)
        return lta_bad_row(&s->place, "count differs from content",
                           "num_input_tokens is %" PRIu32 ", but input_tokens holds %" PRIu64, m->n_input,
                           m->input.n);
    if (m->output.n != m->n_output)
        return lta_bad_row(&s->place, "count differs from content",
                           "num_output_tokens is %" PRIu32 ", but output_tokens holds %" PRIu64, m->n_output,
                           m->output.n);
    if ((uint64_t)m->n_input + m->n_output >= LTA_NO_U32)
        return lta_bad_row(&s->place, "number out of range",
                           "%" PRIu64 " tokens, expected fewer than 2^32 - 1",
                           (uint64_t)m->n_input + m->n_output);
    return LTA_OK;
}

/* Own clock: microseconds, to the nearest integer, half to even. */
static lta_status check_ts(lta_import_source *s, double ts, int64_t *time_us)
{
    double us = rint(ts * 1e6);
    if (!(us >= 0 && us <= (double)LTA_TIME_LIMIT))
        return lta_bad_row(&s->place, "number out of range", "ts is %.17g, expected seconds from 0 to %.0f",
                           ts, (double)LTA_TIME_LIMIT / 1e6);
    *time_us = (int64_t)us;
    return lta_check_time(s, *time_us);
}

static lta_status add_row(lta_import_source *s, const lta_marconi_row *row, void *context)
{
    (void)context;
    lta_status st = LTA_OK;
    char session[24];
    int64_t time_us = 0;
    LTA_TRY(check_ts(s, row->ts, &time_us));
    int length = snprintf(session, sizeof session, "%" PRIu64, row->session);
    lta_request r = {.time_us = time_us,
                     .source_time = row->ts,
                     .session = session,
                     .session_length = (size_t)length,
                     .turn = row->turn,
                     .input_tokens = row->n_input,
                     .output_tokens = row->n_output,
                     .n_known = row->n_known,
                     .symbols = row->symbols,
                     .n_input = row->n_input,
                     .n_full = row->n_input + row->n_output};
    LTA_TRY(lta_add_request(s, &r));
done:
    return st;
}

static lta_status add_line(lta_import_source *s, lta_json *j, uint64_t *session, void *context)
{
    marconi *m = context;
    lta_status st = LTA_OK;
    bool first;
    uint32_t seen = 0;
    unsigned key;
    LTA_TRY(lta_json_object_begin(j, &first));
    m->input.n = m->output.n = 0;
    for (;;) {
        LTA_TRY(lta_json_known_key(s, j, keys, N_KEYS, N_KEYS, &first, &seen, &key));
        if (key == N_KEYS)
            break;
        LTA_TRY(read_value(j, key, m));
    }
    LTA_TRY(lta_json_end(j));
    LTA_TRY(check_counts(s, m));
    LTA_TRY(LTA_GROW(&m->input.item, &m->input.capacity, m->input.n + m->output.n));
    if (m->n_output > 0)
        memcpy(m->input.item + m->n_input, m->output.item, m->n_output * sizeof *m->output.item);
    *session = m->session;
    lta_marconi_row row = {.session = m->session,
                           .ts = m->ts,
                           .turn = m->turn,
                           .n_input = m->n_input,
                           .n_output = m->n_output,
                           .symbols = m->input.item};
    LTA_TRY(add_row(s, &row, m));
done:
    return st;
}

static lta_status read_marconi(lta_import_source *s)
{
    lta_status st = LTA_OK;
    marconi m = {0};
    marconi_name name = parse_name(s->data_file);
    lta_source_info info = {.dataset = "marconi",
                            .licence = name.published ? LTA_MARCONI_LICENCE : "",
                            .kind = name.kind[0] != '\0' ? name.kind : NULL,
                            .unit = LTA_UNIT_TOKEN,
                            .block_tokens = 1,
                            .has_session = true,
                            .has_turn = true,
                            .has_source_time = true};
    lta_describe_source(s, &info);
    LTA_TRY(lta_trace_builder_begin_source(s->builder, &info));
    s->looks_back = true;
    LTA_TRY(lta_marconi_scan(s, &(lta_marconi_reader){add_row, add_line, &m}));
    uint64_t n_sessions = lta_trace_builder_source_sessions(s->builder);
    LTA_TRY(lta_trace_builder_end_source(s->builder, s->rows));
    if (name.kind[0] != '\0' && name.sessions != n_sessions)
        lta_log_line(s->run->log, LTA_LOG_WARN, "import",
                     "%s: has %" PRIu64 " sessions, its name says %" PRIu64 ": another edition, or cut off?",
                     s->place.file, n_sessions, name.sessions);
done:
    lta_u64s_free(&m.input);
    lta_u64s_free(&m.output);
    return st;
}

const lta_source_format lta_source_format_marconi = {.detect = detect, .digests = true, .read = read_marconi};
