/* kernels/cost.c - see cost.h. */
#include "kernels/cost.h"

typedef struct model {
    const char *name, *elements;
    double cpu_ns, cuda_ns, bytes;
    int launches;
} model;

static const model models[LTA_OPERATIONS] = {
#define MODEL(id, name, elements, cpu, cuda, bytes, launches) {name, elements, cpu, cuda, bytes, launches},
    LTA_OPERATION_LIST(MODEL)
#undef MODEL
};

lta_cost lta_modelled_cost(lta_operation operation, uint64_t elements, bool awake)
{
    static const double wake_s = 0.3, launch_s = 3e-6, pcie = 24e9, ns = 1e-9;
    const model *m = &models[operation];
    double n = (double)elements;
    return (lta_cost){.cpu_s = n * m->cpu_ns * ns,
                      .cuda_s = n * (m->cuda_ns * ns + m->bytes / pcie) + m->launches * launch_s +
                                (awake ? 0 : wake_s)};
}

const char *lta_operation_name(lta_operation operation)
{
    return models[operation].name;
}

const char *lta_operation_elements(lta_operation operation)
{
    return models[operation].elements;
}
