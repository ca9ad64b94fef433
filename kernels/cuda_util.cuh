/* kernels/cuda_util.cuh - what the CUDA twins share: checked calls, device arrays, launches, CUB in two
 * phases.
 *
 * Functions return a status as everywhere; arrays release themselves, so LTA_DEV may return at once. One twin
 * call works on the current device and its default stream, and leaves nothing allocated. */
#ifndef LTA_KERNELS_CUDA_UTIL_CUH
#define LTA_KERNELS_CUDA_UTIL_CUH

extern "C" {
#include "pipeline/core/status.h"
}

#include "kernels/cuda_copy.cuh"

#include <cub/cub.cuh>
#include <cuda_runtime.h>
#include <stdint.h>

namespace lta
{

/* Elements of one CUB call: CUB of CUDA 12 counts them in 32 bits. */
constexpr uint64_t MOST_ELEMENTS = (1u << 31) - (1u << 20);
constexpr int THREADS = 256; /* of a block */
/* Bytes from which a copy goes through pinned buffers: making them costs as much as a small copy. */
constexpr uint64_t LARGE_COPY = (uint64_t)16 << 20;

/* Status of a failed call: LTA_ERR_DEVICE_MEMORY where memory ran out (and the error is cleared), else
 * LTA_ERR_CUDA with the device, what was called, and CUDA's text. */
LTA_PRINTF(2, 3) lta_status cuda_fail(cudaError_t e, const char *fmt, ...);

/* LTA_ERR_DEVICE_MEMORY unless the device has so many bytes free; what is for the message. */
LTA_MUST_CHECK lta_status check_memory(const char *what, uint64_t bytes);
/* LTA_ERR_DEVICE_MEMORY, naming what has more than MOST_ELEMENTS elements. */
LTA_MUST_CHECK lta_status check_elements(const char *what, uint64_t n);

#define LTA_DEV(expr)                                                                                        \
    do {                                                                                                     \
        lta_status status_ = (expr);                                                                         \
        if (status_ != LTA_OK)                                                                               \
            return status_;                                                                                  \
    } while (0)

#define LTA_CUDA(call)                                                                                       \
    do {                                                                                                     \
        cudaError_t error_ = (call);                                                                         \
        if (error_ != cudaSuccess)                                                                           \
            return lta::cuda_fail(error_, "%s", #call);                                                      \
    } while (0)

/* An array on the device, of plain values. */
template <class T> class device_array
{
  public:
    T *p = nullptr;
    uint64_t n = 0;

    device_array() = default;
    device_array(const device_array &) = delete;
    device_array &operator=(const device_array &) = delete;
    ~device_array()
    {
        release();
    }

    void release()
    {
        if (p)
            (void)cudaFree(p);
        p = nullptr;
        n = 0;
    }
    /* Undefined content; what was there is gone. */
    LTA_MUST_CHECK lta_status alloc(uint64_t count)
    {
        release();
        if (count > UINT64_MAX / sizeof(T))
            return lta_fail(LTA_ERR_DEVICE_MEMORY, "%llu elements exceed any device",
                            (unsigned long long)count);
        cudaError_t e = cudaMalloc(&p, count > 0 ? count * sizeof(T) : sizeof(T));
        if (e != cudaSuccess) {
            p = nullptr;
            return cuda_fail(e, "%llu bytes of device memory", (unsigned long long)(count * sizeof(T)));
        }
        n = count;
        return LTA_OK;
    }
    LTA_MUST_CHECK lta_status alloc_zero(uint64_t count)
    {
        LTA_DEV(alloc(count));
        if (n > 0)
            LTA_CUDA(cudaMemsetAsync(p, 0, n * sizeof(T)));
        return LTA_OK;
    }
    LTA_MUST_CHECK lta_status upload(const T *host, uint64_t count)
    {
        LTA_DEV(alloc(count));
        if (n * sizeof(T) >= LARGE_COPY)
            return copy_to_device(p, host, n * sizeof(T));
        if (n > 0)
            LTA_CUDA(cudaMemcpy(p, host, n * sizeof(T), cudaMemcpyHostToDevice));
        return LTA_OK;
    }
    LTA_MUST_CHECK lta_status download(T *host, uint64_t count) const
    {
        if (count * sizeof(T) >= LARGE_COPY)
            return copy_from_device(host, p, count * sizeof(T));
        if (count > 0)
            LTA_CUDA(cudaMemcpy(host, p, count * sizeof(T), cudaMemcpyDeviceToHost));
        return LTA_OK;
    }
    LTA_MUST_CHECK lta_status at(uint64_t i, T *host) const
    {
        LTA_CUDA(cudaMemcpy(host, p + i, sizeof(T), cudaMemcpyDeviceToHost));
        return LTA_OK;
    }
    void swap(device_array &other)
    {
        T *q = p;
        uint64_t m = n;
        p = other.p;
        n = other.n;
        other.p = q;
        other.n = m;
    }
};

/* Index of this thread among all of a launch over elements; the kernel's loop goes on by stride(). */
__device__ inline uint64_t first_element()
{
    return (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
}
__device__ inline uint64_t stride()
{
    return (uint64_t)gridDim.x * blockDim.x;
}

/* Launches kernel(n, arguments...) over n elements, or nothing where n is 0. */
template <class... P, class... A>
LTA_MUST_CHECK lta_status launch(const char *name, void (*kernel)(uint64_t, P...), uint64_t n, A... arguments)
{
    constexpr uint64_t MOST_BLOCKS = 1u << 20;
    if (n == 0)
        return LTA_OK;
    uint64_t blocks = (n + THREADS - 1) / THREADS;
    kernel<<<(unsigned)(blocks < MOST_BLOCKS ? blocks : MOST_BLOCKS), THREADS>>>(n, arguments...);
    cudaError_t e = cudaGetLastError();
    return e == cudaSuccess ? LTA_OK
                            : cuda_fail(e, "kernel %s over %llu elements", name, (unsigned long long)n);
}

/* Memory that CUB's calls use, one after the other. */
class scratch
{
  public:
    /* call(temporary, bytes) is a CUB function: once to ask how much it needs, once to work. */
    template <class F> LTA_MUST_CHECK lta_status run(const char *name, uint64_t n, F call)
    {
        size_t bytes = 0;
        LTA_DEV(check_elements(name, n));
        cudaError_t e = call((void *)nullptr, bytes);
        if (e == cudaSuccess && bytes > memory.n)
            LTA_DEV(memory.alloc(bytes));
        if (e == cudaSuccess)
            e = call((void *)memory.p, bytes);
        return e == cudaSuccess ? LTA_OK : cuda_fail(e, "%s of %llu elements", name, (unsigned long long)n);
    }
    void release()
    {
        memory.release();
    }

  private:
    device_array<unsigned char> memory;
};

/* Bits of the largest value there is, at least 1: radix sorts look at no more. */
inline int bits_of(uint64_t largest)
{
    int bits = 1;
    while (bits < 64 && largest >> bits != 0)
        bits++;
    return bits;
}

/* Position of the first of v[lo .. hi-1], sorted, that is not below x; hi if none. */
template <class T> __device__ inline uint64_t lower_bound(const T *v, uint64_t lo, uint64_t hi, T x)
{
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (v[mid] < x)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}
/* The same for the first that is above x. */
template <class T> __device__ inline uint64_t upper_bound(const T *v, uint64_t lo, uint64_t hi, T x)
{
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (v[mid] <= x)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

} // namespace lta

#endif
