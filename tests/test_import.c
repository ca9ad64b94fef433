/* tests/test_import.c - the readers: every quirk of the formats in a made-up file that shows it. */
#include "tests/import_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- Mooncake ---- */

static void mooncake_columns(void **state)
{
    import_case *c = *state;
    lta_trace t;
    c->options.block_tokens = 512;
    case_import_one(c, "three.jsonl", MOONCAKE, &t);
    assert_string_equal(t.name, "three");
    assert_int_equal(t.n, 3);
    assert_int_equal(t.unit, LTA_UNIT_BLOCK);
    assert_int_equal(t.block_tokens, 512);
    assert_int_equal(t.arrival_us[2], 2999000);
    assert_int_equal(t.input_tokens[2], 1600);
    assert_int_equal(t.output_tokens[0], 12);
    assert_symbols(&t, 1, "0 2 3");
    assert_symbols(&t, 2, "0 2 4 5");
    assert_true(!t.session && !t.turn && !t.kind && !t.model && !t.source_time && !t.source_session);
    assert_string_equal(lta_strings_get(&t.sources.dataset, 0), "mooncake");
    assert_string_equal(lta_strings_get(&t.sources.licence, 0), ""); /* a user's own file */
    assert_string_equal(lta_strings_get(&t.sources.time_origin, 0), "");
    assert_true(case_logged(c, "first line is that of format mooncake"));
    assert_true(case_logged(c, "an id for every started block"));
    lta_trace_free(&t);
}

/* Times come in ticks, and the published trace has one row twice: file order decides, and both are kept. */
static void rows_that_repeat(void **state)
{
    import_case *c = *state;
    lta_trace t;
    c->options.block_tokens = 512;
    case_import_one(c, "x.jsonl", MOONCAKE_2 "\n" MOONCAKE_1 "\n" MOONCAKE_1 "\n" MOONCAKE_3 "\n", &t);
    assert_int_equal(t.n, 4);
    assert_symbols(&t, 0, "0 2 3");
    assert_symbols(&t, 1, "0 1");
    assert_symbols(&t, 2, "0 1");
    assert_int_equal(t.arrival_us[2], 0);
    assert_int_equal(t.source_row[2], 2);
    lta_trace_free(&t);
}

static void line_ends_and_file_ends(void **state)
{
    import_case *c = *state;
    static const char *const same[] = {
        MOONCAKE_1 "\n" MOONCAKE_2,                     /* no last newline */
        MOONCAKE_1 "\r\n" MOONCAKE_2 "\r\n",            /* CRLF */
        MOONCAKE_1 "\n" MOONCAKE_2 "\n\n\r\n\n",        /* empty lines at the end */
        "\xef\xbb\xbf" MOONCAKE_1 "\n" MOONCAKE_2 "\n", /* byte order mark */
        " \t" MOONCAKE_1 " \n" MOONCAKE_2 "\t\r\n",
    };
    lta_trace t;
    c->options.block_tokens = 512;
    for (size_t i = 0; i < COUNT(same); i++) {
        case_import_one(c, "x.jsonl", same[i], &t);
        assert_int_equal(t.n, 2);
        assert_int_equal(t.sources.rows[0], 2);
        assert_symbols(&t, 1, "0 2 3");
        lta_trace_free(&t);
    }
    case_refuse(c, "x.jsonl", MOONCAKE_1 "\n\n" MOONCAKE_2 "\n",
                "x.jsonl:2: is empty, expected a JSON object");
}

static void files_that_are_no_data(void **state)
{
    import_case *c = *state;
    static const char pointer[] =
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 52283111\n";
    case_refuse(c, "a.csv", pointer, "a.csv:1: is a Git LFS pointer to an object of 52283111 bytes");
    case_refuse(c, "a.jsonl", "<!DOCTYPE html>\n<html>", "web page");
    case_refuse(c, "a.jsonl", "<HTML><head>", "web page");
    case_refuse(c, "a.jsonl", "", "is empty");
    case_refuse(c, "a.jsonl", "\n\r\n\n", "is empty");
    case_refuse(c, "a.jsonl", "\xef\xbb\xbf", "is empty");
    case_refuse(c, "a.jsonl", "hello", "a.jsonl:1: \"hello\" is the beginning of no known format");
    case_refuse(c, "a.jsonl",
                "{\"chat_id\": 1, \"parent_chat_id\": -1, \"timestamp\": 0, \"input_length\": 1, "
                "\"output_length\": 1, "
                "\"hash_ids\": [1]}",
                "no known format"); /* Qwen-Bailian */
    const char *const absent[] = {"nothing.jsonl", NULL}, *const folder[] = {"", NULL};
    lta_trace t;
    assert_int_equal(case_import(c, &t, absent), LTA_ERR_INPUT);
    assert_int_equal(case_import(c, &t, folder), LTA_ERR_INPUT);
    assert_non_null(strstr(lta_error_detail(), "is a directory"));
    c->options.format = "parquet";
    assert_int_equal(case_import(c, &t, absent), LTA_ERR_USAGE);
}

static void keys_in_any_order_and_unknown_ones(void **state)
{
    import_case *c = *state;
    lta_trace t;
    c->options.block_tokens = 16;
    c->options.format = "mooncake";
    case_import_one(
        c, "x.jsonl",
        "{\"hash_ids\":[7],\"session_id\":\"s\",\"x\":{\"y\":[1,{\"z\":null}]},\"output_length\":0,"
        "\"input_length\":9,\"time\\u0073tamp\":1.5}\n"
        "{\"x\":[],\"hash_ids\":[],\"output_length\":3,\"input_length\":0,\"timestamp\":2e0}\n",
        &t);
    assert_int_equal(t.arrival_us[0], 0);
    assert_int_equal(t.arrival_us[1], 500);
    assert_int_equal(t.sources.time_shift_us[0], -1500);
    assert_int_equal(t.sequences.full_length[1], 0);
    assert_true(case_logged(c, "x.jsonl:1: key \"session_id\" is not used"));
    assert_true(case_logged(c, "x.jsonl:1: key \"x\" is not used"));
    assert_false(case_logged(c, "x.jsonl:2: key"));
    lta_trace_free(&t);
    case_refuse(c, "x.jsonl", "{\"timestamp\":0,\"input_length\":1,\"output_length\":1}",
                "key \"hash_ids\" is missing");
    case_refuse(c, "x.jsonl", "{\"timestamp\":0,\"timestamp\":0}", "key \"timestamp\" occurs twice");
}

static void bad_rows_name_their_line(void **state)
{
    import_case *c = *state;
    static const struct {
        const char *row, *part;
    } bad[] = {
        {"[]", ":2: found '[' at byte 1, expected an object"},
        {"{\"timestamp\": -1}", "timestamp is -1"},
        {"{\"timestamp\": \"0\"}", "timestamp: found '\"' at byte 15, expected a number"},
        {"{\"timestamp\": 1e40}", "timestamp is 1e40"},
        {"{\"input_length\": -5}", "input_length: found '-' at byte 18, expected an integer"},
        {"{\"input_length\": 5.0}", "input_length: found '.'"},
        {"{\"input_length\": 4294967295}", "input_length is 4294967295, expected at most 4294967294"},
        {"{\"input_length\": 99999999999999999999999}", "input_length is 99999999999999999999999"},
        {"{\"output_length\": null}", "output_length: found 'n'"},
        {"{\"hash_ids\": 5}", "hash_ids: found '5' at byte 14, expected an array"},
        {"{\"hash_ids\": [1, 2", "hash_ids: ends at byte 18, expected a comma or ]"},
        {"{\"hash_ids\": [18446744073709551616]}", "hash_ids is 18446744073709551616"},
        {"{\"hash_ids\": [1, -1]}", "expected an integer"},
        {"{\"hash_ids\": {\"a\": [1]}}", "expected an array"},
        {MOONCAKE_2 "}", "expected the end of the line"},
        {MOONCAKE_2 " " MOONCAKE_3, "expected the end of the line"},
        {"{\"timestamp\": 0, \"input_length\": 1300, \"output_length\": 5, \"hash_ids\": [0, 2, 3, 4, 5]}",
         ":2: 5 ids, but 1300 tokens make 3 blocks of 512"},
        {"{\"timestamp\": 0, \"input_length\": 1300, \"output_length\": 5, \"hash_ids\": [0, 2]}",
         "is ids for full blocks only, expected an id for every started block as in line 1"},
    };
    char text[1024];
    c->options.block_tokens = 512;
    for (size_t i = 0; i < COUNT(bad); i++) {
        snprintf(text, sizeof text, "%s\n%s\n%s\n", MOONCAKE_1, bad[i].row, MOONCAKE_3);
        case_refuse(c, "x.jsonl", text, bad[i].part);
        assert_non_null(strstr(lta_error_detail(), "x.jsonl:2: "));
    }
    case_refuse(c, "x.jsonl", MOONCAKE_3 "\n" MOONCAKE_1 "\n", "x.jsonl:2: time falls by 2999000 us");
    snprintf(text, sizeof text, "%s\n{\"timestamp\"Z: 0}\n", MOONCAKE_1);
    *strchr(text, 'Z') = '\0';
    case_refuse_bytes(c, "x.jsonl", text, strlen(MOONCAKE_1) + 20, LTA_ERR_FORMAT, "found byte 0x00");
}

static void bad_rows_are_dropped_and_counted(void **state)
{
    import_case *c = *state;
    lta_trace t;
    c->options.format = "mooncake";
    c->options.block_tokens = 512;
    c->run.skip_bad_rows = true;
    case_import_one(c, "x.jsonl",
                    "nonsense\n" MOONCAKE_1 "\n\n{\"timestamp\": 1}\n{]\n" MOONCAKE_3 "\n" MOONCAKE_2
                    "\n" MOONCAKE_3 "\n",
                    &t);
    assert_int_equal(t.n, 3);
    assert_int_equal(t.sources.rows[0], 8);
    static const uint64_t rows[] = {1, 5, 7};
    assert_memory_equal(t.source_row, rows, sizeof rows);
    static const struct {
        const char *reason;
        uint64_t count;
    } want[] = {{"malformed JSON", 2}, {"empty line", 1}, {"missing key", 1}, {"time falls", 1}};
    assert_int_equal(t.skipped.n, COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++) {
        assert_string_equal(lta_strings_get(&t.skipped.reason, i), want[i].reason);
        assert_int_equal(t.skipped.count[i], want[i].count);
        assert_int_equal(t.skipped.source[i], 0);
    }
    assert_true(case_logged(c, "2 rows dropped: malformed JSON"));
    lta_trace_free(&t);
    case_refuse(c, "x.jsonl",
                "{\"timestamp\": 1}\n{\"timestamp\": 1, \"input_length\": 1, \"hash_ids\": []}\n",
                "no usable row (2 dropped)");
}

/* A file of another format is told by its first row, not by what follows from its having none. */
static void files_without_a_usable_row(void **state)
{
    import_case *c = *state;
    c->options.format = "mooncake";
    case_refuse(c, "x.jsonl", "hello\n", "x.jsonl:1: found 'h' at byte 1, expected an object");
    case_refuse(c, "x.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,1,2\n",
                "x.csv:1: found 'T' at byte 1, expected an object");
    case_refuse(c, "x.jsonl", MOONCAKE_1 "\n\n",
                "x.jsonl: block sizes from"); /* empty lines at the end are none */
    case_refuse(c, "x.jsonl", marconi_text, "x.jsonl:1: key \"timestamp\" is missing");
    c->run.skip_bad_rows = true;
    case_refuse(c, "x.jsonl", "hello\n\n{}\n",
                "x.jsonl: has no usable row (3 dropped), expected at least one");
    case_refuse(c, "x.jsonl", marconi_text, "x.jsonl: has no usable row (3 dropped)");
    assert_false(case_logged(c, "is not used")); /* keys of another format are no news */
}

static void detection_needs_a_good_first_line(void **state)
{
    import_case *c = *state;
    c->run.skip_bad_rows = true;
    case_refuse(c, "x.jsonl", "nonsense\n" MOONCAKE_1 "\n", "--format");
}

static void block_size_is_known_given_or_inferred(void **state)
{
    import_case *c = *state;
    lta_trace t;
    case_refuse(c, "x.jsonl", MOONCAKE, "block sizes from 326 to 533 tokens fit this file");
    case_import_one(c, "conversation_trace.jsonl", MOONCAKE,
                    &t); /* by the published name, whatever else is in it */
    assert_int_equal(t.block_tokens, 512);
    assert_string_equal(lta_strings_get(&t.kinds, t.kind[0]), "conversation");
    assert_string_equal(lta_strings_get(&t.sources.licence, 0), "Apache-2.0");
    assert_true(case_logged(c, "has 3 rows, the published file of this name has 12031"));
    lta_trace_free(&t);
    static const char sixteen[] = "{\"timestamp\": 0, \"input_length\": 160, \"output_length\": 1, "
                                  "\"hash_ids\": [1,2,3,4,5,6,7,8,9,10]}\n"
                                  "{\"timestamp\": 0, \"input_length\": 161, \"output_length\": 1, "
                                  "\"hash_ids\": [1,2,3,4,5,6,7,8,9,10,11]}\n";
    case_import_one(c, "x.jsonl", sixteen, &t);
    assert_int_equal(t.block_tokens, 16);
    assert_true(case_logged(c, "blocks of 16 tokens, an id for every started block"));
    lta_trace_free(&t);
    case_refuse(c, "toolagent_trace.jsonl", sixteen, "10 ids, but 160 tokens make 1 blocks of 512");
    case_refuse(c, "x.jsonl",
                "{\"timestamp\": 0, \"input_length\": 10, \"output_length\": 1, \"hash_ids\": "
                "[1,2,3,4,5,6,7,8,9,10]}\n"
                "{\"timestamp\": 0, \"input_length\": 10, \"output_length\": 1, \"hash_ids\": [1]}\n",
                "x.jsonl:2: no block size fits");
    static const char full_only[] = "{\"timestamp\": 0, \"input_length\": 160, \"output_length\": 1, "
                                    "\"hash_ids\": [1,2,3,4,5,6,7,8,9,10]}\n"
                                    "{\"timestamp\": 0, \"input_length\": 159, \"output_length\": 1, "
                                    "\"hash_ids\": [1,2,3,4,5,6,7,8,9]}\n";
    case_import_one(c, "x.jsonl", full_only, &t);
    assert_int_equal(t.block_tokens, 16);
    assert_true(case_logged(c, "blocks of 16 tokens, ids for full blocks only"));
    lta_trace_free(&t);
}

static void partial_last_blocks_can_be_dropped(void **state)
{
    import_case *c = *state;
    lta_trace t;
    c->options.drop_tail = true;
    c->options.block_tokens = 512;
    case_import_one(
        c, "x.jsonl",
        MOONCAKE_1
        "\n{\"timestamp\": 0, \"input_length\": 1024, \"output_length\": 5, \"hash_ids\": [0, 2]}\n",
        &t);
    assert_symbols(&t, 0, "0");
    assert_symbols(&t, 1, "0 2");
    assert_int_equal(t.input_tokens[0], 700);
    lta_trace_free(&t);
    c->options.block_tokens = 16; /* only full blocks have ids: nothing is partial */
    case_import_one(c, "x.jsonl",
                    "{\"timestamp\": 0, \"input_length\": 40, \"output_length\": 1, \"hash_ids\": [1,2]}\n",
                    &t);
    assert_symbols(&t, 0, "1 2");
    lta_trace_free(&t);
}

/* ---- Marconi ---- */
static void marconi_columns(void **state)
{
    import_case *c = *state;
    lta_trace t;
    case_import_one(c, "lmsys_sps=0.5_nums=2.jsonl", marconi_text, &t);
    static const uint32_t sessions[] = {0, 1, 0}, turns[] = {0, 0, 1};
    static const int64_t arrivals[] = {0, 2000000, 5333333};
    assert_int_equal(t.n, 3);
    assert_int_equal(t.unit, LTA_UNIT_TOKEN);
    assert_int_equal(t.block_tokens, 1);
    assert_int_equal(t.n_sessions, 2);
    assert_memory_equal(t.session, sessions, sizeof sessions);
    assert_memory_equal(t.turn, turns, sizeof turns);
    assert_memory_equal(t.arrival_us, arrivals, sizeof arrivals);
    assert_true(t.source_time[2] == 5.333333333333333);
    assert_string_equal(lta_strings_get(&t.kinds, t.kind[2]), "lmsys");
    assert_string_equal(lta_strings_get(&t.source_sessions, t.source_session[1]), "1");
    assert_symbols(&t, 0, "1 8853 12154 1115 376 77|1 8853 12154 1115 90");
    assert_symbols(&t, 2, "1 8853 12154 1115 376 77 1 8853 12154 1115 90 1 8853 12154 12|1 8853 44");
    /* request 2 begins with all of request 0: one copy and four and three new symbols */
    assert_int_equal(t.sequences.offset[3] - t.sequences.offset[2], 2);
    assert_int_equal(t.sequences.n_symbols, 11 + 5 + 7);
    assert_false(case_logged(c, "another edition"));
    lta_trace_free(&t);
    case_import_one(c, "swebench_sps=1_art=7.5_nums=100.jsonl", marconi_text, &t);
    assert_string_equal(lta_strings_get(&t.kinds, t.kind[0]), "swebench");
    assert_non_null(strstr(lta_strings_get(&t.sources.licence, 0), "do not redistribute"));
    assert_true(case_logged(c, "has 2 sessions, its name says 100"));
    lta_trace_free(&t);
    static const char *const other_names[] = {"lmsys.jsonl", "lmsys_sps=_nums=1.jsonl",
                                              "lmsys_sps=1_nums=.jsonl", "lmsys_sps=1_nums=2.json",
                                              "_sps=1_nums=2.jsonl"};
    for (size_t i = 0; i < COUNT(other_names); i++) {
        case_import_one(c, other_names[i], marconi_text, &t);
        assert_null(t.kind);
        lta_trace_free(&t);
    }
}

static void marconi_rows_are_checked(void **state)
{
    import_case *c = *state;
    static const char form[] = "{\"session_id\": %s, \"turn_id\": %s, \"ts\": %s, \"num_input_tokens\": %s, "
                               "\"num_output_tokens\": 1, \"output_tokens\": [5], \"input_tokens\": [%s]}\n";
    static const struct {
        const char *session, *turn, *ts, *count, *tokens, *part;
    } bad[] = {
        {"0", "0", "0", "2", "1", "num_input_tokens is 2, but input_tokens holds 1"},
        {"-1", "0", "0", "1", "1", "session_id: found '-'"},
        {"1.5", "0", "0", "1", "1", "session_id: found '.'"},
        {"0", "4294967295", "0", "1", "1", "turn_id is 4294967295"},
        {"0", "0", "-0.5", "1", "1", "ts is -0.5"},
        {"0", "0", "1e999", "1", "1", "ts is 1e999, expected a finite number"},
        {"0", "0", "1e300", "1", "1", "expected seconds from 0"},
        {"0", "0", "NaN", "1", "1", "ts: found 'N'"},
        {"0", "0", "null", "1", "1", "ts: found 'n'"},
        {"0", "0", "0", "1", "1.5", "input_tokens: found '.'"},
    };
    char text[512];
    c->options.format = "marconi";
    for (size_t i = 0; i < COUNT(bad); i++) {
        snprintf(text, sizeof text, form, bad[i].session, bad[i].turn, bad[i].ts, bad[i].count,
                 bad[i].tokens);
        case_refuse(c, "x.jsonl", text, bad[i].part);
        assert_non_null(strstr(lta_error_detail(), "x.jsonl:1: "));
    }
    lta_trace t;
    static const struct {
        const char *ts;
        int64_t us;
    } times[] = {{"0.0000005", 0}, {"0.0000015", 2}, {"0.0000025", 2},
                 {"-0.0", 0},      {"1e-320", 0},    {"2199023255552", 2199023255552000000}};
    for (size_t i = 0; i < COUNT(times); i++) {
        snprintf(text, sizeof text, form, "18446744073709551615", "0", times[i].ts, "1", "4294967296");
        case_import_one(c, "x.jsonl", text, &t);
        assert_int_equal(t.arrival_us[0], 0);
        assert_int_equal(t.sources.time_shift_us[0], -times[i].us);
        assert_symbols(&t, 0, "4294967296|5");
        assert_string_equal(lta_strings_get(&t.source_sessions, 0), "18446744073709551615");
        lta_trace_free(&t);
    }
}

/* ---- Azure ---- */

static void azure_columns(void **state)
{
    import_case *c = *state;
    lta_trace t;
    case_import_one(
        c, "AzureLLMInferenceTrace_code.csv",
        "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.1234560,4808,10\r\n2023-11-16 "
        "18:17:03.1234570,0,0",
        &t);
    assert_int_equal(t.n, 2);
    assert_int_equal(t.unit, LTA_UNIT_NONE);
    assert_int_equal(t.block_tokens, 0);
    assert_int_equal(t.arrival_us[1], 1);
    assert_int_equal(t.input_tokens[0], 4808);
    assert_int_equal(t.sources.time_shift_us[0], -1700158623123456);
    assert_string_equal(lta_strings_get(&t.sources.time_origin, 0), "1970-01-01T00:00:00Z");
    assert_string_equal(lta_strings_get(&t.kinds, t.kind[0]), "code");
    assert_true(!t.session && !t.sequences.offset && t.sequences.n == 0);
    assert_true(case_logged(c, "name no zone and are taken as UTC"));
    assert_true(case_logged(c, "has 2 rows, the published file of this name has 8819"));
    lta_trace_free(&t);
    /* the week of 2024: two shapes in one file; the multimodal one: another column, T and Z */
    case_import_one(
        c, "x.csv",
        "GeneratedTokens,TIMESTAMP,NumImages,ContextTokens,\n3,2024-05-12 "
        "00:00:00+00:00,0,584\n38,2024-05-12 00:00:00.000001+00:00,1,862,\n7,2024-05-12T00:00:00.269Z,2,1\n",
        &t);
    assert_int_equal(t.n, 3);
    assert_int_equal(t.arrival_us[2], 269000);
    assert_int_equal(t.input_tokens[1], 862);
    assert_int_equal(t.output_tokens[1], 38);
    assert_true(case_logged(c, "x.csv:1: column \"NumImages\" is not used"));
    assert_null(t.kind);
    lta_trace_free(&t);
}

static void azure_rows_are_checked(void **state)
{
    import_case *c = *state;
#define HEADER "TIMESTAMP,ContextTokens,GeneratedTokens\n"
    c->options.format = "azure";
    case_refuse(c, "x.csv", "TIMESTAMP,ContextTokens\n",
                "x.csv:1: the header \"TIMESTAMP,ContextTokens\" has no column GeneratedTokens");
    case_refuse(c, "x.csv", "TIMESTAMP,TIMESTAMP,ContextTokens,GeneratedTokens\n",
                "more than one column TIMESTAMP");
    case_refuse(c, "x.csv", HEADER, "no usable row");
    case_refuse(c, "x.csv", HEADER "2023-11-16 18:17:03,1\n", "x.csv:2: 2 fields, expected 3");
    case_refuse(c, "x.csv", HEADER "2023-11-16 18:17:03,1,2,3\n", "x.csv:2: 4 fields, expected 3");
    case_refuse(c, "x.csv", HEADER "2023-11-16 18:17:03,1,\n",
                "GeneratedTokens is \"\", expected an integer");
    case_refuse(c, "x.csv", HEADER "2023-11-16 18:17:03,-1,1\n", "ContextTokens is \"-1\"");
    case_refuse(c, "x.csv", HEADER "2023-11-16 18:17:03,1.0,1\n", "ContextTokens is \"1.0\"");
    case_refuse(c, "x.csv", HEADER "2023-11-16 18:17:03,4294967295,1\n",
                "ContextTokens is 4294967295, expected at most");
    case_refuse(c, "x.csv", HEADER "2023-11-16,1,1\n", "TIMESTAMP is \"2023-11-16\", expected YYYY-MM-DD");
    case_refuse(c, "x.csv", HEADER "2023-11-16 18:17:03,1,1\n2023-11-16 18:17:02,1,1\n",
                "x.csv:3: time falls by 1000000 us");
    case_refuse(c, "x.csv", HEADER "\"2023-11-16 18:17:03,1,1\n", "x.csv:2: field 1 has no closing quote");
    case_refuse_bytes(c, "x.csv", HEADER "2023-11-16 18:17:03,1\0,1\n", strlen(HEADER) + 24, LTA_ERR_FORMAT,
                      "followed by");
    lta_trace t;
    c->run.skip_bad_rows = true;
    case_import_one(
        c, "x.csv",
        HEADER
        "\"2023-11-16 18:17:03,1,1\n2023-11-16 18:17:03,1,1\n2023,1,1\n\n\"2023-11-16 18:17:03\",\"2\",3\n",
        &t);
    assert_int_equal(t.n, 2);
    assert_int_equal(t.sources.rows[0], 5);
    assert_int_equal(t.skipped.n, 3);
    lta_trace_free(&t);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, import_case_setup, import_case_teardown)
    const struct CMUnitTest tests[] = {
        TEST(mooncake_columns),
        TEST(rows_that_repeat),
        TEST(line_ends_and_file_ends),
        TEST(files_that_are_no_data),
        TEST(keys_in_any_order_and_unknown_ones),
        TEST(bad_rows_name_their_line),
        TEST(bad_rows_are_dropped_and_counted),
        TEST(files_without_a_usable_row),
        TEST(detection_needs_a_good_first_line),
        TEST(block_size_is_known_given_or_inferred),
        TEST(partial_last_blocks_can_be_dropped),
        TEST(marconi_columns),
        TEST(marconi_rows_are_checked),
        TEST(azure_columns),
        TEST(azure_rows_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
