/* tests/fuzz/fuzz_tracelab.c - TraceLab JSONL: any bytes through the reader. */
#include "tests/fuzz/fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_import(data, size, "tracelab");
    return 0;
}
