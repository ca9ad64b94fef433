/* kernels/sequences.c - completing, checking and decoding delta-coded sequences. */
#include "kernels/sequences.h"

#include "pipeline/core/array.h"

#include <assert.h>
#include <string.h>

lta_status lta_sequences_complete(lta_sequences *s)
{
    lta_status st = LTA_OK;
    uint32_t *full = NULL, *at = NULL;
    LTA_TRY(LTA_ALLOC(&full, s->n));
    LTA_TRY(LTA_ALLOC(&at, s->n_pieces));
    if (s->offset[0] != 0 || s->offset[s->n] != s->n_pieces) {
        st = lta_fail(LTA_ERR_FORMAT, "piece offsets run from %llu to %llu, expected 0 to %llu",
                      (unsigned long long)s->offset[0], (unsigned long long)s->offset[s->n],
                      (unsigned long long)s->n_pieces);
        goto done;
    }
    for (uint64_t r = 0; r < s->n; r++) {
        uint64_t length = 0;
        if (s->offset[r + 1] < s->offset[r] || s->offset[r + 1] > s->n_pieces) {
            st = lta_fail(LTA_ERR_FORMAT, "request %llu: its piece offsets fall", (unsigned long long)r);
            goto done;
        }
        for (uint64_t k = s->offset[r]; k < s->offset[r + 1]; k++) {
            int64_t q = s->piece_request[k];
            uint64_t limit = q < 0 ? s->n_symbols : (uint64_t)q < r ? full[q] : 0;
            bool fits = s->piece_length[k] > 0 && s->piece_start[k] <= limit &&
                        s->piece_length[k] <= limit - s->piece_start[k];
            if (!fits || q < -1) {
                st = lta_fail(LTA_ERR_FORMAT,
                              "request %llu, piece %llu: %u symbols from %llu of %lld, which holds %llu",
                              (unsigned long long)r, (unsigned long long)(k - s->offset[r]),
                              s->piece_length[k], (unsigned long long)s->piece_start[k], (long long)q,
                              (unsigned long long)limit);
                goto done;
            }
            at[k] = (uint32_t)length;
            length += s->piece_length[k];
            if (length > UINT32_MAX) {
                st = lta_fail(LTA_ERR_FORMAT, "request %llu: more than 2^32 - 1 symbols",
                              (unsigned long long)r);
                goto done;
            }
        }
        full[r] = (uint32_t)length;
        if (s->input_length[r] > length) {
            st = lta_fail(LTA_ERR_FORMAT, "request %llu: an input of %u symbols in a sequence of %llu",
                          (unsigned long long)r, s->input_length[r], (unsigned long long)length);
            goto done;
        }
    }
    lta_free(s->full_length);
    lta_free(s->piece_at);
    s->full_length = full;
    s->piece_at = at;
    return LTA_OK;
done:
    lta_free(full);
    lta_free(at);
    return st;
}

void lta_sequences_free(lta_sequences *s)
{
    lta_free(s->input_length);
    lta_free(s->full_length);
    lta_free(s->offset);
    lta_free(s->piece_request);
    lta_free(s->piece_start);
    lta_free(s->piece_length);
    lta_free(s->piece_at);
    lta_free(s->symbols32);
    lta_free(s->symbols64);
    *s = (lta_sequences){0};
}

/* The piece of request r that holds position depth. */
static uint64_t piece_of(const lta_sequences *s, uint64_t r, uint32_t depth)
{
    uint64_t lo = s->offset[r], hi = s->offset[r + 1] - 1; /* the last piece that begins at or before depth */
    while (lo < hi) {
        uint64_t mid = hi - (hi - lo) / 2;
        if (s->piece_at[mid] <= depth)
            lo = mid;
        else
            hi = mid - 1;
    }
    return lo;
}

uint32_t lta_sequences_span(const lta_sequences *s, uint64_t r, uint32_t depth, uint64_t *index)
{
    uint32_t limit = UINT32_MAX;
    for (;;) {
        assert(depth < s->full_length[r]);
        uint64_t k = piece_of(s, r, depth);
        uint32_t within = depth - s->piece_at[k], left = s->piece_length[k] - within;
        if (left < limit)
            limit = left;
        if (s->piece_request[k] < 0) {
            *index = s->piece_start[k] + within;
            return limit;
        }
        r = (uint64_t)s->piece_request[k];
        depth = (uint32_t)s->piece_start[k] + within;
    }
}

static void copy_symbols(const lta_sequences *s, uint64_t index, uint32_t n, uint64_t *out)
{
    if (s->symbols64) {
        memcpy(out, s->symbols64 + index, n * sizeof *out);
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        out[i] = s->symbols32[index + i];
}

lta_status lta_sequences_decode(const lta_sequences *s, uint64_t r, uint32_t from, uint32_t to, uint64_t *out)
{
    typedef struct range { /* positions from .. to-1 of a request, still to be written */
        uint64_t request;
        uint32_t from, to;
        uint64_t *out;
    } range;
    lta_status st = LTA_OK;
    range *stack = NULL;
    uint64_t capacity = 0, n = 0;
    LTA_TRY(LTA_GROW(&stack, &capacity, 1));
    stack[n++] = (range){r, from, to, out};
    while (n > 0) {
        range at = stack[--n];
        if (at.from == at.to)
            continue;
        for (uint64_t k = piece_of(s, at.request, at.from); at.from < at.to; k++) {
            uint32_t within = at.from - s->piece_at[k], length = s->piece_length[k] - within;
            if (length > at.to - at.from)
                length = at.to - at.from;
            uint64_t start = s->piece_start[k] + within;
            if (s->piece_request[k] < 0) {
                copy_symbols(s, start, length, at.out);
            } else {
                LTA_TRY(LTA_GROW(&stack, &capacity, n + 1));
                stack[n++] =
                    (range){(uint64_t)s->piece_request[k], (uint32_t)start, (uint32_t)start + length, at.out};
            }
            at.from += length;
            at.out += length;
        }
    }
done:
    lta_free(stack);
    return st;
}
