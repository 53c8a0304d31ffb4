#include "prior_density.h"

#include <math.h>
#include <string.h>

#include "rheobase/memory.h"

/* Draws that give each grid its range, and as many of them as are averaged over. */
enum { RANGE_DRAWS = 4000, DRAWS = 4000, POINTS = RB_PRIOR_POINTS };

/* A grid somewhat wider than the draws of column d. @param draws (RANGE_DRAWS, D) */
static void make_grid(const double *draws, int D, int d, double *grid) {
  double low = draws[d], high = draws[d];
  for (int64_t i = 1; i < RANGE_DRAWS; ++i) {
    low = fmin(low, draws[i * D + d]);
    high = fmax(high, draws[i * D + d]);
  }
  const double margin = 0.06 * (high - low) + 1e-12;
  for (int k = 0; k < POINTS; ++k) {
    grid[k] = low - margin + (high - low + 2 * margin) * k / (POINTS - 1);
  }
}

/* Adds the density of parameter d given the others of one draw, over DRAWS.
 * @param line (POINTS, D) work @param value (POINTS) work */
static void add_conditional(const rb_model *model, const double *draw, int d, const double *grid,
                            double *line, double *value, double *density) {
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
  for (int k = 0; k < POINTS && total > 0; ++k) density[k] += value[k] / total / DRAWS;
}

rb_status rb_prior_density(rb_context *ctx, const rb_model *model, double *grid, double *density) {
  rb_status status = RB_OK;
  const int D = model->dim;
  double *theta = NULL, *latent = NULL, *line = NULL, *value = NULL;
  RB_TRY(RB_ALLOCATE(ctx, theta, (int64_t)RANGE_DRAWS * D));
  RB_TRY(RB_ALLOCATE(ctx, latent, (int64_t)RANGE_DRAWS * D));
  RB_TRY(RB_ALLOCATE(ctx, line, (int64_t)POINTS * D));
  RB_TRY(RB_ALLOCATE(ctx, value, POINTS));
  RB_TRY(model->draw_prior(model, ctx, 1, RB_FOR_PRIOR_CHECK, 0, RANGE_DRAWS, theta, latent));
  memset(density, 0, (size_t)D * POINTS * sizeof *density);
  for (int d = 0; d < D; ++d) {
    make_grid(latent, D, d, grid + d * POINTS);
    for (int64_t i = 0; i < DRAWS; ++i) {
      add_conditional(model, latent + i * D, d, grid + d * POINTS, line, value,
                      density + d * POINTS);
    }
  }
cleanup:
  free(theta);
  free(latent);
  free(line);
  free(value);
  return status;
}
