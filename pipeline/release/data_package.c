/* pipeline/release/data_package.c - datapackage.json, a Frictionless Data Package (specs.frictionlessdata.io,
 * version 1): each data file is a resource, each CSV a tabular one with its schema. Sizes and digests of HDF5
 * and Parquet files, which depend on libraries, are in SHA256SUMS alone: this file does not. */
#include "pipeline/release/documents.h"

#include "pipeline/core/array.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), k = strlen(end);
    return n >= k && strcmp(text + n - k, end) == 0;
}

static json_t *schema_of(const lta_release_file *file)
{
    json_t *fields = json_array();
    for (uint64_t c = 0; c < file->column.n; c++)
        json_array_append_new(
            fields, json_pack("{s:s, s:s, s:s, s:s}", "name", lta_strings_get(&file->column, c), "type",
                              lta_strings_get(&file->type, c), "unit", lta_strings_get(&file->unit, c),
                              "description", lta_strings_get(&file->description, c)));
    return json_pack("{s:o, s:[s]}", "fields", fields, "missingValues", "");
}

/* "chat/tables/summary.csv" -> "chat.tables.summary.csv": names are lower-case and have no slash. */
static void resource_name(const char *path, char *out, size_t room)
{
    size_t i = 0;
    for (; path[i] && i + 1 < room; i++)
        out[i] = (char)(path[i] == '/' ? '.' : tolower((unsigned char)path[i]));
    out[i] = '\0';
}

static json_t *resource_of(const lta_release_file *file)
{
    static const struct {
        const char *ending, *format, *type, *profile;
    } kinds[] = {{".csv", "csv", "text/csv", "tabular-data-resource"},
                 {".h5", "h5", "application/x-hdf5", "data-resource"},
                 {".parquet", "parquet", "application/vnd.apache.parquet", "data-resource"}};
    char name[512];
    size_t k = 0;
    while (!ends_with(file->path, kinds[k].ending) && k < 2)
        k++;
    resource_name(file->path, name, sizeof name);
    json_t *r = json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", name, "path", file->path, "profile",
                          kinds[k].profile, "format", kinds[k].format, "mediatype", kinds[k].type);
    if (r && k == 0) {
        json_object_set_new(r, "bytes", json_integer((json_int_t)file->bytes));
        json_object_set_new(r, "hash", json_sprintf("sha256:%s", file->sha256));
        json_object_set_new(r, "encoding", json_string("utf-8"));
        json_object_set_new(r, "schema", schema_of(file));
    }
    if (r)
        json_object_set_new(r, "type", json_string(k == 0 ? "table" : "file"));
    if (r && file->content_sha256[0])
        json_object_set_new(r, "content_sha256", json_string(file->content_sha256));
    return r;
}

lta_status lta_release_write_data_package(const lta_release_facts *f)
{
    const lta_release_config *c = f->config;
    json_t *people = json_array(), *resources = json_array(), *keywords = json_array();
    char name[128];
    resource_name(c->name, name, sizeof name);
    for (uint64_t i = 0; i < c->n_creators; i++) {
        json_t *person = json_pack("{s:s, s:s}", "title", c->creator[i].name, "role", "author");
        if (person && c->creator[i].affiliation)
            json_object_set_new(person, "organization", json_string(c->creator[i].affiliation));
        json_array_append_new(people, person);
    }
    for (uint64_t i = 0; i < c->keywords.n; i++)
        json_array_append_new(keywords, json_string(lta_strings_get(&c->keywords, i)));
    for (uint64_t i = 0; i < f->contents->n; i++)
        json_array_append_new(resources, resource_of(&f->contents->file[i]));
    json_t *package =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:[{s:s}], s:o, s:o}", "profile", "data-package", "name", name,
                  "title", c->title, "description", c->description, "version", c->version, "licenses", "name",
                  c->licence, "contributors", people, "keywords", keywords);
    if (package && f->date[0])
        json_object_set_new(package, "created", json_sprintf("%sT00:00:00Z", f->date));
    if (!package || json_object_set_new(package, "resources", resources) != 0) {
        json_decref(package);
        package = NULL;
    }
    return lta_release_write_json(f, "datapackage.json", package);
}
