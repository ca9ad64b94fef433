/* tests/test_import_weka.c - WEKA conversations: sub-agents, times, sessions, blocks, damage. */
#include "pipeline/core/array.h"
#include "tests/import_case.h"
#include "tests/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* A conversation "c" of 16-token blocks with these requests. */
#define CONVERSATION(requests) "{\"id\":\"c\",\"block_size\":16,\"requests\":[" requests "]}"
#define REQUEST(t, in, ids)                                                                                  \
    "{\"t\":" t ",\"type\":\"n\",\"model\":\"m\",\"in\":" in ",\"out\":1,\"hash_ids\":" ids "}"
#define AGENT(t, id, requests)                                                                               \
    "{\"t\":" t ",\"type\":\"subagent\",\"agent_id\":\"" id "\",\"requests\":[" requests "]}"

static const char *session_of(const lta_trace *t, uint64_t r)
{
    return lta_strings_get(&t->source_sessions, t->source_session[r]);
}

static void columns(void **state)
{
    import_case *c = *state;
    lta_trace t;
    case_import_one(c, "x.json", weka_text, &t);
    assert_int_equal(t.n, 4);
    assert_int_equal(t.unit, LTA_UNIT_BLOCK);
    assert_int_equal(t.block_tokens, 64);
    assert_int_equal(t.sources.rows[0], 4);
    assert_string_equal(lta_strings_get(&t.sources.dataset, 0), "weka");
    assert_string_equal(lta_strings_get(&t.sources.licence, 0), ""); /* a user's own file */
    /* the sub-agent's second request comes after the parent's second: rows are in the order of the file */
    static const uint64_t rows[] = {0, 1, 3, 2};
    static const int64_t arrivals[] = {0, 5500000, 9000000, 9500000};
    static const uint32_t turns[] = {0, 0, 1, 1}, sessions[] = {0, 1, 0, 1};
    assert_memory_equal(t.source_row, rows, sizeof rows);
    assert_memory_equal(t.arrival_us, arrivals, sizeof arrivals);
    assert_memory_equal(t.turn, turns, sizeof turns);
    assert_memory_equal(t.session, sessions, sizeof sessions);
    assert_string_equal(session_of(&t, 0), "trace_x");
    assert_string_equal(session_of(&t, 3), "trace_x/agent_001");
    assert_symbols(&t, 1, "7 8");
    assert_symbols(&t, 2, "1 2 3 4 5");
    assert_int_equal(t.output_tokens[2], 0); /* failed requests stay */
    assert_int_equal(t.input_tokens[2], 330);
    assert_string_equal(lta_strings_get(&t.kinds, t.kind[2]), "s");
    assert_string_equal(lta_strings_get(&t.models, t.model[3]), "m-2");
    assert_true(case_logged(c, "first line is that of format weka"));
    assert_true(
        case_logged(c, "blocks of 64 tokens, ids for full blocks only; 1 sub-agent, times in it count from "
                       "the sub-agent's start"));
    assert_false(case_logged(c, "is not used")); /* known keys that are not kept are no news */
    lta_trace_free(&t);
    case_import_one(c, "trace_x.json", weka_text, &t);
    assert_string_equal(lta_strings_get(&t.sources.licence, 0),
                        "Apache-2.0"); /* named as the published ones are */
    lta_trace_free(&t);
}

static void newer_editions(void **state)
{
    import_case *c = *state;
    lta_trace t;
    /* ids from 0, no tool_tokens and system_tokens, longer ids, a partial last block in places, another scope
     */
    case_import_one(
        c, "x.json",
        "{\"id\":\"9f8e7d6c-0000-4000-8000-000000000001\",\"hash_id_scope\":\"global\",\"block_size\":64,"
        "\"requests\":[" REQUEST("0.0", "130", "[0,1]") "," REQUEST("1.5", "130", "[0,1,2]") "]}",
        &t);
    assert_symbols(&t, 0, "0 1");
    assert_symbols(&t, 1, "0 1 2");
    assert_string_equal(session_of(&t, 1), "9f8e7d6c-0000-4000-8000-000000000001");
    assert_true(
        case_logged(c, "ids for full blocks only in 1 requests, one for the started last block too in 1"));
    assert_true(case_logged(c, "its ids are of scope \"global\""));
    lta_trace_free(&t);
    c->options.drop_tail = true;
    case_import_one(c, "x.json", CONVERSATION(REQUEST("0", "17", "[4,5]") "," REQUEST("0", "32", "[4,5]")),
                    &t);
    assert_symbols(&t, 0, "4");
    assert_symbols(&t, 1, "4 5");
    lta_trace_free(&t);
}

static void times_inside_containers(void **state)
{
    import_case *c = *state;
    lta_trace t;
    /* one inner time below its container's decides for all of them */
    case_import_one(c, "x.json",
                    CONVERSATION(AGENT("2.5", "a", REQUEST("3", "16", "[1]")) "," AGENT(
                        "10.125", "b", REQUEST("10", "16", "[2]"))),
                    &t);
    assert_int_equal(t.sources.time_shift_us[0], -5500000);
    assert_int_equal(t.arrival_us[1], 20125000 - 5500000);
    lta_trace_free(&t);
    case_import_one(c, "x.json",
                    CONVERSATION(AGENT("2.5", "a", REQUEST("2.5", "16", "[1]")) "," AGENT(
                        "10.125", "b", REQUEST("10.1250001", "16", "[2]"))),
                    &t);
    assert_int_equal(t.sources.time_shift_us[0], -2500000);
    assert_int_equal(t.arrival_us[1], 10125000 - 2500000);
    assert_true(case_logged(c, "2 sub-agents, times in them count from the conversation's start"));
    lta_trace_free(&t);
    /* nested ones, and a container that tells its time behind its requests */
    case_import_one(
        c, "x.json",
        CONVERSATION("{\"requests\":[" AGENT(
            "1", "b", REQUEST("0.5", "16", "[1]")) "],\"agent_id\":\"a\",\"type\":\"subagent\",\"t\":7}"),
        &t);
    assert_int_equal(t.sources.time_shift_us[0], -8500000);
    assert_string_equal(session_of(&t, 0), "c/a/b");
    lta_trace_free(&t);
}

static void sub_agents_have_sessions_of_their_own(void **state)
{
    import_case *c = *state;
    lta_trace t;
    case_import_one(
        c, "x.json",
        CONVERSATION(AGENT("0", "a", REQUEST("0", "16", "[1]")) "," AGENT(
            "0", "a",
            REQUEST("0", "16", "[1]") "," REQUEST(
                "0", "16", "[2]")) "," AGENT("0", "a#2",
                                             REQUEST("0", "16",
                                                     "[3]")) "," REQUEST("0", "16",
                                                                         "[4]") "," AGENT("0", "none", "")),
        &t);
    static const char *const names[] = {"c/a", "c/a#2", "c/a#2", "c/a#2#2", "c"};
    static const uint32_t turns[] = {0, 0, 1, 0, 0};
    assert_int_equal(t.n, COUNT(names));
    assert_int_equal(t.n_sessions, 4);
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_string_equal(session_of(&t, i), names[i]);
        assert_int_equal(t.turn[i], turns[i]);
    }
    lta_trace_free(&t);
}

static void ids_are_local_to_a_file(void **state)
{
    import_case *c = *state;
    const char *const names[] = {"b.json", "a.json", NULL};
    lta_trace t;
    case_write(c, "b.json", CONVERSATION(REQUEST("1", "48", "[1,2,3]") "," REQUEST("4", "16", "[1]")));
    case_write(c, "a.json", CONVERSATION(REQUEST("2", "32", "[1,2]")));
    assert_int_equal(case_import(c, &t, names), LTA_OK);
    assert_symbols(&t, 0, "1 2 3");
    assert_symbols(&t, 2, "5 6");
    assert_int_equal(t.n_sessions, 2); /* both are called "c" */
    assert_int_equal(t.arrival_us[2], 3000000);
    lta_trace_free(&t);
    c->options.timeline = LTA_TIMELINE_OVERLAY;
    assert_int_equal(case_import(c, &t, names), LTA_OK);
    static const uint16_t sources[] = {0, 1, 0};
    static const int64_t arrivals[] = {0, 1000000, 3000000};
    assert_memory_equal(t.source, sources, sizeof sources);
    assert_memory_equal(t.arrival_us, arrivals, sizeof arrivals);
    assert_symbols(&t, 1, "5 6");
    assert_true(case_logged(c, "conversations have no clock in common"));
    lta_trace_free(&t);
    case_write(c, "a.json", "{\"id\":\"d\",\"block_size\":64,\"requests\":[" REQUEST("0", "64", "[1]") "]}");
    assert_int_equal(case_import(c, &t, names), LTA_ERR_USAGE);
    assert_non_null(strstr(lta_error_detail(), "blocks of 64 tokens and b.json of 16"));
}

static void keys_in_any_order_on_many_lines(void **state)
{
    import_case *c = *state;
    lta_trace t;
    c->options.format = "weka";
    case_import_one(
        c, "x.json",
        "\xef\xbb\xbf{\r\n\"requests\": [\r\n{\"hash_ids\": [7], \"x\": 1, \"out\": 2, \"in\": 16,\n"
        "\"model\": \"m\\u00fc\", \"type\": \"\", \"t\": 1e0}\n],\"block_size\": 16, \"y\": null, "
        "\"id\": \"\\\"\"\n}\r\n\r\n",
        &t);
    assert_string_equal(session_of(&t, 0), "\"");
    assert_string_equal(lta_strings_get(&t.models, 0), "m\xc3\xbc");
    assert_true(case_logged(c, "x.json:3: key \"x\" is not used"));
    assert_true(case_logged(c, "key \"y\" is not used"));
    lta_trace_free(&t);
}

static void block_sizes(void **state)
{
    import_case *c = *state;
    lta_trace t;
    static const char without[] = "{\"id\":\"c\",\"requests\":[" REQUEST("0", "33", "[1,2]") "]}";
    c->options.format = "weka";
    case_refuse(c, "x.json", without,
                "x.json:1: block_size is missing, expected the tokens of a block (--block-tokens");
    case_refuse(c, "x.json", "{\"id\":\"c\",\"block_size\":0,\"requests\":[]}", "block_size is 0, expected");
    c->options.block_tokens = 16;
    case_import_one(c, "x.json", without, &t);
    assert_int_equal(t.block_tokens, 16);
    lta_trace_free(&t);
    case_refuse_bytes(c, "x.json", weka_text, strlen(weka_text), LTA_ERR_USAGE, "--block-tokens 16: ");
}

static void bad_rows_name_their_byte(void **state)
{
    import_case *c = *state;
    static const struct {
        const char *request, *part;
    } bad[] = {
        {"5", ":1: row at byte 39: found '5' at byte 39, expected an object"},
        {"{\"t\":-1}", "row at byte 39: t is -1, expected seconds"},
        {"{\"t\":1e40}", "t is 1e40"},
        {"{\"t\":5000000000000}", "time is 5000000000000000000 us, expected at most"},
        {"{\"t\":\"0\"}", "t: found '\"' at byte 44, expected a number"},
        {"{\"t\":0,\"type\":\"n\",\"model\":\"m\",\"in\":1,\"out\":1}",
         "row at byte 39: key \"hash_ids\" is missing"},
        {"{\"t\":0,\"type\":\"subagent\",\"requests\":[]}", "key \"agent_id\" is missing"},
        {"{\"t\":0,\"type\":\"subagent\",\"agent_id\":\"a\"}", "key \"requests\" is missing"},
        {"{\"t\":0,\"type\":\"subagent\",\"agent_id\":\"a\",\"requests\":{}}",
         "requests: found '{' at byte 90, expected an array"},
        {"{\"t\":0,\"t\":0}", "key \"t\" occurs twice"},
        {"{\"type\":7}", "type: found '7'"},
        {"{\"in\":-1}", "in: found '-'"},
        {REQUEST("0", "16", "[1,2]"), "row at byte 39: 2 ids, but 16 tokens make 1 blocks of 16"},
        {REQUEST("0", "48", "[1,2]"), "2 ids, but 48 tokens make 3 blocks of 16"},
        {"{\"t\":0,\"type\":\"n\",\"model\":\"m\",\"in\":1,\"out\":1,\"hash_ids\":[],\"requests\":[]}",
         "key \"requests\" in a request, expected it in those of type \"subagent\""},
        {AGENT("0", "a", "{\"t\":-1}"), "row at byte 91: t is -1"},
        {AGENT("2000000000000", "a", REQUEST("1000000000000", "16", "[1]")),
         "time is 3000000000000000000 us"},
    };
    char text[1024];
    c->options.format = "weka";
    for (size_t i = 0; i < COUNT(bad); i++) {
        snprintf(text, sizeof text, CONVERSATION("%s," REQUEST("9", "16", "[1]")), bad[i].request);
        case_refuse(c, "x.json", text, bad[i].part);
        assert_non_null(strstr(lta_error_detail(), "x.json:1: "));
    }
    case_refuse(c, "x.json",
                CONVERSATION(REQUEST("0", "16", "[1]") ",\n"
                                                       "{\"t\":-1}"),
                "x.json:2: row at byte 102: t is -1");
    case_refuse(c, "x.json", "[]", "x.json:1: found '[' at byte 1, expected an object");
    case_refuse(c, "x.json", CONVERSATION(""), "has no usable row");
    case_refuse(c, "x.json", "{\"block_size\":16,\"requests\":[]}", "key \"id\" is missing");
    case_refuse(c, "x.json", "{\"id\":1,\"block_size\":16}", "id: found '1'");
    case_refuse(c, "x.json", CONVERSATION(REQUEST("0", "16", "[1]")) "\n{}", "found '{' at byte 103");
    case_refuse(c, "x.json", "{\"id\":\"c\",\"block_size\":16,\"requests\":[{]", "found ']'");
}

static void bad_rows_are_dropped_and_counted(void **state)
{
    import_case *c = *state;
    lta_trace t;
    c->options.format = "weka";
    c->run.skip_bad_rows = true;
    case_import_one(
        c, "x.json",
        CONVERSATION("{\"t\":-1}," REQUEST("1", "16", "[1]") ",5," REQUEST("2", "160", "[1]") "," AGENT(
            "3", "a",
            "{\"t\":0}," REQUEST("0", "16", "[2]")) ","
                                                    "{\"type\":\"subagent\",\"t\":3,\"requests\":[" REQUEST(
                                                        "0", "16", "[9]") "]}," REQUEST("1", "16", "[3]")),
        &t);
    assert_int_equal(t.n, 3);
    assert_int_equal(t.sources.rows[0], 8);
    static const uint64_t rows[] = {1, 7, 5};
    static const uint32_t turns[] = {0, 1, 0};
    assert_memory_equal(t.source_row, rows, sizeof rows);
    assert_memory_equal(t.turn, turns, sizeof turns);
    static const struct {
        const char *reason;
        uint64_t count;
    } want[] = {{"number out of range", 1},
                {"malformed JSON", 1},
                {"ids do not fit the block size", 1},
                {"missing key", 2}};
    assert_int_equal(t.skipped.n, COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++) {
        assert_string_equal(lta_strings_get(&t.skipped.reason, i), want[i].reason);
        assert_int_equal(t.skipped.count[i], want[i].count);
    }
    lta_trace_free(&t);
    /* a text that is no JSON has no rows to go on with */
    case_refuse(c, "x.json", CONVERSATION(REQUEST("0", "16", "[1]") ",{\"t\":}"), "expected a value");
    case_refuse(c, "x.json", CONVERSATION("{\"t\":-1}"), "no usable row (1 dropped)");
}

/* As deep as values may nest; one deeper is refused, and never a deeper recursion. */
static void containers_nest_to_a_limit(void **state)
{
    import_case *c = *state;
    static const char open[] = "{\"t\":0,\"type\":\"subagent\",\"agent_id\":\"a\",\"requests\":[";
    lta_trace t;
    c->options.format = "weka";
    for (int depth = 31; depth <= 34; depth++) {
        char *text = test_alloc(1, 4096), *p = text;
        assert_non_null(text);
        p += sprintf(p, "{\"id\":\"c\",\"block_size\":16,\"requests\":[");
        for (int i = 0; i < depth; i++)
            p += sprintf(p, "%s", open);
        for (int i = 0; i < depth; i++)
            p += sprintf(p, "]}");
        sprintf(p, ",%s]}", REQUEST("0", "16", "[1]"));
        if (depth == 31) {
            case_import_one(c, "x.json", text, &t);
            lta_trace_free(&t);
        } else if (depth > 32) {
            case_refuse(c, "x.json", text, "nested at most 64 deep");
        }
        lta_free(text);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, import_case_setup, import_case_teardown)
    const struct CMUnitTest tests[] = {
        TEST(columns),
        TEST(newer_editions),
        TEST(times_inside_containers),
        TEST(sub_agents_have_sessions_of_their_own),
        TEST(ids_are_local_to_a_file),
        TEST(keys_in_any_order_on_many_lines),
        TEST(block_sizes),
        TEST(bad_rows_name_their_byte),
        TEST(bad_rows_are_dropped_and_counted),
        TEST(containers_nest_to_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
