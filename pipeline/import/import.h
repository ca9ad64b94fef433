/* pipeline/import/import.h - source files into trace.h5: one reader per format, one table of formats. */
#ifndef LTA_IMPORT_IMPORT_H
#define LTA_IMPORT_IMPORT_H

#include "pipeline/core/run.h"
#include "pipeline/trace/trace.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum lta_timeline { LTA_TIMELINE_CONCAT, LTA_TIMELINE_OVERLAY } lta_timeline;

/* How a flat trace holds its ids; BY_NAME: as the name of the file tells. */
#define LTA_IDS_LIST(X)                                                                                      \
    X(LTA_IDS_BY_NAME, "name")                                                                               \
    X(LTA_IDS_U32, "u32")                                                                                    \
    X(LTA_IDS_U64, "u64")                                                                                    \
    X(LTA_IDS_TEXT, "text")                                                                                  \
    X(LTA_IDS_ORACLE_GENERAL, "oracle-general")
typedef enum lta_ids {
#define LTA_IDS_ENUM(id, name) id,
    LTA_IDS_LIST(LTA_IDS_ENUM)
#undef LTA_IDS_ENUM
} lta_ids;
extern const char *const lta_ids_names[]; /* by lta_ids; ends with NULL */

typedef struct lta_import_options {
    const char *format; /* name in lta_formats, or "auto" */
    const char *name;   /* trace name; NULL = first source's base name without extension */
    lta_timeline timeline;
    int64_t gap_us;        /* concat: between one source's last arrival and the next one's first */
    bool sort;             /* sources bytewise by base name, then digest, instead of the order given */
    bool drop_tail;        /* block traces: drop the id of a partial last block */
    uint32_t block_tokens; /* block traces: tokens a block where the file leaves it open; 0 = infer */
    lta_ids ids;           /* flat traces */
    bool sha256;           /* record the SHA-256 of every source */
    /* formats whose rows need not be in the order of their times (kavier) */
    bool file_order;       /* take the rows as they stand and leave their times out */
    bool cut_at_time_fall; /* each fall of the time begins another source */
    /* conversations */
    const char *tokenizer; /* as of lta_tokenizer_open(); NULL = texts are not tokenized, lengths not known */
    bool marconi_rules;    /* make the trace that Marconi's rules make of them (marconi_rules.h) */
    const char *sps, *art; /* ... with these rates as typed; NULL = not given */
    uint64_t sessions;     /* ... of so many conversations; 0 = 100 */
} lta_import_options;

#define LTA_IMPORT_DEFAULTS ((lta_import_options){.format = "auto"})

/* Every format: its reader, its name as given to --format, and what it is. The one list for help, detection
 * (in this order) and dispatch. */
#define LTA_FORMAT_LIST(X)                                                                                   \
    X(azure, "azure",                                                                                        \
      "Azure LLM and LMM inference traces, CSV with TIMESTAMP,ContextTokens,GeneratedTokens")                \
    X(bailian, "bailian", "Qwen-Bailian traces, JSONL with block ids and links to parent requests")          \
    X(burstgpt, "burstgpt", "BurstGPT traces, versions 1 to 3, CSV with Timestamp,Model,Request tokens")     \
    X(flat, "flat",                                                                                          \
      "plain cache-access traces, one id a request: raw u32 or u64, text, libCacheSim's oracleGeneral")      \
    X(kavier, "kavier", "Kavier and Marconi-Kavier traces, CSV or Parquet with num_input_tokens")            \
    X(lmsys, "lmsys", "LMSYS-Chat-1M, JSONL or Parquet with a conversation a row")                           \
    X(marconi, "marconi", "Marconi traces, JSONL with token ids of inputs and outputs")                      \
    X(ragpulse, "ragpulse", "RAGPulse traces, JSONL with typed chunk ids of inputs (hash_ids in parts)")     \
    X(mooncake, "mooncake", "Mooncake traces, JSONL with block ids of inputs (hash_ids)")                    \
    X(sharegpt, "sharegpt", "ShareGPT, one JSON array of conversations")                                     \
    X(swebench, "swebench", "SWE-bench trajectories, a folder of JSON arrays of messages, or one of them")   \
    X(tracelab, "tracelab", "TraceLab, JSONL with a round of a coding agent a line, counts and times")       \
    X(weka, "weka", "WEKA agentic coding traces, a JSON object a conversation, with nested sub-agents")      \
    X(wildchat, "wildchat", "WildChat, JSONL or Parquet with a conversation a row")

#define LTA_FORMAT_NAME(reader, name, summary) ", " name
#define LTA_FORMAT_NAMES                       "auto" LTA_FORMAT_LIST(LTA_FORMAT_NAME) /* for messages */

typedef struct lta_format {
    const char *name;    /* as given to --format */
    const char *summary; /* for help */
} lta_format;
extern const lta_format lta_formats[]; /* "auto" first; ends with name NULL */

/* LTA_ERR_USAGE unless name and gap_us can be used. */
LTA_MUST_CHECK lta_status lta_check_sources_options(const lta_import_options *options);

/* The stage: reads the files ("-" is standard input) and commits STORE/trace.h5 (the folder is made if
 * absent), or does nothing when the file there was made from the same files (by digest) with the same options
 * and version, unless run->force. Bad rows: the first one ends the import with FILE:LINE, or are dropped and
 * counted with run->skip_bad_rows. */
LTA_MUST_CHECK lta_status lta_import(const lta_run *run, const char *store, const lta_import_options *options,
                                     int n_files, char *const *files);

/* The same without a store, for tests and tools: the trace in memory. */
LTA_MUST_CHECK lta_status lta_import_to_memory(const lta_run *run, const lta_import_options *options,
                                               int n_files, char *const *files, lta_trace *out);

#endif
