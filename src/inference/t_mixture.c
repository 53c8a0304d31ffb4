#include "t_mixture.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/random/distributions.h"

enum { ITERATIONS = 30 };

/* Cholesky factor of a (dim, dim) matrix in place, lower triangle. @return false if it is not
 * positive definite. */
static bool cholesky(int dim, double *m) {
  for (int j = 0; j < dim; ++j) {
    for (int i = j; i < dim; ++i) {
      double sum = m[i * dim + j];
      for (int k = 0; k < j; ++k) sum -= m[i * dim + k] * m[j * dim + k];
      if (i == j && !(sum > 1e-300)) return false;
      m[i * dim + j] = i == j ? sqrt(sum) : sum / m[j * dim + j];
    }
  }
  return true;
}

/* Squared Mahalanobis distance of x from component k. */
static double distance2(const rb_t_mixture *t, int k, const double *x) {
  const int D = t->dim;
  double z[RB_MAX_PARAMETERS], sum = 0.0;
  for (int i = 0; i < D; ++i) {
    double rest = x[i] - t->mean[k][i];
    for (int j = 0; j < i; ++j) rest -= t->factor[k][i * D + j] * z[j];
    z[i] = rest / t->factor[k][i * D + i];
    sum += z[i] * z[i];
  }
  return sum;
}

static double component_log_density(const rb_t_mixture *t, int k, double d2) {
  const double D = t->dim, nu = t->dof;
  double log_det = 0.0;
  for (int i = 0; i < t->dim; ++i) log_det += log(t->factor[k][i * t->dim + i]);
  return lgamma(0.5 * (nu + D)) - lgamma(0.5 * nu) - 0.5 * D * log(nu * M_PI) - log_det -
         0.5 * (nu + D) * log1p(d2 / nu);
}

/* Log density of one value; share[k], if not NULL, receives the components' responsibilities and
 * tail[k] the weights (nu + D) / (nu + d^2) of the Student-t distribution. */
static double evaluate(const rb_t_mixture *t, const double *x, double *share, double *tail) {
  double term[RB_T_MAX_COMPONENTS], largest = -INFINITY, sum = 0.0;
  for (int k = 0; k < t->components; ++k) {
    const double d2 = distance2(t, k, x);
    term[k] = log(t->weight[k]) + component_log_density(t, k, d2);
    if (tail != NULL) tail[k] = (t->dof + t->dim) / (t->dof + d2);
    largest = fmax(largest, term[k]);
  }
  for (int k = 0; k < t->components; ++k) sum += exp(term[k] - largest);
  for (int k = 0; share != NULL && k < t->components; ++k) {
    share[k] = exp(term[k] - largest) / sum;
  }
  return largest + log(sum);
}

void rb_t_mixture_log_density(const rb_t_mixture *t, int64_t count, const double *value,
                              double *log_density) {
  for (int64_t i = 0; i < count; ++i) {
    log_density[i] = evaluate(t, &value[i * t->dim], NULL, NULL);
  }
}

/* Weighted mean and covariance of all values, the latter with a ridge that keeps a nearly flat
 * cloud invertible. */
static void moments(int dim, int64_t count, const double *value, const double *weight, double *mean,
                    double *covariance) {
  memset(mean, 0, (size_t)dim * sizeof *mean);
  memset(covariance, 0, (size_t)(dim * dim) * sizeof *covariance);
  for (int64_t n = 0; n < count; ++n) {
    for (int i = 0; i < dim; ++i) mean[i] += weight[n] * value[n * dim + i];
  }
  for (int64_t n = 0; n < count; ++n) {
    const double *x = &value[n * dim];
    for (int i = 0; i < dim; ++i) {
      for (int j = 0; j < dim; ++j) {
        covariance[i * dim + j] += weight[n] * (x[i] - mean[i]) * (x[j] - mean[j]);
      }
    }
  }
  for (int i = 0; i < dim; ++i) covariance[i * dim + i] *= 1.0 + 1e-9;
}

/* Components at quantiles of the direction of largest variance, found by power iteration. */
static bool begin(rb_t_mixture *t, int64_t count, const double *value, const double *weight) {
  const int D = t->dim;
  double mean[RB_MAX_PARAMETERS], covariance[RB_MAX_PARAMETERS * RB_MAX_PARAMETERS];
  double axis[RB_MAX_PARAMETERS], next[RB_MAX_PARAMETERS], norm = 0.0;
  moments(D, count, value, weight, mean, covariance);
  for (int i = 0; i < D; ++i) axis[i] = sqrt(fmax(covariance[i * D + i], 0.0));
  for (int iteration = 0; iteration < 50; ++iteration) {
    norm = 0.0;
    for (int i = 0; i < D; ++i) {
      next[i] = 0.0;
      for (int j = 0; j < D; ++j) next[i] += covariance[i * D + j] * axis[j];
      norm += next[i] * next[i];
    }
    norm = sqrt(norm);
    if (!(norm > 0.0)) return false;
    for (int i = 0; i < D; ++i) axis[i] = next[i] / norm;
  }
  double factor[RB_MAX_PARAMETERS * RB_MAX_PARAMETERS];
  memcpy(factor, covariance, sizeof factor);
  if (!cholesky(D, factor)) return false;
  for (int k = 0; k < t->components; ++k) {
    const double score = gsl_cdf_ugaussian_Pinv((k + 0.5) / t->components);
    t->weight[k] = 1.0 / t->components;
    for (int i = 0; i < D; ++i) t->mean[k][i] = mean[i] + score * sqrt(norm) * axis[i];
    memcpy(t->factor[k], factor, (size_t)(D * D) * sizeof *factor);
  }
  return true;
}

/* Sums of one iteration for one component. */
typedef struct sums {
  double share, tail, first[RB_MAX_PARAMETERS];
  double second[RB_MAX_PARAMETERS * RB_MAX_PARAMETERS];
} sums;

static void accumulate(const rb_t_mixture *t, int64_t count, const double *value,
                       const double *weight, const double *origin, sums *s) {
  const int D = t->dim;
  for (int64_t n = 0; n < count; ++n) {
    double share[RB_T_MAX_COMPONENTS], tail[RB_T_MAX_COMPONENTS];
    if (!(weight[n] > 0.0)) continue;
    (void)evaluate(t, &value[n * D], share, tail);
    for (int k = 0; k < t->components; ++k) {
      const double w = weight[n] * share[k], u = w * tail[k];
      s[k].share += w;
      s[k].tail += u;
      for (int i = 0; i < D; ++i) {
        const double xi = value[n * D + i] - origin[i];
        s[k].first[i] += u * xi;
        for (int j = 0; j <= i; ++j)
          s[k].second[i * D + j] += u * xi * (value[n * D + j] - origin[j]);
      }
    }
  }
}

/* The new component from its sums; a component that has lost its values keeps its shape. */
static void update(rb_t_mixture *t, int k, const sums *s, const double *origin) {
  const int D = t->dim;
  double factor[RB_MAX_PARAMETERS * RB_MAX_PARAMETERS];
  t->weight[k] = fmax(s->share, 1e-6);
  if (!(s->tail > 1e-6)) return;
  for (int i = 0; i < D; ++i) {
    for (int j = 0; j <= i; ++j) {
      factor[i * D + j] = (s->second[i * D + j] - s->first[i] * s->first[j] / s->tail) / s->share;
    }
    factor[i * D + i] *= 1.0 + 1e-9;
  }
  if (!cholesky(D, factor)) return;
  for (int i = 0; i < D; ++i) t->mean[k][i] = origin[i] + s->first[i] / s->tail;
  memcpy(t->factor[k], factor, (size_t)(D * D) * sizeof *factor);
}

rb_status rb_t_mixture_fit(rb_context *ctx, int dim, int components, double dof, int64_t count,
                           const double *value, const double *weight, rb_t_mixture *t) {
  rb_status status = RB_OK;
  sums *s = NULL;
  double origin[RB_MAX_PARAMETERS], covariance[RB_MAX_PARAMETERS * RB_MAX_PARAMETERS];
  memset(t, 0, sizeof *t);
  t->dim = dim;
  t->components = components;
  t->dof = dof;
  if (!begin(t, count, value, weight)) {
    return RB_FAIL(ctx, RB_ERR_NUMERIC,
                   "a proposal cannot be fitted: the chain's values do not span the parameters");
  }
  RB_TRY(RB_ALLOCATE(ctx, s, components));
  moments(dim, count, value, weight, origin, covariance);
  for (int iteration = 0; iteration < ITERATIONS; ++iteration) {
    memset(s, 0, (size_t)components * sizeof *s);
    accumulate(t, count, value, weight, origin, s);
    double total = 0.0;
    for (int k = 0; k < components; ++k) {
      update(t, k, &s[k], origin);
      total += t->weight[k];
    }
    for (int k = 0; k < components; ++k) t->weight[k] /= total;
  }
cleanup:
  free(s);
  return status;
}

void rb_t_mixture_draw(const rb_t_mixture *t, const double uniform[2], const double *normal,
                       double *value) {
  const int D = t->dim;
  double u = uniform[0];
  int k = 0;
  while (k < t->components - 1 && u > t->weight[k]) u -= t->weight[k++];
  const double stretch = sqrt(t->dof / gsl_cdf_chisq_Pinv(uniform[1], t->dof));
  for (int i = 0; i < D; ++i) {
    double sum = 0.0;
    for (int j = 0; j <= i; ++j) sum += t->factor[k][i * D + j] * normal[j];
    value[i] = t->mean[k][i] + stretch * sum;
  }
}

void rb_t_mixture_sample(const rb_t_mixture *t, rb_stream uniforms, rb_stream normals,
                         int64_t count, double *value) {
  const int D = t->dim;
  for (int64_t n = 0; n < count; ++n) {
    const double u[2] = {rb_stream_uniform(uniforms, (uint32_t)(2 * n)),
                         rb_stream_uniform(uniforms, (uint32_t)(2 * n + 1))};
    double z[RB_MAX_PARAMETERS];
    rb_stream_normals(normals, n * D, D, z);
    rb_t_mixture_draw(t, u, z, &value[n * D]);
  }
}
