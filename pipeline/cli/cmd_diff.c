/* pipeline/cli/cmd_diff.c - lta diff: what differs between two stores, or two files of stores. */
#include "pipeline/cli/cli.h"
#include "pipeline/diff/diff.h"

#include <string.h>

typedef struct diff_options {
    bool json;
    uint64_t limit;
} diff_options;

static const lta_option options[] = {
    {"limit", 0, "N", "show the first N requests that differ, of each column (default 5)"},
    {"json", 0, NULL, "one JSON object instead of text"},
    {0},
};

static lta_status set(void *target, const lta_option *option, const char *value)
{
    diff_options *o = target;
    if (strcmp(option->name, "limit") == 0)
        return lta_parse_u64("limit", value, 0, 1000000, &o->limit);
    o->json = true;
    return LTA_OK;
}

static const lta_option_group diff_group = {"Output", options, set};
static const lta_option_group *const groups[] = {&diff_group, NULL};

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    diff_options o = {.limit = 5};
    void *targets[] = {&o};
    json_t *difference = NULL;
    bool same;
    lta_status st = LTA_OK;
    LTA_TRY(lta_cli_parse(cli, argc, argv, targets, 2, 2));
    if (cli->help_shown)
        goto done;
    LTA_TRY(lta_diff(&cli->run, cli->operands[0], cli->operands[1], o.limit, &difference, &same));
    if (o.json) {
        json_dumpf(difference, cli->out, JSON_COMPACT | JSON_SORT_KEYS);
        fputc('\n', cli->out);
    } else {
        lta_diff_print(cli->out, difference);
    }
    cli->differs = !same;
done:
    json_decref(difference);
    return st;
}

const lta_command lta_command_diff = {
    .name = "diff",
    .operands = "OLD NEW",
    .summary = "what differs between two stores or files: sources, requests, fields, tables (exit code 1)",
    .description =
        "Compares two stores, two files of stores, or two folders of stores, as releases are, by what "
        "they hold: requests are matched by source and row, stores by name. Exit code 1 says that they "
        "differ, 0 that they do not.",
    .example =
        "  lta diff yesterday.store today.store\n  lta diff --json a.store/trace.h5 b.store/trace.h5\n",
    .groups = groups,
    .common = LTA_THREADS | LTA_MEMORY,
    .see = "info verify",
    .run = run,
};
