/* pipeline/release/describe.c - see describe.h. */
#include "pipeline/release/describe.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/release/documents.h"
#include "pipeline/table/csv.h"

#include <errno.h>
#include <string.h>

const char *const lta_release_documents[] = {
    "CITATION.cff", "README.md", "data-dictionary.csv", "datapackage.json", "provenance.json",
    "zenodo.json",  NULL};

/* The configuration's date, else the day of SOURCE_DATE_EPOCH. */
static lta_status find_date(const lta_release_config *c, char date[LTA_DATE_TEXT])
{
    if (!c->date)
        return lta_source_date(date);
    memcpy(date, c->date, strlen(c->date) + 1);
    return LTA_OK;
}

lta_status lta_release_write_json(const lta_release_facts *f, const char *file, json_t *value)
{
    lta_status st = LTA_OK;
    char *path = NULL;
    lta_text_file out = {0};
    if (!value)
        LTA_TRY(lta_fail(LTA_ERR_NOMEM, "memory has run out over %s", file));
    LTA_TRY(lta_join_path(f->dir, file, &path));
    LTA_TRY(lta_text_create(path, &out));
    if (json_dumpf(value, out.stream, JSON_INDENT(2) | JSON_PRESERVE_ORDER) != 0 ||
        fputc('\n', out.stream) == EOF)
        LTA_TRY(lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be written", path));
    LTA_TRY(lta_text_commit(&out));
done:
    lta_text_close(&out);
    lta_free(path);
    json_decref(value);
    return st;
}

lta_status lta_release_write_dictionary(const lta_release_facts *f)
{
    static const char *const header[] = {"file", "column", "type", "unit", "description"};
    lta_status st = LTA_OK;
    char *path = NULL;
    lta_text_file out = {0};
    lta_csv *csv = NULL;
    LTA_TRY(LTA_ALLOC(&csv, 1));
    LTA_TRY(lta_join_path(f->dir, "data-dictionary.csv", &path));
    LTA_TRY(lta_text_create(path, &out));
    lta_csv_begin(csv, out.stream);
    for (size_t i = 0; i < sizeof header / sizeof *header; i++)
        lta_csv_text(csv, header[i]);
    lta_csv_end_row(csv);
    for (uint64_t i = 0; i < f->contents->n; i++) {
        const lta_release_file *file = &f->contents->file[i];
        const lta_strings *cell[] = {&file->column, &file->type, &file->unit, &file->description};
        for (uint64_t c = 0; c < file->column.n; c++) {
            lta_csv_text(csv, file->path);
            for (size_t k = 0; k < sizeof cell / sizeof *cell; k++)
                lta_csv_text(csv, lta_strings_get(cell[k], c));
            lta_csv_end_row(csv);
        }
    }
    LTA_TRY(lta_csv_finish(csv, path));
    LTA_TRY(lta_text_commit(&out));
done:
    lta_text_close(&out);
    lta_free(csv);
    lta_free(path);
    return st;
}

lta_status lta_release_describe(const lta_run *run, const lta_release_config *c, const char *dir,
                                const char *work, bool ours)
{
    lta_status st = LTA_OK;
    lta_release_contents contents = {0};
    lta_release_facts f = {.config = c, .contents = &contents, .dir = dir, .work = work, .ours = ours};
    LTA_TRY(find_date(c, f.date));
    LTA_TRY(lta_release_contents_read(c, dir, &contents));
    LTA_TRY(lta_check_stop(run));
    LTA_TRY(lta_release_write_readme(&f));
    LTA_TRY(lta_release_write_dictionary(&f));
    LTA_TRY(lta_release_write_data_package(&f));
    LTA_TRY(lta_release_write_zenodo(&f));
    LTA_TRY(lta_release_write_citation(&f));
    LTA_TRY(lta_release_write_provenance(&f));
    LTA_TRY(lta_check_stop(run));
    LTA_TRY(lta_release_clear_strays(run, &f));
    LTA_TRY(lta_release_write_sums(&f));
done:
    lta_release_contents_free(&contents);
    return st;
}
