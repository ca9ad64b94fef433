/* pipeline/verify/verify_release_files.c - a release holds no file that its SHA256SUMS leaves out: nothing
 * says whose it is. */
#include "pipeline/core/array.h"
#include "pipeline/verify/verify_internal.h"

#include <errno.h>
#include <fts.h>
#include <string.h>

static bool is_listed(const lta_strings *listed, const char *path)
{
    for (uint64_t i = 0; i < listed->n; i++)
        if (strcmp(lta_strings_get(listed, i), path) == 0)
            return true;
    return strcmp(path, "SHA256SUMS") == 0;
}

lta_status lta_verify_release_files(const char *dir, const lta_strings *listed)
{
    lta_status st = LTA_OK;
    char *copy = NULL;
    FTS *walk = NULL;
    LTA_TRY(lta_copy_text(dir, strlen(dir), &copy));
    char *roots[] = {copy, NULL};
    walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!walk)
        LTA_TRY(lta_fail_errno(LTA_ERR_INPUT, errno, "%s: could not be looked through", dir));
    for (FTSENT *e; (e = fts_read(walk));) {
        const char *inside = e->fts_path + strlen(copy);
        inside += strspn(inside, "/");
        if (e->fts_info != FTS_D && e->fts_info != FTS_DP && !is_listed(listed, inside)) {
            st = lta_fail(LTA_ERR_FORMAT, "%s: is not in SHA256SUMS, expected nothing else beside it",
                          e->fts_path);
            goto done;
        }
    }
done:
    if (walk)
        fts_close(walk);
    lta_free(copy);
    return st;
}
