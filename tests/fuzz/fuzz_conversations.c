/* tests/fuzz/fuzz_conversations.c - any bytes as each of the text formats: without a tokenizer, with one, and
 * by Marconi's rules. */
#include "tests/fuzz/fuzz_import.h"

static void import_once(const char *path, const lta_import_options *options, bool skip, FILE *nowhere)
{
    lta_log log;
    lta_trace t = {0};
    char file[64], *files[] = {file};
    lta_log_init(&log, nowhere, LTA_LOG_INFO, false);
    lta_run run = {.log = &log, .threads = 1, .skip_bad_rows = skip};
    snprintf(file, sizeof file, "%s", path);
    lta_status st = lta_import_to_memory(&run, options, 1, files, &t);
    if (st != LTA_OK) {
        assert(st == LTA_ERR_FORMAT && lta_error_detail()[0] != '\0');
        return;
    }
    assert(t.n > 0 && t.session && t.turn && t.source_session);
    assert(!t.input_tokens == !options->tokenizer);
    for (uint64_t i = 1; t.arrival_us && i < t.n; i++)
        assert(t.arrival_us[i] >= t.arrival_us[i - 1]);
    if (t.unit != LTA_UNIT_NONE)
        assert(lta_sequences_complete(&t.sequences) == LTA_OK);
    lta_trace_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = {"lmsys", "wildchat", "sharegpt", "swebench"};
    if (fuzz_is_parquet(data, size))
        return 0;
    char path[32];
    int fd = fuzz_file(data, size, path);
    FILE *nowhere = fopen("/dev/null", "w");
    if (!nowhere)
        abort();
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        lta_import_options options = LTA_IMPORT_DEFAULTS;
        options.format = formats[i];
        import_once(path, &options, false, nowhere);
        options.tokenizer = "bytes";
        import_once(path, &options, true, nowhere);
        options.marconi_rules = true;
        options.sps = "0.5";
        options.art = strcmp(formats[i], "swebench") == 0 ? "7.5" : NULL;
        import_once(path, &options, true, nowhere);
    }
    fclose(nowhere);
    close(fd);
    return 0;
}
