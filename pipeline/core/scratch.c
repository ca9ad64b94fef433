/* pipeline/core/scratch.c - see scratch.h. */
#include "pipeline/core/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

const char *lta_scratch_folder(void)
{
    const char *dir = getenv("TMPDIR");
    return dir && *dir ? dir : "/var/tmp";
}

static int open_file(const char *dir)
{
    char path[PATH_MAX];
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    int n = snprintf(path, sizeof path, "%s/lta-XXXXXX", dir); /* a file system without unnamed files */
    if (n < 0 || (size_t)n >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

lta_status lta_scratch_map(size_t bytes, void **out)
{
    const char *dir = lta_scratch_folder();
    lta_status st = LTA_OK;
    void *p = MAP_FAILED;
    int fd = open_file(dir), error = fd < 0 ? errno : EINTR;
    while (error == EINTR)
        error = posix_fallocate(fd, 0, (off_t)bytes);
    if (error == 0) {
        p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        error = p == MAP_FAILED ? errno : 0;
    }
    if (error != 0)
        st = lta_fail_errno(
            LTA_ERR_NOMEM, error,
            "%s: no scratch file of %zu bytes for what goes beyond --memory; expected a folder "
            "with room, TMPDIR names it",
            dir, bytes);
    else
        *out = p;
    if (fd >= 0)
        close(fd);
    return st;
}

uint64_t lta_data_limit(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX
                                                                                  : limit.rlim_cur;
}

uint64_t lta_data_used(void)
{
    char text[256];
    unsigned long long pages = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    if (sscanf(text, "%*s %*s %*s %*s %*s %llu", &pages) != 1)
        return 0;
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
