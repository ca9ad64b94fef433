/* pipeline/diff/diff_requests.c - requests, matched by (source, source_row), and their columns.
 *
 * Rows of a source are numbered without large gaps, so that a table from row to request serves as a rule;
 * otherwise keys are sorted. */
#include "pipeline/core/array.h"
#include "pipeline/diff/diff_internal.h"

#include <string.h>

static const char group[] = "/requests/";

bool lta_diff_is_request_column(const lta_comparison *c, uint64_t i)
{
    const lta_place *p = &c->place[i];
    if (strncmp(lta_strings_get(&c->paths.strings, i), group, strlen(group)) != 0)
        return false;
    for (int side = OLD; side <= NEW; side++)
        if (p->file[side] != 0 && p->file[side] - 1 != ENRICHED && p->file[side] - 1 != TRACE)
            return false;
    return true;
}

/* ---- which request is which ---- */

typedef struct keys { /* of both sides: the source's common number, and the row in it */
    lta_cells source[2], row[2];
    uint64_t n_sources; /* common numbers are below this */
} keys;

static void keys_free(keys *k)
{
    for (int side = OLD; side <= NEW; side++) {
        lta_cells_free(&k->source[side]);
        lta_cells_free(&k->row[side]);
    }
}

static lta_status number_sources(lta_cells *source, const uint64_t *number, uint64_t n_sources)
{
    lta_status st =
        source->type == LTA_U64
            ? LTA_ALLOC(&source->id, source->n)
            : lta_fail(LTA_ERR_FORMAT, "%s:/requests/source: expected unsigned numbers", source->at_file);
    if (st != LTA_OK)
        return st;
    for (uint64_t i = 0; i < source->n; i++) {
        uint64_t s = ((const uint64_t *)source->data)[i];
        if (s >= n_sources)
            return lta_fail(LTA_ERR_FORMAT,
                            "%s:/requests/source: request %llu names a source that is not there",
                            source->at_file, (unsigned long long)i);
        source->id[i] = number[s];
    }
    return LTA_OK;
}

static lta_status keys_read(const lta_comparison *c, uint64_t *const number[2], const uint64_t n_sources[2],
                            keys *k)
{
    lta_status st = LTA_OK;
    k->n_sources = n_sources[OLD] + n_sources[NEW];
    for (int side = OLD; side <= NEW; side++) {
        const lta_reader *r = lta_diff_trace(c, side);
        LTA_TRY(lta_cells_read(r, "/requests/source", &k->source[side]));
        LTA_TRY(lta_cells_read(r, "/requests/source_row", &k->row[side]));
        LTA_TRY(number_sources(&k->source[side], number[side], n_sources[side]));
        if (k->row[side].type != LTA_U64 || k->row[side].n != k->source[side].n) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:/requests/source_row: expected %llu unsigned numbers",
                          lta_reader_path(r), (unsigned long long)k->source[side].n);
            goto done;
        }
    }
done:
    return st;
}

/* Where each source's rows begin in one table of all; *total: rows of the table, LTA_NO_ROW = too many. */
static lta_status lay_out(const keys *k, uint64_t **out, uint64_t *total)
{
    uint64_t *base, sum = 0, most = 4 * (k->source[OLD].n + k->source[NEW].n) + 1024;
    lta_status st = LTA_CALLOC(&base, k->n_sources + 1);
    if (st != LTA_OK)
        return st;
    for (int side = OLD; side <= NEW; side++)
        for (uint64_t i = 0; i < k->source[side].n; i++) {
            uint64_t row = ((const uint64_t *)k->row[side].data)[i], *size = &base[k->source[side].id[i]];
            if (row >= most)
                sum = LTA_NO_ROW;
            else if (row + 1 > *size)
                *size = row + 1;
        }
    for (uint64_t s = 0; s <= k->n_sources && sum != LTA_NO_ROW; s++) {
        uint64_t size = base[s];
        base[s] = sum;
        sum = sum + size > most ? LTA_NO_ROW : sum + size;
    }
    *out = base;
    *total = sum;
    return LTA_OK;
}

/* *done false: the table would be too large, or a row occurs twice. Then keys must be sorted. */
static lta_status match_by_table(const keys *k, lta_match *out, bool *done_so)
{
    lta_status st = LTA_OK;
    lta_match m = {.n = {k->source[OLD].n, k->source[NEW].n}};
    uint64_t *base = NULL, *request = NULL, total;
    const uint64_t *old_row = k->row[OLD].data, *new_row = k->row[NEW].data;
    *done_so = false;
    LTA_TRY(lay_out(k, &base, &total));
    if (total == LTA_NO_ROW)
        goto done;
    LTA_TRY(LTA_TABLE(&request, total));
    for (uint64_t i = 0; i < total; i++)
        request[i] = LTA_NO_ROW;
    for (uint64_t j = 0; j < m.n[NEW]; j++) {
        uint64_t *at = &request[base[k->source[NEW].id[j]] + new_row[j]];
        if (*at != LTA_NO_ROW)
            goto done;
        *at = j;
    }
    LTA_TRY(LTA_ALLOC(&m.new_of, m.n[OLD]));
    for (uint64_t i = 0; i < m.n[OLD]; i++) {
        uint64_t *at = &request[base[k->source[OLD].id[i]] + old_row[i]];
        m.new_of[i] = *at; /* once: of equal rows of OLD the first one is kept */
        m.kept += *at != LTA_NO_ROW;
        *at = LTA_NO_ROW;
    }
    *out = m;
    m.new_of = NULL;
    *done_so = true;
done:
    lta_free(base);
    lta_free(request);
    lta_match_free(&m);
    return st;
}

static lta_status match_by_sorting(const keys *k, lta_match *out)
{
    lta_status st = LTA_OK;
    lta_matcher m = {0};
    LTA_TRY(lta_matcher_begin(&m, k->source[OLD].n, k->source[NEW].n));
    LTA_TRY(lta_matcher_refine(&m, &k->source[OLD], &k->source[NEW]));
    LTA_TRY(lta_matcher_refine(&m, &k->row[OLD], &k->row[NEW]));
    LTA_TRY(lta_matcher_count_repeats(&m));
    LTA_TRY(lta_matcher_finish(&m, out));
done:
    lta_matcher_free(&m);
    return st;
}

/* ---- columns that hold numbers of something ---- */

/* Indices become numbers in one dictionary of both sides, and are shown as texts. */
static lta_status name_values(const lta_comparison *c, int side, const char *column, lta_dictionary *both,
                              lta_cells *cells)
{
    lta_status st = LTA_OK;
    uint64_t *common = NULL;
    char path[64];
    snprintf(path, sizeof path, "/dictionary/%s", column);
    LTA_TRY(lta_reader_strings(lta_diff_trace(c, side), path, &cells->texts));
    LTA_TRY(LTA_ALLOC(&common, cells->texts.n));
    for (uint64_t k = 0; k < cells->texts.n; k++)
        LTA_TRY(lta_dictionary_intern(both, lta_strings_get(&cells->texts, k),
                                      (size_t)lta_strings_length(&cells->texts, k), &common[k]));
    LTA_TRY(LTA_ALLOC(&cells->id, cells->n));
    for (uint64_t i = 0; i < cells->n; i++) {
        uint64_t v = ((const uint64_t *)cells->data)[i];
        if (v != UINT64_MAX && v >= cells->texts.n) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:/requests/%s: request %llu has an index beyond %s",
                          cells->at_file, column, (unsigned long long)i, path);
            goto done;
        }
        cells->id[i] = v == UINT64_MAX ? UINT64_MAX : common[v];
    }
    cells->named = true;
done:
    lta_free(common);
    return st;
}

static lta_status name_both(const lta_comparison *c, const char *column, lta_cells cells[2])
{
    lta_dictionary both = {0};
    lta_status st = name_values(c, OLD, column, &both, &cells[OLD]);
    if (st == LTA_OK)
        st = name_values(c, NEW, column, &both, &cells[NEW]);
    lta_dictionary_free(&both);
    return st;
}

/* Values that no number of the other side equals. */
static const uint64_t gone = UINT64_MAX - 1, out_of_range = UINT64_MAX - 2;

/* Requests of OLD are compared as the requests of NEW that they became. */
static lta_status follow_requests(const lta_match *m, lta_cells cells[2])
{
    lta_status st = LTA_OK;
    for (int side = OLD; side <= NEW; side++) {
        const int64_t *v = cells[side].data;
        LTA_TRY(LTA_ALLOC(&cells[side].id, cells[side].n));
        for (uint64_t i = 0; i < cells[side].n; i++) {
            uint64_t to = (uint64_t)v[i]; /* -1 = none: all ones */
            if (side == OLD && v[i] >= 0)
                to = to >= m->n[OLD] ? out_of_range : m->new_of[to] == LTA_NO_ROW ? gone : m->new_of[to];
            cells[side].id[i] = to;
        }
    }
done:
    return st;
}

/* Numbers of sessions shift when others join them: a session is what its source calls it. Requests are
 * matched within sources, and a session never spans two. */
static lta_status follow_sessions(const lta_comparison *c, lta_cells cells[2])
{
    static const char path[] = "/requests/source_session";
    lta_status st = LTA_OK;
    lta_cells name[2] = {{0}, {0}};
    for (int side = OLD; side <= NEW; side++) {
        if (!lta_reader_has(lta_diff_trace(c, side), path))
            goto done; /* of no trace that is whole: compared as numbers */
        LTA_TRY(lta_cells_read(lta_diff_trace(c, side), path, &name[side]));
        if (name[side].type != LTA_U64 || name[side].n != cells[side].n)
            goto done;
    }
    LTA_TRY(name_both(c, "source_session", name));
    for (int side = OLD; side <= NEW; side++) {
        cells[side].id = name[side].id;
        name[side].id = NULL;
    }
done:
    lta_cells_free(&name[OLD]);
    lta_cells_free(&name[NEW]);
    return st;
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

/* Gives columns whose numbers mean something else ids to be compared by. */
static lta_status translate(const lta_comparison *c, const char *name, const lta_match *m, lta_cells cells[2])
{
    static const char *const named[] = {"model", "kind", "source_session", NULL};
    static const char *const requests[] = {"reuse_request", "next_request", NULL};
    bool u64 = cells[OLD].type == LTA_U64 && cells[NEW].type == LTA_U64;
    bool i64 = cells[OLD].type == LTA_I64 && cells[NEW].type == LTA_I64;
    if (u64 && is_one_of(name, named))
        return name_both(c, name, cells);
    if (i64 && is_one_of(name, requests))
        return follow_requests(m, cells);
    if (u64 && strcmp(name, "session") == 0)
        return follow_sessions(c, cells);
    return LTA_OK;
}

static lta_status compare_column(const lta_comparison *c, uint64_t path, const lta_match *m, uint8_t *changed,
                                 json_t *columns)
{
    lta_status st = LTA_OK;
    lta_cells cells[2] = {{0}, {0}};
    const char *text = lta_strings_get(&c->paths.strings, path), *name = text + strlen(group);
    json_t *found = NULL;
    for (int side = OLD; side <= NEW; side++)
        LTA_TRY(lta_cells_read(lta_diff_reader(c, side, path), text, &cells[side]));
    LTA_TRY(translate(c, name, m, cells));
    LTA_TRY(lta_cells_compare(c, name, &cells[OLD], &cells[NEW], m, changed, &found));
    if (found)
        LTA_TRY(lta_diff_append(columns, json_incref(found)));
done:
    json_decref(found);
    lta_cells_free(&cells[OLD]);
    lta_cells_free(&cells[NEW]);
    return st;
}

/* ---- the section ---- */

/* The first requests of a side without a partner. */
static lta_status list_alone(const lta_comparison *c, const keys *k, int side, const uint8_t *has_partner,
                             json_t *section, const char *key)
{
    lta_status st = LTA_OK;
    json_t *list = json_array();
    lta_strings names = {0};
    const uint64_t *source = k->source[side].data, *row = k->row[side].data;
    LTA_TRY(lta_reader_strings(lta_diff_trace(c, side), "/sources/name", &names));
    for (uint64_t i = 0; i < k->source[side].n && json_array_size(list) < c->limit; i++)
        if (!has_partner[i])
            LTA_TRY(lta_diff_append(list, json_pack("{s:o, s:s, s:o}", "row", lta_value_u64(i), "source",
                                                    lta_strings_get(&names, source[i]), "source_row",
                                                    lta_value_u64(row[i]))));
    LTA_TRY(lta_diff_put(section, key, json_incref(list)));
done:
    lta_strings_free(&names);
    json_decref(list);
    return st;
}

static lta_status list_partners(const lta_comparison *c, const keys *k, const lta_match *m, json_t *section)
{
    lta_status st = LTA_OK;
    uint8_t *partner[2] = {NULL, NULL};
    uint64_t moved = 0;
    for (int side = OLD; side <= NEW; side++)
        LTA_TRY(LTA_CALLOC(&partner[side], m->n[side]));
    for (uint64_t i = 0; i < m->n[OLD]; i++)
        if (m->new_of[i] != LTA_NO_ROW) {
            partner[OLD][i] = partner[NEW][m->new_of[i]] = 1;
            moved += m->new_of[i] != i;
        }
    LTA_TRY(lta_diff_put(section, "old", lta_value_u64(m->n[OLD])));
    LTA_TRY(lta_diff_put(section, "new", lta_value_u64(m->n[NEW])));
    LTA_TRY(lta_diff_put(section, "added", lta_value_u64(m->n[NEW] - m->kept)));
    LTA_TRY(lta_diff_put(section, "removed", lta_value_u64(m->n[OLD] - m->kept)));
    LTA_TRY(lta_diff_put(section, "kept", lta_value_u64(m->kept)));
    LTA_TRY(lta_diff_put(section, "renumbered", lta_value_u64(moved)));
    LTA_TRY(list_alone(c, k, NEW, partner[NEW], section, "added_first"));
    LTA_TRY(list_alone(c, k, OLD, partner[OLD], section, "removed_first"));
done:
    lta_free(partner[OLD]);
    lta_free(partner[NEW]);
    return st;
}

static lta_status compare_columns(const lta_comparison *c, const lta_match *m, json_t *section)
{
    lta_status st = LTA_OK;
    uint8_t *changed = NULL;
    uint64_t n_changed = 0;
    json_t *columns = json_array(), *only[2] = {json_array(), json_array()};
    LTA_TRY(LTA_CALLOC(&changed, m->n[OLD]));
    for (uint64_t i = 0; i < c->paths.strings.n; i++) {
        const char *path = lta_strings_get(&c->paths.strings, i);
        const lta_reader *a = lta_diff_reader(c, OLD, i), *b = lta_diff_reader(c, NEW, i);
        if (!lta_diff_is_request_column(c, i) || strcmp(path, "/requests/source") == 0 ||
            strcmp(path, "/requests/source_row") == 0)
            continue;
        if (a && b)
            LTA_TRY(compare_column(c, i, m, changed, columns));
        else
            LTA_TRY(lta_diff_append(only[a ? OLD : NEW], json_string(path + strlen(group))));
    }
    for (uint64_t i = 0; i < m->n[OLD]; i++)
        n_changed += changed[i];
    LTA_TRY(lta_diff_put(section, "changed", lta_value_u64(n_changed)));
    LTA_TRY(lta_diff_put(section, "columns", json_incref(columns)));
    LTA_TRY(lta_diff_put(section, "columns_only_old", json_incref(only[OLD])));
    LTA_TRY(lta_diff_put(section, "columns_only_new", json_incref(only[NEW])));
done:
    lta_free(changed);
    json_decref(columns);
    json_decref(only[OLD]);
    json_decref(only[NEW]);
    return st;
}

lta_status lta_diff_requests(lta_comparison *c)
{
    lta_status st = LTA_OK;
    uint64_t *number[2] = {NULL, NULL}, n_sources[2];
    keys k = {0};
    lta_match m = {0};
    bool matched = false;
    json_t *section = json_object();
    LTA_TRY(lta_diff_sources(c, number, n_sources));
    LTA_TRY(keys_read(c, number, n_sources, &k));
    LTA_TRY(match_by_table(&k, &m, &matched));
    if (!matched)
        LTA_TRY(match_by_sorting(&k, &m));
    LTA_TRY(list_partners(c, &k, &m, section));
    keys_free(&k);
    LTA_TRY(compare_columns(c, &m, section));
    LTA_TRY(lta_diff_put(c->result, "requests", json_incref(section)));
done:
    json_decref(section);
    keys_free(&k);
    lta_match_free(&m);
    lta_free(number[OLD]);
    lta_free(number[NEW]);
    return st;
}
