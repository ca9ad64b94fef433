/* tests/test_enrich.c - enrichment fields against their definitions, counted position by position on
 * generated traces.
 *
 * Traces: LTA_TEST_TRACES (600), from seed LTA_TEST_SEED on. tests/enrich_reference.py repeats the comparison
 * on whole stores, through the program. */
#include "pipeline/core/array.h"
#include "tests/enrich_trial.h"
#include "tests/memory.h"
#include "tests/oracle/oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Distance of a position last touched at `stamp`: touches are stamped deepest first, so what was touched
 * since has a higher stamp. */
static uint64_t distance_of(const uint64_t *stamp, uint64_t n_positions, uint64_t position)
{
    uint64_t d = 0;
    for (uint64_t q = 0; q < n_positions; q++)
        d += stamp[q] >= stamp[position];
    return d;
}

/* Everything that depends on one scope's reuse. Only scope global fills and checks all fields. */
static void check_scope(const trial *x, oracle_scope scope)
{
    const test_trace *t = x->test;
    const lta_enrichment *e = &x->e;
    const lta_fields *f = &e->fields;
    const uint32_t *reusable = scope == ORACLE_GLOBAL   ? f->reusable[LTA_SCOPE_GLOBAL]
                               : scope == ORACLE_SOURCE ? f->reusable[LTA_SCOPE_SOURCE]
                                                        : f->reusable[LTA_SCOPE_SESSION];
    oracle_paths p = oracle_paths_build(t, scope, x->inputs_only);
    uint64_t *stamp = test_alloc(p.n_positions, sizeof *stamp), clock = 0; /* 0 = never */
    int64_t *toucher = test_alloc(p.n_positions, sizeof *toucher);
    int64_t *next = test_alloc(t->n, sizeof *next);
    uint64_t touched = 0;
    for (uint64_t r = 0; r < t->n; r++)
        next[r] = -1;
    for (uint64_t r = 0; r < t->n; r++) {
        const uint64_t *path = p.position + p.offset[r];
        uint64_t length = p.offset[r + 1] - p.offset[r], end = 0;
        while (end < t->request[r].input_length && stamp[path[end]] > 0) {
            if (next[toucher[path[end]]] < 0)
                next[toucher[path[end]]] = (int64_t)r;
            end++;
        }
        expect(x, "reusable", r, reusable[r], end);
        if (scope == ORACLE_GLOBAL) {
            int64_t from = end > 0 ? toucher[path[end - 1]] : -1;
            expect(x, "new_symbols", r, f->new_symbols[r], t->request[r].input_length - end);
            expect(x, "reuse_distance", r, f->reuse_distance[r],
                   end > 0 ? distance_of(stamp, p.n_positions, path[end - 1]) : 0);
            expect(x, "reuse_distance_first", r, f->reuse_distance_first[r],
                   end > 0 ? distance_of(stamp, p.n_positions, path[0]) : 0);
            expect(x, "reuse_request", r, (uint64_t)f->reuse_request[r], (uint64_t)from);
            expect(x, "reuse_time_us", r, (uint64_t)f->reuse_time_us[r],
                   (uint64_t)(from < 0 ? -1 : t->request[r].arrival_us - t->request[from].arrival_us));
            expect(x, "working_set", r, f->working_set[r], touched);
        }
        for (uint64_t d = length; d-- > 0;) {
            touched += stamp[path[d]] == 0;
            stamp[path[d]] = ++clock;
            toucher[path[d]] = (int64_t)r;
        }
    }
    if (scope == ORACLE_GLOBAL) {
        expect(x, "distinct", 0, e->distinct, touched);
        for (uint64_t r = 0; r < t->n; r++) {
            expect(x, "next_request", r, (uint64_t)f->next_request[r], (uint64_t)next[r]);
            expect(x, "next_reuse_time_us", r, (uint64_t)f->next_reuse_time_us[r],
                   (uint64_t)(next[r] < 0 ? -1 : t->request[next[r]].arrival_us - t->request[r].arrival_us));
        }
    }
    lta_free(next);
    lta_free(toucher);
    lta_free(stamp);
    oracle_paths_free(&p);
}

static void check_hits(const trial *x)
{
    oracle_paths p = oracle_paths_build(x->test, ORACLE_GLOBAL, x->inputs_only);
    uint64_t *hits[2] = {test_alloc(x->test->n, sizeof **hits), test_alloc(x->test->n, sizeof **hits)};
    for (int c = 0; c < TRIAL_CAPACITIES; c++) {
        oracle_replay(x->test, &p, 1, trial_capacities[c], hits);
        for (uint64_t r = 0; r < x->test->n; r++)
            expect(x, "hit_<C>", r, x->e.fields.hit[c][r], hits[0][r]);
    }
    lta_free(hits[0]);
    lta_free(hits[1]);
    oracle_paths_free(&p);
}

/* A node ends where an input or a full sequence ends, and where paths part. */
static void check_trie_depth(const trial *x)
{
    const test_trace *t = x->test;
    oracle_paths p = oracle_paths_build(t, ORACLE_GLOBAL, false);
    bool *ends = test_alloc(p.n_positions, sizeof *ends);
    uint64_t *child = test_alloc(p.n_positions, sizeof *child); /* 1 + some child */
    for (uint64_t r = 0; r < t->n; r++) {
        const uint64_t *path = p.position + p.offset[r];
        if (t->request[r].input_length > 0)
            ends[path[t->request[r].input_length - 1]] = true;
        if (t->request[r].full_length > 0)
            ends[path[t->request[r].full_length - 1]] = true;
        for (uint64_t d = 0; d + 1 < t->request[r].full_length; d++) {
            ends[path[d]] = ends[path[d]] || (child[path[d]] != 0 && child[path[d]] != path[d + 1] + 1);
            child[path[d]] = path[d + 1] + 1;
        }
    }
    for (uint64_t r = 0; r < t->n; r++) {
        uint64_t nodes = 0;
        for (uint64_t i = p.offset[r]; i < p.offset[r + 1]; i++)
            nodes += ends[p.position[i]];
        expect(x, "trie_depth", r, x->e.fields.trie_depth[r], nodes);
    }
    lta_free(child);
    lta_free(ends);
    oracle_paths_free(&p);
}

static void check_times_and_sessions(const trial *x)
{
    const test_trace *t = x->test;
    const lta_fields *f = &x->e.fields;
    for (uint64_t r = 0; r < t->n; r++) {
        const test_request *q = &t->request[r];
        int64_t think = -1;
        uint64_t turns = 0;
        expect(x, "interarrival_us", r, (uint64_t)f->interarrival_us[r],
               (uint64_t)(r == 0 ? -1 : q->arrival_us - t->request[r - 1].arrival_us));
        expect(x, "kv_bytes", r, f->kv_bytes[r], ((uint64_t)q->input_tokens + q->output_tokens) * 131072);
        if (!t->has_sessions)
            continue;
        for (uint64_t i = 0; q->session != TEST_NO_SESSION && i < t->n; i++) {
            if (t->request[i].session != q->session)
                continue;
            turns++;
            if (i < r)
                think = q->arrival_us - t->request[i].arrival_us;
        }
        expect(x, "think_time_us", r, (uint64_t)f->think_time_us[r], (uint64_t)think);
        expect(x, "session_turns", r, f->session_turns[r], turns);
        expect(x, "reusable_cross", r, f->reusable_cross[r],
               f->reusable[LTA_SCOPE_SOURCE][r] - f->reusable[LTA_SCOPE_SESSION][r]);
    }
}

/* Kavier's cache as a list of keys, most recent last. */
static void check_prompt_cache(const trial *x, uint32_t min_symbols, bool by_session)
{
    const test_trace *t = x->test;
    uint32_t min_tokens = min_symbols * x->e.trace.block_tokens;
    oracle_paths p = oracle_paths_build(t, by_session ? ORACLE_SESSION : ORACLE_GLOBAL, true);
    uint64_t *list = test_alloc(t->n, sizeof *list), n = 0, *got, lookups, want_lookups = 0;
    must(x, lta_prompt_cache_distances(&x->e, min_tokens, by_session, &got, &lookups));
    for (uint64_t r = 0; r < t->n; r++) {
        uint64_t want = 0;
        if (t->request[r].input_tokens >= min_tokens && t->request[r].input_length >= min_symbols) {
            uint64_t key = p.position[p.offset[r] + min_symbols - 1], at = 0;
            want_lookups++;
            while (at < n && list[at] != key)
                at++;
            if (at < n) {
                want = n - at;
                memmove(list + at, list + at + 1, (size_t)(--n - at) * sizeof *list);
            }
            list[n++] = key;
        }
        expect(x, "prompt cache distance", r, got[r], want);
    }
    expect(x, "prompt cache lookups", min_tokens, lookups, want_lookups);
    lta_free(got);
    lta_free(list);
    oracle_paths_free(&p);
}

static void fields_match_their_definitions(void **state)
{
    (void)state;
    uint64_t seed = test_seed(), count = test_count(600);
    for (uint64_t i = 0; i < count; i++) {
        test_trace t = test_trace_generate(seed + i);
        for (int inputs_only = 0; inputs_only <= 1; inputs_only++) {
            trial x;
            prepare(&x, &t, inputs_only);
            check_scope(&x, ORACLE_GLOBAL);
            check_scope(&x, ORACLE_SOURCE);
            if (t.has_sessions)
                check_scope(&x, ORACLE_SESSION);
            check_hits(&x);
            check_trie_depth(&x);
            check_times_and_sessions(&x);
            for (uint32_t min_symbols = 1; min_symbols <= 9; min_symbols += 4) {
                check_prompt_cache(&x, min_symbols, false);
                if (t.has_sessions)
                    check_prompt_cache(&x, min_symbols, true);
            }
            lta_enrichment_free(&x.e);
        }
        test_trace_free(&t);
    }
}

/* The five requests of the design, section 3. */
static void design_example(void **state)
{
    (void)state;
    static const uint32_t reusable[] = {0, 2, 3, 1, 2};
    static const uint64_t distance[] = {0, 2, 4, 1, 2}, first[] = {0, 1, 1, 1, 1},
                          working_set[] = {0, 3, 4, 4, 5};
    static const int64_t request[] = {-1, 0, 0, 2, 3}, next[] = {1, 2, 3, 4, -1};
    test_trace t = test_trace_from_words("ABC ABD ABC AE AE");
    trial x;
    prepare(&x, &t, false);
    for (uint64_t r = 0; r < 5; r++) {
        expect(&x, "reusable", r, x.e.fields.reusable[LTA_SCOPE_GLOBAL][r], reusable[r]);
        expect(&x, "reuse_distance", r, x.e.fields.reuse_distance[r], distance[r]);
        expect(&x, "reuse_distance_first", r, x.e.fields.reuse_distance_first[r], first[r]);
        expect(&x, "working_set", r, x.e.fields.working_set[r], working_set[r]);
        expect(&x, "reuse_request", r, (uint64_t)x.e.fields.reuse_request[r], (uint64_t)request[r]);
        expect(&x, "next_request", r, (uint64_t)x.e.fields.next_request[r], (uint64_t)next[r]);
    }
    lta_enrichment_free(&x.e);
    test_trace_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(design_example),
        cmocka_unit_test(fields_match_their_definitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
