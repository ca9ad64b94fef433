/* pipeline/cli/cmd_release.c - lta release. A trace's options are those of `lta run`, by the same tables. */
#include "pipeline/cli/cli.h"

#include "pipeline/core/array.h"
#include "pipeline/release/release.h"

#include <string.h>

typedef struct release_options {
    const char *output, *work;
    uint64_t anonymize;
} release_options;

static const lta_option options[] = {
    {"output", 'o', "DIR",
     "folder of the release (required): absent, empty, or one of a release; another one with `--force` only; "
     "no source may lie in it"},
    {"work", 0, "DIR",
     "folder for the stores that it is made from, apart from that of the release (default: its name and "
     ".work)"},
    {"anonymize", 0, "N",
     "publish blocks of N tokens, anonymised, of every trace that has symbols (those for which CONFIG names "
     "N, and traces of blocks, keep theirs)"},
    {0},
};

static lta_status set(void *target, const lta_option *option, const char *value)
{
    release_options *o = target;
    if (strcmp(option->name, "anonymize") == 0)
        return lta_parse_u64("anonymize", value, 1, UINT32_MAX - 1, &o->anonymize);
    *(strcmp(option->name, "work") == 0 ? &o->work : &o->output) = value;
    return LTA_OK;
}

static const lta_option_group output_group = {"Release", options, set};
static const lta_option_group *const groups[] = {&output_group, NULL};

/* As the common option of lta run. */
static lta_status set_on_error(const char *path, const lta_release_option *given, bool *skip)
{
    *skip = strcmp(given->value, "skip") == 0;
    if (!*skip && strcmp(given->value, "fail") != 0)
        return lta_fail(LTA_ERR_FORMAT, "%s:%llu: --on-error %s: expected fail or skip", path,
                        (unsigned long long)given->line, given->value);
    return LTA_OK;
}

/* One option of a trace goes to the group that knows it, as on the command line. */
static lta_status set_option(const char *path, const lta_release_option *given, lta_release_job *job)
{
    const struct {
        const lta_option_group *group;
        void *target;
    } known[] = {{&lta_import_group, &job->import},
                 {&lta_sources_group, &job->import},
                 {&lta_reuse_group, &job->reuse},
                 {&lta_curve_group, &job->curve},
                 {&lta_enrich_group, &job->enrich}};
    for (size_t g = 0; g < sizeof known / sizeof *known; g++)
        for (const lta_option *o = known[g].group->options; o->name; o++) {
            if (strcmp(o->name, given->name) != 0)
                continue;
            if (!o->argument && strcmp(given->value, "true") != 0)
                return lta_fail(LTA_ERR_FORMAT, "%s:%llu: %s takes no value, expected true", path,
                                (unsigned long long)given->line, o->name);
            lta_status st = known[g].group->set(known[g].target, o, o->argument ? given->value : NULL);
            if (st == LTA_ERR_USAGE) {
                char what[1024];
                snprintf(what, sizeof what, "%s", lta_error_detail());
                return lta_fail(LTA_ERR_FORMAT, "%s:%llu: %s", path, (unsigned long long)given->line, what);
            }
            return st;
        }
    return lta_fail(LTA_ERR_FORMAT, "%s:%llu: lta run has no option \"%s\" for a trace", path,
                    (unsigned long long)given->line, given->name);
}

static lta_status make_jobs(const lta_run *run, lta_release_config *c, lta_release_job **out)
{
    lta_status st = LTA_OK;
    lta_release_job *job;
    LTA_TRY(LTA_CALLOC(&job, c->n_traces));
    *out = job;
    for (uint64_t t = 0; t < c->n_traces; t++) {
        lta_release_trace *trace = &c->trace[t];
        job[t].import = LTA_IMPORT_DEFAULTS;
        trace->skip_bad_rows = run->skip_bad_rows;
        for (uint64_t i = 0; i < trace->n_options; i++)
            LTA_TRY(strcmp(trace->option[i].name, "on-error") == 0
                        ? set_on_error(c->path, &trace->option[i], &trace->skip_bad_rows)
                        : set_option(c->path, &trace->option[i], &job[t]));
    }
done:
    return st;
}

static void free_jobs(lta_release_job *job, uint64_t n)
{
    for (uint64_t i = 0; job && i < n; i++) {
        lta_curve_options_free(&job[i].curve);
        lta_enrich_options_free(&job[i].enrich);
    }
    lta_free(job);
}

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    lta_status st = LTA_OK;
    release_options o = {0};
    void *targets[] = {&o};
    lta_release_config c = {0};
    lta_release_job *job = NULL;
    char *work = NULL;
    LTA_TRY(lta_cli_parse(cli, argc, argv, targets, 1, 1));
    if (cli->help_shown)
        goto done;
    if (!o.output)
        LTA_TRY(lta_fail(LTA_ERR_USAGE, "no folder named; expected -o DIR"));
    size_t n = strlen(o.output);
    while (n > 1 && o.output[n - 1] == '/')
        n--;
    LTA_TRY(LTA_ALLOC(&work, n + sizeof ".work"));
    snprintf(work, n + sizeof ".work", "%.*s.work", (int)n, o.output);
    LTA_TRY(lta_release_config_read(cli->operands[0], &c));
    for (uint64_t t = 0; t < c.n_traces; t++)
        if (c.trace[t].anonymize == 0)
            c.trace[t].anonymize = o.anonymize;
    LTA_TRY(make_jobs(&cli->run, &c, &job));
    LTA_TRY(lta_release(&cli->run, &c, job, o.output, o.work ? o.work : work));
done:
    free_jobs(job, c.n_traces);
    lta_release_config_free(&c);
    lta_free(work);
    return st;
}

static const lta_entry files[] = {
    {"DIR/SHA256SUMS", "the digest of every other file; written last"},
    {"DIR.work", "the stores that it is made from, unless --work names another folder"},
    {0},
};

const lta_command lta_command_release = {
    .name = "release",
    .operands = "CONFIG",
    .summary = "a whole release from its source files: every trace of CONFIG enriched, exported, described, "
               "with digests",
    .description = "Imports, analyses and exports every trace that the configuration names, and writes the "
                   "folder that an archive publishes: data, tables, a data dictionary, metadata, provenance, "
                   "and SHA256SUMS last; until then the folder holds a file .unfinished. Files that an "
                   "earlier release put there and this "
                   "one does not publish are removed. The same files, "
                   "configuration and build give the same bytes. The "
                   "configuration is described in pipeline/release/config.h.",
    .example = "  lta release -o release-1.0 pipeline/release/examples/synthetic.yaml\n",
    .groups = groups,
    .files = files,
    .common = LTA_STAGE | LTA_ON_ERROR,
    .see = "run export verify",
    .run = run,
};
