/* tests/fuzz/fuzz_import.h - what the fuzz targets of the readers share: bytes as a file, imported in several
 * ways. A trace that comes out must have complete sequences and requests in order; anything else must be a
 * refusal. */
#ifndef LTA_TESTS_FUZZ_IMPORT_H
#define LTA_TESTS_FUZZ_IMPORT_H

#include "pipeline/import/import.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_import_once(const char *path, const lta_import_options *options, bool skip_bad_rows,
                                    FILE *nowhere)
{
    lta_log log;
    lta_trace t = {0};
    char file[64], *files[] = {file, file};
    lta_log_init(&log, nowhere, LTA_LOG_INFO, false);
    lta_run run = {.log = &log, .threads = 1, .skip_bad_rows = skip_bad_rows};
    snprintf(file, sizeof file, "%s", path);
    int n_files = options->timeline == LTA_TIMELINE_OVERLAY ? 2 : 1;
    lta_status st = lta_import_to_memory(&run, options, n_files, files, &t);
    if (st != LTA_OK) {
        /* a table without times cannot be overlaid */
        assert(st == LTA_ERR_FORMAT || (st == LTA_ERR_USAGE && options->timeline == LTA_TIMELINE_OVERLAY));
        assert(lta_error_detail()[0] != '\0');
        return;
    }
    for (uint64_t i = 1; t.arrival_us && i < t.n; i++)
        assert(t.arrival_us[i] >= t.arrival_us[i - 1]);
    if (t.unit != LTA_UNIT_NONE)
        assert(lta_sequences_complete(&t.sequences) == LTA_OK);
    lta_trace_free(&t);
}

/* Parquet, which fuzzing builds are without. */
static inline bool fuzz_is_parquet(const uint8_t *data, size_t size)
{
    return size >= 4 && memcmp(data, "PAR1", 4) == 0;
}

/* The bytes as a file, to be closed; path is its name. */
static inline int fuzz_file(const uint8_t *data, size_t size, char path[32])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}

static inline void fuzz_import(const uint8_t *data, size_t size, const char *format)
{
    if (fuzz_is_parquet(data, size))
        return;
    char path[32];
    int fd = fuzz_file(data, size, path);
    FILE *nowhere = fopen("/dev/null", "w");
    if (!nowhere)
        abort();
    lta_import_options options = LTA_IMPORT_DEFAULTS;
    fuzz_import_once(path, &options, true, nowhere); /* recognised by its content, or not */
    options.format = format;
    fuzz_import_once(path, &options, false, nowhere);
    if (strcmp(format, "mooncake") == 0) {
        options.drop_tail = true;
        options.block_tokens = 512;
    }
    options.drop_tail |= strcmp(format, "weka") == 0;
    if (strcmp(format, "kavier") == 0) {
        options.cut_at_time_fall = true;
        fuzz_import_once(path, &options, true, nowhere);
        options.cut_at_time_fall = false;
        options.file_order = true;
        fuzz_import_once(path, &options, true, nowhere);
        options.file_order = false;
    }
    options.timeline = LTA_TIMELINE_OVERLAY;
    fuzz_import_once(path, &options, true, nowhere);
    fclose(nowhere);
    close(fd);
}

#endif
