/* tests/test_differential.c - the real path against the plain simulator of tests/oracle, on generated traces.
 *
 * Three traces in four go through files and the importer where files can say them, the others are built by
 * hand. For every trace, scope, with and without outputs: runs line by line; for every block size and with
 * and without reserve-last: distances, lookups, and the hits of every request and of the curve at every
 * capacity from 0 to beyond the working set. Traces: LTA_TEST_TRACES (2,000), from seed LTA_TEST_SEED on. */
#include "kernels/ops.h"
#include "pipeline/core/array.h"
#include "pipeline/curve/curve.h"
#include "tests/build_trace.h"
#include "tests/marconi_files.h"
#include "tests/memory.h"
#include "tests/oracle/oracle.h"

#include <inttypes.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MAX_BLOCKS = 4, SKIPPED = 77 };
static const uint64_t token_blocks[MAX_BLOCKS] = {1, 2, 3, 16};

typedef struct seen { /* what a trace exercised */
    bool three_runs, output_reused, tie, eviction, import;
} seen;

typedef struct trial {
    const test_trace *test;
    lta_trace trace;
    lta_trie trie;
    lta_log log;
    lta_run run;
    lta_scope scope;
    bool inputs_only, reserve_last;
    uint64_t block;
    seen seen;
} trial;

LTA_PRINTF(2, 3) static void differ(const trial *x, const char *fmt, ...)
{
    va_list ap;
    test_trace_print(x->test);
    fprintf(stderr, "scope %s, %s, block %" PRIu64 "%s: ", lta_scope_name(x->scope),
            x->inputs_only ? "inputs only" : "with outputs", x->block,
            x->reserve_last ? ", reserve-last" : "");
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\n");
    fail();
}

static void succeed(const trial *x, lta_status st)
{
    if (st != LTA_OK)
        differ(x, "%s: %s", lta_status_text(st), lta_error_detail());
}

static void compare_runs(const trial *x, const lta_runs *got, const oracle_runs *want, uint64_t n_blocks)
{
    if (got->n != x->test->n || got->n_runs != want->offset[x->test->n])
        differ(x, "%" PRIu64 " runs, expected %" PRIu64, got->n_runs, want->offset[x->test->n]);
    for (uint64_t r = 0; r < got->n; r++) {
        if (got->offset[r + 1] != want->offset[r + 1])
            differ(x, "request %" PRIu64 " ends at run %" PRIu64 ", expected %" PRIu64, r, got->offset[r + 1],
                   want->offset[r + 1]);
        for (uint64_t k = got->offset[r]; k < got->offset[r + 1]; k++) {
            const oracle_run *w = &want->run[k];
            uint64_t distance = want->distance[k * n_blocks];
            if (got->previous[k] != w->previous || got->start[k] != w->start || got->length[k] != w->length ||
                got->distance[k] != distance)
                differ(x,
                       "request %" PRIu64 ", run %" PRIu64 " (p, start, length, T) = (%u, %u, %u, %" PRIu64
                       "), expected (%u, %u, %u, %" PRIu64 ")",
                       r, k - got->offset[r], got->previous[k], got->start[k], got->length[k],
                       got->distance[k], w->previous, w->start, w->length, distance);
        }
    }
}

/* One curve's laws, and that capacity_for() is the inverse of hits() at this target. */
static void check_curve(const trial *x, const lta_curve *c)
{
    if (c->n < 1 || c->capacity[0] != 0 || c->hits[0] != 0)
        differ(x, "the curve does not begin at (0, 0)");
    for (uint64_t v = 1; v < c->n; v++)
        if (c->capacity[v] <= c->capacity[v - 1] || c->hits[v] < c->hits[v - 1])
            differ(x, "vertex %" PRIu64 " (%" PRIu64 ", %" PRIu64 ") does not rise", v, c->capacity[v],
                   c->hits[v]);
    uint64_t all = c->hits[c->n - 1];
    for (uint64_t quarter = 0; quarter <= 4; quarter++) {
        uint64_t target = all * quarter / 4, capacity = lta_curve_capacity_for(c, target);
        if (lta_curve_hits(c, capacity) < target ||
            (capacity > 0 && lta_curve_hits(c, capacity - 1) >= target))
            differ(x, "capacity_for(%" PRIu64 ") = %" PRIu64 ", which is not the smallest", target, capacity);
    }
}

/* Everything about one block size, every capacity. T_B of run k is want->distance[k * n_blocks + which]. */
static void compare_block(trial *x, const lta_runs *runs, const oracle_paths *paths, const oracle_runs *want,
                          uint64_t n_blocks, uint64_t which)
{
    lta_block_runs weighed[2];
    lta_curve curve[2];
    uint64_t *hits[2], blocks = 0, last = 0;
    for (int reserve = 0; reserve < 2; reserve++) {
        x->reserve_last = reserve == 1;
        lta_block_runs *b = &weighed[reserve];
        succeed(x, lta_block_runs_compute(&x->run, &x->trace, &x->trie, runs, x->inputs_only, x->block,
                                          x->reserve_last, b));
        for (uint64_t k = 0; k < runs->n_runs; k++)
            if (b->distance[k] != want->distance[k * n_blocks + which])
                differ(x, "run %" PRIu64 " of all: T_B = %" PRIu64 ", expected %" PRIu64, k, b->distance[k],
                       want->distance[k * n_blocks + which]);
        uint64_t lookups = 0;
        for (uint64_t r = 0; r < x->test->n; r++)
            lookups += oracle_lookup_length(x->test, r, x->reserve_last) / x->block;
        if (b->lookups != lookups)
            differ(x, "%" PRIu64 " lookups, expected %" PRIu64, b->lookups, lookups);
        succeed(x, x->run.ops->hit_curve(b->n_runs, b->distance, b->looked_up, &curve[reserve]));
        check_curve(x, &curve[reserve]);
        hits[reserve] = test_alloc(x->test->n, sizeof(uint64_t));
    }
    for (uint64_t i = 0; i < paths->n_positions; i++)
        blocks += paths->depth[i] % x->block == 0;
    for (uint64_t capacity = 0; capacity <= blocks + 2; capacity++) {
        uint64_t evicted = oracle_replay(x->test, paths, x->block, capacity, hits);
        x->seen.eviction = x->seen.eviction || (capacity > 0 && evicted > 0);
        for (int reserve = 0; reserve < 2; reserve++) {
            uint64_t sum = 0;
            x->reserve_last = reserve == 1;
            for (uint64_t r = 0; r < x->test->n; r++) {
                uint64_t got = lta_request_hits(runs, &weighed[reserve], r, capacity);
                if (got != hits[reserve][r])
                    differ(x,
                           "request %" PRIu64 " at capacity %" PRIu64 ": %" PRIu64 " hits, expected %" PRIu64,
                           r, capacity, got, hits[reserve][r]);
                sum += hits[reserve][r];
            }
            uint64_t got = lta_curve_hits(&curve[reserve], capacity);
            if (got != sum)
                differ(x, "curve at capacity %" PRIu64 ": %" PRIu64 " hits, expected %" PRIu64, capacity, got,
                       sum);
            last = reserve == 0 ? sum : last;
        }
    }
    if (curve[0].hits[curve[0].n - 1] != last)
        differ(x, "the curve ends at %" PRIu64 " hits, an unlimited cache at %" PRIu64,
               curve[0].hits[curve[0].n - 1], last);
    for (int reserve = 0; reserve < 2; reserve++) {
        lta_block_runs_free(&weighed[reserve]);
        lta_curve_free(&curve[reserve]);
        lta_free(hits[reserve]);
    }
}

static void compare_scope(trial *x)
{
    uint64_t n_blocks = x->test->block_tokens > 0 ? 1 : MAX_BLOCKS; /* blocks of blocks do not exist */
    lta_runs runs = {0};
    x->block = 1;
    x->reserve_last = false;
    succeed(x, lta_reuse_compute(&x->run, &x->trace, &x->trie, x->scope, x->inputs_only, &runs));
    oracle_paths paths = oracle_paths_build(x->test, (oracle_scope)x->scope, x->inputs_only);
    oracle_runs want = oracle_runs_build(&paths, token_blocks, n_blocks);
    compare_runs(x, &runs, &want, n_blocks);
    for (uint64_t r = 0; r < runs.n; r++)
        x->seen.three_runs = x->seen.three_runs || runs.offset[r + 1] - runs.offset[r] >= 3;
    for (uint64_t b = 0; b < n_blocks; b++) {
        x->block = token_blocks[b];
        compare_block(x, &runs, &paths, &want, n_blocks, b);
    }
    oracle_runs_free(&want);
    oracle_paths_free(&paths);
    lta_runs_free(&runs);
}

/* Does an input go on into what an earlier request answered? */
static bool reuses_an_output(const test_trace *t)
{
    for (uint64_t r = 0; r < t->n; r++)
        for (uint64_t q = 0; q < r; q++) {
            const test_request *a = &t->request[q], *b = &t->request[r];
            uint32_t beyond = a->input_length + 1;
            if (a->full_length >= beyond && b->input_length >= beyond &&
                memcmp(a->symbols, b->symbols, beyond * sizeof *a->symbols) == 0)
                return true;
        }
    return false;
}

#define EXPECT_SAME(x, r, got, want)                                                                         \
    do {                                                                                                     \
        if ((uint64_t)(got) != (uint64_t)(want))                                                             \
            differ(x, "import, request %" PRIu64 ": %s is %" PRIu64 ", expected %" PRIu64, (uint64_t)(r),    \
                   #got, (uint64_t)(got), (uint64_t)(want));                                                 \
    } while (0)

/* The importer must find the order, the sessions and the pieces that building by hand gives. */
static void compare_import(const trial *x, const lta_trace *got, const lta_trace *want)
{
    const lta_sequences *g = &got->sequences, *w = &want->sequences;
    EXPECT_SAME(x, 0, got->n, want->n);
    EXPECT_SAME(x, 0, got->n_sessions, want->n_sessions);
    for (uint64_t r = 0; r < want->n; r++) {
        EXPECT_SAME(x, r, got->arrival_us[r], want->arrival_us[r] - want->arrival_us[0]);
        EXPECT_SAME(x, r, got->source[r], want->source[r]);
        EXPECT_SAME(x, r, got->session[r], want->session[r]);
        EXPECT_SAME(x, r, got->input_tokens[r], want->input_tokens[r]);
        EXPECT_SAME(x, r, got->output_tokens[r], want->output_tokens[r]);
        EXPECT_SAME(x, r, g->input_length[r], w->input_length[r]);
        EXPECT_SAME(x, r, g->offset[r + 1], w->offset[r + 1]);
        for (uint64_t k = w->offset[r]; k < w->offset[r + 1]; k++) {
            EXPECT_SAME(x, r, g->piece_request[k], w->piece_request[k]);
            EXPECT_SAME(x, r, g->piece_start[k], w->piece_start[k]);
            EXPECT_SAME(x, r, g->piece_length[k], w->piece_length[k]);
        }
    }
    EXPECT_SAME(x, 0, g->n_symbols, w->n_symbols);
    EXPECT_SAME(x, 0, g->symbols64 != NULL, w->symbols64 != NULL);
    for (uint64_t i = 0; i < w->n_symbols; i++)
        EXPECT_SAME(x, i, lta_sequences_symbol_at(g, i), lta_sequences_symbol_at(w, i));
}

/* folder: where files may be written, NULL = no import */
static seen compare_trace(const test_trace *t, const char *folder)
{
    trial x = {.test = t, .block = 1};
    lta_log_init(&x.log, stderr, LTA_LOG_WARN, false);
    x.run = (lta_run){.log = &x.log, .threads = (int)(1 + t->seed % 3)};
    succeed(&x, lta_ops_get(test_device(), &x.run.ops));
    omp_set_num_threads(x.run.threads);
    bool import = folder && t->seed % 4 > 0 && test_marconi_can_say(t);
    x.trace = test_build_trace(t, import || t->seed % 8 == 0);
    if (import) {
        lta_trace built = x.trace;
        succeed(&x, test_marconi_import(&x.run, t, folder, &x.trace));
        compare_import(&x, &x.trace, &built);
        lta_trace_free(&built);
        x.seen.import = true;
    }
    succeed(&x, x.run.ops->trie_build(&x.trace.sequences, &x.trie));
    succeed(&x, lta_trie_validate(&x.trie));
    for (int s = 0; s < LTA_SCOPES; s++)
        for (int inputs_only = 0; inputs_only < 2; inputs_only++) {
            x.scope = (lta_scope)s;
            x.inputs_only = inputs_only == 1;
            if (lta_trace_has_scope(&x.trace, x.scope))
                compare_scope(&x);
            else
                assert_false(t->has_sessions);
        }
    x.seen.output_reused = reuses_an_output(t);
    for (uint64_t r = 1; r < t->n; r++)
        x.seen.tie = x.seen.tie || t->request[r].arrival_us == t->request[r - 1].arrival_us;
    lta_trie_free(&x.trie);
    lta_trace_free(&x.trace);
    return x.seen;
}

static void generated_traces_match_the_simulator(void **state)
{
    (void)state;
    uint64_t seed = test_seed(), n = test_count(2000), requests = 0;
    uint64_t three_runs = 0, output_reused = 0, tie = 0, eviction = 0, import = 0, all = 0;
    char folder[] = "differential.XXXXXX";
    assert_non_null(mkdtemp(folder));
    for (uint64_t i = 0; i < n; i++) {
        test_trace t = test_trace_generate(seed + i);
        seen s = compare_trace(&t, folder);
        requests += t.n;
        three_runs += s.three_runs;
        output_reused += s.output_reused;
        tie += s.tie;
        eviction += s.eviction;
        import += s.import;
        all += s.three_runs && s.output_reused && s.tie && s.eviction;
        test_trace_free(&t);
    }
    test_marconi_remove(folder);
    printf("%" PRIu64 " traces from seed %" PRIu64 ", %" PRIu64 " requests; through files %" PRIu64
           "; with a request of three or more runs %" PRIu64 ", an output reused as input %" PRIu64
           ", a tie in time %" PRIu64 ", evictions %" PRIu64 ", all four %" PRIu64 "\n",
           n, seed, requests, import, three_runs, output_reused, tie, eviction, all);
    if (n >= 100)
        assert_true(2 * all >= n);
}

/* Design, section 3: runs as (T + 1, length), and hits at capacities 2, 3 and without limit. */
static void the_five_request_example(void **state)
{
    (void)state;
    static const uint64_t offset[] = {0, 0, 1, 3, 4, 5};
    static const uint64_t first_distance[] = {1, 1, 4, 1, 1};
    static const uint32_t length[] = {2, 2, 1, 1, 2};
    static const uint64_t capacity[] = {2, 3, 1000}, hits[] = {7, 7, 8};
    test_trace t = test_trace_from_words("ABC ABD ABC AE AE");
    lta_log log;
    lta_log_init(&log, stderr, LTA_LOG_WARN, false);
    lta_run run = {.log = &log, .threads = 1};
    lta_runs runs = {0};
    lta_trie trie = {0};
    lta_block_runs b = {0};
    lta_curve curve = {0};
    assert_int_equal(lta_ops_get(test_device(), &run.ops), LTA_OK);
    lta_trace trace = test_build_trace(&t, false);
    assert_int_equal(run.ops->trie_build(&trace.sequences, &trie), LTA_OK);
    assert_int_equal(lta_reuse_compute(&run, &trace, &trie, LTA_SCOPE_GLOBAL, false, &runs), LTA_OK);
    assert_memory_equal(runs.offset, offset, sizeof offset);
    for (uint64_t k = 0; k < runs.n_runs; k++) {
        assert_int_equal(runs.distance[k] + 1, first_distance[k]);
        assert_int_equal(runs.length[k], length[k]);
    }
    assert_int_equal(lta_block_runs_compute(&run, &trace, &trie, &runs, false, 1, false, &b), LTA_OK);
    assert_int_equal(run.ops->hit_curve(b.n_runs, b.distance, b.looked_up, &curve), LTA_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(lta_curve_hits(&curve, capacity[i]), hits[i]);
    lta_curve_free(&curve);
    lta_block_runs_free(&b);
    lta_runs_free(&runs);
    lta_trie_free(&trie);
    lta_trace_free(&trace);
    (void)compare_trace(&t, NULL);
    test_trace_free(&t);
}

int main(void)
{
    const lta_ops *ops;
    if (lta_ops_get(test_device(), &ops) != LTA_OK) {
        printf("skipped: %s\n", lta_error_detail());
        return SKIPPED;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_five_request_example),
        cmocka_unit_test(generated_traces_match_the_simulator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
