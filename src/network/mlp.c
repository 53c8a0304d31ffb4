#include "mlp.h"

#include <stdio.h>
#include <string.h>

#include "dense.h"
#include "dropout.h"
#include "gemm.h"
#include "initialise.h"

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

rb_status rb_mlp_add_parameters(rb_context *ctx, rb_mlp *mlp, const char *prefix,
                                rb_parameters *parameters) {
  rb_status status = RB_OK;
  int in = mlp->in + mlp->condition;
  for (int i = 0; i < mlp->layers; ++i) {
    char name[32];
    (void)snprintf(name, sizeof name, "dense_%d", i);
    RB_TRY(add_dense(ctx, prefix, name, in, mlp->width[i], parameters, &mlp->kernel[i],
                     &mlp->bias[i]));
    in = mlp->width[i];
  }
  RB_TRY(add_dense(ctx, prefix, "output_projector", in, mlp->out, parameters,
                   &mlp->kernel[mlp->layers], &mlp->bias[mlp->layers]));
cleanup:
  return status;
}

void rb_mlp_initialise(const rb_mlp *mlp, uint64_t seed, uint16_t member,
                       const rb_parameters *parameters) {
  for (int i = 0; i <= mlp->layers; ++i) {
    rb_initialise_glorot(seed, member, parameters, mlp->kernel[i]);
    rb_initialise_constant(parameters, mlp->bias[i], 0);
  }
}

void rb_mlp_initialise_fan_in(const rb_mlp *mlp, uint64_t seed, uint16_t member, double output,
                              const rb_parameters *parameters) {
  int in = mlp->in + mlp->condition;
  for (int i = 0; i <= mlp->layers; ++i) {
    const double size = i < mlp->layers ? 1 : output;
    rb_initialise_fan_in(seed, member, parameters, mlp->kernel[i], in, size);
    rb_initialise_fan_in(seed, member, parameters, mlp->bias[i], in, size);
    if (i < mlp->layers) in = mlp->width[i];
  }
}

void rb_mlp_cache_layout(const rb_mlp *mlp, int64_t rows, bool masks, rb_workspace *workspace,
                         rb_mlp_cache *cache) {
  for (int i = 0; i < mlp->layers; ++i) {
    const int64_t count = rows * mlp->width[i];
    cache->pre[i] = rb_workspace_take(workspace, count);
    cache->post[i] = rb_workspace_take(workspace, count);
    cache->mask[i] = masks ? rb_workspace_take(workspace, count) : NULL;
  }
  cache->output = rb_workspace_take(workspace, rows * mlp->out);
}

/* Two gradients of layers, used in turn. */
int64_t rb_mlp_scratch(const rb_mlp *mlp, int64_t rows) {
  int widest = mlp->out;
  for (int i = 0; i < mlp->layers; ++i) {
    if (mlp->width[i] > widest) widest = mlp->width[i];
  }
  return 2 * rows * widest;
}

/* The rows of the first kernel that belong to u stand before those that belong to h: two products
 * into one result spare joining u and h. */
void rb_mlp_condition(const rb_mlp *mlp, const rb_parameters *parameters, int64_t rows,
                      const rb_real *h, rb_real *pre) {
  const int width = mlp->width[0], condition = mlp->condition;
  const rb_real *kernel = rb_parameters_at(parameters, mlp->kernel[0]) + (int64_t)mlp->in * width;
  rb_fill_rows(rows, width, rb_parameters_at(parameters, mlp->bias[0]), pre);
  if (condition == 0) return;
  rb_gemm(RB_AS_IS, RB_AS_IS, rows, width, condition, h, condition, kernel, width, 1, pre, width);
}

void rb_mlp_forward(const rb_mlp *mlp, const rb_activation_kernel *kernels,
                    const rb_parameters *parameters, int64_t rows, const rb_real *u, int64_t ld,
                    bool use_masks, rb_mlp_cache *cache) {
  if (mlp->in > 0) {
    rb_gemm(RB_AS_IS, RB_AS_IS, rows, mlp->width[0], mlp->in, u, ld,
            rb_parameters_at(parameters, mlp->kernel[0]), mlp->width[0], 1, cache->pre[0],
            mlp->width[0]);
  }
  for (int i = 0; i < mlp->layers; ++i) {
    const int64_t count = rows * mlp->width[i];
    const bool last = i + 1 == mlp->layers;
    kernels->forward[mlp->activation](count, cache->pre[i], cache->post[i]);
    if (use_masks) rb_dropout_apply(count, cache->mask[i], cache->post[i]);
    rb_dense_forward(rows, mlp->width[i], last ? mlp->out : mlp->width[i + 1], cache->post[i],
                     rb_parameters_at(parameters, mlp->kernel[i + 1]),
                     rb_parameters_at(parameters, mlp->bias[i + 1]),
                     last ? cache->output : cache->pre[i + 1]);
  }
}

/* The first layer, whose input comes in two pieces. */
static void first_layer_backward(const rb_mlp *mlp, const rb_parameters *parameters, int64_t rows,
                                 const rb_real *u, int64_t ld, const rb_real *h,
                                 const rb_real *dpre, rb_real *du, rb_real *dh, rb_real *gradient) {
  const int width = mlp->width[0], in = mlp->in, condition = mlp->condition;
  const int64_t offset = parameters->tensor[mlp->kernel[0]].offset;
  const rb_real *kernel = parameters->value + offset;
  rb_real *dkernel = gradient + offset;
  if (in > 0) {
    rb_gemm(RB_TRANSPOSED, RB_AS_IS, in, width, rows, u, ld, dpre, width, 1, dkernel, width);
  }
  if (condition > 0) {
    rb_gemm(RB_TRANSPOSED, RB_AS_IS, condition, width, rows, h, condition, dpre, width, 1,
            dkernel + (int64_t)in * width, width);
  }
  rb_add_column_sums(rows, width, dpre, gradient + parameters->tensor[mlp->bias[0]].offset);
  if (du != NULL && in > 0) {
    rb_gemm(RB_AS_IS, RB_TRANSPOSED, rows, in, width, dpre, width, kernel, width, 1, du, ld);
  }
  if (dh != NULL && condition > 0) {
    rb_gemm(RB_AS_IS, RB_TRANSPOSED, rows, condition, width, dpre, width,
            kernel + (int64_t)in * width, width, 1, dh, condition);
  }
}

void rb_mlp_backward(const rb_mlp *mlp, const rb_activation_kernel *kernels,
                     const rb_parameters *parameters, int64_t rows, const rb_real *u, int64_t ld,
                     const rb_real *h, bool use_masks, const rb_mlp_cache *cache, rb_real *du,
                     rb_real *dh, rb_real *scratch, rb_real *gradient) {
  rb_real *dout = scratch, *din = scratch + rb_mlp_scratch(mlp, rows) / 2;
  int out = mlp->out;
  for (int i = mlp->layers - 1; i >= 0; --i) {
    const int width = mlp->width[i];
    const int64_t count = rows * width;
    memset(din, 0, (size_t)count * sizeof *din);
    rb_dense_backward(rows, width, out, cache->post[i],
                      rb_parameters_at(parameters, mlp->kernel[i + 1]), dout, din,
                      gradient + parameters->tensor[mlp->kernel[i + 1]].offset,
                      gradient + parameters->tensor[mlp->bias[i + 1]].offset);
    if (use_masks) rb_dropout_apply(count, cache->mask[i], din);
    kernels->backward[mlp->activation](count, cache->pre[i], din);
    rb_real *swap = dout;
    dout = din;
    din = swap;
    out = width;
  }
  first_layer_backward(mlp, parameters, rows, u, ld, h, dout, du, dh, gradient);
}

double rb_mlp_flops(const rb_mlp *mlp) {
  double products = 0;
  int in = mlp->in + mlp->condition;
  for (int j = 0; j < mlp->layers; ++j) {
    products += (double)in * mlp->width[j];
    in = mlp->width[j];
  }
  return 2 * (products + (double)in * mlp->out);
}
