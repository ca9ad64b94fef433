/* tests/test_verify.c - what verify must notice: files with a sound digest whose content is wrong. A store is
 * made by the stages; then one value of one column at a time is changed and the file written anew, digest and
 * all. */
#include "kernels/ops.h"
#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/curve/curve.h"
#include "pipeline/enrich/enrich.h"
#include "pipeline/import/import.h"
#include "pipeline/reuse/reuse.h"
#include "pipeline/trie/trie.h"
#include "pipeline/verify/verify_internal.h"
#include "tests/memory.h"
#include "tests/store_sample.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { REQUESTS = 24, SESSIONS = 4, N_FILES = 5 };
static const char *const files[N_FILES] = {"trace.h5", "trie.h5", "reuse.h5", "curve.h5", "enriched.h5"};

typedef struct fixture {
    char *dir, *store, *altered; /* altered: a store that holds a changed file and the sound ones before it */
    FILE *nowhere;
    lta_log log;
    lta_run run;
} fixture;

static void ok(lta_status st)
{
    if (st != LTA_OK)
        fail_msg("%s", lta_error_detail());
}

static char *path_in(const char *dir, const char *name)
{
    char *path = NULL;
    ok(lta_join_path(dir, name, &path));
    return path;
}

/* Sessions that share a system prompt, grow turn by turn with their outputs, and lose the middle of their
 * history. */
static void write_source(const char *path)
{
    FILE *f = fopen(path, "w");
    int history[SESSIONS][600], length[SESSIONS] = {0};
    assert_non_null(f);
    for (int r = 0; r < REQUESTS; r++) {
        int s = r % SESSIONS, turn = r / SESSIONS;
        for (int i = 0; turn == 0 && i < 20; i++)
            history[s][length[s]++] = 7 + i;
        for (int i = 0; i < 9; i++)
            history[s][length[s]++] =
                1000 * (s % 2) + 100 * turn + i; /* two sessions ask what two others asked */
        if (turn == 4) {
            memmove(&history[s][22], &history[s][40], (size_t)(length[s] - 40) * sizeof(int));
            length[s] -= 18;
        }
        fprintf(f, "{\"session_id\": %d, \"turn_id\": %d, \"ts\": %d.%d, \"num_input_tokens\": %d, ", s, turn,
                r, r * r % 7, length[s]);
        fprintf(f, "\"num_output_tokens\": 5, \"input_tokens\": [");
        for (int i = 0; i < length[s]; i++)
            fprintf(f, "%s%d", i ? ", " : "", history[s][i]);
        fprintf(f, "], \"output_tokens\": [");
        for (int i = 0; i < 5; i++) {
            history[s][length[s]++] = 5000 + 10 * r + i;
            fprintf(f, "%s%d", i ? ", " : "", 5000 + 10 * r + i);
        }
        fprintf(f, "]}\n");
    }
    assert_int_equal(fclose(f), 0);
}

/* A curve that is sound by itself and ends where it should, but goes straight where the cache's does not. */
static void wrong_hits_are_found(void **state)
{
    const fixture *x = *state;
    lta_trace trace;
    lta_trie trie;
    lta_curves curves;
    ok(lta_trace_load(x->store, false, &trace, NULL));
    ok(lta_trie_load(&x->run, x->store, trace.n, &trie, NULL));
    ok(lta_curves_load(x->store, &curves, NULL));
    ok(lta_verify_hits(&x->run, "curve.h5", &curves, &trie, &trace));
    for (uint64_t i = 0; i < curves.n; i++) {
        lta_curve *c = &curves.curve[i].curve, sound = *c;
        uint64_t capacity = c->capacity[1], hits = c->hits[1];
        assert_true(c->n > 2);
        c->capacity[1] = c->capacity[c->n - 1];
        c->hits[1] = c->hits[c->n - 1];
        c->n = 2;
        assert_int_equal(lta_verify_hits(&x->run, "curve.h5", &curves, &trie, &trace), LTA_ERR_FORMAT);
        assert_non_null(strstr(lta_error_detail(), "but a cache of that size has"));
        *c = sound;
        c->capacity[1] = capacity;
        c->hits[1] = hits;
    }
    ok(lta_verify_hits(&x->run, "curve.h5", &curves, &trie, &trace));
    lta_curves_free(&curves);
    lta_trie_free(&trie);
    lta_trace_free(&trace);
}

static int set_up(void **state)
{
    fixture *x = test_alloc(1, sizeof *x);
    lta_import_options import = LTA_IMPORT_DEFAULTS;
    lta_reuse_options reuse = {0};
    lta_curve_options curve = {0};
    lta_enrich_options enrich = {0};
    assert_non_null(x);
    x->dir = sample_folder();
    x->store = path_in(x->dir, "store");
    x->altered = path_in(x->dir, "altered");
    char *source = path_in(x->dir, "source.jsonl");
    write_source(source);
    x->nowhere = fopen("/dev/null", "w");
    assert_non_null(x->nowhere);
    lta_log_init(&x->log, x->nowhere, LTA_LOG_ERROR, false);
    x->run = (lta_run){.log = &x->log, .threads = 2};
    ok(lta_ops_get("cpu", &x->run.ops));
    import.format = "marconi";
    ok(lta_import(&x->run, x->store, &import, 1, &source));
    ok(lta_trie_stage(&x->run, x->store));
    ok(lta_reuse_stage(&x->run, x->store, &reuse));
    ok(lta_curve_stage(&x->run, x->store, &curve));
    ok(lta_enrich_stage(&x->run, x->store, &enrich));
    ok(lta_verify(&x->run, x->store, x->nowhere));
    assert_int_equal(mkdir(x->altered, 0777), 0);
    lta_curve_options_free(&curve);
    lta_enrich_options_free(&enrich);
    unlink(source);
    lta_free(source);
    *state = x;
    return 0;
}

static void empty_folder(const char *path)
{
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
}

static int tear_down(void **state)
{
    fixture *x = *state;
    empty_folder(x->store);
    empty_folder(x->altered);
    assert_int_equal(rmdir(x->store), 0);
    assert_int_equal(rmdir(x->altered), 0);
    assert_int_equal(rmdir(x->dir), 0);
    fclose(x->nowhere);
    lta_free(x->store);
    lta_free(x->altered);
    lta_free(x->dir);
    lta_free(x);
    return 0;
}

typedef struct change {
    int file;
    const char *path; /* dataset, or group@attribute */
    int64_t row;      /* from the end if negative */
    int64_t delta;
} change;

static void add(lta_type type, void *data, uint64_t row, int64_t delta)
{
    if (type == LTA_U16)
        ((uint16_t *)data)[row] = (uint16_t)(((uint16_t *)data)[row] + delta);
    else if (type == LTA_U32)
        ((uint32_t *)data)[row] += (uint32_t)delta;
    else if (type == LTA_F64)
        ((double *)data)[row] += (double)delta;
    else
        ((uint64_t *)data)[row] += (uint64_t)delta;
}

static void copy_dataset(const lta_reader *r, lta_writer *w, const char *path, const change *c)
{
    lta_type type;
    uint64_t n;
    char *unit, *description;
    ok(lta_reader_describe(r, path, &type, &n, &unit, &description));
    if (type == LTA_STR) {
        lta_strings s = {0};
        ok(lta_reader_strings(r, path, &s));
        ok(lta_writer_strings(w, path, &s, description));
        lta_strings_free(&s);
    } else {
        void *data;
        ok(lta_reader_column(r, path, type, &data, &n));
        if (strcmp(c->path, path) == 0)
            add(type, data, c->row < 0 ? n - (uint64_t)-c->row : (uint64_t)c->row, c->delta);
        ok(lta_writer_column(w, path, type, data, n, unit, description));
        lta_free(data);
    }
    lta_free(unit);
    lta_free(description);
}

static void copy_text(const lta_reader *r, lta_writer *w, const char *path, const char *name)
{
    char *text;
    if (lta_reader_attribute_text(r, path, name, &text) != LTA_OK)
        return;
    ok(lta_writer_attribute_text(w, path, name, text));
    lta_free(text);
}

static void copy_number(const lta_reader *r, lta_writer *w, const char *path, const char *name,
                        const change *c)
{
    uint64_t number;
    size_t length = strlen(path);
    if (lta_reader_attribute_u64(r, path, name, &number) != LTA_OK)
        return;
    if (strncmp(c->path, path, length) == 0 && c->path[length] == '@' &&
        strcmp(c->path + length + 1, name) == 0)
        number += (uint64_t)c->delta;
    ok(lta_writer_attribute_u64(w, path, name, number));
}

/* Writes the file anew with the change; a linked group becomes one of its own. */
static void write_changed(const fixture *x, const change *c)
{
    char *path = path_in(x->store, files[c->file]), *parameters, *inputs;
    lta_reader *r;
    lta_writer *w;
    lta_strings paths = {0};
    ok(lta_reader_open(path, NULL, &r));
    ok(lta_writer_create(&x->run, x->altered, files[c->file], lta_reader_format(r), &w));
    copy_text(r, w, "/", "name");
    copy_text(r, w, "/", "unit");
    copy_number(r, w, "/", "block_tokens", c);
    ok(lta_reader_datasets(r, &paths));
    for (uint64_t i = 0; i < paths.n; i++) {
        const char *dataset = lta_strings_get(&paths, i);
        copy_dataset(r, w, dataset, c);
        if (c->file == 3 && strcmp(strrchr(dataset, '/'), "/hits") == 0) {
            char group[128];
            snprintf(group, sizeof group, "%.*s", (int)(strrchr(dataset, '/') - dataset), dataset);
            copy_number(r, w, group, "lookups", c);
            copy_number(r, w, group, "block", c);
            copy_text(r, w, group, "scope");
            copy_text(r, w, group, "unit");
        }
    }
    ok(lta_reader_attribute_text(r, "/", "parameters", &parameters));
    ok(lta_reader_attribute_text(r, "/", "inputs", &inputs));
    ok(lta_writer_commit(w, parameters, inputs));
    lta_writer_close(w);
    lta_strings_free(&paths);
    lta_reader_close(r);
    lta_free(parameters);
    lta_free(inputs);
    lta_free(path);
}

static void link_sound_files(const fixture *x, int before)
{
    empty_folder(x->altered);
    for (int k = 0; k < before; k++) {
        char *from = path_in(x->store, files[k]), *to = path_in(x->altered, files[k]);
        assert_int_equal(link(from, to), 0);
        lta_free(from);
        lta_free(to);
    }
}

static void unchanged_copies_pass(void **state)
{
    const fixture *x = *state;
    for (int k = 0; k < N_FILES; k++) {
        link_sound_files(x, k);
        write_changed(x, &(change){k, "", 0, 0});
        ok(lta_verify(&x->run, x->altered, x->nowhere));
    }
}

/* Each of these is wrong by itself, or disagrees with the files before it. */
static const change changes[] = {
    {0, "/requests/arrival_us", 3, -5000000},
    {0, "/requests/session", 2, 9},
    {0, "/requests/source", 5, 1},
    {0, "/requests/source_row", 1, 1000},
    {0, "/sequences/input_length", 4, 1000},
    {0, "/sequences/offset", 4, 1},
    {0, "/sequences/piece_request", -2, 1},
    {0, "/sequences/piece_start", -2, 1},
    {0, "/sequences/piece_length", 0, -1},
    {1, "/trie/parent", 2, -1},
    {1, "/trie/depth", 1, 1},
    {1, "/trie/depth", -1, 1},
    {1, "/trie/owner", -1, -1},
    {1, "/requests/input_node", 7, -1},
    {1, "/requests/full_node", 7, -1},
    {2, "/global/offset", 6, 1},
    {2, "/global/previous", -1, -1},
    {2, "/global/previous", -1, 1},
    {2, "/global/start", -1, 1},
    {2, "/global/length", -1, 1},
    {2, "/global/length", -1, -1},
    {2, "/global/distance", -1, 100000},
    {2, "/global/distance", -1, -100000},
    {2, "/session/previous", -1, 1},
    {2, "/session/length", -1, 1},
    {3, "/global/block1/hits", -1, 1},
    {3, "/global/block1/hits", 0, 1},
    {3, "/global/block1/capacity", 0, 1},
    {3, "/global/block1@lookups", 0, 1},
    {3, "/session/block16_reserve_last/hits", -1, -1},
    {3, "/global/block16@lookups", 0, -1},
    {4, "/requests/input_tokens", 3, 1},
    {4, "/requests/turn", 3, 1}, /* only trace.h5 tells */
    {4, "/requests/reusable", 5, 1},
    {4, "/requests/reusable_session", 9, 1},
    {4, "/requests/reusable_source", 9, 1},
    {4, "/requests/reusable_cross", 9, 1},
    {4, "/requests/new_symbols", 9, 1},
    {4, "/requests/reuse_distance", 9, -1},
    {4, "/requests/reuse_distance", 0, 1},
    {4, "/requests/reuse_distance_first", 9, 100000},
    {4, "/requests/reuse_request", 9, 100},
    {4, "/requests/reuse_time_us", 9, 1},
    {4, "/requests/working_set", 9, -100000},
    {4, "/requests/working_set", 9, 1},
    {4, "/requests/next_request", 3, -100},
    {4, "/requests/next_reuse_time_us", 3, 1},
    {4, "/requests/interarrival_us", 3, 1},
    {4, "/requests/think_time_us", 9, 1},
    {4, "/requests/session_turns", 9, 1},
    {4, "/requests/trie_depth", 9, 1},
    {4, "/requests/hit_1000", 9, 1},
    {4, "/requests/hit_1000", 9, -1},
    {4, "/requests/kv_bytes", 9, 1},
    {4, "/requests/prompt_cache_distance", 9, 100},
    {4, "/tables/summary/requests", -1, 1},
    {4, "/tables/summary/requests", 0, 1},
    {4, "/tables/summary/reusable_session", -1, 1},
    {4, "/tables/summary/input_symbols", -1, 1},
    {4, "/tables/sessions/turns", 1, 1},
    {4, "/tables/windows/requests", 0, 1},
    {4, "/tables/hit_curve/hits", 0, 1000000},
    {4, "/tables/hit_curve/hits", 5, -100000},
    {4, "/tables/hit_curve/capacity", 3, 100000},
    {4, "/tables/hit_curve/lookups", 3, 1},
    {4, "/tables/reuse_distance/count", 3, 1},
    {4, "/tables/reuse_distance/next_edge", 3, 1},
    {4, "/tables/input_length/count", -1, -1},
    {4, "/tables/input_length/edge", -1, -1},
    {4, "/tables/session_turns/count", -1, 1},
    {4, "/tables/distributions/values", 0, 1},
    {4, "/tables/distributions/none", 0, 1},
    {4, "/tables/distributions/sum", 0, 1},
    {4, "/tables/distributions/none", 1, 1},
    {4, "/tables/distributions/sum", 1, -1},
    {4, "/tables/distributions/mean", 2, 1},
    {4, "/tables/distributions/min", 3, 1},
    {4, "/tables/distributions/median", 0, 100000},
    {4, "/tables/distributions/median", 3, 1},
    {4, "/tables/distributions/q990", 2, -1},
    {4, "/tables/distributions/max", -1, 1},
    {4, "/tables/interarrival/gaps", 0, 1},
    {4, "/tables/interarrival/zero_gaps", 0, 1},
    {4, "/tables/interarrival/mean_us", 0, 2},
    {4, "/tables/interarrival/cv", 0, 1},
    {4, "/tables/interarrival/windows", 0, 1},
    {4, "/tables/interarrival/window_us", 0, -59900000},
    {4, "/tables/interarrival/index_of_dispersion", 0, 1},
    {4, "/tables/interarrival/gamma_shape", 0, 1},
    {4, "/tables/interarrival/gamma_scale_us", 0, 100},
    {4, "/tables/interarrival/weibull_shape", 0, -1},
    {4, "/tables/interarrival/weibull_scale_us", 0, 100},
};

static void wrong_values_are_found(void **state)
{
    const fixture *x = *state;
    int missed = 0;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const change *c = &changes[i];
        link_sound_files(x, c->file);
        write_changed(x, c);
        lta_status st = lta_verify(&x->run, x->altered, x->nowhere);
        if (st != LTA_ERR_FORMAT || !strstr(lta_error_detail(), files[c->file])) {
            print_error("%s:%s row %lld by %lld: status %d\n", files[c->file], c->path, (long long)c->row,
                        (long long)c->delta, (int)st);
            missed++;
        }
    }
    assert_int_equal(missed, 0);
}

static void stale_files_are_found(void **state)
{
    const fixture *x = *state;
    link_sound_files(x, N_FILES);
    char *trie = path_in(x->altered, "trie.h5");
    assert_int_equal(unlink(trie), 0);
    write_changed(x, &(change){1, "/trie/depth", 0, 0}); /* the same again: nothing is stale */
    ok(lta_verify(&x->run, x->altered, x->nowhere));
    assert_int_equal(unlink(trie), 0);
    write_changed(x, &(change){1, "/trie/depth", -1, 1});
    assert_int_equal(lta_verify(&x->run, x->altered, x->nowhere), LTA_ERR_INPUT);
    assert_non_null(strstr(lta_error_detail(), "another trie.h5"));
    assert_int_equal(unlink(trie), 0);
    assert_int_equal(lta_verify(&x->run, x->altered, x->nowhere), LTA_ERR_INPUT);
    lta_free(trie);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged_copies_pass),
        cmocka_unit_test(wrong_values_are_found),
        cmocka_unit_test(wrong_hits_are_found),
        cmocka_unit_test(stale_files_are_found),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
