/* kernels/compute.c - the twin that was chosen, and the CPU where the device's memory does not suffice. */
#include "kernels/compute.h"

#include "kernels/cuda_device.h"
#include "pipeline/core/array.h"

#include <stddef.h>

/* Does the CPU have to do what the device could not? */
static bool falls_back(const lta_run *run, lta_status st, const char *operation)
{
    if (st != LTA_ERR_DEVICE_MEMORY)
        return false;
    lta_log_line(run->log, run->log->fallback_said ? LTA_LOG_DEBUG : LTA_LOG_WARN, operation,
                 "%s; computed on the CPU instead, as is whatever else does not fit", lta_error_detail());
    run->log->fallback_said = true;
    return true;
}

/* Is the device worth its while, as far as is known? */
static bool device_pays(const lta_run *run, lta_operation operation, uint64_t elements, lta_cost *cost)
{
    *cost = lta_modelled_cost(operation, elements, run->log->device_awake);
    return !run->log->no_device && cost->cuda_s < cost->cpu_s;
}

/* The twin for an operation over so many elements. By cost, devices are looked for once one would pay; until
 * then nothing changes, so that several threads may choose. */
static const lta_ops *choose(const lta_run *run, lta_operation operation, uint64_t elements)
{
    const lta_ops *cpu = run->ops;
    lta_log *log = run->log;
    lta_cost cost;
    int n_devices;
    if (!run->ops->by_cost || lta_ops_get("cpu", &cpu) != LTA_OK)
        return run->ops;
    if (!device_pays(run, operation, elements, &cost))
        return cpu;
    log->no_device = lta_cuda_count(&n_devices) != LTA_OK;
    lta_log_line(log, LTA_LOG_INFO, "auto", "%s of %llu %s: %.3g s modelled on CUDA, %.3g s on the CPU: %s",
                 lta_operation_name(operation), (unsigned long long)elements,
                 lta_operation_elements(operation), cost.cuda_s, cost.cpu_s,
                 log->no_device ? lta_error_detail() : "taking CUDA");
    log->device_awake = !log->no_device;
    return log->no_device ? cpu : run->ops;
}

int lta_compute_threads(const lta_run *run, lta_operation operation, uint64_t elements)
{
    lta_cost cost;
    bool device = run->ops->by_cost ? device_pays(run, operation, elements, &cost) : !run->ops->concurrent;
    return device ? 1 : run->threads;
}

lta_operation lta_reuse_operation(const lta_trie *trie)
{
    return lta_trie_is_flat(trie) ? LTA_OPERATION_FLAT_REUSE : LTA_OPERATION_REUSE;
}

const char *lta_compute_device(const lta_run *run)
{
    return !run->ops->by_cost ? run->ops->name : run->log->device_awake ? "cuda" : "cpu";
}

lta_status lta_compute_prefix_hash(const lta_run *run, const lta_sequences *s, uint64_t n,
                                   const uint64_t *request, const uint32_t *depth, uint64_t base,
                                   uint64_t *hash)
{
    lta_status st = choose(run, LTA_OPERATION_PREFIX_HASH, s->n_pieces + n)
                        ->prefix_hash(s, n, request, depth, base, hash);
    return falls_back(run, st, "prefix hash") ? lta_prefix_hash_cpu(s, n, request, depth, base, hash) : st;
}

lta_status lta_compute_trie(const lta_run *run, const lta_sequences *s, lta_trie *out)
{
    lta_status st = choose(run, LTA_OPERATION_TRIE, s->n + s->n_pieces)->trie_build(s, out);
    return falls_back(run, st, "trie") ? lta_trie_build_cpu(s, out) : st;
}

lta_status lta_compute_runs(const lta_run *run, const lta_trie *trie, const int64_t *touched,
                            const uint32_t *group, lta_runs *out)
{
    lta_status st = choose(run, LTA_OPERATION_RUNS, trie->n_requests + trie->n_nodes)
                        ->run_build(trie, touched, group, out);
    return falls_back(run, st, "runs") ? lta_run_build_cpu(trie, touched, group, out) : st;
}

lta_status lta_compute_distances(const lta_run *run, uint64_t n, const uint64_t *offset,
                                 const uint32_t *previous, const uint32_t *weight,
                                 const uint32_t *first_weight, uint64_t *distance)
{
    lta_status st = choose(run, LTA_OPERATION_DISTANCES, n + offset[n])
                        ->stack_distance(n, offset, previous, weight, first_weight, distance);
    return falls_back(run, st, "stack distances")
               ? lta_stack_distance_cpu(n, offset, previous, weight, first_weight, distance)
               : st;
}

lta_status lta_compute_reuse(const lta_run *run, const lta_trie *trie, const int64_t *touched,
                             const uint32_t *group, lta_runs *out)
{
    lta_status st = choose(run, lta_reuse_operation(trie), trie->n_requests + trie->n_nodes)
                        ->reuse_runs(trie, touched, group, out);
    if (st != LTA_ERR_DEVICE_MEMORY)
        return st;
    uint32_t *first = NULL;
    lta_runs runs = {0};
    LTA_TRY(lta_compute_runs(run, trie, touched, group, &runs));
    LTA_TRY(LTA_ALLOC(&first, runs.n));
    LTA_TRY(LTA_ALLOC(&runs.distance, runs.n_runs));
    lta_first_touches(trie, touched, &runs, first);
    LTA_TRY(
        lta_compute_distances(run, runs.n, runs.offset, runs.previous, runs.length, first, runs.distance));
    *out = runs;
    runs = (lta_runs){0};
done:
    lta_free(first);
    lta_runs_free(&runs);
    return st;
}

lta_status lta_compute_curve(const lta_run *run, uint64_t n, const uint64_t *distance, const uint32_t *weight,
                             lta_curve *out)
{
    lta_status st = choose(run, LTA_OPERATION_CURVE, n)->hit_curve(n, distance, weight, out);
    return falls_back(run, st, "hit curve") ? lta_hit_curve_cpu(n, distance, weight, out) : st;
}

bool lta_compute_fuses_curves(const lta_run *run, uint64_t n_runs)
{
    return choose(run, LTA_OPERATION_CURVE, n_runs)->block_curves != NULL;
}

lta_status lta_compute_block_curves(const lta_run *run, const lta_trie *trie, const lta_runs *runs,
                                    const int64_t *touched, uint64_t block, int n_rules,
                                    const lta_lookup_rule *rules, lta_curve *out, bool *done)
{
    lta_status st = run->ops->block_curves(trie, runs, touched, block, n_rules, rules, out);
    *done = st == LTA_OK;
    return st == LTA_ERR_DEVICE_MEMORY ? LTA_OK : st;
}
