#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"

/* What posterior draws predict of a sweep, over what was recorded. */

#define FROM RB_PRODUCT_PREDICTION
#define SWEEP "sweeps/0000/"

enum { PANELS = 3, MOST_RUNS = 30, MOST_POINTS = 2500 };
static const double ZOOM_MS = 500;

/* The first sweep of the file. */
typedef struct sweep {
  rb_array time, recorded, spike, low, median, high, runs;
} sweep;

static void free_sweep(sweep *s) {
  rb_array_free(&s->time);
  rb_array_free(&s->recorded);
  rb_array_free(&s->spike);
  rb_array_free(&s->low);
  rb_array_free(&s->median);
  rb_array_free(&s->high);
  rb_array_free(&s->runs);
}

static rb_status read_sweep(const rb_study_data *study, sweep *s) {
  rb_status status = RB_OK;
  RB_TRY(rb_study_read(study, FROM, SWEEP "time_ms", 1, -1, &s->time));
  const int64_t T = s->time.shape[0];
  RB_TRY(rb_study_read(study, FROM, SWEEP "voltage_mV", 1, T, &s->recorded));
  RB_TRY(rb_study_read(study, FROM, SWEEP "spike", 1, T, &s->spike));
  RB_TRY(rb_study_read(study, FROM, SWEEP "low", 1, T, &s->low));
  RB_TRY(rb_study_read(study, FROM, SWEEP "median", 1, T, &s->median));
  RB_TRY(rb_study_read(study, FROM, SWEEP "high", 1, T, &s->high));
  RB_TRY(rb_study_read_rows(study, FROM, SWEEP "runs", MOST_RUNS, T, &s->runs));
cleanup:
  return status;
}

/* Where the zoomed window begins: where it holds most spikes. */
static int64_t find_zoom(const sweep *s, int64_t width) {
  const int64_t T = s->time.shape[0];
  int64_t best = 0;
  double here = 0, most = -1;
  for (int64_t n = 0; n < T; ++n) {
    here += s->spike.v[n];
    if (n >= width) here -= s->spike.v[n - width];
    if (n >= width - 1 && here > most) {
      most = here;
      best = n - width + 1;
    }
  }
  return best;
}

/* Steps first .. end-1 as thin as the figure can show them, least and largest of each bin. */
static void write_traces(FILE *out, int index, const sweep *s, int64_t first, int64_t end) {
  const int64_t width = (end - first) / MOST_POINTS + 1;
  rb_script_data(out, "band", index);
  for (int64_t n = first; n < end; n += width) {
    double least = INFINITY, most = -INFINITY, low = INFINITY, high = -INFINITY;
    for (int64_t k = n; k < n + width && k < end; ++k) {
      least = fmin(least, s->recorded.v[k]);
      most = fmax(most, s->recorded.v[k]);
      low = fmin(low, s->low.v[k]);
      high = fmax(high, s->high.v[k]);
    }
    rb_script_row(out, 6, (const double[]){s->time.v[n], low, high, s->median.v[n], least, most});
  }
  rb_script_end(out);
}

/* Spikes of the recording at height 0, of runs below it. */
static void write_raster(FILE *out, const sweep *s) {
  const int64_t T = s->time.shape[0];
  for (int64_t r = -1; r < s->runs.shape[0]; ++r) {
    if (r <= 0) {
      if (r == 0) rb_script_end(out);
      rb_script_data(out, r < 0 ? "recorded" : "runs", -1);
      rb_script_row(out, 2, (const double[]){NAN, NAN});  // gnuplot wants a row
    }
    const double *spike = r < 0 ? s->spike.v : s->runs.v + r * T;
    for (int64_t n = 0; n < T; ++n) {
      if (spike[n] > 0.5) {
        rb_script_row(out, 2, (const double[]){s->time.v[n], r < 0 ? 1.5 : -1.0 - (double)r});
      }
    }
  }
  rb_script_end(out);
}

static void draw_traces(FILE *out, const rb_figure *figure, int panel, const sweep *s,
                        int64_t first, int64_t end) {
  double low = INFINITY, high = -INFINITY;
  for (int64_t n = first; n < end; ++n) {
    low = fmin(low, fmin(s->recorded.v[n], s->low.v[n]));
    high = fmax(high, s->recorded.v[n]);
  }
  const double margin = fmax(0.05 * (high - low), 1e-3);
  rb_script_panel(out, figure, PANELS, 1, panel);
  rb_script_inner_tics(out, "x", s->time.v[first], s->time.v[end - 1], 10);
  rb_script_range(out, "y", low - margin, high + margin, 5);
  (void)fprintf(
      out,
      "set title '%s' offset 0,-0.6\nset xlabel '%s'\nset ylabel 'potential (mV)'\n"
      "plot $band%d using 1:2:3 with filledcurves fc rgb '#A8CFE8', $band%d using 1:5:6 "
      "with filledcurves fc rgb '#555555' fs solid noborder, $band%d using 1:5 with lines "
      "lw 0.8 lc rgb '#333333', $band%d using 1:4 with lines lw 1.5 lc rgb blue\n",
      panel == 0 ? "the whole sweep" : "where most spikes are", panel == 0 ? "" : "time (ms)",
      panel, panel, panel, panel);
}

static void draw_raster(FILE *out, const rb_figure *figure, const sweep *s) {
  rb_script_panel(out, figure, PANELS, 1, 2);
  rb_script_inner_tics(out, "x", s->time.v[0], s->time.v[s->time.shape[0] - 1], 10);
  (void)fprintf(out,
                "set yrange [%g:4]\nset ytics nomirror ('recorded' 1.5, 'run 1' -1)\n"
                "set title 'spikes of the recording and of runs that posterior draws make' offset "
                "0,-0.6\nset xlabel 'time since the start of the sweep (ms)'\nset ylabel ''\n"
                "plot $recorded using 1:2:(0):(1.6) with vectors nohead lw 1.5 lc rgb vermilion, "
                "$runs using 1:2:(0):(0.8) with vectors nohead lw 1 lc rgb blue\n",
                -1.5 - (double)s->runs.shape[0]);
}

static rb_status draw(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  sweep s = {0};
  RB_TRY(read_sweep(study, &s));
  const int64_t T = s.time.shape[0];
  const double step = T > 1 ? s.time.v[1] - s.time.v[0] : 0;
  if (!(step > 0))
    RB_TRY(RB_FAIL(study->ctx, RB_ERR_FORMAT, "prediction.h5: times do not increase"));
  const int64_t width = (int64_t)fmax(1, fmin((double)T, ZOOM_MS / step));
  const int64_t zoom = find_zoom(&s, width);
  write_traces(out, 0, &s, 0, T);
  write_traces(out, 1, &s, zoom, zoom + width);
  write_raster(out, &s);
  rb_script_panels(out, figure, figure->title,
                   "NaN with filledcurves fc rgb '#A8CFE8' title '90% of draws, with the recorded "
                   "spikes', NaN with lines lw 2.5 lc rgb blue title 'median', "
                   "NaN with lines lw 1.2 lc rgb '#333333' title 'recorded'");
  draw_traces(out, figure, 0, &s, 0, T);
  draw_traces(out, figure, 1, &s, zoom, zoom + width);
  draw_raster(out, figure, &s);
  (void)fputs("unset multiplot\n", out);
cleanup:
  free_sweep(&s);
  return status;
}

const rb_figure rb_figure_recording = {
    .name = "recording",
    .title = "Predicted and recorded potential and spikes",
    .section = RB_SECTION_RECORDING,
    .caption =
        "The potential that posterior draws predict when the recorded spikes are imposed (the "
        "model is reset at each), before observation noise, over the recorded one; below, spikes "
        "of runs that know the current alone.",
    .source = RB_PRODUCT_PREDICTION,
    .object = SWEEP "runs",
    .width = 1500,
    .height = 1250,
    .write = draw};
