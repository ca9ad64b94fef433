/* pipeline/core/utf8.h - is a text UTF-8 (RFC 3629: no over-long forms, no surrogates, nothing beyond
 * U+10FFFF)? */
#ifndef LTA_CORE_UTF8_H
#define LTA_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the valid character at p < end, or 0. NUL counts as valid. */
size_t lta_utf8_length(const char *p, const char *end);
bool lta_is_utf8(const char *text, size_t length);

#endif
