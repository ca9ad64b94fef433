/* pipeline/import/json_scan.c - strict JSON scanning. The integer array is the hot path: token lists are
 * nearly all of a Marconi file, so runs of `digits, ` are taken eight bytes at a time. */
#include "pipeline/import/json_scan.h"
#include "pipeline/core/utf8.h"

#include "pipeline/core/array.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char malformed[] = "malformed JSON", out_of_range[] = "number out of range";

void lta_u64s_free(lta_u64s *a)
{
    lta_free(a->item);
    *a = (lta_u64s){0};
}

lta_status lta_json_init(lta_json *j, lta_place *place)
{
    *j = (lta_json){.place = place};
    j->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (j->c_locale == (locale_t)0)
        return lta_fail(LTA_ERR_NOMEM, "could not make the C locale");
    return LTA_GROW(&j->text, &j->text_capacity, 64);
}

void lta_json_free(lta_json *j)
{
    if (j->c_locale != (locale_t)0)
        freelocale(j->c_locale);
    lta_free(j->text);
    *j = (lta_json){0};
}

void lta_json_begin(lta_json *j, const char *text, size_t length)
{
    j->begin = j->p = text;
    j->end = text + length;
    j->key = NULL;
}

/* "FILE:LINE: KEY: found X at byte N, expected WHAT" */
static lta_status unexpected(lta_json *j, const char *what)
{
    char found[16];
    const char *key = j->key ? j->key : "", *colon = j->key ? ": " : "";
    unsigned char c = j->p < j->end ? (unsigned char)*j->p : 0;
    if (j->p >= j->end)
        return lta_bad_row(j->place, malformed, "%s%sends at byte %zu, expected %s", key, colon,
                           (size_t)(j->end - j->begin), what);
    snprintf(found, sizeof found, c >= 0x20 && c < 0x7f ? "'%c'" : "byte 0x%02x", c);
    return lta_bad_row(j->place, malformed, "%s%sfound %s at byte %zu, expected %s", key, colon, found,
                       (size_t)(j->p - j->begin) + 1, what);
}

static inline void skip_space(lta_json *j)
{
    while (j->p < j->end && (*j->p == ' ' || *j->p == '\t' || *j->p == '\r' || *j->p == '\n'))
        j->p++;
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* May stand in a string as it is: ASCII but control characters, quote and backslash. */
static inline bool is_plain(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 0x20 && u < 0x80 && u != '"' && u != '\\';
}

static inline bool at(const lta_json *j, char c)
{
    return j->p < j->end && *j->p == c;
}

lta_status lta_json_end(lta_json *j)
{
    j->key = NULL;
    skip_space(j);
    return j->p == j->end ? LTA_OK : unexpected(j, "the end of the line");
}

/* ---- strings ---- */

static lta_status put(lta_json *j, uint64_t *n, const char *bytes, size_t length)
{
    lta_status st = LTA_GROW(&j->text, &j->text_capacity, *n + length);
    if (st != LTA_OK)
        return st;
    memcpy(j->text + *n, bytes, length);
    *n += length;
    return LTA_OK;
}

/* The four digits after \u. */
static lta_status hex4(lta_json *j, uint32_t *out)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++, j->p++) {
        char c = j->p < j->end ? *j->p : '\0';
        if (is_digit(c))
            v = v * 16 + (uint32_t)(c - '0');
        else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
            v = v * 16 + (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return unexpected(j, "four hexadecimal digits");
    }
    *out = v;
    return LTA_OK;
}

static lta_status unicode_escape(lta_json *j, uint64_t *n)
{
    lta_status st = LTA_OK;
    uint32_t c = 0, low = 0;
    LTA_TRY(hex4(j, &c));
    if (!j->any_text && (c == 0 || (c >= 0xdc00 && c < 0xe000)))
        return lta_bad_row(j->place, malformed, "\\u%04x at byte %zu, expected a character other than NUL", c,
                           (size_t)(j->p - j->begin) - 5);
    if (c >= 0xd800 && c < 0xdc00) {
        const char *behind = j->p;
        bool escape_follows = j->end - j->p >= 2 && j->p[0] == '\\' && j->p[1] == 'u';
        if (!escape_follows && !j->any_text)
            return unexpected(j, "the second half of a surrogate pair");
        if (escape_follows) {
            j->p += 2;
            LTA_TRY(hex4(j, &low));
        }
        if (low >= 0xdc00 && low < 0xe000)
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        else if (j->any_text)
            j->p = behind; /* alone; what follows is a character of its own */
        else
            return lta_bad_row(j->place, malformed,
                               "\\u%04x\\u%04x before byte %zu, expected a surrogate pair", c, low,
                               (size_t)(j->p - j->begin) + 1);
    }
    char out[4];
    size_t length;
    if (c < 0x80) {
        out[0] = (char)c;
        length = 1;
    } else if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        length = 2;
    } else if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        length = 3;
    } else {
        out[0] = (char)(0xf0 | c >> 18);
        out[1] = (char)(0x80 | (c >> 12 & 0x3f));
        out[2] = (char)(0x80 | (c >> 6 & 0x3f));
        out[3] = (char)(0x80 | (c & 0x3f));
        length = 4;
    }
    st = put(j, n, out, length);
done:
    return st;
}

static lta_status escape(lta_json *j, uint64_t *n)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    j->p++;
    const char *name = j->p < j->end && *j->p != '\0' ? strchr(names, *j->p) : NULL;
    if (name) {
        j->p++;
        return put(j, n, &values[name - names], 1);
    }
    if (!at(j, 'u'))
        return unexpected(j, "an escape: one of \"\\/bfnrtu");
    j->p++;
    return unicode_escape(j, n);
}

/* A string; without escapes *text points into the line, else into j->text. */
static lta_status scan_string(lta_json *j, const char **text, size_t *length)
{
    if (!at(j, '"'))
        return unexpected(j, "a string");
    const char *start = ++j->p, *plain = start;
    uint64_t n = 0;
    bool escaped = false;
    for (;;) {
        while (j->p < j->end && is_plain(*j->p))
            j->p++;
        if (j->p < j->end && (unsigned char)*j->p >= 0x80) {
            size_t k = lta_utf8_length(j->p, j->end);
            if (k == 0)
                return unexpected(j, "valid UTF-8");
            j->p += k;
            continue;
        }
        if (j->p >= j->end || (unsigned char)*j->p < 0x20)
            return unexpected(j, "the closing quote of a string");
        lta_status st = LTA_OK;
        if (*j->p == '\\' || escaped)
            st = put(j, &n, plain, (size_t)(j->p - plain));
        if (st != LTA_OK)
            return st;
        if (*j->p == '"')
            break;
        escaped = true;
        st = escape(j, &n);
        if (st != LTA_OK)
            return st;
        plain = j->p;
    }
    *text = escaped ? j->text : start;
    *length = escaped ? (size_t)n : (size_t)(j->p - start);
    j->p++;
    return LTA_OK;
}

lta_status lta_json_string(lta_json *j, const char **text, size_t *length)
{
    return scan_string(j, text, length);
}

/* ---- arrays of any values ---- */

lta_status lta_json_array_begin(lta_json *j, bool *first)
{
    skip_space(j);
    if (!at(j, '['))
        return unexpected(j, "an array, [");
    j->p++;
    *first = true;
    return LTA_OK;
}

lta_status lta_json_next_item(lta_json *j, bool *first, bool *more)
{
    skip_space(j);
    *more = !at(j, ']');
    if (!*more) {
        j->p++;
        return LTA_OK;
    }
    if (!*first) {
        if (!at(j, ','))
            return unexpected(j, "a comma or ]");
        j->p++;
        skip_space(j);
    }
    *first = false;
    return LTA_OK;
}

/* ---- objects ---- */

lta_status lta_json_object_begin(lta_json *j, bool *first)
{
    skip_space(j);
    if (!at(j, '{'))
        return unexpected(j, "an object, {");
    j->p++;
    *first = true;
    return LTA_OK;
}

lta_status lta_json_next_key(lta_json *j, bool *first, const char **key, size_t *length)
{
    lta_status st = LTA_OK;
    j->key = NULL;
    skip_space(j);
    if (at(j, '}')) {
        j->p++;
        *key = NULL;
        return LTA_OK;
    }
    if (!*first) {
        if (!at(j, ','))
            return unexpected(j, "a comma or }");
        j->p++;
        skip_space(j);
    }
    *first = false;
    LTA_TRY(scan_string(j, key, length));
    skip_space(j);
    if (!at(j, ':'))
        return unexpected(j, "a colon after the key");
    j->p++;
    skip_space(j);
done:
    return st;
}

/* ---- numbers ---- */

/* Checks the grammar of a number and steps over it. */
static lta_status scan_number(lta_json *j)
{
    if (at(j, '-'))
        j->p++;
    if (j->p >= j->end || !is_digit(*j->p))
        return unexpected(j, "a number");
    if (*j->p++ == '0' && j->p < j->end && is_digit(*j->p))
        return unexpected(j, "no digit after a leading 0");
    while (j->p < j->end && is_digit(*j->p))
        j->p++;
    if (at(j, '.')) {
        j->p++;
        if (j->p >= j->end || !is_digit(*j->p))
            return unexpected(j, "a digit after the decimal point");
        while (j->p < j->end && is_digit(*j->p))
            j->p++;
    }
    if (at(j, 'e') || at(j, 'E')) {
        j->p++;
        if (at(j, '+') || at(j, '-'))
            j->p++;
        if (j->p >= j->end || !is_digit(*j->p))
            return unexpected(j, "a digit in the exponent");
        while (j->p < j->end && is_digit(*j->p))
            j->p++;
    }
    return LTA_OK;
}

lta_status lta_json_u32(lta_json *j, uint32_t *out)
{
    uint64_t v = 0;
    lta_status st = lta_json_u64(j, UINT32_MAX - 1, &v);
    *out = (uint32_t)v;
    return st;
}

bool lta_json_is_null(const lta_json *j)
{
    static const char null[] = {'n', 'u', 'l', 'l'};
    return (size_t)(j->end - j->p) >= sizeof null && memcmp(j->p, null, sizeof null) == 0;
}

lta_status lta_json_number(lta_json *j, const char **text, size_t *length)
{
    const char *start = j->p;
    lta_status st = scan_number(j);
    if (st != LTA_OK)
        return st;
    *text = start;
    *length = (size_t)(j->p - start);
    return LTA_OK;
}

lta_status lta_json_f64(lta_json *j, double *out)
{
    lta_status st = LTA_OK;
    const char *text;
    size_t length;
    uint64_t n = 0;
    LTA_TRY(lta_json_number(j, &text, &length));
    LTA_TRY(put(j, &n, text, length));
    LTA_TRY(put(j, &n, "", 1));
    *out = strtod_l(j->text, NULL, j->c_locale);
    if (!isfinite(*out)) {
        char quoted[LTA_EXCERPT];
        st = lta_bad_row(j->place, out_of_range, "%s is %s, expected a finite number",
                         j->key ? j->key : "value", lta_excerpt(text, length, quoted));
    }
done:
    return st;
}

lta_status lta_json_u64(lta_json *j, uint64_t max, uint64_t *out)
{
    const char *start = j->p;
    uint64_t v = 0;
    bool overflow = false;
    if (j->p >= j->end || !is_digit(*j->p))
        return unexpected(j, "an integer, not negative");
    if (*j->p == '0' && j->end - j->p > 1 && is_digit(j->p[1])) {
        j->p++;
        return unexpected(j, "no digit after a leading 0");
    }
    for (; j->p < j->end && is_digit(*j->p); j->p++)
        overflow |=
            __builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(*j->p - '0'), &v);
    if (at(j, '.') || at(j, 'e') || at(j, 'E'))
        return unexpected(j, "an integer");
    if (overflow || v > max) {
        char quoted[LTA_EXCERPT];
        return lta_bad_row(j->place, out_of_range, "%s is %s, expected at most %llu",
                           j->key ? j->key : "value", lta_excerpt(start, (size_t)(j->p - start), quoted),
                           (unsigned long long)max);
    }
    *out = v;
    return LTA_OK;
}

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* Takes as many `digits, ` (or `digits,`) as it can, numbers of at most seven digits, and stops before the
 * first thing that is anything else: the careful loop then goes on. Every number taken is followed by its
 * comma. */
static lta_status take_short_numbers(lta_json *j, lta_u64s *out)
{
    enum { COMMA_SPACE = ' ' << 8 | ',' };
    const char *p = j->p;
    uint64_t *item = out->item, n = out->n, room = out->capacity;
    lta_status st = LTA_OK;
    while (j->end - p >= 10) {
        if (n == room) {
            out->n = n;
            st = LTA_GROW(&out->item, &out->capacity, n + 1);
            if (st != LTA_OK)
                return st;
            item = out->item;
            room = out->capacity;
        }
        uint64_t w;
        memcpy(&w, p, sizeof w);
        w ^= 0x3030303030303030u; /* digits become their values, 0 to 9 */
        /* the lowest flagged byte is the first that is no digit; bytes above it may be flagged by a carry */
        uint64_t other = ((w + 0x7676767676767676u) | w) & 0x8080808080808080u;
        if (other == 0)
            break;
        unsigned bits = (unsigned)__builtin_ctzll(other) - 7; /* 8 for each digit */
        if (bits == 0 || ((w & 0xff) == 0 && bits > 8))
            break;
        uint16_t separator;
        memcpy(&separator, p + bits / 8, sizeof separator);
        /* branches are predicted, so that the next number is under way before this one is done */
        if (separator == COMMA_SPACE)
            p += bits / 8 + 2;
        else if ((separator & 0xff) == ',')
            p += bits / 8 + 1;
        else
            break;
        /* the digits in the high bytes, leading zeros below: then tens, hundreds and ten thousands together
         */
        uint64_t d = w << (64 - bits);
        d = d * 10 + (d >> 8);
        d = ((d & 0x000000ff000000ffu) * 0x000f424000000064u +
             (d >> 16 & 0x000000ff000000ffu) * 0x0000271000000001u) >>
            32;
        item[n++] = d;
    }
    out->n = n;
    j->p = p;
    return LTA_OK;
}
#else
static lta_status take_short_numbers(lta_json *j, lta_u64s *out)
{
    (void)j;
    (void)out;
    return LTA_OK;
}
#endif

lta_status lta_json_u64_array(lta_json *j, lta_u64s *out)
{
    lta_status st = LTA_OK;
    if (!at(j, '['))
        return unexpected(j, "an array, [");
    j->p++;
    skip_space(j);
    if (at(j, ']')) {
        j->p++;
        return LTA_OK;
    }
    for (;;) {
        LTA_TRY(take_short_numbers(j, out));
        skip_space(j);
        LTA_TRY(LTA_GROW(&out->item, &out->capacity, out->n + 1));
        LTA_TRY(lta_json_u64(j, UINT64_MAX, &out->item[out->n]));
        out->n++;
        skip_space(j);
        if (at(j, ']')) {
            j->p++;
            return LTA_OK;
        }
        if (!at(j, ','))
            return unexpected(j, "a comma or ]");
        j->p++;
        skip_space(j);
    }
done:
    return st;
}

/* ---- values that are not wanted ---- */

static lta_status skip_word(lta_json *j, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(j->end - j->p) < n || memcmp(j->p, word, n) != 0)
        return unexpected(j, "a value");
    j->p += n;
    return LTA_OK;
}

static lta_status skip_scalar(lta_json *j)
{
    const char *text;
    size_t length;
    if (at(j, '"'))
        return scan_string(j, &text, &length);
    if (at(j, 't'))
        return skip_word(j, "true");
    if (at(j, 'f'))
        return skip_word(j, "false");
    if (at(j, 'n'))
        return skip_word(j, "null");
    return at(j, '-') || (j->p < j->end && is_digit(*j->p)) ? scan_number(j) : unexpected(j, "a value");
}

lta_status lta_json_skip(lta_json *j)
{
    enum { DEEPEST = 64 };
    lta_status st = LTA_OK;
    uint64_t is_object = 0; /* bit d: what is open at depth d */
    bool first[DEEPEST] = {false};
    unsigned depth = 0;
    const char *key;
    size_t length;
    do {
        /* a value is expected here */
        skip_space(j);
        if (at(j, '{') || at(j, '[')) {
            if (depth == DEEPEST)
                return unexpected(j, "values nested at most 64 deep");
            is_object = (is_object & ~((uint64_t)1 << depth)) | (uint64_t)at(j, '{') << depth;
            first[depth++] = true;
            j->p++;
        } else {
            LTA_TRY(skip_scalar(j));
        }
        /* close what ends here, or step to the next value */
        while (depth > 0) {
            skip_space(j);
            if (is_object >> (depth - 1) & 1) {
                LTA_TRY(lta_json_next_key(j, &first[depth - 1], &key, &length));
                if (key)
                    break;
            } else if (at(j, ']')) {
                j->p++;
            } else {
                if (!first[depth - 1]) {
                    if (!at(j, ','))
                        return unexpected(j, "a comma or ]");
                    j->p++;
                }
                first[depth - 1] = false;
                break;
            }
            depth--;
        }
    } while (depth > 0);
done:
    return st;
}
