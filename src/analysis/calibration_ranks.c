#include <math.h>
#include <string.h>

#include "calibration_internal.h"
#include "joint_quantities.h"
#include "rheobase/analysis/bands.h"
#include "rheobase/analysis/binomial.h"
#include "rheobase/analysis/diagnostic_type.h"
#include "rheobase/analysis/ranks.h"
#include "rheobase/analysis/recovery.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

/* Its arrays. */
enum {
  ARRAY_RANK_COUNT,
  ARRAY_HISTOGRAM,
  ARRAY_HISTOGRAM_FIRST,
  ARRAY_HISTOGRAM_EXPECTED,
  ARRAY_HISTOGRAM_LOW,
  ARRAY_HISTOGRAM_HIGH,
  ARRAY_NOTEBOOK_COUNT,
  ARRAY_NOTEBOOK_EDGE,
  ARRAY_NOTEBOOK_LOW,
  ARRAY_NOTEBOOK_HIGH,
  ARRAY_CHI_SQUARE_P,
  ARRAY_KS_P,
  ARRAY_GAMMA,
  ARRAY_GAMMA_NULL,
  ARRAY_LOG_GAMMA,
  ARRAY_ECDF_Z,
  ARRAY_ECDF,
  ARRAY_ECDF_LOWER,
  ARRAY_ECDF_UPPER,
  ARRAY_DENSEST,
  ARRAY_TARP,
  ARRAY_WIDTH,
  ARRAY_BY_RANK,
  ARRAY_BY_RANK_LOW,
  ARRAY_BY_RANK_HIGH,
  ARRAY_REGIME_CHI_SQUARE_P,
  ARRAY_REGIME_KS_P,
  ARRAY_REGIME_GAMMA,
  ARRAY_REGIME_LOG_GAMMA,
  ARRAYS
};

static const rb_calibration_row rows[ARRAYS] = {
    [ARRAY_RANK_COUNT] = {"rank_count",
                          RB_I64,
                          {RB_DIM_RANK, RB_DIM_QUANTITY},
                          "1",
                          "data sets with each rank; uniform if the posterior is right"},
    [ARRAY_HISTOGRAM] = {"histogram/count",
                         RB_I64,
                         {RB_DIM_BIN, RB_DIM_QUANTITY},
                         "1",
                         "data sets with a rank in each bin"},
    [ARRAY_HISTOGRAM_FIRST] = {"histogram/first_rank",
                               RB_I64,
                               {RB_DIM_EDGE},
                               "1",
                               "first rank of each bin, and one more than the last rank"},
    [ARRAY_HISTOGRAM_EXPECTED] = {"histogram/expected",
                                  RB_F64,
                                  {RB_DIM_BIN},
                                  "1",
                                  "expected number if the posterior is right"},
    [ARRAY_HISTOGRAM_LOW] =
        {"histogram/low", RB_F64, {RB_DIM_BIN}, "1", "lower end of its 99% interval"},
    [ARRAY_HISTOGRAM_HIGH] =
        {"histogram/high", RB_F64, {RB_DIM_BIN}, "1", "upper end of its 99% interval"},
    [ARRAY_NOTEBOOK_COUNT] = {"notebook_histogram/count",
                              RB_I64,
                              {RB_DIM_PARAMETER, RB_DIM_NOTEBOOK_BIN},
                              "1",
                              "data sets in 10 equal bins from the smallest to the largest rank; "
                              "uneven where S + 1 is no multiple of 10"},
    [ARRAY_NOTEBOOK_EDGE] = {"notebook_histogram/edge",
                             RB_F64,
                             {RB_DIM_PARAMETER, RB_DIM_NOTEBOOK_EDGE},
                             "1",
                             "edges of these bins"},
    [ARRAY_NOTEBOOK_LOW] = {"notebook_histogram/low",
                            RB_F64,
                            {RB_DIM_NONE},
                            "1",
                            "lower end of the 99% interval of Binomial(N, 1/10)"},
    [ARRAY_NOTEBOOK_HIGH] = {"notebook_histogram/high",
                             RB_F64,
                             {RB_DIM_NONE},
                             "1",
                             "upper end of the 99% interval of Binomial(N, 1/10)"},
    [ARRAY_CHI_SQUARE_P] = {"chi_square_p",
                            RB_F64,
                            {RB_DIM_QUANTITY},
                            "1",
                            "p-value of the chi-square test of the histogram"},
    [ARRAY_KS_P] = {"ks_p",
                    RB_F64,
                    {RB_DIM_QUANTITY},
                    "1",
                    "p-value of the Kolmogorov-Smirnov test of the ranks (conservative)"},
    [ARRAY_GAMMA] = {"gamma",
                     RB_F64,
                     {RB_DIM_QUANTITY},
                     "1",
                     "smallest two-sided tail probability of the ranks' distribution"},
    [ARRAY_GAMMA_NULL] = {"gamma_null",
                          RB_F64,
                          {RB_DIM_NONE},
                          "1",
                          "5% quantile of gamma if the posterior is right; the pointwise error "
                          "probability of the ecdf's band"},
    [ARRAY_LOG_GAMMA] = {"log_gamma",
                         RB_F64,
                         {RB_DIM_QUANTITY},
                         "1",
                         "log of gamma over its null quantile; below 0 rejects at 5%"},
    [ARRAY_ECDF_Z] = {"ecdf/z",
                      RB_F64,
                      {RB_DIM_RANK},
                      "1",
                      "(rank + 1) / (S + 1): what ecdf is if the posterior is right"},
    [ARRAY_ECDF] = {"ecdf/ecdf",
                    RB_F64,
                    {RB_DIM_RANK, RB_DIM_QUANTITY},
                    "1",
                    "share of data sets with at most this rank"},
    [ARRAY_ECDF_LOWER] =
        {"ecdf/lower", RB_F64, {RB_DIM_RANK}, "1", "lower end of its simultaneous 95% band"},
    [ARRAY_ECDF_UPPER] =
        {"ecdf/upper", RB_F64, {RB_DIM_RANK}, "1", "upper end of its simultaneous 95% band"},
    [ARRAY_DENSEST] = {"coverage/densest",
                       RB_F64,
                       {RB_DIM_LEVEL},
                       "1",
                       "share of truths inside the densest region by the posterior's own log "
                       "density (expected coverage)"},
    [ARRAY_TARP] = {"coverage/tarp",
                    RB_F64,
                    {RB_DIM_LEVEL},
                    "1",
                    "share of truths among the values nearest to a data-dependent reference"},
    [ARRAY_WIDTH] = {"coverage/width",
                     RB_F64,
                     {RB_DIM_WIDTH},
                     "1",
                     "exact level of the interval between draws of equal depth"},
    [ARRAY_BY_RANK] = {"coverage/by_rank",
                       RB_F64,
                       {RB_DIM_WIDTH, RB_DIM_PARAMETER},
                       "1",
                       "share of truths inside that interval"},
    [ARRAY_BY_RANK_LOW] = {"coverage/by_rank_low",
                           RB_F64,
                           {RB_DIM_WIDTH},
                           "1",
                           "lower end of the 95% interval of Binomial(N, width) / N"},
    [ARRAY_BY_RANK_HIGH] = {"coverage/by_rank_high",
                            RB_F64,
                            {RB_DIM_WIDTH},
                            "1",
                            "upper end of the 95% interval of Binomial(N, width) / N"},
    [ARRAY_REGIME_CHI_SQUARE_P] =
        {"regime/chi_square_p", RB_F64, {RB_DIM_REGIME, RB_DIM_QUANTITY}, "1", "as chi_square_p"},
    [ARRAY_REGIME_KS_P] = {"regime/ks_p", RB_F64, {RB_DIM_REGIME, RB_DIM_QUANTITY}, "1", "as ks_p"},
    [ARRAY_REGIME_GAMMA] =
        {"regime/gamma", RB_F64, {RB_DIM_REGIME, RB_DIM_QUANTITY}, "1", "as gamma"},
    [ARRAY_REGIME_LOG_GAMMA] =
        {"regime/log_gamma", RB_F64, {RB_DIM_REGIME, RB_DIM_QUANTITY}, "1", "as log_gamma"},
};

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
  *rb_summing_values(s, ARRAY_GAMMA_NULL) = c->gamma_null[RB_ALL];
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
  rb_summing_values(s, all ? ARRAY_CHI_SQUARE_P : ARRAY_REGIME_CHI_SQUARE_P)[at] =
      rb_rank_chi_square_p(s->S, used, c->binned);
  rb_summing_values(s, all ? ARRAY_KS_P : ARRAY_REGIME_KS_P)[at] = rb_rank_ks_p(s->S, c->count);
  const double gamma = rb_gamma(n, s->S + 1, c->z, c->below);
  rb_summing_values(s, all ? ARRAY_GAMMA : ARRAY_REGIME_GAMMA)[at] = gamma;
  rb_summing_values(s, all ? ARRAY_LOG_GAMMA : ARRAY_REGIME_LOG_GAMMA)[at] =
      log(gamma / c->gamma_null[part]);
}

/* Curves of quantity q over all data sets, from c->count, c->below and c->binned. */
static rb_status curves(rb_summing *s, int q, rank_columns *c) {
  for (int64_t r = 0; r <= s->S; ++r) {
    rb_summing_counts(s, ARRAY_RANK_COUNT)[r * s->Q + q] = c->count[r];
    rb_summing_values(s, ARRAY_ECDF)[r * s->Q + q] = (double)c->below[r] / (double)s->N;
  }
  for (int b = 0; b < s->bins; ++b) {
    rb_summing_counts(s, ARRAY_HISTOGRAM)[b * s->Q + q] = c->binned[b];
  }
  if (q >= s->D) return RB_OK;
  rb_status status = RB_OK;
  const int64_t widths = s->result->length[RB_DIM_WIDTH];
  int64_t *covered = NULL;
  RB_TRY(RB_ALLOCATE(s->ctx, covered, widths));
  rb_rank_coverage(s->S, c->count, rb_summing_values(s, ARRAY_WIDTH), covered);
  for (int64_t w = 0; w < widths; ++w) {
    rb_summing_values(s, ARRAY_BY_RANK)[w * s->D + q] = (double)covered[w] / (double)s->N;
  }
  rb_rank_histogram(s->S, c->count, RB_NOTEBOOK_BINS,
                    rb_summing_counts(s, ARRAY_NOTEBOOK_COUNT) + q * RB_NOTEBOOK_BINS,
                    rb_summing_values(s, ARRAY_NOTEBOOK_EDGE) + q * (RB_NOTEBOOK_BINS + 1));
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
  double *coverage = rb_summing_values(s, densest ? ARRAY_DENSEST : ARRAY_TARP);
  for (int a = 0; a < RB_LEVELS; ++a) {
    const int64_t m = rb_hpd_size(s->S, alpha[a]);  // 1..S
    const int64_t inside = densest ? s->N - below[s->S - m] : below[m - 1];
    coverage[a] = (double)inside / (double)s->N;
  }
}

static void histogram_bands(rb_summing *s) {
  int64_t low = 0, high = 0;
  for (int b = 0; b <= s->bins; ++b) {
    const int64_t first = rb_rank_bin_first(s->S, s->bins, b);
    rb_summing_counts(s, ARRAY_HISTOGRAM_FIRST)[b] = first;
    if (b == s->bins) break;
    const int64_t width = rb_rank_bin_first(s->S, s->bins, b + 1) - first;
    const double share = (double)width / (double)(s->S + 1);
    rb_binomial_interval(0.99, s->N, share, &low, &high);
    rb_summing_values(s, ARRAY_HISTOGRAM_EXPECTED)[b] = (double)s->N * share;
    rb_summing_values(s, ARRAY_HISTOGRAM_LOW)[b] = (double)low;
    rb_summing_values(s, ARRAY_HISTOGRAM_HIGH)[b] = (double)high;
  }
  rb_binomial_interval(0.99, s->N, 1.0 / RB_NOTEBOOK_BINS, &low, &high);
  *rb_summing_values(s, ARRAY_NOTEBOOK_LOW) = (double)low;
  *rb_summing_values(s, ARRAY_NOTEBOOK_HIGH) = (double)high;
}

static void width_bands(rb_summing *s) {
  const double *width = rb_summing_values(s, ARRAY_WIDTH);
  for (int64_t w = 0; w < s->result->length[RB_DIM_WIDTH]; ++w) {
    int64_t low = 0, high = 0;
    rb_binomial_interval(0.95, s->N, width[w], &low, &high);
    rb_summing_values(s, ARRAY_BY_RANK_LOW)[w] = (double)low / (double)s->N;
    rb_summing_values(s, ARRAY_BY_RANK_HIGH)[w] = (double)high / (double)s->N;
  }
}

static void ecdf_band(rb_summing *s, const rank_columns *c) {
  double *z = rb_summing_values(s, ARRAY_ECDF_Z);
  memcpy(z, c->z, (size_t)(s->S + 1) * sizeof *z);
  rb_band_at(c->gamma_null[RB_ALL], s->N, s->S + 1, z, rb_summing_values(s, ARRAY_ECDF_LOWER),
             rb_summing_values(s, ARRAY_ECDF_UPPER));
}

static rb_status sum_ranks(rb_summing *s) {
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

static const rb_diagnostic_column columns[] = {
    {.table = RB_TABLE_QUANTITIES,
     .set = "sbc",
     .row = &rows[ARRAY_LOG_GAMMA],
     .title = "log gamma",
     .html = "log γ (sbc)",
     .format = "%*.2f",
     .digits = 3,
     .warn = RB_WARN_BELOW_0},
    {.table = RB_TABLE_QUANTITIES,
     .set = "sbc",
     .row = &rows[ARRAY_CHI_SQUARE_P],
     .title = "chi2 p",
     .html = "χ² <i>p</i> (sbc)",
     .format = "%*.2g",
     .digits = 2,
     .warn = RB_WARN_BELOW_5_PERCENT},
    {.table = RB_TABLE_QUANTITIES,
     .set = "sbc",
     .row = &rows[ARRAY_KS_P],
     .title = "K-S p",
     .html = "K-S <i>p</i> (sbc)",
     .format = "%*.2g",
     .digits = 2,
     .warn = RB_WARN_BELOW_5_PERCENT},
    {.table = RB_TABLE_QUANTITIES,
     .set = "diagnostics",
     .row = &rows[ARRAY_LOG_GAMMA],
     .title = "log gamma",
     .html = "log γ (diagnostics)",
     .format = "%*.2f",
     .digits = 3,
     .warn = RB_WARN_BELOW_0},
};

const rb_diagnostic rb_diagnostic_ranks = {.row = rows,
                                           .rows = ARRAYS,
                                           .compute = sum_ranks,
                                           .column = columns,
                                           .columns = sizeof columns / sizeof *columns};
