/* tests/test_array.c - arrays under a limit on the process's data: what goes beyond is on disk and nobody
 * sees a difference. Each case runs in a process of its own, which the limit ends with. */
#include "pipeline/core/array.h"
#include "pipeline/core/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { MIB = 1 << 20, BUDGET = 24 * MIB, COLUMN = 4 * MIB, COLUMNS = 20 };

#define MUST(x)                                                                                              \
    do {                                                                                                     \
        if (!(x)) {                                                                                          \
            fprintf(stderr, "%s:%d: %s; %s\n", __FILE__, __LINE__, #x, lta_error_detail());                  \
            _exit(1);                                                                                        \
        }                                                                                                    \
    } while (0)

/* Runs what in a child that may allocate BUDGET bytes more than it has. */
static void in_budget(void (*what)(void))
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    (void)what;
    print_message("a sanitizer's own memory does not fit a budget\n");
    skip();
#else
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit limit = {lta_data_used() + BUDGET, RLIM_INFINITY};
        limit.rlim_max = limit.rlim_cur;
        MUST(setrlimit(RLIMIT_DATA, &limit) == 0);
        what();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
#endif
}

/* Mappings of this process that are deleted files. */
static unsigned on_disk(void)
{
    char line[1024];
    unsigned n = 0;
    FILE *f = fopen("/proc/self/maps", "r");
    MUST(f);
    while (fgets(line, sizeof line, f))
        n += strstr(line, lta_scratch_folder()) && strstr(line, "(deleted)");
    fclose(f);
    return n;
}

static void fill(uint64_t *a, uint64_t from, uint64_t to, uint64_t seed)
{
    for (uint64_t i = from; i < to; i++)
        a[i] = i * 0x9e3779b97f4a7c15u + seed;
}

static bool filled(const uint64_t *a, uint64_t n, uint64_t seed)
{
    for (uint64_t i = 0; i < n; i++)
        if (a[i] != i * 0x9e3779b97f4a7c15u + seed)
            return false;
    return true;
}

static void many_columns(void)
{
    uint64_t *column[COLUMNS];
    const uint64_t n = COLUMN / sizeof(uint64_t);
    for (unsigned c = 0; c < COLUMNS; c++) {
        if (c % 3 == 1)
            MUST(LTA_ALLOC_HUGE(&column[c], n) == LTA_OK);
        else
            MUST(LTA_ALLOC(&column[c], n) == LTA_OK);
        fill(column[c], 0, n, c);
    }
    MUST(on_disk() >= COLUMNS / 2);
    MUST(lta_data_limit() - lta_data_used() > BUDGET / 4); /* room for tables */
    for (unsigned c = 0; c < COLUMNS; c++) {
        MUST(filled(column[c], n, c));
        lta_free(column[c]);
    }
    MUST(on_disk() == 0);
}

static void many_tables(void)
{
    uint64_t *table[COLUMNS];
    const uint64_t n = COLUMN / sizeof(uint64_t);
    for (unsigned c = 0; c < COLUMNS; c++) {
        if (c % 2 == 0)
            MUST(LTA_TABLE(&table[c], n) == LTA_OK);
        else {
            MUST(LTA_CALLOC(&table[c], n) == LTA_OK);
            for (uint64_t i = 0; i < n; i++)
                MUST(table[c][i] == 0);
        }
        if (c < 2)
            MUST(on_disk() == 0); /* first those in memory */
        fill(table[c], 0, n, c);
    }
    MUST(on_disk() > 0);
    char *small[256]; /* and still there is room for these */
    for (unsigned i = 0; i < 256; i++)
        MUST(LTA_ALLOC(&small[i], 4096) == LTA_OK);
    for (unsigned c = 0; c < COLUMNS; c++)
        MUST(filled(table[c], n, c));
}

static void one_that_grows(void)
{
    uint64_t *a = NULL, capacity = 0, n = 0;
    for (uint64_t to = 1; to < 64 * MIB / sizeof *a; to += to / 3 + 1) {
        MUST(LTA_GROW(&a, &capacity, to) == LTA_OK);
        fill(a, n, to, 7);
        n = to;
    }
    MUST(on_disk() == 1);
    MUST(filled(a, n, 7));
    LTA_TRIM(&a, n / 2); /* a wish that does no harm */
    MUST(filled(a, n / 2, 7));
    lta_free(a);
    MUST(on_disk() == 0);
}

static void no_folder(void)
{
    char *a = NULL, *small;
    uint64_t capacity = 0;
    setenv("TMPDIR", "/nonexistent/folder", 1);
    MUST(LTA_ALLOC(&a, 64 * MIB) == LTA_ERR_NOMEM);
    MUST(strstr(lta_error_detail(), "/nonexistent/folder: no scratch file of"));
    MUST(!a);
    MUST(LTA_ALLOC(&small, MIB) == LTA_OK);
    MUST(LTA_GROW(&a, &capacity, MIB) == LTA_OK);
    memset(a, 5, MIB);
    MUST(LTA_GROW(&a, &capacity, 64 * MIB) == LTA_ERR_NOMEM);
    MUST(capacity == MIB && a[0] == 5 && a[MIB - 1] == 5); /* as before */
}

static void columns_beyond_half_of_it_are_on_disk(void **state)
{
    (void)state;
    in_budget(many_columns);
}

static void tables_beyond_it_are_on_disk(void **state)
{
    (void)state;
    in_budget(many_tables);
}

static void an_array_moves_to_disk_as_it_grows(void **state)
{
    (void)state;
    in_budget(one_that_grows);
}

static void without_a_folder_memory_has_run_out(void **state)
{
    (void)state;
    in_budget(no_folder);
}

static void scratch_is_zeroed_and_leaves_nothing(void **state)
{
    (void)state;
    void *p;
    assert_int_equal(lta_scratch_map(3 * MIB + 5, &p), LTA_OK);
    for (size_t i = 0; i < 3 * MIB + 5; i++)
        assert_int_equal(((char *)p)[i], 0);
    memset(p, 1, 3 * MIB + 5);
    assert_int_equal(munmap(p, 3 * MIB + 5), 0);
    assert_int_equal(on_disk(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_beyond_half_of_it_are_on_disk),
        cmocka_unit_test(tables_beyond_it_are_on_disk),
        cmocka_unit_test(an_array_moves_to_disk_as_it_grows),
        cmocka_unit_test(without_a_folder_memory_has_run_out),
        cmocka_unit_test(scratch_is_zeroed_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
