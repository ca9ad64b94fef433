/* pipeline/import/import_burstgpt.c - BurstGPT CSV, versions 1 to 3: Timestamp (s), Model, Request tokens,
 * Response tokens, Total tokens, Log Type, and in version 3 Session ID and Elapsed time.
 *
 * Columns are found by name: version 3 has two more in the middle. A response of 0 tokens is a failed request
 * and stays. Sessions are named in version 3 alone, and there not in rows of the API log. */
#include "pipeline/import/import_internal.h"
#include "pipeline/import/time_parse.h"
#include "pipeline/import/turn_counter.h"

#include <string.h>

typedef unsigned long long ull; /* for printf */

static const lta_published published[] = {
    {"BurstGPT_1.csv", NULL, 0},
    {"BurstGPT_2.csv", NULL, 0},
    {"BurstGPT_3.csv", NULL, 5344021},
    {"BurstGPT_without_fails_1.csv", NULL, 0},
    {"BurstGPT_without_fails_2.csv", NULL, 3784213},
    {"BurstGPT_without_fails_3.csv", NULL, 0},
    {0},
};

/* SESSION last: the others are needed. */
enum { TIMESTAMP, MODEL, REQUEST, RESPONSE, TOTAL, LOG_TYPE, SESSION, N_COLUMNS };
static const char *const names[N_COLUMNS] = {"Timestamp",    "Model",    "Request tokens", "Response tokens",
                                             "Total tokens", "Log Type", "Session ID"};

typedef struct burstgpt {
    uint64_t column[N_COLUMNS];
    lta_turn_counter turns;
    uint64_t failed, other_totals;
} burstgpt;

static bool detect(const char *line, size_t length)
{
    for (size_t i = 0; i < SESSION; i++)
        if (!memmem(line, length, names[i], strlen(names[i])))
            return false;
    return true;
}

typedef struct text_field { /* text is NULL where the field is empty, or there is no such column */
    const char *text;
    size_t length;
} text_field;

typedef struct burstgpt_row {
    int64_t time_us;
    text_field model, kind, session;
    uint32_t entered, generated;
    bool other_total;
} burstgpt_row;

static text_field get_text(const lta_csv_scan *c, uint64_t column)
{
    text_field f = {0};
    if (column != LTA_NO_COLUMN)
        f.text = lta_csv_scan_get(c, column, &f.length);
    if (f.length == 0)
        f.text = NULL;
    return f;
}

static lta_status parse_time(const lta_csv_scan *c, uint64_t column, int64_t *time_us)
{
    enum { SECONDS = 6 };
    size_t length;
    const char *text = lta_csv_scan_get(c, column, &length);
    if (!lta_parse_decimal_time(text, length, SECONDS, time_us) || *time_us < 0) {
        char quoted[LTA_EXCERPT];
        return lta_bad_row(c->place, "not a timestamp",
                           "Timestamp is \"%s\", expected seconds since the first day began",
                           lta_excerpt(text, length, quoted));
    }
    return LTA_OK;
}

static lta_status parse_row(const lta_csv_scan *c, const void *context, void *row)
{
    const burstgpt *b = context;
    burstgpt_row *r = row;
    lta_status st = LTA_OK;
    uint64_t entered, generated, total;
    LTA_TRY(parse_time(c, b->column[TIMESTAMP], &r->time_us));
    LTA_TRY(lta_csv_scan_u64(c, b->column[REQUEST], names[REQUEST], LTA_NO_U32 - 1, &entered));
    LTA_TRY(lta_csv_scan_u64(c, b->column[RESPONSE], names[RESPONSE], LTA_NO_U32 - 1, &generated));
    LTA_TRY(lta_csv_scan_u64(c, b->column[TOTAL], names[TOTAL], UINT64_MAX, &total));
    r->entered = (uint32_t)entered;
    r->generated = (uint32_t)generated;
    r->other_total = total != entered + generated;
    r->model = get_text(c, b->column[MODEL]);
    r->kind = get_text(c, b->column[LOG_TYPE]);
    r->session = get_text(c, b->column[SESSION]);
done:
    return st;
}

static lta_status check_texts(lta_import_source *s, const burstgpt_row *r)
{
    const struct {
        unsigned column;
        text_field field;
    } texts[] = {{MODEL, r->model}, {LOG_TYPE, r->kind}, {SESSION, r->session}};
    lta_status st = LTA_OK;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && st == LTA_OK; i++)
        if (texts[i].field.text)
            st = lta_check_text(s, names[texts[i].column], texts[i].field.text, texts[i].field.length);
    return st;
}

static lta_status add_row(lta_import_source *s, const void *row, void *context)
{
    burstgpt *b = context;
    const burstgpt_row *r = row;
    lta_status st = LTA_OK;
    uint32_t *turn = NULL;
    lta_request q = {.time_us = r->time_us,
                     .session = r->session.text,
                     .session_length = r->session.length,
                     .kind = r->kind.text,
                     .kind_length = r->kind.length,
                     .model = r->model.text,
                     .model_length = r->model.length,
                     .turn = LTA_NO_U32,
                     .input_tokens = r->entered,
                     .output_tokens = r->generated};
    LTA_TRY(check_texts(s, r));
    LTA_TRY(lta_check_time(s, r->time_us));
    if (q.session) {
        LTA_TRY(lta_next_turn(&b->turns, q.session, q.session_length, &turn));
        q.turn = (*turn)++;
    }
    b->failed += r->generated == 0;
    b->other_totals += r->other_total;
    LTA_TRY(lta_add_request(s, &q));
done:
    return st;
}

/* Slices from the head of these traces may be nearly empty, and the clock stands still between releases: says
 * so where the first tenth of the span holds less than a twentieth of the requests, and where a day passes
 * without any. */
static void report_load(const lta_import_source *s)
{
    const int64_t second = 1000000, day = 86400 * second;
    uint64_t n, head = 0, after = 0;
    const int64_t *time = lta_trace_builder_source_times(s->builder, &n);
    if (n == 0 || time[n - 1] == time[0])
        return;
    int64_t span = time[n - 1] - time[0], pause = 0;
    for (uint64_t i = 0; i < n; i++) {
        head += time[i] - time[0] < span / 10;
        if (i > 0 && time[i] - time[i - 1] > pause) {
            pause = time[i] - time[i - 1];
            after = i;
        }
    }
    if (head < n / 20)
        lta_log_line(s->run->log, LTA_LOG_WARN, "import",
                     "%s: begins quietly: the first tenth of its %lld s holds %llu of %llu requests",
                     s->place.file, (long long)(span / second), (ull)head, (ull)n);
    if (pause >= day)
        lta_log_line(
            s->run->log, LTA_LOG_WARN, "import",
            "%s: its clock jumps by %lld s before request %llu of %llu: several releases in one file?",
            s->place.file, (long long)(pause / second), (ull)after + 1, (ull)n);
}

static lta_status read_burstgpt(lta_import_source *s)
{
    static const lta_csv_rows rows = {.row_bytes = sizeof(burstgpt_row), .parse = parse_row, .add = add_row};
    lta_status st = LTA_OK;
    lta_csv_scan c = {0};
    burstgpt b = {0};
    const lta_published *p = lta_find_published(published, s->data_file);
    LTA_TRY(lta_csv_scan_open(&c, s->text, &s->place));
    for (unsigned i = 0; i < SESSION; i++)
        LTA_TRY(lta_csv_scan_column(&c, names[i], &b.column[i]));
    LTA_TRY(lta_csv_scan_optional_column(&c, names[SESSION], &b.column[SESSION]));
    lta_note_other_columns(s, &c, b.column, N_COLUMNS);
    bool has_session = b.column[SESSION] != LTA_NO_COLUMN;
    lta_source_info info = {.dataset = "burstgpt",
                            .licence = p ? "CC BY 4.0" : "",
                            .unit = LTA_UNIT_NONE,
                            .has_session = has_session,
                            .has_turn = has_session,
                            .has_kind = true,
                            .has_model = true};
    lta_describe_source(s, &info);
    LTA_TRY(lta_trace_builder_begin_source(s->builder, &info));
    LTA_TRY(lta_read_csv_rows(s, &c, &rows, &b));
    report_load(s);
    LTA_TRY(lta_trace_builder_end_source(s->builder, s->rows));
    lta_check_published_rows(s, p);
    if (b.failed > 0)
        lta_log_line(s->run->log, LTA_LOG_INFO, "import",
                     "%s: %llu failed request%s (Response tokens is 0), kept", s->place.file, (ull)b.failed,
                     b.failed == 1 ? "" : "s");
    if (b.other_totals > 0)
        lta_log_line(s->run->log, LTA_LOG_WARN, "import",
                     "%s: Total tokens is not the sum of the other two in %llu row%s, and is not used",
                     s->place.file, (ull)b.other_totals, b.other_totals == 1 ? "" : "s");
done:
    lta_turn_counter_free(&b.turns);
    lta_csv_scan_close(&c);
    return st;
}

const lta_source_format lta_source_format_burstgpt = {.detect = detect, .read = read_burstgpt};
