/* tests/fuzz/fuzz_release.c - a release's configuration: any bytes through its reader. */
#include "pipeline/release/config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    lta_release_config config;
    for (size_t i = 0; i < size; i++) /* patterns would walk through all of /proc */
        if (data[i] == '*' || data[i] == '?')
            return 0;
    int fd = memfd_create("config", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (lta_release_config_read(path, &config) == LTA_OK)
        lta_release_config_free(&config);
    close(fd);
    return 0;
}
