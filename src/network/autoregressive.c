#include "autoregressive.h"

#include <stdio.h>
#include <string.h>
#include <tgmath.h>

#include "initialise.h"
#include "rheobase/base/memory.h"

static const rb_real LARGEST_INPUT = 10;

static rb_status check_settings(rb_context *ctx, const rb_factor *factor,
                                const rb_autoregressive_settings *settings, int D) {
  if (D < 1 || D > RB_AUTOREGRESSIVE_MAX_DIM) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "an autoregressive density needs 1 to %d parameters, not %d",
                   RB_AUTOREGRESSIVE_MAX_DIM, D);
  }
  if (settings->parts < 1 || settings->parts > RB_FACTOR_MAX_PARTS) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "%s %s is %d; it must be 1 to %d", factor->name,
                   factor->parts, settings->parts, RB_FACTOR_MAX_PARTS);
  }
  if (settings->mlp_layers < 1 || settings->mlp_layers > RB_MAX_LAYERS) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "%s mlp_widths has %d entries; it must have 1 to %d",
                   factor->name, settings->mlp_layers, RB_MAX_LAYERS);
  }
  for (int i = 0; i < settings->mlp_layers; ++i) {
    if (settings->mlp_widths[i] < 1) {
      return RB_FAIL(ctx, RB_ERR_SETTING, "%s mlp_widths: entry %d is %d; it must be positive",
                     factor->name, i, settings->mlp_widths[i]);
    }
  }
  return RB_OK;
}

rb_status rb_autoregressive_create(rb_context *ctx, const rb_factor *factor,
                                   const rb_autoregressive_settings *settings, int D, int condition,
                                   bool centred, rb_parameters *parameters,
                                   rb_autoregressive *density) {
  rb_status status = RB_OK;
  memset(density, 0, sizeof *density);
  RB_TRY(check_settings(ctx, factor, settings, D));
  density->D = D;
  density->condition = condition;
  density->factor = factor;
  density->parts = settings->parts;
  density->outputs = factor->outputs(settings->parts);
  density->centred = centred;
  RB_TRY(RB_ALLOCATE(ctx, density->mlp, D));
  for (int d = 0; d < D; ++d) {
    char name[RB_TENSOR_NAME_SIZE];
    rb_mlp *mlp = &density->mlp[d];
    *mlp = (rb_mlp){.in = d,
                    .condition = condition,
                    .out = density->outputs,
                    .layers = settings->mlp_layers,
                    .activation = RB_SILU};
    memcpy(mlp->width, settings->mlp_widths, sizeof mlp->width);
    (void)snprintf(name, sizeof name, "%s/factor_%d", factor->name, d);
    RB_TRY(rb_mlp_add_parameters(ctx, mlp, name, parameters));
  }
cleanup:
  if (status != RB_OK) rb_autoregressive_destroy(density);
  return status;
}

void rb_autoregressive_initialise(const rb_autoregressive *density, uint64_t seed, uint16_t member,
                                  const rb_parameters *parameters) {
  for (int d = 0; d < density->D; ++d) {
    const rb_mlp *mlp = &density->mlp[d];
    const int output = mlp->kernel[mlp->layers], bias = mlp->bias[mlp->layers];
    if (density->centred) {
      rb_mlp_initialise_fan_in(mlp, seed, member, 0.1, parameters);
      rb_initialise_constant(parameters, bias, 0);
    } else {
      rb_mlp_initialise(mlp, seed, member, parameters);
      rb_real *kernel = rb_parameters_at(parameters, output);
      for (int64_t i = 0; i < parameters->tensor[output].count; ++i) kernel[i] *= (rb_real)0.3;
    }
    density->factor->initialise(density->parts, density->centred,
                                rb_parameters_at(parameters, bias));
  }
}

void rb_autoregressive_destroy(rb_autoregressive *density) {
  free(density->mlp);
  memset(density, 0, sizeof *density);
}

rb_status rb_autoregressive_cache_create(rb_context *ctx, const rb_autoregressive *density,
                                         rb_autoregressive_cache *cache) {
  memset(cache, 0, sizeof *cache);
  return RB_ALLOCATE(ctx, cache->mlp, density->D);
}

void rb_autoregressive_cache_destroy(rb_autoregressive_cache *cache) {
  free(cache->mlp);
  memset(cache, 0, sizeof *cache);
}

void rb_autoregressive_cache_layout(const rb_autoregressive *density, int64_t rows, bool keep,
                                    rb_workspace *workspace, rb_autoregressive_cache *cache) {
  for (int d = 0; d < density->D; ++d) {
    if (keep || d == 0) {
      rb_mlp_cache_layout(&density->mlp[d], rows, false, workspace, &cache->mlp[d]);
    } else {
      cache->mlp[d] = cache->mlp[0];
    }
  }
  cache->scratch =
      keep ? rb_workspace_take(workspace, rb_mlp_scratch(&density->mlp[0], rows)) : NULL;
  const int64_t inputs = density->centred ? rows * density->D : 0;
  cache->input = inputs > 0 ? rb_workspace_take(workspace, inputs) : NULL;
  cache->dinput = inputs > 0 && keep ? rb_workspace_take(workspace, inputs) : NULL;
}

/* What the MLPs take of x: centred coordinates may be huge where a data set's scale is small. */
static const rb_real *clamp_input(int64_t count, const rb_real *x,
                                  const rb_autoregressive_cache *cache) {
  if (cache->input == NULL) return x;
  for (int64_t i = 0; i < count; ++i) {
    cache->input[i] = fmin(fmax(x[i], -LARGEST_INPUT), LARGEST_INPUT);
  }
  return cache->input;
}

void rb_autoregressive_log_density(const rb_autoregressive *density,
                                   const rb_activation_kernel *kernels,
                                   const rb_parameters *parameters, int64_t rows, const rb_real *x,
                                   const rb_real *h, rb_autoregressive_cache *cache,
                                   rb_real *log_density) {
  const int D = density->D, parts = density->parts, outputs = density->outputs;
  const rb_real *input = clamp_input(rows * D, x, cache);
  memset(log_density, 0, (size_t)rows * sizeof *log_density);
  for (int d = 0; d < D; ++d) {
    const rb_mlp *mlp = &density->mlp[d];
    rb_mlp_condition(mlp, parameters, rows, h, cache->mlp[d].pre[0]);
    rb_mlp_forward(mlp, kernels, parameters, rows, input, D, false, &cache->mlp[d]);
    for (int64_t i = 0; i < rows; ++i) {
      log_density[i] +=
          density->factor->log_density(parts, cache->mlp[d].output + i * outputs, x[i * D + d]);
    }
  }
}

/* Adds what came through the MLPs' inputs, where these are x. */
static void add_input_gradient(int64_t count, const rb_real *x, const rb_real *dinput,
                               rb_real *dx) {
  for (int64_t i = 0; i < count; ++i) dx[i] += fabs(x[i]) < LARGEST_INPUT ? dinput[i] : 0;
}

void rb_autoregressive_backward(const rb_autoregressive *density,
                                const rb_activation_kernel *kernels,
                                const rb_parameters *parameters, int64_t rows, const rb_real *x,
                                const rb_real *h, const rb_autoregressive_cache *cache,
                                const rb_real *dlog_density, rb_real *dx, rb_real *dh,
                                rb_real *gradient) {
  const int D = density->D, parts = density->parts, outputs = density->outputs;
  const rb_real *input = cache->input != NULL ? cache->input : x;
  if (dx != NULL) memset(cache->dinput, 0, (size_t)(rows * D) * sizeof *cache->dinput);
  for (int d = 0; d < D; ++d) {
    for (int64_t i = 0; i < rows; ++i) {
      const rb_real own =
          density->factor->backward(parts, cache->mlp[d].output + i * outputs, x[i * D + d],
                                    dlog_density[i], cache->scratch + i * outputs);
      if (dx != NULL) dx[i * D + d] = own;
    }
    rb_mlp_backward(&density->mlp[d], kernels, parameters, rows, input, D, h, false, &cache->mlp[d],
                    dx != NULL ? cache->dinput : NULL, dh, cache->scratch, gradient);
  }
  if (dx != NULL) add_input_gradient(rows * D, x, cache->dinput, dx);
}

int64_t rb_autoregressive_condition_count(const rb_autoregressive *density, int64_t sets) {
  return density->D * sets * density->mlp[0].width[0];
}

void rb_autoregressive_condition(const rb_autoregressive *density, const rb_parameters *parameters,
                                 int64_t sets, const rb_real *h, rb_real *conditions) {
  const int64_t step = sets * density->mlp[0].width[0];
  for (int d = 0; d < density->D; ++d) {
    rb_mlp_condition(&density->mlp[d], parameters, sets, h, conditions + d * step);
  }
}

void rb_autoregressive_sample(const rb_autoregressive *density, const rb_activation_kernel *kernels,
                              const rb_parameters *parameters, int64_t first, int64_t rows,
                              int64_t sets, int64_t per, const rb_real *conditions,
                              rb_autoregressive_cache *cache, rb_real *x, rb_real *log_density) {
  const int D = density->D, parts = density->parts, outputs = density->outputs;
  const int64_t width = density->mlp[0].width[0];
  if (log_density != NULL) memset(log_density, 0, (size_t)rows * sizeof *log_density);
  for (int d = 0; d < D; ++d) {
    const rb_real *condition = conditions + d * sets * width;
    rb_mlp_cache *here = &cache->mlp[d];
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t set = (first + i) / per < sets ? (first + i) / per : sets - 1;
      memcpy(here->pre[0] + i * width, condition + set * width, (size_t)width * sizeof *condition);
    }
    const rb_real *input = clamp_input(rows * D, x, cache);
    rb_mlp_forward(&density->mlp[d], kernels, parameters, rows, input, D, false, here);
    for (int64_t i = 0; i < rows; ++i) {
      x[i * D + d] = density->factor->draw(parts, here->output + i * outputs, x[i * D + d],
                                           log_density != NULL ? log_density + i : NULL);
    }
  }
}

double rb_autoregressive_flops(const rb_autoregressive *density) {
  double sum = 0;
  for (int d = 0; d < density->D; ++d) sum += rb_mlp_flops(&density->mlp[d]);
  return sum;
}
