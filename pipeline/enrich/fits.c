/* pipeline/enrich/fits.c - Gamma and Weibull distributions by maximum likelihood, and their distance to the
 * sample.
 *
 * Gamma: the shape k solves ln k - digamma(k) = s with s = ln(mean x) - mean(ln x); since 1/(2k) < ln k -
 * digamma(k) < 1/k, the root lies in [1/(2s), 1/s] and plain bisection finds it. Weibull: the shape solves
 * sum x^k ln x / sum x^k - 1/k = mean(ln x), whose left side rises with k; Newton's method inside a shrinking
 * bracket. Both equations are written so that nearly equal values do not cancel, and x^k cannot overflow. */
#include "pipeline/enrich/statistics.h"

#include "pipeline/core/array.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

/* ln k - digamma(k), k > 0, without cancellation for large k (Abramowitz and Stegun 6.3.5, 6.3.18). */
static double log_minus_digamma(double k)
{
    double shifted = 0.0, z = k;
    for (; z < 10.0; z += 1.0)
        shifted += 1.0 / z;
    double f = 1.0 / (z * z);
    double series =
        0.5 / z + f * (1.0 / 12 - f * (1.0 / 120 - f * (1.0 / 252 - f * (1.0 / 240 - f * (1.0 / 132)))));
    return z == k ? series : series + shifted - log(z / k);
}

/* mu - ln(1 + mu) without cancellation near 0. */
static double minus_log1p(double mu)
{
    if (fabs(mu) > 0.01)
        return mu - log1p(mu);
    double sum = 0.0, power = mu * mu;
    for (int i = 2; i < 12; i++, power *= -mu)
        sum += power / i;
    return sum;
}

/* For large shapes, where series are long and lgamma cancels: Temme's uniform expansion (SIAM J. Math. Anal.
 * 10, 1979) up to its first correction; what is left out is below 1e-3 a^(-3/2). */
static double gamma_cdf_large(double a, double x)
{
    double mu = (x - a) / a, eta = copysign(sqrt(2.0 * minus_log1p(mu)), mu);
    double c0 =
        fabs(eta) < 0.01 ? -1.0 / 3 + eta * (1.0 / 12 - eta * (2.0 / 135 - eta / 864)) : 1.0 / mu - 1.0 / eta;
    double rest = exp(-0.5 * a * eta * eta) / sqrt(2.0 * acos(-1.0) * a) * c0;
    return fmin(1.0, fmax(0.0, 0.5 * erfc(-eta * sqrt(0.5 * a)) - rest));
}

double lta_gamma_cdf(double a, double x)
{
    enum { MOST_TERMS = 10000, LARGE_SHAPE = 100000 };
    if (x <= 0.0)
        return 0.0;
    if (a > LARGE_SHAPE)
        return gamma_cdf_large(a, x);
    int sign;
    double front = exp(a * log(x) - x - lgamma_r(a, &sign));
    if (x < a + 1.0) { /* power series */
        double term = 1.0 / a, sum = term;
        for (int i = 1; i < MOST_TERMS && term > sum * 1e-17; i++) {
            term *= x / (a + i);
            sum += term;
        }
        return fmin(1.0, front * sum);
    }
    /* continued fraction of the upper function, modified Lentz (Thompson and Barnett, J. Comput. Phys. 64,
     * 1986) */
    const double tiny = 1e-300;
    double b = x + 1.0 - a, c = 1.0 / tiny, d = 1.0 / b, h = d;
    for (int i = 1; i < MOST_TERMS; i++) {
        double an = -(double)i * ((double)i - a);
        b += 2.0;
        d = an * d + b;
        c = b + an / c;
        d = 1.0 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        if (fabs(d * c - 1.0) < 1e-16)
            break;
    }
    return fmax(0.0, 1.0 - front * h);
}

static double weibull_cdf(double shape, double x_over_scale)
{
    return -expm1(-pow(x_over_scale, shape));
}

/* Largest gap between the sample's and the fitted distribution function, looked for at every different value.
 */
static double ks_distance(const uint64_t *sorted, uint64_t n, const lta_fit *fit,
                          double (*cdf)(double shape, double x_over_scale))
{
    double worst = 0.0;
    for (uint64_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && sorted[j] == sorted[i]; j++)
            ;
        double f = cdf(fit->shape, (double)sorted[i] / fit->scale);
        worst = fmax(worst, fmax(f - (double)i / (double)n, (double)j / (double)n - f));
    }
    return worst;
}

static const lta_fit no_fit = {.shape = NAN, .scale = NAN, .distance = NAN};

lta_status lta_fit_gamma(const uint64_t *x, const uint64_t *sorted, uint64_t n, lta_fit *out)
{
    *out = no_fit;
    if (n < 2 || sorted[0] == sorted[n - 1])
        return LTA_OK;
    double sum = 0.0, excess = 0.0;
    for (uint64_t i = 0; i < n; i++)
        sum += (double)x[i];
    double mean = sum / (double)n;
    /* s = mean(-ln(x / mean)); adding the deviations, whose mean is 0, keeps small ones from cancelling */
    for (uint64_t i = 0; i < n; i++) {
        double deviation = ((double)x[i] - mean) / mean;
        excess += deviation - log1p(deviation);
    }
    double s = excess / (double)n;
    if (!(s > 0.0))
        return LTA_OK;
    double low = 0.5 / s, high = 1.0 / s;
    for (int i = 0; i < 100 && high - low > 1e-15 * high; i++) {
        double middle = 0.5 * (low + high);
        if (log_minus_digamma(middle) > s)
            low = middle;
        else
            high = middle;
    }
    out->shape = 0.5 * (low + high);
    out->scale = mean / out->shape;
    out->distance = ks_distance(sorted, n, out, lta_gamma_cdf);
    return LTA_OK;
}

lta_status lta_fit_weibull(const uint64_t *x, const uint64_t *sorted, uint64_t n, lta_fit *out)
{
    lta_status st = LTA_OK;
    double *y = NULL; /* ln(x / largest x), so that x^k never overflows */
    *out = no_fit;
    if (n < 2 || sorted[0] == sorted[n - 1])
        return LTA_OK;
    LTA_TRY(LTA_ALLOC(&y, n));
    double top = (double)sorted[n - 1], sum = 0.0, squares = 0.0;
    for (uint64_t i = 0; i < n; i++) {
        y[i] = log((double)x[i] / top);
        sum += y[i];
    }
    double mean = sum / (double)n;
    for (uint64_t i = 0; i < n; i++)
        squares += (y[i] - mean) * (y[i] - mean);
    /* the moment estimate of the log sample starts the search */
    double k = acos(-1.0) / sqrt(6.0 * squares / (double)n), low = 0.0, high = INFINITY;
    for (int i = 0; i < 200; i++) {
        double s0 = 0.0, s1 = 0.0, s2 = 0.0;
        for (uint64_t j = 0; j < n; j++) {
            double w = exp(k * y[j]);
            s0 += w;
            s1 += w * y[j];
            s2 += w * y[j] * y[j];
        }
        double first = s1 / s0, value = first - 1.0 / k - mean;
        double slope = s2 / s0 - first * first + 1.0 / (k * k);
        if (value > 0.0)
            high = k;
        else
            low = k;
        double next = k - value / slope;
        if (!(next > low && next < high))
            next = isinf(high) ? 2.0 * k : 0.5 * (low + high);
        bool settled = fabs(next - k) <= 1e-9 * k; /* the step is taken: what is left is its square */
        k = next;
        if (settled)
            break;
    }
    double s0 = 0.0;
    for (uint64_t j = 0; j < n; j++)
        s0 += exp(k * y[j]);
    out->shape = k;
    out->scale = top * pow(s0 / (double)n, 1.0 / k);
    out->distance = ks_distance(sorted, n, out, weibull_cdf);
done:
    lta_free(y);
    return st;
}
