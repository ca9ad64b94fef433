/* tests/test_out_of_memory.c - every allocation of the path from file to curve fails once: each time the
 * answer is LTA_ERR_NOMEM, nothing is leaked (AddressSanitizer), and the same call works afterwards. */
#include "kernels/ops.h"
#include "pipeline/curve/curve.h"
#include "pipeline/import/import.h"
#include "pipeline/reuse/reuse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static int64_t countdown = -1; /* allocations until the one that fails; negative: none fails */

static int fails(void)
{
    return countdown >= 0 && countdown-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}

struct sample {
    const char *format, *ending, *text;
    uint64_t hits;         /* of an infinite cache, in all scopes together */
    const char *tokenizer; /* of conversations; NULL = none */
    bool marconi_rules;
};

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

/* File to hits in all scopes; the work under test. */
static lta_status whole_path(const lta_run *run, const struct sample *sample, char *file, uint64_t *hits)
{
    lta_status st = LTA_OK;
    lta_import_options options = LTA_IMPORT_DEFAULTS;
    lta_trace trace = {0};
    lta_trie trie = {0};
    lta_runs runs = {0};
    lta_block_runs weighed = {0};
    lta_curve curve = {0};
    char *files[] = {file};
    options.format = sample->format;
    options.tokenizer = sample->tokenizer;
    options.marconi_rules = sample->marconi_rules;
    options.sps = sample->marconi_rules ? "1" : NULL;
    *hits = 0;
    LTA_TRY(lta_import_to_memory(run, &options, 1, files, &trace));
    if (trace.unit == LTA_UNIT_NONE)
        goto done;
    LTA_TRY(run->ops->trie_build(&trace.sequences, &trie));
    for (int s = 0; s < LTA_SCOPES; s++) {
        if (!lta_trace_has_scope(&trace, (lta_scope)s))
            continue;
        LTA_TRY(lta_reuse_compute(run, &trace, &trie, (lta_scope)s, false, &runs));
        LTA_TRY(lta_block_runs_compute(run, &trace, &trie, &runs, false, trace.unit == LTA_UNIT_TOKEN ? 2 : 1,
                                       false, &weighed));
        LTA_TRY(run->ops->hit_curve(weighed.n_runs, weighed.distance, weighed.looked_up, &curve));
        *hits += curve.hits[curve.n - 1];
        lta_curve_free(&curve);
        lta_block_runs_free(&weighed);
        lta_runs_free(&runs);
    }
done:
    lta_curve_free(&curve);
    lta_block_runs_free(&weighed);
    lta_runs_free(&runs);
    lta_trie_free(&trie);
    lta_trace_free(&trace);
    return st;
}

#define CHATS                                                                                                \
    "[{\"id\": \"a\", \"conversations\": [" CHAT "," CHAT "]}, {\"id\": \"b\", \"conversations\": [" CHAT    \
    "]}]\n"
#define CHAT "{\"from\": \"human\", \"value\": \"a b\\u00e9\"}, {\"from\": \"gpt\", \"value\": \"\\\"x\\\"\"}"
#define TEN  CHAT "," CHAT "," CHAT "," CHAT "," CHAT "," CHAT "," CHAT "," CHAT "," CHAT "," CHAT

/* A small file of each format. */
static const struct sample samples[] = {
    {.format = "marconi",
     ".jsonl",
     "{\"session_id\": 0, \"turn_id\": 0, \"ts\": 0.0, \"num_input_tokens\": 4, \"num_output_tokens\": 2, "
     "\"input_tokens\": [1, 5, 6, 7], \"output_tokens\": [1, 9]}\n"
     "{\"session_id\": 1, \"turn_id\": 0, \"ts\": 1.0, \"num_input_tokens\": 3, \"num_output_tokens\": 1, "
     "\"input_tokens\": [1, 5, 8], \"output_tokens\": [2]}\n"
     "{\"session_id\": 0, \"turn_id\": 1, \"ts\": 1.5, \"num_input_tokens\": 8, \"num_output_tokens\": 1, "
     "\"input_tokens\": [1, 5, 6, 7, 1, 9, 1, 4], \"output_tokens\": [3]}\n",
     4 + 4 + 3},
    {.format = "mooncake",
     ".jsonl",
     "{\"timestamp\": 0, \"input_length\": 1000, \"output_length\": 5, \"hash_ids\": [0, 1]}\n"
     "{\"timestamp\": 0, \"input_length\": 1500, \"output_length\": 5, \"hash_ids\": [0, 2, 3]}\n"
     "{\"timestamp\": 7, \"input_length\": 1536, \"output_length\": 5, \"hash_ids\": [0, 2, 3]}\n"
     "{\"timestamp\": 9, \"input_length\": 1025, \"output_length\": 5, \"hash_ids\": [0, 2, 4]}\n",
     2 * 6},
    {.format = "bailian",
     ".jsonl", /* times fall, so that requests are sorted */
     "{\"chat_id\": 7, \"parent_chat_id\": -1, \"timestamp\": 5, \"input_length\": 40, \"output_length\": 2, "
     "\"type\": \"text\", \"turn\": 1, \"hash_ids\": [0, 1, 2]}\n"
     "{\"chat_id\": 8, \"parent_chat_id\": 7, \"timestamp\": 4, \"input_length\": 33, \"output_length\": 2, "
     "\"type\": \"file\", \"turn\": 2, \"hash_ids\": [0, 1, 4]}\n"
     "{\"chat_id\": 9, \"parent_chat_id\": 3, \"timestamp\": 6, \"input_length\": 16, \"output_length\": 2, "
     "\"type\": \"text\", \"turn\": 2, \"hash_ids\": [0]}\n",
     3 + 3 + 2},
    {.format = "weka",
     ".json", /* a list inside a list */
     "{\"id\":\"\\u0063\",\"block_size\":16,\"hash_id_scope\":\"local\",\"requests\":["
     "{\"t\":0,\"type\":\"n\",\"model\":\"m\",\"in\":32,\"out\":1,\"hash_ids\":[1,2]},"
     "{\"t\":2,\"type\":\"subagent\",\"agent_id\":\"a\",\"requests\":["
     "{\"t\":5,\"type\":\"s\",\"model\":\"m\",\"in\":16,\"out\":1,\"hash_ids\":[1]}]},"
     "{\"t\":3,\"type\":\"n\",\"model\":\"m\",\"in\":32,\"out\":1,\"hash_ids\":[1,3],\"x\":1}]}",
     2 + 2 + 1},
    {.format = "ragpulse",
     ".jsonl",
     "{\"timestamp\": \"5\", \"input_length\": 40, \"output_length\": 1, \"hash_ids\": {\"sys_prompt\": [1, "
     "2], "
     "\"passages_ids\": [], \"history\": [], \"web_search\": [], \"user_input\": [7]}, \"session_id\": "
     "\"s\"}\n"
     "{\"timestamp\": \"4\", \"input_length\": 40, \"output_length\": 1, \"hash_ids\": {\"sys_prompt\": [1, "
     "2], "
     "\"passages_ids\": [5], \"history\": [], \"web_search\": [], \"user_input\": [8]}, \"session_id\": "
     "\"s\"}\n",
     2 + 2 + 2},
    {.format = "burstgpt",
     ".csv",
     "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
     "7.0,a,9,GPT-4,120,80,200,Conversation log\n7.0,,1,ChatGPT,35,0,35,API log\n",
     0},
    {.format = "azure",
     ".csv",
     "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-12 00:00:00+00:00,584,3\n"
     "2024-05-12 00:00:00.000001+00:00,862,38\n",
     0},
    {.format = "tracelab",
     ".jsonl",
     "{\"provider\": \"p\", \"session_id\": \"s\", \"round_index\": 0, \"model\": \"m\", "
     "\"input_tokens_total\": 9, "
     "\"output_tokens\": 1, \"timing_events\": [{\"timestamp\": \"2026-06-01T05:40:20.151Z\"}]}\n",
     0},
    {.format = "kavier",
     ".csv", /* times fall, lists of tokens */
     "session_id,turn_id,ts,num_input_tokens,num_output_tokens,input_tokens,output_tokens\n"
     "a,0,5.0,3,1,\"[1, 2, 3]\",[4]\na,1,6.0,5,0,\"[1, 2, 3, 4, 9]\",\nb,0,0.5,2,1,\"[1, 2]\",[7]\n",
     3 + 3 + 2},
    {.format = "flat", ".txt", "7\n7\n3\n7\n", 2 + 2},
    {.format = "lmsys",
     ".jsonl",
     "{\"conversation_id\": \"x\", \"model\": \"m\", \"conversation\": [{\"content\": \"Hi\", \"role\": "
     "\"user\"}, {\"content\": \"Ho\", \"role\": \"assistant\"}], \"turn\": 1, \"language\": \"English\"}\n",
     0},
    {.format = "wildchat",
     ".jsonl",
     "{\"conversation_hash\": \"x\", \"model\": \"m\", \"timestamp\": \"2023-04-09T00:02:53Z\", "
     "\"conversation\": "
     "[{\"content\": \"Hi\", \"role\": \"user\"}, {\"content\": \"Ho\", \"role\": \"assistant\"}], \"turn\": "
     "1}\n",
     0},
    {.format = "sharegpt", ".json", CHATS, 6 + 6 + 4, "bytes"},
    {.format = "sharegpt", ".json", "[{\"conversations\": [" TEN "]}]", 3 * 1620, "bytes", true},
    {.format = "swebench",
     ".json",
     "[{\"role\": \"user\", \"content\": \"\"}, {\"role\": \"assistant\", \"content\": \"x\"}]",
     0,
     "bytes"},
};

static void fail_each(const struct sample *sample)
{
    const char *text = sample->text;
    char file[64];
    snprintf(file, sizeof file, "/tmp/lta_oom_XXXXXX%s", sample->ending);
    int fd = mkstemps(file, (int)strlen(sample->ending));
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    lta_log log;
    lta_log_init(&log, stderr, LTA_LOG_ERROR, false);
    lta_run run = {.log = &log, .threads = 1};
    assert_int_equal(lta_ops_get("cpu", &run.ops), LTA_OK);

    uint64_t hits;
    assert_int_equal(whole_path(&run, sample, file, &hits), LTA_OK);
    assert_int_equal(hits, sample->hits);
    int64_t n = 0;
    for (;; n++) {
        countdown = n;
        lta_status st = whole_path(&run, sample, file, &hits);
        bool all_done = countdown >= 0;
        countdown = -1;
        if (all_done) {
            assert_int_equal(st, LTA_OK);
            break;
        }
        if (st == LTA_OK && hits == sample->hits)
            continue; /* what failed only serves a better message */
        if (st != LTA_ERR_NOMEM)
            fail_msg("allocation %lld failed and the answer was: %s (%s)", (long long)n, lta_status_text(st),
                     lta_error_detail());
        if (!strstr(lta_error_detail(), "could not"))
            fail_msg("allocation %lld failed and the answer does not say so: %s", (long long)n,
                     lta_error_detail());
    }
    assert_int_equal(hits, sample->hits);
    assert_true(n > 30);
    printf("%s: each of %lld allocations failed once\n", sample->format, (long long)n);
    unlink(file);
}

static void every_format_survives_failed_allocations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        fail_each(&samples[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_survives_failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
