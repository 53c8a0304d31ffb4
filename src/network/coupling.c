#include "coupling.h"

#include <tgmath.h>

static const rb_real E_MINUS_1 = (rb_real)1.71828182845904523536;

void rb_coupling_cache_layout(const rb_coupling *coupling, int64_t rows, bool masks,
                              rb_workspace *workspace, rb_coupling_cache *cache) {
  rb_mlp_cache_layout(&coupling->mlp, rows, masks, workspace, &cache->mlp);
  cache->scale = rb_workspace_take(workspace, rows * coupling->out);
}

int64_t rb_coupling_scratch(const rb_coupling *coupling, int64_t rows) {
  return rb_mlp_scratch(&coupling->mlp, rows);
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

void rb_coupling_network(const rb_coupling *coupling, const rb_activation_kernel *kernels,
                         const rb_parameters *parameters, int64_t rows, const rb_real *u,
                         int64_t ld, bool use_masks, rb_coupling_cache *cache) {
  rb_mlp_forward(&coupling->mlp, kernels, parameters, rows, u, ld, use_masks, &cache->mlp);
  scales(rows, coupling->out, cache->mlp.output, cache->scale);
}

void rb_coupling_transform(const rb_coupling *coupling, int64_t rows,
                           const rb_coupling_cache *cache, const rb_real *x, rb_real *y, int64_t ld,
                           rb_real *log_det) {
  const int out = coupling->out;
  for (int64_t i = 0; i < rows; ++i) {
    const rb_real *s = cache->scale + i * out, *t = cache->mlp.output + i * 2 * out + out;
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
    const rb_real *s = cache->scale + i * out, *t = cache->mlp.output + i * 2 * out + out;
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
      const rb_real a = cache->mlp.output[i * 2 * out + j], s = cache->scale[i * out + j];
      const rb_real root = sqrt(a * a + 1), v = E_MINUS_1 * exp_asinh(a, root);
      const rb_real ds = d[i * ld + j] * x[i * ld + j] + dlog_det[i] / s;
      dprojected[i * 2 * out + j] = ds * (v / (1 + v)) / root;
      dprojected[i * 2 * out + out + j] = d[i * ld + j];
      d[i * ld + j] *= s;
    }
  }
}

void rb_coupling_backward(const rb_coupling *coupling, const rb_activation_kernel *kernels,
                          const rb_parameters *parameters, int64_t rows, const rb_real *u,
                          const rb_real *x, int64_t ld, const rb_real *h, bool use_masks,
                          const rb_coupling_cache *cache, const rb_real *dlog_det, rb_real *du,
                          rb_real *d, rb_real *dh, rb_real *scratch, rb_real *gradient) {
  transform_backward(coupling, rows, cache, x, ld, dlog_det, d, scratch);
  rb_mlp_backward(&coupling->mlp, kernels, parameters, rows, u, ld, h, use_masks, &cache->mlp, du,
                  dh, scratch, gradient);
}
