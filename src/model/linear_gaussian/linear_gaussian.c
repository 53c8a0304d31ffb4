#include "linear_gaussian.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/model/model_type.h"
#include "rheobase/random/distributions.h"

enum { D = RB_LINEAR_GAUSSIAN_DIM };
static const double LOG_SQRT_2PI = 0.91893853320467274178;

typedef struct linear_gaussian_state {
  double noise_sd;
} linear_gaussian_state;

#define STANDARD_NORMAL .distribution = "normal", .mean = "0", .sd = "1"

static const rb_prior_row prior[D] = {
    {.name = "level", .unit = "1", .description = "value at the start", STANDARD_NORMAL},
    {.name = "slope", .unit = "1", .description = "linear coefficient", STANDARD_NORMAL},
    {.name = "curvature", .unit = "1", .description = "quadratic coefficient", STANDARD_NORMAL}};
static const rb_channel channel[RB_LINEAR_GAUSSIAN_MAX_CHANNELS] = {
    {.quantity = {"signal", "1", "parabola with noise"}},
    {.quantity = {"mixture", "1", "another mixture of the parameters with noise"}}};

static double noise_sd(const rb_model *model) {
  return ((const linear_gaussian_state *)model->state)->noise_sd;
}

/* Row A[c][t]. */
static void design(const rb_model *model, int c, int64_t t, double row[D]) {
  const double s = ((double)t + 0.5) / (double)model->length;
  row[0] = c == 0 ? 1 : s;
  row[1] = c == 0 ? s : 1 - s;
  row[2] = c == 0 ? s * s : 1;
}

static double expectation(const double row[D], const double *theta) {
  return row[0] * theta[0] + row[1] * theta[1] + row[2] * theta[2];
}

static bool accepts(const rb_model *model, const double *theta, const char **reason) {
  (void)model;
  if (isfinite(theta[0]) && isfinite(theta[1]) && isfinite(theta[2])) return true;
  if (reason != NULL) *reason = "a parameter is not finite";
  return false;
}

static void simulate_one(const rb_model *model, rb_stream stream, const double *theta,
                         double *noise, float *x) {
  const int64_t length = model->length;
  rb_stream_normals(stream, 0, model->channels * length, noise);
  for (int c = 0; c < model->channels; ++c) {
    for (int64_t t = 0; t < length; ++t) {
      double row[D];
      design(model, c, t, row);
      x[c * length + t] =
          (float)(expectation(row, theta) + noise_sd(model) * noise[c * length + t]);
    }
  }
}

static rb_status simulate(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                          int64_t first, int64_t count, const double *theta, float *x) {
  rb_status status = RB_OK;
  const int64_t size = model->channels * model->length;
  double *noise = NULL;
  RB_TRY(RB_ALLOCATE(ctx, noise, size));
  for (int64_t i = 0; i < count; ++i) {
    const rb_stream stream =
        rb_stream_make(seed, purpose, RB_RANDOM_OBSERVATION_NOISE, 0, (uint64_t)(first + i));
    simulate_one(model, stream, &theta[i * D], noise, &x[i * size]);
  }
cleanup:
  free(noise);
  return status;
}

static rb_status log_likelihood(const rb_model *model, rb_context *ctx, const float *x,
                                int64_t count, const double *theta, double *value,
                                const char **reason) {
  (void)ctx;
  if (reason != NULL) *reason = NULL;
  for (int64_t i = 0; i < count; ++i) {
    value[i] = rb_linear_gaussian_log_likelihood(model, &theta[i * D], x);
  }
  return RB_OK;
}

static void destroy(rb_model *model) {
  free(model->state);
  model->state = NULL;
}

static rb_status check(rb_context *ctx, const void *settings) {
  const rb_linear_gaussian_settings *s = settings;
  if (s->length >= 1 && s->channels >= 1 && s->channels <= RB_LINEAR_GAUSSIAN_MAX_CHANNELS &&
      s->noise_sd > 0) {
    return RB_OK;
  }
  return RB_FAIL(ctx, RB_ERR_SETTING,
                 "the linear-Gaussian model needs samples, 1 or 2 channels and noise");
}

static rb_status create(rb_context *ctx, const void *settings, rb_model *model) {
  rb_status status = RB_OK;
  const rb_linear_gaussian_settings *s = settings;
  linear_gaussian_state *state = NULL;
  RB_TRY(RB_ALLOCATE(ctx, state, 1));
  state->noise_sd = s->noise_sd;
  *model = (rb_model){.name = "linear_gaussian",
                      .channels = s->channels,
                      .channel = channel,
                      .length = s->length,
                      .axis = {"time_s", "s", "time"},
                      .axis_step = 1.0 / (double)s->length,
                      .state = state,
                      .accepts = accepts,
                      .simulate = simulate,
                      .log_likelihood = log_likelihood,
                      .destroy = destroy};
cleanup:
  return status;
}

#define ROW(name) .path = "simulator." #name, RB_SETTING_MEMBER(rb_linear_gaussian_settings, name)

static const rb_setting settings_rows[] = {
    {ROW(length), .type = RB_SETTING_INTEGER, .standard = "20", .range = "[1, 1000000]",
     .help = "samples per channel"},
    {ROW(channels), .type = RB_SETTING_INTEGER, .standard = "1", .range = "[1, 2]",
     .help = "mixtures of the parameters that are observed"},
    {ROW(noise_sd), .type = RB_SETTING_REAL, .standard = "0.5", .range = "(0, 1e6]",
     .help = "standard deviation of the noise"}};

const rb_model_type rb_linear_gaussian_type = {
    .name = "linear_gaussian",
    .title = "A parabola with noise, whose posterior is known in closed form",
    .source = "Bishop 2006, section 3.3",
    .setting = settings_rows,
    .settings = sizeof settings_rows / sizeof *settings_rows,
    .settings_size = sizeof(rb_linear_gaussian_settings),
    .prior = prior,
    .parameters = D,
    .check = check,
    .create = create};

rb_status rb_linear_gaussian_model(rb_context *ctx, int64_t length, int channels, double sd,
                                   rb_model *model) {
  rb_status status = RB_OK;
  const rb_linear_gaussian_settings settings = {length, channels, sd};
  RB_TRY(check(ctx, &settings));
  RB_TRY(rb_model_create(ctx, &rb_linear_gaussian_type, &settings, 0, NULL, model));
cleanup:
  return status;
}

/* Inverse of a symmetric 3 x 3 matrix by its cofactors. */
static void invert(double m[D][D], double *inverse) {
  double cofactor[D][D];
  for (int i = 0; i < D; ++i) {
    const int a = (i + 1) % D, b = (i + 2) % D;
    for (int j = 0; j < D; ++j) {
      const int c = (j + 1) % D, d = (j + 2) % D;
      cofactor[i][j] = m[a][c] * m[b][d] - m[a][d] * m[b][c];
    }
  }
  const double determinant =
      m[0][0] * cofactor[0][0] + m[0][1] * cofactor[0][1] + m[0][2] * cofactor[0][2];
  for (int i = 0; i < D; ++i) {
    for (int j = 0; j < D; ++j) inverse[i * D + j] = cofactor[j][i] / determinant;
  }
}

void rb_linear_gaussian_posterior(const rb_model *model, const float *x, double *mean,
                                  double *covariance) {
  const double precision = 1.0 / (noise_sd(model) * noise_sd(model));
  double m[D][D] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, v[D] = {0};
  for (int c = 0; c < model->channels; ++c) {
    for (int64_t t = 0; t < model->length; ++t) {
      double row[D];
      design(model, c, t, row);
      for (int i = 0; i < D; ++i) {
        for (int j = 0; j < D; ++j) m[i][j] += precision * row[i] * row[j];
        v[i] += precision * row[i] * (double)x[c * model->length + t];
      }
    }
  }
  invert(m, covariance);
  for (int i = 0; i < D; ++i) mean[i] = expectation(&covariance[i * D], v);
}

double rb_linear_gaussian_log_likelihood(const rb_model *model, const double *theta,
                                         const float *x) {
  const double sd = noise_sd(model);
  double sum = 0;
  for (int c = 0; c < model->channels; ++c) {
    for (int64_t t = 0; t < model->length; ++t) {
      double row[D];
      design(model, c, t, row);
      const double z = ((double)x[c * model->length + t] - expectation(row, theta)) / sd;
      sum -= 0.5 * z * z + LOG_SQRT_2PI + log(sd);
    }
  }
  return sum;
}
