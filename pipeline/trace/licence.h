/* pipeline/trace/licence.h - whether what a source's licence says lets its symbols be passed on. */
#ifndef LTA_TRACE_LICENCE_H
#define LTA_TRACE_LICENCE_H

#include "pipeline/trace/trace.h"

/* The words by which importers mark licences that forbid it. */
#define LTA_LICENCE_FORBIDS "do not redistribute"

/* What is put behind a licence that does, once the symbols are no longer the source's. */
#define LTA_LICENCE_ANONYMIZED "; these are anonymised blocks"

bool lta_licence_forbids(const char *licence);

/* LTA_ERR_USAGE, naming source, licence and what allows it all the same ("--x is given"), when a source among
 * keep [sources.n] forbids that its symbols are written, or has tokens whose licence is not known: a file's
 * name, which importers tell the licence by, says nothing where it is another one. */
LTA_MUST_CHECK lta_status lta_check_licences(const lta_trace *trace, const bool *keep, const char *unless);

#endif
