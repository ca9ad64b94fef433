/* tests/test_twins.c - the CUDA twins give what the CPU twins give, to the last bit, on generated traces
 * larger than those that the simulator of test_differential.c can follow: prefixes, runs in every scope,
 * distances and curves for blocks of 1 and 16, with and without outputs, and hashes of prefixes.
 *
 * Exit code 77 where there is no CUDA device. Replay: LTA_TEST_SEED=<seed> LTA_TEST_TRACES=1. */
#include "kernels/ops.h"
#include "pipeline/core/array.h"
#include "pipeline/curve/curve.h"
#include "pipeline/import/sequence_encoder.h"
#include "pipeline/reuse/reuse.h"
#include "pipeline/synth/random.h"
#include "tests/generate.h"
#include "tests/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { SKIPPED = 77, TRACES = 1000, LONGEST = 4096, SHAPES = 7 };

typedef struct twins {
    const lta_ops *cpu, *cuda;
    uint64_t seed, n;
    lta_sequences s;
    uint32_t *session, *source; /* [n] */
    uint64_t runs;              /* compared */
} twins;

static void differ(const twins *t, const char *what)
{
    fail_msg("%s differ on the trace of seed %llu, %llu requests", what, (unsigned long long)t->seed,
             (unsigned long long)t->n);
}

static void same(const twins *t, const char *what, const void *a, const void *b, uint64_t n, size_t size)
{
    if (n > 0 && memcmp(a, b, n * size) != 0)
        differ(t, what);
}

static void check(const twins *t, lta_status st)
{
    if (st != LTA_OK)
        fail_msg("seed %llu: %s", (unsigned long long)t->seed, lta_error_detail());
}

/* ---- traces ---- */

/* A request's symbols, made from those of its session's last request or of any earlier one. */
typedef struct maker {
    lta_random *random;
    unsigned shape;
    uint64_t alphabet, base;
    uint64_t *last[16]; /* by session */
    uint32_t last_n[16];
} maker;

static uint64_t below(maker *m, uint64_t n)
{
    return lta_random_below(m->random, n);
}

static uint32_t add_symbols(maker *m, uint64_t *out, uint32_t n, uint64_t count)
{
    for (uint64_t i = 0; i < count && n < LONGEST; i++)
        out[n++] = m->base + below(m, m->alphabet);
    return n;
}

static uint32_t make_symbols(maker *m, uint64_t r, uint32_t session, uint64_t *out)
{
    uint32_t n = 0, from = (uint32_t)below(m, 16);
    switch (m->shape) {
    case 0: /* one symbol a request: a cache-access trace */
        out[0] = m->base + lta_random_rank(m->random, m->alphabet);
        return 1;
    case 1: /* the same prompt again and again, and its prefixes */
        n = r == 0 ? add_symbols(m, out, 0, 300) : m->last_n[0];
        if (r > 0)
            memcpy(out, m->last[0], n * sizeof *out);
        return r > 0 && below(m, 3) == 0 ? (uint32_t)below(m, n + UINT64_C(1)) : n;
    case 2: /* nothing shared but a first symbol */
        out[0] = m->base;
        out[1] = m->base + 1 + r;
        return add_symbols(m, out, 2, below(m, 20));
    case 3: /* chats: all that was said, and a new message */
    case 4: /* agents: part of it left out */
        n = m->last_n[session] < LONGEST - 64 ? m->last_n[session] : 0;
        memcpy(out, m->last[session], n * sizeof *out);
        if (m->shape == 4 && n > 40 && below(m, 3) == 0) {
            memmove(out + 20, out + 30, (n - 30) * sizeof *out);
            n -= 10;
        }
        return add_symbols(m, out, n, below(m, 30));
    case 5: /* branches off anywhere from anyone */
        n = m->last_n[from] > 0 ? (uint32_t)below(m, m->last_n[from] + UINT64_C(1)) : 0;
        memcpy(out, m->last[from], n * sizeof *out);
        return add_symbols(m, out, n, below(m, 12));
    default: /* each one symbol longer than the one before */
        n = m->last_n[0] < LONGEST - 1 ? m->last_n[0] : 0;
        memcpy(out, m->last[0], n * sizeof *out);
        return add_symbols(m, out, n, 1);
    }
}

static void make_trace(twins *t)
{
    static const uint64_t alphabets[] = {1, 2, 50, UINT64_C(1) << 40};
    lta_random random;
    lta_random_seed(&random, t->seed, 0);
    maker m = {.random = &random};
    lta_sequence_encoder *encoder;
    uint64_t *symbols = test_alloc(LONGEST + 64, sizeof *symbols);
    m.shape = (unsigned)(t->seed % SHAPES);
    m.alphabet = m.shape == 0 ? 1 + below(&m, 2000) : alphabets[below(&m, 4)];
    m.base = below(&m, 5) == 0 ? (UINT64_C(1) << 32) - 2 : 0;
    t->n = below(&m, 20) == 0 ? 1 + below(&m, 4000) : below(&m, 200);
    t->session = test_alloc(t->n, sizeof *t->session);
    t->source = test_alloc(t->n, sizeof *t->source);
    for (int i = 0; i < 16; i++)
        m.last[i] = test_alloc(LONGEST + 64, sizeof *symbols);
    check(t, lta_sequence_encoder_create(&encoder));
    for (uint64_t r = 0; r < t->n; r++) {
        uint32_t session = (uint32_t)below(&m, 16), n = make_symbols(&m, r, session, symbols);
        t->session[r] = session;
        t->source[r] = session % 3;
        check(t, lta_sequence_encoder_add(encoder, session, 0, symbols,
                                          n - (uint32_t)below(&m, n / 4 + UINT64_C(1)), n));
        uint32_t keep = m.shape == 1 || m.shape > 5 ? 0 : session;
        if (m.shape != 1 || r == 0) {
            memcpy(m.last[keep], symbols, n * sizeof *symbols);
            m.last_n[keep] = n;
        }
    }
    lta_sequence_encoder_finish(encoder, &t->s);
    lta_sequence_encoder_free(encoder);
    check(t, lta_sequences_complete(&t->s));
    for (int i = 0; i < 16; i++)
        lta_free(m.last[i]);
    lta_free(symbols);
}

/* ---- comparing ---- */

static void compare_curves(const twins *t, uint64_t n, const uint64_t *distance, const uint32_t *weight)
{
    lta_curve a, b;
    check(t, t->cpu->hit_curve(n, distance, weight, &a));
    check(t, t->cuda->hit_curve(n, distance, weight, &b));
    if (a.n != b.n)
        differ(t, "numbers of vertices");
    same(t, "capacities", a.capacity, b.capacity, a.n, sizeof *a.capacity);
    same(t, "hits", a.hits, b.hits, a.n, sizeof *a.hits);
    lta_curve_free(&a);
    lta_curve_free(&b);
}

/* Distances in blocks of `block`, and their curve. */
static void compare_blocks(const twins *t, const lta_trie *trie, const lta_runs *runs, const int64_t *touched,
                           uint32_t block)
{
    uint32_t *weight = test_alloc(runs->n_runs, sizeof *weight), *first = test_alloc(t->n, sizeof *first);
    uint64_t *a = test_alloc(runs->n_runs, sizeof *a), *b = test_alloc(runs->n_runs, sizeof *b);
    for (uint64_t k = 0; k < runs->n_runs; k++)
        weight[k] = (runs->start[k] + runs->length[k]) / block - runs->start[k] / block;
    for (uint64_t r = 0; r < t->n; r++)
        first[r] = (touched[r] < 0 ? 0 : trie->depth[touched[r]] / block) - lta_runs_end(runs, r) / block;
    check(t, t->cpu->stack_distance(t->n, runs->offset, runs->previous, weight, first, a));
    check(t, t->cuda->stack_distance(t->n, runs->offset, runs->previous, weight, first, b));
    same(t, "distances", a, b, runs->n_runs, sizeof *a);
    compare_curves(t, runs->n_runs, a, weight);
    lta_free(weight);
    lta_free(first);
    lta_free(a);
    lta_free(b);
}

static void same_curve(const twins *t, const lta_curve *a, const lta_curve *b)
{
    if (a->n != b->n)
        differ(t, "numbers of vertices in one go");
    same(t, "capacities in one go", a->capacity, b->capacity, a->n, sizeof *a->capacity);
    same(t, "hits in one go", a->hits, b->hits, a->n, sizeof *a->hits);
}

/* Curves in blocks in one go, for three lookup rules, against one step after the other on the CPU. runs have
 * their distances in symbols. */
static void compare_block_curves(const twins *t, const lta_trie *trie, const lta_runs *runs, bool inputs,
                                 uint32_t block)
{
    enum { RULES = 3 };
    const int64_t *touched = inputs ? trie->input_node : trie->full_node;
    uint64_t *distance = test_alloc(runs->n_runs, sizeof *distance);
    uint32_t *weight = test_alloc(runs->n_runs, sizeof *weight), *first = test_alloc(t->n, sizeof *first),
             *most = test_alloc(t->n, sizeof *most);
    lta_curve expected, got[RULES];
    for (uint64_t r = 0; r < t->n; r++)
        most[r] = (uint32_t)((r * 2654435761u + t->seed) % 40);
    const lta_lookup_rule rules[RULES] = {{0, NULL}, {1, NULL}, {2, most}};
    check(t, t->cuda->block_curves(trie, runs, touched, block, RULES, rules, got));
    for (uint64_t k = 0; k < runs->n_runs; k++)
        weight[k] = (runs->start[k] + runs->length[k]) / block - runs->start[k] / block;
    for (uint64_t r = 0; r < t->n; r++)
        first[r] = (touched[r] < 0 ? 0 : trie->depth[touched[r]] / block) - lta_runs_end(runs, r) / block;
    check(t, t->cpu->stack_distance(t->n, runs->offset, runs->previous, weight, first, distance));
    for (int i = 0; i < RULES; i++) {
        for (uint64_t r = 0; r < t->n; r++)
            for (uint64_t k = runs->offset[r]; k < runs->offset[r + 1]; k++) {
                uint32_t input = trie->input_node[r] < 0 ? 0 : trie->depth[trie->input_node[r]];
                uint32_t limit = input > rules[i].leave ? input - rules[i].leave : 0,
                         end = runs->start[k] + runs->length[k];
                limit = rules[i].most && most[r] < limit ? most[r] : limit;
                end = end < limit ? end : limit;
                weight[k] = runs->start[k] < end ? end / block - runs->start[k] / block : 0;
            }
        check(t, t->cpu->hit_curve(runs->n_runs, distance, weight, &expected));
        same_curve(t, &expected, &got[i]);
        lta_curve_free(&expected);
        lta_curve_free(&got[i]);
    }
    lta_free(distance);
    lta_free(weight);
    lta_free(first);
    lta_free(most);
}

/* own: the trie of the twin, which has left it on the device, or the CPU's. */
static void compare_scope(twins *t, const lta_trie *trie, const lta_trie *own, bool inputs,
                          const uint32_t *group)
{
    lta_runs a, b, c;
    const int64_t *touched = inputs ? trie->input_node : trie->full_node,
                  *own_touched = inputs ? own->input_node : own->full_node;
    check(t, t->cpu->run_build(trie, touched, group, &a));
    check(t, t->cuda->run_build(own, own_touched, group, &b));
    if (a.n_runs != b.n_runs)
        differ(t, "numbers of runs");
    same(t, "offsets", a.offset, b.offset, a.n + 1, sizeof *a.offset);
    same(t, "last touchers", a.previous, b.previous, a.n_runs, sizeof *a.previous);
    same(t, "starts", a.start, b.start, a.n_runs, sizeof *a.start);
    same(t, "lengths", a.length, b.length, a.n_runs, sizeof *a.length);
    lta_runs_free(&b);
    check(t, t->cpu->reuse_runs(trie, touched, group, &b));
    check(t, t->cuda->reuse_runs(own, own_touched, group, &c));
    if (c.n_runs != a.n_runs)
        differ(t, "numbers of runs in one go");
    same(t, "offsets in one go", a.offset, c.offset, a.n + 1, sizeof *a.offset);
    same(t, "last touchers in one go", a.previous, c.previous, a.n_runs, sizeof *a.previous);
    same(t, "starts in one go", a.start, c.start, a.n_runs, sizeof *a.start);
    same(t, "lengths in one go", a.length, c.length, a.n_runs, sizeof *a.length);
    same(t, "distances in one go", b.distance, c.distance, a.n_runs, sizeof *b.distance);
    /* both on the device already, if own is; or from the host */
    compare_block_curves(t, own, &c, inputs, t->seed % 2 ? 1 : 16);
    if (t->seed % 4 == 0)
        compare_block_curves(t, trie, &b, inputs, t->seed % 8 ? 1 : 5);
    lta_runs_free(&c);
    compare_blocks(t, trie, &a, touched, 1);
    compare_blocks(t, trie, &a, touched, 16);
    t->runs += a.n_runs;
    lta_runs_free(&a);
    lta_runs_free(&b);
}

static void compare_hashes(const twins *t)
{
    uint64_t n = 2 * t->n, base = (UINT64_C(1) << 33) + t->seed;
    uint64_t *request = test_alloc(n, sizeof *request), *a = test_alloc(n, sizeof *a),
             *b = test_alloc(n, sizeof *b);
    uint32_t *depth = test_alloc(n, sizeof *depth);
    for (uint64_t i = 0; i < n; i++) {
        request[i] = i / 2;
        depth[i] = i % 2 ? t->s.full_length[i / 2] : t->s.full_length[i / 2] / 3;
    }
    check(t, t->cpu->prefix_hash(&t->s, n, request, depth, base, a));
    check(t, t->cuda->prefix_hash(&t->s, n, request, depth, base, b));
    same(t, "hashes of prefixes", a, b, n, sizeof *a);
    lta_free(request);
    lta_free(depth);
    lta_free(a);
    lta_free(b);
}

static void compare_trace(twins *t)
{
    lta_trie a, b;
    make_trace(t);
    check(t, t->cpu->trie_build(&t->s, &a));
    check(t, t->cuda->trie_build(&t->s, &b));
    if (a.n_nodes != b.n_nodes || a.n_requests != b.n_requests)
        differ(t, "numbers of nodes");
    same(t, "parents", a.parent, b.parent, a.n_nodes, sizeof *a.parent);
    same(t, "depths", a.depth, b.depth, a.n_nodes, sizeof *a.depth);
    same(t, "owners", a.owner, b.owner, a.n_nodes, sizeof *a.owner);
    same(t, "nodes of inputs", a.input_node, b.input_node, a.n_requests, sizeof *a.input_node);
    same(t, "nodes of full sequences", a.full_node, b.full_node, a.n_requests, sizeof *a.full_node);
    const uint32_t *groups[] = {NULL, t->source, t->session};
    for (int g = 0; g < 3; g++) {
        compare_scope(t, &a, t->seed % 3 ? &b : &a, false, groups[g]);
        compare_scope(t, &a, t->seed % 3 ? &b : &a, true, groups[g]);
    }
    compare_hashes(t);
    lta_trie_free(&a);
    lta_trie_free(&b);
    lta_sequences_free(&t->s);
    lta_free(t->session);
    lta_free(t->source);
}

static void cuda_gives_what_the_cpu_gives(void **state)
{
    twins *t = *state;
    uint64_t seed = test_seed(), n = test_count(TRACES), requests = 0, most = 0;
    for (uint64_t i = 0; i < n; i++) {
        t->seed = seed + i;
        compare_trace(t);
        requests += t->n;
        most = t->n > most ? t->n : most;
    }
    printf("%llu traces from seed %llu, %llu requests, %llu at most, %llu runs\n", (unsigned long long)n,
           (unsigned long long)seed, (unsigned long long)requests, (unsigned long long)most,
           (unsigned long long)t->runs);
    if (n >= TRACES)
        assert_true(most > 2000 && t->runs > requests);
}

int main(void)
{
    twins t = {0};
    if (lta_ops_get("cpu", &t.cpu) != LTA_OK || lta_ops_get("cuda", &t.cuda) != LTA_OK) {
        printf("skipped: %s\n", lta_error_detail());
        return SKIPPED;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(cuda_gives_what_the_cpu_gives, &t)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
