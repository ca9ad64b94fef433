/* tests/import_case.c - files in a folder of their own, and what importing them must do. */
#include "tests/import_case.h"

#include "pipeline/core/array.h"
#include "tests/memory.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

const char marconi_text[] =
    "{\"session_id\": 0, \"turn_id\": 0, \"ts\": 0.0, \"num_input_tokens\": 6, \"num_output_tokens\": 5, "
    "\"input_tokens\": [1, 8853, 12154, 1115, 376, 77], \"output_tokens\": [1, 8853, 12154, 1115, 90]}\n"
    "{\"session_id\": 1, \"turn_id\": 0, \"ts\": 2.0, \"num_input_tokens\": 5, \"num_output_tokens\": 4, "
    "\"input_tokens\": [1, 8853, 12154, 1115, 55], \"output_tokens\": [1, 8853, 12154, 61]}\n"
    "{\"session_id\": 0, \"turn_id\": 1, \"ts\": 5.333333333333333, \"num_input_tokens\": 15, "
    "\"num_output_tokens\": 3, \"input_tokens\": [1, 8853, 12154, 1115, 376, 77, 1, 8853, 12154, 1115, 90, "
    "1, 8853, 12154, 12], \"output_tokens\": [1, 8853, 44]}\n";

const char weka_text[] =
    "{\"id\":\"trace_x\",\"models\":[\"m-1\"],\"block_size\":64,\"hash_id_scope\":\"local\",\"tool_tokens\":"
    "64,"
    "\"system_tokens\":64,\"requests\":["
    "{\"t\":0.0,\"type\":\"n\",\"model\":\"m-1\",\"in\":200,\"out\":9,\"hash_ids\":[1,2,3],\"input_types\":"
    "[\"text\"],\"output_types\":[\"tool_use\"],\"stop\":\"tool_use\",\"api_time\":1.2,\"think_time\":0.0},"
    "{\"t\":5.5,\"type\":\"subagent\",\"agent_id\":\"agent_001\",\"subagent_type\":\"Explore\",\"duration_"
    "ms\":900,"
    "\"total_tokens\":150,\"tool_use_count\":0,\"status\":\"completed\",\"requests\":["
    "{\"t\":0.0,\"type\":\"n\",\"model\":\"m-2\",\"in\":130,\"out\":20,\"hash_ids\":[7,8],\"stop\":\"end_"
    "turn\"},"
    "{\"t\":4.0,\"type\":\"s\",\"model\":\"m-2\",\"in\":192,\"out\":1,\"hash_ids\":[7,8,9],\"ttft\":0.5}],"
    "\"models\":[\"m-2\"],\"tool_tokens\":0,\"system_tokens\":0},"
    "{\"t\":9.0,\"type\":\"s\",\"model\":\"m-1\",\"in\":330,\"out\":0,\"hash_ids\":[1,2,3,4,5],\"input_"
    "types\":"
    "[\"tool_result\"],\"output_types\":[],\"stop\":\"\",\"think_time\":6.6}],\"totals\":{\"subagent_count\":"
    "1}}";

const char ragpulse_text[] =
    "{\"timestamp\": \"27\", \"input_length\": 1500, \"output_length\": 12, \"hash_ids\": {\"sys_prompt\": "
    "[8302], "
    "\"passages_ids\": [11, 12], \"history\": [15200], \"web_search\": [], \"user_input\": [26923]}, "
    "\"session_id\": \"1757000000000-abc\"}\n"
    "{\"timestamp\": \"93\", \"input_length\": 900, \"output_length\": 7, \"hash_ids\": {\"user_input\": "
    "[26922], "
    "\"web_search\": [20110], \"history\": [], \"passages_ids\": [12], \"sys_prompt\": [8302]}, "
    "\"session_id\": \"1757000000001-def\"}\n"
    "{\"timestamp\": \"60\", \"input_length\": 800, \"output_length\": 0, \"hash_ids\": {\"sys_prompt\": "
    "[8302], "
    "\"passages_ids\": [], \"history\": [15201], \"web_search\": [], \"user_input\": [26921]}, "
    "\"session_id\": \"1757000000000-abc\"}\n\n";

static import_case *open_case(void)
{
    import_case *c = test_alloc(1, sizeof *c);
    assert_non_null(c);
    strcpy(c->folder, "/tmp/lta-test-import-XXXXXX");
    assert_non_null(mkdtemp(c->folder));
    c->log_stream = open_memstream(&c->log_text, &c->log_size);
    assert_non_null(c->log_stream);
    lta_log_init(&c->log, c->log_stream, LTA_LOG_INFO, false);
    c->log.terminal = false;
    return c;
}

int import_case_setup(void **state)
{
    import_case *c = open_case();
    c->run = (lta_run){.log = &c->log, .threads = 1};
    c->options = LTA_IMPORT_DEFAULTS;
    *state = c;
    return 0;
}

int import_case_teardown(void **state)
{
    import_case *c = *state;
    char path[512];
    DIR *d = opendir(c->folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", c->folder, e->d_name);
        if (e->d_name[0] != '.')
            remove(path);
    }
    closedir(d);
    assert_int_equal(rmdir(c->folder), 0);
    fclose(c->log_stream);
    free(c->log_text);
    lta_free(c);
    return 0;
}

void case_write_bytes(const import_case *c, const char *file, const char *text, size_t n)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", c->folder, file);
    remove(path); /* some file systems flush a file that replaces another one's content */
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

void case_write(const import_case *c, const char *file, const char *text)
{
    case_write_bytes(c, file, text, strlen(text));
}

/* Imports files of the folder; names are NULL-terminated. */
lta_status case_import(import_case *c, lta_trace *t, const char *const *names)
{
    char path[8][512], *list[8];
    int n = 0;
    for (; names[n]; n++) {
        snprintf(path[n], sizeof path[n], "%s/%s", c->folder, names[n]);
        list[n] = path[n];
    }
    *t = (lta_trace){0};
    return lta_import_to_memory(&c->run, &c->options, n, list, t);
}

void case_import_one(import_case *c, const char *file, const char *text, lta_trace *t)
{
    const char *const names[] = {file, NULL};
    case_write(c, file, text);
    if (case_import(c, t, names) != LTA_OK)
        fail_msg("%s: %s", text, lta_error_detail());
}

/* The import must fail with this status, and the sentence must hold `part`. */
void case_refuse_bytes(import_case *c, const char *file, const char *text, size_t n, lta_status want,
                       const char *part)
{
    const char *const names[] = {file, NULL};
    lta_trace t;
    case_write_bytes(c, file, text, n);
    lta_status st = case_import(c, &t, names);
    if (st == LTA_OK)
        lta_trace_free(&t);
    if (st != want || !strstr(lta_error_detail(), part))
        fail_msg("status %d: %s\nexpected %d: %s\nfor %.200s", st, lta_error_detail(), want, part, text);
}

void case_refuse(import_case *c, const char *file, const char *text, const char *part)
{
    case_refuse_bytes(c, file, text, strlen(text), LTA_ERR_FORMAT, part);
}

bool case_logged(import_case *c, const char *part)
{
    fflush(c->log_stream);
    return c->log_text && strstr(c->log_text, part);
}

void assert_symbols(const lta_trace *t, uint64_t r, const char *want)
{
    char got[256] = "";
    uint64_t symbols[64];
    uint32_t n = t->sequences.full_length[r];
    assert_true(n <= COUNT(symbols));
    assert_int_equal(lta_sequences_decode(&t->sequences, r, 0, n, symbols), LTA_OK);
    for (uint32_t i = 0; i < n; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%llu",
                 i == t->sequences.input_length[r] && i > 0 ? "|"
                 : i > 0                                    ? " "
                                                            : "",
                 (unsigned long long)symbols[i]);
    assert_string_equal(got, want);
}
