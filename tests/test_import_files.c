/* tests/test_import_files.c - several sources in one trace, hostile files, and the published files where they
 * are present. */
#include "pipeline/core/array.h"
#include "tests/import_case.h"
#include "tests/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- several sources ---- */

static void sources_one_after_the_other(void **state)
{
    import_case *c = *state;
    const char *const names[] = {"b.jsonl", "a.jsonl", NULL};
    lta_trace t;
    c->options.block_tokens = 512;
    c->options.gap_us = 1000;
    case_write(c, "b.jsonl", MOONCAKE);
    case_write(
        c, "a.jsonl",
        "{\"timestamp\": 100, \"input_length\": 1025, \"output_length\": 12, \"hash_ids\": [0, 2, 9]}\n");
    assert_int_equal(case_import(c, &t, names), LTA_OK);
    static const int64_t arrivals[] = {0, 0, 2999000, 3000000};
    assert_string_equal(t.name, "b");
    assert_memory_equal(t.arrival_us, arrivals, sizeof arrivals);
    assert_int_equal(t.sources.symbol_base[1], 6);
    assert_symbols(&t, 3, "6 8 15");
    assert_int_equal(t.sources.time_shift_us[1], 2900000);
    lta_trace_free(&t);
    c->options.sort = true;
    assert_int_equal(case_import(c, &t, names), LTA_OK);
    assert_string_equal(lta_strings_get(&t.sources.name, 0), "a");
    assert_symbols(&t, 1, "10 11");
    lta_trace_free(&t);
    c->options.sort = false;
    c->options.timeline = LTA_TIMELINE_OVERLAY;
    assert_int_equal(case_import(c, &t, names), LTA_OK);
    static const int64_t overlaid[] = {0, 0, 100000, 2999000};
    static const uint16_t source[] = {0, 0, 1, 0};
    assert_memory_equal(t.arrival_us, overlaid, sizeof overlaid);
    assert_memory_equal(t.source, source, sizeof source);
    assert_symbols(&t, 2, "6 8 15");
    assert_symbols(&t, 3, "0 2 4 5");
    lta_trace_free(&t);
}

static void sources_that_do_not_merge(void **state)
{
    import_case *c = *state;
    const char *const blocks_and_none[] = {"synthetic_trace.jsonl", "a.csv", NULL},
                      *const blocks_and_tokens[] = {"synthetic_trace.jsonl", "m.jsonl", NULL};
    const char *const two_sizes[] = {"conversation_trace.jsonl", "other.jsonl", NULL},
                      *const full[] = {"synthetic_trace.jsonl", "synthetic_trace.jsonl", NULL};
    lta_trace t;
    case_write(c, "synthetic_trace.jsonl",
               "{\"timestamp\": 0, \"input_length\": 1, \"output_length\": 12, \"hash_ids\": "
               "[18446744073709551615]}\n");
    case_write(c, "conversation_trace.jsonl", MOONCAKE);
    case_write(c, "other.jsonl",
               "{\"timestamp\": 0, \"input_length\": 3, \"output_length\": 12, \"hash_ids\": [5, 6]}\n"
               "{\"timestamp\": 0, \"input_length\": 4, \"output_length\": 12, \"hash_ids\": [5, 6]}\n"
               "{\"timestamp\": 0, \"input_length\": 5, \"output_length\": 12, \"hash_ids\": [5, 6, 7]}\n");
    case_write(c, "a.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,1,2\n");
    case_write(c, "m.jsonl", marconi_text);
    assert_int_equal(case_import(c, &t, two_sizes), LTA_ERR_USAGE);
    assert_non_null(strstr(lta_error_detail(), "blocks of 2 tokens"));
    assert_int_equal(case_import(c, &t, blocks_and_none), LTA_ERR_USAGE);
    assert_int_equal(case_import(c, &t, blocks_and_tokens), LTA_ERR_USAGE);
    assert_non_null(strstr(lta_error_detail(), "such traces do not merge"));
    assert_int_equal(case_import(c, &t, full), LTA_ERR_FORMAT);
    assert_non_null(strstr(lta_error_detail(), "no room below 2^64"));
}

/* ---- hostile files ---- */

/* Cut at every byte and with every byte replaced: a trace or a refusal that names the file, never anything
 * else. */
static void damaged_files_are_refused_or_read(void **state)
{
    import_case *c = *state;
    static const struct {
        const char *format, *file, *text;
    } files[] = {
        {"mooncake", "x.jsonl", "\xef\xbb\xbf" MOONCAKE_1 "\r\n" MOONCAKE_2 "\r\n"},
        {"marconi", "x.jsonl", marconi_text},
        {"bailian", "x.jsonl",
         "{\"chat_id\":7,\"parent_chat_id\":-1,\"timestamp\":0.5,\"input_length\":16,\"output_length\":1,"
         "\"type\":\"a\",\"turn\":1,\"hash_ids\":[1]}\n{\"chat_id\":8,\"parent_chat_id\":7,\"timestamp\":1,"
         "\"input_length\":17,\"output_length\":1,\"type\":\"\",\"turn\":2,\"hash_ids\":[1,2]}\n"},
        {"burstgpt", "x.csv",
         "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
         "5.0,a-1,1,m,1,2,3,Conversation log\n5.0,,1,\"m\",1,0,1,API log\n"},
        {"azure", "x.csv",
         "TIMESTAMP,ContextTokens,\"Generated\"\"\",GeneratedTokens,\r\n2023-11-16 "
         "18:17:03.1234560,4808,\"1\n0\",7\r\n"},
        {"weka", "x.json", weka_text},
        {"ragpulse", "x.jsonl", ragpulse_text},
        {"flat", "x.txt", "7\n18446744073709551615\r\n0\n"},
    };
    static const char odd[] = {'\0', '"', '\\', '[', '}', '9', '-', '\n', (char)0xff};
    c->log.level = LTA_LOG_ERROR;
    for (size_t f = 0; f < COUNT(files); f++)
        for (int skip = 0; skip < 2; skip++) {
            const char *const names[] = {files[f].file, NULL};
            size_t n = strlen(files[f].text);
            char *text = test_bytes(n);
            lta_trace t;
            assert_non_null(text);
            c->options.format = files[f].format;
            c->options.block_tokens = strcmp(files[f].format, "mooncake") == 0 ? 512 : 0;
            c->run.skip_bad_rows = skip == 1;
            for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k <= COUNT(odd); k++) {
                    memcpy(text, files[f].text, n);
                    if (k < COUNT(odd))
                        text[i] = odd[k];
                    case_write_bytes(c, files[f].file, text, k < COUNT(odd) ? n : i);
                    lta_status st = case_import(c, &t, names);
                    if (st == LTA_OK)
                        lta_trace_free(&t);
                    else if (st != LTA_ERR_FORMAT || !strstr(lta_error_detail(), files[f].file))
                        fail_msg("%s byte %zu: status %d, %s", files[f].format, i, st, lta_error_detail());
                }
            lta_free(text);
        }
}

static void options_about_blocks_need_blocks(void **state)
{
    import_case *c = *state;
    c->options.drop_tail = true;
    case_refuse_bytes(c, "x.jsonl", marconi_text, strlen(marconi_text), LTA_ERR_USAGE,
                      "x.jsonl has no blocks");
    c->options.drop_tail = false;
    c->options.block_tokens = 16;
    case_refuse_bytes(c, "x.jsonl", marconi_text, strlen(marconi_text), LTA_ERR_USAGE, "--block-tokens");
}

static void very_long_lines(void **state)
{
    import_case *c = *state;
    enum { IDS = 12000000, ROOM = IDS * 9 + 200 };
    char *text = test_bytes(ROOM);
    assert_non_null(text);
    int n = snprintf(text, ROOM,
                     "{\"timestamp\": 0, \"input_length\": %d, \"output_length\": 1, \"hash_ids\": [", IDS);
    for (int i = 0; i < IDS; i++) {
        memcpy(text + n, "1234567, ", 9);
        n += 9;
    }
    n -= 2;
    memcpy(text + n, "]}", 3);
    lta_trace t;
    c->options.block_tokens = 1;
    case_import_one(c, "x.jsonl", text, &t);
    assert_int_equal(t.sequences.full_length[0], IDS);
    assert_int_equal(t.sequences.symbols32[IDS - 1], 1234567);
    lta_trace_free(&t);
    text[n - 1] = 'x'; /* the last digit of the last id */
    case_refuse(c, "x.jsonl", text, "found 'x'");
    lta_free(text);
}

/* ---- files that change while they are read ---- */

typedef struct saboteur {
    const import_case *c;
    const char *cue, *file, *text; /* at the log line that holds cue, the file becomes text; NULL: it goes */
    bool in_place;                 /* else another file takes its name */
    bool done;
} saboteur;

static ssize_t sabotage(void *cookie, const char *line, size_t n)
{
    saboteur *s = cookie;
    char path[512];
    if (s->done || !memmem(line, n, s->cue, strlen(s->cue)))
        return (ssize_t)n;
    s->done = true;
    snprintf(path, sizeof path, "%s/%s", s->c->folder, s->file);
    FILE *f = s->in_place ? fopen(path, "r+b") : NULL;
    if (f) {
        fputs(s->text, f);
        fclose(f);
    } else if (s->text) {
        char other[520];
        snprintf(other, sizeof other, "%s.new", path);
        f = fopen(other, "wb");
        assert_non_null(f);
        fputs(s->text, f);
        fclose(f);
        assert_int_equal(rename(other, path), 0);
    } else {
        remove(path);
    }
    return (ssize_t)n;
}

static void files_that_change_are_refused(void **state)
{
    import_case *c = *state;
    static const char csv[] = "TIMESTAMP,ContextTokens,GeneratedTokens,X\n2023-11-16 18:17:03,1,2,3\n",
                      between[] = "its first line is that of format", during[] = "column \"X\" is not used";
    static const struct {
        const char *cue, *text;
        bool in_place;
    } changes[] = {
        {between, csv, true}, /* written anew with the same content: who knows what was there meanwhile */
        {between, "now no data", true},
        {between, csv, false},
        {between, "now no data", false},
        {during, csv, true},
        {during, csv, false},
        {during, NULL, false},
    };
    const char *const names[] = {"x.csv", NULL};
    for (size_t i = 0; i < COUNT(changes); i++) {
        saboteur s = {.c = c,
                      .cue = changes[i].cue,
                      .file = "x.csv",
                      .text = changes[i].text,
                      .in_place = changes[i].in_place};
        FILE *kept = c->log.stream,
             *stream = fopencookie(&s, "w", (cookie_io_functions_t){.write = sabotage});
        assert_non_null(stream);
        setvbuf(stream, NULL, _IOLBF, BUFSIZ);
        case_write(c, "x.csv", csv);
        usleep(20000); /* file systems tell times a few milliseconds apart */
        c->log.stream = stream;
        lta_trace t;
        lta_status st = case_import(c, &t, names);
        c->log.stream = kept;
        fclose(stream);
        assert_true(s.done);
        if (st != LTA_ERR_INPUT || !strstr(lta_error_detail(), "x.csv: changed while it was read"))
            fail_msg("change %zu: status %d, %s", i, st, lta_error_detail());
    }
}

/* ---- published files ---- */

static bool find_published(const char *name, char *path, size_t size)
{
    const char *shared = getenv("LTA_SHARED");
    if (shared)
        snprintf(path, size, "%s/data/%s", shared, name);
    else
        snprintf(path, size, "%s/../shared/data/%s", LTA_PROJECT_ROOT, name);
    return access(path, R_OK) == 0;
}

static void published_files(void **state)
{
    import_case *c = *state;
    static const struct {
        const char *file;
        bool drop_tail;
        uint64_t n, input, output, symbols, stored;
        int64_t first, last; /* own clock */
    } want[] = {
        {"mooncake/conversation_trace.jsonl", false, 12031, 144793823, 4122048, 288500, 182790, 0,
         3536999000},
        {"mooncake/conversation_trace.jsonl", true, 12031, 144793823, 4122048, 276491, 170899, 0, 3536999000},
        {"mooncake/synthetic_trace.jsonl", false, 3993, 61194628, 595432, 121877, 43924, 0, 1022025000},
        {"mooncake/synthetic_trace.jsonl", true, 3993, 61194628, 595432, 117888, 40148, 0, 1022025000},
        {"azure2023/AzureLLMInferenceTrace_code.csv", false, 8819, 18059974, 245896, 0, 0, 1700158623979960,
         1700162059928016},
        {"azure2023/AzureLLMInferenceTrace_conv.csv", false, 19366, 22361870, 4088665, 0, 0, 1700158546680590,
         1700162048402527},
    };
    char path[512], *list[] = {path};
    for (size_t i = 0; i < COUNT(want); i++) {
        if (!find_published(want[i].file, path, sizeof path)) {
            print_message("skipped: %s is not there (LTA_SHARED names another folder)\n", path);
            skip();
        }
        lta_trace t;
        c->options.drop_tail = want[i].drop_tail;
        assert_int_equal(lta_import_to_memory(&c->run, &c->options, 1, list, &t), LTA_OK);
        uint64_t input = 0, output = 0, symbols = 0;
        for (uint64_t r = 0; r < t.n; r++) {
            input += t.input_tokens[r];
            output += t.output_tokens[r];
            symbols += t.sequences.full_length ? t.sequences.full_length[r] : 0;
        }
        assert_int_equal(t.n, want[i].n);
        assert_int_equal(input, want[i].input);
        assert_int_equal(output, want[i].output);
        assert_int_equal(symbols, want[i].symbols);
        assert_int_equal(t.sequences.n_symbols, want[i].stored); /* ids name prefixes: each is stored once */
        assert_int_equal(t.arrival_us[0] - t.sources.time_shift_us[0], want[i].first);
        assert_int_equal(t.arrival_us[t.n - 1] - t.sources.time_shift_us[0], want[i].last);
        lta_trace_free(&t);
    }
    assert_false(case_logged(c, "another edition"));
}
int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, import_case_setup, import_case_teardown)
    const struct CMUnitTest tests[] = {
        TEST(sources_one_after_the_other),
        TEST(sources_that_do_not_merge),
        TEST(damaged_files_are_refused_or_read),
        TEST(options_about_blocks_need_blocks),
        TEST(very_long_lines),
        TEST(files_that_change_are_refused),
        TEST(published_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
