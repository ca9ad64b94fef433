/* pipeline/diff/diff_internal.h - what the files of this module share. */
#ifndef LTA_DIFF_DIFF_INTERNAL_H
#define LTA_DIFF_DIFF_INTERNAL_H

#include "pipeline/core/run.h"
#include "pipeline/core/strings.h"
#include "pipeline/store/store.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { OLD, NEW };

/* Files in the order in which columns are looked for: enriched.h5 repeats columns of trace.h5. */
enum { ENRICHED, TRACE, TRIE, REUSE, CURVE, N_FILES };

typedef struct lta_place { /* which file has a dataset, on each side: 1 + its number, 0 = none */
    uint8_t file[2];
} lta_place;

typedef struct lta_comparison {
    const lta_run *run;
    uint64_t limit;
    lta_reader *reader[2][N_FILES]; /* NULL: not there */
    lta_dictionary paths;           /* of the datasets of both sides, OLD's order first */
    lta_place *place;               /* [paths.strings.n] */
    uint64_t place_capacity;
    json_t *result;
} lta_comparison;

/* The file of the side that has path i, or NULL. */
const lta_reader *lta_diff_reader(const lta_comparison *c, int side, uint64_t i);
/* The file of the side that has the columns of sources and requests, or NULL. */
const lta_reader *lta_diff_trace(const lta_comparison *c, int side);

/* ---- JSON: a NULL value means that memory ran out ---- */
LTA_MUST_CHECK lta_status lta_diff_put(json_t *object, const char *key, json_t *value);
LTA_MUST_CHECK lta_status lta_diff_append(json_t *array, json_t *value);
json_t *lta_value_u64(uint64_t v); /* beyond 2^63 - 1 as a real */
json_t *lta_value_f64(double v);   /* null for NaN; "inf" and "-inf" as texts */

/* ---- columns ---- */
#define LTA_NO_ROW UINT64_MAX

typedef struct lta_cells {
    lta_type type; /* LTA_U64 (all ones: absent, whatever was stored), LTA_I64, LTA_F64 or LTA_STR */
    uint64_t n;
    void *data;          /* [n] 8-byte elements, unless LTA_STR */
    lta_strings texts;   /* [n] of LTA_STR; else what the numbers stand for, where named */
    bool named;          /* numbers are indices into texts */
    uint64_t *id;        /* [n] compared in place of the values; NULL = the values themselves */
    const char *at_file; /* borrowed, for messages */
} lta_cells;             /* all zero is empty */

LTA_MUST_CHECK lta_status lta_cells_read(const lta_reader *r, const char *path, lta_cells *out);
void lta_cells_free(lta_cells *c); /* leaves it empty */
json_t *lta_cells_value(const lta_cells *c, uint64_t row);
bool lta_cells_equal(const lta_cells *a, uint64_t i, const lta_cells *b, uint64_t j);

typedef struct lta_match { /* which row of OLD is which row of NEW */
    uint64_t n[2], kept;
    uint64_t *new_of; /* [n[OLD]] row of NEW, LTA_NO_ROW = removed; NULL: each row is itself */
} lta_match;
void lta_match_free(lta_match *m);

/* Compares the matched rows of two columns. *out: an object, or NULL where they are equal. changed [n[OLD]]:
 * set to 1 where they differ; may be NULL. */
LTA_MUST_CHECK lta_status lta_cells_compare(const lta_comparison *c, const char *name, const lta_cells *a,
                                            const lta_cells *b, const lta_match *m, uint8_t *changed,
                                            json_t **out);

/* ---- matching rows ---- */

/* Splits the rows of both sides into groups of equal keys, one column at a time. */
typedef struct lta_matcher {
    uint64_t n[2], n_groups;
    uint64_t *group; /* [n[OLD] + n[NEW]] */
    bool told_apart; /* no group has two rows of one side */
} lta_matcher;
LTA_MUST_CHECK lta_status lta_matcher_begin(lta_matcher *m, uint64_t n_old, uint64_t n_new);
/* a, b: columns of the two sides, no floating-point numbers. O(n log n). */
LTA_MUST_CHECK lta_status lta_matcher_refine(lta_matcher *m, const lta_cells *a, const lta_cells *b);
/* The k-th row of a group on one side belongs to the k-th on the other. */
LTA_MUST_CHECK lta_status lta_matcher_count_repeats(lta_matcher *m);
/* told_apart must hold. */
LTA_MUST_CHECK lta_status lta_matcher_finish(const lta_matcher *m, lta_match *out);
void lta_matcher_free(lta_matcher *m);

/* ---- the sections of the result ---- */

/* Adds "sources"; number[side] (lta_free() each): a number for each source, equal for the same source. */
LTA_MUST_CHECK lta_status lta_diff_sources(lta_comparison *c, uint64_t *number[2], uint64_t n[2]);
/* Adds "requests". */
LTA_MUST_CHECK lta_status lta_diff_requests(lta_comparison *c);
/* Adds "tables", and the lists of those on one side only. */
LTA_MUST_CHECK lta_status lta_diff_tables(lta_comparison *c);
/* Adds "datasets": all others, row by row. */
LTA_MUST_CHECK lta_status lta_diff_datasets(lta_comparison *c);

/* Is the dataset a column of the requests, with the sources beside it? */
bool lta_diff_is_request_column(const lta_comparison *c, uint64_t i);

#endif
