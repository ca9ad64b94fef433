/* pipeline/core/json_text.h - a JSON value as text. */
#ifndef LTA_CORE_JSON_TEXT_H
#define LTA_CORE_JSON_TEXT_H

#include <jansson.h>
#include <stddef.h>

/* The value in ASCII, with sorted keys and no spaces, so that equal values have equal texts; more: further
 * flags of json_dumps(). lta_free() it. NULL where j is NULL, or memory has run out. */
char *lta_json_text(const json_t *j, size_t more);

#endif
