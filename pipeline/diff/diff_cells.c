/* pipeline/diff/diff_cells.c - columns in memory: reading, comparing, values as JSON. */
#include "pipeline/core/array.h"
#include "pipeline/diff/diff_internal.h"

#include <math.h>
#include <string.h>

/* ---- JSON ---- */

static lta_status no_memory(void)
{
    return lta_fail(LTA_ERR_NOMEM, "no memory left to describe a difference");
}

lta_status lta_diff_put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0 ? LTA_OK : no_memory();
}

lta_status lta_diff_append(json_t *array, json_t *value)
{
    return json_array_append_new(array, value) == 0 ? LTA_OK : no_memory();
}

json_t *lta_value_u64(uint64_t v)
{
    return v <= INT64_MAX ? json_integer((json_int_t)v) : json_real((double)v);
}

json_t *lta_value_f64(double v)
{
    if (isnan(v))
        return json_null();
    if (isinf(v))
        return json_string(v > 0 ? "inf" : "-inf");
    return json_real(v);
}

static json_t *json_i128(__int128 v)
{
    return v >= INT64_MIN && v <= INT64_MAX ? json_integer((json_int_t)v) : json_real((double)v);
}

/* ---- columns ---- */

/* 2^w - 1 means absent whatever the width. */
static void widen_absent(uint64_t *v, uint64_t n, uint64_t absent)
{
    for (uint64_t i = 0; i < n; i++)
        if (v[i] == absent)
            v[i] = UINT64_MAX;
}

lta_status lta_cells_read(const lta_reader *r, const char *path, lta_cells *out)
{
    lta_status st = LTA_OK;
    lta_cells c = {.at_file = lta_reader_path(r)};
    lta_type stored;
    LTA_TRY(lta_reader_describe(r, path, &stored, &c.n, NULL, NULL));
    c.type = stored == LTA_U16 || stored == LTA_U32 ? LTA_U64 : stored;
    if (c.type == LTA_STR)
        LTA_TRY(lta_reader_strings(r, path, &c.texts));
    else
        LTA_TRY(lta_reader_column(r, path, c.type, &c.data, &c.n));
    if (stored == LTA_U16 || stored == LTA_U32)
        widen_absent(c.data, c.n, stored == LTA_U16 ? UINT16_MAX : UINT32_MAX);
    *out = c;
    return LTA_OK;
done:
    lta_cells_free(&c);
    return st;
}

void lta_cells_free(lta_cells *c)
{
    lta_free(c->data);
    lta_free(c->id);
    lta_strings_free(&c->texts);
    *c = (lta_cells){0};
}

json_t *lta_cells_value(const lta_cells *c, uint64_t row)
{
    if (c->type == LTA_STR)
        return json_string(lta_strings_get(&c->texts, row));
    if (c->type == LTA_F64)
        return lta_value_f64(((const double *)c->data)[row]);
    if (c->type == LTA_I64)
        return json_integer((json_int_t)((const int64_t *)c->data)[row]);
    uint64_t v = ((const uint64_t *)c->data)[row];
    if (v == UINT64_MAX)
        return json_null();
    return c->named ? json_string(lta_strings_get(&c->texts, v)) : lta_value_u64(v);
}

static bool equal_texts(const lta_strings *a, uint64_t i, const lta_strings *b, uint64_t j)
{
    uint64_t n = lta_strings_length(a, i);
    return n == lta_strings_length(b, j) &&
           memcmp(lta_strings_get(a, i), lta_strings_get(b, j), (size_t)n) == 0;
}

bool lta_cells_equal(const lta_cells *a, uint64_t i, const lta_cells *b, uint64_t j)
{
    if (a->id && b->id)
        return a->id[i] == b->id[j];
    if (a->type != b->type)
        return false;
    if (a->type == LTA_STR)
        return equal_texts(&a->texts, i, &b->texts, j);
    if (a->type == LTA_F64) {
        double x = ((const double *)a->data)[i], y = ((const double *)b->data)[j];
        return x == y || (isnan(x) && isnan(y));
    }
    return ((const uint64_t *)a->data)[i] == ((const uint64_t *)b->data)[j];
}

void lta_match_free(lta_match *m)
{
    lta_free(m->new_of);
    *m = (lta_match){0};
}

/* ---- by how much ---- */

typedef struct change {
    uint64_t differ, absent; /* absent: of which one side has no value */
    uint64_t largest;        /* of integers */
    double largest_real;     /* of floating-point numbers */
    __int128 sum;            /* new - old */
    double sum_real;
    double relative; /* largest |new - old| / |old| where old is not 0; -1 = none */
} change;

static bool is_absent(const lta_cells *c, uint64_t row)
{
    if (c->type == LTA_F64)
        return isnan(((const double *)c->data)[row]);
    return ((const uint64_t *)c->data)[row] == UINT64_MAX; /* -1 in signed columns */
}

static void note_relative(change *d, double by, double from)
{
    double relative = by / fabs(from);
    if (from != 0 && relative > d->relative)
        d->relative = relative;
}

/* Two numbers that differ. */
static void note(change *d, const lta_cells *a, uint64_t i, const lta_cells *b, uint64_t j)
{
    if (is_absent(a, i) || is_absent(b, j)) {
        d->absent++;
        return;
    }
    if (a->type == LTA_F64) {
        double x = ((const double *)a->data)[i], y = ((const double *)b->data)[j], by = fabs(y - x);
        d->largest_real = by > d->largest_real ? by : d->largest_real;
        d->sum_real += y - x;
        note_relative(d, by, x);
        return;
    }
    __int128 x = ((const int64_t *)a->data)[i], y = ((const int64_t *)b->data)[j];
    if (a->type == LTA_U64) {
        x = ((const uint64_t *)a->data)[i];
        y = ((const uint64_t *)b->data)[j];
    }
    uint64_t by = (uint64_t)(y > x ? y - x : x - y); /* both are of 64 bits, of one kind */
    d->largest = by > d->largest ? by : d->largest;
    d->sum += y - x;
    note_relative(d, (double)by, (double)x);
}

static const char *kind_name(lta_type t)
{
    return t == LTA_STR ? "text" : t == LTA_F64 ? "f64" : t == LTA_I64 ? "signed" : "unsigned";
}

static lta_status describe(const change *d, lta_type type, json_t *o)
{
    lta_status st = LTA_OK;
    bool real = type == LTA_F64;
    LTA_TRY(lta_diff_put(o, "one_absent", lta_value_u64(d->absent)));
    if (d->differ > d->absent) {
        LTA_TRY(
            lta_diff_put(o, "largest", real ? lta_value_f64(d->largest_real) : lta_value_u64(d->largest)));
        LTA_TRY(lta_diff_put(o, "sum", real ? lta_value_f64(d->sum_real) : json_i128(d->sum)));
    }
    if (d->relative >= 0)
        LTA_TRY(lta_diff_put(o, "relative", lta_value_f64(d->relative)));
done:
    return st;
}

static lta_status check_rows(const lta_cells *c, const char *name, uint64_t n)
{
    if (c->n == n)
        return LTA_OK;
    return lta_fail(LTA_ERR_FORMAT, "%s: column %s has %llu rows, expected %llu", c->at_file, name,
                    (unsigned long long)c->n, (unsigned long long)n);
}

lta_status lta_cells_compare(const lta_comparison *c, const char *name, const lta_cells *a,
                             const lta_cells *b, const lta_match *m, uint8_t *changed, json_t **out)
{
    lta_status st = LTA_OK;
    json_t *o = json_object(), *first = json_array();
    change d = {.relative = -1};
    bool ids = a->id && b->id, same_kind = ids || a->type == b->type;
    *out = NULL;
    if (!o || !first) {
        st = no_memory();
        goto done;
    }
    LTA_TRY(lta_check_stop(c->run));
    LTA_TRY(check_rows(a, name, m->n[OLD]));
    LTA_TRY(check_rows(b, name, m->n[NEW]));
    for (uint64_t i = 0; i < a->n; i++) {
        uint64_t j = m->new_of ? m->new_of[i] : i < b->n ? i : LTA_NO_ROW;
        if (j == LTA_NO_ROW || lta_cells_equal(a, i, b, j))
            continue;
        if (d.differ++ < c->limit)
            LTA_TRY(lta_diff_append(first, json_pack("{s:o, s:o, s:o, s:o}", "old_row", lta_value_u64(i),
                                                     "new_row", lta_value_u64(j), "old",
                                                     lta_cells_value(a, i), "new", lta_cells_value(b, j))));
        if (changed)
            changed[i] = 1;
        if (!ids && same_kind && a->type != LTA_STR)
            note(&d, a, i, b, j);
    }
    if (d.differ == 0 && same_kind)
        goto done;
    LTA_TRY(lta_diff_put(o, "name", json_string(name)));
    LTA_TRY(lta_diff_put(o, "differ", lta_value_u64(d.differ)));
    if (!same_kind)
        LTA_TRY(lta_diff_put(o, "type",
                             json_pack("{s:s, s:s}", "old", kind_name(a->type), "new", kind_name(b->type))));
    else if (!ids && a->type != LTA_STR)
        LTA_TRY(describe(&d, a->type, o));
    LTA_TRY(lta_diff_put(o, "first", json_incref(first)));
    *out = o;
    o = NULL;
done:
    json_decref(first);
    json_decref(o);
    return st;
}
