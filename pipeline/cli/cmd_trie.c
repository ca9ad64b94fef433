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

const lta_command lta_command_trie = {
    .name = "trie",
    .operands = "STORE",
    .summary = "build the prefix trie: trace.h5 -> trie.h5",
    .example = "  lta trie mooncake.store\n",
    .run = run,
};
