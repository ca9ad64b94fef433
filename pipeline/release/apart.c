/* pipeline/release/apart.c - see apart.h. */
#include "pipeline/release/apart.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Puts the component [n] behind *path, and follows it where it is a link. */
static lta_status step(char **path, const char *component, size_t n)
{
    lta_status st = LTA_OK;
    char *name = NULL, *joined = NULL;
    if (n == 0 || (n == 1 && component[0] == '.'))
        goto done;
    if (n == 2 && memcmp(component, "..", 2) == 0) { /* *path has no links any more */
        char *slash = strrchr(*path, '/');
        slash[slash == *path] = '\0';
        goto done;
    }
    LTA_TRY(lta_copy_text(component, n, &name));
    LTA_TRY(lta_join_path(*path, name, &joined));
    char *real = realpath(joined, NULL);
    if (!real && errno != ENOENT && errno != ENOTDIR)
        LTA_TRY(lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be examined", joined));
    if (real) {
        lta_free(joined);
        joined = NULL;
        st = lta_copy_text(real, strlen(real), &joined);
        free(real);
    }
    if (st == LTA_OK) {
        lta_free(*path);
        *path = joined;
        joined = NULL;
    }
done:
    lta_free(joined);
    lta_free(name);
    return st;
}

/* What realpath() gives, also where the last part of the path is not there yet. */
static lta_status real_path(const char *path, char **out)
{
    lta_status st = LTA_OK;
    char *real = NULL, *here = path[0] == '/' ? NULL : realpath(".", NULL);
    if (path[0] != '/' && !here)
        LTA_TRY(lta_fail_errno(LTA_ERR_RUN, errno, "the working folder could not be examined"));
    LTA_TRY(lta_copy_text(here ? here : "/", here ? strlen(here) : 1, &real));
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        LTA_TRY(step(&real, p, n));
        p += n + (p[n] == '/');
    }
    *out = real;
    real = NULL;
done:
    free(here);
    lta_free(real);
    return st;
}

/* Is inside the folder itself, or in it? Both are real paths. */
static bool lies_in(const char *inside, const char *folder)
{
    size_t n = strlen(folder);
    return strncmp(inside, folder, n) == 0 && (n == 1 || inside[n] == '/' || inside[n] == '\0');
}

/* dir, real: the folder of the release as named, and its real path. A link in it may lead outside; a source
 * that is a folder may lie around it. */
static lta_status check_input(const char *dir, const char *real, const char *what, const char *path)
{
    lta_status st = LTA_OK;
    char *input = NULL, *folder = NULL, *real_folder = NULL;
    LTA_TRY(real_path(path, &input));
    LTA_TRY(lta_copy_text(path, (size_t)(lta_base_name(path) - path), &folder));
    LTA_TRY(real_path(folder, &real_folder));
    bool inside = lies_in(input, real) || lies_in(real_folder, real);
    if (inside || lies_in(real, input))
        st = lta_fail(LTA_ERR_USAGE,
                      "-o %s: %s %s lies %s it; expected a folder apart from what the release is made from",
                      dir, what, path, inside ? "in" : "around");
done:
    lta_free(real_folder);
    lta_free(folder);
    lta_free(input);
    return st;
}

static lta_status check_trace(const lta_release_trace *t, const lta_release_job *job, const char *dir,
                              const char *real)
{
    lta_status st = LTA_OK;
    const char *tokenizer = job->import.tokenizer;
    for (uint64_t i = 0; i < t->files.n; i++)
        LTA_TRY(check_input(dir, real, "source", lta_strings_get(&t->files, i)));
    if (tokenizer && lta_file_exists(tokenizer))
        LTA_TRY(check_input(dir, real, "tokenizer", tokenizer));
done:
    return st;
}

lta_status lta_release_check_apart(const lta_release_config *c, const lta_release_job *job, const char *dir,
                                   const char *work)
{
    lta_status st = LTA_OK;
    char *real = NULL, *real_work = NULL;
    LTA_TRY(real_path(dir, &real));
    LTA_TRY(real_path(work, &real_work));
    if (lies_in(real, real_work) || lies_in(real_work, real))
        LTA_TRY(lta_fail(
            LTA_ERR_USAGE,
            "--work %s: is, holds or lies in the folder of the release, %s; expected another folder, "
            "apart from it: stores have what is not to be published",
            work, dir));
    LTA_TRY(check_input(dir, real, "the configuration", c->path));
    for (uint64_t t = 0; t < c->n_traces; t++)
        LTA_TRY(check_trace(&c->trace[t], &job[t], dir, real));
done:
    lta_free(real);
    lta_free(real_work);
    return st;
}
