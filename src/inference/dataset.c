#include "rheobase/dataset.h"

#include <inttypes.h>

#include "rheobase/agree.h"

static MPI_Aint aligned(int64_t bytes) { return (MPI_Aint)((bytes + 63) / 64 * 64); }

rb_status rb_dataset_allocate(rb_context *ctx, int dim, rb_shape shape, int64_t count,
                              rb_dataset *dataset) {
  *dataset = (rb_dataset){.count = count, .dim = dim, .shape = shape, .window = MPI_WIN_NULL};
  const MPI_Aint theta_bytes = aligned(count * dim * (int64_t)sizeof(double));
  const MPI_Aint log_det_bytes = aligned(count * (int64_t)sizeof(double));
  const MPI_Aint x_bytes = aligned(count * rb_shape_row(shape) * (int64_t)sizeof(float));
  const MPI_Aint total = 2 * theta_bytes + log_det_bytes + x_bytes + 64;
  // A window that does not fit must give an error on all ranks, not abort the job.
  MPI_Errhandler handler;
  MPI_Comm_get_errhandler(ctx->node, &handler);
  MPI_Comm_set_errhandler(ctx->node, MPI_ERRORS_RETURN);
  char *base = NULL;
  const int result = MPI_Win_allocate_shared(ctx->node_rank == 0 ? total : 0, 1, MPI_INFO_NULL,
                                             ctx->node, (void *)&base, &dataset->window);
  MPI_Comm_set_errhandler(ctx->node, handler);
  MPI_Errhandler_free(&handler);
  rb_status status = RB_OK;
  if (result != MPI_SUCCESS) {
    dataset->window = MPI_WIN_NULL;
    status =
        RB_FAIL(ctx, RB_ERR_MEMORY,
                "%.0f MB of shared memory for %" PRId64
                " data sets cannot be had on this node; use fewer simulations, or online training",
                (double)total / 1e6, count);
  }
  RB_TRY(rb_agree(ctx, status));
  MPI_Aint size = 0;
  int unit = 0;
  MPI_Win_shared_query(dataset->window, 0, &size, &unit, (void *)&base);
  base += (64 - (uintptr_t)base % 64) % 64;
  dataset->theta = (double *)(void *)base;
  dataset->latent = (double *)(void *)(base + theta_bytes);
  dataset->log_det = (double *)(void *)(base + 2 * theta_bytes);
  dataset->x = (float *)(void *)(base + 2 * theta_bytes + log_det_bytes);
  MPI_Win_lock_all(MPI_MODE_NOCHECK, dataset->window);
cleanup:
  return status;
}

rb_status rb_dataset_create(rb_context *ctx, const rb_model *model, int64_t count,
                            rb_dataset *dataset) {
  const rb_shape shape = {.channels = model->channels, .length = model->length};
  return rb_dataset_allocate(ctx, model->dim, shape, count, dataset);
}

void rb_dataset_destroy(rb_dataset *dataset) {
  if (dataset->theta != NULL) {
    MPI_Win_unlock_all(dataset->window);
    MPI_Win_free(&dataset->window);
  }
  *dataset = (rb_dataset){.window = MPI_WIN_NULL};
}

void rb_dataset_share(const rb_context *ctx, const rb_dataset *dataset, int64_t *first,
                      int64_t *count) {
  const int64_t begin = dataset->count * ctx->node_rank / ctx->node_size;
  const int64_t end = dataset->count * (ctx->node_rank + 1) / ctx->node_size;
  *first = begin;
  *count = end - begin;
}

void rb_dataset_fence(const rb_context *ctx, const rb_dataset *dataset) {
  MPI_Win_sync(dataset->window);
  MPI_Barrier(ctx->comm);
  MPI_Win_sync(dataset->window);
}
