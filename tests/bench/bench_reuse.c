/* tests/bench/bench_reuse.c - what trie, runs, distances and curves cost as prompts get longer and requests
 * more.
 *
 * usage: bench_reuse [--device D] [--threads N] [--repeats N] [--divide N] [--store DIR] [SHAPE...]
 *
 * Traces are made in memory, already coded as pieces, so that their symbols need no room: a prompt of 30,000
 * symbols is as cheap to make as one of 300. --divide makes them that much smaller. Shape "store" is the
 * trace that is in --store; other shapes leave theirs there, where one is named. One JSON line per trace on
 * stdout: medians after one run to warm up. */
#include "kernels/ops.h"
#include "pipeline/core/array.h"
#include "pipeline/curve/curve.h"
#include "pipeline/store/store.h"
#include "pipeline/synth/random.h"
#include "pipeline/trie/trie.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_REPEATS = 99, BLOCK = 16 };

/* A trace under construction: sequences, and who is whose session. Symbols 0 .. max_requests - 1 are used
 * once each, as the first new symbol of that request, so that paths part where they should; the rest is
 * shared filler. */
typedef struct maker {
    lta_trace trace;
    uint64_t max_requests;
    uint32_t *shared; /* [n] symbols copied from an earlier request */
    uint32_t *length; /* [n] of the full sequence */
} maker;

static lta_status maker_begin(maker *m, uint64_t max_requests, uint64_t filler)
{
    lta_status st = LTA_OK;
    *m = (maker){.max_requests = max_requests};
    lta_trace *t = &m->trace;
    lta_sequences *s = &t->sequences;
    lta_strings *texts[] = {&t->sources.name,       &t->sources.dataset, &t->sources.file,
                            &t->sources.xxh3_128,   &t->sources.sha256,  &t->sources.licence,
                            &t->sources.time_origin};
    t->unit = LTA_UNIT_TOKEN;
    t->block_tokens = 1;
    t->sources.n = 1;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        LTA_TRY(lta_strings_add_text(texts[i], "bench"));
    LTA_TRY(lta_strings_add_text(&t->source_sessions, "bench"));
    LTA_TRY(LTA_CALLOC(&t->source_session, max_requests));
    LTA_TRY(LTA_CALLOC(&t->name, 1));
    LTA_TRY(LTA_CALLOC(&t->sources.rows, 1));
    LTA_TRY(LTA_CALLOC(&t->sources.time_shift_us, 1));
    LTA_TRY(LTA_CALLOC(&t->sources.symbol_base, 1));
    LTA_TRY(LTA_ALLOC(&t->source_row, max_requests));
    LTA_TRY(LTA_ALLOC(&t->input_tokens, max_requests));
    LTA_TRY(LTA_ALLOC(&t->output_tokens, max_requests));
    s->n_symbols = max_requests + filler;
    LTA_TRY(LTA_ALLOC(&m->shared, max_requests));
    LTA_TRY(LTA_ALLOC(&m->length, max_requests));
    LTA_TRY(LTA_CALLOC(&t->source, max_requests));
    LTA_TRY(LTA_ALLOC(&t->session, max_requests));
    LTA_TRY(LTA_ALLOC(&s->input_length, max_requests));
    LTA_TRY(LTA_CALLOC(&s->offset, max_requests + 1));
    LTA_TRY(LTA_ALLOC(&s->piece_request, 3 * max_requests));
    LTA_TRY(LTA_ALLOC(&s->piece_start, 3 * max_requests));
    LTA_TRY(LTA_ALLOC(&s->piece_length, 3 * max_requests));
    LTA_TRY(LTA_ALLOC(&s->symbols32, s->n_symbols));
    for (uint64_t i = 0; i < s->n_symbols; i++)
        s->symbols32[i] = (uint32_t)i;
done:
    return st;
}

static void add_piece(lta_sequences *s, int64_t request, uint64_t start, uint64_t length)
{
    if (length == 0)
        return;
    s->piece_request[s->n_pieces] = request;
    s->piece_start[s->n_pieces] = start;
    s->piece_length[s->n_pieces++] = (uint32_t)length;
}

/* The next request: `shared` symbols of request `from` (which must be the lowest that has them), then new
 * ones, of which the last `output` are its output. */
static void add_request(maker *m, uint32_t session, uint64_t from, uint64_t shared, uint64_t fresh,
                        uint64_t output)
{
    lta_trace *t = &m->trace;
    lta_sequences *s = &t->sequences;
    uint64_t r = t->n++;
    s->n = t->n;
    add_piece(s, (int64_t)from, 0, shared);
    add_piece(s, -1, r, fresh > 0);
    add_piece(s, -1, m->max_requests, fresh > 0 ? fresh - 1 : 0);
    s->offset[r + 1] = s->n_pieces;
    s->input_length[r] = (uint32_t)(shared + fresh - output);
    t->input_tokens[r] = s->input_length[r];
    t->output_tokens[r] = (uint32_t)output;
    t->source_row[r] = r;
    t->sources.rows[0] = t->n;
    m->shared[r] = (uint32_t)shared;
    m->length[r] = (uint32_t)(shared + fresh);
    t->session[r] = session;
    if (session >= t->n_sessions)
        t->n_sessions = session + UINT64_C(1);
}

static void maker_free(maker *m)
{
    lta_free(m->shared);
    lta_free(m->length);
    lta_trace_free(&m->trace);
}

/* 64 conversations at a time, each of 20 turns, all with the same system prompt; one turn in five goes back
 * to an earlier turn of its conversation and says something else. step: new symbols a turn, so prompts are
 * about 10 steps long on average. */
static lta_status conversations(maker *m, uint64_t n, uint64_t step)
{
    enum { AT_ONCE = 64, TURNS = 20 };
    struct {
        uint32_t session;
        uint64_t turns, request[TURNS];
    } open[AT_ONCE] = {{0}};
    lta_random random;
    uint32_t sessions = 0;
    lta_status st = maker_begin(m, n, 2 * step);
    if (st != LTA_OK)
        return st;
    lta_random_seed(&random, 1, 0);
    for (uint64_t r = 0; r < n; r++) {
        uint64_t i = lta_random_below(&random, AT_ONCE), from = 0, shared = 0;
        open[i].turns %= TURNS;
        if (open[i].turns == 0) {
            open[i].session = sessions++;
            shared = r > 0 ? step / 2 : 0; /* the system prompt */
        } else {
            bool back = lta_random_below(&random, 5) == 0;
            from = open[i].request[back ? lta_random_below(&random, open[i].turns) : open[i].turns - 1];
            /* going back leaves off the other request's answer, or some of what is new in it */
            shared =
                back ? m->shared[from] + 1 + (m->length[from] - m->shared[from] - 1) / 2 : m->length[from];
        }
        open[i].request[open[i].turns++] = r;
        add_request(m, open[i].session, from, shared, step, step / 2);
    }
    return LTA_OK;
}

static lta_status one_long_session(maker *m, uint64_t n, uint64_t step)
{
    lta_status st = maker_begin(m, n, step);
    for (uint64_t r = 0; st == LTA_OK && r < n; r++)
        add_request(m, 0, r > 0 ? r - 1 : 0, r > 0 ? m->length[r - 1] : 0, step, step / 2);
    return st;
}

static lta_status all_identical(maker *m, uint64_t n, uint64_t length)
{
    lta_status st = maker_begin(m, n, length);
    for (uint64_t r = 0; st == LTA_OK && r < n; r++)
        add_request(m, (uint32_t)r, 0, r > 0 ? length : 0, r > 0 ? 0 : length, 0);
    return st;
}

static lta_status all_distinct(maker *m, uint64_t n, uint64_t length)
{
    lta_status st = maker_begin(m, n, length);
    for (uint64_t r = 0; st == LTA_OK && r < n; r++)
        add_request(m, (uint32_t)r, 0, 0, length, length / 10);
    return st;
}

static lta_status prefixes_of_the_last(maker *m, uint64_t n, uint64_t unused)
{
    (void)unused;
    lta_status st = maker_begin(m, n, n);
    for (uint64_t r = 0; st == LTA_OK && r < n; r++)
        add_request(m, (uint32_t)r, 0, r > 0 ? n - r : 0, r > 0 ? 0 : n, 0);
    return st;
}

static lta_status one_symbol_requests(maker *m, uint64_t n, uint64_t n_symbols)
{
    lta_random random;
    uint64_t *first = NULL; /* [n_symbols] 1 + the request that has it first, 0 = none yet */
    lta_status st = LTA_OK;
    LTA_TRY(maker_begin(m, n, 1));
    LTA_TRY(LTA_CALLOC(&first, n_symbols));
    lta_random_seed(&random, 2, 0);
    for (uint64_t r = 0; r < n; r++) {
        uint64_t x = lta_random_rank(&random, n_symbols) - 1;
        bool seen = first[x] > 0;
        add_request(m, (uint32_t)r, seen ? first[x] - 1 : 0, seen, !seen, 0);
        if (!seen)
            first[x] = r + 1;
    }
done:
    lta_free(first);
    return st;
}

static const struct shape {
    const char *key, *name;
    lta_status (*make)(maker *m, uint64_t n, uint64_t argument);
    uint64_t requests, argument;
    bool fixed; /* --divide changes nothing, so that the fixed cost of a small trace shows */
} shapes[] = {
    {"prompts-10", "longer prompts", conversations, 100000, 10, false},
    {"prompts-100", "longer prompts", conversations, 100000, 100, false},
    {"prompts-1000", "longer prompts", conversations, 100000, 1000, false},
    {"prompts-10000", "longer prompts", conversations, 100000, 10000, false},
    {"requests-1000", "more requests", conversations, 1000, 100, true},
    {"requests-10000", "more requests", conversations, 10000, 100, true},
    {"requests-100000", "more requests", conversations, 100000, 100, false},
    {"requests-1000000", "more requests", conversations, 1000000, 100, false},
    {"one-session", "one long session", one_long_session, 100000, 40, false},
    {"identical", "all identical", all_identical, 1000000, 1000, false},
    {"distinct", "all distinct", all_distinct, 1000000, 1000, false},
    {"prefixes", "each a prefix of the last", prefixes_of_the_last, 1000000, 0, false},
    {"one-symbol", "one-symbol requests", one_symbol_requests, 10000000, 1000, false},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median_ms(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_value);
    return 1e3 * v[n / 2];
}

/* memory: trie, runs with distances in scope global and the curve of single symbols, together; stage: what
 * `lta reuse` does, files included. */
enum { TRIE, REUSE, CURVE, SESSION, BLOCK_CURVE, MEMORY, STAGE, STEPS };
static const char *const step_names[STEPS] = {"trie_ms",          "reuse_global_ms", "curve_1_ms",
                                              "reuse_session_ms", "curve_16_ms",     "memory_ms",
                                              "reuse_stage_ms"};

static lta_status curve_of(const lta_run *run, const lta_trace *t, const lta_trie *trie, const lta_runs *runs,
                           uint64_t block, double *seconds)
{
    lta_status st = LTA_OK;
    lta_block_runs weighed = {0};
    lta_curve curve = {0};
    double started = lta_seconds();
    LTA_TRY(lta_block_runs_compute(run, t, trie, runs, false, block, false, &weighed));
    LTA_TRY(run->ops->hit_curve(weighed.n_runs, weighed.distance, weighed.looked_up, &curve));
    *seconds = lta_seconds() - started;
done:
    lta_curve_free(&curve);
    lta_block_runs_free(&weighed);
    return st;
}

static lta_status measure_once(const lta_run *run, const lta_trace *t, double seconds[STEPS], uint64_t *nodes,
                               uint64_t *n_runs)
{
    lta_status st = LTA_OK;
    lta_trie trie = {0};
    lta_runs runs = {0}, session = {0};
    double at[3];
    at[0] = lta_seconds();
    LTA_TRY(run->ops->trie_build(&t->sequences, &trie));
    at[1] = lta_seconds();
    LTA_TRY(lta_reuse_compute(run, t, &trie, LTA_SCOPE_GLOBAL, false, &runs));
    at[2] = lta_seconds();
    LTA_TRY(curve_of(run, t, &trie, &runs, 1, &seconds[CURVE]));
    seconds[TRIE] = at[1] - at[0];
    seconds[REUSE] = at[2] - at[1];
    seconds[MEMORY] = seconds[TRIE] + seconds[REUSE] + seconds[CURVE];
    if (lta_trace_has_scope(t, LTA_SCOPE_SESSION)) {
        at[0] = lta_seconds();
        LTA_TRY(lta_reuse_compute(run, t, &trie, LTA_SCOPE_SESSION, false, &session));
        seconds[SESSION] = lta_seconds() - at[0];
    }
    if (t->unit == LTA_UNIT_TOKEN)
        LTA_TRY(curve_of(run, t, &trie, &runs, BLOCK, &seconds[BLOCK_CURVE]));
    *nodes = trie.n_nodes;
    *n_runs = runs.n_runs;
done:
    lta_runs_free(&session);
    lta_runs_free(&runs);
    lta_trie_free(&trie);
    return st;
}

static lta_status write_trace(const lta_run *run, const lta_trace *t, const char *store)
{
    lta_status st = LTA_OK;
    lta_writer *w = NULL;
    LTA_TRY(lta_writer_create(run, store, "trace.h5", "trace", &w));
    LTA_TRY(lta_trace_write(t, w, true));
    LTA_TRY(lta_writer_commit(w, "{}", "[]"));
done:
    lta_writer_close(w);
    return st;
}

static void remove_store(const char *store)
{
    static const char *const files[] = {"trace.h5", "trie.h5", "reuse.h5"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", store, files[i]);
        unlink(path);
    }
    rmdir(store);
}

/* t stands in store's trace.h5. */
static lta_status measure(const lta_run *run, int repeats, const char *key, const char *name,
                          const lta_trace *t, const char *store)
{
    lta_status st = LTA_OK;
    double seconds[STEPS] = {0}, kept[STEPS][MOST_REPEATS];
    uint64_t nodes = 0, n_runs = 0, symbols = 0;
    const lta_reuse_options options = {.inputs_only = false};
    LTA_TRY(lta_trie_stage(run, store));
    for (uint64_t r = 0; r < t->n; r++)
        symbols += t->sequences.full_length[r];
    for (int i = -1; i < repeats; i++) {
        LTA_TRY(measure_once(run, t, seconds, &nodes, &n_runs));
        seconds[STAGE] = lta_seconds();
        LTA_TRY(lta_reuse_stage(run, store, &options));
        seconds[STAGE] = lta_seconds() - seconds[STAGE];
        for (int k = 0; i >= 0 && k < STEPS; k++)
            kept[k][i] = seconds[k];
    }
    printf("{\"key\":\"%s\",\"shape\":\"%s\",\"device\":\"%s\",\"requests\":%" PRIu64
           ",\"mean_length\":%.1f,\"nodes\":%" PRIu64 ",\"runs\":%" PRIu64,
           key, name, run->ops->name, t->n, t->n > 0 ? (double)symbols / (double)t->n : 0.0, nodes, n_runs);
    for (int k = 0; k < STEPS; k++)
        printf(",\"%s\":%.3f", step_names[k], median_ms(kept[k], repeats));
    printf("}\n");
    fflush(stdout);
done:
    return st;
}

static lta_status measure_shape(const lta_run *run, int repeats, uint64_t divide, const struct shape *shape,
                                const char *keep)
{
    lta_status st = LTA_OK;
    maker m = {0};
    char temporary[] = "bench_store.XXXXXX";
    if (keep ? mkdir(keep, 0777) != 0 && errno != EEXIST : !mkdtemp(temporary))
        return lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not make the folder", keep ? keep : temporary);
    const char *store = keep ? keep : temporary;
    LTA_TRY(shape->make(&m, shape->fixed ? shape->requests : shape->requests / divide, shape->argument));
    LTA_TRY(lta_sequences_complete(&m.trace.sequences));
    LTA_TRY(write_trace(run, &m.trace, store));
    LTA_TRY(measure(run, repeats, shape->key, shape->name, &m.trace, store));
done:
    if (!keep)
        remove_store(store);
    maker_free(&m);
    return st;
}

static lta_status measure_store(const lta_run *run, int repeats, const char *store)
{
    lta_status st = LTA_OK;
    lta_trace t = {0};
    LTA_TRY(lta_trace_load(store, true, &t, NULL));
    LTA_TRY(measure(run, repeats, "store", store, &t, store));
done:
    lta_trace_free(&t);
    return st;
}

static lta_status measure_named(const lta_run *run, int repeats, uint64_t divide, const char *key,
                                const char *store)
{
    if (strcmp(key, "store") == 0 && store)
        return measure_store(run, repeats, store);
    for (int i = 0; i < SHAPES; i++)
        if (strcmp(key, shapes[i].key) == 0)
            return measure_shape(run, repeats, divide, &shapes[i], store);
    return lta_fail(LTA_ERR_USAGE, "%s: no such shape", key);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"device", required_argument, NULL, 'd'},  {"threads", required_argument, NULL, 't'},
        {"repeats", required_argument, NULL, 'r'}, {"divide", required_argument, NULL, 'v'},
        {"store", required_argument, NULL, 's'},   {0}};
    lta_status st = LTA_OK;
    const char *device = "cpu", *store = NULL;
    uint64_t divide = 1;
    int repeats = 5, option;
    lta_log log;
    lta_log_init(&log, stderr, LTA_LOG_WARN, false);
    lta_run run = {.log = &log, .threads = 1, .force = true};
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (option == 'd')
            device = optarg;
        else if (option == 't')
            run.threads = atoi(optarg);
        else if (option == 'r')
            repeats = atoi(optarg);
        else if (option == 'v')
            divide = strtoull(optarg, NULL, 10);
        else if (option == 's')
            store = optarg;
        else
            return lta_status_exit_code(LTA_ERR_USAGE);
    if (run.threads < 1 || repeats < 1 || repeats > MOST_REPEATS || divide < 1) {
        st = lta_fail(LTA_ERR_USAGE, "threads, repeats (at most %d) or divide out of range", MOST_REPEATS);
        goto done;
    }
    LTA_TRY(lta_ops_get(device, &run.ops));
    for (int i = optind; i < argc; i++)
        LTA_TRY(measure_named(&run, repeats, divide, argv[i], store));
    for (int i = 0; optind == argc && i < SHAPES; i++)
        LTA_TRY(measure_shape(&run, repeats, divide, &shapes[i], store));
done:
    if (st != LTA_OK)
        fprintf(stderr, "bench_reuse: %s: %s\n", lta_status_text(st), lta_error_detail());
    return lta_status_exit_code(st);
}
