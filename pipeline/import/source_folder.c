/* pipeline/import/source_folder.c - listing and digesting a folder's files. */
#include "pipeline/import/source_folder.h"

#include "pipeline/core/array.h"
#include "pipeline/core/utf8.h"
#include "pipeline/import/input.h"
#include "pipeline/import/source_digest.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef unsigned long long ull; /* for printf */

void lta_source_folder_close(lta_source_folder *f)
{
    lta_strings_free(&f->path);
    lta_strings_free(&f->name);
    lta_free(f->state);
    *f = (lta_source_folder){0};
}

static bool is_wanted(const char *name)
{
    static const char ending[] = ".json";
    size_t n = lta_plain_name_length(name), k = strlen(ending);
    return name[0] != '.' && n > k && memcmp(name + n - k, ending, k) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names, sorted; free each and the list. */
static lta_status list_names(const lta_run *run, const char *path, char ***names, uint64_t *n)
{
    lta_status st = LTA_OK;
    uint64_t capacity = 0, others = 0;
    DIR *d = opendir(path);
    if (!d)
        return lta_fail_errno(LTA_ERR_INPUT, errno, "%s: could not be listed", path);
    for (;;) {
        errno = 0;
        const struct dirent *e = readdir(d);
        if (!e)
            break;
        if (!is_wanted(e->d_name)) {
            others += e->d_name[0] != '.';
            continue;
        }
        if (!lta_is_utf8(e->d_name, strlen(e->d_name))) {
            st = lta_fail(LTA_ERR_INPUT,
                          "%s/%s: its name is not UTF-8, expected a name that a trace can record", path,
                          e->d_name);
            goto done;
        }
        LTA_TRY(LTA_GROW(names, &capacity, *n + 1));
        size_t size = strlen(e->d_name) + 1;
        LTA_TRY(LTA_ALLOC(&(*names)[*n], size));
        memcpy((*names)[(*n)++], e->d_name, size);
    }
    if (errno != 0) {
        st = lta_fail_errno(LTA_ERR_INPUT, errno, "%s: could not be listed", path);
        goto done;
    }
    if (*n == 0) {
        st = lta_fail(LTA_ERR_INPUT,
                      "%s: is a directory without *.json files, expected at least one, or a regular file",
                      path);
        goto done;
    }
    if (others > 0)
        lta_log_line(run->log, LTA_LOG_INFO, "import",
                     "%s: %llu entries are not used, as they are not named *.json", path, (ull)others);
    qsort(*names, *n, sizeof **names, by_name);
done:
    closedir(d);
    return st;
}

static lta_status digest_file(const lta_run *run, lta_source_folder *f, const char *folder, const char *name,
                              lta_digest_state *d)
{
    lta_status st = LTA_OK;
    lta_mapping m = {0};
    char *path = NULL;
    uint8_t size[8];
    LTA_TRY(lta_join_path(folder, name, &path));
    LTA_TRY(lta_map_file(path, &m));
    for (unsigned i = 0; i < sizeof size; i++)
        size[i] = (uint8_t)((uint64_t)m.size >> 8 * i);
    LTA_TRY(lta_digest_add(d, name, strlen(name) + 1));
    LTA_TRY(lta_digest_add(d, size, sizeof size));
    LTA_TRY(lta_digest_add_file(run, d, &m));
    LTA_TRY(lta_strings_add_text(&f->path, path));
    LTA_TRY(lta_strings_add_text(&f->name, name));
    f->state[f->n++] = m.state;
    f->bytes += m.size;
done:
    lta_unmap_file(&m);
    lta_free(path);
    return st;
}

lta_status lta_source_folder_open(const lta_run *run, const char *path, bool with_sha256,
                                  lta_source_folder *out, char xxh3_128[LTA_XXH3_HEX],
                                  char sha256[LTA_SHA256_HEX])
{
    lta_status st = LTA_OK;
    lta_source_folder f = {0};
    lta_digest_state *d = NULL;
    char **names = NULL;
    uint64_t n = 0;
    LTA_TRY(list_names(run, path, &names, &n));
    LTA_TRY(LTA_ALLOC(&f.state, n));
    LTA_TRY(lta_digest_begin(with_sha256, &d));
    for (uint64_t i = 0; i < n; i++)
        LTA_TRY(digest_file(run, &f, path, names[i], d));
    LTA_TRY(lta_digest_end(d, xxh3_128, sha256));
    *out = f;
    f = (lta_source_folder){0};
done:
    for (uint64_t i = 0; i < n; i++)
        lta_free(names[i]);
    lta_free(names);
    lta_digest_free(d);
    lta_source_folder_close(&f);
    return st;
}
