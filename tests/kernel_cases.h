/* tests/kernel_cases.h - inputs and guards that the tests of the operations share. */
#ifndef LTA_TESTS_KERNEL_CASES_H
#define LTA_TESTS_KERNEL_CASES_H

#include "kernels/ops.h"
#include "tests/build_trace.h"

/* An array with guards on both sides; releasing it fails when something was written outside of it. */
uint64_t *test_guarded_alloc(uint64_t n);
void test_guarded_free(uint64_t *p, uint64_t n);

/* Calls check with generated traces from test_seed() on, and with the smallest ones there are. */
void test_each_trace(const lta_ops *ops,
                     void (*check)(const lta_ops *, const test_trace *, const lta_sequences *));

/* By hand, not completed: request 0 is 10 11 12 13 (input of 3), request 1 copies 10 11 and adds 14. */
lta_sequences test_two_requests(void);

#define EXPECT_EQUAL(t, got, want)                                                                           \
    do {                                                                                                     \
        if ((int64_t)(got) != (int64_t)(want)) {                                                             \
            test_trace_print(t);                                                                             \
            fail_msg("%s: %" PRId64 ", expected %" PRId64, #got, (int64_t)(got), (int64_t)(want));           \
        }                                                                                                    \
    } while (0)

#endif
