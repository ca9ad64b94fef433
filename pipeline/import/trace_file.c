/* pipeline/import/trace_file.c - up to date? Else make, write, commit, tell. */
#include "pipeline/import/trace_file.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"

#include <stdio.h>

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
