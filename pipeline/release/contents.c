/* pipeline/release/contents.c - see contents.h. */
#include "pipeline/release/contents.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/store/store.h"

#include <stdio.h>
#include <string.h>

lta_status lta_release_file_digest(const char *path, uint64_t *bytes, char sha256[LTA_SHA256_HEX])
{
    lta_status st = LTA_OK;
    lta_mapping m = {0};
    uint8_t raw[LTA_SHA256_BYTES];
    LTA_TRY(lta_map_file(path, &m));
    LTA_TRY(lta_sha256(m.data, m.size, raw));
    LTA_TRY(lta_check_unchanged(path, &m.state));
    lta_hex(raw, sizeof raw, sha256);
    *bytes = m.size;
done:
    lta_unmap_file(&m);
    return st;
}

static lta_status add_file(lta_release_contents *l, uint64_t trace, const char *dir, const char *folder,
                           const char *name, lta_release_file **out)
{
    lta_status st = LTA_OK;
    lta_release_file f = {.trace = trace};
    char *full = NULL;
    LTA_TRY(LTA_GROW(&l->file, &l->capacity, l->n + 1));
    LTA_TRY(lta_join_path(folder, name, &f.path));
    LTA_TRY(lta_join_path(dir, f.path, &full));
    LTA_TRY(lta_release_file_digest(full, &f.bytes, f.sha256));
    l->file[l->n] = f;
    *out = &l->file[l->n++];
    f.path = NULL;
done:
    lta_free(f.path);
    lta_free(full);
    return st;
}

static const char *type_of(lta_type t)
{
    return t == LTA_STR ? "string" : t == LTA_F64 ? "number" : "integer";
}

static lta_status add_column(lta_release_file *f, const char *name, const char *type, const char *unit,
                             const char *description)
{
    lta_status st = LTA_OK;
    LTA_TRY(lta_strings_add_text(&f->column, name));
    LTA_TRY(lta_strings_add_text(&f->type, type));
    LTA_TRY(lta_strings_add_text(&f->unit, unit));
    LTA_TRY(lta_strings_add_text(&f->description, description));
done:
    return st;
}

/* A column as a dataset of the same name describes it; as_text: the CSV prints what its numbers point to. */
static lta_status add_dataset(const lta_reader *r, const char *group, const char *name, bool as_text,
                              lta_release_file *f)
{
    lta_status st = LTA_OK;
    char *path = NULL, *unit = NULL, *description = NULL;
    lta_type type;
    uint64_t rows;
    LTA_TRY(lta_join_path(group, name, &path));
    LTA_TRY(lta_reader_describe(r, path, &type, &rows, &unit, &description));
    LTA_TRY(add_column(f, name, as_text ? "string" : type_of(type), unit,
                       as_text ? "text that the trace's index stands for" : description));
    f->rows = rows;
done:
    lta_free(path);
    lta_free(unit);
    lta_free(description);
    return st;
}

/* requests.csv and requests.parquet: its header tells which columns, and in which order. */
static lta_status describe_requests(const lta_reader *r, const char *csv_path, lta_release_file *f)
{
    static const char *const texts[] = {"model", "kind", "source", "source_session"};
    lta_status st = LTA_OK;
    lta_mapping m = {0};
    char name[128];
    LTA_TRY(lta_map_file(csv_path, &m));
    const char *end = memchr(m.data, '\n', m.size), *p = m.data;
    for (bool first = true; end && p < end; first = false) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        size_t n = (size_t)((comma ? comma : end) - p);
        bool as_text = false;
        if (n == 0 || n >= sizeof name)
            LTA_TRY(lta_fail(LTA_ERR_FORMAT, "%s:1: a column's name has %zu bytes, expected 1 to %zu",
                             csv_path, n, sizeof name - 1));
        memcpy(name, p, n);
        name[n] = '\0';
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            as_text |= strcmp(name, texts[i]) == 0;
        if (first)
            LTA_TRY(add_column(f, name, "integer", "1",
                               "number of the request in this trace, from 0, in order of arrival"));
        else
            LTA_TRY(add_dataset(r, "/requests", name, as_text, f));
        p += n + 1;
    }
done:
    lta_unmap_file(&m);
    return st;
}

static lta_status add_table(lta_release_contents *l, uint64_t trace, const char *dir, const char *folder,
                            const lta_reader *r, const char *table)
{
    lta_status st = LTA_OK;
    lta_release_file *f;
    lta_strings columns = {0};
    char *group = NULL, name[160];
    snprintf(name, sizeof name, "tables/%s.csv", table);
    LTA_TRY(lta_join_path("/tables", table, &group));
    LTA_TRY(add_file(l, trace, dir, folder, name, &f));
    LTA_TRY(lta_reader_members(r, group, &columns));
    for (uint64_t i = 0; i < columns.n; i++)
        LTA_TRY(add_dataset(r, group, lta_strings_get(&columns, i), false, f));
done:
    lta_strings_free(&columns);
    lta_free(group);
    return st;
}

/* Where it is; its columns are those that Kavier names. */
static lta_status add_for_kavier(lta_release_contents *l, uint64_t trace, const char *dir, const char *folder)
{
    lta_status st = LTA_OK;
    lta_release_file *f;
    char *inside = NULL, *path = NULL;
    LTA_TRY(lta_join_path(dir, folder, &inside));
    LTA_TRY(lta_join_path(inside, "kavier.parquet", &path));
    if (lta_file_exists(path))
        LTA_TRY(add_file(l, trace, dir, folder, "kavier.parquet", &f));
done:
    lta_free(path);
    lta_free(inside);
    return st;
}

/* A file with sequences: what it has beside the columns of requests.csv. */
static lta_status add_trace_file(lta_release_contents *l, uint64_t trace, const char *dir, const char *folder,
                                 const char *name)
{
    lta_status st = LTA_OK;
    lta_release_file *f;
    lta_reader *r = NULL;
    lta_strings columns = {0};
    char *inside = NULL, *path = NULL;
    LTA_TRY(lta_join_path(dir, folder, &inside));
    LTA_TRY(lta_join_path(inside, name, &path));
    LTA_TRY(lta_reader_open(path, "trace", &r));
    LTA_TRY(add_file(l, trace, dir, folder, name, &f));
    memcpy(f->content_sha256, lta_reader_digest(r), sizeof f->content_sha256);
    LTA_TRY(lta_reader_members(r, "/sequences", &columns));
    for (uint64_t i = 0; i < columns.n; i++)
        LTA_TRY(add_dataset(r, "/sequences", lta_strings_get(&columns, i), false, f));
done:
    lta_strings_free(&columns);
    lta_reader_close(r);
    lta_free(path);
    lta_free(inside);
    return st;
}

/* In bytewise order, so that a list of them does not depend on how tables are made. */
static lta_status sorted_tables(const lta_reader *r, lta_strings *all, const char ***out)
{
    lta_status st = LTA_OK;
    const char **name = NULL;
    LTA_TRY(lta_reader_members(r, "/tables", all));
    LTA_TRY(LTA_ALLOC(&name, all->n));
    for (uint64_t i = 0; i < all->n; i++) {
        uint64_t at = i;
        for (; at > 0 && strcmp(name[at - 1], lta_strings_get(all, i)) > 0; at--)
            name[at] = name[at - 1];
        name[at] = lta_strings_get(all, i);
    }
    *out = name;
    name = NULL;
done:
    lta_free(name);
    return st;
}

static lta_status read_trace(const lta_release_config *c, uint64_t t, const char *dir,
                             lta_release_contents *l)
{
    lta_status st = LTA_OK;
    const char *folder = c->trace[t].name;
    lta_reader *r = NULL;
    lta_strings tables = {0};
    const char **table = NULL;
    char *inside = NULL, *hdf5 = NULL, *csv = NULL;
    lta_release_file *f;
    LTA_TRY(lta_join_path(dir, folder, &inside));
    LTA_TRY(lta_join_path(inside, "enriched.h5", &hdf5));
    LTA_TRY(lta_join_path(inside, "requests.csv", &csv));
    LTA_TRY(lta_reader_open(hdf5, "enriched", &r));
    if (c->trace[t].anonymize > 0)
        LTA_TRY(add_trace_file(l, t, dir, folder, "blocks/trace.h5"));
    LTA_TRY(add_file(l, t, dir, folder, "enriched.h5", &f));
    memcpy(f->content_sha256, lta_reader_digest(r), sizeof f->content_sha256);
    LTA_TRY(add_for_kavier(l, t, dir, folder));
    LTA_TRY(add_file(l, t, dir, folder, "requests.csv", &f));
    LTA_TRY(describe_requests(r, csv, f));
    LTA_TRY(add_file(l, t, dir, folder, "requests.parquet", &f));
    LTA_TRY(describe_requests(r, csv, f));
    LTA_TRY(sorted_tables(r, &tables, &table));
    for (uint64_t i = 0; i < tables.n; i++)
        LTA_TRY(add_table(l, t, dir, folder, r, table[i]));
    if (c->trace[t].symbols)
        LTA_TRY(add_trace_file(l, t, dir, folder, "trace.h5"));
done:
    lta_free(table);
    lta_strings_free(&tables);
    lta_reader_close(r);
    lta_free(inside);
    lta_free(hdf5);
    lta_free(csv);
    return st;
}

lta_status lta_release_contents_read(const lta_release_config *c, const char *dir, lta_release_contents *out)
{
    lta_status st = LTA_OK;
    lta_release_contents l = {0};
    for (uint64_t t = 0; t < c->n_traces; t++)
        LTA_TRY(read_trace(c, t, dir, &l));
    *out = l;
    l = (lta_release_contents){0};
done:
    lta_release_contents_free(&l);
    return st;
}

void lta_release_contents_free(lta_release_contents *l)
{
    for (uint64_t i = 0; i < l->n; i++) {
        lta_release_file *f = &l->file[i];
        lta_free(f->path);
        lta_strings_free(&f->column);
        lta_strings_free(&f->type);
        lta_strings_free(&f->unit);
        lta_strings_free(&f->description);
    }
    lta_free(l->file);
    *l = (lta_release_contents){0};
}
