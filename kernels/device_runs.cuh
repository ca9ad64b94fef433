/* kernels/device_runs.cuh - runs that stay on the device, for operations that go on with them there. */
#ifndef LTA_KERNELS_DEVICE_RUNS_CUH
#define LTA_KERNELS_DEVICE_RUNS_CUH

extern "C" {
#include "kernels/run_build.h"
}
#include "kernels/cuda_util.cuh"

namespace lta
{

struct device_runs { /* as lta_runs */
    uint64_t n_runs = 0;
    device_array<uint64_t> offset;
    device_array<uint32_t> previous, start, length;
    device_array<uint32_t> touched_depth; /* [n] symbols that each request touches */
};

/* The trie has nodes and requests. In run_build_cuda.cu. */
LTA_MUST_CHECK lta_status build_device_runs(const lta_trie *trie, const int64_t *touched,
                                            const uint32_t *group, device_runs *out);
/* Without distances. In run_build_cuda.cu. */
LTA_MUST_CHECK lta_status download_runs(const device_runs &d, uint64_t n, lta_runs *out);

/* The arguments of lta_stack_distance_fn, all on the device; all at once. In stack_distance_cuda.cu. */
LTA_MUST_CHECK lta_status device_distances(uint64_t n, uint64_t n_runs, const uint64_t *offset,
                                           const uint32_t *previous, const uint32_t *weight,
                                           const uint32_t *first_weight, uint64_t *distance);

} // namespace lta

#endif
