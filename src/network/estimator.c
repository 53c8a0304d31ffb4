#include "rheobase/network/estimator.h"

#include <string.h>

#include "flow.h"
#include "gemm.h"
#include "initialise.h"
#include "mixture.h"
#include "rheobase/base/memory.h"
#include "subnormals.h"
#include "workspace.h"

/* Density and sampling work on blocks of so many rows, and sampling on groups of so many data sets,
 * short ones padded, and smaller ones where products need it (rb_gemm_rows_alike): a row's result
 * then does not depend on how rows are grouped into calls. */
enum { BLOCK_ROWS = 256, GROUP_SETS = 32 };

struct rb_estimator {
  rb_network_settings settings;
  rb_shape shape;  // of x
  int D, max_batch;
  int block, group, summarised;  // rows of a block, data sets of a group, and of a summary's pass
  rb_isa isa;
  const rb_activation_kernel *kernels;
  rb_parameters parameters;
  const rb_summary_type *summary;
  void *summary_state;
  rb_flow flow;  // one of these two
  rb_mixture mixture;
  rb_real *memory;           // of all arrays below and those of summary and flow
  rb_flow_cache training;    // max_batch rows
  rb_flow_cache evaluation;  // block rows
  rb_mixture_cache mixture_training, mixture_evaluation;  // likewise
  rb_real *h, *dh;                                        // (max_batch, summary_dim)
  rb_real *dz;                                            // (max_batch, D)
  rb_real *log_det, *dlog_det;                            // (max_batch)
  rb_real *rows_theta, *rows_h, *rows_ld;  // one block: (rows, D), (rows, summary_dim), (rows)
  rb_real *conditions;  // of one group, see rb_flow_condition, rb_mixture_condition
  double seconds[RB_NETWORK_PARTS];
};

static bool is_mixture(const rb_estimator *e) {
  return e->settings.density == RB_DENSITY_AUTOREGRESSIVE;
}

static void lay_out_density(rb_estimator *e, rb_workspace *workspace) {
  const int64_t B = e->max_batch;
  if (is_mixture(e)) {
    rb_mixture_cache_layout(&e->mixture, B, true, workspace, &e->mixture_training);
    rb_mixture_cache_layout(&e->mixture, e->block, false, workspace, &e->mixture_evaluation);
  } else {
    rb_flow_cache_layout(&e->flow, B, true, workspace, &e->training);
    rb_flow_cache_layout(&e->flow, e->block, false, workspace, &e->evaluation);
  }
  e->conditions =
      rb_workspace_take(workspace, is_mixture(e) ? rb_mixture_condition_count(&e->mixture, e->group)
                                                 : rb_flow_condition_count(&e->flow, e->group));
}

static void lay_out(rb_estimator *e, rb_workspace *workspace) {
  const int64_t B = e->max_batch, dim = e->settings.summary.summary_dim;
  e->summary->layout(e->summary_state, workspace);
  lay_out_density(e, workspace);
  e->h = rb_workspace_take(workspace, B * dim);
  e->dh = rb_workspace_take(workspace, B * dim);
  e->dz = rb_workspace_take(workspace, B * e->D);
  e->log_det = rb_workspace_take(workspace, B);
  e->dlog_det = rb_workspace_take(workspace, B);
  e->rows_theta = rb_workspace_take(workspace, (int64_t)e->block * e->D);
  e->rows_h = rb_workspace_take(workspace, e->block * dim);
  e->rows_ld = rb_workspace_take(workspace, e->block);
}

/* The parts the settings ask for, with their tensors. */
static rb_status create_parts(rb_context *ctx, rb_shape shape, rb_estimator *e) {
  rb_status status = RB_OK;
  const rb_network_settings *s = &e->settings;
  const int dim = s->summary.summary_dim;
  RB_TRY(
      e->summary->create(ctx, &s->summary, shape, e->max_batch, &e->parameters, &e->summary_state));
  if (is_mixture(e)) {
    RB_TRY(rb_mixture_create(ctx, &s->mixture, e->D, dim, &e->parameters, &e->mixture));
    RB_TRY(rb_mixture_cache_create(ctx, &e->mixture, &e->mixture_training));
    RB_TRY(rb_mixture_cache_create(ctx, &e->mixture, &e->mixture_evaluation));
  } else {
    RB_TRY(rb_flow_create(ctx, &s->flow, e->D, dim, &e->parameters, &e->flow));
    RB_TRY(rb_flow_cache_create(ctx, &e->flow, &e->training));
    RB_TRY(rb_flow_cache_create(ctx, &e->flow, &e->evaluation));
  }
cleanup:
  return status;
}

rb_status rb_estimator_create(rb_context *ctx, const rb_network_settings *settings, rb_shape shape,
                              int D, int max_batch, rb_estimator **estimator) {
  rb_status status = RB_OK;
  rb_estimator *e = NULL;
  RB_TRY(RB_ALLOCATE(ctx, e, 1));
  e->settings = *settings;
  e->summary = settings->summary.type;
  e->shape = shape;
  e->D = D;
  e->max_batch = max_batch;
  e->block = rb_gemm_rows_alike(BLOCK_ROWS);
  e->group = rb_gemm_rows_alike(GROUP_SETS);
  e->summarised = rb_gemm_rows_alike(max_batch);
  e->isa = ctx->isa;
  e->kernels = rb_activation_kernel_for(ctx->isa);
  if (max_batch < 1) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "micro_batch is %d; it must be positive", max_batch));
  }
  RB_TRY(create_parts(ctx, shape, e));
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

void rb_estimator_destroy(rb_estimator *estimator) {
  if (estimator == NULL) return;
  rb_flow_cache_destroy(&estimator->training);
  rb_flow_cache_destroy(&estimator->evaluation);
  rb_mixture_cache_destroy(&estimator->mixture_training);
  rb_mixture_cache_destroy(&estimator->mixture_evaluation);
  if (estimator->summary_state != NULL) estimator->summary->destroy(estimator->summary_state);
  rb_flow_destroy(&estimator->flow);
  rb_mixture_destroy(&estimator->mixture);
  rb_parameters_free(&estimator->parameters);
  free(estimator->memory);
  free(estimator);
}

rb_status rb_estimator_initialise(rb_context *ctx, rb_estimator *e, uint64_t seed,
                                  uint16_t member) {
  rb_status status = RB_OK;
  RB_TRY(e->summary->initialise(ctx, e->summary_state, seed, member, &e->parameters));
  if (is_mixture(e)) {
    rb_mixture_initialise(&e->mixture, seed, member, &e->parameters);
  } else {
    RB_TRY(rb_flow_initialise(ctx, &e->flow, e->settings.flow.permutation, seed, member,
                              &e->parameters));
  }
  rb_estimator_weights_changed(e);
cleanup:
  return status;
}

rb_parameters *rb_estimator_parameters(rb_estimator *estimator) { return &estimator->parameters; }

void rb_estimator_weights_changed(rb_estimator *e) {
  if (e->summary->weights_changed != NULL) {
    e->summary->weights_changed(e->summary_state, &e->parameters);
  }
}

int32_t *rb_estimator_permutations(rb_estimator *estimator) { return estimator->flow.permutation; }

const rb_summary_type *rb_estimator_summary_type(const rb_estimator *estimator) {
  return estimator->summary;
}

int rb_estimator_dim(const rb_estimator *estimator) { return estimator->D; }

rb_shape rb_estimator_shape(const rb_estimator *estimator) { return estimator->shape; }

int rb_estimator_summary_dim(const rb_estimator *estimator) {
  return estimator->settings.summary.summary_dim;
}

int rb_estimator_depth(const rb_estimator *estimator) { return estimator->flow.depth; }

double rb_estimator_flops(const rb_estimator *estimator) {
  return estimator->summary->flops(estimator->summary_state) +
         (is_mixture(estimator) ? rb_mixture_flops(&estimator->mixture)
                                : rb_flow_flops(&estimator->flow));
}

const double *rb_estimator_seconds(const rb_estimator *estimator) { return estimator->seconds; }

/* log N(z; 0, I) */
static rb_real log_normal(int D, const rb_real *z) {
  rb_real squares = 0;
  for (int j = 0; j < D; ++j) squares += z[j] * z[j];
  return (rb_real)-0.5 * squares - (rb_real)(0.5 * 1.8378770664093454836) * (rb_real)D;
}

static void draw_masks(rb_estimator *e, const rb_dropout_source *source, int B) {
  uint32_t position = 0;
  if (e->summary->draw_masks != NULL) {
    e->summary->draw_masks(e->summary_state, e->isa, source, &position, B);
  }
  if (!is_mixture(e)) {
    rb_flow_draw_masks(&e->flow, e->isa, source, &position, B, &e->training);
  }
}

/* Loss of each sample given the summaries e->h, and the gradients of weights and e->dh. */
static void density_gradient(rb_estimator *e, int B, const rb_real *theta, const rb_real *weight,
                             bool masks, rb_real *gradient, rb_real *loss) {
  const int D = e->D;
  for (int b = 0; b < B; ++b) e->dlog_det[b] = -weight[b];
  if (is_mixture(e)) {
    rb_mixture_log_density(&e->mixture, e->kernels, &e->parameters, B, theta, e->h,
                           &e->mixture_training, loss);
    for (int b = 0; b < B; ++b) loss[b] = -loss[b];
    rb_mixture_backward(&e->mixture, e->kernels, &e->parameters, B, theta, e->h,
                        &e->mixture_training, e->dlog_det, e->dh, gradient);
    return;
  }
  const rb_real *z = rb_flow_forward(&e->flow, e->kernels, &e->parameters, B, theta, e->h, masks,
                                     &e->training, e->log_det);
  for (int b = 0; b < B; ++b) {
    loss[b] = -(log_normal(D, z + b * D) + e->log_det[b]);
    for (int j = 0; j < D; ++j) e->dz[b * D + j] = weight[b] * z[b * D + j];
  }
  rb_flow_backward(&e->flow, e->kernels, &e->parameters, B, theta, e->h, masks, &e->training,
                   e->dlog_det, e->dz, e->dh, gradient);
}

static double recurrent_seconds(const rb_estimator *e) {
  return e->summary->recurrent_seconds != NULL ? e->summary->recurrent_seconds(e->summary_state)
                                               : 0;
}

rb_status rb_estimator_gradient(rb_context *ctx, rb_estimator *e, int B, const rb_real *x,
                                const rb_real *theta, const rb_real *weight,
                                const rb_dropout_source *dropout, rb_real *gradient,
                                rb_real *loss) {
  if (B < 1 || B > e->max_batch) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "a micro-batch of %d was given to an estimator for %d", B,
                   e->max_batch);
  }
  const bool masks = dropout != NULL;
  const int dim = e->settings.summary.summary_dim;
  if (masks) draw_masks(e, dropout, B);
  memset(gradient, 0, (size_t)e->parameters.count * sizeof *gradient);
  memset(e->dh, 0, (size_t)B * (size_t)dim * sizeof *e->dh);

  double *seconds = e->seconds;
  const rb_float_mode mode = rb_subnormals_flush();
  const double began = MPI_Wtime();
  const double nets_before = recurrent_seconds(e);
  e->summary->forward(e->summary_state, e->kernels, &e->parameters, B, x, masks, true, e->h);
  const double summarised = MPI_Wtime();
  const double nets_between = recurrent_seconds(e);
  density_gradient(e, B, theta, weight, masks, gradient, loss);
  const double flowed = MPI_Wtime();
  e->summary->backward(e->summary_state, e->kernels, &e->parameters, B, x, masks, e->dh, gradient);
  rb_subnormals_restore(mode);
  const double forward = nets_between - nets_before;
  const double backward = recurrent_seconds(e) - nets_between;
  seconds[RB_PART_RECURRENT_FORWARD] += forward;
  seconds[RB_PART_RECURRENT_BACKWARD] += backward;
  seconds[RB_PART_FLOW] += flowed - summarised;
  seconds[RB_PART_CONV] += MPI_Wtime() - flowed + summarised - began - forward - backward;
  return RB_OK;
}

void rb_estimator_summarise(rb_estimator *e, int B, const rb_real *x, rb_real *summary) {
  const int64_t row = rb_shape_row(e->shape), dim = e->settings.summary.summary_dim;
  for (int first = 0; first < B; first += e->summarised) {
    const int count = B - first < e->summarised ? B - first : e->summarised;
    e->summary->forward(e->summary_state, e->kernels, &e->parameters, count, x + first * row, false,
                        false, summary + first * dim);
  }
}

/* Copies `count` rows to a block of `rows`, zeros behind them. */
static void fill_block(int64_t count, int64_t rows, int width, const rb_real *source,
                       rb_real *block) {
  memcpy(block, source, (size_t)(count * width) * sizeof *block);
  memset(block + count * width, 0, (size_t)((rows - count) * width) * sizeof *block);
}

void rb_estimator_log_density(rb_estimator *e, int B, const rb_real *theta, const rb_real *summary,
                              rb_real *z, rb_real *log_density) {
  const int D = e->D, dim = e->settings.summary.summary_dim;
  for (int64_t first = 0; first < B; first += e->block) {
    const int64_t count = B - first < e->block ? B - first : e->block;
    fill_block(count, e->block, D, theta + first * D, e->rows_theta);
    fill_block(count, e->block, dim, summary + first * dim, e->rows_h);
    if (is_mixture(e)) {
      rb_mixture_log_density(&e->mixture, e->kernels, &e->parameters, e->block, e->rows_theta,
                             e->rows_h, &e->mixture_evaluation, e->rows_ld);
      memcpy(log_density + first, e->rows_ld, (size_t)count * sizeof *log_density);
      continue;
    }
    const rb_real *base =
        rb_flow_forward(&e->flow, e->kernels, &e->parameters, e->block, e->rows_theta, e->rows_h,
                        false, &e->evaluation, e->rows_ld);
    for (int64_t i = 0; i < count; ++i) {
      log_density[first + i] = log_normal(D, base + i * D) + e->rows_ld[i];
    }
    if (z != NULL) memcpy(z + first * D, base, (size_t)(count * D) * sizeof *z);
  }
}

/* One block of draws of a group, from e->rows_theta into it. @param z (count, D) the same numbers
 */
static void sample_block(rb_estimator *e, int64_t first, int64_t count, int64_t S, const rb_real *z,
                         rb_real *log_density) {
  rb_real *rows_ld = log_density != NULL ? e->rows_ld : NULL;
  if (is_mixture(e)) {
    rb_mixture_sample(&e->mixture, e->kernels, &e->parameters, first, e->block, e->group, S,
                      e->conditions, &e->mixture_evaluation, e->rows_theta, rows_ld);
    if (log_density != NULL) memcpy(log_density, rows_ld, (size_t)count * sizeof *log_density);
    return;
  }
  rb_flow_inverse(&e->flow, e->kernels, &e->parameters, first, e->block, e->group, S, e->conditions,
                  &e->evaluation, e->rows_theta, rows_ld);
  for (int64_t i = 0; i < count && log_density != NULL; ++i) {
    log_density[i] = log_normal(e->D, z + i * e->D) + rows_ld[i];
  }
}

/* All draws of up to e->group data sets. */
static void sample_group(rb_estimator *e, int64_t sets, int64_t S, const rb_real *summary,
                         const rb_real *z, rb_real *theta, rb_real *log_density) {
  const int D = e->D;
  const int64_t rows = sets * S;
  fill_block(sets, e->group, e->settings.summary.summary_dim, summary, e->rows_h);
  if (is_mixture(e)) {
    rb_mixture_condition(&e->mixture, &e->parameters, e->group, e->rows_h, e->conditions);
  } else {
    rb_flow_condition(&e->flow, &e->parameters, e->group, e->rows_h, e->conditions);
  }
  for (int64_t first = 0; first < rows; first += e->block) {
    const int64_t count = rows - first < e->block ? rows - first : e->block;
    fill_block(count, e->block, D, z + first * D, e->rows_theta);
    sample_block(e, first, count, S, z + first * D,
                 log_density != NULL ? log_density + first : NULL);
    memcpy(theta + first * D, e->rows_theta, (size_t)(count * D) * sizeof *theta);
  }
}

void rb_estimator_sample(rb_estimator *e, int B, int64_t S, const rb_real *summary,
                         const rb_real *z, rb_real *theta, rb_real *log_density) {
  const int dim = e->settings.summary.summary_dim;
  for (int64_t first = 0; first < B; first += e->group) {
    const int64_t sets = B - first < e->group ? B - first : e->group, offset = first * S * e->D;
    sample_group(e, sets, S, summary + first * dim, z + offset, theta + offset,
                 log_density != NULL ? log_density + first * S : NULL);
  }
}
