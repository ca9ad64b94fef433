/* pipeline/cli/cmd_curve.c - lta curve: the stage, or with --csv a query. */
#include "pipeline/cli/cli.h"
#include "pipeline/curve/curve.h"

#include <string.h>

static const lta_option options[] = {
    {"block", 0, "LIST", "block sizes in tokens (default 1,16; block traces: 1, their own blocks)"},
    {"scope", 0, "global,source,session",
     "one or more of these, with commas between (default: all that the trace has)"},
    {"reserve-last", 0, NULL, "queries: always recompute the last token, as vLLM does (curve.h5 holds both)"},
    {0},
};

static lta_status parse_scopes(const char *text, lta_curve_options *o)
{
    o->n_scopes = 0;
    for (const char *p = text;;) {
        size_t length = strcspn(p, ",");
        int s = 0;
        while (s < LTA_SCOPES && (strlen(lta_scope_name((lta_scope)s)) != length ||
                                  memcmp(lta_scope_name((lta_scope)s), p, length) != 0))
            s++;
        bool seen = false;
        for (uint64_t i = 0; i < o->n_scopes; i++)
            seen = seen || o->scopes[i] == (lta_scope)s;
        if (s == LTA_SCOPES || seen)
            return lta_fail(LTA_ERR_USAGE,
                            "--scope %s: expected global, source, session, each once, with commas between",
                            text);
        o->scopes[o->n_scopes++] = (lta_scope)s;
        if (p[length] == '\0')
            return LTA_OK;
        p += length + 1;
    }
}

static lta_status set(void *target, const lta_option *option, const char *value)
{
    lta_curve_options *o = target;
    if (strcmp(option->name, "block") == 0)
        return lta_parse_u64_list(option->name, value, 1, UINT32_MAX, &o->blocks, &o->n_blocks);
    if (strcmp(option->name, "scope") == 0)
        return parse_scopes(value, o);
    o->reserve_last = true;
    return LTA_OK;
}

const lta_option_group lta_curve_group = {"Curves", options, set};

static const lta_option query_options[] = {
    {"csv", 0, "FILE", "answer a query instead of making curve.h5: print a CSV to FILE, - for stdout"},
    {"capacity", 0, "LIST", "with --csv: capacities, in symbols (in blocks where the block size is above 1)"},
    {"inputs-only", 0, NULL, "touch inputs alone: outputs are never cached"},
    {0},
};

static lta_status set_query(void *target, const lta_option *option, const char *value)
{
    lta_curve_options *o = target;
    if (strcmp(option->name, "csv") == 0)
        o->csv = value;
    else if (strcmp(option->name, "capacity") == 0)
        return lta_parse_u64_list(option->name, value, 0, INT64_MAX, &o->capacities, &o->n_capacities);
    else
        o->inputs_only = true;
    return LTA_OK;
}

static const lta_option_group query_group = {"Queries", query_options, set_query};

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    lta_curve_options o = {0};
    void *targets[] = {&o, &o};
    lta_status st = LTA_OK;
    LTA_TRY(lta_cli_parse(cli, argc, argv, targets, 1, 1));
    if (cli->help_shown)
        goto done;
    if (o.csv) {
        LTA_TRY(lta_curve_query(&cli->run, cli->operands[0], &o, cli->out));
    } else if (o.n_capacities > 0) {
        st = lta_fail(LTA_ERR_USAGE, "--capacity asks a query; expected --csv FILE beside it");
    } else {
        LTA_TRY(lta_curve_stage(&cli->run, cli->operands[0], &o));
    }
done:
    lta_curve_options_free(&o);
    return st;
}

static const lta_option_group *const groups[] = {&lta_curve_group, &query_group, NULL};

static const lta_entry files[] = {
    {"STORE/reuse.h5", "read"},
    {"STORE/curve.h5", "written, or read by queries: hit curves"},
    {0},
};

const lta_command lta_command_curve = {
    .name = "curve",
    .operands = "STORE",
    .summary = "exact hit curves: -> curve.h5; or hits at given capacities as CSV",
    .description =
        "Computes the exact number of hits of an LRU prefix cache at every capacity, for each block "
        "size and scope asked for. Block sizes above 1 count whole blocks.\n"
        "With `--csv` it answers a query instead: one row for each capacity asked for, in this "
        "order, and writes nothing to the store. The columns are scope, block, capacity, hits, "
        "lookups, hit_ratio.",
    .example = "  lta curve mooncake.store\n"
               "  lta curve mooncake.store --csv - --capacity 1000,10000,100000 --scope global\n",
    .groups = groups,
    .files = files,
    .common = LTA_STAGE,
    .see = "reuse enrich report",
    .run = run,
};
