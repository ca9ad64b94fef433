/* pipeline/trace/trace.c - the columns of trace.h5: one table drives writing and reading. */
#include "pipeline/trace/trace_internal.h"

#include "pipeline/core/array.h"
#include "pipeline/core/digest.h"
#include "pipeline/core/file.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef unsigned long long ull; /* for printf */

typedef struct column {
    const char *path;
    lta_type type;
    size_t member; /* offset of the pointer (or the lta_strings) in its struct */
    const char *unit, *description;
} column;

/* Columns with a row for each request; NULL members are not written. source and source_row are never NULL. */
static const column request_columns[] = {
    {"/requests/session", LTA_U32, offsetof(lta_trace, session), "1",
     "session, dense, by source, then first appearance; 2^32-1 = none"},
    {"/requests/turn", LTA_U32, offsetof(lta_trace, turn), "1",
     "turn within the session, as the source numbers it; 2^32-1 = not given"},
    {"/requests/arrival_us", LTA_I64, offsetof(lta_trace, arrival_us), "us",
     "arrival since the trace's zero"},
    {"/requests/input_tokens", LTA_U32, offsetof(lta_trace, input_tokens), "tokens", "tokens of the input"},
    {"/requests/output_tokens", LTA_U32, offsetof(lta_trace, output_tokens), "tokens",
     "tokens of the output"},
    {"/requests/model", LTA_U16, offsetof(lta_trace, model), "1",
     "index into /dictionary/model; 65535 = not given"},
    {"/requests/kind", LTA_U16, offsetof(lta_trace, kind), "1",
     "index into /dictionary/kind; 65535 = not given"},
    {"/requests/source", LTA_U16, offsetof(lta_trace, source), "1", "index into /sources"},
    {"/requests/source_session", LTA_U32, offsetof(lta_trace, source_session), "1",
     "index into /dictionary/source_session; 2^32-1 = none"},
    {"/requests/source_row", LTA_U64, offsetof(lta_trace, source_row), "1",
     "data row in the source file, from 0, dropped rows included"},
    {"/requests/source_time", LTA_F64, offsetof(lta_trace, source_time), "s",
     "the source's own time where that is a binary floating-point number; NaN = not given"},
};

/* Columns with a row for each source file. */
static const column source_texts[] = {
    {"/sources/name", LTA_STR, offsetof(lta_sources, name), "1", "name of the source"},
    {"/sources/dataset", LTA_STR, offsetof(lta_sources, dataset), "1", "data set that the source belongs to"},
    {"/sources/file", LTA_STR, offsetof(lta_sources, file), "1", "base name of the source file"},
    {"/sources/xxh3_128", LTA_STR, offsetof(lta_sources, xxh3_128), "1",
     "XXH3-128 of the file's bytes, hexadecimal"},
    {"/sources/sha256", LTA_STR, offsetof(lta_sources, sha256), "1",
     "SHA-256 of the file's bytes, hexadecimal; empty = not computed"},
    {"/sources/licence", LTA_STR, offsetof(lta_sources, licence), "1",
     "licence of the published file; empty = not known"},
    {"/sources/time_origin", LTA_STR, offsetof(lta_sources, time_origin), "1",
     "instant of the zero of the source's own clock; empty = not known"},
};

static const column source_numbers[] = {
    {"/sources/rows", LTA_U64, offsetof(lta_sources, rows), "1",
     "data rows of the file, dropped ones included"},
    {"/sources/time_shift_us", LTA_I64, offsetof(lta_sources, time_shift_us), "us",
     "arrival_us = time on the source's own clock + this shift"},
    {"/sources/symbol_base", LTA_U64, offsetof(lta_sources, symbol_base), "1",
     "added to the source's own block ids to give symbols"},
};

static const column sequence_columns[] = {
    {"/sequences/piece_request", LTA_I64, offsetof(lta_sequences, piece_request), "1",
     "earlier request that the piece is copied from; -1 = new symbols"},
    {"/sequences/piece_start", LTA_U64, offsetof(lta_sequences, piece_start), "symbols",
     "first position in that request's full sequence, or in /sequences/symbols for new symbols"},
    {"/sequences/piece_length", LTA_U32, offsetof(lta_sequences, piece_length), "symbols",
     "length of the piece"},
};

static const char input_length_path[] = "/sequences/input_length", offset_path[] = "/sequences/offset",
                  symbols_path[] = "/sequences/symbols";

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void *get_array(const void *base, const column *c)
{
    void *p;
    memcpy(&p, (const char *)base + c->member, sizeof p);
    return p;
}

static void set_array(void *base, const column *c, void *array)
{
    memcpy((char *)base + c->member, &array, sizeof array);
}

static lta_strings *get_strings(const lta_sources *base, const column *c)
{
    return (lta_strings *)(uintptr_t)((const char *)base + c->member);
}

const char *lta_unit_name(lta_unit u)
{
    return u == LTA_UNIT_TOKEN ? "token" : u == LTA_UNIT_BLOCK ? "block" : "none";
}

void lta_trace_free(lta_trace *t)
{
    lta_free(t->name);
    for (size_t i = 0; i < COUNT(request_columns); i++)
        lta_free(get_array(t, &request_columns[i]));
    lta_strings_free(&t->models);
    lta_strings_free(&t->kinds);
    lta_strings_free(&t->source_sessions);
    for (size_t i = 0; i < COUNT(source_texts); i++)
        lta_strings_free(get_strings(&t->sources, &source_texts[i]));
    for (size_t i = 0; i < COUNT(source_numbers); i++)
        lta_free(get_array(&t->sources, &source_numbers[i]));
    lta_free(t->skipped.source);
    lta_strings_free(&t->skipped.reason);
    lta_free(t->skipped.count);
    lta_sequences_free(&t->sequences);
    *t = (lta_trace){0};
}

static lta_status write_columns(lta_writer *w, const column *columns, size_t n_columns, const void *base,
                                uint64_t n)
{
    lta_status st = LTA_OK;
    for (size_t i = 0; i < n_columns; i++) {
        const column *c = &columns[i];
        const void *data = get_array(base, c);
        if (data)
            LTA_TRY(lta_writer_column(w, c->path, c->type, data, n, c->unit, c->description));
    }
done:
    return st;
}

static lta_status write_sequences(const lta_sequences *s, lta_writer *w)
{
    lta_status st = LTA_OK;
    LTA_TRY(lta_writer_column(w, input_length_path, LTA_U32, s->input_length, s->n, "symbols",
                              "symbols of the input; the full sequence also holds the output"));
    LTA_TRY(lta_writer_column(w, offset_path, LTA_U64, s->offset, s->n + 1, "1",
                              "pieces of request r are offset[r] to offset[r+1]-1"));
    LTA_TRY(write_columns(w, sequence_columns, COUNT(sequence_columns), s, s->n_pieces));
    LTA_TRY(lta_writer_column(w, symbols_path, s->symbols64 ? LTA_U64 : LTA_U32,
                              s->symbols64 ? (const void *)s->symbols64 : s->symbols32, s->n_symbols, "1",
                              "new symbols of all requests, in request order"));
done:
    return st;
}

lta_status lta_trace_write(const lta_trace *t, lta_writer *w, bool with_sequences)
{
    lta_status st = LTA_OK;
    LTA_TRY(lta_writer_attribute_text(w, "/", "name", t->name));
    LTA_TRY(lta_writer_attribute_text(w, "/", "unit", lta_unit_name(t->unit)));
    LTA_TRY(lta_writer_attribute_u64(w, "/", "block_tokens", t->block_tokens));
    LTA_TRY(write_columns(w, request_columns, COUNT(request_columns), t, t->n));
    if (t->model)
        LTA_TRY(lta_writer_strings(w, "/dictionary/model", &t->models, "models, by first appearance"));
    if (t->kind)
        LTA_TRY(
            lta_writer_strings(w, "/dictionary/kind", &t->kinds, "kinds of request, by first appearance"));
    if (t->source_session)
        LTA_TRY(lta_writer_strings(w, "/dictionary/source_session", &t->source_sessions,
                                   "the sources' own names of sessions, by first appearance"));
    for (size_t i = 0; i < COUNT(source_texts); i++)
        LTA_TRY(lta_writer_strings(w, source_texts[i].path, get_strings(&t->sources, &source_texts[i]),
                                   source_texts[i].description));
    LTA_TRY(write_columns(w, source_numbers, COUNT(source_numbers), &t->sources, t->sources.n));
    LTA_TRY(lta_writer_column(w, "/skipped/source", LTA_U16, t->skipped.source, t->skipped.n, "1",
                              "source whose rows were dropped"));
    LTA_TRY(lta_writer_strings(w, "/skipped/reason", &t->skipped.reason, "why rows were dropped"));
    LTA_TRY(lta_writer_column(w, "/skipped/count", LTA_U64, t->skipped.count, t->skipped.n, "1",
                              "rows dropped for this reason"));
    if (with_sequences && t->unit != LTA_UNIT_NONE)
        LTA_TRY(write_sequences(&t->sequences, w));
done:
    return st;
}

/* Reads a numeric column that must have n rows. */
static lta_status read_array(const lta_reader *r, const char *path, lta_type type, uint64_t n, void **out)
{
    uint64_t found;
    void *data = NULL;
    lta_status st = lta_reader_column(r, path, type, &data, &found);
    if (st != LTA_OK)
        return st;
    if (found != n) {
        lta_free(data);
        return lta_fail(LTA_ERR_FORMAT, "%s:%s: has %llu rows, expected %llu", lta_reader_path(r), path,
                        (ull)found, (ull)n);
    }
    *out = data;
    return LTA_OK;
}

static lta_status read_text(const lta_reader *r, const char *path, uint64_t n, lta_strings *out)
{
    lta_status st = lta_reader_strings(r, path, out);
    if (st == LTA_OK && out->n != n)
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s: has %llu rows, expected %llu", lta_reader_path(r), path,
                      (ull)out->n, (ull)n);
    return st;
}

static lta_status read_columns(const lta_reader *r, const column *columns, size_t n_columns, void *base,
                               uint64_t n, bool optional)
{
    lta_status st = LTA_OK;
    for (size_t i = 0; i < n_columns; i++) {
        void *data = NULL;
        if (optional && !lta_reader_has(r, columns[i].path))
            continue;
        LTA_TRY(read_array(r, columns[i].path, columns[i].type, n, &data));
        set_array(base, &columns[i], data);
    }
done:
    return st;
}

static lta_status length_of(const lta_reader *r, const char *path, uint64_t *n)
{
    lta_type type;
    return lta_reader_describe(r, path, &type, n, NULL, NULL);
}

static lta_status read_root(const lta_reader *r, lta_trace *t)
{
    lta_status st = LTA_OK;
    char *unit = NULL;
    uint64_t block_tokens;
    LTA_TRY(lta_reader_attribute_text(r, "/", "name", &t->name));
    LTA_TRY(lta_reader_attribute_text(r, "/", "unit", &unit));
    LTA_TRY(lta_reader_attribute_u64(r, "/", "block_tokens", &block_tokens));
    if (strcmp(unit, "token") == 0) {
        t->unit = LTA_UNIT_TOKEN;
    } else if (strcmp(unit, "block") == 0) {
        t->unit = LTA_UNIT_BLOCK;
    } else if (strcmp(unit, "none") == 0) {
        t->unit = LTA_UNIT_NONE;
    } else {
        st = lta_fail(LTA_ERR_FORMAT, "%s:/: unit is \"%s\", expected token, block or none",
                      lta_reader_path(r), unit);
        goto done;
    }
    if (block_tokens > UINT32_MAX || (t->unit == LTA_UNIT_NONE && block_tokens != 0) ||
        (t->unit == LTA_UNIT_TOKEN && block_tokens != 1)) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:/: block_tokens is %llu in a trace of unit \"%s\"",
                      lta_reader_path(r), (ull)block_tokens, unit);
        goto done;
    }
    t->block_tokens = (uint32_t)block_tokens;
done:
    lta_free(unit);
    return st;
}

static lta_status read_sequences(const lta_reader *r, uint64_t n, lta_sequences *s)
{
    lta_status st = LTA_OK;
    lta_type type;
    void *data = NULL;
    LTA_TRY(read_array(r, input_length_path, LTA_U32, n, &data));
    s->input_length = data;
    LTA_TRY(read_array(r, offset_path, LTA_U64, n + 1, &data));
    s->offset = data;
    s->n = n;
    LTA_TRY(length_of(r, sequence_columns[0].path, &s->n_pieces));
    LTA_TRY(read_columns(r, sequence_columns, COUNT(sequence_columns), s, s->n_pieces, false));
    LTA_TRY(lta_reader_describe(r, symbols_path, &type, &s->n_symbols, NULL, NULL));
    LTA_TRY(read_array(r, symbols_path, type == LTA_U64 ? LTA_U64 : LTA_U32, s->n_symbols, &data));
    if (type == LTA_U64)
        s->symbols64 = data;
    else
        s->symbols32 = data;
    st = lta_sequences_complete(s);
    if (st == LTA_ERR_FORMAT) {
        char why[512];
        snprintf(why, sizeof why, "%s", lta_error_detail());
        st = lta_fail(LTA_ERR_FORMAT, "%s:/sequences: %s", lta_reader_path(r), why);
    }
done:
    return st;
}

lta_status lta_trace_read(const lta_reader *r, bool with_sequences, lta_trace *out)
{
    lta_status st = LTA_OK;
    lta_trace t = {0};
    void *data = NULL;
    LTA_TRY(read_root(r, &t));
    LTA_TRY(length_of(r, "/requests/source", &t.n));
    LTA_TRY(read_columns(r, request_columns, COUNT(request_columns), &t, t.n, true));
    if (!t.source || !t.source_row) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:/requests: expected source and source_row", lta_reader_path(r));
        goto done;
    }
    if (!t.input_tokens != !t.output_tokens || (!t.input_tokens && t.unit != LTA_UNIT_NONE)) {
        st = lta_fail(LTA_ERR_FORMAT,
                      "%s:/requests: expected both or neither of input_tokens and output_tokens, and with "
                      "symbols both",
                      lta_reader_path(r));
        goto done;
    }
    if (!t.session != !t.source_session) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:/requests: expected both or neither of session and source_session",
                      lta_reader_path(r));
        goto done;
    }
    if (t.model)
        LTA_TRY(lta_reader_strings(r, "/dictionary/model", &t.models));
    if (t.kind)
        LTA_TRY(lta_reader_strings(r, "/dictionary/kind", &t.kinds));
    if (t.source_session)
        LTA_TRY(lta_reader_strings(r, "/dictionary/source_session", &t.source_sessions));
    LTA_TRY(length_of(r, "/sources/rows", &t.sources.n));
    for (size_t i = 0; i < COUNT(source_texts); i++)
        LTA_TRY(read_text(r, source_texts[i].path, t.sources.n, get_strings(&t.sources, &source_texts[i])));
    LTA_TRY(read_columns(r, source_numbers, COUNT(source_numbers), &t.sources, t.sources.n, false));
    LTA_TRY(length_of(r, "/skipped/source", &t.skipped.n));
    LTA_TRY(read_array(r, "/skipped/source", LTA_U16, t.skipped.n, &data));
    t.skipped.source = data;
    LTA_TRY(read_text(r, "/skipped/reason", t.skipped.n, &t.skipped.reason));
    LTA_TRY(read_array(r, "/skipped/count", LTA_U64, t.skipped.n, &data));
    t.skipped.count = data;
    LTA_TRY(lta_trace_check(&t, lta_reader_path(r)));
    if (with_sequences && t.unit != LTA_UNIT_NONE)
        LTA_TRY(read_sequences(r, t.n, &t.sequences));
    *out = t;
    return LTA_OK;
done:
    lta_trace_free(&t);
    return st;
}

lta_status lta_trace_load(const char *dir, bool with_sequences, lta_trace *out, char *digest)
{
    lta_status st = LTA_OK;
    char *path = NULL;
    lta_reader *r = NULL;
    LTA_TRY(lta_check_store(dir));
    LTA_TRY(lta_join_path(dir, "trace.h5", &path));
    LTA_TRY(lta_reader_open(path, "trace", &r));
    LTA_TRY(lta_trace_read(r, with_sequences, out));
    if (digest)
        memcpy(digest, lta_reader_digest(r), LTA_SHA256_HEX);
done:
    lta_reader_close(r);
    lta_free(path);
    return st;
}
