#include <stdlib.h>

#include "figures.h"

/* Ranks of truths among posterior draws (simulation-based calibration). */

enum { MOST_LINES = 5, MOST_POINTS = 1000 };  // joint quantities in one panel, points of a curve

/* From one drawn point of K to the next. */
static int64_t step_of(int64_t K) { return (K + MOST_POINTS - 1) / MOST_POINTS; }

/* A datablock of the ECDF's band: z, lower and upper end minus z; both are 0 at 0 and at 1. */
static void write_band(FILE *out, const rb_array *z, const rb_array *lower, const rb_array *upper) {
  const int64_t K = z->shape[0], step = step_of(K);
  rb_script_data(out, "band", -1);
  rb_script_row(out, 3, (const double[]){0, 0, 0});
  for (int64_t k = step - 1; k < K - 1; k += step) {
    rb_script_row(out, 3, (const double[]){z->v[k], lower->v[k] - z->v[k], upper->v[k] - z->v[k]});
  }
  rb_script_row(out, 3, (const double[]){1, 0, 0});
  rb_script_end(out);
}

static void write_difference(FILE *out, int index, const rb_array *z, const rb_array *ecdf,
                             int64_t column) {
  const int64_t K = z->shape[0], step = step_of(K);
  rb_script_data(out, "ecdf", index);
  rb_script_row(out, 2, (const double[]){0, 0});
  for (int64_t k = step - 1; k < K - 1; k += step) {
    const double value = ecdf->v[k * ecdf->shape[1] + column];
    rb_script_row(out, 2, (const double[]){z->v[k], value - z->v[k]});
  }
  rb_script_row(out, 2, (const double[]){1, 0});
  rb_script_end(out);
}

typedef struct ecdf {
  rb_array z, value, lower, upper;
} ecdf;

static void ecdf_free(ecdf *e) {
  rb_array_free(&e->z);
  rb_array_free(&e->value);
  rb_array_free(&e->lower);
  rb_array_free(&e->upper);
}

/* Of the quantities that are ranked, the parameters come first. */
static rb_status require_parameters(const rb_study_data *study, int64_t quantities) {
  if (quantities >= study->model->dim) return RB_OK;
  return RB_FAIL(study->ctx, RB_ERR_FORMAT, "calibration.h5: sbc: ranks of %lld quantities alone",
                 (long long)quantities);
}

static rb_status read_ecdf(const rb_study_data *study, ecdf *e) {
  rb_status status = RB_OK;
  const rb_product from = RB_PRODUCT_CALIBRATION;
  RB_TRY(rb_study_read(study, from, "sbc/ecdf/z", 1, -1, &e->z));
  const int64_t K = e->z.shape[0];
  RB_TRY(rb_study_read(study, from, "sbc/ecdf/lower", 1, K, &e->lower));
  RB_TRY(rb_study_read(study, from, "sbc/ecdf/upper", 1, K, &e->upper));
  RB_TRY(rb_study_read_matrix(study, from, "sbc/ecdf/ecdf", K, -1, &e->value));
  RB_TRY(require_parameters(study, e->value.shape[1]));
cleanup:
  return status;
}

/* The same limits for all panels: what the band or any curve needs. */
static double ecdf_limit(const ecdf *e, int64_t first, int64_t count) {
  double limit = 0;
  for (int64_t k = 0; k < e->z.shape[0]; ++k) {
    const double z = e->z.v[k];
    if (z - e->lower.v[k] > limit) limit = z - e->lower.v[k];
    if (e->upper.v[k] - z > limit) limit = e->upper.v[k] - z;
    for (int64_t q = first; q < first + count; ++q) {
      const double difference = e->value.v[k * e->value.shape[1] + q] - z;
      if (difference > limit) limit = difference;
      if (-difference > limit) limit = -difference;
    }
  }
  return 1.12 * limit;
}

static rb_status draw_ecdf(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  const int D = study->model->dim;
  ecdf e = {0};
  char symbol[RB_LABEL];
  RB_TRY(read_ecdf(study, &e));
  write_band(out, &e.z, &e.lower, &e.upper);
  for (int d = 0; d < D; ++d) write_difference(out, d, &e.z, &e.value, d);
  rb_script_panels(out, figure, "Ranks: empirical minus uniform distribution",
                   "$outside using 1:2:3 with filledcurves fc rgb band title 'simultaneous 95% "
                   "band', NaN with lines lw 2.5 lc rgb blue title 'ranks of the truths'");
  const double limit = ecdf_limit(&e, 0, D);
  rb_script_range(out, "y", -limit, limit, 5);
  (void)fputs(
      "set xlabel 'fractional rank'\nset ylabel 'ECDF difference' offset 0.8,0\n"
      "set xrange [0:1]\nset xtics nomirror 0,0.25,1\n",
      out);
  for (int d = 0; d < D; ++d) {
    rb_script_symbol(study->model->parameters[d].name, symbol);
    rb_script_panel(out, figure, figure->rows, figure->columns, d);
    (void)fprintf(out,
                  "set title '%s' offset 0,-0.6\n"
                  "plot $band using 1:2:3 with filledcurves fc rgb band, "
                  "$ecdf%d with lines lw 2.5 lc rgb blue, 0 with lines lw 1 lc rgb black\n",
                  symbol, d);
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  ecdf_free(&e);
  return status;
}

const rb_figure rb_figure_ecdf = {
    .name = "ecdf",
    .title = "Rank distributions",
    .section = RB_SECTION_CALIBRATION,
    .caption =
        "The same ranks without bins: their empirical distribution minus the uniform "
        "one. A curve that leaves the band anywhere is evidence, at 5%, against "
        "calibration.",
    .source = RB_PRODUCT_CALIBRATION,
    .object = "sbc/ecdf/ecdf",
    .width = 1200,
    .height = 800,
    .of = RB_PANELS_PARAMETERS,
    .columns = 3,
    .rows = 2,
    .write = draw_ecdf};

static rb_status draw_joint(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  static const char *const style[MOST_LINES] = {"lc rgb blue", "lc rgb vermilion dt (14,5)",
                                                "lc rgb green dt (4,4)",
                                                "lc rgb purple dt (14,4,3,4)", "lc rgb orange"};
  rb_status status = RB_OK;
  const int D = study->model->dim;
  ecdf e = {0};
  char **names = NULL;
  int64_t quantities = 0;
  RB_TRY(read_ecdf(study, &e));
  RB_TRY(rb_file_read_strings(study->ctx, study->file[RB_PRODUCT_CALIBRATION], "quantity",
                              &quantities, &names));
  if (quantities > e.value.shape[1]) quantities = e.value.shape[1];
  const int lines = quantities - D < MOST_LINES ? (int)(quantities - D) : MOST_LINES;
  write_band(out, &e.z, &e.lower, &e.upper);
  for (int k = 0; k < lines; ++k) write_difference(out, k, &e.z, &e.value, D + k);
  const double limit = ecdf_limit(&e, D, lines);
  rb_script_single(out, figure, "Ranks of joint quantities: empirical minus uniform distribution");
  rb_script_range(out, "y", -limit, limit, 5);
  (void)fputs(
      "set xlabel 'fractional rank'\nset ylabel 'ECDF difference' offset 0.8,0\n"
      "set xrange [0:1]\nset xtics nomirror 0,0.25,1\n",
      out);
  (void)fputs(
      "plot $band using 1:2:3 with filledcurves fc rgb band title '95% band', "
      "0 with lines lw 1 lc rgb black notitle",
      out);
  for (int k = 0; k < lines; ++k) {
    char symbol[RB_LABEL];
    rb_script_words(names[D + k], symbol);
    (void)fprintf(out, ", $ecdf%d with lines lw 2.5 %s title '%s'", k, style[k], symbol);
  }
  (void)fputc('\n', out);
cleanup:
  ecdf_free(&e);
  free(names);
  return status;
}

const rb_figure rb_figure_joint = {
    .name = "joint",
    .title = "Joint quantities",
    .section = RB_SECTION_CALIBRATION,
    .caption =
        "Ranks of quantities of all parameters, and of parameters and data together: "
        "they see errors that no single parameter shows, such as a posterior that "
        "ignores the data.",
    .source = RB_PRODUCT_CALIBRATION,
    .object = "sbc/ecdf/ecdf",
    .width = 1200,
    .height = 640,
    .write = draw_joint};

static rb_status draw_ranks(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  const int D = study->model->dim;
  const rb_product from = RB_PRODUCT_CALIBRATION;
  rb_array count = {0}, first = {0}, expected = {0}, low = {0}, high = {0}, p = {0};
  char symbol[RB_LABEL];
  RB_TRY(rb_study_read(study, from, "sbc/histogram/count", 2, -1, &count));
  const int64_t bins = count.shape[0], Q = count.shape[1];
  RB_TRY(require_parameters(study, Q));
  RB_TRY(rb_study_read(study, from, "sbc/histogram/first_rank", 1, bins + 1, &first));
  RB_TRY(rb_study_read(study, from, "sbc/histogram/expected", 1, bins, &expected));
  RB_TRY(rb_study_read(study, from, "sbc/histogram/low", 1, bins, &low));
  RB_TRY(rb_study_read(study, from, "sbc/histogram/high", 1, bins, &high));
  RB_TRY(rb_study_read(study, from, "sbc/chi_square_p", 1, Q, &p));
  double top = 0;
  rb_script_data(out, "ranks", -1);  // each bin's ends, so that lines run over its whole width
  for (int64_t b = 0; b < bins; ++b) {
    double row[5 + RB_MAX_PARAMETERS] = {first.v[b] - 0.5, first.v[b + 1] - 0.5, expected.v[b],
                                         low.v[b], high.v[b]};
    if (high.v[b] > top) top = high.v[b];
    for (int d = 0; d < D; ++d) {
      row[5 + d] = count.v[b * Q + d];
      if (row[5 + d] > top) top = row[5 + d];
    }
    rb_script_row(out, 5 + D, row);
  }
  rb_script_end(out);
  rb_script_panels(out, figure, "Ranks of the truths among posterior draws",
                   "$outside using 1:2 with boxes fc rgb sky title 'data sets per bin', $outside "
                   "using 1:2 with boxes fc rgb '#CFCFCF' title '99% band if calibrated', NaN with "
                   "lines lw 2 lc rgb black title 'expected'");
  rb_script_range(out, "x", -0.5, first.v[bins] - 0.5, 4);
  rb_script_range(out, "y", 0, 1.08 * top, 5);
  (void)fputs("set xlabel 'rank'\nset ylabel 'data sets'\n", out);
  for (int d = 0; d < D; ++d) {
    rb_script_symbol(study->model->parameters[d].name, symbol);
    rb_script_panel(out, figure, figure->rows, figure->columns, d);
    (void)fprintf(out,
                  "set title '%s:  {/:Italic p} = %.2g (χ² test)' offset 0,-0.6\n"
                  "plot $ranks using (($1+$2)/2):%d:(0.92*($2-$1)) with boxes fc rgb sky, "
                  "$ranks using 1:4:1:2:4:5 with boxxyerror fc rgb '#80A0A0A0', "
                  "$ranks using 1:3:($2-$1):(0) with vectors nohead lw 2 lc rgb black\n",
                  symbol, p.v[d], 6 + d);
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  rb_array_free(&count);
  rb_array_free(&first);
  rb_array_free(&expected);
  rb_array_free(&low);
  rb_array_free(&high);
  rb_array_free(&p);
  return status;
}

const rb_figure rb_figure_ranks = {
    .name = "ranks",
    .title = "Rank histograms",
    .section = RB_SECTION_CALIBRATION,
    .caption =
        "Number of posterior draws below the truth. Uniform if the posterior is "
        "calibrated: 99 of 100 bars then end inside the grey band. A hump in the middle "
        "means intervals that are too wide, a valley too narrow ones, a slope a bias.",
    .source = RB_PRODUCT_CALIBRATION,
    .object = "sbc/histogram/count",
    .width = 1200,
    .height = 800,
    .of = RB_PANELS_PARAMETERS,
    .columns = 3,
    .rows = 2,
    .write = draw_ranks};
