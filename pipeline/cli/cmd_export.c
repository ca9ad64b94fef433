/* pipeline/cli/cmd_export.c - lta export: a store as a file for other tools. */
#include "pipeline/cli/cli.h"
#include "pipeline/export/export.h"

#include <string.h>

static const lta_option options[] = {
    {"format", 0, "FMT", "csv: every request with its enrichment fields, a row each"},
    {"output", 'o', "OUT", "file to write (default: standard output)"},
    {"source", 0, "NAME", "only the requests of this source"},
    {0},
};

static lta_status set(void *target, const lta_option *option, const char *value)
{
    lta_export_options *o = target;
    if (strcmp(option->name, "format") == 0)
        o->format = value;
    else if (strcmp(option->name, "output") == 0)
        o->output = value;
    else
        o->source = value;
    return LTA_OK;
}

static const lta_option_group export_group = {"Export", options, set};

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    lta_export_options o = {0};
    void *targets[] = {&o};
    lta_status st = LTA_OK;
    LTA_TRY(lta_cli_parse(cli, argc, argv, targets, 1, 1));
    if (!cli->help_shown)
        LTA_TRY(lta_export(&cli->run, cli->operands[0], &o, cli->out));
done:
    return st;
}

static const lta_option_group *const groups[] = {&export_group, NULL};

const lta_command lta_command_export = {
    .name = "export",
    .operands = "STORE",
    .summary = "requests with their enrichment fields, for other tools",
    .example = "  lta export --format csv -o requests.csv mooncake.store\n",
    .groups = groups,
    .run = run,
};
