#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "rheobase/base/memory.h"
#include "verify.h"

/* Six standard errors have a false alarm rate of 2e-9, and up to 5000 covariances are compared. */
static const double STANDARD_ERRORS = 6;
enum { MAX_SIMULATIONS = 1000000 };
static const double MAX_NUMBERS = 1e8;

/* Simulations of one parameter vector, and what they are compared with. */
typedef struct comparison {
  int64_t n, K, levels;
  const float *x;                              // (n, K)
  const double *mean, *covariance, *quantile;  // exact (K), exact (K, K), (levels, K)
  const double *level;                         // (levels)
  double mean_error, covariance_error, quantile_error;
} comparison;

/* How far a mean of n numbers is from their expectation, in standard errors. Bernstein's bound adds
 * to them what numbers within `range` may do beyond the normal law: matters where few of them are
 * not the same, as spikes at a small rate. */
static double standard_errors(double distance, double variance, double range, double n) {
  if (distance == 0) return 0;
  return fabs(distance) / (sqrt(variance / n) + STANDARD_ERRORS * range / (3 * n));
}

static void compare_means(comparison *c) {
  for (int64_t k = 0; k < c->K; ++k) {
    const double variance = c->covariance[k * c->K + k];
    double sum = 0, range = 0;
    if (isnan(variance)) continue;
    for (int64_t i = 0; i < c->n; ++i) {
      const double deviation = (double)c->x[i * c->K + k] - c->mean[k];
      sum += deviation;
      range = fmax(range, fabs(deviation));
    }
    const double error = standard_errors(sum / (double)c->n, variance, range, (double)c->n);
    c->mean_error = rb_task_larger(error, c->mean_error);
  }
}

/* A covariance is the mean of products, whose variance is that of Gaussian data at least. */
static double covariance_error(const comparison *c, int64_t j, int64_t k) {
  const double expected = c->covariance[j * c->K + k], n = (double)c->n;
  double sum = 0, square = 0, range = 0;
  for (int64_t i = 0; i < c->n; ++i) {
    const double product =
        ((double)c->x[i * c->K + j] - c->mean[j]) * ((double)c->x[i * c->K + k] - c->mean[k]);
    const double deviation = product - expected;
    sum += deviation;
    square += deviation * deviation;
    range = fmax(range, fabs(deviation));
  }
  const double gaussian =
      c->covariance[j * c->K + j] * c->covariance[k * c->K + k] + expected * expected;
  return standard_errors(sum / n, fmax(square / n, gaussian), range, n);
}

static bool varies(const comparison *c, int64_t k) {
  for (int64_t i = 1; i < c->n; ++i) {
    if (c->x[i * c->K + k] != c->x[k]) return true;
  }
  return false;
}

/* Where events are so rare that none has happened, nothing is known of the spread of products: the
 * mean and the quantiles then have to do. */
static void compare_covariances(comparison *c) {
  for (int64_t j = 0; j < c->K; ++j) {
    for (int64_t k = 0; k <= j && varies(c, j); ++k) {
      if (isnan(c->covariance[j * c->K + k]) || !varies(c, k)) continue;
      c->covariance_error = rb_task_larger(covariance_error(c, j, k), c->covariance_error);
    }
  }
}

/* The share of simulations below a quantile, and not above it, have its level between them. The
 * reference's quantiles come from as many simulations as ours. */
static void compare_quantiles(comparison *c) {
  const double n = (double)c->n;
  for (int64_t l = 0; l < c->levels; ++l) {
    const double level = c->level[l], sd = sqrt(2 * level * (1 - level) / n);
    for (int64_t k = 0; k < c->K; ++k) {
      const float bound = (float)c->quantile[l * c->K + k];
      int64_t below = 0, above = 0;
      for (int64_t i = 0; i < c->n; ++i) {
        below += c->x[i * c->K + k] < bound;
        above += c->x[i * c->K + k] > bound;
      }
      const double excess = fmax((double)below / n - level, (double)above / n - (1 - level));
      c->quantile_error = rb_task_larger(fmax(excess, 0) / sd, c->quantile_error);
    }
  }
}

/* Arrays of the group, owned. */
typedef struct simulator_check {
  int64_t n, vectors, levels;
  double *theta, *mean, *covariance, *quantile, *level;
} simulator_check;

static rb_status read_group(const rb_task_check *check, simulator_check *s) {
  rb_status status = RB_OK;
  const int64_t K = check->model->length;
  int64_t shape[2] = {-1, check->model->dim};
  RB_TRY(rb_task_read(check, "simulator_check/parameters", 2, shape, &s->theta));
  s->vectors = shape[0];
  RB_TRY(
      rb_task_read(check, "simulator_check/exact_mean", 2, (int64_t[]){s->vectors, K}, &s->mean));
  RB_TRY(rb_task_read(check, "simulator_check/exact_covariance", 3, (int64_t[]){s->vectors, K, K},
                      &s->covariance));
  s->levels = -1;
  RB_TRY(rb_task_read(check, "simulator_check/quantile_level", 1, &s->levels, &s->level));
  RB_TRY(rb_task_read(check, "simulator_check/quantile", 3, (int64_t[]){s->vectors, s->levels, K},
                      &s->quantile));
  RB_TRY(rb_file_get_int(check->ctx, check->file, "simulator_check", "simulations", &s->n));
  if (s->n < 1 || s->n > MAX_SIMULATIONS || (double)s->n * (double)K > MAX_NUMBERS) {
    RB_TRY(RB_FAIL(check->ctx, RB_ERR_FORMAT,
                   "simulator_check: %" PRId64 " simulations of %" PRId64 " data; 1 to %d, and %g "
                   "numbers, are possible",
                   s->n, K, MAX_SIMULATIONS, MAX_NUMBERS));
  }
cleanup:
  return status;
}

static rb_status simulate(const rb_task_check *check, const simulator_check *s, int64_t vector,
                          double *theta, float *x) {
  const rb_model *model = check->model;
  for (int64_t i = 0; i < s->n; ++i) {
    for (int d = 0; d < model->dim; ++d) {
      theta[i * model->dim + d] = s->theta[vector * model->dim + d];
    }
  }
  return model->simulate(model, check->ctx, 1, RB_FOR_TESTS, vector * s->n, s->n, theta, x);
}

rb_status rb_task_verify_simulator(const rb_task_check *check) {
  rb_status status = RB_OK;
  rb_context *ctx = check->ctx;
  const int64_t K = check->model->length;
  simulator_check s = {0};
  comparison c = {0};
  double *theta = NULL;
  float *x = NULL;
  RB_TRY(read_group(check, &s));
  RB_TRY(RB_ALLOCATE(ctx, theta, s.n * check->model->dim));
  RB_TRY(RB_ALLOCATE(ctx, x, s.n * K));
  c = (comparison){.n = s.n, .K = K, .levels = s.levels, .x = x, .level = s.level};
  for (int64_t v = 0; v < s.vectors; ++v) {
    RB_TRY(simulate(check, &s, v, theta, x));
    c.mean = &s.mean[v * K];
    c.covariance = &s.covariance[v * K * K];
    c.quantile = &s.quantile[v * s.levels * K];
    compare_means(&c);
    compare_covariances(&c);
    compare_quantiles(&c);
  }
  RB_TRY(rb_verify_add(ctx, check->report, "simulated means [standard errors]", c.mean_error,
                       STANDARD_ERRORS));
  RB_TRY(rb_verify_add(ctx, check->report, "simulated covariances [standard errors]",
                       c.covariance_error, STANDARD_ERRORS));
  RB_TRY(rb_verify_add(ctx, check->report, "simulated quantiles [standard errors]",
                       c.quantile_error, STANDARD_ERRORS));
cleanup:
  free(s.theta);
  free(s.mean);
  free(s.covariance);
  free(s.quantile);
  free(s.level);
  free(theta);
  free(x);
  return status;
}
