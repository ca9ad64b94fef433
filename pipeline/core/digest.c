/* pipeline/core/digest.c - digests as hex text. */
#include "pipeline/core/digest.h"

#include <openssl/evp.h>
#include <xxhash.h>

lta_status lta_sha256(const void *data, size_t size, uint8_t out[LTA_SHA256_BYTES])
{
    if (EVP_Digest(data, size, out, NULL, EVP_sha256(), NULL) != 1)
        return lta_fail(LTA_ERR_RUN, "libcrypto could not compute a SHA-256 of %zu bytes", size);
    return LTA_OK;
}

void lta_hex(const uint8_t *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
}

void lta_xxh3_128_hex(const void *data, size_t size, char out[LTA_XXH3_HEX])
{
    XXH128_canonical_t c;
    XXH128_canonicalFromHash(&c, XXH3_128bits(data, size));
    lta_hex(c.digest, sizeof c.digest, out);
}
