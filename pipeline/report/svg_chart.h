/* pipeline/report/svg_chart.h - line and step charts as SVG inside the page.
 *
 * A drawing is 400 units wide, so that its letters can be read on a phone, and carries a title and a
 * description in words. Lines differ in colour, marker and dashes; steps have
 * no markers. */
#ifndef LTA_REPORT_SVG_CHART_H
#define LTA_REPORT_SVG_CHART_H

#include "pipeline/report/html_page.h"
#include "pipeline/report/svg_axis.h"

#include <stdbool.h>
#include <stdint.h>

enum { LTA_COLOURS = 6, LTA_DASHES = 4, LTA_SERIES_LABEL = 160 };

typedef struct lta_point {
    double x, y;
} lta_point;

typedef struct lta_series {
    char label[LTA_SERIES_LABEL];
    int colour, dash; /* below LTA_COLOURS (which also choose the marker) and LTA_DASHES */
    bool step;        /* y holds from its x to the next one's; NaN: no value, the line breaks */
    uint64_t n;
    lta_point *point; /* x rising; borrowed */
} lta_series;

typedef struct lta_chart {
    const char *id;          /* of the drawing, different in the page */
    const char *title;       /* one sentence */
    const char *description; /* what it shows, before the ends of each line, which come by themselves */
    const char *caption;     /* below; markup */
    const char *x_text, *y_text;
    lta_quantity x_quantity, y_quantity;
    bool log_x;
    double x_low, x_high, y_high; /* ends of the axes; y begins at 0, and a linear x too */
    double top_factor;            /* second axis above: bytes = x * top_factor; 0 = none */
    const char *top_text;
    double mark_x;         /* vertical line; 0 = none */
    const char *mark_text; /* beside it */
    double level;          /* horizontal line, named in the legend; 0 = none */
    const char *level_text;
    const lta_series *series;
    uint64_t n_series;
} lta_chart;

/* A <figure> with drawing, legend and caption. */
void lta_chart_draw(lta_html *h, const lta_chart *c);

/* A coordinate, in tenths. */
void lta_svg_number(lta_html *h, double value);
/* A legend: begin, an entry each, end. bar: a patch instead of a line with its marker. */
void lta_legend_begin(lta_html *h);
void lta_legend_entry(lta_html *h, const char *label, int colour, int dash, bool bar);
void lta_legend_end(lta_html *h);

#endif
