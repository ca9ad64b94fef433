/* pipeline/core/run.h - what every stage is given: how to run, and whom to tell. Nothing in it can change a
 * result. */
#ifndef LTA_CORE_RUN_H
#define LTA_CORE_RUN_H

#include "pipeline/core/log.h"
#include "pipeline/core/status.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct lta_ops;   /* kernels/ops.h */
struct lta_carry; /* pipeline/stage/carry.h */

typedef struct lta_run {
    lta_log *log;                        /* borrowed, never NULL */
    const struct lta_ops *ops;           /* backend chosen by --device */
    int threads;                         /* at least 1 */
    uint64_t memory_bytes;               /* budget of --memory; 0 = none given */
    struct lta_carry *carry;             /* what stages leave for later ones of this process; may be NULL */
    bool force;                          /* redo stages that are up to date */
    bool compare;                        /* stages write nothing, but compare with the file that is there */
    bool skip_bad_rows;                  /* --on-error skip */
    const volatile sig_atomic_t *signal; /* number of the signal that asked to stop, 0 = none; may be NULL */
} lta_run;

/* LTA_ERR_STOPPED once a signal has arrived; long loops ask every few thousand steps. */
LTA_MUST_CHECK static inline lta_status lta_check_stop(const lta_run *run)
{
    if (run->signal && *run->signal != 0)
        return lta_fail(LTA_ERR_STOPPED, "stopped by signal %d; nothing is lost, run the same command again",
                        (int)*run->signal);
    return LTA_OK;
}

#endif
