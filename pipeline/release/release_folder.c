/* pipeline/release/release_folder.c - see release_folder.h. */
#include "pipeline/release/release_folder.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
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

lta_status lta_release_check_folder(const lta_run *run, const char *dir)
{
    lta_status st = LTA_OK;
    bool exists, ours = false;
    LTA_TRY(lta_check_folders(dir, &exists));
    if (!exists || run->force)
        goto done;
    LTA_TRY(is_empty(dir, &ours));
    if (!ours)
        LTA_TRY(is_marked(dir, &ours));
    if (!ours)
        LTA_TRY(has_provenance(dir, &ours));
    if (!ours)
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
    char *path = NULL;
    LTA_TRY(lta_make_folders(dir));
    LTA_TRY(lta_join_path(dir, lta_release_mark, &path));
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        LTA_TRY(lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be created", path));
    close(fd);
    LTA_TRY(lta_release_remove(dir, "SHA256SUMS"));
done:
    lta_free(path);
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
