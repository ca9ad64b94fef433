/* pipeline/release/import_notes.c - see import_notes.h. */
#include "pipeline/release/import_notes.h"

#include "pipeline/core/array.h"
#include "pipeline/core/digest.h"
#include "pipeline/core/file.h"
#include "pipeline/store/store.h"

#include <string.h>

static const char file[] = "import-notes.txt";

static lta_status trace_digest(const char *store, char digest[LTA_SHA256_HEX])
{
    lta_status st = LTA_OK;
    char *path = NULL;
    lta_reader *r = NULL;
    LTA_TRY(lta_join_path(store, "trace.h5", &path));
    LTA_TRY(lta_reader_open(path, "trace", &r));
    memcpy(digest, lta_reader_digest(r), LTA_SHA256_HEX);
done:
    lta_reader_close(r);
    lta_free(path);
    return st;
}

static lta_status write_notes(const char *store, const lta_strings *notes)
{
    lta_status st = LTA_OK;
    char *path = NULL, digest[LTA_SHA256_HEX];
    lta_text_file out = {0};
    LTA_TRY(trace_digest(store, digest));
    LTA_TRY(lta_join_path(store, file, &path));
    LTA_TRY(lta_text_create(path, &out));
    fprintf(out.stream, "%s\n", digest);
    for (uint64_t i = 0; i < notes->n; i++) {
        for (const char *p = lta_strings_get(notes, i); *p; p++)
            fputc(*p == '\n' ? ' ' : *p, out.stream);
        fputc('\n', out.stream);
    }
    LTA_TRY(lta_text_commit(&out));
done:
    lta_text_close(&out);
    lta_free(path);
    return st;
}

/* Are there notes of the very trace.h5 that is there? What cannot be read is made anew. */
static bool has_notes(const char *store)
{
    char digest[LTA_SHA256_HEX], *path = NULL;
    lta_mapping m = {0};
    bool has = trace_digest(store, digest) == LTA_OK && lta_join_path(store, file, &path) == LTA_OK &&
               lta_file_exists(path) && lta_map_file(path, &m) == LTA_OK && m.size >= sizeof digest &&
               memcmp(m.data, digest, sizeof digest - 1) == 0 && m.data[m.size - 1] == '\n';
    lta_unmap_file(&m);
    lta_free(path);
    return has;
}

lta_status lta_import_with_notes(const lta_run *given, const char *store, const lta_import_options *options,
                                 int n_files, char *const *files)
{
    lta_status st = LTA_OK;
    lta_strings notes = {0};
    lta_run run = *given;
    char before[LTA_SHA256_HEX] = "", after[LTA_SHA256_HEX];
    bool had = has_notes(store);
    run.force |= !had;
    if (had)
        LTA_TRY(trace_digest(store, before));
    run.log->notes = &notes;
    run.log->notes_lost = false;
    st = lta_import(&run, store, options, n_files, files);
    run.log->notes = NULL;
    if (st != LTA_OK)
        goto done;
    LTA_TRY(trace_digest(store, after));
    if (run.log->notes_lost)
        LTA_TRY(lta_fail(LTA_ERR_NOMEM, "memory has run out over what there is to say of the sources"));
    if (!had || run.force || strcmp(before, after) != 0)
        LTA_TRY(write_notes(store, &notes));
done:
    lta_strings_free(&notes);
    return st;
}

lta_status lta_import_notes_read(const char *store, lta_strings *out)
{
    lta_status st = LTA_OK;
    lta_strings notes = {0};
    char *path = NULL;
    lta_mapping m = {0};
    LTA_TRY(lta_join_path(store, file, &path));
    LTA_TRY(lta_map_file(path, &m));
    const char *p = memchr(m.data, '\n', m.size), *end = m.data + m.size;
    for (p = p ? p + 1 : end; p < end;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((newline ? newline : end) - p);
        LTA_TRY(lta_strings_add(&notes, p, n));
        p += n + 1;
    }
    *out = notes;
    notes = (lta_strings){0};
done:
    lta_unmap_file(&m);
    lta_strings_free(&notes);
    lta_free(path);
    return st;
}
