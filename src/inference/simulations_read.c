#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/inference/simulations.h"
#include "rheobase/parallel/agree.h"
#include "simulation_fields.h"

/* Simulated data sets are read back, as a network sees them. */

enum { MEASURED = 256 };  // data sets that channels' scales are taken from

static const double BLOCK_BYTES = 1 << 26;  // of observations in memory at once, per node

/* Finds out how many data sets a group holds; that all its arrays have as many, and that the file
 * is large enough to hold them, before memory is asked for. Local. */
static rb_status check_group(rb_context *ctx, const rb_file *file, const rb_simulation_fields *f,
                             const rb_model *model, int64_t *count) {
  rb_status status = RB_OK;
  int rank = 2;
  int64_t shape[RB_FILE_MAX_RANK];
  RB_TRY(rb_file_shape(ctx, file, f->theta_path, &rank, shape));
  const int64_t N = shape[0];
  const int64_t theta[2] = {N, model->dim}, x[2] = {N, model->length};
  if (N < 1) RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s holds no data set", f->theta_path));
  RB_TRY(rb_file_read_rows(ctx, file, f->theta_path, RB_F64, true, 2, theta, 0, 0, NULL));
  for (int c = 0; c < model->channels; ++c) {
    RB_TRY(rb_file_read_rows(ctx, file, f->channel_path[c], RB_F32, true, 2, x, 0, 0, NULL));
  }
  *count = N;
cleanup:
  return status;
}

rb_status rb_simulations_check(rb_context *ctx, const rb_file *file, const char *group,
                               const rb_model *model) {
  rb_simulation_fields f;
  int64_t count = 0;
  rb_simulation_fields_describe(model, group, &f);
  return check_group(ctx, file, &f, model, &count);
}

/* Reads into rows row .. row + count - 1 of `block` data sets first .. first + count - 1 of the N
 * of a group. Local. @param values (count, L) scratch */
static rb_status read_rows(rb_context *ctx, const rb_file *file, const rb_simulation_fields *f,
                           int64_t N, int64_t first, int64_t count, rb_dataset *block, int64_t row,
                           float *values) {
  rb_status status = RB_OK;
  const int D = block->dim, C = block->shape.channels;
  const int64_t L = block->shape.length;
  const int64_t theta_shape[2] = {N, D};
  double *theta = block->theta + row * D, *latent = block->latent + row * D;
  RB_TRY(rb_file_read_rows(ctx, file, f->theta_path, RB_F64, true, 2, theta_shape, first, count,
                           theta));
  if (rb_file_has(file, f->latent_path)) {
    RB_TRY(rb_file_read_rows(ctx, file, f->latent_path, RB_F64, true, 2, theta_shape, first, count,
                             latent));
  } else {
    memcpy(latent, theta, (size_t)(count * D) * sizeof *theta);
  }
  RB_TRY(rb_simulation_fields_read(ctx, file, f, N, C, L, (rb_range){first, count},
                                   block->x + row * C * L, values));
cleanup:
  return status;
}

/* Reads `block`, which is data sets first .. first + block->count - 1 of the N of a group. Local.
 */
static rb_status read_block(rb_context *ctx, const rb_file *file, const rb_simulation_fields *f,
                            int64_t N, int64_t first, rb_dataset *block) {
  rb_status status = RB_OK;
  float *values = NULL;
  const int64_t most = block->count < RB_SIMULATIONS_MOST ? block->count : RB_SIMULATIONS_MOST;
  RB_TRY(RB_ALLOCATE(ctx, values, most * block->shape.length));
  for (int64_t row = 0; row < block->count; row += most) {
    const int64_t left = block->count - row;
    RB_TRY(read_rows(ctx, file, f, N, first + row, left < most ? left : most, block, row, values));
  }
cleanup:
  free(values);
  return status;
}

/* Data sets of a block: what is read of the observations before it is turned into what the network
 * sees. The same on all nodes. */
static int64_t block_rows(const rb_model *model, int64_t N) {
  const rb_shape shape = {.channels = model->channels, .length = model->length};
  const int64_t fit = (int64_t)(BLOCK_BYTES / rb_dataset_bytes(model->dim, shape));
  if (fit >= N) return N;
  if (fit < RB_SIMULATIONS_MOST) return fit > 1 ? fit : 1;
  return fit / RB_SIMULATIONS_MOST * RB_SIMULATIONS_MOST;  // whole chunks of the file
}

/* Reads a group block by block into `seen`. Collective. */
static rb_status read_blocks(rb_context *ctx, const rb_file *file, const rb_simulation_fields *f,
                             const rb_view *view, rb_dataset *seen) {
  rb_status status = RB_OK;
  const int64_t N = seen->count, rows = block_rows(view->model, N);
  rb_dataset block;
  RB_TRY(rb_dataset_create(ctx, view->model, rows, &block));
  for (int64_t first = 0; first < N; first += rows) {
    block.count = N - first < rows ? N - first : rows;
    RB_TRY(rb_agree(ctx, file != NULL ? read_block(ctx, file, f, N, first, &block) : RB_OK));
    rb_dataset_fence(ctx, &block);
    // Nobody reads the next block before all have agreed that they are through with this one.
    RB_TRY(rb_agree(ctx, rb_dataset_see(ctx, view, &block, first, seen)));
  }
  rb_dataset_fence(ctx, seen);
cleanup:
  rb_dataset_destroy(&block);
  return status;
}

/* Local. */
static rb_status measure(rb_context *ctx, const rb_file *file, const char *group,
                         const rb_model *model, rb_channel_scales *scales) {
  rb_status status = RB_OK;
  rb_simulation_fields f;
  rb_channel_sums sums[RB_MAX_CHANNELS] = {{0}};
  float *x = NULL, *values = NULL;
  int64_t N = 0;
  rb_simulation_fields_describe(model, group, &f);
  RB_TRY(check_group(ctx, file, &f, model, &N));
  const int64_t n = N < MEASURED ? N : MEASURED, fit = block_rows(model, n);
  const int64_t rows = fit < RB_SIMULATIONS_MOST ? fit : RB_SIMULATIONS_MOST;
  RB_TRY(RB_ALLOCATE(ctx, x, rows * model->channels * model->length));
  RB_TRY(RB_ALLOCATE(ctx, values, rows * model->length));
  for (int64_t first = 0; first < n; first += rows) {
    const int64_t count = n - first < rows ? n - first : rows;
    RB_TRY(rb_simulation_fields_read(ctx, file, &f, N, model->channels, model->length,
                                     (rb_range){first, count}, x, values));
    rb_channel_sums_add(model, count, x, sums);
  }
  *scales = rb_channel_scales_of(model, sums);
cleanup:
  free(x);
  free(values);
  return status;
}

rb_status rb_simulations_measure(rb_context *ctx, const rb_file *file, const char *group,
                                 const rb_view *view) {
  rb_status status = RB_OK;
  const rb_feature_source *features = view->summary->features;
  if (features == NULL || features->scales == NULL) return RB_OK;
  rb_channel_scales *scales = features->scales(view->model);
  RB_TRY(rb_agree(ctx, ctx->rank == 0 ? measure(ctx, file, group, view->model, scales) : RB_OK));
  MPI_Bcast(scales, (int)(sizeof *scales / sizeof(double)), MPI_DOUBLE, 0, ctx->comm);
cleanup:
  return status;
}

rb_status rb_simulations_read(rb_context *ctx, const rb_file *file, const char *group,
                              const rb_view *view, rb_dataset *dataset) {
  rb_status status = RB_OK;
  const rb_model *model = view->model;
  rb_simulation_fields f;
  rb_simulation_fields_describe(model, group, &f);
  *dataset = (rb_dataset){.window = MPI_WIN_NULL};
  int64_t count = 0;
  RB_TRY(rb_agree(ctx, file != NULL ? check_group(ctx, file, &f, model, &count) : RB_OK));
  MPI_Bcast(&count, 1, MPI_INT64_T, 0, ctx->comm);
  RB_TRY(rb_dataset_allocate(ctx, model->dim, rb_view_shape(view), count, dataset));
  RB_TRY(read_blocks(ctx, file, &f, view, dataset));
cleanup:
  if (status != RB_OK) rb_dataset_destroy(dataset);
  return status;
}
