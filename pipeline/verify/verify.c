/* pipeline/verify/verify.c - which checks a file or a store gets, in which order. */
#include "pipeline/verify/verify.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/release/release_folder.h"
#include "pipeline/stage/carry.h"
#include "pipeline/stage/stage.h"
#include "pipeline/verify/verify_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

typedef struct kind { /* a file of the store: its name, its format, what is checked of it alone */
    const char *file, *format;
    lta_status (*verify)(const lta_run *run, const lta_reader *r);
} kind;

static const kind kinds[] = {
    {"trace.h5", "trace", lta_verify_trace},          {"trie.h5", "trie", lta_verify_trie},
    {"reuse.h5", "reuse", lta_verify_reuse},          {"curve.h5", "curve", lta_verify_curve},
    {"enriched.h5", "enriched", lta_verify_enriched},
};
enum { TRACE, TRIE, REUSE, CURVE, ENRICHED, N_KINDS };

lta_status lta_verify_open(const lta_run *run, const lta_reader *r)
{
    lta_status st = LTA_OK;
    LTA_TRY(lta_check_stop(run));
    LTA_TRY(lta_reader_check_digest(r));
    LTA_TRY(lta_verify_structure(r));
    for (int k = 0; k < N_KINDS; k++)
        if (strcmp(lta_reader_format(r), kinds[k].format) == 0)
            LTA_TRY(kinds[k].verify(run, r));
done:
    return st;
}

static lta_status verify_file(const lta_run *run, const char *path, FILE *out)
{
    lta_reader *r;
    lta_status st = lta_reader_open(path, NULL, &r);
    if (st != LTA_OK)
        return st;
    st = lta_verify_open(run, r);
    if (st == LTA_OK)
        fprintf(out, "%s: ok\n", path);
    lta_reader_close(r);
    return st;
}

/* A name that leads nowhere is a file that can't be read, not one that was never made. */
static lta_status is_in_folder(const char *store, const char *file, bool *there)
{
    char *path;
    struct stat s;
    lta_status st = lta_join_path(store, file, &path);
    if (st != LTA_OK)
        return st;
    *there = lstat(path, &s) == 0;
    lta_free(path);
    return LTA_OK;
}

typedef struct store_contents { /* what the cross-checks need; freed by verify_store() */
    lta_trace trace;
    lta_trie trie;
    lta_reuse reuse;
    lta_curves curves;
} store_contents;

/* Checks file k against the files before it, and keeps it for those after it. */
static lta_status verify_against(const lta_run *run, const char *store, int k, lta_reader *const *readers,
                                 store_contents *c)
{
    lta_status st = LTA_OK;
    const char *path = lta_reader_path(readers[k]);
    bool symbols = c->trace.unit != LTA_UNIT_NONE;
    if (k == TRACE) {
        LTA_TRY(lta_trace_read(readers[TRACE], true, &c->trace));
    } else if (k == TRIE) {
        LTA_TRY(lta_trie_load(run, store, c->trace.n, &c->trie, NULL));
        LTA_TRY(lta_verify_trie_against(run, path, &c->trie, &c->trace));
    } else if (k == REUSE) {
        LTA_TRY(lta_reuse_load(run, store, c->trace.n, &c->reuse, NULL));
        LTA_TRY(lta_verify_reuse_against(run, path, &c->reuse, &c->trie, &c->trace));
    } else if (k == CURVE) {
        LTA_TRY(lta_curves_load(store, &c->curves, NULL));
        LTA_TRY(lta_verify_curve_against(path, &c->curves, &c->reuse, &c->trie, &c->trace));
        LTA_TRY(lta_verify_hits(run, path, &c->curves, false, &c->trie, &c->trace));
    } else {
        LTA_TRY(lta_verify_enriched_against(readers[ENRICHED], readers[TRACE], symbols ? &c->trie : NULL,
                                            symbols ? &c->reuse : NULL));
    }
done:
    return st;
}

static void free_contents(store_contents *c)
{
    lta_curves_free(&c->curves);
    lta_reuse_free(&c->reuse);
    lta_trie_free(&c->trie);
    lta_trace_free(&c->trace);
}

/* Once the files are sound and agree, everything derived is derived again. */
static lta_status verify_again(const lta_run *run, const char *store, lta_reader *const *readers, FILE *out)
{
    lta_status st = LTA_OK;
    lta_run with_carry = *run;
    LTA_TRY(lta_carry_create(&with_carry.carry));
    for (int k = 0; k < N_KINDS; k++)
        if (readers[k]) {
            if (k != TRACE)
                LTA_TRY(lta_verify_again(&with_carry, store, kinds[k].file, readers[k]));
            fprintf(out, "%s: ok\n", lta_reader_path(readers[k]));
        }
done:
    lta_carry_free(with_carry.carry);
    return st;
}

static lta_status verify_store(const lta_run *run, const char *store, FILE *out)
{
    lta_status st = LTA_OK;
    lta_reader *readers[N_KINDS] = {NULL};
    store_contents c = {0};
    /* first that the files belong together: cheap, and the most likely thing to be wrong */
    for (int k = 0; k < N_KINDS; k++) {
        bool there = true;
        if (k != TRACE)
            LTA_TRY(is_in_folder(store, kinds[k].file, &there));
        if (there)
            LTA_TRY(lta_stage_open_file(store, kinds[k].file, true, &readers[k]));
    }
    for (int k = 0; k < N_KINDS; k++) {
        if (!readers[k])
            continue;
        LTA_TRY(lta_verify_open(run, readers[k]));
        if (c.trace.unit == LTA_UNIT_NONE && k != TRACE && k != ENRICHED) {
            st = lta_fail(LTA_ERR_FORMAT, "%s: the trace has no symbols to make it from",
                          lta_reader_path(readers[k]));
            goto done;
        }
        LTA_TRY(verify_against(run, store, k, readers, &c));
    }
    free_contents(&c);
    LTA_TRY(verify_again(run, store, readers, out));
done:
    free_contents(&c);
    for (int k = 0; k < N_KINDS; k++)
        lta_reader_close(readers[k]);
    return st;
}

/* A release has SHA256SUMS, a store trace.h5; a release that is being made has neither. */
static lta_status verify_folder(const lta_run *run, const char *dir, FILE *out)
{
    lta_status st = LTA_OK;
    char *sums = NULL;
    bool is_store, is_marked, has_provenance;
    LTA_TRY(lta_join_path(dir, "SHA256SUMS", &sums));
    LTA_TRY(is_in_folder(dir, kinds[TRACE].file, &is_store));
    LTA_TRY(is_in_folder(dir, lta_release_mark, &is_marked));
    LTA_TRY(is_in_folder(dir, "provenance.json", &has_provenance));
    if (!is_store && lta_file_exists(sums))
        st = lta_verify_release(run, dir, sums, out);
    else if (!is_store && (is_marked || has_provenance))
        st = lta_fail(LTA_ERR_INPUT, "%s: is not there: the release is not finished; run `lta release` again",
                      sums);
    else
        st = verify_store(run, dir, out);
done:
    lta_free(sums);
    return st;
}

lta_status lta_verify(const lta_run *run, const char *operand, FILE *out)
{
    struct stat s;
    if (stat(operand, &s) != 0)
        return lta_fail_errno(LTA_ERR_INPUT, errno, "%s: could not be examined", operand);
    return S_ISDIR(s.st_mode) ? verify_folder(run, operand, out) : verify_file(run, operand, out);
}
