/* pipeline/cli/cmd_export.c - lta export: a store as a file for other tools. */
#include "pipeline/cli/cli.h"
#include "pipeline/export/export.h"
#include "pipeline/export/made_up_tokens.h"

#include <string.h>

static const lta_option options[] = {
    {"format", 0, "FMT", "format to write, see below"},
    {"output", 'o', "OUT", "file to write (default: standard output)"},
    {"source", 0, "NAME", "only the requests of this source, as it was before it was merged"},
    {"block", 0, "N", "mooncake-jsonl of a token trace: tokens a block"},
    {"tail", 0, "keep|drop", "the same: a partial last block has an id (default), or none"},
    {"seed", 0, "N",
     "block traces as tokens: make up tokens, the same for the same block id, and outputs that share "
     "nothing"},
    {"vocabulary", 0, "N", "the same: made-up token ids are below this (default 32000)"},
    {"counts-only", 0, NULL, "kavier-csv, kavier-parquet: numbers of tokens without the tokens"},
    {"allow-restricted", 0, NULL,
     "write symbols of sources whose licence forbids that they are passed on, or is not known"},
    {0},
};

static lta_status set(void *target, const lta_option *option, const char *value)
{
    lta_export_options *o = target;
    lta_status st = LTA_OK;
    if (strcmp(option->name, "format") == 0) {
        o->format = value;
    } else if (strcmp(option->name, "output") == 0) {
        o->output = value;
    } else if (strcmp(option->name, "source") == 0) {
        o->source = value;
    } else if (strcmp(option->name, "block") == 0) {
        st = lta_parse_u64(option->name, value, 1, UINT32_MAX, &o->block);
    } else if (strcmp(option->name, "tail") == 0) {
        o->drop_tail = strcmp(value, "drop") == 0;
        if (!o->drop_tail && strcmp(value, "keep") != 0)
            st = lta_fail(LTA_ERR_USAGE, "--tail %s: expected keep or drop", value);
    } else if (strcmp(option->name, "seed") == 0) {
        o->has_seed = true;
        st = lta_parse_u64(option->name, value, 0, UINT64_MAX, &o->seed);
    } else if (strcmp(option->name, "vocabulary") == 0) {
        st = lta_parse_u64(option->name, value, LTA_SMALLEST_VOCABULARY, UINT32_MAX, &o->vocabulary);
    } else if (strcmp(option->name, "counts-only") == 0) {
        o->counts_only = true;
    } else {
        o->allow_restricted = true;
    }
    return st;
}

static const lta_option_group export_group = {"Export", options, set};

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    lta_export_options o = LTA_EXPORT_DEFAULTS;
    void *targets[] = {&o};
    lta_status st = LTA_OK;
    LTA_TRY(lta_cli_parse(cli, argc, argv, targets, 1, 1));
    if (!cli->help_shown)
        LTA_TRY(lta_export(&cli->run, cli->operands[0], &o, cli->out));
done:
    return st;
}

static const lta_option_group *const groups[] = {&export_group, NULL};

static const lta_entry formats[] = {
#define ENTRY(id, name, folder, summary) {name, summary},
    LTA_EXPORT_LIST(ENTRY)
#undef ENTRY
        {0},
};

const lta_command lta_command_export = {
    .name = "export",
    .operands = "STORE",
    .summary = "requests as files for other tools",
    .description =
        "Writes the requests of a store in a format that other tools read. The file appears when it "
        "is complete, or not at all. With `--source` a source comes out as it was before it was "
        "merged.\n"
        "Symbols of sources whose licence forbids that they are passed on, and tokens of those whose licence "
        "is "
        "not known, are written only with `--allow-restricted`.",
    .example = "  lta export --format csv -o requests.csv mooncake.store\n"
               "  lta export --format marconi-jsonl --source lmsys_sps=1_nums=100 -o lmsys.jsonl all.store\n",
    .formats = formats,
    .groups = groups,
    .common = LTA_DEVICE | LTA_THREADS | LTA_MEMORY,
    .see = "enrich table release",
    .run = run,
};
