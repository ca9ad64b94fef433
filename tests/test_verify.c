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
#include <hdf5.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
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
    ok(lta_verify_hits(&x->run, "curve.h5", &curves, false, &trie, &trace));
    for (uint64_t i = 0; i < curves.n; i++) {
        lta_curve *c = &curves.curve[i].curve, sound = *c;
        uint64_t capacity = c->capacity[1], hits = c->hits[1];
        assert_true(c->n > 2);
        c->capacity[1] = c->capacity[c->n - 1];
        c->hits[1] = c->hits[c->n - 1];
        c->n = 2;
        assert_int_equal(lta_verify_hits(&x->run, "curve.h5", &curves, false, &trie, &trace), LTA_ERR_FORMAT);
        assert_non_null(strstr(lta_error_detail(), "but a cache of that size has"));
        *c = sound;
        c->capacity[1] = capacity;
        c->hits[1] = hits;
    }
    ok(lta_verify_hits(&x->run, "curve.h5", &curves, false, &trie, &trace));
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

/* As a delta: whole numbers by one, real ones by a hundredth, texts by a letter. */
#define slightly INT64_MIN

static void add(lta_type type, void *data, uint64_t row, int64_t delta)
{
    double *real = data;
    if (delta == slightly) {
        if (type == LTA_F64)
            real[row] = real[row] == real[row] ? real[row] * 1.01 + (real[row] == 0) : 1;
        else
            add(type, data, row, 1);
        return;
    }
    if (type == LTA_U16)
        ((uint16_t *)data)[row] = (uint16_t)(((uint16_t *)data)[row] + delta);
    else if (type == LTA_U32)
        ((uint32_t *)data)[row] += (uint32_t)delta;
    else if (type == LTA_F64)
        real[row] += (double)delta;
    else
        ((uint64_t *)data)[row] += (uint64_t)delta;
}

static void copy_file(const char *from, const char *to)
{
    lta_mapping m;
    ok(lta_map_file(from, &m));
    FILE *f = fopen(to, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(m.data, 1, m.size, f), m.size);
    assert_int_equal(fclose(f), 0);
    lta_unmap_file(&m);
}

/* The list with one letter more in one of its texts. */
static void lengthen(lta_strings *s, uint64_t row)
{
    lta_strings longer = {0};
    for (uint64_t i = 0; i < s->n; i++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s", lta_strings_get(s, i), i == row ? "x" : "");
        ok(lta_strings_add_text(&longer, text));
    }
    lta_strings_free(s);
    *s = longer;
}

static void copy_dataset(const lta_reader *r, lta_writer *w, const char *path, const change *c)
{
    lta_type type;
    uint64_t n;
    char *unit, *description;
    bool changed = strcmp(c->path, path) == 0;
    ok(lta_reader_describe(r, path, &type, &n, &unit, &description));
    uint64_t row = c->row < 0 ? n - (uint64_t)-c->row : (uint64_t)c->row;
    if (type == LTA_STR) {
        lta_strings s = {0};
        ok(lta_reader_strings(r, path, &s));
        if (changed)
            lengthen(&s, row);
        ok(lta_writer_strings(w, path, &s, description));
        lta_strings_free(&s);
    } else {
        void *data;
        ok(lta_reader_column(r, path, type, &data, &n));
        if (changed)
            add(type, data, row, c->delta);
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

/* The attributes of the group that holds this dataset. */
static void copy_group(const lta_reader *r, lta_writer *w, const char *dataset, const change *c)
{
    char group[128];
    snprintf(group, sizeof group, "%.*s", (int)(strrchr(dataset, '/') - dataset), dataset);
    if (c->file == 3) {
        copy_number(r, w, group, "lookups", c);
        copy_number(r, w, group, "block", c);
        copy_text(r, w, group, "scope");
        copy_text(r, w, group, "unit");
    }
    if (strncmp(group, "/tables/", 8) == 0)
        copy_text(r, w, group, "description");
}

/* Writes the file anew with the change. */
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
    bool linked = false; /* there is one source: scope source is another name of global */
    for (uint64_t i = 0; i < paths.n; i++) {
        const char *dataset = lta_strings_get(&paths, i);
        const char *next = i + 1 < paths.n ? lta_strings_get(&paths, i + 1) : "/";
        if (strncmp(dataset, "/source/", 8) == 0) {
            if (!linked)
                ok(lta_writer_link(w, "/global", "/source"));
            linked = true;
            continue;
        }
        copy_dataset(r, w, dataset, c);
        if (strncmp(dataset, next, (size_t)(strrchr(dataset, '/') + 1 - dataset)) != 0)
            copy_group(r, w, dataset, c); /* its last one */
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
    /* from here on only making the file again tells */
    {2, "/session/distance", -1, 1},
    {4, "/tables/denominators/request_mean", 0, slightly},
    {4, "/tables/prefixes/saved", 0, 1},
    {4, "/tables/sessions/source_session", -1, slightly},
    {4, "/tables/trie_shape/leaves", 0, 1},
};

/* Prints the change if this is not how it was found. */
static int is_missed(const change *c, lta_status found)
{
    if (found == LTA_ERR_FORMAT && strstr(lta_error_detail(), files[c->file]))
        return 0;
    print_error("%s:%s row %lld by %lld: status %d\n", files[c->file], c->path, (long long)c->row,
                (long long)c->delta, (int)found);
    return 1;
}

static void wrong_values_are_found(void **state)
{
    const fixture *x = *state;
    int missed = 0;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        link_sound_files(x, changes[i].file);
        write_changed(x, &changes[i]);
        missed += is_missed(&changes[i], lta_verify(&x->run, x->altered, x->nowhere));
    }
    assert_int_equal(missed, 0);
}

/* Changes one value where it stands. The digest is wrong then, which only others look at. */
static void change_in_place(const char *path, const change *c)
{
    hid_t h5 = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), dataset = H5Dopen2(h5, c->path, H5P_DEFAULT);
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    size_t size = H5Tget_size(type);
    hssize_t n = H5Sget_simple_extent_npoints(space);
    char *data = test_alloc((size_t)n, size),
         *value = data + (c->row < 0 ? n + c->row : c->row) * (hssize_t)size;
    assert_true(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    if (H5Tget_class(type) == H5T_STRING)
        value[0] = value[0] == 'x' ? 'y' : 'x';
    else
        add(H5Tget_class(type) == H5T_FLOAT ? LTA_F64
            : size == 2                     ? LTA_U16
            : size == 4                     ? LTA_U32
                                            : LTA_U64,
            value, 0, c->delta);
    assert_true(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Sclose(space);
    H5Tclose(type);
    H5Dclose(dataset);
    assert_true(H5Fclose(h5) >= 0);
    lta_free(data);
}

/* Makes the last file of the altered store again, which is a copy of the sound one with that change; or,
 * where `alone`, an enriched file, only looks at it. */
static lta_status verify_in_place(const fixture *x, const change *c, bool alone)
{
    lta_reader *r;
    char *from = path_in(x->store, files[c->file]), *to = path_in(x->altered, files[c->file]);
    copy_file(from, to);
    if (c->delta != 0)
        change_in_place(to, c);
    ok(lta_reader_open(to, NULL, &r));
    lta_status st =
        alone ? lta_verify_enriched(&x->run, r) : lta_verify_again(&x->run, x->altered, files[c->file], r);
    lta_reader_close(r);
    lta_free(from);
    lta_free(to);
    return st;
}

/* Changes one value of every column of a file, in the middle or the last, one after the other; calls missed()
 * for those not found. */
static int change_every_column(const fixture *x, int file, bool alone, bool (*may_be_missed)(const change *c))
{
    const char *every = getenv("LTA_TEST_EVERY");
    int missed = 0, tried = 0, step = every ? atoi(every) : 1;
    char *path = path_in(x->store, files[file]);
    lta_reader *r;
    lta_strings paths = {0};
    link_sound_files(x, file);
    ok(lta_reader_open(path, NULL, &r));
    ok(lta_reader_datasets(r, &paths));
    ok(verify_in_place(x, &(change){file, "", 0, 0}, alone));
    for (uint64_t i = 0; i < paths.n; i++) {
        const char *dataset = lta_strings_get(&paths, i);
        lta_type type;
        uint64_t n;
        ok(lta_reader_describe(r, dataset, &type, &n, NULL, NULL));
        if (n == 0 || strncmp(dataset, "/source/", 8) == 0)
            continue;
        const change c = {file, dataset, i % 2 == 0 ? -1 : (int64_t)n / 2, slightly};
        if (tried++ % step == 0 && !(may_be_missed && may_be_missed(&c)))
            missed += is_missed(&c, verify_in_place(x, &c, alone));
    }
    assert_true(tried >= 5); /* trie.h5 has so many */
    lta_strings_free(&paths);
    lta_reader_close(r);
    lta_free(path);
    return missed;
}

/* One value of every column that a stage derives, changed slightly, is found by making the file again alone:
 * nobody has to think of each. */
static void no_column_is_left_out(void **state)
{
    int missed = 0;
    for (int k = 1; k < N_FILES; k++)
        missed += change_every_column(*state, k, false, NULL);
    assert_int_equal(missed, 0);
}

/* What an enriched file by itself does not tell: what the sources said, and what only trie and runs give. */
static bool only_others_tell(const change *c)
{
    static const char *const columns[] = {
        "/requests/turn",
        "/requests/source_session",
        "/requests/source_row",
        "/requests/source_time",
        "/requests/reuse_distance_first",
        "/requests/working_set",
        "/requests/trie_depth",
        "/sources/dataset",
        "/sources/file",
        "/sources/xxh3_128",
        "/sources/sha256",
        "/sources/licence",
        "/sources/time_origin",
        "/sources/rows",
        "/sources/time_shift_us",
        "/sources/symbol_base",
        "/tables/denominators/request_mean",
        "/tables/prefixes/node",
        "/tables/prefixes/depth",
        "/tables/prefixes/sessions",
        "/tables/prefixes/owner",
        "/tables/prefixes/request_1",
        "/tables/prefixes/request_2",
        "/tables/windows/distinct_symbols",
        "/tables/distributions/unit",
        "/tables/distributions/of",
        "/tables/trie_shape/nodes",
        "/tables/trie_shape/leaves",
        "/tables/trie_shape/root_children",
        "/tables/trie_shape/branching_nodes",
        "/tables/trie_shape/most_children",
        "/tables/trie_shape/positions",
        "/tables/trie_shape/depth_mean_nodes",
        "/tables/trie_shape/depth_max_symbols",
        "/tables/trie_shape/depth_mean_symbols",
    };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (strcmp(c->path, columns[i]) == 0)
            return true;
    return false;
}

static void few_columns_need_the_store(void **state)
{
    assert_int_equal(change_every_column(*state, 4, true, only_others_tell), 0);
}

/* What is put must be all of the file, and each of it what stands there. */
static void a_comparing_writer_refuses(void **state)
{
    const fixture *x = *state;
    static const struct {
        const char *path, *unit;
        lta_type type;
        uint64_t n;
        const char *said;
    } puts[] = {
        {"/trie/depth", "symbols", LTA_U32, 0, NULL},
        {"/trie/depth", "1", LTA_U32, 0,
         "trie.h5:/trie/depth@unit: is \"symbols\", but `lta maker` gives \"1\""},
        {"/trie/depth", "symbols", LTA_U64, 0, "rows of type <u4, but `lta maker` gives"},
        {"/trie/depth", "symbols", LTA_U32, 1, "rows of type <u4, but `lta maker` gives"},
        {"/trie/width", "symbols", LTA_U32, 0, "trie.h5:/trie/width: is missing, but `lta maker` makes it"},
    };
    char *path = path_in(x->store, "trie.h5"), *inputs;
    for (size_t i = 0; i < sizeof puts / sizeof *puts; i++) {
        lta_writer *w;
        lta_trace trace;
        lta_trie t;
        ok(lta_trace_load(x->store, false, &trace, NULL));
        ok(lta_trie_load(&x->run, x->store, trace.n, &t, NULL));
        ok(lta_writer_compare(&x->run, path, "trie", "maker", &w));
        lta_status st = lta_writer_column(w, puts[i].path, puts[i].type, t.depth, t.n_nodes - puts[i].n,
                                          puts[i].unit, "symbols from the root to the end of the node");
        assert_int_equal(st, puts[i].said ? LTA_ERR_FORMAT : LTA_OK);
        if (puts[i].said)
            assert_non_null(strstr(lta_error_detail(), puts[i].said));
        assert_int_equal(lta_writer_link(w, "/trie", "/requests"), LTA_ERR_FORMAT);
        assert_int_equal(lta_writer_commit(w, "{\"a\":1}", "{}"), LTA_ERR_FORMAT);
        assert_non_null(strstr(lta_error_detail(), "/@parameters: is \"{}\", but `lta maker` gives"));
        lta_writer_close(w);
        lta_trie_free(&t);
        lta_trace_free(&trace);
    }
    lta_writer *w; /* nothing put at all */
    lta_reader *r;
    ok(lta_reader_open(path, NULL, &r));
    ok(lta_reader_attribute_text(r, "/", "inputs", &inputs));
    ok(lta_writer_compare(&x->run, path, "trie", "maker", &w));
    assert_int_equal(lta_writer_commit(w, "{}", inputs), LTA_ERR_FORMAT);
    assert_non_null(strstr(lta_error_detail(), "/trie/parent: is nothing that `lta maker` makes"));
    lta_writer_close(w);
    lta_reader_close(r);
    lta_free(inputs);
    lta_free(path);
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
        cmocka_unit_test(unchanged_copies_pass),      cmocka_unit_test(wrong_values_are_found),
        cmocka_unit_test(no_column_is_left_out),      cmocka_unit_test(few_columns_need_the_store),
        cmocka_unit_test(a_comparing_writer_refuses), cmocka_unit_test(wrong_hits_are_found),
        cmocka_unit_test(stale_files_are_found),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
