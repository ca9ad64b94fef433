/* pipeline/report/report.c - the page: what comes in which order. */
#include "pipeline/report/report.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/report/report_internal.h"
#include "pipeline/table/table.h"

#include <string.h>

static const struct {
    const char *id, *title;
    lta_report_section *make;
} sections[] = {
    {"totals", "The trace in numbers", lta_report_totals},
    {"hit-curve", "Hit curves of an LRU prefix cache", lta_report_hit_curves},
    {"reuse", "Reuse distances and reuse times", lta_report_reuse},
    {"sharing", "Who shares with whom", lta_report_sharing},
    {"load", "Load over time", lta_report_load},
    {"lengths", "Lengths of inputs and outputs", lta_report_lengths},
    {"think-time", "Sessions: think times and turns", lta_report_think_time},
    {"trie", "Shape of the prefix trie", lta_report_trie},
    {"prefixes", "Prefixes that save most", lta_report_prefixes},
    {"prompt-cache", "Kavier\xe2\x80\x99s prompt cache beside the prefix cache", lta_report_prompt_cache},
};
enum { N_SECTIONS = sizeof sections / sizeof *sections };

const char lta_no_symbols[] = "the sources give no tokens and no block ids, so nothing is known about reuse.";
const char lta_no_times[] = "the sources give no times.";
const char lta_no_sessions[] = "the sources give no sessions.";
const char lta_no_lengths[] = "the sources give no numbers of tokens.";

uint64_t lta_report_total(const lta_report_page *p, const char *column)
{
    return p->summary.n_rows > 0 ? lta_report_u64(&p->summary, column, p->summary.n_rows - 1) : 0;
}

void lta_report_absent(lta_report_page *p, const char *reason)
{
    lta_html_raw(p->html, "<p class=\"absent\">Left out: ");
    lta_html_text(p->html, reason);
    lta_html_raw(p->html, "</p>\n");
}

static void head(lta_report_page *p)
{
    lta_html *h = p->html;
    lta_html_raw(h, "<header>\n<h1>");
    lta_html_name(h, p->name);
    lta_html_text(h, p->more);
    lta_html_raw(h, "</h1>\n<p class=\"soft\">Exact prefix-cache analysis of a trace of large-language-model "
                    "serving. Numbers are counts of the whole trace, not samples. Every figure has its "
                    "numbers as a table below it.</p>\n");
    if (p->times && p->summary.n_rows > 2)
        lta_html_markup(h,
                        "<p class=\"soft\">Its sources %s in time; <code>/sources/time_shift_us</code> of "
                        "enriched.h5 says how far the clock of each was moved.</p>\n",
                        p->interleaved ? "overlap" : "follow one another");
    lta_html_raw(h, "<nav aria-label=\"Figures\">\n<ul>\n");
    for (size_t i = 0; i < N_SECTIONS; i++) {
        lta_html_markup(h, "<li><a href=\"#%s\">", sections[i].id);
        lta_html_text(h, sections[i].title);
        lta_html_raw(h, "</a></li>\n");
    }
    lta_html_raw(h, "</ul>\n</nav>\n</header>\n<main>\n");
}

static void foot(lta_report_page *p)
{
    lta_html *h = p->html;
    lta_html_raw(h,
                 "</main>\n<footer>\n<p class=\"soft\">Drawn by lta report from the tables of enriched.h5, "
                 "content_sha256 <code>");
    lta_html_text(h, lta_reader_digest(p->reader));
    lta_html_raw(h, "</code>. Requests are served in order of arrival; each looks up the longest resident "
                    "prefix of its input, then touches its input and output, deepest position first, in one "
                    "LRU order. GB = 10<sup>9</sup> bytes.</p>\n</footer>\n");
}

/* Requests stand in order of time: where one source ends before the next begins, each comes once. */
static lta_status find_interleaving(lta_report_page *p)
{
    enum { LEAF = 1 << 16 };
    static const char path[] = "/requests/source";
    lta_status st = LTA_OK;
    lta_type type;
    uint64_t n = 0;
    uint16_t *source = NULL, last = 0;
    bool *seen = NULL;
    LTA_TRY(LTA_ALLOC(&source, LEAF));
    LTA_TRY(LTA_CALLOC(&seen, UINT16_MAX + 1));
    LTA_TRY(lta_reader_describe(p->reader, path, &type, &n, NULL, NULL));
    for (uint64_t from = 0; from < n && !p->interleaved; from += LEAF) {
        uint64_t count = n - from < LEAF ? n - from : LEAF;
        LTA_TRY(lta_reader_rows(p->reader, path, LTA_U16, from, count, source));
        for (uint64_t i = 0; i < count; i++) {
            bool again = seen[source[i]] && source[i] != last;
            p->interleaved = p->interleaved || again;
            seen[source[i]] = true;
            last = source[i];
        }
    }
done:
    lta_free(seen);
    lta_free(source);
    return st;
}

static lta_status load(lta_report_page *p)
{
    lta_status st = LTA_OK;
    const lta_reader *r = p->reader;
    lta_report_table models = {0};
    LTA_TRY(lta_reader_attribute_text(r, "/", "name", &p->name));
    LTA_TRY(lta_reader_attribute_text(r, "/", "unit", &p->unit));
    LTA_TRY(lta_reader_attribute_u64(r, "/", "block_tokens", &p->block_tokens));
    LTA_TRY(lta_report_table_read(r, "summary", &p->summary));
    LTA_TRY(lta_report_table_read(r, "models", &models));
    if (p->summary.n_rows == 0 || models.n_rows == 0) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:/tables/%s: no rows, expected at least one", lta_reader_path(r),
                      p->summary.n_rows == 0 ? "summary" : "models");
        goto done;
    }
    uint64_t n_sources = p->summary.n_rows - 1;
    if (n_sources > 1 && strcmp(lta_report_text(&p->summary, "source", 0), p->name) == 0)
        snprintf(p->more, sizeof p->more, " and %llu more source%s", (unsigned long long)n_sources - 1,
                 n_sources == 2 ? "" : "s");
    p->block = strcmp(p->unit, "block") == 0;
    p->symbols = lta_report_column(&p->summary, "symbols") != LTA_NO_COLUMN;
    p->times = lta_report_column(&p->summary, "span_us") != LTA_NO_COLUMN;
    if (p->times && n_sources > 1)
        LTA_TRY(find_interleaving(p));
    p->lengths = lta_report_column(&p->summary, "input_tokens") != LTA_NO_COLUMN;
    p->sessions = lta_report_column(&p->summary, "sessions") != LTA_NO_COLUMN;
    snprintf(p->model, sizeof p->model, "%s", lta_report_text(&models, "model", 0));
    p->token_bytes = lta_report_u64(&models, "token_bytes", 0);
    p->weight_bytes = lta_report_u64(&models, "weight_bytes", 0);
done:
    lta_report_table_free(&models);
    return st;
}

static lta_status write_page(const lta_run *run, lta_report_page *p, FILE *stream, const char *name)
{
    lta_status st = LTA_OK;
    lta_html_begin(p->html, stream, p->name, p->more);
    head(p);
    for (size_t i = 0; i < N_SECTIONS; i++) {
        LTA_TRY(lta_check_stop(run));
        lta_html_section_begin(p->html, sections[i].id, sections[i].title);
        LTA_TRY(sections[i].make(p));
        lta_html_section_end(p->html);
    }
    foot(p);
    LTA_TRY(lta_html_finish(p->html, name));
done:
    return st;
}

lta_status lta_report(const lta_run *run, const char *store, const char *path, FILE *standard_output)
{
    lta_status st = LTA_OK;
    lta_report_page p = {0};
    lta_reader *r = NULL;
    lta_text_file file = {0};
    char *own = NULL;
    double started = lta_seconds();
    LTA_TRY(LTA_ALLOC(&p.html, 1));
    LTA_TRY(lta_enriched_open(store, &r));
    p.reader = r;
    LTA_TRY(load(&p));
    if (path && strcmp(path, "-") == 0) {
        LTA_TRY(write_page(run, &p, standard_output, "standard output"));
        goto done;
    }
    if (!path) {
        LTA_TRY(lta_join_path(store, "report.html", &own));
        path = own;
    }
    LTA_TRY(lta_text_create(path, &file));
    LTA_TRY(write_page(run, &p, file.stream, path));
    LTA_TRY(lta_text_commit(&file));
    lta_log_line(run->log, LTA_LOG_INFO, "report", "%s, %.2f s", path, lta_seconds() - started);
done:
    lta_text_close(&file);
    lta_free(own);
    lta_report_table_free(&p.summary);
    lta_free(p.name);
    lta_free(p.unit);
    lta_free(p.html);
    lta_reader_close(r);
    return st;
}
