/* pipeline/import/source_notes.c - see source_notes.h. */
#include "pipeline/import/source_notes.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"

#include <string.h>

static bool collect(void *collector, lta_log_level level, const char *what)
{
    lta_source_notes *notes = collector;
    char text[4096];
    uint64_t n = notes->said.strings.n, i;
    int length = snprintf(text, sizeof text, "%d%s", (int)level, what);
    if (length < 0 || (size_t)length >= sizeof text ||
        LTA_GROW(&notes->note, &notes->capacity, n + 1) != LTA_OK ||
        lta_dictionary_intern(&notes->said, text, (size_t)length, &i) != LTA_OK)
        return false;
    if (i == n)
        notes->note[i] = (lta_source_note){.first = notes->log->source};
    lta_source_note *note = &notes->note[i];
    note->n_files += note->last != notes->log->source;
    note->last = notes->log->source;
    return true;
}

void lta_source_notes_begin(lta_source_notes *notes, lta_log *log, uint64_t n_files)
{
    *notes = (lta_source_notes){.log = log};
    log->collect = n_files > 1 ? collect : NULL;
    log->collector = notes;
}

void lta_source_notes_end(lta_source_notes *notes)
{
    lta_log *log = notes->log;
    log->collect = NULL;
    for (uint64_t i = 0; i < notes->said.strings.n; i++) {
        const lta_source_note *note = &notes->note[i];
        const char *said = lta_strings_get(&notes->said.strings, i);
        char files[1024];
        if (note->n_files > 1)
            snprintf(files, sizeof files, "%llu files (%s ...)", (unsigned long long)note->n_files,
                     lta_base_name(note->first));
        log->source = note->n_files > 1 ? files : note->first; /* so that the line is kept for a release */
        lta_log_line(log, (lta_log_level)(said[0] - '0'), "import", "%s%s", log->source, said + 1);
    }
    log->source = NULL;
    lta_dictionary_free(&notes->said);
    lta_free(notes->note);
}
