/* tests/test_cuda_copy.cu - the two pinned buffers on their own: every byte arrives, whatever the sizes of
 * copy and buffer, also behind a kernel that writes what is copied. With --bandwidth: how fast the device is
 * reached.
 *
 * A stand-in that runs streams in the order of calls cannot show a missing event; a device can. Exit code 77
 * where there is none. */
extern "C" {
#include "kernels/ops.h"
}
#include "kernels/cuda_util.cuh"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

using namespace lta;

namespace
{

enum { SKIPPED = 77 };

__global__ void turn_over(uint64_t n, unsigned char *byte)
{
    for (uint64_t i = first_element(); i < n; i += stride())
        byte[i] = (unsigned char)~byte[i];
}

/* What goes up, and where what comes down is put. */
struct host_bytes {
    unsigned char *out, *in;
};

void fill(const void *context, void *buffer, size_t at, size_t bytes)
{
    memcpy(buffer, ((const host_bytes *)context)->out + at, bytes);
}

void take(const void *context, const void *buffer, size_t at, size_t bytes)
{
    memcpy(((const host_bytes *)context)->in + at, buffer, bytes);
}

/* Up, turned over by a kernel, down: buffers of `buffer` bytes. Down behind an event, or behind everything.
 */
lta_status round_trip(size_t bytes, size_t buffer, bool behind_event)
{
    unsigned char *out = (unsigned char *)malloc(bytes + 1), *in = (unsigned char *)malloc(bytes + 1);
    host_bytes host = {out, in};
    device_array<unsigned char> d;
    event turned;
    lta_status st = out && in ? d.alloc(bytes) : lta_fail(LTA_ERR_NOMEM, "no memory for %zu bytes", bytes);
    for (size_t i = 0; st == LTA_OK && i < bytes; i++)
        out[i] = (unsigned char)(i * 131 + i / 251);
    if (st == LTA_OK)
        st = copy_to_device(d.p, bytes, fill, &host, buffer);
    if (st == LTA_OK)
        st = launch("turn_over", turn_over, bytes, d.p);
    if (st == LTA_OK && behind_event)
        st = turned.record();
    if (st == LTA_OK) {
        memset(in, 0, bytes + 1);
        in[bytes] = 17;
        st = copy_from_device(d.p, bytes, turned.e, take, &host, buffer);
    }
    for (size_t i = 0; st == LTA_OK && i < bytes; i++)
        if (in[i] != (unsigned char)~out[i])
            st = lta_fail(LTA_ERR_RUN, "%zu bytes by %zu: byte %zu is %u, expected %u", bytes, buffer, i,
                          in[i], (unsigned char)~out[i]);
    if (st == LTA_OK && in[bytes] != 17)
        st = lta_fail(LTA_ERR_RUN, "%zu bytes by %zu: written beyond the end", bytes, buffer);
    free(out);
    free(in);
    return st;
}

double seconds()
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

lta_status bandwidth()
{
    const size_t bytes = (size_t)1 << 30;
    device_array<unsigned char> d;
    unsigned char *host = (unsigned char *)calloc(bytes, 1);
    host_bytes both = {host, host};
    lta_status st = host ? d.alloc(bytes) : lta_fail(LTA_ERR_NOMEM, "no memory for %zu bytes", bytes);
    for (int turn = 0; st == LTA_OK && turn < 6; turn++) {
        double start = seconds();
        st = turn % 2 == 0 ? copy_to_device(d.p, bytes, fill, &both)
                           : copy_from_device(d.p, bytes, nullptr, take, &both);
        printf("%s 1 GiB: %.1f GB/s\n", turn % 2 == 0 ? "up" : "down",
               (double)bytes / (seconds() - start) * 1e-9);
    }
    free(host);
    return st;
}

} // namespace

int main(int argc, char **argv)
{
    static const size_t buffers[] = {1, 7, 256, 4096},
                        sizes[] = {0, 1, 2, 7, 8, 13, 14, 15, 255, 256, 257, 511, 512, 513, 5000};
    const lta_ops *ops;
    if (lta_ops_get("cuda", &ops) != LTA_OK) {
        printf("skipped: %s\n", lta_error_detail());
        return SKIPPED;
    }
    lta_status st = argc > 1 && strcmp(argv[1], "--bandwidth") == 0 ? bandwidth() : LTA_OK;
    for (size_t b = 0; b < sizeof buffers / sizeof *buffers; b++)
        for (size_t s = 0; st == LTA_OK && s < sizeof sizes / sizeof *sizes; s++)
            st = round_trip(sizes[s], buffers[b], s % 2 == 1);
    for (int turn = 0; st == LTA_OK && turn < 3; turn++)
        st = round_trip(3 * COPY_BUFFER + 12345, COPY_BUFFER, turn == 1);
    if (st != LTA_OK) {
        printf("failed: %s\n", lta_error_detail());
        return 1;
    }
    printf("every copy arrived\n");
    return 0;
}
