#include "flow.h"

#include <stdio.h>
#include <string.h>
#include <tgmath.h>

#include "dropout.h"
#include "initialise.h"
#include "rheobase/base/memory.h"

static rb_status check_settings(rb_context *ctx, const rb_flow_settings *settings, int D) {
  if (D < 2 || D > RB_FLOW_MAX_DIM) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "a coupling flow needs 2 to %d parameters, not %d; choose network.density = "
                   "\"autoregressive\"",
                   RB_FLOW_MAX_DIM, D);
  }
  if (settings->depth < 1) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "flow depth is %d; it must be at least 1", settings->depth);
  }
  if (settings->mlp_layers < 1 || settings->mlp_layers > RB_MAX_LAYERS) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "flow mlp_widths has %d entries; it must have 1 to %d",
                   settings->mlp_layers, RB_MAX_LAYERS);
  }
  for (int i = 0; i < settings->mlp_layers; ++i) {
    if (settings->mlp_widths[i] < 1) {
      return RB_FAIL(ctx, RB_ERR_SETTING, "flow mlp_widths: entry %d is %d; it must be positive", i,
                     settings->mlp_widths[i]);
    }
  }
  if (!(settings->mlp_dropout >= 0 && settings->mlp_dropout < 1)) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "flow mlp_dropout is %g; it must be in [0, 1)",
                   settings->mlp_dropout);
  }
  return RB_OK;
}

static rb_status add_layer(rb_context *ctx, const rb_flow_settings *settings, int index,
                           rb_parameters *parameters, rb_flow *flow) {
  rb_status status = RB_OK;
  rb_flow_layer *layer = &flow->layer[index];
  char name[RB_TENSOR_NAME_SIZE];
  if (flow->actnorm) {
    const int64_t shape[] = {flow->D};
    (void)snprintf(name, sizeof name, "flow/layer_%d/actnorm/scale", index);
    RB_TRY(rb_parameters_add(ctx, parameters, name, 1, shape, &layer->scale));
    (void)snprintf(name, sizeof name, "flow/layer_%d/actnorm/bias", index);
    RB_TRY(rb_parameters_add(ctx, parameters, name, 1, shape, &layer->bias));
  }
  for (int i = 0; i < 2; ++i) {
    rb_coupling *coupling = &layer->coupling[i];
    const int in = i == 0 ? flow->pivot : flow->D - flow->pivot;
    coupling->out = flow->D - in;
    coupling->mlp = (rb_mlp){.in = in,
                             .condition = flow->condition,
                             .out = 2 * coupling->out,
                             .layers = settings->mlp_layers,
                             .activation = settings->mlp_activation,
                             .dropout = settings->mlp_dropout};
    memcpy(coupling->mlp.width, settings->mlp_widths, sizeof coupling->mlp.width);
    (void)snprintf(name, sizeof name, "flow/layer_%d/coupling_%d", index, i + 1);
    RB_TRY(rb_mlp_add_parameters(ctx, &coupling->mlp, name, parameters));
  }
cleanup:
  return status;
}

rb_status rb_flow_create(rb_context *ctx, const rb_flow_settings *settings, int D, int condition,
                         rb_parameters *parameters, rb_flow *flow) {
  rb_status status = RB_OK;
  memset(flow, 0, sizeof *flow);
  RB_TRY(check_settings(ctx, settings, D));
  flow->D = D;
  flow->pivot = D / 2;
  flow->condition = condition;
  flow->depth = settings->depth;
  flow->actnorm = settings->actnorm;
  RB_TRY(RB_ALLOCATE(ctx, flow->layer, flow->depth));
  RB_TRY(RB_ALLOCATE(ctx, flow->permutation, (int64_t)flow->depth * D));
  for (int i = 0; i < flow->depth * D; ++i) flow->permutation[i] = i % D;
  for (int i = 0; i < flow->depth; ++i) RB_TRY(add_layer(ctx, settings, i, parameters, flow));
cleanup:
  if (status != RB_OK) rb_flow_destroy(flow);
  return status;
}

/* Items of the initialisation streams: a tensor's index, or this plus a layer's. */
static const uint64_t PERMUTATION_ITEMS = UINT64_C(1) << 32;

/* Fisher and Yates. */
static void draw_permutation(rb_stream stream, int D, int32_t *permutation) {
  for (int i = 0; i < D; ++i) permutation[i] = i;
  for (int i = D - 1; i > 0; --i) {
    const int64_t j = rb_stream_integer(stream, (uint32_t)i, i + 1);
    const int32_t swap = permutation[i];
    permutation[i] = permutation[j];
    permutation[j] = swap;
  }
}

static rb_status initialise_coupling(rb_context *ctx, const rb_mlp *mlp, uint64_t seed,
                                     uint16_t member, const rb_parameters *parameters) {
  for (int i = 0; i < mlp->layers; ++i) {
    const rb_status status =
        rb_initialise_orthogonal(ctx, seed, member, parameters, mlp->kernel[i]);
    if (status != RB_OK) return status;
    rb_initialise_constant(parameters, mlp->bias[i], 0);
  }
  rb_initialise_constant(parameters, mlp->kernel[mlp->layers], 0);
  rb_initialise_constant(parameters, mlp->bias[mlp->layers], 0);
  return RB_OK;
}

rb_status rb_flow_initialise(rb_context *ctx, rb_flow *flow, bool permute, uint64_t seed,
                             uint16_t member, const rb_parameters *parameters) {
  for (int i = 0; i < flow->depth; ++i) {
    const rb_flow_layer *layer = &flow->layer[i];
    for (int j = 0; j < 2; ++j) {
      const rb_status status =
          initialise_coupling(ctx, &layer->coupling[j].mlp, seed, member, parameters);
      if (status != RB_OK) return status;
    }
    if (flow->actnorm) {
      rb_initialise_constant(parameters, layer->scale, 1);
      rb_initialise_constant(parameters, layer->bias, 0);
    }
    if (permute) {
      draw_permutation(rb_initial_stream(seed, member, PERMUTATION_ITEMS + (uint64_t)i), flow->D,
                       flow->permutation + (int64_t)i * flow->D);
    }
  }
  return RB_OK;
}

void rb_flow_destroy(rb_flow *flow) {
  free(flow->layer);
  free(flow->permutation);
  memset(flow, 0, sizeof *flow);
}

rb_status rb_flow_cache_create(rb_context *ctx, const rb_flow *flow, rb_flow_cache *cache) {
  memset(cache, 0, sizeof *cache);
  return RB_ALLOCATE(ctx, cache->coupling, 2 * (int64_t)flow->depth);
}

void rb_flow_cache_destroy(rb_flow_cache *cache) {
  free(cache->coupling);
  memset(cache, 0, sizeof *cache);
}

/* Without keep, every coupling gets the arrays of the first layer's one of the same kind. */
void rb_flow_cache_layout(const rb_flow *flow, int64_t rows, bool keep, rb_workspace *workspace,
                          rb_flow_cache *cache) {
  cache->rows = rows;
  cache->x = rb_workspace_take(workspace, flow->depth * rows * flow->D);
  cache->y = rb_workspace_take(workspace, flow->depth * rows * flow->D);
  int64_t scratch = 0;
  for (int i = 0; i < 2 * flow->depth; ++i) {
    const rb_coupling *coupling = &flow->layer[i / 2].coupling[i % 2];
    if (keep || i < 2) {
      rb_coupling_cache_layout(coupling, rows, keep && coupling->mlp.dropout > 0, workspace,
                               &cache->coupling[i]);
    } else {
      cache->coupling[i] = cache->coupling[i % 2];
    }
    const int64_t needed = rb_coupling_scratch(coupling, rows);
    if (needed > scratch) scratch = needed;
  }
  cache->scratch = keep ? rb_workspace_take(workspace, scratch) : NULL;
}

void rb_flow_draw_masks(const rb_flow *flow, rb_isa isa, const rb_dropout_source *source,
                        uint32_t *position, int B, rb_flow_cache *cache) {
  for (int i = 0; i < 2 * flow->depth; ++i) {
    const rb_coupling *coupling = &flow->layer[i / 2].coupling[i % 2];
    if (coupling->mlp.dropout <= 0) continue;
    for (int j = 0; j < coupling->mlp.layers; ++j) {
      rb_dropout_mask(isa, source, position, coupling->mlp.dropout, B, coupling->mlp.width[j],
                      cache->coupling[i].mlp.mask[j]);
    }
  }
}

/* Actnorm, then permutation. */
static void enter_layer(const rb_flow *flow, const rb_parameters *parameters, int index,
                        int64_t rows, const rb_real *input, rb_real *x, rb_real *log_det) {
  const int D = flow->D;
  const int32_t *permutation = flow->permutation + (int64_t)index * D;
  if (!flow->actnorm) {
    for (int64_t i = 0; i < rows; ++i) {
      for (int j = 0; j < D; ++j) x[i * D + j] = input[i * D + permutation[j]];
    }
    return;
  }
  const rb_real *scale = rb_parameters_at(parameters, flow->layer[index].scale);
  const rb_real *bias = rb_parameters_at(parameters, flow->layer[index].bias);
  rb_real sum = 0;
  for (int j = 0; j < D; ++j) sum += log(fabs(scale[j]));
  for (int64_t i = 0; i < rows; ++i) {
    for (int j = 0; j < D; ++j) {
      const int32_t k = permutation[j];
      x[i * D + j] = scale[k] * input[i * D + k] + bias[k];
    }
    log_det[i] += sum;
  }
}

const rb_real *rb_flow_forward(const rb_flow *flow, const rb_activation_kernel *kernels,
                               const rb_parameters *parameters, int64_t rows, const rb_real *theta,
                               const rb_real *h, bool use_masks, rb_flow_cache *cache,
                               rb_real *log_det) {
  const int D = flow->D, pivot = flow->pivot;
  const rb_real *input = theta;
  memset(log_det, 0, (size_t)rows * sizeof *log_det);
  for (int i = 0; i < flow->depth; ++i) {
    rb_real *x = cache->x + i * cache->rows * D, *y = cache->y + i * cache->rows * D;
    rb_coupling_cache *first = &cache->coupling[2 * i], *second = first + 1;
    const rb_coupling *coupling = flow->layer[i].coupling;
    enter_layer(flow, parameters, i, rows, input, x, log_det);
    rb_mlp_condition(&coupling[0].mlp, parameters, rows, h, first->mlp.pre[0]);
    rb_coupling_network(&coupling[0], kernels, parameters, rows, x, D,
                        use_masks && coupling[0].mlp.dropout > 0, first);
    rb_coupling_transform(&coupling[0], rows, first, x + pivot, y + pivot, D, log_det);
    rb_mlp_condition(&coupling[1].mlp, parameters, rows, h, second->mlp.pre[0]);
    rb_coupling_network(&coupling[1], kernels, parameters, rows, y + pivot, D,
                        use_masks && coupling[1].mlp.dropout > 0, second);
    rb_coupling_transform(&coupling[1], rows, second, x, y, D, log_det);
    input = y;
  }
  return input;
}

/* Undoes enter_layer in place; adds that one's log_det unless NULL. */
static void leave_layer(const rb_flow *flow, const rb_parameters *parameters, int index,
                        int64_t rows, rb_real *x, rb_real *log_det) {
  const int D = flow->D;
  const int32_t *permutation = flow->permutation + (int64_t)index * D;
  const rb_real *scale =
      flow->actnorm ? rb_parameters_at(parameters, flow->layer[index].scale) : NULL;
  const rb_real *bias =
      flow->actnorm ? rb_parameters_at(parameters, flow->layer[index].bias) : NULL;
  if (flow->actnorm && log_det != NULL) {
    rb_real sum = 0;
    for (int j = 0; j < D; ++j) sum += log(fabs(scale[j]));
    for (int64_t i = 0; i < rows; ++i) log_det[i] += sum;
  }
  for (int64_t i = 0; i < rows; ++i) {
    rb_real row[RB_FLOW_MAX_DIM];
    memcpy(row, x + i * D, (size_t)D * sizeof *row);
    for (int j = 0; j < D; ++j) {
      const int32_t k = permutation[j];
      x[i * D + k] = flow->actnorm ? (row[j] - bias[k]) / scale[k] : row[j];
    }
  }
}

int64_t rb_flow_condition_count(const rb_flow *flow, int64_t sets) {
  return 2 * flow->depth * sets * flow->layer[0].coupling[0].mlp.width[0];
}

void rb_flow_condition(const rb_flow *flow, const rb_parameters *parameters, int64_t sets,
                       const rb_real *h, rb_real *conditions) {
  const int64_t step = sets * flow->layer[0].coupling[0].mlp.width[0];
  for (int i = 0; i < 2 * flow->depth; ++i) {
    rb_mlp_condition(&flow->layer[i / 2].coupling[i % 2].mlp, parameters, sets, h,
                     conditions + i * step);
  }
}

/* The inverse of one coupling. */
static void invert_coupling(const rb_coupling *coupling, const rb_activation_kernel *kernels,
                            const rb_parameters *parameters, int64_t first, int64_t rows,
                            int64_t sets, int64_t per, const rb_real *conditions, int64_t ld,
                            const rb_real *u, rb_coupling_cache *cache, rb_real *x,
                            rb_real *log_det) {
  const int64_t width = coupling->mlp.width[0];
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t set = (first + i) / per < sets ? (first + i) / per : sets - 1;
    memcpy(cache->mlp.pre[0] + i * width, conditions + set * width,
           (size_t)width * sizeof *conditions);
  }
  rb_coupling_network(coupling, kernels, parameters, rows, u, ld, false, cache);
  rb_coupling_invert(coupling, rows, cache, x, ld, log_det);
}

void rb_flow_inverse(const rb_flow *flow, const rb_activation_kernel *kernels,
                     const rb_parameters *parameters, int64_t first, int64_t rows, int64_t sets,
                     int64_t per, const rb_real *conditions, rb_flow_cache *cache, rb_real *x,
                     rb_real *log_det) {
  const int D = flow->D, pivot = flow->pivot;
  if (log_det != NULL) memset(log_det, 0, (size_t)rows * sizeof *log_det);
  const int64_t step = rb_flow_condition_count(flow, sets) / (2 * flow->depth);
  for (int i = flow->depth - 1; i >= 0; --i) {
    const rb_coupling *coupling = flow->layer[i].coupling;
    const rb_real *condition = conditions + 2 * i * step;
    invert_coupling(&coupling[1], kernels, parameters, first, rows, sets, per, condition + step, D,
                    x + pivot, &cache->coupling[2 * i + 1], x, log_det);
    invert_coupling(&coupling[0], kernels, parameters, first, rows, sets, per, condition, D, x,
                    &cache->coupling[2 * i], x + pivot, log_det);
    leave_layer(flow, parameters, i, rows, x, log_det);
  }
}

/* Gradients of actnorm and permutation; d in place. */
static void enter_layer_backward(const rb_flow *flow, const rb_parameters *parameters, int index,
                                 int64_t rows, const rb_real *input, const rb_real *dlog_det,
                                 rb_real *d, rb_real *gradient) {
  const int D = flow->D;
  const int32_t *permutation = flow->permutation + (int64_t)index * D;
  const rb_flow_layer *layer = &flow->layer[index];
  for (int64_t i = 0; i < rows; ++i) {
    rb_real row[RB_FLOW_MAX_DIM];
    memcpy(row, d + i * D, (size_t)D * sizeof *row);
    for (int j = 0; j < D; ++j) d[i * D + permutation[j]] = row[j];
  }
  if (!flow->actnorm) return;
  const rb_real *scale = rb_parameters_at(parameters, layer->scale);
  rb_real *dscale = gradient + parameters->tensor[layer->scale].offset;
  rb_real *dbias = gradient + parameters->tensor[layer->bias].offset;
  for (int64_t i = 0; i < rows; ++i) {
    for (int j = 0; j < D; ++j) {
      dscale[j] += d[i * D + j] * input[i * D + j] + dlog_det[i] / scale[j];
      dbias[j] += d[i * D + j];
      d[i * D + j] *= scale[j];
    }
  }
}

void rb_flow_backward(const rb_flow *flow, const rb_activation_kernel *kernels,
                      const rb_parameters *parameters, int64_t rows, const rb_real *theta,
                      const rb_real *h, bool use_masks, rb_flow_cache *cache,
                      const rb_real *dlog_det, rb_real *d, rb_real *dh, rb_real *gradient) {
  const int D = flow->D, pivot = flow->pivot;
  for (int i = flow->depth - 1; i >= 0; --i) {
    const rb_real *x = cache->x + i * cache->rows * D, *y = cache->y + i * cache->rows * D;
    const rb_coupling_cache *first = &cache->coupling[2 * i], *second = first + 1;
    const rb_coupling *coupling = flow->layer[i].coupling;
    rb_coupling_backward(&coupling[1], kernels, parameters, rows, y + pivot, x, D, h,
                         use_masks && coupling[1].mlp.dropout > 0, second, dlog_det, d + pivot, d,
                         dh, cache->scratch, gradient);
    rb_coupling_backward(&coupling[0], kernels, parameters, rows, x, x + pivot, D, h,
                         use_masks && coupling[0].mlp.dropout > 0, first, dlog_det, d, d + pivot,
                         dh, cache->scratch, gradient);
    const rb_real *input = i == 0 ? theta : cache->y + (i - 1) * cache->rows * D;
    enter_layer_backward(flow, parameters, i, rows, input, dlog_det, d, gradient);
  }
}

double rb_flow_flops(const rb_flow *flow) {
  double sum = 0;
  for (int i = 0; i < 2 * flow->depth; ++i) {
    sum += rb_mlp_flops(&flow->layer[i / 2].coupling[i % 2].mlp);
  }
  return sum;
}
