/* pipeline/report/svg_bars.c - bars, their hatching and their legend. */
#include "pipeline/report/svg_bars.h"

#include "pipeline/core/utf8.h"
#include "pipeline/report/svg_chart.h"

#include <string.h>

enum {
    WIDTH = 400,
    LEFT = 2,
    RIGHT = 398,
    PITCH = 42,
    BAR_TOP = 18,
    BAR_HEIGHT = 18,
    AXIS_HEIGHT = 24,
    LETTERS = 44
};

/* Hatching 1, 2 and 3: parts differ without colour. Pattern 0 is plain. */
static void define_patterns(lta_html *h)
{
    lta_html_raw(h, "<defs>\n"
                    "<pattern id=\"hatch1\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
                    "<path class=\"hatch\" d=\"M0 6L6 0M-1.5 1.5L1.5-1.5M4.5 7.5L7.5 4.5\"/></pattern>\n"
                    "<pattern id=\"hatch2\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">"
                    "<path class=\"hatch\" d=\"M2.5 0V5\"/></pattern>\n"
                    "<pattern id=\"hatch3\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
                    "<path class=\"hatch\" d=\"M3 1.5v3M1.5 3h3\"/></pattern>\n"
                    "</defs>\n");
}

/* At most LETTERS characters of the label. */
static void put_label(lta_html *h, const char *label)
{
    char text[4 * LETTERS + 4];
    const char *p = label, *end = label + strlen(label);
    size_t used = 0;
    for (int n = 0; p < end && n < LETTERS; n++) {
        size_t length = lta_utf8_length(p, end);
        if (length == 0)
            length = 1; /* lta_html_text() replaces it */
        memcpy(text + used, p, length);
        used += length;
        p += length;
    }
    memcpy(text + used, p < end ? "\xe2\x80\xa6" : "\0\0\0", 3);
    text[used + (p < end ? 3 : 0)] = '\0';
    lta_html_text(h, text);
}

static void draw_part(lta_html *h, int part, double x, double width, double y)
{
    for (int layer = 0; layer < (part > 0 ? 2 : 1); layer++) {
        if (layer == 0)
            lta_html_markup(h, "<rect class=\"bar c%d\" x=\"", part);
        else
            lta_html_markup(h, "<rect fill=\"url(#hatch%d)\" x=\"", part);
        lta_svg_number(h, x);
        lta_html_raw(h, "\" y=\"");
        lta_svg_number(h, y);
        lta_html_raw(h, "\" width=\"");
        lta_svg_number(h, width);
        lta_html_markup(h, "\" height=\"%d\"/>\n", BAR_HEIGHT);
    }
}

static void describe(lta_html *h, const lta_bars *b)
{
    char text[LTA_NUMBER_TEXT];
    lta_html_text(h, b->description);
    for (uint64_t i = 0; i < b->n_bars; i++) {
        lta_html_raw(h, " ");
        lta_html_text(h, b->bar[i].label);
        lta_html_raw(h, ":");
        for (int p = 0; p < b->n_parts; p++) {
            lta_html_raw(h, p > 0 ? ", " : " ");
            lta_html_text(h, b->part_label[p]);
            lta_html_raw(h, " ");
            lta_html_text(h, lta_percent(b->bar[i].part[p], b->bar[i].whole, text));
        }
        lta_html_raw(h, ".");
    }
}

/* From 0 to 100 %, below the bars. */
static void draw_axis(lta_html *h, int top)
{
    lta_axis a = lta_axis_linear(LTA_SHARE, 1, LEFT, RIGHT, 5, true);
    char text[LTA_NUMBER_TEXT];
    lta_html_markup(h, "<path class=\"axis\" d=\"M%d %dL%d %d", LEFT, top, RIGHT, top);
    for (int i = 0; i < a.n_ticks; i++) {
        lta_html_raw(h, "M");
        lta_svg_number(h, lta_axis_place(&a, a.tick[i]));
        lta_html_markup(h, " %dv5", top);
    }
    lta_html_raw(h, "\"/>\n");
    for (int i = 0; i < a.n_ticks; i++) {
        lta_html_raw(h, "<text class=\"soft\" x=\"");
        lta_svg_number(h, lta_axis_place(&a, a.tick[i]));
        lta_html_markup(h, "\" y=\"%d\" text-anchor=\"%s\">", top + 18,
                        i == 0               ? "start"
                        : i + 1 == a.n_ticks ? "end"
                                             : "middle");
        lta_html_text(h, lta_axis_tick_text(&a, i, text));
        lta_html_raw(h, "</text>\n");
    }
}

static bool is_anywhere(const lta_bars *b, int part)
{
    for (uint64_t i = 0; i < b->n_bars; i++)
        if (b->bar[i].whole > 0 && b->bar[i].part[part] > 0)
            return true;
    return false;
}

void lta_bars_draw(lta_html *h, const lta_bars *b)
{
    lta_html_markup(h,
                    "<figure id=\"%s\">\n<svg viewBox=\"0 0 %d %d\" role=\"img\" "
                    "aria-labelledby=\"%s-title %s-desc\">\n<title id=\"%s-title\">",
                    b->id, WIDTH, (int)b->n_bars * PITCH + AXIS_HEIGHT, b->id, b->id, b->id);
    lta_html_text(h, b->title);
    lta_html_markup(h, "</title>\n<desc id=\"%s-desc\">", b->id);
    describe(h, b);
    lta_html_raw(h, "</desc>\n");
    define_patterns(h);
    for (uint64_t i = 0; i < b->n_bars; i++) {
        const lta_bar *bar = &b->bar[i];
        double top = (double)i * PITCH;
        lta_html_markup(h, "<text x=\"%d\" y=\"%d\">", LEFT, (int)i * PITCH + 13);
        put_label(h, bar->label);
        lta_html_raw(h, "</text>\n");
        uint64_t before = 0;
        for (int p = 0; p < b->n_parts && bar->whole > 0; p++) {
            double unit = (double)(RIGHT - LEFT) / (double)bar->whole;
            if (bar->part[p] > 0)
                draw_part(h, p, LEFT + unit * (double)before, unit * (double)bar->part[p], top + BAR_TOP);
            before += bar->part[p];
        }
    }
    draw_axis(h, (int)b->n_bars * PITCH);
    lta_html_raw(h, "</svg>\n");
    lta_legend_begin(h);
    for (int p = 0; p < b->n_parts; p++)
        if (is_anywhere(b, p))
            lta_legend_entry(h, b->part_label[p], p, p, true);
    lta_legend_end(h);
    lta_html_raw(h, "<figcaption>");
    lta_html_text(h, b->title);
    lta_html_raw(h, " ");
    lta_html_raw(h, b->caption);
    lta_html_raw(h, "</figcaption>\n</figure>\n");
}
