/* pipeline/export/export_kavier_parquet.c - Kavier's input as Parquet, in the types of the published table:
 * int64 but for ts, and token lists as text that holds JSON arrays. */
#include "pipeline/export/kavier_rows.h"

#include "pipeline/core/array.h"
#include "pipeline/core/text_out.h"
#include "pipeline/parquet/parquet_write.h"

#include <inttypes.h>
#include <stddef.h>

static lta_status create(const lta_export_target *x, const lta_kavier_rows *k, lta_parquet_writer **out)
{
    static const lta_parquet_type types[] = {LTA_PARQUET_I64, LTA_PARQUET_I64, LTA_PARQUET_F64,
                                             LTA_PARQUET_I64, LTA_PARQUET_I64, LTA_PARQUET_TEXT,
                                             LTA_PARQUET_TEXT};
    lta_parquet_field fields[sizeof types / sizeof *types];
    unsigned column = 0, n = 0;
#define COLUMN(text, present)                                                                                \
    if (k->present)                                                                                          \
        fields[n++] = (lta_parquet_field){.name = #text, .type = types[column]};                             \
    column++;
    LTA_KAVIER_COLUMNS(COLUMN)
#undef COLUMN
    return lta_parquet_create(x->name, x->stream, fields, n, out);
}

typedef struct list_text {
    char *text;
    uint64_t capacity;
} list_text;

static lta_status put_list(lta_parquet_writer *w, const uint64_t *ids, uint32_t n, list_text *l)
{
    lta_status st = LTA_GROW(&l->text, &l->capacity, LTA_U64_LIST_TEXT((uint64_t)n));
    if (st == LTA_OK)
        lta_parquet_put_text(w, l->text, lta_u64_list_text(ids, n, l->text));
    return st;
}

static lta_status put_row(lta_parquet_writer *w, const lta_kavier_rows *k, list_text *l)
{
    lta_status st = LTA_OK;
    if (k->session_id > INT64_MAX)
        return lta_fail(LTA_ERR_USAGE, "%s: session %" PRIu64 " does not fit the int64 of Kavier's tables",
                        k->requests.target->store, k->session_id);
    if (k->has_session)
        lta_parquet_put_int(w, (int64_t)k->session_id);
    if (k->has_turn)
        lta_parquet_put_int(w, k->turn_id);
    if (k->has_times)
        lta_parquet_put_f64(w, k->ts);
    lta_parquet_put_int(w, k->num_input_tokens);
    lta_parquet_put_int(w, k->num_output_tokens);
    if (k->has_tokens) {
        LTA_TRY(put_list(w, k->input_tokens, k->num_input_tokens, l));
        LTA_TRY(put_list(w, k->output_tokens, k->num_output_tokens, l));
    }
    LTA_TRY(lta_parquet_end_row(w));
done:
    return st;
}

lta_status lta_export_kavier_parquet(const lta_export_target *x)
{
    lta_status st = LTA_OK;
    lta_kavier_rows k = {0};
    lta_parquet_writer *w = NULL;
    list_text l = {0};
    bool more;
    LTA_TRY(lta_kavier_rows_open(x, &k));
    LTA_TRY(create(x, &k, &w));
    for (;;) {
        LTA_TRY(lta_kavier_rows_next(&k, &more));
        if (!more)
            break;
        LTA_TRY(put_row(w, &k, &l));
    }
    LTA_TRY(lta_parquet_finish(w));
done:
    lta_free(l.text);
    lta_parquet_writer_close(w);
    lta_kavier_rows_close(&k);
    return st;
}
