/* pipeline/trace/licence.h - whether what a source's licence says lets its symbols be passed on. */
#ifndef LTA_TRACE_LICENCE_H
#define LTA_TRACE_LICENCE_H

#include "pipeline/trace/trace.h"

/* The words by which importers mark licences that forbid it. */
#define LTA_LICENCE_FORBIDS "do not redistribute"

bool lta_licence_forbids(const char *licence);

/* LTA_ERR_USAGE, naming source, licence and the option that allows it all the same, when a source among keep
 * [n] forbids that its symbols are written. */
LTA_MUST_CHECK lta_status lta_check_licences(const lta_sources *sources, const bool *keep);

#endif
