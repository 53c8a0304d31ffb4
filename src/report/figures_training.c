#include <math.h>
#include <stdlib.h>

#include "figures.h"
#include "prior_density.h"
#include "rheobase/base/memory.h"

/* What a study starts from: the prior, simulated traces, the loss of the training. */

enum { PRIOR_BINS = 30, TRACE_ROWS = 512, TRACES = 6 };

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

/* The rows with evenly spaced places in the order of their activity, least first. */
static void choose_traces(int64_t n, const double *activity, int64_t chosen[TRACES]) {
  for (int k = 0; k < TRACES; ++k) {
    const int64_t place = n > 1 ? k * (n - 1) / (TRACES - 1) : 0;
    for (int64_t i = 0; i < n; ++i) {  // the row with this place
      int64_t before = 0;
      for (int64_t j = 0; j < n; ++j) {
        before += activity[j] < activity[i] || (activity[j] == activity[i] && j < i);
      }
      if (before == place) chosen[k] = i;
    }
  }
}

#define COURSE "NaN with lines lw 2 lc rgb blue title 'course'"

/* The simulated recordings that are looked at. */
typedef struct recordings {
  int64_t n, L;
  rb_array channel[RB_MAX_CHANNELS];  // (n, L)
  double *activity;                   // (n), 0 where the model knows none
} recordings;

static void recordings_free(recordings *r) {
  for (int c = 0; c < RB_MAX_CHANNELS; ++c) rb_array_free(&r->channel[c]);
  free(r->activity);
}

/* Takes away what was not observed: its place is left free. */
static void hide_masked(const rb_model *model, recordings *r) {
  for (int m = 0; m < model->channels; ++m) {
    if (model->channel[m].role != RB_CHANNEL_MASK) continue;
    for (int c = 0; c < model->channels; ++c) {
      if (!rb_channel_is_course(&model->channel[c])) continue;
      for (int64_t k = 0; k < r->n * r->L; ++k) {
        if (r->channel[m].v[k] > 0.5) r->channel[c].v[k] = NAN;
      }
    }
  }
}

static rb_status read_recordings(const rb_study_data *study, int64_t L, recordings *r) {
  rb_status status = RB_OK;
  const rb_model *model = study->model;
  float *x = NULL;
  r->L = L;
  r->n = TRACE_ROWS;
  for (int c = 0; c < model->channels; ++c) {
    char path[RB_LABEL];
    (void)snprintf(path, sizeof path, "shape_check/%.100s", model->channel[c].quantity.name);
    RB_TRY(rb_study_read_rows(study, RB_PRODUCT_SIMULATIONS, path, r->n, L, &r->channel[c]));
    r->n = r->channel[c].shape[0];
  }
  RB_TRY(RB_ALLOCATE(study->ctx, r->activity, r->n));
  RB_TRY(RB_ALLOCATE(study->ctx, x, model->channels * L));
  for (int64_t i = 0; i < r->n && model->activity != NULL && L == model->length; ++i) {
    for (int64_t k = 0; k < model->channels * L; ++k) {
      x[k] = (float)r->channel[k / L].v[i * L + k % L];
    }
    r->activity[i] = model->activity(model, x);
  }
  hide_masked(model, r);
cleanup:
  free(x);
  return status;
}

/* The channel whose course is drawn: the first that is continuous. */
static int drawn_channel(const rb_model *model) {
  for (int c = 0; c < model->channels; ++c) {
    if (rb_channel_is_course(&model->channel[c])) return c;
  }
  return 0;
}

/* A recording: its course as $trace<k>, where any channel of events is 1 as $event<k>. Widens
 * @p limit. */
static void write_trace(const rb_model *model, const recordings *r, const rb_array *axis, int k,
                        int64_t row, double limit[2], FILE *out) {
  const int drawn = drawn_channel(model);
  const double *course = r->channel[drawn].v + row * r->L;
  rb_script_trace(out, "trace", k, r->L, axis->v[0], model->axis_step, course);
  rb_script_data(out, "event", k);
  rb_script_row(out, 1, (const double[]){NAN});  // a datablock must not be empty
  for (int64_t t = 0; t < r->L; ++t) {
    bool event = false;
    for (int c = 0; c < model->channels; ++c) {
      event = event ||
              (rb_channel_is_event(&model->channel[c]) && r->channel[c].v[row * r->L + t] > 0.5);
    }
    limit[0] = fmin(limit[0], course[t]);
    limit[1] = fmax(limit[1], course[t]);
    if (event) rb_script_row(out, 1, (const double[]){axis->v[t]});
  }
  rb_script_end(out);
}

static rb_status draw_traces(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  const rb_model *model = study->model;
  rb_array axis = {0};
  recordings r = {0};
  int64_t chosen[TRACES] = {0};
  double limit[2] = {INFINITY, -INFINITY};
  char label[RB_LABEL], words[RB_LABEL] = "";
  RB_TRY(rb_study_read(study, RB_PRODUCT_SIMULATIONS, model->axis.name, 1, -1, &axis));
  RB_TRY(read_recordings(study, axis.shape[0], &r));
  choose_traces(r.n, r.activity, chosen);
  for (int k = 0; k < TRACES; ++k) write_trace(model, &r, &axis, k, chosen[k], limit, out);
  const double span = limit[1] > limit[0] ? limit[1] - limit[0] : 1;
  bool events = false;
  for (int c = 0; c < model->channels; ++c)
    events = events || rb_channel_is_event(&model->channel[c]);
  if (model->activity != NULL) rb_script_words(model->activity_quantity.name, words);
  rb_script_panels(
      out, figure, "Simulated recordings",
      events ? COURSE ", NaN with points pt 11 ps 1.2 lc rgb vermilion title 'event'" : COURSE);
  rb_script_samples(out, r.L, axis.v, model->axis_step, 4);
  rb_script_range(out, "y", limit[0] - 0.03 * span, limit[1] + 0.18 * span, 5);
  rb_script_scale(&model->axis, label);
  (void)fprintf(out, "set xlabel '%s'\n", label);
  rb_script_axis(&model->channel[drawn_channel(model)].quantity, label);
  (void)fprintf(out, "set ylabel '%s'\n", label);
  for (int k = 0; k < TRACES; ++k) {
    rb_script_panel(out, figure, 2, 3, k);
    if (model->activity != NULL) {
      (void)fprintf(out, "set title '%s %g' offset 0,-0.6\n", words, r.activity[chosen[k]]);
    }
    (void)fprintf(out,
                  "plot $trace%d using 1:2 with %s lw 1.2 lc rgb blue, "
                  "$event%d using 1:(%.6g) with points pt 11 ps 1.1 lc rgb vermilion\n",
                  k, r.L > 1 ? "lines" : "points pt 7 ps 1.2", k, limit[1] + 0.08 * span);
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  rb_array_free(&axis);
  recordings_free(&r);
  return status;
}

const rb_figure rb_figure_traces = {
    .name = "traces",
    .title = "Simulated recordings",
    .section = RB_SECTION_TRAINING,
    .caption =
        "What the simulator makes of six parameter vectors of the prior, from the least "
        "activity to the most.",
    .source = RB_PRODUCT_SIMULATIONS,
    .object = "shape_check",
    .width = 1200,
    .height = 800,
    .write = draw_traces};

/* Exponential moving average with weights 0.8^age that sum to one. */
static void smooth(int64_t n, const double *x, double *out) {
  const double factor = 0.8;
  double sum = 0, weight = 0;
  for (int64_t i = 0; i < n; ++i) {
    sum = factor * sum + x[i];
    weight = factor * weight + 1;
    out[i] = sum / weight;
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
  double *smooth_loss = NULL, *smooth_validation = NULL;
  RB_TRY(rb_study_read(study, RB_PRODUCT_CHECKPOINT, "history/loss", 1, -1, &loss));
  const int64_t epochs = loss.shape[0];
  RB_TRY(rb_study_read(study, RB_PRODUCT_CHECKPOINT, "history/validation_loss", 1, epochs,
                       &validation));
  RB_TRY(RB_ALLOCATE(study->ctx, smooth_loss, epochs));
  RB_TRY(RB_ALLOCATE(study->ctx, smooth_validation, epochs));
  smooth(epochs, loss.v, smooth_loss);
  smooth(epochs, validation.v, smooth_validation);
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
        "calibration is the same of other data sets. Smoothed exponentially (0.8). "
        "Training losses are taken with dropout, so the validation loss may lie below "
        "them. A validation loss that rises while the training loss falls means "
        "overfitting. After <code>refine</code>: the loss of the exact posterior.",
    .source = RB_PRODUCT_CHECKPOINT,
    .object = "history/loss",
    .width = 1200,
    .height = 680,
    .write = draw_loss};
