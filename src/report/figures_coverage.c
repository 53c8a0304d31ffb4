#include <math.h>
#include <stdlib.h>

#include "figures.h"
#include "rheobase/analysis/binomial.h"
#include "rheobase/analysis/calibration.h"
#include "rheobase/analysis/recovery.h"
#include "rheobase/base/memory.h"

/* How often truths lie inside intervals and regions of the posterior. */

#define SET "diagnostics"
static const double most_datasets = 1e9;  // of a regime, that are believed
enum { FEW = 50 };  // data sets of a regime that are not drawn beside ten times as many

static rb_status draw_coverage(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  const int D = study->model->dim;
  const rb_product from = RB_PRODUCT_CALIBRATION;
  rb_array level = {0}, central = {0}, exact = {0}, hpd = {0}, low = {0}, high = {0};
  char symbol[RB_LABEL];
  RB_TRY(rb_study_read(study, from, "level", 1, -1, &level));
  const int64_t K = level.shape[0];
  RB_TRY(rb_study_read_matrix(study, from, SET "/coverage/central", K, D, &central));
  RB_TRY(rb_study_read_matrix(study, from, SET "/coverage/hpd", K, D, &hpd));
  RB_TRY(rb_study_read(study, from, SET "/coverage/exact_level", 1, K, &exact));
  RB_TRY(rb_study_read(study, from, SET "/coverage/central_low", 1, K, &low));
  RB_TRY(rb_study_read(study, from, SET "/coverage/central_high", 1, K, &high));
  rb_script_data(out, "coverage", -1);
  for (int64_t k = 0; k < K; ++k) {
    double row[4 + 2 * RB_MAX_PARAMETERS] = {level.v[k], exact.v[k], low.v[k], high.v[k]};
    for (int d = 0; d < D; ++d) {
      row[4 + 2 * d] = central.v[k * D + d];
      row[5 + 2 * d] = hpd.v[k * D + d];
    }
    rb_script_row(out, 4 + 2 * D, row);
  }
  rb_script_end(out);
  rb_script_panels(out, figure, "Coverage of posterior intervals",
                   "$outside using 1:2:3 with filledcurves fc rgb band title '95% band', "
                   "NaN with lines lw 2.5 lc rgb blue title 'central intervals', "
                   "NaN with lines lw 2.5 dt (10,5) lc rgb vermilion title 'highest density', "
                   "NaN with lines lw 1.5 dt 2 lc rgb black title 'calibrated'");
  (void)fputs(
      "set xlabel 'level'\nset ylabel 'share of truths inside' offset 0.8,0\n"
      "set xrange [0:1]\nset yrange [0:1]\nset xtics nomirror 0,0.25,1\nset ytics nomirror "
      "0,0.25,1\n",
      out);
  for (int d = 0; d < D; ++d) {
    rb_script_symbol(study->model->parameters[d].name, symbol);
    rb_script_panel(out, figure, figure->rows, figure->columns, d);
    (void)fprintf(out,
                  "set title '%s' offset 0,-0.6\n"
                  "plot $coverage using 1:3:4 with filledcurves fc rgb band, "
                  "x with lines lw 1.5 dt 2 lc rgb black, "
                  "$coverage using 1:%d with lines lw 2.5 lc rgb blue, "
                  "$coverage using 2:%d with lines lw 2.5 dt (10,5) lc rgb vermilion\n",
                  symbol, 5 + 2 * d, 6 + 2 * d);
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  rb_array_free(&level);
  rb_array_free(&central);
  rb_array_free(&exact);
  rb_array_free(&hpd);
  rb_array_free(&low);
  rb_array_free(&high);
  return status;
}

const rb_figure rb_figure_coverage = {
    .name = "coverage",
    .title = "Coverage of intervals",
    .section = RB_SECTION_CALIBRATION,
    .caption =
        "How many true values lie inside posterior intervals of each level. Above the "
        "diagonal the intervals are too wide, below too narrow.",
    .source = RB_PRODUCT_CALIBRATION,
    .object = "diagnostics/coverage/central",
    .width = 1200,
    .height = 884,
    .of = RB_PANELS_PARAMETERS,
    .columns = 3,
    .rows = 2,
    .write = draw_coverage};

static rb_status draw_expected_coverage(const rb_study_data *study, const rb_figure *figure,
                                        FILE *out) {
  rb_status status = RB_OK;
  const rb_product from = RB_PRODUCT_CALIBRATION;
  rb_array level = {0}, densest = {0}, tarp = {0}, low = {0}, high = {0};
  RB_TRY(rb_study_read(study, from, SET "/coverage/exact_level", 1, -1, &level));
  const int64_t K = level.shape[0];
  RB_TRY(rb_study_read(study, from, SET "/coverage/densest", 1, K, &densest));
  RB_TRY(rb_study_read(study, from, SET "/coverage/tarp", 1, K, &tarp));
  RB_TRY(rb_study_read(study, from, SET "/coverage/exact_low", 1, K, &low));
  RB_TRY(rb_study_read(study, from, SET "/coverage/exact_high", 1, K, &high));
  rb_script_data(out, "coverage", -1);
  for (int64_t k = 0; k < K; ++k) {
    rb_script_row(out, 5,
                  (const double[]){level.v[k], low.v[k], high.v[k], densest.v[k], tarp.v[k]});
  }
  rb_script_end(out);
  rb_script_panels(out, figure, "Coverage of the posterior as a whole",
                   "$outside using 1:2:3 with filledcurves fc rgb band title '95% band if "
                   "calibrated', NaN with lines lw 1.5 dt 2 lc rgb black title 'calibrated', "
                   "NaN with linespoints pt 7 ps 0.8 lw 2.5 lc rgb blue title 'this posterior'");
  (void)fputs(
      "set xlabel 'level'\nset ylabel 'share of truths inside' offset 0.8,0\n"
      "set xrange [0:1]\nset yrange [0:1]\nset xtics nomirror 0,0.25,1\nset ytics nomirror "
      "0,0.25,1\n",
      out);
  const char *const titles[] = {"densest region by the log density",
                                "TARP: nearest to a reference"};
  for (int k = 0; k < 2; ++k) {
    rb_script_panel(out, figure, 1, 2, k);
    (void)fprintf(out,
                  "set title '%s' offset 0,-0.6\n"
                  "plot $coverage using 1:2:3 with filledcurves fc rgb band, "
                  "x with lines lw 1.5 dt 2 lc rgb black, "
                  "$coverage using 1:%d with linespoints pt 7 ps 0.8 lw 2.5 lc rgb blue\n",
                  titles[k], 4 + k);
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  rb_array_free(&level);
  rb_array_free(&densest);
  rb_array_free(&tarp);
  rb_array_free(&low);
  rb_array_free(&high);
  return status;
}

const rb_figure rb_figure_expected_coverage = {
    .name = "expected_coverage",
    .title = "Coverage of the whole posterior",
    .section = RB_SECTION_CALIBRATION,
    .caption =
        "Left: the truth among the densest draws by the posterior's own log density. "
        "Right: TARP, the truth among the draws nearest to a reference that depends on "
        "the data.",
    .source = RB_PRODUCT_CALIBRATION,
    .object = "diagnostics/coverage/densest",
    .width = 1200,
    .height = 680,
    .write = draw_expected_coverage};

/* A regime's coverage minus what a calibrated posterior covers on average, and the band of such a
 * posterior on the regime's data sets. */
static void write_regime(FILE *out, int g, int64_t datasets, const rb_array *level,
                         const double *expected, const double *central, int D) {
  rb_script_data(out, "regime", g);
  for (int64_t k = 0; k < level->shape[0]; ++k) {
    int64_t low = 0, high = 0;
    double row[3 + RB_MAX_PARAMETERS] = {level->v[k]};
    rb_binomial_interval(0.95, datasets, expected[k], &low, &high);
    row[1] = (double)low / (double)datasets - expected[k];
    row[2] = (double)high / (double)datasets - expected[k];
    for (int d = 0; d < D; ++d) row[3 + d] = central[k * D + d] - expected[k];
    rb_script_row(out, 3 + D, row);
  }
  rb_script_end(out);
}

static const char *const regime_lines[RB_REGIME_COUNT] = {
    "lw 2.5 lc rgb orange", "lw 2.5 lc rgb blue dt (12,4)", "lw 2.5 lc rgb green dt (4,3)"};

/* What the three lines mean. @param legend (size) */
static void write_regimes(const rb_array *datasets, const rb_array *low, const rb_array *high,
                          char *legend, int size) {
  int used = 0;
  for (int g = 0; g < RB_REGIME_COUNT; ++g) {
    char range[64];
    if (datasets->v[g] < 1) continue;
    if (isnan(low->v[g])) {  // the model has no activity
      (void)snprintf(range, sizeof range, "all");
    } else {
      (void)snprintf(range, sizeof range, low->v[g] < high->v[g] ? "%g-%g" : "%g", low->v[g],
                     high->v[g]);
    }
    used += snprintf(legend + used, (size_t)(size - used), "%sNaN with lines %s title '%s, n = %g'",
                     used > 0 ? ", " : "", regime_lines[g], range, datasets->v[g]);
  }
}

static void plot_regimes(FILE *out, const rb_array *datasets, int d) {
  static const char *const fill[RB_REGIME_COUNT] = {"#D8E69F00", "#D80072B2", "#D8009E73"};
  (void)fputs("plot 0 with lines lw 1 lc rgb black", out);
  for (int g = 0; g < RB_REGIME_COUNT; ++g) {
    if (datasets->v[g] < 1) continue;
    (void)fprintf(out, ", $regime%d using 1:2:3 with filledcurves fc rgb '%s'", g, fill[g]);
  }
  for (int g = 0; g < RB_REGIME_COUNT; ++g) {
    if (datasets->v[g] < 1) continue;
    (void)fprintf(out, ", $regime%d using 1:%d with lines %s", g, 4 + d, regime_lines[g]);
  }
  (void)fputc('\n', out);
}

/* What the figure of local calibration draws. */
typedef struct regimes {
  rb_array level;      // (K)
  rb_array datasets;   // (RB_REGIME_COUNT) 0: not drawn
  rb_array low, high;  // (RB_REGIME_COUNT) of the activity
  rb_array central;    // (RB_REGIME_COUNT, K, D) coverage
  double *expected;    // (K)
} regimes;

static void regimes_free(regimes *r) {
  rb_array_free(&r->level);
  rb_array_free(&r->central);
  rb_array_free(&r->datasets);
  rb_array_free(&r->low);
  rb_array_free(&r->high);
  free(r->expected);
}

static rb_status check_regimes(rb_context *ctx, const regimes *r) {
  const int64_t K = r->level.shape[0];
  if (r->central.shape[0] != RB_REGIME_COUNT || r->central.shape[1] != K) {
    return RB_FAIL(ctx, RB_ERR_FORMAT, "calibration.h5: regime: shapes do not match");
  }
  for (int64_t k = 0; k < K; ++k) {
    if (r->level.v[k] >= 0 && r->level.v[k] <= 1) continue;
    return RB_FAIL(ctx, RB_ERR_FORMAT, "calibration.h5: level %g", r->level.v[k]);
  }
  for (int g = 0; g < RB_REGIME_COUNT; ++g) {
    if (r->datasets.v[g] >= 0 && r->datasets.v[g] <= most_datasets) continue;
    return RB_FAIL(ctx, RB_ERR_FORMAT, "calibration.h5: regime: %g data sets", r->datasets.v[g]);
  }
  return RB_OK;
}

static rb_status read_regimes(const rb_study_data *study, regimes *r) {
  rb_status status = RB_OK;
  const rb_product from = RB_PRODUCT_CALIBRATION;
  rb_array rank = {0};
  double most = 0;
  RB_TRY(rb_study_read(study, from, "level", 1, -1, &r->level));
  RB_TRY(rb_study_read(study, from, SET "/ecdf/z", 1, -1, &rank));  // one for each of S + 1 ranks
  RB_TRY(rb_study_read(study, from, SET "/regime/datasets", 1, RB_REGIME_COUNT, &r->datasets));
  RB_TRY(rb_study_read(study, from, SET "/regime/activity_low", 1, RB_REGIME_COUNT, &r->low));
  RB_TRY(rb_study_read(study, from, SET "/regime/activity_high", 1, RB_REGIME_COUNT, &r->high));
  RB_TRY(rb_study_read(study, from, SET "/regime/central", 3, study->model->dim, &r->central));
  RB_TRY(check_regimes(study->ctx, r));
  RB_TRY(RB_ALLOCATE(study->ctx, r->expected, r->level.shape[0]));
  for (int64_t k = 0; k < r->level.shape[0]; ++k) {
    r->expected[k] = rb_central_coverage(rank.shape[0] - 1, r->level.v[k]);
  }
  for (int g = 0; g < RB_REGIME_COUNT; ++g) most = fmax(most, r->datasets.v[g]);
  for (int g = 0; g < RB_REGIME_COUNT; ++g) {
    if (r->datasets.v[g] < FEW && r->datasets.v[g] < 0.1 * most) r->datasets.v[g] = 0;
  }
cleanup:
  rb_array_free(&rank);
  return status;
}

static rb_status draw_local(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  const int D = study->model->dim;
  regimes r = {0};
  char symbol[RB_LABEL], words[RB_LABEL], legend[512] = "NaN notitle";
  char title[RB_LABEL + 64] = "Coverage of central intervals";
  double limit = 0.05;
  RB_TRY(read_regimes(study, &r));
  const int64_t K = r.level.shape[0];
  for (int g = 0; g < RB_REGIME_COUNT; ++g) {
    const double *values = r.central.v + g * K * D;
    if (r.datasets.v[g] < 1) continue;
    write_regime(out, g, (int64_t)r.datasets.v[g], &r.level, r.expected, values, D);
    for (int64_t i = 0; i < K * D; ++i) limit = fmax(limit, fabs(values[i] - r.expected[i / D]));
    limit = fmax(limit, fmin(0.5, 1.0 / sqrt(r.datasets.v[g])));
  }
  write_regimes(&r.datasets, &r.low, &r.high, legend, sizeof legend);
  if (study->model->activity != NULL) {
    rb_script_words(study->model->activity_quantity.name, words);
    (void)snprintf(title, sizeof title, "Coverage of central intervals by %s", words);
  }
  rb_script_panels(out, figure, title, legend);
  rb_script_range(out, "y", -1.1 * limit, 1.1 * limit, 5);
  (void)fputs(
      "set xlabel 'level'\nset ylabel 'coverage minus expected' offset 0.8,0\n"
      "set xrange [0:1]\nset xtics nomirror 0,0.25,1\n",
      out);
  for (int d = 0; d < D; ++d) {
    rb_script_symbol(study->model->parameters[d].name, symbol);
    rb_script_panel(out, figure, figure->rows, figure->columns, d);
    (void)fprintf(out, "set title '%s' offset 0,-0.6\n", symbol);
    plot_regimes(out, &r.datasets, d);
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  regimes_free(&r);
  return status;
}

const rb_figure rb_figure_local = {
    .name = "local",
    .title = "Local calibration",
    .section = RB_SECTION_CALIBRATION,
    .caption =
        "Coverage of central intervals minus what calibrated ones cover, for recordings without "
        "activity, with little and with much: errors that cancel over all recordings "
        "show here. Shaded: 95% bands if calibrated. Groups of few recordings, which "
        "would hide the others, are not drawn.",
    .source = RB_PRODUCT_CALIBRATION,
    .object = "diagnostics/regime/central",
    .width = 1200,
    .height = 800,
    .of = RB_PANELS_PARAMETERS,
    .columns = 3,
    .rows = 2,
    .write = draw_local};
