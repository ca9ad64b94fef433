/* pipeline/verify/verify_known_curves.c - what an enriched file alone says of its curves, as curves: the rows
 * of `hit_curve`, those of `enough`, and that one less than enough was not enough. */
#include "pipeline/core/array.h"
#include "pipeline/verify/verify_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENOUGH = 8 };
static const uint64_t permille[ENOUGH] = {500, 600, 800, 900, 950, 990, 995, 1000};

typedef struct rows { /* of one of the two tables, by curve */
    const char *table;
    lta_strings scope;
    uint64_t n;
    uint64_t *block, *reserve_last, *capacity, *hits, *lookups,
        *permille; /* [n]; permille: of enough alone */
} rows;

static void free_rows(rows *t)
{
    lta_strings_free(&t->scope);
    lta_free(t->block);
    lta_free(t->reserve_last);
    lta_free(t->capacity);
    lta_free(t->hits);
    lta_free(t->lookups);
    lta_free(t->permille);
}

static lta_status read_rows(const lta_reader *r, rows *t, bool enough)
{
    lta_status st = LTA_OK;
    const struct {
        const char *name;
        uint64_t **into;
    } columns[] = {{"block", &t->block}, {"reserve_last", &t->reserve_last}, {"capacity", &t->capacity},
                   {"hits", &t->hits},   {"lookups", &t->lookups},           {"permille", &t->permille}};
    char path[64];
    snprintf(path, sizeof path, "/tables/%s/scope", t->table);
    LTA_TRY(lta_reader_strings(r, path, &t->scope));
    t->n = t->scope.n;
    for (size_t i = 0; i < sizeof columns / sizeof *columns - !enough; i++) {
        snprintf(path, sizeof path, "/tables/%s/%s", t->table, columns[i].name);
        LTA_TRY(lta_verify_column(r, path, LTA_U64, t->n, (void **)columns[i].into));
    }
done:
    return st;
}

static bool same_curve(const rows *a, uint64_t i, const rows *b, uint64_t j)
{
    return a->block[i] == b->block[j] && a->reserve_last[i] == b->reserve_last[j] &&
           strcmp(lta_strings_get(&a->scope, i), lta_strings_get(&b->scope, j)) == 0;
}

typedef struct point {
    uint64_t capacity, hits;
    bool exact; /* else the hits may be fewer */
} point;

static int compare_points(const void *a, const void *b)
{
    const point *x = a, *y = b;
    return x->capacity < y->capacity ? -1 : x->capacity > y->capacity;
}

static lta_status bad_row(const lta_reader *r, const rows *t, uint64_t row, const char *why)
{
    return lta_fail(LTA_ERR_FORMAT, "%s:/tables/%s: row %llu: %s", lta_reader_path(r), t->table, (ull)row,
                    why);
}

/* Sorts the points and makes one of those at the same capacity; false if they contradict each other. */
static bool join_points(point *p, uint64_t *n)
{
    uint64_t kept = 0;
    qsort(p, (size_t)*n, sizeof *p, compare_points);
    for (uint64_t i = 0; i < *n; i++) {
        point *last = kept > 0 ? &p[kept - 1] : NULL;
        if (!last || last->capacity != p[i].capacity) {
            p[kept++] = p[i];
            continue;
        }
        uint64_t fewer = last->hits < p[i].hits ? last->hits : p[i].hits;
        if ((last->exact && last->hits != fewer) || (p[i].exact && p[i].hits != fewer))
            return false;
        *last = (point){last->capacity, fewer, last->exact || p[i].exact};
    }
    for (uint64_t i = 1; i < kept; i++)
        if (p[i].hits < p[i - 1].hits)
            return false;
    *n = kept;
    return kept > 0 && p[0].capacity == 0 && p[0].hits == 0;
}

/* The curve of rows from .. to - 1 of hit_curve, and of the rows of enough from row `at` on. */
static lta_status known_curve(const lta_reader *r, const rows *t, uint64_t from, uint64_t to,
                              const rows *enough, uint64_t at, lta_stored_curve *out)
{
    lta_status st = LTA_OK;
    uint64_t n = 0, all = t->hits[to - 1], last = from;
    point *p = NULL;
    while (t->hits[last] != all)
        last++;
    LTA_TRY(LTA_ALLOC(&p, last - from + 1 + 2 * ENOUGH));
    for (uint64_t i = from; i <= last; i++)
        p[n++] = (point){t->capacity[i], t->hits[i], true};
    for (uint64_t k = 0; k < ENOUGH && all > 0; k++) {
        uint64_t target = all / 1000 * permille[k] + (all % 1000 * permille[k] + 999) / 1000;
        uint64_t capacity = enough->capacity[at + k], hits = enough->hits[at + k];
        if (hits < target || capacity == 0 || capacity > t->capacity[last])
            LTA_TRY(
                bad_row(r, enough, at + k, "is not a capacity that is enough, up to the curve's last one"));
        p[n++] = (point){capacity, hits, true};
        p[n++] = (point){capacity - 1, target - 1, false};
    }
    if (!join_points(p, &n))
        LTA_TRY(bad_row(r, t, from,
                        "the curve that begins here does not rise from (0, 0), or `enough` denies it"));
    LTA_TRY(LTA_ALLOC(&out->curve.capacity, n));
    LTA_TRY(LTA_ALLOC(&out->curve.hits, n));
    out->curve.n = n;
    for (uint64_t i = 0; i < n; i++) {
        out->curve.capacity[i] = p[i].capacity;
        out->curve.hits[i] = p[i].hits;
    }
done:
    lta_free(p);
    return st;
}

/* Which curve row i of hit_curve belongs to. */
static lta_status name_curve(const lta_reader *r, const rows *t, uint64_t i, lta_stored_curve *out)
{
    int s = 0;
    while (s < LTA_SCOPES && strcmp(lta_strings_get(&t->scope, i), lta_scope_name((lta_scope)s)) != 0)
        s++;
    if (s == LTA_SCOPES || t->block[i] == 0 || t->reserve_last[i] > 1)
        return bad_row(r, t, i, "names no scope and block size");
    *out = (lta_stored_curve){.scope = (lta_scope)s,
                              .block = t->block[i],
                              .reserve_last = t->reserve_last[i] == 1,
                              .lookups = t->lookups[i]};
    return LTA_OK;
}

lta_status lta_verify_known_curves(const lta_reader *r, lta_curves *out)
{
    lta_status st = LTA_OK;
    rows t = {.table = "hit_curve"}, enough = {.table = "enough"};
    uint64_t room = 0;
    LTA_TRY(read_rows(r, &t, false));
    LTA_TRY(read_rows(r, &enough, true));
    for (uint64_t from = 0, to, at = 0; from < t.n; from = to, at += ENOUGH) {
        for (to = from + 1; to < t.n && same_curve(&t, from, &t, to);)
            to++;
        for (uint64_t k = at; k < at + ENOUGH; k++)
            if (k >= enough.n || !same_curve(&t, from, &enough, k) || enough.permille[k] != permille[k - at])
                LTA_TRY(bad_row(r, &enough, k, "expected a row for each share, of each curve of hit_curve"));
        LTA_TRY(LTA_GROW(&out->curve, &room, out->n + 1));
        LTA_TRY(name_curve(r, &t, from, &out->curve[out->n]));
        LTA_TRY(known_curve(r, &t, from, to, &enough, at, &out->curve[out->n++]));
    }
done:
    free_rows(&t);
    free_rows(&enough);
    return st;
}
