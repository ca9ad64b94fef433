/* pipeline/import/spaced_integers.h - integers as Python's json.dump writes an array of them: "1, 22, 333".
 *
 * Long arrays of tokens are most of a trace's text, and most of a line repeats an earlier line. So there are
 * four operations, each in plain C, for AVX2 and for AVX-512: where a line ends, how far two texts agree, how
 * many numbers a text has, and what they are. Reading follows the idea of classifying 64 bytes at once and
 * gathering the digits of several numbers side by side (as in Langdale and Lemire, "Parsing gigabytes of JSON
 * per second", VLDB Journal 28(6), 2019, and Mula and Lemire's number parsing). */
#ifndef LTA_IMPORT_SPACED_INTEGERS_H
#define LTA_IMPORT_SPACED_INTEGERS_H

#include "pipeline/core/instructions.h"

#include <stddef.h>
#include <stdint.h>

/* At least this many bytes in front of a text to be read must be readable. */
enum { LTA_SPACED_FRONT = 8 };

typedef struct lta_spaced_integers {
    /* The first line end from text on, before `end`; NULL if there is none. */
    const char *(*line_end)(const char *text, const char *end);
    /* Bytes in which a and b [n each] agree from the left. */
    size_t (*common)(const char *a, const char *b, size_t n);
    /* Commas among n bytes. */
    uint64_t (*commas)(const char *text, size_t n);
    /* Reads numbers from *text on, which is followed by others each behind ", ", until something else comes,
     * a number of more than eight digits or with a leading zero included, or `room` of them have been read.
     * *text becomes the end of the last number read (it stays where there is none); the count is returned.
     * Nothing from `end` on is looked at. out has room for `room` numbers, and nothing behind is written. */
    uint64_t (*read)(const char **text, const char *end, uint64_t *out, uint64_t room);
} lta_spaced_integers;

/* By an instruction set that the processor has. */
const lta_spaced_integers *lta_spaced_integers_by(lta_instructions set);

#endif
