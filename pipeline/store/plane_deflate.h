/* pipeline/store/plane_deflate.h - a zlib stream (RFC 1950, 1951) of shuffled columns, fast and the same
 * everywhere.
 *
 * A shuffled chunk is planes: byte 0 of all elements, then byte 1, and so on. What repeats in a plane are
 * runs of one byte, and counters that come round every 256 elements; what remains has uneven frequencies. So
 * matches are looked for at those two distances alone, and each plane gets a Huffman code of its own. On
 * columns of traces that comes to the size of a general compressor's output at a fast level in a tenth of its
 * time, and the bytes are a function of the input: they depend on no library's version and on no processor.
 */
#ifndef LTA_STORE_PLANE_DEFLATE_H
#define LTA_STORE_PLANE_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

/* Room that the stream of n bytes in planes may need. */
size_t lta_plane_deflate_bound(size_t n, size_t plane);

/* Compresses in [n], planes of `plane` bytes (at least 1) one after the other; n is at most
 * LTA_PLANE_DEFLATE_MAX. adler32: the Adler-32 of in. out has lta_plane_deflate_bound(n, plane) bytes.
 * Returns the length of the stream. O(n) time; needs about 150 kB of stack and no other memory. */
#define LTA_PLANE_DEFLATE_MAX ((size_t)1 << 31)
size_t lta_plane_deflate(const uint8_t *in, size_t n, size_t plane, uint32_t adler32, uint8_t *out);

#endif
