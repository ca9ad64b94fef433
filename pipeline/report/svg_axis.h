/* pipeline/report/svg_axis.h - linear and logarithmic axes: where a value lies, and at which round values the
 * ticks are. */
#ifndef LTA_REPORT_SVG_AXIS_H
#define LTA_REPORT_SVG_AXIS_H

#include "pipeline/report/html_page.h"

#include <stdbool.h>

/* What values are, which decides about ticks and their texts. */
typedef enum lta_quantity {
    LTA_COUNT,   /* 10k, 1M */
    LTA_SHARE,   /* 0 to 1, written in per cent */
    LTA_BYTES,   /* 1 GB = 10^9 bytes */
    LTA_TIME_US, /* microseconds, written as 10 ms, 5 min, 2 h */
} lta_quantity;

enum { LTA_MOST_TICKS = 16 };

typedef struct lta_axis {
    lta_quantity quantity;
    bool log;
    double low, high; /* values at `from` and `to`; both positive on a log axis */
    double from, to;  /* in units of the drawing */
    int n_ticks;
    double tick[LTA_MOST_TICKS];
    double time_unit; /* that the ticks of a linear axis of times are written in */
} lta_axis;

/* About `ticks` ticks at most. A linear axis begins at 0, and with `round_up` ends at a tick. */
lta_axis lta_axis_linear(lta_quantity quantity, double high, double from, double to, int ticks,
                         bool round_up);
lta_axis lta_axis_log(lta_quantity quantity, double low, double high, double from, double to, int ticks);

/* Values outside lie at the ends. */
double lta_axis_place(const lta_axis *a, double value);
const char *lta_axis_tick_text(const lta_axis *a, int tick, char out[LTA_NUMBER_TEXT]);
/* The same value in running text. */
const char *lta_quantity_text(lta_quantity quantity, double value, char out[LTA_NUMBER_TEXT]);

#endif
