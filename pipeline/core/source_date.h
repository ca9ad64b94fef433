/* pipeline/core/source_date.h - the day that generated texts bear: a clock would make each run's bytes
 * others. */
#ifndef LTA_CORE_SOURCE_DATE_H
#define LTA_CORE_SOURCE_DATE_H

#include "pipeline/core/status.h"

enum { LTA_DATE_TEXT = 16 }; /* bytes that hold YYYY-MM-DD and its NUL */

/* The day of SOURCE_DATE_EPOCH in UTC, "" where that is not set or empty. LTA_ERR_USAGE where it is no number
 * of seconds. */
LTA_MUST_CHECK lta_status lta_source_date(char date[LTA_DATE_TEXT]);

#endif
