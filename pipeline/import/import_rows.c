/* pipeline/import/import_rows.c - what every reader does with rows: times, dropped rows, progress, keys of
 * objects. */
#include "pipeline/import/import_internal.h"

#include "pipeline/core/utf8.h"

#include <string.h>

typedef unsigned long long ull; /* for printf */

const lta_published *lta_find_published(const lta_published *list, const char *file)
{
    while (list->file && strcmp(list->file, file) != 0)
        list++;
    return list->file ? list : NULL;
}

void lta_check_published_rows(const lta_import_source *s, const lta_published *p)
{
    if (p && p->rows != 0 && p->rows != s->rows)
        lta_log_line(
            s->run->log, LTA_LOG_WARN, "import",
            "%s: has %llu row%s, the published file of this name has %llu: another edition, or cut off?",
            s->place.file, (ull)s->rows, s->rows == 1 ? "" : "s", (ull)p->rows);
}

void lta_describe_source(const lta_import_source *s, lta_source_info *info)
{
    info->name = s->name;
    info->file = s->file;
    info->xxh3_128 = s->xxh3_128;
    info->sha256 = s->sha256;
}

lta_status lta_digest_up_to(lta_import_source *s, const char *at)
{
    size_t to = (size_t)(at - s->data.data);
    if (!s->digest || to <= s->digested)
        return LTA_OK;
    lta_status st = lta_digest_add(s->digest, s->data.data + s->digested, to - s->digested);
    s->digested = to;
    return st;
}

lta_status lta_digest_rest(lta_import_source *s)
{
    lta_status st = lta_digest_up_to(s, s->data.data + s->data.size);
    if (st == LTA_OK && s->digest)
        st = lta_digest_end(s->digest, s->xxh3_128, s->sha256);
    return st;
}

lta_status lta_check_time(lta_import_source *s, int64_t time_us)
{
    if (time_us > LTA_TIME_LIMIT || time_us < -LTA_TIME_LIMIT)
        return lta_bad_row(&s->place, "number out of range", "time is %lld us, expected at most %lld",
                           (long long)time_us, (long long)LTA_TIME_LIMIT);
    if (time_us < s->last_time_us && !s->times_may_fall)
        return lta_bad_row(&s->place, "time falls",
                           "time falls by %lld us, expected rows in the order of their times",
                           (long long)(s->last_time_us - time_us));
    return LTA_OK;
}

lta_status lta_add_request(lta_import_source *s, lta_request *r)
{
    r->row = s->rows;
    return lta_add_request_of_row(s, r);
}

lta_status lta_add_request_of_row(lta_import_source *s, const lta_request *r)
{
    s->time_falls += r->time_us < s->last_time_us;
    s->last_time_us = r->time_us;
    return lta_trace_builder_add(s->builder, r);
}

void lta_report_time_falls(const lta_import_source *s)
{
    if (s->time_falls > 0)
        lta_log_line(s->run->log, LTA_LOG_INFO, "import",
                     "%s: rows out of order, their time before that of the row before: %llu; requests are "
                     "sorted by time, those of equal time in the order of the file",
                     s->place.file, (ull)s->time_falls);
}

lta_status lta_check_text(lta_import_source *s, const char *name, const char *text, size_t length)
{
    char quoted[LTA_EXCERPT];
    if (!lta_is_utf8(text, length) || memchr(text, '\0', length))
        return lta_bad_row(&s->place, "not UTF-8", "%s is \"%s\", expected UTF-8 without NUL", name,
                           lta_excerpt(text, length, quoted));
    return LTA_OK;
}

/* A row that was read with status st: one more, unless that ends the import. */
static lta_status count_row(lta_import_source *s, lta_status st)
{
    if (st == LTA_ERR_FORMAT && s->place.reason && s->run->skip_bad_rows)
        st = lta_trace_builder_skip(s->builder, s->place.reason, 1);
    s->rows += st == LTA_OK;
    return st;
}

lta_status lta_end_row(lta_import_source *s, lta_status st, const char *at)
{
    enum { REPORT_BYTES = 1 << 20 };
    st = count_row(s, st);
    if (st != LTA_OK)
        return st;
    uint64_t done = (uint64_t)(at - s->data.data);
    if (done - s->reported < REPORT_BYTES)
        return LTA_OK;
    if (!s->looks_back)
        lta_forget_pages(s->data.data + s->reported, at);
    s->reported = done;
    double share = (double)done / (double)s->data.size; /* of compressed files: about */
    lta_progress_update(s->run->log, s->bytes_before + (uint64_t)(share * (double)s->stored_bytes));
    return lta_check_stop(s->run);
}

lta_status lta_read_csv(lta_import_source *s, lta_csv_scan *c, lta_csv_row *row, void *context)
{
    lta_status st = LTA_OK;
    bool more;
    for (;;) {
        s->place.reason = NULL;
        st = lta_csv_scan_next(c, &more);
        if (st == LTA_OK && !more)
            break;
        if (st == LTA_OK)
            st = row(s, c, context);
        LTA_TRY(lta_end_row(s, st, c->next ? c->next : c->end));
    }
done:
    return st;
}

lta_status lta_read_parquet(lta_import_source *s, lta_parquet_row *row, void *context)
{
    lta_status st = LTA_OK;
    for (;;) {
        uint64_t n;
        LTA_TRY(lta_parquet_next(s->parquet, &n));
        if (n == 0)
            break;
        const lta_arrow_column *columns = lta_parquet_columns(s->parquet);
        for (uint64_t i = 0; i < n; i++) {
            s->place.line = s->rows;
            s->place.reason = NULL;
            LTA_TRY(count_row(s, row(s, columns, i, context)));
            if (s->enough)
                goto done;
        }
        double done = lta_parquet_share(s->parquet) * (double)s->stored_bytes;
        lta_progress_update(s->run->log, s->bytes_before + (uint64_t)done);
        LTA_TRY(lta_check_stop(s->run));
    }
done:
    return st;
}

void lta_note_other_parquet_columns(const lta_import_source *s, const char *const *names, size_t n)
{
    char quoted[LTA_EXCERPT];
    const lta_strings *columns = lta_parquet_names(s->parquet);
    for (uint64_t i = 0; i < columns->n; i++) {
        const char *name = lta_strings_get(columns, i);
        size_t k = 0;
        while (k < n && strcmp(names[k], name) != 0)
            k++;
        if (k == n)
            lta_log_line(s->run->log, LTA_LOG_INFO, "import", "%s: column \"%s\" is not used", s->place.file,
                         lta_excerpt(name, strlen(name), quoted));
    }
}

bool lta_columns_include(const lta_strings *columns, const char *const *wanted)
{
    for (; *wanted; wanted++) {
        uint64_t i = 0;
        while (i < columns->n && strcmp(lta_strings_get(columns, i), *wanted) != 0)
            i++;
        if (i == columns->n)
            return false;
    }
    return true;
}

void lta_note_other_columns(const lta_import_source *s, const lta_csv_scan *c, const uint64_t *used, size_t n)
{
    char quoted[LTA_EXCERPT];
    for (uint64_t i = 0; i < c->n_columns; i++) {
        size_t length, k = 0;
        const char *name = lta_csv_scan_get(c, i, &length);
        while (k < n && used[k] != i)
            k++;
        if (k == n)
            lta_log_line(s->run->log, LTA_LOG_INFO, "import", "%s:1: column \"%s\" is not used",
                         s->place.file, lta_excerpt(name, length, quoted));
    }
}

lta_status lta_read_jsonl(lta_import_source *s, lta_json_row *row, void *context)
{
    lta_status st = LTA_OK;
    lta_json j = {0};
    lta_lines lines = lta_lines_of(s->text);
    const char *line;
    size_t length;
    LTA_TRY(lta_json_init(&j, &s->place));
    j.any_text = s->any_text;
    while (lta_next_line(&lines, &line, &length)) {
        s->place.line = lines.line;
        s->place.reason = NULL;
        lta_json_begin(&j, line, length);
        st = length > 0 ? row(s, &j, context)
                        : lta_bad_row(&s->place, "empty line", "is empty, expected a JSON object");
        LTA_TRY(lta_end_row(s, st, line + length));
        if (s->enough)
            break;
    }
done:
    lta_json_free(&j);
    return st;
}

static lta_status remember_unknown(lta_import_source *s, const char *key, size_t length)
{
    uint64_t index, before = s->unknown_keys.strings.n;
    if (before == LTA_MOST_KEY_NOTES || s->all_keys_used)
        return LTA_OK;
    lta_status st = lta_dictionary_intern(&s->unknown_keys, key, length, &index);
    if (st == LTA_OK && index == before)
        s->unknown_line[index] = s->place.line;
    return st;
}

void lta_note_unknown_keys(const lta_import_source *s)
{
    char quoted[LTA_EXCERPT];
    for (uint64_t i = 0; i < s->unknown_keys.strings.n; i++) {
        const lta_strings *keys = &s->unknown_keys.strings;
        lta_excerpt(lta_strings_get(keys, i), lta_strings_length(keys, i), quoted);
        lta_log_line(s->run->log, LTA_LOG_INFO, "import", "%s:%llu: key \"%s\" is not used", s->place.file,
                     (ull)s->unknown_line[i], quoted);
    }
}

lta_status lta_json_known_key(lta_import_source *s, lta_json *j, const char *const *names, unsigned n,
                              unsigned n_needed, bool *first, uint32_t *seen, unsigned *key)
{
    lta_status st = LTA_OK;
    const char *text;
    size_t length;
    for (;;) {
        LTA_TRY(lta_json_next_key(j, first, &text, &length));
        if (!text)
            break;
        unsigned k = 0;
        while (k < n && (strlen(names[k]) != length || memcmp(names[k], text, length) != 0))
            k++;
        if (k == n) {
            LTA_TRY(remember_unknown(s, text, length));
            LTA_TRY(lta_json_skip(j));
            continue;
        }
        if (*seen >> k & 1)
            return lta_bad_row(&s->place, "repeated key", "key \"%s\" occurs twice, expected once", names[k]);
        *seen |= (uint32_t)1 << k;
        j->key = names[k];
        *key = k;
        return LTA_OK;
    }
    for (unsigned k = 0; k < n_needed; k++)
        if (!(*seen >> k & 1))
            return lta_bad_row(&s->place, "missing key", "key \"%s\" is missing", names[k]);
    *key = n;
done:
    return st;
}

static bool is_one_of(const char *text, size_t length, const char *const *names, uint32_t *seen)
{
    for (unsigned i = 0; names[i]; i++)
        if (strlen(names[i]) == length && memcmp(names[i], text, length) == 0) {
            *seen |= (uint32_t)1 << i;
            return true;
        }
    return false;
}

bool lta_json_line_has_keys(const char *line, size_t length, const char *const *wanted,
                            const char *const *unwanted)
{
    lta_place place = {.file = "", .line = 1};
    lta_json j = {0};
    bool first;
    const char *key = NULL;
    size_t n;
    uint32_t seen = 0, all = 0, bad = 0;
    for (unsigned i = 0; wanted[i]; i++)
        all |= (uint32_t)1 << i;
    if (lta_json_init(&j, &place) != LTA_OK)
        goto done;
    lta_json_begin(&j, line, length);
    j.any_text = true; /* whether the format takes it is for its reader to say */
    if (lta_json_object_begin(&j, &first) != LTA_OK)
        goto done;
    while (lta_json_next_key(&j, &first, &key, &n) == LTA_OK && key) {
        if (!is_one_of(key, n, wanted, &seen))
            (void)is_one_of(key, n, unwanted, &bad);
        if (lta_json_skip(&j) != LTA_OK)
            break; /* damaged, yet its keys may have told enough: the reader will name the place */
    }
done:
    lta_json_free(&j);
    return seen == all && bad == 0;
}
