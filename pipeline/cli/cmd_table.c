/* pipeline/cli/cmd_table.c - lta table: the summary tables as CSV files. */
#include "pipeline/cli/cli.h"
#include "pipeline/table/table.h"

static const lta_option options[] = {
    {"output", 'o', "DIR", "folder for the files, made if absent (default STORE/tables)"},
    {0},
};

static lta_status set(void *target, const lta_option *option, const char *value)
{
    (void)option;
    *(const char **)target = value;
    return LTA_OK;
}

static const lta_option_group output_group = {"Output", options, set};

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    const char *dir = NULL;
    void *targets[] = {&dir};
    lta_status st = LTA_OK;
    LTA_TRY(lta_cli_parse(cli, argc, argv, targets, 1, 1));
    if (!cli->help_shown)
        LTA_TRY(lta_table_stage(&cli->run, cli->operands[0], dir));
done:
    return st;
}

static const lta_option_group *const groups[] = {&output_group, NULL};

static const lta_entry files[] = {
    {"STORE/enriched.h5", "read"},
    {"STORE/tables/TABLE.csv", "written, unless -o names another folder"},
    {0},
};

const lta_command lta_command_table = {
    .name = "table",
    .operands = "STORE",
    .summary = "summary tables of an enriched store as CSV files",
    .description = "Writes each summary table of an enriched store as a CSV file.",
    .example = "  lta table mooncake.store -o tables\n",
    .groups = groups,
    .files = files,
    .common = LTA_THREADS | LTA_MEMORY,
    .see = "enrich report export",
    .run = run,
};
