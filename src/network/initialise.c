#include "initialise.h"

#include <math.h>

#include "rheobase/base/memory.h"
#include "rheobase/random/distributions.h"

/* Items of the initialisation streams: a tensor's index, or this plus a flow layer's. */
static const uint64_t PERMUTATION_ITEMS = UINT64_C(1) << 32;

static rb_stream initial_stream(uint64_t seed, uint16_t member, uint64_t item) {
  return rb_stream_make(seed, RB_FOR_TRAINING, RB_RANDOM_INITIALISATION, member, item);
}

void rb_initialise_constant(const rb_parameters *parameters, int index, rb_real value) {
  rb_real *tensor = rb_parameters_at(parameters, index);
  for (int64_t i = 0; i < parameters->tensor[index].count; ++i) tensor[i] = value;
}

void rb_glorot_uniform(rb_stream stream, double fan_in, double fan_out, int64_t count,
                       rb_real *value) {
  const double limit = sqrt(6 / (fan_in + fan_out));
  for (int64_t i = 0; i < count; ++i) {
    value[i] = (rb_real)(limit * (2 * rb_stream_uniform(stream, (uint32_t)i) - 1));
  }
}

static double dot(int64_t n, const double *a, const double *b) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

/* Gram-Schmidt on the rows of q, (count, length); the second pass removes what rounding left. */
static void orthonormalise_rows(int64_t count, int64_t length, double *q) {
  for (int64_t i = 0; i < count; ++i) {
    double *row = q + i * length;
    for (int pass = 0; pass < 2; ++pass) {
      for (int64_t j = 0; j < i; ++j) {
        const double *other = q + j * length;
        const double overlap = dot(length, row, other);
        for (int64_t k = 0; k < length; ++k) row[k] -= overlap * other[k];
      }
    }
    const double norm = sqrt(dot(length, row, row));
    for (int64_t k = 0; k < length; ++k) row[k] /= norm;
  }
}

rb_status rb_orthogonal(rb_context *ctx, rb_stream stream, int64_t rows, int64_t columns,
                        rb_real *value) {
  const bool wide = rows <= columns;
  const int64_t count = wide ? rows : columns, length = wide ? columns : rows;
  double *q = NULL;
  if (RB_ALLOCATE(ctx, q, rows * columns) != RB_OK) return RB_ERR_MEMORY;
  rb_stream_normals(stream, 0, rows * columns, q);
  orthonormalise_rows(count, length, q);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      value[i * columns + j] = (rb_real)(wide ? q[i * length + j] : q[j * length + i]);
    }
  }
  free(q);
  return RB_OK;
}

/* fan = receptive field * channels, as in Keras; the last two dimensions are (in, out). */
void rb_initialise_glorot(uint64_t seed, uint16_t member, const rb_parameters *parameters,
                          int index) {
  const rb_tensor *tensor = &parameters->tensor[index];
  const int64_t out = tensor->shape[tensor->rank - 1], in = tensor->shape[tensor->rank - 2];
  const int64_t field = tensor->count / (in * out);
  rb_glorot_uniform(initial_stream(seed, member, (uint64_t)index), (double)(field * in),
                    (double)(field * out), tensor->count, rb_parameters_at(parameters, index));
}

rb_status rb_initialise_orthogonal(rb_context *ctx, uint64_t seed, uint16_t member,
                                   const rb_parameters *parameters, int index) {
  const rb_tensor *tensor = &parameters->tensor[index];
  return rb_orthogonal(ctx, initial_stream(seed, member, (uint64_t)index), tensor->shape[0],
                       tensor->shape[1], rb_parameters_at(parameters, index));
}

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
      draw_permutation(initial_stream(seed, member, PERMUTATION_ITEMS + (uint64_t)i), flow->D,
                       flow->permutation + (int64_t)i * flow->D);
    }
  }
  return RB_OK;
}

void rb_mixture_initialise(const rb_mixture *mixture, uint64_t seed, uint16_t member,
                           const rb_parameters *parameters) {
  const int K = mixture->components;
  for (int d = 0; d < mixture->D; ++d) {
    const rb_mlp *mlp = &mixture->mlp[d];
    rb_mlp_initialise(mlp, seed, member, parameters);
    const int output = mlp->kernel[mlp->layers];
    rb_real *kernel = rb_parameters_at(parameters, output);
    for (int64_t i = 0; i < parameters->tensor[output].count; ++i) kernel[i] *= (rb_real)0.3;
    rb_real *mean = rb_parameters_at(parameters, mlp->bias[mlp->layers]) + K;
    for (int k = 0; k < K && K > 1; ++k) mean[k] = (rb_real)(3.0 * k / (K - 1) - 1.5);
  }
}
