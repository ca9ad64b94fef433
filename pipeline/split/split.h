/* pipeline/split/split.h - one trace spread over many processes, with the result of one (design, section 7).
 *
 *     split   trace.h5, trie.h5    -> pieces/plan.h5, piece-0.h5 .. piece-(N-1).h5
 *     map     piece-K.h5           -> map-K.h5      runs of its subtrees; N times, in any order
 *     reduce  all map-K.h5         -> reduce-K.h5   distances and curves of a range of time; N times
 *     finish  all reduce-K.h5      -> reuse.h5, curve.h5, the bytes that one process writes
 *
 * The trie is cut into subtrees that few requests enter, dealt out to the pieces, and a crown above them. The
 * crown is cut by time: each piece has a range of requests, and begins with what earlier ones left there. It
 * is reduce that solves the crown, and joins to its runs those that maps found in the subtrees. T is a
 * dominance sum (kernels/stack_distance.h): a range of time needs the runs of its own requests, and of all
 * before it only the weight that each request still holds, which maps list as changes by range; in the crown
 * the piece says it for scope global. */
#ifndef LTA_SPLIT_SPLIT_H
#define LTA_SPLIT_SPLIT_H

#include "pipeline/curve/curve.h"

#define LTA_MOST_PIECES 4096

typedef struct lta_split_options {
    uint64_t pieces;       /* at least so many; 0 = 1 */
    uint64_t piece_memory; /* bytes that a map or reduce of one piece may need, by estimate; 0 = no limit */
} lta_split_options;

/* Files that are there and current are kept, in all four. curve is resolved by the call. Errors: those of
 * reading and writing stores; LTA_ERR_USAGE for a trace without symbols, and where no number of pieces fits
 * piece_memory. O(nodes + requests + pieces * crown nodes). */
LTA_MUST_CHECK lta_status lta_split_stage(const lta_run *run, const char *store,
                                          const lta_split_options *options, bool inputs_only,
                                          lta_curve_options *curve);
/* piece: path of a piece-K.h5; map-K.h5 is written beside it. */
LTA_MUST_CHECK lta_status lta_map_stage(const lta_run *run, const char *piece);
LTA_MUST_CHECK lta_status lta_reduce_stage(const lta_run *run, const char *store, uint64_t range);
LTA_MUST_CHECK lta_status lta_finish_stage(const lta_run *run, const char *store);

#endif
