/* pipeline/trace/licence.c - one rule for exports and releases. */
#include "pipeline/trace/licence.h"

#include <string.h>

bool lta_licence_forbids(const char *licence)
{
    return strstr(licence, LTA_LICENCE_FORBIDS) && !strstr(licence, LTA_LICENCE_ANONYMIZED);
}

/* What `lta synth` writes: nobody's texts. */
static bool is_synthetic(const lta_sources *s, uint64_t i)
{
    return strcmp(lta_strings_get(&s->dataset, i), "marconi") == 0 &&
           strncmp(lta_strings_get(&s->file, i), "synth_sps=", 10) == 0;
}

lta_status lta_check_licences(const lta_trace *t, const bool *keep, const char *unless)
{
    const lta_sources *s = &t->sources;
    for (uint64_t i = 0; i < s->n; i++) {
        const char *name = lta_strings_get(&s->name, i), *licence = lta_strings_get(&s->licence, i);
        if (!keep[i])
            continue;
        if (lta_licence_forbids(licence))
            return lta_fail(LTA_ERR_USAGE,
                            "the licence of source %s is \"%s\": its symbols are not written unless %s", name,
                            licence, unless);
        if (t->unit == LTA_UNIT_TOKEN && !*licence && !is_synthetic(s, i))
            return lta_fail(
                LTA_ERR_USAGE,
                "the licence of source %s is not known, and tokens give texts away: its symbols are "
                "not written unless %s",
                name, unless);
    }
    return LTA_OK;
}
