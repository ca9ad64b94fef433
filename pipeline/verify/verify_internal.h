/* pipeline/verify/verify_internal.h - the checks of each kind of file, and those between files. */
#ifndef LTA_VERIFY_INTERNAL_H
#define LTA_VERIFY_INTERNAL_H

#include "pipeline/curve/curve.h"
#include "pipeline/enrich/enrich.h"
#include "pipeline/reuse/reuse.h"
#include "pipeline/trace/trace.h"
#include "pipeline/trie/trie.h"
#include "pipeline/verify/verify.h"

#include <jansson.h>

typedef unsigned long long ull; /* for printf */

/* ---- verify_structure.c: what all files have in common ---- */

/* Root attributes, `unit` and `description` of every dataset, and equal lengths of the columns of a table. */
LTA_MUST_CHECK lta_status lta_verify_structure(const lta_reader *r);
/* Reads a numeric column that must have n rows. */
LTA_MUST_CHECK lta_status lta_verify_column(const lta_reader *r, const char *path, lta_type type, uint64_t n,
                                            void **out);
LTA_MUST_CHECK lta_status lta_verify_length(const lta_reader *r, const char *path, uint64_t *n);

/* ---- one file by itself ---- */

LTA_MUST_CHECK lta_status lta_verify_trace(const lta_run *run, const lta_reader *r);
LTA_MUST_CHECK lta_status lta_verify_trie(const lta_run *run, const lta_reader *r);
LTA_MUST_CHECK lta_status lta_verify_reuse(const lta_run *run, const lta_reader *r);
LTA_MUST_CHECK lta_status lta_verify_curve(const lta_run *run, const lta_reader *r);
LTA_MUST_CHECK lta_status lta_verify_enriched(const lta_run *run, const lta_reader *r);
/* Digest and structure of an open file, then what its format asks for. */
LTA_MUST_CHECK lta_status lta_verify_open(const lta_run *run, const lta_reader *r);

/* The folder of a release, by its list of sums: every file that differs or is absent is said on the log, and
 * LTA_ERR_FORMAT counts them. */
LTA_MUST_CHECK lta_status lta_verify_release(const lta_run *run, const char *dir, const char *sums,
                                             FILE *out);

/* Every file of the folder is one of those listed, or SHA256SUMS. */
LTA_MUST_CHECK lta_status lta_verify_release_files(const char *dir, const lta_strings *listed);

/* path: of a file in a release's folder. Where it is the sequences of a trace, runs the cache over them
 * against the table of hits. */
LTA_MUST_CHECK lta_status lta_verify_published(const lta_run *run, const char *dir, const char *path);

/* The enrichment fields of an enriched file, against the trace columns that it repeats. */
LTA_MUST_CHECK lta_status lta_verify_fields(const lta_reader *r, const lta_trace *t);

/* Its table of hits. Zero t before reading; free it also after errors. */
typedef struct lta_hit_table {
    lta_strings scope;
    uint64_t *block, *reserve_last, *capacity, *hits, *lookups; /* [n], by curve, capacities rising */
    uint64_t n;
} lta_hit_table;
LTA_MUST_CHECK lta_status lta_hit_table_read(const lta_reader *r, lta_hit_table *t);
void lta_hit_table_free(lta_hit_table *t);
/* The table, against the requests. */
LTA_MUST_CHECK lta_status lta_verify_hit_table(const lta_reader *r, uint64_t n_requests);

/* Its histograms and their quantiles, against the requests; those of single symbols as far as they tell. */
LTA_MUST_CHECK lta_status lta_verify_histograms(const lta_run *run, const lta_reader *r, const lta_trace *t);

/* Its table of gaps between arrivals, against the arrivals. */
LTA_MUST_CHECK lta_status lta_verify_interarrival(const lta_reader *r, const lta_trace *t);

/* The options that an enriched file records; o->model is borrowed from `model`. */
enum { LTA_VERIFY_MODEL = 160 };
LTA_MUST_CHECK lta_status lta_verify_enrich_options(const lta_reader *r, const json_t *parameters,
                                                    char model[LTA_VERIFY_MODEL], lta_enrich_options *o);

/* Its tables, built again as far as the requests and the table of hits give them. */
LTA_MUST_CHECK lta_status lta_verify_tables(const lta_run *run, const lta_reader *r, lta_trace *t);
/* The table of hits, and what says at which capacities how many are enough, as curves: hits [n] at those
 * capacities, with room for what is known in between. lta_curves_free() them. */
LTA_MUST_CHECK lta_status lta_verify_known_curves(const lta_reader *r, lta_curves *out);

/* Its table of prompt caches, against who looks up and the distances of one key length. */
LTA_MUST_CHECK lta_status lta_verify_prompt_cache(const lta_reader *r, const lta_trace *t);

/* What holds between the columns of a table alone: ratios, and the order of rows. */
LTA_MUST_CHECK lta_status lta_verify_rows(const lta_reader *r, const lta_trace *t);

/* ---- files of one store against each other; file names the one that is wrong ---- */

LTA_MUST_CHECK lta_status lta_verify_trie_against(const lta_run *run, const char *file, const lta_trie *trie,
                                                  const lta_trace *trace);
LTA_MUST_CHECK lta_status lta_verify_reuse_against(const lta_run *run, const char *file,
                                                   const lta_reuse *reuse, const lta_trie *trie,
                                                   const lta_trace *trace);
LTA_MUST_CHECK lta_status lta_verify_curve_against(const char *file, const lta_curves *curves,
                                                   const lta_reuse *reuse, const lta_trie *trie,
                                                   const lta_trace *trace);
/* Runs the cache at three capacities of each curve, as far as that does not take too long: the log says of
 * how many. at_vertices: between them nothing is known. */
LTA_MUST_CHECK lta_status lta_verify_hits(const lta_run *run, const char *file, const lta_curves *curves,
                                          bool at_vertices, const lta_trie *trie, const lta_trace *trace);
/* trace: the reader of trace.h5; trie and reuse are NULL where the trace has no symbols. */
LTA_MUST_CHECK lta_status lta_verify_enriched_against(const lta_reader *enriched, const lta_reader *trace,
                                                      const lta_trie *trie, const lta_reuse *reuse);
/* The histogram of distances of single looked-up symbols, against the runs of scope global. */
LTA_MUST_CHECK lta_status lta_verify_symbol_distances(const lta_reader *enriched, const lta_runs *runs,
                                                      const lta_trie *trie);

/* Makes STORE/FILE, open as r, again from the files before it and compares. To be run after the checks above:
 * the stages trust what they read. */
LTA_MUST_CHECK lta_status lta_verify_again(const lta_run *run, const char *store, const char *file,
                                           const lta_reader *r);

/* Depth down to which the touched path of request r had been touched before, in the scope of the runs. */
static inline uint64_t lta_verify_covered(const lta_runs *runs, uint64_t r)
{
    uint64_t end = runs->offset[r + 1];
    return end > runs->offset[r] ? (uint64_t)runs->start[end - 1] + runs->length[end - 1] : 0;
}

static inline uint32_t lta_verify_depth(const lta_trie *trie, int64_t node)
{
    return node < 0 ? 0 : trie->depth[node];
}

#endif
