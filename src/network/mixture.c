#include <gsl/gsl_cdf.h>
#include <stddef.h>
#include <tgmath.h>

#include "factor.h"

static const rb_real LEAST_LOG_SCALE = -9, LARGEST_LOG_SCALE = 4;
static const rb_real LOG_SQRT_2PI = (rb_real)0.91893853320467274178;

static int outputs(int K) { return 3 * K; }

/* Means spread over +-1.5, so that it is no single Gaussian; less where all is of unit size. */
static void initialise(int K, bool centred, rb_real *bias) {
  const double reach = centred ? 1.2 : 1.5;
  for (int k = 0; k < K && K > 1; ++k) bias[K + k] = (rb_real)(2 * reach * k / (K - 1) - reach);
}

/* One mixture: log weights, means and log scales from the outputs of an MLP. */
typedef struct components {
  rb_real log_weight[RB_FACTOR_MAX_PARTS];
  const rb_real *mean;
  rb_real log_scale[RB_FACTOR_MAX_PARTS];
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
  rb_real term[RB_FACTOR_MAX_PARTS] = {0};
  for (int k = 0; k < K; ++k) {
    const rb_real z = (x - c->mean[k]) * exp(-c->log_scale[k]);
    term[k] = c->log_weight[k] - c->log_scale[k] - z * z / 2 - LOG_SQRT_2PI;
  }
  return softmax(K, term, share);
}

static rb_real log_density(int K, const rb_real *output, rb_real x) {
  rb_real weight[RB_FACTOR_MAX_PARTS], share[RB_FACTOR_MAX_PARTS];
  components c;
  read_components(K, output, weight, &c);
  return mixture_at(K, &c, x, share);
}

static rb_real backward(int K, const rb_real *output, rb_real x, rb_real scale, rb_real *doutput) {
  rb_real weight[RB_FACTOR_MAX_PARTS], share[RB_FACTOR_MAX_PARTS];
  components c;
  read_components(K, output, weight, &c);
  (void)mixture_at(K, &c, x, share);
  rb_real dx = 0;
  for (int k = 0; k < K; ++k) {
    const rb_real precision = exp(-c.log_scale[k]), z = (x - c.mean[k]) * precision;
    const rb_real raw = output[2 * K + k];
    const bool inside = raw > LEAST_LOG_SCALE && raw < LARGEST_LOG_SCALE;
    doutput[k] = scale * (share[k] - weight[k]);
    doutput[K + k] = scale * share[k] * z * precision;
    doutput[2 * K + k] = inside ? scale * share[k] * (z * z - 1) : 0;
    dx -= doutput[K + k];
  }
  return dx;
}

static rb_real draw(int K, const rb_real *output, rb_real z, rb_real *log_density) {
  static const double LEAST = 1e-12;  // keeps what rounding left at an end off infinity
  rb_real weight[RB_FACTOR_MAX_PARTS], share[RB_FACTOR_MAX_PARTS];
  components c;
  read_components(K, output, weight, &c);
  const double p = 0.5 * erfc(-(double)z / M_SQRT2);
  double below = 0;
  int k = 0;
  while (k + 1 < K && below + (double)weight[k] < p) below += (double)weight[k++];
  const double u = fmin(fmax((p - below) / fmax((double)weight[k], LEAST), LEAST), 1 - LEAST);
  const rb_real x = c.mean[k] + exp(c.log_scale[k]) * (rb_real)gsl_cdf_ugaussian_Pinv(u);
  if (log_density != NULL) *log_density += mixture_at(K, &c, x, share);
  return x;
}

const rb_factor rb_mixture_factor = {.name = "mixture",
                                     .parts = "components",
                                     .outputs = outputs,
                                     .initialise = initialise,
                                     .log_density = log_density,
                                     .backward = backward,
                                     .draw = draw};
