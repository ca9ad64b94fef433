/* pipeline/diff/diff_print.c - the result as text, from the JSON object that --json prints. */
#include "pipeline/core/array.h"
#include "pipeline/core/json_text.h"
#include "pipeline/core/text_out.h"
#include "pipeline/diff/diff.h"

#include <string.h>

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static long long number_of(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

/* A value on its own: numbers by the fewest digits, texts without quotes, "-" for none. */
enum { VALUE = 96 };
static const char *show(const json_t *v, char out[VALUE])
{
    if (!v || json_is_null(v)) {
        snprintf(out, VALUE, "-");
    } else if (json_is_integer(v)) {
        snprintf(out, VALUE, "%lld", (long long)json_integer_value(v));
    } else if (json_is_real(v)) {
        lta_shortest_f64(json_real_value(v), out);
    } else if (json_is_string(v)) {
        snprintf(out, VALUE, "%s", json_string_length(v) > 0 ? json_string_value(v) : "\"\"");
    } else {
        char *text = lta_json_text(v, JSON_ENCODE_ANY);
        snprintf(out, VALUE, "%s", text ? text : "");
        lta_free(text);
    }
    return out;
}

static const char *show_key(const json_t *object, const char *key, char out[VALUE])
{
    return show(json_object_get(object, key), out);
}

static void print_names(FILE *out, const char *indent, const char *title, const json_t *names)
{
    size_t i;
    const json_t *name;
    if (json_array_size(names) == 0)
        return;
    fprintf(out, "%s%s:", indent, title);
    json_array_foreach(names, i, name) fprintf(out, " %s", json_string_value(name));
    fputc('\n', out);
}

/* How much something changed: reals by six digits, --json has all of them. */
static const char *show_amount(const json_t *object, const char *key, char out[VALUE])
{
    const json_t *v = json_object_get(object, key);
    if (!json_is_real(v))
        return show(v, out);
    snprintf(out, VALUE, "%.6g", json_real_value(v));
    return out;
}

/* ---- files, parameters ---- */

static void print_files(FILE *out, const json_t *result)
{
    size_t i;
    const json_t *f;
    json_array_foreach(json_object_get(result, "files"), i, f)
    {
        const char *file = text_of(f, "file"), *a = text_of(f, "old"), *b = text_of(f, "new");
        if (strcmp(a, b) == 0) {
            fprintf(out, "  %-12s old and new %s  same content\n", file, a);
        } else {
            fprintf(out, "  %-12s old         %s\n", file, a[0] ? a : "not there");
            fprintf(out, "  %-12s new         %s\n", "", b[0] ? b : "not there");
        }
    }
}

static void print_changes(FILE *out, const char *title, const json_t *list)
{
    size_t i;
    const json_t *p;
    int file = 0, name = 0;
    if (json_array_size(list) == 0)
        return;
    json_array_foreach(list, i, p)
    {
        int f = (int)strlen(text_of(p, "file")), n = (int)strlen(text_of(p, "name"));
        file = f > file ? f : file;
        name = n > name ? n : name;
    }
    fprintf(out, "\n%s\n", title);
    json_array_foreach(list, i, p)
    {
        char a[VALUE], b[VALUE];
        fprintf(out, "  %-*s  %-*s  %s -> %s\n", file, text_of(p, "file"), name, text_of(p, "name"),
                show_key(p, "old", a), show_key(p, "new", b));
    }
}

/* ---- sources ---- */

static void print_source_list(FILE *out, char sign, const json_t *list)
{
    size_t i;
    const json_t *s;
    json_array_foreach(list, i, s)
        fprintf(out, "  %c %s: %lld rows, file %s, xxh3_128 %s\n", sign, text_of(s, "name"),
                number_of(s, "rows"), text_of(s, "file"), text_of(s, "xxh3_128"));
}

static void print_sources(FILE *out, const json_t *sources)
{
    size_t i, k;
    const json_t *s, *change;
    if (!sources || number_of(sources, "same") == number_of(sources, "old"))
        if (!sources || number_of(sources, "same") == number_of(sources, "new"))
            return;
    fprintf(out, "\nSources: %lld -> %lld (%zu added, %zu removed, %zu changed, %lld the same)\n",
            number_of(sources, "old"), number_of(sources, "new"),
            json_array_size(json_object_get(sources, "added")),
            json_array_size(json_object_get(sources, "removed")),
            json_array_size(json_object_get(sources, "changed")), number_of(sources, "same"));
    print_source_list(out, '+', json_object_get(sources, "added"));
    print_source_list(out, '-', json_object_get(sources, "removed"));
    json_array_foreach(json_object_get(sources, "changed"), i, s)
    {
        fprintf(out, "  ~ %s:", text_of(s, "name"));
        json_array_foreach(json_object_get(s, "changes"), k, change)
        {
            char a[VALUE], b[VALUE];
            fprintf(out, "%s %s %s -> %s", k > 0 ? "," : "", text_of(change, "column"),
                    show_key(change, "old", a), show_key(change, "new", b));
        }
        fputc('\n', out);
    }
}

/* ---- columns ---- */

static void widen(int *width, size_t n)
{
    *width = (int)n > *width ? (int)n : *width;
}

/* A line a column: how many rows differ and by how much; row: what examples call a row, NULL = no examples.
 */
static void print_columns(FILE *out, const char *indent, const json_t *columns, const char *row)
{
    static const char *const keys[] = {"name", "differ", "one_absent", "largest", "relative", "sum"};
    static const char *const titles[] = {"column",         "differ",           "one absent",
                                         "largest change", "largest relative", "sum of changes"};
    enum { N = sizeof keys / sizeof *keys };
    int width[N];
    char a[VALUE], b[VALUE];
    size_t i, e;
    const json_t *column, *example;
    if (json_array_size(columns) == 0)
        return;
    for (int k = 0; k < N; k++) {
        width[k] = (int)strlen(titles[k]);
        json_array_foreach(columns, i, column) widen(&width[k], strlen(show_amount(column, keys[k], a)));
    }
    fprintf(out, "%s%-*s", indent, width[0], titles[0]);
    for (int k = 1; k < N; k++)
        fprintf(out, "  %*s", width[k], titles[k]);
    fputc('\n', out);
    json_array_foreach(columns, i, column)
    {
        const json_t *type = json_object_get(column, "type");
        fprintf(out, "%s%-*s", indent, width[0], show_key(column, keys[0], a));
        for (int k = 1; k < N; k++)
            fprintf(out, "  %*s", width[k], show_amount(column, keys[k], a));
        if (type)
            fprintf(out, "  %s -> %s", text_of(type, "old"), text_of(type, "new"));
        fputc('\n', out);
        if (!row)
            continue;
        json_array_foreach(json_object_get(column, "first"), e, example)
        {
            fprintf(out, "%s  %s %lld -> %lld: ", indent, row, number_of(example, "old_row"),
                    number_of(example, "new_row"));
            fprintf(out, "%s -> %s\n", show_key(example, "old", a), show_key(example, "new", b));
        }
    }
}

/* ---- requests ---- */

static void print_alone(FILE *out, char sign, const json_t *list, long long n)
{
    size_t i;
    const json_t *r;
    json_array_foreach(list, i, r)
        fprintf(out, "  %c request %lld: %s, row %lld\n", sign, number_of(r, "row"), text_of(r, "source"),
                number_of(r, "source_row"));
    if (i > 0 && n > (long long)i)
        fprintf(out, "  %c and %lld more\n", sign, n - (long long)i);
}

static void print_requests(FILE *out, const json_t *r)
{
    if (!r)
        return;
    long long added = number_of(r, "added"), removed = number_of(r, "removed");
    fprintf(out, "\nRequests: %lld -> %lld (%lld added, %lld removed, %lld kept, of which %lld changed)\n",
            number_of(r, "old"), number_of(r, "new"), added, removed, number_of(r, "kept"),
            number_of(r, "changed"));
    if (number_of(r, "renumbered") > 0)
        fprintf(out, "  renumbered: %lld of those kept\n", number_of(r, "renumbered"));
    print_alone(out, '+', json_object_get(r, "added_first"), added);
    print_alone(out, '-', json_object_get(r, "removed_first"), removed);
    print_columns(out, "  ", json_object_get(r, "columns"), "request");
    print_names(out, "  ", "columns only in old", json_object_get(r, "columns_only_old"));
    print_names(out, "  ", "columns only in new", json_object_get(r, "columns_only_new"));
}

/* ---- tables, other datasets ---- */

static void print_tables(FILE *out, const json_t *result)
{
    size_t i, k;
    const json_t *t, *name;
    json_array_foreach(json_object_get(result, "tables"), i, t)
    {
        const json_t *key = json_object_get(t, "key");
        fprintf(out, "\nTable %s: %lld -> %lld rows (%lld added, %lld removed, %lld changed), ",
                text_of(t, "table"), number_of(t, "old"), number_of(t, "new"), number_of(t, "added"),
                number_of(t, "removed"), number_of(t, "changed"));
        fprintf(out, json_array_size(key) > 0 ? "by" : "row by row");
        json_array_foreach(key, k, name) fprintf(out, "%s %s", k > 0 ? "," : "", json_string_value(name));
        fputc('\n', out);
        print_columns(out, "  ", json_object_get(t, "columns"), NULL);
        print_names(out, "  ", "columns only in old", json_object_get(t, "columns_only_old"));
        print_names(out, "  ", "columns only in new", json_object_get(t, "columns_only_new"));
    }
    if (json_array_size(json_object_get(result, "tables_only_old")) +
            json_array_size(json_object_get(result, "tables_only_new")) >
        0)
        fputc('\n', out);
    print_names(out, "", "Tables only in old", json_object_get(result, "tables_only_old"));
    print_names(out, "", "Tables only in new", json_object_get(result, "tables_only_new"));
}

static void print_datasets(FILE *out, const json_t *result)
{
    const json_t *list = json_object_get(result, "datasets"), *d;
    const json_t *a = json_object_get(result, "datasets_only_old"),
                 *b = json_object_get(result, "datasets_only_new");
    int path = 0;
    size_t i;
    if (json_array_size(list) + json_array_size(a) + json_array_size(b) == 0)
        return;
    fprintf(out, "\nOther datasets, row by row\n");
    json_array_foreach(list, i, d) widen(&path, strlen(text_of(d, "name")));
    json_array_foreach(list, i, d)
        fprintf(out, "  %-*s  %lld -> %lld rows, %lld of the common ones differ\n", path, text_of(d, "name"),
                number_of(d, "old"), number_of(d, "new"), number_of(d, "differ"));
    print_names(out, "  ", "only in old", a);
    print_names(out, "  ", "only in new", b);
}

static bool is_empty(const json_t *result)
{
    static const char *const lists[] = {"parameters",        "attributes",       "tables",
                                        "tables_only_old",   "tables_only_new",  "datasets",
                                        "datasets_only_old", "datasets_only_new"};
    const json_t *r = json_object_get(result, "requests"), *s = json_object_get(result, "sources");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (json_array_size(json_object_get(result, lists[i])) > 0)
            return false;
    return number_of(s, "same") == number_of(s, "old") && number_of(s, "same") == number_of(s, "new") &&
           number_of(r, "added") + number_of(r, "removed") + number_of(r, "renumbered") == 0 &&
           json_array_size(json_object_get(r, "columns")) +
                   json_array_size(json_object_get(r, "columns_only_old")) +
                   json_array_size(json_object_get(r, "columns_only_new")) ==
               0;
}

static void print_one(FILE *out, const json_t *result)
{
    fprintf(out, "old: %s\nnew: %s\n", text_of(result, "old"), text_of(result, "new"));
    print_files(out, result);
    if (json_is_true(json_object_get(result, "same"))) {
        fprintf(out, "same content\n");
        return;
    }
    print_changes(out, "Attributes", json_object_get(result, "attributes"));
    print_changes(out, "Parameters", json_object_get(result, "parameters"));
    print_sources(out, json_object_get(result, "sources"));
    print_requests(out, json_object_get(result, "requests"));
    print_tables(out, result);
    print_datasets(out, result);
    if (is_empty(result))
        fprintf(out, "\nNo value differs: only which files are there, what they were made from, descriptions "
                     "or units\n");
}

void lta_diff_print(FILE *out, const json_t *difference)
{
    const json_t *stores = json_object_get(difference, "stores"), *one;
    size_t i;
    if (!stores) {
        print_one(out, difference);
        return;
    }
    fprintf(out, "old: %s\nnew: %s\n", text_of(difference, "old"), text_of(difference, "new"));
    print_names(out, "", "stores only in old", json_object_get(difference, "stores_only_old"));
    print_names(out, "", "stores only in new", json_object_get(difference, "stores_only_new"));
    json_array_foreach(stores, i, one)
    {
        fputc('\n', out);
        print_one(out, one);
    }
}
