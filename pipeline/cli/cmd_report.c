/* pipeline/cli/cmd_report.c - lta report: the main figures of an enriched store as one HTML page. */
#include "pipeline/cli/cli.h"
#include "pipeline/report/report.h"

static const lta_option options[] = {
    {"output", 'o', "FILE", "page to write, - for stdout (default STORE/report.html)"},
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
    const char *path = NULL;
    void *targets[] = {&path};
    lta_status st = LTA_OK;
    LTA_TRY(lta_cli_parse(cli, argc, argv, targets, 1, 1));
    if (!cli->help_shown)
        LTA_TRY(lta_report(&cli->run, cli->operands[0], path, cli->out));
done:
    return st;
}

static const lta_option_group *const groups[] = {&output_group, NULL};

static const lta_entry files[] = {
    {"STORE/enriched.h5", "read"},
    {"STORE/report.html", "written, unless -o names another file"},
    {0},
};

const lta_command lta_command_report = {
    .name = "report",
    .operands = "STORE",
    .summary = "the main figures of an enriched store as one HTML page",
    .description = "Draws the main tables of an enriched store as one HTML page that needs nothing else.",
    .example = "  lta report mooncake.store -o report.html\n",
    .groups = groups,
    .files = files,
    .common = LTA_THREADS | LTA_MEMORY,
    .see = "enrich table",
    .run = run,
};
