/* tests/build_trace.c - see build_trace.h. */
#include "tests/build_trace.h"

#include "pipeline/core/array.h"
#include "tests/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STRETCH = 8 }; /* shortest copy from the middle of the session's previous request */

typedef struct builder {
    lta_sequences s;
    uint64_t *symbols; /* [every symbol of the trace at most] */
} builder;

static uint32_t common_prefix(const test_request *a, const test_request *b)
{
    uint32_t i = 0;
    while (i < a->full_length && i < b->full_length && a->symbols[i] == b->symbols[i])
        i++;
    return i;
}

static void add_copy(builder *b, uint64_t from, uint64_t start, uint32_t length)
{
    b->s.piece_request[b->s.n_pieces] = (int64_t)from;
    b->s.piece_start[b->s.n_pieces] = start;
    b->s.piece_length[b->s.n_pieces++] = length;
}

/* Joins the new piece that ends request r so far, if there is one. */
static void add_new(builder *b, uint64_t r, uint64_t symbol)
{
    uint64_t last = b->s.n_pieces - 1;
    if (b->s.n_pieces == b->s.offset[r] || b->s.piece_request[last] >= 0) {
        last = b->s.n_pieces++;
        b->s.piece_request[last] = -1;
        b->s.piece_start[last] = b->s.n_symbols;
        b->s.piece_length[last] = 0;
    }
    b->s.piece_length[last]++;
    b->symbols[b->s.n_symbols++] = symbol;
}

static int64_t previous_of_session(const test_trace *t, uint64_t r)
{
    for (uint64_t i = r; t->request[r].session != TEST_NO_SESSION && i-- > 0;)
        if (t->request[i].session == t->request[r].session)
            return (int64_t)i;
    return -1;
}

static void add_rest(builder *b, const test_trace *t, uint64_t r, uint32_t from, bool session_copies)
{
    const test_request *me = &t->request[r];
    int64_t before = session_copies ? previous_of_session(t, r) : -1;
    const test_request *p = before < 0 ? NULL : &t->request[before];
    uint32_t common = p ? common_prefix(me, p) : 0;
    bool look = p && p->full_length - common >= STRETCH && me->full_length - from >= STRETCH;
    for (uint32_t i = from; i < me->full_length;) {
        uint32_t found = UINT32_MAX, length = 0;
        for (uint32_t j = common; look && me->full_length - i >= STRETCH && j + STRETCH <= p->full_length;
             j++)
            if (memcmp(p->symbols + j, me->symbols + i, STRETCH * sizeof *p->symbols) == 0) {
                found = j;
                break;
            }
        if (found == UINT32_MAX) {
            add_new(b, r, me->symbols[i++]);
            continue;
        }
        while (i + length < me->full_length && found + length < p->full_length &&
               me->symbols[i + length] == p->symbols[found + length])
            length++;
        add_copy(b, (uint64_t)before, found, length);
        i += length;
    }
}

lta_sequences test_build_sequences(const test_trace *t, bool session_copies)
{
    uint64_t most = 0;
    for (uint64_t r = 0; r < t->n; r++)
        most += t->request[r].full_length;
    builder b = {.symbols = test_alloc(most, sizeof(uint64_t))};
    b.s.n = t->n;
    b.s.input_length = test_alloc(t->n, sizeof *b.s.input_length);
    b.s.offset = test_alloc(t->n + 1, sizeof *b.s.offset);
    b.s.piece_request = test_alloc(most, sizeof *b.s.piece_request);
    b.s.piece_start = test_alloc(most, sizeof *b.s.piece_start);
    b.s.piece_length = test_alloc(most, sizeof *b.s.piece_length);
    for (uint64_t r = 0; r < t->n; r++) {
        uint32_t longest = 0;
        uint64_t from = 0;
        for (uint64_t q = 0; q < r; q++) {
            uint32_t common = common_prefix(&t->request[r], &t->request[q]);
            if (common > longest) {
                longest = common;
                from = q;
            }
        }
        b.s.input_length[r] = t->request[r].input_length;
        if (longest > 0)
            add_copy(&b, from, 0, longest);
        add_rest(&b, t, r, longest, session_copies);
        b.s.offset[r + 1] = b.s.n_pieces;
    }
    bool wide = false;
    for (uint64_t i = 0; i < b.s.n_symbols; i++)
        wide = wide || b.symbols[i] > UINT32_MAX;
    if (wide) {
        b.s.symbols64 = b.symbols;
    } else {
        b.s.symbols32 = test_alloc(b.s.n_symbols, sizeof *b.s.symbols32);
        for (uint64_t i = 0; i < b.s.n_symbols; i++)
            b.s.symbols32[i] = (uint32_t)b.symbols[i];
        lta_free(b.symbols);
    }
    if (lta_sequences_complete(&b.s) != LTA_OK) {
        fprintf(stderr, "test: %s\n", lta_error_detail());
        abort();
    }
    return b.s;
}

lta_trace test_build_trace(const test_trace *t, bool session_copies)
{
    lta_trace out = {.n = t->n,
                     .unit = t->block_tokens > 0 ? LTA_UNIT_BLOCK : LTA_UNIT_TOKEN,
                     .block_tokens = t->block_tokens > 0 ? t->block_tokens : 1,
                     .n_sessions = t->n_sessions};
    out.sources.n = t->n_sources;
    out.source = test_alloc(t->n, sizeof *out.source);
    out.arrival_us = test_alloc(t->n, sizeof *out.arrival_us);
    out.input_tokens = test_alloc(t->n, sizeof *out.input_tokens);
    out.output_tokens = test_alloc(t->n, sizeof *out.output_tokens);
    if (t->has_sessions)
        out.session = test_alloc(t->n, sizeof *out.session);
    for (uint64_t r = 0; r < t->n; r++) {
        out.source[r] = t->request[r].source;
        out.arrival_us[r] = t->request[r].arrival_us;
        out.input_tokens[r] = t->request[r].input_tokens;
        out.output_tokens[r] = t->request[r].output_tokens;
        if (t->has_sessions)
            out.session[r] = t->request[r].session;
    }
    out.sequences = test_build_sequences(t, session_copies);
    return out;
}
