/* pipeline/cli/cmd_devices.c - lta devices. */
#include "kernels/cuda_device.h"
#include "kernels/ops.h"
#include "pipeline/cli/cli.h"

#include <jansson.h>

#define GIB ((double)(1 << 30))

static const lta_option_group *const groups[] = {&lta_json_group, NULL};

/* Devices, or why there are none. */
static lta_status list_cuda(json_t *into)
{
    lta_status st = LTA_OK;
    lta_cuda_device d;
    int n = 0;
    json_t *list = json_array();
    json_object_set_new(into, "cuda", list);
    if (!lta_ops_has_cuda() || lta_cuda_count(&n) != LTA_OK) {
        json_object_set_new(into, "cuda_absent",
                            json_string(lta_ops_has_cuda() ? lta_error_detail() : "not in this build"));
        return LTA_OK;
    }
    for (int i = 0; i < n; i++) {
        LTA_TRY(lta_cuda_describe(i, &d));
        json_array_append_new(
            list, json_pack("{s:s, s:i, s:i, s:i, s:I, s:I}", "name", d.name, "compute_major", d.major,
                            "compute_minor", d.minor, "multiprocessors", d.multiprocessors, "free_bytes",
                            (json_int_t)d.free_bytes, "memory_bytes", (json_int_t)d.memory_bytes));
    }
done:
    return st;
}

static long long number(const json_t *device, const char *key)
{
    return (long long)json_integer_value(json_object_get(device, key));
}

static void print(FILE *out, const json_t *all)
{
    const json_t *absent = json_object_get(all, "cuda_absent"), *list = json_object_get(all, "cuda");
    fprintf(out, "cpu     OpenMP, %lld threads\n", number(all, "cpu_threads"));
    if (absent)
        fprintf(out, "cuda    %s\n", json_string_value(absent));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *d = json_array_get(list, i);
        fprintf(out,
                "cuda:%zu  %s, compute capability %lld.%lld, %lld multiprocessors, %.1f of %.1f GiB free\n",
                i, json_string_value(json_object_get(d, "name")), number(d, "compute_major"),
                number(d, "compute_minor"), number(d, "multiprocessors"),
                (double)number(d, "free_bytes") / GIB, (double)number(d, "memory_bytes") / GIB);
    }
    fprintf(
        out, "auto    takes %s\n",
        json_is_true(json_object_get(all, "auto_by_cost"))
            ? "cuda for each operation that is modelled to be faster there, where there is a device; else cpu"
            : "cpu: no other device is compiled in");
}

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    const lta_ops *ops;
    lta_status st = LTA_OK;
    bool json = false;
    void *targets[] = {&json};
    json_t *all = NULL;
    LTA_TRY(lta_cli_parse(cli, argc, argv, targets, 0, 0));
    if (cli->help_shown)
        return LTA_OK;
    LTA_TRY(lta_ops_get("auto", &ops));
    all = json_pack("{s:i, s:b}", "cpu_threads", cli->run.threads, "auto_by_cost", ops->by_cost);
    if (!all)
        LTA_TRY(lta_fail(LTA_ERR_NOMEM, "memory has run out over the list of devices"));
    LTA_TRY(list_cuda(all));
    if (json) {
        json_dumpf(all, cli->out, JSON_COMPACT | JSON_SORT_KEYS);
        fputc('\n', cli->out);
    } else {
        print(cli->out, all);
    }
done:
    json_decref(all);
    return st;
}

const lta_command lta_command_devices = {
    .name = "devices",
    .operands = "",
    .summary = "what can compute here, and which of it --device auto takes",
    .description = "Shows the processor threads and the CUDA devices that computations can use, and what "
                   "`--device auto` takes.",
    .example = "  lta devices\n",
    .groups = groups,
    .common = LTA_THREADS,
    .run = run,
};
