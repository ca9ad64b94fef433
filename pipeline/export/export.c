/* pipeline/export/export.c - finds the format and the place to write to. */
#include "pipeline/export/export.h"

#include "pipeline/core/file.h"

#include <string.h>

const lta_export_format lta_export_formats[] = {
    {"csv", "every request with its enrichment fields, a row each", lta_export_csv},
    {NULL, NULL, NULL},
};

lta_status lta_export(const lta_run *run, const char *store, const lta_export_options *options,
                      FILE *standard_output)
{
    lta_status st = LTA_OK;
    lta_text_file file = {0};
    const lta_export_format *f = lta_export_formats;
    while (f->name && (!options->format || strcmp(f->name, options->format) != 0))
        f++;
    if (!f->name) {
        char known[256] = "";
        for (const lta_export_format *k = lta_export_formats; k->name; k++) {
            size_t at = strlen(known);
            snprintf(known + at, sizeof known - at, "%s%s", at ? ", " : "", k->name);
        }
        st = options->format ? lta_fail(LTA_ERR_USAGE, "--format %.100s: expected %s", options->format, known)
                             : lta_fail(LTA_ERR_USAGE, "--format FMT is missing: expected %s", known);
        goto done;
    }
    if (!options->output || strcmp(options->output, "-") == 0)
        return f->write(run, store, options, "standard output", standard_output);
    LTA_TRY(lta_text_create(options->output, &file));
    LTA_TRY(f->write(run, store, options, options->output, file.stream));
    LTA_TRY(lta_text_commit(&file));
done:
    lta_text_close(&file);
    return st;
}
