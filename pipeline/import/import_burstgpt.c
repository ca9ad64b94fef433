/* pipeline/import/import_burstgpt.c - BurstGPT CSV, versions 1 to 3: Timestamp (s), Model, Request tokens,
 * Response tokens, Total tokens, Log Type, and in version 3 Session ID and Elapsed time.
 *
 * Columns are found by name: version 3 has two more in the middle. A response of 0 tokens is a failed request
 * and stays. The trace opens with weeks of almost no load, which the log reports. */
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

/* A text column, or NULL where the field is empty. */
static lta_status read_text(lta_import_source *s, const lta_csv_scan *c, const burstgpt *b, unsigned column,
                            const char **text, size_t *length)
{
    *text = NULL;
    *length = 0;
    if (b->column[column] == LTA_NO_COLUMN)
        return LTA_OK;
    *text = lta_csv_scan_get(c, b->column[column], length);
    if (*length == 0)
        *text = NULL;
    return *text ? lta_check_text(s, names[column], *text, *length) : LTA_OK;
}

static lta_status read_time(lta_import_source *s, const lta_csv_scan *c, const burstgpt *b, int64_t *time_us)
{
    enum { SECONDS = 6 };
    size_t length;
    const char *text = lta_csv_scan_get(c, b->column[TIMESTAMP], &length);
    if (!lta_parse_decimal_time(text, length, SECONDS, time_us) || *time_us < 0) {
        char quoted[LTA_EXCERPT];
        return lta_bad_row(&s->place, "not a timestamp",
                           "Timestamp is \"%s\", expected seconds since the first day began",
                           lta_excerpt(text, length, quoted));
    }
    return lta_check_time(s, *time_us);
}

static lta_status add_row(lta_import_source *s, const lta_csv_scan *c, void *context)
{
    burstgpt *b = context;
    lta_status st = LTA_OK;
    uint64_t entered, generated, total;
    uint32_t *turn = NULL;
    lta_request r = {.turn = LTA_NO_U32};
    LTA_TRY(read_time(s, c, b, &r.time_us));
    LTA_TRY(lta_csv_scan_u64(c, b->column[REQUEST], names[REQUEST], LTA_NO_U32 - 1, &entered));
    LTA_TRY(lta_csv_scan_u64(c, b->column[RESPONSE], names[RESPONSE], LTA_NO_U32 - 1, &generated));
    LTA_TRY(lta_csv_scan_u64(c, b->column[TOTAL], names[TOTAL], UINT64_MAX, &total));
    LTA_TRY(read_text(s, c, b, MODEL, &r.model, &r.model_length));
    LTA_TRY(read_text(s, c, b, LOG_TYPE, &r.kind, &r.kind_length));
    LTA_TRY(read_text(s, c, b, SESSION, &r.session, &r.session_length));
    r.input_tokens = (uint32_t)entered;
    r.output_tokens = (uint32_t)generated;
    if (r.session) {
        LTA_TRY(lta_next_turn(&b->turns, r.session, r.session_length, &turn));
        r.turn = (*turn)++;
    }
    b->failed += generated == 0;
    b->other_totals += total != entered + generated;
    LTA_TRY(lta_add_request(s, &r));
done:
    return st;
}

/* Slices from the head of these traces are nearly empty, and the clock stands still between releases: says
 * how much of the trace lies in the first tenth of its span, and where its longest pause is. */
static void report_load(const lta_import_source *s)
{
    enum { LONG_PAUSE_S = 86400 };
    uint64_t n, head = 0, after = 0;
    const int64_t *time = lta_trace_builder_source_times(s->builder, &n);
    if (n < 2)
        return;
    int64_t span = time[n - 1] - time[0], pause = 0;
    for (uint64_t i = 0; i < n; i++) {
        head += time[i] - time[0] < span / 10;
        if (i > 0 && time[i] - time[i - 1] > pause) {
            pause = time[i] - time[i - 1];
            after = i;
        }
    }
    lta_log_line(s->run->log, LTA_LOG_INFO, "import",
                 "%s: the first tenth of its %lld s holds %llu of %llu requests: the load is not steady",
                 s->place.file, (long long)(span / 1000000), (ull)head, (ull)n);
    if (pause / 1000000 >= LONG_PAUSE_S)
        lta_log_line(s->run->log, LTA_LOG_WARN, "import",
                     "%s: its clock jumps by %lld s before request %llu: several releases in one file?",
                     s->place.file, (long long)(pause / 1000000), (ull)after);
}

static lta_status read_burstgpt(lta_import_source *s)
{
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
    LTA_TRY(lta_read_csv(s, &c, add_row, &b));
    report_load(s);
    LTA_TRY(lta_trace_builder_end_source(s->builder, s->rows));
    lta_check_published_rows(s, p);
    lta_log_line(s->run->log, LTA_LOG_INFO, "import",
                 "%s: %llu requests without an answer (failed) are kept, with 0 output tokens", s->place.file,
                 (ull)b.failed);
    if (b.other_totals > 0)
        lta_log_line(s->run->log, LTA_LOG_WARN, "import",
                     "%s: Total tokens is not the sum of the other two in %llu rows, and is not used",
                     s->place.file, (ull)b.other_totals);
done:
    lta_turn_counter_free(&b.turns);
    lta_csv_scan_close(&c);
    return st;
}

const lta_source_format lta_source_format_burstgpt = {.detect = detect, .read = read_burstgpt};
