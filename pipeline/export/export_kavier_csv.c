/* pipeline/export/export_kavier_csv.c - Kavier's input as CSV; token lists are JSON arrays. */
#include "pipeline/export/kavier_rows.h"

#include "pipeline/core/array.h"
#include "pipeline/table/csv.h"

#include <stddef.h>

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

static void write_header(const lta_kavier_rows *k, lta_csv *csv)
{
#define COLUMN(name, present)                                                                                \
    if (k->present)                                                                                          \
        lta_csv_text(csv, #name);
    LTA_KAVIER_COLUMNS(COLUMN)
#undef COLUMN
    lta_csv_end_row(csv);
}

static void write_row(const lta_kavier_rows *k, lta_csv *csv)
{
    char seconds[LTA_F64_TEXT];
    if (k->has_session)
        lta_csv_u64(csv, k->session_id);
    if (k->has_turn)
        lta_csv_u64(csv, k->turn_id);
    if (k->has_times) {
        lta_python_f64(k->ts, seconds);
        lta_csv_text(csv, seconds);
    }
    lta_csv_u64(csv, k->num_input_tokens);
    lta_csv_u64(csv, k->num_output_tokens);
    if (k->has_tokens) {
        write_list(csv, k->input_tokens, k->num_input_tokens);
        write_list(csv, k->output_tokens, k->num_output_tokens);
    }
    lta_csv_end_row(csv);
}

lta_status lta_export_kavier_csv(const lta_export_target *x)
{
    lta_status st = LTA_OK;
    lta_kavier_rows k = {0};
    lta_csv *csv = NULL;
    bool more;
    LTA_TRY(lta_kavier_rows_open(x, &k));
    LTA_TRY(LTA_ALLOC(&csv, 1));
    lta_csv_begin(csv, x->stream);
    write_header(&k, csv);
    for (;;) {
        LTA_TRY(lta_kavier_rows_next(&k, &more));
        if (!more || csv->out.failed)
            break;
        write_row(&k, csv);
    }
    LTA_TRY(lta_csv_finish(csv, x->name));
done:
    lta_free(csv);
    lta_kavier_rows_close(&k);
    return st;
}
