/* pipeline/core/scratch.h - memory of the process, and mapped files without a name that stand in for it.
 *
 * A scratch file lies in the folder that TMPDIR names, else in /var/tmp, which unlike /tmp is on a disk. It
 * has no name, so nothing is left behind however the process ends. Its blocks are taken at once: a disk that
 * is full says so here, not as a signal later. Its pages are part of the page cache: the system writes them
 * out and drops them where memory is wanted.
 */
#ifndef LTA_CORE_SCRATCH_H
#define LTA_CORE_SCRATCH_H

#include "pipeline/core/status.h"

#include <stddef.h>
#include <stdint.h>

/* So many zeroed bytes, page-aligned; release with munmap(). LTA_ERR_SPACE where the disk is full,
 * LTA_ERR_NOMEM where there can be no such file. */
LTA_MUST_CHECK lta_status lta_scratch_map(size_t bytes, void **out);

const char *lta_scratch_folder(void);

uint64_t lta_data_limit(void); /* bytes that the process may allocate; UINT64_MAX: no limit */
uint64_t
lta_data_used(void); /* bytes that it has allocated, touched or not; 0 where the system does not tell */

#endif
