/* tests/test_trace.c - trace.h5: what is written is read back, up to date is recognised, and a lying file is
 * refused. */
#include "pipeline/core/array.h"
#include "pipeline/core/digest.h"
#include "pipeline/core/file.h"
#include "pipeline/import/import.h"
#include "tests/memory.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

typedef struct context {
    char folder[64], store[80];
    char path[3][160], *list[3];
    FILE *null;
    lta_log log;
    lta_run run;
    lta_import_options options;
} context;

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* Three Marconi files, one without a kind in its name, with a bad row, a shared session name and an id beyond
 * 2^32. */
static int setup(void **state)
{
    static const char *const names[] = {"lmsys_sps=1_nums=2.jsonl", "other.jsonl",
                                        "sharegpt_sps=1_nums=1.jsonl"};
    static const char *const texts[] = {
        "{\"session_id\":5,\"turn_id\":0,\"ts\":0.25,\"num_input_tokens\":3,\"num_output_tokens\":2,\"input_"
        "tokens\":[1,2,3],\"output_tokens\":[4,5]}\n"
        "{\"session_id\":6,\"turn_id\":0,\"ts\":0.5,\"num_input_tokens\":2,\"num_output_tokens\":0,\"input_"
        "tokens\":[1,2],\"output_tokens\":[]}\n"
        "nonsense\n"
        "{\"session_id\":5,\"turn_id\":1,\"ts\":3.5,\"num_input_tokens\":6,\"num_output_tokens\":1,\"input_"
        "tokens\":[1,2,3,4,5,6],\"output_tokens\":[7]}\n",
        "{\"session_id\":6,\"turn_id\":0,\"ts\":1.5,\"num_input_tokens\":1,\"num_output_tokens\":1,\"input_"
        "tokens\":[9],\"output_tokens\":[4294967296]}\n",
        "{\"session_id\":0,\"turn_id\":0,\"ts\":0,\"num_input_tokens\":0,\"num_output_tokens\":0,\"input_"
        "tokens\":[],\"output_tokens\":[]}\n"
        "{\"session_id\":0,\"turn_id\":1,\"ts\":3.5,\"num_input_tokens\":3,\"num_output_tokens\":0,\"input_"
        "tokens\":[1,2,8],\"output_tokens\":[]}\n",
    };
    context *c = test_alloc(1, sizeof *c);
    assert_non_null(c);
    char folder[] = "/tmp/lta-test-trace-XXXXXX";
    assert_non_null(mkdtemp(folder));
    strcpy(c->folder, folder);
    snprintf(c->store, sizeof c->store, "%s/store", folder);
    for (int i = 0; i < 3; i++) {
        snprintf(c->path[i], sizeof c->path[i], "%s/%s", folder, names[i]);
        write_text(c->path[i], texts[i]);
        c->list[i] = c->path[i];
    }
    c->null = fopen("/dev/null", "w");
    assert_non_null(c->null);
    lta_log_init(&c->log, c->null, LTA_LOG_ERROR, false);
    c->run = (lta_run){.log = &c->log, .threads = 2, .skip_bad_rows = true};
    c->options = LTA_IMPORT_DEFAULTS;
    c->options.timeline = LTA_TIMELINE_OVERLAY;
    *state = c;
    return 0;
}

static void remove_folder(const char *folder)
{
    char path[512];
    DIR *d = opendir(folder);
    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        remove(path);
    }
    closedir(d);
    rmdir(folder);
}

static int teardown(void **state)
{
    context *c = *state;
    remove_folder(c->store);
    remove_folder(c->folder);
    fclose(c->null);
    lta_free(c);
    return 0;
}

static void assert_strings_equal(const lta_strings *a, const lta_strings *b)
{
    assert_int_equal(a->n, b->n);
    for (uint64_t i = 0; i < a->n; i++)
        assert_string_equal(lta_strings_get(a, i), lta_strings_get(b, i));
}

#define ASSERT_COLUMN(name, n)                                                                               \
    do {                                                                                                     \
        assert_int_equal(a->name != NULL, b->name != NULL);                                                  \
        if (a->name)                                                                                         \
            assert_memory_equal(a->name, b->name, (n) * sizeof *a->name);                                    \
    } while (0)

static void assert_sequences_equal(const lta_sequences *a, const lta_sequences *b)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->n_pieces, b->n_pieces);
    assert_int_equal(a->n_symbols, b->n_symbols);
    ASSERT_COLUMN(input_length, a->n);
    ASSERT_COLUMN(full_length, a->n);
    ASSERT_COLUMN(offset, a->n + 1);
    ASSERT_COLUMN(piece_request, a->n_pieces);
    ASSERT_COLUMN(piece_start, a->n_pieces);
    ASSERT_COLUMN(piece_length, a->n_pieces);
    ASSERT_COLUMN(piece_at, a->n_pieces);
    ASSERT_COLUMN(symbols32, a->n_symbols);
    ASSERT_COLUMN(symbols64, a->n_symbols);
}

static void assert_traces_equal(const lta_trace *a, const lta_trace *b)
{
    assert_int_equal(a->n, b->n);
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->unit, b->unit);
    assert_int_equal(a->block_tokens, b->block_tokens);
    assert_int_equal(a->n_sessions, b->n_sessions);
    ASSERT_COLUMN(session, a->n);
    ASSERT_COLUMN(turn, a->n);
    ASSERT_COLUMN(arrival_us, a->n);
    ASSERT_COLUMN(input_tokens, a->n);
    ASSERT_COLUMN(output_tokens, a->n);
    ASSERT_COLUMN(kind, a->n);
    ASSERT_COLUMN(source, a->n);
    ASSERT_COLUMN(source_session, a->n);
    ASSERT_COLUMN(source_row, a->n);
    ASSERT_COLUMN(source_time, a->n);
    assert_true(!a->model && !b->model);
    assert_strings_equal(&a->kinds, &b->kinds);
    assert_strings_equal(&a->source_sessions, &b->source_sessions);
    assert_strings_equal(&a->sources.name, &b->sources.name);
    assert_strings_equal(&a->sources.file, &b->sources.file);
    assert_strings_equal(&a->sources.xxh3_128, &b->sources.xxh3_128);
    assert_strings_equal(&a->sources.sha256, &b->sources.sha256);
    assert_strings_equal(&a->sources.time_origin, &b->sources.time_origin);
    ASSERT_COLUMN(sources.rows, a->sources.n);
    ASSERT_COLUMN(sources.time_shift_us, a->sources.n);
    ASSERT_COLUMN(sources.symbol_base, a->sources.n);
    assert_strings_equal(&a->skipped.reason, &b->skipped.reason);
    ASSERT_COLUMN(skipped.source, a->skipped.n);
    ASSERT_COLUMN(skipped.count, a->skipped.n);
    assert_sequences_equal(&a->sequences, &b->sequences);
}

static void written_and_read_back(void **state)
{
    context *c = *state;
    lta_trace made, read;
    char digest[LTA_SHA256_HEX], again[LTA_SHA256_HEX];
    c->options.sha256 = true;
    assert_int_equal(lta_import_to_memory(&c->run, &c->options, 3, c->list, &made), LTA_OK);
    assert_int_equal(lta_import(&c->run, c->store, &c->options, 3, c->list), LTA_OK);
    if (lta_trace_load(c->store, true, &read, digest) != LTA_OK)
        fail_msg("%s", lta_error_detail());
    assert_traces_equal(&made, &read);
    /* overlaid: requests of the three files alternate, and equal arrivals stand by source */
    static const uint16_t source[] = {2, 0, 0, 1, 0, 2}, kind[] = {0, 1, 1, LTA_NO_U16, 1, 0};
    static const uint32_t session[] = {3, 0, 1, 2, 0, 3}, name[] = {0, 1, 2, 2, 1, 0};
    static const int64_t arrival[] = {0, 250000, 500000, 1500000, 3500000, 3500000};
    assert_int_equal(read.n, 6);
    assert_memory_equal(read.source, source, sizeof source);
    assert_memory_equal(read.kind, kind, sizeof kind);
    assert_memory_equal(read.session, session, sizeof session);
    assert_memory_equal(read.source_session, name, sizeof name);
    assert_memory_equal(read.arrival_us, arrival, sizeof arrival);
    assert_string_equal(lta_strings_get(&read.kinds, 0), "sharegpt");
    assert_int_equal(read.skipped.n, 1);
    assert_int_equal(read.sources.rows[0], 4);
    assert_int_equal(strlen(lta_strings_get(&read.sources.sha256, 1)), 64);
    assert_non_null(read.sequences.symbols64);
    lta_trace_free(&read);
    assert_int_equal(lta_trace_load(c->store, false, &read, again), LTA_OK);
    assert_string_equal(digest, again);
    assert_int_equal(read.sequences.n, 0);
    lta_trace_free(&read);
    lta_trace_free(&made);
}

/* Import of several files gives each file's requests as importing it alone does, but for what a merge must
 * change. */
static void merging_keeps_what_single_imports_give(void **state)
{
    context *c = *state;
    lta_trace all, one;
    c->options.timeline = LTA_TIMELINE_CONCAT;
    c->options.gap_us = 77;
    assert_int_equal(lta_import_to_memory(&c->run, &c->options, 3, c->list, &all), LTA_OK);
    uint64_t r = 0;
    int64_t start = 0;
    uint32_t first_session = 0;
    for (int s = 0; s < 3; s++) {
        assert_int_equal(lta_import_to_memory(&c->run, &c->options, 1, &c->list[s], &one), LTA_OK);
        for (uint64_t i = 0; i < one.n; i++, r++) {
            uint64_t a[16], b[16];
            uint32_t n = one.sequences.full_length[i];
            assert_int_equal(all.source[r], s);
            assert_int_equal(all.source_row[r], one.source_row[i]);
            assert_int_equal(all.arrival_us[r], one.arrival_us[i] + start);
            assert_int_equal(all.session[r], one.session[i] + first_session);
            assert_string_equal(lta_strings_get(&all.source_sessions, all.source_session[r]),
                                lta_strings_get(&one.source_sessions, one.source_session[i]));
            assert_true(all.source_time[r] == one.source_time[i]);
            assert_int_equal(all.sequences.full_length[r], n);
            assert_int_equal(lta_sequences_decode(&all.sequences, r, 0, n, a), LTA_OK);
            assert_int_equal(lta_sequences_decode(&one.sequences, i, 0, n, b), LTA_OK);
            assert_memory_equal(a, b, n * sizeof *a);
        }
        start += one.arrival_us[one.n - 1] + 77;
        first_session += (uint32_t)one.n_sessions;
        lta_trace_free(&one);
    }
    assert_int_equal(r, all.n);
    lta_trace_free(&all);
}

static int64_t changed_at(const context *c)
{
    char path[160];
    struct stat s;
    snprintf(path, sizeof path, "%s/trace.h5", c->store);
    assert_int_equal(stat(path, &s), 0);
    return (int64_t)s.st_ino * 1000000000 + s.st_mtim.tv_nsec;
}

static void done_once_is_not_done_again(void **state)
{
    context *c = *state;
    assert_int_equal(lta_import(&c->run, c->store, &c->options, 3, c->list), LTA_OK);
    int64_t first = changed_at(c);
    assert_int_equal(lta_import(&c->run, c->store, &c->options, 3, c->list), LTA_OK);
    assert_int_equal(changed_at(c), first);
    c->options.format = "marconi"; /* what "auto" had found */
    assert_int_equal(lta_import(&c->run, c->store, &c->options, 3, c->list), LTA_OK);
    assert_int_equal(changed_at(c), first);
    c->options.gap_us = 5; /* no gap between overlaid sources */
    assert_int_equal(lta_import(&c->run, c->store, &c->options, 3, c->list), LTA_OK);
    assert_int_equal(changed_at(c), first);
    c->options.name = "other";
    assert_int_equal(lta_import(&c->run, c->store, &c->options, 3, c->list), LTA_OK);
    int64_t second = changed_at(c);
    assert_int_not_equal(second, first);
    c->run.force = true;
    assert_int_equal(lta_import(&c->run, c->store, &c->options, 3, c->list), LTA_OK);
    int64_t third = changed_at(c);
    assert_int_not_equal(third, second);
    /* a failed import leaves the file as it is, and no other */
    c->run.skip_bad_rows = false;
    assert_int_equal(lta_import(&c->run, c->store, &c->options, 3, c->list), LTA_ERR_FORMAT);
    assert_non_null(strstr(lta_error_detail(), "nums=2.jsonl:3: found 'n' at byte 1"));
    assert_int_equal(changed_at(c), third);
    volatile sig_atomic_t signal = SIGTERM;
    c->run.skip_bad_rows = true;
    c->run.signal = &signal;
    assert_int_equal(lta_import(&c->run, c->store, &c->options, 3, c->list), LTA_ERR_STOPPED);
    assert_int_equal(changed_at(c), third);
}

/* Saves the trace as it is, true or not. */
static void save(context *c, const lta_trace *t)
{
    lta_writer *w;
    assert_int_equal(lta_make_folder(c->store), LTA_OK);
    assert_int_equal(lta_writer_create(&c->run, c->store, "trace.h5", "trace", &w), LTA_OK);
    assert_int_equal(lta_trace_write(t, w, true), LTA_OK);
    assert_int_equal(lta_writer_commit(w, "{}", "[]"), LTA_OK);
    lta_writer_close(w);
}

static void expect_refusal(context *c, const lta_trace *t, const char *part)
{
    lta_trace read;
    char digest[LTA_SHA256_HEX];
    save(c, t);
    lta_status st = lta_trace_load(c->store, true, &read, digest);
    if (st == LTA_OK)
        lta_trace_free(&read);
    if (st != LTA_ERR_FORMAT || !strstr(lta_error_detail(), part))
        fail_msg("status %d: %s\nexpected: %s", st, lta_error_detail(), part);
}

/* Lies with one element of a column. */
#define LIE(member, index, value, part)                                                                      \
    do {                                                                                                     \
        __typeof__(t.member[0]) truth = t.member[index];                                                     \
        t.member[index] = (value);                                                                           \
        expect_refusal(c, &t, part);                                                                         \
        t.member[index] = truth;                                                                             \
    } while (0)

static void lying_files_are_refused(void **state)
{
    context *c = *state;
    lta_trace t, read;
    char digest[LTA_SHA256_HEX];
    assert_int_equal(lta_import_to_memory(&c->run, &c->options, 3, c->list, &t), LTA_OK);
    LIE(session, 1, 1, "/requests/session: row 1 is 1");
    LIE(session, 0, 4, "/requests/session: row 0 is 4");
    LIE(session, 0, 4000000000, "/requests/session: row 0");
    LIE(session, 3, 0, "/requests/session");
    LIE(arrival_us, 4, 0, "/requests/arrival_us: falls at row 4");
    LIE(source, 2, 3, "/requests/source: row 2 is 3, expected an index below 3");
    LIE(source, 0, LTA_NO_U16, "/requests/source: row 0");
    LIE(source, 4, 2, "/requests/source_row: row 5 is out of order");
    LIE(kind, 3, 2, "/requests/kind: row 3 is 2, expected an index below 2");
    LIE(source_session, 5, 3, "/requests/source_session: row 5");
    LIE(source_row, 3, 1, "/requests/source_row: row 3 is 1, but its source has 1 rows");
    LIE(skipped.source, 0, 3, "/skipped/source: row 0");
    LIE(sequences.input_length, 2, 3, "/sequences: request 2");
    LIE(sequences.piece_length, 0, 100, "/sequences: request 1");
    LIE(sequences.piece_length, 1, 0, "/sequences: request");
    LIE(sequences.piece_request, 1, 2, "/sequences: request 2");
    LIE(sequences.piece_request, 1, -2, "/sequences: request 2");
    LIE(sequences.piece_start, 1, UINT64_MAX, "/sequences: request 2");
    LIE(sequences.offset, 2, 99, "/sequences: request 1");
    LIE(sequences.offset, 6, 5, "/sequences: piece offsets");
    uint32_t *source_session = t.source_session;
    t.source_session = NULL;
    expect_refusal(c, &t, "both or neither of session and source_session");
    t.source_session = source_session;
    t.block_tokens = 2;
    expect_refusal(c, &t, "block_tokens is 2 in a trace of unit \"token\"");
    t.block_tokens = 1;
    save(c, &t); /* the truth */
    assert_int_equal(lta_trace_load(c->store, true, &read, digest), LTA_OK);
    lta_trace_free(&read);
    lta_trace_free(&t);
}

static void absent_and_damaged_stores(void **state)
{
    context *c = *state;
    lta_trace t;
    char digest[LTA_SHA256_HEX], path[160];
    assert_int_equal(lta_trace_load(c->store, true, &t, digest), LTA_ERR_INPUT);
    assert_int_equal(lta_make_folder(c->store), LTA_OK);
    snprintf(path, sizeof path, "%s/trace.h5", c->store);
    write_text(path, "no HDF5");
    assert_int_equal(lta_trace_load(c->store, true, &t, digest), LTA_ERR_FORMAT);
    assert_int_equal(lta_import(&c->run, c->store, &c->options, 3, c->list),
                     LTA_OK); /* damage is not up to date */
    assert_int_equal(lta_trace_load(c->store, true, &t, digest), LTA_OK);
    lta_trace_free(&t);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(written_and_read_back),       TEST(merging_keeps_what_single_imports_give),
        TEST(done_once_is_not_done_again), TEST(lying_files_are_refused),
        TEST(absent_and_damaged_stores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
