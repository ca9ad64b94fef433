/* kernels/prefix_hash.h - polynomial hashes of prefixes of delta-coded sequences.
 *
 *     hash(s_1 .. s_d) = sum over i of (s_i + 1) * base^(d - i)   modulo 2^61 - 1
 *
 * computed from the stored pieces: a copied piece costs two hashes of the request it comes from, not its
 * length. Karp and Rabin, IBM J. R&D 31(2), 1987. Equal prefixes have equal hashes; different ones collide
 * with probability at most depth / 2^61 for a random base, so a match is a hint that must be confirmed and a
 * mismatch is a proof. */
#ifndef LTA_KERNELS_PREFIX_HASH_H
#define LTA_KERNELS_PREFIX_HASH_H

#include "kernels/sequences.h"

/* request, depth  [n] queries: the first `depth` symbols of that request's full sequence, 0 <= depth <=
 * full_length base            in [2^32, 2^61 - 1) hash            [n], out, below 2^61 - 1; the empty prefix
 * hashes to 0 Errors: LTA_ERR_NOMEM. O(stored symbols + pieces + n) steps, each following copies as
 * lta_sequences_span() does. */
typedef LTA_MUST_CHECK lta_status lta_prefix_hash_fn(const lta_sequences *s, uint64_t n,
                                                     const uint64_t *request, const uint32_t *depth,
                                                     uint64_t base, uint64_t *hash);
lta_prefix_hash_fn lta_prefix_hash_cpu;
lta_prefix_hash_fn lta_prefix_hash_cuda; /* in builds with CUDA; also LTA_ERR_CUDA, LTA_ERR_DEVICE_MEMORY */

#endif
