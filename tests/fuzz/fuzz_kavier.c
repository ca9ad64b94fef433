/* tests/fuzz/fuzz_kavier.c - Kavier CSV: any bytes through the reader, times as they fall, cut, or left out.
 */
#include "tests/fuzz/fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_import(data, size, "kavier");
    return 0;
}
