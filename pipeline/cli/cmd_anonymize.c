/* pipeline/cli/cmd_anonymize.c - lta anonymize. */
#include "pipeline/anonymize/anonymize.h"
#include "pipeline/cli/cli.h"

#include <string.h>

typedef struct anonymize_options {
    const char *store;
    uint64_t block_tokens;
} anonymize_options;

static const lta_option options[] = {
    {"output", 'o', "STORE", "folder of the anonymised trace (required); made if absent"},
    {"block", 0, "N", "tokens a block (default: 16; a block trace's own)"},
    {0},
};

static lta_status set(void *target, const lta_option *option, const char *value)
{
    anonymize_options *o = target;
    if (strcmp(option->name, "block") == 0)
        return lta_parse_u64("block", value, 1, UINT32_MAX - 1, &o->block_tokens);
    o->store = value;
    return LTA_OK;
}

static const lta_option_group anonymize_group = {"Anonymised trace", options, set};
static const lta_option_group *const groups[] = {&anonymize_group, NULL};

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    anonymize_options o = {0};
    void *targets[] = {&o};
    lta_status st = lta_cli_parse(cli, argc, argv, targets, 1, 1);
    if (st != LTA_OK || cli->help_shown)
        return st;
    if (!o.store)
        return lta_fail(LTA_ERR_USAGE, "no store named; expected -o STORE");
    return lta_anonymize(&cli->run, o.store, cli->operands[0], o.block_tokens);
}

static const lta_entry files[] = {
    {"STORE/trace.h5", "read, with trie.h5; and written to the new store"},
    {0},
};

const lta_command lta_command_anonymize = {
    .name = "anonymize",
    .operands = "STORE",
    .summary =
        "the trace with numbered blocks for symbols, which tell equal prefixes and nothing else: -> trace.h5",
    .description = "Makes a trace that may be published where its tokens may not. Each block of tokens "
                   "becomes a number that "
                   "stands for everything up to its end, numbered in the order of first appearance: requests "
                   "begin with the "
                   "same numbers as far as their tokens agree, and the numbers tell nothing else. Curves and "
                   "hits of the new "
                   "trace are those of the old one at that block size; `lta run` computes them.",
    .example = "  lta anonymize -o blocks.store --block 16 lmsys.store\n",
    .groups = groups,
    .files = files,
    .common = LTA_STAGE,
    .see = "merge run release",
    .run = run,
};
