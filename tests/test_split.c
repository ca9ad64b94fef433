/* tests/test_split.c - a trace in pieces gives the files that one process writes, to the last byte: on
 * generated traces with every shape, tie and scope, in 1, 2, 3, 7 and 16 pieces, with and without outputs.
 * Replay: LTA_TEST_SEED=<seed> LTA_TEST_TRACES=1; 500 traces: LTA_TEST_TRACES=10000. The files are small and
 * many: they lie in /dev/shm where there is one. */
#include "kernels/ops.h"
#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/split/piece.h"
#include "pipeline/split/split.h"
#include "pipeline/trie/trie.h"
#include "tests/build_trace.h"
#include "tests/memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { TRACES = 400, A_TRIAL = 20 }; /* a trace in five ways costs as much as so many of other tests */

typedef struct fixture {
    char *dir, *whole, *split, *pieces;
    FILE *nowhere;
    lta_log log;
    lta_run run;
    const test_trace *test;
} fixture;

static void ok(const fixture *x, lta_status st)
{
    if (st == LTA_OK)
        return;
    if (x->test)
        test_trace_print(x->test);
    fail_msg("%s", lta_error_detail());
}

static char *path_in(const char *dir, const char *name)
{
    char *path = NULL;
    assert_int_equal(lta_join_path(dir, name, &path), LTA_OK);
    return path;
}

static void empty_folder(const char *path)
{
    DIR *d = opendir(path);
    if (!d)
        return;
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
}

static char *content(const char *dir, const char *name, size_t *n)
{
    char *path = path_in(dir, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *n = (size_t)ftell(f);
    rewind(f);
    char *bytes = test_bytes(*n);
    assert_int_equal(fread(bytes, 1, *n, f), *n);
    fclose(f);
    lta_free(path);
    return bytes;
}

static void expect_same_file(const fixture *x, const char *name, uint64_t pieces)
{
    size_t n, m;
    char *a = content(x->whole, name, &n), *b = content(x->split, name, &m);
    if (n != m || memcmp(a, b, n) != 0) {
        test_trace_print(x->test);
        fail_msg("%s of %llu pieces differs, seed %llu", name, (unsigned long long)pieces,
                 (unsigned long long)x->test->seed);
    }
    lta_free(a);
    lta_free(b);
}

/* What a file has to say and the generator leaves open. */
static void name_sources(const fixture *x, lta_trace *t)
{
    lta_sources *s = &t->sources;
    lta_strings *texts[] = {&s->name,   &s->dataset, &s->file,       &s->xxh3_128,
                            &s->sha256, &s->licence, &s->time_origin};
    t->name = test_text("generated");
    for (uint64_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            ok(x, lta_strings_add_text(texts[k], "x"));
    s->rows = test_alloc(s->n, sizeof *s->rows);
    s->time_shift_us = test_alloc(s->n, sizeof *s->time_shift_us);
    s->symbol_base = test_alloc(s->n, sizeof *s->symbol_base);
    t->source_row = test_alloc(t->n, sizeof *t->source_row);
    for (uint64_t r = 0; r < t->n; r++)
        t->source_row[r] = s->rows[t->source[r]]++;
    if (t->session) {
        t->source_session = test_alloc(t->n, sizeof *t->source_session);
        memcpy(t->source_session, t->session, t->n * sizeof *t->session);
        for (uint64_t i = 0; i < t->n_sessions; i++)
            ok(x, lta_strings_add_text(&t->source_sessions, "x"));
    }
    t->skipped.source = test_alloc(0, sizeof *t->skipped.source);
    t->skipped.count = test_alloc(0, sizeof *t->skipped.count);
}

static void write_trace(const fixture *x, lta_trace *t)
{
    name_sources(x, t);
    lta_writer *w;
    ok(x, lta_writer_create(&x->run, x->whole, "trace.h5", "trace", &w));
    ok(x, lta_trace_write(t, w, true));
    ok(x, lta_writer_commit(w, "{}", "[]"));
    lta_writer_close(w);
}

static lta_curve_options curve_options(const test_trace *t, bool inputs_only)
{
    static const uint64_t sizes[] = {1, 2, 16};
    lta_curve_options o = {.inputs_only = inputs_only};
    if (t->block_tokens == 0) {
        o.n_blocks = 3;
        o.blocks = test_alloc(3, sizeof *o.blocks);
        memcpy(o.blocks, sizes, sizeof sizes);
    }
    if (t->seed % 5 == 0) /* curves of one scope alone */
        o.scopes[o.n_scopes++] = t->seed % 2 ? LTA_SCOPE_SOURCE : LTA_SCOPE_GLOBAL;
    return o;
}

static void work_in_pieces(const fixture *x, const lta_split_options *split, bool inputs_only,
                           lta_curve_options *curve)
{
    char name[32];
    lta_plan plan;
    json_t *digests = json_object();
    ok(x, lta_split_stage(&x->run, x->split, split, inputs_only, curve));
    ok(x, lta_plan_load(x->pieces, digests, &plan));
    json_decref(digests);
    for (uint64_t k = plan.pieces; k-- > 0;) { /* in no particular order */
        lta_piece_name(name, "piece", k);
        char *piece = path_in(x->pieces, name);
        ok(x, lta_map_stage(&x->run, piece));
        lta_free(piece);
    }
    for (uint64_t k = 0; k < plan.pieces; k++)
        ok(x, lta_reduce_stage(&x->run, x->split, k));
    ok(x, lta_finish_stage(&x->run, x->split));
    lta_plan_free(&plan);
}

/* The files of both stores but the trace's and the trie's. */
static void forget(const fixture *x)
{
    static const char *const files[] = {"reuse.h5", "curve.h5"};
    for (int i = 0; i < 2; i++) {
        char *path = path_in(x->split, files[i]);
        unlink(path);
        lta_free(path);
    }
    empty_folder(x->pieces);
}

static void copy_file(const fixture *x, const char *name)
{
    char *from = path_in(x->whole, name), *to = path_in(x->split, name);
    unlink(to);
    assert_int_equal(link(from, to), 0);
    lta_free(from);
    lta_free(to);
}

static void in_whole(const fixture *x, bool inputs_only)
{
    lta_trace t = test_build_trace(x->test, x->test->seed % 2);
    lta_reuse_options reuse = {.inputs_only = inputs_only};
    lta_curve_options curve = curve_options(x->test, inputs_only);
    empty_folder(x->whole);
    write_trace(x, &t);
    ok(x, lta_trie_stage(&x->run, x->whole));
    ok(x, lta_reuse_stage(&x->run, x->whole, &reuse));
    ok(x, lta_curve_stage(&x->run, x->whole, &curve));
    lta_curve_options_free(&curve);
    lta_trace_free(&t);
    forget(x);
    copy_file(x, "trace.h5");
    copy_file(x, "trie.h5");
}

static void pieces_equal_the_whole(void **state)
{
    static const uint64_t pieces[] = {1, 2, 3, 7, 16};
    fixture *x = *state;
    uint64_t seed = test_seed(), count = (test_count(TRACES) + A_TRIAL - 1) / A_TRIAL;
    for (uint64_t i = 0; i < count; i++) {
        test_trace t = test_trace_generate(seed + i);
        bool inputs_only = t.seed % 3 == 0;
        x->test = &t;
        in_whole(x, inputs_only);
        for (int p = 0; p < 5; p++) {
            lta_split_options split = {.pieces = pieces[p]};
            lta_curve_options curve = curve_options(&t, inputs_only);
            forget(x);
            work_in_pieces(x, &split, inputs_only, &curve);
            expect_same_file(x, "reuse.h5", pieces[p]);
            expect_same_file(x, "curve.h5", pieces[p]);
            lta_curve_options_free(&curve);
        }
        test_trace_free(&t);
        x->test = NULL;
    }
}

static int set_up(void **state)
{
    fixture *x = test_alloc(1, sizeof *x);
    x->dir = test_text(access("/dev/shm", W_OK) == 0 ? "/dev/shm/lta_split_XXXXXX" : "lta_split_XXXXXX");
    assert_non_null(mkdtemp(x->dir));
    x->whole = path_in(x->dir, "whole");
    x->split = path_in(x->dir, "split");
    x->pieces = path_in(x->split, "pieces");
    assert_int_equal(mkdir(x->whole, 0777), 0);
    assert_int_equal(mkdir(x->split, 0777), 0);
    x->nowhere = fopen("/dev/null", "w");
    assert_non_null(x->nowhere);
    lta_log_init(&x->log, x->nowhere, LTA_LOG_ERROR, false);
    x->run = (lta_run){.log = &x->log, .threads = 2};
    if (lta_ops_get(test_device(), &x->run.ops) != LTA_OK)
        return -1;
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    fixture *x = *state;
    empty_folder(x->pieces);
    rmdir(x->pieces);
    empty_folder(x->split);
    empty_folder(x->whole);
    assert_int_equal(rmdir(x->split), 0);
    assert_int_equal(rmdir(x->whole), 0);
    assert_int_equal(rmdir(x->dir), 0);
    fclose(x->nowhere);
    lta_free(x->pieces);
    lta_free(x->split);
    lta_free(x->whole);
    lta_free(x->dir);
    lta_free(x);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pieces_equal_the_whole)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
