/* pipeline/cli/cmd_reuse.c - lta reuse. */
#include "pipeline/cli/cli.h"
#include "pipeline/reuse/reuse.h"

static const lta_option options[] = {
    {"inputs-only", 0, NULL, "touch inputs alone: outputs are never cached"},
    {0},
};

static lta_status set(void *target, const lta_option *option, const char *value)
{
    (void)option;
    (void)value;
    ((lta_reuse_options *)target)->inputs_only = true;
    return LTA_OK;
}

const lta_option_group lta_reuse_group = {"Reuse", options, set};

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    lta_reuse_options o = {0};
    void *targets[] = {&o};
    lta_status st = lta_cli_parse(cli, argc, argv, targets, 1, 1);
    if (st != LTA_OK || cli->help_shown)
        return st;
    return lta_reuse_stage(&cli->run, cli->operands[0], &o);
}

static const lta_option_group *const groups[] = {&lta_reuse_group, NULL};

static const lta_entry files[] = {
    {"STORE/trace.h5, STORE/trie.h5", "read"},
    {"STORE/reuse.h5", "written: runs and reuse distances"},
    {0},
};

const lta_command lta_command_reuse = {
    .name = "reuse",
    .operands = "STORE",
    .summary = "runs and exact reuse distances in every scope: -> reuse.h5",
    .description = "Computes the exact LRU reuse distance of every position that is touched again, in every "
                   "scope that the trace has: everyone, requests of the same source, requests of the same "
                   "session.",
    .example = "  lta reuse mooncake.store\n",
    .groups = groups,
    .files = files,
    .common = LTA_STAGE,
    .see = "trie curve run",
    .run = run,
};
