/* pipeline/export/export.h - a store as a file for other tools: one writer a format, one list of formats. */
#ifndef LTA_EXPORT_EXPORT_H
#define LTA_EXPORT_EXPORT_H

#include "pipeline/core/file.h"
#include "pipeline/core/run.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct lta_export_options {
    const char *format;    /* name in LTA_EXPORT_LIST */
    const char *output;    /* file or folder to write, all or nothing; NULL or "-" = standard output */
    const char *source;    /* only requests of the source of this name (or base file name); NULL = all */
    bool allow_restricted; /* write symbols of sources whose licence forbids it or is not known */
    uint64_t block;        /* token traces as block ids: tokens a block; 0 = not given */
    bool drop_tail;        /* the same: no id for a partial last block */
    bool has_seed;         /* block traces as made-up tokens */
    uint64_t seed;
    uint64_t vocabulary; /* the same: ids are below this */
    bool counts_only;    /* Kavier's formats: numbers of tokens, no tokens */
} lta_export_options;
#define LTA_EXPORT_DEFAULTS ((lta_export_options){.vocabulary = 32000})

/* What a writer is given. */
typedef struct lta_export_target {
    const lta_run *run;
    const char *store;
    const lta_export_options *options;
    const char *name; /* what messages call the output */
    FILE *stream;     /* NULL for formats that make a folder, which is then called `name` */
    /* A second file that a writer may create, committed after the output; NULL where that is no file. */
    lta_text_file *beside;
} lta_export_target;

/* Every format: its writer lta_export_<id>(), its name as given to --format, whether it makes a folder, and
 * what it is. The one list for help, messages and dispatch. */
#define LTA_EXPORT_LIST(X)                                                                                   \
    X(csv, "csv", false, "every request with its enrichment fields, a row each")                             \
    X(kavier_csv, "kavier-csv", false,                                                                       \
      "Kavier's input: counts and token lists, a row a request, in order of arrival")                        \
    X(kavier_parquet, "kavier-parquet", false, "the same as Parquet, in the types of the published table")   \
    X(marconi_jsonl, "marconi-jsonl", false, "as Marconi publishes traces: token lists, a line a request")   \
    X(mooncake_jsonl, "mooncake-jsonl", false,                                                               \
      "as Mooncake publishes traces: block ids of inputs; token traces with --block")                        \
    X(opendc, "opendc", true,                                                                                \
      "an OpenDC workload: tasks.parquet with the real submission times and total tokens, "                  \
      "fragments.parquet; a trace measures nothing, so durations, capacities and usage are 0")               \
    X(oracle_general, "oracle-general", false,                                                               \
      "libCacheSim's binary: every touched position with its next touch. It is a flat list: where a "        \
      "request has several symbols, a simulator's hits are not prefix hits")                                 \
    X(parquet, "parquet", false, "the columns of csv as Parquet, absent values null")

#define LTA_EXPORT_NAME(id, name, folder, summary)    ", " name
#define LTA_EXPORT_DECLARE(id, name, folder, summary) lta_status lta_export_##id(const lta_export_target *x);
LTA_EXPORT_LIST(LTA_EXPORT_DECLARE)

/* Errors: LTA_ERR_USAGE (unknown format or source; a trace that the format cannot express; a licence that
 * forbids it), those of reading and writing. */
LTA_MUST_CHECK lta_status lta_export(const lta_run *run, const char *store, const lta_export_options *options,
                                     FILE *standard_output);

#endif
