/* kernels/cuda_device.cu - devices and errors. */
extern "C" {
#include "kernels/cuda_device.h"
}
#include "kernels/cuda_util.cuh"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

lta_status lta::cuda_fail(cudaError_t e, const char *fmt, ...)
{
    char what[256];
    va_list arguments;
    int device = -1;
    va_start(arguments, fmt);
    vsnprintf(what, sizeof what, fmt, arguments);
    va_end(arguments);
    (void)cudaGetLastError(); /* clears what is not sticky */
    (void)cudaGetDevice(&device);
    bool memory = e == cudaErrorMemoryAllocation;
    return lta_fail(memory ? LTA_ERR_DEVICE_MEMORY : LTA_ERR_CUDA, "CUDA device %d: %s: %s", device, what,
                    cudaGetErrorString(e));
}

lta_status lta::check_elements(const char *what, uint64_t n)
{
    if (n <= MOST_ELEMENTS)
        return LTA_OK;
    return lta_fail(LTA_ERR_DEVICE_MEMORY, "%llu %s, expected at most %llu on a CUDA device",
                    (unsigned long long)n, what, (unsigned long long)MOST_ELEMENTS);
}

lta_status lta::check_memory(const char *what, uint64_t bytes)
{
    size_t free_bytes = 0, all_bytes = 0;
    LTA_CUDA(cudaMemGetInfo(&free_bytes, &all_bytes));
    if (bytes <= free_bytes)
        return LTA_OK;
    return lta_fail(LTA_ERR_DEVICE_MEMORY, "%s needs %llu MB of device memory, of which %llu MB are free",
                    what, (unsigned long long)(bytes / 1000000), (unsigned long long)(free_bytes / 1000000));
}

bool lta::worth_keeping(uint64_t bytes)
{
    size_t free_bytes = 0, all_bytes = 0;
    if (cudaMemGetInfo(&free_bytes, &all_bytes) != cudaSuccess)
        return false;
    return bytes <= free_bytes / 4;
}

extern "C" lta_status lta_cuda_count(int *n)
{
    int driver = 0, runtime = 0;
    cudaError_t e = cudaGetDeviceCount(n);
    if (e == cudaSuccess && *n > 0)
        return LTA_OK;
    (void)cudaGetLastError();
    *n = 0;
    if (e == cudaErrorInsufficientDriver && cudaDriverGetVersion(&driver) == cudaSuccess &&
        cudaRuntimeGetVersion(&runtime) == cudaSuccess && driver > 0)
        return lta_fail(LTA_ERR_NO_BACKEND, "the NVIDIA driver is for CUDA %d.%d, expected %d.%d or newer",
                        driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
    return lta_fail(LTA_ERR_NO_BACKEND, "no CUDA device: %s",
                    e == cudaSuccess ? "none was found" : cudaGetErrorString(e));
}

extern "C" lta_status lta_cuda_describe(int device, lta_cuda_device *out)
{
    cudaDeviceProp p;
    size_t free_bytes = 0, all_bytes = 0;
    LTA_CUDA(cudaGetDeviceProperties(&p, device));
    LTA_CUDA(cudaSetDevice(device));
    LTA_CUDA(cudaMemGetInfo(&free_bytes, &all_bytes));
    *out = lta_cuda_device{};
    snprintf(out->name, sizeof out->name, "%s", p.name);
    out->major = p.major;
    out->minor = p.minor;
    out->multiprocessors = p.multiProcessorCount;
    out->memory_bytes = all_bytes;
    out->free_bytes = free_bytes;
    return LTA_OK;
}

extern "C" lta_status lta_cuda_use(int device)
{
    LTA_CUDA(cudaSetDevice(device));
    return LTA_OK;
}
