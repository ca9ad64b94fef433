/* tests/oracle/oracle.h - design section 3 done the plain way: explicit positions, a real LRU list, counting
 * by hand.
 *
 * Nothing here is shared with kernels/ or pipeline/: two ways to the same number is what makes the comparison
 * worth something. Everything is slow on purpose, and aborts when memory runs out. */
#ifndef LTA_TESTS_ORACLE_H
#define LTA_TESTS_ORACLE_H

#include "tests/generate.h"

typedef enum oracle_scope { ORACLE_GLOBAL, ORACLE_SOURCE, ORACLE_SESSION, ORACLE_SCOPES } oracle_scope;

/* The touched path of every request, position by position. A position is one symbol below one whole path; in
 * scope source or session the paths of different sources or sessions have no position in common. */
typedef struct oracle_paths {
    uint64_t n; /* requests */
    uint64_t n_positions;
    uint32_t *depth;    /* [n_positions] from 1 */
    uint64_t *offset;   /* [n + 1] */
    uint64_t *position; /* [offset[n]] path of request r, shallow first: position[offset[r] ..] */
} oracle_paths;

oracle_paths oracle_paths_build(const test_trace *t, oracle_scope scope, bool inputs_only);
void oracle_paths_free(oracle_paths *p);

/* Symbols at which a lookup of request r ends (design 3.3, 3.5). */
uint32_t oracle_lookup_length(const test_trace *t, uint64_t r, bool reserve_last);

/* Replays the trace through an LRU cache of `capacity` blocks of `block` symbols: lookup, then touch, deepest
 * first, one position evicted at a time. hits[0][r], hits[1][r]: blocks found by request r, without and with
 * reserve-last. Returns how many positions were evicted. */
uint64_t oracle_replay(const test_trace *t, const oracle_paths *p, uint64_t block, uint64_t capacity,
                       uint64_t *const hits[2]);

typedef struct oracle_run {
    uint32_t previous, start, length;
} oracle_run;

/* Runs with a last toucher, of every request, by looking at every position's last toucher. distance[i *
 * n_blocks + b] is T_B of run i at block size block[b]: blocks, ending at depths divisible by B, last touched
 * after run i's last toucher. */
typedef struct oracle_runs {
    uint64_t *offset; /* [n + 1] */
    oracle_run *run;
    uint64_t *distance;
} oracle_runs;

oracle_runs oracle_runs_build(const oracle_paths *p, const uint64_t *block, uint64_t n_blocks);
void oracle_runs_free(oracle_runs *r);

#endif
