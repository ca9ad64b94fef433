/* tests/bench/bench_bounds.c - what one thread of this machine can do at most: bounds that hot loops run
 * against.
 *
 * usage: bench_bounds. Prints a JSON object of medians of five passes. Bytes a second: "read" and "compare"
 * memory that no cache holds, "touch" fresh memory, "sha256", "xxh3", "parse" numbers that lie in the first
 * cache, so that only instructions are left. Accesses a second: "flat" distances of so few objects that they
 * do too. Cache lines a second from memory, "lines_known" in advance (and asked for) or "lines_told" by the
 * line before. */
#include "kernels/flat_distance.h"
#include "pipeline/core/array.h"
#include "pipeline/core/digest.h"
#include "pipeline/core/instructions.h"
#include "pipeline/core/log.h"
#include "pipeline/import/spaced_integers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum {
    PASSES = 5,
    LARGE = 1 << 28, /* bytes: more than caches hold */
    LINE = 64,
    WORDS = LINE / 8,
    AHEAD = 32, /* lines */
    LOOKED_UP = 1 << 22,
    TEXT = 1 << 14, /* bytes */
    REPEATED = 1 << 10,
    FLAT_OBJECTS = 1 << 10,
    FLAT_ACCESSES = 1 << 22
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct memory {
    uint64_t *a, *b; /* [LARGE / 8] equal, but for the last word */
    char *text;      /* [LTA_SPACED_FRONT + TEXT] */
    uint64_t *number;
    uint32_t *object, *previous, *distance; /* [FLAT_ACCESSES] */
    uint64_t sum;                           /* so that nothing is left out */
} memory;

static lta_status by_reading(memory *m, double *work)
{
    const uint64_t n = LARGE / 8;
    uint64_t s[WORDS] = {0};
    for (uint64_t i = 0; i < n; i += WORDS) {
        __builtin_prefetch(m->a + i + AHEAD * WORDS);
        for (unsigned k = 0; k < WORDS; k++)
            s[k] |= m->a[i + k];
    }
    for (unsigned k = 0; k < WORDS; k++)
        m->sum += s[k];
    *work = LARGE;
    return LTA_OK;
}

static lta_status by_comparing(memory *m, double *work)
{
    const lta_spaced_integers *o = lta_spaced_integers_by(lta_best_instructions());
    m->sum += o->common((const char *)m->a, (const char *)m->b, LARGE);
    *work = LARGE;
    return LTA_OK;
}

static lta_status by_touching(memory *m, double *work)
{
    char *fresh = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED)
        return lta_fail(LTA_ERR_NOMEM, "could not map %d bytes", LARGE);
    for (uint64_t i = 0; i < LARGE; i += LINE)
        fresh[i] = (char)i;
    m->sum += (unsigned char)fresh[LARGE / 2];
    munmap(fresh, LARGE);
    *work = LARGE;
    return LTA_OK;
}

static lta_status by_sha256(memory *m, double *work)
{
    uint8_t out[LTA_SHA256_BYTES];
    lta_status st = lta_sha256(m->a, LARGE / 4, out);
    m->sum += out[0];
    *work = LARGE / 4.0;
    return st;
}

static lta_status by_xxh3(memory *m, double *work)
{
    char out[LTA_XXH3_HEX];
    for (unsigned k = 0; k < REPEATED; k++) { /* as import does: what a cache still holds */
        lta_xxh3_128_hex(m->text, TEXT, out);
        m->sum += (unsigned char)out[0];
    }
    *work = (double)TEXT * REPEATED;
    return LTA_OK;
}

static lta_status by_parsing(memory *m, double *work)
{
    const lta_spaced_integers *o = lta_spaced_integers_by(lta_best_instructions());
    for (unsigned k = 0; k < REPEATED; k++) {
        const char *p = m->text + LTA_SPACED_FRONT;
        m->sum += o->read(&p, p + TEXT, m->number, TEXT);
    }
    *work = (double)TEXT * REPEATED;
    return LTA_OK;
}

static lta_status by_flat_distances(memory *m, double *work)
{
    *work = FLAT_ACCESSES;
    return lta_flat_distances(1, FLAT_ACCESSES, m->object, FLAT_OBJECTS, m->previous, m->distance);
}

/* A full-period sequence of lines: 5 x + odd, modulo a power of two. */
static uint64_t next_line(uint64_t x)
{
    return (x * UINT64_C(6364136223846793005) + 1442695040888963407u) % (LARGE / LINE);
}

static lta_status by_lines_known(memory *m, double *work)
{
    uint64_t x = 1, ahead = 1;
    for (unsigned k = 0; k < AHEAD; k++)
        ahead = next_line(ahead);
    for (unsigned k = 0; k < LOOKED_UP; k++) {
        __builtin_prefetch(m->a + ahead * WORDS);
        m->sum += m->a[x * WORDS];
        x = next_line(x);
        ahead = next_line(ahead);
    }
    *work = LOOKED_UP;
    return LTA_OK;
}

static lta_status by_lines_told(memory *m, double *work)
{
    uint64_t x = 1;
    for (unsigned k = 0; k < LOOKED_UP / 16; k++)
        x = next_line(x + (m->a[x * WORDS] == UINT64_MAX)); /* it never is, but must be waited for */
    m->sum += x;
    *work = LOOKED_UP / 16.0;
    return LTA_OK;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static lta_status measure(memory *m, const char *name, lta_status (*pass)(memory *, double *), bool last)
{
    lta_status st = LTA_OK;
    double rate[PASSES], work = 0;
    LTA_TRY(pass(m, &work));
    for (unsigned k = 0; k < PASSES; k++) {
        double start = now();
        LTA_TRY(pass(m, &work));
        rate[k] = work / (now() - start);
    }
    qsort(rate, PASSES, sizeof *rate, by_value);
    printf("\"%s\": %.4g%s", name, rate[PASSES / 2], last ? "}\n" : ", ");
done:
    return st;
}

static lta_status make(memory *m)
{
    lta_status st = LTA_OK;
    uint64_t x = 1;
    LTA_TRY(LTA_ALLOC_HUGE(&m->a, LARGE / 8));
    LTA_TRY(LTA_ALLOC_HUGE(&m->b, LARGE / 8));
    LTA_TRY(LTA_ALLOC(&m->text, LTA_SPACED_FRONT + TEXT + 1));
    LTA_TRY(LTA_ALLOC(&m->number, TEXT));
    LTA_TRY(LTA_ALLOC(&m->object, FLAT_ACCESSES));
    LTA_TRY(LTA_ALLOC(&m->previous, FLAT_ACCESSES));
    LTA_TRY(LTA_ALLOC(&m->distance, FLAT_ACCESSES));
    for (uint64_t i = 0; i < LARGE / 8; i++)
        m->a[i] = m->b[i] = i;
    m->b[LARGE / 8 - 1]++;
    memset(m->text, ' ', LTA_SPACED_FRONT + TEXT + 1);
    for (int at = 0; at + 8 < TEXT;) {
        x = x * UINT64_C(6364136223846793005) + 1;
        at += snprintf(m->text + LTA_SPACED_FRONT + at, (size_t)(TEXT - at), "%u, ", (unsigned)(x >> 47) + 1);
    }
    for (uint64_t i = 0; i < FLAT_ACCESSES; i++) {
        x = x * UINT64_C(6364136223846793005) + 1;
        m->object[i] = (uint32_t)(x >> 54);
    }
done:
    return st;
}

int main(void)
{
    static const struct {
        const char *name;
        lta_status (*pass)(memory *, double *);
    } all[] = {{"read", by_reading},
               {"compare", by_comparing},
               {"touch", by_touching},
               {"sha256", by_sha256},
               {"xxh3", by_xxh3},
               {"parse", by_parsing},
               {"flat", by_flat_distances},
               {"lines_known", by_lines_known},
               {"lines_told", by_lines_told}};
    const size_t n = sizeof all / sizeof *all;
    lta_status st = LTA_OK;
    memory m = {0};
    LTA_TRY(make(&m));
    printf("{");
    for (size_t i = 0; i < n; i++)
        LTA_TRY(measure(&m, all[i].name, all[i].pass, i + 1 == n));
    fprintf(stderr, "bench_bounds: %" PRIu64 "\n", m.sum);
done:
    if (st != LTA_OK)
        fprintf(stderr, "bench_bounds: error: %s\n", lta_error_detail());
    lta_free(m.a);
    lta_free(m.b);
    lta_free(m.text);
    lta_free(m.number);
    lta_free(m.object);
    lta_free(m.previous);
    lta_free(m.distance);
    return lta_status_exit_code(st);
}
