#include <gsl/gsl_histogram.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "rheobase/base/memory.h"
#include "rheobase/inference/simulations.h"
#include "rheobase/parallel/agree.h"

/* Draws of the prior with their histograms, for whoever judges it. */

enum { NAME_SIZE = 128 };

/* Histogram of column d of theta (count, D) in equal bins between its smallest and largest value.
 */
static rb_status histogram(rb_context *ctx, const double *theta, int64_t count, int D, int d,
                           int bins, int64_t *counts, double *edges) {
  double low = theta[d], high = theta[d];
  for (int64_t i = 1; i < count; ++i) {
    const double value = theta[i * D + d];
    low = value < low ? value : low;
    high = value > high ? value : high;
  }
  if (!(high > low)) high = low + 1;
  gsl_histogram *h = gsl_histogram_alloc((size_t)bins);
  if (h == NULL) return RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory for a histogram");
  (void)gsl_histogram_set_ranges_uniform(h, low, high);
  for (int64_t i = 0; i < count; ++i) {
    // GSL's last bin is open at the top; numpy's, and ours, holds the largest value.
    const double value = theta[i * D + d];
    if (gsl_histogram_increment(h, value) != 0) h->bin[bins - 1] += 1;
  }
  for (int b = 0; b < bins; ++b) counts[b] = (int64_t)h->bin[b];
  for (int b = 0; b <= bins; ++b) edges[b] = h->range[b];
  gsl_histogram_free(h);
  return RB_OK;
}

rb_status rb_prior_check_write(rb_context *ctx, rb_file *file, const rb_model *model,
                               const char *group, uint64_t seed, int64_t count, int bins) {
  rb_status status = RB_OK;
  const int D = model->dim;
  double *theta = NULL, *edges = NULL;
  int64_t *counts = NULL;
  char path[4][NAME_SIZE];
  static const char *const names[4] = {"theta", "histogram_counts", "histogram_edges", "dataset"};
  for (int k = 0; k < 4; ++k) (void)snprintf(path[k], NAME_SIZE, "%s/%s", group, names[k]);
  rb_status local = RB_OK;
  if (ctx->rank == 0) {
    local = RB_ALLOCATE(ctx, theta, count * D);
    if (local == RB_OK) local = RB_ALLOCATE(ctx, counts, (int64_t)D * bins);
    if (local == RB_OK) local = RB_ALLOCATE(ctx, edges, (int64_t)D * (bins + 1));
    if (local == RB_OK) {
      local = model->draw_prior(model, ctx, seed, RB_FOR_PRIOR_CHECK, 0, count, theta, NULL);
    }
    for (int d = 0; d < D && local == RB_OK; ++d) {
      local = histogram(ctx, theta, count, D, d, bins, counts + d * bins, edges + d * (bins + 1));
    }
  }
  RB_TRY(rb_agree(ctx, local));
  char counts_dims[NAME_SIZE], edges_dims[NAME_SIZE];
  (void)snprintf(counts_dims, NAME_SIZE, "parameter,%d", bins);
  (void)snprintf(edges_dims, NAME_SIZE, "parameter,%d", bins + 1);
  RB_TRY(rb_file_dimension(ctx, file, path[3], count));
  RB_TRY(rb_file_write(ctx, file,
                       &(rb_field){path[0], RB_F64, "dataset,parameter", "parameter's unit",
                                   "parameters drawn from the prior", false},
                       theta));
  RB_TRY(rb_file_write(ctx, file,
                       &(rb_field){path[1], RB_I64, counts_dims, "1",
                                   "draws per bin, equal bins between smallest and largest", false},
                       counts));
  RB_TRY(rb_file_write(
      ctx, file,
      &(rb_field){path[2], RB_F64, edges_dims, "parameter's unit", "edges of the bins", false},
      edges));
cleanup:
  free(theta);
  free(counts);
  free(edges);
  return status;
}
