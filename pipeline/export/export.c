/* pipeline/export/export.c - finds the format and the place to write to. */
#include "pipeline/export/export.h"

#include <string.h>

static const struct {
    const char *name;
    bool folder;
    lta_status (*write)(const lta_export_target *x);
} formats[] = {
#define FORMAT(id, name, folder, summary) {name, folder, lta_export_##id},
    LTA_EXPORT_LIST(FORMAT)
#undef FORMAT
};
enum { N_FORMATS = sizeof formats / sizeof *formats };

lta_status lta_export(const lta_run *run, const char *store, const lta_export_options *options,
                      FILE *standard_output)
{
    static const char known[] = "" LTA_EXPORT_LIST(LTA_EXPORT_NAME);
    lta_status st = LTA_OK;
    lta_text_file file = {0}, beside = {0};
    lta_export_target x = {.run = run, .store = store, .options = options, .name = options->output};
    bool to_stdout = !options->output || strcmp(options->output, "-") == 0;
    size_t f = 0;
    if (!options->format)
        return lta_fail(LTA_ERR_USAGE, "--format FMT is missing: expected %s", known + 2);
    while (f < N_FORMATS && strcmp(formats[f].name, options->format) != 0)
        f++;
    if (f == N_FORMATS)
        return lta_fail(LTA_ERR_USAGE, "--format %.100s: expected %s", options->format, known + 2);
    if (formats[f].folder) {
        if (to_stdout)
            return lta_fail(LTA_ERR_USAGE, "%s is a folder of files, expected -o OUT", formats[f].name);
        return formats[f].write(&x);
    }
    if (to_stdout) {
        x.name = "standard output";
        x.stream = standard_output;
        return formats[f].write(&x);
    }
    LTA_TRY(lta_text_create(options->output, &file));
    x.stream = file.stream;
    x.beside = file.partial ? &beside : NULL; /* pipes and devices have no neighbours */
    LTA_TRY(formats[f].write(&x));
    LTA_TRY(lta_text_commit(&file));
    if (beside.stream)
        LTA_TRY(lta_text_commit(&beside));
done:
    lta_text_close(&beside);
    lta_text_close(&file);
    return st;
}
