/* kernels/trie_build_cpu.c - the trie from the pieces alone, by sorting the depths at which paths are cut.
 *
 * In canonical sequences (pipeline/doc/store-format.md) the first piece of request r copies (q, 0, g): g is
 * the longest prefix that r shares with any earlier request and q is the lowest request that has it. So r
 * owns exactly the positions g+1 .. full_length of its path, and every position of the trie has one name:
 * (owner, depth). Nodes end where a path is cut: at the ends of inputs and full sequences, and where a later
 * request leaves its prefix. Collecting these names and sorting them by (owner, depth) gives the rows in
 * their final order; no symbol is followed.
 *
 * That the pieces are canonical is checked, not believed: a prefix must end in positions that q owns, and all
 * the paths that leave one position must begin with different symbols. Together these make the trie right, so
 * a hand-made store cannot give a wrong one. The symbols are compared themselves (a hash only finds the place
 * to look), so no collision can matter.
 *
 * Cost: O(requests) plus sorting the cuts of each owner; prompt lengths do not enter. Finding the owner of an
 * input end that lies inside shared history follows the owners' chain by jump pointers (Myers, Inf. Proc.
 * Letters 17(5), 1983). */
#include "kernels/trie_build.h"

#include "pipeline/core/array.h"

#include <stdlib.h>
#include <string.h>

typedef struct prefixes { /* per request, from its first piece */
    const lta_sequences *s;
    uint32_t *from;   /* [n] q; itself when it shares nothing */
    uint32_t *shared; /* [n] g */
    uint32_t *jump;   /* [n] an owner further up the chain of q's */
    uint32_t *level;  /* [n] length of that chain */
} prefixes;

static void prefixes_free(prefixes *p)
{
    lta_free(p->from);
    lta_free(p->shared);
    lta_free(p->jump);
    lta_free(p->level);
}

static lta_status read_prefixes(const lta_sequences *s, prefixes *p)
{
    lta_status st = LTA_OK;
    *p = (prefixes){.s = s};
    LTA_TRY(LTA_ALLOC(&p->from, s->n));
    LTA_TRY(LTA_ALLOC(&p->shared, s->n));
    LTA_TRY(LTA_ALLOC(&p->jump, s->n));
    LTA_TRY(LTA_ALLOC(&p->level, s->n));
    for (uint64_t r = 0; r < s->n; r++) {
        uint64_t k = s->offset[r];
        bool copies = k < s->offset[r + 1] && s->piece_request[k] >= 0 && s->piece_start[k] == 0;
        uint32_t q = copies ? (uint32_t)s->piece_request[k] : (uint32_t)r;
        p->from[r] = q;
        p->shared[r] = copies ? s->piece_length[k] : 0;
        if (!copies) {
            p->jump[r] = q;
            p->level[r] = 0;
            continue;
        }
        if (p->shared[q] >= p->shared[r]) {
            st = lta_fail(LTA_ERR_FORMAT,
                          "request %llu copies %u symbols from request %u, which shares %u of them with an "
                          "earlier one; "
                          "expected the lowest request that has them: import the trace again",
                          (unsigned long long)r, p->shared[r], q, p->shared[q]);
            goto done;
        }
        uint32_t j = p->jump[q];
        p->level[r] = p->level[q] + 1;
        p->jump[r] = p->level[q] - p->level[j] == p->level[j] - p->level[p->jump[j]] ? p->jump[j] : q;
    }
done:
    return st;
}

/* The request that owns the position at `depth` (at least 1) of r's path. */
static uint32_t owner_at(const prefixes *p, uint32_t r, uint32_t depth)
{
    while (p->shared[r] >= depth) {
        uint32_t j = p->jump[r];
        r = p->shared[j] >= depth ? j : p->from[r];
    }
    return r;
}

static uint64_t symbol_after(const lta_sequences *s, uint64_t r, uint32_t depth)
{
    uint64_t index;
    (void)lta_sequences_span(s, r, depth, &index);
    return lta_sequences_symbol_at(s, index);
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    return x ^ x >> 32;
}

/* Do others than r leave the position where r leaves its prefix? Mostly r extends a request that nobody else
 * does; then there is nothing to compare. extended: [n] how many requests extend each, up to 2. */
static bool is_shared_branch(const prefixes *p, const uint8_t *extended, uint64_t r)
{
    uint32_t g = p->shared[r], q = p->from[r];
    return p->s->full_length[r] > g && (g == 0 || p->s->full_length[q] > g || extended[q] > 1);
}

static lta_status count_extensions(const prefixes *p, uint8_t **out)
{
    const lta_sequences *s = p->s;
    uint8_t *extended;
    lta_status st = LTA_CALLOC(&extended, s->n);
    if (st != LTA_OK)
        return st;
    for (uint64_t r = 0; r < s->n; r++) {
        uint32_t q = p->from[r];
        if (q != r && s->full_length[q] == p->shared[r] && s->full_length[r] > p->shared[r])
            extended[q] = (uint8_t)(extended[q] == 0 ? 1 : 2);
    }
    *out = extended;
    return LTA_OK;
}

/* A path that leaves a position. */
typedef struct branch {
    uint64_t symbol;       /* by which it does */
    uint32_t owner, depth; /* the position; depth 0: the root */
    uint32_t request;      /* 1 + the request that goes this way; 0 = free slot */
    uint32_t said_by;      /* the request that leaves its prefix there */
} branch;

typedef struct branch_table {
    branch *slot;
    uint64_t n_slots; /* a power of two */
} branch_table;

static uint64_t slot_of(const branch_table *t, const branch *b)
{
    return mix(b->symbol + mix((uint64_t)b->owner << 32 | b->depth)) & (t->n_slots - 1);
}

static lta_status add_branch(const branch_table *t, const branch *b)
{
    uint64_t i = slot_of(t, b);
    branch *slot = t->slot;
    while (slot[i].request != 0 &&
           (slot[i].symbol != b->symbol || slot[i].owner != b->owner || slot[i].depth != b->depth))
        i = (i + 1) & (t->n_slots - 1);
    if (slot[i].request == 0)
        slot[i] = *b;
    else if (slot[i].request != b->request)
        return lta_fail(LTA_ERR_FORMAT,
                        "requests %u and %u share more than the %u symbols that request %u says it shares; "
                        "expected longest shared prefixes: import the trace again",
                        slot[i].request - 1, b->request - 1, b->depth, b->said_by);
    return LTA_OK;
}

/* The way by which r leaves its prefix, and the one by which the prefix's owner goes on there. Returns how
 * many of them there are. */
static unsigned list_branches(const prefixes *p, uint64_t r, branch *out)
{
    const lta_sequences *s = p->s;
    uint32_t g = p->shared[r], q = g > 0 ? p->from[r] : 0;
    unsigned n = 0;
    for (int own = 0; own < 2; own++) {
        uint32_t who = own ? q : (uint32_t)r;
        if (s->full_length[who] > g && (!own || g > 0))
            out[n++] = (branch){.symbol = symbol_after(s, who, g),
                                .owner = q,
                                .depth = g,
                                .request = who + 1,
                                .said_by = (uint32_t)r};
    }
    return n;
}

/* Every path that leaves a position, the owner's own continuation included, must do so by another symbol.
 * Some branches at a time: their slots are asked for before the first of them is needed. */
static lta_status check_branches(const prefixes *p)
{
    enum { AT_ONCE = 32 };
    lta_status st = LTA_OK;
    uint64_t n = p->s->n, n_shared = 0;
    uint8_t *extended = NULL;
    branch_table t = {.n_slots = 16};
    LTA_TRY(count_extensions(p, &extended));
    for (uint64_t r = 0; r < n; r++)
        n_shared += is_shared_branch(p, extended, r);
    while (t.n_slots < 4 * n_shared) /* at most two branches a request */
        t.n_slots *= 2;
    LTA_TRY(LTA_CALLOC(&t.slot, t.n_slots));
    for (uint64_t r = 0; r < n;) {
        branch some[AT_ONCE + 1];
        unsigned m = 0;
        for (; r < n && m < AT_ONCE; r++)
            if (is_shared_branch(p, extended, r))
                m += list_branches(p, r, some + m);
        for (unsigned i = 0; i < m; i++)
            __builtin_prefetch(&t.slot[slot_of(&t, &some[i])], 1);
        for (unsigned i = 0; i < m; i++)
            LTA_TRY(add_branch(&t, &some[i]));
    }
done:
    lta_free(extended);
    lta_free(t.slot);
    return st;
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Sorts, and drops repetitions; returns how many are left. */
static uint64_t sort_unique(uint32_t *v, uint64_t n)
{
    if (n > 16) {
        qsort(v, n, sizeof *v, compare_u32);
    } else {
        for (uint64_t i = 1; i < n; i++) {
            uint32_t x = v[i];
            uint64_t j = i;
            for (; j > 0 && v[j - 1] > x; j--)
                v[j] = v[j - 1];
            v[j] = x;
        }
    }
    uint64_t kept = 0;
    for (uint64_t i = 0; i < n; i++)
        if (kept == 0 || v[kept - 1] != v[i])
            v[kept++] = v[i];
    return kept;
}

/* The row of (owner, depth), which exists. */
static int64_t row_of(const uint64_t *first_row, const uint32_t *depth, uint32_t owner, uint32_t at)
{
    uint64_t lo = first_row[owner], hi = first_row[owner + 1] - 1;
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (depth[mid] < at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return (int64_t)lo;
}

static bool is_flat(const lta_sequences *s)
{
    uint32_t longest = 0;
    for (uint64_t r = 0; r < s->n && longest < 2; r++)
        longest = s->full_length[r] > longest ? s->full_length[r] : longest;
    return longest < 2;
}

lta_status lta_trie_build_cpu(const lta_sequences *s, lta_trie *out)
{
    lta_status st = LTA_OK;
    bool canonical = false;
    prefixes p = {0};
    lta_trie t = {.n_requests = s->n};
    uint32_t *input_owner = NULL, *cut = NULL;
    uint64_t *first = NULL, *fill = NULL, *first_row = NULL;

    if (is_flat(s))
        LTA_TRY(lta_flat_trie_build_cpu(s, out, &canonical));
    if (canonical)
        goto done;
    LTA_TRY(read_prefixes(s, &p));
    LTA_TRY(check_branches(&p));
    LTA_TRY(LTA_ALLOC(&input_owner, s->n));
    LTA_TRY(LTA_CALLOC(&first, s->n + 2));
    LTA_TRY(LTA_ALLOC(&fill, s->n + 1));
    LTA_TRY(LTA_ALLOC(&first_row, s->n + 1));

    /* cuts by owner: count, place, sort */
    for (uint32_t r = 0; r < s->n; r++) {
        input_owner[r] = s->input_length[r] > 0 ? owner_at(&p, r, s->input_length[r]) : r;
        if (s->input_length[r] > 0)
            first[input_owner[r] + 1]++;
        if (s->full_length[r] > p.shared[r])
            first[r + 1]++;
        if (p.shared[r] > 0)
            first[p.from[r] + 1]++;
    }
    for (uint64_t r = 0; r < s->n; r++)
        first[r + 1] += first[r];
    memcpy(fill, first, (s->n + 1) * sizeof *fill);
    LTA_TRY(LTA_ALLOC(&cut, first[s->n]));
    for (uint32_t r = 0; r < s->n; r++) {
        if (s->input_length[r] > 0)
            cut[fill[input_owner[r]]++] = s->input_length[r];
        if (s->full_length[r] > p.shared[r])
            cut[fill[r]++] = s->full_length[r];
        if (p.shared[r] > 0)
            cut[fill[p.from[r]]++] = p.shared[r];
    }
    for (uint64_t r = 0; r < s->n; r++) {
        uint64_t kept = sort_unique(cut + first[r], first[r + 1] - first[r]);
        memmove(cut + t.n_nodes, cut + first[r], kept * sizeof *cut);
        first_row[r] = t.n_nodes;
        t.n_nodes += kept;
    }
    first_row[s->n] = t.n_nodes;

    LTA_TRY(LTA_ALLOC(&t.parent, t.n_nodes));
    LTA_TRY(LTA_ALLOC(&t.depth, t.n_nodes));
    LTA_TRY(LTA_ALLOC(&t.owner, t.n_nodes));
    LTA_TRY(LTA_ALLOC(&t.input_node, s->n));
    LTA_TRY(LTA_ALLOC(&t.full_node, s->n));
    memcpy(t.depth, cut, t.n_nodes * sizeof *cut);
    for (uint32_t r = 0; r < s->n; r++) {
        int64_t above = p.shared[r] > 0 ? row_of(first_row, t.depth, p.from[r], p.shared[r]) : -1;
        for (uint64_t row = first_row[r]; row < first_row[r + 1]; row++) {
            t.owner[row] = r;
            t.parent[row] = row == first_row[r] ? above : (int64_t)row - 1;
        }
        t.full_node[r] = s->full_length[r] > p.shared[r] ? (int64_t)first_row[r + 1] - 1 : above;
        t.input_node[r] =
            s->input_length[r] > 0 ? row_of(first_row, t.depth, input_owner[r], s->input_length[r]) : -1;
    }
    *out = t;
    t = (lta_trie){0};
done:
    lta_trie_free(&t);
    prefixes_free(&p);
    lta_free(input_owner);
    lta_free(cut);
    lta_free(first);
    lta_free(fill);
    lta_free(first_row);
    return st;
}
