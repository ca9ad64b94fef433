/* tests/import_case.h - a folder of made-up files, a log that is kept, and imports of them that must succeed
 * or fail. */
#ifndef LTA_TESTS_IMPORT_CASE_H
#define LTA_TESTS_IMPORT_CASE_H

#include "pipeline/import/import.h"

#include <stdio.h>

typedef struct import_case {
    char folder[64];
    FILE *log_stream;
    char *log_text;
    size_t log_size;
    lta_log log;
    lta_run run;
    lta_import_options options; /* of every import */
} import_case;

int import_case_setup(void **state);    /* *state: a new import_case */
int import_case_teardown(void **state); /* removes the folder */

void case_write_bytes(const import_case *c, const char *file, const char *text, size_t n);
void case_write(const import_case *c, const char *file, const char *text);

/* Imports files of the folder; names are NULL-terminated, eight at most. */
lta_status case_import(import_case *c, lta_trace *t, const char *const *names);
/* Writes and imports one file, which must succeed. */
void case_import_one(import_case *c, const char *file, const char *text, lta_trace *t);
/* The same for a file that must be refused with this status (case_refuse: LTA_ERR_FORMAT) and a sentence that
 * holds part. */
void case_refuse_bytes(import_case *c, const char *file, const char *text, size_t n, lta_status want,
                       const char *part);
void case_refuse(import_case *c, const char *file, const char *text, const char *part);

bool case_logged(import_case *c, const char *part);                    /* has any log line held this? */
void assert_symbols(const lta_trace *t, uint64_t r, const char *want); /* "1 2 3|4": input|output */

/* Made-up files that hold to their formats. */
#define MOONCAKE_1 "{\"timestamp\": 0, \"input_length\": 700, \"output_length\": 12, \"hash_ids\": [0, 1]}"
#define MOONCAKE_2 "{\"timestamp\": 0, \"input_length\": 1300, \"output_length\": 5, \"hash_ids\": [0, 2, 3]}"
#define MOONCAKE_3                                                                                           \
    "{\"timestamp\": 2999, \"input_length\": 1600, \"output_length\": 40, \"hash_ids\": [0, 2, 4, 5]}"
#define MOONCAKE MOONCAKE_1 "\n" MOONCAKE_2 "\n" MOONCAKE_3 "\n"
extern const char marconi_text[];
extern const char weka_text[];     /* a conversation with a sub-agent; one line, no final newline */
extern const char ragpulse_text[]; /* ends with an empty line */

#endif
