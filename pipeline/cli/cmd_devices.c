/* pipeline/cli/cmd_devices.c - lta devices. */
#include "kernels/cuda_device.h"
#include "kernels/ops.h"
#include "pipeline/cli/cli.h"

#define GIB ((double)(1 << 30))

static lta_status print_cuda(FILE *out)
{
    if (!lta_ops_has_cuda()) {
        fprintf(out, "cuda    not in this build\n");
        return LTA_OK;
    }
    int n;
    lta_status st = LTA_OK;
    lta_cuda_device d;
    if (lta_cuda_count(&n) != LTA_OK) {
        fprintf(out, "cuda    %s\n", lta_error_detail());
        return LTA_OK;
    }
    for (int i = 0; i < n; i++) {
        LTA_TRY(lta_cuda_describe(i, &d));
        fprintf(out, "cuda:%d  %s, compute capability %d.%d, %d multiprocessors, %.1f of %.1f GiB free\n", i,
                d.name, d.major, d.minor, d.multiprocessors, (double)d.free_bytes / GIB,
                (double)d.memory_bytes / GIB);
    }
done:
    return st;
}

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    const lta_ops *ops;
    lta_status st = LTA_OK;
    LTA_TRY(lta_cli_parse(cli, argc, argv, NULL, 0, 0));
    if (cli->help_shown)
        return LTA_OK;
    LTA_TRY(lta_ops_get("auto", &ops));
    fprintf(cli->out, "cpu     OpenMP, %d threads\n", cli->run.threads);
    LTA_TRY(print_cuda(cli->out));
    fprintf(
        cli->out, "auto    takes %s\n",
        ops->by_cost
            ? "cuda for each operation that is modelled to be faster there, where there is a device; else cpu"
            : "cpu: no other device is compiled in");
done:
    return st;
}

const lta_command lta_command_devices = {
    .name = "devices",
    .operands = "",
    .summary = "what can compute here, and which of it --device auto takes",
    .description = "Shows the processor threads and the CUDA devices that computations can use, and what "
                   "`--device auto` takes.",
    .example = "  lta devices\n",
    .run = run,
};
