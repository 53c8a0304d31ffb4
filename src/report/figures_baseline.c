#include <math.h>

#include "comparison.h"
#include "figures.h"

/* The network beside the linear baseline, on the same test sets. */

/* Datablock of one measure: position, network's value (NaN before it is calibrated), baseline's. */
static void write_measure(const rb_comparison *c, int m, int D, FILE *out, double limit[2]) {
  const double *network = c->value[m][RB_NETWORK], *baseline = c->value[m][RB_LINEAR];
  limit[0] = limit[1] = 0;
  rb_script_data(out, "measure", m);
  for (int d = 0; d < D; ++d) {
    rb_script_row(out, 3, (const double[]){d + 1, network[d], baseline[d]});
    // fmin and fmax pass over NaN
    limit[0] = fmin(limit[0], fmin(network[d], baseline[d]));
    limit[1] = fmax(limit[1], fmax(network[d], baseline[d]));
  }
  rb_script_end(out);
}

/* More names than these would run into each other. */
enum { MOST_LEVEL = 8 };

static rb_status draw_baseline(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  const int D = study->model->dim;
  rb_comparison comparison = {0};
  double limit[RB_COMPARED_MEASURES][2];
  char symbol[RB_LABEL];
  RB_TRY(rb_comparison_read(study, &comparison));
  for (int m = 0; m < RB_COMPARED_MEASURES; ++m) write_measure(&comparison, m, D, out, limit[m]);
  rb_script_panels(out, figure, "The network beside the linear baseline",
                   "$outside using 1:2 with boxes fc rgb blue title 'network', $outside using 1:2 "
                   "with boxes fc rgb orange title 'linear-Gaussian baseline'");
  (void)fprintf(out, "set boxwidth 0.34\nset xrange [0.4:%.1f]\nset xtics nomirror (", D + 0.6);
  for (int d = 0; d < D; ++d) {
    rb_script_symbol(study->model->parameters[d].name, symbol);
    (void)fprintf(out, "%s'%s' %d", d > 0 ? ", " : "", symbol, d + 1);
  }
  (void)fputs(D > MOST_LEVEL ? ") rotate by 90 right font ',10'\n" : ")\n", out);
  for (int m = 0; m < RB_COMPARED_MEASURES; ++m) {
    const double span = fmax(limit[m][1] - limit[m][0], 1e-9);
    rb_script_panel(out, figure, 2, 2, m);
    rb_script_range(out, "y", limit[m][0] < 0 ? limit[m][0] - 0.06 * span : 0,
                    limit[m][1] + 0.08 * span, 5);
    (void)fprintf(out,
                  "set title '%s' offset 0,-0.6\n"
                  "plot $measure%d using ($1-0.19):2 with boxes fc rgb blue, "
                  "$measure%d using ($1+0.19):3 with boxes fc rgb orange\n",
                  rb_compared_measures[m].title, m, m);
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  rb_comparison_free(&comparison);
  return status;
}

const rb_figure rb_figure_baseline = {
    .name = "baseline",
    .title = "Network and baseline",
    .section = RB_SECTION_BASELINE,
    .caption =
        "The network and ridge regression with a Gaussian of one covariance, on the same "
        "test sets: what the network adds. Higher is better for correlation and "
        "contraction (unless it is overconfidence), lower for NRMSE and calibration "
        "error.",
    .source = RB_PRODUCT_BASELINE_CALIBRATION,
    .object = "diagnostics/nrmse",
    .width = 1200,
    .height = 884,
    .write = draw_baseline};
