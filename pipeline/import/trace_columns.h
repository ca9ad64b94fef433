/* pipeline/import/trace_columns.h - the per-request columns of a trace while it grows, and their order when
 * it is done. */
#ifndef LTA_IMPORT_TRACE_COLUMNS_H
#define LTA_IMPORT_TRACE_COLUMNS_H

#include "pipeline/trace/trace.h"

enum { LTA_WIDEST = 8 };

/* A growable column of fixed-size elements. One that not all sources give starts late, and is filled up with
 * the value that stands for "not given". */
typedef struct lta_column {
    void *data;
    uint64_t n, capacity;
    size_t element; /* bytes, at most LTA_WIDEST; 0 = no source has given it so far */
    unsigned char absent[LTA_WIDEST];
    bool given; /* some value is not the absent one */
} lta_column;

/* Starts the column (if it has not been started) with n absent values. */
LTA_MUST_CHECK lta_status lta_column_start(lta_column *c, size_t element, const void *absent, uint64_t n);
/* Appends *value, or the absent value when NULL; nothing to a column that has not been started. */
LTA_MUST_CHECK lta_status lta_column_add(lta_column *c, const void *value);
/* Takes the elements in the order given: new[i] = old[order[i]]. */
LTA_MUST_CHECK lta_status lta_column_permute(lta_column *c, const uint32_t *order);
void lta_column_free(lta_column *c);
/* Hands over the array (NULL if never started) and empties the column. */
void *lta_column_take(lta_column *c);

/* The stable order by key of n = run_start[n_runs] elements whose runs run_start[i] .. run_start[i+1]-1 do
 * not fall. */
LTA_MUST_CHECK lta_status lta_merge_order(const int64_t *key, const uint64_t *run_start, uint64_t n_runs,
                                          uint32_t **out);

/* Renumbers a dictionary and the columns' indices into it by first appearance; absent values stay. */
LTA_MUST_CHECK lta_status lta_renumber16(uint16_t *index, uint64_t n, lta_strings *texts);
LTA_MUST_CHECK lta_status lta_renumber32(uint32_t *index, uint64_t n, lta_strings *texts);

#endif
