/* pipeline/import/import_internal.h - what the readers of the formats share: the file being read, and how
 * rows end. */
#ifndef LTA_IMPORT_INTERNAL_H
#define LTA_IMPORT_INTERNAL_H

#include "pipeline/core/digest.h"
#include "pipeline/import/csv_scan.h"
#include "pipeline/import/json_scan.h"
#include "pipeline/import/source_digest.h"
#include "pipeline/import/source_folder.h"
#include "pipeline/import/trace_builder.h"
#include "pipeline/parquet/parquet_read.h"
#include "pipeline/tokenizer/tokenizer.h"

enum { LTA_MOST_KEY_NOTES = 16 };

/* One source file on its way into the trace. */
typedef struct lta_import_source {
    const lta_run *run;
    const lta_import_options *options;
    lta_trace_builder *builder;
    lta_mapping data;         /* all bytes, expanded */
    lta_source_text text;     /* the same as text; nothing of formats that are no text, or of Parquet */
    lta_parquet *parquet;     /* the same as a table, where the file is Parquet */
    lta_place place;          /* place.file: the path as given, for messages */
    const char *file;         /* base name */
    const char *data_file;    /* the same without .gz or .zst: what published names are compared with */
    const char *name;         /* base name without its extensions */
    char *xxh3_128, *sha256;  /* [LTA_XXH3_HEX], [LTA_SHA256_HEX] */
    lta_digest_state *digest; /* of the first `digested` bytes; NULL: the digests are there already */
    size_t digested;
    uint64_t bytes_before;           /* bytes of the files read before, for the progress bar */
    uint64_t stored_bytes;           /* of this file */
    uint64_t rows;                   /* data rows finished, dropped ones included */
    uint64_t reported;               /* bytes of this file's data at the last progress report */
    int64_t last_time_us;            /* own clock of the last row kept */
    bool times_may_fall;             /* requests are sorted by time in the end */
    bool any_text;                   /* JSON strings may hold what lta_json.any_text allows */
    bool enough;                     /* what is left of the file is not wanted */
    bool looks_back;                 /* rows are compared with earlier ones: pages behind are still needed */
    bool all_keys_used;              /* keys of JSON objects that no reader knows are used all the same */
    const lta_tokenizer *tokenizer;  /* NULL: none was given */
    const lta_source_folder *folder; /* NULL: the source is a file, data */
    uint64_t time_falls;             /* rows kept whose time is before that of the row kept before */
    lta_dictionary unknown_keys;     /* of JSON objects; the first few */
    uint64_t unknown_line[LTA_MOST_KEY_NOTES]; /* where each of them stands first */
} lta_import_source;

/* A format: how to recognise a file, and how to read it. read() describes the source to the builder and hands
 * over every row. */
typedef struct lta_source_format {
    /* By its first line; NULL = it can not be. */
    bool (*detect)(const char *first_line, size_t length);
    /* By its name (without .gz or .zst) or first bytes, before anything is taken for text; NULL = it can not
     * be. Of compressed files, data ends somewhere behind the first line. */
    bool (*detect_file)(const char *data_file, const lta_mapping *data);
    bool is_binary; /* read() finds its bytes in data, and no text */
    bool digests;   /* read() calls lta_digest_rest() where the digests are not there */
    /* By the names of its columns where it is Parquet; NULL = it never is. */
    bool (*detect_columns)(const lta_strings *names);
    lta_status (*read)(lta_import_source *s);
    bool takes_order;                              /* --order and --cut-at-time-fall mean something */
    bool is_text;                                  /* gives texts, for a tokenizer */
    bool takes_folder;                             /* a folder is a source as well */
    const struct lta_marconi_rules *marconi_rules; /* NULL: has none */
} lta_source_format;
#define LTA_DECLARE_READER(reader, name, summary) extern const lta_source_format lta_source_format_##reader;
LTA_FORMAT_LIST(LTA_DECLARE_READER)
#undef LTA_DECLARE_READER

/* A file known by its published name. */
typedef struct lta_published {
    const char *file, *kind;
    uint64_t rows; /* 0: not known */
} lta_published;
/* NULL if the base name is none of them; the list ends with file NULL. */
const lta_published *lta_find_published(const lta_published *list, const char *file);
/* Warns when a published file has another number of rows than it should (copies with other content
 * circulate). */
void lta_check_published_rows(const lta_import_source *s, const lta_published *p);

/* Fills the fields of info that come from the file itself. */
void lta_describe_source(const lta_import_source *s, lta_source_info *info);

/* Where digests are made while the file is read: adds the bytes before `at`; adds what is left, and fills in
 * s->xxh3_128 and s->sha256, which is to be done before the source ends. */
LTA_MUST_CHECK lta_status lta_digest_up_to(lta_import_source *s, const char *at);
LTA_MUST_CHECK lta_status lta_digest_rest(lta_import_source *s);

/* Times must not fall from row to row (unless times_may_fall), and must lie within LTA_TIME_LIMIT. */
LTA_MUST_CHECK lta_status lta_check_time(lta_import_source *s, int64_t time_us);
LTA_MUST_CHECK lta_status lta_add_request(lta_import_source *s, lta_request *r); /* sets r->row */
LTA_MUST_CHECK lta_status lta_add_request_of_row(lta_import_source *s, const lta_request *r);
/* Says how often times fell, where they may. */
void lta_report_time_falls(const lta_import_source *s);

/* Text that a trace can record: UTF-8 without NUL. name is the column's or key's, for the message. */
LTA_MUST_CHECK lta_status lta_check_text(lta_import_source *s, const char *name, const char *text,
                                         size_t length);

/* Says which columns of the header just read are not among used [n]. */
void lta_note_other_columns(const lta_import_source *s, const lta_csv_scan *c, const uint64_t *used,
                            size_t n);
/* Calls row() for each row of a CSV file behind its header, then lta_end_row(). */
typedef lta_status lta_csv_row(lta_import_source *s, const lta_csv_scan *c, void *context);
LTA_MUST_CHECK lta_status lta_read_csv(lta_import_source *s, lta_csv_scan *c, lta_csv_row *row,
                                       void *context);

/* The same for the rows of a Parquet file whose columns have been selected. */
typedef lta_status lta_parquet_row(lta_import_source *s, const lta_arrow_column *column, uint64_t i,
                                   void *context);
LTA_MUST_CHECK lta_status lta_read_parquet(lta_import_source *s, lta_parquet_row *row, void *context);
/* Says which columns of a Parquet file are not among names [n]. */
void lta_note_other_parquet_columns(const lta_import_source *s, const char *const *names, size_t n);
/* Do the columns of a Parquet file include all of these (NULL-terminated)? */
bool lta_columns_include(const lta_strings *columns, const char *const *wanted);

/* lta_read_csv() for a file whose rows can be read without knowing the others: parse() fills in a row,
 * row_bytes (a multiple of 8) of the reader's own, from nothing but the scan and the unchanged context, and
 * may point into the scan's text; add() hands it over. Threads call parse() side by side, so it has no place
 * but the scan's; add() is called in the order of the file. What comes out, errors included, is what one
 * thread would give. */
typedef struct lta_csv_rows {
    size_t row_bytes;
    lta_status (*parse)(const lta_csv_scan *c, const void *context, void *row);
    lta_status (*add)(lta_import_source *s, const void *row, void *context);
} lta_csv_rows;
LTA_MUST_CHECK lta_status lta_read_csv_rows(lta_import_source *s, lta_csv_scan *c, const lta_csv_rows *rows,
                                            void *context);

/* Ends a row that was read with status st, `at` being where the next one begins: a bad row is dropped and
 * counted where the user asked for that. Moves the progress bar on and notices signals. */
LTA_MUST_CHECK lta_status lta_end_row(lta_import_source *s, lta_status st, const char *at);

/* Calls row() for each line of a JSONL file, then lta_end_row(). */
typedef lta_status lta_json_row(lta_import_source *s, lta_json *j, void *context);
LTA_MUST_CHECK lta_status lta_read_jsonl(lta_import_source *s, lta_json_row *row, void *context);

/* Reads the next key of an object whose keys are names [n] (at most 32), each at most once and the first
 * n_needed exactly once: *key is its index, or n at the end of the object, where a missing name is an error.
 * Unknown keys are remembered and skipped. first as in json_scan.h; seen is 0 before the first key. Starts
 * the object itself. */
LTA_MUST_CHECK lta_status lta_json_known_key(lta_import_source *s, lta_json *j, const char *const *names,
                                             unsigned n, unsigned n_needed, bool *first, uint32_t *seen,
                                             unsigned *key);

/* Says of each unknown key that it is not used; of a file with very many, of the first few. For the end: in a
 * file of another format, they would hide what is wrong with it. */
void lta_note_unknown_keys(const lta_import_source *s);

/* Does the first line of a file hold an object with all of these keys (NULL-terminated) and none of those?
 * What follows damage in the line does not count. */
bool lta_json_line_has_keys(const char *line, size_t length, const char *const *wanted,
                            const char *const *unwanted);

#endif
