/* pipeline/verify/verify_release.c - a release against its SHA256SUMS: every file that it lists, and what
 * HDF5 files say. */
#include "pipeline/verify/verify_internal.h"

#include "pipeline/core/array.h"
#include "pipeline/core/digest.h"
#include "pipeline/core/file.h"

#include <string.h>

typedef struct sum {
    const char *path;
    uint64_t line;
    char digest[LTA_SHA256_HEX];
    bool of_content; /* content_sha256 of an HDF5 file, else of the file's bytes */
} sum;

static bool is_digest(const char *text)
{
    return strspn(text, "0123456789abcdef") >= LTA_SHA256_HEX - 1;
}

/* A path that stays inside the release. */
static bool is_inside(const char *path)
{
    const char *p = path;
    if (!*p || *p == '/')
        return false;
    for (;;) {
        size_t n = strcspn(p, "/");
        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        if (!p[n])
            return true;
        p += n + 1;
    }
}

/* "DIGEST  PATH", or the same behind "# content_sha256 ". */
static bool parse_line(char *text, sum *s)
{
    static const char content[] = "# content_sha256 ";
    s->of_content = strncmp(text, content, sizeof content - 1) == 0;
    if (s->of_content)
        text += sizeof content - 1;
    if (!is_digest(text) || strncmp(text + LTA_SHA256_HEX - 1, "  ", 2) != 0)
        return false;
    memcpy(s->digest, text, LTA_SHA256_HEX - 1);
    s->digest[LTA_SHA256_HEX - 1] = '\0';
    s->path = text + LTA_SHA256_HEX - 1 + 2;
    return is_inside(s->path);
}

static lta_status check_bytes(const char *sums, const sum *s, const char *path)
{
    lta_status st = LTA_OK;
    lta_mapping m = {0};
    uint8_t raw[LTA_SHA256_BYTES];
    char found[LTA_SHA256_HEX];
    LTA_TRY(lta_map_file(path, &m));
    LTA_TRY(lta_sha256(m.data, m.size, raw));
    lta_hex(raw, sizeof raw, found);
    if (strcmp(found, s->digest) != 0)
        st = lta_fail(LTA_ERR_FORMAT, "%s: its SHA-256 is %s, expected that of %s:%llu", path, found, sums,
                      (unsigned long long)s->line);
done:
    lta_unmap_file(&m);
    return st;
}

static lta_status check_content(const lta_run *run, const char *sums, const sum *s, const char *path)
{
    lta_reader *r;
    lta_status st = lta_reader_open(path, NULL, &r);
    if (st != LTA_OK)
        return st;
    if (strcmp(lta_reader_digest(r), s->digest) != 0)
        st = lta_fail(LTA_ERR_FORMAT, "%s: its content_sha256 is %s, expected that of %s:%llu", path,
                      lta_reader_digest(r), sums, (unsigned long long)s->line);
    if (st == LTA_OK)
        st = lta_verify_open(run, r);
    lta_reader_close(r);
    return st;
}

/* What is wrong with one file says nothing of the others, unlike memory that has run out or a signal. */
static bool is_of_file(lta_status st)
{
    return st == LTA_ERR_INPUT || st == LTA_ERR_FORMAT || st == LTA_ERR_VERSION;
}

/* Says what is wrong with the file, if anything, and counts it in *n_bad. */
static lta_status check_sum(const lta_run *run, const char *dir, const char *sums, const sum *s, FILE *out,
                            uint64_t *n_bad)
{
    char *path = NULL;
    lta_status st = LTA_OK;
    LTA_TRY(lta_check_stop(run));
    LTA_TRY(lta_join_path(dir, s->path, &path));
    st = s->of_content ? check_content(run, sums, s, path) : check_bytes(sums, s, path);
    if (is_of_file(st)) {
        ++*n_bad;
        lta_log_line(run->log, LTA_LOG_ERROR, "verify", "%s", lta_error_detail());
        fprintf(out, "%s: %s\n", path,
                !lta_file_exists(path) ? "absent"
                : s->of_content        ? "content bad"
                                       : "bad");
        st = LTA_OK;
    } else if (st == LTA_OK) {
        fprintf(out, "%s: %s\n", path, s->of_content ? "content ok" : "ok");
    }
done:
    lta_free(path);
    return st;
}

lta_status lta_verify_release(const lta_run *run, const char *dir, const char *sums, FILE *out)
{
    lta_status st = LTA_OK;
    lta_mapping m = {0};
    char *text = NULL;
    uint64_t n_lines = 0, n_bad = 0;
    lta_strings listed = {0};
    LTA_TRY(lta_map_file(sums, &m));
    LTA_TRY(lta_copy_text(m.data, m.size, &text));
    if (m.size == 0 || text[m.size - 1] != '\n' || strlen(text) != m.size)
        LTA_TRY(lta_fail(LTA_ERR_FORMAT, "%s: is empty, cut off or binary, expected lines of sums", sums));
    for (char *p = text; *p;) {
        char *end = strchr(p, '\n');
        sum s = {.line = ++n_lines};
        *end = '\0';
        if (!parse_line(p, &s))
            LTA_TRY(lta_fail(LTA_ERR_FORMAT,
                             "%s:%llu: expected a digest, two spaces and a path inside the release", sums,
                             (unsigned long long)n_lines));
        LTA_TRY(check_sum(run, dir, sums, &s, out, &n_bad));
        if (!s.of_content)
            LTA_TRY(lta_strings_add_text(&listed, s.path));
        p = end + 1;
    }
    LTA_TRY(lta_verify_release_files(dir, &listed));
    for (uint64_t i = 0; n_bad == 0 && i < listed.n; i++)
        LTA_TRY(lta_verify_published(run, dir, lta_strings_get(&listed, i)));
    if (n_bad > 0)
        st = lta_fail(LTA_ERR_FORMAT, "%s: %llu of %llu lines do not hold", sums, (unsigned long long)n_bad,
                      (unsigned long long)n_lines);
done:
    lta_strings_free(&listed);
    lta_free(text);
    lta_unmap_file(&m);
    return st;
}
