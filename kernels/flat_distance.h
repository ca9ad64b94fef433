/* kernels/flat_distance.h - stack distances of a flat trace: one symbol an access, each of weight 1.
 *
 * An access's distance is the number of objects touched since its object's last access, that one left out:
 * what stack_distance.h calls T, with accesses for requests. Each access takes the next position; a position
 * is live while it is its object's last. Live positions behind an object's last one are what is counted, by a
 * bitmap of dead ones and prefix counts over it (Bennett and Kruskal, IBM J. R&D 19(4), 1975, turned around:
 * an append then changes nothing, and an access one position). When positions run out, live ones move
 * together. */
#ifndef LTA_KERNELS_FLAT_DISTANCE_H
#define LTA_KERNELS_FLAT_DISTANCE_H

#include "pipeline/core/status.h"

#include <stdint.h>

#define LTA_FLAT_NONE UINT32_MAX                         /* no object; no access before */
#define LTA_FLAT_MOST (UINT32_MAX - (UINT32_C(1) << 21)) /* accesses */

/* threads    at least 1
 * n          at most LTA_FLAT_MOST
 * object     [n] below n_objects, or LTA_FLAT_NONE where nothing is touched; n_objects at most LTA_FLAT_MOST
 * previous   [n] out: the object's last access before, or LTA_FLAT_NONE
 * distance   [n] out: T where there is a previous one; any value elsewhere
 * Errors: LTA_ERR_NOMEM. O(n) time. For each thread 4 bytes an object and 0.16 a position; there is one
 * position an access, but no more than 63 * 2^20 or 16 a live object. When they run out, 8 more bytes a live
 * object; for each thread but the first 8 bytes an object it touches. The widest instructions that the
 * processor has are taken. The result is the same whatever they are, and for every number of threads. */
LTA_MUST_CHECK lta_status lta_flat_distances(int threads, uint64_t n, const uint32_t *object,
                                             uint64_t n_objects, uint32_t *previous, uint32_t *distance);

/* The same by one of the instruction sets, for tests and benchmarks: 0 plain, 1 AVX2, 2 AVX-512. space:
 * positions to begin with, 0 = the default. LTA_ERR_NO_BACKEND where the processor lacks it. */
LTA_MUST_CHECK lta_status lta_flat_distances_by(int instructions, uint64_t space, int threads, uint64_t n,
                                                const uint32_t *object, uint64_t n_objects,
                                                uint32_t *previous, uint32_t *distance);

#endif
