#include "rheobase/analysis/mmd.h"

#include <math.h>

#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/random/philox.h"

enum { SCALES = 11 };
static const double LOWEST_LOG10 = -6, STEP_LOG10 = 1.2;

static void fill_scales(double *scale) {
  for (int s = 0; s < SCALES; ++s) scale[s] = pow(10, LOWEST_LOG10 + s * STEP_LOG10);
}

static double kernel(const double *scale, int dim, const double *a, const double *b) {
  double square = 0, sum = 0;
  for (int j = 0; j < dim; ++j) square += (a[j] - b[j]) * (a[j] - b[j]);
  for (int s = 0; s < SCALES; ++s) sum += scale[s] / (scale[s] + square);
  return sum;
}

/* Mean of k(x, y) over all pairs of rows first, first + step, ... of x with all rows of y, times
 * their share of the rows of x. */
static double mean_kernel(const double *scale, int dim, int64_t n, const double *x, int64_t m,
                          const double *y, int64_t first, int64_t step) {
  double total = 0;
  for (int64_t i = first; i < n; i += step) {
    double sum = 0;
    for (int64_t j = 0; j < m; ++j) sum += kernel(scale, dim, x + i * dim, y + j * dim);
    total += sum / (double)m;
  }
  return total / (double)n;
}

double rb_mmd(int dim, int64_t n, const double *x, int64_t m, const double *y) {
  double scale[SCALES];
  fill_scales(scale);
  return mean_kernel(scale, dim, n, x, n, x, 0, 1) + mean_kernel(scale, dim, m, y, m, y, 0, 1) -
         2 * mean_kernel(scale, dim, n, x, m, y, 0, 1);
}

/* Kernel values within the pool, and each one's mean kernel with the reference, for rows first,
 * first + step, ... @param within (rows, m) of these rows, one after the other */
static void fill_pool(const double *scale, int dim, int64_t m, const double *pool,
                      const double *reference, int64_t first, int64_t step, float *within,
                      double *against) {
  for (int64_t i = first; i < m; i += step) {
    double sum = 0;
    for (int64_t j = 0; j < m; ++j) {
      within[i / step * m + j] = (float)kernel(scale, dim, pool + i * dim, pool + j * dim);
      sum += kernel(scale, dim, pool + i * dim, reference + j * dim);
    }
    against[i] = sum / (double)m;
  }
}

/* Moves n of m places to the front, all choices equally likely (Fisher and Yates). @param order (m)
 */
static void pick(rb_stream stream, int64_t n, int64_t m, int64_t *order) {
  for (int64_t i = 0; i < m; ++i) order[i] = i;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t j = i + rb_stream_integer(stream, (uint32_t)i, m - i), other = order[j];
    order[j] = order[i];
    order[i] = other;
  }
}

/* The nulls' discrepancies but for the reference's own mean kernel, summed over this rank's rows.
 * @param picked (m) workspace @param null (RB_MMD_NULLS) */
static void sum_nulls(const rb_context *ctx, uint64_t seed, int64_t n, int64_t m,
                      const float *within, const double *against, int64_t *picked, double *null) {
  for (int b = 0; b < RB_MMD_NULLS; ++b) {
    const rb_stream stream =
        rb_stream_make(seed, RB_FOR_MISSPECIFICATION, RB_RANDOM_NULLS, 0, (uint64_t)b);
    double own = 0, cross = 0;
    pick(stream, n, m, picked);
    for (int64_t i = 0; i < n; ++i) {
      if (picked[i] % ctx->size != ctx->rank) continue;
      const float *row = within + picked[i] / ctx->size * m;
      cross += against[picked[i]];
      for (int64_t j = 0; j < n; ++j) own += (double)row[picked[j]];
    }
    null[b] = own / ((double)n * (double)n) - 2 * cross / (double)n;
  }
}

rb_status rb_mmd_compare(rb_context *ctx, uint64_t seed, int dim, int64_t n, const double *x,
                         int64_t m, const double *pool, const double *reference,
                         rb_mmd_test *test) {
  rb_status status = RB_OK;
  float *within = NULL;    // (m / ranks, m) kernel values in the pool, this rank's rows
  double *against = NULL;  // (m) of the pool with the reference
  int64_t *picked = NULL;  // (m) whose first n are a null
  double scale[SCALES], sums[3];
  fill_scales(scale);
  *test = (rb_mmd_test){0};
  if (n > m) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "MMD: %lld observations, but only %lld to pick nulls from",
                   (long long)n, (long long)m);
  }
  status = RB_ALLOCATE(ctx, within, (m + ctx->size - 1) / ctx->size * m);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, against, m);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, picked, m);
  RB_TRY(rb_agree(ctx, status));
  sums[0] = mean_kernel(scale, dim, n, x, n, x, ctx->rank, ctx->size);
  sums[1] = mean_kernel(scale, dim, m, reference, m, reference, ctx->rank, ctx->size);
  sums[2] = mean_kernel(scale, dim, n, x, m, reference, ctx->rank, ctx->size);
  fill_pool(scale, dim, m, pool, reference, ctx->rank, ctx->size, within, against);
  MPI_Allreduce(MPI_IN_PLACE, sums, 3, MPI_DOUBLE, MPI_SUM, ctx->comm);
  test->mmd = sums[0] + sums[1] - 2 * sums[2];
  sum_nulls(ctx, seed, n, m, within, against, picked, test->null);
  MPI_Allreduce(MPI_IN_PLACE, test->null, RB_MMD_NULLS, MPI_DOUBLE, MPI_SUM, ctx->comm);
  int beyond = 0;
  for (int b = 0; b < RB_MMD_NULLS; ++b) {
    test->null[b] += sums[1];
    beyond += test->null[b] >= test->mmd;
  }
  test->p = (1.0 + beyond) / (1.0 + RB_MMD_NULLS);
cleanup:
  free(within);
  free(against);
  free(picked);
  return status;
}
