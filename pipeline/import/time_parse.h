/* pipeline/import/time_parse.h - times as text into integer microseconds, without floating point on the way.
 *
 * What lies between two microseconds is rounded to the nearest, half to even. */
#ifndef LTA_IMPORT_TIME_PARSE_H
#define LTA_IMPORT_TIME_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `YYYY-MM-DD`, `T` or blank, `HH:MM:SS`, optionally `.` and 1 to 9 digits, optionally `Z` or `+HH:MM` /
 * `-HH:MM`, into microseconds since 1970-01-01T00:00:00Z; without a zone the time is taken as UTC and
 * *has_zone is false. Returns false if the text is anything else or no such instant exists. */
bool lta_parse_timestamp(const char *text, size_t length, int64_t *us, bool *has_zone);

/* A decimal number (sign, digits, fraction, exponent) of a unit of 10^digits microseconds: 6 for seconds, 3
 * for milliseconds. Returns false if the text is no such number or the result does not fit. */
bool lta_parse_decimal_time(const char *text, size_t length, int digits, int64_t *us);

#endif
