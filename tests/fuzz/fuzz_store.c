/* tests/fuzz/fuzz_store.c - any bytes as a file of the store: opened, listed, every column read, its digest
 * checked, and verified as its format asks. Whatever passes must be readable again, everything else must be
 * refused. */
#include "kernels/ops.h"
#include "pipeline/core/array.h"
#include "pipeline/store/store.h"
#include "pipeline/trace/trace.h"
#include "pipeline/verify/verify.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST = 200000 }; /* a larger file has no other parts, and takes the time of many small ones */

static void read_column(const lta_reader *r, const char *path)
{
    lta_type type;
    uint64_t n, n_read;
    char *unit, *description;
    void *column;
    lta_strings texts = {0};
    if (lta_reader_describe(r, path, &type, &n, &unit, &description) != LTA_OK)
        return;
    lta_free(unit);
    lta_free(description);
    if (type == LTA_STR) {
        if (lta_reader_strings(r, path, &texts) == LTA_OK)
            assert(texts.n == n);
        lta_strings_free(&texts);
    } else if (lta_reader_column(r, path, type, &column, &n_read) == LTA_OK) {
        assert(n_read == n);
        lta_free(column);
    }
}

static void read_everything(const lta_reader *r)
{
    lta_strings paths = {0};
    lta_trace trace = {0};
    if (lta_reader_datasets(r, &paths) == LTA_OK)
        for (uint64_t i = 0; i < paths.n; i++)
            read_column(r, lta_strings_get(&paths, i));
    lta_strings_free(&paths);
    if (lta_trace_read(r, true, &trace) == LTA_OK) {
        if (trace.unit != LTA_UNIT_NONE)
            assert(lta_sequences_complete(&trace.sequences) == LTA_OK);
        lta_trace_free(&trace);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > LARGEST)
        return 0;
    char path[] = "/tmp/lta-fuzz-XXXXXX"; /* a name that stands in a folder: HDF5 resolves it */
    lta_log log;
    lta_reader *r;
    int fd = mkostemp(path, O_CLOEXEC);
    FILE *nowhere = fopen("/dev/null", "w");
    if (fd < 0 || !nowhere || write(fd, data, size) != (ssize_t)size)
        abort();
    lta_log_init(&log, nowhere, LTA_LOG_ERROR, false);
    lta_run run = {.log = &log, .threads = 1};
    lta_status st = lta_reader_open(path, NULL, &r);
    if (st == LTA_OK) {
        read_everything(r);
        lta_reader_close(r);
        st = lta_ops_get("cpu", &run.ops);
        assert(st == LTA_OK);
        st = lta_verify(&run, path, nowhere);
    }
    assert(st == LTA_OK || lta_error_detail()[0] != '\0');
    fclose(nowhere);
    close(fd);
    unlink(path);
    return 0;
}
