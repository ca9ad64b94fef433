/* pipeline/report/report_sharing.c - what can be reused, by whom it was left behind; the shape of the trie,
 * and the prefixes that save most. */
#include "pipeline/report/report_internal.h"

#include "pipeline/report/svg_bars.h"

#include <string.h>

enum { MOST_SOURCES = 11 }; /* with a bar of their own, under that of the whole trace */

static uint64_t minus(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* The input symbols of a row of `summary`, cut into parts. */
static lta_bar make_bar(const lta_report_page *p, uint64_t row)
{
    const lta_report_table *t = &p->summary;
    uint64_t input = lta_report_u64(t, "input_symbols", row);
    uint64_t global = lta_report_u64(t, "reusable_global", row);
    uint64_t source = lta_report_u64(t, "reusable_source", row);
    uint64_t session = lta_report_u64(t, "reusable_session", row);
    lta_bar b = {.label = lta_report_text(t, "source", row), .whole = input};
    if (p->sessions) {
        b.part[0] = session;
        b.part[1] = minus(source, session);
        b.part[2] = minus(global, source);
        b.part[3] = minus(input, global);
    } else {
        b.part[0] = source;
        b.part[1] = minus(global, source);
        b.part[2] = minus(input, global);
    }
    return b;
}

/* The rows of the MOST_SOURCES sources with most input symbols, in the order of the table; of equal ones the
 * first. */
static uint64_t choose_sources(const lta_report_table *t, uint64_t n_sources, uint64_t chosen[MOST_SOURCES])
{
    uint64_t largest[MOST_SOURCES + 1], n = 0, kept = 0; /* falling; one more than are kept */
    for (uint64_t row = 0; row < n_sources; row++) {
        uint64_t k = n, symbols = lta_report_u64(t, "input_symbols", row);
        for (; k > 0 && lta_report_u64(t, "input_symbols", largest[k - 1]) < symbols; k--)
            largest[k] = largest[k - 1];
        largest[k] = row;
        n += n < MOST_SOURCES;
    }
    for (uint64_t row = 0; row < n_sources; row++)
        for (uint64_t k = 0; k < n; k++)
            if (largest[k] == row)
                chosen[kept++] = row;
    return kept;
}

static void put_numbers(lta_html *h, const lta_bars *b)
{
    char text[LTA_NUMBER_TEXT];
    lta_html_raw(h, "<details>\n<summary>Numbers: input symbols by who left them behind</summary>\n");
    lta_html_table_begin(h, NULL, "Input symbols, and shares of all input symbols of the source");
    lta_html_head(h, "source", NULL);
    lta_html_head(h, "input symbols", NULL);
    for (int p = 0; p < b->n_parts; p++) {
        lta_html_head(h, b->part_label[p], "symbols");
        lta_html_head(h, "share", "of input symbols");
    }
    lta_html_heads_end(h);
    for (uint64_t i = 0; i < b->n_bars; i++) {
        lta_html_raw(h, "<tr><th scope=\"row\">");
        lta_html_name(h, b->bar[i].label);
        lta_html_raw(h, "</th><td>");
        lta_out_u64(&h->out, b->bar[i].whole);
        for (int p = 0; p < b->n_parts; p++) {
            lta_html_raw(h, "</td><td>");
            lta_out_u64(&h->out, b->bar[i].part[p]);
            lta_html_raw(h, "</td><td>");
            lta_html_raw(h, lta_percent(b->bar[i].part[p], b->bar[i].whole, text));
        }
        lta_html_raw(h, "</td></tr>\n");
    }
    lta_html_table_end(h);
    lta_html_raw(h, "</details>\n");
}

lta_status lta_report_sharing(lta_report_page *p)
{
    lta_html *h = p->html;
    lta_bar bar[MOST_SOURCES + 1];
    uint64_t chosen[MOST_SOURCES], n_chosen = 0, n_sources = p->summary.n_rows - 1;
    char caption[LTA_HTML_LINE], number[LTA_NUMBER_TEXT];
    lta_bars b = {
        .id = "sharing-figure",
        .title = "Input symbols by who left them behind, as shares of all input symbols.",
        .description = "A bar for the whole trace and for each source, cut into shares of its input symbols.",
        .caption = caption,
        .n_parts = p->sessions ? 4 : 3,
        .bar = bar,
    };
    static const char *const with[] = {"same session", "other sessions, same source file",
                                       "other source files (sister files)", "new"};
    static const char *const without[] = {"same source file (sessions are not known)",
                                          "other source files (sister files)", "new"};
    if (!p->symbols) {
        lta_report_absent(p, lta_no_symbols);
        return LTA_OK;
    }
    for (int i = 0; i < b.n_parts; i++)
        b.part_label[i] = p->sessions ? with[i] : without[i];
    if (n_sources > 1)
        n_chosen = choose_sources(&p->summary, n_sources, chosen);
    bar[b.n_bars++] = make_bar(p, n_sources);
    for (uint64_t i = 0; i < n_chosen; i++)
        bar[b.n_bars++] = make_bar(p, chosen[i]);
    bar[0].label = "the whole trace";
    size_t used = (size_t)snprintf(caption, sizeof caption,
                                   "Each symbol counts where it is found first: in the session, then in the "
                                   "same source file, then in any file; capacity is unlimited.");
    if (n_chosen > 0 && n_chosen < n_sources)
        snprintf(caption + used, sizeof caption - used,
                 " The sources drawn are the largest %d of %.40s, by input symbols.", MOST_SOURCES,
                 lta_group_digits(n_sources, number));
    if (n_sources == 1)
        lta_html_raw(h, "<p>There is one source file, so nothing is shared between files.</p>\n");
    lta_html_raw(h, "<div class=\"figures\">\n");
    lta_bars_draw(h, &b);
    lta_html_raw(h, "</div>\n");
    put_numbers(h, &b);
    return LTA_OK;
}

lta_status lta_report_trie(lta_report_page *p)
{
    lta_status st = LTA_OK;
    lta_report_table t = {0};
    if (!p->symbols) {
        lta_report_absent(p, lta_no_symbols);
        return LTA_OK;
    }
    LTA_TRY(lta_report_table_read(p->reader, "trie_shape", &t));
    if (t.n_rows == 0)
        lta_report_absent(p, "the store has no table trie_shape.");
    else
        lta_report_upright(p->html, &t, 0, "trie_shape.csv: the prefix trie of all inputs and outputs");
done:
    lta_report_table_free(&t);
    return st;
}

lta_status lta_report_prefixes(lta_report_page *p)
{
    enum { SHOWN = 20 };
    lta_status st = LTA_OK;
    lta_report_table t = {0};
    if (!p->symbols) {
        lta_report_absent(p, lta_no_symbols);
        return LTA_OK;
    }
    LTA_TRY(lta_report_table_read(p->reader, "prefixes", &t));
    if (t.n_rows == 0) {
        lta_report_absent(p, "no request\xe2\x80\x99s input begins like an earlier request.");
        goto done;
    }
    lta_html_raw(p->html, "<p>A node of the trie saves its length for every request later than its owner "
                          "whose input contains it. Prefixes are numbered nodes: no text of the trace is "
                          "shown.</p>\n");
    lta_report_rows(p->html, &t, NULL, NULL, SHOWN, true, "the 20 prefixes that save most");
done:
    lta_report_table_free(&t);
    return st;
}
