/* tests/marconi_files.c - see marconi_files.h. */
#include "tests/marconi_files.h"

#include "pipeline/core/array.h"
#include "tests/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { MAX_SOURCES = 3, PATH_SIZE = 256 };

bool test_marconi_can_say(const test_trace *t)
{
    uint64_t requests[MAX_SOURCES] = {0};
    bool all_have_sessions = t->block_tokens == 0;
    for (uint64_t i = 0; i < t->n; i++) {
        requests[t->request[i].source]++;
        all_have_sessions = all_have_sessions && t->request[i].session != TEST_NO_SESSION;
    }
    for (uint32_t s = 0; s < t->n_sources; s++)
        if (requests[s] == 0)
            return false;
    return all_have_sessions;
}

static void file_path(char *out, const char *folder, uint32_t source)
{
    snprintf(out, PATH_SIZE, "%s/source%u.jsonl", folder, source);
}

static void print_ids(FILE *f, const char *name, const uint64_t *ids, uint32_t n)
{
    fprintf(f, ", \"%s\": [", name);
    for (uint32_t i = 0; i < n; i++)
        fprintf(f, "%s%" PRIu64, i > 0 ? ", " : "", ids[i]);
    fprintf(f, "]");
}

static lta_status write_source(const test_trace *t, uint32_t source, const char *path)
{
    uint32_t *turn = test_alloc(t->n_sessions, sizeof *turn);
    FILE *f = fopen(path, "w");
    for (uint64_t i = 0; f && i < t->n; i++) {
        const test_request *r = &t->request[i];
        if (r->source != source)
            continue;
        fprintf(f,
                "{\"session_id\": %u, \"turn_id\": %u, \"ts\": %.17g, \"num_input_tokens\": %u, "
                "\"num_output_tokens\": %u",
                r->session, turn[r->session]++, (double)r->arrival_us / 1e6, r->input_tokens,
                r->output_tokens);
        print_ids(f, "input_tokens", r->symbols, r->input_length);
        print_ids(f, "output_tokens", r->symbols + r->input_length, r->full_length - r->input_length);
        fprintf(f, "}\n");
    }
    lta_free(turn);
    if (!f || fclose(f) != 0)
        return lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be written", path);
    return LTA_OK;
}

lta_status test_marconi_import(const lta_run *run, const test_trace *t, const char *folder, lta_trace *out)
{
    char path[MAX_SOURCES][PATH_SIZE], *files[MAX_SOURCES];
    lta_import_options options = LTA_IMPORT_DEFAULTS;
    options.format = "marconi";
    options.timeline = LTA_TIMELINE_OVERLAY;
    for (uint32_t s = 0; s < t->n_sources; s++) {
        file_path(path[s], folder, s);
        files[s] = path[s];
        lta_status st = write_source(t, s, path[s]);
        if (st != LTA_OK)
            return st;
    }
    return lta_import_to_memory(run, &options, (int)t->n_sources, files, out);
}

void test_marconi_remove(const char *folder)
{
    char path[PATH_SIZE];
    for (uint32_t s = 0; s < MAX_SOURCES; s++) {
        file_path(path, folder, s);
        unlink(path);
    }
    rmdir(folder);
}
