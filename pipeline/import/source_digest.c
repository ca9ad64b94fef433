/* pipeline/import/source_digest.c - streaming digests over a mapping. */
#include "pipeline/import/source_digest.h"

#include "pipeline/core/array.h"

#include <openssl/evp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>
#ifdef LTA_XXHASH_DISPATCH
#include <xxh_x86dispatch.h> /* makes XXH3's functions those of the widest instructions */
#endif

struct lta_digest_state {
    XXH3_state_t *xxh3;
    EVP_MD_CTX *sha; /* NULL: not wanted */
};

void lta_forget_pages(const char *from, const char *to)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)from + page - 1) / page * page, last = (uintptr_t)to / page * page;
    if (last > first)
        (void)madvise((void *)first, last - first,
                      MADV_DONTNEED); /* advice: a failure changes nothing but memory */
}

static lta_status failed(void)
{
    return lta_fail(LTA_ERR_RUN, "could not compute the digest of a source");
}

lta_status lta_digest_begin(bool with_sha256, lta_digest_state **out)
{
    lta_status st = LTA_OK;
    lta_digest_state *d = NULL;
    LTA_TRY(LTA_CALLOC(&d, 1));
    d->xxh3 = XXH3_createState();
    d->sha = with_sha256 ? EVP_MD_CTX_new() : NULL;
    if (!d->xxh3 || (with_sha256 && !d->sha)) {
        st = lta_fail(LTA_ERR_NOMEM, "could not allocate the state of a digest");
        goto done;
    }
    if (XXH3_128bits_reset(d->xxh3) != XXH_OK ||
        (d->sha && EVP_DigestInit_ex(d->sha, EVP_sha256(), NULL) != 1)) {
        st = failed();
        goto done;
    }
    *out = d;
    return LTA_OK;
done:
    lta_digest_free(d);
    return st;
}

void lta_digest_free(lta_digest_state *d)
{
    if (!d)
        return;
    XXH3_freeState(d->xxh3);
    EVP_MD_CTX_free(d->sha);
    lta_free(d);
}

lta_status lta_digest_add(lta_digest_state *d, const void *bytes, size_t n)
{
    bool good = XXH3_128bits_update(d->xxh3, bytes, n) == XXH_OK &&
                (!d->sha || EVP_DigestUpdate(d->sha, bytes, n) == 1);
    return good ? LTA_OK : failed();
}

lta_status lta_digest_add_file(const lta_run *run, lta_digest_state *d, const lta_mapping *m)
{
    enum { STRETCH = 1 << 24 };
    lta_status st = LTA_OK;
    for (size_t at = 0; at < m->size; at += STRETCH) {
        size_t n = m->size - at < STRETCH ? m->size - at : STRETCH;
        LTA_TRY(lta_digest_add(d, m->data + at, n));
        lta_forget_pages(m->data + at, m->data + at + n);
        LTA_TRY(lta_check_stop(run));
    }
done:
    return st;
}

lta_status lta_digest_end(lta_digest_state *d, char xxh3_128[LTA_XXH3_HEX], char sha256[LTA_SHA256_HEX])
{
    uint8_t digest[LTA_SHA256_BYTES];
    XXH128_canonical_t canonical;
    sha256[0] = '\0';
    if (d->sha) {
        if (EVP_DigestFinal_ex(d->sha, digest, NULL) != 1)
            return failed();
        lta_hex(digest, sizeof digest, sha256);
    }
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(d->xxh3));
    lta_hex(canonical.digest, sizeof canonical.digest, xxh3_128);
    return LTA_OK;
}

lta_status lta_source_digest(const lta_run *run, const lta_mapping *m, bool with_sha256,
                             char xxh3_128[LTA_XXH3_HEX], char sha256[LTA_SHA256_HEX])
{
    lta_status st = LTA_OK;
    lta_digest_state *d = NULL;
    LTA_TRY(lta_digest_begin(with_sha256, &d));
    LTA_TRY(lta_digest_add_file(run, d, m));
    LTA_TRY(lta_digest_end(d, xxh3_128, sha256));
done:
    lta_digest_free(d);
    return st;
}
