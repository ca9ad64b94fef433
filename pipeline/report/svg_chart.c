/* pipeline/report/svg_chart.c - axes, grid, lines with markers, legend. */
#include "pipeline/report/svg_chart.h"

#include <math.h>
#include <stdlib.h>

enum {
    WIDTH = 400,
    HEIGHT = 270,
    LEFT = 46,
    RIGHT = 388,
    BOTTOM = 228,
    TOP = 26,
    TOP_WITH_AXIS = 44,
    X_TICKS = 6,
    Y_TICKS = 5,
    MARKERS = 6 /* on a line */
};

void lta_svg_number(lta_html *h, double value)
{
    long long tenths = llround(value * 10);
    if (tenths < 0)
        lta_html_raw(h, "-");
    tenths = llabs(tenths);
    lta_html_markup(h, "%lld", tenths / 10);
    if (tenths % 10 != 0)
        lta_html_markup(h, ".%lld", tenths % 10);
}

static void put_pair(lta_html *h, const char *command, double x, double y)
{
    lta_html_raw(h, command);
    lta_svg_number(h, x);
    lta_html_raw(h, " ");
    lta_svg_number(h, y);
}

/* In the order of colours, each about 6 units wide: circle, square, triangle, diamond, triangle downwards,
 * plus. */
static void put_marker(lta_html *h, double x, double y, int shape)
{
    static const char *const outline[LTA_COLOURS] = {
        "m-3.2 0a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0-6.4 0z",
        "m-3-3h6v6h-6z",
        "m0-4l3.8 6.6h-7.6z",
        "m0-4.2l4.2 4.2-4.2 4.2-4.2-4.2z",
        "m0 4l3.8-6.6h-7.6z",
        "m-1.2-4h2.4v2.8h2.8v2.4h-2.8v2.8h-2.4v-2.8h-2.8v-2.4h2.8z",
    };
    put_pair(h, "M", x, y);
    lta_html_raw(h, outline[shape]);
}

static void put_line(lta_html *h, const char *class, double x1, double y1, double x2, double y2)
{
    lta_html_markup(h, "<path class=\"%s\" d=\"", class);
    put_pair(h, "M", x1, y1);
    put_pair(h, "L", x2, y2);
    lta_html_raw(h, "\"/>\n");
}

/* anchor: start, middle or end. Text that is not ours to trust is escaped. */
static void put_text(lta_html *h, const char *class, const char *anchor, double x, double y, const char *text)
{
    lta_html_raw(h, "<text x=\"");
    lta_svg_number(h, x);
    lta_html_raw(h, "\" y=\"");
    lta_svg_number(h, y);
    lta_html_markup(h, "\" class=\"%s\" text-anchor=\"%s\">", class, anchor);
    lta_html_text(h, text);
    lta_html_raw(h, "</text>\n");
}

typedef struct frame {
    lta_axis x, y, top;
    double ceiling; /* y of the upper end of the plot */
} frame;

static frame make_frame(const lta_chart *c)
{
    frame f = {.ceiling = c->top_factor > 0 ? TOP_WITH_AXIS : TOP};
    f.x = c->log_x ? lta_axis_log(c->x_quantity, c->x_low, c->x_high, LEFT, RIGHT, X_TICKS)
                   : lta_axis_linear(c->x_quantity, c->x_high, LEFT, RIGHT, X_TICKS, false);
    f.y = lta_axis_linear(c->y_quantity, c->y_high, BOTTOM, f.ceiling, Y_TICKS, true);
    if (c->top_factor > 0)
        f.top = lta_axis_log(LTA_BYTES, f.x.low * c->top_factor, f.x.high * c->top_factor, LEFT, RIGHT,
                             X_TICKS - 1);
    return f;
}

static void draw_axes(lta_html *h, const lta_chart *c, const frame *f)
{
    char text[LTA_NUMBER_TEXT];
    for (int i = 0; i < f->y.n_ticks; i++) {
        double y = lta_axis_place(&f->y, f->y.tick[i]);
        put_line(h, "grid", LEFT, y, RIGHT, y);
        put_text(h, "soft", "end", LEFT - 5, y + 4, lta_axis_tick_text(&f->y, i, text));
    }
    for (int i = 0; i < f->x.n_ticks; i++) {
        double x = lta_axis_place(&f->x, f->x.tick[i]);
        put_line(h, "grid", x, f->ceiling, x, BOTTOM + 4);
        put_text(h, "soft", i == f->x.n_ticks - 1 && x > RIGHT - 14 ? "end" : "middle",
                 i == f->x.n_ticks - 1 && x > RIGHT - 14 ? WIDTH - 1 : x, BOTTOM + 17,
                 lta_axis_tick_text(&f->x, i, text));
    }
    for (int i = 0; i < f->top.n_ticks; i++) {
        double x = lta_axis_place(&f->top, f->top.tick[i]);
        bool end = x > RIGHT - 14;
        put_line(h, "axis", x, f->ceiling - 4, x, f->ceiling);
        put_text(h, "soft", end ? "end" : "middle", end ? WIDTH - 1 : x, f->ceiling - 7,
                 lta_axis_tick_text(&f->top, i, text));
    }
    put_line(h, "axis", LEFT, BOTTOM, RIGHT, BOTTOM);
    if (f->top.n_ticks > 0)
        put_line(h, "axis", LEFT, f->ceiling, RIGHT, f->ceiling);
    put_text(h, "soft", "start", 2, 12, c->y_text);
    put_text(h, "soft", "middle", (LEFT + RIGHT) / 2.0, BOTTOM + 35, c->x_text);
    if (c->top_factor > 0 && c->top_text)
        put_text(h, "soft", "end", WIDTH - 2, 12, c->top_text);
}

/* Steps, broken where there is no value. */
static void draw_steps(lta_html *h, const frame *f, const lta_series *s)
{
    bool down = false;
    double last_y = 0;
    lta_html_markup(h, "<path class=\"line c%d d%d\" d=\"", s->colour, s->dash);
    for (uint64_t i = 0; i < s->n; i++) {
        double x = lta_axis_place(&f->x, s->point[i].x);
        if (down)
            put_pair(h, "L", x, last_y);
        bool value = !isnan(s->point[i].y), last = i + 1 == s->n; /* the last point ends a step */
        if (value && !last) {
            last_y = lta_axis_place(&f->y, s->point[i].y);
            put_pair(h, down ? "L" : "M", x, last_y);
        }
        down = value;
    }
    lta_html_raw(h, "\"/>\n");
}

/* A line, without points that would lie on the one before. */
static void draw_line(lta_html *h, const frame *f, const lta_series *s)
{
    double last_x = -1, last_y = -1;
    lta_html_markup(h, "<path class=\"line c%d d%d\" d=\"", s->colour, s->dash);
    for (uint64_t i = 0; i < s->n; i++) {
        double x = lta_axis_place(&f->x, s->point[i].x), y = lta_axis_place(&f->y, s->point[i].y);
        bool ends = i == 0 || i + 1 == s->n;
        if (!ends && fabs(x - last_x) < 0.5 && fabs(y - last_y) < 0.5)
            continue;
        put_pair(h, i == 0 ? "M" : "L", x, y);
        last_x = x;
        last_y = y;
    }
    lta_html_raw(h, "\"/>\n");
}

/* Markers at even distances, at other places on each line so that lines which coincide show that they do. */
static void draw_markers(lta_html *h, const frame *f, const lta_series *s, uint64_t index, uint64_t n_series)
{
    double gap = (double)(RIGHT - LEFT) / MARKERS, next;
    uint64_t i = 0;
    lta_html_markup(h, "<path class=\"dot c%d\" d=\"", s->colour);
    for (next = LEFT + gap * ((double)index + 0.5) / (double)n_series; next <= RIGHT; next += gap) {
        while (i + 1 < s->n && lta_axis_place(&f->x, s->point[i + 1].x) <= next)
            i++;
        double x = lta_axis_place(&f->x, s->point[i].x), y = lta_axis_place(&f->y, s->point[i].y);
        if (i + 1 == s->n || x > next)
            continue;
        double x1 = lta_axis_place(&f->x, s->point[i + 1].x), y1 = lta_axis_place(&f->y, s->point[i + 1].y);
        y += x1 > x ? (y1 - y) * (next - x) / (x1 - x) : 0;
        put_marker(h, next, y, s->colour);
    }
    /* a line too short for them has one at its end */
    put_marker(h, lta_axis_place(&f->x, s->point[s->n - 1].x), lta_axis_place(&f->y, s->point[s->n - 1].y),
               s->colour);
    lta_html_raw(h, "\"/>\n");
}

static void describe(lta_html *h, const lta_chart *c)
{
    char a[LTA_NUMBER_TEXT], b[LTA_NUMBER_TEXT], d[LTA_NUMBER_TEXT], e[LTA_NUMBER_TEXT];
    lta_html_text(h, c->description);
    for (uint64_t i = 0; i < c->n_series; i++) {
        const lta_series *s = &c->series[i];
        if (s->n == 0)
            continue;
        const lta_point *first = s->point, *last = &s->point[s->n - 1];
        while (first < last && isnan(first->y))
            first++;
        while (last > first && isnan(last->y))
            last--;
        lta_html_raw(h, " ");
        lta_html_text(h, s->label);
        lta_html_raw(h, ": from ");
        lta_html_text(h, lta_quantity_text(c->y_quantity, first->y, a));
        lta_html_raw(h, " at ");
        lta_html_text(h, lta_quantity_text(c->x_quantity, first->x, b));
        lta_html_raw(h, " to ");
        lta_html_text(h, lta_quantity_text(c->y_quantity, last->y, d));
        lta_html_raw(h, " at ");
        lta_html_text(h, lta_quantity_text(c->x_quantity, last->x, e));
        lta_html_raw(h, ".");
    }
}

static void draw_marks(lta_html *h, const lta_chart *c, const frame *f)
{
    if (c->mark_x > 0) {
        double x = lta_axis_place(&f->x, c->mark_x);
        bool left = x > (LEFT + RIGHT) / 2.0; /* where there is more room; lines rise, so above them there */
        put_line(h, "mark", x, f->ceiling, x, BOTTOM);
        put_text(h, "ink", left ? "end" : "start", left ? x - 4 : x + 4, left ? f->ceiling + 13 : BOTTOM - 6,
                 c->mark_text);
    }
    if (c->level > 0) {
        double y = lta_axis_place(&f->y, c->level);
        put_line(h, "mark", LEFT, y, RIGHT, y); /* the legend names it */
    }
}

void lta_legend_begin(lta_html *h)
{
    lta_html_raw(h, "<ul class=\"legend\">\n");
}

void lta_legend_entry(lta_html *h, const char *label, int colour, int dash, bool bar)
{
    lta_html_markup(h, "<li><svg viewBox=\"0 0 38 14\" aria-hidden=\"true\" focusable=\"false\">");
    if (bar) {
        lta_html_markup(h, "<path class=\"bar c%d\" d=\"M2 1h34v12h-34z\"/>", colour);
        if (dash > 0)
            lta_html_markup(h, "<path fill=\"url(#hatch%d)\" d=\"M2 1h34v12h-34z\"/>", dash);
    } else {
        lta_html_markup(h, "<path class=\"line c%d d%d\" d=\"M1 7h36\"/><path class=\"dot c%d\" d=\"", colour,
                        dash, colour);
        put_marker(h, 19, 7, colour);
        lta_html_raw(h, "\"/>");
    }
    lta_html_raw(h, "</svg><span>");
    lta_html_text(h, label);
    lta_html_raw(h, "</span></li>\n");
}

void lta_legend_end(lta_html *h)
{
    lta_html_raw(h, "</ul>\n");
}

void lta_chart_draw(lta_html *h, const lta_chart *c)
{
    frame f = make_frame(c);
    lta_html_markup(h,
                    "<figure id=\"%s\">\n<svg viewBox=\"0 0 %d %d\" role=\"img\" "
                    "aria-labelledby=\"%s-title %s-desc\">\n<title id=\"%s-title\">",
                    c->id, WIDTH, HEIGHT, c->id, c->id, c->id);
    lta_html_text(h, c->title);
    lta_html_markup(h, "</title>\n<desc id=\"%s-desc\">", c->id);
    describe(h, c);
    lta_html_raw(h, "</desc>\n");
    draw_axes(h, c, &f);
    for (uint64_t i = 0; i < c->n_series; i++)
        if (c->series[i].n > 0)
            (c->series[i].step ? draw_steps : draw_line)(h, &f, &c->series[i]);
    for (uint64_t i = 0; i < c->n_series; i++)
        if (c->series[i].n > 0 && !c->series[i].step)
            draw_markers(h, &f, &c->series[i], i, c->n_series);
    draw_marks(h, c, &f);
    lta_html_raw(h, "</svg>\n");
    if (c->n_series > 1 || c->level > 0) {
        lta_legend_begin(h);
        if (c->level > 0) {
            lta_html_raw(h, "<li><svg viewBox=\"0 0 38 14\" aria-hidden=\"true\" focusable=\"false\">"
                            "<path class=\"mark\" d=\"M1 7h36\"/></svg><span>");
            lta_html_text(h, c->level_text);
            lta_html_raw(h, "</span></li>\n");
        }
        for (uint64_t i = 0; i < c->n_series; i++)
            lta_legend_entry(h, c->series[i].label, c->series[i].colour, c->series[i].dash, false);
        lta_legend_end(h);
    }
    lta_html_raw(h, "<figcaption>");
    lta_html_text(h, c->title);
    lta_html_raw(h, " ");
    lta_html_raw(h, c->caption);
    lta_html_raw(h, "</figcaption>\n</figure>\n");
}
