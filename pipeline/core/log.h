/* pipeline/core/log.h - messages and progress, all on stderr; results go to stdout.
 *
 * Levels: ERROR the command fails; WARN the result stands but the user should know; INFO one line per stage
 * with counts and seconds; DEBUG for developers. Default shows INFO and above; -q only WARN and above; -v
 * everything. With JSON every line is one object: {"level":..,"stage":..,"message":..}. On a terminal a
 * progress bar is drawn at most ten times a second; elsewhere progress prints nothing but the stage lines.
 * One thread at a time may log. */
#ifndef LTA_CORE_LOG_H
#define LTA_CORE_LOG_H

#include "pipeline/core/status.h"
#include "pipeline/core/strings.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef enum lta_log_level { LTA_LOG_ERROR, LTA_LOG_WARN, LTA_LOG_INFO, LTA_LOG_DEBUG } lta_log_level;

typedef struct lta_log {
    FILE *stream;        /* where lines go */
    lta_log_level level; /* most talkative level shown */
    bool json;
    bool terminal;      /* draw progress bars */
    bool device_awake;  /* an operation has run on a device */
    bool no_device;     /* one was looked for in vain */
    bool fallback_said; /* that the CPU computes what the device cannot: once is enough */
    const char *source; /* path of the file being read; NULL = none is */
    /* What is said of it, "FILE: what" (INFO, WARN), is handed to the collector where there is one, from the
     * colon on; false: show it now. */
    bool (*collect)(void *collector, lta_log_level level, const char *what);
    void *collector;
    /* The rest of it is kept where somebody wants it: with the file's base name for its path, shown or not.
     */
    lta_strings *notes; /* NULL = nobody does */
    bool notes_lost;    /* no memory was left for one */
    /* progress bar state */
    const char *stage, *unit; /* of the bar being drawn; NULL when none */
    uint64_t total;
    double started, drawn; /* seconds, monotonic */
} lta_log;

void lta_log_init(lta_log *log, FILE *stream, lta_log_level level, bool json);
LTA_PRINTF(4, 5)
void lta_log_line(lta_log *log, lta_log_level level, const char *stage, const char *fmt, ...);

/* That a stage is done with `requests`: INFO, the text followed by the seconds since `started`, requests a
 * second, and the most memory that the process has held. */
LTA_PRINTF(5, 6)
void lta_log_done(lta_log *log, const char *stage, double started, uint64_t requests, const char *fmt, ...);

/* stage and unit ("B" for bytes, else a noun) must outlive the bar; total 0 = unknown. */
void lta_progress_begin(lta_log *log, const char *stage, const char *unit, uint64_t total);
void lta_progress_update(lta_log *log, uint64_t done);
void lta_progress_end(lta_log *log);

double lta_seconds(void); /* monotonic clock */

#endif
