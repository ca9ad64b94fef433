/* pipeline/import/import_azure.c - Azure LLM inference CSV: TIMESTAMP (wall clock), ContextTokens,
 * GeneratedTokens. Counts alone: no symbols, sessions or models. The multimodal trace has NumImages besides,
 * which has no place in a trace. */
#include "pipeline/import/import_internal.h"
#include "pipeline/import/time_parse.h"

#include <string.h>

static const lta_published published[] = {
    {"AzureLLMInferenceTrace_code.csv", "code", 8819},
    {"AzureLLMInferenceTrace_conv.csv", "conv", 19366},
    {"AzureLLMInferenceTrace_code_1week.csv", "code", 16803695},
    {"AzureLLMInferenceTrace_conv_1week.csv", "conv", 27303999},
    {"AzureLLMInferenceTrace_code_2024.csv", "code", 16803695}, /* mirrors of the two above */
    {"AzureLLMInferenceTrace_conv_2024.csv", "conv", 27303999},
    {"AzureLMMInferenceTrace_multimodal.csv", "multimodal", 1000000},
    {0},
};

static const char time_name[] = "TIMESTAMP", context_name[] = "ContextTokens",
                  generated_name[] = "GeneratedTokens";

enum { TIME, CONTEXT, GENERATED, N_COLUMNS };

typedef struct azure {
    uint64_t column[N_COLUMNS];
    bool without_zone;
} azure;

/* Columns are found by name, so this is the test for the whole header. */
static bool detect(const char *line, size_t length)
{
    const char *const names[] = {time_name, context_name, generated_name};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!memmem(line, length, names[i], strlen(names[i])))
            return false;
    return true;
}

typedef struct azure_row {
    int64_t time_us;
    uint32_t entered, generated;
    bool without_zone;
} azure_row;

static lta_status parse_row(const lta_csv_scan *c, const void *context, void *row)
{
    const azure *a = context;
    azure_row *r = row;
    lta_status st = LTA_OK;
    size_t length;
    const char *text = lta_csv_scan_get(c, a->column[TIME], &length);
    uint64_t entered, generated;
    bool has_zone;
    if (!lta_parse_timestamp(text, length, &r->time_us, &has_zone)) {
        char quoted[LTA_EXCERPT];
        return lta_bad_row(
            c->place, "not a timestamp",
            "%s is \"%s\", expected YYYY-MM-DD HH:MM:SS with up to 9 decimals and an optional zone",
            time_name, lta_excerpt(text, length, quoted));
    }
    LTA_TRY(lta_csv_scan_u64(c, a->column[CONTEXT], context_name, LTA_NO_U32 - 1, &entered));
    LTA_TRY(lta_csv_scan_u64(c, a->column[GENERATED], generated_name, LTA_NO_U32 - 1, &generated));
    r->entered = (uint32_t)entered;
    r->generated = (uint32_t)generated;
    r->without_zone = !has_zone;
done:
    return st;
}

static lta_status add_row(lta_import_source *s, const void *row, void *context)
{
    azure *a = context;
    const azure_row *r = row;
    lta_request q = {.time_us = r->time_us, .input_tokens = r->entered, .output_tokens = r->generated};
    lta_status st = LTA_OK;
    LTA_TRY(lta_check_time(s, r->time_us));
    a->without_zone |= r->without_zone;
    LTA_TRY(lta_add_request(s, &q));
done:
    return st;
}

static lta_status read_azure(lta_import_source *s)
{
    static const lta_csv_rows rows = {.row_bytes = sizeof(azure_row), .parse = parse_row, .add = add_row};
    lta_status st = LTA_OK;
    lta_csv_scan c = {0};
    azure a = {0};
    const lta_published *p = lta_find_published(published, s->data_file);
    LTA_TRY(lta_csv_scan_open(&c, s->text, &s->place));
    LTA_TRY(lta_csv_scan_column(&c, time_name, &a.column[TIME]));
    LTA_TRY(lta_csv_scan_column(&c, context_name, &a.column[CONTEXT]));
    LTA_TRY(lta_csv_scan_column(&c, generated_name, &a.column[GENERATED]));
    lta_note_other_columns(s, &c, a.column, N_COLUMNS);
    lta_source_info info = {.dataset = "azure",
                            .licence = p ? "CC BY 4.0" : "",
                            .kind = p ? p->kind : NULL,
                            .unit = LTA_UNIT_NONE,
                            .wall_clock = true};
    lta_describe_source(s, &info);
    LTA_TRY(lta_trace_builder_begin_source(s->builder, &info));
    LTA_TRY(lta_read_csv_rows(s, &c, &rows, &a));
    LTA_TRY(lta_trace_builder_end_source(s->builder, s->rows));
    lta_check_published_rows(s, p);
    if (a.without_zone)
        lta_log_line(s->run->log, LTA_LOG_INFO, "import", "%s: timestamps name no zone and are taken as UTC",
                     s->place.file);
done:
    lta_csv_scan_close(&c);
    return st;
}

const lta_source_format lta_source_format_azure = {.detect = detect, .read = read_azure};
