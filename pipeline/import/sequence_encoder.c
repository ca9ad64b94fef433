/* pipeline/import/sequence_encoder.c - the choice of pieces, with an online trie for prefixes and an index
 * for copies. */
#include "pipeline/import/sequence_encoder.h"

#include "pipeline/core/array.h"
#include "pipeline/import/gram_match.h"
#include "pipeline/import/online_trie.h"

#include <assert.h>
#include <string.h>

#define NO_REQUEST UINT32_MAX

typedef struct session_end {
    uint32_t request; /* latest request of the session, NO_REQUEST before the first */
    uint64_t node;    /* where it ends in the trie */
} session_end;

struct lta_sequence_encoder {
    lta_sequences s; /* complete, derived columns included, after every request */
    uint64_t input_capacity, full_capacity, offset_capacity;
    uint64_t piece_request_capacity, piece_start_capacity, piece_length_capacity, piece_at_capacity;
    uint64_t symbols_capacity;
    lta_online_trie trie;
    lta_gram_match grams;
    uint64_t *reference; /* the part of the previous request that copies may come from */
    uint64_t reference_capacity;
    session_end *session;
    uint64_t n_sessions, session_capacity;
};

lta_status lta_sequence_encoder_create(lta_sequence_encoder **out)
{
    lta_status st = LTA_OK;
    lta_sequence_encoder *e = NULL;
    LTA_TRY(LTA_CALLOC(&e, 1));
    LTA_TRY(lta_online_trie_init(&e->trie));
    LTA_TRY(LTA_GROW(&e->s.offset, &e->offset_capacity, 1));
    LTA_TRY(LTA_GROW(&e->s.input_length, &e->input_capacity, 1));
    LTA_TRY(LTA_GROW(&e->s.full_length, &e->full_capacity, 1));
    LTA_TRY(LTA_GROW(&e->s.piece_request, &e->piece_request_capacity, 1));
    LTA_TRY(LTA_GROW(&e->s.piece_start, &e->piece_start_capacity, 1));
    LTA_TRY(LTA_GROW(&e->s.piece_length, &e->piece_length_capacity, 1));
    LTA_TRY(LTA_GROW(&e->s.piece_at, &e->piece_at_capacity, 1));
    LTA_TRY(LTA_GROW(&e->s.symbols32, &e->symbols_capacity, 1));
    e->s.offset[0] = 0;
    *out = e;
    return LTA_OK;
done:
    lta_sequence_encoder_free(e);
    return st;
}

void lta_sequence_encoder_free(lta_sequence_encoder *e)
{
    if (!e)
        return;
    lta_sequences_free(&e->s);
    lta_online_trie_free(&e->trie);
    lta_gram_match_free(&e->grams);
    lta_free(e->reference);
    lta_free(e->session);
    lta_free(e);
}

const lta_sequences *lta_sequence_encoder_sequences(const lta_sequence_encoder *e)
{
    return &e->s;
}

void lta_sequence_encoder_finish(lta_sequence_encoder *e, lta_sequences *out)
{
    *out = e->s;
    e->s = (lta_sequences){0};
}

static lta_status add_piece(lta_sequence_encoder *e, int64_t request, uint64_t start, uint32_t at,
                            uint32_t length)
{
    lta_status st = LTA_OK;
    lta_sequences *s = &e->s;
    uint64_t k = s->n_pieces;
    LTA_TRY(LTA_GROW(&s->piece_request, &e->piece_request_capacity, k + 1));
    LTA_TRY(LTA_GROW(&s->piece_start, &e->piece_start_capacity, k + 1));
    LTA_TRY(LTA_GROW(&s->piece_length, &e->piece_length_capacity, k + 1));
    LTA_TRY(LTA_GROW(&s->piece_at, &e->piece_at_capacity, k + 1));
    s->piece_request[k] = request;
    s->piece_start[k] = start;
    s->piece_length[k] = length;
    s->piece_at[k] = at;
    s->n_pieces = k + 1;
done:
    return st;
}

static lta_status widen_symbols(lta_sequence_encoder *e, uint64_t need)
{
    lta_sequences *s = &e->s;
    uint64_t *wide = NULL, capacity = 0;
    lta_status st = LTA_GROW(&wide, &capacity, need);
    if (st != LTA_OK)
        return st;
    for (uint64_t i = 0; i < s->n_symbols; i++)
        wide[i] = s->symbols32[i];
    lta_free(s->symbols32);
    s->symbols32 = NULL;
    s->symbols64 = wide;
    e->symbols_capacity = capacity;
    return LTA_OK;
}

/* Stores symbols [n], positions at .. at+n-1 of the request being coded, as a new piece; nothing for n = 0.
 */
static lta_status add_new(lta_sequence_encoder *e, const uint64_t *symbols, uint32_t at, uint32_t n)
{
    lta_status st = LTA_OK;
    lta_sequences *s = &e->s;
    uint64_t all = 0, end = s->n_symbols + n;
    if (n == 0)
        return LTA_OK;
    for (uint32_t i = 0; i < n; i++)
        all |= symbols[i];
    if (s->symbols32 && all > UINT32_MAX)
        LTA_TRY(widen_symbols(e, end));
    if (s->symbols32) {
        LTA_TRY(LTA_GROW(&s->symbols32, &e->symbols_capacity, end));
        for (uint32_t i = 0; i < n; i++)
            s->symbols32[s->n_symbols + i] = (uint32_t)symbols[i];
    } else {
        LTA_TRY(LTA_GROW(&s->symbols64, &e->symbols_capacity, end));
        memcpy(s->symbols64 + s->n_symbols, symbols, n * sizeof *symbols);
    }
    LTA_TRY(add_piece(e, -1, s->n_symbols, at, n));
    s->n_symbols = end;
done:
    return st;
}

/* Codes symbols [n], positions g .. g+n-1, against R = reference [n_reference], which begins at position c of
 * request p. */
static lta_status add_rest(lta_sequence_encoder *e, const uint64_t *symbols, uint32_t g, uint32_t n,
                           uint32_t p, uint32_t c, uint32_t n_reference)
{
    lta_status st = LTA_OK;
    const uint64_t *reference = e->reference;
    uint32_t i = 0, fresh = 0; /* new symbols not yet stored are fresh .. i-1 */
    uint32_t prepared = n;     /* e->grams is about the symbols from there on */
    while (n - i >= LTA_GRAM) {
        uint32_t j = 0;
        /* Where history was dropped, what is left of it mostly begins right here and goes on for long: this
         * one gram is searched for before all those behind are prepared for. */
        if (i == 0 && (j = lta_gram_search(symbols, reference, n_reference)) == UINT32_MAX) {
            i = 1;
            continue;
        }
        if (i > 0) {
            if (prepared == n) {
                LTA_TRY(lta_gram_match_all(&e->grams, symbols + i, n - i, reference, n_reference));
                prepared = i;
            }
            uint32_t next = lta_gram_match_next(&e->grams, i - prepared, &j);
            if (next == UINT32_MAX)
                break;
            i = prepared + next;
        }
        uint32_t length = LTA_GRAM, limit = n_reference - j < n - i ? n_reference - j : n - i;
        while (length < limit && reference[j + length] == symbols[i + length])
            length++;
        LTA_TRY(add_new(e, symbols + fresh, g + fresh, i - fresh));
        LTA_TRY(add_piece(e, p, (uint64_t)c + j, g + i, length));
        i += length;
        fresh = i;
    }
    LTA_TRY(add_new(e, symbols + fresh, g + fresh, n - fresh));
done:
    return st;
}

static lta_status grow_sessions(lta_sequence_encoder *e, uint32_t session)
{
    lta_status st = LTA_GROW(&e->session, &e->session_capacity, (uint64_t)session + 1);
    if (st != LTA_OK)
        return st;
    while (e->n_sessions <= session)
        e->session[e->n_sessions++] = (session_end){.request = NO_REQUEST};
    return LTA_OK;
}

lta_status lta_sequence_encoder_add(lta_sequence_encoder *e, uint32_t session, uint32_t n_known,
                                    const uint64_t *symbols, uint32_t n_input, uint32_t n_full)
{
    lta_status st = LTA_OK;
    lta_sequences *s = &e->s;
    uint32_t r = (uint32_t)s->n, p = NO_REQUEST, c = 0, n_reference = 0;
    uint64_t end, p_end = 0;
    if (session != UINT32_MAX) {
        if (session >= e->n_sessions)
            LTA_TRY(grow_sessions(e, session));
        p = e->session[session].request;
        p_end = e->session[session].node;
    }
    LTA_TRY(LTA_GROW(&s->offset, &e->offset_capacity, s->n + 2));
    LTA_TRY(LTA_GROW(&s->input_length, &e->input_capacity, s->n + 1));
    LTA_TRY(LTA_GROW(&s->full_length, &e->full_capacity, s->n + 1));

    assert(n_known == 0 || (p != NO_REQUEST && n_known <= s->full_length[p] && n_known <= n_full));
    LTA_TRY(lta_online_trie_walk(&e->trie, s, (lta_online_start){.end = p_end, .known = n_known}, symbols,
                                 n_full));
    uint32_t g = e->trie.matched;
    const uint64_t *rest = g > n_known ? symbols + (g - n_known) : symbols; /* may be NULL where none are */
    if (g > 0)
        LTA_TRY(add_piece(e, lta_online_trie_owner(&e->trie), 0, 0, g));
    if (p != NO_REQUEST && n_full - g >= LTA_GRAM) {
        c = lta_online_trie_common(&e->trie, p_end, s->full_length[p]);
        n_reference = s->full_length[p] - c;
    }
    if (n_reference >= LTA_GRAM) {
        LTA_TRY(LTA_GROW(&e->reference, &e->reference_capacity, n_reference));
        LTA_TRY(lta_sequences_decode(s, p, c, s->full_length[p], e->reference));
        LTA_TRY(add_rest(e, rest, g, n_full - g, p, c, n_reference));
    } else {
        LTA_TRY(add_new(e, rest, g, n_full - g));
    }
    s->offset[s->n + 1] = s->n_pieces;
    s->input_length[s->n] = n_input;
    s->full_length[s->n] = n_full;
    s->n++;
    LTA_TRY(lta_online_trie_insert(&e->trie, s, r, g < n_full ? *rest : 0, n_full, &end));
    if (session != UINT32_MAX)
        e->session[session] = (session_end){.request = r, .node = end};
done:
    return st;
}
