/* kernels/cost.h - how long an operation would take on either twin, by a model, for --device auto.
 *
 * CPU: nanoseconds an element, measured on one core (tests/bench/README.md). CUDA: kernels, copies and
 * launches as counted and modelled for an NVIDIA A10 (kernels/README.md), and once a process 0.3 s for the
 * device to wake up, which is an assumption. None of the CUDA figures has been measured on a device. */
#ifndef LTA_KERNELS_COST_H
#define LTA_KERNELS_COST_H

#include <stdbool.h>
#include <stdint.h>

/* name, what its elements are, CPU ns an element, CUDA ns an element, bytes over PCIe an element, launches */
#define LTA_OPERATION_LIST(X)                                                                                \
    X(PREFIX_HASH, "prefix hashes", "pieces and queries", 100, 2, 40, 30)                                    \
    X(TRIE, "trie", "requests and pieces", 39, 0.6, 20, 40)                                                  \
    X(RUNS, "runs", "requests and nodes", 25, 1.2, 35, 70)                                                   \
    X(DISTANCES, "distances", "runs and requests", 15, 0.6, 16, 15)                                          \
    X(REUSE, "runs and distances", "requests and nodes", 50, 1.2, 30, 90)                                    \
    X(FLAT_REUSE, "flat distances", "requests", 24, 0.7, 16, 90)                                             \
    X(CURVE, "hit curve", "runs", 45, 0.3, 8, 40)

typedef enum lta_operation {
#define LTA_OPERATION_ENUM(id, name, elements, cpu, cuda, bytes, launches) LTA_OPERATION_##id,
    LTA_OPERATION_LIST(LTA_OPERATION_ENUM)
#undef LTA_OPERATION_ENUM
        LTA_OPERATIONS
} lta_operation;

typedef struct lta_cost {
    double cpu_s, cuda_s;
} lta_cost;

/* awake: the process has used the device before. */
lta_cost lta_modelled_cost(lta_operation operation, uint64_t elements, bool awake);
const char *lta_operation_name(lta_operation operation);
const char *lta_operation_elements(lta_operation operation); /* what they are, for messages */

#endif
