/* pipeline/import/import_kavier.c - Kavier traces, CSV or Parquet: counts of tokens, and where the table has
 * them sessions, turns, seconds as binary floating point, and token ids of input and output.
 *
 * Kavier serves rows as they stand and ignores ts; here requests are in the order of ts, those of equal ts in
 * that of rows, unless --order file leaves ts out. The published merged table (Marconi-Kavier) is thirty
 * traces one behind the other, each with its own clock: it is known by its first rows, and each fall of ts
 * begins another source. A first pass finds out what the table has at all: a column without a value is none.
 */
#include "pipeline/import/import_internal.h"

#include "pipeline/core/array.h"
#include "pipeline/import/table_cell.h"
#include "pipeline/import/turn_counter.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef unsigned long long ull; /* for printf */

/* the counts are needed; the token lists, long and last, are left out where only the others are looked at */
enum {
    NUM_INPUT,
    NUM_OUTPUT,
    SESSION,
    TURN,
    TS,
    INPUT,
    OUTPUT,
    N_COLUMNS,
    N_NEEDED = SESSION,
    N_SHORT = INPUT
};
static const char *const names[N_COLUMNS + 1] = {
    "num_input_tokens", "num_output_tokens", "session_id", "turn_id", "ts",
    "input_tokens",     "output_tokens",     NULL};
static const char *const needed[] = {"num_input_tokens", "num_output_tokens", NULL};

static const lta_published published[] = {
    {"input_prefill_accuracy.csv", NULL, 9},
    {"input_decode_accuracy.csv", NULL, 11},
    {"input_example.csv", NULL, 0}, /* 2,436 rows in the first release, 6 made-up ones later */
    {0},
};

/* The first rows of the merged table: session, turn, seconds, tokens in and out. */
enum { N_FIRST = 5 };
static const uint32_t merged_rows[N_FIRST][5] = {{0, 0, 0, 638, 394},
                                                 {1, 0, 2, 1298, 328},
                                                 {2, 0, 4, 814, 363},
                                                 {0, 1, 5, 2121, 138},
                                                 {3, 0, 6, 2034, 460}};

typedef struct kavier {
    uint64_t column[N_COLUMNS]; /* of CSV */
    lta_json json;
    lta_u64s input, output;
    lta_turn_counter turns;

    /* what the first pass saw */
    uint64_t rows_seen, falls,
        merged_seen;      /* merged_seen: of the first rows, how many are the merged table's */
    bool seen[N_COLUMNS]; /* any value */
    double last_ts;

    bool lists, lone_list; /* both columns of token lists are there, or one alone */
    bool tokens, cut;
    lta_source_info info;
    char *name;              /* of the segment */
    uint64_t segment, start; /* start: its first row */
} kavier;

static bool has(const char *line, size_t length, const char *what)
{
    return memmem(line, length, what, strlen(what)) != NULL;
}

/* Files beside the traces, with times that were simulated and measured. */
static bool is_results(const char *header, size_t length)
{
    return (has(header, length, "prompt_size") && has(header, length, "prefill")) ||
           (has(header, length, "Run Number") && has(header, length, "Export rate"));
}

static bool detect(const char *line, size_t length)
{
    return length > 0 && line[0] != '{' &&
           ((has(line, length, needed[0]) && has(line, length, needed[1])) || is_results(line, length));
}

static bool detect_columns(const lta_strings *columns)
{
    return lta_columns_include(columns, needed);
}

/* ---- the first pass ---- */

/* Is this one of the merged table's first rows? */
static bool is_merged_row(const kavier *k, const lta_cell *cell)
{
    static const unsigned order[] = {SESSION, TURN, TS, NUM_INPUT, NUM_OUTPUT};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        double v;
        if (cell[order[i]].missing || lta_cell_f64(&k->json, &cell[order[i]], &v) != LTA_OK ||
            v != (double)merged_rows[k->rows_seen][i])
            return false;
    }
    return true;
}

static void look_at(kavier *k, const lta_cell *cell, unsigned n)
{
    double ts;
    if (k->rows_seen < N_FIRST)
        k->merged_seen += is_merged_row(k, cell);
    for (unsigned i = 0; i < n; i++)
        k->seen[i] |= !cell[i].missing;
    if (!cell[TS].missing && lta_cell_f64(&k->json, &cell[TS], &ts) == LTA_OK) {
        k->falls += k->rows_seen > 0 && ts < k->last_ts;
        k->last_ts = ts;
    }
    k->rows_seen++;
}

static void csv_cells(const kavier *k, const lta_csv_scan *c, lta_cell *cell)
{
    for (unsigned i = 0; i < N_COLUMNS; i++)
        cell[i] = lta_cell_of_csv(c, k->column[i], names[i]);
}

static lta_status look_at_csv(lta_import_source *s, kavier *k)
{
    lta_status st = LTA_OK;
    lta_csv_scan c = {0};
    lta_cell cell[N_COLUMNS];
    bool more = true;
    LTA_TRY(lta_csv_scan_open(&c, s->text, &s->place));
    while (more) {
        st = lta_csv_scan_next(&c, &more);
        if (st == LTA_OK && more) {
            csv_cells(k, &c, cell);
            look_at(k, cell, N_COLUMNS);
        } else if (st != LTA_OK && st != LTA_ERR_FORMAT) { /* bad rows are for the second pass */
            goto done;
        }
        if (k->rows_seen % 65536 == 0)
            LTA_TRY(lta_check_stop(s->run));
        st = LTA_OK;
    }
done:
    lta_csv_scan_close(&c);
    return st;
}

/* Is there any token list? The columns hold nearly all of the file: read no more of them than needed. */
static lta_status look_for_tokens(lta_import_source *s, kavier *k)
{
    lta_status st = LTA_OK;
    uint64_t n = 1;
    LTA_TRY(lta_parquet_select(s->parquet, &names[INPUT], N_COLUMNS - INPUT, 0));
    while (n > 0 && !k->seen[INPUT] && !k->seen[OUTPUT]) {
        LTA_TRY(lta_parquet_next(s->parquet, &n));
        const lta_arrow_column *column = lta_parquet_columns(s->parquet);
        for (uint64_t i = 0; i < n; i++)
            for (unsigned c = INPUT; c <= OUTPUT; c++)
                k->seen[c] |= !lta_cell_of_parquet(&column[c - INPUT], i, names[c]).missing;
        LTA_TRY(lta_check_stop(s->run));
    }
done:
    return st;
}

static lta_status look_at_parquet(lta_import_source *s, kavier *k)
{
    lta_status st = LTA_OK;
    lta_cell cell[N_SHORT];
    uint64_t n = 1;
    LTA_TRY(lta_parquet_select(s->parquet, names, N_COLUMNS, N_NEEDED));
    bool input = lta_parquet_has(s->parquet, INPUT), output = lta_parquet_has(s->parquet, OUTPUT);
    k->lists = input && output;
    k->lone_list = input != output;
    if (k->lists)
        LTA_TRY(look_for_tokens(s, k));
    LTA_TRY(lta_parquet_select(s->parquet, names, N_SHORT, N_NEEDED));
    while (n > 0) {
        LTA_TRY(lta_parquet_next(s->parquet, &n));
        for (uint64_t i = 0; i < n; i++) {
            for (unsigned c = 0; c < N_SHORT; c++)
                cell[c] = lta_cell_of_parquet(&lta_parquet_columns(s->parquet)[c], i, names[c]);
            look_at(k, cell, N_SHORT);
        }
        LTA_TRY(lta_check_stop(s->run));
    }
    bool tokens = k->seen[INPUT] || k->seen[OUTPUT];
    LTA_TRY(lta_parquet_select(s->parquet, names, tokens ? N_COLUMNS : N_SHORT, N_NEEDED));
done:
    return st;
}

/* ---- sources ---- */

static lta_status begin_segment(lta_import_source *s, kavier *k)
{
    lta_status st = LTA_OK;
    k->start = s->rows;
    if (k->cut) {
        int digits = snprintf(NULL, 0, "%llu", (ull)k->falls);
        size_t size = strlen(s->name) + 24;
        lta_free(k->name);
        k->name = NULL;
        LTA_TRY(LTA_ALLOC(&k->name, size));
        snprintf(k->name, size, "%s-%0*llu", s->name, digits < 2 ? 2 : digits, (ull)k->segment);
        k->info.name = k->name;
        k->segment++;
    }
    LTA_TRY(lta_trace_builder_begin_source(s->builder, &k->info));
done:
    return st;
}

static lta_status end_segment(const lta_import_source *s, const kavier *k)
{
    return lta_trace_builder_end_source(s->builder, s->rows - k->start);
}

/* ---- rows ---- */

/* Own clock: microseconds, to the nearest integer, half to even. */
static lta_status read_time(lta_import_source *s, const kavier *k, const lta_cell *cell, lta_request *r)
{
    lta_status st = LTA_OK;
    if (k->info.without_times)
        return LTA_OK;
    if (cell->missing)
        return lta_bad_row(&s->place, "not a number", "ts is empty, expected seconds");
    LTA_TRY(lta_cell_f64(&k->json, cell, &r->source_time));
    double us = rint(r->source_time * 1e6);
    if (!(us >= 0 && us <= (double)LTA_TIME_LIMIT))
        return lta_bad_row(&s->place, "number out of range", "ts is %.17g, expected seconds from 0 to %.0f",
                           r->source_time, (double)LTA_TIME_LIMIT / 1e6);
    r->time_us = (int64_t)us;
    LTA_TRY(lta_check_time(s, r->time_us));
done:
    return st;
}

static lta_status read_session(lta_import_source *s, kavier *k, const lta_cell *cell, lta_request *r,
                               char buffer[LTA_CELL_TEXT])
{
    lta_status st = LTA_OK;
    uint64_t turn;
    r->turn = LTA_NO_U32;
    if (!cell[SESSION].missing) {
        LTA_TRY(lta_cell_text(&k->json, &cell[SESSION], buffer, &r->session, &r->session_length));
        LTA_TRY(lta_check_text(s, names[SESSION], r->session, r->session_length));
    }
    if (!cell[TURN].missing) {
        LTA_TRY(lta_cell_u64(&k->json, &cell[TURN], LTA_NO_U32 - 1, &turn));
        r->turn = (uint32_t)turn;
    }
done:
    return st;
}

static lta_status check_count(lta_import_source *s, unsigned count, uint32_t n, unsigned list, uint64_t found)
{
    if (n == found)
        return LTA_OK;
    return lta_bad_row(&s->place, "count differs from content", "%s is %u, but %s holds %llu", names[count],
                       n, names[list], (ull)found);
}

/* Token ids, where the table has any: a list that is not there is empty. */
static lta_status read_tokens(lta_import_source *s, kavier *k, const lta_cell *cell, lta_request *r)
{
    lta_status st = LTA_OK;
    if (!k->tokens)
        return LTA_OK;
    k->input.n = k->output.n = 0;
    if (!cell[INPUT].missing)
        LTA_TRY(lta_cell_u64s(&k->json, &cell[INPUT], &k->input));
    if (!cell[OUTPUT].missing)
        LTA_TRY(lta_cell_u64s(&k->json, &cell[OUTPUT], &k->output));
    LTA_TRY(check_count(s, NUM_INPUT, r->input_tokens, INPUT, k->input.n));
    LTA_TRY(check_count(s, NUM_OUTPUT, r->output_tokens, OUTPUT, k->output.n));
    uint64_t n_full = k->input.n + k->output.n;
    if (n_full >= LTA_NO_U32)
        return lta_bad_row(&s->place, "number out of range", "%llu tokens, expected fewer than 2^32 - 1",
                           (ull)n_full);
    LTA_TRY(LTA_GROW(&k->input.item, &k->input.capacity, n_full));
    if (k->output.n > 0)
        memcpy(k->input.item + k->input.n, k->output.item, k->output.n * sizeof *k->output.item);
    r->symbols = k->input.item;
    r->n_input = (uint32_t)k->input.n;
    r->n_full = (uint32_t)n_full;
done:
    return st;
}

static lta_status add_row(lta_import_source *s, kavier *k, const lta_cell *cell)
{
    lta_status st = LTA_OK;
    uint64_t entered, generated;
    char session[LTA_CELL_TEXT];
    lta_request r = {0};
    for (unsigned i = 0; i < N_NEEDED; i++)
        if (cell[i].missing)
            return lta_bad_row(&s->place, "not an integer", "%s is empty, expected an integer, not negative",
                               names[i]);
    LTA_TRY(lta_cell_u64(&k->json, &cell[NUM_INPUT], LTA_NO_U32 - 1, &entered));
    LTA_TRY(lta_cell_u64(&k->json, &cell[NUM_OUTPUT], LTA_NO_U32 - 1, &generated));
    r.input_tokens = (uint32_t)entered;
    r.output_tokens = (uint32_t)generated;
    LTA_TRY(read_session(s, k, cell, &r, session));
    LTA_TRY(read_time(s, k, &cell[TS], &r));
    LTA_TRY(read_tokens(s, k, cell, &r));
    if (k->cut && r.time_us < s->last_time_us) {
        LTA_TRY(end_segment(s, k));
        LTA_TRY(begin_segment(s, k));
        s->last_time_us = -LTA_TIME_LIMIT;
    }
    if (r.session && !k->seen[TURN]) { /* nobody numbers them: as they stand */
        uint32_t *turn;
        LTA_TRY(lta_next_turn(&k->turns, r.session, r.session_length, &turn));
        r.turn = (*turn)++;
    }
    LTA_TRY(lta_add_request(s, &r));
done:
    return st;
}

static lta_status add_csv_row(lta_import_source *s, const lta_csv_scan *c, void *context)
{
    kavier *k = context;
    lta_cell cell[N_COLUMNS];
    csv_cells(k, c, cell);
    return add_row(s, k, cell);
}

static lta_status add_parquet_row(lta_import_source *s, const lta_arrow_column *column, uint64_t i,
                                  void *context)
{
    kavier *k = context;
    lta_cell cell[N_COLUMNS] = {[INPUT] = {.missing = true}, [OUTPUT] = {.missing = true}};
    for (unsigned c = 0; c < (k->tokens ? N_COLUMNS : N_SHORT); c++)
        cell[c] = lta_cell_of_parquet(&column[c], i, names[c]);
    return add_row(s, k, cell);
}

/* ---- the file ---- */

static lta_status open_csv(lta_import_source *s, lta_csv_scan *c, kavier *k)
{
    lta_status st = LTA_OK;
    char quoted[LTA_EXCERPT];
    LTA_TRY(lta_csv_scan_open(c, s->text, &s->place));
    if (is_results(c->header, c->header_length))
        return lta_fail(LTA_ERR_FORMAT,
                        "%s:1: the header \"%s\" is that of Kavier's results, expected a trace, with columns "
                        "num_input_tokens and num_output_tokens",
                        s->place.file, lta_excerpt(c->header, c->header_length, quoted));
    for (unsigned i = 0; i < N_COLUMNS; i++)
        LTA_TRY(i < N_NEEDED ? lta_csv_scan_column(c, names[i], &k->column[i])
                             : lta_csv_scan_optional_column(c, names[i], &k->column[i]));
    bool input = k->column[INPUT] != LTA_NO_COLUMN, output = k->column[OUTPUT] != LTA_NO_COLUMN;
    k->lists = input && output;
    k->lone_list = input != output;
    lta_note_other_columns(s, c, k->column, N_COLUMNS);
done:
    return st;
}

/* What the source is, by what the first pass saw. */
static void describe(lta_import_source *s, kavier *k, const lta_published *p)
{
    bool merged = k->merged_seen == N_FIRST;
    k->tokens = k->lists && (k->seen[INPUT] || k->seen[OUTPUT]);
    bool times = k->seen[TS] && !s->options->file_order;
    k->cut = times && (merged || s->options->cut_at_time_fall);
    s->times_may_fall = true;
    k->info =
        (lta_source_info){.dataset = merged ? "marconi-kavier" : "kavier",
                          .licence = merged ? "CC BY-NC 4.0, derived from gated text: do not redistribute"
                                     : p    ? "MIT"
                                            : "",
                          .unit = k->tokens ? LTA_UNIT_TOKEN : LTA_UNIT_NONE,
                          .block_tokens = k->tokens,
                          .has_session = k->seen[SESSION],
                          .has_turn = k->seen[SESSION] || k->seen[TURN],
                          .has_source_time = times,
                          .without_times = !times};
    lta_describe_source(s, &k->info);
    if (merged)
        lta_log_line(s->run->log, LTA_LOG_INFO, "import",
                     "%s: its first rows are those of the merged Marconi-Kavier table", s->place.file);
    if (k->lone_list)
        lta_log_line(s->run->log, LTA_LOG_WARN, "import",
                     "%s: has token lists of inputs or of outputs alone: they are not used", s->place.file);
}

static lta_status read_kavier(lta_import_source *s)
{
    lta_status st = LTA_OK;
    lta_csv_scan c = {0};
    kavier k = {0};
    const lta_published *p = lta_find_published(published, s->data_file);
    LTA_TRY(lta_json_init(&k.json, &s->place));
    if (!s->parquet)
        LTA_TRY(open_csv(s, &c, &k));
    LTA_TRY(s->parquet ? look_at_parquet(s, &k) : look_at_csv(s, &k));
    describe(s, &k, p);
    if (s->parquet)
        lta_note_other_parquet_columns(s, names, N_COLUMNS);
    LTA_TRY(begin_segment(s, &k));
    LTA_TRY(s->parquet ? lta_read_parquet(s, add_parquet_row, &k) : lta_read_csv(s, &c, add_csv_row, &k));
    LTA_TRY(end_segment(s, &k));
    lta_check_published_rows(s, p);
    if (k.cut)
        lta_log_line(s->run->log, LTA_LOG_INFO, "import", "%s: cut into %llu sources where its times fall",
                     s->place.file, (ull)k.segment);
done:
    lta_free(k.name);
    lta_turn_counter_free(&k.turns);
    lta_u64s_free(&k.input);
    lta_u64s_free(&k.output);
    lta_json_free(&k.json);
    lta_csv_scan_close(&c);
    return st;
}

const lta_source_format lta_source_format_kavier = {
    .detect = detect, .detect_columns = detect_columns, .read = read_kavier, .takes_order = true};
