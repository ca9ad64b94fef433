/* pipeline/core/text_out.h - text and numbers to a stream, through one buffer, whatever the locale.
 *
 * Writing fails silently until lta_out_finish(), which tells: callers need not check every number. */
#ifndef LTA_CORE_TEXT_OUT_H
#define LTA_CORE_TEXT_OUT_H

#include "pipeline/core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    LTA_OUT_BUFFER = 1 << 16,
    LTA_F64_TEXT = 40,    /* bytes that hold any double as text, with its NUL */
    LTA_GROUPED_TEXT = 32 /* the same of a whole number with commas */
};

typedef struct lta_text_out {
    FILE *stream; /* borrowed */
    size_t used;
    bool failed;
    int error; /* errno of the first failed write */
    char buffer[LTA_OUT_BUFFER];
} lta_text_out;

void lta_out_begin(lta_text_out *o, FILE *stream);
void lta_out_bytes(lta_text_out *o, const void *bytes, size_t n);
void lta_out_text(lta_text_out *o, const char *text);
void lta_out_u64(lta_text_out *o, uint64_t value);
void lta_out_i64(lta_text_out *o, int64_t value);
/* "[1, 2, 3]", as Python's json writes a list. */
void lta_out_u64_list(lta_text_out *o, const uint64_t *item, uint64_t n);
/* The same into out, which has LTA_U64_LIST_TEXT(n) bytes; its length, there is no terminator. */
#define LTA_U64_LIST_TEXT(n) (22 * (n) + 2)
size_t lta_u64_list_text(const uint64_t *item, uint64_t n, char *out);
/* Text as a JSON string in UTF-8, quotes included. */
void lta_out_json_text(lta_text_out *o, const char *text);
/* Hands what is buffered to the stream; name is what an error calls the output. Errors: LTA_ERR_RUN,
 * LTA_ERR_SPACE. */
LTA_MUST_CHECK lta_status lta_out_finish(lta_text_out *o, const char *name);

/* 1234567 as "1,234,567"; returns out. */
const char *lta_group_digits(uint64_t value, char out[LTA_GROUPED_TEXT]);
/* Text that snprintf made of a double, with the locale's decimal point replaced by a point. */
void lta_use_point(char *text);
/* The fewest digits that read back as the same number, as C prints them: 0.1, 2, 1e+20. */
void lta_shortest_f64(double value, char out[LTA_F64_TEXT]);
/* The same as Python prints floats: 0.1, 2.0, 1e+20. */
void lta_python_f64(double value, char out[LTA_F64_TEXT]);

#endif
