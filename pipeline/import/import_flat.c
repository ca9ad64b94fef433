/* pipeline/import/import_flat.c - plain cache-access traces: one id a request.
 *
 * Raw little-endian u32 or u64, text with one decimal id a line, and libCacheSim's oracleGeneral: packed
 * little-endian records of time (u32, s), object id (u64), object size (u32) and next access (i64), of which
 * size and next access are not kept. There is no magic number in any of them: --ids or the name of the file
 * tells.
 *
 * An access becomes a request whose input is one symbol of one token. */
#include "pipeline/import/import_internal.h"
#include "pipeline/import/source_digest.h"

#include <string.h>

typedef unsigned long long ull; /* for printf */

enum { RECORD_TIME = 0, RECORD_ID = 4, RECORD_SIZE = 24 }; /* of oracleGeneral: offsets, bytes */

static const struct {
    const char *ending;
    lta_ids ids;
    bool safe; /* says it even where no format was given; for text the first line has to agree */
} endings[] = {
    {".u32", LTA_IDS_U32, false},
    {".u64", LTA_IDS_U64, false},
    {".txt", LTA_IDS_TEXT, true},
    {".ids", LTA_IDS_TEXT, true},
    {".oracleGeneral", LTA_IDS_ORACLE_GENERAL, true},
    {".oracleGeneral.bin", LTA_IDS_ORACLE_GENERAL, true},
};

static lta_ids ids_by_name(const char *file, bool *safe)
{
    size_t length = strlen(file);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i].ending);
        if (length >= n && strcmp(file + length - n, endings[i].ending) == 0) {
            *safe = endings[i].safe;
            return endings[i].ids;
        }
    }
    *safe = false;
    return LTA_IDS_BY_NAME;
}

/* A decimal number below 2^64 and nothing else. */
static bool parse_id(const char *text, size_t length, uint64_t *out)
{
    uint64_t v = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned digit = (unsigned)text[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, digit, &v))
            return false;
    }
    *out = v;
    return length > 0;
}

static bool detect_file(const char *data_file, const lta_mapping *data)
{
    bool safe;
    lta_ids ids = ids_by_name(data_file, &safe);
    if (!safe || ids != LTA_IDS_TEXT)
        return safe;
    lta_lines lines = lta_lines_of((lta_source_text){.data = data->data, .size = data->size});
    const char *line;
    size_t length;
    uint64_t id;
    return lta_next_line(&lines, &line, &length) && parse_id(line, length, &id);
}

/* ---- raw records ---- */

static uint64_t load_little_endian(const char *p, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)(unsigned char)p[i] << (8 * i);
    return v;
}

static uint32_t record_time(const char *record)
{
    return (uint32_t)load_little_endian(record + RECORD_TIME, 4);
}

/* Times of an oracleGeneral file tell something unless all are 0; and where they fall, it is still the order
 * of the records that simulators go by, so the times have to go. */
static lta_status look_at_times(const lta_import_source *s, bool *without_times)
{
    enum { STRETCH = 1 << 20 };
    uint64_t n = s->data.size / RECORD_SIZE, n_falls = 0, first_fall = 0;
    uint32_t before = 0, any = 0;
    for (uint64_t i = 0; i < n; i++) {
        const char *record = s->data.data + i * RECORD_SIZE;
        uint32_t time = record_time(record);
        if (time < before && n_falls++ == 0)
            first_fall = i;
        before = time;
        any |= time;
        if (i % STRETCH == STRETCH - 1) {
            lta_status st = lta_check_stop(s->run);
            if (st != LTA_OK)
                return st;
            lta_forget_pages(record - (uint64_t)(STRETCH - 1) * RECORD_SIZE, record);
        }
    }
    if (any == 0)
        lta_log_line(s->run->log, LTA_LOG_INFO, "import",
                     "%s: all times are 0: taken as a trace without times", s->place.file);
    else if (n_falls > 0)
        lta_log_line(
            s->run->log, LTA_LOG_WARN, "import",
            "%s: times fall %llu times, first in record %llu: taken as a trace without times, in the "
            "order of the file",
            s->place.file, (ull)n_falls, (ull)first_fall);
    *without_times = any == 0 || n_falls > 0;
    return LTA_OK;
}

static lta_status check_size(const lta_import_source *s, size_t record)
{
    lta_status st = lta_check_is_data(s->place.file, s->data.data, s->data.size);
    if (st != LTA_OK)
        return st;
    if (s->data.size == 0)
        return lta_fail(LTA_ERR_FORMAT, "%s: is empty, expected at least one row", s->place.file);
    if (s->data.size % record != 0)
        return lta_fail(
            LTA_ERR_FORMAT,
            "%s: %zu bytes, expected a multiple of %zu, the size of a record: cut off, or another kind "
            "of ids (--ids)?",
            s->place.file, s->data.size, record);
    return LTA_OK;
}

static lta_status add_access(lta_import_source *s, uint64_t id, int64_t time_us)
{
    lta_request r = {
        .time_us = time_us, .turn = LTA_NO_U32, .input_tokens = 1, .symbols = &id, .n_input = 1, .n_full = 1};
    return lta_add_request(s, &r);
}

static lta_status read_raw(lta_import_source *s, unsigned bytes)
{
    lta_status st = LTA_OK;
    const char *end = s->data.data + s->data.size;
    for (const char *p = s->data.data; p < end; p += bytes)
        LTA_TRY(lta_end_row(s, add_access(s, load_little_endian(p, bytes), 0), p + bytes));
done:
    return st;
}

static lta_status read_records(lta_import_source *s, bool without_times)
{
    lta_status st = LTA_OK;
    const char *end = s->data.data + s->data.size;
    for (const char *p = s->data.data; p < end; p += RECORD_SIZE) {
        int64_t time_us = without_times ? 0 : (int64_t)record_time(p) * 1000000;
        LTA_TRY(
            lta_end_row(s, add_access(s, load_little_endian(p + RECORD_ID, 8), time_us), p + RECORD_SIZE));
    }
    lta_log_line(s->run->log, LTA_LOG_INFO, "import", "%s: sizes of objects and next accesses are not kept",
                 s->place.file);
done:
    return st;
}

/* ---- text ---- */

static lta_status read_line(lta_import_source *s, const char *line, size_t length)
{
    char quoted[LTA_EXCERPT];
    uint64_t id;
    if (length == 0)
        return lta_bad_row(&s->place, "empty line", "is empty, expected an id");
    if (!parse_id(line, length, &id))
        return lta_bad_row(&s->place, "no id", "\"%s\", expected an id: a whole number from 0 to 2^64 - 1",
                           lta_excerpt(line, length, quoted));
    return add_access(s, id, 0);
}

static lta_status read_lines(lta_import_source *s)
{
    lta_status st = LTA_OK;
    lta_lines lines = lta_lines_of(s->text);
    const char *line;
    size_t length;
    while (lta_next_line(&lines, &line, &length)) {
        s->place.line = lines.line;
        s->place.reason = NULL;
        LTA_TRY(lta_end_row(s, read_line(s, line, length), line + length));
    }
done:
    return st;
}

/* ---- the source ---- */

static lta_status read_flat(lta_import_source *s)
{
    lta_status st = LTA_OK;
    bool safe;
    lta_ids ids = s->options->ids != LTA_IDS_BY_NAME ? s->options->ids : ids_by_name(s->data_file, &safe);
    lta_source_info info = {
        .dataset = "flat", .licence = "", .unit = LTA_UNIT_BLOCK, .block_tokens = 1, .without_times = true};
    if (ids == LTA_IDS_BY_NAME)
        return lta_fail(LTA_ERR_USAGE,
                        "%s: its name does not tell how it holds ids, expected --ids u32, u64, text or "
                        "oracle-general",
                        s->place.file);
    if (s->options->block_tokens > 1 || s->options->drop_tail)
        return lta_fail(LTA_ERR_USAGE,
                        "%s has an id an access, not blocks, which --block-tokens and --tail drop are about",
                        s->place.file);
    if (ids == LTA_IDS_TEXT)
        LTA_TRY(lta_source_text_open(s->place.file, &s->data, &s->text));
    else
        LTA_TRY(check_size(s, ids == LTA_IDS_U32 ? 4 : ids == LTA_IDS_U64 ? 8 : RECORD_SIZE));
    if (ids == LTA_IDS_ORACLE_GENERAL)
        LTA_TRY(look_at_times(s, &info.without_times));
    lta_describe_source(s, &info);
    LTA_TRY(lta_trace_builder_begin_source(s->builder, &info));
    if (ids == LTA_IDS_TEXT)
        LTA_TRY(read_lines(s));
    else if (ids == LTA_IDS_ORACLE_GENERAL)
        LTA_TRY(read_records(s, info.without_times));
    else
        LTA_TRY(read_raw(s, ids == LTA_IDS_U32 ? 4 : 8));
    LTA_TRY(lta_trace_builder_end_source(s->builder, s->rows));
done:
    return st;
}

const lta_source_format lta_source_format_flat = {
    .detect_file = detect_file, .is_binary = true, .read = read_flat};
