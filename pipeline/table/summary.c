/* pipeline/table/summary.c - the short summary that a person reads at the end of a run, from enriched.h5
 * alone. */
#include "pipeline/table/table.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/core/strings.h"
#include "pipeline/core/text_out.h"
#include "pipeline/stage/stage.h"

#include <math.h>
#include <string.h>

enum { BAR_WIDTH = 30, CURVE_ROWS = 12, NUMBER = LTA_GROUPED_TEXT };

static const char *percent(uint64_t part, uint64_t whole, char out[NUMBER])
{
    if (whole == 0)
        snprintf(out, NUMBER, "-");
    else
        snprintf(out, NUMBER, "%.2f %%", 100.0 * (double)part / (double)whole);
    return out;
}

static const char *gigabytes(uint64_t bytes, char out[NUMBER])
{
    double gb = (double)bytes / 1e9;
    if (gb >= 1000)
        return lta_group_digits((uint64_t)llrint(gb), out);
    snprintf(out, NUMBER, gb < 10 ? "%.3f" : "%.1f", gb);
    return out;
}

/* Columns are fetched by name; one that the trace does not have is NULL. */
typedef struct numbers {
    uint64_t n, *value;
} numbers;

static lta_status fetch(const lta_reader *r, const char *table, const char *column, numbers *out)
{
    char path[128];
    *out = (numbers){0};
    snprintf(path, sizeof path, "/tables/%s/%s", table, column);
    return lta_reader_has(r, path) ? lta_reader_column(r, path, LTA_U64, (void **)&out->value, &out->n)
                                   : LTA_OK;
}

/* The last row of a column of `summary`: the whole trace. 0 where the trace does not have it. */
static lta_status total(const lta_reader *r, const char *column, bool *has, uint64_t *out)
{
    numbers v;
    lta_status st = fetch(r, "summary", column, &v);
    if (st != LTA_OK)
        return st;
    *has = v.n > 0;
    *out = v.n > 0 ? v.value[v.n - 1] : 0;
    lta_free(v.value);
    return LTA_OK;
}

static void print_share(FILE *out, const char *label, const char *note, uint64_t part,
                        const char *denominator, uint64_t whole)
{
    char a[NUMBER], b[NUMBER];
    fprintf(out, "  %-19s%15s  = %s of %s%s\n", label, lta_group_digits(part, a), percent(part, whole, b),
            denominator, note);
}

/* ", one after the other (--timeline concat)", or nothing where the trace does not say. */
static lta_status print_timeline(const char *store, FILE *out)
{
    lta_status st = LTA_OK;
    char *trace = NULL, *timeline = NULL;
    uint64_t gap_us;
    LTA_TRY(lta_join_path(store, "trace.h5", &trace));
    if (!lta_file_exists(trace)) /* enriched.h5 alone does not know */
        goto done;
    LTA_TRY(lta_stage_timeline(store, &timeline, &gap_us));
    if (timeline)
        fprintf(out, ", %s (--timeline %s)",
                strcmp(timeline, "overlay") == 0 ? "by their own clocks" : "one after the other", timeline);
done:
    lta_free(timeline);
    lta_free(trace);
    return st;
}

static lta_status print_totals(const lta_reader *r, const char *store, const char *unit,
                               uint64_t block_tokens, FILE *out)
{
    static const struct {
        const char *column, *label, *note;
    } scopes[] = {
        {"reusable_global", "reusable, global", "  (from any earlier request)"},
        {"reusable_source", "  source", "  (from the same source file)"},
        {"reusable_session", "  session", "  (from the same session)"},
    };
    lta_status st = LTA_OK;
    bool has, symbols, sessions, distinct;
    uint64_t value, whole, other;
    char a[NUMBER], b[NUMBER];
    numbers rows = {0};
    LTA_TRY(fetch(r, "summary", "requests", &rows));
    LTA_TRY(total(r, "requests", &has, &value));
    fprintf(out, "  %-19s%15s", "requests", lta_group_digits(value, a));
    if (rows.n > 2) { /* a row each, and one for all */
        fprintf(out, "  from %s sources", lta_group_digits(rows.n - 1, b));
        LTA_TRY(print_timeline(store, out));
    }
    fprintf(out, "\n");
    LTA_TRY(total(r, "sessions", &sessions, &value));
    LTA_TRY(total(r, "distinct_sessions", &distinct, &other));
    if (!sessions)
        fprintf(out, "  %-19s%15s  (the source gives none)\n", "sessions", "-");
    else if (distinct)
        fprintf(out, "  %-19s%15s  of which %s differ\n", "sessions", lta_group_digits(value, a),
                lta_group_digits(other, b));
    else
        fprintf(out, "  %-19s%15s\n", "sessions", lta_group_digits(value, a));
    LTA_TRY(total(r, "input_tokens", &has, &value));
    if (has)
        fprintf(out, "  %-19s%15s\n", "tokens in", lta_group_digits(value, a));
    else
        fprintf(out, "  %-19s%15s  (the source gives no numbers of tokens)\n", "tokens", "-");
    LTA_TRY(total(r, "output_tokens", &has, &value));
    if (has)
        fprintf(out, "  %-19s%15s\n", "tokens out", lta_group_digits(value, a));
    LTA_TRY(total(r, "symbols", &symbols, &whole));
    if (!symbols) {
        fprintf(out, "  The sources give no tokens and no block ids, so nothing is known about reuse.\n");
        goto done;
    }
    if (strcmp(unit, "block") == 0 && block_tokens > 0)
        fprintf(out, "  %-19s%15s  blocks of %s token%s\n", "symbols touched", lta_group_digits(whole, a),
                lta_group_digits(block_tokens, b), block_tokens == 1 ? "" : "s");
    else if (strcmp(unit, "block") == 0)
        fprintf(out, "  %-19s%15s  blocks of unequal numbers of tokens\n", "symbols touched",
                lta_group_digits(whole, a));
    else
        fprintf(out, "  %-19s%15s  tokens, in and out\n", "symbols touched", lta_group_digits(whole, a));
    LTA_TRY(total(r, "distinct_symbols", &has, &value));
    print_share(out, "distinct", "", value, "symbols touched", whole);
    LTA_TRY(total(r, "input_symbols", &has, &whole));
    for (size_t s = 0; s < sizeof scopes / sizeof *scopes; s++) {
        LTA_TRY(total(r, scopes[s].column, &has, &value));
        if (has)
            print_share(out, scopes[s].label, scopes[s].note, value, "input symbols", whole);
    }
done:
    lta_free(rows.value);
    return st;
}

/* Rows first .. last-1 of a table of curves belong to its first curve: scope global, the smallest block,
 * without reserve-last, unless the store holds other curves alone. */
static lta_status first_curve(const lta_reader *r, const char *table, lta_strings *scopes, uint64_t *block,
                              bool *reserve_last, uint64_t *n_rows)
{
    lta_status st = LTA_OK;
    numbers blocks = {0}, reserved = {0};
    char path[64];
    snprintf(path, sizeof path, "/tables/%s/scope", table);
    *n_rows = 0;
    LTA_TRY(lta_reader_strings(r, path, scopes));
    LTA_TRY(fetch(r, table, "block", &blocks));
    LTA_TRY(fetch(r, table, "reserve_last", &reserved));
    if (blocks.n != scopes->n || reserved.n != scopes->n) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:/tables/%s: columns of different lengths", lta_reader_path(r),
                      table);
        goto done;
    }
    while (*n_rows < scopes->n && blocks.value[*n_rows] == blocks.value[0] &&
           reserved.value[*n_rows] == reserved.value[0] &&
           strcmp(lta_strings_get(scopes, *n_rows), lta_strings_get(scopes, 0)) == 0)
        ++*n_rows;
    if (*n_rows > 0) {
        *block = blocks.value[0];
        *reserve_last = reserved.value[0] != 0;
    }
done:
    lta_free(blocks.value);
    lta_free(reserved.value);
    return st;
}

typedef struct curve_rows {
    uint64_t n;
    numbers permille, capacity, bytes, hits, lookups, ceiling; /* bytes: of equal blocks alone */
} curve_rows;

static void free_rows(curve_rows *c)
{
    numbers *const all[] = {&c->permille, &c->capacity, &c->bytes, &c->hits, &c->lookups, &c->ceiling};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        lta_free(all[i]->value);
    *c = (curve_rows){0};
}

static lta_status fetch_rows(const lta_reader *r, const char *table, uint64_t n, curve_rows *c)
{
    lta_status st = LTA_OK;
    c->n = n;
    LTA_TRY(fetch(r, table, "permille", &c->permille));
    LTA_TRY(fetch(r, table, "bytes", &c->bytes));
    LTA_TRY(fetch(r, table, c->bytes.n > 0 ? "capacity_tokens" : "capacity", &c->capacity));
    LTA_TRY(fetch(r, table, "hits", &c->hits));
    LTA_TRY(fetch(r, table, "lookups", &c->lookups));
    LTA_TRY(fetch(r, table, "ceiling", &c->ceiling));
    if (c->capacity.n < n || (c->bytes.n > 0 && c->bytes.n < n) || c->hits.n < n || c->lookups.n < n ||
        c->ceiling.n < n)
        st = lta_fail(LTA_ERR_FORMAT, "%s:/tables/%s: columns of different lengths", lta_reader_path(r),
                      table);
done:
    return st;
}

/* "1.791", or "-" where the tokens of a block are not known. */
static const char *size_of(const curve_rows *c, uint64_t i, char out[NUMBER])
{
    if (c->bytes.n > 0)
        return gigabytes(c->bytes.value[i], out);
    snprintf(out, NUMBER, "-");
    return out;
}

static void print_enough(const curve_rows *c, FILE *out)
{
    static const uint64_t wanted[] = {500, 900, 990, 1000};
    char a[NUMBER], b[NUMBER], d[NUMBER];
    fprintf(out, "  %-19s%15s %12s   %s\n", "to reach", c->bytes.n > 0 ? "tokens" : "blocks", "GB",
            "hits / lookups");
    for (uint64_t i = 0; i < c->n && i < c->permille.n; i++)
        for (size_t w = 0; w < sizeof wanted / sizeof *wanted; w++)
            if (c->permille.value[i] == wanted[w])
                fprintf(out, "  %3llu %% of ceiling   %15s %12s   %s\n", (unsigned long long)(wanted[w] / 10),
                        lta_group_digits(c->capacity.value[i], a), size_of(c, i, b),
                        percent(c->hits.value[i], c->lookups.value[i], d));
}

/* The curve as bars, a full one being the ceiling: at most CURVE_ROWS rows, the last of them the smallest
 * capacity with all attainable hits, each at half the capacity of the one below it or less. */
static void print_bars(const curve_rows *c, FILE *out)
{
    uint64_t chosen[CURVE_ROWS], n = 0, last = 0;
    while (last + 1 < c->n && c->hits.value[last] < c->ceiling.value[last])
        last++;
    for (uint64_t i = last, limit = UINT64_MAX;; i--) {
        if (c->capacity.value[i] > 0 && c->capacity.value[i] <= limit && n < CURVE_ROWS) {
            chosen[n++] = i;
            limit = c->capacity.value[i] / 2;
        }
        if (i == 0 || n == CURVE_ROWS)
            break;
    }
    fprintf(out, "  %-19s%15s %12s   %s\n", "hit curve", c->bytes.n > 0 ? "tokens" : "blocks", "GB",
            "hits / lookups; a full bar is the ceiling");
    while (n-- > 0) {
        uint64_t i = chosen[n];
        char a[NUMBER], b[NUMBER], d[NUMBER], bar[BAR_WIDTH + 1];
        int filled = (int)lrint((double)c->hits.value[i] / (double)c->ceiling.value[i] * BAR_WIDTH);
        for (int k = 0; k < BAR_WIDTH; k++)
            bar[k] = k < filled ? '#' : '.';
        bar[BAR_WIDTH] = '\0';
        fprintf(out, "  %-19s%15s %12s   %8s %s\n", "", lta_group_digits(c->capacity.value[i], a),
                size_of(c, i, b), percent(c->hits.value[i], c->lookups.value[i], d), bar);
    }
}

static lta_status print_curve(const lta_reader *r, FILE *out)
{
    lta_status st = LTA_OK;
    lta_strings scopes = {0}, models = {0};
    curve_rows enough = {0}, curve = {0};
    numbers token_bytes = {0};
    uint64_t block = 1, block_tokens, n;
    bool reserve_last = false;
    char a[NUMBER], b[NUMBER], d[NUMBER];
    LTA_TRY(first_curve(r, "enough", &scopes, &block, &reserve_last, &n));
    if (n == 0)
        goto done;
    LTA_TRY(fetch_rows(r, "enough", n, &enough));
    LTA_TRY(lta_reader_strings(r, "/tables/models/model", &models));
    LTA_TRY(fetch(r, "models", "token_bytes", &token_bytes));
    if (models.n == 0 || token_bytes.n == 0) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:/tables/models: is empty, expected the model of --model first",
                      lta_reader_path(r));
        goto done;
    }
    LTA_TRY(lta_reader_attribute_u64(r, "/", "block_tokens", &block_tokens));
    fprintf(out, "\nLRU prefix cache, scope %s, blocks of ", lta_strings_get(&scopes, 0));
    if (block_tokens > 0)
        fprintf(out, "%s token%s", lta_group_digits(block * block_tokens, a),
                block * block_tokens == 1 ? "" : "s");
    else
        fprintf(out, "unequal numbers of tokens");
    fprintf(out, "%s\n", reserve_last ? ", last token always recomputed" : "");
    fprintf(out, "  ceiling: %s hits = %s of %s lookups\n", lta_group_digits(enough.ceiling.value[0], a),
            percent(enough.ceiling.value[0], enough.lookups.value[0], b),
            lta_group_digits(enough.lookups.value[0], d));
    if (enough.bytes.n > 0)
        fprintf(out, "  GB = 10^9 bytes of KV cache in %s (%s bytes a token)\n", lta_strings_get(&models, 0),
                lta_group_digits(token_bytes.value[0], a));
    fprintf(out, "\n");
    if (enough.ceiling.value[0] == 0)
        goto done;
    print_enough(&enough, out);
    lta_strings_free(&scopes);
    LTA_TRY(first_curve(r, "hit_curve", &scopes, &block, &reserve_last, &n));
    LTA_TRY(fetch_rows(r, "hit_curve", n, &curve));
    fprintf(out, "\n");
    if (n > 0)
        print_bars(&curve, out);
done:
    lta_free(token_bytes.value);
    lta_strings_free(&models);
    lta_strings_free(&scopes);
    free_rows(&curve);
    free_rows(&enough);
    return st;
}

static lta_status print_span(const lta_reader *r, FILE *out)
{
    static const char span_path[] = "/tables/summary/span_us";
    lta_status st = LTA_OK;
    int64_t *span = NULL;
    numbers requests = {0};
    uint64_t n;
    char a[NUMBER], b[NUMBER + 8];
    if (!lta_reader_has(r, span_path))
        return LTA_OK;
    LTA_TRY(lta_reader_column(r, span_path, LTA_I64, (void **)&span, &n));
    LTA_TRY(fetch(r, "summary", "requests", &requests));
    if (n == 0 || requests.n != n)
        goto done;
    double seconds = (double)span[n - 1] / 1e6;
    uint64_t milliseconds = (uint64_t)llrint((double)span[n - 1] / 1e3);
    snprintf(b, sizeof b, "%s.%03u", lta_group_digits(milliseconds / 1000, a),
             (unsigned)(milliseconds % 1000));
    fprintf(out, "  %-19s%15s  s from first to last arrival", "span", b);
    if (seconds > 0)
        fprintf(out, ", %.3f requests/s", (double)(requests.value[n - 1] - 1) / seconds);
    fprintf(out, "\n");
done:
    lta_free(span);
    lta_free(requests.value);
    return st;
}

/* A trace that has the name of its first source says how many more there are. */
static lta_status print_heading(const lta_reader *r, FILE *out)
{
    lta_status st = LTA_OK;
    char *name = NULL;
    lta_strings sources = {0};
    LTA_TRY(lta_reader_attribute_text(r, "/", "name", &name));
    LTA_TRY(lta_reader_strings(r, "/sources/name", &sources));
    fputs(name, out);
    if (sources.n > 1 && strcmp(name, lta_strings_get(&sources, 0)) == 0)
        fprintf(out, " and %llu more source%s", (unsigned long long)(sources.n - 1),
                sources.n == 2 ? "" : "s");
    fputc('\n', out);
done:
    lta_strings_free(&sources);
    lta_free(name);
    return st;
}

lta_status lta_summary_print(const char *store, FILE *out)
{
    lta_status st = LTA_OK;
    lta_reader *r = NULL;
    char *unit = NULL;
    uint64_t block_tokens;
    LTA_TRY(lta_enriched_open(store, &r));
    LTA_TRY(lta_reader_attribute_text(r, "/", "unit", &unit));
    LTA_TRY(lta_reader_attribute_u64(r, "/", "block_tokens", &block_tokens));
    LTA_TRY(print_heading(r, out));
    LTA_TRY(print_span(r, out));
    LTA_TRY(print_totals(r, store, unit, block_tokens, out));
    if (lta_reader_has(r, "/tables/enough"))
        LTA_TRY(print_curve(r, out));
    if (ferror(out))
        st = lta_fail(LTA_ERR_RUN, "the summary could not be written");
done:
    lta_free(unit);
    lta_reader_close(r);
    return st;
}
