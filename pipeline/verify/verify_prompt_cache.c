/* pipeline/verify/verify_prompt_cache.c - the table `prompt_cache` of an enriched file, against the requests:
 * who looks up is known of every key length, and the distance of the key of one. */
#include "pipeline/core/array.h"
#include "pipeline/verify/verify_internal.h"

#include <string.h>

enum { KEY_OF_FIELD = 1024 }; /* min_tokens of /requests/prompt_cache_distance */

typedef struct prompt_table {
    const lta_reader *r;
    const lta_trace *t;
    lta_strings scope;
    uint64_t *min_tokens, *max_prompts, *requests, *lookups, *hits; /* [scope.n] */
    uint64_t *distance;                                             /* [t->n], or NULL */
    uint32_t *reusable, *fresh;                                     /* [t->n] symbols of inputs, in two */
} prompt_table;

static void prompt_table_free(prompt_table *p)
{
    lta_strings_free(&p->scope);
    lta_free(p->min_tokens);
    lta_free(p->max_prompts);
    lta_free(p->requests);
    lta_free(p->lookups);
    lta_free(p->hits);
    lta_free(p->distance);
    lta_free(p->reusable);
    lta_free(p->fresh);
}

static lta_status prompt_table_read(prompt_table *p)
{
    lta_status st = LTA_OK;
    const lta_reader *r = p->r;
    uint64_t n = p->t->n;
    LTA_TRY(lta_reader_strings(r, "/tables/prompt_cache/scope", &p->scope));
    const struct {
        const char *path;
        uint64_t **data;
    } columns[] = {{"/tables/prompt_cache/min_tokens", &p->min_tokens},
                   {"/tables/prompt_cache/max_prompts", &p->max_prompts},
                   {"/tables/prompt_cache/requests", &p->requests},
                   {"/tables/prompt_cache/lookups", &p->lookups},
                   {"/tables/prompt_cache/hits", &p->hits}};
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
        LTA_TRY(lta_verify_column(r, columns[c].path, LTA_U64, p->scope.n, (void **)columns[c].data));
    LTA_TRY(lta_verify_column(r, "/requests/reusable", LTA_U32, n, (void **)&p->reusable));
    LTA_TRY(lta_verify_column(r, "/requests/new_symbols", LTA_U32, n, (void **)&p->fresh));
    if (lta_reader_has(r, "/requests/prompt_cache_distance"))
        LTA_TRY(lta_verify_column(r, "/requests/prompt_cache_distance", LTA_U64, n, (void **)&p->distance));
done:
    return st;
}

static lta_status differs(const prompt_table *p, const char *column, uint64_t row, uint64_t found,
                          uint64_t expected)
{
    return lta_fail(LTA_ERR_FORMAT,
                    "%s:/tables/prompt_cache/%s: row %llu is %llu, but the requests give %llu",
                    lta_reader_path(p->r), column, (ull)row, (ull)found, (ull)expected);
}

/* Requests with so many input tokens, all of them known. */
static uint64_t lookups_of(const prompt_table *p, uint64_t min_tokens)
{
    const lta_trace *t = p->t;
    uint64_t n = 0, symbols = t->block_tokens > 0 ? min_tokens / t->block_tokens : UINT64_MAX;
    for (uint64_t r = 0; r < t->n; r++)
        n += t->input_tokens[r] != LTA_NO_U32 && t->input_tokens[r] >= min_tokens &&
             (uint64_t)p->reusable[r] + p->fresh[r] >= symbols;
    return n;
}

static uint64_t hits_within(const prompt_table *p, uint64_t max_prompts)
{
    uint64_t n = 0;
    for (uint64_t r = 0; r < p->t->n; r++)
        n += p->distance[r] > 0 && p->distance[r] <= max_prompts;
    return n;
}

/* The powers of two, and 10, Kavier's default. */
static uint64_t next_size(uint64_t max_prompts)
{
    return max_prompts == 8 ? 10 : max_prompts == 10 ? 16 : 2 * max_prompts;
}

/* Rows from .. end - 1: one cache at all its sizes. */
static lta_status check_cache(const prompt_table *p, uint64_t from, uint64_t end)
{
    const char *scope = lta_strings_get(&p->scope, from), *of_field = p->t->session ? "session" : "global";
    uint64_t lookups = lookups_of(p, p->min_tokens[from]);
    bool known = p->distance && p->min_tokens[from] == KEY_OF_FIELD && strcmp(scope, of_field) == 0;
    for (uint64_t i = from; i < end; i++) {
        uint64_t size = i == from ? 1 : next_size(p->max_prompts[i - 1]);
        if (p->max_prompts[i] != size)
            return differs(p, "max_prompts", i, p->max_prompts[i], size);
        if (p->requests[i] != p->t->n)
            return differs(p, "requests", i, p->requests[i], p->t->n);
        if (p->lookups[i] != lookups)
            return differs(p, "lookups", i, p->lookups[i], lookups);
        if (p->hits[i] > lookups || (i > from && p->hits[i] < p->hits[i - 1]))
            return lta_fail(
                LTA_ERR_FORMAT,
                "%s:/tables/prompt_cache/hits: row %llu is %llu; expected at most the %llu lookups, "
                "and no fewer than with fewer entries",
                lta_reader_path(p->r), (ull)i, (ull)p->hits[i], (ull)lookups);
        if (known && p->hits[i] != hits_within(p, size))
            return differs(p, "hits", i, p->hits[i], hits_within(p, size));
    }
    if (known && p->hits[end - 1] != hits_within(p, UINT64_MAX))
        return lta_fail(LTA_ERR_FORMAT,
                        "%s:/tables/prompt_cache/max_prompts: ends before every attainable hit",
                        lta_reader_path(p->r));
    return LTA_OK;
}

/* Which key lengths a table has: those that are whole blocks. */
static uint64_t key_after(const lta_trace *t, uint64_t min_tokens)
{
    static const uint64_t keys[] = {64, 256, 512, 1024, 2048, 4096};
    for (size_t i = 0; t->block_tokens > 0 && i < sizeof keys / sizeof *keys; i++)
        if (keys[i] > min_tokens && keys[i] % t->block_tokens == 0)
            return keys[i];
    return 0;
}

/* The rows of one scope, from row *at on. */
static lta_status check_scope(const prompt_table *p, const char *scope, uint64_t *at)
{
    lta_status st = LTA_OK;
    for (uint64_t key = key_after(p->t, 0), end; key > 0; key = key_after(p->t, key), *at = end) {
        for (end = *at; end < p->scope.n && p->min_tokens[end] == key &&
                        strcmp(lta_strings_get(&p->scope, end), scope) == 0;
             end++)
            ;
        if (end == *at) {
            st = lta_fail(LTA_ERR_FORMAT,
                          "%s:/tables/prompt_cache: row %llu is not of scope %s and keys of %llu tokens",
                          lta_reader_path(p->r), (ull)end, scope, (ull)key);
            goto done;
        }
        LTA_TRY(check_cache(p, *at, end));
    }
done:
    return st;
}

lta_status lta_verify_prompt_cache(const lta_reader *r, const lta_trace *t)
{
    lta_status st = LTA_OK;
    prompt_table p = {.r = r, .t = t};
    uint64_t rows = 0;
    if (!t->input_tokens)
        return LTA_OK;
    LTA_TRY(prompt_table_read(&p));
    if (t->session)
        LTA_TRY(check_scope(&p, "session", &rows));
    LTA_TRY(check_scope(&p, "global", &rows));
    if (rows != p.scope.n)
        st = lta_fail(LTA_ERR_FORMAT, "%s:/tables/prompt_cache: row %llu is of no cache", lta_reader_path(r),
                      (ull)rows);
done:
    prompt_table_free(&p);
    return st;
}
