/* pipeline/report/report_totals.c - the summary at the top: totals of the trace, each with its unit, and
 * shares with what they are shares of. */
#include "pipeline/report/report_internal.h"

#include <math.h>
#include <string.h>

/* share and of: "12.34 %", "requests"; or NULL. */
static void put_row(lta_html *h, const char *label, const char *note, const char *value, const char *unit,
                    const char *share, const char *of)
{
    static const char *const before[] = {"<tr><th scope=\"row\">", "</th><td>", "</td><td>"};
    const char *const line[] = {label, note, value, unit, share, of};
    for (int i = 0; i < 6; i += 2) {
        lta_html_raw(h, before[i / 2]);
        lta_html_text(h, line[i] ? line[i] : "");
        if (line[i + 1] && *line[i + 1]) {
            lta_html_raw(h, i == 4 ? "<small>of " : "<small>");
            lta_html_text(h, line[i + 1]);
            lta_html_raw(h, "</small>");
        }
    }
    lta_html_raw(h, "</td></tr>\n");
}

static void put_count(const lta_report_page *p, const char *column, const char *label, const char *unit,
                      const char *note)
{
    char text[LTA_NUMBER_TEXT];
    if (lta_report_column(&p->summary, column) != LTA_NO_COLUMN)
        put_row(p->html, label, note, lta_group_digits(lta_report_total(p, column), text), unit, NULL, NULL);
}

static void put_share(const lta_report_page *p, const char *column, const char *of, const char *of_text,
                      const char *label, const char *unit, const char *note)
{
    char text[LTA_NUMBER_TEXT], share[LTA_NUMBER_TEXT];
    if (lta_report_column(&p->summary, column) != LTA_NO_COLUMN)
        put_row(p->html, label, note, lta_group_digits(lta_report_total(p, column), text), unit,
                lta_percent(lta_report_total(p, column), lta_report_total(p, of), share), of_text);
}

static void put_times(const lta_report_page *p)
{
    char text[LTA_NUMBER_TEXT];
    if (!p->times)
        return;
    uint64_t last = p->summary.n_rows - 1;
    put_row(p->html, "span", "last arrival \xe2\x88\x92 first arrival",
            lta_fixed(lta_report_f64(&p->summary, "span_us", last) / 1e6, 3, text), "s", NULL, NULL);
    put_row(p->html, "rate", "(requests \xe2\x88\x92 1) / span",
            lta_fixed(lta_report_f64(&p->summary, "rate", last), 3, text), "requests/s", NULL, NULL);
}

static void put_symbols(const lta_report_page *p)
{
    char unit[96], number[LTA_NUMBER_TEXT];
    if (!p->block)
        snprintf(unit, sizeof unit, "tokens");
    else if (p->block_tokens > 0)
        snprintf(unit, sizeof unit, "blocks of %.20s token%s", lta_group_digits(p->block_tokens, number),
                 p->block_tokens == 1 ? "" : "s");
    else
        snprintf(unit, sizeof unit, "blocks of unequal numbers of tokens");
    put_count(p, "symbols", "symbols touched", unit, "inputs and outputs; inputs alone with --inputs-only");
    put_share(p, "distinct_symbols", "symbols", "symbols touched", "distinct positions", unit,
              "positions of the prefix trie");
    put_count(p, "input_symbols", "input symbols", unit, "what lookups ask for");
    put_share(p, "reusable_global", "input_symbols", "input symbols", "reusable, scope global", unit,
              "left behind by any earlier request");
    put_share(p, "reusable_source", "input_symbols", "input symbols", "reusable, scope source", unit,
              "by earlier requests of the same source file");
    if (p->sessions)
        put_share(p, "reusable_session", "input_symbols", "input symbols", "reusable, scope session", unit,
                  "by earlier requests of the same session");
}

lta_status lta_report_totals(lta_report_page *p)
{
    enum { MOST_SOURCES = 100 };
    lta_html *h = p->html;
    char text[LTA_NUMBER_TEXT], note[160];
    uint64_t n_sources = p->summary.n_rows - 1;
    lta_html_table_begin(h, NULL, "Totals of the trace; shares name their denominators");
    lta_html_head(h, "quantity", NULL);
    lta_html_head(h, "value", NULL);
    lta_html_head(h, "share", NULL);
    lta_html_heads_end(h);
    snprintf(note, sizeof note, "from %.40s source%s", lta_group_digits(n_sources, text),
             n_sources == 1 ? "" : "s");
    put_count(p, "requests", "requests", "", note);
    if (!p->sessions)
        put_row(h, "sessions", "the sources give none", "\xe2\x80\x93", NULL, NULL, NULL);
    put_count(p, "sessions", "sessions", "", "");
    if (p->sessions && p->symbols)
        put_share(p, "distinct_sessions", "sessions", "sessions", "distinct sessions", "",
                  "different lists of (input, output) by turn");
    put_times(p);
    if (!p->lengths)
        put_row(h, "tokens", "the sources give no numbers of them", "\xe2\x80\x93", NULL, NULL, NULL);
    put_count(p, "input_tokens", "input tokens", "tokens", "as the sources count them");
    put_count(p, "output_tokens", "output tokens", "tokens", "as the sources count them");
    if (p->lengths) {
        put_share(p, "empty", "requests", "requests", "empty requests", "", "no input tokens");
        put_share(p, "no_output", "requests", "requests", "requests without output", "", "no output tokens");
    }
    put_share(p, "failed", "requests", "requests", "failed requests", "", "as the sources mark them");
    if (p->symbols)
        put_symbols(p);
    lta_html_table_end(h);
    if (!p->symbols)
        lta_html_raw(h, "<p>The sources give no tokens and no block ids: figures about reuse are left out."
                        "</p>\n");
    uint64_t rows[MOST_SOURCES], n = p->summary.n_rows < MOST_SOURCES ? p->summary.n_rows : MOST_SOURCES;
    for (uint64_t i = 0; i < n; i++)
        rows[i] = i + 1 < n ? i : p->summary.n_rows - 1; /* the last row is the whole trace */
    lta_report_rows(h, &p->summary, NULL, rows, n, false, "totals by source, and of all");
    return LTA_OK;
}
