/* pipeline/export/export_kavier_csv.c - Kavier's input (atlarge-research/kavier): the columns of the merged
 * Marconi-Kavier trace, those that the trace cannot give left out.
 *
 * Kavier serves requests in the order of rows and reads no times; ts is that of each source's own clock, so
 * it falls where the next source begins, as in the published table. */
#include "pipeline/export/export_requests.h"

#include "pipeline/core/array.h"
#include "pipeline/table/csv.h"

#include <stdlib.h>

/* A list of more than one item has a comma, and so quotes. */
static void write_list(lta_csv *csv, const uint64_t *ids, uint32_t n)
{
    lta_csv_begin_field(csv);
    if (n > 1)
        lta_out_bytes(&csv->out, "\"", 1);
    lta_out_u64_list(&csv->out, ids, n);
    if (n > 1)
        lta_out_bytes(&csv->out, "\"", 1);
}

static void write_header(const lta_trace *t, bool tokens, lta_csv *csv)
{
    if (t->session)
        lta_csv_text(csv, "session_id");
    if (t->session || t->turn)
        lta_csv_text(csv, "turn_id");
    if (t->arrival_us)
        lta_csv_text(csv, "ts");
    lta_csv_text(csv, "num_input_tokens");
    lta_csv_text(csv, "num_output_tokens");
    if (tokens) {
        lta_csv_text(csv, "input_tokens");
        lta_csv_text(csv, "output_tokens");
    }
    lta_csv_end_row(csv);
}

static lta_status write_request(lta_export_requests *e, uint64_t r, bool tokens, lta_csv *csv)
{
    lta_status st = LTA_OK;
    const lta_trace *t = &e->trace;
    const uint64_t *ids;
    uint32_t n_input = t->input_tokens[r], n_output = t->output_tokens[r];
    char seconds[LTA_F64_TEXT];
    if (tokens)
        LTA_TRY(lta_export_tokens(e, r, &ids, &n_input, &n_output));
    if (t->session)
        lta_csv_u64(csv, lta_export_session(e, r));
    if (t->session || t->turn)
        lta_csv_u64(csv, lta_export_turn(e, r));
    if (t->arrival_us) {
        lta_python_f64(lta_export_seconds(e, r, true), seconds);
        lta_csv_text(csv, seconds);
    }
    lta_csv_u64(csv, n_input);
    lta_csv_u64(csv, n_output);
    if (tokens) {
        write_list(csv, ids, n_input);
        write_list(csv, ids + n_input, n_output);
    }
    lta_csv_end_row(csv);
done:
    return st;
}

lta_status lta_export_kavier_csv(const lta_export_target *x)
{
    lta_status st = LTA_OK;
    lta_export_requests e = {0};
    lta_csv *csv = NULL;
    bool more;
    LTA_TRY(lta_export_requests_open(x, true, &e));
    if (!e.trace.input_tokens) {
        st = lta_fail(LTA_ERR_USAGE, "%s: its sources give no numbers of tokens, which %s consists of",
                      x->store, x->options->format);
        goto done;
    }
    /* without tokens, counts are all that Kavier needs; of blocks, tokens are made up where asked for */
    bool tokens = e.trace.unit == LTA_UNIT_TOKEN || (e.trace.unit == LTA_UNIT_BLOCK && x->options->has_seed);
    if (tokens)
        LTA_TRY(lta_export_begin_tokens(&e));
    LTA_TRY(LTA_ALLOC(&csv, 1));
    lta_csv_begin(csv, x->stream);
    write_header(&e.trace, tokens, csv);
    for (uint64_t r = 0;; r++) {
        LTA_TRY(lta_export_next(&e, &r, &more));
        if (!more || csv->out.failed)
            break;
        LTA_TRY(write_request(&e, r, tokens, csv));
    }
    LTA_TRY(lta_csv_finish(csv, x->name));
done:
    free(csv);
    lta_export_requests_close(&e);
    return st;
}
