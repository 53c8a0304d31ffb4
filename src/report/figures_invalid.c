#include <math.h>
#include <stdlib.h>

#include "figures.h"
#include "rheobase/base/memory.h"

/* Where in the prior simulations are invalid. */

enum { BINS = 12 };

/* A parameter of a simulation. */
typedef struct place {
  double value;
  bool invalid;
} place;

static int by_value(const void *a, const void *b) {
  const double x = ((const place *)a)->value, y = ((const place *)b)->value;
  return (x > y) - (x < y);
}

/* The interval of 95% that goes with k of n (Wilson's). */
static void interval(int64_t k, int64_t n, double *low, double *high) {
  const double z = 1.96, N = (double)n, p = (double)k / N;
  const double middle = (p + z * z / (2 * N)) / (1 + z * z / N);
  const double half = z * sqrt(p * (1 - p) / N + z * z / (4 * N * N)) / (1 + z * z / N);
  *low = fmax(0, middle - half);
  *high = fmin(1, middle + half);
}

/* Writes bins of as many simulations each: middle, share of invalid ones, ends, interval of the
 * share.
 * @param at (n) is sorted @return the highest end of an interval */
static double write_bins(FILE *out, int d, int64_t n, place *at) {
  double top = 0;
  qsort(at, (size_t)n, sizeof *at, by_value);
  rb_script_data(out, "share", d);
  for (int b = 0; b < BINS; ++b) {
    const int64_t first = n * b / BINS, end = n * (b + 1) / BINS;
    int64_t invalid = 0;
    for (int64_t i = first; i < end; ++i) invalid += at[i].invalid;
    if (end == first) continue;
    double low = 0, high = 1;
    interval(invalid, end - first, &low, &high);
    const double left = at[first].value, right = at[end < n ? end : n - 1].value;
    rb_script_row(
        out, 6,
        (const double[]){(left + right) / 2, 100 * (double)invalid / (double)(end - first), left,
                         right, 100 * low, 100 * high});
    top = fmax(top, 100 * high);
  }
  rb_script_end(out);
  return top;
}

/* @param kept (kept->shape[0], D) @param skipped the same of invalid ones @param at scratch
 * @param limit (D, 3) ends and highest share of each parameter */
static void write_shares(FILE *out, const rb_array *kept, const rb_array *skipped, int D, place *at,
                         double (*limit)[3]) {
  const int64_t valid = kept->shape[0], n = valid + skipped->shape[0];
  for (int d = 0; d < D; ++d) {
    for (int64_t i = 0; i < n; ++i) {
      at[i] = i < valid ? (place){kept->v[i * D + d], false}
                        : (place){skipped->v[(i - valid) * D + d], true};
    }
    limit[d][2] = write_bins(out, d, n, at);
    limit[d][0] = at[0].value;
    limit[d][1] = at[n - 1].value;
  }
}

static rb_status draw_invalid(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  const int D = study->model->dim;
  rb_array kept = {0}, skipped = {0};
  double limit[RB_MAX_PARAMETERS][3];
  char label[RB_LABEL], legend[240], title[120];
  place *at = NULL;
  RB_TRY(rb_study_read(study, RB_PRODUCT_SIMULATIONS, "training/theta", 2, D, &kept));
  RB_TRY(rb_study_read(study, RB_PRODUCT_SIMULATIONS, "training/skipped_theta", 2, D, &skipped));
  const int64_t invalid = skipped.shape[0], n = kept.shape[0] + invalid;
  const double share = 100 * (double)invalid / (double)n;
  RB_TRY(RB_ALLOCATE(study->ctx, at, n));
  write_shares(out, &kept, &skipped, D, at, limit);
  (void)snprintf(
      legend, sizeof legend,
      "NaN with lines lw 2.5 lc rgb blue title 'share in a twelfth of the draws, 95%% interval', "
      "NaN with lines dt 2 lw 2 lc rgb vermilion title 'of all: %.3g%%'",
      share);
  (void)snprintf(title, sizeof title, "%lld of %lld simulations are invalid", (long long)invalid,
                 (long long)n);
  rb_script_panels(out, figure, title, legend);
  for (int d = 0; d < D; ++d) {
    rb_script_axis(&study->model->parameters[d], label);
    rb_script_panel(out, figure, figure->rows, figure->columns, d);
    rb_script_range(out, "x", limit[d][0], limit[d][1], 3);
    rb_script_range(out, "y", 0, 1.05 * limit[d][2], 5);
    (void)fprintf(
        out,
        "set xlabel '%s'\nset ylabel 'invalid (%%)' offset 0.8,0\n"
        "plot $share%d using 1:2:3:4:5:6 with xyerrorbars pt 7 ps 0.8 lw 1.5 lc rgb blue, "
        "%.6g with lines dt 2 lw 2 lc rgb vermilion\n",
        label, d, share);
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  rb_array_free(&kept);
  rb_array_free(&skipped);
  free(at);
  return status;
}

const rb_figure rb_figure_invalid = {
    .name = "invalid",
    .title = "Invalid simulations",
    .section = RB_SECTION_TRAINING,
    .caption =
        "Where in the prior simulations are invalid and left out: the share of them in ranges of a "
        "parameter that hold as many draws each. Posteriors are those given that a "
        "simulation is valid: where the share is high, fewer are trained on.",
    .source = RB_PRODUCT_SIMULATIONS,
    .object = "training/skipped_theta",
    .width = 1200,
    .height = 800,
    .of = RB_PANELS_PARAMETERS,
    .columns = 3,
    .rows = 2,
    .write = draw_invalid};
