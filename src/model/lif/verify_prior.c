#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lif.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/hdf5_file.h"
#include "verify.h"

/* The reference's moments come from as many draws as ours, so a difference of the two has sqrt(2)
 * times the standard error of either. Six of those have a false alarm rate of 2e-9. */
enum { D = RB_LIF_DIM, DRAWS = 1000000 };
static const double STANDARD_ERRORS = 6;

/* The larger of the two; a NaN stays. */
static double larger(double error, double largest) { return error <= largest ? largest : error; }

/* Central moments of our draws. */
typedef struct moments {
  double mean[D], sd[D], kurtosis[D], correlation[D][D];
} moments;

static void compute_moments(const double *theta, moments *m) {
  double covariance[D][D] = {{0}}, fourth[D] = {0};
  *m = (moments){0};
  for (int64_t i = 0; i < DRAWS; ++i) {
    for (int d = 0; d < D; ++d) m->mean[d] += theta[i * D + d] / DRAWS;
  }
  for (int64_t i = 0; i < DRAWS; ++i) {
    double difference[D];
    for (int d = 0; d < D; ++d) difference[d] = theta[i * D + d] - m->mean[d];
    for (int d = 0; d < D; ++d) {
      for (int e = 0; e < D; ++e) covariance[d][e] += difference[d] * difference[e] / DRAWS;
      fourth[d] += pow(difference[d], 4) / DRAWS;
    }
  }
  for (int d = 0; d < D; ++d) {
    m->sd[d] = sqrt(covariance[d][d]);
    m->kurtosis[d] = fourth[d] / (covariance[d][d] * covariance[d][d]);
  }
  for (int d = 0; d < D; ++d) {
    for (int e = 0; e < D; ++e) m->correlation[d][e] = covariance[d][e] / (m->sd[d] * m->sd[e]);
  }
}

static rb_status add(rb_context *ctx, rb_verify_report *report, const char *statistic,
                     const char *parameter, double error) {
  char name[112];
  (void)snprintf(name, sizeof name, "prior %s%s%s [standard errors]", statistic,
                 *parameter ? " " : "", parameter);
  return rb_verify_add(ctx, report, name, error, STANDARD_ERRORS);
}

static rb_status verify_moments(rb_context *ctx, const rb_file *file, const rb_model *model,
                                const double *theta, rb_verify_report *report) {
  static const int64_t shape[2] = {D, D};
  rb_status status = RB_OK;
  double mean[D], sd[D], correlation[D][D], largest = 0;
  moments m;
  RB_TRY(rb_file_read(ctx, file, "mean", RB_F64, true, 1, shape, mean));
  RB_TRY(rb_file_read(ctx, file, "std", RB_F64, true, 1, shape, sd));
  RB_TRY(rb_file_read(ctx, file, "correlation", RB_F64, true, 2, shape, correlation));
  compute_moments(theta, &m);
  for (int d = 0; d < D; ++d) {
    const double error = m.sd[d] * sqrt(2.0 / DRAWS);
    RB_TRY(add(ctx, report, "mean", model->parameters[d].name, fabs(m.mean[d] - mean[d]) / error));
  }
  for (int d = 0; d < D; ++d) {
    const double error = 0.5 * m.sd[d] * sqrt(2.0 * (m.kurtosis[d] - 1.0) / DRAWS);
    RB_TRY(add(ctx, report, "sd", model->parameters[d].name, fabs(m.sd[d] - sd[d]) / error));
  }
  for (int d = 0; d < D; ++d) {
    for (int e = 0; e < d; ++e) {
      const double r = m.correlation[d][e];
      const double error = (1.0 - r * r) * sqrt(2.0 / DRAWS);
      largest = larger(fabs(r - correlation[d][e]) / error, largest);
    }
  }
  RB_TRY(add(ctx, report, "correlation", "", largest));
cleanup:
  return status;
}

/* How far the share of our draws below the reference's quantile is from its level; where draws lie
 * exactly on it (clipped parameters), any level between the shares below and up to it agrees. */
static double quantile_error(const double *theta, int d, double quantile, double level) {
  int64_t below = 0, up_to = 0;
  for (int64_t i = 0; i < DRAWS; ++i) {
    below += theta[i * D + d] < quantile;
    up_to += theta[i * D + d] <= quantile;
  }
  const double error = sqrt(level * (1.0 - level) * 2.0 / DRAWS);
  const double excess = fmax((double)below / DRAWS - level, level - (double)up_to / DRAWS);
  return fmax(excess, 0.0) / error;
}

static rb_status verify_quantiles(rb_context *ctx, const rb_file *file, const rb_model *model,
                                  const double *theta, rb_verify_report *report) {
  rb_status status = RB_OK;
  int64_t shape[2] = {0, D};
  void *levels = NULL;
  double *quantiles = NULL;
  RB_TRY(rb_file_read_new(ctx, file, "quantile_levels", RB_F64, true, 1, shape, &levels));
  RB_TRY(RB_ALLOCATE(ctx, quantiles, shape[0] * D));
  RB_TRY(rb_file_read(ctx, file, "quantiles", RB_F64, true, 2, shape, quantiles));
  for (int d = 0; d < D; ++d) {
    double largest = 0;
    for (int64_t q = 0; q < shape[0]; ++q) {
      const double level = ((const double *)levels)[q];
      largest = larger(quantile_error(theta, d, quantiles[q * D + d], level), largest);
    }
    RB_TRY(add(ctx, report, "quantiles", model->parameters[d].name, largest));
  }
cleanup:
  free(levels);
  free(quantiles);
  return status;
}

rb_status rb_lif_verify_prior(rb_context *ctx, const char *path, rb_verify_report *report) {
  rb_status status = RB_OK;
  const rb_lif_settings settings = rb_lif_defaults();
  rb_model model = {0};
  rb_file *file = NULL;
  double *theta = NULL;
  RB_TRY(rb_file_open_foreign(ctx, path, &file));
  RB_TRY(rb_lif_model(ctx, &settings, &model));
  RB_TRY(RB_ALLOCATE(ctx, theta, (int64_t)DRAWS * D));
  RB_TRY(model.draw_prior(&model, ctx, 45, RB_FOR_PRIOR_CHECK, 0, DRAWS, theta, NULL));
  RB_TRY(verify_moments(ctx, file, &model, theta, report));
  RB_TRY(verify_quantiles(ctx, file, &model, theta, report));
cleanup:
  if (model.destroy != NULL) model.destroy(&model);
  free(theta);
  rb_file_close(&file);
  return status;
}
