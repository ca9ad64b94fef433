/* pipeline/stage/stage.c - the frame of every stage that reads a store. */
#include "pipeline/stage/stage.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/core/json_text.h"
#include "pipeline/core/strings.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* "trie.h5" -> "trie"; out holds at least 16 bytes */
static void format_of(const char *file, char *out)
{
    size_t n = strcspn(file, ".");
    memcpy(out, file, n < 15 ? n : 15);
    out[n < 15 ? n : 15] = '\0';
}

/* STORE/FILE was or is being made from the files that `inputs` lists: they must be the ones that stand there
 * now. */
static lta_status check_inputs(const char *store, const char *file, const char *inputs)
{
    lta_status st = LTA_OK;
    json_t *list = json_loads(inputs, 0, NULL);
    if (!json_is_object(list)) {
        st = lta_fail(LTA_ERR_FORMAT, "%s/%s:/@inputs: expected a JSON object", store, file);
        goto done;
    }
    const char *name;
    json_t *digest;
    json_object_foreach(list, name, digest)
    {
        lta_reader *input = NULL;
        st = lta_stage_open_file(store, name, false, &input);
        bool same = st == LTA_OK && json_is_string(digest) &&
                    strcmp(json_string_value(digest), lta_reader_digest(input)) == 0;
        lta_reader_close(input);
        if (st != LTA_OK)
            goto done;
        if (!same) {
            char stage[16];
            format_of(file, stage);
            st = lta_fail(LTA_ERR_INPUT,
                          "%s/%s: was made from another %s than the one beside it; run `lta %s %s` again",
                          store, file, name, stage, store);
            goto done;
        }
    }
done:
    json_decref(list);
    return st;
}

lta_status lta_stage_open_file(const char *store, const char *file, bool fresh, lta_reader **out)
{
    lta_status st = LTA_OK;
    char *path = NULL, *inputs = NULL, format[16];
    lta_reader *r = NULL;
    format_of(file, format);
    LTA_TRY(lta_join_path(store, file, &path));
    LTA_TRY(lta_check_store(store));
    if (!lta_file_exists(path)) {
        st = lta_fail(LTA_ERR_INPUT, "%s: is not there; expected a store in which `lta %s` has run", path,
                      strcmp(format, "trace") == 0      ? "import"
                      : strcmp(format, "enriched") == 0 ? "enrich"
                                                        : format);
        goto done;
    }
    LTA_TRY(lta_reader_open(path, format, &r));
    if (fresh && strcmp(format, "trace") != 0) {
        LTA_TRY(lta_reader_attribute_text(r, "/", "inputs", &inputs));
        LTA_TRY(check_inputs(store, file, inputs));
    }
    *out = r;
    r = NULL;
done:
    lta_reader_close(r);
    lta_free(inputs);
    lta_free(path);
    return st;
}

lta_status lta_stage_begin(lta_stage *stage, const lta_run *run, const char *name, const char *store,
                           const char *file, json_t *parameters, const char *const *inputs, bool *current)
{
    lta_status st = LTA_OK;
    json_t *digests = json_object();
    char format[16];
    *stage = (lta_stage){.run = run, .name = name, .store = store, .file = file, .started = lta_seconds()};
    format_of(file, format);
    for (size_t i = 0; inputs[i]; i++) {
        lta_reader *r;
        LTA_TRY(lta_stage_open_file(store, inputs[i], true, &r));
        json_object_set_new(digests, inputs[i], json_string(lta_reader_digest(r)));
        lta_reader_close(r);
    }
    stage->parameters = lta_json_text(parameters, 0);
    stage->inputs = lta_json_text(digests, 0);
    if (!stage->parameters || !stage->inputs) {
        st = lta_fail(LTA_ERR_NOMEM, "could not write down the parameters of lta %s", name);
        goto done;
    }
    *current = false;
    if (run->compare)
        goto done;
    LTA_TRY(lta_store_is_current(store, file, format, stage->parameters, stage->inputs, current));
    if (run->force)
        *current = false;
    if (*current)
        lta_log_line(run->log, LTA_LOG_INFO, name, "%s/%s is up to date", store, file);
done:
    json_decref(digests);
    json_decref(parameters);
    if (st != LTA_OK)
        lta_stage_end(stage);
    return st;
}

lta_status lta_stage_create(const lta_stage *stage, lta_writer **out)
{
    char format[16];
    format_of(stage->file, format);
    if (!stage->run->compare)
        return lta_writer_create(stage->run, stage->store, stage->file, format, out);
    char *path = NULL;
    lta_status st = lta_join_path(stage->store, stage->file, &path);
    if (st == LTA_OK)
        st = lta_writer_compare(stage->run, path, format, stage->name, out);
    lta_free(path);
    return st;
}

lta_status lta_stage_commit(const lta_stage *stage, lta_writer *w)
{
    lta_status st = LTA_OK;
    LTA_TRY(lta_check_stop(stage->run));
    /* another process may have replaced an input after its digest was noted */
    LTA_TRY(check_inputs(stage->store, stage->file, stage->inputs));
    LTA_TRY(lta_writer_commit(w, stage->parameters, stage->inputs));
done:
    return st;
}

void lta_stage_end(lta_stage *stage)
{
    lta_free(stage->parameters);
    lta_free(stage->inputs);
    stage->parameters = stage->inputs = NULL;
}

lta_status lta_stage_has_symbols(const char *store, bool *has)
{
    lta_status st = LTA_OK;
    lta_reader *r = NULL;
    char *unit = NULL;
    LTA_TRY(lta_stage_open_file(store, "trace.h5", false, &r));
    LTA_TRY(lta_reader_attribute_text(r, "/", "unit", &unit));
    *has = strcmp(unit, "none") != 0;
done:
    lta_free(unit);
    lta_reader_close(r);
    return st;
}

lta_status lta_stage_timeline(const char *store, char **timeline, uint64_t *gap_us)
{
    lta_status st = LTA_OK;
    lta_reader *r = NULL;
    char *text = NULL;
    json_t *parameters = NULL;
    *timeline = NULL;
    *gap_us = 0;
    LTA_TRY(lta_stage_open_file(store, "trace.h5", false, &r));
    LTA_TRY(lta_reader_attribute_text(r, "/", "parameters", &text));
    parameters = json_loads(text, 0, NULL);
    const char *found = json_string_value(json_object_get(parameters, "timeline"));
    json_int_t gap = json_integer_value(json_object_get(parameters, "gap_us"));
    if (found && gap >= 0) {
        LTA_TRY(lta_copy_text(found, strlen(found), timeline));
        *gap_us = (uint64_t)gap;
    }
done:
    json_decref(parameters);
    lta_free(text);
    lta_reader_close(r);
    return st;
}

lta_status lta_stage_skip(const lta_run *run, const char *name, const char *store, const char *file)
{
    char *path;
    lta_status st = lta_join_path(store, file, &path);
    if (st != LTA_OK)
        return st;
    if (run->compare) {
        st = lta_fail(LTA_ERR_FORMAT, "%s: the trace has no symbols to make it from", path);
        lta_free(path);
        return st;
    }
    lta_log_line(run->log, LTA_LOG_INFO, name, "skipped: the sources of %s give no tokens and no block ids",
                 store);
    if (unlink(path) == 0)
        lta_log_line(run->log, LTA_LOG_WARN, name, "%s removed: it was made from another trace", path);
    else if (errno != ENOENT)
        st = lta_fail_errno(LTA_ERR_RUN, errno, "%s: was made from another trace, and could not be removed",
                            path);
    lta_free(path);
    return st;
}
