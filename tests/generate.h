/* tests/generate.h - seeded small traces, in the plainest form there is: every request's symbols in full.
 *
 * One seed, one trace, on any machine. Replay a failure with LTA_TEST_SEED=<the seed it printed>
 * LTA_TEST_TRACES=1. */
#ifndef LTA_TESTS_GENERATE_H
#define LTA_TESTS_GENERATE_H

#include <stdbool.h>
#include <stdint.h>

#define TEST_NO_SESSION UINT32_MAX

typedef struct test_request {
    uint64_t *symbols; /* [full_length] input, then output */
    uint32_t input_length, full_length;
    uint16_t source;
    uint32_t session; /* dense, by source, then first appearance; TEST_NO_SESSION = none */
    int64_t arrival_us;
    uint32_t input_tokens, output_tokens; /* counts that a file would state */
} test_request;

typedef struct test_trace {
    const char *shape; /* what it was meant to look like */
    uint64_t seed;
    uint64_t n;
    test_request *request; /* [n] by (arrival, source), as a trace numbers them */
    uint32_t n_sources, n_sessions;
    bool has_sessions;
    uint32_t
        block_tokens; /* 0: symbols are tokens; else symbols are blocks of so many tokens, and no outputs */
} test_trace;

test_trace test_trace_generate(uint64_t seed); /* aborts when memory runs out: tests need no error paths */
/* Outputs-free trace of one source and one session a request: each word is a request, its letters are its
 * symbols. */
test_trace test_trace_from_words(const char *words);
void test_trace_free(test_trace *t);
void test_trace_print(const test_trace *t); /* on stderr, for the reader of a failure */

/* Device whose operations are tested: LTA_TEST_DEVICE, or cpu. */
const char *test_device(void);
uint64_t test_seed(void);                /* LTA_TEST_SEED, or a fixed one */
uint64_t test_count(uint64_t otherwise); /* LTA_TEST_TRACES, or otherwise */

#endif
