/* pipeline/import/source_digest.c - streaming digests over a mapping. */
#include "pipeline/import/source_digest.h"

#include <openssl/evp.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

void lta_forget_pages(const char *from, const char *to)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)from + page - 1) / page * page, last = (uintptr_t)to / page * page;
    if (last > first)
        (void)madvise((void *)first, last - first,
                      MADV_DONTNEED); /* advice: a failure changes nothing but memory */
}

lta_status lta_source_digest(const lta_run *run, const lta_mapping *m, bool with_sha256,
                             char xxh3_128[LTA_XXH3_HEX], char sha256[LTA_SHA256_HEX])
{
    enum { STRETCH = 1 << 24 };
    lta_status st = LTA_OK;
    uint8_t digest[LTA_SHA256_BYTES];
    XXH3_state_t *xxh3 = XXH3_createState();
    EVP_MD_CTX *sha = with_sha256 ? EVP_MD_CTX_new() : NULL;
    if (!xxh3 || (with_sha256 && !sha)) {
        st = lta_fail(LTA_ERR_NOMEM, "could not allocate the state of a digest");
        goto done;
    }
    bool good =
        XXH3_128bits_reset(xxh3) == XXH_OK && (!sha || EVP_DigestInit_ex(sha, EVP_sha256(), NULL) == 1);
    for (size_t at = 0; at < m->size && good; at += STRETCH) {
        size_t n = m->size - at < STRETCH ? m->size - at : STRETCH;
        good = XXH3_128bits_update(xxh3, m->data + at, n) == XXH_OK &&
               (!sha || EVP_DigestUpdate(sha, m->data + at, n) == 1);
        lta_forget_pages(m->data + at, m->data + at + n);
        LTA_TRY(lta_check_stop(run));
    }
    good = good && (!sha || EVP_DigestFinal_ex(sha, digest, NULL) == 1);
    if (!good) {
        st = lta_fail(LTA_ERR_RUN, "could not compute the digest of %zu bytes", m->size);
        goto done;
    }
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(xxh3));
    lta_hex(canonical.digest, sizeof canonical.digest, xxh3_128);
    sha256[0] = '\0';
    if (sha)
        lta_hex(digest, sizeof digest, sha256);
done:
    XXH3_freeState(xxh3);
    EVP_MD_CTX_free(sha);
    return st;
}
