/* pipeline/export/export_marconi_jsonl.c - one JSON object a request, with the keys, spaces and numbers that
 * Marconi's generator writes. */
#include "pipeline/export/export_requests.h"

#include "pipeline/core/array.h"
#include "pipeline/core/text_out.h"

#include <stddef.h>

static lta_status write_request(lta_export_requests *e, uint64_t r, lta_text_out *out)
{
    lta_status st = LTA_OK;
    const uint64_t *ids;
    uint32_t n_input, n_output;
    char seconds[LTA_F64_TEXT];
    LTA_TRY(lta_export_tokens(e, r, &ids, &n_input, &n_output));
    lta_python_f64(lta_export_seconds(e, r, false), seconds);
    lta_out_text(out, "{\"session_id\": ");
    lta_out_u64(out, lta_export_session(e, r));
    lta_out_text(out, ", \"turn_id\": ");
    lta_out_u64(out, lta_export_turn(e, r));
    lta_out_text(out, ", \"ts\": ");
    lta_out_text(out, seconds);
    lta_out_text(out, ", \"num_input_tokens\": ");
    lta_out_u64(out, n_input);
    lta_out_text(out, ", \"num_output_tokens\": ");
    lta_out_u64(out, n_output);
    lta_out_text(out, ", \"input_tokens\": ");
    lta_out_u64_list(out, ids, n_input);
    lta_out_text(out, ", \"output_tokens\": ");
    lta_out_u64_list(out, ids + n_input, n_output);
    lta_out_text(out, "}\n");
done:
    return st;
}

lta_status lta_export_marconi_jsonl(const lta_export_target *x)
{
    lta_status st = LTA_OK;
    lta_export_requests e = {0};
    lta_text_out *out = NULL;
    bool more;
    LTA_TRY(lta_export_requests_open(x, true, &e));
    LTA_TRY(lta_export_begin_tokens(&e));
    if (!e.trace.arrival_us) {
        st = lta_fail(LTA_ERR_USAGE, "%s: its sources give no times, which %s needs", x->store,
                      x->options->format);
        goto done;
    }
    LTA_TRY(LTA_ALLOC(&out, 1));
    lta_out_begin(out, x->stream);
    for (uint64_t r = 0;; r++) {
        LTA_TRY(lta_export_next(&e, &r, &more));
        if (!more || out->failed)
            break;
        LTA_TRY(write_request(&e, r, out));
    }
    LTA_TRY(lta_out_finish(out, x->name));
done:
    lta_free(out);
    lta_export_requests_close(&e);
    return st;
}
