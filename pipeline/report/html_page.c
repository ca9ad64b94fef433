/* pipeline/report/html_page.c - escaping, the frame of the page with its style, tables. */
#include "pipeline/report/html_page.h"

#include "pipeline/core/utf8.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

/* The palette is Okabe and Ito's, darker or lighter where lines need it to stand out from the page; dashes
 * and markers tell lines apart without it. Fonts of figures are in units of their drawings, which are wider
 * on wide screens. */
static const char style[] =
    ":root{color-scheme:light dark;--page:#fff;--ink:#1a1a1a;--soft:#595959;--rule:#d0d0d0;--panel:#f6f6f4;"
    "--c0:#0072b2;--c1:#d55e00;--c2:#00805d;--c3:#a8487f;--c4:#8a6100;--c5:#1a1a1a;--mark:#1a1a1a}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--page:#141416;--ink:#ececec;--soft:#b0b0b0;"
    "--rule:#45454a;--panel:#1e1e22;--c0:#56b4e9;--c1:#ff8a3d;--c2:#2fc79b;--c3:#e59ac4;--c4:#f0e442;"
    "--c5:#ececec;--mark:#ececec}}\n"
    "*{box-sizing:border-box}\n"
    "html{-webkit-text-size-adjust:100%}\n"
    "body{margin:0 auto;max-width:76rem;padding:1rem;background:var(--page);color:var(--ink);"
    "font:1rem/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;overflow-wrap:anywhere}\n"
    "h1{font-size:1.6rem;line-height:1.25;margin:.2rem 0 .4rem}\n"
    "h2{font-size:1.25rem;line-height:1.3;margin:0 0 .4rem}\n"
    "p{margin:.3rem 0 .7rem;max-width:46rem}\n"
    "a{color:inherit}\n"
    "section{border-top:1px solid var(--rule);margin-top:1.6rem;padding-top:1.1rem}\n"
    "nav ul{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;list-style:none;margin:.6rem 0;padding:0}\n"
    ".soft,figcaption,caption,th small{color:var(--soft)}\n"
    ".absent{border-left:.3rem solid var(--rule);padding:.3rem .8rem;background:var(--panel)}\n"
    ".figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,27rem),1fr));gap:1rem "
    "2rem}\n"
    ".figures>*{min-width:0}\n"
    "figure{margin:0}\n"
    "figure svg{display:block;width:100%;max-width:40rem;height:auto}\n"
    "figcaption{font-size:.9rem;max-width:40rem}\n"
    "svg text{font-size:12px;fill:var(--ink);font-family:inherit}\n"
    "svg .soft{fill:var(--soft)}\n"
    "svg .ink{paint-order:stroke;stroke:var(--page);stroke-width:3px;stroke-linejoin:round}\n"
    ".grid{stroke:var(--rule);stroke-width:.7;fill:none}\n"
    ".axis{stroke:var(--soft);stroke-width:1;fill:none}\n"
    ".mark{stroke:var(--mark);stroke-width:1.4;stroke-dasharray:2 3;fill:none}\n"
    ".line{fill:none;stroke:var(--s);stroke-width:2;stroke-linejoin:round}\n"
    ".dot{fill:var(--s);stroke:var(--page);stroke-width:.6}\n"
    ".bar{fill:var(--s);stroke:var(--page);stroke-width:.8}\n"
    ".hatch{stroke:var(--page);stroke-width:1.6;fill:none}\n"
    ".c0{--s:var(--c0)}.c1{--s:var(--c1)}.c2{--s:var(--c2)}.c3{--s:var(--c3)}.c4{--s:var(--c4)}"
    ".c5{--s:var(--c5)}\n"
    ".d1{stroke-dasharray:7 3}.d2{stroke-dasharray:2 2.5}.d3{stroke-dasharray:9 3 2 3}\n"
    ".legend{display:flex;flex-wrap:wrap;gap:.1rem 1rem;list-style:none;margin:.3rem 0;padding:0;"
    "font-size:.9rem}\n"
    ".legend li{display:flex;align-items:center;gap:.4rem}\n"
    ".legend svg{flex:none;width:38px;height:14px}\n"
    ".scroll{overflow-x:auto;max-width:100%;margin:.4rem 0}\n"
    "table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;overflow-wrap:normal}\n"
    "caption{text-align:left;padding:.2rem 0;font-size:.9rem}\n"
    "th,td{border-bottom:1px solid var(--rule);padding:.2rem .7rem .2rem 0;text-align:right;"
    "vertical-align:top}\n"
    "th:first-child,.text{text-align:left}\n"
    "td.text:last-child{min-width:14rem}\n"
    "td.text,th[scope=row]{font-weight:400;max-width:26rem}\n"
    "thead th{vertical-align:bottom}\n"
    "th small,td small{display:block;font-weight:400;white-space:normal;color:var(--soft)}\n"
    "td,thead th{white-space:nowrap}td.text{white-space:normal}\n"
    "details{margin:.5rem 0}\n"
    "summary{cursor:pointer}\n"
    "summary:focus-visible,.scroll:focus-visible,a:focus-visible{outline:2px solid var(--c0);"
    "outline-offset:2px}\n"
    "@media (max-width:40rem){table{font-size:.85rem}th,td{padding-right:.45rem}}\n"
    "@media (min-width:60rem){figure svg text{font-size:9.5px}}\n"
    "@media print{body{max-width:none;padding:0;font-size:10pt}nav{display:none}"
    "figure,tr{break-inside:avoid}h2{break-after:avoid}*{print-color-adjust:exact;"
    "-webkit-print-color-adjust:exact}.scroll{overflow:visible}}\n";

void lta_html_raw(lta_html *h, const char *markup)
{
    lta_out_text(&h->out, markup);
}

/* What stands for the character, or NULL: itself. */
static const char *replacement(const char *p, size_t length)
{
    static const char unknown[] = "\xef\xbf\xbd"; /* U+FFFD */
    unsigned char c = (unsigned char)*p, second = length > 1 ? (unsigned char)p[1] : 0;
    switch (*p) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\t':
    case '\n':
    case '\r':
        return " ";
    default:
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && second < 0xa0)) /* control characters */
            return unknown;
        if (c == 0xef && second == 0xbf && (unsigned char)p[2] >= 0xbe) /* U+FFFE and U+FFFF */
            return unknown;
        return NULL;
    }
}

void lta_html_text(lta_html *h, const char *text)
{
    const char *end = text + strlen(text);
    for (const char *p = text; p < end;) {
        size_t length = lta_utf8_length(p, end);
        const char *other = length == 0 ? "\xef\xbf\xbd" : replacement(p, length);
        if (other)
            lta_out_text(&h->out, other);
        else
            lta_out_bytes(&h->out, p, length);
        p += length == 0 ? 1 : length;
    }
}

void lta_html_name(lta_html *h, const char *text)
{
    lta_html_raw(h, "<bdi>");
    lta_html_text(h, text);
    lta_html_raw(h, "</bdi>");
}

void lta_html_markup(lta_html *h, const char *fmt, ...)
{
    char line[LTA_HTML_LINE];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(line, sizeof line, fmt, arguments);
    va_end(arguments);
    lta_html_raw(h, line);
}

void lta_html_format(lta_html *h, const char *fmt, ...)
{
    char line[LTA_HTML_LINE];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(line, sizeof line, fmt, arguments);
    va_end(arguments);
    lta_html_text(h, line);
}

void lta_html_begin(lta_html *h, FILE *stream, const char *name, const char *more)
{
    lta_out_begin(&h->out, stream);
    lta_html_raw(h, "<!DOCTYPE html>\n"
                    "<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
                    "<meta charset=\"utf-8\"/>\n"
                    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src &#39;none&#39;; "
                    "style-src &#39;unsafe-inline&#39;; img-src data:\"/>\n"
                    "<link rel=\"icon\" href=\"data:,\"/>\n<title>");
    lta_html_text(h, name);
    lta_html_text(h, more);
    lta_html_raw(h, "</title>\n<style>\n");
    lta_html_raw(h, style);
    lta_html_raw(h, "</style>\n</head>\n<body>\n");
}

lta_status lta_html_finish(lta_html *h, const char *name)
{
    lta_html_raw(h, "</body>\n</html>\n");
    return lta_out_finish(&h->out, name);
}

/* ---- numbers ---- */

const char *lta_fixed(double value, int decimals, char out[LTA_NUMBER_TEXT])
{
    if (!isfinite(value)) {
        snprintf(out, LTA_NUMBER_TEXT, "-");
        return out;
    }
    snprintf(out, LTA_NUMBER_TEXT, "%.*f", decimals, value);
    lta_use_point(out);
    return out;
}

const char *lta_trimmed(double value, int decimals, char out[LTA_NUMBER_TEXT])
{
    lta_fixed(value, decimals, out);
    char *point = strchr(out, '.');
    if (point) {
        char *end = out + strlen(out);
        while (end[-1] == '0')
            end--;
        end[end[-1] == '.' ? -1 : 0] = '\0';
    }
    if (strcmp(out, "-0") == 0)
        snprintf(out, LTA_NUMBER_TEXT, "0");
    return out;
}

const char *lta_percent(uint64_t part, uint64_t whole, char out[LTA_NUMBER_TEXT])
{
    if (whole == 0) {
        snprintf(out, LTA_NUMBER_TEXT, "-");
        return out;
    }
    lta_fixed(100.0 * (double)part / (double)whole, 2, out);
    memcpy(out + strlen(out), " %", 3);
    return out;
}

/* ---- tables and sections ---- */

void lta_html_table_begin(lta_html *h, const char *csv, const char *caption)
{
    lta_html_raw(h, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
    lta_html_text(h, caption);
    lta_html_raw(h, "\">\n<table");
    if (csv) {
        lta_html_raw(h, " data-csv=\"");
        lta_html_text(h, csv);
        lta_html_raw(h, "\"");
    }
    lta_html_raw(h, ">\n<caption>");
    lta_html_text(h, caption);
    lta_html_raw(h, "</caption>\n<thead><tr>");
}

void lta_html_head(lta_html *h, const char *name, const char *unit)
{
    lta_html_raw(h, "<th scope=\"col\">");
    lta_html_text(h, name);
    if (unit && strcmp(unit, "1") != 0) {
        lta_html_raw(h, "<small>");
        lta_html_text(h, unit);
        lta_html_raw(h, "</small>");
    }
    lta_html_raw(h, "</th>");
}

void lta_html_text_head(lta_html *h, const char *name)
{
    lta_html_raw(h, "<th scope=\"col\" class=\"text\">");
    lta_html_text(h, name);
    lta_html_raw(h, "</th>");
}

void lta_html_heads_end(lta_html *h)
{
    lta_html_raw(h, "</tr></thead>\n<tbody>\n");
}

void lta_html_table_end(lta_html *h)
{
    lta_html_raw(h, "</tbody>\n</table>\n</div>\n");
}

void lta_html_section_begin(lta_html *h, const char *id, const char *title)
{
    lta_html_markup(h, "<section id=\"%s\" aria-labelledby=\"%s-heading\">\n<h2 id=\"%s-heading\">", id, id,
                    id);
    lta_html_text(h, title);
    lta_html_raw(h, "</h2>\n");
}

void lta_html_section_end(lta_html *h)
{
    lta_html_raw(h, "</section>\n");
}
