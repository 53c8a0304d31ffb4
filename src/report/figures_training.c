#include <math.h>
#include <stdlib.h>

#include "figures.h"
#include "prior_density.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"

/* What a study starts from, the prior, and the loss of the training. */

enum { PRIOR_BINS = 30 };

/* A histogram as a density: middle and height of each bin, and the bin's width.
 * @param limit (3) ends of the histogram and its highest bin */
static void write_histogram(FILE *out, int index, int64_t n, int64_t stride, const double *x,
                            double limit[3]) {
  double low = x[0], high = x[0];
  int64_t count[PRIOR_BINS] = {0};
  for (int64_t i = 0; i < n; ++i) {
    low = fmin(low, x[i * stride]);
    high = fmax(high, x[i * stride]);
  }
  const double width = high > low ? (high - low) / PRIOR_BINS : 1.0;
  for (int64_t i = 0; i < n; ++i) {
    ++count[rb_script_bin((x[i * stride] - low) / width, PRIOR_BINS)];
  }
  limit[0] = low;
  limit[1] = low + PRIOR_BINS * width;
  limit[2] = 0;
  rb_script_data(out, "draws", index);
  for (int b = 0; b < PRIOR_BINS; ++b) {
    limit[2] = fmax(limit[2], (double)count[b] / (double)n / width);
    rb_script_row(
        out, 3,
        (const double[]){low + (b + 0.5) * width, (double)count[b] / (double)n / width, width});
  }
  rb_script_end(out);
}

static rb_status draw_prior(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  const int D = study->model->dim;
  rb_array theta = {0};
  const double *grid = study->prior_grid, *density = study->prior_density;
  double limit[RB_MAX_PARAMETERS][3];
  char label[RB_LABEL], density_label[RB_LABEL], legend[200];
  RB_TRY(rb_study_read(study, RB_PRODUCT_SIMULATIONS, "prior_check/theta", 2, D, &theta));
  for (int d = 0; d < D; ++d) {
    write_histogram(out, d, theta.shape[0], D, theta.v + d, limit[d]);
    rb_script_curve(out, "density", d, RB_PRIOR_POINTS, grid + (int64_t)d * RB_PRIOR_POINTS,
                    density + (int64_t)d * RB_PRIOR_POINTS);
  }
  (void)snprintf(legend, sizeof legend,
                 "$outside using 1:2 with boxes fc rgb sky title '%lld draws', "
                 "NaN with lines lw 2.5 lc rgb vermilion title 'prior density'",
                 (long long)theta.shape[0]);
  rb_script_panels(out, figure, "Prior of the parameters", legend);
  for (int d = 0; d < D; ++d) {
    const rb_quantity *p = &study->model->parameters[d];
    const double margin = 0.05 * (limit[d][1] - limit[d][0]);
    double top = limit[d][2];
    for (int k = 0; k < RB_PRIOR_POINTS; ++k) top = fmax(top, density[d * RB_PRIOR_POINTS + k]);
    rb_script_axis(p, label);
    rb_script_density_axis(p, density_label);
    rb_script_panel(out, figure, figure->rows, figure->columns, d);
    rb_script_range(out, "x", limit[d][0] - margin, limit[d][1] + margin, 3);
    rb_script_range(out, "y", 0, 1.08 * top, 5);
    (void)fprintf(out,
                  "set xlabel '%s'\nset ylabel '%s' offset 0.8,0\n"
                  "plot $draws%d using 1:2:3 with boxes fc rgb sky, "
                  "$density%d with lines lw 2.5 lc rgb vermilion\n",
                  label, density_label, d, d);
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  rb_array_free(&theta);
  return status;
}

const rb_figure rb_figure_prior = {
    .name = "prior",
    .title = "Prior",
    .section = RB_SECTION_TRAINING,
    .caption =
        "Histograms of draws with the prior's density. Of a clipped parameter, what "
        "would lie beyond an end lies on it, which shows as a taller last bin.",
    .source = RB_PRODUCT_SIMULATIONS,
    .object = "prior_check/theta",
    .width = 1200,
    .height = 800,
    .of = RB_PANELS_PARAMETERS,
    .columns = 3,
    .rows = 2,
    .write = draw_prior};

/* The loss at which the figure ends, infinite if at the highest: a few epochs whose loss is far
 * above the others, the first ones or later, must not hide them. */
static rb_status highest_drawn(rb_context *ctx, const rb_array *loss, const rb_array *validation,
                               double *highest) {
  rb_status status = RB_OK;
  const int64_t epochs = loss->shape[0];
  double *sorted = NULL;
  int64_t n = 0;
  *highest = INFINITY;
  RB_TRY(RB_ALLOCATE(ctx, sorted, 2 * epochs));
  for (int64_t e = 0; e < epochs; ++e) {
    if (isfinite(loss->v[e])) sorted[n++] = loss->v[e];
    if (isfinite(validation->v[e])) sorted[n++] = validation->v[e];
  }
  if (n == 0) goto cleanup;
  rb_sort(n, sorted);
  const double end = sorted[0] + 3 * (rb_quantile_of_sorted(n, sorted, 0.9) - sorted[0]);
  if (sorted[n - 1] > end) *highest = end;
cleanup:
  free(sorted);
  return status;
}

/* At each place the line that fits best, values `age` places away weighing 0.8^age: a straight line
 * stays what it is, and a falling curve does not lag behind. NaN where there is nothing on one
 * side.
 * @param highest what lies above is left out */
static void smooth(int64_t n, const double *x, double highest, double *out) {
  enum { REACH = 40 };  // 0.8^40 is 1e-4
  for (int64_t i = 0; i < n; ++i) {
    double w = 0, wd = 0, wdd = 0, wx = 0, wdx = 0;
    bool before = false, after = false;
    for (int64_t j = i < REACH ? 0 : i - REACH; j < n && j <= i + REACH; ++j) {
      if (x[j] > highest) continue;
      before |= j <= i;
      after |= j >= i;
      const double d = (double)(j - i), weight = pow(0.8, fabs(d));
      w += weight;
      wd += weight * d;
      wdd += weight * d * d;
      wx += weight * x[j];
      wdx += weight * d * x[j];
    }
    const double spread = w * wdd - wd * wd;
    out[i] = !before || !after         ? NAN
             : spread > 1e-9 * w * wdd ? (wdd * wx - wd * wdx) / spread
                                       : wx / w;
  }
}

/* The exact posterior's loss as a line. @return whether the study has it */
static bool write_exact(const rb_study_data *study, int64_t epochs, FILE *out) {
  double loss = 0;
  if (!rb_study_has(study, RB_PRODUCT_EXACT, "summary/exact_loss") ||
      rb_study_number(study, RB_PRODUCT_EXACT, "summary/exact_loss", &loss) != RB_OK) {
    rb_error_clear(study->ctx);
    return false;
  }
  if (!isfinite(loss)) return false;  // no data set has a valid evidence
  rb_script_curve(out, "exact", -1, 2, (const double[]){0.5, (double)epochs},
                  (const double[]){loss, loss});
  return true;
}

static rb_status draw_loss(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  rb_array loss = {0}, validation = {0};
  double *smooth_loss = NULL, *smooth_validation = NULL, highest = 0;
  RB_TRY(rb_study_read(study, RB_PRODUCT_CHECKPOINT, "history/loss", 1, -1, &loss));
  const int64_t epochs = loss.shape[0];
  RB_TRY(rb_study_read(study, RB_PRODUCT_CHECKPOINT, "history/validation_loss", 1, epochs,
                       &validation));
  RB_TRY(RB_ALLOCATE(study->ctx, smooth_loss, epochs));
  RB_TRY(RB_ALLOCATE(study->ctx, smooth_validation, epochs));
  RB_TRY(highest_drawn(study->ctx, &loss, &validation, &highest));
  smooth(epochs, loss.v, highest, smooth_loss);
  smooth(epochs, validation.v, highest, smooth_validation);
  rb_script_data(out, "loss", -1);
  for (int64_t e = 0; e < epochs; ++e) {
    rb_script_row(out, 5,
                  (const double[]){(double)(e + 1), loss.v[e], smooth_loss[e], validation.v[e],
                                   smooth_validation[e]});
  }
  rb_script_end(out);
  const bool exact = write_exact(study, epochs, out);
  rb_script_single(out, figure, "Training: loss by epoch");
  (void)fprintf(out,
                "set xlabel 'epoch'\nset ylabel 'loss (nat)'\n"
                "set xrange [%.1f:%.1f]\nset offsets 0,0,graph 0.03,graph 0.03\n",
                epochs > 1 ? 1.0 : 0.5, epochs > 1 ? (double)epochs : 1.5);
  if (isfinite(highest)) (void)fprintf(out, "set yrange [*:%.6g]\n", highest);
  (void)fputs(
      "plot $loss using 1:2 with linespoints pt 7 ps 0.5 lw 1 lc rgb '#8FC1E3' "
      "title 'training', "
      "$loss using 1:3 with lines lw 3 lc rgb blue title 'training, smoothed', "
      "$loss using 1:4 with linespoints pt 7 ps 0.5 lw 1 lc rgb '#F0B48A' "
      "title 'validation', "
      "$loss using 1:5 with lines lw 3 dt (12,5) lc rgb vermilion title 'validation, smoothed'",
      out);
  if (exact) {
    (void)fputs(
        ", $exact using 1:2 with lines lw 2.5 dt (4,4) lc rgb green title 'exact posterior'", out);
  }
  (void)fputc('\n', out);
cleanup:
  rb_array_free(&loss);
  rb_array_free(&validation);
  free(smooth_loss);
  free(smooth_validation);
  return status;
}

const rb_figure rb_figure_loss = {
    .name = "loss",
    .title = "Training",
    .section = RB_SECTION_TRAINING,
    .caption =
        "The loss by epoch: minus the mean log density of the true parameters, in units "
        "of the prior's standard deviations, without clipped truths; the loss of the "
        "calibration is the same of other data sets. Smoothed by local lines (weights 0.8^age). "
        "Losses far above the others, as the first may be, are cut off. "
        "Training losses are taken with dropout, so the validation loss may lie below "
        "them. A validation loss that rises while the training loss falls means "
        "overfitting. After <code>refine</code>: the loss of the exact posterior.",
    .source = RB_PRODUCT_CHECKPOINT,
    .object = "history/loss",
    .width = 1200,
    .height = 680,
    .write = draw_loss};
