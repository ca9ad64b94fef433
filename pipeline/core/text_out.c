/* pipeline/core/text_out.c - a buffer with its own formatting of numbers: exports write billions of them. */
#include "pipeline/core/text_out.h"

#include <errno.h>
#include <inttypes.h>
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

const char *lta_group_digits(uint64_t value, char out[LTA_GROUPED_TEXT])
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value), at = 0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
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

typedef struct decimal {
    char digits[MOST_DIGITS + 1]; /* no zeros at the end */
    long n, power;                /* of ten, that the first digit stands for */
} decimal;

/* Of a number of `precision` digits. */
static decimal make_decimal(uint64_t number, int precision, long power)
{
    decimal d = {.power = power};
    d.n = snprintf(d.digits, sizeof d.digits, "%" PRIu64, number);
    d.power += d.n > precision; /* counted up from nines */
    while (d.n > 1 && d.digits[d.n - 1] == '0')
        d.n--;
    return d;
}

/* The fewest digits that read back as value >= 0, and of those the nearest to it.
 *
 * 15 digits always survive the way to a normal double and back, so fewer are needed only where zeros at the
 * end can go. Of so many digits the nearest number reads back, if any does; but below a power of two doubles
 * lie closer than above it, so that the nearest may belong to the double below and the next one up still
 * reads back. */
static decimal shortest(double value)
{
    enum { MOST_PRECISE = 17 };
    char text[LTA_F64_TEXT];
    int unused;
    bool power_of_two = frexp(value, &unused) == 0.5;
    for (int precision = value >= 1e-290 ? 15 : 1;; precision++) {
        uint64_t number = 0;
        snprintf(text, sizeof text, "%.*e", precision - 1, value);
        const char *c = text;
        for (; *c != 'e'; c++)
            if (*c >= '0' && *c <= '9')
                number = 10 * number + (uint64_t)(*c - '0');
        long power = strtol(c + 1, NULL, 10);
        if (precision == MOST_PRECISE || strtod(text, NULL) == value)
            return make_decimal(number, precision, power);
        if (!power_of_two)
            continue;
        snprintf(text, sizeof text, "%" PRIu64 "e%ld", number + 1, power - (precision - 1));
        if (strtod(text, NULL) == value)
            return make_decimal(number + 1, precision, power);
    }
}

/* Without an exponent where the power of ten is -4 or more and below fixed_below; whole numbers then end in
 * `decimals` zeros behind a point. */
static void write_decimal(const decimal *d, bool negative, long fixed_below, long decimals,
                          char out[LTA_F64_TEXT])
{
    char *to = out;
    long point = d->power + 1; /* digits before the point */
    if (negative)
        *to++ = '-';
    if (d->power < -4 || d->power >= fixed_below) {
        *to++ = d->digits[0];
        if (d->n > 1)
            *to++ = '.';
        for (long i = 1; i < d->n; i++)
            *to++ = d->digits[i];
        snprintf(to, LTA_F64_TEXT - (size_t)(to - out), "e%c%02ld", d->power < 0 ? '-' : '+', labs(d->power));
        return;
    }
    for (long i = point < 1 ? point - 1 : 0; i < d->n || i < point + decimals; i++) {
        if (i == point)
            *to++ = '.';
        *to++ = i >= 0 && i < d->n ? d->digits[i] : '0';
    }
    *to = '\0';
}

void lta_shortest_f64(double value, char out[LTA_F64_TEXT])
{
    if (!isfinite(value)) {
        snprintf(out, LTA_F64_TEXT, "%g", value);
        return;
    }
    decimal d = shortest(fabs(value));
    write_decimal(&d, signbit(value), d.n > 15 ? d.n : 15, 0, out);
}

void lta_python_f64(double value, char out[LTA_F64_TEXT])
{
    if (!isfinite(value)) {
        snprintf(out, LTA_F64_TEXT, "%s", isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
        return;
    }
    decimal d = shortest(fabs(value));
    write_decimal(&d, signbit(value), 16, 1, out);
}
