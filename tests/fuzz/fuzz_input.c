/* tests/fuzz/fuzz_input.c - any bytes as a compressed file: expanded, or refused. */
#include "pipeline/import/input.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lta_log log;
    FILE *nowhere = fopen("/dev/null", "w");
    if (!nowhere)
        abort();
    lta_log_init(&log, nowhere, LTA_LOG_INFO, false);
    lta_run run = {.log = &log, .threads = 1};
    lta_mapping given = {.data = (const char *)data, .size = size};
    for (int first_line = 0; first_line < 2; first_line++) {
        lta_input in = {0};
        lta_status st = lta_input_open(&run, "fuzz", &given, first_line, &in);
        assert(st == LTA_OK || st == LTA_ERR_FORMAT);
        lta_input_close(&in);
    }
    fclose(nowhere);
    return 0;
}
