/* pipeline/core/log.c - log lines and the progress bar. */
#include "pipeline/core/log.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

double lta_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void lta_log_init(lta_log *log, FILE *stream, lta_log_level level, bool json)
{
    *log = (lta_log){.stream = stream, .level = level, .json = json};
    log->terminal = !json && level >= LTA_LOG_INFO && isatty(fileno(stream)) == 1;
}

static void clear_bar(lta_log *log)
{
    if (log->stage && log->drawn > 0)
        fputs("\r\033[K", log->stream);
}

/* A line about the source that is being read: is it taken care of? Else it may be kept as well as shown. */
static bool note(lta_log *log, lta_log_level level, const char *text)
{
    size_t path = strlen(log->source);
    if (strncmp(text, log->source, path) != 0 || text[path] != ':')
        return false;
    if (log->collect && log->collect(log->collector, level, text + path))
        return true;
    const char *slash = strrchr(log->source, '/');
    size_t folder = slash ? (size_t)(slash + 1 - log->source) : 0;
    if (log->notes && lta_strings_add_text(log->notes, text + folder) != LTA_OK)
        log->notes_lost = true;
    return false;
}

void lta_log_line(lta_log *log, lta_log_level level, const char *stage, const char *fmt, ...)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    bool noted = log->source && (log->notes || log->collect) && level != LTA_LOG_DEBUG;
    if (level > log->level && !noted)
        return;
    char text[4096];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if ((noted && note(log, level, text)) || level > log->level)
        return;
    clear_bar(log);
    if (log->json) {
        json_t *line =
            json_pack("{s:s, s:s, s:s+}", "level", names[level], "stage", stage, "message", text, "");
        char *out = line ? json_dumps(line, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
        /* a message that is no UTF-8 (a file name, say) still has to reach the reader */
        fprintf(log->stream, "%s\n", out ? out : "{\"level\":\"error\",\"message\":\"unprintable\"}");
        free(out);
        json_decref(line);
    } else if (level <= LTA_LOG_WARN) {
        fprintf(log->stream, "lta %s: %s: %s\n", stage, names[level], text);
    } else {
        fprintf(log->stream, "lta %s: %s\n", stage, text);
    }
    fflush(log->stream);
}

static void format_amount(char *out, size_t size, double v, const char *unit)
{
    static const char *const prefix[] = {"", "k", "M", "G", "T"};
    size_t p = 0;
    while (v >= 1000.0 && p + 1 < sizeof prefix / sizeof *prefix) {
        v /= 1000.0;
        p++;
    }
    const char *space = *prefix[p] || *unit != ' ' ? " " : "";
    snprintf(out, size, "%.*f%s%s%s", p == 0 ? 0 : 1, v, space, prefix[p], unit);
}

void lta_log_done(lta_log *log, const char *stage, double started, uint64_t requests, const char *fmt, ...)
{
    char text[1024], rate[32], memory[32];
    struct rusage usage;
    double seconds = lta_seconds() - started;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    getrusage(RUSAGE_SELF, &usage);
    format_amount(rate, sizeof rate, (double)requests / (seconds > 1e-9 ? seconds : 1e-9), " requests/s");
    format_amount(memory, sizeof memory, 1024.0 * (double)usage.ru_maxrss, "B");
    lta_log_line(log, LTA_LOG_INFO, stage, "%s, %.2f s, %s, peak memory %s", text, seconds, rate, memory);
}

void lta_progress_begin(lta_log *log, const char *stage, const char *unit, uint64_t total)
{
    log->stage = stage;
    log->unit = unit;
    log->total = total;
    log->started = lta_seconds();
    log->drawn = 0;
}

void lta_progress_update(lta_log *log, uint64_t done)
{
    enum { WIDTH = 30 };
    if (!log->terminal || !log->stage)
        return;
    double now = lta_seconds(), spent = now - log->started;
    if (spent < 0.2 || now - log->drawn < 0.1)
        return;
    log->drawn = now;
    char amount[32], rate[32], bar[WIDTH + 1];
    double speed = (double)done / spent;
    format_amount(amount, sizeof amount, (double)done, log->unit);
    format_amount(rate, sizeof rate, speed, log->unit);
    if (log->total == 0) {
        fprintf(log->stream, "\r\033[K%s %s, %s/s", log->stage, amount, rate);
    } else {
        double share = done >= log->total ? 1.0 : (double)done / (double)log->total;
        size_t filled = (size_t)(share * WIDTH);
        memset(bar, '.', WIDTH);
        memset(bar, '#', filled);
        bar[WIDTH] = '\0';
        fprintf(log->stream, "\r\033[K%s [%s] %3.0f %%  %s, %s/s, %.0f s left", log->stage, bar, 100 * share,
                amount, rate,
                speed > 0 ? (double)(log->total - (done < log->total ? done : log->total)) / speed : 0.0);
    }
    fflush(log->stream);
}

void lta_progress_end(lta_log *log)
{
    clear_bar(log);
    log->stage = NULL;
    log->drawn = 0;
}
