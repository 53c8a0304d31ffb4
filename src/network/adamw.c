#include "rheobase/network/adamw.h"

#include <math.h>

rb_adamw rb_adamw_make(double weight_decay, double clip_norm) {
  return (rb_adamw){0.9, 0.999, 1e-7, weight_decay, clip_norm, 0};
}

static double sum_of_squares(int64_t n, const rb_real *x) {
  enum { LANES = 16 };  // independent sums, so that it becomes vector code
  double sum[LANES] = {0};
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    for (int j = 0; j < LANES; ++j) sum[j] += (double)x[i + j] * (double)x[i + j];
  }
  for (; i < n; ++i) sum[0] += (double)x[i] * (double)x[i];
  for (int j = 1; j < LANES; ++j) sum[0] += sum[j];
  return sum[0];
}

/* The numbers of one step in the type of the weights. */
typedef struct step_factors {
  rb_real decay, one_minus_beta_1, one_minus_beta_2, alpha, epsilon;
} step_factors;

static void update_tensor(const step_factors *f, rb_real clip, int64_t n, const rb_real *restrict g,
                          rb_real *restrict w, rb_real *restrict m, rb_real *restrict v) {
  for (int64_t i = 0; i < n; ++i) {
    const rb_real clipped = g[i] * clip;
    m[i] += (clipped - m[i]) * f->one_minus_beta_1;
    v[i] += (clipped * clipped - v[i]) * f->one_minus_beta_2;
#if RB_REAL_IS_DOUBLE
    const rb_real root = sqrt(v[i]);
#else
    const rb_real root = sqrtf(v[i]);
#endif
    w[i] -= w[i] * f->decay;
    w[i] -= m[i] * f->alpha / (root + f->epsilon);
  }
}

/* The factor that brings a norm within its bound; 0: no bound. */
static double bound(double norm, double limit) { return limit > 0 ? limit / fmax(norm, limit) : 1; }

double rb_adamw_step(const rb_adamw *adamw, int64_t step, double learning_rate,
                     const rb_parameters *weights, const rb_real *gradient, rb_real *m,
                     rb_real *v) {
  const double t = (double)(step + 1);
  const double alpha =
      learning_rate * sqrt(1 - pow(adamw->beta_2, t)) / (1 - pow(adamw->beta_1, t));
  const step_factors factors = {
      .decay = (rb_real)(adamw->weight_decay * learning_rate),
      .one_minus_beta_1 = (rb_real)(1 - adamw->beta_1),
      .one_minus_beta_2 = (rb_real)(1 - adamw->beta_2),
      .alpha = (rb_real)alpha,
      .epsilon = (rb_real)adamw->epsilon,
  };
  double total = 0;
  for (int i = 0; i < weights->tensors; ++i) {
    total += sum_of_squares(weights->tensor[i].count, gradient + weights->tensor[i].offset);
  }
  const double whole = bound(sqrt(total), adamw->clip_global);
  for (int i = 0; i < weights->tensors; ++i) {
    const rb_tensor *tensor = &weights->tensor[i];
    const int64_t offset = tensor->offset;
    const double norm = whole * sqrt(sum_of_squares(tensor->count, gradient + offset));
    const double clip = whole * bound(norm, adamw->clip_norm);
    update_tensor(&factors, (rb_real)clip, tensor->count, gradient + offset,
                  weights->value + offset, m + offset, v + offset);
  }
  return sqrt(total);
}

double rb_learning_rate(rb_schedule schedule, double highest, double warmup_fraction, int64_t total,
                        int64_t step) {
  const int64_t warm = (int64_t)(warmup_fraction * (double)total);
  if (step < warm) return highest * (0.1 + 0.9 * (double)step / (double)warm);
  if (schedule == RB_SCHEDULE_CONSTANT) return highest;
  if (step >= total) return 0;
  return highest * 0.5 * (1 + cos(M_PI * (double)(step - warm) / (double)(total - warm)));
}
