/* pipeline/cli/cmd_devices.c - lta devices. */
#include "kernels/ops.h"
#include "pipeline/cli/cli.h"

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    const lta_ops *ops;
    lta_status st = LTA_OK;
    LTA_TRY(lta_cli_parse(cli, argc, argv, NULL, 0, 0));
    if (cli->help_shown)
        return LTA_OK;
    LTA_TRY(lta_ops_get("auto", &ops));
    fprintf(cli->out, "cpu   OpenMP, %d threads\n", cli->run.threads);
    fprintf(cli->out, "cuda  not in this build\n");
    fprintf(cli->out, "auto  takes %s: no other device is compiled in\n", ops->name);
done:
    return st;
}

const lta_command lta_command_devices = {
    .name = "devices",
    .operands = "",
    .summary = "what can compute here, and which of it --device auto takes",
    .example = "  lta devices\n",
    .run = run,
};
