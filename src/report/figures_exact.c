#include <math.h>

#include "figures.h"

/* How far the network is from the exact posterior, data set by data set. */

enum { BINS = 24 };
static const double lowest = -4.0;  // log10 of the efficiency

/* Histogram of log10 of the efficiency, those below the lowest in the first bin. @return the
 * highest bin */
static double write_efficiencies(FILE *out, const rb_array *efficiency) {
  double count[BINS] = {0}, highest = 0;
  for (int64_t i = 0; i < efficiency->shape[0]; ++i) {
    if (isnan(efficiency->v[i])) continue;
    const double place = (log10(efficiency->v[i]) - lowest) / -lowest * BINS;
    count[rb_script_bin(place, BINS)] += 1;
  }
  rb_script_data(out, "efficiency", -1);
  for (int b = 0; b < BINS; ++b) {
    highest = fmax(highest, count[b]);
    rb_script_row(out, 2, (const double[]){lowest + (b + 0.5) * -lowest / BINS, count[b]});
  }
  rb_script_end(out);
  return highest;
}

/* Activity and KL of each data set that has one, KL at least 0.01 for the logarithm.
 * @param activity NULL: the data sets' numbers instead @param limit (2) of the activity */
static void write_distances(FILE *out, const rb_array *activity, const rb_array *kl,
                            double limit[2]) {
  limit[0] = limit[1] = 0;
  rb_script_data(out, "distance", -1);
  for (int64_t i = 0; i < kl->shape[0]; ++i) {
    if (isnan(kl->v[i])) continue;
    const double place = activity != NULL ? activity->v[i] : (double)i;
    rb_script_row(out, 2, (const double[]){place, fmax(kl->v[i], 0.01)});
    limit[1] = fmax(limit[1], place);
  }
  rb_script_end(out);
}

/* Sets the logarithmic axis of the distances, which gnuplot does not where they are all the same.
 */
static void range_distances(FILE *out, const rb_array *kl) {
  double low = INFINITY, high = 0;
  for (int64_t i = 0; i < kl->shape[0]; ++i) {
    if (!(kl->v[i] > 0 && isfinite(kl->v[i]))) continue;
    low = fmin(low, kl->v[i]);
    high = fmax(high, kl->v[i]);
  }
  if (high > 0) (void)fprintf(out, "set yrange [%.6g:%.6g]\n", 0.7 * low, 1.4 * high);
}

static rb_status draw_refinement(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  rb_array efficiency = {0}, activity = {0}, kl = {0};
  const bool active = study->model->activity != NULL;
  double median = 0, limit[2];
  const rb_product from = RB_PRODUCT_EXACT;
  RB_TRY(rb_study_read(study, from, "datasets/network_efficiency", 1, -1, &efficiency));
  RB_TRY(rb_study_read(study, from, "datasets/activity", 1, efficiency.shape[0], &activity));
  RB_TRY(rb_study_read(study, from, "datasets/network_kl", 1, efficiency.shape[0], &kl));
  RB_TRY(rb_study_number(study, from, "summary/network_efficiency", &median));
  const double highest = write_efficiencies(out, &efficiency);
  write_distances(out, active ? &activity : NULL, &kl, limit);
  rb_script_data(out, "median", -1);
  rb_script_row(out, 2, (const double[]){log10(median), 0});
  rb_script_row(out, 2, (const double[]){log10(median), 1.12 * highest});
  rb_script_end(out);
  rb_script_panels(
      out, figure, "The network as a proposal for the exact posterior",
      "$outside using 1:2 with boxes fc rgb sky title 'data sets', NaN with lines lw 3 "
      "lc rgb vermilion title 'median'");
  rb_script_panel(out, figure, 1, 2, 0);
  rb_script_range(out, "x", lowest, 0, 4);
  rb_script_range(out, "y", 0, 1.12 * highest, 5);
  (void)fputs(
      "set format x '10^{%g}'\nset xlabel 'efficiency of the draws'\nset ylabel 'data sets'\n"
      "plot $efficiency using 1:2 with boxes fc rgb sky, "
      "$median using 1:2 with lines lw 3 lc rgb vermilion\nset format x '%g'\n",
      out);
  rb_script_panel(out, figure, 1, 2, 1);
  rb_script_range(out, "x", -0.5, limit[1] + 0.5, 6);
  (void)fprintf(out,
                "set autoscale y\nset ytics autofreq\nset logscale y\nset xlabel '%s'\n"
                "set ylabel 'KL(exact || network) (nat)'\n",
                active ? "activity" : "data set");
  range_distances(out, &kl);
  (void)fputs(
      "plot $distance using 1:2 with points pt 7 ps 0.6 lc rgb blue\nunset logscale y\n"
      "unset multiplot\n",
      out);
cleanup:
  rb_array_free(&efficiency);
  rb_array_free(&activity);
  rb_array_free(&kl);
  return status;
}

const rb_figure rb_figure_refinement = {
    .name = "refinement",
    .title = "The network and the exact posterior",
    .section = RB_SECTION_EXACT,
    .caption =
        "Left: effective share of the network's draws as importance draws for the exact "
        "posterior; 1 if it is exact, and below 0.001 they cannot be corrected. Right: "
        "how many nats the network is from the exact posterior, by activity where the model has "
        "one.",
    .source = RB_PRODUCT_EXACT,
    .object = "summary/network_efficiency",
    .width = 1200,
    .height = 600,
    .write = draw_refinement};
