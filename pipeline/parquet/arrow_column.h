/* pipeline/parquet/arrow_column.h - looking at the values of a column that comes by the Arrow C data
 * interface.
 *
 * A column may be of any integer or floating-point width, text with short or long offsets or as views,
 * dictionary-encoded, a time stamp, a list, or a struct, and hold nulls. Values are looked up by their
 * number; nothing is copied. Rows of a null value may hold anything, so ask lta_arrow_is_null() first. */
#ifndef LTA_PARQUET_ARROW_COLUMN_H
#define LTA_PARQUET_ARROW_COLUMN_H

#include "pipeline/parquet/arrow_c_data.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum lta_arrow_kind {
    LTA_ARROW_NULL, /* nothing but nulls: all zero is such a column */
    LTA_ARROW_INT,  /* signed or unsigned, 1 to 8 bytes */
    LTA_ARROW_REAL, /* float or double */
    LTA_ARROW_BOOL,
    LTA_ARROW_TEXT, /* or bytes: that it is UTF-8 is for the reader to check */
    LTA_ARROW_TIME, /* an instant; without a zone, UTC is assumed */
    LTA_ARROW_LIST,
    LTA_ARROW_STRUCT,
    LTA_ARROW_OTHER /* nothing of a value can be read but whether it is null */
} lta_arrow_kind;

/* Values 0, 1, ... of a column; borrows both structures. */
typedef struct lta_arrow_column {
    const struct ArrowSchema *schema;
    const struct ArrowArray *array;
    int64_t at; /* where value 0 is in the buffers */
    lta_arrow_kind kind;
} lta_arrow_column;

/* Child k of a record batch or struct as given by the interface. */
lta_arrow_column lta_arrow_child(const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t k);

bool lta_arrow_is_null(const lta_arrow_column *c, uint64_t i);

/* INT: false if negative. */
bool lta_arrow_u64(const lta_arrow_column *c, uint64_t i, uint64_t *out);
/* INT: false if above INT64_MAX. */
bool lta_arrow_i64(const lta_arrow_column *c, uint64_t i, int64_t *out);
/* REAL; or INT, to the nearest double. */
double lta_arrow_f64(const lta_arrow_column *c, uint64_t i);
/* BOOL. */
bool lta_arrow_bool(const lta_arrow_column *c, uint64_t i);
/* TEXT: not terminated. */
const char *lta_arrow_text(const lta_arrow_column *c, uint64_t i, size_t *length);
/* TIME: microseconds since 1970, half to even; false if out of range. */
bool lta_arrow_time_us(const lta_arrow_column *c, uint64_t i, int64_t *us);
/* LIST: how many items value i has, and the column of them. */
uint64_t lta_arrow_list(const lta_arrow_column *c, uint64_t i, lta_arrow_column *items);
/* STRUCT: the member of this name; false if there is none. */
bool lta_arrow_member(const lta_arrow_column *c, const char *name, lta_arrow_column *out);
/* STRUCT: member k of those it has, in order; its name is given. */
int64_t lta_arrow_n_members(const lta_arrow_column *c);
const char *lta_arrow_member_at(const lta_arrow_column *c, int64_t k, lta_arrow_column *out);

/* What the column is, for messages: "text", "a list", ... */
const char *lta_arrow_kind_name(lta_arrow_kind kind);

#endif
