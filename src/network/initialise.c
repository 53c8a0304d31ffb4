#include "initialise.h"

#include <math.h>

#include "rheobase/base/memory.h"
#include "rheobase/random/distributions.h"

rb_stream rb_initial_stream(uint64_t seed, uint16_t member, uint64_t item) {
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

void rb_initialise_fan_in(uint64_t seed, uint16_t member, const rb_parameters *parameters,
                          int index, int fan_in, double size) {
  const rb_stream stream = rb_initial_stream(seed, member, (uint64_t)index);
  rb_real *value = rb_parameters_at(parameters, index);
  const double limit = size / sqrt((double)fan_in);
  for (int64_t i = 0; i < parameters->tensor[index].count; ++i) {
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
  rb_glorot_uniform(rb_initial_stream(seed, member, (uint64_t)index), (double)(field * in),
                    (double)(field * out), tensor->count, rb_parameters_at(parameters, index));
}

rb_status rb_initialise_orthogonal(rb_context *ctx, uint64_t seed, uint16_t member,
                                   const rb_parameters *parameters, int index) {
  const rb_tensor *tensor = &parameters->tensor[index];
  return rb_orthogonal(ctx, rb_initial_stream(seed, member, (uint64_t)index), tensor->shape[0],
                       tensor->shape[1], rb_parameters_at(parameters, index));
}
