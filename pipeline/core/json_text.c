/* pipeline/core/json_text.c - see json_text.h. */
#include "pipeline/core/json_text.h"

#include "pipeline/core/array.h"

char *lta_json_text(const json_t *j, size_t more)
{
    size_t flags = JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII | more;
    size_t n = j ? json_dumpb(j, NULL, 0, flags) : 0;
    char *text;
    if (n == 0 || LTA_ALLOC(&text, n + 1) != LTA_OK)
        return NULL;
    if (json_dumpb(j, text, n, flags) != n) { /* jansson's own memory ran out */
        lta_free(text);
        return NULL;
    }
    text[n] = '\0';
    return text;
}
