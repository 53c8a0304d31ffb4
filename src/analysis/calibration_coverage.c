#include "calibration_internal.h"
#include "rheobase/analysis/bands.h"
#include "rheobase/analysis/binomial.h"
#include "rheobase/analysis/diagnostic_type.h"
#include "rheobase/analysis/diagnostics.h"

/* Its arrays. */
enum {
  ARRAY_CALIBRATION_ERROR,
  ARRAY_CALIBRATION_ERROR_95,
  ARRAY_CENTRAL,
  ARRAY_CENTRAL_LOW,
  ARRAY_CENTRAL_HIGH,
  ARRAY_EXACT_LEVEL,
  ARRAY_HPD,
  ARRAY_EXACT_LOW,
  ARRAY_EXACT_HIGH,
  ARRAY_REGIME_CALIBRATION_ERROR,
  ARRAY_REGIME_CENTRAL,
  ARRAYS
};

static const rb_calibration_row rows[ARRAYS] = {
    [ARRAY_CALIBRATION_ERROR] = {"calibration_error",
                                 RB_F64,
                                 {RB_DIM_PARAMETER},
                                 "1",
                                 "median over levels of |share of truths inside - level|"},
    [ARRAY_CALIBRATION_ERROR_95] = {"calibration_error_95",
                                    RB_F64,
                                    {RB_DIM_NONE},
                                    "1",
                                    "exceeded with probability 5% if the posterior is right"},
    [ARRAY_CENTRAL] = {"coverage/central",
                       RB_F64,
                       {RB_DIM_LEVEL, RB_DIM_PARAMETER},
                       "1",
                       "share of truths between the quantiles (1-level)/2 and 1-(1-level)/2"},
    [ARRAY_CENTRAL_LOW] =
        {"coverage/central_low",
         RB_F64,
         {RB_DIM_LEVEL},
         "1",
         "lower end of the 95% interval of Binomial(N, level (S - 1) / (S + 1)) / N"},
    [ARRAY_CENTRAL_HIGH] =
        {"coverage/central_high",
         RB_F64,
         {RB_DIM_LEVEL},
         "1",
         "upper end of the 95% interval of Binomial(N, level (S - 1) / (S + 1)) / N"},
    [ARRAY_EXACT_LEVEL] = {"coverage/exact_level",
                           RB_F64,
                           {RB_DIM_LEVEL},
                           "1",
                           "the level to the nearest 1 / (S + 1): exact expectation of hpd, "
                           "densest and tarp"},
    [ARRAY_HPD] = {"coverage/hpd",
                   RB_F64,
                   {RB_DIM_LEVEL, RB_DIM_PARAMETER},
                   "1",
                   "share of truths inside the highest-density interval"},
    [ARRAY_EXACT_LOW] = {"coverage/exact_low",
                         RB_F64,
                         {RB_DIM_LEVEL},
                         "1",
                         "lower end of the 95% interval of Binomial(N, exact_level) / N"},
    [ARRAY_EXACT_HIGH] = {"coverage/exact_high",
                          RB_F64,
                          {RB_DIM_LEVEL},
                          "1",
                          "upper end of the 95% interval of Binomial(N, exact_level) / N"},
    [ARRAY_REGIME_CALIBRATION_ERROR] = {"regime/calibration_error",
                                        RB_F64,
                                        {RB_DIM_REGIME, RB_DIM_PARAMETER},
                                        "1",
                                        "as calibration_error"},
    [ARRAY_REGIME_CENTRAL] = {"regime/central",
                              RB_F64,
                              {RB_DIM_REGIME, RB_DIM_LEVEL, RB_DIM_PARAMETER},
                              "1",
                              "as coverage/central"},
};

/* How many intervals of each level hold the truth: central ones by regime, highest-density ones. */
static void count_inside(rb_summing *s, int d) {
  int64_t inside[RB_PARTS + 1][RB_LEVELS] = {{0}};  // of regimes, all; the highest-density ones
  enum { HPD = RB_PARTS };
  for (int64_t i = 0; i < s->rows; ++i) {
    const int32_t *central = rb_summing_at(s, RB_RECORD_CENTRAL, i);
    const int32_t *hpd = rb_summing_at(s, RB_RECORD_HPD, i);
    for (int a = 0; a < RB_LEVELS; ++a) {
      inside[s->regime[i]][a] += (uint32_t)central[d] >> a & 1;
      inside[HPD][a] += (uint32_t)hpd[d] >> a & 1;
    }
  }
  rb_summing_add(s, (RB_PARTS + 1) * RB_LEVELS, inside[0]);
  for (int part = 0; part < RB_PARTS; ++part) {
    const int64_t n = rb_summing_datasets(s, part);
    double *share = rb_summing_values(s, part == RB_ALL ? ARRAY_CENTRAL : ARRAY_REGIME_CENTRAL);
    if (part != RB_ALL) share += part * RB_LEVELS * s->D;
    for (int a = 0; a < RB_LEVELS; ++a) {
      if (part != RB_ALL) inside[RB_ALL][a] += inside[part][a];
      if (n >= 2) share[a * s->D + d] = (double)inside[part][a] / (double)n;
    }
    if (n < 2) continue;  // stays NaN
    *rb_summing_place(s, part, d, ARRAY_CALIBRATION_ERROR, ARRAY_REGIME_CALIBRATION_ERROR) =
        rb_calibration_error(n, inside[part]);
  }
  double *hpd = rb_summing_values(s, ARRAY_HPD);
  for (int a = 0; a < RB_LEVELS; ++a) {
    hpd[a * s->D + d] = (double)inside[HPD][a] / (double)s->N;
  }
}

static void coverage_bands(rb_summing *s) {
  double alpha[RB_LEVELS];
  rb_coverage_levels(alpha);
  const struct {
    int low, high;  // arrays
  } bands[2] = {{ARRAY_CENTRAL_LOW, ARRAY_CENTRAL_HIGH}, {ARRAY_EXACT_LOW, ARRAY_EXACT_HIGH}};
  for (int a = 0; a < RB_LEVELS; ++a) {
    const double exact = (double)rb_hpd_size(s->S, alpha[a]) / (double)(s->S + 1);
    const double expected[2] = {rb_central_coverage(s->S, alpha[a]), exact};
    rb_summing_values(s, ARRAY_EXACT_LEVEL)[a] = exact;
    for (int b = 0; b < 2; ++b) {
      int64_t low = 0, high = 0;
      rb_binomial_interval(0.95, s->N, expected[b], &low, &high);
      rb_summing_values(s, bands[b].low)[a] = (double)low / (double)s->N;
      rb_summing_values(s, bands[b].high)[a] = (double)high / (double)s->N;
    }
  }
}

static rb_status sum_coverage(rb_summing *s) {
  rb_status status = RB_OK;
  double covered[RB_LEVELS];  // by the central intervals of a posterior that is right
  for (int d = 0; d < s->D; ++d) {
    count_inside(s, d);
    RB_TRY(rb_summing_continue(s->ctx));
  }
  coverage_bands(s);
  rb_coverage_levels(covered);
  for (int a = 0; a < RB_LEVELS; ++a) covered[a] = rb_central_coverage(s->S, covered[a]);
  RB_TRY(rb_null_quantile(s->ctx,
                          rb_stream_make(s->seed, s->purpose, RB_RANDOM_NULLS, RB_NULL_ERRORS, 0),
                          rb_calibration_error_of_counts, s->N, RB_LEVELS, covered, 0.95,
                          rb_summing_values(s, ARRAY_CALIBRATION_ERROR_95)));
cleanup:
  return status;
}

static const rb_diagnostic_column columns[] = {
    {.table = RB_TABLE_PARAMETERS,
     .set = "diagnostics",
     .row = &rows[ARRAY_CALIBRATION_ERROR],
     .title = "cal. error",
     .html = "calibration error",
     .format = "%*.4f",
     .digits = 2,
     .warn = RB_WARN_NEVER},
};

const rb_diagnostic rb_diagnostic_coverage = {.row = rows,
                                              .rows = ARRAYS,
                                              .compute = sum_coverage,
                                              .column = columns,
                                              .columns = sizeof columns / sizeof *columns};
