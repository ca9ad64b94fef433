/* pipeline/cli/cmd_info.c - lta info: what a store or one of its files holds. */
#include "pipeline/cli/cli.h"
#include "pipeline/cli/overview.h"
#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/core/json_text.h"
#include "pipeline/stage/stage.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const char *const store_files[] = {"trace.h5", "trie.h5", "reuse.h5", "curve.h5", "enriched.h5", NULL};
enum { N_FILES = sizeof store_files / sizeof *store_files - 1 };

static const lta_option_group *const groups[] = {&lta_json_group, NULL};

/* ---- gathering: everything becomes one JSON object, from which the text is printed too ---- */

static lta_status no_memory(void)
{
    return lta_fail(LTA_ERR_NOMEM, "could not describe a file");
}

/* An attribute that holds JSON, as JSON. */
static lta_status add_json(const lta_reader *r, const char *name, json_t *into)
{
    char *text = NULL;
    lta_status st = lta_reader_attribute_text(r, "/", name, &text);
    if (st != LTA_OK)
        return st;
    json_t *value = json_loads(text, 0, NULL);
    lta_free(text);
    if (!value)
        return lta_fail(LTA_ERR_FORMAT, "%s:/@%s: expected JSON", lta_reader_path(r), name);
    return json_object_set_new(into, name, value) == 0 ? LTA_OK : no_memory();
}

static lta_status add_text(const lta_reader *r, const char *name, json_t *into)
{
    char *text = NULL;
    lta_status st = lta_reader_attribute_text(r, "/", name, &text);
    if (st == LTA_OK && json_object_set_new(into, name, json_string(text)) != 0)
        st = no_memory();
    lta_free(text);
    return st;
}

static lta_status add_number(const lta_reader *r, const char *name, json_t *into)
{
    uint64_t number;
    lta_status st = lta_reader_attribute_u64(r, "/", name, &number);
    if (st == LTA_OK && json_object_set_new(into, name, json_integer((json_int_t)number)) != 0)
        st = no_memory();
    return st;
}

static const char *type_name(lta_type t)
{
    static const char *const names[] = {[LTA_U16] = "u16", [LTA_U32] = "u32", [LTA_U64] = "u64",
                                        [LTA_I64] = "i64", [LTA_F64] = "f64", [LTA_STR] = "text"};
    return names[t];
}

static lta_status describe_dataset(const lta_reader *r, const char *path, json_t *list)
{
    lta_type type;
    uint64_t n;
    char *unit = NULL, *description = NULL;
    lta_status st = lta_reader_describe(r, path, &type, &n, &unit, &description);
    if (st != LTA_OK)
        return st;
    json_t *row = json_pack("{s:s, s:s, s:I, s:s, s:s}", "path", path, "type", type_name(type), "length",
                            (json_int_t)n, "unit", unit, "description", description);
    if (json_array_append_new(list, row) != 0)
        st = no_memory();
    lta_free(unit);
    lta_free(description);
    return st;
}

static lta_status describe_file(const lta_reader *r, json_t **out)
{
    lta_status st = LTA_OK;
    lta_strings paths = {0};
    json_t *file = json_object(), *datasets = json_array();
    const char *format = lta_reader_format(r);
    if (!file || !datasets) {
        st = no_memory();
        goto done;
    }
    LTA_TRY(add_text(r, "lta_format", file));
    LTA_TRY(add_number(r, "schema_major", file));
    LTA_TRY(add_number(r, "schema_minor", file));
    LTA_TRY(add_text(r, "created_by", file));
    LTA_TRY(add_json(r, "parameters", file));
    LTA_TRY(add_json(r, "inputs", file));
    LTA_TRY(add_text(r, "content_sha256", file));
    if (strcmp(format, "trace") == 0 || strcmp(format, "enriched") == 0) {
        LTA_TRY(add_text(r, "name", file));
        LTA_TRY(add_text(r, "unit", file));
        LTA_TRY(add_number(r, "block_tokens", file));
    }
    LTA_TRY(lta_reader_datasets(r, &paths));
    for (uint64_t i = 0; i < paths.n; i++)
        LTA_TRY(describe_dataset(r, lta_strings_get(&paths, i), datasets));
    if (json_object_set(file, "datasets", datasets) != 0) {
        st = no_memory();
        goto done;
    }
    *out = file;
    file = NULL;
done:
    lta_strings_free(&paths);
    json_decref(datasets);
    json_decref(file);
    return st;
}

/* ---- text ---- */

static void print_json_line(FILE *out, const char *label, const json_t *value)
{
    char *text = lta_json_text(value, JSON_ENCODE_ANY);
    fprintf(out, "  %-15s %s\n", label, text ? text : "");
    lta_free(text);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static int number_width(json_int_t n)
{
    char digits[32];
    return snprintf(digits, sizeof digits, "%lld", (long long)n);
}

static void print_datasets(FILE *out, const json_t *datasets)
{
    int path = (int)strlen("dataset"), length = (int)strlen("rows"), unit = (int)strlen("unit");
    size_t i;
    const json_t *d;
    json_array_foreach(datasets, i, d)
    {
        int p = (int)strlen(text_of(d, "path")), u = (int)strlen(text_of(d, "unit"));
        int n = number_width(json_integer_value(json_object_get(d, "length")));
        path = p > path ? p : path;
        unit = u > unit ? u : unit;
        length = n > length ? n : length;
    }
    fprintf(out, "  %-*s  type  %*s  %-*s  description\n", path, "dataset", length, "rows", unit, "unit");
    json_array_foreach(datasets, i, d)
    {
        fprintf(out, "  %-*s  %-4s  %*lld  %-*s  %s\n", path, text_of(d, "path"), text_of(d, "type"), length,
                (long long)json_integer_value(json_object_get(d, "length")), unit, text_of(d, "unit"),
                text_of(d, "description"));
    }
}

static void print_file(FILE *out, const json_t *file, bool columns)
{
    fprintf(out, "  %-15s %s, schema %lld.%lld, made by %s\n", "format", text_of(file, "lta_format"),
            (long long)json_integer_value(json_object_get(file, "schema_major")),
            (long long)json_integer_value(json_object_get(file, "schema_minor")),
            text_of(file, "created_by"));
    if (json_object_get(file, "unit")) {
        fprintf(out, "  %-15s %s\n", "name", text_of(file, "name"));
        long long tokens = (long long)json_integer_value(json_object_get(file, "block_tokens"));
        if (strcmp(text_of(file, "unit"), "block") == 0 && tokens > 0)
            fprintf(out, "  %-15s block of %lld token%s\n", "symbols", tokens, tokens == 1 ? "" : "s");
        else if (strcmp(text_of(file, "unit"), "block") == 0)
            fprintf(out, "  %-15s block, of unequal numbers of tokens\n", "symbols");
        else
            fprintf(out, "  %-15s %s\n", "symbols", text_of(file, "unit"));
    }
    print_json_line(out, "parameters", json_object_get(file, "parameters"));
    print_json_line(out, "inputs", json_object_get(file, "inputs"));
    fprintf(out, "  %-15s %s\n", "content_sha256", text_of(file, "content_sha256"));
    if (columns)
        print_datasets(out, json_object_get(file, "datasets"));
}

/* ---- operands ---- */

/* The file's description with its state in the store. */
static lta_status describe_stage(const char *store, const char *name, json_t *files)
{
    lta_status st = LTA_OK;
    lta_reader *r = NULL, *fresh = NULL;
    json_t *file = NULL;
    LTA_TRY(lta_stage_open_file(store, name, false, &r));
    LTA_TRY(describe_file(r, &file));
    st = lta_stage_open_file(store, name, true, &fresh);
    if (st != LTA_OK && st != LTA_ERR_INPUT)
        goto done;
    const char *state = st == LTA_OK ? "current" : "out of date: made from other files than those beside it";
    st = LTA_OK;
    if (json_object_set_new(file, "state", json_string(state)) != 0 ||
        json_object_set(files, name, file) != 0)
        st = no_memory();
done:
    json_decref(file);
    lta_reader_close(fresh);
    lta_reader_close(r);
    return st;
}

static lta_status describe_store(const char *store, json_t **out)
{
    lta_status st = LTA_OK;
    json_t *files = json_object(), *overview = NULL;
    for (int i = 0; i < N_FILES; i++) {
        char *path = NULL;
        LTA_TRY(lta_join_path(store, store_files[i], &path));
        bool there = lta_file_exists(path);
        lta_free(path);
        if (there || i == 0)
            LTA_TRY(describe_stage(store, store_files[i], files));
        else
            json_object_set_new(files, store_files[i], json_null());
    }
    LTA_TRY(lta_store_overview(store, &overview));
    *out = json_pack("{s:O, s:O}", "files", files, "overview", overview);
    st = *out ? LTA_OK : no_memory();
done:
    json_decref(overview);
    json_decref(files);
    return st;
}

static void print_store(FILE *out, const char *store, const json_t *description, bool columns)
{
    const json_t *files = json_object_get(description, "files");
    fprintf(out, "%s\n", store);
    lta_print_overview(out, json_object_get(description, "overview"), store_files, files);
    for (int i = 0; i < N_FILES; i++) {
        const json_t *file = json_object_get(files, store_files[i]);
        fprintf(out, "\n%s/%s: %s\n", store, store_files[i],
                json_is_null(file) ? "not made" : text_of(file, "state"));
        if (!json_is_null(file))
            print_file(out, file, columns);
    }
}

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    bool json = false;
    void *targets[] = {&json};
    lta_reader *r = NULL;
    json_t *description = NULL;
    struct stat s;
    lta_status st = LTA_OK;
    LTA_TRY(lta_cli_parse(cli, argc, argv, targets, 1, 1));
    if (cli->help_shown)
        goto done;
    const char *operand = cli->operands[0];
    if (stat(operand, &s) != 0) {
        st = lta_fail_errno(LTA_ERR_INPUT, errno, "%s: could not be examined", operand);
        goto done;
    }
    bool folder = S_ISDIR(s.st_mode);
    if (folder) {
        LTA_TRY(describe_store(operand, &description));
    } else {
        LTA_TRY(lta_reader_open(operand, NULL, &r));
        LTA_TRY(describe_file(r, &description));
    }
    if (json) {
        json_dumpf(description, cli->out, JSON_COMPACT | JSON_SORT_KEYS);
        fputc('\n', cli->out);
    } else if (folder) {
        print_store(cli->out, operand, description, cli->log.level == LTA_LOG_DEBUG);
    } else {
        fprintf(cli->out, "%s\n", operand);
        print_file(cli->out, description, true);
    }
done:
    json_decref(description);
    lta_reader_close(r);
    return st;
}

const lta_command lta_command_info = {
    .name = "info",
    .operands = "STORE|FILE.h5",
    .summary = "what a store or a file of it holds: format, parameters, inputs, digests, columns",
    .description = "Shows of a store what it is of, in a few lines, then each file with its state, format, "
                   "parameters, inputs and digest; of a file, and with `--verbose` of each, its columns too.",
    .example = "  lta info mooncake.store\n  lta info --json mooncake.store/trace.h5\n",
    .groups = groups,
    .common = LTA_THREADS | LTA_MEMORY,
    .see = "verify diff",
    .run = run,
};
