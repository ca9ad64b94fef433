/* tests/enrich_trial.c - see enrich_trial.h. */
#include "tests/enrich_trial.h"

#include "kernels/ops.h"
#include "tests/memory.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

const uint64_t trial_capacities[TRIAL_CAPACITIES] = {3, 12, 50};

void must(const trial *x, lta_status st)
{
    if (st == LTA_OK)
        return;
    if (x)
        test_trace_print(x->test);
    fprintf(stderr, "%s: %s\n", lta_status_text(st), lta_error_detail());
    fail();
}

static void add_curve(trial *x, lta_scope scope, uint64_t block, bool reserve_last)
{
    lta_block_runs b;
    lta_enrichment *e = &x->e;
    lta_stored_curve *c = &e->curves.curve[e->curves.n++];
    *c = (lta_stored_curve){.scope = scope, .block = block, .reserve_last = reserve_last};
    must(x, lta_block_runs_compute(&x->run, &e->trace, &e->trie, &e->reuse.runs[scope], x->inputs_only, block,
                                   reserve_last, &b));
    c->lookups = b.lookups;
    must(x, x->run.ops->hit_curve(b.n_runs, b.distance, b.looked_up, &c->curve));
    lta_block_runs_free(&b);
}

void prepare(trial *x, const test_trace *t, bool inputs_only)
{
    *x = (trial){.test = t, .inputs_only = inputs_only};
    lta_log_init(&x->log, stderr, LTA_LOG_WARN, false);
    x->run = (lta_run){.log = &x->log, .threads = 2};
    must(x, lta_ops_get("cpu", &x->run.ops));
    lta_enrichment *e = &x->e;
    e->trace = test_build_trace(t, false);
    for (uint64_t i = 0; i < e->trace.sources.n; i++) {
        must(x, lta_strings_add_text(&e->trace.sources.name, "source"));
        must(x, lta_strings_add_text(&e->trace.sources.dataset, ""));
    }
    if (t->has_sessions) { /* the sources' own names do not matter here */
        e->trace.source_session = test_alloc(t->n, sizeof *e->trace.source_session);
        memset(e->trace.source_session, 0xff, (size_t)t->n * sizeof *e->trace.source_session);
    }
    e->model = lta_models[0];
    e->window_us = 1000;
    e->n_capacities = TRIAL_CAPACITIES;
    e->capacities = test_alloc(TRIAL_CAPACITIES, sizeof *e->capacities);
    memcpy(e->capacities, trial_capacities, sizeof trial_capacities);
    must(x, x->run.ops->trie_build(&e->trace.sequences, &e->trie));
    lta_sequences_free(&e->trace.sequences); /* the stage never has them */
    e->reuse.inputs_only = e->curves.inputs_only = inputs_only;
    e->curves.curve = test_alloc(4 * LTA_SCOPES, sizeof *e->curves.curve);
    for (lta_scope s = LTA_SCOPE_GLOBAL; s < LTA_SCOPES; s++) {
        if (!lta_trace_has_scope(&e->trace, s))
            continue;
        must(x, lta_reuse_compute(&x->run, &e->trace, &e->trie, s, inputs_only, &e->reuse.runs[s]));
        e->reuse.present[s] = true;
        for (uint64_t block = 1; block <= (t->block_tokens > 0 ? 1u : 2u); block++) {
            add_curve(x, s, block, false);
            add_curve(x, s, block, true);
        }
    }
    must(x, lta_enrichment_derive(&x->run, e));
    must(x, lta_fields_compute(e));
}

static void differ(const trial *x, const char *what, uint64_t r, int64_t got, int64_t want)
{
    test_trace_print(x->test);
    fprintf(stderr, "%s of %" PRIu64 "%s: got %" PRId64 ", want %" PRId64 "\n", what, r,
            x->inputs_only ? " (inputs only)" : "", got, want);
    fail();
}

void expect(const trial *x, const char *what, uint64_t r, uint64_t got, uint64_t want)
{
    if (got != want)
        differ(x, what, r, (int64_t)got, (int64_t)want);
}
