/* tests/fuzz/fuzz_flat.c - flat traces: any bytes through the reader, as every kind of ids. */
#include "tests/fuzz/fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[32];
    int fd = fuzz_file(data, size, path);
    FILE *nowhere = fopen("/dev/null", "w");
    lta_import_options options = LTA_IMPORT_DEFAULTS;
    if (!nowhere)
        abort();
    options.format = "flat";
    for (unsigned i = LTA_IDS_U32; lta_ids_names[i]; i++) {
        options.ids = (lta_ids)i;
        fuzz_import_once(path, &options, false, nowhere);
        fuzz_import_once(path, &options, true, nowhere);
    }
    fclose(nowhere);
    close(fd);
    return 0;
}
