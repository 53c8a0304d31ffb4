#include <math.h>
#include <stdlib.h>

#include "figures.h"

/* Estimates against truths. */

enum { MOST_POINTS = 1500 };  // of a scatter plot; of more data sets every k-th is shown

static int64_t stride_of(int64_t datasets) { return (datasets + MOST_POINTS - 1) / MOST_POINTS; }

/* Truth, median, ends of the interval of one parameter; widens limit[2] to truths and medians. */
static void write_estimates(FILE *out, int d, const rb_array *truth, const rb_array *median,
                            const rb_array *low, const rb_array *high, double limit[2]) {
  const int64_t N = truth->shape[0], D = truth->shape[1], stride = stride_of(N);
  limit[0] = INFINITY;
  limit[1] = -INFINITY;
  rb_script_data(out, "estimate", d);
  for (int64_t i = 0; i < N; i += stride) {
    const double t = truth->v[i * D + d], m = median->v[i * D + d];
    rb_script_row(out, 4, (const double[]){t, m, low->v[i * D + d], high->v[i * D + d]});
    limit[0] = fmin(limit[0], fmin(t, m));
    limit[1] = fmax(limit[1], fmax(t, m));
  }
  rb_script_end(out);
  const double margin = 0.06 * (limit[1] - limit[0]) + 1e-9;
  limit[0] -= margin;
  limit[1] += margin;
}

static rb_status draw_recovery(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  static const char *const paths[4] = {"recovery/records/truth", "recovery/records/median",
                                       "recovery/records/low", "recovery/records/high"};
  rb_status status = RB_OK;
  const int D = study->model->dim;
  rb_array array[4] = {0}, r = {0};
  double limit[RB_MAX_PARAMETERS][2];
  char label[RB_LABEL], symbol[RB_LABEL];
  RB_TRY(rb_study_read(study, RB_PRODUCT_CALIBRATION, paths[0], 2, D, &array[0]));
  for (int k = 1; k < 4; ++k) {
    RB_TRY(rb_study_read_matrix(study, RB_PRODUCT_CALIBRATION, paths[k], array[0].shape[0], D,
                                &array[k]));
  }
  RB_TRY(rb_study_read(study, RB_PRODUCT_CALIBRATION, "recovery/r", 1, D, &r));
  for (int d = 0; d < D; ++d) {
    write_estimates(out, d, &array[0], &array[1], &array[2], &array[3], limit[d]);
  }
  rb_script_panels(out, figure, "Recovery: estimated against true parameters",
                   "$outside using 1:2:3:4 with yerrorbars pt 7 ps 0.8 lw 1.2 lc rgb blue title "
                   "'median and central 95% interval', NaN with lines lw 2 dt 2 lc rgb "
                   "black title 'identity'");
  for (int d = 0; d < D; ++d) {
    const rb_quantity *p = &study->model->parameters[d];
    rb_script_axis(p, label);
    rb_script_panel(out, figure, figure->rows, figure->columns, d);
    rb_script_range(out, "x", limit[d][0], limit[d][1], 3);
    rb_script_range(out, "y", limit[d][0], limit[d][1], 3);
    rb_script_symbol(p->name, symbol);
    (void)fprintf(out,
                  "set title '{/:Italic r} = %.3f' offset 0,-0.6\n"
                  "set xlabel 'true %s'\nset ylabel 'estimated %s'\n"
                  "plot $estimate%d using 1:2:3:4 with yerrorbars pt 0 lw 0.8 lc rgb '#C00072B2', "
                  "$estimate%d using 1:2 with points pt 7 ps 0.6 lc rgb '#500072B2', "
                  "x with lines lw 2 dt 2 lc rgb black\n",
                  r.v[d], label, label, d, d);
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  for (int k = 0; k < 4; ++k) rb_array_free(&array[k]);
  rb_array_free(&r);
  return status;
}

const rb_figure rb_figure_recovery = {
    .name = "recovery",
    .title = "Recovery",
    .section = RB_SECTION_CALIBRATION,
    .caption =
        "Posterior median and central 95% interval against the true value. Points on the "
        "dashed line are exact; a flat cloud means that the data say little about the "
        "parameter.",
    .source = RB_PRODUCT_CALIBRATION,
    .object = "recovery/records/truth",
    .width = 1200,
    .height = 884,
    .of = RB_PANELS_PARAMETERS,
    .columns = 3,
    .rows = 2,
    .write = draw_recovery};

static rb_status draw_contraction(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  const int D = study->model->dim;
  rb_array z = {0}, contraction = {0};
  char symbol[RB_LABEL];
  RB_TRY(rb_study_read(study, RB_PRODUCT_CALIBRATION, "diagnostics/records/z_score", 2, D, &z));
  const int64_t N = z.shape[0];
  RB_TRY(rb_study_read_matrix(study, RB_PRODUCT_CALIBRATION, "diagnostics/records/contraction", N,
                              D, &contraction));
  int64_t beyond = 0;
  const double edge = 5;
  for (int d = 0; d < D; ++d) {
    rb_script_data(out, "dataset", d);
    for (int64_t i = 0; i < N; i += stride_of(N)) {
      const double value = z.v[i * D + d];
      beyond += fabs(value) > edge;
      rb_script_row(out, 2,
                    (const double[]){contraction.v[i * D + d], fmax(-edge, fmin(edge, value))});
    }
    rb_script_end(out);
  }
  rb_script_panels(out, figure, "Posterior z-score against contraction",
                   "NaN with points pt 7 ps 0.8 lc rgb blue title 'data set', $outside using 1:2 "
                   "with boxes fc rgb '#EEEEEE' title 'truth within two standard deviations'");
  (void)fprintf(out,
                "set xlabel 'contraction'\nset ylabel 'z-score'\nset xrange [-0.04:1.04]\n"
                "set yrange [-5.5:5.5]\nset xtics nomirror 0,0.25,1\nset ytics nomirror -4,2,4\n"
                "set object 1 rectangle from graph 0, first -2 to graph 1, first 2 "
                "fc rgb '#EEEEEE' fs noborder behind\n");
  for (int d = 0; d < D; ++d) {
    rb_script_symbol(study->model->parameters[d].name, symbol);
    rb_script_panel(out, figure, figure->rows, figure->columns, d);
    (void)fprintf(out,
                  "set title '%s' offset 0,-0.6\n"
                  "plot $dataset%d using 1:2 with points pt 7 ps 0.6 lc rgb '#700072B2', "
                  "0 with lines lw 1.5 dt 2 lc rgb black\n",
                  symbol, d);
  }
  (void)fprintf(out, "unset multiplot\n# %lld z-scores beyond +-5 are drawn at +-5\n",
                (long long)beyond);
cleanup:
  rb_array_free(&z);
  rb_array_free(&contraction);
  return status;
}

const rb_figure rb_figure_contraction = {
    .name = "contraction",
    .title = "z-score and contraction",
    .section = RB_SECTION_CALIBRATION,
    .caption =
        "Each point is a data set. To the right: the data narrow the prior down; within "
        "the shaded rows: the truth lies within two posterior standard deviations of the "
        "mean. z-scores beyond 5 are drawn at 5.",
    .source = RB_PRODUCT_CALIBRATION,
    .object = "diagnostics/records/z_score",
    .width = 1200,
    .height = 800,
    .of = RB_PANELS_PARAMETERS,
    .columns = 3,
    .rows = 2,
    .write = draw_contraction};
