/* pipeline/cli/cmd_enrich.c - lta enrich: per-request fields and summary tables. */
#include "pipeline/cli/cli.h"
#include "pipeline/enrich/enrich.h"
#include "pipeline/enrich/statistics.h"

#include "pipeline/core/array.h"

#include <string.h>

static const lta_option options[] = {
    {"model", 0, "MODEL",
     "model for bytes of KV cache, or NAME:LAYERS:KV_HEADS:HEAD_SIZE:BYTES (default llama-3-8b)"},
    {"capacity", 0, "LIST",
     "cache sizes in symbols for hit_<C> and the tables (default 1000,10000,100000,1000000)"},
    {"window", 0, "SECONDS", "length of the windows of the table `windows` (default 60)"},
    {0},
};

/* Rising, each once: the order and number of hit_<C> follow from the set alone. */
static lta_status set_capacities(const char *value, lta_enrich_options *o)
{
    lta_status st = LTA_OK;
    uint64_t *scratch = NULL, kept = 0;
    LTA_TRY(lta_parse_u64_list("capacity", value, 1, INT64_MAX, &o->capacities, &o->n_capacities));
    LTA_TRY(LTA_ALLOC(&scratch, o->n_capacities));
    lta_sort_u64(o->capacities, scratch, o->n_capacities);
    for (uint64_t i = 0; i < o->n_capacities; i++)
        if (kept == 0 || o->capacities[kept - 1] != o->capacities[i])
            o->capacities[kept++] = o->capacities[i];
    o->n_capacities = kept;
done:
    lta_free(scratch);
    return st;
}

static lta_status set(void *target, const lta_option *option, const char *value)
{
    lta_enrich_options *o = target;
    if (strcmp(option->name, "capacity") == 0)
        return set_capacities(value, o);
    if (strcmp(option->name, "window") == 0)
        return lta_parse_u64(option->name, value, 1, 1000000000, &o->window_seconds);
    char name[64];
    lta_model model;
    o->model = value;
    return lta_model_parse(value, name, &model); /* a wrong name is told before hours of work */
}

const lta_option_group lta_enrich_group = {"Enrichment", options, set};

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    lta_enrich_options o = {0};
    void *targets[] = {&o};
    lta_status st = LTA_OK;
    LTA_TRY(lta_cli_parse(cli, argc, argv, targets, 1, 1));
    if (!cli->help_shown)
        LTA_TRY(lta_enrich_stage(&cli->run, cli->operands[0], &o));
done:
    lta_enrich_options_free(&o);
    return st;
}

static const lta_option_group *const groups[] = {&lta_enrich_group, NULL};

static const lta_entry files[] = {
    {"STORE/trace.h5, trie.h5, reuse.h5, curve.h5", "read"},
    {"STORE/enriched.h5", "written: requests with their fields, and the tables"},
    {0},
};

const lta_command lta_command_enrich = {
    .name = "enrich",
    .operands = "STORE",
    .summary = "reuse fields of every request, and summary tables: -> enriched.h5",
    .description =
        "Computes the enrichment fields of every request, and the summary tables, from the files of "
        "the stages before. What each column means is said in its description in the file, and in "
        "pipeline/doc/tables.md.",
    .example = "  lta enrich mooncake.store --model llama-3-70b --capacity 2000,20000\n",
    .groups = groups,
    .files = files,
    .common = LTA_STAGE,
    .see = "curve table export report",
    .run = run,
};
