/* kernels/cuda_copy.cuh - large copies between pageable memory and the device.
 *
 * The bytes go through two pinned buffers in turn: while one is on its way, the host fills or empties the
 * other, and may widen or narrow values as it does. An event a buffer tells when the device is done with it;
 * that is all the ordering there is, and nobody else keeps events for copies. Both functions return when the
 * last byte is where it belongs; kernels that were given to the device before go on meanwhile, so what is
 * copied to must be fresh from cudaMalloc (cudaFree waits for all who used that memory). */
#ifndef LTA_KERNELS_CUDA_COPY_CUH
#define LTA_KERNELS_CUDA_COPY_CUH

extern "C" {
#include "pipeline/core/status.h"
}

#include <cuda_runtime.h>
#include <stddef.h>

namespace lta
{

constexpr size_t COPY_BUFFER = (size_t)4 << 20; /* bytes of each buffer: whole elements of any type */

/* Writes bytes at .. at+bytes-1 of what goes up to buffer. */
typedef void copy_fill(const void *context, void *buffer, size_t at, size_t bytes);
/* Is handed bytes at .. at+bytes-1 of what came down. */
typedef void copy_take(const void *context, const void *buffer, size_t at, size_t bytes);

/* buffer: bytes of each buffer, COPY_BUFFER outside of tests. Errors: LTA_ERR_CUDA, LTA_ERR_DEVICE_MEMORY. */
LTA_MUST_CHECK lta_status copy_to_device(void *device, size_t bytes, copy_fill *fill, const void *context,
                                         size_t buffer = COPY_BUFFER);
/* Begins once the event is reached on its stream, or, if it is NULL, when all work given so far is done. */
LTA_MUST_CHECK lta_status copy_from_device(const void *device, size_t bytes, cudaEvent_t after,
                                           copy_take *take, const void *context, size_t buffer = COPY_BUFFER);

} // namespace lta

#endif
