/* pipeline/trace/licence.c - one rule for exports and releases. */
#include "pipeline/trace/licence.h"

#include <string.h>

bool lta_licence_forbids(const char *licence)
{
    return strstr(licence, LTA_LICENCE_FORBIDS) && !strstr(licence, LTA_LICENCE_ANONYMIZED);
}

lta_status lta_check_licences(const lta_sources *s, const bool *keep, const char *unless)
{
    for (uint64_t i = 0; i < s->n; i++)
        if (keep[i] && lta_licence_forbids(lta_strings_get(&s->licence, i)))
            return lta_fail(LTA_ERR_USAGE,
                            "the licence of source %s is \"%s\": its symbols are not written unless %s",
                            lta_strings_get(&s->name, i), lta_strings_get(&s->licence, i), unless);
    return LTA_OK;
}
