/* pipeline/trace/licence.c - one rule for exports and releases. */
#include "pipeline/trace/licence.h"

#include <string.h>

bool lta_licence_forbids(const char *licence)
{
    return strstr(licence, LTA_LICENCE_FORBIDS) != NULL;
}

lta_status lta_check_licences(const lta_sources *s, const bool *keep)
{
    for (uint64_t i = 0; i < s->n; i++)
        if (keep[i] && lta_licence_forbids(lta_strings_get(&s->licence, i)))
            return lta_fail(LTA_ERR_USAGE,
                            "the licence of source %s is \"%s\": its symbols are not written unless "
                            "--allow-restricted is given",
                            lta_strings_get(&s->name, i), lta_strings_get(&s->licence, i));
    return LTA_OK;
}
