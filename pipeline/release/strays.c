/* pipeline/release/strays.c - files in the folder of a release that are none of its own. */
#include "pipeline/release/documents.h"

#include "pipeline/core/array.h"
#include "pipeline/release/release_folder.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <string.h>

static bool is_ours(const lta_release_facts *f, const char *path)
{
    if (strcmp(path, "SHA256SUMS") == 0 || strcmp(path, lta_release_mark) == 0)
        return true;
    for (size_t i = 0; lta_release_documents[i]; i++)
        if (strcmp(lta_release_documents[i], path) == 0)
            return true;
    for (uint64_t i = 0; i < f->contents->n; i++)
        if (strcmp(f->contents->file[i].path, path) == 0)
            return true;
    return false;
}

lta_status lta_release_tell_strays(const lta_run *run, const lta_release_facts *f)
{
    lta_status st = LTA_OK;
    char *dir = NULL;
    LTA_TRY(lta_copy_text(f->dir, strlen(f->dir), &dir));
    char *roots[] = {dir, NULL};
    size_t root = strlen(dir);
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!walk)
        LTA_TRY(lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be looked through", dir));
    for (FTSENT *e; (e = fts_read(walk));) {
        const char *inside = e->fts_path + root;
        inside += strspn(inside, "/");
        if (e->fts_info != FTS_D && e->fts_info != FTS_DP && !is_ours(f, inside))
            lta_log_line(run->log, LTA_LOG_WARN, "release", "%s/%s is not of this release", f->dir, inside);
    }
    fts_close(walk);
done:
    lta_free(dir);
    return st;
}
