#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "rheobase/base/memory.h"

/* The posterior predictive check. */

#define FROM RB_PRODUCT_PREDICTIVE

enum { BINS = 24, PATH = 160 };

#define LEGEND                                                         \
  "NaN with filledcurves fc rgb '#A8CFE8' title '90% of replicates', " \
  "NaN with lines lw 2.5 lc rgb blue title 'median', "                 \
  "NaN with lines lw 1.2 lc rgb '#333333' title 'observation'"

/* The arrays of one continuous channel. */
typedef struct band {
  rb_array observed, low, median, high;
  double coverage;
} band;

static void band_free(band *b) {
  rb_array_free(&b->observed);
  rb_array_free(&b->low);
  rb_array_free(&b->median);
  rb_array_free(&b->high);
}

static rb_status read_band(const rb_study_data *study, const char *name, int64_t L, band *b) {
  rb_status status = RB_OK;
  char path[PATH];
  (void)snprintf(path, sizeof path, "observation/%s", name);
  RB_TRY(rb_study_read(study, FROM, path, 1, L, &b->observed));
  (void)snprintf(path, sizeof path, "%s_low", name);
  RB_TRY(rb_study_read(study, FROM, path, 1, L, &b->low));
  (void)snprintf(path, sizeof path, "%s_median", name);
  RB_TRY(rb_study_read(study, FROM, path, 1, L, &b->median));
  (void)snprintf(path, sizeof path, "%s_high", name);
  RB_TRY(rb_study_read(study, FROM, path, 1, L, &b->high));
  (void)snprintf(path, sizeof path, "%s_coverage", name);
  RB_TRY(rb_study_number(study, FROM, path, &b->coverage));
cleanup:
  return status;
}

/* Writes a channel's data and its panel. @param binary number of binary channels, in $events */
static void draw_band(const rb_model *model, int index, const rb_channel *channel,
                      const rb_array *axis, const band *b, int binary, FILE *out) {
  char x_label[RB_LABEL], y_label[RB_LABEL];
  const int64_t L = axis->shape[0];
  double least = INFINITY, most = -INFINITY;
  const int64_t stretch = rb_script_stretch(L);
  rb_script_trace(out, "observed", index, L, axis->v[0], model->axis_step, b->observed.v);
  rb_script_data(out, "band", index);
  for (int64_t t = 0; t < L; t += stretch) {
    double low = INFINITY, high = -INFINITY;
    for (int64_t k = t; k < t + stretch && k < L; ++k) {
      low = fmin(low, b->low.v[k]);
      high = fmax(high, b->high.v[k]);
      least = fmin(least, b->observed.v[k]);
      most = fmax(most, b->observed.v[k]);
    }
    least = fmin(least, low);
    most = fmax(most, high);
    rb_script_row(out, 4, (const double[]){axis->v[t], low, b->median.v[t], high});
  }
  rb_script_end(out);
  if (!(most >= least)) least = most = 0;  // all is masked
  const double span = most > least ? most - least : 1;
  rb_script_samples(out, L, axis->v, model->axis_step, 10);
  rb_script_range(out, "y", least - 0.03 * span, most + 0.1 * span, 6);
  rb_script_scale(&model->axis, x_label);
  rb_script_axis(&channel->quantity, y_label);
  if (isnan(b->coverage)) {
    (void)fputs("set title 'nothing of the observation is seen' offset 0,-0.6\n", out);
  } else {
    (void)fprintf(out, "set title '%.1f%% of the observation lie inside' offset 0,-0.6\n",
                  100 * b->coverage);
  }
  (void)fprintf(out, "set xlabel '%s'\nset ylabel '%s'\n", x_label, y_label);
  (void)fprintf(out,
                L > 1 ? "plot $band%d using 1:2:4 with filledcurves fc rgb '#A8CFE8', "
                        "$observed%d using 1:2 with lines lw 1.2 lc rgb '#333333', "
                        "$band%d using 1:3 with lines lw 2.5 lc rgb blue"
                      : "plot $band%d using 1:3:2:4 with yerrorbars pt 0 lw 12 lc rgb '#A8CFE8', "
                        "$observed%d using 1:2 with points pt 2 ps 1.6 lw 2 lc rgb '#333333', "
                        "$band%d using 1:3 with points pt 7 ps 1.6 lc rgb blue",
                index, index, index);
  if (binary > 0) {
    (void)fprintf(out, ", $events using 1:(%.6g) with points pt 11 ps 1.5 lc rgb vermilion",
                  most + 0.05 * span);
  }
  (void)fputc('\n', out);
}

/* Where the binary channels are 1, in datablock $events. */
static rb_status write_events(const rb_study_data *study, const rb_array *axis, int *binary,
                              FILE *out) {
  rb_status status = RB_OK;
  const rb_model *model = study->model;
  rb_array events = {0};
  rb_script_data(out, "events", -1);
  rb_script_row(out, 1, (const double[]){NAN});  // a datablock must not be empty
  for (int c = 0; c < model->channels; ++c) {
    char path[PATH];
    if (!rb_channel_is_event(&model->channel[c])) continue;
    *binary += 1;
    (void)snprintf(path, sizeof path, "observation/%s", model->channel[c].quantity.name);
    RB_TRY(rb_study_read(study, FROM, path, 1, axis->shape[0], &events));
    for (int64_t t = 0; t < axis->shape[0]; ++t) {
      if (events.v[t] > 0.5) rb_script_row(out, 1, (const double[]){axis->v[t]});
    }
    rb_array_free(&events);
  }
  rb_script_end(out);
cleanup:
  rb_array_free(&events);
  return status;
}

/* Takes away what was not observed: its place is left free. */
static rb_status hide_masked(const rb_study_data *study, int64_t L, band *b) {
  rb_status status = RB_OK;
  const int c = rb_model_channel(study->model, RB_CHANNEL_MASK);
  rb_array mask = {0};
  char path[PATH];
  if (c < 0) return RB_OK;
  (void)snprintf(path, sizeof path, "observation/%s", study->model->channel[c].quantity.name);
  RB_TRY(rb_study_read(study, FROM, path, 1, L, &mask));
  for (int64_t t = 0; t < L; ++t) {
    if (mask.v[t] > 0.5) b->observed.v[t] = NAN;
  }
cleanup:
  rb_array_free(&mask);
  return status;
}

static rb_status draw_predictive(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  const rb_model *model = study->model;
  rb_array axis = {0};
  band b = {0};
  int binary = 0, panel = 0;
  RB_TRY(rb_study_read(study, FROM, model->axis.name, 1, -1, &axis));
  RB_TRY(write_events(study, &axis, &binary, out));
  rb_script_panels(
      out, figure, "Posterior predictive check",
      binary > 0 ? LEGEND ", NaN with points pt 11 ps 1.5 lc rgb vermilion title 'event'" : LEGEND);
  for (int c = 0; c < model->channels; ++c) {
    if (!rb_channel_is_course(&model->channel[c])) continue;
    RB_TRY(read_band(study, model->channel[c].quantity.name, axis.shape[0], &b));
    RB_TRY(hide_masked(study, axis.shape[0], &b));
    rb_script_panel(out, figure, figure->rows, figure->columns, panel);
    draw_band(model, panel++, &model->channel[c], &axis, &b, binary, out);
    band_free(&b);
    b = (band){0};
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  band_free(&b);
  rb_array_free(&axis);
  return status;
}

const rb_figure rb_figure_predictive = {
    .name = "predictive",
    .title = "Posterior predictive check: recordings",
    .section = RB_SECTION_PREDICTIVE,
    .caption =
        "Recordings simulated from posterior draws beside the observation: it should lie "
        "inside the band about nine times in ten. What a mask hides is left out.",
    .source = RB_PRODUCT_PREDICTIVE,
    .object = "refused_draws",
    .width = 1200,
    .height = 600,
    .of = RB_PANELS_CHANNELS,
    .columns = 1,
    .rows = 1,
    .write = draw_predictive};

/* Where a statistic's histogram lies. */
typedef struct histogram {
  double low, width;  // of the first bin, of each
  int bins;
} histogram;

/* The range of the replicates and of the observed value; of few whole numbers a bin for each. */
static histogram make_histogram(const rb_array *values, int index, double observed) {
  const int64_t K = values->shape[0], S = values->shape[1];
  bool whole = observed == floor(observed);
  double low = isfinite(observed) ? observed : 0, high = low;
  for (int64_t k = 0; k < K; ++k) {
    const double x = values->v[k * S + index];
    if (!isfinite(x)) continue;
    whole = whole && x == floor(x);
    low = fmin(low, x);
    high = fmax(high, x);
  }
  if (whole && high - low < BINS - 2) return (histogram){low - 1.5, 1, (int)(high - low) + 3};
  const double margin = 0.04 * (high - low) + 1e-9 * (1 + fabs(high));
  return (histogram){low - margin, (high - low + 2 * margin) / BINS, BINS};
}

/* Writes it as $counts<index>. @return the highest bar */
static double write_histogram(FILE *out, int index, const rb_array *values, const histogram *h) {
  const int64_t K = values->shape[0], S = values->shape[1];
  double here[BINS] = {0}, most = 1;
  for (int64_t k = 0; k < K; ++k) {
    const double x = values->v[k * S + index];
    if (isfinite(x)) here[rb_script_bin((x - h->low) / h->width, h->bins)] += 1;
  }
  rb_script_data(out, "counts", index);
  for (int i = 0; i < h->bins; ++i) {
    most = fmax(most, here[i]);
    rb_script_row(out, 2, (const double[]){h->low + (i + 0.5) * h->width, here[i]});
  }
  rb_script_end(out);
  return most;
}

static void draw_statistic(const rb_study_data *study, const rb_figure *figure, int index,
                           const rb_array *values, double observed, double percentile, FILE *out) {
  const rb_quantity *statistic = &study->model->summary[index];
  char words[RB_LABEL];
  const bool bare = strcmp(statistic->unit, "1") == 0;
  const histogram h = make_histogram(values, index, observed);
  const double most = write_histogram(out, index, values, &h);
  rb_script_curve(out, "observed", index, 2, (const double[]){observed, observed},
                  (const double[]){0, 1.1 * most});
  rb_script_words(statistic->name, words);
  rb_script_panel(out, figure, figure->rows, figure->columns, index);
  const double high = h.low + h.bins * h.width;
  rb_script_range(out, "x", h.low, high, fmax(fabs(h.low), fabs(high)) < 0.1 ? 2 : 3);
  rb_script_range(out, "y", 0, 1.1 * most, 4);
  (void)fprintf(out, "set title '%.4g: percentile %.0f' offset 0,-0.6\n", observed,
                100 * percentile);
  (void)fprintf(out, "set xlabel '%s%s%s%s'\n", words, bare ? "" : " (",
                bare ? "" : statistic->unit, bare ? "" : ")");
  (void)fprintf(out,
                "set ylabel 'replicates'\nset boxwidth %.9g\n"
                "plot $counts%d using 1:2 with boxes fc rgb sky, "
                "$observed%d using 1:2 with lines lw 4 lc rgb vermilion\n",
                0.9 * h.width, index, index);
}

static rb_status draw_statistics(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  const int count = study->model->summaries;
  rb_array values = {0}, observed = {0}, percentile = {0};
  RB_TRY(rb_study_read(study, FROM, "replicates", 2, count, &values));
  RB_TRY(rb_study_read(study, FROM, "observed", 1, count, &observed));
  RB_TRY(rb_study_read(study, FROM, "percentile", 1, count, &percentile));
  rb_script_panels(out, figure, "Statistics of the replicates and of the observation",
                   "NaN with boxes fc rgb sky title 'replicates', "
                   "NaN with lines lw 4 lc rgb vermilion title 'observation'");
  for (int s = 0; s < count; ++s) {
    draw_statistic(study, figure, s, &values, observed.v[s], percentile.v[s], out);
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  rb_array_free(&values);
  rb_array_free(&observed);
  rb_array_free(&percentile);
  return status;
}

const rb_figure rb_figure_statistics = {
    .name = "statistics",
    .title = "Posterior predictive check: statistics",
    .section = RB_SECTION_PREDICTIVE,
    .caption =
        "Statistics of the replicates and of the observation: a value at the edge of its "
        "histogram means that the model, or its posterior, misses something.",
    .source = RB_PRODUCT_PREDICTIVE,
    .object = "percentile",
    .width = 1200,
    .height = 750,
    .of = RB_PANELS_STATISTICS,
    .columns = 3,
    .rows = 2,
    .write = draw_statistics};
