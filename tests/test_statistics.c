/* tests/test_statistics.c - grid, quantiles, rounding, CSV and models against known answers; the fits against
 * values computed elsewhere with 40 digits. */
#include "pipeline/core/array.h"
#include "pipeline/enrich/model.h"
#include "pipeline/enrich/statistics.h"
#include "pipeline/table/csv.h"
#include "tests/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void must(lta_status st)
{
    if (st != LTA_OK)
        fail_msg("%s: %s", lta_status_text(st), lta_error_detail());
}

static void log_grid_has_the_stated_edges(void **state)
{
    (void)state;
    static const uint64_t edges[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16,
                                     18, 20, 22, 24, 26, 28, 30, 32, 36, 40, 44, 48, 52, 56, 60, 64, 72};
    for (unsigned i = 0; i < sizeof edges / sizeof *edges; i++)
        assert_int_equal(lta_grid_edge(i), edges[i]);
    for (unsigned bin = 0; bin < LTA_GRID_BINS; bin++) {
        assert_true(lta_grid_edge(bin) < lta_grid_edge(bin + 1));
        assert_int_equal(lta_grid_bin(lta_grid_edge(bin)), bin);
        assert_int_equal(lta_grid_bin(lta_grid_edge(bin + 1) - 1), bin);
    }
    assert_int_equal(lta_grid_bin(UINT64_MAX), LTA_GRID_BINS - 1);
}

static void quantile_ranks_are_exact(void **state)
{
    (void)state;
    assert_int_equal(lta_quantile_rank(1, 0), 1);
    assert_int_equal(lta_quantile_rank(1, 1000), 1);
    assert_int_equal(lta_quantile_rank(2, 500), 1); /* the lower median */
    assert_int_equal(lta_quantile_rank(3, 500), 2);
    assert_int_equal(lta_quantile_rank(1000, 1), 1);
    assert_int_equal(lta_quantile_rank(1001, 1), 2);
    assert_int_equal(lta_quantile_rank(UINT64_MAX, 1000), UINT64_MAX);
    assert_int_equal(lta_quantile_permille[LTA_QUANTILE_MEDIAN], 500);
}

static void sorting_sorts(void **state)
{
    (void)state;
    enum { N = 1000 };
    uint64_t v[N], scratch[N], seed = 20250817, sum = 0, sorted_sum = 0;
    for (int i = 0; i < N; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        v[i] = i % 3 == 0 ? seed : seed >> (i % 60);
        sum += v[i];
    }
    lta_sort_u64(v, scratch, N);
    for (int i = 0; i < N; i++) {
        assert_true(i == 0 || v[i - 1] <= v[i]);
        sorted_sum += v[i];
    }
    assert_int_equal(sum, sorted_sum);
    lta_sort_u64(v, scratch, 0);
}

static void reals_are_rounded_and_ratios_are_not(void **state)
{
    (void)state;
    assert_true(lta_round9(1.0 / 3) == 0.333333333);
    assert_true(lta_round9(-123456789012.0) == -123456789000.0);
    assert_true(lta_round9(0.0) == 0.0 && !signbit(lta_round9(-0.0)));
    assert_true(isnan(lta_round9(NAN)));
    assert_true(lta_ratio(1, 3) == 1.0 / 3);
    assert_true(isnan(lta_ratio(0, 0)));
    assert_int_equal(lta_multiply_saturated(UINT64_MAX / 2, 3), UINT64_MAX);
    assert_int_equal(lta_add_saturated(UINT64_MAX, 1), UINT64_MAX);
}

static void close_to(double got, double want)
{
    if (!(fabs(got - want) <= 5e-10 * fabs(want))) {
        fprintf(stderr, "got %.17g, want %.17g\n", got, want);
        fail();
    }
}

static void fits_agree_with_forty_digit_arithmetic(void **state)
{
    (void)state;
    static const struct {
        uint64_t n, x[10];
        lta_fit gamma, weibull;
    } samples[] = {
        {10,
         {3, 1, 2, 10, 5, 4, 7, 6, 9, 8},
         {2.72844431397916, 2.01580071538232, 0.135958220232354},
         {1.9840353049454, 6.19535688346522, 0.120328319910601}},
        {10,
         {55, 1, 1, 2, 3, 5, 8, 13, 21, 34},
         {0.750248084276667, 19.0603618985405, 0.145699131771747},
         {0.811239588233285, 12.6602061576474, 0.132737140955579}},
        {5, /* nearly constant: shapes beyond what series and lgamma reach */
         {1000002, 1000000, 1000001, 1000003, 1000010},
         {79618571545.4074, 1.2559923904559e-5, 0.322501234246334},
         {247415.587575724, 1000005.15319722, 0.35599339136918}},
        {3,
         {333333, 333334, 333333},
         {500000333332.972, 6.66666222223e-7, 0.426916605573202},
         {705454.69132919, 333333.58289502, 0.414005275024766}},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        uint64_t sorted[10], scratch[10];
        lta_fit got;
        memcpy(sorted, samples[i].x, sizeof sorted);
        lta_sort_u64(sorted, scratch, samples[i].n);
        must(lta_fit_gamma(samples[i].x, sorted, samples[i].n, &got));
        close_to(got.shape, samples[i].gamma.shape);
        close_to(got.scale, samples[i].gamma.scale);
        close_to(got.distance, samples[i].gamma.distance);
        must(lta_fit_weibull(samples[i].x, sorted, samples[i].n, &got));
        close_to(got.shape, samples[i].weibull.shape);
        close_to(got.scale, samples[i].weibull.scale);
        close_to(got.distance, samples[i].weibull.distance);
    }
    static const uint64_t flat[] = {7, 7, 7};
    lta_fit none;
    must(lta_fit_gamma(flat, flat, 3, &none));
    assert_true(isnan(none.shape) && isnan(none.scale) && isnan(none.distance));
    must(lta_fit_weibull(flat, flat, 0, &none));
    assert_true(isnan(none.shape) && isnan(none.scale) && isnan(none.distance));
}

static void gamma_distribution_function(void **state)
{
    (void)state;
    close_to(lta_gamma_cdf(0.5, 0.25), 0.52049987781304654);
    close_to(lta_gamma_cdf(1, 1), 0.63212055882855768);
    close_to(lta_gamma_cdf(3.5, 9), 0.98802999764597045);
    close_to(lta_gamma_cdf(100, 80), 0.017108313035133114);
    close_to(lta_gamma_cdf(0.01, 1e-5), 0.8963367982671972);
    close_to(lta_gamma_cdf(99999, 100500), 0.94325787230874869); /* series, at the edge of the expansion */
    close_to(lta_gamma_cdf(200000, 201000), 0.98722872829062778);
    assert_true(lta_gamma_cdf(2, 0) == 0.0);
}

/* The number before the b in the name is that of parameters, or, for mixtures, times the number of experts
 * an upper bound: they share what is not in the experts. */
static void check_parameters(const lta_model *m)
{
    const char *number = strrchr(m->name, '-') + 1;
    unsigned experts;
    double each, got = (double)m->parameters / 1e9;
    if (sscanf(number, "%ux%lfb", &experts, &each) == 2)
        assert_true(got < experts * each && got > 0.75 * experts * each);
    else if (sscanf(number, "%lfb", &each) == 1)
        assert_true(fabs(got - each) < 0.25 * each);
    else
        fail_msg("%s: no number", m->name);
}

static void models_are_parsed(void **state)
{
    (void)state;
    static const char *const wrong[] = {"llama-9",    "m:1:2:3",     "m:1:2:3:4:5", ":1:2:3:4",   "m:0:2:3:4",
                                        "m:1:2:3:4x", "a b:1:2:3:4", "m:-1:2:3:4",  "m:1:2:3:17", ""};
    char name[64];
    lta_model m;
    must(lta_model_parse(NULL, name, &m));
    assert_int_equal(lta_model_token_bytes(&m), 131072);
    assert_int_equal(lta_model_weight_bytes(&m), 2 * 8030261248);
    must(lta_model_parse("LLAMA-2-7B", name, &m));
    assert_int_equal(lta_model_token_bytes(&m), 524288);
    must(lta_model_parse("my.model:2:3:5:1", name, &m));
    assert_string_equal(m.name, "my.model");
    assert_int_equal(lta_model_token_bytes(&m), 60);
    assert_int_equal(lta_model_weight_bytes(&m), 0);
    must(lta_model_parse("llama-3-8b:32:8:128:2", name, &m));
    assert_int_equal(lta_model_weight_bytes(&m), 2 * 8030261248);
    must(lta_model_parse("llama-3-8b:32:8:128:1", name, &m));
    assert_int_equal(lta_model_weight_bytes(&m), 0);
    for (const lta_model *k = lta_models; k->name; k++) /* what a name says, in milliards, is nearly so */
        check_parameters(k);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(lta_model_parse(wrong[i], name, &m), LTA_ERR_USAGE);
}

static void numbers_are_printed_as_briefly_as_possible(void **state)
{
    (void)state;
    static const double values[] = {0.1,  1.0 / 3, 5e-324,        1e300, 5.333333333333333,
                                    -2.5, 1e15,    123456789.125, 0.0};
    char text[LTA_F64_TEXT];
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        lta_shortest_f64(values[i], text);
        assert_true(strtod(text, NULL) == values[i]);
    }
    lta_shortest_f64(0.1, text);
    assert_string_equal(text, "0.1");
    lta_shortest_f64(5e-324, text);
    assert_string_equal(text, "5e-324");
    lta_shortest_f64(16.0 / 3, text);
    assert_string_equal(text, "5.333333333333333");
    lta_shortest_f64(1e15, text);
    assert_string_equal(text, "1e+15");
    lta_shortest_f64(1234567890123456, text);
    assert_string_equal(text, "1234567890123456");
    /* of 16 digits, the nearest to 2^-44 belongs to the double below */
    lta_shortest_f64(ldexp(1, -44), text);
    assert_string_equal(text, "5.684341886080802e-14");
}

static void floats_are_printed_as_python_does(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } known[] = {{0.0, "0.0"},
                 {-0.0, "-0.0"},
                 {2, "2.0"},
                 {16.0 / 3, "5.333333333333333"},
                 {0.0001, "0.0001"},
                 {1e-05, "1e-05"},
                 {1e15, "1000000000000000.0"},
                 {1e16, "1e+16"},
                 {123456789012345680.0, "1.2345678901234568e+17"},
                 {-1.5e300, "-1.5e+300"},
                 {5e-324, "5e-324"},
                 {0x1p-24, "5.960464477539063e-08"},
                 {0x1p-44, "5.684341886080802e-14"}};
    char text[LTA_F64_TEXT];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        lta_python_f64(known[i].value, text);
        assert_string_equal(text, known[i].text);
    }
}

static void csv_follows_rfc_4180(void **state)
{
    (void)state;
    static const char want[] = "a,\"b,c\",\"d\"\"e\"\n0,18446744073709551615,-9223372036854775808\n"
                               ",0.333333333,0.1\n\"x\ny\",-1,\n";
    char *got = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&got, &size);
    assert_non_null(f);
    lta_csv *c = test_alloc(1, sizeof *c);
    assert_non_null(c);
    lta_csv_begin(c, f);
    lta_csv_text(c, "a");
    lta_csv_text(c, "b,c");
    lta_csv_text(c, "d\"e");
    lta_csv_end_row(c);
    lta_csv_u64(c, 0);
    lta_csv_u64(c, UINT64_MAX);
    lta_csv_i64(c, INT64_MIN);
    lta_csv_end_row(c);
    lta_csv_f64(c, NAN, true);
    lta_csv_f64(c, 1.0 / 3, true);
    lta_csv_f64(c, 0.1, false);
    lta_csv_end_row(c);
    lta_csv_text(c, "x\ny");
    lta_csv_i64(c, -1);
    lta_csv_text(c, "");
    lta_csv_end_row(c);
    must(lta_csv_finish(c, "memory"));
    fclose(f);
    assert_string_equal(got, want);
    free(got);
    lta_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_grid_has_the_stated_edges),
        cmocka_unit_test(quantile_ranks_are_exact),
        cmocka_unit_test(sorting_sorts),
        cmocka_unit_test(reals_are_rounded_and_ratios_are_not),
        cmocka_unit_test(fits_agree_with_forty_digit_arithmetic),
        cmocka_unit_test(gamma_distribution_function),
        cmocka_unit_test(models_are_parsed),
        cmocka_unit_test(numbers_are_printed_as_briefly_as_possible),
        cmocka_unit_test(floats_are_printed_as_python_does),
        cmocka_unit_test(csv_follows_rfc_4180),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
