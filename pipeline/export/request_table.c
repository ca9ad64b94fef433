/* pipeline/export/request_table.c - reads the columns of /requests and what their indices point into. */
#include "pipeline/export/request_table.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/export/export_requests.h"
#include "pipeline/stage/stage.h"
#include "pipeline/table/table.h"

#include <string.h>

static const struct {
    const char *column, *texts;
} dictionaries[] = {
    {"model", "/dictionary/model"},
    {"kind", "/dictionary/kind"},
    {"source", "/sources/name"},
    {"source_session", "/dictionary/source_session"},
};

static lta_status read_columns(const lta_reader *r, lta_request_table *t)
{
    lta_status st = LTA_OK;
    char *path = NULL;
    LTA_TRY(lta_reader_members(r, "/requests", &t->names));
    LTA_TRY(LTA_CALLOC(&t->column, t->names.n));
    for (uint64_t c = 0; c < t->names.n; c++) {
        const char *name = lta_strings_get(&t->names, c);
        lta_csv_column *column = &t->column[c];
        lta_free(path);
        path = NULL;
        LTA_TRY(lta_join_path("/requests", name, &path));
        LTA_TRY(lta_csv_column_read(r, path, column));
        t->n_columns++;
        if (column->n != t->n) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:%s: %llu rows, expected %llu as in /requests/source",
                          lta_reader_path(r), path, (unsigned long long)column->n, (unsigned long long)t->n);
            goto done;
        }
        column->ratio = false; /* f64 of a request are the source's own numbers: shortest round-trip */
        column->no_value = true;
        for (size_t d = 0; d < sizeof dictionaries / sizeof *dictionaries; d++)
            if (strcmp(name, dictionaries[d].column) == 0 && column->type != LTA_STR) {
                LTA_TRY(lta_reader_strings(r, dictionaries[d].texts, &column->texts));
                column->index = true;
            }
    }
done:
    lta_free(path);
    return st;
}

lta_status lta_request_table_open(const lta_export_target *x, lta_request_table *out)
{
    lta_status st = LTA_OK;
    lta_request_table t = {0};
    lta_strings names = {0}, files = {0};
    lta_reader *r = NULL;
    char *enriched = NULL;
    LTA_TRY(lta_join_path(x->store, "enriched.h5", &enriched));
    if (lta_file_exists(enriched))
        LTA_TRY(lta_enriched_open(x->store, &r));
    else
        LTA_TRY(lta_stage_open_file(x->store, "trace.h5", false, &r));
    LTA_TRY(lta_reader_strings(r, "/sources/name", &names));
    LTA_TRY(lta_reader_strings(r, "/sources/file", &files));
    LTA_TRY(lta_choose_sources(&names, &files, x->options->source, &t.keep));
    t.n_sources = names.n;
    LTA_TRY(lta_reader_column(r, "/requests/source", LTA_U16, (void **)&t.source, &t.n));
    LTA_TRY(read_columns(r, &t));
    t.target = x;
    lta_progress_begin(x->run->log, "export", " requests", t.n);
    *out = t;
    t = (lta_request_table){0};
done:
    lta_request_table_close(&t);
    lta_free(enriched);
    lta_strings_free(&files);
    lta_strings_free(&names);
    lta_reader_close(r);
    return st;
}

void lta_request_table_close(lta_request_table *t)
{
    if (t->target)
        lta_progress_end(t->target->run->log);
    for (uint64_t c = 0; c < t->n_columns; c++)
        lta_csv_column_free(&t->column[c]);
    lta_free(t->column);
    lta_strings_free(&t->names);
    lta_free(t->source);
    lta_free(t->keep);
    *t = (lta_request_table){0};
}

lta_status lta_request_table_next(const lta_request_table *t, uint64_t *r, bool *more)
{
    const lta_run *run = t->target->run;
    for (; *r < t->n; ++*r) {
        if (*r % 65536 == 0) {
            lta_status st = lta_check_stop(run);
            if (st != LTA_OK)
                return st;
            lta_progress_update(run->log, *r);
        }
        if (t->source[*r] < t->n_sources && t->keep[t->source[*r]])
            break;
    }
    *more = *r < t->n;
    return LTA_OK;
}
