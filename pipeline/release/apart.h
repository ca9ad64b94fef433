/* pipeline/release/apart.h - a release writes where nothing of what it is made from lies. */
#ifndef LTA_RELEASE_APART_H
#define LTA_RELEASE_APART_H

#include "pipeline/release/release.h"

/* LTA_ERR_USAGE where the configuration, a source or a tokenizer lies in dir, or where one of dir and work
 * lies in the other, or both are one; links are followed. Makes nothing. job: [c->n_traces]. */
LTA_MUST_CHECK lta_status lta_release_check_apart(const lta_release_config *c, const lta_release_job *job,
                                                  const char *dir, const char *work);

#endif
