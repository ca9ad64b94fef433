/* pipeline/cli/cmd_import.c - lta import. */
#include "pipeline/cli/cli.h"
#include "pipeline/import/import.h"

#include <string.h>

static const lta_option options[] = {
    {"format", 0, "FMT", "format of the files, see below (default auto: found out and said)"},
    {"tail", 0, "keep|drop", "block traces: keep (default) or drop the id of a partial last block"},
    {"block-tokens", 0, "N", "block traces: tokens a block, where the files leave it open"},
    {"ids", 0, "u32|u64|text|oracle-general", "flat traces: what a file holds, where its name does not tell"},
    {"order", 0, "time|file", "kavier: by time (default), or as the rows stand, without times"},
    {"cut-at-time-fall", 0, NULL, "kavier: each fall of the time begins another source"},
    {"tokenizer", 0, "bytes|FILE",
     "conversations: tokenize each message's content by itself, as bytes of UTF-8 or by a SentencePiece "
     "tokenizer.model (with its BOS); without, lengths stay unknown"},
    {"marconi-rules", 0, NULL,
     "conversations: make the trace that Marconi's published rules make of them, messages as JSON objects, "
     "arrivals synthetic; needs --tokenizer, --sps, and for swebench --art"},
    {"sps", 0, "X", "Marconi's rules: sessions started per second"},
    {"art", 0, "X", "Marconi's rules, swebench: mean seconds between an agent's turns"},
    {"sessions", 0, "N", "Marconi's rules: conversations taken (default 100)"},
    {"sha256", 0, NULL, "record the SHA-256 of every file"},
    {0},
};

static const lta_option source_options[] = {
    {"name", 0, "NAME", "name of the trace (default: the first source's)"},
    {"timeline", 0, "concat|overlay",
     "sources one after the other (default), or by their own clocks at once"},
    {"gap", 0, "USEC", "concat: microseconds between sources (default 0)"},
    {"sort", 0, NULL, "take sources by the names of their files, not in the order given"},
    {0},
};

/* One of two words: *out tells whether it is the second. */
static lta_status choose(const lta_option *option, const char *value, const char *first, const char *second,
                         bool *out)
{
    *out = strcmp(value, second) == 0;
    if (!*out && strcmp(value, first) != 0)
        return lta_fail(LTA_ERR_USAGE, "--%s %s: expected %s or %s", option->name, value, first, second);
    return LTA_OK;
}

static lta_status set(void *target, const lta_option *option, const char *value)
{
    lta_import_options *o = target;
    lta_status st = LTA_OK;
    uint64_t n = 0;
    bool second = false;
    if (strcmp(option->name, "format") == 0) {
        const lta_format *f = lta_formats;
        while (f->name && strcmp(f->name, value) != 0)
            f++;
        if (!f->name)
            return lta_fail(LTA_ERR_USAGE, "--format %s: expected one of " LTA_FORMAT_NAMES, value);
        o->format = f->name;
    } else if (strcmp(option->name, "tail") == 0) {
        st = choose(option, value, "keep", "drop", &second);
        o->drop_tail = second;
    } else if (strcmp(option->name, "block-tokens") == 0) {
        st = lta_parse_u64(option->name, value, 1, INT32_MAX, &n);
        o->block_tokens = (uint32_t)n;
    } else if (strcmp(option->name, "ids") == 0) {
        unsigned i = LTA_IDS_U32;
        while (lta_ids_names[i] && strcmp(lta_ids_names[i], value) != 0)
            i++;
        if (!lta_ids_names[i])
            return lta_fail(LTA_ERR_USAGE, "--ids %s: expected u32, u64, text or oracle-general", value);
        o->ids = (lta_ids)i;
    } else if (strcmp(option->name, "order") == 0) {
        st = choose(option, value, "time", "file", &second);
        o->file_order = second;
    } else if (strcmp(option->name, "cut-at-time-fall") == 0) {
        o->cut_at_time_fall = true;
    } else if (strcmp(option->name, "tokenizer") == 0) {
        o->tokenizer = value;
    } else if (strcmp(option->name, "marconi-rules") == 0) {
        o->marconi_rules = true;
    } else if (strcmp(option->name, "sps") == 0) {
        o->sps = value;
    } else if (strcmp(option->name, "art") == 0) {
        o->art = value;
    } else if (strcmp(option->name, "sessions") == 0) {
        st = lta_parse_u64(option->name, value, 1, INT32_MAX, &o->sessions);
    } else {
        o->sha256 = true;
    }
    return st;
}

const lta_option_group lta_import_group = {"Import", options, set};

static lta_status set_sources(void *target, const lta_option *option, const char *value)
{
    lta_import_options *o = target;
    lta_status st = LTA_OK;
    uint64_t n = 0;
    bool overlay = false;
    if (strcmp(option->name, "name") == 0) {
        o->name = value;
    } else if (strcmp(option->name, "timeline") == 0) {
        st = choose(option, value, "concat", "overlay", &overlay);
        o->timeline = overlay ? LTA_TIMELINE_OVERLAY : LTA_TIMELINE_CONCAT;
    } else if (strcmp(option->name, "gap") == 0) {
        st = lta_parse_u64(option->name, value, 0, INT64_MAX, &n);
        o->gap_us = (int64_t)n;
    } else {
        o->sort = true;
    }
    return st;
}

const lta_option_group lta_sources_group = {"Sources", source_options, set_sources};

const lta_entry lta_import_formats[] = {
    {"auto", "found out by the name, the first line or the columns of each file"},
#define ENTRY(reader, name, summary) {name, summary},
    LTA_FORMAT_LIST(ENTRY)
#undef ENTRY
        {0},
};

static const lta_option output_options[] = {
    {"output", 'o', "STORE", "the store's folder (required); made if absent"},
    {0},
};

static lta_status set_output(void *target, const lta_option *option, const char *value)
{
    (void)option;
    *(const char **)target = value;
    return LTA_OK;
}

static const lta_option_group output_group = {"Output", output_options, set_output};
static const lta_option_group *const groups[] = {&output_group, &lta_import_group, &lta_sources_group, NULL};

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    const char *store = NULL;
    lta_import_options o = LTA_IMPORT_DEFAULTS;
    void *targets[] = {&store, &o, &o};
    lta_status st = lta_cli_parse(cli, argc, argv, targets, 1, -1);
    if (st != LTA_OK || cli->help_shown)
        return st;
    if (!store)
        return lta_fail(LTA_ERR_USAGE, "no store named; expected -o STORE");
    return lta_import(&cli->run, store, &o, cli->n_operands, cli->operands);
}

static const lta_entry files[] = {
    {"STORE/trace.h5", "written: the trace"},
    {0},
};

const lta_command lta_command_import = {
    .name = "import",
    .operands = "FILE...",
    .summary = "source files into one trace: -> trace.h5",
    .description =
        "Reads source files into one trace and writes it to the store. Files ending in .gz and .zst "
        "are read as they are, and - is standard input. Bad input ends with exit code 3 and no "
        "file, unless `--on-error skip` drops bad rows and counts them by reason.\n"
        "Several files become one trace: one after the other, or by their own clocks at once, as "
        "`--timeline` says. Token traces and block traces do not mix, nor do blocks of two sizes.\n"
        "Nothing is done where the trace in the store was made from the same files with the same "
        "options.",
    .example = "  lta import -o mooncake.store --format mooncake conversation_trace.jsonl\n"
               "  lta import -o lmsys.store --tokenizer tokenizer.model --marconi-rules --sps 1 "
               "train-00000-of-00006.parquet\n",
    .formats = lta_import_formats,
    .groups = groups,
    .files = files,
    .common = LTA_STAGE | LTA_ON_ERROR,
    .see = "run merge trie",
    .run = run,
};
