#include <math.h>
#include <stdlib.h>

#include "figures.h"

/* The network beside the linear baseline, on the same test sets. */

enum { MEASURES = 4 };
static const struct {
  const char *title, *path;
} measures[MEASURES] = {{"Correlation {/:Italic r} of median and truth", "recovery/r"},
                        {"NRMSE (of the prior''s)", "diagnostics/nrmse"},
                        {"Contraction", "diagnostics/contraction"},
                        {"Calibration error", "diagnostics/calibration_error"}};

/* Datablock of one measure: position, network's value (NaN before it is calibrated), baseline's. */
static rb_status write_measure(const rb_study_data *study, int m, FILE *out, double limit[2]) {
  rb_status status = RB_OK;
  const int D = study->model->dim;
  double *network = NULL, *baseline = NULL;
  if (rb_study_has(study, RB_FROM_CALIBRATION, measures[m].path)) {
    RB_TRY(rb_study_last_row(study, RB_FROM_CALIBRATION, measures[m].path, D, &network));
  }
  RB_TRY(rb_study_last_row(study, RB_FROM_BASELINE_CALIBRATION, measures[m].path, D, &baseline));
  limit[0] = limit[1] = 0;
  rb_script_data(out, "measure", m);
  for (int d = 0; d < D; ++d) {
    const double other = network != NULL ? network[d] : NAN;  // fmin and fmax pass over NaN
    rb_script_row(out, 3, (const double[]){d + 1, other, baseline[d]});
    limit[0] = fmin(limit[0], fmin(other, baseline[d]));
    limit[1] = fmax(limit[1], fmax(other, baseline[d]));
  }
  rb_script_end(out);
cleanup:
  free(network);
  free(baseline);
  return status;
}

rb_status rb_draw_baseline(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  const int D = study->model->dim;
  double limit[MEASURES][2];
  char symbol[RB_LABEL];
  for (int m = 0; m < MEASURES; ++m) RB_TRY(write_measure(study, m, out, limit[m]));
  rb_script_panels(out, figure, "The network beside the linear baseline",
                   "$outside using 1:2 with boxes fc rgb blue title 'network', $outside using 1:2 "
                   "with boxes fc rgb orange title 'linear-Gaussian baseline'");
  (void)fprintf(out, "set boxwidth 0.34\nset xrange [0.4:%.1f]\nset xtics nomirror (", D + 0.6);
  for (int d = 0; d < D; ++d) {
    rb_script_symbol(study->model->parameters[d].name, symbol);
    (void)fprintf(out, "%s'%s' %d", d > 0 ? ", " : "", symbol, d + 1);
  }
  (void)fputs(")\n", out);
  for (int m = 0; m < MEASURES; ++m) {
    const double span = fmax(limit[m][1] - limit[m][0], 1e-9);
    rb_script_panel(out, figure, 2, 2, m);
    rb_script_range(out, "y", limit[m][0] < 0 ? limit[m][0] - 0.06 * span : 0,
                    limit[m][1] + 0.08 * span, 5);
    (void)fprintf(out,
                  "set title '%s' offset 0,-0.6\n"
                  "plot $measure%d using ($1-0.19):2 with boxes fc rgb blue, "
                  "$measure%d using ($1+0.19):3 with boxes fc rgb orange\n",
                  measures[m].title, m, m);
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  return status;
}
