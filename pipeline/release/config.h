/* pipeline/release/config.h - what a release is to hold: a YAML file (libyaml), read and checked.
 *
 *     release: example            # name: letters, digits, '-', '_', '.'
 *     version: "1.0"
 *     title: One line
 *     description: A paragraph, for its README and for repositories
 *     licence: CC-BY-4.0          # of the release: an SPDX identifier
 *     date: 2026-11-30            # optional: a day; else the day of SOURCE_DATE_EPOCH, else none
 *     creators:
 *       - {name: "Doe, Jane", affiliation: VU Amsterdam, orcid: 0000-0002-1825-0097}
 *     keywords: [LLM serving, prefix caching]      # optional
 *     traces:
 *       - name: chat              # of its folder in the release
 *         files: ["chat/sps*.jsonl"]  # patterns, relative to this file; matches bytewise by path
 *         note: What a reader should know          # optional
 *         anonymize: 16           # optional: publish blocks of so many tokens, anonymised
 *         symbols: true           # optional: publish the sources' own tokens or blocks
 *         allow_restricted: true  # optional: even where a source's licence forbids it, or is not known
 *         options:                # optional: long options of `lta run`, flags as true; a tokenizer's path is
 *                                 # relative to this file; on-error: skip, too
 *           format: marconi
 *           capacity: [1000, 10000]
 *
 * Unknown keys, repeated keys and patterns without a match are errors, LTA_ERR_FORMAT with file and line.
 */
#ifndef LTA_RELEASE_CONFIG_H
#define LTA_RELEASE_CONFIG_H

#include "pipeline/core/status.h"
#include "pipeline/core/strings.h"

#include <stdbool.h>
#include <stdint.h>

/* Texts belong to the configuration. */
typedef struct lta_release_creator {
    const char *name, *affiliation, *orcid; /* the last two: NULL = not given; orcid: without https:// */
} lta_release_creator;

typedef struct lta_release_option {
    const char *name, *value; /* value: a list's items with commas between; "true" for flags; a tokenizer's
                               * path is from the working folder */
    uint64_t line;
} lta_release_option;

typedef struct lta_release_trace {
    const char *name, *note; /* note: NULL = none */
    uint64_t anonymize;      /* tokens a block; 0 = none are published */
    uint64_t anonymize_line; /* where it stands; 0: not in the configuration */
    bool symbols, allow_restricted;
    bool skip_bad_rows; /* set by whoever reads the options */
    bool has_blocks;    /* set once the trace is there: it consists of blocks, which keep their size */
    uint64_t line;
    lta_strings files; /* paths, from the working folder */
    uint64_t n_options, options_capacity;
    lta_release_option *option; /* [n_options] in the order given */
} lta_release_trace;

typedef struct lta_release_config {
    const char *path;                                                  /* borrowed; for messages */
    const char *name, *version, *title, *description, *licence, *date; /* date: NULL = not given */
    uint64_t n_creators, creators_capacity, n_traces, traces_capacity;
    lta_release_creator *creator; /* [n_creators], at least one */
    lta_strings keywords;
    lta_release_trace *trace; /* [n_traces], at least one; names differ */
    void *document;           /* what the texts lie in */
    uint64_t n_texts, texts_capacity;
    char **text;      /* [n_texts] made of several of them */
} lta_release_config; /* all zero is empty */

/* Errors: LTA_ERR_INPUT (absent, unreadable), LTA_ERR_FORMAT. */
LTA_MUST_CHECK lta_status lta_release_config_read(const char *path, lta_release_config *out);
void lta_release_config_free(lta_release_config *c);

#endif
