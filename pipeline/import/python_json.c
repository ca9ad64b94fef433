/* pipeline/import/python_json.c - writing JSON as Python does. */
#include "pipeline/import/python_json.h"

#include "pipeline/core/array.h"
#include "pipeline/core/text_out.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DEEPEST = 64 };

lta_status lta_chars_add(lta_chars *c, const char *text, uint64_t n)
{
    lta_status st = LTA_GROW(&c->byte, &c->capacity, c->n + n + 1); /* never NULL afterwards */
    if (st != LTA_OK)
        return st;
    if (n > 0)
        memcpy(c->byte + c->n, text, n);
    c->n += n;
    return LTA_OK;
}

void lta_chars_free(lta_chars *c)
{
    lta_free(c->byte);
    *c = (lta_chars){0};
}

/* ---- strings ---- */

/* The code point at *p, which is valid UTF-8 but for surrogates; steps over it. */
static uint32_t next_code_point(const char **p)
{
    const unsigned char *u = (const unsigned char *)*p;
    int more = u[0] < 0x80 ? 0 : u[0] < 0xe0 ? 1 : u[0] < 0xf0 ? 2 : 3;
    static const unsigned char first_bits[] = {0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = u[0] & first_bits[more];
    for (int i = 1; i <= more; i++)
        c = c << 6 | (u[i] & 0x3f);
    *p += more + 1;
    return c;
}

/* The escape of a code point that json.dumps() does not leave as it is. */
static lta_status add_escape(lta_chars *out, uint32_t c)
{
    static const char special[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    char text[16];
    const char *found = c > 0 && c < 0x80 ? strchr(special, (int)c) : NULL;
    int n;
    if (found)
        n = snprintf(text, sizeof text, "\\%c", letter[found - special]);
    else if (c < 0x10000)
        n = snprintf(text, sizeof text, "\\u%04x", c);
    else
        n = snprintf(text, sizeof text, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                     0xdc00 + ((c - 0x10000) & 0x3ff));
    return lta_chars_add(out, text, (uint64_t)n);
}

lta_status lta_python_dump_string(lta_chars *out, const char *text, size_t n)
{
    lta_status st = LTA_OK;
    const char *p = text, *end = text + n;
    LTA_TRY(lta_chars_add(out, "\"", 1));
    while (p < end) {
        const char *plain = p;
        while (p < end && *p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\')
            p++;
        LTA_TRY(lta_chars_add(out, plain, (uint64_t)(p - plain)));
        if (p < end)
            LTA_TRY(add_escape(out, next_code_point(&p)));
    }
    LTA_TRY(lta_chars_add(out, "\"", 1));
done:
    return st;
}

/* ---- numbers ---- */

static lta_status dump_number(lta_json *j, lta_chars *out)
{
    lta_status st = LTA_OK;
    const char *start = j->p, *text;
    char repr[LTA_F64_TEXT];
    size_t n;
    double v;
    LTA_TRY(lta_json_number(j, &text, &n));
    if (!memchr(text, '.', n) && !memchr(text, 'e', n) && !memchr(text, 'E', n)) {
        bool minus_zero = n == 2 && memcmp(text, "-0", 2) == 0;
        return lta_chars_add(out, text + minus_zero, n - minus_zero);
    }
    j->p = start;
    LTA_TRY(lta_json_f64(j, &v));
    lta_python_f64(v, repr);
    LTA_TRY(lta_chars_add(out, repr, strlen(repr)));
done:
    return st;
}

/* ---- any value ---- */

static bool is_one_of(const char *key, size_t n, const char *const *names)
{
    while (names && *names && (strlen(*names) != n || memcmp(*names, key, n) != 0))
        names++;
    return names && *names;
}

static lta_status dump_value(lta_json *j, const char *const *without, unsigned depth, lta_chars *out);

static lta_status dump_object(lta_json *j, const char *const *without, unsigned depth, lta_chars *out)
{
    lta_status st = LTA_OK;
    bool first, empty = true;
    const char *key;
    size_t n;
    LTA_TRY(lta_json_object_begin(j, &first));
    LTA_TRY(lta_chars_add(out, "{", 1));
    for (;;) {
        LTA_TRY(lta_json_next_key(j, &first, &key, &n));
        if (!key)
            break;
        if (is_one_of(key, n, without)) {
            LTA_TRY(lta_json_skip(j));
            continue;
        }
        LTA_TRY(lta_chars_add(out, ", ", empty ? 0 : 2));
        LTA_TRY(lta_python_dump_string(out, key, n));
        LTA_TRY(lta_chars_add(out, ": ", 2));
        LTA_TRY(dump_value(j, NULL, depth + 1, out));
        empty = false;
    }
    LTA_TRY(lta_chars_add(out, "}", 1));
done:
    return st;
}

static lta_status dump_array(lta_json *j, unsigned depth, lta_chars *out)
{
    lta_status st = LTA_OK;
    bool first, more, empty = true;
    LTA_TRY(lta_json_array_begin(j, &first));
    LTA_TRY(lta_chars_add(out, "[", 1));
    for (;;) {
        LTA_TRY(lta_json_next_item(j, &first, &more));
        if (!more)
            break;
        LTA_TRY(lta_chars_add(out, ", ", empty ? 0 : 2));
        LTA_TRY(dump_value(j, NULL, depth + 1, out));
        empty = false;
    }
    LTA_TRY(lta_chars_add(out, "]", 1));
done:
    return st;
}

static lta_status dump_value(lta_json *j, const char *const *without, unsigned depth, lta_chars *out)
{
    lta_status st = LTA_OK;
    const char *start = j->p, *text;
    size_t n;
    char c = j->p < j->end ? *j->p : '\0';
    if (c == '"') {
        LTA_TRY(lta_json_string(j, &text, &n));
        LTA_TRY(lta_python_dump_string(out, text, n));
    } else if ((c == '{' || c == '[') && depth < DEEPEST) {
        LTA_TRY(c == '{' ? dump_object(j, without, depth, out) : dump_array(j, depth, out));
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        LTA_TRY(dump_number(j, out));
    } else if (depth == DEEPEST) {
        st = lta_bad_row(j->place, "malformed JSON", "values nested more than %d deep", DEEPEST);
    } else {
        LTA_TRY(lta_json_skip(j)); /* true, false, null, or an error */
        LTA_TRY(lta_chars_add(out, start, (uint64_t)(j->p - start)));
    }
done:
    return st;
}

lta_status lta_python_dump(lta_json *j, const char *const *without, lta_chars *out)
{
    return dump_value(j, without, 0, out);
}

/* ---- str() ---- */

static bool is_printable(uint32_t c)
{
    static const uint32_t hidden[][2] = {
        {0x7f, 0xa0},       {0xad, 0xad},       {0x600, 0x605},     {0x61c, 0x61c},     {0x6dd, 0x6dd},
        {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},     {0x1680, 0x1680},   {0x180e, 0x180e},
        {0x2000, 0x200f},   {0x2028, 0x202f},   {0x205f, 0x2064},   {0x2066, 0x206f},   {0x3000, 0x3000},
        {0xd800, 0xf8ff},   {0xfeff, 0xfeff},   {0xfff9, 0xfffb},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd},
        {0x13430, 0x13438}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0001, 0xe0001}, {0xe0020, 0xe007f},
        {0xf0000, 0x10ffff}};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (c >= hidden[i][0] && c <= hidden[i][1])
            return false;
    return c >= 0x20;
}

static uint32_t hex4(const char *p)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++)
        v = v << 4 | (uint32_t)(p[i] <= '9' ? p[i] - '0' : p[i] - 'a' + 10);
    return v;
}

/* The character at *p inside a dumped string; steps over it. */
static uint32_t dumped_character(const char **p)
{
    static const char letters[] = "bfnrt", values[] = "\b\f\n\r\t";
    uint32_t c = (unsigned char)*(*p)++, low;
    if (c != '\\')
        return c;
    c = (unsigned char)*(*p)++;
    if (c != 'u') {
        const char *letter = strchr(letters, (int)c);
        return letter ? (unsigned char)values[letter - letters] : c;
    }
    c = hex4(*p);
    *p += 4;
    if (c < 0xd800 || c >= 0xdc00 || (*p)[0] != '\\' || (*p)[1] != 'u')
        return c;
    low = hex4(*p + 2);
    if (low < 0xdc00 || low >= 0xe000)
        return c;
    *p += 6;
    return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

void lta_python_str_count(const char *dumped, size_t n, lta_python_size *size)
{
    const char *p = dumped, *end = dumped + n;
    uint64_t all = 0, beyond = 0;
    while (p < end) {
        all++; /* True, False and None are as long as true, false and null */
        if (*p++ != '"')
            continue;
        uint64_t single = 0, doubled = 0;
        while (*p != '"') {
            uint32_t c = dumped_character(&p);
            single += c == '\'';
            doubled += c == '"';
            if (c >= 0x80 && is_printable(c)) {
                all++;
                beyond++;
            } else if (is_printable(c)) {
                all += c == '\\' ? 2 : 1;
            } else {
                all += c == '\n' || c == '\r' || c == '\t' ? 2 : c < 0x100 ? 4 : c < 0x10000 ? 6 : 10;
            }
        }
        all += 1 + (doubled > 0 ? single : 0); /* quotes of the kind around it are escaped if both occur */
        p++;
    }
    size->characters += all;
    size->not_ascii += beyond;
}
