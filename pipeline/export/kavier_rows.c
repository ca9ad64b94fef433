/* pipeline/export/kavier_rows.c - what a trace gives of Kavier's columns. */
#include "pipeline/export/kavier_rows.h"

lta_status lta_kavier_rows_open(const lta_export_target *x, lta_kavier_rows *out)
{
    lta_status st = LTA_OK;
    *out = (lta_kavier_rows){.always = true};
    LTA_TRY(lta_export_requests_open(x, !x->options->counts_only, &out->requests));
    LTA_TRY(lta_export_check_lengths(&out->requests));
    const lta_trace *t = &out->requests.trace;
    out->has_session = t->session != NULL;
    out->has_turn = t->session || t->turn;
    out->has_times = t->arrival_us != NULL;
    /* without tokens, counts are all that Kavier needs; of blocks, tokens are made up where asked for */
    out->has_tokens = !x->options->counts_only &&
                      (t->unit == LTA_UNIT_TOKEN || (t->unit == LTA_UNIT_BLOCK && x->options->has_seed));
    if (out->has_tokens)
        LTA_TRY(lta_export_begin_tokens(&out->requests));
done:
    return st;
}

void lta_kavier_rows_close(lta_kavier_rows *k)
{
    lta_export_requests_close(&k->requests);
}

lta_status lta_kavier_rows_next(lta_kavier_rows *k, bool *more)
{
    lta_status st = LTA_OK;
    const lta_trace *t = &k->requests.trace;
    LTA_TRY(lta_export_next(&k->requests, &k->next, more));
    if (!*more)
        return LTA_OK;
    uint64_t r = k->next++;
    k->num_input_tokens = t->input_tokens[r];
    k->num_output_tokens = t->output_tokens[r];
    if (k->has_tokens) {
        LTA_TRY(lta_export_tokens(&k->requests, r, &k->input_tokens, &k->num_input_tokens,
                                  &k->num_output_tokens));
        k->output_tokens = k->input_tokens + k->num_input_tokens;
    }
    if (k->has_session)
        k->session_id = lta_export_session(&k->requests, r);
    if (k->has_turn)
        k->turn_id = lta_export_turn(&k->requests, r);
    if (k->has_times)
        k->ts = lta_export_seconds(&k->requests, r, true);
done:
    return st;
}
