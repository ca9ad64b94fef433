/* pipeline/import/json_scan.h - a strict pull scanner (RFC 8259) over one JSON text, usually a line of the
 * mapping.
 *
 * Nothing is copied but strings with escapes and numbers that become binary floating point. Every error is
 * lta_bad_row() with the key, the byte (from 1) in the text, what was found and what was expected. */
#ifndef LTA_IMPORT_JSON_SCAN_H
#define LTA_IMPORT_JSON_SCAN_H

#include "pipeline/import/source_text.h"

#include <locale.h>

typedef struct lta_u64s { /* a growable list */
    uint64_t *item;
    uint64_t n, capacity;
} lta_u64s; /* all zero is empty */
void lta_u64s_free(lta_u64s *a);

typedef struct lta_json {
    lta_place *place;
    const char *begin, *p, *end;
    const char *key; /* known key whose value is being read, for messages; NULL = none */
    bool any_text; /* strings may hold \u0000 and halves of surrogate pairs, which come out as three bytes */
    char *text;    /* decoded string, or a number to convert */
    uint64_t text_capacity;
    locale_t c_locale;
} lta_json;

LTA_MUST_CHECK lta_status lta_json_init(lta_json *j, lta_place *place); /* place is borrowed */
void lta_json_free(lta_json *j);

/* Starts on a new text. */
void lta_json_begin(lta_json *j, const char *text, size_t length);
LTA_MUST_CHECK lta_status lta_json_end(lta_json *j); /* nothing but white space may follow */

/* Objects: begin, then next_key until *key is NULL; after each key its value must be read or skipped. *first
 * is true before the first key and kept by the scanner. The key is valid until the next call. */
LTA_MUST_CHECK lta_status lta_json_object_begin(lta_json *j, bool *first);
LTA_MUST_CHECK lta_status lta_json_next_key(lta_json *j, bool *first, const char **key, size_t *length);

/* An integer from 0 to max, exactly. */
LTA_MUST_CHECK lta_status lta_json_u64(lta_json *j, uint64_t max, uint64_t *out);
/* One from 0 to 2^32 - 2: 2^32 - 1 stands for "not given". */
LTA_MUST_CHECK lta_status lta_json_u32(lta_json *j, uint32_t *out);
/* Any number, as its text in the file. */
LTA_MUST_CHECK lta_status lta_json_number(lta_json *j, const char **text, size_t *length);
/* Any number as the nearest double; one that overflows is an error. */
LTA_MUST_CHECK lta_status lta_json_f64(lta_json *j, double *out);
/* An array of integers from 0 to 2^64 - 1, appended to out. */
LTA_MUST_CHECK lta_status lta_json_u64_array(lta_json *j, lta_u64s *out);
/* A string without its escapes; valid until the next call. */
LTA_MUST_CHECK lta_status lta_json_string(lta_json *j, const char **text, size_t *length);
/* Arrays of any values: begin, then next_item until *more is false; each item must be read or skipped. *first
 * as in objects. */
LTA_MUST_CHECK lta_status lta_json_array_begin(lta_json *j, bool *first);
LTA_MUST_CHECK lta_status lta_json_next_item(lta_json *j, bool *first, bool *more);
/* Does null follow? Then it is there to be skipped. */
bool lta_json_is_null(const lta_json *j);
/* Any value, checked but not kept; nested at most 64 deep. */
LTA_MUST_CHECK lta_status lta_json_skip(lta_json *j);

#endif
