/* pipeline/trace/trace_check.c - what a trace read from a file must fulfil before anybody may rely on it. */
#include "pipeline/trace/trace_internal.h"

#include "pipeline/core/array.h"

#include <string.h>

typedef unsigned long long ull; /* for printf */

static lta_status check_index16(const char *file, const char *path, const uint16_t *column, uint64_t n,
                                uint64_t bound, bool may_lack)
{
    for (uint64_t i = 0; column && i < n; i++)
        if (column[i] >= bound && !(may_lack && column[i] == LTA_NO_U16))
            return lta_fail(LTA_ERR_FORMAT, "%s:%s: row %llu is %u, expected an index below %llu", file, path,
                            (ull)i, column[i], (ull)bound);
    return LTA_OK;
}

static lta_status check_index32(const char *file, const char *path, const uint32_t *column, uint64_t n,
                                uint64_t bound)
{
    for (uint64_t i = 0; column && i < n; i++)
        if (column[i] >= bound && column[i] != LTA_NO_U32)
            return lta_fail(LTA_ERR_FORMAT, "%s:%s: row %llu is %u, expected an index below %llu", file, path,
                            (ull)i, column[i], (ull)bound);
    return LTA_OK;
}

/* Requests stand in the order (arrival, source, source_row), each triple once. */
static lta_status check_order(const lta_trace *t, const char *file)
{
    for (uint64_t i = 1; i < t->n; i++) {
        if (t->arrival_us && t->arrival_us[i] != t->arrival_us[i - 1]) {
            if (t->arrival_us[i] < t->arrival_us[i - 1])
                return lta_fail(LTA_ERR_FORMAT,
                                "%s:/requests/arrival_us: falls at row %llu, expected never to fall", file,
                                (ull)i);
            continue;
        }
        if (t->source[i] < t->source[i - 1] ||
            (t->source[i] == t->source[i - 1] && t->source_row[i] <= t->source_row[i - 1]))
            return lta_fail(
                LTA_ERR_FORMAT,
                "%s:/requests/source_row: row %llu is out of order, expected requests sorted by arrival, "
                "source and source_row",
                file, (ull)i);
    }
    return LTA_OK;
}

static bool same_file(const lta_sources *s, uint64_t i, uint64_t j)
{
    return strcmp(lta_strings_get(&s->file, i), lta_strings_get(&s->file, j)) == 0 &&
           strcmp(lta_strings_get(&s->xxh3_128, i), lta_strings_get(&s->xxh3_128, j)) == 0;
}

/* source_row counts the rows of the file. Several sources cut from one file stand one behind the other, and
 * those of a source end where the rows of all up to it do. */
static lta_status check_rows(const lta_trace *t, const char *file)
{
    lta_status st = LTA_OK;
    uint64_t *end = NULL;
    LTA_TRY(LTA_ALLOC(&end, t->sources.n));
    for (uint64_t s = 0; s < t->sources.n; s++) {
        uint64_t before = s > 0 && same_file(&t->sources, s - 1, s) ? end[s - 1] : 0;
        if (__builtin_add_overflow(before, t->sources.rows[s], &end[s]))
            end[s] = UINT64_MAX;
    }
    for (uint64_t i = 0; i < t->n; i++)
        if (t->source_row[i] >= end[t->source[i]]) {
            st = lta_fail(LTA_ERR_FORMAT,
                          "%s:/requests/source_row: row %llu is %llu, but its source has %llu rows", file,
                          (ull)i, (ull)t->source_row[i], (ull)end[t->source[i]]);
            goto done;
        }
done:
    lta_free(end);
    return st;
}

/* Sessions are dense, numbered by source and then by first appearance, and belong to one source each. */
static lta_status check_sessions(lta_trace *t, const char *file)
{
    lta_status st = LTA_OK;
    uint32_t *seen = NULL;  /* sessions of each source met so far */
    uint32_t *first = NULL; /* first session of each source */
    LTA_TRY(LTA_CALLOC(&seen, t->sources.n));
    LTA_TRY(LTA_CALLOC(&first, t->sources.n + 1));
    /* a source's sessions begin where the previous source's end, so count each source's largest first */
    for (uint64_t i = 0; i < t->n; i++)
        if (t->session[i] != LTA_NO_U32 && t->session[i] >= first[t->source[i] + 1])
            first[t->source[i] + 1] = t->session[i] + 1;
    for (uint64_t s = 0; s < t->sources.n; s++)
        if (first[s + 1] < first[s])
            first[s + 1] = first[s]; /* a source without sessions, or one that the loop below refuses */
    for (uint64_t i = 0; i < t->n; i++) {
        uint32_t v = t->session[i], s = t->source[i];
        if (v == LTA_NO_U32)
            continue;
        if (v < first[s] || v > first[s] + seen[s]) {
            st = lta_fail(
                LTA_ERR_FORMAT,
                "%s:/requests/session: row %llu is %u, expected sessions numbered by source and first "
                "appearance (%u to %u here)",
                file, (ull)i, v, first[s], first[s] + seen[s]);
            goto done;
        }
        seen[s] += v == first[s] + seen[s];
    }
    t->n_sessions = first[t->sources.n];
done:
    lta_free(first);
    lta_free(seen);
    return st;
}

lta_status lta_trace_check(lta_trace *t, const char *file)
{
    const lta_sources *s = &t->sources;
    lta_status st = LTA_OK;
    if (t->n >= UINT32_MAX)
        return lta_fail(LTA_ERR_FORMAT, "%s: %llu requests, expected at most 4294967294", file, (ull)t->n);
    if (s->n == 0 || s->n > UINT16_MAX)
        return lta_fail(LTA_ERR_FORMAT, "%s: %llu sources, expected 1 to 65535", file, (ull)s->n);
    LTA_TRY(check_index16(file, "/requests/source", t->source, t->n, s->n, false));
    LTA_TRY(check_index16(file, "/requests/model", t->model, t->n, t->models.n, true));
    LTA_TRY(check_index16(file, "/requests/kind", t->kind, t->n, t->kinds.n, true));
    LTA_TRY(check_index32(file, "/requests/source_session", t->source_session, t->n, t->source_sessions.n));
    LTA_TRY(check_index16(file, "/skipped/source", t->skipped.source, t->skipped.n, s->n, false));
    LTA_TRY(check_order(t, file));
    LTA_TRY(check_rows(t, file));
    if (t->session)
        LTA_TRY(check_sessions(t, file));
done:
    return st;
}
