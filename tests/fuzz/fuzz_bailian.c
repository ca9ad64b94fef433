/* tests/fuzz/fuzz_bailian.c - Qwen-Bailian JSONL: any bytes through the reader. */
#include "tests/fuzz/fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_import(data, size, "bailian");
    return 0;
}
