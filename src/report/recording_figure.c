#include "rheobase/report/recording_figure.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gnuplot.h"
#include "rheobase/base/log.h"
#include "rheobase/io/text_file.h"
#include "script.h"

enum { MOST_SWEEPS = 4, PANEL_HEIGHT = 330, PANELS_PER_SWEEP = 2, NAME = 80 };

/* Splits a path into its folder, "" or with a slash, and the name of the figure, which goes into a
 * script: that of the file, with what is no plain letter as "_". */
static void split_path(const char *path, char *folder, char *name) {
  const char *slash = strrchr(path, '/');
  const char *base = slash != NULL ? slash + 1 : path;
  const char *dot = strrchr(base, '.');
  const size_t length = dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base);
  (void)snprintf(folder, RB_TEXT_PATH, "%.*s", slash != NULL ? (int)(slash - path) + 1 : 0, path);
  const size_t kept = length < NAME - 16 ? length : NAME - 16;
  (void)snprintf(name, NAME, "%.*s", (int)kept, base);
  for (char *c = name; *c != '\0'; ++c) {
    if (isalnum((unsigned char)*c) == 0 && strchr("_-+.", *c) == NULL) *c = '_';
  }
  if (*name == '-') *name = '_';  // no option of gnuplot
}

/* What is blanked, as middle and half width of each stretch. */
static void write_mask(FILE *out, int index, const rb_steps *steps) {
  rb_script_data(out, "mask", index);
  for (int64_t n = 0; n < steps->steps; ++n) {
    const int64_t begin = n;
    while (n < steps->steps && steps->mask[n] != 0) ++n;
    if (n == begin) continue;
    rb_script_row(out, 2,
                  (const double[]){(double)(begin + n) / 2 * steps->dt_ms,
                                   (double)(n - begin) / 2 * steps->dt_ms});
  }
  rb_script_end(out);
}

static void range(int64_t count, const double *value, double *low, double *high) {
  *low = INFINITY;
  *high = -INFINITY;
  for (int64_t i = 0; i < count; ++i) {
    *low = fmin(*low, value[i]);
    *high = fmax(*high, value[i]);
  }
  const double margin = fmax(0.08 * (*high - *low), 1e-3);
  *low -= margin;
  *high += margin;
}

static void write_data(FILE *out, int64_t shown, const rb_steps *steps) {
  for (int s = 0; s < shown; ++s) {
    rb_script_trace(out, "voltage", s, steps[s].steps, 0, steps[s].dt_ms, steps[s].voltage_mV);
    rb_script_trace(out, "current", s, steps[s].steps, 0, steps[s].dt_ms, steps[s].current_pA);
    write_mask(out, s, &steps[s]);
    double low = 0, high = 0;
    range(steps[s].steps, steps[s].voltage_mV, &low, &high);
    rb_script_data(out, "spikes", s);
    for (int64_t k = 0; k < steps[s].spikes; ++k) {
      rb_script_row(out, 2, (const double[]){steps[s].onset_ms[k], high - 0.03 * (high - low)});
    }
    rb_script_row(out, 2, (const double[]){NAN, NAN});  // gnuplot wants a row
    rb_script_end(out);
  }
}

static void write_panels(FILE *out, const rb_figure *figure, int s, int rows, const rb_sweep *sweep,
                         const rb_steps *steps) {
  double low = 0, high = 0;
  char title[4 * RB_RECORDING_TEXT];
  const char *slash = strrchr(sweep->source, '/');
  rb_script_panel(out, figure, rows, 1, PANELS_PER_SWEEP * s);
  rb_script_inner_tics(out, "x", 0, (double)steps->steps * steps->dt_ms, 10);
  range(steps->steps, steps->voltage_mV, &low, &high);
  rb_script_range(out, "y", low, high, 5);
  (void)snprintf(title, sizeof title, "%.200s, %s: %lld spike%s",
                 slash != NULL ? slash + 1 : sweep->source, sweep->name, (long long)steps->spikes,
                 rb_plural(steps->spikes));
  (void)fputs("set title ", out);
  rb_script_text(out, title);
  (void)fprintf(out,
                " offset 0,-0.6\nset xlabel ''\nset ylabel 'potential (mV)'\n"
                "plot $mask%d using 1:(%.6g):2:(%.6g) with boxxyerror fs solid noborder "
                "lc rgb band, $voltage%d with lines lw 1 lc rgb blue, $spikes%d with points pt 11 "
                "ps 1 lc rgb vermilion\n",
                s, (low + high) / 2, (high - low) / 2, s, s);
  rb_script_panel(out, figure, rows, 1, PANELS_PER_SWEEP * s + 1);
  range(steps->steps, steps->current_pA, &low, &high);
  rb_script_range(out, "y", low, high, 5);
  (void)snprintf(title, sizeof title, "current: %s", sweep->current_source);
  (void)fputs("set title ", out);
  rb_script_text(out, title);
  (void)fprintf(out,
                " offset 0,-0.6\nset xlabel 'time since the start of the window (ms)'\n"
                "set ylabel 'current (pA)'\nplot $current%d with lines lw 1 lc rgb green\n",
                s);
}

static void write_script(FILE *out, const rb_figure *figure, int64_t sweeps, const rb_sweep *sweep,
                         const rb_steps *steps) {
  const int shown = sweeps < MOST_SWEEPS ? (int)sweeps : MOST_SWEEPS;
  char title[RB_LABEL];
  (void)snprintf(title, sizeof title,
                 shown < sweeps ? "The first %d of %lld sweeps" : "What was read", shown,
                 (long long)sweeps);
  rb_script_head(out, figure);
  write_data(out, shown, steps);
  rb_script_panels(out, figure, title,
                   "NaN with lines lw 2 lc rgb blue title 'potential', NaN with lines lw 2 lc rgb "
                   "green title 'current', NaN with points pt 11 lc rgb vermilion title 'onset of "
                   "a spike', NaN with boxes fc rgb band title 'blanked'");
  for (int s = 0; s < shown; ++s) {
    write_panels(out, figure, s, PANELS_PER_SWEEP * shown, &sweep[s], &steps[s]);
  }
  (void)fputs("unset multiplot\n", out);
}

rb_status rb_recording_draw(rb_context *ctx, const char *path, int64_t sweeps,
                            const rb_sweep *sweep, const rb_steps *steps) {
  rb_status status = RB_OK;
  char folder[RB_TEXT_PATH], name[NAME], script[RB_TEXT_PATH + NAME + 8], tmp[RB_TEXT_PATH];
  char picture[RB_TEXT_PATH + NAME + 8], message[RB_GNUPLOT_MESSAGE];
  FILE *out = NULL;
  split_path(path, folder, name);
  const int panels = PANELS_PER_SWEEP * (int)(sweeps < MOST_SWEEPS ? sweeps : MOST_SWEEPS);
  const rb_figure figure = {.name = name,
                            .title = "What was read of a recording",
                            .width = 1500,
                            .height = 130 + panels * PANEL_HEIGHT};
  (void)snprintf(script, sizeof script, "%s%s.gp", folder, name);
  RB_TRY(rb_text_create(ctx, script, tmp, &out));
  write_script(out, &figure, sweeps, sweep, steps);
  RB_TRY(rb_text_finish(ctx, RB_OK, script, tmp, out));
  const rb_gnuplot_result result =
      rb_gnuplot_run(*folder != '\0' ? folder : ".", name, "png", message);
  (void)snprintf(picture, sizeof picture, "%s%s.png", folder, name);
  RB_TRY(rb_gnuplot_tell(ctx, result, script, picture, message));
cleanup:
  return status;
}
