/* pipeline/release/release.c - see release.h. */
#include "pipeline/release/release.h"

#include "pipeline/anonymize/anonymize.h"
#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/export/export.h"
#include "pipeline/parquet/parquet_arrow.h"
#include "pipeline/release/apart.h"
#include "pipeline/release/describe.h"
#include "pipeline/release/import_notes.h"
#include "pipeline/release/release_folder.h"
#include "pipeline/stage/carry.h"
#include "pipeline/table/table.h"
#include "pipeline/tokenizer/tokenizer.h"
#include "pipeline/trace/licence.h"
#include "pipeline/trie/trie.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What is wrong is in the configuration, at this line. */
static lta_status fail_at(const lta_release_config *c, uint64_t line, lta_status st)
{
    char what[1024];
    snprintf(what, sizeof what, "%s", lta_error_detail());
    return lta_fail(st, "%s:%llu: %s", c->path, (unsigned long long)line, what);
}

/* A model that cannot be read is noticed before the first trace is made. */
static lta_status check_tokenizers(const lta_run *run, const lta_release_config *c)
{
    for (uint64_t t = 0; t < c->n_traces; t++)
        for (uint64_t i = 0; i < c->trace[t].n_options; i++) {
            const lta_release_option *o = &c->trace[t].option[i];
            lta_tokenizer *tokenizer = NULL;
            if (strcmp(o->name, "tokenizer") != 0)
                continue;
            lta_status st = lta_tokenizer_open(run, o->value, &tokenizer);
            lta_tokenizer_close(tokenizer);
            if (st != LTA_OK)
                return fail_at(c, o->line, st);
        }
    return LTA_OK;
}

static lta_status check_licences(const lta_release_trace *t, const lta_trace *trace)
{
    lta_status st = LTA_OK;
    bool *all = NULL;
    if (!t->symbols || t->allow_restricted)
        return LTA_OK;
    LTA_TRY(LTA_ALLOC(&all, trace->sources.n));
    for (uint64_t i = 0; i < trace->sources.n; i++)
        all[i] = true;
    st = lta_check_licences(trace, all, "the release's configuration says allow_restricted");
done:
    lta_free(all);
    return st;
}

/* Blocks keep their size: one that the configuration names must be it, one for all traces need not. */
static lta_status check_block(const lta_release_trace *t, const lta_trace *trace)
{
    if (trace->unit != LTA_UNIT_BLOCK || t->anonymize_line == 0 || t->anonymize == trace->block_tokens)
        return LTA_OK;
    if (trace->block_tokens == 0)
        return lta_fail(
            LTA_ERR_USAGE,
            "anonymize %llu: trace %s consists of blocks of unequal numbers of tokens, expected no "
            "number here (lta release --anonymize N numbers them as they are)",
            (unsigned long long)t->anonymize, t->name);
    return lta_fail(LTA_ERR_USAGE, "anonymize %llu: trace %s consists of blocks of %u tokens, expected %u",
                    (unsigned long long)t->anonymize, t->name, trace->block_tokens, trace->block_tokens);
}

/* May be published what is to be? Asked as soon as the trace is there, before anything is computed of it.
 * Without symbols there are none to publish, nor blocks. */
static lta_status check_symbols(const lta_run *run, const lta_release_config *c, lta_release_trace *t,
                                const char *store)
{
    lta_status st = LTA_OK;
    lta_trace trace = {0};
    if (!t->symbols && t->anonymize == 0)
        return LTA_OK;
    LTA_TRY(lta_trace_load(store, false, &trace, NULL));
    t->has_blocks = trace.unit == LTA_UNIT_BLOCK;
    if (trace.unit == LTA_UNIT_NONE) {
        lta_log_line(run->log, LTA_LOG_INFO, "release", "%s: no symbols, so there are none to publish%s",
                     t->name, t->anonymize > 0 ? ", and no blocks to anonymise" : "");
        t->symbols = false;
        t->anonymize = 0;
        goto done;
    }
    st = check_licences(t, &trace);
    if (st == LTA_ERR_USAGE)
        LTA_TRY(fail_at(c, t->line, st));
    LTA_TRY(st);
    st = check_block(t, &trace);
    if (st != LTA_OK)
        st = fail_at(c, t->anonymize_line, st);
done:
    lta_trace_free(&trace);
    return st;
}

/* The stages of a store, as `lta run` runs them. */
static lta_status make_store(const lta_run *given, const lta_release_config *c, lta_release_trace *t,
                             lta_release_job *job, const char *store)
{
    lta_status st = LTA_OK;
    lta_run run = *given;
    char **files = NULL;
    run.carry = NULL;
    run.skip_bad_rows = t->skip_bad_rows;
    LTA_TRY(LTA_ALLOC(&files, t->files.n));
    for (uint64_t i = 0; i < t->files.n; i++)
        files[i] = t->files.bytes + t->files.offset[i];
    job->import.sha256 = true;
    if (!job->import.name)
        job->import.name = t->name;
    job->curve.inputs_only = job->reuse.inputs_only;
    LTA_TRY(lta_import_with_notes(&run, store, &job->import, (int)t->files.n, files));
    LTA_TRY(check_symbols(&run, c, t, store));
    LTA_TRY(lta_carry_create(&run.carry));
    LTA_TRY(lta_trie_stage(&run, store));
    LTA_TRY(lta_reuse_stage(&run, store, &job->reuse));
    LTA_TRY(lta_curve_stage(&run, store, &job->curve));
    LTA_TRY(lta_enrich_stage(&run, store, &job->enrich));
done:
    lta_carry_free(run.carry);
    lta_free(files);
    return st;
}

static lta_status copy_file(const char *store, const char *dir, const char *file)
{
    lta_status st = LTA_OK;
    char *from = NULL, *to = NULL;
    lta_mapping m = {0};
    lta_text_file out = {0};
    LTA_TRY(lta_join_path(store, file, &from));
    LTA_TRY(lta_join_path(dir, file, &to));
    LTA_TRY(lta_map_file(from, &m));
    LTA_TRY(lta_text_create(to, &out));
    if (fwrite(m.data, 1, m.size, out.stream) != m.size)
        LTA_TRY(lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be written", to));
    LTA_TRY(lta_check_unchanged(from, &m.state));
    LTA_TRY(lta_text_commit(&out));
done:
    lta_text_close(&out);
    lta_unmap_file(&m);
    lta_free(to);
    lta_free(from);
    return st;
}

static lta_status export_as(const lta_run *run, const char *store, lta_export_options o, const char *dir,
                            const char *file)
{
    char *path;
    lta_status st = lta_join_path(dir, file, &path);
    if (st != LTA_OK)
        return st;
    o.output = path;
    st = lta_export(run, store, &o, NULL);
    lta_free(path);
    return st;
}

/* Kavier needs the numbers of tokens of every request. */
static lta_status publish_for_kavier(const lta_run *run, const lta_release_trace *t, const char *store,
                                     const char *dir)
{
    static const char file[] = "kavier.parquet";
    lta_status st = LTA_OK;
    lta_trace trace = {0};
    lta_export_options o = LTA_EXPORT_DEFAULTS;
    o.format = "kavier-parquet";
    LTA_TRY(lta_trace_load(store, false, &trace, NULL));
    o.counts_only = !t->symbols || trace.unit != LTA_UNIT_TOKEN;
    o.allow_restricted = t->allow_restricted;
    bool counted = trace.input_tokens != NULL;
    for (uint64_t r = 0; counted && r < trace.n; r++)
        counted = trace.input_tokens[r] != LTA_NO_U32 && trace.output_tokens[r] != LTA_NO_U32;
    LTA_TRY(counted ? export_as(run, store, o, dir, file) : lta_release_remove(dir, file));
done:
    lta_trace_free(&trace);
    return st;
}

static lta_status publish_blocks(const lta_run *run, const lta_release_trace *t, const char *store,
                                 const char *dir)
{
    char *blocks;
    lta_status st = lta_join_path(dir, "blocks", &blocks);
    if (st != LTA_OK)
        return st;
    st = lta_anonymize(run, blocks, store, t->has_blocks ? 0 : t->anonymize);
    lta_free(blocks);
    return st;
}

/* What is published of a trace. */
static lta_status publish(const lta_run *run, const lta_release_trace *t, const char *store, const char *dir)
{
    lta_status st = LTA_OK;
    char *tables = NULL;
    const lta_export_options csv = {.format = "csv"}, parquet = {.format = "parquet"};
    LTA_TRY(lta_make_folders(dir));
    LTA_TRY(copy_file(store, dir, "enriched.h5"));
    LTA_TRY(export_as(run, store, csv, dir, "requests.csv"));
    LTA_TRY(export_as(run, store, parquet, dir, "requests.parquet"));
    if (t->symbols)
        LTA_TRY(copy_file(store, dir, "trace.h5"));
    LTA_TRY(publish_for_kavier(run, t, store, dir));
    LTA_TRY(lta_join_path(dir, "tables", &tables));
    LTA_TRY(lta_table_stage(run, store, tables));
    if (t->anonymize > 0)
        LTA_TRY(publish_blocks(run, t, store, dir));
done:
    lta_free(tables);
    return st;
}

lta_status lta_release(const lta_run *run, lta_release_config *c, lta_release_job *job, const char *dir,
                       const char *work)
{
    lta_status st = LTA_OK;
    char *store = NULL, *folder = NULL;
    double started = lta_seconds();
    bool exists, ours;
    if (!lta_arrow_version())
        LTA_TRY(lta_fail(
            LTA_ERR_USAGE,
            "this build writes no Parquet, which is part of a release; expected a build with Arrow"));
    LTA_TRY(lta_release_check_folder(run, dir, &ours));
    LTA_TRY(lta_release_check_apart(c, job, dir, work));
    LTA_TRY(lta_check_folders(work, &exists));
    LTA_TRY(check_tokenizers(run, c));
    for (uint64_t i = 0; i < c->n_traces; i++) {
        lta_release_trace *t = &c->trace[i];
        LTA_TRY(lta_check_stop(run));
        LTA_TRY(lta_join_path(work, t->name, &store));
        LTA_TRY(lta_join_path(dir, t->name, &folder));
        lta_log_line(run->log, LTA_LOG_INFO, "release", "%s: trace %llu of %llu", t->name,
                     (unsigned long long)i + 1, (unsigned long long)c->n_traces);
        LTA_TRY(make_store(run, c, t, &job[i], store));
        LTA_TRY(lta_release_begin_folder(dir)); /* not before there is something to put into it */
        LTA_TRY(publish(run, t, store, folder));
        lta_free(store);
        lta_free(folder);
        store = folder = NULL;
    }
    LTA_TRY(lta_release_describe(run, c, dir, work, ours));
    LTA_TRY(lta_release_end_folder(dir));
    lta_log_line(run->log, LTA_LOG_INFO, "release", "%s %s: %llu trace%s in %s, %.1f s", c->name, c->version,
                 (unsigned long long)c->n_traces, c->n_traces == 1 ? "" : "s", dir, lta_seconds() - started);
done:
    lta_free(store);
    lta_free(folder);
    return st;
}
