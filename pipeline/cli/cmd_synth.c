/* pipeline/cli/cmd_synth.c - `lta synth`: writes synthetic traces in a published format. */
#include "pipeline/cli/cli.h"

#include "pipeline/synth/synth.h"

#include <stddef.h>
#include <string.h>

typedef struct synth_arguments {
    const char *dir, *format; /* borrowed from argv */
    lta_synth_options options;
} synth_arguments;

static const lta_option options[] = {
    {"output", 'o', "DIR", "folder for the files; made if absent"},
    {"format", 0, "FMT", "format of the files, see below"},
    {"files", 0, "N", "sister files, the same sessions at other arrival rates (default 3)"},
    {"size", 0, "BYTES", "total size: sessions are added until it is reached"},
    {"seed", 0, "N", "same seed and options, same bytes (default 1)"},
    {"sessions", 0, "N", "sessions a file, without --size (default 100)"},
    {"turns", 0, "N", "mean turns a session (default 12)"},
    {"message-tokens", 0, "N", "mean new tokens a turn (default 60)"},
    {"output-tokens", 0, "N", "mean tokens of a reply (default 180)"},
    {"system-tokens", 0, "N", "tokens of each shared system prompt (default 200)"},
    {"system-prompts", 0, "N", "different system prompts (default 3)"},
    {"collapse", 0, "SHARE", "share of sessions whose history collapses, 0 to 1 (default 0.25)"},
    {"token-limit", 0, "N", "a session ends before an input longer than this (default 32768)"},
    {0},
};

static lta_status set_option(void *target, const lta_option *option, const char *value)
{
    synth_arguments *a = target;
    const char *name = option->name;
    const struct {
        const char *name;
        uint64_t *to;
    } numbers[] = {
        {"files", &a->options.files},
        {"seed", &a->options.seed},
        {"sessions", &a->options.sessions},
        {"turns", &a->options.turns},
        {"message-tokens", &a->options.message_tokens},
        {"output-tokens", &a->options.output_tokens},
        {"system-tokens", &a->options.system_tokens},
        {"system-prompts", &a->options.system_prompts},
        {"token-limit", &a->options.token_limit},
    };
    if (strcmp(name, "output") == 0) {
        a->dir = value;
        return LTA_OK;
    }
    if (strcmp(name, "format") == 0) {
        if (strcmp(value, "marconi") != 0)
            return lta_fail(LTA_ERR_USAGE, "--format %s: expected marconi", value);
        a->format = value;
        return LTA_OK;
    }
    if (strcmp(name, "size") == 0)
        return lta_parse_size(name, value, &a->options.size_bytes);
    if (strcmp(name, "collapse") == 0)
        return lta_parse_f64(name, value, 0, 1, &a->options.collapse_share);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp(name, numbers[i].name) == 0)
            return lta_parse_u64(name, value, 0, UINT64_MAX,
                                 numbers[i].to); /* lta_synth_marconi() knows the ranges */
    return lta_fail(LTA_ERR_USAGE, "--%s: not an option of lta synth", name);
}

static const lta_entry formats[] = {
    {"marconi", "Marconi's JSONL with token ids of inputs and outputs"},
    {0},
};

static const lta_option_group group = {"Synthetic traces", options, set_option};
static const lta_option_group *const groups[] = {&group, NULL};

static lta_status run_synth(lta_cli *cli, int argc, char **argv)
{
    synth_arguments a = {.options = lta_synth_defaults()};
    void *targets[] = {&a};
    lta_status st = lta_cli_parse(cli, argc, argv, targets, 0, 0);
    if (st != LTA_OK || cli->help_shown)
        return st;
    if (!a.dir)
        return lta_fail(LTA_ERR_USAGE, "-o DIR is missing: the folder to write to");
    if (!a.format)
        return lta_fail(LTA_ERR_USAGE, "--format FMT is missing: expected marconi");
    return lta_synth_marconi(&cli->run, a.dir, &a.options);
}

const lta_command lta_command_synth = {
    .name = "synth",
    .operands = "",
    .summary = "write synthetic traces, reproducible from a seed",
    .description = "Writes made-up conversations in a published format, for tests and for measuring. Sister "
                   "files hold the same sessions at other arrival rates.",
    .example = "  lta synth -o traces --format marconi --files 6 --size 1G --seed 7\n",
    .groups = groups,
    .formats = formats,
    .common = LTA_THREADS | LTA_MEMORY,
    .see = "import run",
    .run = run_synth,
};
