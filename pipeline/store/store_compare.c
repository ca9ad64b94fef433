/* pipeline/store/store_compare.c - what a writer is given, against a committed file, as its content_sha256
 * sees both: -0 is 0, and one NaN is like another. */
#include "pipeline/store/store_internal.h"

#include "pipeline/core/array.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Rows of a column in memory at a time: some chunks for every thread. */
static const uint64_t window = (uint64_t)1 << 22;

lta_status lta_compare_open(const lta_run *run, const char *path, const char *format, const char *maker,
                            lta_comparison *out)
{
    lta_status st = LTA_OK;
    lta_comparison c = {.run = run};
    LTA_TRY(lta_copy_text(maker, strlen(maker), &c.maker));
    LTA_TRY(lta_reader_open(path, format, &c.there));
    *out = c;
    c = (lta_comparison){0};
done:
    lta_compare_close(&c);
    return st;
}

void lta_compare_close(lta_comparison *c)
{
    lta_reader_close(c->there);
    lta_strings_free(&c->put);
    lta_free(c->maker);
    *c = (lta_comparison){0};
}

/* ---- attributes ---- */

static lta_status compare_text(const lta_comparison *c, const char *path, const char *name,
                               const char *expected)
{
    char *found;
    lta_status st = lta_reader_attribute_text(c->there, path, name, &found);
    if (st != LTA_OK)
        return st;
    if (strcmp(found, expected) != 0)
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s@%s: is \"%.100s\", but `lta %s` gives \"%.100s\"",
                      lta_reader_path(c->there), path, name, found, c->maker, expected);
    lta_free(found);
    return st;
}

lta_status lta_compare_attribute(const lta_comparison *c, const char *path, const char *name,
                                 const lta_h5_value *value)
{
    uint64_t found;
    if (value->type == LTA_STR)
        return compare_text(c, path, name, value->text);
    lta_status st = lta_reader_attribute_u64(c->there, path, name, &found);
    if (st == LTA_OK && found != value->number)
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s@%s: is %llu, but `lta %s` gives %llu", lta_reader_path(c->there),
                      path, name, (ull)found, c->maker, (ull)value->number);
    return st;
}

/* ---- columns ---- */

static bool same_f64(double a, double b)
{
    return a == b || (a != a && b != b);
}

static void print_number(char *out, size_t size, lta_type type, const char *at)
{
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    double f64;
    if (type == LTA_U16) {
        memcpy(&u16, at, sizeof u16);
        snprintf(out, size, "%u", u16);
    } else if (type == LTA_U32) {
        memcpy(&u32, at, sizeof u32);
        snprintf(out, size, "%" PRIu32, u32);
    } else if (type == LTA_F64) {
        memcpy(&f64, at, sizeof f64);
        snprintf(out, size, "%.17g", f64);
    } else {
        memcpy(&u64, at, sizeof u64);
        snprintf(out, size, type == LTA_I64 ? "%" PRId64 : "%" PRIu64, u64);
    }
}

static lta_status differs_at(const lta_comparison *c, const char *path, uint64_t row, const char *found,
                             const char *expected)
{
    return lta_fail(LTA_ERR_FORMAT, "%s:%s: row %llu is %.100s, but `lta %s` gives %.100s",
                    lta_reader_path(c->there), path, (ull)row, found, c->maker, expected);
}

/* Rows first .. first + n - 1, of which the file has `found`. */
static lta_status compare_rows(const lta_comparison *c, const lta_h5_column *column, uint64_t first,
                               uint64_t n, const char *found)
{
    size_t size = lta_type_size(column->type);
    const char *expected = column->numbers + first * size;
    if (memcmp(found, expected, n * size) == 0)
        return LTA_OK;
    for (uint64_t i = 0; i < n; i++, found += size, expected += size) {
        char a[32], b[32];
        double x, y;
        if (memcmp(found, expected, size) == 0)
            continue;
        if (column->type == LTA_F64) {
            memcpy(&x, found, sizeof x);
            memcpy(&y, expected, sizeof y);
            if (same_f64(x, y))
                continue;
        }
        print_number(a, sizeof a, column->type, found);
        print_number(b, sizeof b, column->type, expected);
        return differs_at(c, column->path, first + i, a, b);
    }
    return LTA_OK;
}

static lta_status compare_numbers(const lta_comparison *c, const lta_h5_column *column)
{
    lta_status st = LTA_OK;
    void *found = NULL;
    LTA_TRY(lta_alloc_bytes(&found, column->n < window ? column->n : window, lta_type_size(column->type)));
    for (uint64_t first = 0; first < column->n; first += window) {
        uint64_t n = column->n - first < window ? column->n - first : window;
        LTA_TRY(lta_check_stop(c->run));
        LTA_TRY(lta_reader_rows(c->there, column->path, column->type, first, n, found));
        LTA_TRY(compare_rows(c, column, first, n, found));
    }
done:
    lta_free(found);
    return st;
}

static lta_status compare_strings(const lta_comparison *c, const lta_h5_column *column)
{
    lta_strings found = {0};
    lta_status st = lta_reader_strings(c->there, column->path, &found);
    for (uint64_t i = 0; i < column->n && st == LTA_OK; i++) {
        const char *a = lta_strings_get(&found, i), *b = lta_strings_get(column->strings, i);
        if (strcmp(a, b) != 0)
            st = differs_at(c, column->path, i, a, b);
    }
    lta_strings_free(&found);
    return st;
}

lta_status lta_compare_column(lta_comparison *c, const lta_h5_column *column)
{
    lta_status st = LTA_OK;
    const char *file = lta_reader_path(c->there), *path = column->path;
    lta_type type;
    uint64_t n;
    if (!lta_reader_has(c->there, path))
        return lta_fail(LTA_ERR_FORMAT, "%s:%s: is missing, but `lta %s` makes it", file, path, c->maker);
    LTA_TRY(lta_reader_describe(c->there, path, &type, &n, NULL, NULL));
    if (type != column->type || n != column->n) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s: has %llu rows of type %s, but `lta %s` gives %llu of type %s",
                      file, path, (ull)n, lta_type_name(type), c->maker, (ull)column->n,
                      lta_type_name(column->type));
        goto done;
    }
    LTA_TRY(compare_text(c, path, "unit", column->unit));
    LTA_TRY(compare_text(c, path, "description", column->description));
    LTA_TRY(column->strings ? compare_strings(c, column) : compare_numbers(c, column));
    LTA_TRY(lta_strings_add_text(&c->put, path));
done:
    return st;
}

/* ---- links, and what is left ---- */

static bool address_of(const lta_reader *r, const char *path, haddr_t *out)
{
    H5O_info_t info;
    if (!lta_reader_has(r, path) || H5Oget_info_by_name(lta_reader_h5(r), path, &info, H5P_DEFAULT) < 0)
        return false;
    *out = info.addr;
    return true;
}

lta_status lta_compare_link(lta_comparison *c, const char *target, const char *path)
{
    lta_status st = LTA_OK;
    haddr_t a, b;
    char below[64];
    if (!address_of(c->there, target, &a) || !address_of(c->there, path, &b) || a != b) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s: is not another name of %s, as `lta %s` makes it",
                      lta_reader_path(c->there), path, target, c->maker);
        goto done;
    }
    snprintf(below, sizeof below, "%s/", path);
    LTA_TRY(lta_strings_add_text(&c->put, below));
done:
    return st;
}

static bool was_put(const lta_comparison *c, const char *path)
{
    for (uint64_t i = 0; i < c->put.n; i++) {
        const char *put = lta_strings_get(&c->put, i);
        size_t length = lta_strings_length(&c->put, i);
        if (strcmp(path, put) == 0 || (put[length - 1] == '/' && strncmp(path, put, length) == 0))
            return true;
    }
    return false;
}

lta_status lta_compare_rest(const lta_comparison *c)
{
    lta_strings paths = {0};
    lta_status st = lta_reader_datasets(c->there, &paths);
    for (uint64_t i = 0; i < paths.n && st == LTA_OK; i++)
        if (!was_put(c, lta_strings_get(&paths, i)))
            st = lta_fail(LTA_ERR_FORMAT, "%s:%s: is nothing that `lta %s` makes", lta_reader_path(c->there),
                          lta_strings_get(&paths, i), c->maker);
    lta_strings_free(&paths);
    return st;
}
