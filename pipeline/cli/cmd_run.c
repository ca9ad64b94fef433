/* pipeline/cli/cmd_run.c - lta run: every stage, from source files to tables, each skipped when up to date.
 */
#include "pipeline/cli/cli.h"
#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/curve/curve.h"
#include "pipeline/enrich/enrich.h"
#include "pipeline/import/import.h"
#include "pipeline/reuse/reuse.h"
#include "pipeline/stage/carry.h"
#include "pipeline/table/table.h"
#include "pipeline/trie/trie.h"

#include <stddef.h>

static const lta_option options[] = {
    {"output", 'o', "STORE", "the store's folder (required); made if absent"},
    {0},
};

static lta_status set(void *target, const lta_option *option, const char *value)
{
    (void)option;
    *(const char **)target = value;
    return LTA_OK;
}

static const lta_option_group output_group = {"Output", options, set};
static const lta_option_group *const groups[] = {&output_group,
                                                 &lta_import_group,
                                                 &lta_sources_group,
                                                 &lta_reuse_group,
                                                 &lta_curve_group,
                                                 &lta_enrich_group,
                                                 NULL};

static lta_status print_written(lta_cli *cli, const char *store)
{
    fprintf(cli->out, "\nWritten\n");
    fprintf(cli->out, "  %s/enriched.h5  every request with its enrichment fields, and the tables (HDF5)\n",
            store);
    fprintf(cli->out, "  %s/tables/      the tables as CSV\n", store);
    fprintf(cli->out, "  per request as CSV: lta export --format csv -o requests.csv %s\n", store);
    return LTA_OK;
}

/* What is said of files that are not there would be lost without a word. */
static lta_status refuse_import_options(const lta_cli *cli)
{
    for (int i = 0; groups[i]; i++)
        if ((groups[i] == &lta_import_group || groups[i] == &lta_sources_group) && cli->given[i])
            return lta_fail(LTA_ERR_USAGE, "--%s is for importing, but no FILE is given to import",
                            cli->given[i]->name);
    return LTA_OK;
}

/* Without files there must be a trace to go on from. */
static lta_status import_or_go_on(lta_cli *cli, const char *store, const lta_import_options *import)
{
    lta_status st = LTA_OK;
    char *trace = NULL;
    if (cli->n_operands > 0)
        return lta_import(&cli->run, store, import, cli->n_operands, cli->operands);
    LTA_TRY(refuse_import_options(cli));
    LTA_TRY(lta_join_path(store, "trace.h5", &trace));
    if (!lta_file_exists(trace))
        st = lta_fail(LTA_ERR_USAGE, "missing operands, expected FILE..., as there is no %s to go on from",
                      trace);
done:
    lta_free(trace);
    return st;
}

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    lta_status st = LTA_OK;
    const char *store = NULL;
    lta_import_options import = LTA_IMPORT_DEFAULTS;
    lta_reuse_options reuse = {0};
    lta_curve_options curve = {0};
    lta_enrich_options enrich = {0};
    void *targets[] = {&store, &import, &import, &reuse, &curve, &enrich};

    LTA_TRY(lta_cli_parse(cli, argc, argv, targets, 0, -1));
    if (cli->help_shown)
        goto done;
    if (!store) {
        st = lta_fail(LTA_ERR_USAGE, "no store named; expected -o STORE");
        goto done;
    }
    curve.inputs_only = reuse.inputs_only;
    LTA_TRY(import_or_go_on(cli, store, &import));
    LTA_TRY(lta_carry_create(&cli->run.carry));
    LTA_TRY(lta_trie_stage(&cli->run, store));
    LTA_TRY(lta_reuse_stage(&cli->run, store, &reuse));
    LTA_TRY(lta_curve_stage(&cli->run, store, &curve));
    LTA_TRY(lta_enrich_stage(&cli->run, store, &enrich));
    LTA_TRY(lta_table_stage(&cli->run, store, NULL));
    LTA_TRY(lta_summary_print(store, cli->out));
    LTA_TRY(print_written(cli, store));
done:
    lta_carry_free(cli->run.carry);
    cli->run.carry = NULL;
    lta_curve_options_free(&curve);
    lta_enrich_options_free(&enrich);
    return st;
}

static const lta_entry files[] = {
    {"STORE/trace.h5", "the trace"},
    {"STORE/trie.h5", "the prefix trie"},
    {"STORE/reuse.h5", "runs and reuse distances"},
    {"STORE/curve.h5", "hit curves"},
    {"STORE/enriched.h5", "requests with their fields, and the tables"},
    {"STORE/tables", "the tables as CSV"},
    {0},
};

const lta_command lta_command_run = {
    .name = "run",
    .operands = "[FILE...]",
    .summary =
        "everything: source files -> store with trie, distances, curves, enriched trace, tables; without "
        "files, from the trace that is there",
    .description =
        "Does what `lta import`, `lta trie`, `lta reuse`, `lta curve`, `lta enrich` and `lta table` "
        "do, one after the other, and prints a summary. Stages that are up to date are skipped, so "
        "a run that was stopped goes on where it was. Without files it goes on from the trace that "
        "is in the store.\n"
        "Several files become one trace; see `lta help import`.",
    .example = "  lta run -o mooncake.store --format mooncake conversation_trace.jsonl\n",
    .formats = lta_import_formats,
    .groups = groups,
    .files = files,
    .common = LTA_STAGE | LTA_ON_ERROR,
    .see = "import enrich report export verify",
    .run = run,
};
