/* tests/test_tables.c - summary tables: sums of fields, and counts by definition, on generated traces.
 *
 * Traces: LTA_TEST_TRACES (600), from seed LTA_TEST_SEED on. */
#include "pipeline/core/array.h"
#include "tests/enrich_trial.h"
#include "tests/memory.h"
#include "tests/oracle/oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const lta_table *find_table(const lta_table_set *set, const char *name)
{
    for (uint64_t i = 0; i < set->n; i++)
        if (strcmp(set->table[i]->name, name) == 0)
            return set->table[i];
    fail_msg("no table %s", name);
    return NULL;
}

static uint64_t cell(const lta_table *t, const char *column, uint64_t row)
{
    for (uint64_t c = 0; c < t->n_columns; c++)
        if (strcmp(t->column[c].name, column) == 0)
            return ((const uint64_t *)t->column[c].data)[row];
    fail_msg("no column %s in %s", column, t->name);
    return 0;
}

static uint64_t sum_of(const lta_table *t, const char *column)
{
    uint64_t sum = 0;
    for (uint64_t row = 0; row < t->n_rows; row++)
        sum += cell(t, column, row);
    return sum;
}

static uint64_t field_sum(const uint32_t *field, uint64_t n)
{
    uint64_t sum = 0;
    for (uint64_t r = 0; r < n; r++)
        sum += field[r];
    return sum;
}

/* distances of all looked-up symbols, ascending, from a replay: a symbol hits from its distance on */
static void check_distances(const trial *x, const lta_table_set *set)
{
    const lta_table *d = find_table(set, "distributions"), *h = find_table(set, "reuse_distance");
    const lta_block_runs *b = &x->e.by_symbol;
    uint64_t total = cell(d, "values", 0), *all = test_alloc(total, sizeof *all), *scratch, n = 0, sum = 0;
    for (uint64_t k = 0; k < b->n_runs; k++)
        for (uint64_t j = 1; j <= b->looked_up[k]; j++) {
            assert_true(n < total);
            all[n++] = b->distance[k] + j;
            sum += b->distance[k] + j;
        }
    scratch = test_alloc(n, sizeof *scratch);
    lta_sort_u64(all, scratch, n);
    expect(x, "distances", 0, total, n);
    expect(x, "sum of distances", 0, cell(d, "sum", 0), sum);
    if (n > 0) {
        expect(x, "min", 0, cell(d, "min", 0), all[0]);
        expect(x, "q250", 0, cell(d, "q250", 0), all[(n + 3) / 4 - 1]);
        expect(x, "median", 0, cell(d, "median", 0), all[(n + 1) / 2 - 1]);
        expect(x, "max", 0, cell(d, "max", 0), all[n - 1]);
    }
    uint64_t at = 0;
    for (uint64_t row = 0; row < h->n_rows; row++) {
        uint64_t from = at;
        while (at < n && all[at] < cell(h, "next_edge", row))
            at++;
        expect(x, "histogram bin", cell(h, "edge", row), cell(h, "count", row), at - from);
    }
    expect(x, "histogram", 0, at, n);
    lta_free(scratch);
    lta_free(all);
}

static void check_windows(const trial *x, const lta_table_set *set)
{
    const lta_table *w = find_table(set, "windows");
    const test_trace *t = x->test;
    oracle_paths p = oracle_paths_build(t, ORACLE_GLOBAL, x->inputs_only);
    uint64_t *window_of = test_alloc(p.n_positions, sizeof *window_of); /* 1 + last window that counted it */
    uint64_t r = 0;
    for (uint64_t row = 0; row < w->n_rows; row++) {
        uint64_t distinct = 0, requests = 0, number = cell(w, "window", row);
        for (; r < t->n && (uint64_t)(t->request[r].arrival_us / x->e.window_us) == number; r++, requests++)
            for (uint64_t i = p.offset[r]; i < p.offset[r + 1]; i++) {
                distinct += window_of[p.position[i]] != row + 1;
                window_of[p.position[i]] = row + 1;
            }
        expect(x, "window requests", row, cell(w, "requests", row), requests);
        expect(x, "window distinct", row, cell(w, "distinct_symbols", row), distinct);
        assert_true(requests > 0);
    }
    expect(x, "windows", 0, r, t->n);
    lta_free(window_of);
    oracle_paths_free(&p);
}

/* Requests whose input is at least as deep as the node and equal to the owner's sequence up to there. */
static void check_prefixes(const trial *x, const lta_table_set *set)
{
    const lta_table *t = find_table(set, "prefixes");
    const lta_trie *trie = &x->e.trie;
    uint64_t before = UINT64_MAX, listed = 0;
    bool *session_seen = test_alloc(x->test->n_sessions + UINT64_C(1), sizeof *session_seen);
    for (uint64_t row = 0; row < t->n_rows; row++) {
        uint64_t node = cell(t, "node", row), owner = trie->owner[node], depth = trie->depth[node];
        uint64_t requests = 0, sessions = 0, first[3] = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
        const test_request *o = &x->test->request[owner];
        memset(session_seen, 0, (size_t)x->test->n_sessions * sizeof *session_seen);
        for (uint64_t r = owner + 1; r < x->test->n; r++) {
            const test_request *q = &x->test->request[r];
            if (q->input_length < depth ||
                memcmp(q->symbols, o->symbols, (size_t)depth * sizeof *o->symbols) != 0)
                continue;
            if (requests < 3)
                first[requests] = r;
            requests++;
            if (x->test->has_sessions && q->session != TEST_NO_SESSION) {
                sessions += !session_seen[q->session];
                session_seen[q->session] = true;
            }
        }
        uint64_t saved = requests * lta_trie_label_length(trie, (int64_t)node);
        expect(x, "prefix requests", node, cell(t, "requests", row), requests);
        expect(x, "prefix saved", node, cell(t, "saved", row), saved);
        expect(x, "prefix request_1", node, cell(t, "request_1", row), first[0]);
        expect(x, "prefix request_2", node, cell(t, "request_2", row), first[1]);
        expect(x, "prefix request_3", node, cell(t, "request_3", row), first[2]);
        if (x->test->has_sessions)
            expect(x, "prefix sessions", node, cell(t, "sessions", row), sessions);
        assert_true(saved <= before);
        before = saved;
        listed += saved;
    }
    /* on these small traces the table holds every node that saves anything, and what they save is all there
     * is: an input symbol that an earlier request has, whether input or output */
    if (!x->inputs_only && t->n_rows < 1000)
        expect(x, "saved by all prefixes", 0, listed,
               field_sum(x->e.fields.reusable[LTA_SCOPE_GLOBAL], x->test->n));
    lta_free(session_seen);
}

static void check_denominators(const trial *x, const lta_table_set *set)
{
    const lta_table *t = find_table(set, "denominators"), *curve = find_table(set, "hit_curve");
    uint64_t per_curve = 0;
    for (uint64_t row = 0; row < t->n_rows; row++) {
        const lta_stored_curve *c = NULL;
        for (uint64_t i = 0; i < x->e.curves.n; i++) {
            const lta_stored_curve *k = &x->e.curves.curve[i];
            if (k->block == cell(t, "block", row) && k->reserve_last == cell(t, "reserve_last", row) &&
                strcmp(lta_scope_name(k->scope), lta_strings_get(&t->column[0].texts, row)) == 0)
                c = k;
        }
        assert_non_null(c);
        expect(x, "denominators: hits", row, cell(t, "hits", row),
               lta_curve_hits(&c->curve, cell(t, "capacity", row)));
        expect(x, "denominators: lookups", row, cell(t, "lookups", row), c->lookups);
        assert_true(cell(t, "hit_full_blocks", row) <= cell(t, "hits", row));
        assert_true(cell(t, "steady_hits", row) <= cell(t, "hits", row));
        per_curve += cell(t, "hits", row) == c->curve.hits[c->curve.n - 1];
    }
    assert_true(per_curve >= x->e.curves.n);
    for (uint64_t row = 0; row < curve->n_rows; row++)
        assert_true(cell(curve, "hits", row) <= cell(curve, "ceiling", row));
}

static void check_distinct_sessions(const trial *x, const lta_table *summary)
{
    const test_trace *t = x->test;
    uint64_t distinct = 0;
    for (uint64_t s = 0; s < t->n_sessions; s++) {
        bool fresh = true;
        for (uint64_t other = 0; fresh && other < s; other++) {
            uint64_t i = 0, j = 0;
            for (;; i++, j++) {
                while (i < t->n && t->request[i].session != s)
                    i++;
                while (j < t->n && t->request[j].session != other)
                    j++;
                if (i == t->n || j == t->n)
                    break;
                const test_request *a = &t->request[i], *b = &t->request[j];
                if (a->input_length != b->input_length || a->full_length != b->full_length ||
                    memcmp(a->symbols, b->symbols, a->full_length * sizeof *a->symbols) != 0)
                    break;
            }
            fresh = i < t->n || j < t->n;
        }
        distinct += fresh;
    }
    expect(x, "distinct sessions", 0, cell(summary, "distinct_sessions", summary->n_rows - 1), distinct);
}

static void check_tables(const trial *x)
{
    static lta_table_builder *const builders[] = {
        lta_build_summary,    lta_build_hit_curve,    lta_build_enough,     lta_build_denominators,
        lta_build_prefixes,   lta_build_windows,      lta_build_histograms, lta_build_interarrival,
        lta_build_trie_shape, lta_build_prompt_cache, lta_build_models};
    const lta_enrichment *e = &x->e;
    uint64_t n = x->test->n;
    lta_table_set set = {0};
    for (size_t i = 0; i < sizeof builders / sizeof *builders; i++)
        must(x, builders[i](e, &set));
    if (e->sessions)
        must(x, lta_build_sessions(e, &set));
    const lta_table *s = find_table(&set, "summary"), *d = find_table(&set, "distributions");
    uint64_t all = s->n_rows - 1, reusable = field_sum(e->fields.reusable[LTA_SCOPE_GLOBAL], n);
    expect(x, "summary requests", 0, cell(s, "requests", all), n);
    expect(x, "summary requests by source", 0, sum_of(s, "requests"), 2 * n);
    expect(x, "summary reusable", 0, cell(s, "reusable_global", all), reusable);
    expect(x, "summary distinct", 0, cell(s, "distinct_symbols", all), e->distinct);
    expect(x, "ceiling", 0, cell(d, "values", 0), reusable);
    expect(x, "windows hits", 0, sum_of(find_table(&set, "windows"), "hits"), reusable);
    expect(x, "positions", 0, cell(find_table(&set, "trie_shape"), "positions", 0),
           x->inputs_only ? cell(find_table(&set, "trie_shape"), "positions", 0) : e->distinct);
    if (e->sessions) {
        const lta_table *sessions = find_table(&set, "sessions");
        uint64_t of_sessions = 0;
        for (uint64_t r = 0; r < n; r++)
            of_sessions += e->trace.session[r] != LTA_NO_U32 ? e->fields.reusable[LTA_SCOPE_GLOBAL][r] : 0;
        expect(x, "sessions hits", 0, sum_of(sessions, "hits"), of_sessions);
        check_distinct_sessions(x, s);
    }
    check_distances(x, &set);
    check_windows(x, &set);
    check_prefixes(x, &set);
    check_denominators(x, &set);
    lta_table_set_free(&set);
}

static void tables_match_their_definitions(void **state)
{
    (void)state;
    uint64_t seed = test_seed(), count = test_count(600);
    for (uint64_t i = 0; i < count; i++) {
        test_trace t = test_trace_generate(seed + i);
        for (int inputs_only = 0; inputs_only <= 1; inputs_only++) {
            trial x;
            prepare(&x, &t, inputs_only);
            check_tables(&x);
            lta_enrichment_free(&x.e);
        }
        test_trace_free(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_match_their_definitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
