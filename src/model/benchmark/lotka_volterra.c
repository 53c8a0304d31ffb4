#include <math.h>

#include "ode.h"
#include "rheobase/random/distributions.h"
#include "task.h"

/* Predators and prey, counted with noise at ten times. */

enum { D = 4, TIMES = 10, COMPONENTS = 2, K = TIMES * COMPONENTS, MAX_TIMES = 201 };
static const double TIME_BETWEEN = 2.1, NOISE_SD_LOG = 0.1;
static const double LEAST = 1e-10, MOST = 1e4;  // what is counted is moved between them
static const double START[COMPONENTS] = {30, 1};
static const double TOLERANCE = 1e-11;  // of the logarithms

#define RATE(label, log_median, text)                                             \
  {                                                                               \
    .name = label, .unit = "1", .description = text, .distribution = "lognormal", \
    .median = "exp(" #log_median ")", .sd_log = "0.5"                             \
  }
static const rb_prior_row prior[D] = {RATE("alpha", -0.125, "birth rate of prey"),
                                      RATE("beta", -3, "rate at which predators eat prey"),
                                      RATE("gamma", -0.125, "death rate of predators"),
                                      RATE("delta", -3, "rate at which predators grow by prey")};

/* Of the logarithms: prey falls to 1e-12 and below. @param theta (4) @param u (2) prey, predators
 */
static void slope(const double *theta, const double *u, double *out) {
  out[0] = theta[0] - theta[1] * exp(u[1]);
  out[1] = theta[3] * exp(u[0]) - theta[2];
}

static bool solve(const double *theta, int count, const double *time, double *u) {
  const double start[COMPONENTS] = {log(START[0]), log(START[1])};
  return rb_ode_solve(slope, theta, start, TOLERANCE, count, time, u);
}

static bool trajectory(const double *theta, int count, const double *time, double *out) {
  double u[MAX_TIMES * RB_ODE_UNKNOWNS];
  if (count > MAX_TIMES || !solve(theta, count, time, u)) return false;
  for (int t = 0; t < count; ++t) {
    for (int c = 0; c < COMPONENTS; ++c) out[c * count + t] = exp(u[t * COMPONENTS + c]);
  }
  return true;
}

/* Logarithms of what is counted without noise. @param mean (K) prey, then predators */
static bool log_counts(const double *theta, double *mean) {
  double time[TIMES], u[TIMES * RB_ODE_UNKNOWNS];
  for (int k = 0; k < TIMES; ++k) time[k] = TIME_BETWEEN * k;
  if (!solve(theta, TIMES, time, u)) return false;
  for (int k = 0; k < TIMES; ++k) {
    for (int c = 0; c < COMPONENTS; ++c) {
      mean[c * TIMES + k] = fmin(fmax(u[k * COMPONENTS + c], log(LEAST)), log(MOST));
    }
  }
  return true;
}

static bool simulate(const void *constants, rb_task_streams streams, const double *theta,
                     double *x) {
  (void)constants;
  double mean[K];
  if (!log_counts(theta, mean)) return false;
  rb_stream_normals(streams.normal, 0, K, x);
  for (int k = 0; k < K; ++k) x[k] = exp(mean[k] + NOISE_SD_LOG * x[k]);
  return true;
}

static double log_likelihood(const void *constants, const double *theta, const float *x) {
  (void)constants;
  double mean[K], sum = 0;
  if (!log_counts(theta, mean)) return -INFINITY;
  for (int k = 0; k < K; ++k) sum += rb_log_normal_log_density(mean[k], NOISE_SD_LOG, (double)x[k]);
  return sum;
}

static bool is_positive(float datum) { return datum > 0; }

/* An error of 1e-6 in each count, of which each has a standard error of 0.1, moves the log
 * likelihood by 1e-5 times the root of their number, at a typical distance. */
static const double RELATIVE_ERROR = 1e-6, LIKELIHOOD_ERROR = 1e-4;

static const rb_task task = {.name = "sbibm_lotka_volterra",
                             .length = K,
                             .positive = true,
                             .simulate = simulate,
                             .log_likelihood = log_likelihood,
                             .is_possible = is_positive,
                             .impossible = "a datum is not above 0",
                             .trajectory = trajectory,
                             .components = COMPONENTS,
                             .relative_error = RELATIVE_ERROR,
                             .likelihood_error = LIKELIHOOD_ERROR};

RB_TASK_TYPE(sbibm_lotka_volterra, task, "Predators and prey, counted at ten times", prior)
