/* pipeline/release/describe.h - the files of a release that say what it is, all of them from the files beside
 * them. */
#ifndef LTA_RELEASE_DESCRIBE_H
#define LTA_RELEASE_DESCRIBE_H

#include "pipeline/core/run.h"
#include "pipeline/release/config.h"

/* Writes README.md, data-dictionary.csv, datapackage.json (Frictionless Data Package), zenodo.json (metadata
 * of a Zenodo deposit), CITATION.cff (Citation File Format 1.2.0), provenance.json, and last SHA256SUMS,
 * which `sha256sum -c` reads; its comments hold the content_sha256 of HDF5 files. work: the stores that the
 * traces were made in. ours: dir was empty or of a release before. What earlier releases put there and this
 * one does not publish is removed; other files are LTA_ERR_USAGE, with run->force a warning. */
LTA_MUST_CHECK lta_status lta_release_describe(const lta_run *run, const lta_release_config *c,
                                               const char *dir, const char *work, bool ours);

#endif
