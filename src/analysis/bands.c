#include "rheobase/analysis/bands.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>

#include "rheobase/analysis/binomial.h"
#include "rheobase/base/clock.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"
#include "rheobase/base/signals.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/parallel/partition.h"

void rb_rank_points(int64_t S, double *z) {
  for (int64_t i = 0; i <= S; ++i) z[i] = (double)(i + 1) / (double)(S + 1);
}

void rb_ranks_below(int64_t S, const int64_t *count, int64_t *below) {
  int64_t sum = 0;
  for (int64_t r = 0; r <= S; ++r) below[r] = sum += count[r];
}

/* min(P(X <= R), P(X >= R)), mostly with one evaluation: the two add up to at least 1, so whichever
 * is found to be at most 1/2 is the smaller one. */
static double smaller_tail(int64_t R, int64_t N, double z) {
  const bool low = (double)R < (double)N * z;
  const double first = low ? rb_binomial_lower(R, N, z) : rb_binomial_upper(R, N, z);
  if (first <= 0.5) return first;
  return fmin(first, low ? rb_binomial_upper(R, N, z) : rb_binomial_lower(R, N, z));
}

/* x log(x / y), 0 for x = 0. */
static double entropy_term(double x, double y) { return x > 0 ? x * log(x / y) : 0; }

/* Both tails at R are at least Phi(-w) with w^2 = 2 N KL(R / N || z) (Zubkov, Serov 2013), which is
 * much cheaper to compute than they are. */
static double squared_deviation(int64_t R, int64_t N, double z) {
  const double share = (double)R / (double)N;
  return 2 * (double)N * (entropy_term(share, z) + entropy_term(1 - share, 1 - z));
}

double rb_gamma(int64_t N, int64_t K, const double *z, const int64_t *below) {
  double smallest = 1;
  double reached = -INFINITY;  // w^2 below which no tail can be smaller than that; rounded down
  for (int64_t k = 0; k < K; ++k) {
    if (z[k] >= 1 || squared_deviation(below[k], N, z[k]) < reached) continue;
    const double tail = smaller_tail(below[k], N, z[k]);
    if (tail >= smallest) continue;
    smallest = tail;
    const double w = gsl_cdf_ugaussian_Qinv(smallest);
    if (w > 0) reached = w * w - 1e-6;
  }
  return 2 * smallest;
}

/* A GSL generator that reads a stream of ours, so that GSL's distributions can be used. */
typedef struct stream_state {
  rb_stream stream;
  uint32_t index;
} stream_state;

static double stream_get_double(void *state) {
  stream_state *self = state;
  return rb_stream_uniform(self->stream, self->index++);
}

static unsigned long stream_get(void *state) {
  return (unsigned long)(stream_get_double(state) * 0x1p32);
}

static void stream_set(void *state, unsigned long seed) {
  ((stream_state *)state)->stream.seed = seed;
  ((stream_state *)state)->index = 0;
}

static const gsl_rng_type stream_type = {
    "rb_stream", 0xffffffffUL, 0, sizeof(stream_state), stream_set, stream_get, stream_get_double};

rb_status rb_null_sample(rb_context *ctx, rb_stream stream, rb_count_statistic statistic, int64_t N,
                         int64_t K, const double *z, int64_t first, int64_t count, double *value) {
  rb_status status = RB_OK;
  double *share = NULL;  // (K + 1) probability between neighbouring points
  unsigned *number = NULL;
  int64_t *below = NULL;
  RB_TRY(RB_ALLOCATE(ctx, share, K + 1));
  RB_TRY(RB_ALLOCATE(ctx, number, K + 1));
  RB_TRY(RB_ALLOCATE(ctx, below, K));
  for (int64_t k = 0; k < K; ++k) share[k] = z[k] - (k > 0 ? z[k - 1] : 0);
  share[K] = fmax(0, 1 - z[K - 1]);
  for (int64_t i = 0; i < count; ++i) {
    stream.item = (uint64_t)(first + i);
    stream_state state = {stream, 0};
    const gsl_rng rng = {&stream_type, &state};
    gsl_ran_multinomial(&rng, (size_t)K + 1, (unsigned)N, share, number);
    int64_t sum = 0;
    for (int64_t k = 0; k < K; ++k) below[k] = sum += number[k];
    value[i] = statistic(N, K, z, below);
  }
cleanup:
  free(share);
  free(number);
  free(below);
  return status;
}

rb_status rb_null_quantile(rb_context *ctx, rb_stream stream, rb_count_statistic statistic,
                           int64_t N, int64_t K, const double *z, double level, double *quantile) {
  enum { CHUNK = 8 };
  double value[RB_NULL_SAMPLES] = {0};
  const rb_partition samples = rb_partition_make(ctx, RB_NULL_SAMPLES, CHUNK);
  rb_status status = RB_OK;
  for (int64_t round = 0; round < samples.rounds && status == RB_OK; ++round) {
    const rb_range mine = rb_partition_round(&samples, round);
    if (mine.count == 0) break;
    status =
        rb_null_sample(ctx, stream, statistic, N, K, z, mine.first, mine.count, value + mine.first);
    if (status == RB_OK && rb_signals_asked(ctx)) {
      status = RB_FAIL(ctx, RB_STOPPED, "stopped by a signal while sampling; start again to go on");
    }
  }
  RB_TRY(rb_agree(ctx, status));
  // every value is set by one rank and 0 on the others
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Allreduce(MPI_IN_PLACE, value, RB_NULL_SAMPLES, MPI_DOUBLE, MPI_SUM, ctx->comm);
  rb_clock_leave(ctx, outer);
  rb_sort(RB_NULL_SAMPLES, value);
  *quantile = rb_quantile_of_sorted(RB_NULL_SAMPLES, value, level);
cleanup:
  return status;
}

/* The largest R with P(X >= R) >= tail. The quantile 1 - tail is this but for rounding, and where a
 * probability is exactly the tail. */
static int64_t upper_end(double tail, int64_t N, double z) {
  int64_t R = rb_binomial_quantile(1 - tail, N, z);
  while (rb_binomial_upper(R, N, z) < tail) --R;
  while (rb_binomial_upper(R + 1, N, z) >= tail) ++R;
  return R;
}

void rb_band_at(double gamma, int64_t N, int64_t K, const double *z, double *lower, double *upper) {
  for (int64_t k = 0; k < K; ++k) {
    lower[k] = (double)rb_binomial_quantile(gamma / 2, N, z[k]) / (double)N;
    upper[k] = (double)upper_end(gamma / 2, N, z[k]) / (double)N;
  }
}
