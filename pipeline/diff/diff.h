/* pipeline/diff/diff.h - what differs between two stores, or two files of stores.
 *
 * Sources are matched by name and file, those left over by digest; requests by (source, source_row); rows of
 * tables by their keys. Values are compared as what they mean: dictionary columns as texts, request numbers
 * as the requests that they name, sessions by their names in the source. NaN equals NaN. Absent values (2^w -
 * 1 in unsigned columns, -1 in signed ones, NaN) differ from all others, but count in no sum. */
#ifndef LTA_DIFF_DIFF_H
#define LTA_DIFF_DIFF_H

#include "pipeline/core/run.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Compares two operands: stores, HDF5 files, or folders of stores, which are matched by name (those
 * of a release with its blocks, NAME/blocks). limit: how many
 * requests each list of examples shows. *out: one JSON object; *same: nothing differs. Equal content_sha256
 * are taken for equal content. Errors: LTA_ERR_USAGE where the two have nothing in common. O(n log n) time,
 * two columns and a few numbers a request in memory. */
LTA_MUST_CHECK lta_status lta_diff(const lta_run *run, const char *old_path, const char *new_path,
                                   uint64_t limit, json_t **out, bool *same);

/* The same as text. */
void lta_diff_print(FILE *out, const json_t *difference);

#endif
