/* tests/test_import_burstgpt.c - BurstGPT: every quirk of its versions in a made-up file that shows it. */
#include "tests/import_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

#define HEAD_1 "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
#define HEAD_3                                                                                               \
    "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
#define TALK "0b0f6a5e-0000-4000-8000-000000000001"

static const char *kind_of(const lta_trace *t, uint64_t r)
{
    return lta_strings_get(&t->kinds, t->kind[r]);
}

static const char *model_of(const lta_trace *t, uint64_t r)
{
    return lta_strings_get(&t->models, t->model[r]);
}

/* Six columns, whole seconds, no sessions; a request may have neither tokens in nor tokens out. */
static void versions_1_and_2(void **state)
{
    import_case *c = *state;
    lta_trace t;
    case_import_one(c, "mine.csv",
                    HEAD_1 "5,ChatGPT,470,20,490,Conversation log\n"
                           "45,GPT-4,0,0,0,API log\n"
                           "45,ChatGPT,300,0,300,API log\n",
                    &t);
    assert_int_equal(t.n, 3);
    assert_int_equal(t.unit, LTA_UNIT_NONE);
    assert_int_equal(t.arrival_us[0], 0);
    assert_int_equal(t.arrival_us[1], 40000000);
    assert_int_equal(t.arrival_us[2], 40000000); /* ties keep the order of the file */
    assert_int_equal(t.sources.time_shift_us[0], -5000000);
    assert_string_equal(lta_strings_get(&t.sources.time_origin, 0), ""); /* no wall clock */
    assert_int_equal(t.input_tokens[1], 0);
    assert_int_equal(t.output_tokens[1], 0);
    assert_int_equal(t.input_tokens[2], 300);
    assert_string_equal(model_of(&t, 1), "GPT-4");
    assert_string_equal(kind_of(&t, 0), "Conversation log");
    assert_string_equal(kind_of(&t, 2), "API log");
    assert_true(!t.session && !t.turn && !t.source_session);
    assert_string_equal(lta_strings_get(&t.sources.dataset, 0), "burstgpt");
    assert_string_equal(lta_strings_get(&t.sources.licence, 0), "");
    assert_true(case_logged(c, "first line is that of format burstgpt"));
    assert_true(case_logged(c, "mine.csv: 2 failed requests (Response tokens is 0), kept"));
    lta_trace_free(&t);
    /* by name a published file, with another number of rows than that */
    case_import_one(c, "BurstGPT_without_fails_2.csv", HEAD_1 "5270414,ChatGPT,470,20,490,API log\n", &t);
    assert_string_equal(lta_strings_get(&t.sources.licence, 0), "CC BY 4.0");
    assert_true(case_logged(c, "has 1 row, the published file of this name has 3784213"));
    assert_false(case_logged(c, "without_fails_2.csv: 0 failed"));
    lta_trace_free(&t);
}

/* Two more columns in the middle; times end in .0; sessions in rows of the conversation log alone. */
static void version_3(void **state)
{
    import_case *c = *state;
    lta_trace t;
    case_import_one(c, "mine.csv",
                    HEAD_3 "19440007.0," TALK ",9,GPT-4,120,80,200,Conversation log\n"
                           "19440007.0,,1,ChatGPT,35,0,35,API log\n"
                           "19440031.0,0b0f6a5e-0000-4000-8000-000000000002,4,GPT-4,1,2,3,Conversation log\n"
                           "19440031.0," TALK ",4,GPT-4,260,41,301,Conversation log\n",
                    &t);
    static const uint32_t session[] = {0, LTA_NO_U32, 1, 0}, turn[] = {0, LTA_NO_U32, 0, 1},
                          text[] = {0, LTA_NO_U32, 1, 0}, input[] = {120, 35, 1, 260},
                          output[] = {80, 0, 2, 41};
    assert_int_equal(t.n, 4);
    assert_memory_equal(t.session, session, sizeof session);
    assert_memory_equal(t.turn, turn, sizeof turn);
    assert_memory_equal(t.source_session, text, sizeof text);
    assert_memory_equal(t.input_tokens, input, sizeof input);
    assert_memory_equal(t.output_tokens, output, sizeof output);
    assert_int_equal(t.n_sessions, 2);
    assert_int_equal(t.arrival_us[3], 24000000);
    assert_string_equal(lta_strings_get(&t.source_sessions, 0), TALK);
    assert_string_equal(model_of(&t, 1), "ChatGPT");
    assert_true(case_logged(c, "mine.csv:1: column \"Elapsed time\" is not used"));
    assert_true(case_logged(c, "mine.csv: 1 failed request (Response tokens is 0), kept"));
    lta_trace_free(&t);
}

static void columns_in_any_order(void **state)
{
    import_case *c = *state;
    lta_trace t;
    case_import_one(
        c, "x.csv",
        "Log Type,Total tokens,Session ID,Response tokens,More,Timestamp,Request tokens,Model,\r\n"
        "API log,5,,2,?,7,3,GPT-4\r\n"
        "Conversation log,7,s,4,?,7.0000005,3,\"GPT \"\"4\"\"\",\r\n",
        &t);
    assert_int_equal(t.n, 2);
    assert_int_equal(t.input_tokens[0], 3);
    assert_int_equal(t.output_tokens[1], 4);
    assert_int_equal(t.arrival_us[1], 0); /* half a microsecond, to even */
    assert_string_equal(model_of(&t, 1), "GPT \"4\"");
    assert_int_equal(t.session[1], 0);
    assert_true(case_logged(c, "column \"More\" is not used"));
    lta_trace_free(&t);
    c->options.format = "burstgpt";
    case_refuse(c, "x.csv", "Timestamp,Model,Request tokens,Response tokens,Total tokens\n5,m,1,1,2\n",
                "x.csv:1: the header \"Timestamp,Model,Request tokens,Response tokens,Total tokens\" has no "
                "column Log Type");
}

static void line_ends_and_file_ends(void **state)
{
    import_case *c = *state;
#define HEAD "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type"
#define ROW  "5,m,1,2,3,l"
    static const char *const same[] = {
        HEAD "\n" ROW "\n" ROW "\n",           HEAD "\n" ROW "\n" ROW, /* no last newline */
        HEAD "\r\n" ROW "\r\n" ROW "\r\n",     HEAD "\r\n" ROW "\r\n" ROW,
        HEAD "\n" ROW "\n" ROW "\n\n\r\n\n",   /* empty lines at the end */
        "\xef\xbb\xbf" HEAD "\n" ROW "\n" ROW, /* byte order mark */
        HEAD ",\n" ROW "\n" ROW "\n",          /* a comma behind the header alone */
        HEAD ",\n" ROW ",\n" ROW "\n",
    };
    for (size_t i = 0; i < COUNT(same); i++) {
        lta_trace t;
        case_import_one(c, "x.csv", same[i], &t);
        assert_int_equal(t.n, 2);
        assert_int_equal(t.sources.rows[0], 2);
        assert_string_equal(kind_of(&t, 1), "l");
        lta_trace_free(&t);
    }
    case_refuse(c, "x.csv", HEAD "\n" ROW "\n\n" ROW, "x.csv:3: is empty, expected a row");
    case_refuse(c, "x.csv", HEAD "\n" ROW ",\n", "x.csv:2: 7 fields, expected 6");
    case_refuse(c, "BurstGPT_1.csv",
                "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 52283111\n",
                "is a Git LFS pointer to an object of 52283111 bytes"); /* as the repository gives it */
}

static void rows_are_checked(void **state)
{
    import_case *c = *state;
    lta_trace t;
    case_refuse(c, "x.csv", HEAD_1 "5,m,1,1,2,l\n4,m,1,1,2,l\n", "x.csv:3: time falls by 1000000 us");
    case_refuse(c, "x.csv", HEAD_1 "-5,m,1,1,2,l\n", "x.csv:2: Timestamp is \"-5\", expected seconds");
    case_refuse(c, "x.csv", HEAD_1 ",m,1,1,2,l\n", "Timestamp is \"\"");
    case_refuse(c, "x.csv", HEAD_1 "2023-01-01 00:00:00,m,1,1,2,l\n", "Timestamp is \"2023-01-01 00:00:00\"");
    case_refuse(c, "x.csv", HEAD_1 "5,m,1.0,1,2,l\n", "Request tokens is \"1.0\", expected an integer");
    case_refuse(c, "x.csv", HEAD_1 "5,m,1,-1,2,l\n", "Response tokens is \"-1\"");
    case_refuse(c, "x.csv", HEAD_1 "5,m,1,1,,l\n", "Total tokens is \"\"");
    case_refuse(c, "x.csv", HEAD_1 "5,m,4294967295,1,4294967296,l\n",
                "Request tokens is 4294967295, expected at most");
    case_refuse(c, "x.csv", HEAD_1 "5,\xff,1,1,2,l\n", "x.csv:2: Model is \"?\", expected UTF-8");
    case_refuse(c, "x.csv", HEAD_1 "5,m,1,1,2,\xff\n", "Log Type is \"?\"");
    case_refuse(c, "x.csv", HEAD_3 "5,\xc3,1,m,1,1,2,l\n", "Session ID is \"?\"");
    case_refuse(c, "x.csv", HEAD_1 "5,m,1,1,2\n", "x.csv:2: 5 fields, expected 6");
    c->run.skip_bad_rows = true;
    case_import_one(c, "x.csv",
                    HEAD_1 "5,m,1,1,2,l\nx,m,1,1,2,l\n4,m,1,1,2,l\n6,m,1,1,9,l\n6,\xff,1,1,2,l\n6,m,1,1,2,\n",
                    &t);
    assert_int_equal(t.n, 3);
    assert_int_equal(t.sources.rows[0], 6); /* kept and dropped */
    assert_int_equal(t.skipped.n, 3);
    static const char *const reasons[] = {"not a timestamp", "time falls", "not UTF-8"};
    for (uint64_t i = 0; i < COUNT(reasons); i++) {
        assert_string_equal(lta_strings_get(&t.skipped.reason, i), reasons[i]);
        assert_int_equal(t.skipped.count[i], 1);
    }
    assert_int_equal(t.kind[2], LTA_NO_U16); /* an empty log type is none */
    assert_true(case_logged(c, "Total tokens is not the sum of the other two in 1 row, and is not used"));
    lta_trace_free(&t);
}

/* The published trace opens with weeks of almost no load: slices from row 0 are nearly empty. */
static void a_quiet_head_is_reported(void **state)
{
    import_case *c = *state;
    char text[8192];
    lta_trace t;
    for (int quiet = 0; quiet < 2; quiet++) {
        int n = sprintf(text, HEAD_1);
        for (int i = 0; i < 100; i++)
            n += sprintf(text + n, "%d,m,1,1,2,l\n", i == 0 ? 0 : quiet ? 9000 + i : 91 * i);
        case_import_one(c, quiet ? "quiet.csv" : "steady.csv", text, &t);
        lta_trace_free(&t);
    }
    assert_true(
        case_logged(c, "quiet.csv: begins quietly: the first tenth of its 9099 s holds 1 of 100 requests"));
    assert_false(case_logged(c, "steady.csv: begins quietly"));
    /* releases 2 and 3 in one file, and all requests at once */
    case_import_one(c, "joined.csv", HEAD_1 "10454395,m,1,1,2,l\n19440110,m,1,1,2,l\n", &t);
    lta_trace_free(&t);
    assert_true(case_logged(c, "joined.csv: its clock jumps by 8985715 s before request 2 of 2"));
    case_import_one(c, "once.csv", HEAD_1 "7,m,1,1,2,l\n7,m,1,1,2,l\n", &t);
    lta_trace_free(&t);
    assert_false(case_logged(c, "once.csv: begins"));
}

/* Files with and without sessions make one trace; the releases share a clock. */
static void releases_merge(void **state)
{
    import_case *c = *state;
    const char *const names[] = {"BurstGPT_1.csv", "BurstGPT_3.csv", NULL};
    lta_trace t;
    case_write(c, "BurstGPT_1.csv", HEAD_1 "5,ChatGPT,470,20,490,Conversation log\n");
    case_write(c, "BurstGPT_3.csv", HEAD_3 "19440007.0," TALK ",9,GPT-4,120,80,200,Conversation log\n");
    c->options.timeline = LTA_TIMELINE_OVERLAY;
    assert_int_equal(case_import(c, &t, names), LTA_OK);
    assert_int_equal(t.n, 2);
    assert_int_equal(t.session[0], LTA_NO_U32);
    assert_int_equal(t.turn[0], LTA_NO_U32);
    assert_int_equal(t.session[1], 0);
    assert_int_equal(t.arrival_us[1], 19440002000000);
    lta_trace_free(&t);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, import_case_setup, import_case_teardown)
    const struct CMUnitTest tests[] = {
        TEST(versions_1_and_2),        TEST(version_3),        TEST(columns_in_any_order),
        TEST(line_ends_and_file_ends), TEST(rows_are_checked), TEST(a_quiet_head_is_reported),
        TEST(releases_merge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
