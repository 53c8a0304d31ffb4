#include "coupling.h"

#include <stdio.h>
#include <string.h>
#include <tgmath.h>

#include "dense.h"
#include "dropout.h"
#include "gemm.h"

static const rb_real E_MINUS_1 = (rb_real)1.71828182845904523536;

static rb_status add_dense(rb_context *ctx, const char *prefix, const char *name, int in, int out,
                           rb_parameters *parameters, int *kernel, int *bias) {
  char path[2 * RB_TENSOR_NAME_SIZE];
  (void)snprintf(path, sizeof path, "%s/%s/kernel", prefix, name);
  const rb_status status =
      rb_parameters_add(ctx, parameters, path, 2, (int64_t[]){in, out}, kernel);
  if (status != RB_OK) return status;
  (void)snprintf(path, sizeof path, "%s/%s/bias", prefix, name);
  return rb_parameters_add(ctx, parameters, path, 1, (int64_t[]){out}, bias);
}

rb_status rb_coupling_add_parameters(rb_context *ctx, rb_coupling *coupling, const char *prefix,
                                     rb_parameters *parameters) {
  rb_status status = RB_OK;
  int in = coupling->in + coupling->condition;
  for (int i = 0; i < coupling->layers; ++i) {
    char name[32];
    (void)snprintf(name, sizeof name, "dense_%d", i);
    RB_TRY(add_dense(ctx, prefix, name, in, coupling->width[i], parameters, &coupling->kernel[i],
                     &coupling->bias[i]));
    in = coupling->width[i];
  }
  RB_TRY(add_dense(ctx, prefix, "output_projector", in, 2 * coupling->out, parameters,
                   &coupling->kernel[coupling->layers], &coupling->bias[coupling->layers]));
cleanup:
  return status;
}

void rb_coupling_cache_layout(const rb_coupling *coupling, int64_t rows, bool masks,
                              rb_workspace *workspace, rb_coupling_cache *cache) {
  for (int i = 0; i < coupling->layers; ++i) {
    const int64_t count = rows * coupling->width[i];
    cache->pre[i] = rb_workspace_take(workspace, count);
    cache->post[i] = rb_workspace_take(workspace, count);
    cache->mask[i] = masks ? rb_workspace_take(workspace, count) : NULL;
  }
  cache->projected = rb_workspace_take(workspace, rows * 2 * coupling->out);
  cache->scale = rb_workspace_take(workspace, rows * coupling->out);
}

/* Two gradients of hidden layers, used in turn, and the gradient of (a, t). */
int64_t rb_coupling_scratch(const rb_coupling *coupling, int64_t rows) {
  int widest = 2 * coupling->out;
  for (int i = 0; i < coupling->layers; ++i) {
    if (coupling->width[i] > widest) widest = coupling->width[i];
  }
  return 2 * rows * widest;
}

/* e^asinh(a) = a + sqrt(a^2 + 1), without cancellation for negative a. */
static rb_real exp_asinh(rb_real a, rb_real root) { return a >= 0 ? a + root : 1 / (root - a); }

/* softplus(asinh(a) + log(e - 1)) = log(1 + (e - 1) e^asinh(a)) */
static void scales(int64_t rows, int out, const rb_real *projected, rb_real *scale) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int j = 0; j < out; ++j) {
      const rb_real a = projected[i * 2 * out + j];
      scale[i * out + j] = log1p(E_MINUS_1 * exp_asinh(a, sqrt(a * a + 1)));
    }
  }
}

/* The rows of the first kernel that belong to u stand before those that belong to h: two products
 * into one result spare joining u and h. */
void rb_coupling_condition(const rb_coupling *coupling, const rb_parameters *parameters,
                           int64_t rows, const rb_real *h, rb_real *pre) {
  const int width = coupling->width[0], condition = coupling->condition;
  const rb_real *kernel =
      rb_parameters_at(parameters, coupling->kernel[0]) + (int64_t)coupling->in * width;
  rb_fill_rows(rows, width, rb_parameters_at(parameters, coupling->bias[0]), pre);
  rb_gemm(RB_AS_IS, RB_AS_IS, rows, width, condition, h, condition, kernel, width, 1, pre, width);
}

void rb_coupling_network(const rb_coupling *coupling, const rb_activation_kernel *kernels,
                         const rb_parameters *parameters, int64_t rows, const rb_real *u,
                         int64_t ld, bool use_masks, rb_coupling_cache *cache) {
  rb_gemm(RB_AS_IS, RB_AS_IS, rows, coupling->width[0], coupling->in, u, ld,
          rb_parameters_at(parameters, coupling->kernel[0]), coupling->width[0], 1, cache->pre[0],
          coupling->width[0]);
  for (int i = 0; i < coupling->layers; ++i) {
    const int64_t count = rows * coupling->width[i];
    const bool last = i + 1 == coupling->layers;
    kernels->forward[coupling->activation](count, cache->pre[i], cache->post[i]);
    if (use_masks) rb_dropout_apply(count, cache->mask[i], cache->post[i]);
    rb_dense_forward(rows, coupling->width[i], last ? 2 * coupling->out : coupling->width[i + 1],
                     cache->post[i], rb_parameters_at(parameters, coupling->kernel[i + 1]),
                     rb_parameters_at(parameters, coupling->bias[i + 1]),
                     last ? cache->projected : cache->pre[i + 1]);
  }
  scales(rows, coupling->out, cache->projected, cache->scale);
}

void rb_coupling_transform(const rb_coupling *coupling, int64_t rows,
                           const rb_coupling_cache *cache, const rb_real *x, rb_real *y, int64_t ld,
                           rb_real *log_det) {
  const int out = coupling->out;
  for (int64_t i = 0; i < rows; ++i) {
    const rb_real *s = cache->scale + i * out, *t = cache->projected + i * 2 * out + out;
    for (int j = 0; j < out; ++j) {
      y[i * ld + j] = s[j] * x[i * ld + j] + t[j];
      log_det[i] += log(s[j]);
    }
  }
}

void rb_coupling_invert(const rb_coupling *coupling, int64_t rows, const rb_coupling_cache *cache,
                        rb_real *x, int64_t ld, rb_real *log_det) {
  const int out = coupling->out;
  for (int64_t i = 0; i < rows; ++i) {
    const rb_real *s = cache->scale + i * out, *t = cache->projected + i * 2 * out + out;
    for (int j = 0; j < out; ++j) {
      x[i * ld + j] = (x[i * ld + j] - t[j]) / s[j];
      if (log_det != NULL) log_det[i] += log(s[j]);
    }
  }
}

/* d of y becomes d of x; dprojected gets the gradient of (a, t). */
static void transform_backward(const rb_coupling *coupling, int64_t rows,
                               const rb_coupling_cache *cache, const rb_real *x, int64_t ld,
                               const rb_real *dlog_det, rb_real *d, rb_real *dprojected) {
  const int out = coupling->out;
  for (int64_t i = 0; i < rows; ++i) {
    for (int j = 0; j < out; ++j) {
      const rb_real a = cache->projected[i * 2 * out + j], s = cache->scale[i * out + j];
      const rb_real root = sqrt(a * a + 1), v = E_MINUS_1 * exp_asinh(a, root);
      const rb_real ds = d[i * ld + j] * x[i * ld + j] + dlog_det[i] / s;
      dprojected[i * 2 * out + j] = ds * (v / (1 + v)) / root;
      dprojected[i * 2 * out + out + j] = d[i * ld + j];
      d[i * ld + j] *= s;
    }
  }
}

/* The first layer, whose input comes in two pieces. */
static void first_layer_backward(const rb_coupling *coupling, const rb_parameters *parameters,
                                 int64_t rows, const rb_real *u, int64_t ld, const rb_real *h,
                                 const rb_real *dpre, rb_real *du, rb_real *dh, rb_real *gradient) {
  const int width = coupling->width[0], in = coupling->in, condition = coupling->condition;
  const int64_t offset = parameters->tensor[coupling->kernel[0]].offset;
  const rb_real *kernel = parameters->value + offset;
  rb_real *dkernel = gradient + offset;
  rb_gemm(RB_TRANSPOSED, RB_AS_IS, in, width, rows, u, ld, dpre, width, 1, dkernel, width);
  rb_gemm(RB_TRANSPOSED, RB_AS_IS, condition, width, rows, h, condition, dpre, width, 1,
          dkernel + (int64_t)in * width, width);
  rb_add_column_sums(rows, width, dpre, gradient + parameters->tensor[coupling->bias[0]].offset);
  rb_gemm(RB_AS_IS, RB_TRANSPOSED, rows, in, width, dpre, width, kernel, width, 1, du, ld);
  rb_gemm(RB_AS_IS, RB_TRANSPOSED, rows, condition, width, dpre, width,
          kernel + (int64_t)in * width, width, 1, dh, condition);
}

void rb_coupling_backward(const rb_coupling *coupling, const rb_activation_kernel *kernels,
                          const rb_parameters *parameters, int64_t rows, const rb_real *u,
                          const rb_real *x, int64_t ld, const rb_real *h, bool use_masks,
                          const rb_coupling_cache *cache, const rb_real *dlog_det, rb_real *du,
                          rb_real *d, rb_real *dh, rb_real *scratch, rb_real *gradient) {
  const int64_t half = rb_coupling_scratch(coupling, rows) / 2;
  rb_real *dout = scratch, *din = scratch + half;
  transform_backward(coupling, rows, cache, x, ld, dlog_det, d, dout);
  int out = 2 * coupling->out;
  for (int i = coupling->layers - 1; i >= 0; --i) {
    const int width = coupling->width[i];
    const int64_t count = rows * width;
    memset(din, 0, (size_t)count * sizeof *din);
    rb_dense_backward(rows, width, out, cache->post[i],
                      rb_parameters_at(parameters, coupling->kernel[i + 1]), dout, din,
                      gradient + parameters->tensor[coupling->kernel[i + 1]].offset,
                      gradient + parameters->tensor[coupling->bias[i + 1]].offset);
    if (use_masks) rb_dropout_apply(count, cache->mask[i], din);
    kernels->backward[coupling->activation](count, cache->pre[i], din);
    rb_real *swap = dout;
    dout = din;
    din = swap;
    out = width;
  }
  first_layer_backward(coupling, parameters, rows, u, ld, h, dout, du, dh, gradient);
}
