/* pipeline/core/file.c - mappings and all-or-nothing text files. */
#include "pipeline/core/file.h"

#include "pipeline/core/array.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static lta_file_state state_of(const struct stat *s)
{
    return (lta_file_state){.device = (uint64_t)s->st_dev,
                            .inode = (uint64_t)s->st_ino,
                            .size = (uint64_t)s->st_size,
                            .changed = s->st_mtim};
}

lta_status lta_check_unchanged(const char *path, const lta_file_state *before)
{
    struct stat s;
    if (stat(path, &s) != 0)
        return lta_fail_errno(LTA_ERR_INPUT, errno, "%s: changed while it was read", path);
    lta_file_state now = state_of(&s);
    if (now.device != before->device || now.inode != before->inode || now.size != before->size ||
        now.changed.tv_sec != before->changed.tv_sec || now.changed.tv_nsec != before->changed.tv_nsec)
        return lta_fail(LTA_ERR_INPUT, "%s: changed while it was read, expected a file at rest", path);
    return LTA_OK;
}

lta_status lta_map_file(const char *path, lta_mapping *out)
{
    lta_status st = LTA_OK;
    /* O_NONBLOCK: a FIFO must not make us wait for its writer */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return lta_fail_errno(LTA_ERR_INPUT, errno, "%s: could not be opened for reading", path);
    struct stat s;
    if (fstat(fd, &s) != 0) {
        st = lta_fail_errno(LTA_ERR_INPUT, errno, "%s: could not be examined", path);
    } else if (S_ISDIR(s.st_mode)) {
        st = lta_fail(LTA_ERR_INPUT, "%s: is a directory, expected a regular file", path);
    } else if (!S_ISREG(s.st_mode)) {
        st = lta_fail(LTA_ERR_INPUT, "%s: is not a regular file", path);
    } else if (s.st_size == 0) {
        *out = (lta_mapping){.data = "", .size = 0, .state = state_of(&s)};
    } else {
        void *p = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED) {
            st = lta_fail_errno(LTA_ERR_INPUT, errno, "%s: could not be mapped", path);
        } else {
            /* advice only: a failure changes nothing but speed */
            (void)madvise(p, (size_t)s.st_size, MADV_SEQUENTIAL);
            *out = (lta_mapping){.data = p, .size = (size_t)s.st_size, .state = state_of(&s)};
        }
    }
    close(fd);
    return st;
}

void lta_unmap_file(lta_mapping *m)
{
    if (m->size > 0)
        munmap((void *)(uintptr_t)m->data, m->size);
    *m = (lta_mapping){.data = "", .size = 0};
}

const char *lta_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool lta_file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool lta_is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

lta_status lta_check_store(const char *store)
{
    if (!lta_file_exists(store))
        return lta_fail(LTA_ERR_INPUT, "%s: is not there; expected the folder of a store", store);
    if (!lta_is_folder(store))
        return lta_fail(LTA_ERR_INPUT, "%s: is a file, expected the folder of a store", store);
    return LTA_OK;
}

lta_status lta_check_other_folder(const char *result, const char *from)
{
    struct stat a, b;
    if (stat(result, &a) == 0 && stat(from, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        return lta_fail(LTA_ERR_USAGE, "-o %s is also a store to read, expected another folder", result);
    return LTA_OK;
}

lta_status lta_join_path(const char *dir, const char *name, char **out)
{
    size_t n = strlen(dir), m = strlen(name);
    char *p;
    lta_status st = LTA_ALLOC(&p, n + m + 2);
    if (st != LTA_OK)
        return st;
    memcpy(p, dir, n);
    if (n > 0 && dir[n - 1] != '/')
        p[n++] = '/';
    memcpy(p + n, name, m + 1);
    *out = p;
    return LTA_OK;
}

lta_status lta_make_folder(const char *path)
{
    struct stat s;
    if (mkdir(path, 0777) == 0)
        return LTA_OK;
    if (errno != EEXIST)
        return lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not make the folder", path);
    if (stat(path, &s) != 0 || !S_ISDIR(s.st_mode))
        return lta_fail(LTA_ERR_USAGE, "%s: exists and is not a folder", path);
    return LTA_OK;
}

lta_status lta_make_folders(const char *path)
{
    lta_status st = LTA_OK;
    size_t n = strlen(path);
    char *part = NULL;
    LTA_TRY(LTA_ALLOC(&part, n + 1));
    memcpy(part, path, n + 1);
    for (size_t i = 1; i < n && st == LTA_OK; i++)
        if (part[i] == '/' && part[i - 1] != '/') {
            part[i] = '\0';
            st = lta_make_folder(part);
            part[i] = '/';
        }
    if (st == LTA_OK)
        st = lta_make_folder(path);
done:
    lta_free(part);
    return st;
}

/* Cuts the last component off; what is left of a name without '/' is ".". */
static void cut_to_parent(char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    while (n > 1 && path[n - 1] == '/')
        n--;
    if (n == 0)
        path[n++] = '.';
    path[n] = '\0';
}

lta_status lta_check_folders(const char *path, bool *exists)
{
    lta_status st = LTA_OK;
    struct stat s;
    size_t n = strlen(path);
    char *part = NULL;
    *exists = true;
    if (n == 0)
        return lta_fail(LTA_ERR_USAGE, "the name of a folder is empty");
    LTA_TRY(LTA_ALLOC(&part, n + 2));
    memcpy(part, path, n + 1);
    while (lstat(part, &s) != 0) { /* a link to nowhere is something on the way, too */
        if ((errno != ENOENT && errno != ENOTDIR) || strcmp(part, ".") == 0 || strcmp(part, "/") == 0) {
            st = lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not make the folder", path);
            goto done;
        }
        cut_to_parent(part);
        *exists = false;
    }
    if (stat(part, &s) != 0 || !S_ISDIR(s.st_mode))
        st = *exists ? lta_fail(LTA_ERR_USAGE, "%s: exists and is not a folder", path)
                     : lta_fail(LTA_ERR_USAGE, "%s: could not make the folder: %s is not one", path, part);
    else if (!*exists && access(part, W_OK | X_OK) != 0)
        st = lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not make the folder", path);
done:
    lta_free(part);
    return st;
}

lta_status lta_sync_folder_of(const char *path)
{
    const char *base = lta_base_name(path);
    size_t n = (size_t)(base - path);
    char *dir;
    lta_status st = LTA_ALLOC(&dir, n + 2);
    if (st != LTA_OK)
        return st;
    if (n == 0) {
        memcpy(dir, ".", 2);
    } else {
        memcpy(dir, path, n);
        dir[n] = '\0';
    }
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* some network file systems refuse fsync on folders (EINVAL): the rename itself is done all the same */
    if (fd >= 0) {
        if (fsync(fd) != 0 && errno != EINVAL)
            st = lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be flushed", dir);
        close(fd);
    }
    lta_free(dir);
    return st;
}

/* By errno, and by the folder where that is what is wrong. */
static lta_status fail_to_create(const char *path)
{
    int why = errno;
    lta_status st = LTA_OK;
    char *dir = NULL;
    LTA_TRY(LTA_ALLOC(&dir, strlen(path) + 2));
    memcpy(dir, path, strlen(path) + 1);
    cut_to_parent(dir);
    if (why == ENOENT && !lta_file_exists(dir))
        st = lta_fail(LTA_ERR_RUN, "%s: could not be created: there is no folder %s", path, dir);
    else if (why == ENOTDIR)
        st = lta_fail(LTA_ERR_RUN, "%s: could not be created: %s is not a folder", path, dir);
    else
        st = lta_fail_errno(LTA_ERR_RUN, why, "%s: could not be created", path);
done:
    lta_free(dir);
    return st;
}

lta_status lta_text_create(const char *path, lta_text_file *out)
{
    lta_text_file f = {0};
    lta_status st = LTA_OK;
    struct stat s;
    char *target = lstat(path, &s) == 0 && S_ISLNK(s.st_mode) ? realpath(path, NULL) : NULL;
    if (target)
        path = target;
    bool exists = stat(path, &s) == 0;
    const char *base = lta_base_name(path);
    size_t n = strlen(path), at = (size_t)(base - path);
    LTA_TRY(LTA_ALLOC(&f.path, n + 1));
    memcpy(f.path, path, n + 1);
    if (!exists || S_ISREG(s.st_mode)) {
        LTA_TRY(LTA_ALLOC(&f.partial, n + 16));
        snprintf(f.partial, n + 16, "%.*s.%s.partial", (int)at, path, base);
    } /* else a pipe or a device: nothing to rename */
    f.stream = fopen(f.partial ? f.partial : path, "we");
    if (!f.stream) {
        st = fail_to_create(path);
        goto done;
    }
    free(target);
    *out = f;
    return LTA_OK;
done:
    free(target);
    lta_free(f.path);
    lta_free(f.partial);
    return st;
}

lta_status lta_text_commit(lta_text_file *f)
{
    if (ferror(f->stream) || fflush(f->stream) != 0 || (f->partial && fsync(fileno(f->stream)) != 0))
        return lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be written", f->path);
    int closed = fclose(f->stream);
    f->stream = NULL;
    if (closed != 0)
        return lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be written", f->path);
    if (!f->partial)
        return LTA_OK;
    if (rename(f->partial, f->path) != 0)
        return lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be renamed to %s", f->partial, f->path);
    lta_free(f->partial);
    f->partial = NULL;
    return lta_sync_folder_of(f->path);
}

void lta_text_close(lta_text_file *f)
{
    if (f->stream)
        fclose(f->stream);
    if (f->partial)
        unlink(f->partial);
    lta_free(f->path);
    lta_free(f->partial);
    *f = (lta_text_file){0};
}
