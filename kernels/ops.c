/* kernels/ops.c - the rows of the operation table. */
#include "kernels/ops.h"

#include "kernels/cuda_device.h"

#include <stdlib.h>
#include <string.h>

static const lta_ops cpu = {
    .name = "cpu",
    .concurrent = true,
    .prefix_hash = lta_prefix_hash_cpu,
    .trie_build = lta_trie_build_cpu,
    .run_build = lta_run_build_cpu,
    .stack_distance = lta_stack_distance_cpu,
    .reuse_runs = lta_reuse_runs_cpu,
    .hit_curve = lta_hit_curve_cpu,
};

#ifdef LTA_HAVE_CUDA
static const lta_ops cuda = {
    .name = "cuda",
    .prefix_hash = lta_prefix_hash_cuda,
    .trie_build = lta_trie_build_cuda,
    .run_build = lta_run_build_cuda,
    .stack_distance = lta_stack_distance_cuda,
    .reuse_runs = lta_reuse_runs_cuda,
    .hit_curve = lta_hit_curve_cuda,
    .block_curves = lta_block_curves_cuda,
};

static const lta_ops automatic = {
    .name = "auto",
    .by_cost = true,
    .prefix_hash = lta_prefix_hash_cuda,
    .trie_build = lta_trie_build_cuda,
    .run_build = lta_run_build_cuda,
    .stack_distance = lta_stack_distance_cuda,
    .reuse_runs = lta_reuse_runs_cuda,
    .hit_curve = lta_hit_curve_cuda,
    .block_curves = lta_block_curves_cuda,
};

/* "cuda" or "cuda:N" */
static lta_status use_cuda(const char *device)
{
    enum { DECIMAL = 10 };
    lta_status st = LTA_OK;
    int n;
    char *end = NULL;
    const char *number = strchr(device, ':');
    long which = number ? strtol(number + 1, &end, DECIMAL) : 0;
    if (number && (number[1] < '0' || number[1] > '9' || *end != '\0'))
        return lta_fail(LTA_ERR_USAGE, "--device %s: expected the number of a device behind cuda:", device);
    LTA_TRY(lta_cuda_count(&n));
    if (which >= n)
        return lta_fail(LTA_ERR_NO_BACKEND, "--device %s: there %s %d CUDA device%s, the first being cuda:0",
                        device, n == 1 ? "is" : "are", n, n == 1 ? "" : "s");
    LTA_TRY(lta_cuda_use((int)which));
done:
    return st;
}
#endif

bool lta_ops_has_cuda(void)
{
#ifdef LTA_HAVE_CUDA
    return true;
#else
    return false;
#endif
}

lta_status lta_ops_get(const char *device, const lta_ops **out)
{
    bool automatic_device = strcmp(device, "auto") == 0;
    if (automatic_device || strcmp(device, "cpu") == 0) {
        *out = &cpu;
#ifdef LTA_HAVE_CUDA
        if (automatic_device)
            *out = &automatic;
#endif
        return LTA_OK;
    }
    if (strcmp(device, "cuda") != 0 && strncmp(device, "cuda:", strlen("cuda:")) != 0)
        return lta_fail(LTA_ERR_USAGE, "--device %s: expected auto, cpu, cuda or cuda:N", device);
#ifdef LTA_HAVE_CUDA
    lta_status st = use_cuda(device);
    if (st == LTA_OK)
        *out = &cuda;
    return st;
#else
    return lta_fail(LTA_ERR_NO_BACKEND, "--device %s: this build has no CUDA kernels; expected cpu or auto",
                    device);
#endif
}
