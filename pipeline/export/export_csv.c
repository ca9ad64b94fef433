/* pipeline/export/export_csv.c - every request as a row: its number, the trace's columns, the enrichment
 * fields.
 *
 * Columns are those of /requests in the order in which they were written: section 4 of the design. Dictionary
 * columns and the source are printed as text; a value that a source does not give is empty. From enriched.h5,
 * or where the store has none yet, from trace.h5. */
#include "pipeline/export/export_requests.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/stage/stage.h"
#include "pipeline/table/csv.h"
#include "pipeline/table/table.h"

#include <stdlib.h>
#include <string.h>

typedef struct request_columns {
    uint64_t n, n_requests;
    lta_strings names;
    lta_csv_column *column; /* [n] */
} request_columns;

static void free_columns(request_columns *t)
{
    for (uint64_t c = 0; c < t->n; c++)
        lta_csv_column_free(&t->column[c]);
    free(t->column);
    lta_strings_free(&t->names);
    *t = (request_columns){0};
}

static const struct {
    const char *column, *texts;
} dictionaries[] = {
    {"model", "/dictionary/model"},
    {"kind", "/dictionary/kind"},
    {"source", "/sources/name"},
    {"source_session", "/dictionary/source_session"},
};

static lta_status read_columns(const lta_reader *r, request_columns *t)
{
    lta_status st = LTA_OK;
    char *path = NULL;
    LTA_TRY(lta_reader_members(r, "/requests", &t->names));
    LTA_TRY(LTA_CALLOC(&t->column, t->names.n));
    for (uint64_t c = 0; c < t->names.n; c++) {
        const char *name = lta_strings_get(&t->names, c);
        lta_csv_column *column = &t->column[c];
        free(path);
        path = NULL;
        LTA_TRY(lta_join_path("/requests", name, &path));
        LTA_TRY(lta_csv_column_read(r, path, column));
        t->n++;
        if (c == 0)
            t->n_requests = column->n;
        if (column->n != t->n_requests) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:%s: %llu rows, expected %llu as in the columns before it",
                          lta_reader_path(r), path, (unsigned long long)column->n,
                          (unsigned long long)t->n_requests);
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
    free(path);
    return st;
}

static lta_status write_rows(const lta_run *run, const request_columns *t, const uint16_t *source,
                             const bool *keep, uint64_t n_sources, lta_csv *csv)
{
    lta_csv_text(csv, "request");
    for (uint64_t c = 0; c < t->n; c++)
        lta_csv_text(csv, lta_strings_get(&t->names, c));
    lta_csv_end_row(csv);
    for (uint64_t r = 0; r < t->n_requests && !csv->out.failed; r++) {
        if (r % 65536 == 0) {
            lta_status st = lta_check_stop(run);
            if (st != LTA_OK)
                return st;
            lta_progress_update(run->log, r);
        }
        if (source[r] >= n_sources || !keep[source[r]])
            continue;
        lta_csv_u64(csv, r);
        for (uint64_t c = 0; c < t->n; c++)
            lta_csv_cell(csv, &t->column[c], r);
        lta_csv_end_row(csv);
    }
    return LTA_OK;
}

lta_status lta_export_csv(const lta_export_target *x)
{
    lta_status st = LTA_OK;
    const lta_run *run = x->run;
    const char *store = x->store;
    lta_strings names = {0}, files = {0};
    lta_reader *r = NULL;
    request_columns t = {0};
    bool *keep = NULL;
    uint16_t *source = NULL;
    lta_csv *csv = NULL;
    char *enriched = NULL;
    uint64_t n;
    LTA_TRY(lta_join_path(store, "enriched.h5", &enriched));
    if (lta_file_exists(enriched))
        LTA_TRY(lta_enriched_open(store, &r));
    else
        LTA_TRY(lta_stage_open_file(store, "trace.h5", false, &r));
    LTA_TRY(lta_reader_strings(r, "/sources/name", &names));
    LTA_TRY(lta_reader_strings(r, "/sources/file", &files));
    LTA_TRY(lta_choose_sources(&names, &files, x->options->source, &keep));
    LTA_TRY(LTA_ALLOC(&csv, 1));
    LTA_TRY(read_columns(r, &t));
    LTA_TRY(lta_reader_column(r, "/requests/source", LTA_U16, (void **)&source, &n));
    lta_csv_begin(csv, x->stream);
    lta_progress_begin(run->log, "export", " requests", n);
    st = write_rows(run, &t, source, keep, names.n, csv);
    lta_progress_end(run->log);
    if (st == LTA_OK)
        st = lta_csv_finish(csv, x->name);
done:
    free(enriched);
    free(csv);
    free(source);
    free(keep);
    lta_strings_free(&files);
    lta_strings_free(&names);
    free_columns(&t);
    lta_reader_close(r);
    return st;
}
