/* tests/memory.h - arrays for tests: lta_free() them, and memory that runs out ends the test. */
#ifndef TESTS_MEMORY_H
#define TESTS_MEMORY_H

#include "pipeline/core/array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not inline: GCC 12 would warn of dangling pointers where their results go straight to memcpy(). */
static __attribute__((noinline, unused)) void *test_alloc(uint64_t n, size_t size) /* zeroed */
{
    void *p = NULL;
    if (lta_calloc_bytes(&p, n, size) != LTA_OK) {
        fprintf(stderr, "test: out of memory\n");
        abort();
    }
    return p;
}

static __attribute__((noinline, unused)) void *test_bytes(size_t n) /* undefined content */
{
    void *p = NULL;
    if (lta_alloc_bytes(&p, n, 1) != LTA_OK) {
        fprintf(stderr, "test: out of memory\n");
        abort();
    }
    return p;
}

static __attribute__((noinline, unused)) char *test_text(const char *text)
{
    size_t n = strlen(text) + 1;
    return memcpy(test_bytes(n), text, n);
}

#endif
