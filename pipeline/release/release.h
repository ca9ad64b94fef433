/* pipeline/release/release.h - a release: every trace of a configuration imported, enriched, exported and
 * described in one folder.
 *
 *     DIR/README.md  data-dictionary.csv  datapackage.json  zenodo.json  CITATION.cff  provenance.json
 *     DIR/TRACE/enriched.h5  requests.csv  requests.parquet  tables/TABLE.csv
 *     DIR/TRACE/kavier.parquet   for Kavier, where all sources count tokens; with tokens where trace.h5 is
 *     DIR/TRACE/blocks/trace.h5  symbols as anonymised blocks, where the configuration asks for it
 *     DIR/TRACE/trace.h5         symbols themselves, where it asks for them and licences allow it
 *     DIR/SHA256SUMS             written last: a folder without it is not finished
 *     DIR/.unfinished            while the release is being made: the sums of an earlier one, or empty
 *
 * No file but enriched.h5 depends on a library's version, and Parquet on Arrow's; none on the
 * machine, the folder, the time or the number of threads. Symbols of the traces are in no other of them.
 */
#ifndef LTA_RELEASE_RELEASE_H
#define LTA_RELEASE_RELEASE_H

#include "pipeline/core/run.h"
#include "pipeline/curve/curve.h"
#include "pipeline/enrich/enrich.h"
#include "pipeline/import/import.h"
#include "pipeline/release/config.h"
#include "pipeline/reuse/reuse.h"

/* How to make one trace: what `lta run` is given. */
typedef struct lta_release_job {
    lta_import_options import;
    lta_reuse_options reuse;
    lta_curve_options curve;
    lta_enrich_options enrich;
} lta_release_job;

/* Makes the release in dir; stores of the traces stand in the folder work and are gone on from when they are
 * there. Both folders are made if absent, once there is something to put into them. A dir that is not empty
 * and holds no release, whole or unfinished, is LTA_ERR_USAGE unless run->force is on, and so is in any case
 * one that holds a source or work, or lies in work. A trace without symbols has none to publish or to
 * anonymise, which c says then. job: [c->n_traces]. What an earlier release put into dir and this one does
 * not publish is removed; with files of anybody else the release stays unfinished, LTA_ERR_USAGE, unless
 * run->force is on.
 */
LTA_MUST_CHECK lta_status lta_release(const lta_run *run, lta_release_config *c, lta_release_job *job,
                                      const char *dir, const char *work);

#endif
