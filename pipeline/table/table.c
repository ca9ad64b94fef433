/* pipeline/table/table.c - the tables of enriched.h5 as CSV files. */
#include "pipeline/table/table.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/stage/stage.h"
#include "pipeline/table/csv.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

typedef struct table_columns {
    uint64_t n, n_rows;
    lta_strings names;
    lta_csv_column *column; /* [n] */
} table_columns;

static void free_columns(table_columns *t)
{
    for (uint64_t c = 0; c < t->n; c++)
        lta_csv_column_free(&t->column[c]);
    lta_free(t->column);
    lta_strings_free(&t->names);
    *t = (table_columns){0};
}

static lta_status read_table(const lta_reader *r, const char *group, table_columns *t)
{
    lta_status st = LTA_OK;
    char *path = NULL;
    LTA_TRY(lta_reader_members(r, group, &t->names));
    LTA_TRY(LTA_CALLOC(&t->column, t->names.n));
    for (uint64_t c = 0; c < t->names.n; c++) {
        lta_free(path);
        path = NULL;
        LTA_TRY(lta_join_path(group, lta_strings_get(&t->names, c), &path));
        LTA_TRY(lta_csv_column_read(r, path, &t->column[c]));
        t->n++;
        if (c == 0)
            t->n_rows = t->column[c].n;
        if (t->column[c].n != t->n_rows) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:%s: %llu rows, expected %llu as in the columns before it",
                          lta_reader_path(r), path, (unsigned long long)t->column[c].n,
                          (unsigned long long)t->n_rows);
            goto done;
        }
    }
done:
    lta_free(path);
    return st;
}

static lta_status write_csv(const table_columns *t, const char *path, lta_csv *csv)
{
    lta_status st = LTA_OK;
    lta_text_file file = {0};
    LTA_TRY(lta_text_create(path, &file));
    lta_csv_begin(csv, file.stream);
    for (uint64_t c = 0; c < t->n; c++)
        lta_csv_text(csv, lta_strings_get(&t->names, c));
    lta_csv_end_row(csv);
    for (uint64_t row = 0; row < t->n_rows; row++) {
        for (uint64_t c = 0; c < t->n; c++)
            lta_csv_cell(csv, &t->column[c], row);
        lta_csv_end_row(csv);
    }
    LTA_TRY(lta_csv_finish(csv, path));
    LTA_TRY(lta_text_commit(&file));
done:
    lta_text_close(&file);
    return st;
}

/* One table: /tables/NAME -> DIR/NAME.csv */
static lta_status export_table(const lta_reader *r, const char *name, const char *dir, lta_csv *csv)
{
    lta_status st = LTA_OK;
    table_columns t = {0};
    char *group = NULL, *path = NULL, *file = NULL;
    size_t size = strlen(name) + sizeof ".csv";
    LTA_TRY(lta_join_path("/tables", name, &group));
    LTA_TRY(LTA_ALLOC(&file, size));
    snprintf(file, size, "%s.csv", name);
    LTA_TRY(lta_join_path(dir, file, &path));
    LTA_TRY(read_table(r, group, &t));
    LTA_TRY(write_csv(&t, path, csv));
done:
    free_columns(&t);
    lta_free(file);
    lta_free(path);
    lta_free(group);
    return st;
}

lta_status lta_enriched_open(const char *store, lta_reader **out)
{
    char *trace;
    lta_status st = lta_join_path(store, "trace.h5", &trace);
    if (st != LTA_OK)
        return st;
    st = lta_stage_open_file(store, "enriched.h5", lta_file_exists(trace), out);
    lta_free(trace);
    return st;
}

static bool is_listed(const lta_strings *tables, const char *name)
{
    for (uint64_t i = 0; i < tables->n; i++)
        if (strcmp(lta_strings_get(tables, i), name) == 0)
            return true;
    return false;
}

/* Removes from the store's own folder the tables of an earlier enriched.h5 that this one does not have:
 * beside the new ones they would pass for results of the same trace. Other files there are none of our
 * business. */
static lta_status remove_old_tables(const char *dir, const lta_strings *tables)
{
    static const char *const sometimes[] = {
        "denominators",      "enough",         "hit_curve",     "prefixes",
        "prompt_cache",      "reuse_distance", "interarrival",  "reuse_time",
        "session_quantiles", "sessions",       "session_turns", "reuse_distance_request",
        "think_time",        "trie_shape",     "windows",
    };
    for (size_t i = 0; i < sizeof sometimes / sizeof *sometimes; i++) {
        char name[64], *path;
        if (is_listed(tables, sometimes[i]))
            continue;
        snprintf(name, sizeof name, "%s.csv", sometimes[i]);
        lta_status st = lta_join_path(dir, name, &path);
        if (st != LTA_OK)
            return st;
        if (unlink(path) != 0 && errno != ENOENT)
            st = lta_fail_errno(LTA_ERR_RUN, errno, "%s: is no table of this trace and could not be removed",
                                path);
        lta_free(path);
        if (st != LTA_OK)
            return st;
    }
    return LTA_OK;
}

lta_status lta_table_stage(const lta_run *run, const char *store, const char *dir)
{
    lta_status st = LTA_OK;
    lta_reader *r = NULL;
    lta_strings tables = {0};
    char *own = NULL;
    lta_csv *csv = NULL;
    double started = lta_seconds();
    LTA_TRY(lta_enriched_open(store, &r));
    LTA_TRY(LTA_ALLOC(&csv, 1));
    if (!dir) {
        LTA_TRY(lta_join_path(store, "tables", &own));
        dir = own;
    }
    LTA_TRY(lta_make_folder(dir));
    LTA_TRY(lta_reader_members(r, "/tables", &tables));
    for (uint64_t i = 0; i < tables.n; i++) {
        LTA_TRY(lta_check_stop(run));
        LTA_TRY(export_table(r, lta_strings_get(&tables, i), dir, csv));
    }
    if (own)
        LTA_TRY(remove_old_tables(dir, &tables));
    lta_log_line(run->log, LTA_LOG_INFO, "table", "%llu tables in %s, %.2f s", (unsigned long long)tables.n,
                 dir, lta_seconds() - started);
done:
    lta_free(csv);
    lta_free(own);
    lta_strings_free(&tables);
    lta_reader_close(r);
    return st;
}
