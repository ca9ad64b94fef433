/* pipeline/export/export_opendc.c - an OpenDC workload: a folder with tasks.parquet and fragments.parquet,
 * with the names and types that Kavier writes.
 *
 * A trace says when requests arrive, of what model they are and how many tokens they have; nothing of it is a
 * measurement. So submission_time and total_tokens are real, and what only a machine could tell (durations,
 * counts and capacities of processors, memory, usage) is 0, or empty text. Each task has one fragment of
 * duration 0, since OpenDC passes over tasks without any. */
#include "pipeline/export/export_requests.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/parquet/parquet_write.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

typedef struct table {
    char *path;
    lta_text_file file;
    lta_parquet_writer *writer;
} table;

typedef struct opendc {
    lta_export_requests requests;
    table tasks, fragments;
    bool wall_clock;
} opendc;

static const lta_parquet_field task_fields[] = {
    {"id", LTA_PARQUET_TEXT, false},
    {"submission_time", LTA_PARQUET_I64, false},
    {"duration", LTA_PARQUET_I64, false},
    {"cpu_count", LTA_PARQUET_I32, false},
    {"cpu_capacity", LTA_PARQUET_F64, false},
    {"mem_capacity", LTA_PARQUET_I64, false},
    {"gpu_count", LTA_PARQUET_I32, false},
    {"gpu_capacity", LTA_PARQUET_F64, false},
    {"gpu_mem_capacity", LTA_PARQUET_I64, false},
    {"model_name", LTA_PARQUET_TEXT, false},
    {"gpu_name", LTA_PARQUET_TEXT, false},
    {"total_tokens", LTA_PARQUET_I64, false},
};
static const lta_parquet_field fragment_fields[] = {
    {"id", LTA_PARQUET_TEXT, false},       {"duration", LTA_PARQUET_I64, false},
    {"cpu_count", LTA_PARQUET_I32, false}, {"cpu_usage", LTA_PARQUET_F64, false},
    {"gpu_count", LTA_PARQUET_I32, false}, {"gpu_usage", LTA_PARQUET_F64, false},
};
#define COUNT(a) ((unsigned)(sizeof(a) / sizeof *(a)))

static lta_status open_table(const char *folder, const char *name, const lta_parquet_field *fields,
                             unsigned n, table *out)
{
    lta_status st = LTA_OK;
    LTA_TRY(lta_join_path(folder, name, &out->path));
    LTA_TRY(lta_text_create(out->path, &out->file));
    LTA_TRY(lta_parquet_create(out->path, out->file.stream, fields, n, &out->writer));
done:
    return st;
}

static void close_table(table *t)
{
    lta_parquet_writer_close(t->writer);
    lta_text_close(&t->file);
    lta_free(t->path);
}

/* Do all the sources kept have a wall clock, on one time line? */
static bool has_wall_clock(const lta_export_requests *e)
{
    const lta_sources *s = &e->trace.sources;
    int64_t shift = 0;
    bool any = false;
    for (uint64_t i = 0; i < s->n; i++) {
        if (!e->keep[i])
            continue;
        if (lta_strings_length(&s->time_origin, i) == 0 || (any && s->time_shift_us[i] != shift))
            return false;
        shift = s->time_shift_us[i];
        any = true;
    }
    return any;
}

/* Milliseconds since 1970, rounded down; without a wall clock, since the trace's zero. */
static int64_t submission_ms(const opendc *o, uint64_t r)
{
    const lta_trace *t = &o->requests.trace;
    int64_t us = t->arrival_us[r] - (o->wall_clock ? t->sources.time_shift_us[t->source[r]] : 0);
    return us / 1000 - (us % 1000 < 0);
}

static lta_status put_request(opendc *o, uint64_t r, uint64_t row)
{
    lta_status st = LTA_OK;
    const lta_trace *t = &o->requests.trace;
    lta_parquet_writer *w = o->tasks.writer;
    char id[24];
    size_t id_length = (size_t)snprintf(id, sizeof id, "%" PRIu64, row);
    const char *model = t->model && t->model[r] != LTA_NO_U16 ? lta_strings_get(&t->models, t->model[r]) : "";
    lta_parquet_put_text(w, id, id_length);
    lta_parquet_put_int(w, submission_ms(o, r));
    lta_parquet_put_int(w, 0); /* duration */
    lta_parquet_put_int(w, 0); /* cpu_count */
    lta_parquet_put_f64(w, 0); /* cpu_capacity */
    lta_parquet_put_int(w, 0); /* mem_capacity */
    lta_parquet_put_int(w, 0); /* gpu_count */
    lta_parquet_put_f64(w, 0); /* gpu_capacity */
    lta_parquet_put_int(w, 0); /* gpu_mem_capacity */
    lta_parquet_put_text(w, model, strlen(model));
    lta_parquet_put_text(w, "", 0); /* gpu_name */
    lta_parquet_put_int(w, (int64_t)t->input_tokens[r] + t->output_tokens[r]);
    LTA_TRY(lta_parquet_end_row(w));
    w = o->fragments.writer;
    lta_parquet_put_text(w, id, id_length);
    lta_parquet_put_int(w, 0); /* duration */
    lta_parquet_put_int(w, 0); /* cpu_count */
    lta_parquet_put_f64(w, 0); /* cpu_usage */
    lta_parquet_put_int(w, 0); /* gpu_count */
    lta_parquet_put_f64(w, 0); /* gpu_usage */
    LTA_TRY(lta_parquet_end_row(w));
done:
    return st;
}

static lta_status write_tables(opendc *o)
{
    lta_status st = LTA_OK;
    bool more;
    uint64_t row = 0;
    for (uint64_t r = 0;; r++) {
        LTA_TRY(lta_export_next(&o->requests, &r, &more));
        if (!more)
            break;
        LTA_TRY(put_request(o, r, row++));
    }
    LTA_TRY(lta_parquet_finish(o->tasks.writer));
    LTA_TRY(lta_parquet_finish(o->fragments.writer));
    LTA_TRY(lta_text_commit(&o->tasks.file));
    LTA_TRY(lta_text_commit(&o->fragments.file));
done:
    return st;
}

lta_status lta_export_opendc(const lta_export_target *x)
{
    lta_status st = LTA_OK;
    opendc o = {0};
    bool existed = true;
    LTA_TRY(lta_check_folders(x->name, &existed));
    LTA_TRY(lta_export_requests_open(x, false, &o.requests));
    LTA_TRY(lta_export_check_lengths(&o.requests));
    if (!o.requests.trace.arrival_us) {
        st = lta_fail(LTA_ERR_USAGE,
                      "%s: its sources give no times, which submission_time of OpenDC's tasks is", x->store);
        goto done;
    }
    o.wall_clock = has_wall_clock(&o.requests);
    LTA_TRY(lta_make_folders(x->name));
    LTA_TRY(open_table(x->name, "tasks.parquet", task_fields, COUNT(task_fields), &o.tasks));
    LTA_TRY(open_table(x->name, "fragments.parquet", fragment_fields, COUNT(fragment_fields), &o.fragments));
    LTA_TRY(write_tables(&o));
done:
    close_table(&o.fragments);
    close_table(&o.tasks);
    if (st != LTA_OK && !existed)
        (void)rmdir(x->name); /* where it is empty: nothing was written */
    lta_export_requests_close(&o.requests);
    return st;
}
