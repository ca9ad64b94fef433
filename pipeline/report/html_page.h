/* pipeline/report/html_page.h - a page that is HTML and well-formed XML at once, in one file: nothing is
 * loaded from elsewhere, and no script runs.
 *
 * Whatever text comes from a trace goes through lta_html_text() or lta_html_name(), which let nothing through
 * that could be taken for markup, and replace what XML does not allow. Writing fails silently until
 * lta_html_finish(), which tells. */
#ifndef LTA_REPORT_HTML_PAGE_H
#define LTA_REPORT_HTML_PAGE_H

#include "pipeline/core/text_out.h"

#include <stdint.h>
#include <stdio.h>

enum {
    LTA_HTML_LINE = 512,  /* bytes of one formatted piece; longer ones are cut */
    LTA_NUMBER_TEXT = 400 /* bytes that hold any formatted number */
};

typedef struct lta_html {
    lta_text_out out;
} lta_html; /* large: lives on the heap */

/* The page up to its first heading. Its title is `name` and what more there is to say. */
void lta_html_begin(lta_html *h, FILE *stream, const char *name, const char *more);
/* The end of the page; errors as lta_out_finish(). */
LTA_MUST_CHECK lta_status lta_html_finish(lta_html *h, const char *name);

void lta_html_raw(lta_html *h, const char *markup); /* as it is */
void lta_html_text(lta_html *h, const char *text);  /* escaped */
void lta_html_name(lta_html *h, const char *text);  /* escaped, in <bdi>: its letters may run leftwards */
LTA_PRINTF(2, 3) void lta_html_markup(lta_html *h, const char *fmt, ...); /* as it is */
LTA_PRINTF(2, 3) void lta_html_format(lta_html *h, const char *fmt, ...); /* escaped */

/* Numbers for people, whatever the locale. */
const char *lta_fixed(double value, int decimals, char out[LTA_NUMBER_TEXT]);   /* 3.14 */
const char *lta_trimmed(double value, int decimals, char out[LTA_NUMBER_TEXT]); /* 3.10 -> 3.1, 3.00 -> 3 */
const char *lta_percent(uint64_t part, uint64_t whole, char out[LTA_NUMBER_TEXT]); /* "12.34 %"; "-" of 0 */

/* A table that scrolls inside the page where it is too wide. csv: the file whose rows it shows, or NULL. */
void lta_html_table_begin(lta_html *h, const char *csv, const char *caption);
void lta_html_head(lta_html *h, const char *name, const char *unit); /* unit NULL or "1": none */
void lta_html_text_head(lta_html *h, const char *name);              /* of a column of text */
void lta_html_heads_end(lta_html *h);
void lta_html_table_end(lta_html *h);

/* A section of the page, and the place of figures that stand side by side where there is room. */
void lta_html_section_begin(lta_html *h, const char *id, const char *title);
void lta_html_section_end(lta_html *h);

#endif
