#include <math.h>
#include <stdlib.h>

#include "figures.h"
#include "rheobase/memory.h"

/* The posterior predictive check. */

#define FROM RB_FROM_PREDICTIVE

enum { MOST_SPIKES = 1000000 };  // more would be a damaged file

rb_status rb_draw_predictive(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  rb_array time = {0}, voltage = {0}, spikes = {0}, low = {0}, median = {0}, high = {0};
  double least = INFINITY, most = -INFINITY, coverage = 0;
  char title[160];
  RB_TRY(rb_study_read(study, FROM, study->model->axis.name, 1, -1, &time));
  const int64_t L = time.shape[0];
  RB_TRY(rb_study_read(study, FROM, "observation/voltage", 1, L, &voltage));
  RB_TRY(rb_study_read(study, FROM, "observation/spikes", 1, L, &spikes));
  RB_TRY(rb_study_read(study, FROM, "voltage_low", 1, L, &low));
  RB_TRY(rb_study_read(study, FROM, "voltage_median", 1, L, &median));
  RB_TRY(rb_study_read(study, FROM, "voltage_high", 1, L, &high));
  RB_TRY(rb_study_number(study, FROM, "voltage_coverage", &coverage));
  rb_script_data(out, "trace", -1);
  for (int64_t t = 0; t < L; ++t) {
    least = fmin(least, fmin(voltage.v[t], low.v[t]));
    most = fmax(most, fmax(voltage.v[t], high.v[t]));
    rb_script_row(out, 6,
                  (const double[]){time.v[t], low.v[t], median.v[t], high.v[t], voltage.v[t],
                                   spikes.v[t] > 0.5 ? 1 : NAN});
  }
  rb_script_end(out);
  const double span = most - least;
  (void)snprintf(title, sizeof title,
                 "Posterior predictive check: %.1f%% of the observed samples lie inside the band",
                 100 * coverage);
  rb_script_single(out, figure, title);
  rb_script_range(out, "x", time.v[0], time.v[L - 1], 10);
  rb_script_range(out, "y", least - 0.03 * span, most + 0.1 * span, 6);
  (void)fprintf(out,
                "set xlabel 'time (ms)'\nset ylabel 'voltage (mV)'\n"
                "plot $trace using 1:2:4 with filledcurves fc rgb '#A8CFE8' title 'central 90%% of "
                "replicates', $trace using 1:5 with lines lw 1.2 lc rgb '#333333' "
                "title 'observation', "
                "$trace using 1:3 with lines lw 2.5 lc rgb blue title 'median', "
                "$trace using 1:($6*%.6g) with points pt 11 ps 1.5 lc rgb vermilion "
                "title 'observed spike'\n",
                most + 0.05 * span);
cleanup:
  rb_array_free(&time);
  rb_array_free(&voltage);
  rb_array_free(&spikes);
  rb_array_free(&low);
  rb_array_free(&median);
  rb_array_free(&high);
  return status;
}

rb_status rb_draw_spike_counts(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  rb_array count = {0};
  double observed = 0, percentile = 0, *here = NULL;  // replicates with each count
  char title[160];
  RB_TRY(rb_study_read(study, FROM, "spike_count", 1, -1, &count));
  RB_TRY(rb_study_number(study, FROM, "observed_spike_count", &observed));
  RB_TRY(rb_study_number(study, FROM, "spike_count_percentile", &percentile));
  double low = observed, high = observed, most = 1;
  for (int64_t k = 0; k < count.shape[0]; ++k) {
    low = fmin(low, count.v[k]);
    high = fmax(high, count.v[k]);
  }
  if (!(high - low <= MOST_SPIKES)) {
    RB_TRY(RB_FAIL(study->ctx, RB_ERR_FORMAT, "predictive.h5: %g spikes are not believable", high));
  }
  const int steps = (int)(high - low) + 1;
  RB_TRY(RB_ALLOCATE(study->ctx, here, steps));
  for (int64_t k = 0; k < count.shape[0]; ++k) {
    if (isfinite(count.v[k])) here[rb_script_bin(count.v[k] - low + 0.5, steps)] += 1;
  }
  rb_script_data(out, "counts", -1);
  for (int step = 0; step < steps; ++step) {
    most = fmax(most, here[step]);
    rb_script_row(out, 2, (const double[]){low + step, here[step]});
  }
  rb_script_end(out);
  rb_script_curve(out, "observed", -1, 2, (const double[]){observed, observed},
                  (const double[]){0, 1.12 * most});
  (void)snprintf(title, sizeof title,
                 "Spike counts of %lld replicates: %.0f%% have at most the observed %g",
                 (long long)count.shape[0], 100 * percentile, observed);
  rb_script_single(out, figure, title);
  rb_script_range(out, "x", low - 1, high + 1, 12);
  if (high - low < 12) (void)fputs("set xtics nomirror 1\n", out);
  rb_script_range(out, "y", 0, 1.12 * most, 5);
  (void)fputs(
      "set xlabel 'spikes'\nset ylabel 'replicates'\nset boxwidth 0.9\n"
      "plot $counts using 1:2 with boxes fc rgb sky title 'replicates', "
      "$observed using 1:2 with lines lw 4 lc rgb vermilion title 'observed'\n",
      out);
cleanup:
  free(here);
  rb_array_free(&count);
  return status;
}
