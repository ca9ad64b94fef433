/* kernels/prefix_hash_cpu.c - prefix hashes by substitution into earlier requests.
 *
 * Let P be the running hash over the array `symbols` (kept every STEP symbols), head(k) the hash of its
 * request's prefix before piece k, and from(k), for a copied piece, the hash of its source's prefix before
 * the copied part. Then m symbols into piece k
 *
 *     hash = head(k) base^m + (new:    P(start + m) - P(start) base^m
 *                              copied: hash(source, start + m) - from(k) base^m)
 *
 * and the last line is a tail call: one loop, however long the chain of copies. */
#include "kernels/prefix_hash.h"

#include "pipeline/core/array.h"

#include <assert.h>

#define MODULUS ((UINT64_C(1) << 61) - 1)
enum { STEP = 32, LOW_BITS = 16, LOW = 1 << LOW_BITS };

typedef struct hasher {
    const lta_sequences *s;
    uint64_t base;
    uint64_t *running;     /* P at every multiple of STEP */
    uint64_t *low, *high;  /* base^i and base^(i LOW), i < LOW: any 32-bit power by one product */
    uint64_t *head, *from; /* [n_pieces] */
} hasher;

static uint64_t reduce(uint64_t x)
{
    x = (x & MODULUS) + (x >> 61);
    return x >= MODULUS ? x - MODULUS : x;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide p = (wide)a * b;
    return reduce(((uint64_t)p & MODULUS) + (uint64_t)(p >> 61));
}

static uint64_t add(uint64_t a, uint64_t b)
{
    return reduce(a + b);
}

static uint64_t subtract(uint64_t a, uint64_t b)
{
    return reduce(a + MODULUS - b);
}

static uint64_t power(const hasher *h, uint32_t e)
{
    return multiply(h->low[e & (LOW - 1)], h->high[e >> LOW_BITS]);
}

static uint64_t append(const hasher *h, uint64_t hash, uint64_t symbol)
{
    /* symbols run up to 2^64 - 1, so they are reduced before the 1 is added */
    return add(multiply(hash, h->base), add(reduce(symbol), 1));
}

static uint64_t running_at(const hasher *h, uint64_t index)
{
    uint64_t i = index / STEP * STEP, v = h->running[index / STEP];
    for (; i < index; i++)
        v = append(h, v, lta_sequences_symbol_at(h->s, i));
    return v;
}

/* Hash of the first `depth` symbols of r, whose pieces up to there have their heads. */
static uint64_t prefix(const hasher *h, uint64_t r, uint32_t depth)
{
    const lta_sequences *s = h->s;
    uint64_t sum = 0;
    while (depth > 0) {
        uint64_t lo = s->offset[r], hi = s->offset[r + 1] - 1; /* the last piece that begins before depth */
        while (lo < hi) {
            uint64_t mid = hi - (hi - lo) / 2;
            if (s->piece_at[mid] < depth)
                lo = mid;
            else
                hi = mid - 1;
        }
        uint32_t m = depth - s->piece_at[lo];
        uint64_t pow = power(h, m), start = s->piece_start[lo];
        sum = add(sum, multiply(h->head[lo], pow));
        if (s->piece_request[lo] < 0)
            return add(sum, subtract(running_at(h, start + m), multiply(running_at(h, start), pow)));
        sum = subtract(sum, multiply(h->from[lo], pow));
        r = (uint64_t)s->piece_request[lo];
        depth = (uint32_t)start + m;
    }
    return sum;
}

lta_status lta_prefix_hash_cpu(const lta_sequences *s, uint64_t n, const uint64_t *request,
                               const uint32_t *depth, uint64_t base, uint64_t *hash)
{
    lta_status st = LTA_OK;
    hasher h = {.s = s, .base = base};
    assert(base >= UINT64_C(1) << 32 && base < MODULUS);

    LTA_TRY(LTA_ALLOC(&h.running, s->n_symbols / STEP + 1));
    LTA_TRY(LTA_ALLOC(&h.low, LOW));
    LTA_TRY(LTA_ALLOC(&h.high, LOW));
    LTA_TRY(LTA_ALLOC(&h.head, s->n_pieces));
    LTA_TRY(LTA_ALLOC(&h.from, s->n_pieces));
    h.low[0] = h.high[0] = 1;
    for (int i = 1; i < LOW; i++)
        h.low[i] = multiply(h.low[i - 1], base);
    uint64_t giant = multiply(h.low[LOW - 1], base);
    for (int i = 1; i < LOW; i++)
        h.high[i] = multiply(h.high[i - 1], giant);
    uint64_t v = 0;
    for (uint64_t i = 0; i < s->n_symbols; i++) {
        if (i % STEP == 0)
            h.running[i / STEP] = v;
        v = append(&h, v, lta_sequences_symbol_at(s, i));
    }
    if (s->n_symbols % STEP == 0)
        h.running[s->n_symbols / STEP] = v;

    for (uint64_t r = 0; r < s->n; r++)
        for (uint64_t k = s->offset[r]; k < s->offset[r + 1]; k++) {
            h.head[k] = k == s->offset[r] ? 0 : prefix(&h, r, s->piece_at[k]);
            h.from[k] = s->piece_request[k] < 0
                            ? 0
                            : prefix(&h, (uint64_t)s->piece_request[k], (uint32_t)s->piece_start[k]);
        }
    for (uint64_t i = 0; i < n; i++)
        hash[i] = prefix(&h, request[i], depth[i]);
done:
    lta_free(h.running);
    lta_free(h.low);
    lta_free(h.high);
    lta_free(h.head);
    lta_free(h.from);
    return st;
}
