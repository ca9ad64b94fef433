/* pipeline/verify/verify_trace.c - a trace by itself: its columns, and that its sequences are coded as
 * store-format.md says. Whoever decodes them needs no such proof, but equal traces must have equal files, and
 * the trie relies on the first pieces. */
#include "pipeline/core/array.h"
#include "pipeline/import/sequence_encoder.h"
#include "pipeline/verify/verify_internal.h"

#include <string.h>

static lta_status differs(const lta_reader *r, const lta_sequences *stored, const lta_sequences *expected,
                          uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        uint64_t k = stored->offset[i], end = stored->offset[i + 1];
        bool same = end == expected->offset[i + 1];
        for (; same && k < end; k++)
            same = stored->piece_request[k] == expected->piece_request[k] &&
                   stored->piece_start[k] == expected->piece_start[k] &&
                   stored->piece_length[k] == expected->piece_length[k];
        if (!same)
            return lta_fail(LTA_ERR_FORMAT,
                            "%s:/sequences: the pieces of request %llu are not the canonical ones",
                            lta_reader_path(r), (ull)i);
    }
    bool same = stored->n_symbols == expected->n_symbols && !stored->symbols64 == !expected->symbols64;
    for (uint64_t i = 0; same && i < stored->n_symbols; i++)
        same = lta_sequences_symbol_at(stored, i) == lta_sequences_symbol_at(expected, i);
    if (!same)
        return lta_fail(LTA_ERR_FORMAT,
                        "%s:/sequences/symbols: not the new symbols of all requests, in their order",
                        lta_reader_path(r));
    return LTA_OK;
}

/* Decodes every sequence, codes it again, and compares. */
static lta_status check_pieces(const lta_run *run, const lta_reader *r, const lta_trace *t)
{
    lta_status st = LTA_OK;
    const lta_sequences *s = &t->sequences;
    lta_sequence_encoder *encoder = NULL;
    uint64_t *symbols = NULL;
    uint32_t longest = 0;
    for (uint64_t i = 0; i < s->n; i++)
        longest = s->full_length[i] > longest ? s->full_length[i] : longest;
    LTA_TRY(LTA_ALLOC(&symbols, longest));
    LTA_TRY(lta_sequence_encoder_create(&encoder));
    for (uint64_t i = 0; i < s->n; i++) {
        LTA_TRY(lta_check_stop(run));
        LTA_TRY(lta_sequences_decode(s, i, 0, s->full_length[i], symbols));
        LTA_TRY(lta_sequence_encoder_add(encoder, t->session ? t->session[i] : UINT32_MAX, 0, symbols,
                                         s->input_length[i], s->full_length[i]));
    }
    st = differs(r, s, lta_sequence_encoder_sequences(encoder), s->n);
done:
    lta_sequence_encoder_free(encoder);
    lta_free(symbols);
    return st;
}

lta_status lta_verify_trace(const lta_run *run, const lta_reader *r)
{
    lta_trace t = {0};
    lta_status st = lta_trace_read(r, true, &t);
    if (st == LTA_OK && t.unit != LTA_UNIT_NONE)
        st = check_pieces(run, r, &t);
    lta_trace_free(&t);
    return st;
}
