#include <math.h>
#include <string.h>

#include "calibration_internal.h"
#include "joint_quantities.h"
#include "rheobase/analysis/bands.h"
#include "rheobase/analysis/binomial.h"
#include "rheobase/analysis/ranks.h"
#include "rheobase/analysis/recovery.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

/* Ranks of one quantity. */
typedef struct rank_columns {
  int64_t *counts;  // (RB_PARTS, S + 1) data sets with each rank
  int64_t *count;   // (S + 1) those of the part that is looked at
  int64_t *below;   // (S + 1)
  int64_t *binned;  // (bins)
  double *z;        // (S + 1) evaluation points of gamma
  double gamma_null[RB_PARTS];
} rank_columns;

static rb_status allocate(rb_summing *s, rank_columns *c) {
  rb_status status = RB_OK;
  RB_TRY(RB_ALLOCATE(s->ctx, c->counts, RB_PARTS * (s->S + 1)));
  RB_TRY(RB_ALLOCATE(s->ctx, c->below, s->S + 1));
  RB_TRY(RB_ALLOCATE(s->ctx, c->binned, s->bins));
  RB_TRY(RB_ALLOCATE(s->ctx, c->z, s->S + 1));
cleanup:
  return status;
}

static void release(rank_columns *c) {
  free(c->counts);
  free(c->below);
  free(c->binned);
  free(c->z);
}

/* The 5% quantiles of gamma for the sizes of all parts. */
static rb_status null_quantiles(rb_summing *s, rank_columns *c) {
  rb_status status = RB_OK;
  rb_rank_points(s->S, c->z);
  for (int part = 0; part < RB_PARTS; ++part) {
    const int64_t n = rb_summing_datasets(s, part);
    if (n == 0) continue;
    const uint16_t sub = (uint16_t)(part == RB_ALL ? RB_NULL_RANKS : RB_NULL_REGIMES + part);
    RB_TRY(rb_null_quantile(s->ctx, rb_stream_make(s->seed, s->purpose, RB_RANDOM_NULLS, sub, 0),
                            rb_gamma, n, s->S + 1, c->z, 0.05, &c->gamma_null[part]));
  }
  *rb_calibration_values(s->result, RB_CAL_GAMMA_NULL) = c->gamma_null[RB_ALL];
cleanup:
  return status;
}

/* How many data sets of each part have each rank. */
static void count_ranks(rb_summing *s, int q, rank_columns *c) {
  const int64_t width = s->S + 1;
  int64_t *all = c->counts + RB_ALL * width;
  memset(c->counts, 0, (size_t)(RB_PARTS * width) * sizeof *c->counts);
  for (int64_t i = 0; i < s->rows; ++i) {
    const int32_t *rank = rb_summing_at(s, RB_RECORD_RANK, i);
    ++c->counts[s->regime[i] * width + rank[q]];
  }
  rb_summing_add(s, (int)(RB_REGIME_COUNT * width), c->counts);
  for (int64_t i = 0; i < RB_REGIME_COUNT * width; ++i) all[i % width] += c->counts[i];
}

/* Tests of quantity q within a part; leaves its rank counts in c->count. */
static void test_part(rb_summing *s, int part, int q, rank_columns *c) {
  const int64_t n = rb_summing_datasets(s, part);
  if (n == 0) return;
  c->count = c->counts + part * (s->S + 1);
  rb_ranks_below(s->S, c->count, c->below);
  const bool all = part == RB_ALL;
  const int at = (all ? 0 : part) * s->Q + q;
  // a regime may be small, and wants fewer bins
  const int bins = all ? s->bins : rb_rank_bins(n, s->S);
  const int used = bins < s->bins ? bins : s->bins;
  rb_rank_bin(s->S, c->count, used, c->binned);
  rb_calibration_values(s->result, all ? RB_CAL_CHI_SQUARE_P : RB_CAL_REGIME_CHI_SQUARE_P)[at] =
      rb_rank_chi_square_p(s->S, used, c->binned);
  rb_calibration_values(s->result, all ? RB_CAL_KS_P : RB_CAL_REGIME_KS_P)[at] =
      rb_rank_ks_p(s->S, c->count);
  const double gamma = rb_gamma(n, s->S + 1, c->z, c->below);
  rb_calibration_values(s->result, all ? RB_CAL_GAMMA : RB_CAL_REGIME_GAMMA)[at] = gamma;
  rb_calibration_values(s->result, all ? RB_CAL_LOG_GAMMA : RB_CAL_REGIME_LOG_GAMMA)[at] =
      log(gamma / c->gamma_null[part]);
}

/* Curves of quantity q over all data sets, from c->count, c->below and c->binned. */
static rb_status curves(rb_summing *s, int q, rank_columns *c) {
  const rb_calibration *result = s->result;
  for (int64_t r = 0; r <= s->S; ++r) {
    rb_calibration_counts(result, RB_CAL_RANK_COUNT)[r * s->Q + q] = c->count[r];
    rb_calibration_values(result, RB_CAL_ECDF)[r * s->Q + q] = (double)c->below[r] / (double)s->N;
  }
  for (int b = 0; b < s->bins; ++b) {
    rb_calibration_counts(result, RB_CAL_HISTOGRAM)[b * s->Q + q] = c->binned[b];
  }
  if (q >= s->D) return RB_OK;
  rb_status status = RB_OK;
  const int64_t widths = result->length[RB_DIM_WIDTH];
  int64_t *covered = NULL;
  RB_TRY(RB_ALLOCATE(s->ctx, covered, widths));
  rb_rank_coverage(s->S, c->count, rb_calibration_values(result, RB_CAL_WIDTH), covered);
  for (int64_t w = 0; w < widths; ++w) {
    rb_calibration_values(result, RB_CAL_BY_RANK)[w * s->D + q] = (double)covered[w] / (double)s->N;
  }
  rb_rank_histogram(
      s->S, c->count, RB_NOTEBOOK_BINS,
      rb_calibration_counts(result, RB_CAL_NOTEBOOK_COUNT) + q * RB_NOTEBOOK_BINS,
      rb_calibration_values(result, RB_CAL_NOTEBOOK_EDGE) + q * (RB_NOTEBOOK_BINS + 1));
cleanup:
  free(covered);
  return status;
}

/* Expected coverage of regions: of the m values out of S + 1 that are densest, or nearest to the
 * reference; the share of truths among them. */
static void region_coverage(rb_summing *s, int joint, const int64_t *below) {
  double alpha[RB_LEVELS];
  rb_coverage_levels(alpha);
  const bool densest = joint == RB_JOINT_LOG_DENSITY;
  double *coverage = rb_calibration_values(s->result, densest ? RB_CAL_DENSEST : RB_CAL_TARP);
  for (int a = 0; a < RB_LEVELS; ++a) {
    const int64_t m = rb_hpd_size(s->S, alpha[a]);  // 1..S
    const int64_t inside = densest ? s->N - below[s->S - m] : below[m - 1];
    coverage[a] = (double)inside / (double)s->N;
  }
}

static void histogram_bands(rb_summing *s) {
  const rb_calibration *result = s->result;
  int64_t low = 0, high = 0;
  for (int b = 0; b <= s->bins; ++b) {
    const int64_t first = rb_rank_bin_first(s->S, s->bins, b);
    rb_calibration_counts(result, RB_CAL_HISTOGRAM_FIRST)[b] = first;
    if (b == s->bins) break;
    const int64_t width = rb_rank_bin_first(s->S, s->bins, b + 1) - first;
    const double share = (double)width / (double)(s->S + 1);
    rb_binomial_interval(0.99, s->N, share, &low, &high);
    rb_calibration_values(result, RB_CAL_HISTOGRAM_EXPECTED)[b] = (double)s->N * share;
    rb_calibration_values(result, RB_CAL_HISTOGRAM_LOW)[b] = (double)low;
    rb_calibration_values(result, RB_CAL_HISTOGRAM_HIGH)[b] = (double)high;
  }
  rb_binomial_interval(0.99, s->N, 1.0 / RB_NOTEBOOK_BINS, &low, &high);
  *rb_calibration_values(result, RB_CAL_NOTEBOOK_LOW) = (double)low;
  *rb_calibration_values(result, RB_CAL_NOTEBOOK_HIGH) = (double)high;
}

static void width_bands(rb_summing *s) {
  const double *width = rb_calibration_values(s->result, RB_CAL_WIDTH);
  for (int64_t w = 0; w < s->result->length[RB_DIM_WIDTH]; ++w) {
    int64_t low = 0, high = 0;
    rb_binomial_interval(0.95, s->N, width[w], &low, &high);
    rb_calibration_values(s->result, RB_CAL_BY_RANK_LOW)[w] = (double)low / (double)s->N;
    rb_calibration_values(s->result, RB_CAL_BY_RANK_HIGH)[w] = (double)high / (double)s->N;
  }
}

static void ecdf_band(rb_summing *s, const rank_columns *c) {
  double *z = rb_calibration_values(s->result, RB_CAL_ECDF_Z);
  memcpy(z, c->z, (size_t)(s->S + 1) * sizeof *z);
  rb_band_at(c->gamma_null[RB_ALL], s->N, s->S + 1, z,
             rb_calibration_values(s->result, RB_CAL_ECDF_LOWER),
             rb_calibration_values(s->result, RB_CAL_ECDF_UPPER));
}

rb_status rb_sum_ranks(rb_summing *s) {
  rb_status status = RB_OK;
  rank_columns c = {0};
  RB_TRY(rb_agree(s->ctx, allocate(s, &c)));
  RB_TRY(null_quantiles(s, &c));
  ecdf_band(s, &c);
  for (int q = 0; q < s->Q; ++q) {
    count_ranks(s, q, &c);
    for (int part = 0; part < RB_PARTS; ++part) test_part(s, part, q, &c);  // all come last
    RB_TRY(rb_agree(s->ctx, curves(s, q, &c)));
    const int joint = q - s->D;
    if (joint == RB_JOINT_TARP || joint == RB_JOINT_LOG_DENSITY) region_coverage(s, joint, c.below);
    RB_TRY(rb_summing_continue(s->ctx));
  }
  histogram_bands(s);
  width_bands(s);
cleanup:
  release(&c);
  return status;
}
