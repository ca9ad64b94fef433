/* pipeline/cli/cmd_verify.c - lta verify. */
#include "pipeline/cli/cli.h"
#include "pipeline/verify/verify.h"

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    lta_status st = lta_cli_parse(cli, argc, argv, NULL, 1, -1);
    if (st != LTA_OK || cli->help_shown)
        return st;
    for (int i = 0; i < cli->n_operands && st == LTA_OK; i++)
        st = lta_verify(&cli->run, cli->operands[i], cli->out);
    return st;
}

const lta_command lta_command_verify = {
    .name = "verify",
    .operands = "STORE|RELEASE|FILE.h5...",
    .summary = "check digests, structure and invariants of stores, releases and files",
    .description =
        "Checks of each file its digest, its structure and what must hold between its columns; of a "
        "store, that its files were made from each other and agree; of a release, every file that "
        "its SHA256SUMS lists. Prints a line for each file that passed. The first problem ends it "
        "with exit code 3.",
    .example = "  lta verify mooncake.store\n  lta verify release-1.0\n",
    .see = "info diff release",
    .run = run,
};
