/* tests/test_import_ragpulse.c - RAGPulse: parts of a sequence, chunks of unequal lengths, times that fall.
 */
#include "tests/import_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void ragpulse_columns(void **state)
{
    import_case *c = *state;
    lta_trace t;
    case_import_one(c, "x.jsonl", ragpulse_text, &t);
    assert_int_equal(t.n, 3);
    assert_int_equal(t.unit, LTA_UNIT_BLOCK);
    assert_int_equal(t.block_tokens, 0); /* chunks have unequal lengths */
    static const uint64_t rows[] = {0, 2, 1};
    static const int64_t arrivals[] = {0, 33000000, 66000000};
    static const uint32_t sessions[] = {0, 0, 1}, turns[] = {0, 1, 0};
    assert_memory_equal(t.source_row, rows, sizeof rows);
    assert_memory_equal(t.arrival_us, arrivals, sizeof arrivals);
    assert_memory_equal(t.session, sessions, sizeof sessions);
    assert_memory_equal(t.turn, turns, sizeof turns);
    assert_string_equal(lta_strings_get(&t.source_sessions, t.source_session[2]), "1757000000001-def");
    /* sys_prompt, passages_ids, history, web_search, user_input, in whatever order the file has them */
    assert_symbols(&t, 0, "8302 11 12 15200 26923");
    assert_symbols(&t, 2, "8302 12 20110 26922");
    assert_int_equal(t.output_tokens[1], 0);
    assert_string_equal(lta_strings_get(&t.sources.licence, 0), "");
    assert_true(!t.kind && !t.model);
    assert_true(case_logged(c, "first line is that of format ragpulse"));
    assert_true(case_logged(
        c, "by convention a sequence is sys_prompt, passages_ids, history, web_search, user_input"));
    assert_true(case_logged(c, "time before that of the row before: 1"));
    lta_trace_free(&t);
    case_import_one(c, "0_trace.jsonl", ragpulse_text, &t);
    assert_string_equal(lta_strings_get(&t.sources.licence, 0), "MIT");
    assert_true(case_logged(c, "has 3 rows, the published file of this name has 7106"));
    lta_trace_free(&t);
}

static void ragpulse_dictionaries_are_no_traces(void **state)
{
    import_case *c = *state;
    static const char *const ids[] = {"sys_prompt_id", "passage_id", "history_id", "user_input_id",
                                      "web_search_id"};
    char text[100];
    for (int given = 0; given < 2; given++)
        for (size_t i = 0; i < COUNT(ids); i++) {
            c->options.format = given ? "ragpulse" : "auto";
            snprintf(text, sizeof text, "{\"%s\": 0, \"token_length\": 512}\n\n", ids[i]);
            case_refuse(c, "x.jsonl", text,
                        "x.jsonl:1: is a dictionary of RAGPulse's chunk lengths, expected its requests");
        }
}

static void ragpulse_rows_are_checked(void **state)
{
    import_case *c = *state;
    static const struct {
        const char *row, *part;
    } bad[] = {
        {"{\"timestamp\": 27}", "timestamp: found '2' at byte 15, expected a string"},
        {"{\"timestamp\": \"-1\"}", "timestamp is \"-1\", expected seconds"},
        {"{\"timestamp\": \"\"}", "timestamp is \"\""},
        {"{\"timestamp\": \"27 \"}", "timestamp is \"27 \""},
        {"{\"hash_ids\": [1]}", "hash_ids: found '[' at byte 14, expected an object"},
        {"{\"hash_ids\": {\"sys\": [1]}}", "hash_ids has a part \"sys\", expected sys_prompt, passages_ids"},
        {"{\"hash_ids\": {\"history\": 1}}", "history: found '1'"},
        {"{\"hash_ids\": {\"history\": [], \"history\": []}}", "key \"history\" occurs twice"},
        {"{\"hash_ids\": {\"sys_prompt\": [], \"passages_ids\": [], \"history\": [], \"user_input\": []}}",
         "key \"web_search\" is missing in hash_ids"},
        {"{\"timestamp\": \"27\", \"input_length\": 1, \"output_length\": 1, \"hash_ids\": {\"sys_prompt\": "
         "[1, 2], "
         "\"passages_ids\": [], \"history\": [], \"web_search\": [], \"user_input\": []}, \"session_id\": "
         "\"a\"}",
         "2 chunk ids for 1 input tokens"},
        {"{\"session_id\": 5}", "session_id: found '5'"},
        {"{\"timestamp\": \"27\"}", "key \"input_length\" is missing"},
        {"", "is empty, expected a JSON object"},
    };
    char text[1024];
    c->options.format = "ragpulse";
    for (size_t i = 0; i < COUNT(bad); i++) {
        snprintf(text, sizeof text, "%.*s\n%s\n%s", (int)(strchr(ragpulse_text, '\n') - ragpulse_text),
                 ragpulse_text, bad[i].row, ragpulse_text);
        case_refuse(c, "x.jsonl", text, bad[i].part);
        assert_non_null(strstr(lta_error_detail(), "x.jsonl:2: "));
    }
}

static void chunks_have_no_one_length(void **state)
{
    import_case *c = *state;
    const char *const two[] = {"x.jsonl", "conversation_trace.jsonl", NULL};
    lta_trace t;
    case_write(c, "x.jsonl", ragpulse_text);
    case_write(c, "conversation_trace.jsonl", MOONCAKE);
    assert_int_equal(case_import(c, &t, two), LTA_ERR_USAGE);
    assert_non_null(strstr(lta_error_detail(), "blocks of unequal lengths: such traces do not merge"));
    c->options.drop_tail = true;
    case_refuse_bytes(c, "x.jsonl", ragpulse_text, strlen(ragpulse_text), LTA_ERR_USAGE,
                      "has no blocks of one length");
    c->options.drop_tail = false;
    c->options.block_tokens = 512;
    case_refuse_bytes(c, "x.jsonl", ragpulse_text, strlen(ragpulse_text), LTA_ERR_USAGE,
                      "has no blocks of one length");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, import_case_setup, import_case_teardown)
    const struct CMUnitTest tests[] = {
        TEST(ragpulse_columns),
        TEST(ragpulse_dictionaries_are_no_traces),
        TEST(ragpulse_rows_are_checked),
        TEST(chunks_have_no_one_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
