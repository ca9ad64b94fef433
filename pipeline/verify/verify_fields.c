/* pipeline/verify/verify_fields.c - the enrichment fields of every request: which of them there are, and what
 * must hold between them and the columns of the trace. */
#include "pipeline/core/array.h"
#include "pipeline/verify/verify_internal.h"

#include <jansson.h>
#include <string.h>

typedef struct fields { /* NULL where the trace cannot give one; every column [n] */
    uint32_t *reusable, *reusable_session, *reusable_source, *reusable_cross, *new_symbols;
    uint64_t *reuse_distance, *reuse_distance_first;
    int64_t *reuse_request, *reuse_time_us;
    uint64_t *working_set;
    int64_t *next_request, *next_reuse_time_us, *interarrival_us, *think_time_us;
    uint32_t *session_turns, *trie_depth;
    uint64_t *kv_bytes, *prompt_cache_distance;
    uint64_t n_hits; /* columns hit_<C>, by rising C */
    uint64_t *capacity;
    uint32_t **hit;
} fields;

typedef struct checker {
    const lta_reader *r;
    const lta_trace *t;
    fields f;
    const char *why; /* first thing that is wrong with a request */
} checker;

static bool is_there(const lta_trace *t, char need)
{
    switch (need) {
    case 's':
        return t->unit != LTA_UNIT_NONE;
    case 't':
        return t->arrival_us != NULL;
    case 'l':
        return t->input_tokens != NULL;
    default:
        return t->session != NULL;
    }
}

/* Every field is there exactly when the trace has what it needs: s symbols, t times, l lengths,
 * i sessions. */
static lta_status read_fields(checker *c)
{
    fields *f = &c->f;
    const struct {
        const char *name, *needs;
        lta_type type;
        void **into;
    } columns[] = {
        {"reusable", "s", LTA_U32, (void **)&f->reusable},
        {"reusable_session", "si", LTA_U32, (void **)&f->reusable_session},
        {"reusable_source", "s", LTA_U32, (void **)&f->reusable_source},
        {"reusable_cross", "si", LTA_U32, (void **)&f->reusable_cross},
        {"new_symbols", "s", LTA_U32, (void **)&f->new_symbols},
        {"reuse_distance", "s", LTA_U64, (void **)&f->reuse_distance},
        {"reuse_distance_first", "s", LTA_U64, (void **)&f->reuse_distance_first},
        {"reuse_request", "s", LTA_I64, (void **)&f->reuse_request},
        {"reuse_time_us", "st", LTA_I64, (void **)&f->reuse_time_us},
        {"working_set", "s", LTA_U64, (void **)&f->working_set},
        {"next_request", "s", LTA_I64, (void **)&f->next_request},
        {"next_reuse_time_us", "st", LTA_I64, (void **)&f->next_reuse_time_us},
        {"interarrival_us", "t", LTA_I64, (void **)&f->interarrival_us},
        {"think_time_us", "ti", LTA_I64, (void **)&f->think_time_us},
        {"session_turns", "i", LTA_U32, (void **)&f->session_turns},
        {"trie_depth", "s", LTA_U32, (void **)&f->trie_depth},
        {"kv_bytes", "l", LTA_U64, (void **)&f->kv_bytes},
    };
    lta_status st = LTA_OK;
    char path[64];
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        bool expected = true;
        for (const char *need = columns[i].needs; *need; need++)
            expected = expected && is_there(c->t, *need);
        snprintf(path, sizeof path, "/requests/%s", columns[i].name);
        if (!expected && lta_reader_has(c->r, path)) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:%s: is there, but the trace does not give it",
                          lta_reader_path(c->r), path);
            goto done;
        }
        if (expected)
            LTA_TRY(lta_verify_column(c->r, path, columns[i].type, c->t->n, columns[i].into));
    }
    if (lta_reader_has(c->r, "/requests/prompt_cache_distance"))
        LTA_TRY(lta_verify_column(c->r, "/requests/prompt_cache_distance", LTA_U64, c->t->n,
                                  (void **)&f->prompt_cache_distance));
done:
    return st;
}

/* The columns hit_<C> of the parameters' capacities. */
static lta_status read_hits(checker *c, const json_t *capacities)
{
    lta_status st = LTA_OK;
    size_t n = json_array_size(capacities);
    if (c->t->unit == LTA_UNIT_NONE)
        return LTA_OK;
    LTA_TRY(LTA_CALLOC(&c->f.hit, n));
    LTA_TRY(LTA_CALLOC(&c->f.capacity, n));
    for (size_t i = 0; i < n; i++) {
        char path[64];
        c->f.capacity[i] = (uint64_t)json_integer_value(json_array_get(capacities, i));
        if (i > 0 && c->f.capacity[i] <= c->f.capacity[i - 1]) {
            st = lta_fail(LTA_ERR_FORMAT, "%s:/@parameters: expected rising capacities",
                          lta_reader_path(c->r));
            goto done;
        }
        snprintf(path, sizeof path, "/requests/hit_%llu", (ull)c->f.capacity[i]);
        c->f.n_hits = i + 1;
        LTA_TRY(lta_verify_column(c->r, path, LTA_U32, c->t->n, (void **)&c->f.hit[i]));
    }
done:
    return st;
}

static void free_fields(fields *f)
{
    for (uint64_t i = 0; f->hit && i < f->n_hits; i++)
        lta_free(f->hit[i]);
    void *const columns[] = {f->reusable,
                             f->reusable_session,
                             f->reusable_source,
                             f->reusable_cross,
                             f->new_symbols,
                             f->reuse_distance,
                             f->reuse_distance_first,
                             f->reuse_request,
                             f->reuse_time_us,
                             f->working_set,
                             f->next_request,
                             f->next_reuse_time_us,
                             f->interarrival_us,
                             f->think_time_us,
                             f->session_turns,
                             f->trie_depth,
                             f->kv_bytes,
                             f->prompt_cache_distance,
                             f->capacity,
                             f->hit};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        lta_free(columns[i]);
}

/* ---- one request ---- */

static void expect(checker *c, bool good, const char *why)
{
    if (!good && !c->why)
        c->why = why;
}

/* Is `us` the time from request a to request b? Requests out of range have been told already. */
static bool is_time(const lta_trace *t, uint64_t a, uint64_t b, int64_t us)
{
    int64_t difference;
    return !__builtin_sub_overflow(t->arrival_us[b], t->arrival_us[a], &difference) && us == difference;
}

static void check_reuse(checker *c, uint64_t r)
{
    const fields *f = &c->f;
    uint32_t reusable = f->reusable[r];
    bool any = reusable > 0;
    int64_t from = f->reuse_request[r];
    expect(c, f->reusable_source[r] <= reusable, "reusable_source exceeds reusable");
    if (f->reusable_session) {
        expect(c, f->reusable_session[r] <= f->reusable_source[r],
               "reusable_session exceeds reusable_source");
        expect(c, f->reusable_cross[r] == f->reusable_source[r] - f->reusable_session[r],
               "reusable_cross is not reusable_source - reusable_session");
    }
    expect(c, (uint64_t)reusable + f->new_symbols[r] <= UINT32_MAX, "reusable + new_symbols is no length");
    expect(c,
           any == (f->reuse_distance[r] > 0) && any == (f->reuse_distance_first[r] > 0) &&
               any == (from != -1),
           "reusable, the distances and reuse_request disagree on whether anything is reusable");
    expect(c, from >= -1 && from < (int64_t)r, "reuse_request is no earlier request");
    expect(c, !any || f->reuse_distance[r] >= reusable, "reuse_distance is below reusable");
    expect(c, f->reuse_distance_first[r] <= f->reuse_distance[r],
           "reuse_distance_first exceeds reuse_distance");
    expect(c, f->reuse_distance[r] <= f->working_set[r], "reuse_distance exceeds working_set");
    expect(c, r > 0 ? f->working_set[r] >= f->working_set[r - 1] : f->working_set[0] == 0,
           "working_set does not grow from 0");
    expect(c, c->why || r == 0 || f->working_set[r] - f->working_set[r - 1] >= f->new_symbols[r - 1],
           "working_set lacks new_symbols of the request before");
    expect(c, c->why || from < 0 || (f->next_request[from] >= 0 && f->next_request[from] <= (int64_t)r),
           "next_request of its reuse_request comes later, or is none");
    if (f->reuse_time_us && !c->why)
        expect(c,
               from < 0 ? f->reuse_time_us[r] == -1 : is_time(c->t, (uint64_t)from, r, f->reuse_time_us[r]),
               "reuse_time_us is not the time since reuse_request");
}

static void check_next(checker *c, uint64_t r)
{
    const fields *f = &c->f;
    int64_t to = f->next_request[r];
    expect(c, to == -1 || (to > (int64_t)r && (uint64_t)to < c->t->n), "next_request is no later request");
    expect(c, c->why || to < 0 || f->reusable[to] > 0, "its next_request reuses nothing");
    if (f->next_reuse_time_us && !c->why)
        expect(c,
               to < 0 ? f->next_reuse_time_us[r] == -1
                      : is_time(c->t, r, (uint64_t)to, f->next_reuse_time_us[r]),
               "next_reuse_time_us is not the time until next_request");
}

/* Hits rise with capacity: from the first reusable symbol at reuse_distance_first to the last one at
 * reuse_distance. */
static void check_hits(checker *c, uint64_t r)
{
    const fields *f = &c->f;
    for (uint64_t i = 0; i < f->n_hits; i++) {
        uint32_t hit = f->hit[i][r];
        uint64_t capacity = f->capacity[i];
        expect(c, hit <= f->reusable[r] && hit <= capacity, "hits exceed reusable, or the capacity");
        expect(c, i == 0 || hit >= f->hit[i - 1][r], "hits fall with capacity");
        expect(c, (hit == f->reusable[r]) == (capacity >= f->reuse_distance[r]),
               "hits and reuse_distance disagree on what holds all of reusable");
        expect(c, (hit > 0) == (f->reusable[r] > 0 && capacity >= f->reuse_distance_first[r]),
               "hits and reuse_distance_first disagree on what holds anything");
    }
}

/* last[s]: 1 + latest request of session s, 0 before its first; turns[s]: its requests */
static void check_session(checker *c, uint64_t r, uint64_t *last, const uint32_t *turns)
{
    uint32_t s = c->t->session[r];
    int64_t *think = c->f.think_time_us;
    expect(c, c->f.session_turns[r] == (s == LTA_NO_U32 ? 0 : turns[s]),
           "session_turns is not the session's requests");
    if (think)
        expect(c, s == LTA_NO_U32 || last[s] == 0 ? think[r] == -1 : is_time(c->t, last[s] - 1, r, think[r]),
               "think_time_us is not the time since the session's request before");
    if (s != LTA_NO_U32)
        last[s] = r + 1;
}

static void check_memory(checker *c, uint64_t r, uint64_t token_bytes)
{
    const lta_trace *t = c->t;
    uint64_t bytes = UINT64_MAX; /* what is said when a count is absent, or the product too large */
    if (t->input_tokens[r] != LTA_NO_U32 && t->output_tokens[r] != LTA_NO_U32 &&
        __builtin_mul_overflow((uint64_t)t->input_tokens[r] + t->output_tokens[r], token_bytes, &bytes))
        bytes = UINT64_MAX;
    expect(c, c->f.kv_bytes[r] == bytes, "kv_bytes is not tokens x bytes a token of the model");
}

/* ---- all of them ---- */

static bool model_bytes(const json_t *model, uint64_t *bytes)
{
    static const char *const factors[] = {"layers", "kv_heads", "head_size", "value_bytes"};
    *bytes = 2;
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        json_int_t factor = json_integer_value(json_object_get(model, factors[i]));
        if (factor <= 0 || __builtin_mul_overflow(*bytes, (uint64_t)factor, bytes))
            return false;
    }
    return true;
}

static lta_status check_requests(checker *c, uint64_t token_bytes)
{
    lta_status st = LTA_OK;
    const lta_trace *t = c->t;
    uint64_t *last = NULL;
    uint32_t *turns = NULL;
    LTA_TRY(LTA_CALLOC(&last, t->n_sessions));
    LTA_TRY(LTA_CALLOC(&turns, t->n_sessions));
    for (uint64_t r = 0; t->session && r < t->n; r++)
        if (t->session[r] != LTA_NO_U32)
            turns[t->session[r]]++;
    for (uint64_t r = 0; r < t->n; r++) {
        if (c->f.reusable) {
            check_reuse(c, r);
            check_next(c, r);
            check_hits(c, r);
        }
        if (t->arrival_us)
            expect(c, r == 0 ? c->f.interarrival_us[0] == -1 : is_time(t, r - 1, r, c->f.interarrival_us[r]),
                   "interarrival_us is not the time since the request before");
        if (t->session)
            check_session(c, r, last, turns);
        if (c->f.prompt_cache_distance)
            expect(c, c->f.prompt_cache_distance[r] <= r,
                   "prompt_cache_distance exceeds the requests before");
        if (t->input_tokens)
            check_memory(c, r, token_bytes);
        if (c->why) {
            st =
                lta_fail(LTA_ERR_FORMAT, "%s:/requests: row %llu: %s", lta_reader_path(c->r), (ull)r, c->why);
            goto done;
        }
    }
done:
    lta_free(last);
    lta_free(turns);
    return st;
}

lta_status lta_verify_fields(const lta_reader *r, const lta_trace *t)
{
    lta_status st = LTA_OK;
    checker c = {.r = r, .t = t};
    char *text = NULL;
    json_t *parameters = NULL;
    uint64_t token_bytes;
    LTA_TRY(lta_reader_attribute_text(r, "/", "parameters", &text));
    parameters = json_loads(text, 0, NULL);
    if (!model_bytes(json_object_get(parameters, "model"), &token_bytes)) {
        st = lta_fail(LTA_ERR_FORMAT,
                      "%s:/@parameters: expected a model's layers, kv_heads, head_size, value_bytes",
                      lta_reader_path(r));
        goto done;
    }
    LTA_TRY(read_fields(&c));
    LTA_TRY(read_hits(&c, json_object_get(parameters, "capacities")));
    LTA_TRY(check_requests(&c, token_bytes));
done:
    free_fields(&c.f);
    json_decref(parameters);
    lta_free(text);
    return st;
}
