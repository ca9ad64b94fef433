/* pipeline/anonymize/anonymize.c - see anonymize.h. */
#include "pipeline/anonymize/anonymize.h"

#include "pipeline/core/array.h"
#include "pipeline/core/digest.h"
#include "pipeline/core/file.h"
#include "pipeline/core/json_text.h"
#include "pipeline/import/sequence_encoder.h"
#include "pipeline/import/trace_file.h"
#include "pipeline/trace/licence.h"
#include "pipeline/trie/block_ids.h"
#include "pipeline/trie/trie.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

typedef struct anonymize_job {
    const char *from;
    char digest[LTA_SHA256_HEX]; /* of its trace.h5 */
    lta_trace *trace;            /* of that, without sequences; handed over by make() */
    uint64_t block_tokens;       /* 0: blocks of unequal lengths */
} anonymize_job;

static char *inputs_text(const void *context)
{
    const anonymize_job *job = context;
    json_t *list = json_pack("[[s, s]]", "trace.h5", job->digest);
    char *text = lta_json_text(list, 0);
    json_decref(list);
    return text;
}

static char *parameters_text(const anonymize_job *job)
{
    json_t *j = json_pack("{s:b, s:I}", "anonymized", true, "block_tokens", (json_int_t)job->block_tokens);
    char *text = lta_json_text(j, 0);
    json_decref(j);
    return text;
}

/* What held for the source's symbols does not hold for these. */
static lta_status mark_licences(lta_sources *s)
{
    lta_status st = LTA_OK;
    lta_strings marked = {0};
    char *text = NULL;
    for (uint64_t i = 0; i < s->n; i++) {
        const char *licence = lta_strings_get(&s->licence, i);
        size_t n = strlen(licence) + sizeof LTA_LICENCE_ANONYMIZED;
        if (!lta_licence_forbids(licence)) {
            LTA_TRY(lta_strings_add_text(&marked, licence));
            continue;
        }
        LTA_TRY(LTA_ALLOC(&text, n));
        snprintf(text, n, "%s%s", licence, LTA_LICENCE_ANONYMIZED);
        LTA_TRY(lta_strings_add_text(&marked, text));
        lta_free(text);
        text = NULL;
    }
    lta_strings_free(&s->licence);
    s->licence = marked;
    marked = (lta_strings){0};
done:
    lta_free(text);
    lta_strings_free(&marked);
    return st;
}

/* block: symbols a block. */
static lta_status encode(const lta_run *run, const lta_trace *t, const lta_trie *trie, uint64_t block,
                         lta_sequences *out)
{
    lta_status st = LTA_OK;
    lta_block_ids ids = {0};
    lta_sequence_encoder *encoder = NULL;
    LTA_TRY(lta_block_ids_open(trie, block, false, &ids));
    LTA_TRY(lta_sequence_encoder_create(&encoder));
    for (uint64_t r = 0; r < t->n; r++) {
        const uint64_t *id;
        uint32_t n;
        int64_t input = trie->input_node[r];
        if (r % 1024 == 0) {
            LTA_TRY(lta_check_stop(run));
            lta_progress_update(run->log, r);
        }
        LTA_TRY(lta_block_ids_get(&ids, trie->full_node[r], &id, &n));
        uint32_t n_input = input < 0 ? 0 : (uint32_t)(trie->depth[input] / block);
        LTA_TRY(
            lta_sequence_encoder_add(encoder, t->session ? t->session[r] : LTA_NO_U32, 0, id, n_input, n));
    }
    lta_sequence_encoder_finish(encoder, out);
done:
    lta_sequence_encoder_free(encoder);
    lta_block_ids_close(&ids);
    return st;
}

static lta_status make(const lta_run *run, const void *context, lta_trace *out)
{
    const anonymize_job *job = context;
    lta_trace *t = job->trace;
    lta_status st = LTA_OK;
    lta_trie trie = {0};
    uint64_t block = t->unit == LTA_UNIT_TOKEN ? job->block_tokens : 1;
    LTA_TRY(lta_trie_load(run, job->from, t->n, &trie, NULL));
    lta_progress_begin(run->log, "anonymize", " requests", t->n);
    st = encode(run, t, &trie, block, &t->sequences);
    lta_progress_end(run->log);
    if (st != LTA_OK)
        goto done;
    LTA_TRY(mark_licences(&t->sources));
    for (uint64_t i = 0; i < t->sources.n; i++)
        t->sources.symbol_base[i] = 0; /* sources share the numbers of what they share */
    t->unit = LTA_UNIT_BLOCK;
    t->block_tokens = (uint32_t)job->block_tokens;
    *out = *t;
    *t = (lta_trace){0};
done:
    lta_trie_free(&trie);
    return st;
}

static lta_status choose_block(const lta_trace *t, const char *from, uint64_t given, uint64_t *out)
{
    if (t->unit == LTA_UNIT_NONE)
        return lta_fail(LTA_ERR_USAGE,
                        "%s/trace.h5: its sources give no symbols, so there is nothing to anonymise", from);
    *out = t->unit == LTA_UNIT_BLOCK ? t->block_tokens : given > 0 ? given : LTA_ANONYMIZE_BLOCK;
    if (t->unit == LTA_UNIT_BLOCK && given > 0 && given != *out)
        return lta_fail(LTA_ERR_USAGE,
                        "%s/trace.h5: its symbols are blocks (block_tokens %" PRIu32
                        "), expected --block %" PRIu32 " or none",
                        from, t->block_tokens, t->block_tokens);
    return LTA_OK;
}

lta_status lta_anonymize(const lta_run *run, const char *store, const char *from, uint64_t block_tokens)
{
    lta_status st = LTA_OK;
    lta_trace trace = {0};
    anonymize_job job = {.from = from, .trace = &trace};
    char *parameters = NULL;
    double started = lta_seconds();
    LTA_TRY(lta_check_other_folder(store, from));
    LTA_TRY(lta_trace_load(from, false, &trace, job.digest));
    LTA_TRY(choose_block(&trace, from, block_tokens, &job.block_tokens));
    parameters = parameters_text(&job);
    lta_trace_maker maker = {"anonymize", parameters, inputs_text, make, &job, started};
    LTA_TRY(lta_make_trace_file(run, store, &maker));
done:
    lta_free(parameters);
    lta_trace_free(&trace);
    return st;
}
