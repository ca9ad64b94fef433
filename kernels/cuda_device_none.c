/* kernels/cuda_device_none.c - a build without CUDA has no devices. */
#include "kernels/cuda_device.h"

static lta_status none(void)
{
    return lta_fail(LTA_ERR_NO_BACKEND, "this build has no CUDA kernels");
}

lta_status lta_cuda_count(int *n)
{
    *n = 0;
    return none();
}

lta_status lta_cuda_describe(int device, lta_cuda_device *out)
{
    (void)device;
    (void)out;
    return none();
}

lta_status lta_cuda_use(int device)
{
    (void)device;
    return none();
}
