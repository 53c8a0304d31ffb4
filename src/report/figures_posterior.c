#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "figures.h"
#include "prior_density.h"
#include "rheobase/analysis/density.h"
#include "rheobase/analysis/recovery.h"
#include "rheobase/base/memory.h"

/* The posterior of the observation, the exact one beside it where the study has it. */

enum { PAIR_POINTS = 800, LEAST_EFFECTIVE = 20, MANY_PANELS = 7, WITH_UNITS = 6 };

/* What both figures read. */
typedef struct posterior {
  rb_array draws, exact, corrected, truth;  // the last three: empty where there is none
  rb_array grid, density;
} posterior;

static void posterior_free(posterior *p) {
  rb_array_free(&p->draws);
  rb_array_free(&p->exact);
  rb_array_free(&p->corrected);
  rb_array_free(&p->truth);
  rb_array_free(&p->grid);
  rb_array_free(&p->density);
}

static rb_status read_posterior(const rb_study_data *study, posterior *p) {
  rb_status status = RB_OK;
  const int D = study->model->dim;
  RB_TRY(rb_study_read(study, RB_PRODUCT_POSTERIOR, "draws", 2, D, &p->draws));
  RB_TRY(rb_study_read_matrix(study, RB_PRODUCT_POSTERIOR, "density/grid", D, -1, &p->grid));
  RB_TRY(rb_study_read_matrix(study, RB_PRODUCT_POSTERIOR, "density/posterior", D, p->grid.shape[1],
                              &p->density));
  if (rb_study_has(study, RB_PRODUCT_POSTERIOR, "truth")) {
    RB_TRY(rb_study_read(study, RB_PRODUCT_POSTERIOR, "truth", 1, D, &p->truth));
  }
  if (rb_study_has(study, RB_PRODUCT_EXACT, "observation/draws")) {
    RB_TRY(rb_study_read(study, RB_PRODUCT_EXACT, "observation/draws", 2, D, &p->exact));
  }
  if (rb_study_has(study, RB_PRODUCT_EXACT, "observation/corrected")) {
    double efficiency = 0;
    RB_TRY(rb_study_number(study, RB_PRODUCT_EXACT, "observation/network_efficiency", &efficiency));
    RB_TRY(rb_study_read(study, RB_PRODUCT_EXACT, "observation/corrected", 2, D, &p->corrected));
    // A few draws many times over have no density worth drawing.
    if (efficiency * (double)p->corrected.shape[0] < LEAST_EFFECTIVE) rb_array_free(&p->corrected);
  }
cleanup:
  return status;
}

/* Density curve of parameter d of draws, as $name<d>; nothing without draws. @return its highest
 * point */
static rb_status write_density(const rb_study_data *study, FILE *out, const char *name,
                               const rb_array *draws, int d, double *top) {
  rb_status status = RB_OK;
  const int64_t n = draws->shape[0];
  double *column = NULL, grid[RB_DENSITY_POINTS], density[RB_DENSITY_POINTS];
  *top = 0;
  if (draws->v == NULL || n < 2) return RB_OK;
  RB_TRY(rb_array_column(study, draws, d, &column));
  const double bandwidth = rb_scott_bandwidth(n, column);
  rb_density_grid(n, column, bandwidth, grid);
  rb_density(n, column, bandwidth, RB_DENSITY_POINTS, grid, density);
  rb_script_curve(out, name, d, RB_DENSITY_POINTS, grid, density);
  for (int k = 0; k < RB_DENSITY_POINTS; ++k) *top = fmax(*top, density[k]);
cleanup:
  free(column);
  return status;
}

/* Density curves of parameter d: network, exact posterior, corrected draws. @param top (2) highest
 * points of the first two */
static rb_status write_densities(const rb_study_data *study, FILE *out, const posterior *p, int d,
                                 double top[2]) {
  rb_status status = RB_OK;
  double highest;
  const int64_t points = p->grid.shape[1];
  top[0] = 0;
  for (int64_t k = 0; k < points; ++k) top[0] = fmax(top[0], p->density.v[d * points + k]);
  rb_script_curve(out, "network", d, points, p->grid.v + d * points, p->density.v + d * points);
  RB_TRY(write_density(study, out, "exact", &p->exact, d, &top[1]));
  RB_TRY(write_density(study, out, "corrected", &p->corrected, d, &highest));
cleanup:
  return status;
}

/* Range of x that shows prior, posterior and truth. */
static void panel_range(const posterior *p, int d, const double *prior_grid,
                        const double *prior_density, double range[2]) {
  const int64_t points = p->grid.shape[1];
  double low = p->grid.v[d * points], high = p->grid.v[d * points + points - 1];
  for (int k = 0; k < RB_PRIOR_POINTS; ++k) {
    if (prior_density[k] > 0) {
      low = fmin(low, prior_grid[k]);
      high = fmax(high, prior_grid[k]);
    }
  }
  range[0] = low;
  range[1] = high;
}

/* Title and legend. */
static void write_legend(FILE *out, const rb_figure *figure, const char *title, const posterior *p,
                         bool lines) {
  char legend[768];
  (void)snprintf(legend, sizeof legend, "%s%s%s%s",
                 lines ? "NaN with lines lw 2 dt (8,5) lc rgb grey title 'prior', NaN with lines "
                         "lw 2.5 lc rgb blue title 'posterior (network)'"
                       : "NaN with points pt 7 ps 1 lc rgb blue title 'posterior (network)'",
                 !lines || p->corrected.v == NULL
                     ? ""
                     : ", NaN with lines lw 2 lc rgb green title 'network, corrected'",
                 p->exact.v == NULL ? ""
                 : lines ? ", NaN with lines lw 2.5 dt (3,3) lc rgb orange title 'exact posterior'"
                         : ", NaN with points pt 7 ps 1 lc rgb orange title 'exact posterior'",
                 p->truth.v == NULL ? ""
                 : lines
                     ? ", NaN with lines lw 2.5 lc rgb vermilion title 'true value'"
                     : ", NaN with points pt 2 ps 1.6 lw 3 lc rgb vermilion title 'true value'");
  rb_script_panels(out, figure, title, legend);
}

static void plot_densities(FILE *out, const posterior *p, int d, double top) {
  (void)fprintf(out,
                "plot $network%d using 1:2 with filledcurves y=0 fc rgb faint_blue, "
                "$prior%d using 1:2 with lines lw 2 dt (8,5) lc rgb grey, "
                "$network%d using 1:2 with lines lw 2.5 lc rgb blue",
                d, d, d);
  if (p->corrected.v != NULL) {
    (void)fprintf(out, ", $corrected%d using 1:2 with lines lw 2 lc rgb green", d);
  }
  if (p->exact.v != NULL) {
    (void)fprintf(out, ", $exact%d using 1:2 with lines lw 2.5 dt (3,3) lc rgb orange", d);
  }
  if (p->truth.v != NULL) {
    (void)fprintf(out, ", $true%d using 1:($2*%.6g) with lines lw 2.5 lc rgb vermilion", d, top);
  }
  (void)fputc('\n', out);
}

static rb_status draw_posterior(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  const int D = study->model->dim;
  posterior p = {0};
  double top[RB_MAX_PARAMETERS][2];
  const double *grid = study->prior_grid, *density = study->prior_density;
  char label[RB_LABEL], density_label[RB_LABEL];
  RB_TRY(read_posterior(study, &p));
  for (int d = 0; d < D; ++d) {
    RB_TRY(write_densities(study, out, &p, d, top[d]));
    rb_script_curve(out, "prior", d, RB_PRIOR_POINTS, grid + (int64_t)d * RB_PRIOR_POINTS,
                    density + (int64_t)d * RB_PRIOR_POINTS);
    if (p.truth.v != NULL) {
      rb_script_curve(out, "true", d, 2, (const double[]){p.truth.v[d], p.truth.v[d]},
                      (const double[]){0, 1});
    }
  }
  write_legend(out, figure, "Posterior of the observation", &p, true);
  for (int d = 0; d < D; ++d) {
    const rb_quantity *q = &study->model->parameters[d];
    double range[2], highest = fmax(top[d][0], top[d][1]);
    panel_range(&p, d, grid + d * RB_PRIOR_POINTS, density + d * RB_PRIOR_POINTS, range);
    for (int k = 0; k < RB_PRIOR_POINTS; ++k) {
      highest = fmax(highest, density[d * RB_PRIOR_POINTS + k]);
    }
    rb_script_axis(q, label);
    rb_script_panel(out, figure, figure->rows, figure->columns, d);
    rb_script_range(out, "x", range[0], range[1], 6);
    rb_script_range(out, "y", 0, 1.1 * highest, 4);
    rb_script_density_axis(q, density_label);
    (void)fprintf(out, "set xlabel '%s'\nset ylabel '%s'\n", label, density_label);
    plot_densities(out, &p, d, 1.1 * highest);
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  posterior_free(&p);
  return status;
}

const rb_figure rb_figure_posterior = {
    .name = "posterior",
    .title = "Posterior of the observation",
    .section = RB_SECTION_POSTERIOR,
    .caption =
        "Kernel density of the posterior draws (Scott's bandwidth) with prior and, where "
        "it is known, the true value. After <code>refine</code> also the exact posterior "
        "and, if 20 draws are effective, the network's draws corrected by importance "
        "weights.",
    .source = RB_PRODUCT_POSTERIOR,
    .object = "draws",
    .width = 1200,
    .height = 1050,
    .of = RB_PANELS_PARAMETERS,
    .columns = 2,
    .rows = 3,
    .write = draw_posterior};

/* --- Pairs --- */

static void write_points(FILE *out, const char *name, const rb_array *draws) {
  const int64_t n = draws->shape[0], D = draws->shape[1];
  const int64_t stride = (n + PAIR_POINTS - 1) / PAIR_POINTS;
  rb_script_data(out, name, -1);
  for (int64_t i = 0; i < n; i += stride) rb_script_row(out, (int)D, draws->v + i * D);
  rb_script_end(out);
}

/* Smallest and largest of the draws and the truth, with a margin. */
static void pair_limits(const posterior *p, int d, double limit[2]) {
  const int64_t n = p->draws.shape[0], D = p->draws.shape[1];
  double low = p->draws.v[d], high = low;
  for (int64_t i = 0; i < n; ++i) {
    low = fmin(low, p->draws.v[i * D + d]);
    high = fmax(high, p->draws.v[i * D + d]);
  }
  if (p->truth.v != NULL) {
    low = fmin(low, p->truth.v[d]);
    high = fmax(high, p->truth.v[d]);
  }
  limit[0] = low - 0.08 * (high - low);
  limit[1] = high + 0.08 * (high - low);
}

static void plot_pair(FILE *out, const posterior *p, int row, int column) {
  (void)fputs("plot ", out);
  if (p->exact.v != NULL) {
    (void)fprintf(out, "$exactpoints using %d:%d with points pt 7 ps 0.35 lc rgb faint_orange, ",
                  column + 1, row + 1);
  }
  (void)fprintf(out, "$points using %d:%d with points pt 7 ps 0.35 lc rgb faint_blue", column + 1,
                row + 1);
  if (p->truth.v != NULL) {
    (void)fprintf(out,
                  ", '+' using (%.6g):(%.6g) every ::::0 with points pt 2 ps 1.6 lw 3 "
                  "lc rgb vermilion",
                  p->truth.v[column], p->truth.v[row]);
  }
  (void)fputc('\n', out);
}

/* Densities, each with its own maximum as unit; one without a maximum has nothing to show. */
static void plot_diagonal(FILE *out, const posterior *p, int d, const double highest[2]) {
  const double top[2] = {highest[0] > 0 ? highest[0] : 1, highest[1] > 0 ? highest[1] : 1};
  (void)fprintf(out,
                "plot $network%d using 1:($2/%.6g) with filledcurves y=0 fc rgb faint_blue, "
                "$network%d using 1:($2/%.6g) with lines lw 2 lc rgb blue",
                d, top[0], d, top[0]);
  if (p->exact.v != NULL) {
    (void)fprintf(out, ", $exact%d using 1:($2/%.6g) with lines lw 2 dt (3,3) lc rgb orange", d,
                  top[1]);
  }
  if (p->truth.v != NULL) {
    (void)fprintf(out, ", $true%d using 1:($2*1.15) with lines lw 2 lc rgb vermilion", d);
  }
  (void)fputc('\n', out);
}

static rb_status plot_correlation(const rb_study_data *study, FILE *out, const posterior *p,
                                  int row, int column) {
  rb_status status = RB_OK;
  const int D = study->model->dim;
  double *x = NULL, *y = NULL;
  RB_TRY(rb_array_column(study, &p->draws, column, &x));
  RB_TRY(rb_array_column(study, &p->draws, row, &y));
  const double r = rb_correlation(p->draws.shape[0], x, y);
  const bool known = fabs(r) <= 1;  // not where a column is constant
  const double strength = known ? fabs(r) : 0;
  char text[16] = "–";
  if (known) (void)snprintf(text, sizeof text, "%+.2f", r);
  (void)fprintf(out,
                "unset border; unset tics; set xrange [0:1]; set yrange [0:1]\n"
                "set label 1 '%s' at graph 0.5,0.5 center font ',%d' tc rgb '%s'\n"
                "plot NaN\nunset label 1\nset border 3; set tics nomirror out scale 0.6\n",
                text, (D > MANY_PANELS ? 9 : 16) + (int)((D > MANY_PANELS ? 4 : 8) * strength),
                strength < 0.3 ? "#777777" : "#000000");
cleanup:
  free(x);
  free(y);
  return status;
}

static void short_label(const rb_quantity *quantity, char *label) {
  rb_script_symbol(quantity->name, label);
}

/* Labels at the outer panels only, and not as those of axes, which wide numbers would push out of
 * the figure; beside many panels without units, which other figures tell. */
static void write_axes(FILE *out, const rb_quantity *parameters, int D, int row, int column) {
  const bool many = D > MANY_PANELS, below = row == D - 1, beside = column == 0 && row > 0;
  void (*const write)(const rb_quantity *quantity, char *label) =
      D > WITH_UNITS ? short_label : rb_script_axis;
  const int font = many ? 12 : 16, numbers = many ? 9 : 13;
  char label[RB_LABEL];
  (void)fprintf(out, "set xtics format '%s' font ',%d' %s\nset ytics format '%s' font ',%d'\n",
                below ? "%g" : "", numbers, many ? "rotate by 90 right" : "norotate",
                beside ? "%g" : "", numbers);
  if (below) {
    write(&parameters[column], label);
    (void)fprintf(out, "set label 2 '%s' at graph 0.5,screen 0.016 center font ',%d'\n", label,
                  font);
  }
  if (beside) {
    write(&parameters[row], label);
    (void)fprintf(out, "set label 3 '%s' at screen 0.016,graph 0.5 center rotate font ',%d'\n",
                  label, font);
  }
}

static rb_status plot_cell(const rb_study_data *study, FILE *out, const posterior *p,
                           const double top[2], int row, int column) {
  const int D = study->model->dim;
  double x[2], y[2];
  if (column > row) return plot_correlation(study, out, p, row, column);
  write_axes(out, study->model->parameters, D, row, column);
  pair_limits(p, column, x);
  rb_script_inner_tics(out, "x", x[0], x[1], D > 2 ? 2 : 5);
  if (column == row) {
    rb_script_range(out, "y", 0, 1.15, 2);
    (void)fputs("unset ytics\n", out);
    plot_diagonal(out, p, row, top);
    (void)fputs("set ytics nomirror out scale 0.6\n", out);
  } else {
    pair_limits(p, row, y);
    rb_script_inner_tics(out, "y", y[0], y[1], D > 2 ? 2 : 5);
    plot_pair(out, p, row, column);
  }
  (void)fputs("unset label 2; unset label 3\n", out);
  return RB_OK;
}

/* Places a cell of the square; closer to each other than the panels of other figures. */
static void place_cell(FILE *out, int D, int row, int column) {
  const double left = 0.085, right = 0.985, top = 0.915, bottom = 0.07, gap = 0.012;
  const double width = (right - left - (D - 1) * gap) / D;
  const double height = (top - bottom - (D - 1) * gap) / D;
  const double x = left + column * (width + gap), y = top - row * (height + gap);
  (void)fprintf(out,
                "\nset lmargin at screen %.4f; set rmargin at screen %.4f\n"
                "set tmargin at screen %.4f; set bmargin at screen %.4f\n",
                x, x + width, y, y - height);
}

static rb_status draw_pairs(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  const int D = study->model->dim;
  posterior p = {0};
  double top[RB_MAX_PARAMETERS][2];
  RB_TRY(read_posterior(study, &p));
  write_points(out, "points", &p.draws);
  if (p.exact.v != NULL) write_points(out, "exactpoints", &p.exact);
  for (int d = 0; d < D; ++d) {
    RB_TRY(write_densities(study, out, &p, d, top[d]));
    if (p.truth.v != NULL) {
      rb_script_curve(out, "true", d, 2, (const double[]){p.truth.v[d], p.truth.v[d]},
                      (const double[]){0, 1});
    }
  }
  write_legend(out, figure, "Pairs of parameters (upper right: correlation)", &p, false);
  for (int row = 0; row < D; ++row) {
    for (int column = 0; column < D; ++column) {
      place_cell(out, D, row, column);
      RB_TRY(plot_cell(study, out, &p, top[row], row, column));
    }
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  posterior_free(&p);
  return status;
}

const rb_figure rb_figure_pairs = {
    .name = "pairs",
    .title = "Pairs of parameters",
    .section = RB_SECTION_POSTERIOR,
    .caption =
        "Posterior draws in every plane; upper right: correlation coefficients of the "
        "draws.",
    .source = RB_PRODUCT_POSTERIOR,
    .object = "draws",
    .width = 1200,
    .height = 1200,
    .write = draw_pairs};
