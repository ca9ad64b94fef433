/* pipeline/cli/cmd_merge.c - lta merge. */
#include "pipeline/cli/cli.h"
#include "pipeline/merge/merge.h"

static const lta_option output_options[] = {
    {"output", 'o', "STORE", "the merged trace's folder (required); made if absent"},
    {0},
};

static lta_status set_output(void *target, const lta_option *option, const char *value)
{
    (void)option;
    *(const char **)target = value;
    return LTA_OK;
}

static const lta_option_group output_group = {"Output", output_options, set_output};
static const lta_option_group *const groups[] = {&output_group, &lta_sources_group, NULL};

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    const char *store = NULL;
    lta_import_options o = LTA_IMPORT_DEFAULTS;
    void *targets[] = {&store, &o};
    lta_status st = lta_cli_parse(cli, argc, argv, targets, 1, -1);
    if (st != LTA_OK || cli->help_shown)
        return st;
    if (!store)
        return lta_fail(LTA_ERR_USAGE, "no store named; expected -o STORE");
    return lta_merge(&cli->run, store, &o, cli->n_operands, cli->operands);
}

static const lta_entry files[] = {
    {"STORE/trace.h5", "read of each store given, and written to the new one"},
    {0},
};

const lta_command lta_command_merge = {
    .name = "merge",
    .operands = "STORE...",
    .summary = "the traces of several stores into one: -> trace.h5",
    .description = "Makes one trace of the traces of several stores, as `lta import` does of several files. "
                   "The stores given are left as they are; `lta run` computes the rest.",
    .example = "  lta merge -o marconi.store --sort lmsys.store sharegpt.store swebench.store\n"
               "  lta run -o marconi.store\n",
    .groups = groups,
    .files = files,
    .common = LTA_STAGE,
    .see = "import run export",
    .run = run,
};
