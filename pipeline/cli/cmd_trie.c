/* pipeline/cli/cmd_trie.c - lta trie. */
#include "pipeline/cli/cli.h"
#include "pipeline/trie/trie.h"

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    lta_status st = lta_cli_parse(cli, argc, argv, NULL, 1, 1);
    if (st != LTA_OK || cli->help_shown)
        return st;
    return lta_trie_stage(&cli->run, cli->operands[0]);
}

static const lta_entry files[] = {
    {"STORE/trace.h5", "read"},
    {"STORE/trie.h5", "written: the prefix trie"},
    {0},
};

const lta_command lta_command_trie = {
    .name = "trie",
    .operands = "STORE",
    .summary = "build the prefix trie: trace.h5 -> trie.h5",
    .description =
        "Builds the prefix trie of all sequences, inputs and outputs. Nothing is done where trie.h5 "
        "was made from the trace that is there.",
    .example = "  lta trie mooncake.store\n",
    .files = files,
    .common = LTA_STAGE,
    .see = "import reuse run",
    .run = run,
};
