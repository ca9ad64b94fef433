/* pipeline/split/piece_set.h - the files of one kind in STORE/pieces, opened when they are asked for.
 *
 * HDF5 takes a megabyte for each open file, and there may be thousands. They are gone through in order, again
 * and again: the first ones stay open, of the others one at a time. */
#ifndef LTA_SPLIT_PIECE_SET_H
#define LTA_SPLIT_PIECE_SET_H

#include "pipeline/split/piece.h"

#define LTA_OPEN_PIECES 64

typedef struct lta_piece_set {
    const char *dir, *kind; /* "map": map-0.h5, map-1.h5, ... */
    json_t *digests;        /* as of lta_piece_open(); borrowed */
    lta_reader *reader[LTA_OPEN_PIECES];
    uint64_t last; /* number of the file in the last reader */
} lta_piece_set;

/* *out: borrowed until the next call. Errors: those of lta_piece_open(). */
LTA_MUST_CHECK lta_status lta_piece_set_get(lta_piece_set *s, uint64_t number, lta_reader **out);
void lta_piece_set_close(lta_piece_set *s);

#endif
