#include "mixture.h"

#include <gsl/gsl_cdf.h>
#include <stdio.h>
#include <string.h>
#include <tgmath.h>

#include "initialise.h"
#include "rheobase/base/memory.h"

static const rb_real LEAST_LOG_SCALE = -9, LARGEST_LOG_SCALE = 4, LARGEST_INPUT = 10;
static const rb_real LOG_SQRT_2PI = (rb_real)0.91893853320467274178;

static rb_status check_settings(rb_context *ctx, const rb_mixture_settings *settings, int D) {
  if (D < 1 || D > RB_MIXTURE_MAX_DIM) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "an autoregressive density needs 1 to %d parameters, not %d", RB_MIXTURE_MAX_DIM,
                   D);
  }
  if (settings->components < 1 || settings->components > RB_MIXTURE_MAX_COMPONENTS) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "mixture components is %d; it must be 1 to %d",
                   settings->components, RB_MIXTURE_MAX_COMPONENTS);
  }
  if (settings->mlp_layers < 1 || settings->mlp_layers > RB_MAX_LAYERS) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "mixture mlp_widths has %d entries; it must have 1 to %d",
                   settings->mlp_layers, RB_MAX_LAYERS);
  }
  for (int i = 0; i < settings->mlp_layers; ++i) {
    if (settings->mlp_widths[i] < 1) {
      return RB_FAIL(ctx, RB_ERR_SETTING, "mixture mlp_widths: entry %d is %d; it must be positive",
                     i, settings->mlp_widths[i]);
    }
  }
  return RB_OK;
}

rb_status rb_mixture_create(rb_context *ctx, const rb_mixture_settings *settings, int D,
                            int condition, bool centred, rb_parameters *parameters,
                            rb_mixture *mixture) {
  rb_status status = RB_OK;
  memset(mixture, 0, sizeof *mixture);
  RB_TRY(check_settings(ctx, settings, D));
  mixture->D = D;
  mixture->condition = condition;
  mixture->components = settings->components;
  mixture->centred = centred;
  RB_TRY(RB_ALLOCATE(ctx, mixture->mlp, D));
  for (int d = 0; d < D; ++d) {
    char name[RB_TENSOR_NAME_SIZE];
    rb_mlp *mlp = &mixture->mlp[d];
    *mlp = (rb_mlp){.in = d,
                    .condition = condition,
                    .out = 3 * settings->components,
                    .layers = settings->mlp_layers,
                    .activation = RB_SILU};
    memcpy(mlp->width, settings->mlp_widths, sizeof mlp->width);
    (void)snprintf(name, sizeof name, "mixture/factor_%d", d);
    RB_TRY(rb_mlp_add_parameters(ctx, mlp, name, parameters));
  }
cleanup:
  if (status != RB_OK) rb_mixture_destroy(mixture);
  return status;
}

/* Means over +-reach. */
static void spread_means(const rb_mlp *mlp, int K, double reach, const rb_parameters *parameters) {
  rb_real *mean = rb_parameters_at(parameters, mlp->bias[mlp->layers]) + K;
  for (int k = 0; k < K && K > 1; ++k) mean[k] = (rb_real)(2 * reach * k / (K - 1) - reach);
}

void rb_mixture_initialise(const rb_mixture *mixture, uint64_t seed, uint16_t member,
                           const rb_parameters *parameters) {
  for (int d = 0; d < mixture->D; ++d) {
    const rb_mlp *mlp = &mixture->mlp[d];
    if (mixture->centred) {
      rb_mlp_initialise_fan_in(mlp, seed, member, 0.1, parameters);
      rb_initialise_constant(parameters, mlp->bias[mlp->layers], 0);
      spread_means(mlp, mixture->components, 1.2, parameters);
      continue;
    }
    rb_mlp_initialise(mlp, seed, member, parameters);
    const int output = mlp->kernel[mlp->layers];
    rb_real *kernel = rb_parameters_at(parameters, output);
    for (int64_t i = 0; i < parameters->tensor[output].count; ++i) kernel[i] *= (rb_real)0.3;
    spread_means(mlp, mixture->components, 1.5, parameters);
  }
}

void rb_mixture_destroy(rb_mixture *mixture) {
  free(mixture->mlp);
  memset(mixture, 0, sizeof *mixture);
}

rb_status rb_mixture_cache_create(rb_context *ctx, const rb_mixture *mixture,
                                  rb_mixture_cache *cache) {
  memset(cache, 0, sizeof *cache);
  return RB_ALLOCATE(ctx, cache->mlp, mixture->D);
}

void rb_mixture_cache_destroy(rb_mixture_cache *cache) {
  free(cache->mlp);
  memset(cache, 0, sizeof *cache);
}

void rb_mixture_cache_layout(const rb_mixture *mixture, int64_t rows, bool keep,
                             rb_workspace *workspace, rb_mixture_cache *cache) {
  for (int d = 0; d < mixture->D; ++d) {
    if (keep || d == 0) {
      rb_mlp_cache_layout(&mixture->mlp[d], rows, false, workspace, &cache->mlp[d]);
    } else {
      cache->mlp[d] = cache->mlp[0];
    }
  }
  cache->scratch =
      keep ? rb_workspace_take(workspace, rb_mlp_scratch(&mixture->mlp[0], rows)) : NULL;
  const int64_t inputs = mixture->centred ? rows * mixture->D : 0;
  cache->input = inputs > 0 ? rb_workspace_take(workspace, inputs) : NULL;
  cache->dinput = inputs > 0 && keep ? rb_workspace_take(workspace, inputs) : NULL;
}

/* What the MLPs take of x: centred coordinates may be huge where a data set's scale is small. */
static const rb_real *clamp_input(int64_t count, const rb_real *x, const rb_mixture_cache *cache) {
  if (cache->input == NULL) return x;
  for (int64_t i = 0; i < count; ++i) {
    cache->input[i] = fmin(fmax(x[i], -LARGEST_INPUT), LARGEST_INPUT);
  }
  return cache->input;
}

/* One mixture: log weights, means and log scales from the outputs of an MLP. */
typedef struct components {
  rb_real log_weight[RB_MIXTURE_MAX_COMPONENTS];
  const rb_real *mean;
  rb_real log_scale[RB_MIXTURE_MAX_COMPONENTS];
} components;

/* log sum_k exp(x_k); leaves exp(x_k) over their sum in share. */
static rb_real softmax(int K, const rb_real *x, rb_real *share) {
  rb_real highest = x[0], sum = 0;
  for (int k = 1; k < K; ++k) highest = x[k] > highest ? x[k] : highest;
  for (int k = 0; k < K; ++k) {
    share[k] = exp(x[k] - highest);
    sum += share[k];
  }
  for (int k = 0; k < K; ++k) share[k] /= sum;
  return highest + log(sum);
}

static void read_components(int K, const rb_real *output, rb_real *weight, components *c) {
  const rb_real normaliser = softmax(K, output, weight);
  c->mean = output + K;
  for (int k = 0; k < K; ++k) {
    c->log_weight[k] = output[k] - normaliser;
    c->log_scale[k] = fmin(fmax(output[2 * K + k], LEAST_LOG_SCALE), LARGEST_LOG_SCALE);
  }
}

/* log density at x; the components' shares in it. */
static rb_real mixture_at(int K, const components *c, rb_real x, rb_real *share) {
  rb_real term[RB_MIXTURE_MAX_COMPONENTS] = {0};
  for (int k = 0; k < K; ++k) {
    const rb_real z = (x - c->mean[k]) * exp(-c->log_scale[k]);
    term[k] = c->log_weight[k] - c->log_scale[k] - z * z / 2 - LOG_SQRT_2PI;
  }
  return softmax(K, term, share);
}

void rb_mixture_log_density(const rb_mixture *mixture, const rb_activation_kernel *kernels,
                            const rb_parameters *parameters, int64_t rows, const rb_real *x,
                            const rb_real *h, rb_mixture_cache *cache, rb_real *log_density) {
  const int D = mixture->D, K = mixture->components;
  const rb_real *input = clamp_input(rows * D, x, cache);
  memset(log_density, 0, (size_t)rows * sizeof *log_density);
  for (int d = 0; d < D; ++d) {
    const rb_mlp *mlp = &mixture->mlp[d];
    rb_mlp_condition(mlp, parameters, rows, h, cache->mlp[d].pre[0]);
    rb_mlp_forward(mlp, kernels, parameters, rows, input, D, false, &cache->mlp[d]);
    for (int64_t i = 0; i < rows; ++i) {
      rb_real weight[RB_MIXTURE_MAX_COMPONENTS], share[RB_MIXTURE_MAX_COMPONENTS];
      components c;
      read_components(K, cache->mlp[d].output + i * 3 * K, weight, &c);
      log_density[i] += mixture_at(K, &c, x[i * D + d], share);
    }
  }
}

/* The gradient of a factor's log density, times `factor`, in its logits, means and log scales.
 * @return that in x */
static rb_real factor_backward(int K, const rb_real *output, rb_real x, rb_real factor,
                               rb_real *doutput) {
  rb_real weight[RB_MIXTURE_MAX_COMPONENTS], share[RB_MIXTURE_MAX_COMPONENTS];
  components c;
  read_components(K, output, weight, &c);
  (void)mixture_at(K, &c, x, share);
  rb_real dx = 0;
  for (int k = 0; k < K; ++k) {
    const rb_real precision = exp(-c.log_scale[k]), z = (x - c.mean[k]) * precision;
    const rb_real raw = output[2 * K + k];
    const bool inside = raw > LEAST_LOG_SCALE && raw < LARGEST_LOG_SCALE;
    doutput[k] = factor * (share[k] - weight[k]);
    doutput[K + k] = factor * share[k] * z * precision;
    doutput[2 * K + k] = inside ? factor * share[k] * (z * z - 1) : 0;
    dx -= doutput[K + k];
  }
  return dx;
}

/* Adds what came through the MLPs' inputs, where these are x. */
static void add_input_gradient(int64_t count, const rb_real *x, const rb_real *dinput,
                               rb_real *dx) {
  for (int64_t i = 0; i < count; ++i) dx[i] += fabs(x[i]) < LARGEST_INPUT ? dinput[i] : 0;
}

void rb_mixture_backward(const rb_mixture *mixture, const rb_activation_kernel *kernels,
                         const rb_parameters *parameters, int64_t rows, const rb_real *x,
                         const rb_real *h, const rb_mixture_cache *cache,
                         const rb_real *dlog_density, rb_real *dx, rb_real *dh, rb_real *gradient) {
  const int D = mixture->D, K = mixture->components;
  const rb_real *input = cache->input != NULL ? cache->input : x;
  if (dx != NULL) memset(cache->dinput, 0, (size_t)(rows * D) * sizeof *cache->dinput);
  for (int d = 0; d < D; ++d) {
    for (int64_t i = 0; i < rows; ++i) {
      const rb_real own = factor_backward(K, cache->mlp[d].output + i * 3 * K, x[i * D + d],
                                          dlog_density[i], cache->scratch + i * 3 * K);
      if (dx != NULL) dx[i * D + d] = own;
    }
    rb_mlp_backward(&mixture->mlp[d], kernels, parameters, rows, input, D, h, false, &cache->mlp[d],
                    dx != NULL ? cache->dinput : NULL, dh, cache->scratch, gradient);
  }
  if (dx != NULL) add_input_gradient(rows * D, x, cache->dinput, dx);
}

int64_t rb_mixture_condition_count(const rb_mixture *mixture, int64_t sets) {
  return mixture->D * sets * mixture->mlp[0].width[0];
}

void rb_mixture_condition(const rb_mixture *mixture, const rb_parameters *parameters, int64_t sets,
                          const rb_real *h, rb_real *conditions) {
  const int64_t step = sets * mixture->mlp[0].width[0];
  for (int d = 0; d < mixture->D; ++d) {
    rb_mlp_condition(&mixture->mlp[d], parameters, sets, h, conditions + d * step);
  }
}

/* A draw of one factor from a standard normal number. */
static rb_real draw(int K, const rb_real *weight, const components *c, rb_real z) {
  static const double LEAST = 1e-12;  // keeps what rounding left at an end off infinity
  const double p = 0.5 * erfc(-(double)z / M_SQRT2);
  double below = 0;
  int k = 0;
  while (k + 1 < K && below + (double)weight[k] < p) below += (double)weight[k++];
  const double u = fmin(fmax((p - below) / fmax((double)weight[k], LEAST), LEAST), 1 - LEAST);
  return c->mean[k] + exp(c->log_scale[k]) * (rb_real)gsl_cdf_ugaussian_Pinv(u);
}

void rb_mixture_sample(const rb_mixture *mixture, const rb_activation_kernel *kernels,
                       const rb_parameters *parameters, int64_t first, int64_t rows, int64_t sets,
                       int64_t per, const rb_real *conditions, rb_mixture_cache *cache, rb_real *x,
                       rb_real *log_density) {
  const int D = mixture->D, K = mixture->components;
  const int64_t width = mixture->mlp[0].width[0];
  if (log_density != NULL) memset(log_density, 0, (size_t)rows * sizeof *log_density);
  for (int d = 0; d < D; ++d) {
    const rb_real *condition = conditions + d * sets * width;
    rb_mlp_cache *here = &cache->mlp[d];
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t set = (first + i) / per < sets ? (first + i) / per : sets - 1;
      memcpy(here->pre[0] + i * width, condition + set * width, (size_t)width * sizeof *condition);
    }
    const rb_real *input = clamp_input(rows * D, x, cache);
    rb_mlp_forward(&mixture->mlp[d], kernels, parameters, rows, input, D, false, here);
    for (int64_t i = 0; i < rows; ++i) {
      rb_real weight[RB_MIXTURE_MAX_COMPONENTS], share[RB_MIXTURE_MAX_COMPONENTS];
      components c;
      read_components(K, here->output + i * 3 * K, weight, &c);
      x[i * D + d] = draw(K, weight, &c, x[i * D + d]);
      if (log_density != NULL) log_density[i] += mixture_at(K, &c, x[i * D + d], share);
    }
  }
}

double rb_mixture_flops(const rb_mixture *mixture) {
  double sum = 0;
  for (int d = 0; d < mixture->D; ++d) sum += rb_mlp_flops(&mixture->mlp[d]);
  return sum;
}
