/* tests/test_import_bailian.c - Qwen-Bailian: every quirk and trap of the format in a made-up file that shows
 * it. */
#include "tests/import_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char four[] = "{\"chat_id\": 7, \"parent_chat_id\": -1, \"timestamp\": 0.012, \"input_length\": "
                           "40, \"output_length\": 21, "
                           "\"type\": \"text\", \"turn\": 1, \"hash_ids\": [0, 1, 2]}\n"
                           "{\"chat_id\": 8, \"parent_chat_id\": -1, \"timestamp\": 0.5, \"input_length\": "
                           "16, \"output_length\": 9, "
                           "\"type\": \"search\", \"turn\": 1, \"hash_ids\": [3]}\n"
                           "{\"chat_id\": 12, \"parent_chat_id\": 7, \"timestamp\": 61.114, "
                           "\"input_length\": 70, \"output_length\": 5, "
                           "\"type\": \"text\", \"turn\": 2, \"hash_ids\": [0, 1, 4, 5, 6]}\n"
                           "{\"chat_id\": 15, \"parent_chat_id\": 3, \"timestamp\": 62.0, \"input_length\": "
                           "33, \"output_length\": 1, "
                           "\"type\": \"text\", \"turn\": 4, \"hash_ids\": [9, 10, 11]}\n";

/* A row of 16 tokens at second `at`; appended. */
static void add_row(char *text, const char *chat, const char *parent, const char *at)
{
    sprintf(text + strlen(text),
            "{\"chat_id\": %s, \"parent_chat_id\": %s, \"timestamp\": %s, \"input_length\": 16, "
            "\"output_length\": 1, \"type\": \"\", \"turn\": 1, \"hash_ids\": [5]}\n",
            chat, parent, at);
}

/* The text of each request's session, by source_row: "7 8 7". */
static void assert_sessions(import_case *c, const char *text, const char *want)
{
    char got[512] = "";
    lta_trace t;
    case_import_one(c, "x.jsonl", text, &t);
    for (uint64_t row = 0; row < t.n; row++)
        for (uint64_t r = 0; r < t.n; r++)
            if (t.source_row[r] == row)
                sprintf(got + strlen(got), "%s%s", row ? " " : "",
                        lta_strings_get(&t.source_sessions, t.source_session[r]));
    assert_string_equal(got, want);
    lta_trace_free(&t);
}

static void columns(void **state)
{
    import_case *c = *state;
    lta_trace t;
    case_import_one(c, "mine.jsonl", four, &t);
    static const uint32_t session[] = {0, 1, 0, 2},
                          turn[] = {0, 0, 1, 3}; /* turns count from 1 in the file */
    assert_int_equal(t.n, 4);
    assert_int_equal(t.unit, LTA_UNIT_BLOCK);
    assert_int_equal(t.block_tokens, 16);
    assert_memory_equal(t.session, session, sizeof session);
    assert_memory_equal(t.turn, turn, sizeof turn);
    assert_int_equal(t.arrival_us[0], 0);
    assert_int_equal(t.arrival_us[2], 61102000);
    assert_int_equal(t.sources.time_shift_us[0], -12000);
    assert_symbols(&t, 2, "0 1 4 5 6"); /* no ids of outputs */
    assert_string_equal(lta_strings_get(&t.kinds, t.kind[1]), "search");
    assert_string_equal(lta_strings_get(&t.source_sessions, 0), "7");
    assert_string_equal(lta_strings_get(&t.source_sessions, 2), "15"); /* its parent, 3, is not in the file */
    assert_true(!t.model && !t.source_time);
    assert_true(case_logged(c, "first line is that of format bailian"));
    assert_true(case_logged(c, "blocks of 16 tokens, an id for every started block"));
    assert_true(case_logged(c, "mine.jsonl: 1 request has a parent that is not in the file"));
    lta_trace_free(&t);
}

/* Sessions are the chains of links, not direct parents; not every parent is there, or stands before. */
static void sessions_are_what_links_connect(void **state)
{
    import_case *c = *state;
    char text[4096];
    static const struct {
        const char *row[8][2]; /* chat, parent */
        const char *sessions;
    } cases[] = {
        {{{"1", "-1"}, {"2", "1"}, {"3", "2"}, {"4", "3"}},
         "1 1 1 1"},                                      /* the direct parent is wrong from turn 3 on */
        {{{"1", "-1"}, {"2", "1"}, {"3", "1"}}, "1 1 1"}, /* two answers to one turn */
        {{{"5", "9"}, {"6", "5"}}, "5 5"},                /* cut off at the start: 9 is missing */
        {{{"5", "9"}, {"6", "9"}, {"7", "-1"}}, "5 5 7"}, /* two requests of one missing parent */
        {{{"3", "2"}, {"2", "1"}, {"1", "-1"}}, "1 1 1"}, /* parents after their children */
        {{{"3", "2"}, {"4", "9"}, {"2", "9"}},
         "4 4 4"}, /* 2 is named before, but stands after 4: 4 is the first root */
        {{{"1", "-1"}, {"2", "-1"}, {"3", "4"}, {"4", "2"}}, "1 2 2 2"},
        {{{"5", "9"}, {"6", "9"}, {"5", "9"}}, "5 5 5"}, /* an id that occurs twice */
        {{{"1", "1"}}, "1"},                             /* its own parent */
        {{{"8", "9"}, {"9", "8"}, {"1", "9"}}, "8 8 8"}, /* a circle has no root: the first of all */
        {{{"18446744073709551615", "-1"}, {"0", "18446744073709551615"}},
         "18446744073709551615 18446744073709551615"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        text[0] = '\0';
        for (size_t k = 0; k < COUNT(cases[i].row) && cases[i].row[k][0]; k++)
            add_row(text, cases[i].row[k][0], cases[i].row[k][1], "1.5");
        assert_sessions(c, text, cases[i].sessions);
    }
    assert_false(case_logged(c, "earlier than the parent"));
    text[0] = '\0'; /* requests are sorted by time; a parent later than its child is told */
    add_row(text, "1", "-1", "5");
    add_row(text, "2", "1", "4.999");
    assert_sessions(c, text, "1 1");
    assert_true(case_logged(c, "x.jsonl: 1 request is earlier than the parent named"));
    assert_true(case_logged(c, "rows out of order, their time before that of the row before: 1"));
}

/* A row that is dropped for what it holds still links; one that cannot be read does not. */
static void dropped_rows(void **state)
{
    import_case *c = *state;
    char text[4096] = "";
    lta_trace t;
    c->run.skip_bad_rows = true;
    add_row(text, "1", "-1", "1");
    sprintf(text + strlen(text),
            "{\"chat_id\": 2, \"parent_chat_id\": 1, \"timestamp\": 2, \"input_length\": 99, "
            "\"output_length\": 1, \"type\": \"\", \"turn\": 1, \"hash_ids\": [5]}\n{\"chat_id\": 3\n");
    strcat(text, "\n");
    add_row(text, "4", "2", "4");
    add_row(text, "5", "3", "5");
    case_import_one(c, "x.jsonl", text, &t);
    assert_int_equal(t.n, 3);
    assert_int_equal(t.sources.rows[0], 6);
    assert_int_equal(t.session[1], 0); /* 4 belongs to 1, through 2 */
    assert_int_equal(t.session[2], 1);
    assert_int_equal(t.skipped.n, 3);
    assert_string_equal(lta_strings_get(&t.skipped.reason, 0), "ids do not fit the block size");
    assert_string_equal(lta_strings_get(&t.skipped.reason, 1), "malformed JSON");
    assert_string_equal(lta_strings_get(&t.skipped.reason, 2), "empty line");
    lta_trace_free(&t);
}

/* An empty type is none; other types than the documented ones occur. */
static void types(void **state)
{
    import_case *c = *state;
    char text[4096];
    lta_trace t;
    strcpy(text, four);
    add_row(text, "20", "-1", "70");
    char *file = strstr(text, "search");
    memcpy(file, "th\xc3\xa9nk", 6);
    case_import_one(c, "x.jsonl", text, &t);
    assert_int_equal(t.kind[4], LTA_NO_U16);
    assert_string_equal(lta_strings_get(&t.kinds, t.kind[1]), "th\xc3\xa9nk");
    lta_trace_free(&t);
}

static void block_size_and_tail(void **state)
{
    import_case *c = *state;
    lta_trace t;
    c->options.drop_tail = true;
    case_import_one(c, "mine.jsonl", four, &t);
    assert_symbols(&t, 0, "0 1");
    assert_symbols(&t, 1, "3"); /* 16 tokens: the last block is full */
    assert_symbols(&t, 3, "9 10");
    lta_trace_free(&t);
    c->options.drop_tail = false;
    /* from the name, else 16, else as given */
    case_refuse(c, "qwen_traceA_blksz_32.jsonl", four,
                "blksz_32.jsonl:1: 3 ids, but 40 tokens make 2 blocks of 32");
    case_refuse(c, "mine_blksz_.jsonl",
                "{\"chat_id\":1,\"parent_chat_id\":-1,\"timestamp\":0,\"input_length\":40,"
                "\"output_length\":1,\"type\":\"\",\"turn\":1,\"hash_ids\":[1]}\n",
                "make 3 blocks of 16");
    c->options.block_tokens = 15;
    case_refuse(c, "qwen_traceA_blksz_16.jsonl", four,
                "blksz_16.jsonl:2: 1 ids for 16 tokens in blocks of 15 is ids for full blocks only");
    c->options.block_tokens = 0;
    case_import_one(c, "qwen_traceB_blksz_16.jsonl", four, &t);
    assert_string_equal(lta_strings_get(&t.sources.licence, 0), "Apache-2.0");
    assert_true(case_logged(c, "has 4 rows, the published file of this name has 172800"));
    lta_trace_free(&t);
}

static void rows_are_checked(void **state)
{
    import_case *c = *state;
    static const char form[] = "{\"chat_id\": %s, \"parent_chat_id\": %s, \"timestamp\": %s, "
                               "\"input_length\": 16, \"output_length\": 1, "
                               "\"type\": %s, \"turn\": %s, \"hash_ids\": [5]}\n";
    static const struct {
        const char *chat, *parent, *time, *type, *turn, *part;
    } bad[] = {
        {"-1", "-1", "0", "\"\"", "1", "chat_id"},
        {"1.5", "-1", "0", "\"\"", "1", "chat_id"},
        {"1", "-2", "0", "\"\"", "1", "x.jsonl:2: parent_chat_id is -2, expected a chat_id, or -1 for none"},
        {"1", "-1.0", "0", "\"\"", "1", "parent_chat_id is -1.0"},
        {"1", "null", "0", "\"\"", "1", "parent_chat_id"},
        {"1", "18446744073709551616", "0", "\"\"", "1", "parent_chat_id"},
        {"1", "-1", "-0.001", "\"\"", "1", "timestamp is -0.001, expected seconds since the start"},
        {"1", "-1", "\"0\"", "\"\"", "1", "timestamp"},
        {"1", "-1", "0", "5", "1", "type"},
        {"1", "-1", "0", "\"\\u0000\"", "1", "NUL"},
        {"1", "-1", "0", "\"\"", "0", "x.jsonl:2: turn is 0, expected turns from 1"},
        {"1", "-1", "0", "\"\"", "4294967295", "turn"},
    };
    char text[2048];
    for (size_t i = 0; i < COUNT(bad); i++) {
        text[0] = '\0';
        add_row(text, "1", "-1", "0");
        sprintf(text + strlen(text), form, bad[i].chat, bad[i].parent, bad[i].time, bad[i].type, bad[i].turn);
        case_refuse(c, "x.jsonl", text, bad[i].part);
    }
    /* the first bad row of the file is told, though links are read in a pass before */
    text[0] = '\0';
    add_row(text, "1", "-1", "0");
    sprintf(text + strlen(text),
            "{\"chat_id\": 2, \"parent_chat_id\": 1, \"timestamp\": 2, \"input_length\": 99, "
            "\"output_length\": 1, \"type\": \"\", \"turn\": 1, \"hash_ids\": [5]}\n");
    strcat(text, "{\n");
    case_refuse(c, "x.jsonl", text, "x.jsonl:2: 1 ids, but 99 tokens");
    text[0] = '\0';
    add_row(text, "1", "-1", "0");
    strcat(text, "\n{\n");
    case_refuse(c, "x.jsonl", text, "x.jsonl:2: is empty, expected a JSON object");
    case_refuse(c, "qwen_coder_blksz_16.jsonl",
                "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 132054902\n",
                "is a Git LFS pointer to an object of 132054902 bytes"); /* as the repository gives them */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, import_case_setup, import_case_teardown)
    const struct CMUnitTest tests[] = {
        TEST(columns),
        TEST(sessions_are_what_links_connect),
        TEST(dropped_rows),
        TEST(types),
        TEST(block_size_and_tail),
        TEST(rows_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
