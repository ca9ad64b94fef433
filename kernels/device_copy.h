/* kernels/device_copy.h - what of a host structure also stands on a device, so that the next operation goes
 * on with it there instead of taking it up again. */
#ifndef LTA_KERNELS_DEVICE_COPY_H
#define LTA_KERNELS_DEVICE_COPY_H

#include <stddef.h>

/* The beginning of a structure that only the device's own code knows. */
typedef struct lta_device_copy {
    void (*release)(struct lta_device_copy *copy); /* frees all of it */
} lta_device_copy;

/* Frees the copy, if there is one. */
static inline void lta_device_copy_free(lta_device_copy *copy)
{
    if (copy)
        copy->release(copy);
}

#endif
