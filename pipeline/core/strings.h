/* pipeline/core/strings.h - lists of strings in one buffer, and dictionaries over them.
 *
 * Strings are UTF-8 without NUL; each is stored with a NUL after it, so lta_strings_get() is a C string. */
#ifndef LTA_CORE_STRINGS_H
#define LTA_CORE_STRINGS_H

#include "pipeline/core/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct lta_strings {
    uint64_t n;       /* strings */
    uint64_t *offset; /* [n + 1] into bytes; string i is offset[i] .. offset[i+1] - 1, its NUL excluded */
    char *bytes;
    uint64_t offset_capacity, bytes_capacity;
} lta_strings; /* all zero is an empty list */

LTA_MUST_CHECK lta_status lta_strings_add(lta_strings *s, const char *text, size_t length);
LTA_MUST_CHECK lta_status lta_strings_add_text(lta_strings *s, const char *text); /* NUL-terminated */
const char *lta_strings_get(const lta_strings *s, uint64_t i);
uint64_t lta_strings_length(const lta_strings *s, uint64_t i); /* bytes, NUL excluded */
void lta_strings_free(lta_strings *s);                         /* leaves it empty */

/* The first `length` bytes of text and a NUL: lta_free(*out). */
LTA_MUST_CHECK lta_status lta_copy_text(const char *text, size_t length, char **out);

/* A list without repetitions, numbered in order of first appearance. */
typedef struct lta_dictionary {
    lta_strings strings;
    uint64_t *slot;   /* open addressing, 1 + index, 0 free */
    uint64_t n_slots; /* power of two */
} lta_dictionary;     /* all zero is empty */

LTA_MUST_CHECK lta_status lta_dictionary_intern(lta_dictionary *d, const char *text, size_t length,
                                                uint64_t *index);
void lta_dictionary_free(lta_dictionary *d);

#endif
