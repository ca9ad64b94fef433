/* tests/generate.c - see generate.h. Each request is made by one of a few moves on the requests before it; a
 * shape is a set of weights for the moves, so that chains, branches, conversations and their mixtures all
 * come up. */
#include "tests/generate.h"

#include "pipeline/core/array.h"
#include "pipeline/synth/random.h"
#include "tests/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum move {
    FRESH,    /* symbols of its own */
    EXTEND,   /* full sequence of the session's last request, and a new message */
    COLLAPSE, /* the same with a stretch of the middle dropped */
    BRANCH,   /* beginning of any earlier request, and a new message */
    REPEAT,   /* an earlier request once more, output included */
    SHORTEN,  /* an earlier input, without its end */
    CONTINUE, /* any earlier full sequence, and a new message: its output becomes input */
    REDRAW,   /* an earlier input with another output */
    MOVES
};

typedef struct shape {
    const char *name;
    unsigned weight[MOVES];
    uint32_t max_requests, max_length, mean_message;
    bool outputs;
} shape;

/* odd shapes first, the ones that traces really have last */
static const shape odd_shapes[] = {
    {"no request", {1}, 0, 0, 1, true},
    {"one request", {1}, 1, 40, 8, true},
    {"identical requests", {[REPEAT] = 1}, 20, 30, 8, true},
    {"prefix chain up", {[CONTINUE] = 1}, 24, 60, 2, false},
    {"prefix chain down", {[SHORTEN] = 1}, 24, 60, 30, true},
    {"all different", {[FRESH] = 1}, 24, 20, 4, true},
    {"flat", {[FRESH] = 4, [REPEAT] = 1}, 60, 1, 1, false},
    {"deep", {[BRANCH] = 1, [REPEAT] = 1, [SHORTEN] = 1}, 8, 200, 80, true},
};
static const shape shapes[] = {
    {"conversations", {[FRESH] = 1, [EXTEND] = 9, [BRANCH] = 2, [REPEAT] = 2}, 40, 70, 3, true},
    {"collapsing conversations",
     {[FRESH] = 1, [EXTEND] = 4, [COLLAPSE] = 5, [CONTINUE] = 2, [REPEAT] = 2},
     40,
     70,
     3,
     true},
    {"branching", {[BRANCH] = 6, [REPEAT] = 2, [SHORTEN] = 1, [CONTINUE] = 2}, 40, 40, 3, true},
    {"everything", {1, 4, 2, 4, 2, 1, 3, 2}, 44, 60, 4, true},
    {"redrawn outputs", {[REDRAW] = 3, [CONTINUE] = 3, [BRANCH] = 2}, 40, 50, 4, true},
};

typedef struct generator {
    lta_random random;
    shape shape;
    uint64_t alphabet, symbol_base;
    test_trace trace;
    uint64_t *last; /* [sessions] 1 + the session's last request so far, 0 = none */
} generator;

static uint64_t environment_number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

const char *test_device(void)
{
    const char *device = getenv("LTA_TEST_DEVICE");
    return device ? device : "cpu";
}

uint64_t test_seed(void)
{
    return environment_number("LTA_TEST_SEED", 20250817);
}

uint64_t test_count(uint64_t otherwise)
{
    return environment_number("LTA_TEST_TRACES", otherwise);
}

static uint64_t below(generator *g, uint64_t n)
{
    return lta_random_below(&g->random, n);
}

static void append_new(generator *g, test_request *r, uint64_t length)
{
    for (uint64_t i = 0; i < length && r->full_length < g->shape.max_length; i++)
        r->symbols[r->full_length++] = g->symbol_base + below(g, g->alphabet);
}

static void append_copy(generator *g, test_request *r, const test_request *from, uint64_t start, uint64_t end)
{
    for (uint64_t i = start; i < end && r->full_length < g->shape.max_length; i++)
        r->symbols[r->full_length++] = from->symbols[i];
}

static enum move draw_move(generator *g)
{
    unsigned sum = 0;
    for (int m = 0; m < MOVES; m++)
        sum += g->shape.weight[m];
    uint64_t at = below(g, sum);
    for (int m = 0; m < MOVES; m++) {
        if (at < g->shape.weight[m])
            return (enum move)m;
        at -= g->shape.weight[m];
    }
    abort();
}

static uint64_t draw_message(generator *g)
{
    return below(g, 10) == 0 ? 0 : lta_random_around(&g->random, g->shape.mean_message);
}

/* Request number i; its source and session are drawn already. */
static void make_sequence(generator *g, uint64_t i)
{
    test_request *r = &g->trace.request[i];
    const test_request *any = i > 0 ? &g->trace.request[below(g, i)] : NULL;
    const test_request *mine = r->session != TEST_NO_SESSION && g->last[r->session] > 0
                                   ? &g->trace.request[g->last[r->session] - 1]
                                   : NULL;
    enum move m = draw_move(g);
    bool repeat_output = false;
    r->symbols = test_alloc(g->shape.max_length, sizeof *r->symbols);
    if (m == CONTINUE && i > 0 && below(g, 2) == 0)
        any = &g->trace.request[i - 1];
    if (!any || ((m == EXTEND || m == COLLAPSE) && !mine))
        m = FRESH;
    switch (m) {
    case EXTEND:
        append_copy(g, r, mine, 0, mine->full_length);
        append_new(g, r, draw_message(g));
        break;
    case COLLAPSE: {
        uint64_t cut = below(g, mine->full_length + UINT64_C(1)),
                 rest = cut + below(g, mine->full_length - cut + 1);
        append_copy(g, r, mine, 0, cut);
        append_copy(g, r, mine, rest, mine->full_length);
        append_new(g, r, draw_message(g));
        break;
    }
    case BRANCH:
        append_copy(g, r, any, 0, below(g, any->full_length + UINT64_C(1)));
        append_new(g, r, draw_message(g));
        break;
    case REPEAT:
        append_copy(g, r, any, 0, any->input_length);
        repeat_output = true;
        break;
    case SHORTEN:
        append_copy(g, r, any, 0,
                    any->input_length - (any->input_length > 0 ? below(g, any->input_length) : 0));
        break;
    case CONTINUE:
        append_copy(g, r, any, 0, any->full_length);
        append_new(g, r, draw_message(g));
        break;
    case REDRAW:
        append_copy(g, r, any, 0, any->input_length);
        break;
    case FRESH:
    case MOVES:
        append_new(g, r, lta_random_around(&g->random, UINT64_C(2) * g->shape.mean_message));
        break;
    }
    r->input_length = r->full_length;
    if (g->trace.block_tokens > 0 || !g->shape.outputs)
        return;
    if (repeat_output)
        append_copy(g, r, any, any->input_length, any->full_length);
    else
        append_new(g, r, draw_message(g));
}

/* What the file would state: exact for tokens; for blocks, the last one may be partial, or partial ones may
 * be left out. */
static void state_counts(generator *g, test_request *r)
{
    uint32_t b = g->trace.block_tokens;
    r->input_tokens = r->input_length;
    r->output_tokens = r->full_length - r->input_length;
    if (b > 0) {
        uint64_t tokens = (uint64_t)r->input_length * b, part = below(g, b);
        r->input_tokens = (uint32_t)(r->input_length > 0 && below(g, 2) == 0 ? tokens - part : tokens + part);
        r->output_tokens = (uint32_t)below(g, 100);
    }
}

/* Requests stand by arrival, then source; equal ones keep their order. Insertion sort: few, and nearly
 * sorted. */
static void sort_requests(test_trace *t)
{
    for (uint64_t i = 1; i < t->n; i++) {
        test_request r = t->request[i];
        uint64_t j = i;
        for (; j > 0; j--) {
            const test_request *p = &t->request[j - 1];
            if (p->arrival_us < r.arrival_us || (p->arrival_us == r.arrival_us && p->source <= r.source))
                break;
            t->request[j] = *p;
        }
        t->request[j] = r;
    }
}

/* Sessions were drawn as source * per_source + k: numbers them by source, then first appearance. */
static void number_sessions(test_trace *t, uint32_t drawn)
{
    uint32_t *number = test_alloc(drawn, sizeof *number); /* 1 + number */
    t->n_sessions = 0;
    for (uint16_t source = 0; source < t->n_sources; source++)
        for (uint64_t i = 0; i < t->n; i++)
            if (t->request[i].source == source && t->request[i].session != TEST_NO_SESSION &&
                number[t->request[i].session] == 0)
                number[t->request[i].session] = ++t->n_sessions;
    for (uint64_t i = 0; i < t->n; i++)
        if (t->request[i].session != TEST_NO_SESSION)
            t->request[i].session = number[t->request[i].session] - 1;
    lta_free(number);
}

test_trace test_trace_generate(uint64_t seed)
{
    static const uint64_t alphabets[] = {1, 2, 2, 3, 5, 20, 1000, UINT64_C(1) << 33};
    static const int64_t pauses[] = {0, 0, 1, 7, 1000000};
    generator g = {.trace.seed = seed};
    lta_random_seed(&g.random, seed, 0);
    g.shape = below(&g, 6) == 0 ? odd_shapes[below(&g, sizeof odd_shapes / sizeof *odd_shapes)]
                                : shapes[below(&g, sizeof shapes / sizeof *shapes)];
    if (below(&g, 100) == 0) { /* a few larger ones */
        g.shape.max_requests *= 2;
        g.shape.max_length *= 2;
    }
    test_trace *t = &g.trace;
    t->shape = g.shape.name;
    t->n = g.shape.max_requests;
    if (t->n > 8)
        t->n = 8 + below(&g, t->n - 7);
    g.alphabet = alphabets[below(&g, sizeof alphabets / sizeof *alphabets)];
    g.symbol_base = below(&g, 6) == 0 ? (UINT64_C(1) << 32) - 2 : 0;
    if (below(&g, 12) == 0)
        t->block_tokens = 1 + (uint32_t)below(&g, 16);
    t->n_sources = 1 + (uint32_t)below(&g, 3);
    t->has_sessions = below(&g, 10) != 0;
    uint32_t per_source = 1 + (uint32_t)below(&g, 4), drawn = per_source * t->n_sources;
    bool some_without = below(&g, 4) == 0;
    t->request = test_alloc(t->n, sizeof *t->request);
    g.last = test_alloc(drawn, sizeof *g.last);
    int64_t now = (int64_t)below(&g, 2) * 12345;
    for (uint64_t i = 0; i < t->n; i++) {
        test_request *r = &t->request[i];
        r->source = (uint16_t)below(&g, t->n_sources);
        r->session = r->source * per_source + (uint32_t)below(&g, per_source);
        if (!t->has_sessions || (some_without && below(&g, 4) == 0))
            r->session = TEST_NO_SESSION;
        now += i > 0 ? pauses[below(&g, sizeof pauses / sizeof *pauses)] : 0;
        r->arrival_us = now;
        make_sequence(&g, i);
        state_counts(&g, r);
        if (r->session != TEST_NO_SESSION)
            g.last[r->session] = i + 1;
    }
    lta_free(g.last);
    sort_requests(t);
    number_sessions(t, drawn);
    return *t;
}

test_trace test_trace_from_words(const char *words)
{
    test_trace t = {.shape = words, .n_sources = 1, .has_sessions = true};
    t.request = test_alloc(strlen(words) + 1, sizeof *t.request);
    while (*words) {
        size_t length = strcspn(words, " ");
        test_request *r = &t.request[t.n];
        r->symbols = test_alloc(length, sizeof *r->symbols);
        for (size_t i = 0; i < length; i++)
            r->symbols[i] = (unsigned char)words[i];
        r->input_length = r->full_length = r->input_tokens = (uint32_t)length;
        r->session = (uint32_t)t.n;
        r->arrival_us = (int64_t)t.n;
        t.n_sessions = (uint32_t)++t.n;
        words += length + (words[length] == ' ');
    }
    return t;
}

void test_trace_free(test_trace *t)
{
    for (uint64_t i = 0; i < t->n; i++)
        lta_free(t->request[i].symbols);
    lta_free(t->request);
    *t = (test_trace){0};
}

void test_trace_print(const test_trace *t)
{
    fprintf(stderr, "trace of seed %" PRIu64 " (%s), %" PRIu64 " requests, %u sources, block_tokens %u:\n",
            t->seed, t->shape, t->n, t->n_sources, t->block_tokens);
    for (uint64_t i = 0; i < t->n; i++) {
        const test_request *r = &t->request[i];
        fprintf(stderr, "%4" PRIu64 " at %" PRId64 " source %u session %d:", i, r->arrival_us, r->source,
                (int)r->session);
        for (uint32_t k = 0; k < r->full_length; k++)
            fprintf(stderr, "%s%" PRIu64, k == r->input_length ? " -> " : " ", r->symbols[k]);
        fprintf(stderr, "\n");
    }
    fprintf(stderr, "replay: LTA_TEST_SEED=%" PRIu64 " LTA_TEST_TRACES=1\n", t->seed);
}
