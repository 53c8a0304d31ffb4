#include "rheobase/inference/dataset.h"

#include <inttypes.h>

#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

static MPI_Aint aligned(int64_t bytes) { return (MPI_Aint)((bytes + 63) / 64 * 64); }

double rb_dataset_bytes(int dim, rb_shape shape) {
  const double log_det = sizeof(double);
  return dim * (double)sizeof(double) + log_det + (double)rb_shape_row(shape) * sizeof(float);
}

/* @param seen by a network: with log_det instead of latent */
static rb_status allocate(rb_context *ctx, int dim, rb_shape shape, int64_t count, bool seen,
                          rb_dataset *dataset) {
  rb_status status = RB_OK;
  *dataset = (rb_dataset){.count = count, .dim = dim, .shape = shape, .window = MPI_WIN_NULL};
  const MPI_Aint theta_bytes = aligned(count * dim * (int64_t)sizeof(double));
  const MPI_Aint second_bytes = seen ? aligned(count * (int64_t)sizeof(double)) : theta_bytes;
  const MPI_Aint x_bytes = aligned(count * rb_shape_row(shape) * (int64_t)sizeof(float));
  const MPI_Aint total = theta_bytes + second_bytes + x_bytes + 64;
  const double available = rb_memory_per_rank(ctx) * ctx->node_size;
  if ((double)total > available) {
    status = RB_FAIL(ctx, RB_ERR_MEMORY,
                     "%" PRId64
                     " data sets need %.3g GB of memory, and this node has %.3g GB: use "
                     "fewer simulations, or train online (training.mode = \"online\")",
                     count, (double)total / 1e9, available / 1e9);
  }
  RB_TRY(rb_agree(ctx, status));
  // A window that does not fit must give an error on all ranks, not abort the job.
  MPI_Errhandler handler;
  MPI_Comm_get_errhandler(ctx->node, &handler);
  MPI_Comm_set_errhandler(ctx->node, MPI_ERRORS_RETURN);
  char *base = NULL;
  const int result = MPI_Win_allocate_shared(ctx->node_rank == 0 ? total : 0, 1, MPI_INFO_NULL,
                                             ctx->node, (void *)&base, &dataset->window);
  MPI_Comm_set_errhandler(ctx->node, handler);
  MPI_Errhandler_free(&handler);
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
  double *second = (double *)(void *)(base + theta_bytes);
  if (seen) {
    dataset->log_det = second;
  } else {
    dataset->latent = second;
  }
  dataset->x = (float *)(void *)(base + theta_bytes + second_bytes);
  MPI_Win_lock_all(MPI_MODE_NOCHECK, dataset->window);
cleanup:
  return status;
}

rb_status rb_dataset_allocate(rb_context *ctx, int dim, rb_shape shape, int64_t count,
                              rb_dataset *dataset) {
  return allocate(ctx, dim, shape, count, true, dataset);
}

rb_status rb_dataset_create(rb_context *ctx, const rb_model *model, int64_t count,
                            rb_dataset *dataset) {
  const rb_shape shape = {.channels = model->channels, .length = model->length};
  return allocate(ctx, model->dim, shape, count, false, dataset);
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
