/* pipeline/import/conversation_parquet.c - rows of Parquet as JSON objects. Columns that no reader wants are
 * not read, and what is nested in the others is small beside the texts, so that writing a row down costs
 * little next to tokenizing it. */
#include "pipeline/import/conversation_parquet.h"

#include "pipeline/core/text_out.h"
#include "pipeline/core/utf8.h"
#include "pipeline/import/conversation_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST_NESTED = 16 };

typedef struct parquet_rows {
    lta_conversations *c;
    lta_json json;
    lta_chars text; /* of the row */
    uint64_t row;
} parquet_rows;

static lta_status add_text(lta_chars *out, const char *text)
{
    return lta_chars_add(out, text, strlen(text));
}

/* Column `name` holds what no conversation has. */
static lta_status unreadable(lta_import_source *s, const char *name, const char *what)
{
    return lta_bad_row(&s->place, "unreadable column", "%s holds %s", name, what);
}

static lta_status write_integer(const lta_arrow_column *column, uint64_t i, lta_chars *out)
{
    char text[24];
    uint64_t magnitude;
    int64_t v;
    if (lta_arrow_u64(column, i, &magnitude)) {
        snprintf(text, sizeof text, "%" PRIu64, magnitude);
    } else {
        (void)lta_arrow_i64(column, i, &v); /* it is negative, and so it fits */
        snprintf(text, sizeof text, "%" PRId64, v);
    }
    return add_text(out, text);
}

static lta_status write_string(lta_import_source *s, const char *name, const lta_arrow_column *column,
                               uint64_t i, lta_chars *out)
{
    char quoted[LTA_EXCERPT];
    size_t n;
    const char *text = lta_arrow_text(column, i, &n);
    if (!lta_is_utf8(text, n))
        return lta_bad_row(&s->place, "not UTF-8", "%s is \"%s\", expected UTF-8", name,
                           lta_excerpt(text, n, quoted));
    return lta_python_dump_string(out, text, n);
}

/* "2023-04-09T00:02:53.000000Z" */
static lta_status write_time(lta_import_source *s, const char *name, const lta_arrow_column *column,
                             uint64_t i, lta_chars *out)
{
    enum { FIRST_YEAR = 1900, LAST_YEAR = 9999, MICRO = 1000000 };
    char day[32], text[64];
    int64_t us;
    struct tm t;
    bool in_range = lta_arrow_time_us(column, i, &us) && us > -LTA_TIME_LIMIT;
    int64_t micro = !in_range ? 0 : us % MICRO < 0 ? us % MICRO + MICRO : us % MICRO;
    time_t second = in_range ? (time_t)((us - micro) / MICRO) : 0;
    if (!in_range || !gmtime_r(&second, &t) || t.tm_year < 0 || t.tm_year > LAST_YEAR - FIRST_YEAR)
        return unreadable(s, name, "a time out of range, expected one from 1900 to 9999");
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &t);
    snprintf(text, sizeof text, "\"%s.%06dZ\"", day, (int)micro);
    return add_text(out, text);
}

static lta_status write_value(lta_import_source *s, const char *name, const lta_arrow_column *column,
                              uint64_t i, unsigned depth, lta_chars *out);

static lta_status write_list(lta_import_source *s, const char *name, const lta_arrow_column *column,
                             uint64_t i, unsigned depth, lta_chars *out)
{
    lta_status st = LTA_OK;
    lta_arrow_column items;
    uint64_t n = lta_arrow_list(column, i, &items);
    LTA_TRY(add_text(out, "["));
    for (uint64_t k = 0; k < n; k++) {
        LTA_TRY(add_text(out, k > 0 ? ", " : ""));
        LTA_TRY(write_value(s, name, &items, k, depth + 1, out));
    }
    LTA_TRY(add_text(out, "]"));
done:
    return st;
}

static lta_status write_struct(lta_import_source *s, const lta_arrow_column *column, uint64_t i,
                               unsigned depth, lta_chars *out)
{
    lta_status st = LTA_OK;
    lta_arrow_column member;
    LTA_TRY(add_text(out, "{"));
    for (int64_t k = 0; k < lta_arrow_n_members(column); k++) {
        const char *name = lta_arrow_member_at(column, k, &member);
        LTA_TRY(add_text(out, k > 0 ? ", " : ""));
        LTA_TRY(lta_python_dump_string(out, name, strlen(name)));
        LTA_TRY(add_text(out, ": "));
        LTA_TRY(write_value(s, name, &member, i, depth + 1, out));
    }
    LTA_TRY(add_text(out, "}"));
done:
    return st;
}

static lta_status write_value(lta_import_source *s, const char *name, const lta_arrow_column *column,
                              uint64_t i, unsigned depth, lta_chars *out)
{
    char number[LTA_F64_TEXT];
    if (lta_arrow_is_null(column, i))
        return add_text(out, "null");
    if (depth > MOST_NESTED)
        return unreadable(s, name, "lists and structs in each other, expected at most 16");
    switch (column->kind) {
    case LTA_ARROW_INT:
        return write_integer(column, i, out);
    case LTA_ARROW_REAL:
        lta_python_f64(lta_arrow_f64(column, i), number);
        return add_text(out, number);
    case LTA_ARROW_BOOL:
        return add_text(out, lta_arrow_bool(column, i) ? "true" : "false");
    case LTA_ARROW_TEXT:
        return write_string(s, name, column, i, out);
    case LTA_ARROW_TIME:
        return write_time(s, name, column, i, out);
    case LTA_ARROW_LIST:
        return write_list(s, name, column, i, depth, out);
    case LTA_ARROW_STRUCT:
        return write_struct(s, column, i, depth, out);
    default:
        return unreadable(
            s, name, "values of a type that is not read, expected text, numbers, times, lists or structs");
    }
}

/* The row as an object: the columns that are there. */
static lta_status write_row(lta_import_source *s, const lta_conversation_format *f,
                            const lta_arrow_column *column, uint64_t i, lta_chars *out)
{
    lta_status st = LTA_OK;
    bool first = true;
    out->n = 0;
    LTA_TRY(add_text(out, "{"));
    for (unsigned k = 0; k < f->n_keys; k++) {
        if (!lta_parquet_has(s->parquet, k))
            continue;
        LTA_TRY(add_text(out, first ? "" : ", "));
        LTA_TRY(lta_python_dump_string(out, f->keys[k], strlen(f->keys[k])));
        LTA_TRY(add_text(out, ": "));
        LTA_TRY(write_value(s, f->keys[k], &column[k], i, 0, out));
        first = false;
    }
    LTA_TRY(add_text(out, "}"));
done:
    return st;
}

static lta_status add_row(lta_import_source *s, const lta_arrow_column *column, uint64_t i, void *context)
{
    lta_status st = LTA_OK;
    parquet_rows *r = context;
    s->place.line = r->row++; /* s->rows counts turns */
    LTA_TRY(write_row(s, r->c->format, column, i, &r->text));
    lta_json_begin(&r->json, r->text.byte, r->text.n);
    LTA_TRY(lta_conversation_from_object(r->c, &r->json));
    LTA_TRY(lta_conversation_end(r->c));
done:
    return st;
}

lta_status lta_conversations_from_parquet(lta_conversations *c)
{
    lta_status st = LTA_OK;
    lta_import_source *s = c->source;
    parquet_rows r = {.c = c};
    LTA_TRY(lta_json_init(&r.json, &s->place));
    r.json.any_text = true;
    lta_note_other_parquet_columns(s, c->format->keys, c->format->n_keys);
    LTA_TRY(lta_parquet_select(s->parquet, c->format->keys, c->format->n_keys, c->format->n_needed));
    LTA_TRY(lta_read_parquet(s, add_row, &r));
done:
    lta_chars_free(&r.text);
    lta_json_free(&r.json);
    return st;
}
