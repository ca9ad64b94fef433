/* tests/fuzz/fuzz_burstgpt.c - BurstGPT CSV: any bytes through the reader. */
#include "tests/fuzz/fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_import(data, size, "burstgpt");
    return 0;
}
