/* kernels/sequences.h - delta-coded sequences: every request's full sequence as a list of pieces.
 *
 * A full sequence is the input followed by the output. Each piece is either new (piece_request = -1:
 * piece_length symbols of `symbols` from piece_start) or copied from an earlier request's full sequence (from
 * position piece_start of request piece_request). Pieces of request r are offset[r] .. offset[r+1]-1 and
 * stand in order of depth. How the pieces are chosen is described in pipeline/doc/store-format.md. */
#ifndef LTA_KERNELS_SEQUENCES_H
#define LTA_KERNELS_SEQUENCES_H

#include "pipeline/core/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct lta_sequences {
    uint64_t n;             /* requests */
    uint32_t *input_length; /* [n] symbols of the input */
    uint32_t *full_length;  /* [n] symbols of input and output; derived, not stored */
    uint64_t *offset;       /* [n + 1] into the pieces */
    uint64_t n_pieces;
    int64_t *piece_request; /* [n_pieces] -1: new */
    uint64_t *piece_start;  /* [n_pieces] */
    uint32_t *piece_length; /* [n_pieces] at least 1 */
    uint32_t
        *piece_at; /* [n_pieces] depth in its own request at which the piece begins; derived, not stored */
    uint64_t n_symbols;
    uint32_t *symbols32; /* [n_symbols] when every id is below 2^32, else NULL */
    uint64_t *symbols64; /* [n_symbols] when one is not, else NULL */
} lta_sequences;         /* owns its arrays */

/* Computes full_length and piece_at, and checks everything a reader relies on: offsets rise to n_pieces,
 * copies come from earlier requests and stay inside them, new pieces stay inside `symbols`, lengths are
 * positive and sum below 2^32, inputs are no longer than their full sequence. Errors: LTA_ERR_FORMAT (names
 * the request), LTA_ERR_NOMEM. */
LTA_MUST_CHECK lta_status lta_sequences_complete(lta_sequences *s);

void lta_sequences_free(lta_sequences *s); /* leaves it empty */

static inline uint64_t lta_sequences_symbol_at(const lta_sequences *s, uint64_t index)
{
    return s->symbols32 ? s->symbols32[index] : s->symbols64[index];
}

/* The stored symbols behind position `depth` (from 0) of request r: *index is where they begin in `symbols`,
 * the result is how many positions from there on are stored contiguously (at least 1). depth <
 * full_length[r]. Follows copies; cost is the number of copies followed times log(pieces). */
uint32_t lta_sequences_span(const lta_sequences *s, uint64_t r, uint32_t depth, uint64_t *index);

/* Writes positions from .. to-1 of request r's full sequence to out [to - from]. A copied stretch is followed
 * as one range, so the cost is the symbols written and the pieces met on every level of copies, not their
 * product. Errors: LTA_ERR_NOMEM. */
LTA_MUST_CHECK lta_status lta_sequences_decode(const lta_sequences *s, uint64_t r, uint32_t from, uint32_t to,
                                               uint64_t *out);

#endif
