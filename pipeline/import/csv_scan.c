/* pipeline/import/csv_scan.c - CSV rows as spans of the text. */
#include "pipeline/import/csv_scan.h"

#include "pipeline/core/array.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef unsigned long long ull; /* for printf */

static const char malformed[] = "malformed CSV";

static lta_status add_field(lta_csv_scan *c, size_t offset, size_t length, bool unquoted)
{
    lta_status st = LTA_GROW(&c->field, &c->field_capacity, c->n_fields + 1);
    if (st != LTA_OK)
        return st;
    c->field[c->n_fields++] = (lta_csv_field){.offset = offset, .length = length, .unquoted = unquoted};
    return LTA_OK;
}

/* A quoted field from its opening quote at *p; leaves *p behind the closing one and counts the line ends
 * between them. */
static lta_status quoted_field(lta_csv_scan *c, const char **p, uint64_t *n_lines)
{
    lta_status st = LTA_OK;
    const char *start = *p + 1, *q = start;
    uint64_t first = c->n_unquoted;
    bool doubled = false;
    for (;;) {
        const char *quote = memchr(q, '"', (size_t)(c->end - q));
        if (!quote)
            return lta_bad_row(c->place, malformed, "field %llu has no closing quote", (ull)c->n_fields + 1);
        bool again = quote + 1 < c->end && quote[1] == '"';
        if (again || doubled) { /* text up to here, with one of two quotes */
            size_t n = (size_t)(quote - q) + again;
            LTA_TRY(LTA_GROW(&c->unquoted, &c->unquoted_capacity, c->n_unquoted + n));
            memcpy(c->unquoted + c->n_unquoted, q, n);
            c->n_unquoted += n;
        }
        *p = quote + 1;
        if (!again)
            break;
        doubled = true;
        q = quote + 2;
    }
    for (q = start; (q = memchr(q, '\n', (size_t)(*p - q))) != NULL; q++)
        ++*n_lines;
    st = doubled ? add_field(c, (size_t)first, (size_t)(c->n_unquoted - first), true)
                 : add_field(c, (size_t)(start - c->row), (size_t)(*p - 1 - start), false);
done:
    return st;
}

/* Reads fields from c->next to the end of the row and steps over the line end. */
/* Where an unquoted field ends: at a comma, a line end, or what does not belong there. */
static inline const char *field_end(const char *p, const char *end)
{
#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        __m128i text = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i hit = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8(',')), _mm_cmpeq_epi8(text, _mm_set1_epi8('\n'))),
            _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('"')),
                         _mm_cmpeq_epi8(text, _mm_setzero_si128())));
        unsigned found = (unsigned)_mm_movemask_epi8(hit);
        if (found != 0)
            return p + __builtin_ctz(found);
    }
#endif
    while (p < end && *p != ',' && *p != '\n' && *p != '"' && *p != '\0')
        p++;
    return p;
}

static lta_status read_fields(lta_csv_scan *c)
{
    lta_status st = LTA_OK;
    const char *p = c->next;
    uint64_t n_lines = 1;
    c->row = p;
    c->n_fields = c->n_unquoted = 0;
    for (;;) {
        if (p < c->end && *p == '"') {
            LTA_TRY(quoted_field(c, &p, &n_lines));
        } else {
            const char *start = p;
            p = field_end(p, c->end);
            bool carriage = p > start && p[-1] == '\r' && (p == c->end || *p == '\n');
            LTA_TRY(add_field(c, (size_t)(start - c->row), (size_t)(p - start) - carriage, false));
        }
        if (p + 1 < c->end && p[0] == '\r' && p[1] == '\n')
            p++;
        if (p == c->end || *p == '\n')
            break;
        if (*p != ',') {
            char found[LTA_EXCERPT];
            return lta_bad_row(c->place, malformed,
                               "field %llu is followed by \"%s\", expected a comma or the line end",
                               (ull)c->n_fields, lta_excerpt(p, 1, found));
        }
        p++;
    }
    c->next = p < c->end ? p + 1 : NULL;
    c->next_line += n_lines;
done:
    return st;
}

static void step_over_line(lta_csv_scan *c)
{
    const char *newline = memchr(c->next, '\n', (size_t)(c->end - c->next));
    c->next = newline ? newline + 1 : NULL;
    c->next_line++;
}

lta_status lta_csv_scan_open(lta_csv_scan *c, lta_source_text text, lta_place *place)
{
    *c = (lta_csv_scan){.place = place, .next = text.data, .end = text.data + text.size, .next_line = 1};
    place->line = 1;
    lta_status st = read_fields(c);
    if (st != LTA_OK)
        return st;
    c->header = c->row;
    c->header_length = (size_t)((c->next ? c->next - 1 : c->end) - c->row);
    c->header_length -= c->header_length > 0 && c->header[c->header_length - 1] == '\r';
    c->n_columns = c->n_fields;
    if (c->n_columns > 1 && c->field[c->n_columns - 1].length == 0) {
        c->trailing_comma = true;
        c->n_columns--;
    }
    return LTA_OK;
}

void lta_csv_scan_close(lta_csv_scan *c)
{
    lta_free(c->field);
    lta_free(c->unquoted);
    *c = (lta_csv_scan){0};
}

void lta_csv_scan_part(const lta_csv_scan *c, const char *text, size_t n, lta_place *place,
                       lta_csv_scan *part)
{
    part->place = place;
    part->next = text;
    part->end = text + n;
    part->next_line = 1;
    part->n_columns = c->n_columns;
    part->trailing_comma = c->trailing_comma;
}

static lta_status find_column(const lta_csv_scan *c, const char *name, bool needed, uint64_t *out)
{
    uint64_t found = 0;
    char header[LTA_EXCERPT];
    *out = LTA_NO_COLUMN;
    for (uint64_t i = 0; i < c->n_columns; i++) {
        size_t n;
        const char *text = lta_csv_scan_get(c, i, &n);
        if (n == strlen(name) && memcmp(text, name, n) == 0) {
            *out = i;
            found++;
        }
    }
    if (found > 1 || (needed && found == 0))
        return lta_fail(LTA_ERR_FORMAT, "%s:1: the header \"%s\" has %s column %s, expected one",
                        c->place->file, lta_excerpt(c->header, c->header_length, header),
                        found == 0 ? "no" : "more than one", name);
    return LTA_OK;
}

lta_status lta_csv_scan_column(const lta_csv_scan *c, const char *name, uint64_t *out)
{
    return find_column(c, name, true, out);
}

lta_status lta_csv_scan_optional_column(const lta_csv_scan *c, const char *name, uint64_t *out)
{
    return find_column(c, name, false, out);
}

lta_status lta_csv_scan_next(lta_csv_scan *c, bool *more)
{
    *more = c->next != NULL;
    if (!*more)
        return LTA_OK;
    c->place->line = c->next_line;
    lta_status st = read_fields(c);
    if (st == LTA_ERR_FORMAT)
        step_over_line(c);
    if (st != LTA_OK)
        return st;
    if (c->n_fields == 1 && c->field[0].length == 0 && *c->row != '"')
        return lta_bad_row(c->place, "empty line", "is empty, expected a row");
    if (c->trailing_comma && c->n_fields == c->n_columns + 1 && c->field[c->n_columns].length == 0)
        c->n_fields--;
    if (c->n_fields != c->n_columns)
        return lta_bad_row(c->place, "wrong number of fields", "%llu fields, expected %llu as in the header",
                           (ull)c->n_fields, (ull)c->n_columns);
    return LTA_OK;
}

const char *lta_csv_scan_get(const lta_csv_scan *c, uint64_t i, size_t *length)
{
    const lta_csv_field *f = &c->field[i];
    *length = f->length;
    return (f->unquoted ? c->unquoted : c->row) + f->offset;
}

lta_status lta_csv_scan_u64(const lta_csv_scan *c, uint64_t i, const char *name, uint64_t max, uint64_t *out)
{
    size_t n;
    const char *text = lta_csv_scan_get(c, i, &n);
    uint64_t v = 0;
    bool bad = n == 0, overflow = false;
    char quoted[LTA_EXCERPT];
    for (size_t k = 0; k < n && !bad; k++) {
        bad = text[k] < '0' || text[k] > '9';
        if (!bad)
            overflow |= __builtin_mul_overflow(v, 10u, &v) ||
                        __builtin_add_overflow(v, (uint64_t)(text[k] - '0'), &v);
    }
    if (bad)
        return lta_bad_row(c->place, "not an integer", "%s is \"%s\", expected an integer, not negative",
                           name, lta_excerpt(text, n, quoted));
    if (overflow || v > max)
        return lta_bad_row(c->place, "number out of range", "%s is %s, expected at most %llu", name,
                           lta_excerpt(text, n, quoted), (ull)max);
    *out = v;
    return LTA_OK;
}
