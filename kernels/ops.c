/* kernels/ops.c - the rows of the operation table. */
#include "kernels/ops.h"

#include <string.h>

static const lta_ops cpu = {
    .name = "cpu",
    .prefix_hash = lta_prefix_hash_cpu,
    .trie_build = lta_trie_build_cpu,
    .run_build = lta_run_build_cpu,
    .stack_distance = lta_stack_distance_cpu,
    .hit_curve = lta_hit_curve_cpu,
};

lta_status lta_ops_get(const char *device, const lta_ops **out)
{
    if (strcmp(device, "auto") == 0 || strcmp(device, "cpu") == 0) {
        *out = &cpu;
        return LTA_OK;
    }
    if (strcmp(device, "cuda") == 0 || strncmp(device, "cuda:", 5) == 0)
        return lta_fail(LTA_ERR_NO_BACKEND,
                        "--device %s: this build has no CUDA kernels; expected cpu or auto", device);
    return lta_fail(LTA_ERR_USAGE, "--device %s: expected auto, cpu, cuda or cuda:N", device);
}
