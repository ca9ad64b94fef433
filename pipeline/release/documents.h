/* pipeline/release/documents.h - the documents of a release, one function a file. Each appears all or
 * nothing. */
#ifndef LTA_RELEASE_DOCUMENTS_H
#define LTA_RELEASE_DOCUMENTS_H

#include "pipeline/core/source_date.h"
#include "pipeline/core/run.h"
#include "pipeline/release/config.h"
#include "pipeline/release/contents.h"

#include <jansson.h>

/* What a document is made from. */
typedef struct lta_release_facts {
    const lta_release_config *config;
    const lta_release_contents *contents;
    const char *dir, *work;
    bool ours;                /* dir was empty or of a release before */
    char date[LTA_DATE_TEXT]; /* YYYY-MM-DD; "" = not known */
} lta_release_facts;

LTA_MUST_CHECK lta_status lta_release_write_readme(const lta_release_facts *f);     /* README.md */
LTA_MUST_CHECK lta_status lta_release_write_dictionary(const lta_release_facts *f); /* data-dictionary.csv */
LTA_MUST_CHECK lta_status lta_release_write_data_package(const lta_release_facts *f); /* datapackage.json */
LTA_MUST_CHECK lta_status lta_release_write_zenodo(const lta_release_facts *f);       /* zenodo.json */
LTA_MUST_CHECK lta_status lta_release_write_citation(const lta_release_facts *f);     /* CITATION.cff */
LTA_MUST_CHECK lta_status lta_release_write_provenance(const lta_release_facts *f);   /* provenance.json */
LTA_MUST_CHECK lta_status lta_release_write_sums(const lta_release_facts *f);         /* SHA256SUMS */

/* Writes a JSON value, indented, as DIR/FILE, and releases it. NULL: memory has run out. */
LTA_MUST_CHECK lta_status lta_release_write_json(const lta_release_facts *f, const char *file, json_t *value);

/* Removes what earlier releases put into DIR and this one does not publish. Files of anybody else are
 * LTA_ERR_USAGE, with run->force a warning. */
LTA_MUST_CHECK lta_status lta_release_clear_strays(const lta_run *run, const lta_release_facts *f);

/* The names of the documents that SHA256SUMS lists, bytewise; ends with NULL. */
extern const char *const lta_release_documents[];

#endif
