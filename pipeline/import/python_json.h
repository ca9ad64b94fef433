/* pipeline/import/python_json.h - JSON values as Python writes them: json.dumps() with its defaults, and the
 * length of str().
 *
 * That is: keys in the order of the file, ", " and ": " between, everything beyond printable ASCII as \uXXXX
 * with small letters (surrogate pairs beyond U+FFFF), integers as they stand, other numbers as repr() of the
 * nearest double. Repeated keys of one object stay repeated, of which Python would keep the last. */
#ifndef LTA_IMPORT_PYTHON_JSON_H
#define LTA_IMPORT_PYTHON_JSON_H

#include "pipeline/import/json_scan.h"

typedef struct lta_chars { /* a growable text */
    char *byte;
    uint64_t n, capacity;
} lta_chars; /* all zero is empty */
LTA_MUST_CHECK lta_status lta_chars_add(lta_chars *c, const char *text, uint64_t n);
void lta_chars_free(lta_chars *c);

/* Reads any value, nested at most 64 deep, and appends what json.dumps() makes of it. The scanner should take
 * any_text. without: keys (NULL-terminated) left out of an object that is the value itself; NULL = none. */
LTA_MUST_CHECK lta_status lta_python_dump(lta_json *j, const char *const *without, lta_chars *out);
/* The same for a text as the scanner gives it, with its quotes. */
LTA_MUST_CHECK lta_status lta_python_dump_string(lta_chars *out, const char *text, size_t n);

/* Adds the characters of str() of a value, given as json.dumps() wrote it.
 * Characters that are not printable are escaped in it; as such count control, format, private and surrogate
 * code points and separators, but not those that no version of Unicode has assigned yet. */
typedef struct lta_python_size {
    uint64_t characters, not_ascii; /* all, and those beyond ASCII */
} lta_python_size;
void lta_python_str_count(const char *dumped, size_t n, lta_python_size *size);

#endif
