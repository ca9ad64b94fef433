/* kernels/cuda_copy.cuh - large copies between pageable memory and the device.
 *
 * The bytes go through two pinned buffers in turn: while one is on its way, the host fills or empties the
 * other. An event a buffer tells when the device is done with it; that is all the ordering there is, and
 * nobody else keeps events. Both functions return when the last byte is where it belongs. */
#ifndef LTA_KERNELS_CUDA_COPY_CUH
#define LTA_KERNELS_CUDA_COPY_CUH

extern "C" {
#include "pipeline/core/status.h"
}

#include <stddef.h>

namespace lta
{

constexpr size_t COPY_BUFFER = (size_t)4 << 20; /* bytes of each buffer */

/* buffer: bytes of each buffer, COPY_BUFFER outside of tests. Errors: LTA_ERR_CUDA, LTA_ERR_DEVICE_MEMORY. */
LTA_MUST_CHECK lta_status copy_to_device(void *device, const void *host, size_t bytes,
                                         size_t buffer = COPY_BUFFER);
LTA_MUST_CHECK lta_status copy_from_device(void *host, const void *device, size_t bytes,
                                           size_t buffer = COPY_BUFFER);

} // namespace lta

#endif
