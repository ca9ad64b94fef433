/* pipeline/verify/verify.h - is a store, or one of its files, what store-format.md says?
 *
 * A file by itself: its digest is that of its content; its attributes and columns are complete, typed and of
 * fitting lengths; and whatever follows from the columns alone holds: of an enriched file, tables are built
 * again from its requests as far as these give them. A store: each of its files, that each
 * was made from the ones beside it, and that they agree: the trie with the sequences, runs with the trie,
 * curves with the runs, fields with all of these. These checks are written from the definitions and share as
 * little as possible with the stages. Then every file but the trace is made again by its stage, with the
 * options it records, and compared value by value. A release: every file that its SHA256SUMS lists is there
 * with these bytes and nothing else is, and each HDF5 file as above; where it publishes sequences, its table
 * of hits is that of a cache that is run over them. */
#ifndef LTA_VERIFY_VERIFY_H
#define LTA_VERIFY_VERIFY_H

#include "pipeline/core/run.h"

#include <stdio.h>

/* operand: the folder of a store or a release, or a file. Writes a line "FILE: ok" for each file that passed.
 * The first problem of a store or a file ends it: LTA_ERR_INPUT, LTA_ERR_FORMAT or LTA_ERR_VERSION with
 * FILE:/dataset. Of a release every file is looked at, and those that differ have a line "FILE: bad", or
 * "FILE: absent". */
LTA_MUST_CHECK lta_status lta_verify(const lta_run *run, const char *operand, FILE *out);

#endif
