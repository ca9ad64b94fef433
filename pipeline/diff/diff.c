/* pipeline/diff/diff.c - what is compared with what: operands, files, parameters. */
#include "pipeline/diff/diff.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/core/utf8.h"
#include "pipeline/diff/diff_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *name, *format;
} files[N_FILES] = {
    [ENRICHED] = {"enriched.h5", "enriched"}, [TRACE] = {"trace.h5", "trace"}, [TRIE] = {"trie.h5", "trie"},
    [REUSE] = {"reuse.h5", "reuse"},          [CURVE] = {"curve.h5", "curve"},
};

/* the order of the stages, in which files are listed */
static const int by_stage[N_FILES] = {TRACE, TRIE, REUSE, CURVE, ENRICHED};

const lta_reader *lta_diff_reader(const lta_comparison *c, int side, uint64_t i)
{
    int file = c->place[i].file[side];
    return file > 0 ? c->reader[side][file - 1] : NULL;
}

const lta_reader *lta_diff_trace(const lta_comparison *c, int side)
{
    return c->reader[side][ENRICHED] ? c->reader[side][ENRICHED] : c->reader[side][TRACE];
}

/* ---- operands ---- */

static lta_status is_folder(const char *path, bool *folder)
{
    struct stat s;
    if (stat(path, &s) != 0)
        return lta_fail_errno(LTA_ERR_INPUT, errno, "%s: could not be examined", path);
    *folder = S_ISDIR(s.st_mode);
    return LTA_OK;
}

/* A name that leads nowhere is a file that can't be read, not one that was never made. */
static lta_status is_in_folder(const char *folder, const char *name, bool *there)
{
    char *path;
    struct stat s;
    lta_status st = lta_join_path(folder, name, &path);
    if (st != LTA_OK)
        return st;
    *there = lstat(path, &s) == 0;
    lta_free(path);
    return LTA_OK;
}

static lta_status is_store(const char *folder, bool *store)
{
    lta_status st = is_in_folder(folder, files[TRACE].name, store);
    if (st == LTA_OK && !*store)
        st = is_in_folder(folder, files[ENRICHED].name, store);
    return st;
}

static lta_status open_store(const char *store, lta_reader *reader[N_FILES])
{
    lta_status st = LTA_OK;
    char *path = NULL;
    for (int f = 0; f < N_FILES; f++) {
        bool there;
        LTA_TRY(is_in_folder(store, files[f].name, &there));
        if (!there)
            continue;
        lta_free(path);
        path = NULL;
        LTA_TRY(lta_join_path(store, files[f].name, &path));
        LTA_TRY(lta_reader_open(path, files[f].format, &reader[f]));
    }
    if (!reader[TRACE] && !reader[ENRICHED])
        st = lta_fail(LTA_ERR_INPUT, "%s: holds neither trace.h5 nor enriched.h5; expected a store", store);
done:
    lta_free(path);
    return st;
}

static lta_status open_file(const char *path, lta_reader *reader[N_FILES], int *which)
{
    lta_reader *r;
    lta_status st = lta_reader_open(path, NULL, &r);
    if (st != LTA_OK)
        return st;
    for (int f = 0; f < N_FILES; f++)
        if (strcmp(lta_reader_format(r), files[f].format) == 0) {
            reader[f] = r;
            *which = f;
            return LTA_OK;
        }
    st = lta_fail(LTA_ERR_FORMAT, "%s: is a file of lta_format \"%s\", expected one of a store", path,
                  lta_reader_format(r));
    lta_reader_close(r);
    return st;
}

/* A store beside a file is its file of that format alone. */
static lta_status keep_only(const char *store, lta_reader *reader[N_FILES], int file)
{
    if (!reader[file])
        return lta_fail(LTA_ERR_INPUT, "%s: has no %s to compare with the other", store, files[file].name);
    for (int f = 0; f < N_FILES; f++)
        if (f != file) {
            lta_reader_close(reader[f]);
            reader[f] = NULL;
        }
    return LTA_OK;
}

static lta_status open_both(lta_comparison *c, const char *const operand[2])
{
    lta_status st = LTA_OK;
    bool folder[2];
    int which[2] = {N_FILES, N_FILES};
    for (int side = OLD; side <= NEW; side++) {
        LTA_TRY(is_folder(operand[side], &folder[side]));
        LTA_TRY(folder[side] ? open_store(operand[side], c->reader[side])
                             : open_file(operand[side], c->reader[side], &which[side]));
    }
    for (int side = OLD; side <= NEW; side++)
        if (folder[side] && !folder[1 - side])
            LTA_TRY(keep_only(operand[side], c->reader[side], which[1 - side]));
    if (!folder[OLD] && !folder[NEW] && which[OLD] != which[NEW] &&
        (which[OLD] > TRACE || which[NEW] > TRACE))
        st = lta_fail(LTA_ERR_USAGE, "%s is a file of format %s, %s of format %s; expected two of one format",
                      operand[OLD], files[which[OLD]].format, operand[NEW], files[which[NEW]].format);
done:
    return st;
}

/* Says which files of a store were made from other files than those beside them. */
static lta_status warn_of_mixed_store(const lta_comparison *c, int side)
{
    for (int f = 0; f < N_FILES; f++) {
        char *text = NULL;
        if (!c->reader[side][f] || f == TRACE)
            continue;
        lta_status st = lta_reader_attribute_text(c->reader[side][f], "/", "inputs", &text);
        if (st != LTA_OK)
            return st;
        json_t *inputs = json_loads(text, 0, NULL);
        lta_free(text);
        for (int other = 0; other < N_FILES; other++) {
            const char *digest = json_string_value(json_object_get(inputs, files[other].name));
            if (digest && c->reader[side][other] &&
                strcmp(digest, lta_reader_digest(c->reader[side][other])) != 0)
                lta_log_line(c->run->log, LTA_LOG_WARN, "diff",
                             "%s: made from another %s than the one beside it",
                             lta_reader_path(c->reader[side][f]), files[other].name);
        }
        json_decref(inputs);
    }
    return LTA_OK;
}

/* ---- files and paths ---- */

static json_t *digest_json(const lta_reader *r)
{
    return r ? json_string(lta_reader_digest(r)) : json_null();
}

static lta_status list_files(const lta_comparison *c, bool *same)
{
    lta_status st = LTA_OK;
    json_t *list = json_array();
    *same = true;
    for (int k = 0; k < N_FILES; k++) {
        int f = by_stage[k];
        const lta_reader *a = c->reader[OLD][f], *b = c->reader[NEW][f];
        if (!a && !b)
            continue;
        if (!a || !b || strcmp(lta_reader_digest(a), lta_reader_digest(b)) != 0)
            *same = false;
        LTA_TRY(lta_diff_append(list, json_pack("{s:s, s:o, s:o}", "file", files[f].name, "old",
                                                digest_json(a), "new", digest_json(b))));
    }
    LTA_TRY(lta_diff_put(c->result, "files", json_incref(list)));
    LTA_TRY(lta_diff_put(c->result, "same", json_boolean(*same)));
done:
    json_decref(list);
    return st;
}

static lta_status find_paths(lta_comparison *c)
{
    lta_status st = LTA_OK;
    lta_strings found = {0};
    for (int side = OLD; side <= NEW; side++)
        for (int f = 0; f < N_FILES; f++) {
            if (!c->reader[side][f])
                continue;
            lta_strings_free(&found);
            LTA_TRY(lta_reader_datasets(c->reader[side][f], &found));
            for (uint64_t i = 0; i < found.n; i++) {
                uint64_t known = c->paths.strings.n, k;
                LTA_TRY(lta_dictionary_intern(&c->paths, lta_strings_get(&found, i),
                                              (size_t)lta_strings_length(&found, i), &k));
                LTA_TRY(LTA_GROW(&c->place, &c->place_capacity, known + 1));
                if (k == known)
                    c->place[k] = (lta_place){{0, 0}};
                if (c->place[k].file[side] == 0)
                    c->place[k].file[side] = (uint8_t)(f + 1);
            }
        }
done:
    lta_strings_free(&found);
    return st;
}

/* ---- parameters and attributes ---- */

/* Adds {file, name, old, new} where the two values differ; both are borrowed, NULL = not there. */
static lta_status add_change(json_t *list, const char *file, const char *name, const json_t *a,
                             const json_t *b)
{
    if ((!a && !b) || (a && b && json_equal(a, b)))
        return LTA_OK;
    json_t *old_value = a ? json_deep_copy(a) : json_null(), *new_value = b ? json_deep_copy(b) : json_null();
    return lta_diff_append(list, json_pack("{s:s, s:s, s:o, s:o}", "file", file, "name", name, "old",
                                           old_value, "new", new_value));
}

/* Members of two objects; those of objects inside them as NAME.MEMBER. */
static lta_status compare_objects(json_t *list, const char *file, const char *prefix, json_t *a, json_t *b)
{
    lta_status st = LTA_OK;
    json_t *all = json_object(), *unused;
    const char *key;
    if (!all || json_object_update(all, a) != 0 || json_object_update_missing(all, b) != 0) {
        st = lta_fail(LTA_ERR_NOMEM, "no memory left to compare parameters");
        goto done;
    }
    json_object_foreach(all, key, unused)
    {
        char name[256];
        json_t *x = json_object_get(a, key), *y = json_object_get(b, key);
        snprintf(name, sizeof name, "%s%s", prefix, key);
        if (prefix[0] == '\0' && json_is_object(x) && json_is_object(y)) {
            snprintf(name, sizeof name, "%s.", key);
            LTA_TRY(compare_objects(list, file, name, x, y));
        } else {
            LTA_TRY(add_change(list, file, name, x, y));
        }
    }
done:
    json_decref(all);
    return st;
}

static lta_status read_parameters(const lta_reader *r, json_t **out)
{
    char *text;
    lta_status st = lta_reader_attribute_text(r, "/", "parameters", &text);
    if (st != LTA_OK)
        return st;
    *out = json_loads(text, 0, NULL);
    lta_free(text);
    if (json_is_object(*out))
        return LTA_OK;
    return lta_fail(LTA_ERR_FORMAT, "%s:/@parameters: expected a JSON object", lta_reader_path(r));
}

static lta_status compare_parameters(const lta_comparison *c)
{
    lta_status st = LTA_OK;
    json_t *list = json_array(), *value[2] = {NULL, NULL};
    for (int k = 0; k < N_FILES; k++) {
        int f = by_stage[k];
        if (!c->reader[OLD][f] || !c->reader[NEW][f])
            continue;
        for (int side = OLD; side <= NEW; side++) {
            json_decref(value[side]);
            value[side] = NULL;
            LTA_TRY(read_parameters(c->reader[side][f], &value[side]));
        }
        LTA_TRY(compare_objects(list, files[f].name, "", value[OLD], value[NEW]));
    }
    LTA_TRY(lta_diff_put(c->result, "parameters", json_incref(list)));
done:
    json_decref(value[OLD]);
    json_decref(value[NEW]);
    json_decref(list);
    return st;
}

static lta_status read_attribute(const lta_reader *r, const char *path, const char *name, bool number,
                                 json_t **out)
{
    lta_status st;
    if (number) {
        uint64_t v;
        st = lta_reader_attribute_u64(r, path, name, &v);
        *out = st == LTA_OK ? lta_value_u64(v) : NULL;
    } else {
        char *text = NULL;
        st = lta_reader_attribute_text(r, path, name, &text);
        *out = st == LTA_OK ? json_string(text) : NULL;
        lta_free(text);
    }
    return st;
}

static lta_status compare_attribute(const lta_reader *a, const lta_reader *b, const char *path,
                                    const char *name, bool number, json_t *list)
{
    lta_status st = LTA_OK;
    char shown[600];
    json_t *x = NULL, *y = NULL;
    LTA_TRY(read_attribute(a, path, name, number, &x));
    LTA_TRY(read_attribute(b, path, name, number, &y));
    snprintf(shown, sizeof shown, "%s@%s", path, name);
    LTA_TRY(add_change(list, lta_reader_format(b), strcmp(path, "/") == 0 ? name : shown, x, y));
done:
    json_decref(x);
    json_decref(y);
    return st;
}

/* What says more than columns do: the trace's name and symbols, the curves' lookups. */
static lta_status compare_attributes(const lta_comparison *c)
{
    static const char last[] = "/capacity";
    lta_status st = LTA_OK;
    json_t *list = json_array();
    const lta_reader *a = lta_diff_trace(c, OLD), *b = lta_diff_trace(c, NEW);
    if (a && b) {
        LTA_TRY(compare_attribute(a, b, "/", "name", false, list));
        LTA_TRY(compare_attribute(a, b, "/", "unit", false, list));
        LTA_TRY(compare_attribute(a, b, "/", "block_tokens", true, list));
    }
    for (uint64_t i = 0; i < c->paths.strings.n; i++) {
        char group[512];
        const char *path = lta_strings_get(&c->paths.strings, i);
        size_t n = strlen(path);
        if (c->place[i].file[OLD] != CURVE + 1 || c->place[i].file[NEW] != CURVE + 1 || n <= strlen(last) ||
            strcmp(path + n - strlen(last), last) != 0)
            continue;
        snprintf(group, sizeof group, "%.*s", (int)(n - strlen(last)), path);
        LTA_TRY(
            compare_attribute(c->reader[OLD][CURVE], c->reader[NEW][CURVE], group, "lookups", true, list));
    }
    LTA_TRY(lta_diff_put(c->result, "attributes", json_incref(list)));
done:
    json_decref(list);
    return st;
}

/* ---- two stores or files ---- */

static lta_status compare(const lta_run *run, const char *const operand[2], uint64_t limit, json_t **out,
                          bool *same)
{
    lta_status st = LTA_OK;
    lta_comparison c = {.run = run, .limit = limit};
    c.result = json_pack("{s:s, s:s}", "old", operand[OLD], "new", operand[NEW]);
    if (!c.result) {
        st = lta_fail(LTA_ERR_NOMEM, "no memory left to describe a difference");
        goto done;
    }
    LTA_TRY(open_both(&c, operand));
    for (int side = OLD; side <= NEW; side++)
        LTA_TRY(warn_of_mixed_store(&c, side));
    LTA_TRY(list_files(&c, same));
    if (!*same) {
        LTA_TRY(find_paths(&c));
        LTA_TRY(compare_parameters(&c));
        LTA_TRY(compare_attributes(&c));
        if (lta_diff_trace(&c, OLD) && lta_diff_trace(&c, NEW))
            LTA_TRY(lta_diff_requests(&c));
        LTA_TRY(lta_diff_tables(&c));
        LTA_TRY(lta_diff_datasets(&c));
    }
    *out = json_incref(c.result);
done:
    for (int side = OLD; side <= NEW; side++)
        for (int f = 0; f < N_FILES; f++)
            lta_reader_close(c.reader[side][f]);
    lta_dictionary_free(&c.paths);
    lta_free(c.place);
    json_decref(c.result);
    return st;
}

/* ---- folders of stores ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

typedef struct names {
    char **name;
    uint64_t n, capacity;
} names;

static void names_free(names *l)
{
    for (uint64_t i = 0; i < l->n; i++)
        lta_free(l->name[i]);
    lta_free(l->name);
}

/* Adds the folder where it is a store. */
static lta_status add_store(const char *folder, const char *name, names *out, bool *added)
{
    lta_status st = LTA_OK;
    char *path = NULL;
    LTA_TRY(lta_join_path(folder, name, &path));
    LTA_TRY(is_store(path, added));
    if (!*added)
        goto done;
    LTA_TRY(LTA_GROW(&out->name, &out->capacity, out->n + 1));
    LTA_TRY(lta_copy_text(name, strlen(name), &out->name[out->n]));
    out->n++;
done:
    lta_free(path);
    return st;
}

/* Subfolders that are stores, and the blocks that a release publishes beside them, sorted by name. */
static lta_status list_stores(const char *folder, names *out)
{
    lta_status st = LTA_OK;
    char *blocks = NULL;
    struct dirent *entry;
    DIR *d = opendir(folder);
    if (!d)
        return lta_fail_errno(LTA_ERR_INPUT, errno, "%s: could not be opened", folder);
    while (errno = 0, (entry = readdir(d)) != NULL) {
        bool store;
        if (entry->d_name[0] == '.' || !lta_is_utf8(entry->d_name, strlen(entry->d_name)))
            continue;
        LTA_TRY(add_store(folder, entry->d_name, out, &store));
        if (!store)
            continue;
        lta_free(blocks);
        blocks = NULL;
        LTA_TRY(lta_join_path(entry->d_name, "blocks", &blocks));
        LTA_TRY(add_store(folder, blocks, out, &store));
    }
    if (errno != 0)
        st = lta_fail_errno(LTA_ERR_INPUT, errno, "%s: could not be listed", folder);
    else if (out->n == 0)
        st = lta_fail(LTA_ERR_INPUT, "%s: expected a store, or a folder of stores", folder);
    else
        qsort(out->name, (size_t)out->n, sizeof *out->name, by_name);
done:
    closedir(d);
    lta_free(blocks);
    return st;
}

static lta_status compare_in_folders(const lta_run *run, const char *const operand[2], const char *name,
                                     uint64_t limit, json_t *stores, bool *same)
{
    lta_status st = LTA_OK;
    char *path[2] = {NULL, NULL};
    json_t *one = NULL;
    for (int side = OLD; side <= NEW; side++)
        LTA_TRY(lta_join_path(operand[side], name, &path[side]));
    LTA_TRY(compare(run, (const char *const[2]){path[OLD], path[NEW]}, limit, &one, same));
    LTA_TRY(lta_diff_append(stores, json_incref(one)));
done:
    json_decref(one);
    lta_free(path[OLD]);
    lta_free(path[NEW]);
    return st;
}

static lta_status compare_folders(const lta_run *run, const char *const operand[2], uint64_t limit,
                                  json_t **out, bool *same)
{
    lta_status st = LTA_OK;
    names list[2] = {{0}, {0}};
    json_t *stores = json_array(), *only[2] = {json_array(), json_array()};
    for (int side = OLD; side <= NEW; side++)
        LTA_TRY(list_stores(operand[side], &list[side]));
    *same = true;
    for (uint64_t i = 0, j = 0; i < list[OLD].n || j < list[NEW].n;) {
        int order = i == list[OLD].n   ? 1
                    : j == list[NEW].n ? -1
                                       : strcmp(list[OLD].name[i], list[NEW].name[j]);
        if (order == 0) {
            bool equal;
            LTA_TRY(compare_in_folders(run, operand, list[OLD].name[i], limit, stores, &equal));
            *same = *same && equal;
        } else {
            LTA_TRY(lta_diff_append(only[order < 0 ? OLD : NEW],
                                    json_string(order < 0 ? list[OLD].name[i] : list[NEW].name[j])));
            *same = false;
        }
        i += order <= 0;
        j += order >= 0;
    }
    *out = json_pack("{s:s, s:s, s:b, s:O, s:O, s:O}", "old", operand[OLD], "new", operand[NEW], "same",
                     *same, "stores", stores, "stores_only_old", only[OLD], "stores_only_new", only[NEW]);
    if (!*out)
        st = lta_fail(LTA_ERR_NOMEM, "no memory left to describe a difference");
done:
    names_free(&list[OLD]);
    names_free(&list[NEW]);
    json_decref(stores);
    json_decref(only[OLD]);
    json_decref(only[NEW]);
    return st;
}

lta_status lta_diff(const lta_run *run, const char *old_path, const char *new_path, uint64_t limit,
                    json_t **out, bool *same)
{
    lta_status st = LTA_OK;
    const char *const operand[2] = {old_path, new_path};
    bool several[2];
    for (int side = OLD; side <= NEW; side++) {
        bool folder, store = true;
        if (!lta_is_utf8(operand[side], strlen(operand[side]))) { /* JSON could not name it */
            st = lta_fail(LTA_ERR_USAGE, "a path is not UTF-8; expected paths in UTF-8");
            goto done;
        }
        LTA_TRY(is_folder(operand[side], &folder));
        if (folder)
            LTA_TRY(is_store(operand[side], &store));
        several[side] = folder && !store;
    }
    if (several[OLD] && several[NEW])
        return compare_folders(run, operand, limit, out, same);
    return compare(run, operand, limit, out, same);
done:
    return st;
}
