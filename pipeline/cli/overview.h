/* pipeline/cli/overview.h - what lta info says of a store before it goes into its files. */
#ifndef LTA_CLI_OVERVIEW_H
#define LTA_CLI_OVERVIEW_H

#include "pipeline/core/status.h"

#include <jansson.h>
#include <stdio.h>

/* Of a store whose trace.h5 is there: {"name":..,"unit":..,"block_tokens":..,"requests":..,"sources":..,
 * "sessions":.. or null,"span_us":.. or null,"curves":{"scopes":[..],"blocks":[..]}}. */
LTA_MUST_CHECK lta_status lta_store_overview(const char *store, json_t **out);

/* The same as aligned lines. files: each file's name and null or an object with its "state". */
void lta_print_overview(FILE *out, const json_t *overview, const char *const *names, const json_t *files);

#endif
