#include "rheobase/network/estimator.h"

#include <string.h>

#include "activations.h"
#include "centred_density.h"
#include "gemm.h"
#include "rheobase/base/memory.h"
#include "subnormals.h"
#include "workspace.h"

/* Density and sampling work on blocks of so many rows, and sampling on groups of so many data sets,
 * short ones padded, and smaller ones where products need it (rb_gemm_rows_alike): a row's result
 * then does not depend on how rows are grouped into calls. */
enum { BLOCK_ROWS = 256, GROUP_SETS = 32 };

struct rb_estimator {
  rb_shape shape;          // of x
  int summary_dim;         // of h
  int summarised;          // rows of a summary's pass
  rb_density_sizes sizes;  // D, batches, blocks and groups
  rb_isa isa;
  const rb_activation_kernel *kernels;
  rb_parameters parameters;
  const rb_summary_type *summary;
  const rb_density_type *density;
  void *summary_state, *density_state;
  rb_real *memory;                         // of all arrays below and those of the two states
  rb_real *h, *dh;                         // (max_batch, summary_dim)
  rb_real *rows_theta, *rows_h, *rows_ld;  // one block: (rows, D), (rows, summary_dim), (rows)
  double seconds[RB_NETWORK_PARTS];
};

static void lay_out(rb_estimator *e, rb_workspace *workspace) {
  const int64_t B = e->sizes.max_batch, block = e->sizes.block, dim = e->summary_dim;
  e->summary->layout(e->summary_state, workspace);
  e->density->layout(e->density_state, workspace);
  e->h = rb_workspace_take(workspace, B * dim);
  e->dh = rb_workspace_take(workspace, B * dim);
  e->rows_theta = rb_workspace_take(workspace, block * e->sizes.D);
  e->rows_h = rb_workspace_take(workspace, block * dim);
  e->rows_ld = rb_workspace_take(workspace, block);
}

rb_status rb_estimator_create(rb_context *ctx, const rb_network_settings *settings, rb_shape shape,
                              int D, int max_batch, rb_estimator **estimator) {
  rb_status status = RB_OK;
  rb_estimator *e = NULL;
  RB_TRY(RB_ALLOCATE(ctx, e, 1));
  e->shape = shape;
  e->summary_dim = settings->summary.summary_dim;
  e->summarised = rb_gemm_rows_alike(max_batch);
  e->sizes = (rb_density_sizes){.D = D,
                                .condition = e->summary_dim,
                                .max_batch = max_batch,
                                .block = rb_gemm_rows_alike(BLOCK_ROWS),
                                .group = rb_gemm_rows_alike(GROUP_SETS)};
  e->isa = ctx->isa;
  e->kernels = rb_activation_kernel_for(ctx->isa);
  e->summary = settings->summary.type;
  e->density = settings->centring ? &rb_density_centred : settings->density;
  if (max_batch < 1) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "micro_batch is %d; it must be positive", max_batch));
  }
  RB_TRY(e->summary->create(ctx, &settings->summary, shape, max_batch, &e->parameters,
                            &e->summary_state));
  RB_TRY(e->density->create(ctx, settings, &e->sizes, &e->parameters, &e->density_state));
  RB_TRY(rb_parameters_allocate(ctx, &e->parameters));
  rb_workspace workspace = {0};
  lay_out(e, &workspace);
  RB_TRY(RB_ALLOCATE(ctx, e->memory, workspace.used));
  workspace = (rb_workspace){.base = e->memory};
  lay_out(e, &workspace);
  *estimator = e;
  e = NULL;
cleanup:
  rb_estimator_destroy(e);
  return status;
}

void rb_estimator_destroy(rb_estimator *e) {
  if (e == NULL) return;
  e->summary->destroy(e->summary_state);
  e->density->destroy(e->density_state);
  rb_parameters_free(&e->parameters);
  free(e->memory);
  free(e);
}

rb_status rb_estimator_initialise(rb_context *ctx, rb_estimator *e, uint64_t seed,
                                  uint16_t member) {
  rb_status status = RB_OK;
  RB_TRY(e->summary->initialise(ctx, e->summary_state, seed, member, &e->parameters));
  RB_TRY(e->density->initialise(ctx, e->density_state, seed, member, &e->parameters));
  rb_estimator_weights_changed(e);
cleanup:
  return status;
}

rb_parameters *rb_estimator_parameters(rb_estimator *e) { return &e->parameters; }

void rb_estimator_weights_changed(rb_estimator *e) {
  if (e->summary->weights_changed != NULL) {
    e->summary->weights_changed(e->summary_state, &e->parameters);
  }
}

int32_t *rb_estimator_permutations(rb_estimator *e, int *depth) {
  *depth = 0;
  return e->density->permutations != NULL ? e->density->permutations(e->density_state, depth)
                                          : NULL;
}

const rb_summary_type *rb_estimator_summary_type(const rb_estimator *e) { return e->summary; }

int rb_estimator_dim(const rb_estimator *e) { return e->sizes.D; }

rb_shape rb_estimator_shape(const rb_estimator *e) { return e->shape; }

int rb_estimator_summary_dim(const rb_estimator *e) { return e->summary_dim; }

double rb_estimator_flops(const rb_estimator *e) {
  return e->summary->flops(e->summary_state) + e->density->flops(e->density_state);
}

const double *rb_estimator_seconds(const rb_estimator *e) { return e->seconds; }

static void draw_masks(rb_estimator *e, const rb_dropout_source *source, int B) {
  uint32_t position = 0;
  if (e->summary->draw_masks != NULL) {
    e->summary->draw_masks(e->summary_state, e->isa, source, &position, B);
  }
  if (e->density->draw_masks != NULL) {
    e->density->draw_masks(e->density_state, e->isa, source, &position, B);
  }
}

static double recurrent_seconds(const rb_estimator *e) {
  return e->summary->recurrent_seconds != NULL ? e->summary->recurrent_seconds(e->summary_state)
                                               : 0;
}

rb_status rb_estimator_gradient(rb_context *ctx, rb_estimator *e, int B, const rb_real *x,
                                const rb_real *theta, const rb_real *weight,
                                const rb_dropout_source *dropout, rb_real *gradient,
                                rb_real *loss) {
  if (B < 1 || B > e->sizes.max_batch) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "a micro-batch of %d was given to an estimator for %d", B,
                   e->sizes.max_batch);
  }
  const bool masks = dropout != NULL;
  if (masks) draw_masks(e, dropout, B);
  memset(gradient, 0, (size_t)e->parameters.count * sizeof *gradient);
  memset(e->dh, 0, (size_t)B * (size_t)e->summary_dim * sizeof *e->dh);

  double *seconds = e->seconds;
  const rb_float_mode mode = rb_subnormals_flush();
  const double began = MPI_Wtime();
  const double nets_before = recurrent_seconds(e);
  e->summary->forward(e->summary_state, e->kernels, &e->parameters, B, x, masks, true, e->h);
  const double summarised = MPI_Wtime();
  const double nets_between = recurrent_seconds(e);
  e->density->gradient(e->density_state, e->kernels, &e->parameters, B, theta, e->h, weight, masks,
                       NULL, e->dh, gradient, loss);
  const double judged = MPI_Wtime();
  e->summary->backward(e->summary_state, e->kernels, &e->parameters, B, x, masks, e->dh, gradient);
  rb_subnormals_restore(mode);
  const double forward = nets_between - nets_before;
  const double backward = recurrent_seconds(e) - nets_between;
  seconds[RB_PART_RECURRENT_FORWARD] += forward;
  seconds[RB_PART_RECURRENT_BACKWARD] += backward;
  seconds[RB_PART_DENSITY] += judged - summarised;
  seconds[RB_PART_CONV] += MPI_Wtime() - judged + summarised - began - forward - backward;
  return RB_OK;
}

void rb_estimator_summarise(rb_estimator *e, int B, const rb_real *x, rb_real *summary) {
  const int64_t row = rb_shape_row(e->shape), dim = e->summary_dim;
  for (int first = 0; first < B; first += e->summarised) {
    const int count = B - first < e->summarised ? B - first : e->summarised;
    e->summary->forward(e->summary_state, e->kernels, &e->parameters, count, x + first * row, false,
                        false, summary + first * dim);
  }
}

/* Copies `count` rows to a block of `rows`, zeros behind them. */
static void fill_block(int64_t count, int64_t rows, int64_t width, const rb_real *source,
                       rb_real *block) {
  memcpy(block, source, (size_t)(count * width) * sizeof *block);
  memset(block + count * width, 0, (size_t)((rows - count) * width) * sizeof *block);
}

void rb_estimator_log_density(rb_estimator *e, int B, const rb_real *theta, const rb_real *summary,
                              rb_real *z, rb_real *log_density) {
  const int64_t D = e->sizes.D, dim = e->summary_dim, block = e->sizes.block;
  for (int64_t first = 0; first < B; first += block) {
    const int64_t count = B - first < block ? B - first : block;
    fill_block(count, block, D, theta + first * D, e->rows_theta);
    fill_block(count, block, dim, summary + first * dim, e->rows_h);
    const rb_real *base = e->density->log_density(e->density_state, e->kernels, &e->parameters,
                                                  e->rows_theta, e->rows_h, e->rows_ld);
    memcpy(log_density + first, e->rows_ld, (size_t)count * sizeof *log_density);
    if (z != NULL && base != NULL) memcpy(z + first * D, base, (size_t)(count * D) * sizeof *z);
  }
}

/* All draws of up to a group of data sets. */
static void sample_group(rb_estimator *e, int64_t sets, int64_t S, const rb_real *summary,
                         const rb_real *z, rb_real *theta, rb_real *log_density) {
  const int64_t D = e->sizes.D, block = e->sizes.block, rows = sets * S;
  fill_block(sets, e->sizes.group, e->summary_dim, summary, e->rows_h);
  e->density->prepare(e->density_state, &e->parameters, e->rows_h);
  for (int64_t first = 0; first < rows; first += block) {
    const int64_t count = rows - first < block ? rows - first : block;
    fill_block(count, block, D, z + first * D, e->rows_theta);
    e->density->sample(e->density_state, e->kernels, &e->parameters, first, S, e->rows_theta,
                       log_density != NULL ? e->rows_ld : NULL);
    memcpy(theta + first * D, e->rows_theta, (size_t)(count * D) * sizeof *theta);
    if (log_density == NULL) continue;
    memcpy(log_density + first, e->rows_ld, (size_t)count * sizeof *log_density);
  }
}

void rb_estimator_sample(rb_estimator *e, int B, int64_t S, const rb_real *summary,
                         const rb_real *z, rb_real *theta, rb_real *log_density) {
  const int64_t D = e->sizes.D, dim = e->summary_dim, group = e->sizes.group;
  for (int64_t first = 0; first < B; first += group) {
    const int64_t sets = B - first < group ? B - first : group, offset = first * S * D;
    sample_group(e, sets, S, summary + first * dim, z + offset, theta + offset,
                 log_density != NULL ? log_density + first * S : NULL);
  }
}
