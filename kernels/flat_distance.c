/* kernels/flat_distance.c - each access kills its object's last position, and the live ones behind that are
 * what is counted.
 *
 * Looking up last positions waits for memory, killing them (flat_space.h) needs instructions: each access is
 * looked up some before it is killed, and its object's last position is asked for some more before that, so
 * that one goes on while the other waits. Batches of accesses need no bounds to be checked, and turn
 * positions into accesses at their end. No branch depends on the trace: an object's first access kills the
 * position that is nobody's, one that touches nothing its own. When positions run out, live ones move
 * together.
 *
 * Threads take parts of the trace by time, as if nothing had been before. That leaves first accesses in a
 * part, in order; for those, the parts before it are gone through from the last to the first, as they are at
 * their end. An object that is live in one has its distance: live objects behind it there, live ones of the
 * parts in between, and first accesses before it in its own part. It then dies there, because what is counted
 * next comes after it; an object that is not there goes on to the part before. As no part comes after the
 * last one, it is longer: its tail is counted while the parts before it go through the first lists. Whatever
 * the number of threads, the numbers are the same. */
#include "kernels/flat_distance.h"

#include "kernels/flat_space.h"
#include "pipeline/core/array.h"

#include <omp.h>
#include <stdbool.h>
#include <string.h>

enum {
    BATCH = 1 << 12,
    REST = 128,             /* accesses behind a batch, of any use below */
    AHEAD = 48,             /* accesses between asking for an object's last position and looking it up */
    LATER = 24,             /* accesses between looking up a position and killing it */
    LEAST_ROOM = 64,        /* positions that come free when live ones move together */
    LEAST_PART = 1 << 18,   /* accesses for a thread */
    TAIL = 4,               /* lengths of the last part's tail to a part */
    LISTING = 8,            /* part 0 is longer by 1 / LISTING: it lists no first accesses */
    SPACE_A_LIVE_ONE = 16,  /* positions */
    LEAST_SPACE = 63 << 20, /* positions */
};

/* First accesses of a part, in order, to objects that may be in those before it. */
typedef struct list {
    uint32_t *access, *distance; /* [n] which, and their distances as far as they are known */
    uint64_t n, n_access, n_distance;
} list;

/* Part of the trace, and the objects touched in it. */
typedef struct part {
    uint64_t begin, end; /* accesses */
    uint64_t next;       /* the first one that is not counted yet */
    uint32_t *last;      /* [n_objects] position; nobody's: never */
    lta_flat_space space;
    uint64_t base, first;     /* positions from base on belong to accesses from first on */
    uint32_t *access, *owner; /* [base - LTA_FLAT_FIRST] positions below base: which access that was, whose */
    uint64_t n_access, n_owner; /* room */
    uint32_t *at;               /* [BATCH] positions to be killed */
    uint64_t n_new;             /* first accesses so far */
    list new;
    lta_status status;
} part;

typedef struct flat {
    uint64_t n;
    const uint32_t *object;
    uint64_t n_objects;
    uint32_t *previous, *distance;
} flat;

/* ---- batches ---- */

/* The position that dies by access i of a batch whose first one takes `position`. */
LTA_FLAT_INLINE void look_up(const uint32_t *object, uint32_t *last, uint32_t *at, uint32_t position,
                             uint64_t i, char *rows, int levels)
{
    uint32_t *l = &last[object[i]];
    __builtin_prefetch(&last[object[i + AHEAD]], 1);
    at[i] = *l;
    *l = position + (uint32_t)i;
    lta_flat_ask_for(rows, at[i], levels);
}

/* For batches of at least LATER accesses and with REST more behind them, all of which touch an object. */
LTA_FLAT_INLINE void count(const flat *f, part *p, uint64_t begin, uint64_t m, int levels)
{
    const uint32_t *object = f->object + begin;
    uint32_t *distance = f->distance + begin, *at = p->at, *last = p->last,
             position = (uint32_t)p->space.used;
    uint32_t live = (uint32_t)(p->space.used - p->space.killed) - 1; /* less what nobody's were killed */
    char *rows = p->space.rows;
    uint64_t i = 0;
    for (uint64_t k = 0; k < LATER; k++)
        look_up(object, last, at, position, k, rows, levels);
    for (; i < m - LATER; i++) {
        look_up(object, last, at, position, i + LATER, rows, levels);
        __builtin_prefetch(&distance[i + REST], 1); /* stores wait for one another */
        distance[i] = live - at[i] + lta_flat_kill(rows, at[i], levels);
    }
    for (; i < m; i++)
        distance[i] = live - at[i] + lta_flat_kill(rows, at[i], levels);
}

/* For all batches, one access after the other. */
LTA_FLAT_INLINE void count_any(const flat *f, part *p, uint64_t begin, uint64_t m, int levels)
{
    uint32_t live = (uint32_t)(p->space.used - p->space.killed) - 1;
    for (uint64_t i = 0; i < m; i++) {
        uint32_t o = f->object[begin + i], position = (uint32_t)(p->space.used + i);
        p->at[i] = o == LTA_FLAT_NONE ? position : p->last[o];
        if (o != LTA_FLAT_NONE)
            p->last[o] = position;
        f->distance[begin + i] = live - p->at[i] + lta_flat_kill(p->space.rows, p->at[i], levels);
    }
}

/* Access of a position, LTA_FLAT_NONE of nobody's. */
LTA_FLAT_INLINE uint32_t access_at(const part *p, uint32_t q)
{
    return q == LTA_FLAT_NOBODY ? LTA_FLAT_NONE
           : q >= p->base       ? (uint32_t)(q - p->base + p->first)
                                : p->access[q - LTA_FLAT_FIRST];
}

LTA_FLAT_INLINE void list_previous(const flat *f, const part *p, uint64_t begin, uint64_t m)
{
    const uint32_t *at = p->at, shift = (uint32_t)p->first - (uint32_t)p->base;
    uint32_t *previous = f->previous + begin;
    if (p->base == LTA_FLAT_FIRST)
        for (uint64_t i = 0; i < m; i++)
            previous[i] = at[i] == LTA_FLAT_NOBODY ? LTA_FLAT_NONE : at[i] + shift;
    else
        for (uint64_t i = 0; i < m; i++) {
            uint32_t q = at[i + AHEAD < m ? i + AHEAD : m - 1] - LTA_FLAT_FIRST;
            __builtin_prefetch(&p->access[q < p->n_access ? q : 0]);
            previous[i] = access_at(p, at[i]);
        }
}

LTA_FLAT_INLINE void list_new(const part *p, uint64_t begin, uint64_t m, list *new)
{
    uint64_t n = new->n;
    for (uint64_t i = 0; i < m; i++) {
        new->access[n] = (uint32_t)(begin + i);
        n += p->at[i] == LTA_FLAT_NOBODY;
    }
    new->n = n;
}

LTA_FLAT_INLINE void go_through(const flat *f, part *p, uint64_t begin, uint64_t m, list *new, int levels)
{
    const uint32_t *object = f->object + begin;
    uint64_t more = f->n - begin < m + REST ? f->n - begin : m + REST;
    uint32_t absent = 0;
    for (uint64_t i = 0; i < more; i++)
        absent |= object[i] == LTA_FLAT_NONE ? UINT32_MAX : 0; /* as vectors do it */
    if (absent || more < m + REST || m < LATER)
        count_any(f, p, begin, m, levels);
    else
        count(f, p, begin, m, levels);
    list_previous(f, p, begin, m);
    for (uint64_t i = 0; absent && i < m; i++)
        if (object[i] == LTA_FLAT_NONE)
            f->previous[begin + i] = LTA_FLAT_NONE;
    if (new)
        list_new(p, begin, m, new);
    p->space.used += m;
    p->space.killed += m;
}

/* ---- objects that were not there before ---- */

/* The position of first access i among p's. */
LTA_FLAT_INLINE void look_for(const flat *f, part *p, const uint32_t *access, uint64_t i, int levels)
{
    uint32_t q = p->last[f->object[access[i]]];
    __builtin_prefetch(&f->object[access[i + 2 * AHEAD]]);
    __builtin_prefetch(&p->last[f->object[access[i + AHEAD]]]);
    __builtin_prefetch(&f->distance[access[i]], 1);
    __builtin_prefetch(&f->previous[access[i]], 1);
    p->at[i % BATCH] = q;
    lta_flat_ask_for(p->space.rows, q, levels);
}

/* Looks for first accesses of a later part among what is live at p's end; those whose objects are not there
 * remain in the list. */
LTA_FLAT_INLINE void resolve(const flat *f, part *p, list *later, int levels)
{
    const uint32_t *access = later->access, shift = (uint32_t)p->first - (uint32_t)p->base;
    uint32_t live = (uint32_t)lta_flat_space_live(&p->space),
             behind = (uint32_t)(p->space.used - p->space.killed);
    uint64_t n = later->n, kept = 0;
    for (uint64_t i = 0; i < n + LATER; i++) {
        if (i < n)
            look_for(f, p, access, i, levels);
        if (i < LATER)
            continue;
        uint32_t q = p->at[(i - LATER) % BATCH], a = access[i - LATER], distance = later->distance[i - LATER];
        f->distance[a] = distance + --behind - q + lta_flat_kill(p->space.rows, q, levels);
        f->previous[a] = q == LTA_FLAT_NOBODY ? LTA_FLAT_NONE : q + shift;
        if (p->base > LTA_FLAT_FIRST)
            f->previous[a] = access_at(p, q);
        later->access[kept] = a;
        later->distance[kept] = distance + live;
        live -= q != LTA_FLAT_NOBODY;
        kept += q == LTA_FLAT_NOBODY;
    }
    p->space.killed += n;
    later->n = kept;
}

/* ---- by instruction set ---- */

typedef struct instruction_set {
    void (*go_through)(const flat *f, part *p, uint64_t begin, uint64_t m, list *new);
    void (*resolve)(const flat *f, part *p, list *later);
} instruction_set;

/* clang-format off */
#define BY_LEVELS(function, ...)                                                                                  \
    switch (p->space.levels) {                                                                                    \
    case 1:  function(__VA_ARGS__, 1); break;                                                                     \
    case 2:  function(__VA_ARGS__, 2); break;                                                                     \
    case 3:  function(__VA_ARGS__, 3); break;                                                                     \
    default: function(__VA_ARGS__, 4);                                                                            \
    }
#define COMPILE_FOR(name, attributes)                                                                             \
    attributes static void go_through_##name(const flat *f, part *p, uint64_t begin, uint64_t m, list *new)       \
    {                                                                                                             \
        BY_LEVELS(go_through, f, p, begin, m, new)                                                                \
    }                                                                                                             \
    attributes static void resolve_##name(const flat *f, part *p, list *later)                                    \
    {                                                                                                             \
        BY_LEVELS(resolve, f, p, later)                                                                           \
    }                                                                                                             \
    static const instruction_set name = {go_through_##name, resolve_##name};
/* clang-format on */

COMPILE_FOR(plain, )
#ifdef __x86_64__
COMPILE_FOR(avx2, __attribute__((target("avx2,bmi,bmi2,popcnt"))))
COMPILE_FOR(avx512, __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,bmi,bmi2,popcnt"))))

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

/* NULL: not on this processor. */
static const instruction_set *set_for(int instructions)
{
#ifdef __x86_64__
    if (instructions > 0)
        return instructions == 2 ? (has_avx512() ? &avx512 : NULL) : has_avx2() ? &avx2 : NULL;
#endif
    return instructions == 0 ? &plain : NULL;
}

/* ---- parts ---- */

static void free_list(list *l)
{
    lta_free(l->access);
    lta_free(l->distance);
    *l = (list){0};
}

static void free_part(part *p)
{
    lta_flat_space_free(&p->space);
    lta_free(p->last);
    lta_free(p->access);
    lta_free(p->owner);
    lta_free(p->at);
    free_list(&p->new);
}

/* Live positions move together, in order, and there are positions again. next: the access that comes. */
static lta_status compact(const flat *f, part *p, uint64_t next)
{
    lta_status st = LTA_OK;
    lta_flat_space *s = &p->space, larger;
    const uint64_t *word = (const uint64_t *)(const void *)(s->rows + lta_flat_words_at(s->levels));
    uint64_t live = lta_flat_space_live(s), k = 0;
    LTA_TRY(LTA_GROW(&p->access, &p->n_access, live));
    LTA_TRY(LTA_GROW(&p->owner, &p->n_owner, live));
    for (uint64_t q = LTA_FLAT_FIRST; q < s->used; q += 64) {
        uint64_t bits = ~word[q / 64];
        if (s->used - q < 64)
            bits &= (UINT64_C(1) << (s->used - q)) - 1;
        for (; bits != 0; bits &= bits - 1, k++) {
            uint64_t at = q + (uint64_t)__builtin_ctzll(bits);
            uint32_t a = access_at(p, (uint32_t)at);
            p->owner[k] = at < p->base ? p->owner[at - LTA_FLAT_FIRST] : f->object[a];
            p->access[k] = a;
        }
    }
    for (k = 0; k < live; k++) {
        __builtin_prefetch(&p->last[p->owner[k + AHEAD < live ? k + AHEAD : k]], 1);
        p->last[p->owner[k]] = (uint32_t)(LTA_FLAT_FIRST + k);
    }
    uint64_t n = SPACE_A_LIVE_ONE * live + LEAST_ROOM;
    n = n < live + (p->end - next) ? n : live + (p->end - next); /* what will ever be needed */
    if (LTA_FLAT_FIRST + n > s->limit) {
        LTA_TRY(lta_flat_space_make(n, &larger));
        lta_flat_space_free(s);
        *s = larger;
    } else {
        lta_flat_space_clear(s);
    }
    s->used = p->base = LTA_FLAT_FIRST + live;
    p->first = next;
done:
    return st;
}

static lta_status begin_part(const flat *f, uint64_t space, part *p)
{
    lta_status st = LTA_OK;
    uint64_t n = p->end - p->begin;
    space = space > 0 ? space : LEAST_SPACE;
    LTA_TRY(LTA_TABLE(&p->last, f->n_objects));
    LTA_TRY(LTA_ALLOC(&p->at, BATCH));
    LTA_TRY(lta_flat_space_make(space < n ? space : n, &p->space));
    memset(p->last, LTA_FLAT_NOBODY, f->n_objects * sizeof *p->last);
    p->base = LTA_FLAT_FIRST;
    p->first = p->next = p->begin;
done:
    return st;
}

/* The part up to `end` as if there were none before it. new: the list of first accesses, which is empty;
 * NULL: nobody wants it. */
static lta_status count_part(const flat *f, const instruction_set *set, part *p, uint64_t end, list *new)
{
    lta_status st = LTA_OK;
    uint64_t n = end - p->next, m;
    if (new) /* the last place is scratch; behind the list are accesses to be asked for */
        LTA_TRY(LTA_GROW(&new->access, &new->n_access, (n < f->n_objects ? n : f->n_objects) + 2 * AHEAD));
    for (; p->next < end; p->next += m) {
        if (p->space.used == p->space.limit)
            LTA_TRY(compact(f, p, p->next));
        m = p->space.limit - p->space.used < BATCH ? p->space.limit - p->space.used : BATCH;
        m = end - p->next < m ? end - p->next : m;
        if (p->next + m + REST > f->n && f->n - p->next > REST)
            m = f->n - p->next - REST;
        set->go_through(f, p, p->next, m, new);
    }
    if (!new)
        return LTA_OK;
    for (uint64_t i = 0; new->n > 0 && i < 2 * AHEAD; i++)
        new->access[new->n + i] = new->access[0];
    LTA_TRY(LTA_GROW(&new->distance, &new->n_distance, new->n));
    for (uint64_t i = 0; i < new->n; i++)
        new->distance[i] = (uint32_t)(p->n_new + i);
    p->n_new += new->n;
done:
    return st;
}

/* What is left of a part's tail follows what is left of what was before it. */
static lta_status join_lists(list *l, const list *tail)
{
    lta_status st = LTA_OK;
    LTA_TRY(LTA_GROW(&l->access, &l->n_access, l->n + tail->n + 2 * AHEAD));
    LTA_TRY(LTA_GROW(&l->distance, &l->n_distance, l->n + tail->n));
    memcpy(l->access + l->n, tail->access, tail->n * sizeof *l->access);
    memcpy(l->distance + l->n, tail->distance, tail->n * sizeof *l->distance);
    l->n += tail->n;
    for (uint64_t i = 0; l->n > 0 && i < 2 * AHEAD; i++)
        l->access[l->n + i] = l->access[0];
done:
    return st;
}

/* Where part k of n ends, but for the last one's tail. */
static uint64_t end_of_part(uint64_t accesses, int k, int n)
{
    uint64_t more = n > 1 ? accesses / (LISTING * (uint64_t)n) : 0;
    return more + (accesses - more) * (uint64_t)(k + 1) / (uint64_t)n;
}

static lta_status count_parts(const flat *f, const instruction_set *set, uint64_t space, int n, part *parts)
{
    lta_status st = LTA_OK;
    uint64_t tail_begin = f->n - (n > 1 ? f->n / (TAIL * (uint64_t)n) : 0);
    part *last = &parts[n - 1];
    list tail = {0};
#pragma omp parallel for schedule(static, 1) num_threads(n)
    for (int k = 0; k < n; k++) {
        part *p = &parts[k];
        p->begin = k > 0 ? end_of_part(tail_begin, k - 1, n) : 0;
        p->end = k < n - 1 ? end_of_part(tail_begin, k, n) : f->n;
        p->status = begin_part(f, space, p);
        if (p->status == LTA_OK)
            p->status = count_part(f, set, p, k < n - 1 ? p->end : tail_begin, k > 0 ? &p->new : NULL);
    }
    for (int k = 0; k < n; k++)
        st = parts[k].status != LTA_OK ? parts[k].status : st;
    if (st != LTA_OK || n == 1)
        goto done;
#pragma omp parallel for schedule(static, 1) num_threads(n)
    for (int k = 0; k < n; k++)
        if (k < n - 1)
            set->resolve(f, &parts[k], &parts[k + 1].new);
        else
            last->status = count_part(f, set, last, last->end, &tail);
    LTA_TRY(last->status);
    set->resolve(f, last - 1, &tail);
    LTA_TRY(join_lists(&last->new, &tail));
    for (int by = 2; by < n; by++)
#pragma omp parallel for schedule(static, 1) num_threads(n - by)
        for (int k = 0; k < n - by; k++)
            set->resolve(f, &parts[k], &parts[k + by].new);
done:
    free_list(&tail);
    return st;
}

lta_status lta_flat_distances_by(int instructions, uint64_t space, int threads, uint64_t n,
                                 const uint32_t *object, uint64_t n_objects, uint32_t *previous,
                                 uint32_t *distance)
{
    lta_status st = LTA_OK;
    const flat f = {n, object, n_objects, previous, distance};
    const instruction_set *set = set_for(instructions);
    part *parts = NULL;
    if (!set)
        return lta_fail(LTA_ERR_NO_BACKEND, "the processor lacks %s", instructions == 1 ? "AVX2" : "AVX-512");
    if (n == 0)
        return LTA_OK;
    LTA_TRY(LTA_CALLOC(&parts, (uint64_t)threads));
    st = count_parts(&f, set, space, threads, parts);
    if (st != LTA_OK) /* the thread that knows more may be another one */
        lta_fail(st, "could not allocate memory for stack distances of %llu accesses", (unsigned long long)n);
done:
    for (int k = 0; parts && k < threads; k++)
        free_part(&parts[k]);
    lta_free(parts);
    return st;
}

lta_status lta_flat_distances(int threads, uint64_t n, const uint32_t *object, uint64_t n_objects,
                              uint32_t *previous, uint32_t *distance)
{
    int instructions = set_for(2) ? 2 : set_for(1) ? 1 : 0;
    uint64_t most = n / LEAST_PART + 1;
    return lta_flat_distances_by(instructions, 0, most < (uint64_t)threads ? (int)most : threads, n, object,
                                 n_objects, previous, distance);
}
