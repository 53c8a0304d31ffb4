#include "rheobase/inference/standardise.h"

#include <float.h>
#include <gsl/gsl_sort.h>
#include <inttypes.h>
#include <math.h>

#include "feature_components.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/parallel/exact_sum.h"
#include "rheobase/parallel/partition.h"

static const double QUARTILES_OF_NORMAL = 1.3489795003921634;  // distance, in standard deviations

/* A datum, or its logarithm; the least positive number's where it has none. */
static double value_of(rb_scaling scaling, float x) {
  return scaling == RB_SCALES_LOG ? log((double)fmaxf(x, FLT_MIN)) : (double)x;
}

/* Sum over the samples of one trace of (x - centre)^power, in plain order: the traces' sums are
 * then added exactly, so the number of ranks does not show. */
static double trace_sum(rb_scaling scaling, const float *x, int64_t L, double centre, int power) {
  double sum = 0;
  for (int64_t t = 0; t < L; ++t) {
    const double d = value_of(scaling, x[t]) - centre;
    sum += power == 1 ? d : d * d;
  }
  return sum;
}

/* Samples of channel or feature k in a row. */
static int64_t samples_in_row(rb_shape shape, int k) {
  return k < shape.channels ? shape.length : 1;
}

/* Adds the sums of a row's channels and features. sums: (channels + features) */
static void add_row(rb_shape shape, const float *x, const rb_standardisation *centre, int power,
                    rb_exact_sum *sums) {
  for (int k = 0; k < rb_shape_scales(shape); ++k) {
    const int64_t count = samples_in_row(shape, k);
    rb_exact_sum_add(&sums[k], trace_sum(centre->scaling, x, count, centre->x_mean[k], power));
    x += count;
  }
}

/* Adds the parameters' and the rows' sums of this rank's data sets and reduces them.
 * sums: (D + channels + features) */
static void sum_all(const rb_context *ctx, const rb_dataset *dataset, const double *target,
                    const rb_standardisation *centre, int power, rb_exact_sum *sums) {
  const int64_t rows = rb_partition_fit(dataset->count, 256, 1, ctx->size);
  const rb_partition partition = rb_partition_make(ctx, dataset->count, rows);
  const int D = dataset->dim;
  const rb_shape shape = dataset->shape;
  for (int64_t round = 0; round < partition.rounds; ++round) {
    const rb_range range = rb_partition_round(&partition, round);
    for (int64_t i = range.first; i < range.first + range.count; ++i) {
      for (int d = 0; d < D; ++d) {
        const double difference = target[i * D + d] - centre->theta_mean[d];
        rb_exact_sum_add(&sums[d], power == 1 ? difference : difference * difference);
      }
      add_row(shape, dataset->x + i * rb_shape_row(shape), centre, power, sums + D);
    }
  }
  rb_exact_sum_reduce(ctx, sums, D + rb_shape_scales(shape));
}

static double deviation(const rb_exact_sum *sum, int64_t count) {
  const double variance = rb_exact_sum_value(sum) / (double)count;
  return variance > 0 ? sqrt(variance) : 1.0;
}

/* Where samples of scale k begin in a row. */
static int64_t begin_in_row(rb_shape shape, int k) {
  return k < shape.channels ? k * shape.length : rb_shape_series(shape) + k - shape.channels;
}

static double quantile(const double *sorted, int64_t n, double level) {
  const double place = level * (double)(n - 1);
  const int64_t below = (int64_t)place, above = below + 1 < n ? below + 1 : below;
  return sorted[below] + (place - (double)below) * (sorted[above] - sorted[below]);
}

/* Medians and distances of quartiles in place of the moments. Every node has all data sets; the
 * ranks take scales in turn. Collective. */
static rb_status measure_quartiles(rb_context *ctx, const rb_dataset *dataset, double least_feature,
                                   rb_standardisation *s) {
  rb_status status = RB_OK;
  const rb_shape shape = dataset->shape;
  const int scales = rb_shape_scales(shape);
  const int64_t longest = shape.channels > 0 ? shape.length : 1;
  double found[2 * RB_MAX_SCALES] = {0}, *sorted = NULL;
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, sorted, dataset->count * longest)));
  for (int k = ctx->rank; k < scales; k += ctx->size) {
    const int64_t samples = samples_in_row(shape, k), n = dataset->count * samples;
    for (int64_t i = 0; i < n; ++i) {
      const float *row = dataset->x + i / samples * rb_shape_row(shape);
      sorted[i] = (double)row[begin_in_row(shape, k) + i % samples];
    }
    gsl_sort(sorted, 1, (size_t)n);
    found[2 * k] = quantile(sorted, n, 0.5);
    found[2 * k + 1] = quantile(sorted, n, 0.75) - quantile(sorted, n, 0.25);
  }
  MPI_Allreduce(MPI_IN_PLACE, found, 2 * scales, MPI_DOUBLE, MPI_SUM, ctx->comm);
  for (int k = 0; k < scales; ++k) {
    s->x_mean[k] = found[2 * k];
    const double least = k < shape.channels ? 0 : least_feature;
    if (found[2 * k + 1] > 0) s->x_std[k] = fmax(found[2 * k + 1] / QUARTILES_OF_NORMAL, least);
  }
cleanup:
  free(sorted);
  return status;
}

/* Whether all numbers have a logarithm. The same on all ranks. */
static rb_status check_logarithms(rb_context *ctx, const rb_dataset *dataset) {
  const int64_t row = rb_shape_row(dataset->shape);
  for (int64_t i = 0; i < dataset->count * row; ++i) {
    if (dataset->x[i] > 0) continue;
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "training.scales = \"log\": number %" PRId64 " of simulation %" PRId64
                   " is %g, which has no logarithm; choose \"moments\" or \"quartiles\"",
                   i % row, i / row, (double)dataset->x[i]);
  }
  return RB_OK;
}

rb_status rb_standardise_measure(rb_context *ctx, const rb_dataset *dataset, const double *target,
                                 rb_scaling scaling, double least_feature,
                                 rb_standardisation *standardisation) {
  rb_status status = RB_OK;
  const int D = dataset->dim;
  const rb_shape shape = dataset->shape;
  const int quantities = rb_shape_scales(shape);
  rb_exact_sum *sums = NULL;
  *standardisation = (rb_standardisation){.scaling = scaling};
  if (dataset->count == 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "no simulations to take means and deviations from"));
  }
  if (scaling == RB_SCALES_LOG) RB_TRY(check_logarithms(ctx, dataset));
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, sums, 2 * (D + quantities))));
  sum_all(ctx, dataset, target, standardisation, 1, sums);
  for (int d = 0; d < D; ++d) {
    standardisation->theta_mean[d] = rb_exact_sum_value(&sums[d]) / (double)dataset->count;
  }
  for (int k = 0; k < quantities; ++k) {
    const int64_t samples = dataset->count * samples_in_row(shape, k);
    standardisation->x_mean[k] = rb_exact_sum_value(&sums[D + k]) / (double)samples;
  }
  rb_exact_sum *squares = sums + D + quantities;
  sum_all(ctx, dataset, target, standardisation, 2, squares);
  for (int d = 0; d < D; ++d) {
    standardisation->theta_std[d] = deviation(&squares[d], dataset->count);
  }
  for (int k = 0; k < quantities; ++k) {
    const int64_t samples = dataset->count * samples_in_row(shape, k);
    const double least = k < shape.channels ? 0 : least_feature;
    standardisation->x_std[k] = fmax(deviation(&squares[D + k], samples), least);
  }
  if (scaling == RB_SCALES_QUARTILES) {
    RB_TRY(measure_quartiles(ctx, dataset, least_feature, standardisation));
  }
  if (scaling == RB_SCALES_COMPONENTS) {
    RB_TRY(rb_feature_components_measure(ctx, dataset, standardisation));
  }
cleanup:
  free(sums);
  return status;
}

void rb_standardise_theta(const rb_standardisation *standardisation, int D, int64_t n,
                          const double *theta, rb_real *out) {
  for (int64_t i = 0; i < n; ++i) {
    for (int d = 0; d < D; ++d) {
      out[i * D + d] = (rb_real)((theta[i * D + d] - standardisation->theta_mean[d]) /
                                 standardisation->theta_std[d]);
    }
  }
}

void rb_standardise_x(const rb_standardisation *standardisation, rb_shape shape, const float *x,
                      rb_real *out) {
  const int C = shape.channels;
  const int64_t series = rb_shape_series(shape), L = shape.length;
  const rb_scaling scaling = standardisation->scaling;
  for (int k = 0; k < rb_shape_scales(shape); ++k) {
    const rb_real mean = (rb_real)standardisation->x_mean[k];
    const rb_real scale = (rb_real)(1.0 / standardisation->x_std[k]);
    if (k >= C) {
      out[series + k - C] = ((rb_real)value_of(scaling, x[series + k - C]) - mean) * scale;
      continue;
    }
    for (int64_t t = 0; t < L; ++t) {
      out[t * C + k] = ((rb_real)value_of(scaling, x[k * L + t]) - mean) * scale;
    }
  }
}
