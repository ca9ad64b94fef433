/* tests/test_kernels.c - every operation of the table against its definition, counted the slow way, and its
 * laws.
 *
 * Inputs come from the seeded generator (replay: LTA_TEST_SEED) and from made-up numbers that real traces
 * never reach: weights around 2^32, distances around 2^40. Outputs given to an operation have guards on both
 * sides. */
#include "kernels/cost.h"
#include "pipeline/core/array.h"
#include "pipeline/synth/random.h"
#include "tests/kernel_cases.h"
#include "tests/memory.h"
#include "tests/oracle/oracle.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { SKIPPED = 77 };

typedef struct node { /* one row, and the position it ends at */
    uint32_t owner, depth;
    uint64_t position;
} node;

static int by_owner_and_depth(const void *a, const void *b)
{
    const node *x = a, *y = b;
    if (x->owner != y->owner)
        return x->owner < y->owner ? -1 : 1;
    return x->depth < y->depth ? -1 : x->depth > y->depth;
}

/* The trie from explicit positions: nodes end where inputs or full sequences end, or paths branch. */
static lta_trie plain_trie(const test_trace *t)
{
    oracle_paths p = oracle_paths_build(t, ORACLE_GLOBAL, false);
    uint64_t n = p.n_positions, rows = 0;
    uint32_t *owner = test_alloc(n, sizeof *owner), *children = test_alloc(n, sizeof *children);
    int64_t *above = test_alloc(n, sizeof *above), *row = test_alloc(n, sizeof *row);
    bool *met = test_alloc(n, sizeof *met), *end = test_alloc(n, sizeof *end);
    node *nodes = test_alloc(n, sizeof *nodes);
    for (uint32_t r = 0; r < t->n; r++) {
        const uint64_t *path = p.position + p.offset[r];
        const test_request *q = &t->request[r];
        for (uint32_t i = 0; i < q->full_length; i++) {
            if (met[path[i]])
                continue;
            met[path[i]] = true;
            owner[path[i]] = r;
            above[path[i]] = i > 0 ? (int64_t)path[i - 1] : -1;
            if (i > 0)
                children[path[i - 1]]++;
        }
        if (q->input_length > 0)
            end[path[q->input_length - 1]] = true;
        if (q->full_length > 0)
            end[path[q->full_length - 1]] = true;
    }
    for (uint64_t x = 0; x < n; x++)
        if (end[x] || children[x] > 1)
            nodes[rows++] = (node){owner[x], p.depth[x], x};
    qsort(nodes, rows, sizeof *nodes, by_owner_and_depth);
    lta_trie out = {.n_nodes = rows, .n_requests = t->n};
    out.parent = test_alloc(rows, sizeof *out.parent);
    out.depth = test_alloc(rows, sizeof *out.depth);
    out.owner = test_alloc(rows, sizeof *out.owner);
    out.input_node = test_alloc(t->n, sizeof *out.input_node);
    out.full_node = test_alloc(t->n, sizeof *out.full_node);
    for (uint64_t x = 0; x < n; x++)
        row[x] = -1;
    for (uint64_t i = 0; i < rows; i++)
        row[nodes[i].position] = (int64_t)i;
    for (uint64_t i = 0; i < rows; i++) {
        int64_t x = above[nodes[i].position];
        while (x >= 0 && row[x] < 0)
            x = above[x];
        out.parent[i] = x < 0 ? -1 : row[x];
        out.depth[i] = nodes[i].depth;
        out.owner[i] = nodes[i].owner;
    }
    for (uint64_t r = 0; r < t->n; r++) {
        const uint64_t *path = p.position + p.offset[r];
        const test_request *q = &t->request[r];
        out.input_node[r] = q->input_length > 0 ? row[path[q->input_length - 1]] : -1;
        out.full_node[r] = q->full_length > 0 ? row[path[q->full_length - 1]] : -1;
    }
    lta_free(owner);
    lta_free(children);
    lta_free(above);
    lta_free(row);
    lta_free(met);
    lta_free(end);
    lta_free(nodes);
    oracle_paths_free(&p);
    return out;
}

static void check_trie(const lta_ops *ops, const test_trace *t, const lta_sequences *s)
{
    lta_trie got = {0}, want = plain_trie(t);
    assert_int_equal(ops->trie_build(s, &got), LTA_OK);
    EXPECT_EQUAL(t, got.n_nodes, want.n_nodes);
    EXPECT_EQUAL(t, got.n_requests, want.n_requests);
    for (uint64_t i = 0; i < want.n_nodes; i++) {
        EXPECT_EQUAL(t, got.parent[i], want.parent[i]);
        EXPECT_EQUAL(t, got.depth[i], want.depth[i]);
        EXPECT_EQUAL(t, got.owner[i], want.owner[i]);
        EXPECT_EQUAL(t, lta_trie_label_length(&got, (int64_t)i),
                     want.depth[i] - (want.parent[i] < 0 ? 0 : want.depth[want.parent[i]]));
    }
    for (uint64_t r = 0; r < t->n; r++) {
        EXPECT_EQUAL(t, got.input_node[r], want.input_node[r]);
        EXPECT_EQUAL(t, got.full_node[r], want.full_node[r]);
    }
    assert_int_equal(lta_trie_validate(&got), LTA_OK);
    lta_trie_free(&want);
    lta_trie_free(&got);
}

static void trie_build_gives_the_explicit_trie(void **state)
{
    test_each_trace(*state, check_trie);
}

static void damaged_tries_are_refused(void **state)
{
    const lta_ops *ops = *state;
    test_trace t = test_trace_from_words("ABC ABD ABC AE AE");
    lta_sequences s = test_build_sequences(&t, false);
    for (int which = 0; which < 9; which++) {
        lta_trie x = {0};
        assert_int_equal(ops->trie_build(&s, &x), LTA_OK); /* rows: A AB ABC (owner 0), ABD (1), AE (3) */
        assert_int_equal(x.n_nodes, 5);
        switch (which) {
        case 0:
            x.parent[1] = 1;
            break;
        case 1:
            x.parent[1] = -2;
            break;
        case 2:
            x.depth[1] = 1;
            break;
        case 3:
            x.owner[4] = 5;
            break;
        case 4:
            x.owner[4] = 0;
            break;
        case 5:
            x.full_node[2] = 5;
            break;
        case 6:
            x.input_node[2] = -2;
            break;
        case 7:
            x.full_node[2] = 0;
            break; /* above its input */
        default:
            x.full_node[0] = x.input_node[0] = 4;
            break; /* owned by a later request */
        }
        assert_int_equal(lta_trie_validate(&x), LTA_ERR_FORMAT);
        lta_trie_free(&x);
    }
    lta_sequences_free(&s);
    test_trace_free(&t);
}

/* Pieces that decode well, but are not the longest prefix of the lowest request, would give a wrong trie. */
static void pieces_that_are_not_canonical_are_refused(void **state)
{
    const lta_ops *ops = *state;
    static const struct {
        int64_t from;
        uint32_t copied;
        uint32_t next; /* symbol after the copy; request 0 goes on with 12 */
        lta_status want;
    } cases[] = {{0, 2, 14, LTA_OK}, {0, 2, 12, LTA_ERR_FORMAT}, {0, 1, 11, LTA_ERR_FORMAT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lta_sequences s = test_two_requests();
        lta_trie x = {0};
        s.piece_request[1] = cases[i].from;
        s.piece_length[1] = cases[i].copied;
        s.symbols32[4] = cases[i].next;
        s.input_length[1] = 1;
        assert_int_equal(lta_sequences_complete(&s), LTA_OK);
        assert_int_equal(ops->trie_build(&s, &x), cases[i].want);
        lta_trie_free(&x);
        lta_sequences_free(&s);
    }
    test_trace t = test_trace_from_words("ABC ABD ABE");
    lta_sequences s = test_build_sequences(&t, false);
    lta_trie x = {0};
    s.piece_request[s.offset[2]] = 1; /* AB is request 0's */
    assert_int_equal(lta_sequences_complete(&s), LTA_OK);
    assert_int_equal(ops->trie_build(&s, &x), LTA_ERR_FORMAT);
    lta_sequences_free(&s);
    test_trace_free(&t);
}

/* Any node may be a touched path's end, and any request may be in any group: last touchers kept for every
 * position of the trie and every group. */
static void check_run_build(const lta_ops *ops, const test_trace *t, const lta_sequences *s)
{
    enum { GROUPS = 3 };
    lta_random random;
    lta_trie x = {0};
    lta_runs got = {0};
    assert_int_equal(ops->trie_build(s, &x), LTA_OK);
    uint64_t *first = test_alloc(x.n_nodes + 1, sizeof *first); /* of the positions of each node's label */
    for (uint64_t i = 0; i < x.n_nodes; i++)
        first[i + 1] = first[i] + lta_trie_label_length(&x, (int64_t)i);
    uint64_t n_positions = first[x.n_nodes], n_runs = 0;
    uint64_t *last = test_alloc(GROUPS * n_positions, sizeof *last); /* 1 + last toucher */
    int64_t *touched = test_alloc(t->n, sizeof *touched), *path = test_alloc(x.n_nodes, sizeof *path);
    uint32_t *group = test_alloc(t->n, sizeof *group);
    oracle_run *run = test_alloc(t->n * n_positions, sizeof *run);
    bool grouped = t->seed % 2 == 0;
    lta_random_seed(&random, t->seed, 1);
    for (uint64_t r = 0; r < t->n; r++) {
        touched[r] = (int64_t)lta_random_below(&random, x.n_nodes + 1) - 1;
        group[r] = grouped ? (uint32_t)lta_random_below(&random, GROUPS) : 0;
    }
    assert_int_equal(ops->run_build(&x, touched, grouped ? group : NULL, &got), LTA_OK);
    EXPECT_EQUAL(t, got.n, t->n);
    EXPECT_EQUAL(t, got.offset[0], 0);
    assert_null(got.distance);
    for (uint64_t r = 0; r < t->n; r++) {
        uint64_t n = 0, begin = n_runs;
        uint32_t depth = 0;
        for (int64_t i = touched[r]; i >= 0; i = x.parent[i])
            path[n++] = i;
        while (n-- > 0)
            for (uint64_t at = first[path[n]]; at < first[path[n] + 1]; at++, depth++) {
                uint64_t *toucher = &last[group[r] * n_positions + at];
                if (*toucher > 0) {
                    if (n_runs == begin || run[n_runs - 1].previous + 1 != *toucher)
                        run[n_runs++] = (oracle_run){(uint32_t)*toucher - 1, depth, 0};
                    run[n_runs - 1].length++;
                }
                *toucher = r + 1;
            }
        EXPECT_EQUAL(t, got.offset[r + 1], n_runs);
    }
    EXPECT_EQUAL(t, got.n_runs, n_runs);
    for (uint64_t k = 0; k < n_runs; k++) {
        EXPECT_EQUAL(t, got.previous[k], run[k].previous);
        EXPECT_EQUAL(t, got.start[k], run[k].start);
        EXPECT_EQUAL(t, got.length[k], run[k].length);
    }
    lta_runs_free(&got);
    lta_trie_free(&x);
    lta_free(first);
    lta_free(last);
    lta_free(touched);
    lta_free(path);
    lta_free(group);
    lta_free(run);
}

static void run_build_follows_every_position(void **state)
{
    test_each_trace(*state, check_run_build);
}

/* Runs drawn at random; weights are mostly small, and sometimes such that a few of them exceed 2^32. */
static void stack_distance_is_the_dominance_sum(void **state)
{
    enum { CASES = 400, MAX_REQUESTS = 80, MAX_RUNS = 6 };
    const lta_ops *ops = *state;
    uint64_t offset[MAX_REQUESTS + 1];
    uint32_t previous[MAX_REQUESTS * MAX_RUNS], weight[MAX_REQUESTS * MAX_RUNS], first[MAX_REQUESTS];
    bool beyond_32_bits = false;
    for (uint64_t c = 0; c < CASES; c++) {
        lta_random random;
        lta_random_seed(&random, test_seed() + c, 2);
        uint64_t n = c < 3 ? c : lta_random_below(&random, MAX_REQUESTS + 1), k = 0;
        uint64_t top = c % 3 == 0 ? UINT64_C(1) << 32 : 4; /* weights below this */
        offset[0] = 0;
        for (uint64_t r = 0; r < n; r++) {
            uint64_t p = r; /* touchers fall with depth */
            for (uint64_t i = lta_random_below(&random, MAX_RUNS + 1); i > 0 && p > 0; i--) {
                p = lta_random_below(&random, p);
                previous[k] = (uint32_t)p;
                weight[k++] =
                    (uint32_t)(lta_random_below(&random, 3) == 0 ? top - 1 : lta_random_below(&random, top));
            }
            first[r] = (uint32_t)lta_random_below(&random, top);
            offset[r + 1] = k;
        }
        uint64_t *got = test_guarded_alloc(k);
        assert_int_equal(ops->stack_distance(n, offset, previous, weight, first, got), LTA_OK);
        for (uint64_t r = 0; r < n; r++)
            for (uint64_t i = offset[r]; i < offset[r + 1]; i++) {
                uint64_t want = 0;
                for (uint64_t q = (uint64_t)previous[i] + 1; q < r; q++) {
                    want += first[q];
                    for (uint64_t j = offset[q]; j < offset[q + 1]; j++)
                        want += previous[j] <= previous[i] ? weight[j] : 0;
                }
                beyond_32_bits = beyond_32_bits || want > UINT32_MAX;
                if (got[i] != want)
                    fail_msg("case %" PRIu64 " (LTA_TEST_SEED=%" PRIu64 "), request %" PRIu64 ", run %" PRIu64
                             ": %" PRIu64 ", expected %" PRIu64,
                             c, test_seed(), r, i, got[i], want);
            }
        for (int parts = 1; parts < 9; parts += 1 + (parts == 4)) { /* stretches of time make no difference */
            uint64_t *again = test_guarded_alloc(k);
            assert_int_equal(lta_stack_distance_parts(n, offset, previous, weight, first, parts, again),
                             LTA_OK);
            for (uint64_t i = 0; i < k; i++)
                assert_true(again[i] == got[i]);
            test_guarded_free(again, k);
        }
        test_guarded_free(got, k);
    }
    assert_true(beyond_32_bits);
}

static uint64_t plain_hits(uint64_t n, const uint64_t *distance, const uint32_t *weight, uint64_t capacity)
{
    uint64_t hits = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t room = capacity > distance[i] ? capacity - distance[i] : 0;
        hits += room < weight[i] ? room : weight[i];
    }
    return hits;
}

static void check_curve(const lta_curve *c, uint64_t n, const uint64_t *distance, const uint32_t *weight)
{
    uint64_t slope_before = 0, all = plain_hits(n, distance, weight, UINT64_MAX);
    assert_true(c->n >= 1 && c->capacity[0] == 0 && c->hits[0] == 0);
    assert_true(c->hits[c->n - 1] == all);
    for (uint64_t v = 0; v < c->n; v++) {
        uint64_t at = c->capacity[v];
        assert_true(c->hits[v] == plain_hits(n, distance, weight, at));
        for (uint64_t capacity = at > 2 ? at - 2 : 0; capacity <= at + 2; capacity++)
            assert_true(lta_curve_hits(c, capacity) == plain_hits(n, distance, weight, capacity));
        uint64_t slope = plain_hits(n, distance, weight, at + 1) - c->hits[v];
        assert_true(v == 0 ||
                    (at > c->capacity[v - 1] && slope != slope_before)); /* no vertex without a bend */
        if (v + 1 < c->n) {
            uint64_t next = c->capacity[v + 1];
            assert_true(c->hits[v] + slope * (next - at) == c->hits[v + 1]); /* and none left out */
        }
        slope_before = slope;
    }
    assert_true(lta_curve_hits(c, UINT64_MAX) == all);
    for (uint64_t i = 0; i <= 7; i++) {
        uint64_t target = i < 7 ? all / 7 * i : all, capacity = lta_curve_capacity_for(c, target);
        assert_true(plain_hits(n, distance, weight, capacity) >= target);
        assert_true(capacity == 0 || plain_hits(n, distance, weight, capacity - 1) < target);
    }
}

static void hit_curve_is_the_sum_of_clamps(void **state)
{
    enum { CASES = 500, MAX_RUNS = 60 };
    const lta_ops *ops = *state;
    for (uint64_t c = 0; c < CASES; c++) {
        lta_random random;
        lta_curve curve = {0};
        uint64_t distance[MAX_RUNS];
        uint32_t weight[MAX_RUNS];
        lta_random_seed(&random, test_seed() + c, 3);
        uint64_t n = c < 3 ? c : lta_random_below(&random, MAX_RUNS + 1);
        bool large = c % 4 == 0;
        uint64_t span = large ? UINT64_C(1) << 41 : c % 4 == 1 ? UINT64_C(1) << 20 : 30;
        for (uint64_t i = 0; i < n; i++) {
            distance[i] = lta_random_below(&random, span);
            weight[i] = (uint32_t)lta_random_below(&random, large ? UINT64_C(1) << 32 : 8);
            if (large && lta_random_below(&random, 4) == 0)
                weight[i] = UINT32_MAX;
            if (c % 5 == 0) /* ends that meet starts, where the slope need not change */
                distance[i] = distance[i] / 8 * 8;
        }
        assert_int_equal(ops->hit_curve(n, distance, weight, &curve), LTA_OK);
        check_curve(&curve, n, distance, weight);
        lta_curve_free(&curve);
    }
}

static void a_curve_without_hits_is_one_point(void **state)
{
    const lta_ops *ops = *state;
    const uint64_t distance[] = {5, 0};
    const uint32_t weight[] = {0, 0};
    for (uint64_t n = 0; n <= 2; n++) {
        lta_curve curve = {0};
        assert_int_equal(ops->hit_curve(n, distance, weight, &curve), LTA_OK);
        assert_true(curve.n == 1 && curve.capacity[0] == 0 && curve.hits[0] == 0);
        assert_true(lta_curve_hits(&curve, 1000) == 0 && lta_curve_capacity_for(&curve, 0) == 0);
        lta_curve_free(&curve);
    }
}

static void unknown_devices_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"", "gpu", "cudax", "cpu:0"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const lta_ops *ops = NULL;
        assert_int_equal(lta_ops_get(names[i], &ops), LTA_ERR_USAGE);
        assert_null(ops);
    }
}

/* A device takes so long to wake up that it is left alone until there is a lot to do. */
static void costs_cross_once(void **state)
{
    (void)state;
    for (int o = 0; o < LTA_OPERATIONS; o++)
        for (int awake = 0; awake < 2; awake++) {
            bool cuda = false;
            for (uint64_t n = 1; n < UINT64_C(1) << 34; n *= 2) {
                lta_cost c = lta_modelled_cost((lta_operation)o, n, awake == 1);
                assert_true(c.cpu_s > 0 && c.cuda_s > 0);
                assert_true(!cuda || c.cuda_s < c.cpu_s);
                cuda = c.cuda_s < c.cpu_s;
                assert_true(!cuda || n > (awake ? 500 : 1000000));
            }
            assert_true(cuda);
        }
}

int main(void)
{
    const lta_ops *ops = NULL;
    if (lta_ops_get(test_device(), &ops) != LTA_OK) {
        printf("skipped: %s\n", lta_error_detail());
        return SKIPPED;
    }
    void *state = (void *)(uintptr_t)ops;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(trie_build_gives_the_explicit_trie, state),
        cmocka_unit_test_prestate(damaged_tries_are_refused, state),
        cmocka_unit_test_prestate(pieces_that_are_not_canonical_are_refused, state),
        cmocka_unit_test_prestate(run_build_follows_every_position, state),
        cmocka_unit_test_prestate(stack_distance_is_the_dominance_sum, state),
        cmocka_unit_test_prestate(hit_curve_is_the_sum_of_clamps, state),
        cmocka_unit_test_prestate(a_curve_without_hits_is_one_point, state),
        cmocka_unit_test_prestate(unknown_devices_are_refused, state),
        cmocka_unit_test(costs_cross_once),
    };
    return cmocka_run_group_tests_name(ops->name, tests, NULL, NULL);
}
