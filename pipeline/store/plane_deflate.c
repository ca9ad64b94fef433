/* pipeline/store/plane_deflate.c - blocks of whole planes: matches at two distances, Huffman codes, stored
 * blocks. */
#include "pipeline/store/plane_deflate.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* Terms of RFC 1951: symbols below 256 are literals, 256 ends a block, those above are lengths of matches. */
enum {
    END_OF_BLOCK = 256,
    N_LITERALS = 286, /* literals and lengths */
    N_DISTANCES = 30,
    N_CODE_LENGTHS = 19,
    LONGEST_CODE = 12, /* less than the 15 allowed, so that four literals fit between two stores */
    LONGEST_LENGTH_CODE = 7,
    LONGEST_MATCH = 258,
    SHORTEST_MATCH = 3,
    STORED_MOST = 65535,
    STEP = 8,              /* bytes compared at a time: matches of 15 and more are found */
    PERIOD = 256,          /* the farther distance */
    BLOCK_LEAST = 1 << 15, /* planes shorter than this share a block */
    PIECE = 1 << 17        /* longest block: matches of one fit match_list */
};

typedef struct huffman {
    uint16_t code[N_LITERALS]; /* bits in the order of the stream */
    uint8_t length[N_LITERALS];
} huffman;

/* Bits not yet written; whole bytes of them are at `at`. */
typedef struct bit_writer {
    uint8_t *at;
    uint64_t bits;
    unsigned n;
} bit_writer;

/* ---- bits ---- */

static inline void flush_bits(bit_writer *w)
{
    for (int i = 0; i < 8; i++) /* little-endian, one move where the machine is */
        w->at[i] = (uint8_t)(w->bits >> (8 * i));
    unsigned bytes = w->n / 8;
    w->at += bytes;
    w->bits >>= 8 * bytes; /* at most 7 */
    w->n %= 8;
}

static inline void put_bits(bit_writer *w, uint64_t bits, unsigned n)
{
    w->bits |= bits << w->n;
    w->n += n;
}

static void put_and_flush(bit_writer *w, uint64_t bits, unsigned n)
{
    put_bits(w, bits, n);
    flush_bits(w);
}

static void align_to_byte(bit_writer *w)
{
    w->n = (w->n + 7) / 8 * 8;
    flush_bits(w);
}

/* ---- Huffman codes ---- */

typedef struct leaf {
    uint32_t count;
    uint16_t symbol;
} leaf;

/* The symbols that occur, rarest first, of equal ones the lower first. Insertion by shells: there are at most
 * 286. */
static unsigned sort_leaves(const uint32_t *count, unsigned n_symbols, leaf *leaf_of)
{
    static const unsigned gaps[] = {109, 41, 19, 5, 1};
    unsigned n = 0;
    for (unsigned s = 0; s < n_symbols; s++)
        if (count[s] > 0)
            leaf_of[n++] = (leaf){count[s], (uint16_t)s};
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++)
        for (unsigned i = gaps[g]; i < n; i++) {
            leaf l = leaf_of[i];
            unsigned j = i;
            for (; j >= gaps[g]; j -= gaps[g]) {
                leaf k = leaf_of[j - gaps[g]];
                if (k.count < l.count || (k.count == l.count && k.symbol < l.symbol))
                    break;
                leaf_of[j] = k;
            }
            leaf_of[j] = l;
        }
    return n;
}

/* Depths of the leaves of a Huffman tree over counts that rise; n is at least 2. Inner nodes come out in the
 * order of their counts, so two queues replace a heap. */
static void find_depths(const leaf *l, unsigned n, uint8_t *depth)
{
    uint64_t weight[N_LITERALS];
    uint16_t parent_of_leaf[N_LITERALS], parent[N_LITERALS];
    uint8_t inner_depth[N_LITERALS];
    unsigned next_leaf = 0, next_inner = 0;
    assert(n >= 2);
    for (unsigned k = 0; k + 1 < n; k++) {
        weight[k] = 0;
        for (int side = 0; side < 2; side++)
            if (next_leaf < n && (next_inner >= k || l[next_leaf].count <= weight[next_inner])) {
                weight[k] += l[next_leaf].count;
                parent_of_leaf[next_leaf++] = (uint16_t)k;
            } else {
                weight[k] += weight[next_inner];
                parent[next_inner++] = (uint16_t)k;
            }
    }
    inner_depth[n - 2] = 0;
    for (unsigned k = n - 2; k-- > 0;)
        inner_depth[k] = (uint8_t)(inner_depth[parent[k]] + 1);
    for (unsigned i = 0; i < n; i++)
        depth[i] = (uint8_t)(inner_depth[parent_of_leaf[i]] + 1);
}

/* Lengths of codes, at most `longest`, none for symbols that do not occur. Leaves that are too deep move up
 * to there, and for the room that they take there others move down: the deepest that still can. */
static void find_lengths(const uint32_t *count, unsigned n_symbols, unsigned longest, uint8_t *length)
{
    leaf l[N_LITERALS];
    uint8_t depth[N_LITERALS];
    uint32_t of_length[16] = {0};
    unsigned n = sort_leaves(count, n_symbols, l);
    memset(length, 0, n_symbols);
    if (n == 0)
        return;
    if (n == 1) { /* a code must be complete: beside the one symbol stands another that does not occur */
        length[l[0].symbol] = length[l[0].symbol == 0] = 1;
        return;
    }
    find_depths(l, n, depth);
    uint64_t taken = 0; /* of 2^longest */
    for (unsigned i = 0; i < n; i++) {
        unsigned d = depth[i] < longest ? depth[i] : longest;
        of_length[d]++;
        taken += (uint64_t)1 << (longest - d);
    }
    while (taken > (uint64_t)1 << longest) {
        unsigned d = longest - 1;
        while (of_length[d] == 0)
            d--;
        of_length[d]--;
        of_length[d + 1]++;
        taken -= (uint64_t)1 << (longest - d - 1);
    }
    for (unsigned d = longest; taken < (uint64_t)1 << longest; d = longest) { /* moved too far: back */
        while (of_length[d] == 0 || taken + ((uint64_t)1 << (longest - d)) > (uint64_t)1 << longest)
            d--;
        of_length[d]--;
        of_length[d - 1]++;
        taken += (uint64_t)1 << (longest - d);
    }
    unsigned i = 0;
    for (unsigned d = longest; d > 0; d--)
        for (uint32_t k = 0; k < of_length[d]; k++)
            length[l[i++].symbol] = (uint8_t)d;
}

/* Canonical codes for the lengths. */
static void assign_codes(huffman *h, unsigned n_symbols)
{
    uint32_t next[17] = {0};
    for (unsigned s = 0; s < n_symbols; s++)
        next[h->length[s] + 1]++;
    next[1] = 0; /* no code */
    for (unsigned d = 1; d < 16; d++)
        next[d + 1] = (next[d] + next[d + 1]) << 1;
    for (unsigned s = 0; s < n_symbols; s++) {
        uint32_t code = next[h->length[s]]++, turned = 0;
        for (unsigned b = 0; b < h->length[s]; b++)
            turned |= (code >> b & 1) << (h->length[s] - 1 - b);
        h->code[s] = (uint16_t)turned;
    }
}

/* ---- matches ---- */

typedef struct match {
    uint32_t at;
    unsigned length : 31, far : 1; /* far: at distance PERIOD, else 1 */
} match;

typedef struct block {
    const uint8_t *in; /* of the whole chunk */
    size_t from, to;
    uint32_t count[N_LITERALS], distance_count[N_DISTANCES];
    uint32_t n_matches;
    match match[PIECE / STEP];
} block;

static const uint16_t length_base[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                         31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t length_extra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                         2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
enum { NEAR_CODE = 0, FAR_CODE = 15, FAR_EXTRA_BITS = 6, FAR_EXTRA = PERIOD - 193 };

static unsigned length_code(uint32_t length)
{
    unsigned c = 28;
    while (length_base[c] > length)
        c--;
    return c;
}

/* Length of the next token of a match with `left` bytes to go: no rest is too short to be one. */
static uint32_t part_of(uint32_t left)
{
    if (left <= LONGEST_MATCH)
        return left;
    return left - LONGEST_MATCH < SHORTEST_MATCH ? LONGEST_MATCH - SHORTEST_MATCH : LONGEST_MATCH;
}

static inline uint64_t load(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static size_t match_end(const uint8_t *in, size_t i, size_t end, size_t distance)
{
    while (end - i >= STEP && load(in + i) == load(in + i - distance))
        i += STEP;
    while (i < end && in[i] == in[i - distance])
        i++;
    return i;
}

static void count_match(block *b, size_t at, size_t end, bool far)
{
    b->match[b->n_matches++] = (match){(uint32_t)(at - b->from), (uint32_t)(end - at) & INT32_MAX, far};
    for (uint32_t left = (uint32_t)(end - at), n; left > 0; left -= n) {
        n = part_of(left);
        b->count[257 + length_code(n)]++;
        b->distance_count[far ? FAR_CODE : NEAR_CODE]++;
    }
}

/* Finds the matches, and counts what they and the literals between them come to. */
static void examine(block *b)
{
    /* neighbours are often equal: an increment waits for the one before on the same number */
    uint32_t count[4][256] = {{0}};
    const uint8_t *in = b->in;
    size_t i = b->from;
    assert(b->to - b->from <= PIECE);
    memset(b->count, 0, sizeof b->count);
    memset(b->distance_count, 0, sizeof b->distance_count);
    b->n_matches = 0;
    while (b->to - i >= STEP) {
        uint64_t v = load(in + i);
        bool near = i >= 1 && v == load(in + i - 1), far = !near && i >= PERIOD && v == load(in + i - PERIOD);
        if (near || far) {
            size_t end = match_end(in, i + STEP, b->to, near ? 1 : PERIOD);
            count_match(b, i, end, far);
            for (i = end; i < b->to && (i - b->from) % STEP != 0; i++)
                count[i & 3][in[i]]++;
            continue;
        }
        for (int k = 0; k < STEP; k++)
            count[k & 3][v >> (8 * k) & 0xff]++;
        i += STEP;
    }
    for (; i < b->to; i++)
        count[0][in[i]]++;
    for (int s = 0; s < 256; s++)
        b->count[s] = count[0][s] + count[1][s] + count[2][s] + count[3][s];
    b->count[END_OF_BLOCK] = 1;
}

/* ---- blocks ---- */

/* The lengths of both codes as RFC 1951 wants them: zeros in runs, others one by one. */
typedef struct length_list {
    uint8_t symbol[N_LITERALS + N_DISTANCES], extra[N_LITERALS + N_DISTANCES];
    unsigned n, n_literals, n_distances;
    uint32_t count[N_CODE_LENGTHS];
    huffman code;
    unsigned n_code_lengths;
} length_list;

static const uint8_t order_of_code_lengths[N_CODE_LENGTHS] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                              11, 4,  12, 3, 13, 2, 14, 1, 15};

static unsigned extra_bits_of(unsigned symbol)
{
    return symbol == 17 ? 3 : symbol == 18 ? 7 : 0;
}

static void list_lengths(const huffman *literal, const huffman *distance, length_list *out)
{
    uint8_t all[N_LITERALS + N_DISTANCES];
    *out = (length_list){.n_literals = N_LITERALS, .n_distances = N_DISTANCES};
    while (literal->length[out->n_literals - 1] == 0) /* 257 at least: the end of the block is one */
        out->n_literals--;
    while (out->n_distances > 1 && distance->length[out->n_distances - 1] == 0)
        out->n_distances--;
    memcpy(all, literal->length, out->n_literals);
    memcpy(all + out->n_literals, distance->length, out->n_distances);
    unsigned n = out->n_literals + out->n_distances;
    for (unsigned i = 0, run; i < n; i += run) {
        uint8_t symbol = all[i], extra = 0;
        for (run = 1; symbol == 0 && run < 138 && i + run < n && all[i + run] == 0;)
            run++;
        if (run < 3) {
            run = 1;
        } else {
            symbol = run <= 10 ? 17 : 18;
            extra = (uint8_t)(run - (run <= 10 ? 3 : 11));
        }
        out->symbol[out->n] = symbol;
        out->extra[out->n++] = extra;
        out->count[symbol]++;
    }
    find_lengths(out->count, N_CODE_LENGTHS, LONGEST_LENGTH_CODE, out->code.length);
    assign_codes(&out->code, N_CODE_LENGTHS);
    out->n_code_lengths = N_CODE_LENGTHS;
    while (out->n_code_lengths > 4 && out->code.length[order_of_code_lengths[out->n_code_lengths - 1]] == 0)
        out->n_code_lengths--;
}

static uint64_t bits_of_block(const block *b, const huffman *literal, const huffman *distance,
                              const length_list *l)
{
    uint64_t bits = 3 + 5 + 5 + 4 + 3 * (uint64_t)l->n_code_lengths;
    for (unsigned s = 0; s < N_CODE_LENGTHS; s++)
        bits += (uint64_t)l->count[s] * (l->code.length[s] + extra_bits_of(s));
    for (unsigned s = 0; s < N_LITERALS; s++)
        bits +=
            (uint64_t)b->count[s] * (literal->length[s] + (s > END_OF_BLOCK ? length_extra[s - 257] : 0u));
    for (unsigned s = 0; s < N_DISTANCES; s++)
        bits +=
            (uint64_t)b->distance_count[s] * (distance->length[s] + (s == FAR_CODE ? FAR_EXTRA_BITS : 0u));
    return bits;
}

static void put_header(bit_writer *w, const length_list *l, bool last)
{
    put_bits(w, last, 1);
    put_bits(w, 2, 2); /* codes of its own */
    put_bits(w, l->n_literals - 257, 5);
    put_bits(w, l->n_distances - 1, 5);
    put_and_flush(w, l->n_code_lengths - 4, 4);
    for (unsigned i = 0; i < l->n_code_lengths; i++)
        put_and_flush(w, l->code.length[order_of_code_lengths[i]], 3);
    for (unsigned i = 0; i < l->n; i++) {
        put_bits(w, l->code.code[l->symbol[i]], l->code.length[l->symbol[i]]);
        put_and_flush(w, l->extra[i], extra_bits_of(l->symbol[i]));
    }
}

/* A literal's code and its length, in one load. */
static inline void put_literal(bit_writer *w, const uint32_t *entry, uint8_t literal)
{
    uint32_t e = entry[literal];
    w->bits |= (uint64_t)(e >> 8) << w->n;
    w->n += e & 0xff;
}

static void put_literals(bit_writer *to, const uint32_t *entry, const uint8_t *in, const uint8_t *end)
{
    bit_writer w = *to; /* in registers */
    for (; end - in >= 4; in += 4) {
        put_literal(&w, entry, in[0]);
        put_literal(&w, entry, in[1]);
        put_literal(&w, entry, in[2]);
        put_literal(&w, entry, in[3]);
        flush_bits(&w);
    }
    for (; in < end; in++) {
        put_literal(&w, entry, *in);
        flush_bits(&w);
    }
    *to = w;
}

static void put_match(bit_writer *w, const match *m, const huffman *literal, const huffman *distance)
{
    for (uint32_t left = m->length, n; left > 0; left -= n) {
        n = part_of(left);
        unsigned c = length_code(n), d = m->far ? FAR_CODE : NEAR_CODE;
        put_bits(w, literal->code[257 + c], literal->length[257 + c]);
        put_bits(w, n - length_base[c], length_extra[c]);
        put_bits(w, distance->code[d], distance->length[d]);
        put_and_flush(w, m->far ? FAR_EXTRA : 0, m->far ? FAR_EXTRA_BITS : 0);
    }
}

static void put_coded(bit_writer *w, const block *b, const huffman *literal, const huffman *distance)
{
    uint32_t entry[256];
    const uint8_t *at = b->in + b->from;
    for (int s = 0; s < 256; s++)
        entry[s] = (uint32_t)literal->code[s] << 8 | literal->length[s];
    for (uint32_t i = 0; i < b->n_matches; i++) {
        const match *m = &b->match[i];
        const uint8_t *start = b->in + b->from + m->at;
        put_literals(w, entry, at, start);
        put_match(w, m, literal, distance);
        at = start + m->length;
    }
    put_literals(w, entry, at, b->in + b->to);
    put_and_flush(w, literal->code[END_OF_BLOCK], literal->length[END_OF_BLOCK]);
}

static void put_stored(bit_writer *w, const block *b, bool last)
{
    for (size_t i = b->from, n; i < b->to; i += n) {
        n = b->to - i < STORED_MOST ? b->to - i : STORED_MOST;
        put_bits(w, last && i + n == b->to, 1);
        put_bits(w, 0, 2);
        align_to_byte(w);
        put_and_flush(w, n | (~n & 0xffff) << 16, 32);
        memcpy(w->at, b->in + i, n);
        w->at += n;
    }
}

static void put_block(bit_writer *w, block *b, bool last)
{
    huffman literal, distance;
    length_list lengths;
    examine(b);
    find_lengths(b->count, N_LITERALS, LONGEST_CODE, literal.length);
    find_lengths(b->distance_count, N_DISTANCES, LONGEST_CODE, distance.length);
    assign_codes(&literal, N_LITERALS);
    assign_codes(&distance, N_DISTANCES);
    list_lengths(&literal, &distance, &lengths);
    if (bits_of_block(b, &literal, &distance, &lengths) >= 8 * (uint64_t)(b->to - b->from)) {
        put_stored(w, b, last);
        return;
    }
    put_header(w, &lengths, last);
    put_coded(w, b, &literal, &distance);
}

/* Bytes of a block: whole planes, as many as make one worth its code. */
static size_t block_bytes(size_t plane)
{
    if (plane >= PIECE)
        return PIECE;
    return plane >= BLOCK_LEAST ? plane : BLOCK_LEAST / plane * plane;
}

size_t lta_plane_deflate_bound(size_t n, size_t plane)
{
    enum { ENDS = 2 + 4 + 8 }; /* header, checksum, what the last flush writes too much */
    size_t bytes = block_bytes(plane);
    return n + 5 * (n / STORED_MOST + n / bytes + 2) + ENDS;
}

size_t lta_plane_deflate(const uint8_t *in, size_t n, size_t plane, uint32_t adler32, uint8_t *out)
{
    static const uint8_t empty[] = {0x03, 0x00}; /* a last block that holds nothing */
    bit_writer w = {.at = out};
    size_t bytes = block_bytes(plane);
    block b = {.in = in};
    put_and_flush(&w, 0x0178, 16); /* deflate, 32 KiB; fastest */
    for (; b.from < n; b.from = b.to) {
        b.to = n - b.from < bytes ? n : b.from + bytes;
        put_block(&w, &b, b.to == n);
    }
    if (n == 0) {
        put_and_flush(&w, empty[0], 8);
        put_and_flush(&w, empty[1], 8);
    }
    align_to_byte(&w);
    for (int i = 3; i >= 0; i--)
        put_and_flush(&w, adler32 >> (8 * i) & 0xff, 8);
    return (size_t)(w.at - out);
}
