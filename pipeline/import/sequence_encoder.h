/* pipeline/import/sequence_encoder.h - delta-codes full sequences, one request after the other (design,
 * section 4).
 *
 * The choice of pieces is canonical, a function of the sequences, their sessions and their order alone:
 *
 * 1. Let g be the length of the longest prefix of r's full sequence with which some earlier full sequence
 * begins. If g > 0 the first piece copies (q, 0, g), q the lowest such request.
 * 2. Let p be the previous request of the same session, c the length of the common prefix of r and p, and R
 * positions c .. end of p. If R and the rest of r (from g) both hold at least LTA_GRAM symbols, the rest is
 * scanned from the left: where the next LTA_GRAM symbols occur in R, a copy begins from their lowest
 * occurrence, extended while symbols agree; the scan goes on behind it. Every other symbol is new, and
 * neighbouring new symbols form one piece. Without p the rest is one new piece.
 *
 * Memory follows distinct symbols, pieces and requests, and the longest single sequence. Time is linear in
 * the symbols given, plus the trie nodes on their paths. */
#ifndef LTA_IMPORT_SEQUENCE_ENCODER_H
#define LTA_IMPORT_SEQUENCE_ENCODER_H

#include "kernels/sequences.h"

#include <stdint.h>

typedef struct lta_sequence_encoder lta_sequence_encoder;

LTA_MUST_CHECK lta_status lta_sequence_encoder_create(lta_sequence_encoder **out);
void lta_sequence_encoder_free(lta_sequence_encoder *e); /* accepts NULL */

/* The next request: a full sequence of n_full symbols, of which the first n_input are the input. session: any
 * number below 2^32 - 1, or UINT32_MAX for none; memory follows the largest. n_known: so many symbols are
 * known to be those with which the session's previous request begins, 0 where nothing is known; symbols
 * [n_full - n_known] are the others. What is known changes the time that it takes, not the pieces. */
LTA_MUST_CHECK lta_status lta_sequence_encoder_add(lta_sequence_encoder *e, uint32_t session,
                                                   uint32_t n_known, const uint64_t *symbols,
                                                   uint32_t n_input, uint32_t n_full);

/* What has been coded so far; borrowed. */
const lta_sequences *lta_sequence_encoder_sequences(const lta_sequence_encoder *e);

/* Hands over the finished sequences; the encoder may only be freed afterwards. */
void lta_sequence_encoder_finish(lta_sequence_encoder *e, lta_sequences *out);

#endif
