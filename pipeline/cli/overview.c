/* pipeline/cli/overview.c - see overview.h. */
#include "pipeline/cli/overview.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/core/text_out.h"
#include "pipeline/stage/stage.h"

#include <string.h>

/* Sessions are numbered without gaps. */
static lta_status count_sessions(const lta_reader *r, json_t *into)
{
    static const char path[] = "/requests/session";
    lta_status st = LTA_OK;
    uint32_t *session = NULL;
    uint64_t n, sessions = 0;
    if (!lta_reader_has(r, path)) {
        json_object_set_new(into, "sessions", json_null());
        return LTA_OK;
    }
    LTA_TRY(lta_reader_column(r, path, LTA_U32, (void **)&session, &n));
    for (uint64_t i = 0; i < n; i++)
        if (session[i] != UINT32_MAX && session[i] >= sessions)
            sessions = (uint64_t)session[i] + 1;
    json_object_set_new(into, "sessions", json_integer((json_int_t)sessions));
done:
    lta_free(session);
    return st;
}

/* From the first arrival to the last; requests of sources without times have -1. */
static lta_status find_span(const lta_reader *r, json_t *into)
{
    static const char path[] = "/requests/arrival_us";
    lta_status st = LTA_OK;
    int64_t *arrival = NULL, first = -1, last = -1;
    uint64_t n = 0;
    if (lta_reader_has(r, path))
        LTA_TRY(lta_reader_column(r, path, LTA_I64, (void **)&arrival, &n));
    for (uint64_t i = 0; i < n; i++) {
        if (arrival[i] < 0)
            continue;
        first = first < 0 || arrival[i] < first ? arrival[i] : first;
        last = arrival[i] > last ? arrival[i] : last;
    }
    json_object_set_new(into, "span_us", first < 0 ? json_null() : json_integer((json_int_t)(last - first)));
done:
    lta_free(arrival);
    return st;
}

static lta_status add_members(const lta_reader *r, const char *group, json_t *into, const char *key)
{
    lta_strings names = {0};
    json_t *list = json_array();
    lta_status st = lta_reader_members(r, group, &names);
    for (uint64_t i = 0; st == LTA_OK && i < names.n; i++)
        json_array_append_new(list, json_string(lta_strings_get(&names, i)));
    json_object_set_new(into, key, list);
    lta_strings_free(&names);
    return st;
}

/* Every scope of curve.h5 has the same blocks. */
static lta_status add_curves(const char *store, json_t *into)
{
    lta_status st = LTA_OK;
    lta_reader *r = NULL;
    char *path = NULL, group[64];
    json_t *curves = json_object();
    LTA_TRY(lta_join_path(store, "curve.h5", &path));
    if (!lta_file_exists(path))
        goto done;
    LTA_TRY(lta_stage_open_file(store, "curve.h5", false, &r));
    LTA_TRY(add_members(r, "/", curves, "scopes"));
    const char *first = json_string_value(json_array_get(json_object_get(curves, "scopes"), 0));
    snprintf(group, sizeof group, "/%s", first ? first : "");
    LTA_TRY(add_members(r, group, curves, "blocks"));
done:
    json_object_set(into, "curves", curves);
    json_decref(curves);
    lta_reader_close(r);
    lta_free(path);
    return st;
}

lta_status lta_store_overview(const char *store, json_t **out)
{
    lta_status st = LTA_OK;
    lta_reader *r = NULL;
    char *name = NULL, *unit = NULL;
    uint64_t block_tokens, requests, sources;
    lta_type type;
    json_t *o = NULL;
    LTA_TRY(lta_stage_open_file(store, "trace.h5", false, &r));
    LTA_TRY(lta_reader_attribute_text(r, "/", "name", &name));
    LTA_TRY(lta_reader_attribute_text(r, "/", "unit", &unit));
    LTA_TRY(lta_reader_attribute_u64(r, "/", "block_tokens", &block_tokens));
    LTA_TRY(lta_reader_describe(r, "/requests/source", &type, &requests, NULL, NULL));
    LTA_TRY(lta_reader_describe(r, "/sources/name", &type, &sources, NULL, NULL));
    o = json_pack("{s:s, s:s, s:I, s:I, s:I}", "name", name, "unit", unit, "block_tokens",
                  (json_int_t)block_tokens, "requests", (json_int_t)requests, "sources", (json_int_t)sources);
    if (!o)
        LTA_TRY(lta_fail(LTA_ERR_NOMEM, "could not describe %s", store));
    LTA_TRY(count_sessions(r, o));
    LTA_TRY(find_span(r, o));
    LTA_TRY(add_curves(store, o));
    *out = o;
    o = NULL;
done:
    json_decref(o);
    lta_free(unit);
    lta_free(name);
    lta_reader_close(r);
    return st;
}

/* ---- text ---- */

static void print_number(FILE *out, const char *label, const json_t *value)
{
    char text[LTA_GROUPED_TEXT];
    fprintf(out, "  %-15s %s\n", label,
            json_is_integer(value) ? lta_group_digits((uint64_t)json_integer_value(value), text)
                                   : "-  (the sources give none)");
}

static void print_list(FILE *out, const json_t *list)
{
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item) fprintf(out, "%s%s", i > 0 ? ", " : "", json_string_value(item));
}

static const char *state_of(const json_t *file)
{
    const char *state = json_string_value(json_object_get(file, "state"));
    return !state ? "not made" : strcmp(state, "current") == 0 ? "up to date" : "out of date";
}

/* "up to date: trace.h5, trie.h5; not made: reuse.h5" */
static void print_files(FILE *out, const char *const *names, const json_t *files)
{
    static const char *const states[] = {"up to date", "out of date", "not made"};
    fprintf(out, "  %-15s", "files");
    for (size_t s = 0, n = 0; s < sizeof states / sizeof *states; s++) {
        bool first = true;
        for (size_t i = 0; names[i]; i++) {
            if (strcmp(state_of(json_object_get(files, names[i])), states[s]) != 0)
                continue;
            if (first)
                fprintf(out, "%s %s: %s", n > 0 ? ";" : "", states[s], names[i]);
            else
                fprintf(out, ", %s", names[i]);
            first = false;
            n++;
        }
    }
    fputc('\n', out);
}

void lta_print_overview(FILE *out, const json_t *overview, const char *const *names, const json_t *files)
{
    const char *unit = json_string_value(json_object_get(overview, "unit"));
    long long tokens = (long long)json_integer_value(json_object_get(overview, "block_tokens"));
    const json_t *curves = json_object_get(overview, "curves"), *span = json_object_get(overview, "span_us");
    char text[LTA_GROUPED_TEXT];
    fprintf(out, "  %-15s %s\n", "name", json_string_value(json_object_get(overview, "name")));
    fprintf(out, "  %-15s %s", "symbols", unit);
    if (strcmp(unit, "block") == 0 && tokens > 0)
        fprintf(out, " of %lld token%s", tokens, tokens == 1 ? "" : "s");
    else if (strcmp(unit, "block") == 0)
        fputs(", of unequal numbers of tokens", out);
    fputc('\n', out);
    print_number(out, "requests", json_object_get(overview, "requests"));
    print_number(out, "sources", json_object_get(overview, "sources"));
    print_number(out, "sessions", json_object_get(overview, "sessions"));
    if (json_is_integer(span)) {
        uint64_t milliseconds = ((uint64_t)json_integer_value(span) + 500) / 1000;
        fprintf(out, "  %-15s %s.%03u s\n", "span", lta_group_digits(milliseconds / 1000, text),
                (unsigned)(milliseconds % 1000));
    } else {
        print_number(out, "span", NULL);
    }
    print_files(out, names, files);
    if (json_object_get(curves, "blocks")) {
        fprintf(out, "  %-15s ", "curves");
        print_list(out, json_object_get(curves, "scopes"));
        fputs(" x ", out);
        print_list(out, json_object_get(curves, "blocks"));
        fputc('\n', out);
    }
}
