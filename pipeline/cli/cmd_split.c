/* pipeline/cli/cmd_split.c - lta split, map, reduce and finish: one trace over many processes. */
#include "pipeline/split/split.h"

#include "pipeline/cli/cli.h"

#include <string.h>

static const lta_option split_options[] = {
    {"pieces", 'n', "N", "pieces to cut the trace into, at least (default 1)"},
    {"piece-memory", 0, "SIZE", "cut on, by doubling, until no piece is estimated to need more"},
    {0},
};

static lta_status set_split(void *target, const lta_option *option, const char *value)
{
    lta_split_options *o = target;
    if (strcmp(option->name, "pieces") == 0)
        return lta_parse_u64(option->name, value, 1, LTA_MOST_PIECES, &o->pieces);
    return lta_parse_size(option->name, value, &o->piece_memory);
}

static const lta_option_group split_group = {"Splitting", split_options, set_split};

static lta_status run_split(lta_cli *cli, int argc, char **argv)
{
    lta_split_options split = {0};
    lta_reuse_options reuse = {0};
    lta_curve_options curve = {0};
    void *targets[] = {&split, &reuse, &curve};
    lta_status st = LTA_OK;
    LTA_TRY(lta_cli_parse(cli, argc, argv, targets, 1, 1));
    if (!cli->help_shown) {
        curve.inputs_only = reuse.inputs_only;
        LTA_TRY(lta_split_stage(&cli->run, cli->operands[0], &split, reuse.inputs_only, &curve));
    }
done:
    lta_curve_options_free(&curve);
    return st;
}

static const lta_option_group *const split_groups[] = {&split_group, &lta_reuse_group, &lta_curve_group,
                                                       NULL};

static const lta_entry split_files[] = {
    {"STORE/trace.h5, STORE/trie.h5", "read"},
    {"STORE/pieces/plan.h5", "written: how the trace is cut"},
    {"STORE/pieces/piece-K.h5", "written: what piece K needs"},
    {0},
};

const lta_command lta_command_split = {
    .name = "split",
    .operands = "STORE",
    .summary = "cut a trace into pieces that many processes work on, with the result of one",
    .description =
        "Cuts the trie into subtrees, deals them out to pieces of like size, and cuts the crown above them, "
        "and "
        "the trace, into ranges of time. `lta map` then finds the runs of each piece, `lta reduce` the "
        "distances and curves of each range of time, and `lta finish` puts reuse.h5 and curve.h5 together: "
        "the "
        "bytes that `lta reuse` and `lta curve` write. Options that change results are given here.",
    .example = "  lta trie mooncake.store\n"
               "  lta split -n 4 mooncake.store\n"
               "  for k in 0 1 2 3; do lta map mooncake.store/pieces/piece-$k.h5; done\n"
               "  for k in 0 1 2 3; do lta reduce --range $k mooncake.store; done\n"
               "  lta finish mooncake.store\n",
    .groups = split_groups,
    .files = split_files,
    .common = LTA_STAGE,
    .see = "map reduce finish",
    .run = run_split,
};

static const lta_option_group *const no_groups[] = {NULL};

static lta_status run_map(lta_cli *cli, int argc, char **argv)
{
    lta_status st = lta_cli_parse(cli, argc, argv, NULL, 1, 1);
    if (st != LTA_OK || cli->help_shown)
        return st;
    return lta_map_stage(&cli->run, cli->operands[0]);
}

static const lta_entry map_files[] = {
    {"STORE/pieces/piece-K.h5", "read, and plan.h5 beside it"},
    {"STORE/pieces/map-K.h5", "written: the runs of the piece"},
    {0},
};

const lta_command lta_command_map = {
    .name = "map",
    .operands = "PIECE",
    .summary = "runs of one piece of a split trace",
    .description =
        "Finds the runs of one piece that `lta split` made. Pieces know nothing of one another: they "
        "may be done at once, in any order, on any machine that sees the files.",
    .example = "  lta map mooncake.store/pieces/piece-0.h5\n",
    .groups = no_groups,
    .files = map_files,
    .common = LTA_STAGE,
    .see = "split reduce",
    .run = run_map,
};

static const lta_option reduce_options[] = {
    {"range", 0, "K", "the range of time, from 0 (required)"},
    {0},
};

static lta_status set_reduce(void *target, const lta_option *option, const char *value)
{
    return lta_parse_u64(option->name, value, 0, LTA_MOST_PIECES - 1, target);
}

static const lta_option_group reduce_group = {"Ranges", reduce_options, set_reduce};
static const lta_option_group *const reduce_groups[] = {&reduce_group, NULL};

static lta_status run_reduce(lta_cli *cli, int argc, char **argv)
{
    uint64_t range = UINT64_MAX;
    void *targets[] = {&range};
    lta_status st = lta_cli_parse(cli, argc, argv, targets, 1, 1);
    if (st != LTA_OK || cli->help_shown)
        return st;
    if (range == UINT64_MAX)
        return lta_fail(LTA_ERR_USAGE, "no range named; expected --range K");
    return lta_reduce_stage(&cli->run, cli->operands[0], range);
}

static const lta_entry reduce_files[] = {
    {"STORE/pieces/map-*.h5", "read: all of them"},
    {"STORE/pieces/reduce-K.h5", "written: runs with distances, and curves, of the range"},
    {0},
};

const lta_command lta_command_reduce = {
    .name = "reduce",
    .operands = "STORE",
    .summary = "distances and curves of one range of time of a split trace",
    .description =
        "Puts together the runs that every `lta map` found for the requests of one range of time, and "
        "computes their distances and their part of the curves. There are as many ranges as pieces; "
        "they may be done at once, in any order.",
    .example = "  lta reduce --range 0 mooncake.store\n",
    .groups = reduce_groups,
    .files = reduce_files,
    .common = LTA_STAGE,
    .see = "map finish",
    .run = run_reduce,
};

static lta_status run_finish(lta_cli *cli, int argc, char **argv)
{
    lta_status st = lta_cli_parse(cli, argc, argv, NULL, 1, 1);
    if (st != LTA_OK || cli->help_shown)
        return st;
    return lta_finish_stage(&cli->run, cli->operands[0]);
}

static const lta_entry finish_files[] = {
    {"STORE/pieces/reduce-*.h5", "read: all of them"},
    {"STORE/reuse.h5, STORE/curve.h5", "written: the bytes that lta reuse and lta curve write"},
    {0},
};

const lta_command lta_command_finish = {
    .name = "finish",
    .operands = "STORE",
    .summary = "reuse.h5 and curve.h5 from the ranges of a split trace",
    .description = "Puts the ranges that `lta reduce` made one behind the other, and adds up their curves. "
                   "`lta enrich` and `lta table` go on from there; STORE/pieces can then be removed.",
    .example = "  lta finish mooncake.store\n",
    .groups = no_groups,
    .files = finish_files,
    .common = LTA_STAGE,
    .see = "split enrich",
    .run = run_finish,
};
