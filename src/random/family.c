#include "rheobase/random/family.h"

#include <float.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "rheobase/random/distributions.h"

/* Standard deviations beyond which a normal distribution has no mass in double precision: an
 * infinite bound is put there. */
static const double FAR = 40;

/* The distribution function of a family without a closed form of its truncation, and the upper tail
 * by itself: 1 - P would lose it. */
typedef struct tails {
  double (*below)(const double *a, double x), (*above)(const double *a, double x);
} tails;

/* A number's place in the order of all doubles, and back. */
static int64_t place_of(double x) {
  int64_t bits = 0;
  memcpy(&bits, &x, sizeof bits);
  return bits >= 0 ? bits : INT64_MIN - bits;
}

static double at_place(int64_t place) {
  const int64_t bits = place >= 0 ? place : INT64_MIN - place;
  double x = 0;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* Halves the doubles between the bounds, which takes at most 64 steps wherever the quantile lies:
 * GSL's inverses fail for small shapes and far out. */
static double tails_quantile(const tails *t, const double *a, double low, double high, double u) {
  const double p_low = t->below(a, low), p_high = t->below(a, high);
  const double q_low = t->above(a, low), q_high = t->above(a, high);
  if (!(p_low < p_high) && !(q_low > q_high)) return NAN;
  const double p = (1 - u) * p_low + u * p_high, q = (1 - u) * q_low + u * q_high;
  int64_t least = place_of(fmax(low, -DBL_MAX)), most = place_of(fmin(high, DBL_MAX));
  while (least < most) {
    const int64_t middle = (int64_t)(((__int128)least + most) >> 1);
    const double x = at_place(middle);
    if (p <= q ? t->below(a, x) < p : t->above(a, x) > q) {
      least = middle + 1;
    } else {
      most = middle;
    }
  }
  return at_place(least);
}

/* Log of the probability of [low, high], from the smaller of the tails on its sides. */
static double tails_log_mass(const tails *t, const double *a, double low, double high) {
  const double p_high = t->below(a, high), q_low = t->above(a, low);
  if (p_high <= 0.5) return log(p_high - t->below(a, low));
  if (q_low <= 0.5) return log(q_low - t->above(a, high));
  return log1p(-(t->below(a, low) + t->above(a, high)));
}

static rb_truncated_normal normal_on(double mean, double sd, double low, double high) {
  return (rb_truncated_normal){mean, sd, isinf(low) ? fmin(mean, high) - FAR * sd : low,
                               isinf(high) ? fmax(mean, low) + FAR * sd : high};
}

static double normal_quantile(const double *a, double low, double high, double u) {
  return rb_truncated_normal_quantile(normal_on(a[0], a[1], low, high), u);
}

static double normal_log_density(const double *a, double low, double high, double x) {
  const rb_truncated_normal distribution = normal_on(a[0], a[1], low, high);
  if (!(x >= low && x <= high)) return -INFINITY;
  const double inside = fmin(fmax(x, distribution.low), distribution.high);
  const double z = (x - a[0]) / a[1], z_inside = (inside - a[0]) / a[1];
  return rb_truncated_normal_log_density(distribution, inside) -
         0.5 * (z - z_inside) * (z + z_inside);
}

static double lognormal_quantile(const double *a, double low, double high, double u) {
  if (!(low > 0) && isinf(high)) return rb_log_normal_quantile(log(a[0]), a[1], u);
  const double logs[2] = {log(a[0]), a[1]};
  const double x = exp(normal_quantile(logs, log(low), log(high), u));
  return fmin(fmax(x, low), high);
}

static double lognormal_log_density(const double *a, double low, double high, double x) {
  if (!(x > 0 && x >= low && x <= high)) return -INFINITY;
  if (!(low > 0) && isinf(high)) return rb_log_normal_log_density(log(a[0]), a[1], x);
  const double logs[2] = {log(a[0]), a[1]};
  return normal_log_density(logs, log(low), log(high), fmin(fmax(log(x), log(low)), log(high))) -
         log(x);
}

static double uniform_quantile(const double *a, double low, double high, double u) {
  (void)a;
  return fmin(fmax((1 - u) * low + u * high, low), high);
}

static double uniform_log_density(const double *a, double low, double high, double x) {
  (void)a;
  return x >= low && x <= high ? -log(high - low) : -INFINITY;
}

static double loguniform_quantile(const double *a, double low, double high, double u) {
  return fmin(fmax(exp(uniform_quantile(a, log(low), log(high), u)), low), high);
}

static double loguniform_log_density(const double *a, double low, double high, double x) {
  (void)a;
  return x >= low && x <= high ? -log(x) - log(log(high / low)) : -INFINITY;
}

static double gamma_below(const double *a, double x) {
  return isinf(x) ? 1 : gsl_cdf_gamma_P(x, a[0], a[1]);
}

static double gamma_above(const double *a, double x) {
  return isinf(x) ? 0 : gsl_cdf_gamma_Q(x, a[0], a[1]);
}

static const tails gamma_tails = {gamma_below, gamma_above};

static double gamma_quantile(const double *a, double low, double high, double u) {
  return tails_quantile(&gamma_tails, a, low, high, u);
}

static double gamma_log_density(const double *a, double low, double high, double x) {
  if (!(x >= low && x <= high)) return -INFINITY;
  return (a[0] - 1) * log(x / a[1]) - x / a[1] - lgamma(a[0]) - log(a[1]) -
         tails_log_mass(&gamma_tails, a, low, high);
}

static double beta_below(const double *a, double x) { return gsl_cdf_beta_P(x, a[0], a[1]); }

static double beta_above(const double *a, double x) { return gsl_cdf_beta_Q(x, a[0], a[1]); }

static const tails beta_tails = {beta_below, beta_above};

static double beta_quantile(const double *a, double low, double high, double u) {
  return tails_quantile(&beta_tails, a, low, high, u);
}

static double beta_log_density(const double *a, double low, double high, double x) {
  if (!(x >= low && x <= high)) return -INFINITY;
  return (a[0] - 1) * log(x) + (a[1] - 1) * log1p(-x) + lgamma(a[0] + a[1]) - lgamma(a[0]) -
         lgamma(a[1]) - tails_log_mass(&beta_tails, a, low, high);
}

/* Beyond `low` the exponential distribution repeats itself. */
static double exponential_quantile(const double *a, double low, double high, double u) {
  const double share = -expm1(-(high - low) / a[0]);
  return fmin(fmax(low - a[0] * log1p(-u * share), low), high);
}

static double exponential_log_density(const double *a, double low, double high, double x) {
  if (!(x >= low && x <= high)) return -INFINITY;
  return -(x - low) / a[0] - log(a[0]) - log(-expm1(-(high - low) / a[0]));
}

static double student_below(const double *a, double x) {
  return gsl_cdf_tdist_P((x - a[1]) / a[2], a[0]);
}

static double student_above(const double *a, double x) {
  return gsl_cdf_tdist_Q((x - a[1]) / a[2], a[0]);
}

static const tails student_tails = {student_below, student_above};

static double student_quantile(const double *a, double low, double high, double u) {
  return tails_quantile(&student_tails, a, low, high, u);
}

static double student_log_density(const double *a, double low, double high, double x) {
  if (!(x >= low && x <= high)) return -INFINITY;
  const double z = (x - a[1]) / a[2];
  return lgamma((a[0] + 1) / 2) - lgamma(a[0] / 2) - 0.5 * log(a[0] * M_PI) - log(a[2]) -
         0.5 * (a[0] + 1) * log1p(z * z / a[0]) - tails_log_mass(&student_tails, a, low, high);
}

static double half_normal_quantile(const double *a, double low, double high, double u) {
  const double centred[2] = {0, a[0]};
  return normal_quantile(centred, low, high, u);
}

static double half_normal_log_density(const double *a, double low, double high, double x) {
  const double centred[2] = {0, a[0]};
  return normal_log_density(centred, low, high, x);
}

#define LINE -INFINITY, INFINITY
#define POSITIVE 0, INFINITY
#define FUNCTIONS(family) .quantile = family##_quantile, .log_density = family##_log_density

const rb_family rb_families[] = {
    {"normal", 2, {{"mean", 0}, {"sd", 1}}, LINE, 0, 0, FUNCTIONS(normal)},
    {"lognormal", 2, {{"median", 1}, {"sd_log", 1}}, POSITIVE, 0, 0, FUNCTIONS(lognormal)},
    {"uniform", 0, {{NULL, 0}}, LINE, 1, 0, FUNCTIONS(uniform)},
    {"loguniform", 0, {{NULL, 0}}, POSITIVE, 1, 1, FUNCTIONS(loguniform)},
    {"gamma", 2, {{"shape", 1}, {"scale", 1}}, POSITIVE, 0, 0, FUNCTIONS(gamma)},
    {"beta", 2, {{"a", 1}, {"b", 1}}, 0, 1, 0, 0, FUNCTIONS(beta)},
    {"exponential", 1, {{"mean", 1}}, POSITIVE, 0, 0, FUNCTIONS(exponential)},
    {"student_t", 3, {{"df", 1}, {"location", 0}, {"scale", 1}}, LINE, 0, 0, FUNCTIONS(student)},
    {"half_normal", 1, {{"sd", 1}}, POSITIVE, 0, 0, FUNCTIONS(half_normal)},
    {.name = NULL}};

int rb_family_count(void) { return (int)(sizeof rb_families / sizeof *rb_families) - 1; }

const rb_family *rb_family_find(const char *name) {
  for (const rb_family *family = rb_families; family->name != NULL; ++family) {
    if (strcmp(family->name, name) == 0) return family;
  }
  return NULL;
}
