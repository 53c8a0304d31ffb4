#include <math.h>

#include "ode.h"
#include "task.h"

/* An epidemic: susceptible, infected and recovered persons; on some days a thousand are tested. */

enum { D = 2, DAYS = 10, COMPONENTS = 3, TESTED = 1000, MAX_TIMES = 161 };
static const double PERSONS = 1e6, DAYS_BETWEEN = 17;
static const double TOLERANCE = 1e-12;  // of the share and of the logarithm

static const rb_prior_row prior[D] = {{.name = "beta",
                                       .unit = "1/day",
                                       .description = "contact rate",
                                       .distribution = "lognormal",
                                       .median = "0.4",
                                       .sd_log = "0.5"},
                                      {.name = "gamma",
                                       .unit = "1/day",
                                       .description = "recovery rate",
                                       .distribution = "lognormal",
                                       .median = "0.125",
                                       .sd_log = "0.2"}};

/* Of the susceptible share and the logarithm of the infected persons, which so keep their relative
 * error when they are few. @param theta (2) beta, gamma */
static void slope(const double *theta, const double *u, double *out) {
  const double infection = theta[0] * u[0];
  out[0] = -infection * exp(u[1]) / PERSONS;
  out[1] = infection - theta[1];
}

static bool solve(const double *theta, int count, const double *time, double *u) {
  return rb_ode_solve(slope, theta, (double[]){1 - 1 / PERSONS, 0}, TOLERANCE, count, time, u);
}

static bool trajectory(const double *theta, int count, const double *time, double *out) {
  double u[MAX_TIMES * RB_ODE_UNKNOWNS];
  if (count > MAX_TIMES || !solve(theta, count, time, u)) return false;
  for (int t = 0; t < count; ++t) {
    out[t] = u[2 * t] * PERSONS;
    out[count + t] = exp(u[2 * t + 1]);
    out[2 * count + t] = PERSONS - out[t] - out[count + t];
  }
  return true;
}

/* The infected share on the days of the tests. */
static bool infected(const double *theta, double *share) {
  double time[DAYS], u[DAYS * RB_ODE_UNKNOWNS];
  for (int k = 0; k < DAYS; ++k) time[k] = DAYS_BETWEEN * k;
  if (!solve(theta, DAYS, time, u)) return false;
  for (int k = 0; k < DAYS; ++k) share[k] = fmin(exp(u[2 * k + 1]) / PERSONS, 1);
  return true;
}

/* Binomial(TESTED, p) by its distribution function, summed from the rarer outcome. */
static double binomial(double u, double p) {
  const double rare = fmin(p, 1 - p), odds = rare / (1 - rare);
  double mass = exp(TESTED * log1p(-rare)), sum = mass;  // at least 2^-1000
  int k = 0;
  while (u > sum && k < TESTED) {
    mass *= odds * (TESTED - k) / (k + 1);
    sum += mass;
    k += 1;
  }
  return p > 0.5 ? TESTED - k : k;
}

static bool simulate(const void *constants, rb_task_streams streams, const double *theta,
                     double *x) {
  (void)constants;
  double share[DAYS];
  if (!infected(theta, share)) return false;
  for (int k = 0; k < DAYS; ++k) {
    x[k] = binomial(rb_stream_uniform(streams.uniform, (uint32_t)k), share[k]);
  }
  return true;
}

/* n log(p), 0 for n = 0. */
static double times_log(double n, double log_p) { return n > 0 ? n * log_p : 0; }

static double log_likelihood(const void *constants, const double *theta, const float *x) {
  (void)constants;
  double share[DAYS], sum = 0;
  if (!infected(theta, share)) return -INFINITY;
  for (int k = 0; k < DAYS; ++k) {
    const double n = (double)x[k], rest = TESTED - n;
    sum += lgamma(TESTED + 1) - lgamma(n + 1) - lgamma(rest + 1) + times_log(n, log(share[k])) +
           times_log(rest, log1p(-share[k]));
  }
  return sum;
}

static bool is_count(float datum) {
  return datum >= 0 && datum <= TESTED && floorf(datum) == datum;
}

static const rb_task task = {.name = "sbibm_sir",
                             .length = DAYS,
                             .positive = true,
                             .simulate = simulate,
                             .log_likelihood = log_likelihood,
                             .is_possible = is_count,
                             .impossible = "a datum is no number of tested persons, 0 to 1000",
                             .trajectory = trajectory,
                             .components = COMPONENTS,
                             .absolute_error = 1e-3};

RB_TASK_TYPE(sbibm_sir, task, "An epidemic, by tests of a thousand persons on ten days", prior)
