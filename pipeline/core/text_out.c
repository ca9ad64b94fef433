/* pipeline/core/text_out.c - a buffer with its own formatting of numbers: exports write billions of them. */
#include "pipeline/core/text_out.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void lta_out_begin(lta_text_out *o, FILE *stream)
{
    o->stream = stream;
    o->used = 0;
    o->failed = false;
    o->error = 0;
}

static void flush(lta_text_out *o)
{
    if (!o->failed && o->used > 0 && fwrite(o->buffer, 1, o->used, o->stream) != o->used) {
        o->failed = true;
        o->error = errno;
    }
    o->used = 0;
}

void lta_out_bytes(lta_text_out *o, const void *bytes, size_t n)
{
    const char *from = bytes;
    while (n > 0) {
        if (o->used == LTA_OUT_BUFFER)
            flush(o);
        size_t room = LTA_OUT_BUFFER - o->used, now = n < room ? n : room;
        memcpy(o->buffer + o->used, from, now);
        o->used += now;
        from += now;
        n -= now;
    }
}

void lta_out_text(lta_text_out *o, const char *text)
{
    lta_out_bytes(o, text, strlen(text));
}

enum { MOST_DIGITS = 20 };

static unsigned count_digits(uint64_t v)
{
    unsigned n = 1;
    for (; v >= 10000; v /= 10000)
        n += 4;
    return n + (v >= 10) + (v >= 100) + (v >= 1000);
}

/* Writes value to `to`, which has room for MOST_DIGITS; where it ends. In place, without memcpy() of unknown
 * length: exports write billions of small numbers. */
static char *put_digits(char *to, uint64_t value)
{
    static const char pairs[] = "0001020304050607080910111213141516171819"
                                "2021222324252627282930313233343536373839"
                                "4041424344454647484950515253545556575859"
                                "6061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    char *end = to + count_digits(value), *at = end;
    for (; value >= 100; value /= 100) {
        at -= 2;
        memcpy(at, pairs + 2 * (value % 100), 2);
    }
    if (value >= 10)
        memcpy(at - 2, pairs + 2 * value, 2);
    else
        at[-1] = (char)('0' + value);
    return end;
}

void lta_out_u64(lta_text_out *o, uint64_t value)
{
    if (LTA_OUT_BUFFER - o->used < MOST_DIGITS)
        flush(o);
    o->used = (size_t)(put_digits(o->buffer + o->used, value) - o->buffer);
}

void lta_out_i64(lta_text_out *o, int64_t value)
{
    if (value < 0)
        lta_out_bytes(o, "-", 1);
    lta_out_u64(o, value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value);
}

void lta_out_u64_list(lta_text_out *o, const uint64_t *item, uint64_t n)
{
    lta_out_bytes(o, "[", 1);
    for (uint64_t i = 0; i < n; i++) {
        if (LTA_OUT_BUFFER - o->used < MOST_DIGITS + 2)
            flush(o);
        char *to = o->buffer + o->used;
        if (i > 0) {
            memcpy(to, ", ", 2);
            to += 2;
        }
        o->used = (size_t)(put_digits(to, item[i]) - o->buffer);
    }
    lta_out_bytes(o, "]", 1);
}

size_t lta_u64_list_text(const uint64_t *item, uint64_t n, char *out)
{
    char *to = out;
    *to++ = '[';
    for (uint64_t i = 0; i < n; i++) {
        if (i > 0) {
            memcpy(to, ", ", 2);
            to += 2;
        }
        to = put_digits(to, item[i]);
    }
    *to++ = ']';
    return (size_t)(to - out);
}

void lta_out_json_text(lta_text_out *o, const char *text)
{
    lta_out_bytes(o, "\"", 1);
    for (const char *c = text; *c; c++) {
        char escaped[8];
        if (*c == '"' || *c == '\\')
            snprintf(escaped, sizeof escaped, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)*c);
        else
            snprintf(escaped, sizeof escaped, "%c", *c);
        lta_out_text(o, escaped);
    }
    lta_out_bytes(o, "\"", 1);
}

lta_status lta_out_finish(lta_text_out *o, const char *name)
{
    flush(o);
    if (!o->failed && fflush(o->stream) != 0) {
        o->failed = true;
        o->error = errno;
    }
    return o->failed ? lta_fail_errno(LTA_ERR_RUN, o->error, "%s: could not be written", name) : LTA_OK;
}

/* ---- doubles ---- */

/* 15 digits always survive the way to a normal double and back, so fewer are needed only where zeros at the
 * end can go. */
static int first_precision(double value)
{
    return fabs(value) >= 1e-290 ? 15 : 1;
}

void lta_use_point(char *text)
{
    const char *point = localeconv()->decimal_point;
    size_t n = strlen(point);
    char *at = n == 0 || strcmp(point, ".") == 0 ? NULL : strstr(text, point);
    if (at) {
        *at = '.';
        memmove(at + 1, at + n, strlen(at + n) + 1);
    }
}

void lta_shortest_f64(double value, char out[LTA_F64_TEXT])
{
    char text[LTA_F64_TEXT];
    for (int precision = first_precision(value); precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    lta_use_point(text);
    memcpy(out, text, strlen(text) + 1);
}

void lta_python_f64(double value, char out[LTA_F64_TEXT])
{
    enum { FIXED_BELOW = 16, FIXED_FROM = -4 }; /* powers of ten written without an exponent */
    char text[LTA_F64_TEXT], digits[20];
    size_t n = 0, at = 0;
    if (!isfinite(value)) {
        snprintf(out, LTA_F64_TEXT, "%s", isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
        return;
    }
    for (int precision = first_precision(value); precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*e", precision - 1, value);
        if (strtod(text, NULL) == value)
            break;
    }
    const char *c = text;
    for (; *c != 'e'; c++)
        if (*c >= '0' && *c <= '9')
            digits[n++] = *c;
    while (n > 1 && digits[n - 1] == '0')
        n--;
    long power = strtol(c + 1, NULL, 10);
    if (text[0] == '-')
        out[at++] = '-';
    if (power < FIXED_FROM || power >= FIXED_BELOW) {
        out[at++] = digits[0];
        if (n > 1)
            out[at++] = '.';
        memcpy(out + at, digits + 1, n - 1);
        snprintf(out + at + n - 1, LTA_F64_TEXT - at - n + 1, "e%c%02ld", power < 0 ? '-' : '+', labs(power));
        return;
    }
    long point = power + 1; /* digits before the point */
    for (long i = point < 1 ? point - 1 : 0; i < (long)n || i <= point; i++) {
        if (i == point)
            out[at++] = '.';
        out[at++] = i >= 0 && i < (long)n ? digits[i] : '0';
    }
    out[at] = '\0';
}
