/* kernels/flat_distance.c - a bitmap of dead positions with prefix counts, over space that is compacted.
 *
 * Counts stand in groups of 64 bytes, so that an update is one vector addition a level: 32 lines of 512
 * positions in 16 bits, 16 of those groups in 32 bits, 64 of those in 32 bits, and one number for each 2^24
 * positions. Each counts the dead in earlier members of its group. Accesses go through in batches: the
 * object's last positions are looked up for all of them, the lines to be read are asked for, and only then is
 * counted, so that the memory's latency is paid once a batch. An object's first access kills the last
 * position of the space, which is in nobody's way, so that no branch depends on the trace. */
#include "kernels/flat_distance.h"

#include "pipeline/core/array.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

enum {
    LINE_BITS = 9,                  /* positions of a line: 512, a cache line of bits */
    GROUP_BITS = LINE_BITS + 5,     /* 32 lines */
    SECTION_BITS = GROUP_BITS + 4,  /* 16 groups */
    REGION_BITS = SECTION_BITS + 6, /* 64 sections */
    LINES = 32,
    GROUPS = 16,
    SECTIONS = 64,
    WORDS = 8, /* of a line */
    BATCH = 256,
    AHEAD = 128,
    ALIGNMENT = 64
};

typedef uint16_t u16x32 __attribute__((vector_size(64), may_alias));
typedef uint32_t u32x16 __attribute__((vector_size(64), may_alias));

typedef struct space {
    uint64_t n;        /* positions that there are counts for: whole regions. The last one is nobody's */
    uint64_t limit;    /* positions to be used before the live ones move together; below n */
    uint32_t sections; /* of a region that are in use */
    uint64_t *dead;    /* [n / 64] bits */
    uint16_t *line;    /* [n / 512] dead in earlier lines of the group */
    uint32_t *group;   /* [n / 2^14] in earlier groups of the section */
    uint32_t *sector;  /* [n / 2^18] in earlier sections of the region */
    uint32_t *region;  /* [n / 2^24] in earlier regions */
    uint32_t *access;  /* [n] by position below `base`: whose it is */
    uint64_t used, base, first; /* positions in use; those from base on belong to accesses from first on */
    uint64_t n_dead;
} space;

typedef struct flat {
    uint64_t n;
    const uint32_t *object;
    uint32_t *previous, *distance;
    uint32_t *last; /* [n_objects] position, LTA_FLAT_NONE: never */
    space s;
} flat;

static void free_space(space *s)
{
    free(s->dead);
    free(s->line);
    free(s->group);
    free(s->sector);
    free(s->region);
    free(s->access);
    *s = (space){0};
}

static lta_status aligned(void *out, uint64_t bytes)
{
    void *p = aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    if (!p)
        return lta_fail(LTA_ERR_NOMEM, "out of memory: %llu bytes for stack distances",
                        (unsigned long long)bytes);
    memcpy(out, &p, sizeof p);
    return LTA_OK;
}

static void clear(space *s)
{
    uint64_t regions = (s->limit >> REGION_BITS) + 1, groups = (s->limit >> GROUP_BITS) + 1;
    memset(s->dead, 0, groups * LINES * WORDS * sizeof *s->dead);
    memset(s->line, 0, groups * LINES * sizeof *s->line);
    memset(s->group, 0, regions * SECTIONS * GROUPS * sizeof *s->group);
    memset(s->sector, 0, regions * SECTIONS * sizeof *s->sector);
    memset(s->region, 0, regions * sizeof *s->region);
    s->n_dead = 0;
}

static lta_status make_space(uint64_t limit, space *s)
{
    lta_status st = LTA_OK;
    *s = (space){.n = ((limit >> REGION_BITS) + 1) << REGION_BITS, .limit = limit};
    s->sections = limit >> REGION_BITS > 0 ? SECTIONS : (uint32_t)(limit >> SECTION_BITS) + 1;
    LTA_TRY(aligned(&s->dead, s->n / 8));
    LTA_TRY(aligned(&s->line, (s->n >> LINE_BITS) * sizeof *s->line));
    LTA_TRY(aligned(&s->group, (s->n >> GROUP_BITS) * sizeof *s->group));
    LTA_TRY(aligned(&s->sector, (s->n >> SECTION_BITS) * sizeof *s->sector));
    LTA_TRY(aligned(&s->region, (s->n >> REGION_BITS) * sizeof *s->region));
    LTA_TRY(aligned(&s->access, limit * sizeof *s->access));
    clear(s);
done:
    if (st != LTA_OK)
        free_space(s);
    return st;
}

/* ---- counting ---- */

#define INLINE static inline __attribute__((always_inline))

/* Dead positions up to q, itself included, within its line. */
INLINE uint64_t dead_in_line(const uint64_t *line, uint64_t q)
{
    uint64_t word = q >> 6 & (WORDS - 1), part = (UINT64_C(2) << (q & 63)) - 1, n = 0;
    for (uint64_t w = 0; w < WORDS; w++) {
        uint64_t mask = w < word ? UINT64_MAX : w == word ? part : 0;
        n += (uint64_t)__builtin_popcountll(line[w] & mask);
    }
    return n;
}

INLINE uint64_t dead_up_to(const space *s, uint64_t q)
{
    return dead_in_line(&s->dead[q >> LINE_BITS << 3], q) + s->line[q >> LINE_BITS] +
           s->group[q >> GROUP_BITS] + s->sector[q >> SECTION_BITS] + s->region[q >> REGION_BITS];
}

/* One more dead in q's member of each group: the members behind it count it. */
INLINE void kill_position(const space *s, uint64_t q)
{
    static const u16x32 n16 = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                               16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
    static const u32x16 n32 = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    uint32_t in_group = q >> LINE_BITS & (LINES - 1), in_section = q >> GROUP_BITS & (GROUPS - 1),
             in_region = q >> SECTION_BITS & (SECTIONS - 1);
    u16x32 *lines = (u16x32 *)&s->line[q >> GROUP_BITS << 5];
    u32x16 *groups = (u32x16 *)&s->group[q >> SECTION_BITS << 4];
    u32x16 *sectors = (u32x16 *)&s->sector[q >> REGION_BITS << 6];
    s->dead[q >> 6] |= UINT64_C(1) << (q & 63);
    *lines -= (u16x32)(n16 > (uint16_t)in_group); /* true is -1 */
    *groups -= (u32x16)(n32 > in_section);
    for (uint32_t k = 0; k * GROUPS < s->sections; k++)
        sectors[k] -= (u32x16)(n32 + k * GROUPS > in_region);
    for (uint64_t r = (q >> REGION_BITS) + 1; r < s->n >> REGION_BITS; r++)
        s->region[r]++;
}

/* Last positions of accesses begin .. begin+m-1, m at most BATCH; asks for what will be read of them. */
INLINE void look_up(flat *f, uint64_t begin, uint64_t m, uint32_t *at)
{
    const space s = f->s;
    for (uint64_t i = 0; i < m; i++) {
        uint64_t later = begin + i + AHEAD < f->n ? begin + i + AHEAD : f->n - 1;
        uint32_t o = f->object[begin + i], coming = f->object[later], q = LTA_FLAT_NONE;
        __builtin_prefetch(&f->last[coming == LTA_FLAT_NONE ? 0 : coming], 1);
        if (o != LTA_FLAT_NONE) {
            q = f->last[o];
            f->last[o] = (uint32_t)(s.used + i);
        }
        at[i] = q == LTA_FLAT_NONE ? (uint32_t)(s.n - 1) : q;
        f->previous[begin + i] = q == LTA_FLAT_NONE ? q
                                 : q >= s.base      ? (uint32_t)(s.first + (q - s.base))
                                                    : s.access[q];
    }
    for (uint64_t i = 0; i < m; i++) {
        __builtin_prefetch(&s.dead[at[i] >> LINE_BITS << 3], 1);
        __builtin_prefetch(&s.line[at[i] >> GROUP_BITS << 5], 1);
    }
}

/* Accesses that touch nothing have positions that are dead at once. */
INLINE void count_batch(flat *f, uint64_t begin, uint64_t m)
{
    const space s = f->s;
    const uint64_t nobody = s.n - 1;
    uint64_t n_dead = s.n_dead;
    uint32_t at[BATCH];
    look_up(f, begin, m, at);
    for (uint64_t i = 0; i < m; i++) {
        uint64_t q = at[i], p = s.used + i;
        f->distance[begin + i] = (uint32_t)(p - q - 1 - (n_dead - dead_up_to(&s, q)));
        kill_position(&s, q);
        n_dead += q != nobody;
        if (f->object[begin + i] == LTA_FLAT_NONE) {
            kill_position(&s, p);
            n_dead++;
        }
    }
    f->s.n_dead = n_dead;
    f->s.used += m;
}

static void count_plain(flat *f, uint64_t begin, uint64_t m)
{
    count_batch(f, begin, m);
}

#ifdef __x86_64__
__attribute__((target("avx2,bmi,bmi2,popcnt"))) static void count_avx2(flat *f, uint64_t begin, uint64_t m)
{
    count_batch(f, begin, m);
}

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq,bmi,bmi2,popcnt")))

/* Whole cache lines are loaded and stored, since a narrow load of a line just stored whole would wait for it.
 */
AVX512 static inline uint64_t count_and_kill(const space *s, uint64_t q)
{
    uint32_t word = q >> 6 & (WORDS - 1), in_group = q >> LINE_BITS & (LINES - 1),
             in_section = q >> GROUP_BITS & (GROUPS - 1), in_region = q >> SECTION_BITS & (SECTIONS - 1);
    uint64_t *bits = &s->dead[q >> LINE_BITS << 3];
    uint16_t *lines = &s->line[q >> GROUP_BITS << 5];
    uint32_t *groups = &s->group[q >> SECTION_BITS << 4], *sectors = &s->sector[q >> REGION_BITS << 6];
    __m512i line = _mm512_load_si512(bits), l = _mm512_load_si512(lines), g = _mm512_load_si512(groups);
    uint64_t n = s->region[q >> REGION_BITS];
    __m512i upto = _mm512_mask_set1_epi64(_mm512_maskz_set1_epi64((__mmask8)((1u << word) - 1), -1),
                                          (__mmask8)(1u << word), (long long)((UINT64_C(2) << (q & 63)) - 1));
    n += (uint64_t)_mm512_reduce_add_epi64(_mm512_popcnt_epi64(_mm512_and_si512(line, upto)));
    n += (uint16_t)_mm512_cvtsi512_si32(_mm512_permutexvar_epi16(_mm512_set1_epi16((short)in_group), l));
    n += (uint32_t)_mm512_cvtsi512_si32(_mm512_permutexvar_epi32(_mm512_set1_epi32((int)in_section), g));
    _mm512_store_si512(bits,
                       _mm512_or_si512(line, _mm512_maskz_set1_epi64((__mmask8)(1u << word),
                                                                     (long long)(UINT64_C(1) << (q & 63)))));
    _mm512_store_si512(lines, _mm512_mask_add_epi16(l, (__mmask32)(UINT32_C(0xfffffffe) << in_group), l,
                                                    _mm512_set1_epi16(1)));
    _mm512_store_si512(groups,
                       _mm512_mask_add_epi32(g, (__mmask16)(0xfffeu << in_section), g, _mm512_set1_epi32(1)));
    uint64_t behind = UINT64_C(0xfffffffffffffffe) << in_region;
    for (uint32_t k = 0; k * GROUPS < s->sections; k++, behind >>= GROUPS) {
        __m512i v = _mm512_load_si512(&sectors[k * GROUPS]);
        if (in_region / GROUPS == k)
            n += (uint32_t)_mm512_cvtsi512_si32(
                _mm512_permutexvar_epi32(_mm512_set1_epi32((int)(in_region % GROUPS)), v));
        _mm512_store_si512(&sectors[k * GROUPS],
                           _mm512_mask_add_epi32(v, (__mmask16)behind, v, _mm512_set1_epi32(1)));
    }
    for (uint64_t r = (q >> REGION_BITS) + 1; r < s->n >> REGION_BITS; r++)
        s->region[r]++;
    return n;
}

AVX512 static void count_avx512(flat *f, uint64_t begin, uint64_t m)
{
    const space s = f->s;
    const uint64_t nobody = s.n - 1;
    uint64_t n_dead = s.n_dead;
    uint32_t at[BATCH];
    look_up(f, begin, m, at);
    for (uint64_t i = 0; i < m; i++) {
        uint64_t q = at[i], p = s.used + i;
        f->distance[begin + i] = (uint32_t)(p - q - 1 - (n_dead - count_and_kill(&s, q)));
        n_dead += q != nobody;
        if (f->object[begin + i] == LTA_FLAT_NONE) {
            kill_position(&s, p);
            n_dead++;
        }
    }
    f->s.n_dead = n_dead;
    f->s.used += m;
}
#endif

/* ---- compaction ---- */

/* Live positions move together, in order, and there are positions again. next: the access that comes. */
static lta_status compact(flat *f, uint64_t next)
{
    lta_status st = LTA_OK;
    space *s = &f->s, larger = {0};
    uint64_t live = 0;
    for (uint64_t w = 0; w * 64 < s->used; w++) {
        uint64_t bits = ~s->dead[w];
        if (s->used - w * 64 < 64)
            bits &= (UINT64_C(1) << (s->used - w * 64)) - 1;
        for (; bits != 0; bits &= bits - 1, live++) {
            uint64_t p = w * 64 + (uint64_t)__builtin_ctzll(bits);
            uint32_t a = p >= s->base ? (uint32_t)(s->first + (p - s->base)) : s->access[p];
            s->access[live] = a;
            f->last[f->object[a]] = (uint32_t)live;
        }
    }
    if (2 * live + BATCH > s->limit) { /* so that there is room for a batch, and seldom need for this */
        uint64_t limit = 4 * live < f->n ? 4 * live : f->n;
        LTA_TRY(make_space(limit + BATCH > s->limit ? limit + BATCH : s->limit, &larger));
        memcpy(larger.access, s->access, live * sizeof *s->access);
        free_space(s);
        *s = larger;
    } else {
        clear(s);
    }
    s->used = s->base = live;
    s->first = next;
done:
    return st;
}

static bool has_avx2(void)
{
#ifdef __x86_64__
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
           __builtin_cpu_supports("popcnt");
#else
    return false;
#endif
}

static bool has_avx512(void)
{
#ifdef __x86_64__
    return has_avx2() && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vpopcntdq");
#else
    return false;
#endif
}

lta_status lta_flat_distances_by(int instructions, uint64_t first_space, uint64_t n, const uint32_t *object,
                                 uint64_t n_objects, uint32_t *previous, uint32_t *distance)
{
    enum { LEAST_SPACE = 1 << 22 };
    lta_status st = LTA_OK;
    void (*count)(flat *, uint64_t, uint64_t) = count_plain;
    flat f = {.n = n, .object = object, .previous = previous, .distance = distance};
    if ((instructions == 1 && !has_avx2()) || (instructions == 2 && !has_avx512()))
        return lta_fail(LTA_ERR_NO_BACKEND, "the processor lacks %s", instructions == 1 ? "AVX2" : "AVX-512");
#ifdef __x86_64__
    count = instructions == 2 ? count_avx512 : instructions == 1 ? count_avx2 : count_plain;
#endif
    LTA_TRY(LTA_ALLOC(&f.last, n_objects + 1));
    memset(f.last, 0xff, (n_objects + 1) * sizeof *f.last);
    LTA_TRY(make_space(first_space > BATCH ? first_space : first_space > 0 ? BATCH : LEAST_SPACE, &f.s));
    for (uint64_t i = 0, m; i < n; i += m) {
        m = n - i < BATCH ? n - i : BATCH;
        if (f.s.used + m > f.s.limit)
            LTA_TRY(compact(&f, i));
        count(&f, i, m);
    }
done:
    free_space(&f.s);
    free(f.last);
    return st;
}

lta_status lta_flat_distances(uint64_t n, const uint32_t *object, uint64_t n_objects, uint32_t *previous,
                              uint32_t *distance)
{
    return lta_flat_distances_by(has_avx512() ? 2
                                 : has_avx2() ? 1
                                              : 0,
                                 0, n, object, n_objects, previous, distance);
}
