/* kernels/cuda_util.cuh - what the CUDA twins share: checked calls, device arrays, launches, CUB in two
 * phases.
 *
 * Functions return a status as everywhere; arrays release themselves, so LTA_DEV may return at once. One twin
 * call works on the current device and its default stream, and leaves nothing allocated. */
#ifndef LTA_KERNELS_CUDA_UTIL_CUH
#define LTA_KERNELS_CUDA_UTIL_CUH

extern "C" {
#include "pipeline/core/array.h"
#include "pipeline/core/status.h"
}

#include "kernels/cuda_copy.cuh"

#include <cub/cub.cuh>
#include <cuda_runtime.h>
#include <stdint.h>
#include <stdlib.h>

namespace lta
{

/* Where there is no node, no request, no event. */
constexpr uint32_t NOWHERE = UINT32_MAX;
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
/* Whether so many bytes may stay on the device for the next operation: they leave most of it to whatever
 * comes. */
bool worth_keeping(uint64_t bytes);
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

/* Where a small copy is put together on the host. */
struct host_copy {
    void *p = nullptr;
    ~host_copy()
    {
        lta_free(p);
    }
    LTA_MUST_CHECK lta_status alloc(uint64_t bytes)
    {
        return lta_alloc_bytes(&p, bytes, 1);
    }
};

/* A point in the order of work on the default stream. */
struct event {
    cudaEvent_t e = nullptr;
    event() = default;
    event(const event &) = delete;
    event &operator=(const event &) = delete;
    ~event()
    {
        if (e)
            (void)cudaEventDestroy(e);
    }
    LTA_MUST_CHECK lta_status record()
    {
        cudaError_t error = e ? cudaSuccess : cudaEventCreateWithFlags(&e, cudaEventDisableTiming);
        if (error == cudaSuccess)
            error = cudaEventRecord(e, cudaStreamLegacy);
        return error == cudaSuccess ? LTA_OK : cuda_fail(error, "an event");
    }
};

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
    /* value(i) gives element i; called once for each, in order. */
    template <class F> LTA_MUST_CHECK lta_status upload_each(uint64_t count, F value)
    {
        auto fill = [](const void *context, void *buffer, size_t at, size_t bytes) {
            const F &v = *(const F *)context;
            T *out = (T *)buffer;
            for (size_t i = 0, first = at / sizeof(T); i < bytes / sizeof(T); i++)
                out[i] = v(first + i);
        };
        LTA_DEV(alloc(count));
        if (n * sizeof(T) >= LARGE_COPY)
            return copy_to_device(p, n * sizeof(T), fill, &value);
        host_copy small;
        LTA_DEV(small.alloc(n * sizeof(T)));
        fill(&value, small.p, 0, n * sizeof(T));
        if (n > 0)
            LTA_CUDA(cudaMemcpy(p, small.p, n * sizeof(T), cudaMemcpyHostToDevice));
        return LTA_OK;
    }
    LTA_MUST_CHECK lta_status upload(const T *host, uint64_t count)
    {
        return upload_each(count, [=](uint64_t i) { return host[i]; });
    }
    /* take(i, value) is called for the first `count` elements, in order, as soon as the event is reached, or
     * all work given so far is done. */
    template <class F>
    LTA_MUST_CHECK lta_status download_each(uint64_t count, F take_one, cudaEvent_t after = nullptr) const
    {
        return download_range(0, count, take_one, after);
    }
    /* The same for `count` elements from `begin` on, which is i = 0 for take. */
    template <class F>
    LTA_MUST_CHECK lta_status download_range(uint64_t begin, uint64_t count, F take_one,
                                             cudaEvent_t after = nullptr) const
    {
        auto take = [](const void *context, const void *buffer, size_t at, size_t bytes) {
            const F &t = *(const F *)context;
            const T *in = (const T *)buffer;
            for (size_t i = 0, first = at / sizeof(T); i < bytes / sizeof(T); i++)
                t(first + i, in[i]);
        };
        if (count * sizeof(T) >= LARGE_COPY)
            return copy_from_device(p + begin, count * sizeof(T), after, take, &take_one);
        host_copy small;
        LTA_DEV(small.alloc(count * sizeof(T)));
        if (count > 0)
            LTA_CUDA(cudaMemcpy(small.p, p + begin, count * sizeof(T), cudaMemcpyDeviceToHost));
        take(&take_one, small.p, 0, count * sizeof(T));
        return LTA_OK;
    }
    LTA_MUST_CHECK lta_status download(T *host, uint64_t count, cudaEvent_t after = nullptr) const
    {
        return download_each(
            count, [=](uint64_t i, T value) { host[i] = value; }, after);
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

/* Launches kernel(n, arguments...) over n elements, EACH of them a thread, BLOCK threads a block, or nothing
 * where n is 0. */
template <uint64_t EACH = 1, unsigned BLOCK = THREADS, class... P, class... A>
LTA_MUST_CHECK lta_status launch(const char *name, void (*kernel)(uint64_t, P...), uint64_t n, A... arguments)
{
    constexpr uint64_t MOST_BLOCKS = 1u << 20;
    if (n == 0)
        return LTA_OK;
    uint64_t blocks = (n + EACH * BLOCK - 1) / (EACH * BLOCK);
    kernel<<<(unsigned)(blocks < MOST_BLOCKS ? blocks : MOST_BLOCKS), BLOCK>>>(n, arguments...);
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
