/* pipeline/import/source_text.c - recognising what is no data, cutting lines, quoting text in messages. */
#include "pipeline/import/source_text.h"

#include "pipeline/core/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef unsigned long long ull; /* for printf */

lta_status lta_bad_row(lta_place *place, const char *reason, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    place->reason = reason;
    if (place->byte > 0)
        return lta_fail(LTA_ERR_FORMAT, "%s:%llu: row at byte %llu: %s", place->file, (ull)place->line,
                        (ull)place->byte, text);
    return lta_fail(LTA_ERR_FORMAT, place->in_parquet ? "%s: row %llu: %s" : "%s:%llu: %s", place->file,
                    (ull)place->line, text);
}

static bool begins_with(const lta_source_text *t, const char *what)
{
    size_t n = strlen(what);
    return t->size >= n && strncasecmp(t->data, what, n) == 0;
}

/* A pointer is a few "key value" lines; "size" gives the bytes of the object. */
static lta_status refuse_pointer(const char *path, const lta_source_text *t)
{
    lta_lines lines = lta_lines_of(*t);
    const char *line;
    size_t n;
    char size[LTA_EXCERPT] = "unknown size";
    while (lta_next_line(&lines, &line, &n))
        if (n > 5 && memcmp(line, "size ", 5) == 0) {
            char digits[LTA_EXCERPT];
            snprintf(size, sizeof size, "%.40s bytes", lta_excerpt(line + 5, n - 5, digits));
            break;
        }
    return lta_fail(
        LTA_ERR_FORMAT,
        "%s:1: is a Git LFS pointer to an object of %s, expected the data itself (git lfs pull fetches it)",
        path, size);
}

lta_status lta_check_is_data(const char *path, const char *data, size_t size)
{
    lta_source_text t = {.data = data, .size = size};
    if (begins_with(&t, "version https://git-lfs.github.com/spec/v1"))
        return refuse_pointer(path, &t);
    if (begins_with(&t, "<!DOCTYPE html") || begins_with(&t, "<html"))
        return lta_fail(LTA_ERR_FORMAT,
                        "%s:1: is a web page (HTML), expected the data itself: download the raw file", path);
    return LTA_OK;
}

lta_status lta_source_text_open(const char *path, const lta_mapping *m, lta_source_text *out)
{
    lta_source_text t = {.data = m->data, .size = m->size};
    if (begins_with(&t, "\xef\xbb\xbf")) {
        t.data += 3;
        t.size -= 3;
    }
    while (t.size > 0 && (t.data[t.size - 1] == '\n' || t.data[t.size - 1] == '\r'))
        t.size--;
    if (t.size == 0)
        return lta_fail(LTA_ERR_FORMAT, "%s: is empty, expected at least one row", path);
    lta_status st = lta_check_is_data(path, t.data, t.size);
    if (st == LTA_OK)
        *out = t;
    return st;
}

bool lta_next_line(lta_lines *l, const char **text, size_t *length)
{
    if (!l->next)
        return false;
    const char *newline = memchr(l->next, '\n', (size_t)(l->end - l->next)),
               *stop = newline ? newline : l->end;
    *text = l->next;
    *length = (size_t)(stop - l->next);
    if (*length > 0 && stop[-1] == '\r')
        --*length;
    l->next = newline ? newline + 1 : NULL;
    l->line++;
    return true;
}

const char *lta_excerpt(const char *text, size_t length, char out[LTA_EXCERPT])
{
    size_t n = 0, limit = LTA_EXCERPT - 4;
    const char *p = text, *end = text + length;
    while (p < end && n < limit) {
        size_t k = lta_utf8_length(p, end);
        if (k > limit - n)
            break;
        if (k == 0 || (k == 1 && ((unsigned char)*p < 0x20 || *p == 0x7f))) {
            out[n++] = '?';
            p++;
        } else {
            memcpy(out + n, p, k);
            n += k;
            p += k;
        }
    }
    strcpy(out + n, p < end ? "..." : "");
    return out;
}
