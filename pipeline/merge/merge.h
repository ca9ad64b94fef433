/* pipeline/merge/merge.h - one trace of many: the sources of several stores as the sources of one.
 *
 * Merging stores gives what importing all their files at once would: sources keep their names, files, rows
 * and session names; sessions are numbered anew without gaps; block ids are kept apart by source; and the
 * time line is laid out anew from every source's own clock, so a time line that a store had before plays no
 * part. Traces that would not import together do not merge: token and block traces, other block sizes, with
 * times and without. */
#ifndef LTA_MERGE_MERGE_H
#define LTA_MERGE_MERGE_H

#include "pipeline/import/import.h"

/* Reads trace.h5 of stores [n_stores] and commits STORE/trace.h5 (the folder is made if absent), or does
 * nothing when the file there was made from the same traces with the same options and version, unless
 * run->force. Of the options, name, timeline, gap_us and sort matter: with sort, sources come bytewise by
 * base name of their file, then digest, in whatever order the stores are named. Memory: the merged trace, and
 * one store's at a time. Errors: LTA_ERR_USAGE (traces that do not merge, STORE among the stores),
 * LTA_ERR_FORMAT, those of reading and writing. */
LTA_MUST_CHECK lta_status lta_merge(const lta_run *run, const char *store, const lta_import_options *options,
                                    int n_stores, char *const *stores);

#endif
