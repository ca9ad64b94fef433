/* pipeline/cli/cmd_verify.c - lta verify. */
#include "pipeline/cli/cli.h"
#include "pipeline/verify/verify.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const lta_option_group *const groups[] = {&lta_json_group, NULL};

/* {"error":null,"files":[{"file":..,"result":"ok"},..],"ok":true} of the lines "FILE: result". */
static lta_status print_json(FILE *out, char *lines, lta_status found)
{
    json_t *files = json_array();
    for (char *line = lines, *end; *line; line = end + 1) {
        end = line + strcspn(line, "\n");
        bool last = !*end;
        *end = '\0';
        char *colon = NULL;
        for (char *p = strstr(line, ": "); p; p = strstr(p + 1, ": "))
            colon = p;
        if (colon)
            json_array_append_new(
                files, json_pack("{s:s%, s:s}", "file", line, (size_t)(colon - line), "result", colon + 2));
        if (last)
            break;
    }
    json_t *all = json_pack("{s:b, s:o, s:s?}", "ok", found == LTA_OK, "files", files, "error",
                            found == LTA_OK ? NULL : lta_error_detail());
    if (!all)
        return lta_fail(LTA_ERR_RUN,
                        "what was found cannot be said in JSON: a name is no UTF-8, or memory has run out");
    json_dumpf(all, out, JSON_COMPACT | JSON_SORT_KEYS);
    fputc('\n', out);
    json_decref(all);
    return found;
}

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    bool json = false;
    void *targets[] = {&json};
    char *lines = NULL;
    size_t length;
    lta_status st = lta_cli_parse(cli, argc, argv, targets, 1, -1);
    if (st != LTA_OK || cli->help_shown)
        return st;
    FILE *out = json ? open_memstream(&lines, &length) : cli->out;
    if (!out)
        return lta_fail(LTA_ERR_NOMEM, "memory has run out over the list of files");
    for (int i = 0; i < cli->n_operands && st == LTA_OK; i++)
        st = lta_verify(&cli->run, cli->operands[i], out);
    if (json) {
        bool whole = fclose(out) == 0;
        st = whole ? print_json(cli->out, lines, st)
                   : lta_fail(LTA_ERR_NOMEM, "memory has run out over the list of files");
        free(lines); /* open_memstream()'s */
    }
    return st;
}

const lta_command lta_command_verify = {
    .name = "verify",
    .operands = "STORE|RELEASE|FILE.h5...",
    .summary = "check digests, structure and invariants of stores, releases and files",
    .description =
        "Checks of each file its digest, its structure and what must hold between its columns; of a "
        "store, that its files were made from each other and agree, and that each stage, run again with "
        "the options that its file records, gives every value that stands there, which takes as long as "
        "making them did; of a release, every file that its SHA256SUMS lists, that there is no other, "
        "and, where sequences are published, the hits of a cache that is run over them. Prints a line for "
        "each file that passed. The first problem of a store or a file ends it with exit code 3; of a "
        "release every file that is bad or absent is named first.",
    .example = "  lta verify mooncake.store\n  lta verify release-1.0\n",
    .groups = groups,
    .common = LTA_DEVICE | LTA_THREADS | LTA_MEMORY,
    .see = "info diff release",
    .run = run,
};
