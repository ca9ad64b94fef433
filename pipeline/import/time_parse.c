/* pipeline/import/time_parse.c - timestamps and decimal times, by integer arithmetic. */
#include "pipeline/import/time_parse.h"

#include <string.h>

typedef struct cursor {
    const char *p, *end;
} cursor;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take(cursor *c, char wanted)
{
    if (c->p == c->end || *c->p != wanted)
        return false;
    c->p++;
    return true;
}

/* Two digits, a value up to max. */
static bool take_number(cursor *c, int max, int *out)
{
    if (c->end - c->p < 2 || !is_digit(c->p[0]) || !is_digit(c->p[1]))
        return false;
    *out = (c->p[0] - '0') * 10 + (c->p[1] - '0');
    c->p += 2;
    return *out <= max;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar, year 0 to 9999. */
static int days_from_civil(int year, int month, int day)
{
    /* count from 1 March of year -400, so that the leap day ends a year and nothing is negative */
    int y = year + 400 - (month <= 2), m = (month + 9) % 12;
    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468 - 146097;
}

/* The value of digits 0.d1d2d3... in millionths, half to even: whole seconds do not change the parity. */
static int64_t round_fraction(const char *digits, size_t n)
{
    int64_t v = 0;
    for (size_t i = 0; i < 6; i++)
        v = v * 10 + (i < n ? digits[i] - '0' : 0);
    if (n <= 6 || digits[6] < '5')
        return v;
    bool more = digits[6] > '5';
    for (size_t i = 7; i < n; i++)
        more |= digits[i] != '0';
    return v + (more || v % 2 != 0);
}

/* Two digits at p; sets bad where there are others. */
static inline int two_digits(const char *p, bool *bad)
{
    unsigned tens = (unsigned char)p[0] - (unsigned)'0', ones = (unsigned char)p[1] - (unsigned)'0';
    *bad |= (tens > 9) | (ones > 9);
    return (int)(tens * 10 + ones);
}

/* The seconds of "YYYY-MM-DD HH:MM:SS", or with a T, since 1970. Everything stands at a fixed place, so that
 * there is one branch for all that can be wrong: millions of rows begin with this. */
static bool parse_seconds(const char *p, int64_t *seconds)
{
    bool bad = false;
    int year = two_digits(p, &bad) * 100 + two_digits(p + 2, &bad), month = two_digits(p + 5, &bad);
    int day = two_digits(p + 8, &bad), hour = two_digits(p + 11, &bad), minute = two_digits(p + 14, &bad);
    int second = two_digits(p + 17, &bad);
    bad |=
        (p[4] != '-') | (p[7] != '-') | ((p[10] != ' ') & (p[10] != 'T')) | (p[13] != ':') | (p[16] != ':');
    bad |= (month < 1) | (month > 12) | (day < 1) | (hour > 23) | (minute > 59) | (second > 59);
    if (bad || day > days_in_month(year, month))
        return false;
    *seconds = (((int64_t)days_from_civil(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}

bool lta_parse_timestamp(const char *text, size_t length, int64_t *us, bool *has_zone)
{
    enum { WHOLE = sizeof "YYYY-MM-DD HH:MM:SS" - 1 };
    int zone_hour = 0, zone_minute = 0;
    int64_t seconds, fraction = 0;
    if (length < WHOLE || !parse_seconds(text, &seconds))
        return false;
    cursor c = {.p = text + WHOLE, .end = text + length};
    if (take(&c, '.')) {
        const char *digits = c.p;
        while (c.p < c.end && is_digit(*c.p))
            c.p++;
        size_t n = (size_t)(c.p - digits);
        if (n < 1 || n > 9)
            return false;
        fraction = round_fraction(digits, n);
    }
    bool zone = true, east = true;
    if (!take(&c, 'Z')) {
        east = take(&c, '+');
        zone = east || take(&c, '-');
        if (zone &&
            (!take_number(&c, 23, &zone_hour) || !take(&c, ':') || !take_number(&c, 59, &zone_minute)))
            return false;
    }
    if (c.p != c.end)
        return false;
    int64_t offset = (zone_hour * 60 + zone_minute) * 60;
    *us = (seconds - (east ? offset : -offset)) * 1000000 + fraction;
    *has_zone = zone;
    return true;
}

/* Grammar of a decimal number: marks its digits (the point among them) and its exponent. */
static bool split_decimal(cursor c, bool *negative, const char **digits, size_t *n_whole, size_t *n_all,
                          int64_t *exponent)
{
    *negative = take(&c, '-');
    *digits = c.p;
    while (c.p < c.end && is_digit(*c.p))
        c.p++;
    *n_whole = (size_t)(c.p - *digits);
    if (*n_whole == 0)
        return false;
    *n_all = *n_whole;
    if (take(&c, '.')) {
        const char *fraction = c.p;
        while (c.p < c.end && is_digit(*c.p))
            c.p++;
        if (c.p == fraction)
            return false;
        *n_all += (size_t)(c.p - fraction);
    }
    *exponent = 0;
    if (take(&c, 'e') || take(&c, 'E')) {
        bool down = take(&c, '-');
        if (!down)
            (void)take(&c, '+');
        if (c.p == c.end)
            return false;
        for (; c.p < c.end && is_digit(*c.p); c.p++)
            if (*exponent <
                INT64_MAX / 100) /* far beyond any length of text: only the sign matters from there on */
                *exponent = *exponent * 10 + (*c.p - '0');
        if (down)
            *exponent = -*exponent;
    }
    return c.p == c.end;
}

bool lta_parse_decimal_time(const char *text, size_t length, int digits, int64_t *us)
{
    bool negative;
    const char *d;
    size_t n_whole, n_all;
    int64_t exponent;
    if (!split_decimal((cursor){.p = text, .end = text + length}, &negative, &d, &n_whole, &n_all, &exponent))
        return false;
    /* digits of the result before its decimal point; the text is below 2^62 bytes and the exponent below 2^62
     */
    int64_t n_kept = (int64_t)n_whole + exponent + digits;
    uint64_t v = 0;
    bool zero = true, half = false,
         above = false; /* of what is cut off: its first digit is 5; more than a half */
    for (size_t i = 0; i < n_all; i++) {
        int digit = d[i + (i >= n_whole)] - '0';
        zero &= digit == 0;
        if ((int64_t)i < n_kept) {
            if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)digit, &v))
                return false;
        } else if ((int64_t)i == n_kept) {
            half = digit == 5;
            above = digit > 5;
        } else {
            above |= half && digit != 0;
        }
    }
    for (int64_t i = (int64_t)n_all; i < n_kept && !zero; i++)
        if (__builtin_mul_overflow(v, 10u, &v))
            return false;
    v += above || (half && v % 2 != 0);
    if (v > INT64_MAX)
        return false;
    *us = negative ? -(int64_t)v : (int64_t)v;
    return true;
}
