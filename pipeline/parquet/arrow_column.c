/* pipeline/parquet/arrow_column.c - values in the buffers of the Arrow columnar format
 * (https://arrow.apache.org/docs/format/Columnar.html). */
#include "pipeline/parquet/arrow_column.h"

#include <string.h>

/* The kind by the format string of the C data interface. */
static lta_arrow_kind kind_of(const struct ArrowSchema *s)
{
    const char *f = (s->dictionary ? s->dictionary : s)->format;
    if (strncmp(f, "ts", 2) == 0)
        return LTA_ARROW_TIME;
    if (strcmp(f, "+l") == 0 || strcmp(f, "+L") == 0)
        return LTA_ARROW_LIST;
    if (strcmp(f, "+s") == 0)
        return LTA_ARROW_STRUCT;
    if (strcmp(f, "vu") == 0 || strcmp(f, "vz") == 0)
        return LTA_ARROW_TEXT;
    if (f[0] == '\0' || f[1] != '\0')
        return LTA_ARROW_OTHER;
    return strchr("cCsSiIlL", f[0]) ? LTA_ARROW_INT
           : strchr("fg", f[0])     ? LTA_ARROW_REAL
           : f[0] == 'b'            ? LTA_ARROW_BOOL
           : strchr("uUzZ", f[0])   ? LTA_ARROW_TEXT
           : f[0] == 'n'            ? LTA_ARROW_NULL
                                    : LTA_ARROW_OTHER;
}

static lta_arrow_column column_at(const struct ArrowSchema *s, const struct ArrowArray *a, int64_t at)
{
    return (lta_arrow_column){.schema = s, .array = a, .at = at, .kind = kind_of(s)};
}

lta_arrow_column lta_arrow_child(const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t k)
{
    const struct ArrowArray *child = array->children[k];
    return column_at(schema->children[k], child, array->offset + child->offset);
}

/* Element i of an integer buffer, as its 64 bits; *negative tells the sign. */
static uint64_t integer(const struct ArrowSchema *s, const struct ArrowArray *a, int64_t i, bool *negative)
{
    const void *values = a->buffers[1];
    int64_t v = 0;
    *negative = false;
    switch (s->format[0]) {
    case 'C':
        return ((const uint8_t *)values)[i];
    case 'S':
        return ((const uint16_t *)values)[i];
    case 'I':
        return ((const uint32_t *)values)[i];
    case 'L':
        return ((const uint64_t *)values)[i];
    case 'c':
        v = ((const int8_t *)values)[i];
        break;
    case 's':
        v = ((const int16_t *)values)[i];
        break;
    case 'i':
        v = ((const int32_t *)values)[i];
        break;
    default:
        v = ((const int64_t *)values)[i];
        break;
    }
    *negative = v < 0;
    return (uint64_t)v;
}

static bool null_at(const struct ArrowArray *a, int64_t at)
{
    const uint8_t *valid = a->n_buffers > 0 ? a->buffers[0] : NULL;
    return valid && !(valid[at / 8] >> (at % 8) & 1);
}

/* The column that holds value *i, and where: of dictionary-encoded columns, the dictionary. */
static lta_arrow_column value_of(const lta_arrow_column *c, uint64_t *i)
{
    bool negative;
    if (!c->schema->dictionary)
        return *c;
    *i = integer(c->schema, c->array, c->at + (int64_t)*i, &negative);
    return column_at(c->schema->dictionary, c->array->dictionary, c->array->dictionary->offset);
}

bool lta_arrow_is_null(const lta_arrow_column *c, uint64_t i)
{
    if (c->kind == LTA_ARROW_NULL || null_at(c->array, c->at + (int64_t)i))
        return true;
    if (!c->schema->dictionary)
        return false;
    lta_arrow_column v = value_of(c, &i);
    return null_at(v.array, v.at + (int64_t)i);
}

bool lta_arrow_u64(const lta_arrow_column *c, uint64_t i, uint64_t *out)
{
    bool negative;
    lta_arrow_column v = value_of(c, &i);
    *out = integer(v.schema, v.array, v.at + (int64_t)i, &negative);
    return !negative;
}

bool lta_arrow_i64(const lta_arrow_column *c, uint64_t i, int64_t *out)
{
    bool negative;
    lta_arrow_column v = value_of(c, &i);
    uint64_t bits = integer(v.schema, v.array, v.at + (int64_t)i, &negative);
    *out = (int64_t)bits;
    return negative || bits <= INT64_MAX;
}

double lta_arrow_f64(const lta_arrow_column *c, uint64_t i)
{
    lta_arrow_column v = value_of(c, &i);
    int64_t at = v.at + (int64_t)i;
    if (v.kind == LTA_ARROW_INT) {
        bool negative;
        uint64_t bits = integer(v.schema, v.array, at, &negative);
        return negative ? (double)(int64_t)bits : (double)bits;
    }
    const void *values = v.array->buffers[1];
    return v.schema->format[0] == 'f' ? (double)((const float *)values)[at] : ((const double *)values)[at];
}

bool lta_arrow_bool(const lta_arrow_column *c, uint64_t i)
{
    lta_arrow_column v = value_of(c, &i);
    int64_t at = v.at + (int64_t)i;
    return ((const uint8_t *)v.array->buffers[1])[at / 8] >> (at % 8) & 1;
}

/* A view is 16 bytes: length, and the text itself if it is that short, else 4 bytes of it, buffer, offset. */
static const char *view(const struct ArrowArray *a, int64_t at, size_t *length)
{
    enum { VIEW = 16, INLINE = 12, FIRST_BUFFER = 2 };
    const char *v = (const char *)a->buffers[1] + at * VIEW;
    int32_t part[4];
    memcpy(part, v, sizeof part);
    *length = (size_t)part[0];
    return *length <= INLINE ? v + sizeof *part : (const char *)a->buffers[FIRST_BUFFER + part[2]] + part[3];
}

static int64_t offset(const struct ArrowArray *a, bool wide, int64_t i)
{
    return wide ? ((const int64_t *)a->buffers[1])[i] : ((const int32_t *)a->buffers[1])[i];
}

const char *lta_arrow_text(const lta_arrow_column *c, uint64_t i, size_t *length)
{
    lta_arrow_column v = value_of(c, &i);
    const char *format = v.schema->format;
    int64_t at = v.at + (int64_t)i;
    if (format[0] == 'v')
        return view(v.array, at, length);
    bool wide = format[0] == 'U' || format[0] == 'Z';
    int64_t start = offset(v.array, wide, at);
    *length = (size_t)(offset(v.array, wide, at + 1) - start);
    return *length > 0 ? (const char *)v.array->buffers[2] + start : "";
}

/* "tsu:UTC": the third letter is the unit. */
bool lta_arrow_time_us(const lta_arrow_column *c, uint64_t i, int64_t *us)
{
    lta_arrow_column v = value_of(c, &i);
    int64_t t = ((const int64_t *)v.array->buffers[1])[v.at + (int64_t)i];
    switch (v.schema->format[2]) {
    case 's':
        return !__builtin_mul_overflow(t, 1000000, us);
    case 'm':
        return !__builtin_mul_overflow(t, 1000, us);
    case 'u':
        *us = t;
        return true;
    default:
        break;
    }
    int64_t whole = t / 1000, rest = t % 1000;
    if (rest < 0) {
        rest += 1000;
        whole--;
    }
    *us = whole + (rest > 500 || (rest == 500 && whole % 2 != 0));
    return true;
}

uint64_t lta_arrow_list(const lta_arrow_column *c, uint64_t i, lta_arrow_column *items)
{
    lta_arrow_column v = value_of(c, &i);
    bool wide = v.schema->format[1] == 'L';
    const struct ArrowArray *child = v.array->children[0];
    int64_t at = v.at + (int64_t)i, start = offset(v.array, wide, at);
    *items = column_at(v.schema->children[0], child, child->offset + start);
    return (uint64_t)(offset(v.array, wide, at + 1) - start);
}

int64_t lta_arrow_n_members(const lta_arrow_column *c)
{
    return c->schema->n_children;
}

const char *lta_arrow_member_at(const lta_arrow_column *c, int64_t k, lta_arrow_column *out)
{
    const struct ArrowArray *child = c->array->children[k];
    *out = column_at(c->schema->children[k], child, c->at + child->offset);
    return c->schema->children[k]->name;
}

bool lta_arrow_member(const lta_arrow_column *c, const char *name, lta_arrow_column *out)
{
    for (int64_t k = 0; k < lta_arrow_n_members(c); k++)
        if (strcmp(lta_arrow_member_at(c, k, out), name) == 0)
            return true;
    return false;
}

const char *lta_arrow_kind_name(lta_arrow_kind kind)
{
    static const char *const names[] = {"nothing but nulls",
                                        "integers",
                                        "floating-point numbers",
                                        "truth values",
                                        "text",
                                        "instants",
                                        "lists",
                                        "structs",
                                        "of a type that is not read"};
    return names[kind];
}
