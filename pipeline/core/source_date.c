/* pipeline/core/source_date.c - see source_date.h. */
#include "pipeline/core/source_date.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

lta_status lta_source_date(char date[LTA_DATE_TEXT])
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    char *end;
    struct tm tm;
    date[0] = '\0';
    if (!epoch || !*epoch)
        return LTA_OK;
    errno = 0;
    long long seconds = strtoll(epoch, &end, 10);
    time_t t = (time_t)seconds;
    if (errno != 0 || *end || seconds < 0 || !gmtime_r(&t, &tm) ||
        strftime(date, LTA_DATE_TEXT, "%Y-%m-%d", &tm) != 10)
        return lta_fail(LTA_ERR_USAGE, "SOURCE_DATE_EPOCH \"%s\": expected seconds since 1970", epoch);
    return LTA_OK;
}
