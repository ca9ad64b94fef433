/* tests/enrich_trial.h - a generated trace as the enrich stage sees it, in memory, and how to compare with
 * it. */
#ifndef LTA_TESTS_ENRICH_TRIAL_H
#define LTA_TESTS_ENRICH_TRIAL_H

#include "pipeline/enrich/enrich_internal.h"
#include "tests/build_trace.h"

enum { TRIAL_CAPACITIES = 3 };
extern const uint64_t trial_capacities[TRIAL_CAPACITIES];

typedef struct trial {
    const test_trace *test;
    lta_log log;
    lta_run run;
    bool inputs_only;
    lta_enrichment e; /* complete, fields included; release with lta_enrichment_free() */
} trial;

void prepare(trial *x, const test_trace *t, bool inputs_only);

/* Each fails the test: a status other than LTA_OK (x may be NULL); a number other than wanted, after printing
 * the trace. */
void must(const trial *x, lta_status st);
void expect(const trial *x, const char *what, uint64_t r, uint64_t got, uint64_t want);

#endif
