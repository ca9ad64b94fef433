/* pipeline/release/strays.c - files in the folder of a release that are none of its own: those that an
 * earlier release put there go, others are not passed over in silence. */
#include "pipeline/release/documents.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/release/release_folder.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long long ull; /* for printf */

enum { N_NAMED = 5 };

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

/* ---- what earlier releases left ---- */

/* The folders of a file that is gone, as far as they are empty now. */
static void remove_empty_folders(const char *dir, char *path)
{
    size_t root = strlen(dir);
    for (char *slash; (slash = strrchr(path, '/')) && slash > path + root;) {
        *slash = '\0';
        if (rmdir(path) != 0)
            return;
    }
}

/* path: in dir. It goes, and so does what a killed run left of it, under the name that files have while they
 * are being written. keep: only the latter goes. */
static lta_status remove_file(const lta_run *run, const char *dir, const char *path, bool keep)
{
    lta_status st = LTA_OK;
    char *full = NULL, *partial = NULL;
    LTA_TRY(lta_join_path(dir, path, &full));
    size_t n = strlen(full) + sizeof "..partial", folder = (size_t)(lta_base_name(full) - full);
    LTA_TRY(LTA_ALLOC(&partial, n));
    snprintf(partial, n, "%.*s.%s.partial", (int)folder, full, full + folder);
    const char *gone[] = {partial, keep ? NULL : full};
    for (size_t i = 0; i < 2; i++) {
        if (!gone[i])
            continue;
        if (unlink(gone[i]) == 0)
            lta_log_line(run->log, LTA_LOG_INFO, "release", "%s: removed, it was of an earlier release",
                         gone[i]);
        else if (errno != ENOENT && errno != ENOTDIR)
            LTA_TRY(lta_fail_errno(LTA_ERR_RUN, errno, "%s: of an earlier release, could not be removed",
                                   gone[i]));
    }
    remove_empty_folders(dir, full);
done:
    lta_free(partial);
    lta_free(full);
    return st;
}

static lta_status remove_earlier(const lta_run *run, const lta_release_facts *f)
{
    lta_status st = LTA_OK;
    lta_strings earlier = {0};
    LTA_TRY(lta_release_earlier_files(f->dir, &earlier));
    for (uint64_t i = 0; i < earlier.n; i++)
        LTA_TRY(
            remove_file(run, f->dir, lta_strings_get(&earlier, i), is_ours(f, lta_strings_get(&earlier, i))));
    LTA_TRY(remove_file(run, f->dir, "SHA256SUMS", true));
    for (size_t i = 0; lta_release_documents[i]; i++)
        LTA_TRY(remove_file(run, f->dir, lta_release_documents[i], true));
    for (uint64_t i = 0; i < f->contents->n; i++)
        LTA_TRY(remove_file(run, f->dir, f->contents->file[i].path, true));
done:
    lta_strings_free(&earlier);
    return st;
}

/* Symbols are never left over, even by a release that came to no end and so lists no files. */
static lta_status remove_symbols(const lta_run *run, const lta_release_facts *f)
{
    static const char *const files[] = {"trace.h5", "blocks/trace.h5"};
    lta_status st = LTA_OK;
    char *path = NULL;
    for (uint64_t t = 0; t < f->config->n_traces; t++)
        for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
            LTA_TRY(lta_join_path(f->config->trace[t].name, files[i], &path));
            LTA_TRY(remove_file(run, f->dir, path, is_ours(f, path)));
            lta_free(path);
            path = NULL;
        }
done:
    lta_free(path);
    return st;
}

/* ---- what is somebody else's ---- */

static lta_status find_strays(const lta_release_facts *f, lta_strings *out)
{
    lta_status st = LTA_OK;
    char *dir = NULL;
    LTA_TRY(lta_copy_text(f->dir, strlen(f->dir), &dir));
    char *roots[] = {dir, NULL};
    size_t root = strlen(dir);
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!walk)
        LTA_TRY(lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be looked through", dir));
    for (FTSENT *e; st == LTA_OK && (e = fts_read(walk));) {
        const char *inside = e->fts_path + root;
        inside += strspn(inside, "/");
        if (e->fts_info != FTS_D && e->fts_info != FTS_DP && !is_ours(f, inside))
            st = lta_strings_add_text(out, inside);
    }
    fts_close(walk);
done:
    lta_free(dir);
    return st;
}

static lta_status refuse(const lta_release_facts *f, const lta_strings *stray)
{
    char names[1024];
    size_t n = 0;
    for (uint64_t i = 0; i < stray->n && i < N_NAMED && n < sizeof names; i++)
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", i > 0 ? ", " : "",
                              lta_strings_get(stray, i));
    return lta_fail(
        LTA_ERR_USAGE,
        "-o %s: holds %llu file%s that %s not of this release (%s%s), expected none: SHA256SUMS is "
        "not written (--force leaves them there and writes it)",
        f->dir, (ull)stray->n, stray->n == 1 ? "" : "s", stray->n == 1 ? "is" : "are", names,
        stray->n > N_NAMED ? ", ..." : "");
}

static void warn(const lta_run *run, const lta_release_facts *f, const lta_strings *stray)
{
    uint64_t named = stray->n > N_NAMED ? N_NAMED - 1 : stray->n;
    for (uint64_t i = 0; i < named; i++)
        lta_log_line(run->log, LTA_LOG_WARN, "release", "%s/%s is not of this release", f->dir,
                     lta_strings_get(stray, i));
    if (stray->n > named)
        lta_log_line(run->log, LTA_LOG_WARN, "release", "%s: %llu more files are not of this release", f->dir,
                     (ull)(stray->n - named));
}

lta_status lta_release_clear_strays(const lta_run *run, const lta_release_facts *f)
{
    lta_status st = LTA_OK;
    lta_strings stray = {0};
    LTA_TRY(remove_earlier(run, f));
    if (f->ours)
        LTA_TRY(remove_symbols(run, f));
    LTA_TRY(find_strays(f, &stray));
    if (stray.n > 0 && !run->force)
        LTA_TRY(refuse(f, &stray));
    warn(run, f, &stray);
done:
    lta_strings_free(&stray);
    return st;
}
