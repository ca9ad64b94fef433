/* pipeline/import/import.c - the stage: which files, in which order, read as what, and whether that has been
 * done before. */
#include "pipeline/import/import_internal.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/core/json_text.h"
#include "pipeline/core/strings.h"
#include "pipeline/core/utf8.h"
#include "pipeline/import/input.h"
#include "pipeline/import/marconi_rules.h"
#include "pipeline/import/source_digest.h"
#include "pipeline/import/source_notes.h"
#include "pipeline/import/trace_file.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull; /* for printf */

const lta_format lta_formats[] = {
    {"auto", "recognised by the name, the first line or the columns of each file"},
#define FORMAT(reader, name, summary) {name, summary},
    LTA_FORMAT_LIST(FORMAT)
#undef FORMAT
        {0},
};

/* Readers, in the order of lta_formats; "auto" is none. */
static const lta_source_format *const readers[] = {NULL
#define READER(reader, name, summary) , &lta_source_format_##reader
                                                       LTA_FORMAT_LIST(READER)
#undef READER
};

/* A file as it stands before reading. */
typedef struct input_file {
    const char *path;
    const char *file;         /* base name, in path */
    char *data_file;          /* the same without the ending of a compressor */
    char *name;               /* base name without extensions */
    const lta_mapping *given; /* bytes of standard input; NULL for a file */
    lta_source_folder folder; /* all zero for a file */
    uint64_t bytes;
    lta_file_state state;
    size_t format; /* index into lta_formats */
    char xxh3_128[LTA_XXH3_HEX], sha256[LTA_SHA256_HEX];
    lta_digest_state
        *digest; /* of nothing yet: the digests are made while the file is read. NULL: are there */
} input_file;

typedef struct input_files {
    input_file *file;
    uint64_t n;
    uint64_t bytes;             /* of all */
    lta_mapping standard_input; /* where a file is "-" */
    bool has_standard_input;
    lta_tokenizer *tokenizer; /* NULL: none was named */
} input_files;

static void free_inputs(input_files *in)
{
    for (uint64_t i = 0; in->file && i < in->n; i++) {
        lta_free(in->file[i].data_file);
        lta_free(in->file[i].name);
        lta_source_folder_close(&in->file[i].folder);
        lta_digest_free(in->file[i].digest);
    }
    lta_free(in->file);
    if (in->has_standard_input)
        lta_unmap_file(&in->standard_input);
    lta_tokenizer_close(in->tokenizer);
    *in = (input_files){0};
}

/* ---- before reading ---- */

static lta_status find_format(const char *name, size_t *format)
{
    for (*format = 0; lta_formats[*format].name; ++*format)
        if (strcmp(lta_formats[*format].name, name) == 0)
            return LTA_OK;
    return lta_fail(LTA_ERR_USAGE, "format \"%s\" is unknown, expected one of " LTA_FORMAT_NAMES, name);
}

const char *const lta_ids_names[] = {
#define NAME(id, name) name,
    LTA_IDS_LIST(NAME)
#undef NAME
        NULL};

/* The format that all files have, or "auto" (0). */
static lta_status choose_format(const lta_import_options *options, size_t *format)
{
    lta_status st = find_format(options->format, format);
    if (st != LTA_OK || options->ids == LTA_IDS_BY_NAME || readers[*format] == &lta_source_format_flat)
        return st;
    if (readers[*format])
        return lta_fail(LTA_ERR_USAGE,
                        "--ids %s: files of format %s hold no plain ids, expected --format flat",
                        lta_ids_names[options->ids], options->format);
    return find_format("flat", format);
}

/* Does the name or do the first bytes tell? */
static bool detect_by_file(const lta_run *run, const input_file *f, const lta_mapping *data, size_t *format)
{
    for (size_t i = 1; lta_formats[i].name; i++)
        if (readers[i]->detect_file && readers[i]->detect_file(f->data_file, data)) {
            lta_log_line(run->log, LTA_LOG_INFO, "import", "%s: is recognised as a file of format %s",
                         f->path, lta_formats[i].name);
            *format = i;
            return true;
        }
    return false;
}

/* Opens a Parquet file as one of a format, which it is recognised as where *format is 0. */
static lta_status open_parquet(const lta_run *run, const char *path, const lta_mapping *data, size_t *format,
                               lta_parquet **out)
{
    lta_status st = LTA_OK;
    lta_parquet *p = NULL;
    bool recognised = *format == 0;
    LTA_TRY(lta_parquet_open(path, data, &p));
    const lta_strings *names = lta_parquet_names(p);
    for (size_t f = 1; *format == 0 && lta_formats[f].name; f++)
        if (readers[f]->detect_columns && readers[f]->detect_columns(names))
            *format = f;
    if (*format == 0) {
        char columns[400] = "";
        for (uint64_t i = 0; i < names->n && strlen(columns) + 1 < sizeof columns; i++)
            snprintf(columns + strlen(columns), sizeof columns - strlen(columns), "%s%s", i ? ", " : "",
                     lta_strings_get(names, i));
        st = lta_fail(LTA_ERR_FORMAT, "%s: the columns %s are those of no known format, expected --format",
                      path, columns);
        goto done;
    }
    if (!readers[*format]->detect_columns) {
        st = lta_fail(LTA_ERR_FORMAT, "%s: is Parquet, expected text: %s has no Parquet form", path,
                      lta_formats[*format].name);
        goto done;
    }
    if (recognised)
        lta_log_line(run->log, LTA_LOG_INFO, "import", "%s: its columns are those of format %s", path,
                     lta_formats[*format].name);
    *out = p;
    p = NULL;
done:
    lta_parquet_close(p);
    return st;
}

/* 0: no format's. */
static size_t format_of_line(const char *line, size_t length)
{
    for (size_t f = 1; lta_formats[f].name; f++)
        if (readers[f]->detect && readers[f]->detect(line, length))
            return f;
    return 0;
}

static lta_status detect_format(const lta_run *run, const char *path, lta_source_text text, size_t *format)
{
    lta_lines lines = lta_lines_of(text);
    const char *line;
    size_t length;
    char quoted[LTA_EXCERPT];
    (void)lta_next_line(&lines, &line, &length); /* the text is not empty */
    *format = format_of_line(line, length);
    if (*format == 0)
        return lta_fail(LTA_ERR_FORMAT,
                        "%s:1: \"%s\" is the beginning of no known format, expected --format to say which",
                        path, lta_excerpt(line, length, quoted));
    lta_log_line(run->log, LTA_LOG_INFO, "import", "%s: its first line is that of format %s", path,
                 lta_formats[*format].name);
    return LTA_OK;
}

/* "trace.jsonl" -> "trace"; a name that begins with its only dot stays whole. */
static lta_status name_without_extension(const char *file, char **out)
{
    const char *dot = strrchr(file, '.');
    return lta_copy_text(file, dot && dot != file ? (size_t)(dot - file) : strlen(file), out);
}

/* The bytes of standard input, read once. */
static lta_status take_standard_input(const lta_run *run, input_files *in)
{
    lta_status st = LTA_OK;
    if (in->has_standard_input)
        return lta_fail(LTA_ERR_USAGE, "- is named twice, expected standard input once");
    LTA_TRY(lta_read_standard_input(run, &in->standard_input));
    in->has_standard_input = true;
done:
    return st;
}

static lta_status check_takes_folder(const char *path, size_t format)
{
    if (readers[format]->takes_folder)
        return LTA_OK;
    return lta_fail(LTA_ERR_INPUT, "%s: is a directory, expected a regular file of format %s", path,
                    lta_formats[format].name);
}

/* A folder of files that is one source. */
static lta_status examine_folder(const lta_run *run, const lta_import_options *options, size_t format,
                                 const char *path, input_file *f)
{
    lta_status st = LTA_OK;
    lta_input in = {0};
    lta_source_text text;
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    *f = (input_file){.path = path, .format = format};
    if (readers[format])
        LTA_TRY(check_takes_folder(path, format));
    LTA_TRY(lta_copy_text(path, n, &f->data_file));
    LTA_TRY(lta_copy_text(lta_base_name(f->data_file), strlen(lta_base_name(f->data_file)), &f->name));
    f->file = lta_base_name(f->data_file);
    if (!lta_is_utf8(f->file, strlen(f->file))) {
        st = lta_fail(LTA_ERR_INPUT, "%s: its name is not UTF-8, expected a name that a trace can record",
                      path);
        goto done;
    }
    LTA_TRY(lta_source_folder_open(run, path, options->sha256, &f->folder, f->xxh3_128, f->sha256));
    f->bytes = f->folder.bytes;
    if (!readers[format]) {
        const char *first = lta_strings_get(&f->folder.path, 0);
        LTA_TRY(lta_input_open(run, first, NULL, true, &in));
        LTA_TRY(lta_source_text_open(first, lta_input_data(&in), &text));
        LTA_TRY(detect_format(run, first, text, &f->format));
    }
    st = check_takes_folder(path, f->format);
done:
    lta_input_close(&in);
    return st;
}

/* Do the options that are about conversations fit the format? Marconi's rules also give the source its name.
 */
static lta_status apply_conversation_options(const lta_import_options *options, input_file *f)
{
    lta_status st = LTA_OK;
    const lta_source_format *reader = readers[f->format];
    const char *format = lta_formats[f->format].name;
    if (options->tokenizer && !reader->is_text)
        return lta_fail(LTA_ERR_USAGE, "%s: files of format %s hold no texts, which --tokenizer is for",
                        f->path, format);
    LTA_TRY(lta_marconi_check_options(options, format, reader->marconi_rules));
    if (options->marconi_rules) {
        char *name = NULL;
        LTA_TRY(lta_marconi_name(options, reader->marconi_rules, &name));
        lta_free(f->name);
        f->name = name;
    }
done:
    return st;
}

/* Checks that the file can be a trace at all, recognises its format, and digests it, which may_wait until it
 * is read. */
static lta_status examine(const lta_run *run, const lta_import_options *options, bool may_wait, size_t format,
                          const char *path, const lta_mapping *given, input_file *f)
{
    lta_status st = LTA_OK;
    lta_input in = {0};
    lta_source_text text;
    lta_parquet *parquet = NULL;
    *f = (input_file){.path = path, .file = lta_base_name(path), .given = given, .format = format};
    if (!lta_is_utf8(f->file, strlen(f->file)))
        return lta_fail(LTA_ERR_INPUT, "%s: its name is not UTF-8, expected a name that a trace can record",
                        path);
    LTA_TRY(lta_copy_text(f->file, lta_plain_name_length(f->file), &f->data_file));
    LTA_TRY(name_without_extension(f->data_file, &f->name));
    LTA_TRY(lta_input_open(run, path, given, true, &in));
    f->bytes = in.stored.size;
    f->state = in.stored.state;
    bool is_parquet = lta_is_parquet(lta_input_data(&in)) && !(readers[format] && readers[format]->is_binary);
    if (is_parquet) {
        if (in.is_expanded) { /* beyond what looked like a line */
            lta_input_close(&in);
            LTA_TRY(lta_input_open(run, path, given, false, &in));
        }
        LTA_TRY(open_parquet(run, path, lta_input_data(&in), &f->format, &parquet));
    } else if (!readers[format] && !detect_by_file(run, f, lta_input_data(&in), &f->format)) {
        LTA_TRY(lta_source_text_open(path, lta_input_data(&in), &text));
        LTA_TRY(detect_format(run, path, text, &f->format));
    } else if (!readers[f->format]->is_binary) {
        LTA_TRY(lta_source_text_open(path, lta_input_data(&in), &text));
    }
    if ((options->file_order || options->cut_at_time_fall) && !readers[f->format]->takes_order) {
        st = lta_fail(LTA_ERR_USAGE, "%s: --order and --cut-at-time-fall are not for format %s", path,
                      lta_formats[f->format].name);
        goto done;
    }
    if (may_wait && readers[f->format]->digests && !in.is_expanded)
        LTA_TRY(lta_digest_begin(options->sha256, &f->digest));
    else
        LTA_TRY(lta_source_digest(run, &in.stored, options->sha256, f->xxh3_128, f->sha256));
done:
    lta_parquet_close(parquet);
    lta_input_close(&in);
    return st;
}

static int by_name_and_digest(const void *a, const void *b)
{
    const input_file *x = a, *y = b;
    int order = strcmp(x->file, y->file);
    return order != 0 ? order : strcmp(x->xxh3_128, y->xxh3_128);
}

lta_status lta_check_sources_options(const lta_import_options *options)
{
    if (options->gap_us < 0)
        return lta_fail(LTA_ERR_USAGE, "a gap of %lld us between sources, expected at least 0",
                        (long long)options->gap_us);
    if (options->name && (options->name[0] == '\0' || !lta_is_utf8(options->name, strlen(options->name))))
        return lta_fail(LTA_ERR_USAGE, "the name of a trace is empty or no UTF-8, expected text");
    return LTA_OK;
}

/* One of the files that are named. may_wait: its digest. */
static lta_status examine_one(const lta_run *run, const lta_import_options *options, bool may_wait,
                              size_t format, const char *path, input_files *in, input_file *f)
{
    lta_status st = LTA_OK;
    bool standard_input = strcmp(path, "-") == 0;
    if (standard_input)
        LTA_TRY(take_standard_input(run, in));
    run->log->source = standard_input ? "stdin" : path;
    if (!standard_input && lta_is_folder(path))
        LTA_TRY(examine_folder(run, options, format, path, f));
    else
        LTA_TRY(examine(run, options, may_wait, format, run->log->source,
                        standard_input ? &in->standard_input : NULL, f));
    LTA_TRY(apply_conversation_options(options, f));
    in->bytes += f->bytes;
done:
    return st;
}

/* How files were recognised is said, but nothing that a release would tell of them. */
static lta_status examine_each(const lta_run *run, const lta_import_options *options, bool may_wait,
                               size_t format, int n_files, char *const *files, input_files *in)
{
    lta_status st = LTA_OK;
    lta_strings *kept = run->log->notes;
    lta_source_notes notes;
    run->log->notes = NULL;
    lta_source_notes_begin(&notes, run->log, (uint64_t)n_files);
    for (int i = 0; i < n_files; i++) {
        in->n = (uint64_t)i + 1;
        LTA_TRY(examine_one(run, options, may_wait, format, files[i], in, &in->file[i]));
    }
done:
    lta_source_notes_end(&notes);
    run->log->notes = kept;
    return st;
}

/* digests_may_wait: nobody asks for them before the files are read. */
static lta_status examine_all(const lta_run *run, const lta_import_options *options, bool digests_may_wait,
                              int n_files, char *const *files, input_files *out)
{
    lta_status st = LTA_OK;
    input_files in = {0};
    size_t format;
    LTA_TRY(choose_format(options, &format));
    if (n_files < 1) {
        st = lta_fail(LTA_ERR_USAGE, "no files to import, expected at least one");
        goto done;
    }
    LTA_TRY(lta_check_sources_options(options));
    if (options->file_order && options->cut_at_time_fall) {
        st = lta_fail(LTA_ERR_USAGE, "--order file leaves times out, --cut-at-time-fall looks at them");
        goto done;
    }
    if (options->tokenizer)
        LTA_TRY(lta_tokenizer_open(run, options->tokenizer, &in.tokenizer));
    LTA_TRY(LTA_CALLOC(&in.file, (uint64_t)n_files));
    LTA_TRY(examine_each(run, options, digests_may_wait && !options->sort, format, n_files, files, &in));
    if (options->sort)
        qsort(in.file, in.n, sizeof *in.file, by_name_and_digest);
    *out = in;
    for (uint64_t i = 0; i < out->n; i++)
        if (out->file[i].given)
            out->file[i].given = &out->standard_input;
    return LTA_OK;
done:
    free_inputs(&in);
    return st;
}

/* What reading needs to know. */
typedef struct import_job {
    const lta_import_options *options;
    input_files *in;
} import_job;

/* ---- what the trace is made from ---- */

static const char *trace_name(const lta_import_options *options, const input_files *in)
{
    return options->name ? options->name : in->file[0].name;
}

/* The formats of the files, each once, in the order of the files. */
static json_t *formats_json(const input_files *in)
{
    json_t *list = json_array();
    bool named[sizeof readers / sizeof *readers] = {false};
    for (uint64_t i = 0; i < in->n; i++)
        if (!named[in->file[i].format]) {
            named[in->file[i].format] = true;
            json_array_append_new(list, json_string(lta_formats[in->file[i].format].name));
        }
    return list;
}

/* What is known of the tokenizer: null, or an object. A model has a digest. */
static json_t *tokenizer_json(const lta_tokenizer *t)
{
    if (!t)
        return json_null();
    return json_pack("{s:s, s:s}", "kind", lta_tokenizer_kind(t), "xxh3_128", lta_tokenizer_xxh3_128(t));
}

/* null, or the numbers of Marconi's rules as the names of the sources show them. */
static json_t *marconi_json(const lta_import_options *o)
{
    char sps[LTA_F64_TEXT], art[LTA_F64_TEXT];
    if (!o->marconi_rules || lta_marconi_number("sps", o->sps, sps) != LTA_OK ||
        (o->art && lta_marconi_number("art", o->art, art) != LTA_OK))
        return json_null();
    return json_pack("{s:s?, s:I, s:s}", "art", o->art ? art : NULL, "sessions",
                     (json_int_t)lta_marconi_sessions(o), "sps", sps);
}

/* Everything but the files that decides the content. The order of the files, sorted or not, is in the inputs.
 */
static char *parameters_text(const lta_run *run, const lta_import_options *options, const input_files *in)
{
    bool overlay = options->timeline == LTA_TIMELINE_OVERLAY;
    json_t *j =
        json_pack("{s:I, s:b, s:o, s:I, s:s, s:s, s:s, s:s, s:b, s:s, s:s}", "block_tokens",
                  (json_int_t)options->block_tokens, "cut_at_time_fall", (int)options->cut_at_time_fall,
                  "format", formats_json(in), "gap_us", (json_int_t)(overlay ? 0 : options->gap_us), "ids",
                  lta_ids_names[options->ids], "name", trace_name(options, in), "on_error",
                  run->skip_bad_rows ? "skip" : "fail", "order", options->file_order ? "file" : "time",
                  "sha256", (int)options->sha256, "tail", options->drop_tail ? "drop" : "keep", "timeline",
                  overlay ? "overlay" : "concat");
    if (j && (json_object_set_new(j, "marconi_rules", marconi_json(options)) != 0 ||
              json_object_set_new(j, "tokenizer", tokenizer_json(in->tokenizer)) != 0)) {
        json_decref(j);
        j = NULL;
    }
    char *text = lta_json_text(j, 0);
    json_decref(j);
    return text;
}

/* [["a.jsonl","<XXH3-128>"],...] in the order of the sources: base names may repeat. */
static char *inputs_text(const void *context)
{
    const input_files *in = ((const import_job *)context)->in;
    json_t *list = json_array();
    for (uint64_t i = 0; i < in->n; i++)
        json_array_append_new(list, json_pack("[s, s]", in->file[i].file, in->file[i].xxh3_128));
    char *text = lta_json_text(list, 0);
    json_decref(list);
    return text;
}

/* ---- reading ---- */

/* Where the first line of a text is refused, it may be of another format than the one given. */
static lta_status suggest_format(const input_file *f, lta_source_text text, lta_status st)
{
    lta_lines lines = lta_lines_of(text);
    const char *line;
    size_t length, path = strlen(f->path);
    char detail[2048];
    if (strncmp(lta_error_detail(), f->path, path) != 0 ||
        strncmp(lta_error_detail() + path, ":1:", 3) != 0 || !lta_next_line(&lines, &line, &length))
        return st;
    snprintf(detail, sizeof detail, "%s", lta_error_detail());
    size_t looks = format_of_line(line, length); /* who recognises nothing may leave a detail of his own */
    if (looks == 0 || looks == f->format)
        return lta_fail(st, "%s", detail);
    return lta_fail(st, "%s; its first line looks like format %s", detail, lta_formats[looks].name);
}

static lta_status read_file(const lta_run *run, const lta_import_options *options, lta_trace_builder *builder,
                            const lta_tokenizer *tokenizer, input_file *f, uint64_t bytes_before)
{
    lta_status st = LTA_OK;
    lta_input in = {0};
    lta_import_source s = {.run = run,
                           .options = options,
                           .builder = builder,
                           .place = {.file = f->path},
                           .file = f->file,
                           .data_file = f->data_file,
                           .name = f->name,
                           .xxh3_128 = f->xxh3_128,
                           .sha256 = f->sha256,
                           .digest = f->digest,
                           .bytes_before = bytes_before,
                           .stored_bytes = f->bytes,
                           .last_time_us = -LTA_TIME_LIMIT,
                           .tokenizer = tokenizer,
                           .folder = f->folder.n > 0 ? &f->folder : NULL};
    bool is_binary = readers[f->format]->is_binary;
    if (!s.folder) {
        LTA_TRY(lta_input_open(run, f->path, f->given, false, &in));
        s.data = *lta_input_data(&in);
        s.place.in_parquet = !is_binary && lta_is_parquet(&s.data);
    }
    if (s.place.in_parquet)
        LTA_TRY(open_parquet(run, f->path, &s.data, &(size_t){f->format}, &s.parquet));
    else if (!is_binary && !s.folder)
        LTA_TRY(lta_source_text_open(f->path, &s.data, &s.text));
    run->log->source = f->path;
    st = readers[f->format]->read(&s);
    if (st == LTA_ERR_FORMAT && s.text.size > 0)
        st = suggest_format(f, s.text, st);
    /* what looks like damage may come from the change; and the digest is that of what was there before */
    if (!f->given && !s.folder && (st == LTA_OK || st == LTA_ERR_FORMAT)) {
        lta_status unchanged = lta_check_unchanged(f->path, &f->state);
        st = unchanged != LTA_OK ? unchanged : st;
    }
    if (st == LTA_OK) {
        lta_note_unknown_keys(&s);
        lta_report_time_falls(&s);
    }
done:
    run->log->source = NULL;
    lta_dictionary_free(&s.unknown_keys);
    lta_parquet_close(s.parquet);
    lta_input_close(&in);
    return st;
}

static void warn_of_dropped(const lta_run *run, const lta_trace *t)
{
    for (uint64_t i = 0; i < t->skipped.n; i++)
        lta_log_line(run->log, LTA_LOG_WARN, "import", "%s: %llu row%s dropped: %s",
                     lta_strings_get(&t->sources.file, t->skipped.source[i]), (ull)t->skipped.count[i],
                     t->skipped.count[i] == 1 ? "" : "s", lta_strings_get(&t->skipped.reason, i));
}

static lta_status read_all(const lta_run *run, const lta_import_options *options, input_files *in,
                           lta_trace *out)
{
    lta_status st = LTA_OK;
    lta_trace_builder *builder = NULL;
    lta_source_notes notes;
    uint64_t bytes = 0;
    lta_source_notes_begin(&notes, run->log, in->n);
    LTA_TRY(lta_trace_builder_create(run, options, &builder));
    lta_progress_begin(run->log, "import", "B", in->bytes);
    for (uint64_t i = 0; i < in->n; i++) {
        LTA_TRY(read_file(run, options, builder, in->tokenizer, &in->file[i], bytes));
        bytes += in->file[i].bytes;
    }
    LTA_TRY(lta_trace_builder_finish(builder, trace_name(options, in), out));
    warn_of_dropped(run, out);
done:
    lta_progress_end(run->log);
    lta_source_notes_end(&notes);
    lta_trace_builder_free(builder);
    return st;
}

lta_status lta_import_to_memory(const lta_run *run, const lta_import_options *options, int n_files,
                                char *const *files, lta_trace *out)
{
    lta_status st = LTA_OK;
    input_files in = {0};
    LTA_TRY(examine_all(run, options, true, n_files, files, &in));
    LTA_TRY(read_all(run, options, &in, out));
done:
    free_inputs(&in);
    return st;
}

static lta_status make(const lta_run *run, const void *context, lta_trace *out)
{
    const import_job *job = context;
    return read_all(run, job->options, job->in, out);
}

lta_status lta_import(const lta_run *run, const char *store, const lta_import_options *options, int n_files,
                      char *const *files)
{
    lta_status st = LTA_OK;
    double started = lta_seconds();
    input_files in = {0};
    char *parameters = NULL, *file = NULL;
    bool exists;
    LTA_TRY(lta_check_folders(store, &exists)); /* before reading, which may take an hour */
    LTA_TRY(lta_join_path(store, "trace.h5", &file));
    LTA_TRY(examine_all(run, options, run->force || !lta_file_exists(file), n_files, files, &in));
    parameters = parameters_text(run, options, &in);
    import_job job = {options, &in};
    lta_trace_maker maker = {"import", parameters, inputs_text, make, &job, started};
    LTA_TRY(lta_make_trace_file(run, store, &maker));
done:
    lta_free(parameters);
    lta_free(file);
    free_inputs(&in);
    return st;
}
