/* kernels/cuda_device.h - the devices there are. In a build without CUDA every call is LTA_ERR_NO_BACKEND. */
#ifndef LTA_KERNELS_CUDA_DEVICE_H
#define LTA_KERNELS_CUDA_DEVICE_H

#include "pipeline/core/status.h"

#include <stdint.h>

typedef struct lta_cuda_device {
    char name[256];
    int major, minor; /* compute capability */
    int multiprocessors;
    uint64_t memory_bytes, free_bytes;
} lta_cuda_device;

/* How many devices there are. None: LTA_ERR_NO_BACKEND, saying why (no device, or a driver older than the
 * build needs). */
LTA_MUST_CHECK lta_status lta_cuda_count(int *n);
LTA_MUST_CHECK lta_status lta_cuda_describe(int device, lta_cuda_device *out);
/* Makes the device the one that this thread's calls go to. */
LTA_MUST_CHECK lta_status lta_cuda_use(int device);

#endif
