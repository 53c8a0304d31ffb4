#include <math.h>
#include <stdlib.h>

#include "figures.h"
#include "rheobase/base/memory.h"

/* Simulated recordings of a study's prior. */

enum { TRACE_ROWS = 512, TRACES = 6 };

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
  const int mask = rb_model_channel(model, RB_CHANNEL_MASK);
  for (int c = 0; mask >= 0 && c < model->channels; ++c) {
    if (!rb_channel_is_course(&model->channel[c])) continue;
    for (int64_t k = 0; k < r->n * r->L; ++k) {
      if (r->channel[mask].v[k] > 0.5) r->channel[c].v[k] = NAN;
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

/* The channel whose course is drawn: the first that is continuous. @return -1: none is, the
 * recordings are events only */
static int drawn_channel(const rb_model *model) {
  for (int c = 0; c < model->channels; ++c) {
    if (rb_channel_is_course(&model->channel[c])) return c;
  }
  return -1;
}

static bool has_events(const rb_model *model) {
  for (int c = 0; c < model->channels; ++c) {
    if (rb_channel_is_event(&model->channel[c])) return true;
  }
  return false;
}

static bool is_event(const rb_model *model, const recordings *r, int64_t sample) {
  for (int c = 0; c < model->channels; ++c) {
    if (rb_channel_is_event(&model->channel[c]) && r->channel[c].v[sample] > 0.5) return true;
  }
  return false;
}

/* Panel @p k of a data set's course: that as $trace<k>, where an event is as $event<k>. Widens
 * @p limit. */
static void write_course(const rb_model *model, const recordings *r, const rb_array *axis, int k,
                         int64_t row, double limit[2], FILE *out) {
  const double *course = r->channel[drawn_channel(model)].v + row * r->L;
  rb_script_trace(out, "trace", k, r->L, axis->v[0], model->axis_step, course);
  rb_script_data(out, "event", k);
  rb_script_row(out, 1, (const double[]){NAN});  // a datablock must not be empty
  for (int64_t t = 0; t < r->L; ++t) {
    limit[0] = fmin(limit[0], course[t]);
    limit[1] = fmax(limit[1], course[t]);
    if (is_event(model, r, row * r->L + t)) rb_script_row(out, 1, (const double[]){axis->v[t]});
  }
  rb_script_end(out);
}

/* Recordings of one data set, which a raster shows one above the other. */
static int raster_rows(const rb_model *model) {
  return model->recordings > 1 ? model->recordings : 1;
}

/* Panel @p k of a data set of events only, $event<k>: place and row of each, as many as can be told
 * apart. */
static void write_raster(const rb_model *model, const recordings *r, const rb_array *axis, int k,
                         int64_t row, FILE *out) {
  const int64_t T = r->L / raster_rows(model), stretch = rb_script_stretch(T);
  rb_script_data(out, "event", k);
  rb_script_row(out, 2, (const double[]){NAN, NAN});
  for (int recording = 0; recording < raster_rows(model); ++recording) {
    const int64_t begin = row * r->L + recording * T;
    for (int64_t t = 0, next = 0; t < T; ++t) {
      if (t < next || !is_event(model, r, begin + t)) continue;
      rb_script_row(out, 2, (const double[]){axis->v[t], recording});
      next = t - t % stretch + stretch;
    }
  }
  rb_script_end(out);
}

/* Panels, axes and legend of courses. @return the height at which events are marked */
static double begin_courses(const rb_model *model, const rb_figure *figure, const rb_array *axis,
                            const double limit[2], FILE *out) {
  const double span = limit[1] > limit[0] ? limit[1] - limit[0] : 1;
  char label[RB_LABEL];
  rb_script_panels(out, figure, figure->title,
                   has_events(model) ? "NaN with lines lw 2 lc rgb blue title 'course', "
                                       "NaN with points pt 11 ps 1.2 lc rgb vermilion title 'event'"
                                     : "NaN with lines lw 2 lc rgb blue title 'course'");
  rb_script_samples(out, axis->shape[0], axis->v, model->axis_step, 4);
  rb_script_range(out, "y", limit[0] - 0.03 * span, limit[1] + 0.18 * span, 5);
  rb_script_axis(&model->channel[drawn_channel(model)].quantity, label);
  (void)fprintf(out, "set ylabel '%s'\n", label);
  return limit[1] + 0.08 * span;
}

static void begin_rasters(const rb_model *model, const rb_figure *figure, const rb_array *axis,
                          FILE *out) {
  const int rows = raster_rows(model);
  rb_script_panels(out, figure, figure->title,
                   "NaN with lines lw 2 lc rgb vermilion title 'event'");
  rb_script_samples(out, axis->shape[0] / rows, axis->v, model->axis_step, 4);
  (void)fprintf(out, "set yrange [%g:-0.6]\nunset ytics\nset ylabel '%s'\n", rows - 0.4,
                rows > 1 ? "recording" : "");
}

static void plot_course(FILE *out, int k, bool line, double event_at) {
  (void)fprintf(out,
                "plot $trace%d using 1:2 with %s lw 1.2 lc rgb blue, "
                "$event%d using 1:(%.6g) with points pt 11 ps 1.1 lc rgb vermilion\n",
                k, line ? "lines" : "points pt 7 ps 1.2", k, event_at);
}

static void plot_raster(FILE *out, int k) {
  (void)fprintf(out,
                "plot $event%d using 1:($2 - 0.4):(0):(0.8) with vectors nohead lw 1.2 "
                "lc rgb vermilion\n",
                k);
}

static rb_status draw_traces(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  const rb_model *model = study->model;
  const bool courses = drawn_channel(model) >= 0;
  rb_array axis = {0};
  recordings r = {0};
  int64_t chosen[TRACES] = {0};
  double limit[2] = {INFINITY, -INFINITY}, event_at = 0;
  char label[RB_LABEL], words[RB_LABEL] = "";
  RB_TRY(rb_study_read(study, RB_PRODUCT_SIMULATIONS, model->axis.name, 1, -1, &axis));
  RB_TRY(read_recordings(study, axis.shape[0], &r));
  choose_traces(r.n, r.activity, chosen);
  for (int k = 0; k < TRACES; ++k) {
    if (courses) write_course(model, &r, &axis, k, chosen[k], limit, out);
    if (!courses) write_raster(model, &r, &axis, k, chosen[k], out);
  }
  if (courses) event_at = begin_courses(model, figure, &axis, limit, out);
  if (!courses) begin_rasters(model, figure, &axis, out);
  rb_script_scale(&model->axis, label);
  (void)fprintf(out, "set xlabel '%s'\n", label);
  if (model->activity != NULL) rb_script_words(model->activity_quantity.name, words);
  for (int k = 0; k < TRACES; ++k) {
    rb_script_panel(out, figure, 2, 3, k);
    if (model->activity != NULL) {
      (void)fprintf(out, "set title '%s %g' offset 0,-0.6\n", words, r.activity[chosen[k]]);
    }
    if (courses) plot_course(out, k, r.L > 1, event_at);
    if (!courses) plot_raster(out, k);
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
        "activity to the most. Where only events are seen each recording is a row of a raster.",
    .source = RB_PRODUCT_SIMULATIONS,
    .object = "shape_check",
    .width = 1200,
    .height = 800,
    .write = draw_traces};
