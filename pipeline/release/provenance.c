/* pipeline/release/provenance.c - provenance.json: what each trace was made from, by digest, and with which
 * parameters. No path, no name of a machine, no clock. */
#include "pipeline/release/documents.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/store/store.h"

#include <string.h>

static lta_status add_attribute(const lta_reader *r, const char *name, bool as_json, json_t *into)
{
    char *text = NULL;
    lta_status st = lta_reader_attribute_text(r, "/", name, &text);
    if (st != LTA_OK)
        return st;
    json_t *value = as_json ? json_loads(text, 0, NULL) : json_string(text);
    lta_free(text);
    if (!value)
        return lta_fail(LTA_ERR_FORMAT, "%s:/@%s: expected %s", lta_reader_path(r), name,
                        as_json ? "JSON" : "UTF-8");
    return json_object_set_new(into, name, value) == 0
               ? LTA_OK
               : lta_fail(LTA_ERR_NOMEM, "memory has run out over %s", name);
}

static lta_status add_sources(const lta_reader *r, json_t *into)
{
    static const char *const columns[] = {"name", "dataset", "file", "xxh3_128", "sha256", "licence"};
    enum { N = sizeof columns / sizeof *columns };
    lta_status st = LTA_OK;
    lta_strings text[N] = {{0}};
    uint64_t *rows = NULL, n;
    json_t *list = json_array();
    for (int c = 0; c < N; c++) {
        char path[64] = "/sources/";
        memcpy(path + sizeof "/sources/" - 1, columns[c], strlen(columns[c]) + 1);
        LTA_TRY(lta_reader_strings(r, path, &text[c]));
    }
    LTA_TRY(lta_reader_column(r, "/sources/rows", LTA_U64, (void **)&rows, &n));
    for (uint64_t i = 0; i < n; i++) {
        json_t *source = json_object();
        for (int c = 0; c < N; c++)
            json_object_set_new(source, columns[c], json_string(lta_strings_get(&text[c], i)));
        json_object_set_new(source, "rows", json_integer((json_int_t)rows[i]));
        json_array_append_new(list, source);
    }
    if (json_object_set(into, "sources", list) != 0)
        st = lta_fail(LTA_ERR_NOMEM, "memory has run out over the sources");
done:
    json_decref(list);
    lta_free(rows);
    for (int c = 0; c < N; c++)
        lta_strings_free(&text[c]);
    return st;
}

/* One file of the store, where it is there: without symbols some are not. trace: is given its sources, NULL:
 * none is. */
static lta_status add_stage(const char *store, const char *file, json_t *trace, json_t *stages)
{
    lta_status st = LTA_OK;
    lta_reader *r = NULL;
    char *path = NULL;
    json_t *stage = json_pack("{s:s}", "file", file);
    LTA_TRY(lta_join_path(store, file, &path));
    if (!lta_file_exists(path))
        goto done;
    LTA_TRY(lta_reader_open(path, NULL, &r));
    LTA_TRY(add_attribute(r, "content_sha256", false, stage));
    LTA_TRY(add_attribute(r, "created_by", false, stage));
    LTA_TRY(add_attribute(r, "parameters", true, stage));
    LTA_TRY(add_attribute(r, "inputs", true, stage));
    if (trace && strcmp(file, "trace.h5") == 0)
        LTA_TRY(add_sources(r, trace));
    if (json_array_append(stages, stage) != 0)
        st = lta_fail(LTA_ERR_NOMEM, "memory has run out over %s", path);
done:
    json_decref(stage);
    lta_reader_close(r);
    lta_free(path);
    return st;
}

static lta_status add_blocks(const lta_release_facts *f, const char *name, json_t *trace)
{
    lta_status st = LTA_OK;
    char *folder = NULL, *blocks = NULL;
    json_t *stages = json_array();
    LTA_TRY(lta_join_path(f->dir, name, &folder));
    LTA_TRY(lta_join_path(folder, "blocks", &blocks));
    LTA_TRY(add_stage(blocks, "trace.h5", NULL, stages));
    if (json_object_set(trace, "blocks", stages) != 0)
        st = lta_fail(LTA_ERR_NOMEM, "memory has run out over %s", blocks);
done:
    json_decref(stages);
    lta_free(blocks);
    lta_free(folder);
    return st;
}

/* sha256 and on-error stand in every command already, as they hold. */
static void add_option(json_t *words, const lta_release_option *o)
{
    if (strcmp(o->name, "sha256") == 0 || strcmp(o->name, "on-error") == 0)
        return;
    json_array_append_new(words, json_sprintf("--%s", o->name));
    if (strcmp(o->name, "tokenizer") == 0)
        json_array_append_new(words, json_string(lta_base_name(o->value)));
    else if (strcmp(o->value, "true") != 0)
        json_array_append_new(words, json_string(o->value));
}

/* The command that makes the same store; files by their base names. */
static json_t *command_of(const lta_release_trace *t)
{
    json_t *words = json_pack("[s, s, s, s, s]", "lta", "run", "-o", t->name, "--sha256");
    bool named = false;
    for (uint64_t i = 0; i < t->n_options; i++)
        named |= strcmp(t->option[i].name, "name") == 0;
    if (!named) {
        json_array_append_new(words, json_string("--name"));
        json_array_append_new(words, json_string(t->name));
    }
    if (t->skip_bad_rows) {
        json_array_append_new(words, json_string("--on-error"));
        json_array_append_new(words, json_string("skip"));
    }
    for (uint64_t i = 0; i < t->n_options; i++)
        add_option(words, &t->option[i]);
    for (uint64_t i = 0; i < t->files.n; i++)
        json_array_append_new(words, json_string(lta_base_name(lta_strings_get(&t->files, i))));
    return words;
}

lta_status lta_release_write_provenance(const lta_release_facts *f)
{
    static const char *const files[] = {"trace.h5", "trie.h5", "reuse.h5", "curve.h5", "enriched.h5"};
    lta_status st = LTA_OK;
    const lta_release_config *c = f->config;
    char *store = NULL;
    json_t *traces = json_array(), *all = NULL;
    for (uint64_t t = 0; t < c->n_traces; t++) {
        json_t *stages = json_array();
        json_t *trace = json_pack("{s:s, s:o, s:o}", "name", c->trace[t].name, "command",
                                  command_of(&c->trace[t]), "stages", stages);
        if (!trace || json_array_append_new(traces, trace) != 0)
            LTA_TRY(lta_fail(LTA_ERR_NOMEM, "memory has run out over provenance.json"));
        LTA_TRY(lta_join_path(f->work, c->trace[t].name, &store));
        for (size_t i = 0; i < sizeof files / sizeof *files; i++)
            LTA_TRY(add_stage(store, files[i], trace, stages));
        if (c->trace[t].anonymize > 0)
            LTA_TRY(add_blocks(f, c->trace[t].name, trace));
        lta_free(store);
        store = NULL;
    }
    all = json_pack("{s:s, s:s, s:O}", "release", c->name, "version", c->version, "traces", traces);
    st = lta_release_write_json(f, "provenance.json", all);
done:
    json_decref(traces);
    lta_free(store);
    return st;
}
