/* kernels/slope_changes.cuh - where runs on the device change the slope of their hit curve. */
#ifndef LTA_KERNELS_SLOPE_CHANGES_CUH
#define LTA_KERNELS_SLOPE_CHANGES_CUH

extern "C" {
#include "kernels/hit_curve.h"
}
#include "kernels/cuda_util.cuh"

namespace lta
{

/* Changes by capacity, rising, each capacity once, capacity 0 first; others only where there is a change. */
struct slope_changes {
    device_array<uint64_t> key;
    device_array<int64_t> change;
    uint64_t n = 0;
};

/* D: uint32_t or uint64_t; every distance + weight fits. In hit_curve_cuda.cu. */
template <class D>
LTA_MUST_CHECK lta_status find_changes(uint64_t n, const D *distance, const uint32_t *weight,
                                       slope_changes *c, scratch *s);
/* The curve with those changes, on the host. In hit_curve_cuda.cu. */
LTA_MUST_CHECK lta_status finish_curve(const slope_changes &c, scratch *s, lta_curve *out);

} // namespace lta

#endif
