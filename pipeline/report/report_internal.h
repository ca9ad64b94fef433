/* pipeline/report/report_internal.h - what the figures of the report share. */
#ifndef LTA_REPORT_REPORT_INTERNAL_H
#define LTA_REPORT_REPORT_INTERNAL_H

#include "pipeline/report/html_page.h"
#include "pipeline/report/report_table.h"
#include "pipeline/report/svg_chart.h"
#include "pipeline/store/store.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct lta_report_page {
    lta_html *html;
    const lta_reader *reader;
    char *name, *unit;                      /* of the trace */
    char more[48];                          /* sources than the one that gave it its name; empty: none */
    bool interleaved;                       /* sources overlap in time */
    uint64_t block_tokens;                  /* 0: symbols are of unequal numbers of tokens */
    bool block;                             /* symbols are blocks */
    bool symbols, times, lengths, sessions; /* what the trace has */
    char model[96];                         /* of --model */
    uint64_t token_bytes;                   /* KV cache of a token in it */
    uint64_t weight_bytes;                  /* of its weights; 0: not known */
    lta_report_table summary;               /* last row: the whole trace */
} lta_report_page;

/* Each makes one section of the page. */
typedef lta_status lta_report_section(lta_report_page *p);
lta_report_section lta_report_totals, lta_report_hit_curves, lta_report_reuse, lta_report_lengths,
    lta_report_think_time, lta_report_load, lta_report_sharing, lta_report_trie, lta_report_prefixes,
    lta_report_prompt_cache;

/* The last row of `summary`, and one value of it. */
uint64_t lta_report_total(const lta_report_page *p, const char *column);
/* In place of a figure: why it is left out. */
void lta_report_absent(lta_report_page *p, const char *reason);
/* The reasons that several figures have. */
extern const char lta_no_symbols[], lta_no_times[], lta_no_sessions[], lta_no_lengths[];

#endif
