/* pipeline/export/export.h - a store as a file for other tools: one writer a format, one table of formats. */
#ifndef LTA_EXPORT_EXPORT_H
#define LTA_EXPORT_EXPORT_H

#include "pipeline/core/run.h"

#include <stdio.h>

typedef struct lta_export_options {
    const char *format; /* name in lta_export_formats */
    const char *output; /* file to write, all or nothing; NULL or "-" = standard output */
    const char *source; /* only requests of the source of this name (or base file name); NULL = all */
} lta_export_options;

typedef struct lta_export_format {
    const char *name;    /* as given to --format */
    const char *summary; /* for help */
    lta_status (*write)(const lta_run *run, const char *store, const lta_export_options *options,
                        const char *name, FILE *stream); /* name: what messages call the output */
} lta_export_format;
extern const lta_export_format lta_export_formats[]; /* ends with name NULL */

/* Errors: LTA_ERR_USAGE (unknown format or source; the message lists what there is), those of reading and
 * writing. */
LTA_MUST_CHECK lta_status lta_export(const lta_run *run, const char *store, const lta_export_options *options,
                                     FILE *standard_output);

/* Formats. */
lta_status lta_export_csv(const lta_run *run, const char *store, const lta_export_options *options,
                          const char *name, FILE *stream);

#endif
