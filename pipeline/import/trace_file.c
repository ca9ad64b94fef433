/* pipeline/import/trace_file.c - up to date? Else make, write, commit, tell. */
#include "pipeline/import/trace_file.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"

#include <stdio.h>
#include <string.h>

typedef unsigned long long ull; /* for printf */

static void log_trace(const lta_run *run, const lta_trace *t, const char *stage, double started)
{
    uint64_t all = 0;
    char sessions[64] = "", symbols[96] = ""; /* not said of sources that give none */
    for (uint64_t r = 0; t->sequences.full_length && r < t->n; r++)
        all += t->sequences.full_length[r];
    if (t->session)
        snprintf(sessions, sizeof sessions, ", %llu session%s", (ull)t->n_sessions,
                 t->n_sessions == 1 ? "" : "s");
    if (t->unit != LTA_UNIT_NONE)
        snprintf(symbols, sizeof symbols, ", %llu of %llu symbol%s stored", (ull)t->sequences.n_symbols,
                 (ull)all, all == 1 ? "" : "s");
    lta_log_done(run->log, stage, started, t->n, "%s: %llu request%s%s, %llu source%s%s", t->name, (ull)t->n,
                 t->n == 1 ? "" : "s", sessions, (ull)t->sources.n, t->sources.n == 1 ? "" : "s", symbols);
}

static lta_status write_down_inputs(const lta_trace_maker *m, char **text)
{
    lta_free(*text);
    *text = m->inputs(m->context);
    if (*text)
        return LTA_OK;
    return lta_fail(LTA_ERR_NOMEM, "could not write down the inputs of lta %s", m->stage);
}

/* Says what is about to be replaced: somebody may have named the store of another trace. */
static void tell_replaced(const lta_run *run, const char *store, const lta_trace_maker *m, const char *inputs)
{
    char *path = NULL, *before = NULL, more[48] = "";
    lta_strings files = {0};
    lta_reader *r = NULL;
    bool read = lta_join_path(store, "trace.h5", &path) == LTA_OK && lta_file_exists(path) &&
                lta_reader_open(path, "trace", &r) == LTA_OK &&
                lta_reader_attribute_text(r, "/", "inputs", &before) == LTA_OK &&
                lta_reader_strings(r, "/sources/file", &files) == LTA_OK && files.n > 0;
    if (read && files.n > 1)
        snprintf(more, sizeof more, " and %llu more", (ull)files.n - 1);
    if (read && strcmp(before, inputs) != 0)
        lta_log_line(run->log, LTA_LOG_WARN, m->stage, "%s: was made from other files (%s%s) and is replaced",
                     path, lta_strings_get(&files, 0), more);
    else if (read)
        lta_log_line(run->log, LTA_LOG_INFO, m->stage,
                     "%s: was made from these files with other parameters, or by another version, and is "
                     "replaced",
                     path);
    lta_strings_free(&files);
    lta_free(before);
    lta_reader_close(r);
    lta_free(path);
}

lta_status lta_make_trace_file(const lta_run *run, const char *store, const lta_trace_maker *m)
{
    static const char file[] = "trace.h5", format[] = "trace";
    lta_status st = LTA_OK;
    lta_trace trace = {0};
    lta_writer *w = NULL;
    bool current = false, exists;
    char *inputs = NULL;
    if (!m->parameters)
        return lta_fail(LTA_ERR_NOMEM, "could not write down the parameters of lta %s", m->stage);
    LTA_TRY(lta_check_folders(store, &exists));
    if (!run->force) {
        LTA_TRY(write_down_inputs(m, &inputs));
        LTA_TRY(lta_store_is_current(store, file, format, m->parameters, inputs, &current));
    }
    if (current) {
        lta_log_line(run->log, LTA_LOG_INFO, m->stage, "%s/%s is up to date", store, file);
        goto done;
    }
    if (!run->force)
        tell_replaced(run, store, m, inputs);
    if (exists) /* finds out now whether the folder is writable, and no other run busy with it */
        LTA_TRY(lta_writer_create(run, store, file, format, &w));
    LTA_TRY(m->make(run, m->context, &trace));
    if (!exists) {
        LTA_TRY(lta_make_folders(store));
        LTA_TRY(lta_writer_create(run, store, file, format, &w));
    }
    LTA_TRY(lta_trace_write(&trace, w, true));
    LTA_TRY(lta_check_stop(run));
    LTA_TRY(write_down_inputs(m, &inputs));
    LTA_TRY(lta_writer_commit(w, m->parameters, inputs));
    log_trace(run, &trace, m->stage, m->started);
done:
    lta_free(inputs);
    lta_writer_close(w);
    lta_trace_free(&trace);
    return st;
}
