/* pipeline/release/readme.c - README.md: what the release is, what is in it, where it comes from and what was
 * met on the way. */
#include "pipeline/release/documents.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/release/import_notes.h"
#include "pipeline/stage/stage.h"
#include "pipeline/store/store.h"

#include <stdio.h>
#include <string.h>

typedef unsigned long long ull; /* for printf */

typedef struct sources {
    lta_strings name, dataset, file, licence, sha256;
    uint64_t *rows, n;
} sources;

static void free_sources(sources *s)
{
    lta_strings_free(&s->name);
    lta_strings_free(&s->dataset);
    lta_strings_free(&s->file);
    lta_strings_free(&s->licence);
    lta_strings_free(&s->sha256);
    lta_free(s->rows);
}

static lta_status read_sources(const lta_reader *r, sources *s)
{
    lta_status st = LTA_OK;
    LTA_TRY(lta_reader_strings(r, "/sources/name", &s->name));
    LTA_TRY(lta_reader_strings(r, "/sources/dataset", &s->dataset));
    LTA_TRY(lta_reader_strings(r, "/sources/file", &s->file));
    LTA_TRY(lta_reader_strings(r, "/sources/licence", &s->licence));
    LTA_TRY(lta_reader_strings(r, "/sources/sha256", &s->sha256));
    LTA_TRY(lta_reader_column(r, "/sources/rows", LTA_U64, (void **)&s->rows, &s->n));
done:
    return st;
}

/* Text on one line. */
static void put_line(FILE *out, const char *text)
{
    for (; *text; text++)
        fputc(*text == '\n' || *text == '\r' ? ' ' : *text, out);
}

/* Text inside a table's cell. */
static void put_cell(FILE *out, const char *text)
{
    fputs("| ", out);
    for (; *text; text++)
        fprintf(out, "%s%c", *text == '|' || *text == '\\' ? "\\" : "",
                *text == '\n' || *text == '\r' ? ' ' : *text);
    fputc(' ', out);
}

static lta_status put_sources(FILE *out, const lta_reader *r)
{
    sources s = {0};
    lta_status st = read_sources(r, &s);
    fputs("| source | data set | file | rows | licence |\n| --- | --- | --- | ---: | --- |\n", out);
    for (uint64_t i = 0; st == LTA_OK && i < s.n; i++) {
        const char *licence = lta_strings_get(&s.licence, i);
        put_cell(out, lta_strings_get(&s.name, i));
        put_cell(out, lta_strings_get(&s.dataset, i));
        put_cell(out, lta_strings_get(&s.file, i));
        fprintf(out, "| %llu ", (ull)s.rows[i]);
        put_cell(out, *licence ? licence : "not known");
        fputs("|\n", out);
    }
    bool synthetic = false;
    for (uint64_t i = 0; st == LTA_OK && i < s.n; i++)
        synthetic |= strcmp(lta_strings_get(&s.dataset, i), "marconi") == 0;
    if (synthetic)
        fputs("\nArrivals of data set marconi were drawn by its generator; nobody measured them.\n", out);
    free_sources(&s);
    return st;
}

/* How the clocks of several sources were put together. */
static lta_status put_timeline(FILE *out, const lta_release_facts *f, const char *name, const lta_reader *r)
{
    lta_status st = LTA_OK;
    char *store = NULL, *timeline = NULL;
    lta_type type;
    uint64_t n, gap_us;
    LTA_TRY(lta_reader_describe(r, "/sources/name", &type, &n, NULL, NULL));
    LTA_TRY(lta_join_path(f->work, name, &store));
    LTA_TRY(lta_stage_timeline(store, &timeline, &gap_us));
    if (n < 2 || !timeline || !lta_reader_has(r, "/requests/arrival_us"))
        goto done;
    if (strcmp(timeline, "overlay") == 0)
        fputs("\nThe sources stand side by side, by their own clocks (`--timeline overlay`).\n", out);
    else
        fprintf(out,
                "\nThe sources stand one after the other, in this order (`--timeline concat`): the first "
                "request of each arrives %llu us after the last of the source before it.\n",
                (ull)gap_us);
done:
    lta_free(timeline);
    lta_free(store);
    return st;
}

/* Rows that import left out, by reason. */
static lta_status put_skipped(FILE *out, const lta_reader *r)
{
    lta_status st = LTA_OK;
    lta_strings reason = {0}, name = {0};
    uint16_t *source = NULL;
    uint64_t *count = NULL, n = 0, n_counts = 0;
    if (!lta_reader_has(r, "/skipped/source"))
        return LTA_OK;
    LTA_TRY(lta_reader_column(r, "/skipped/source", LTA_U16, (void **)&source, &n));
    LTA_TRY(lta_reader_column(r, "/skipped/count", LTA_U64, (void **)&count, &n_counts));
    LTA_TRY(lta_reader_strings(r, "/skipped/reason", &reason));
    LTA_TRY(lta_reader_strings(r, "/sources/name", &name));
    if (n > 0)
        fputs("\nRows that were left out:\n\n", out);
    for (uint64_t i = 0; i < n && i < n_counts && i < reason.n; i++) {
        fputs("- ", out);
        put_line(out, source[i] < name.n ? lta_strings_get(&name, source[i]) : "?");
        fprintf(out, ": %llu, %s\n", (ull)count[i], lta_strings_get(&reason, i));
    }
done:
    lta_free(source);
    lta_free(count);
    lta_strings_free(&reason);
    lta_strings_free(&name);
    return st;
}

/* What a reader of the sources should know, in the words of import. */
static lta_status put_notes(FILE *out, const lta_release_facts *f, const char *name)
{
    lta_status st = LTA_OK;
    lta_strings notes = {0};
    char *store = NULL;
    LTA_TRY(lta_join_path(f->work, name, &store));
    LTA_TRY(lta_import_notes_read(store, &notes));
    if (notes.n > 0)
        fputs("\nMet while the sources were read:\n\n", out);
    for (uint64_t i = 0; i < notes.n; i++)
        fprintf(out, "- %s\n", lta_strings_get(&notes, i));
done:
    lta_strings_free(&notes);
    lta_free(store);
    return st;
}

/* What a trace lacks is not made up, which its tables then lack too. */
static void put_absent(FILE *out, const lta_reader *r)
{
    static const struct {
        const char *column, *text;
    } all[] = {{"/requests/arrival_us",
                "no times: requests stand in the order of the files, and nothing is said about load"},
               {"/requests/session", "no sessions"},
               {"/requests/turn", "no turns"},
               {"/requests/input_tokens", "no numbers of tokens"},
               {"/requests/reusable", "no tokens or blocks: nothing is said about reuse"}};
    bool any = false;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!lta_reader_has(r, all[i].column)) {
            fprintf(out, "%s%s", any ? "; " : "\nThe sources give ", all[i].text);
            any = true;
        }
    fputs(any ? ".\n" : "", out);
}

/* What is published of the sequences, and what of them is used. */
static void put_sequences(FILE *out, const lta_release_trace *t, bool tokens)
{
    if (t->anonymize > 0)
        fputs("`blocks/trace.h5` has the sequences as numbered blocks: two requests begin with the same "
              "numbers as "
              "far as their symbols are equal, and the numbers tell nothing else.\n",
              out);
    if (t->symbols)
        fprintf(out, "`trace.h5` has the sequences themselves%s%s.\n",
                tokens ? ", `kavier.parquet` their token lists" : "",
                t->allow_restricted ? ", whatever the licences of the sources say" : "");
    for (uint64_t i = 0; i < t->n_options; i++)
        if (strcmp(t->option[i].name, "inputs-only") == 0)
            fputs("Outputs are not used: a request uses the positions of its input alone "
                  "(`--inputs-only`).\n",
                  out);
}

static lta_status put_trace(FILE *out, const lta_release_facts *f, const lta_release_trace *t)
{
    lta_status st = LTA_OK;
    char *folder = NULL, *path = NULL, *unit = NULL;
    lta_reader *r = NULL;
    uint64_t block_tokens, requests;
    lta_type type;
    LTA_TRY(lta_join_path(f->dir, t->name, &folder));
    LTA_TRY(lta_join_path(folder, "enriched.h5", &path));
    LTA_TRY(lta_reader_open(path, "enriched", &r));
    LTA_TRY(lta_reader_attribute_text(r, "/", "unit", &unit));
    LTA_TRY(lta_reader_attribute_u64(r, "/", "block_tokens", &block_tokens));
    LTA_TRY(lta_reader_describe(r, "/requests/source", &type, &requests, NULL, NULL));
    fprintf(out, "\n## %s\n\n%llu requests. ", t->name, (ull)requests);
    if (strcmp(unit, "none") == 0)
        fputc('\n', out);
    else if (strcmp(unit, "block") == 0 && block_tokens > 0)
        fprintf(out, "Symbols are blocks of %llu token%s.\n", (ull)block_tokens,
                block_tokens == 1 ? "" : "s");
    else
        fprintf(out, "Symbols are %ss.\n", unit);
    put_sequences(out, t, strcmp(unit, "token") == 0);
    if (t->note)
        fprintf(out, "\n%s\n", t->note);
    fputc('\n', out);
    LTA_TRY(put_sources(out, r));
    LTA_TRY(put_timeline(out, f, t->name, r));
    LTA_TRY(put_skipped(out, r));
    put_absent(out, r);
    LTA_TRY(put_notes(out, f, t->name));
done:
    lta_reader_close(r);
    lta_free(unit);
    lta_free(path);
    lta_free(folder);
    return st;
}

static const char definitions[] =
    "## Definitions\n"
    "\n"
    "A request's symbols are its input's, then its output's. A *position* is a prefix of such a\n"
    "sequence: two requests share a position where everything up to there is equal. A cache holds\n"
    "positions; a request looks up those of its input, from the first on, and what it finds without a\n"
    "gap are its hits; then all positions of its sequence are used, the deepest first, so that a\n"
    "prefix never leaves an LRU cache before what follows it. `reusable` is what a cache without\n"
    "limit would hit; `reuse_distance` is the smallest LRU capacity at which all of it hits. Scopes:\n"
    "`global` shares among all requests, `source` within a source file, `session` within a session.\n"
    "Curves and distances are exact. Ratios name their denominator as their unit. A value that a\n"
    "source does not give is an empty cell, null, or the largest number of its type in HDF5 (-1 where\n"
    "it is signed). 1 GB is 10^9 bytes. `data-dictionary.csv` has every column with its unit and\n"
    "meaning, as the HDF5 files themselves have.\n";

static const char made[] =
    "## How it was made, and how to check it\n"
    "\n"
    "`lta release` made it from the source files; `provenance.json` names them by digest, with every\n"
    "parameter and the commands. The same files, configuration and build give the same bytes.\n"
    "`sha256sum -c SHA256SUMS` checks the files; the comments in it are digests of what the HDF5\n"
    "files say, equal whatever compressed them. `lta verify` of this folder checks all of it.\n";

static bool has_symbols(const lta_release_config *c)
{
    bool has = false;
    for (uint64_t t = 0; t < c->n_traces; t++)
        has |= c->trace[t].symbols;
    return has;
}

lta_status lta_release_write_readme(const lta_release_facts *f)
{
    const lta_release_config *c = f->config;
    lta_status st = LTA_OK;
    char *path = NULL;
    lta_text_file out = {0};
    LTA_TRY(lta_join_path(f->dir, "README.md", &path));
    LTA_TRY(lta_text_create(path, &out));
    fprintf(out.stream, "# %s\n\n%s\n\nVersion %s%s%s, licence %s.\n\n", c->title, c->description, c->version,
            f->date[0] ? ", " : "", f->date, c->licence);
    fputs("| file | what |\n| --- | --- |\n"
          "| `TRACE/enriched.h5` | requests with their enrichment fields, and all tables (HDF5; columns "
          "carry unit and description) |\n"
          "| `TRACE/requests.csv`, `TRACE/requests.parquet` | the requests alone, a row each |\n"
          "| `TRACE/kavier.parquet` | input for the simulator Kavier: sessions, turns and numbers of tokens, "
          "in order "
          "of arrival |\n"
          "| `TRACE/tables/*.csv` | the tables: totals, hit curves, capacities that are enough, histograms, "
          "sessions, prefixes |\n"
          "| `data-dictionary.csv` | every column of these files |\n"
          "| `datapackage.json`, `zenodo.json`, `CITATION.cff`, `provenance.json`, `SHA256SUMS` | for "
          "machines |\n",
          out.stream);
    for (uint64_t t = 0; t < c->n_traces; t++)
        LTA_TRY(put_trace(out.stream, f, &c->trace[t]));
    fprintf(out.stream, "\n%s\n%s%s", definitions,
            has_symbols(c) ? ""
                           : "No tokens, texts or block ids of the sources are part of this release.\n\n",
            made);
    LTA_TRY(lta_text_commit(&out));
done:
    lta_text_close(&out);
    lta_free(path);
    return st;
}
