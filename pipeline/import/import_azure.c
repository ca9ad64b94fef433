/* pipeline/import/import_azure.c - Azure LLM inference CSV: TIMESTAMP (wall clock), ContextTokens,
 * GeneratedTokens. Counts alone: no symbols, sessions or models. */
#include "pipeline/import/csv_scan.h"
#include "pipeline/import/import_internal.h"
#include "pipeline/import/time_parse.h"

#include <string.h>

static const lta_published published[] = {
    {"AzureLLMInferenceTrace_code.csv", "code", 8819},
    {"AzureLLMInferenceTrace_conv.csv", "conv", 19366},
    {"AzureLLMInferenceTrace_code_1week.csv", "code", 16803695},
    {"AzureLLMInferenceTrace_conv_1week.csv", "conv", 27303999},
    {0},
};

static const char time_name[] = "TIMESTAMP", context_name[] = "ContextTokens",
                  generated_name[] = "GeneratedTokens";

typedef struct azure_columns {
    uint64_t time, context, generated;
} azure_columns;

/* Columns are found by name, so this is the test for the whole header. */
static bool detect(const char *line, size_t length)
{
    const char *const names[] = {time_name, context_name, generated_name};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!memmem(line, length, names[i], strlen(names[i])))
            return false;
    return true;
}

static void note_other_columns(const lta_import_source *s, const lta_csv_scan *c,
                               const azure_columns *columns)
{
    char quoted[LTA_EXCERPT];
    for (uint64_t i = 0; i < c->n_columns; i++) {
        size_t n;
        const char *name = lta_csv_scan_get(c, i, &n);
        if (i != columns->time && i != columns->context && i != columns->generated)
            lta_log_line(s->run->log, LTA_LOG_INFO, "import", "%s:1: column \"%s\" is not used",
                         s->place.file, lta_excerpt(name, n, quoted));
    }
}

static lta_status add_row(lta_import_source *s, const lta_csv_scan *c, const azure_columns *columns,
                          bool *without_zone)
{
    lta_status st = LTA_OK;
    size_t length;
    const char *text = lta_csv_scan_get(c, columns->time, &length);
    int64_t time_us;
    uint64_t context, generated;
    bool has_zone;
    if (!lta_parse_timestamp(text, length, &time_us, &has_zone)) {
        char quoted[LTA_EXCERPT];
        return lta_bad_row(
            &s->place, "not a timestamp",
            "%s is \"%s\", expected YYYY-MM-DD HH:MM:SS with up to 9 decimals and an optional zone",
            time_name, lta_excerpt(text, length, quoted));
    }
    LTA_TRY(lta_csv_scan_u64(c, columns->context, context_name, LTA_NO_U32 - 1, &context));
    LTA_TRY(lta_csv_scan_u64(c, columns->generated, generated_name, LTA_NO_U32 - 1, &generated));
    LTA_TRY(lta_check_time(s, time_us));
    *without_zone |= !has_zone;
    lta_request r = {
        .time_us = time_us, .input_tokens = (uint32_t)context, .output_tokens = (uint32_t)generated};
    LTA_TRY(lta_add_request(s, &r));
done:
    return st;
}

static lta_status read_azure(lta_import_source *s)
{
    lta_status st = LTA_OK;
    lta_csv_scan c = {0};
    azure_columns columns;
    bool more, without_zone = false;
    const lta_published *p = lta_find_published(published, s->file);
    LTA_TRY(lta_csv_scan_open(&c, s->text, &s->place));
    LTA_TRY(lta_csv_scan_column(&c, time_name, &columns.time));
    LTA_TRY(lta_csv_scan_column(&c, context_name, &columns.context));
    LTA_TRY(lta_csv_scan_column(&c, generated_name, &columns.generated));
    note_other_columns(s, &c, &columns);
    lta_source_info info = {.dataset = "azure",
                            .licence = p ? "CC BY 4.0" : "",
                            .kind = p ? p->kind : NULL,
                            .unit = LTA_UNIT_NONE,
                            .wall_clock = true};
    lta_describe_source(s, &info);
    LTA_TRY(lta_trace_builder_begin_source(s->builder, &info));
    for (;;) {
        s->place.reason = NULL;
        st = lta_csv_scan_next(&c, &more);
        if (st == LTA_OK && !more)
            break;
        if (st == LTA_OK)
            st = add_row(s, &c, &columns, &without_zone);
        LTA_TRY(lta_end_row(s, st, c.next ? c.next : c.end));
    }
    LTA_TRY(lta_trace_builder_end_source(s->builder, s->rows));
    lta_check_published_rows(s, p);
    if (without_zone)
        lta_log_line(s->run->log, LTA_LOG_INFO, "import", "%s: timestamps name no zone and are taken as UTC",
                     s->place.file);
done:
    lta_csv_scan_close(&c);
    return st;
}

const lta_source_format lta_source_format_azure = {.detect = detect, .read = read_azure};
