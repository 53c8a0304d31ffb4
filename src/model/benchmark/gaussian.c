#include <math.h>
#include <stddef.h>

#include "rheobase/random/distributions.h"
#include "task.h"

/* x ~ Normal(theta, 0.1 I) with a Gaussian or a uniform prior, and the mixture of a wide and a
 * narrow Gaussian about theta. */

enum { D = 10, MIXTURE_D = 2 };
static const double NOISE_SD = 0.31622776601683794;  // root of 0.1
static const double WIDE_SD = 1, NARROW_SD = 0.1, SHARE_WIDE = 0.5;

#define MEAN(number) .name = "theta_" #number, .unit = "1", .description = "mean of datum " #number
#define NORMAL(number) \
  { MEAN(number), .distribution = "normal", .mean = "0", .sd = "sqrt(0.1)" }
#define UNIFORM(number, bound) \
  { MEAN(number), .distribution = "uniform", .low = "-" #bound, .high = #bound }

static const rb_prior_row linear_prior[D] = {NORMAL(1), NORMAL(2), NORMAL(3), NORMAL(4),
                                             NORMAL(5), NORMAL(6), NORMAL(7), NORMAL(8),
                                             NORMAL(9), NORMAL(10)};
static const rb_prior_row uniform_prior[D] = {
    UNIFORM(1, 1), UNIFORM(2, 1), UNIFORM(3, 1), UNIFORM(4, 1), UNIFORM(5, 1),
    UNIFORM(6, 1), UNIFORM(7, 1), UNIFORM(8, 1), UNIFORM(9, 1), UNIFORM(10, 1)};
static const rb_prior_row mixture_prior[MIXTURE_D] = {UNIFORM(1, 10), UNIFORM(2, 10)};

static bool simulate_linear(const void *constants, rb_task_streams streams, const double *theta,
                            double *x) {
  (void)constants;
  rb_stream_normals(streams.normal, 0, D, x);
  for (int d = 0; d < D; ++d) x[d] = theta[d] + NOISE_SD * x[d];
  return true;
}

static double log_likelihood_linear(const void *constants, const double *theta, const float *x) {
  (void)constants;
  double sum = 0;
  for (int d = 0; d < D; ++d) sum += rb_normal_log_density((double)x[d] - theta[d], NOISE_SD);
  return sum;
}

/* One coin for both coordinates. */
static bool simulate_mixture(const void *constants, rb_task_streams streams, const double *theta,
                             double *x) {
  (void)constants;
  const double sd = rb_stream_uniform(streams.uniform, 0) < SHARE_WIDE ? WIDE_SD : NARROW_SD;
  rb_stream_normals(streams.normal, 0, MIXTURE_D, x);
  for (int d = 0; d < MIXTURE_D; ++d) x[d] = theta[d] + sd * x[d];
  return true;
}

static double log_likelihood_mixture(const void *constants, const double *theta, const float *x) {
  (void)constants;
  double wide = log(SHARE_WIDE), narrow = log(1 - SHARE_WIDE);
  for (int d = 0; d < MIXTURE_D; ++d) {
    wide += rb_normal_log_density((double)x[d] - theta[d], WIDE_SD);
    narrow += rb_normal_log_density((double)x[d] - theta[d], NARROW_SD);
  }
  return rb_log_add(wide, narrow);
}

static const rb_task linear = {.name = "sbibm_gaussian_linear",
                               .length = D,
                               .simulate = simulate_linear,
                               .log_likelihood = log_likelihood_linear};
static const rb_task uniform = {.name = "sbibm_gaussian_linear_uniform",
                                .length = D,
                                .simulate = simulate_linear,
                                .log_likelihood = log_likelihood_linear};
static const rb_task mixture = {.name = "sbibm_gaussian_mixture",
                                .length = MIXTURE_D,
                                .simulate = simulate_mixture,
                                .log_likelihood = log_likelihood_mixture};

RB_TASK_TYPE(sbibm_gaussian_linear, linear, "A Gaussian's mean, with a Gaussian prior",
             linear_prior)
RB_TASK_TYPE(sbibm_gaussian_linear_uniform, uniform, "A Gaussian's mean, with a uniform prior",
             uniform_prior)
RB_TASK_TYPE(sbibm_gaussian_mixture, mixture, "The common mean of a wide and a narrow Gaussian",
             mixture_prior)
