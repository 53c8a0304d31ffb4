#include "prior_density.h"

#include <math.h>
#include <string.h>

#include "rheobase/base/memory.h"

/* Draws that give each grid its range, and that are averaged over. */
enum { DRAWS = 4000, POINTS = RB_PRIOR_POINTS };

/* A grid somewhat wider than the draws of column d. @param draws (DRAWS, D) */
static void make_grid(const double *draws, int D, int d, double *grid) {
  double low = draws[d], high = draws[d];
  for (int64_t i = 1; i < DRAWS; ++i) {
    low = fmin(low, draws[i * D + d]);
    high = fmax(high, draws[i * D + d]);
  }
  const double margin = 0.06 * (high - low) + 1e-12;
  for (int k = 0; k < POINTS; ++k) {
    grid[k] = low - margin + (high - low + 2 * margin) * k / (POINTS - 1);
  }
}

/* The density of parameter d given the others of one draw.
 * @param line (POINTS, D) work @param value (POINTS) result */
static void conditional(const rb_model *model, const double *draw, int d, const double *grid,
                        double *line, double *value) {
  const int D = model->dim;
  const double step = grid[1] - grid[0];
  double total = 0;
  for (int k = 0; k < POINTS; ++k) {
    memcpy(line + (int64_t)k * D, draw, (size_t)D * sizeof *line);
    line[k * D + d] = grid[k];
  }
  model->log_prior(model, POINTS, line, value);
  for (int k = 0; k < POINTS; ++k) {
    value[k] = exp(value[k]);
    total += value[k] * step;
  }
  for (int k = 0; k < POINTS && total > 0; ++k) value[k] /= total;
}

/* Whether a density is the mean of those before it, but for rounding. */
static bool is_mean(const double *value, const double *sum, int64_t count) {
  bool same = count > 0;
  for (int k = 0; k < POINTS && same; ++k) {
    same = fabs(value[k] - sum[k] / (double)count) <= 1e-10 * value[k];
  }
  return same;
}

/* The marginal density of parameter d: the mean of its conditional ones, for an independent
 * parameter the first. @param draws (DRAWS, D) @param line, value work, see conditional() */
static void marginal(const rb_model *model, const double *draws, int d, const double *grid,
                     double *line, double *value, double *density) {
  memset(density, 0, POINTS * sizeof *density);
  bool depends = true;
  int64_t count = 0;
  while (count < DRAWS && depends) {
    conditional(model, draws + count * model->dim, d, grid, line, value);
    depends = !is_mean(value, density, count);
    for (int k = 0; k < POINTS; ++k) density[k] += value[k];
    count += 1;
  }
  for (int k = 0; k < POINTS; ++k) density[k] /= (double)count;
}

rb_status rb_prior_density(rb_context *ctx, const rb_model *model, double *grid, double *density) {
  rb_status status = RB_OK;
  const int D = model->dim;
  double *theta = NULL, *latent = NULL, *line = NULL, *value = NULL;
  RB_TRY(RB_ALLOCATE(ctx, theta, (int64_t)DRAWS * D));
  RB_TRY(RB_ALLOCATE(ctx, latent, (int64_t)DRAWS * D));
  RB_TRY(RB_ALLOCATE(ctx, line, (int64_t)POINTS * D));
  RB_TRY(RB_ALLOCATE(ctx, value, POINTS));
  RB_TRY(model->draw_prior(model, ctx, 1, RB_FOR_PRIOR_CHECK, 0, DRAWS, theta, latent));
  for (int d = 0; d < D; ++d) {
    make_grid(latent, D, d, grid + d * POINTS);
    marginal(model, latent, d, grid + d * POINTS, line, value, density + d * POINTS);
  }
cleanup:
  free(theta);
  free(latent);
  free(line);
  free(value);
  return status;
}
