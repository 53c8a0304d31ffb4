#include "centring.h"

#include <tgmath.h>

#include "dense.h"
#include "initialise.h"

static const rb_real LEAST_LOG_SCALE = -7, LARGEST_LOG_SCALE = 3;

rb_status rb_centring_create(rb_context *ctx, int D, int condition, rb_parameters *parameters,
                             rb_centring *centring) {
  rb_status status = RB_OK;
  *centring = (rb_centring){.D = D, .condition = condition};
  RB_TRY(rb_parameters_add(ctx, parameters, "centring/kernel", 2, (int64_t[]){condition, 2 * D},
                           &centring->kernel));
  RB_TRY(
      rb_parameters_add(ctx, parameters, "centring/bias", 1, (int64_t[]){2 * D}, &centring->bias));
cleanup:
  return status;
}

void rb_centring_initialise(const rb_centring *centring, uint64_t seed, uint16_t member,
                            const rb_parameters *parameters) {
  rb_initialise_fan_in(seed, member, parameters, centring->kernel, centring->condition, 0.1);
  rb_initialise_constant(parameters, centring->bias, 0);
}

void rb_centring_layout(const rb_centring *centring, int64_t rows, bool keep,
                        rb_workspace *workspace, rb_centring_cache *cache) {
  const int64_t D = centring->D;
  cache->centre = rb_workspace_take(workspace, rows * 2 * D);
  cache->u = rb_workspace_take(workspace, rows * D);
  cache->du = keep ? rb_workspace_take(workspace, rows * D) : NULL;
  cache->scratch = keep ? rb_workspace_take(workspace, rows * 2 * D) : NULL;
}

void rb_centring_locate(const rb_centring *centring, const rb_parameters *parameters, int64_t rows,
                        const rb_real *h, rb_centring_cache *cache) {
  rb_dense_forward(rows, centring->condition, 2 * centring->D, h,
                   rb_parameters_at(parameters, centring->kernel),
                   rb_parameters_at(parameters, centring->bias), cache->centre);
}

static rb_real clamped(rb_real l) { return fmin(fmax(l, LEAST_LOG_SCALE), LARGEST_LOG_SCALE); }

void rb_centring_forward(const rb_centring *centring, int64_t rows, const rb_real *x,
                         rb_centring_cache *cache, rb_real *log_det) {
  const int D = centring->D;
  for (int64_t i = 0; i < rows; ++i) {
    const rb_real *m = cache->centre + i * 2 * D, *l = m + D;
    log_det[i] = 0;
    for (int d = 0; d < D; ++d) {
      const rb_real log_scale = clamped(l[d]);
      cache->u[i * D + d] = (x[i * D + d] - m[d]) * exp(-log_scale);
      log_det[i] -= log_scale;
    }
  }
}

void rb_centring_inverse(const rb_centring *centring, int64_t first, int64_t rows, int64_t sets,
                         int64_t per, const rb_centring_cache *cache, rb_real *x,
                         rb_real *log_det) {
  const int D = centring->D;
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t set = (first + i) / per < sets ? (first + i) / per : sets - 1;
    const rb_real *m = cache->centre + set * 2 * D, *l = m + D;
    for (int d = 0; d < D; ++d) {
      const rb_real log_scale = clamped(l[d]);
      x[i * D + d] = m[d] + x[i * D + d] * exp(log_scale);
      if (log_det != NULL) log_det[i] -= log_scale;
    }
  }
}

void rb_centring_backward(const rb_centring *centring, const rb_parameters *parameters,
                          int64_t rows, const rb_real *h, const rb_centring_cache *cache,
                          const rb_real *dlog_det, rb_real *dh, rb_real *gradient) {
  const int D = centring->D;
  for (int64_t i = 0; i < rows; ++i) {
    const rb_real *l = cache->centre + i * 2 * D + D, *u = cache->u + i * D;
    const rb_real *du = cache->du + i * D;
    rb_real *dm = cache->scratch + i * 2 * D, *dl = dm + D;
    for (int d = 0; d < D; ++d) {
      const bool inside = l[d] > LEAST_LOG_SCALE && l[d] < LARGEST_LOG_SCALE;
      dm[d] = -du[d] * exp(-clamped(l[d]));
      dl[d] = inside ? -du[d] * u[d] - dlog_det[i] : 0;
    }
  }
  rb_dense_backward(rows, centring->condition, 2 * D, h,
                    rb_parameters_at(parameters, centring->kernel), cache->scratch, dh,
                    gradient + parameters->tensor[centring->kernel].offset,
                    gradient + parameters->tensor[centring->bias].offset);
}

double rb_centring_flops(const rb_centring *centring) {
  return 4.0 * centring->D * centring->condition;
}
