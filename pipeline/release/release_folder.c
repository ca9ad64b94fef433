/* pipeline/release/release_folder.c - see release_folder.h. */
#include "pipeline/release/release_folder.h"

#include "pipeline/core/array.h"
#include "pipeline/core/digest.h"
#include "pipeline/core/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char lta_release_mark[] = ".unfinished";

static lta_status is_empty(const char *dir, bool *empty)
{
    DIR *d = opendir(dir);
    if (!d)
        return lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be looked through", dir);
    *empty = true;
    for (struct dirent *e; (e = readdir(d));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            *empty = false;
    closedir(d);
    return LTA_OK;
}

static lta_status is_marked(const char *dir, bool *marked)
{
    char *path;
    lta_status st = lta_join_path(dir, lta_release_mark, &path);
    if (st != LTA_OK)
        return st;
    *marked = lta_file_exists(path);
    lta_free(path);
    return LTA_OK;
}

/* Other folders have a SHA256SUMS, too; a provenance.json that names traces is of a release. */
static lta_status has_provenance(const char *dir, bool *has)
{
    char *path;
    lta_status st = lta_join_path(dir, "provenance.json", &path);
    if (st != LTA_OK)
        return st;
    json_t *provenance = json_load_file(path, 0, NULL);
    *has = json_object_get(provenance, "release") && json_object_get(provenance, "traces");
    json_decref(provenance);
    lta_free(path);
    return LTA_OK;
}

lta_status lta_release_check_folder(const lta_run *run, const char *dir, bool *ours)
{
    lta_status st = LTA_OK;
    bool exists;
    *ours = true;
    LTA_TRY(lta_check_folders(dir, &exists));
    if (!exists)
        goto done;
    LTA_TRY(is_empty(dir, ours));
    if (!*ours)
        LTA_TRY(is_marked(dir, ours));
    if (!*ours)
        LTA_TRY(has_provenance(dir, ours));
    if (!*ours && !run->force)
        st = lta_fail(LTA_ERR_USAGE,
                      "-o %s: holds files that are not of a release; expected an absent or empty folder, or "
                      "one of a release (--force writes into it all the same)",
                      dir);
done:
    return st;
}

lta_status lta_release_begin_folder(const char *dir)
{
    lta_status st = LTA_OK;
    char *mark = NULL, *sums = NULL;
    bool ours;
    LTA_TRY(lta_make_folders(dir));
    LTA_TRY(lta_join_path(dir, lta_release_mark, &mark));
    LTA_TRY(lta_join_path(dir, "SHA256SUMS", &sums));
    LTA_TRY(has_provenance(dir, &ours));
    if (ours && rename(sums, mark) == 0)
        goto done;
    int fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        LTA_TRY(lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be created", mark));
    close(fd);
    LTA_TRY(lta_release_remove(dir, "SHA256SUMS"));
done:
    lta_free(sums);
    lta_free(mark);
    return st;
}

/* A path that stays inside the release. */
static bool is_inside(const char *path)
{
    for (const char *p = path;; p++) {
        size_t n = strcspn(p, "/");
        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        p += n;
        if (!*p)
            return true;
    }
}

lta_status lta_release_earlier_files(const char *dir, lta_strings *out)
{
    enum { BEFORE_PATH = LTA_SHA256_HEX - 1 + 2 }; /* "DIGEST  PATH" */
    lta_status st = LTA_OK;
    char *mark = NULL, *text = NULL;
    lta_mapping m = {0};
    LTA_TRY(lta_join_path(dir, lta_release_mark, &mark));
    LTA_TRY(lta_map_file(mark, &m));
    LTA_TRY(lta_copy_text(m.data, m.size, &text));
    for (char *p = text, *end; (end = strchr(p, '\n')); p = end + 1) {
        *end = '\0';
        if (end - p > BEFORE_PATH && strspn(p, "0123456789abcdef") == BEFORE_PATH - 2 &&
            is_inside(p + BEFORE_PATH))
            LTA_TRY(lta_strings_add_text(out, p + BEFORE_PATH));
    }
done:
    lta_unmap_file(&m);
    lta_free(text);
    lta_free(mark);
    return st;
}

lta_status lta_release_end_folder(const char *dir)
{
    return lta_release_remove(dir, lta_release_mark);
}

lta_status lta_release_remove(const char *dir, const char *file)
{
    char *path;
    lta_status st = lta_join_path(dir, file, &path);
    if (st != LTA_OK)
        return st;
    if (unlink(path) != 0 && errno != ENOENT)
        st = lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be removed", path);
    lta_free(path);
    return st;
}
