/* pipeline/verify/verify_structure.c - attributes and shapes that every file of the store has. */
#include "pipeline/core/array.h"
#include "pipeline/core/json_text.h"
#include "pipeline/verify/verify_internal.h"

#include <jansson.h>
#include <string.h>

lta_status lta_verify_length(const lta_reader *r, const char *path, uint64_t *n)
{
    lta_type type;
    return lta_reader_describe(r, path, &type, n, NULL, NULL);
}

lta_status lta_verify_column(const lta_reader *r, const char *path, lta_type type, uint64_t n, void **out)
{
    uint64_t found;
    void *data;
    lta_status st = lta_reader_column(r, path, type, &data, &found);
    if (st != LTA_OK)
        return st;
    if (found != n) {
        lta_free(data);
        return lta_fail(LTA_ERR_FORMAT, "%s:%s: has %llu rows, expected %llu", lta_reader_path(r), path,
                        (ull)found, (ull)n);
    }
    *out = data;
    return LTA_OK;
}

/* JSON with sorted keys and no spaces has one spelling, so it can be compared as text. */
static lta_status check_json(const lta_reader *r, const char *name)
{
    char *text = NULL, *again = NULL;
    lta_status st = lta_reader_attribute_text(r, "/", name, &text);
    if (st != LTA_OK)
        return st;
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    again = lta_json_text(value, 0);
    if (!again || strcmp(again, text) != 0)
        st = lta_fail(LTA_ERR_FORMAT, "%s:/@%s: expected JSON with sorted keys and no spaces",
                      lta_reader_path(r), name);
    json_decref(value);
    lta_free(again);
    lta_free(text);
    return st;
}

static lta_status check_root(const lta_reader *r)
{
    lta_status st = LTA_OK;
    char *created_by = NULL;
    uint64_t minor;
    LTA_TRY(lta_reader_attribute_u64(r, "/", "schema_minor", &minor));
    LTA_TRY(lta_reader_attribute_text(r, "/", "created_by", &created_by));
    LTA_TRY(check_json(r, "parameters"));
    LTA_TRY(check_json(r, "inputs"));
done:
    lta_free(created_by);
    return st;
}

/* Do the columns of this group stand in rows of one table? Dictionaries don't, nor do lists that others point
 * into. */
static bool is_table(const lta_reader *r, const char *path, size_t length)
{
    static const char *const others[] = {"/sequences", "/dictionary"};
    if (strcmp(lta_reader_format(r), "reuse") == 0 || strcmp(lta_reader_format(r), "piece") == 0)
        return false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strlen(others[i]) == length && strncmp(path, others[i], length) == 0)
            return false;
    return length > 0;
}

lta_status lta_verify_structure(const lta_reader *r)
{
    lta_status st = LTA_OK;
    lta_strings paths = {0};
    const char *table = ""; /* path of the column before, when it belongs to a table */
    size_t table_length = 0;
    uint64_t rows = 0;
    LTA_TRY(check_root(r));
    LTA_TRY(lta_reader_datasets(r, &paths));
    for (uint64_t i = 0; i < paths.n; i++) {
        const char *path = lta_strings_get(&paths, i);
        size_t length = (size_t)(strrchr(path, '/') - path);
        char *unit, *description;
        lta_type type;
        uint64_t n;
        LTA_TRY(lta_reader_describe(r, path, &type, &n, &unit, &description));
        bool empty = unit[0] == '\0' || description[0] == '\0';
        lta_free(unit);
        lta_free(description);
        if (empty) {
            st =
                lta_fail(LTA_ERR_FORMAT, "%s:%s: has an empty unit or description", lta_reader_path(r), path);
            goto done;
        }
        if (!is_table(r, path, length))
            continue;
        if (length == table_length && strncmp(path, table, length) == 0 && n != rows) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:%s: has %llu rows, expected %llu as in the columns before it",
                          lta_reader_path(r), path, (ull)n, (ull)rows);
            goto done;
        }
        table = path;
        table_length = length;
        rows = n;
    }
done:
    lta_strings_free(&paths);
    return st;
}
