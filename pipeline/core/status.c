/* pipeline/core/status.c - the per-thread error sentence. */
#include "pipeline/core/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char detail[2048];

lta_status lta_fail(lta_status s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    return s;
}

lta_status lta_fail_errno(lta_status s, int err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    size_t at = n < 0 ? 0 : (size_t)n < sizeof detail ? (size_t)n : sizeof detail - 1;
    snprintf(detail + at, sizeof detail - at, ": %s", strerror(err));
    if (err == ENOSPC || err == EDQUOT || err == EFBIG)
        return LTA_ERR_SPACE;
    return err == ENOMEM || err == EMFILE || err == ENFILE ? LTA_ERR_NOMEM : s; /* resources of the process */
}

const char *lta_error_detail(void)
{
    return detail;
}

const char *lta_status_text(lta_status s)
{
    switch (s) {
#define LTA_STATUS_TEXT(name, code, text)                                                                    \
    case name:                                                                                               \
        return text;
        LTA_STATUS_LIST(LTA_STATUS_TEXT)
#undef LTA_STATUS_TEXT
    }
    return "unknown status";
}

int lta_status_exit_code(lta_status s)
{
    switch (s) {
#define LTA_STATUS_CODE(name, code, text)                                                                    \
    case name:                                                                                               \
        return code;
        LTA_STATUS_LIST(LTA_STATUS_CODE)
#undef LTA_STATUS_CODE
    }
    return 1;
}
