/* pipeline/export/export_requests.c - a source alone is given back as it was; several together have the
 * trace's time line and numbers. */
#include "pipeline/export/export_requests.h"

#include "pipeline/core/array.h"
#include "pipeline/stage/stage.h"
#include "pipeline/trace/licence.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

lta_status lta_choose_sources(const lta_strings *names, const lta_strings *files, const char *wanted,
                              bool **keep)
{
    lta_status st = LTA_OK;
    bool *chosen = NULL, any = false;
    LTA_TRY(LTA_CALLOC(&chosen, names->n));
    for (uint64_t s = 0; s < names->n; s++) {
        chosen[s] = !wanted || strcmp(lta_strings_get(names, s), wanted) == 0 ||
                    strcmp(lta_strings_get(files, s), wanted) == 0;
        any = any || chosen[s];
    }
    if (wanted && !any) {
        char known[512] = "";
        for (uint64_t s = 0; s < names->n && strlen(known) + 1 < sizeof known; s++) {
            size_t at = strlen(known);
            snprintf(known + at, sizeof known - at, "%s%s", at ? ", " : "", lta_strings_get(names, s));
        }
        st = lta_fail(LTA_ERR_USAGE, "--source %.200s: expected one of %s", wanted, known);
        goto done;
    }
    *keep = chosen;
    chosen = NULL;
done:
    lta_free(chosen);
    return st;
}

/* ---- sessions ---- */

/* "0", "17": as an integer is written, and no other way. */
static bool parse_number(const char *text, uint64_t *out)
{
    char again[24];
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    *out = strtoull(text, &end, 10);
    snprintf(again, sizeof again, "%" PRIu64, *out);
    return strcmp(text, again) == 0;
}

/* How sessions are numbered, and where the numbers of requests without one begin. */
static lta_status prepare_sessions(lta_export_requests *e)
{
    lta_status st = LTA_OK;
    const lta_trace *t = &e->trace;
    uint64_t largest = 0, value;
    uint32_t n = 0;
    e->own_numbers = e->one_source;
    LTA_TRY(LTA_CALLOC(&e->turns, t->n_sessions));
    LTA_TRY(LTA_CALLOC(&e->session_number, t->n_sessions));
    for (uint64_t r = 0; t->session && r < t->n; r++) {
        if (!e->keep[t->source[r]] || t->session[r] == LTA_NO_U32)
            continue;
        e->session_number[t->session[r]] = 1;
        if (e->own_numbers &&
            parse_number(lta_strings_get(&t->source_sessions, t->source_session[r]), &value))
            largest = value > largest ? value : largest;
        else
            e->own_numbers = false;
    }
    if (largest == UINT64_MAX) /* which leaves no number for requests without a session */
        e->own_numbers = false;
    for (uint64_t s = 0; s < t->n_sessions; s++) { /* those kept, without gaps */
        uint32_t kept = e->session_number[s];
        e->session_number[s] = n;
        n += kept;
    }
    e->next_session = e->own_numbers && n > 0 ? largest + 1 : n;
done:
    return st;
}

uint64_t lta_export_session(lta_export_requests *e, uint64_t r)
{
    const lta_trace *t = &e->trace;
    uint64_t value = 0;
    if (!t->session || t->session[r] == LTA_NO_U32)
        return e->next_session++;
    if (e->own_numbers) {
        (void)parse_number(lta_strings_get(&t->source_sessions, t->source_session[r]), &value);
        return value;
    }
    if (e->one_source && !e->told_numbers) {
        lta_log_line(e->target->run->log, LTA_LOG_INFO, "export",
                     "sessions are numbered from 0, since the source's own names for them are no integers");
        e->told_numbers = true;
    }
    return e->session_number[t->session[r]];
}

uint32_t lta_export_turn(lta_export_requests *e, uint64_t r)
{
    const lta_trace *t = &e->trace;
    if (t->turn && t->turn[r] != LTA_NO_U32)
        return t->turn[r];
    return t->session && t->session[r] != LTA_NO_U32 ? e->turns[t->session[r]]++ : 0;
}

/* ---- opening and going through ---- */

/* Arrival at which a source's own clock shows 0; where that clock counts from 1970, of its first request:
 * then a source has the same times alone and out of a merge. */
static lta_status find_zeros(lta_export_requests *e)
{
    lta_status st = LTA_OK;
    const lta_trace *t = &e->trace;
    LTA_TRY(LTA_CALLOC(&e->zero_us, t->sources.n));
    for (uint64_t r = t->arrival_us ? t->n : 0; r-- > 0;)
        e->zero_us[t->source[r]] = t->arrival_us[r];
    for (uint64_t s = 0; s < t->sources.n; s++)
        if (lta_strings_length(&t->sources.time_origin, s) == 0)
            e->zero_us[s] = t->sources.time_shift_us[s];
done:
    return st;
}

lta_status lta_export_requests_open(const lta_export_target *x, bool with_sequences, lta_export_requests *out)
{
    lta_status st = LTA_OK;
    lta_reader *r = NULL;
    lta_export_requests e = {.target = x};
    uint64_t kept = 0;
    LTA_TRY(lta_stage_open_file(x->store, "trace.h5", false, &r));
    LTA_TRY(lta_trace_read(r, with_sequences, &e.trace));
    LTA_TRY(lta_choose_sources(&e.trace.sources.name, &e.trace.sources.file, x->options->source, &e.keep));
    for (uint64_t s = 0; s < e.trace.sources.n; s++)
        kept += e.keep[s];
    e.one_source = kept == 1;
    LTA_TRY(prepare_sessions(&e));
    LTA_TRY(find_zeros(&e));
    lta_progress_begin(x->run->log, "export", " requests", e.trace.n);
    *out = e;
    e = (lta_export_requests){0};
done:
    lta_export_requests_close(&e);
    lta_reader_close(r);
    return st;
}

void lta_export_requests_close(lta_export_requests *e)
{
    if (e->target)
        lta_progress_end(e->target->run->log);
    lta_trace_free(&e->trace);
    lta_free(e->keep);
    lta_free(e->turns);
    lta_free(e->session_number);
    lta_free(e->zero_us);
    lta_free(e->symbols);
    lta_free(e->tokens);
    *e = (lta_export_requests){0};
}

lta_status lta_export_next(const lta_export_requests *e, uint64_t *r, bool *more)
{
    const lta_run *run = e->target->run;
    for (; *r < e->trace.n; ++*r) {
        if (*r % 1024 == 0) {
            lta_status st = lta_check_stop(run);
            if (st != LTA_OK)
                return st;
            lta_progress_update(run->log, *r);
        }
        if (e->keep[e->trace.source[*r]])
            break;
    }
    *more = *r < e->trace.n;
    return LTA_OK;
}

/* ---- times ---- */

static int64_t own_time_us(const lta_export_requests *e, uint64_t r)
{
    return e->trace.arrival_us[r] - e->zero_us[e->trace.source[r]];
}

int64_t lta_export_time_us(const lta_export_requests *e, uint64_t r)
{
    return e->one_source ? own_time_us(e, r) : e->trace.arrival_us[r];
}

double lta_export_seconds(const lta_export_requests *e, uint64_t r, bool own_clock)
{
    const lta_trace *t = &e->trace;
    if (!e->one_source && !own_clock)
        return (double)t->arrival_us[r] / 1e6;
    if (t->source_time && !isnan(t->source_time[r]))
        return t->source_time[r];
    return (double)own_time_us(e, r) / 1e6;
}

/* ---- lengths ---- */

lta_status lta_export_check_lengths(const lta_export_requests *e)
{
    const lta_trace *t = &e->trace;
    for (uint64_t r = 0; r < t->n; r++)
        if (e->keep[t->source[r]] &&
            (!t->input_tokens || t->input_tokens[r] == LTA_NO_U32 || t->output_tokens[r] == LTA_NO_U32))
            return lta_fail(LTA_ERR_USAGE, "%s: source %s gives no numbers of tokens, which %s consists of",
                            e->target->store, lta_strings_get(&t->sources.name, t->source[r]),
                            e->target->options->format);
    return LTA_OK;
}

/* ---- sequences ---- */

static uint64_t base_of(const lta_export_requests *e, uint64_t r)
{
    return e->one_source ? e->trace.sources.symbol_base[e->trace.source[r]] : 0;
}

/* Symbols from 0 to n of request r's full sequence, as the source gave them. */
static lta_status read_symbols(lta_export_requests *e, uint64_t r, uint32_t n)
{
    lta_status st = LTA_OK;
    uint64_t base = base_of(e, r);
    LTA_TRY(LTA_GROW(&e->symbols, &e->symbols_capacity, n));
    LTA_TRY(lta_sequences_decode(&e->trace.sequences, r, 0, n, e->symbols));
    for (uint32_t i = 0; base > 0 && i < n; i++)
        e->symbols[i] -= base;
done:
    return st;
}

lta_status lta_export_input_symbols(lta_export_requests *e, uint64_t r, const uint64_t **ids, uint32_t *n)
{
    lta_status st = read_symbols(e, r, e->trace.sequences.input_length[r]);
    *ids = e->symbols;
    *n = e->trace.sequences.input_length[r];
    return st;
}

/* Of all symbols, as a bound of those kept. */
static uint64_t largest_id(const lta_export_requests *e)
{
    const lta_sequences *q = &e->trace.sequences;
    uint64_t largest = 0, base = 0;
    for (uint64_t i = 0; i < q->n_symbols; i++) {
        uint64_t id = lta_sequences_symbol_at(q, i);
        largest = id > largest ? id : largest;
    }
    for (uint64_t s = 0; e->one_source && s < e->trace.sources.n; s++)
        if (e->keep[s])
            base = e->trace.sources.symbol_base[s];
    return largest > base ? largest - base : 0;
}

lta_status lta_export_begin_tokens(lta_export_requests *e)
{
    lta_status st = LTA_OK;
    const lta_trace *t = &e->trace;
    const lta_export_options *o = e->target->options;
    if (t->unit == LTA_UNIT_NONE)
        return lta_fail(LTA_ERR_USAGE, "%s: its sources give no tokens, which %s consists of",
                        e->target->store, o->format);
    if (!o->allow_restricted)
        LTA_TRY(lta_check_licences(t, e->keep, LTA_EXPORT_UNLESS));
    if (t->unit == LTA_UNIT_TOKEN)
        return LTA_OK;
    if (!o->has_seed)
        return lta_fail(LTA_ERR_USAGE,
                        "%s: its sources give block ids and no tokens; --seed N makes up tokens for them",
                        e->target->store);
    if (t->block_tokens == 0)
        return lta_fail(
            LTA_ERR_USAGE,
            "%s: its blocks have unequal numbers of tokens, which are not known: no tokens can be "
            "made up for them",
            e->target->store);
    e->made_up = (lta_made_up){o->seed, o->vocabulary};
    uint64_t largest = largest_id(e);
    if (t->block_tokens < lta_made_up_width(&e->made_up, largest))
        st = lta_fail(LTA_ERR_USAGE,
                      "%" PRIu32 " tokens a block below --vocabulary %" PRIu64
                      " cannot tell ids up to %" PRIu64 " apart, expected a larger vocabulary",
                      t->block_tokens, o->vocabulary, largest);
done:
    return st;
}

/* Blocks filled one after the other up to input_tokens; a block trace's sequences are inputs alone. Behind
 * them, and as output, content that no other request has. */
static lta_status make_up(lta_export_requests *e, uint64_t r, uint32_t *n_input, uint32_t *n_output)
{
    lta_status st = LTA_OK;
    const lta_trace *t = &e->trace;
    uint32_t n = t->sequences.input_length[r], input = t->input_tokens[r], output = t->output_tokens[r];
    uint64_t all = (uint64_t)input + output, at = 0;
    LTA_TRY(read_symbols(e, r, n));
    LTA_TRY(LTA_GROW(&e->tokens, &e->tokens_capacity, all));
    for (uint32_t k = 0; k < n && at < input; k++) {
        uint32_t length = input - at < t->block_tokens ? (uint32_t)(input - at) : t->block_tokens;
        lta_made_up_block(&e->made_up, e->symbols[k], length, e->tokens + at);
        at += length;
    }
    lta_made_up_rest(&e->made_up, e->n_rests++, (uint32_t)(input - at), e->tokens + at);
    lta_made_up_rest(&e->made_up, e->n_rests++, output, e->tokens + input);
    *n_input = input;
    *n_output = output;
done:
    return st;
}

lta_status lta_export_tokens(lta_export_requests *e, uint64_t r, const uint64_t **ids, uint32_t *n_input,
                             uint32_t *n_output)
{
    const lta_sequences *s = &e->trace.sequences;
    lta_status st;
    if (e->trace.unit == LTA_UNIT_BLOCK) {
        st = make_up(e, r, n_input, n_output);
        *ids = e->tokens;
        return st;
    }
    st = read_symbols(e, r, s->full_length[r]);
    *ids = e->symbols;
    *n_input = s->input_length[r];
    *n_output = s->full_length[r] - s->input_length[r];
    return st;
}
