/* pipeline/report/svg_bars.h - horizontal bars cut into shares of a whole. */
#ifndef LTA_REPORT_SVG_BARS_H
#define LTA_REPORT_SVG_BARS_H

#include "pipeline/report/html_page.h"

#include <stdint.h>

enum { LTA_MOST_PARTS = 4 };

typedef struct lta_bar {
    const char *label;             /* above the bar; borrowed */
    uint64_t part[LTA_MOST_PARTS]; /* side by side */
    uint64_t whole;                /* full width; 0: no bar */
} lta_bar;

typedef struct lta_bars {
    const char *id, *title, *description, *caption; /* as of a chart */
    const char *part_label[LTA_MOST_PARTS];
    int n_parts;
    const lta_bar *bar;
    uint64_t n_bars;
} lta_bars;

/* A <figure> with drawing, legend (of the parts that some bar has) and caption. */
void lta_bars_draw(lta_html *h, const lta_bars *b);

#endif
