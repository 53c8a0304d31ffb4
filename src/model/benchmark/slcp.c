#include <math.h>
#include <stddef.h>
#include <string.h>

#include "numpy_random.h"
#include "rheobase/base/memory.h"
#include "rheobase/random/distributions.h"
#include "task.h"

/* Simple likelihood, complex posterior: four points of a Gaussian in the plane. And the same eight
 * numbers scattered among 92 that say nothing. */

enum { D = 5, POINTS = 4, K = 2 * POINTS, EXTRA = 92, COMPONENTS = 20 };
/* What the distractors are made of. */
typedef struct distractors {
  double location[COMPONENTS][EXTRA];
  double scale[COMPONENTS][EXTRA][EXTRA];  // lower triangular
  int permutation[K + EXTRA];  // datum j is entry permutation[j] of (8 data, distractors)
} distractors;

static const double FLOOR = 1e-6;  // added to both variances

#define UNIFORM(number, text)                                                              \
  {                                                                                        \
    .name = "theta_" #number, .unit = "1", .description = text, .distribution = "uniform", \
    .low = "-3", .high = "3"                                                               \
  }
static const rb_prior_row prior[D] = {UNIFORM(1, "mean of the first coordinate"),
                                      UNIFORM(2, "mean of the second coordinate"),
                                      UNIFORM(3, "its square is the first coordinate's sd"),
                                      UNIFORM(4, "its square is the second coordinate's sd"),
                                      UNIFORM(5, "its hyperbolic tangent is the correlation")};

/* Lower triangular root of the points' covariance. */
typedef struct root {
  double a, b, c;  // (a 0; b c)
} root;

static root root_of(const double *theta) {
  const double s = theta[2] * theta[2], t = theta[3] * theta[3];
  const double s2 = s * s, t2 = t * t, sech = 1 / cosh(theta[4]);
  // The determinant without the difference of near numbers: 1 - tanh^2 = sech^2.
  const double determinant = s2 * t2 * sech * sech + FLOOR * (s2 + t2) + FLOOR * FLOOR;
  root r = {.a = sqrt(s2 + FLOOR)};
  r.b = tanh(theta[4]) * s * t / r.a;
  r.c = sqrt(determinant) / r.a;
  return r;
}

static void simulate_points(rb_stream normal, const double *theta, double *x) {
  const root r = root_of(theta);
  double z[K];
  rb_stream_normals(normal, 0, K, z);
  for (int k = 0; k < K; k += 2) {
    x[k] = theta[0] + r.a * z[k];
    x[k + 1] = theta[1] + (r.b * z[k] + r.c * z[k + 1]);
  }
}

static bool simulate(const void *constants, rb_task_streams streams, const double *theta,
                     double *x) {
  (void)constants;
  simulate_points(streams.normal, theta, x);
  return true;
}

static double log_likelihood(const void *constants, const double *theta, const float *x) {
  (void)constants;
  const root r = root_of(theta);
  double sum = 0;
  for (int k = 0; k < K; k += 2) {
    const double z = ((double)x[k] - theta[0]) / r.a;
    sum += rb_normal_log_density((double)x[k] - theta[0], r.a) +
           rb_normal_log_density((double)x[k + 1] - theta[1] - r.b * z, r.c);
  }
  return sum;
}

/* The constants follow from numpy's legacy generator with seed 42, in this order. */
static rb_status prepare(rb_context *ctx, void **constants) {
  rb_status status = RB_OK;
  distractors *d = NULL;
  rb_numpy_random random = {0};
  RB_TRY(RB_ALLOCATE(ctx, d, 1));
  RB_TRY(rb_numpy_random_create(ctx, 42, &random));
  for (int c = 0; c < COMPONENTS; ++c) {
    for (int i = 0; i < EXTRA; ++i) d->location[c][i] = 15 * rb_numpy_normal(&random);
  }
  for (int c = 0; c < COMPONENTS; ++c) {
    for (int i = 0; i < EXTRA; ++i) {
      for (int j = 0; j < EXTRA; ++j) {
        const double normal = rb_numpy_normal(&random);
        d->scale[c][i][j] = j <= i ? normal : 0;
      }
    }
    for (int i = 0; i < EXTRA; ++i) d->scale[c][i][i] += exp(rb_numpy_normal(&random));
    for (int i = 0; i < EXTRA; ++i) {
      for (int j = 0; j <= i; ++j) d->scale[c][i][j] *= 3;
    }
  }
  rb_numpy_permutation(&random, K + EXTRA, d->permutation);
  *constants = d;
cleanup:
  rb_numpy_random_free(&random);
  return status;
}

/* A multivariate Student t with 2 degrees of freedom, of one of the components: chi2_2 is twice an
 * exponential number. */
static void simulate_distractors(const distractors *d, rb_task_streams streams, double *x) {
  double z[EXTRA];
  const int64_t c = rb_stream_integer(streams.uniform, 0, COMPONENTS);
  const double w = 1 / sqrt(-log(rb_stream_uniform(streams.uniform, 1)));
  rb_stream_normals(streams.normal, K, EXTRA, z);
  for (int i = 0; i < EXTRA; ++i) {
    double sum = 0;
    for (int j = 0; j <= i; ++j) sum += d->scale[c][i][j] * z[j];
    x[i] = d->location[c][i] + w * sum;
  }
}

static bool simulate_among_distractors(const void *constants, rb_task_streams streams,
                                       const double *theta, double *x) {
  const distractors *d = constants;
  double all[K + EXTRA];
  simulate_points(streams.normal, theta, all);
  simulate_distractors(d, streams, &all[K]);
  for (int j = 0; j < K + EXTRA; ++j) x[j] = all[d->permutation[j]];
  return true;
}

/* Of the eight data alone: the distractors' density does not depend on the parameters. */
static double log_likelihood_among_distractors(const void *constants, const double *theta,
                                               const float *x) {
  const distractors *d = constants;
  float data[K];
  for (int j = 0; j < K + EXTRA; ++j) {
    if (d->permutation[j] < K) data[d->permutation[j]] = x[j];
  }
  return log_likelihood(NULL, theta, data);
}

static const rb_task_constant constants_of_distractors[] = {
    {"constants/location", offsetof(distractors, location), COMPONENTS *EXTRA},
    {"constants/scale_tril", offsetof(distractors, scale), COMPONENTS *EXTRA *EXTRA},
    {0}};

static const rb_task slcp = {
    .name = "sbibm_slcp", .length = K, .simulate = simulate, .log_likelihood = log_likelihood};
static const rb_task among_distractors = {.name = "sbibm_slcp_distractors",
                                          .length = K + EXTRA,
                                          .prepare = prepare,
                                          .constant = constants_of_distractors,
                                          .simulate = simulate_among_distractors,
                                          .log_likelihood = log_likelihood_among_distractors};

RB_TASK_TYPE(sbibm_slcp, slcp, "Four points of a Gaussian in the plane: four modes", prior)
RB_TASK_TYPE(sbibm_slcp_distractors, among_distractors,
             "These points among 92 numbers that say nothing", prior)
