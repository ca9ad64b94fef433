/* pipeline/import/input.c - gzip and zstd streams, and standard input, into memory that can be mapped. */
#include "pipeline/import/input.h"

#include "pipeline/core/array.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { BUFFER = 1 << 20 };

static const char gzip_magic[] = "\x1f\x8b\x08", zstd_magic[] = "\x28\xb5\x2f\xfd";

static bool begins_with(const lta_mapping *m, const char *magic)
{
    size_t n = strlen(magic);
    return m->size >= n && memcmp(m->data, magic, n) == 0;
}

static size_t ending(const char *file, const char *what)
{
    size_t n = strlen(file), k = strlen(what);
    return n > k && strcmp(file + n - k, what) == 0 ? k : 0;
}

size_t lta_plain_name_length(const char *file)
{
    return strlen(file) - ending(file, ".gz") - ending(file, ".zst");
}

/* ---- memory that grows by being written to ---- */

typedef struct sink {
    const lta_run *run;
    const char *path; /* for messages */
    int fd;
    char *buffer; /* [BUFFER] what came last */
    size_t size;
    bool first_line, text_seen, full; /* full: the first line is there, and no more is wanted */
} sink;

static lta_status sink_open(sink *s)
{
    s->fd = memfd_create("lta-input", MFD_CLOEXEC);
    if (s->fd < 0)
        return lta_fail_errno(LTA_ERR_NOMEM, errno, "%s: no memory to hold it", s->path);
    return LTA_ALLOC(&s->buffer, BUFFER);
}

static void sink_close(sink *s)
{
    if (s->fd >= 0)
        close(s->fd);
    lta_free(s->buffer);
}

/* Is there a line end behind text in what came last? */
static void look_for_line(sink *s, size_t n)
{
    for (size_t i = 0; i < n && !s->full; i++) {
        bool newline = s->buffer[i] == '\n';
        s->full = newline && s->text_seen;
        s->text_seen |= !newline && s->buffer[i] != '\r';
    }
}

/* Takes the first n bytes of the buffer. */
static lta_status sink_take(sink *s, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t k = write(s->fd, s->buffer + at, n - at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return lta_fail_errno(LTA_ERR_NOMEM, errno, "%s: could not allocate more than %zu bytes of it",
                                  s->path, s->size + at);
        at += (size_t)k;
    }
    s->size += n;
    if (s->first_line)
        look_for_line(s, n);
    return lta_check_stop(s->run);
}

static lta_status sink_map(const sink *s, lta_mapping *out)
{
    *out = (lta_mapping){.data = "", .size = 0};
    if (s->size == 0)
        return LTA_OK;
    void *p = mmap(NULL, s->size, PROT_READ, MAP_SHARED, s->fd, 0);
    if (p == MAP_FAILED)
        return lta_fail_errno(LTA_ERR_NOMEM, errno, "%s: could not map %zu bytes of it", s->path, s->size);
    *out = (lta_mapping){.data = p, .size = s->size};
    return LTA_OK;
}

/* ---- the two compressors ---- */

static lta_status damaged(const sink *s, const char *kind, const char *why)
{
    return lta_fail(LTA_ERR_FORMAT, "%s: damaged %s data after %zu bytes of text: %s", s->path, kind, s->size,
                    why);
}

static lta_status cut_off(const sink *s, const char *kind)
{
    return lta_fail(LTA_ERR_FORMAT, "%s: %s data ends after %zu bytes of text, expected more: cut off?",
                    s->path, kind, s->size);
}

/* A gzip file may be several, one after the other, and be filled up with zeros behind the last. */
static lta_status expand_gzip(sink *s, const lta_mapping *m)
{
    enum { GZIP_WINDOW = 15 + 16 };
    lta_status st = LTA_OK;
    const unsigned char *p = (const unsigned char *)m->data, *end = p + m->size;
    z_stream z = {0};
    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
        return lta_fail(LTA_ERR_NOMEM, "%s: could not start expanding it", s->path);
    while (!s->full) {
        z.next_in = (unsigned char *)(uintptr_t)p;
        z.avail_in = end - p < BUFFER ? (uInt)(end - p) : BUFFER;
        z.next_out = (unsigned char *)s->buffer;
        z.avail_out = BUFFER;
        int code = inflate(&z, Z_NO_FLUSH);
        p = z.next_in;
        LTA_TRY(sink_take(s, BUFFER - z.avail_out));
        if (code == Z_STREAM_END) {
            while (p < end && *p == 0)
                p++;
            if (p == end)
                break;
            code = inflateReset(&z);
        }
        if (code == Z_BUF_ERROR && p == end) {
            st = cut_off(s, "gzip");
            goto done;
        }
        if (code != Z_OK && code != Z_BUF_ERROR) {
            st = damaged(s, "gzip", z.msg ? z.msg : "not readable");
            goto done;
        }
    }
done:
    inflateEnd(&z);
    return st;
}

static lta_status expand_zstd(sink *s, const lta_mapping *m)
{
    lta_status st = LTA_OK;
    ZSTD_DStream *z = ZSTD_createDStream();
    ZSTD_inBuffer in = {.src = m->data, .size = m->size};
    size_t left = 0;
    if (!z) {
        st = lta_fail(LTA_ERR_NOMEM, "%s: could not start expanding it", s->path);
        goto done;
    }
    for (bool more = true; more && !s->full;) {
        ZSTD_outBuffer o = {.dst = s->buffer, .size = BUFFER};
        left = ZSTD_decompressStream(z, &o, &in);
        if (ZSTD_isError(left)) {
            st = damaged(s, "zstd", ZSTD_getErrorName(left));
            goto done;
        }
        LTA_TRY(sink_take(s, o.pos));
        more = in.pos < in.size || o.pos == o.size;
    }
    if (left != 0 && !s->full)
        st = cut_off(s, "zstd");
done:
    ZSTD_freeDStream(z);
    return st;
}

/* ---- inputs ---- */

lta_status lta_input_open(const lta_run *run, const char *path, const lta_mapping *given, bool first_line,
                          lta_input *out)
{
    lta_status st = LTA_OK;
    lta_input in = {0};
    sink s = {.run = run, .path = path, .fd = -1, .first_line = first_line};
    if (given)
        in.stored = *given;
    else
        LTA_TRY(lta_map_file(path, &in.stored));
    in.owns_stored = !given;
    bool may_be = given || path[lta_plain_name_length(path)] != '\0';
    bool gzip = may_be && begins_with(&in.stored, gzip_magic);
    bool zstd = may_be && begins_with(&in.stored, zstd_magic);
    if (gzip || zstd) {
        LTA_TRY(sink_open(&s));
        LTA_TRY(gzip ? expand_gzip(&s, &in.stored) : expand_zstd(&s, &in.stored));
        LTA_TRY(sink_map(&s, &in.expanded));
        in.is_expanded = true;
    }
    *out = in;
    in = (lta_input){0};
done:
    sink_close(&s);
    lta_input_close(&in);
    return st;
}

void lta_input_close(lta_input *in)
{
    if (in->is_expanded)
        lta_unmap_file(&in->expanded);
    if (in->owns_stored)
        lta_unmap_file(&in->stored);
    *in = (lta_input){0};
}

lta_status lta_read_standard_input(const lta_run *run, lta_mapping *out)
{
    lta_status st = LTA_OK;
    sink s = {.run = run, .path = "standard input", .fd = -1};
    LTA_TRY(sink_open(&s));
    for (;;) {
        ssize_t n = read(STDIN_FILENO, s.buffer, BUFFER);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR) {
            st = lta_fail_errno(LTA_ERR_INPUT, errno, "standard input: could not be read");
            goto done;
        }
        LTA_TRY(sink_take(&s, n > 0 ? (size_t)n : 0));
    }
    st = sink_map(&s, out);
done:
    sink_close(&s);
    return st;
}
