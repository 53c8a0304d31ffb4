#include "rheobase/estimator.h"

#include <string.h>

#include "flow.h"
#include "gemm.h"
#include "initialise.h"
#include "rheobase/memory.h"
#include "summary.h"
#include "workspace.h"

/* Density and sampling work on blocks of so many rows, and sampling on groups of so many data sets,
 * short ones padded: a row's result then does not depend on how rows are grouped into calls. */
enum { BLOCK_ROWS = 256, GROUP_SETS = 32 };

struct rb_estimator {
  rb_network_settings settings;
  int64_t T;
  int C, D, max_batch;
  rb_isa isa;
  const rb_activation_kernel *kernels;
  rb_parameters parameters;
  rb_summary summary;
  rb_flow flow;
  rb_real *memory;                         // of all arrays below and those of summary and flow
  rb_flow_cache training;                  // max_batch rows
  rb_flow_cache evaluation;                // BLOCK_ROWS rows
  rb_real *h, *dh;                         // (max_batch, summary_dim)
  rb_real *dz;                             // (max_batch, D)
  rb_real *log_det, *dlog_det;             // (max_batch)
  rb_real *rows_theta, *rows_h, *rows_ld;  // one block: (rows, D), (rows, summary_dim), (rows)
  rb_real *conditions;                     // of one group, see rb_flow_condition
  double seconds[RB_NETWORK_PARTS];
};

static void lay_out(rb_estimator *e, rb_workspace *workspace) {
  const int64_t B = e->max_batch, dim = e->settings.summary.summary_dim;
  rb_summary_layout(&e->summary, workspace);
  rb_flow_cache_layout(&e->flow, B, true, workspace, &e->training);
  rb_flow_cache_layout(&e->flow, BLOCK_ROWS, false, workspace, &e->evaluation);
  e->h = rb_workspace_take(workspace, B * dim);
  e->dh = rb_workspace_take(workspace, B * dim);
  e->dz = rb_workspace_take(workspace, B * e->D);
  e->log_det = rb_workspace_take(workspace, B);
  e->dlog_det = rb_workspace_take(workspace, B);
  e->rows_theta = rb_workspace_take(workspace, (int64_t)BLOCK_ROWS * e->D);
  e->rows_h = rb_workspace_take(workspace, BLOCK_ROWS * dim);
  e->rows_ld = rb_workspace_take(workspace, BLOCK_ROWS);
  e->conditions = rb_workspace_take(workspace, rb_flow_condition_count(&e->flow, GROUP_SETS));
}

rb_status rb_estimator_create(rb_context *ctx, const rb_network_settings *settings, int64_t T,
                              int C, int D, int max_batch, rb_estimator **estimator) {
  rb_status status = RB_OK;
  rb_estimator *e = NULL;
  RB_TRY(RB_ALLOCATE(ctx, e, 1));
  e->settings = *settings;
  e->T = T;
  e->C = C;
  e->D = D;
  e->max_batch = max_batch;
  e->isa = ctx->isa;
  e->kernels = rb_activation_kernel_for(ctx->isa);
  rb_gemm_single_thread();
  if (max_batch < 1) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "micro_batch is %d; it must be positive", max_batch));
  }
  RB_TRY(rb_summary_create(ctx, &settings->summary, T, C, max_batch, &e->parameters, &e->summary));
  RB_TRY(rb_flow_create(ctx, &settings->flow, D, settings->summary.summary_dim, &e->parameters,
                        &e->flow));
  RB_TRY(rb_parameters_allocate(ctx, &e->parameters));
  RB_TRY(rb_flow_cache_create(ctx, &e->flow, &e->training));
  RB_TRY(rb_flow_cache_create(ctx, &e->flow, &e->evaluation));
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
  rb_summary_destroy(&estimator->summary);
  rb_flow_destroy(&estimator->flow);
  rb_parameters_free(&estimator->parameters);
  free(estimator->memory);
  free(estimator);
}

rb_status rb_estimator_initialise(rb_context *ctx, rb_estimator *e, uint64_t seed,
                                  uint16_t member) {
  rb_status status = RB_OK;
  RB_TRY(rb_summary_initialise(ctx, &e->summary, seed, member, &e->parameters));
  RB_TRY(rb_flow_initialise(ctx, &e->flow, e->settings.flow.permutation, seed, member,
                            &e->parameters));
  rb_estimator_weights_changed(e);
cleanup:
  return status;
}

rb_parameters *rb_estimator_parameters(rb_estimator *estimator) { return &estimator->parameters; }

void rb_estimator_weights_changed(rb_estimator *estimator) {
  rb_summary_weights_changed(&estimator->summary, &estimator->parameters);
}

int32_t *rb_estimator_permutations(rb_estimator *estimator) { return estimator->flow.permutation; }

int rb_estimator_dim(const rb_estimator *estimator) { return estimator->D; }

int rb_estimator_channels(const rb_estimator *estimator) { return estimator->C; }

int64_t rb_estimator_length(const rb_estimator *estimator) { return estimator->T; }

int rb_estimator_summary_dim(const rb_estimator *estimator) {
  return estimator->settings.summary.summary_dim;
}

int rb_estimator_depth(const rb_estimator *estimator) { return estimator->flow.depth; }

double rb_estimator_flops(const rb_estimator *estimator) {
  return rb_summary_flops(&estimator->summary) + rb_flow_flops(&estimator->flow);
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
  rb_summary_draw_masks(&e->summary, e->isa, source, &position, B);
  rb_flow_draw_masks(&e->flow, e->isa, source, &position, B, &e->training);
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
  const int D = e->D, dim = e->settings.summary.summary_dim;
  if (masks) draw_masks(e, dropout, B);
  memset(gradient, 0, (size_t)e->parameters.count * sizeof *gradient);
  memset(e->dh, 0, (size_t)B * (size_t)dim * sizeof *e->dh);

  double *seconds = e->seconds;
  const double began = MPI_Wtime();
  const double nets_before = e->summary.recurrent_seconds;
  rb_summary_forward(&e->summary, e->kernels, &e->parameters, B, x, masks, true, e->h);
  const double summarised = MPI_Wtime();
  const double nets_between = e->summary.recurrent_seconds;
  const rb_real *z = rb_flow_forward(&e->flow, e->kernels, &e->parameters, B, theta, e->h, masks,
                                     &e->training, e->log_det);
  for (int b = 0; b < B; ++b) {
    loss[b] = -(log_normal(D, z + b * D) + e->log_det[b]);
    e->dlog_det[b] = -weight[b];
    for (int j = 0; j < D; ++j) e->dz[b * D + j] = weight[b] * z[b * D + j];
  }
  rb_flow_backward(&e->flow, e->kernels, &e->parameters, B, theta, e->h, masks, &e->training,
                   e->dlog_det, e->dz, e->dh, gradient);
  const double flowed = MPI_Wtime();
  rb_summary_backward(&e->summary, e->kernels, &e->parameters, B, x, masks, e->dh, gradient);
  const double forward = nets_between - nets_before;
  const double backward = e->summary.recurrent_seconds - nets_between;
  seconds[RB_PART_RECURRENT_FORWARD] += forward;
  seconds[RB_PART_RECURRENT_BACKWARD] += backward;
  seconds[RB_PART_FLOW] += flowed - summarised;
  seconds[RB_PART_CONV] += MPI_Wtime() - flowed + summarised - began - forward - backward;
  return RB_OK;
}

void rb_estimator_summarise(rb_estimator *e, int B, const rb_real *x, rb_real *summary) {
  for (int first = 0; first < B; first += e->max_batch) {
    const int count = B - first < e->max_batch ? B - first : e->max_batch;
    rb_summary_forward(&e->summary, e->kernels, &e->parameters, count, x + first * e->T * e->C,
                       false, false, summary + (int64_t)first * e->settings.summary.summary_dim);
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
  for (int64_t first = 0; first < B; first += BLOCK_ROWS) {
    const int64_t count = B - first < BLOCK_ROWS ? B - first : BLOCK_ROWS;
    fill_block(count, BLOCK_ROWS, D, theta + first * D, e->rows_theta);
    fill_block(count, BLOCK_ROWS, dim, summary + first * dim, e->rows_h);
    const rb_real *base =
        rb_flow_forward(&e->flow, e->kernels, &e->parameters, BLOCK_ROWS, e->rows_theta, e->rows_h,
                        false, &e->evaluation, e->rows_ld);
    for (int64_t i = 0; i < count; ++i) {
      log_density[first + i] = log_normal(D, base + i * D) + e->rows_ld[i];
    }
    if (z != NULL) memcpy(z + first * D, base, (size_t)(count * D) * sizeof *z);
  }
}

/* All draws of up to GROUP_SETS data sets. */
static void sample_group(rb_estimator *e, int64_t sets, int64_t S, const rb_real *summary,
                         const rb_real *z, rb_real *theta, rb_real *log_density) {
  const int D = e->D;
  const int64_t rows = sets * S;
  fill_block(sets, GROUP_SETS, e->settings.summary.summary_dim, summary, e->rows_h);
  rb_flow_condition(&e->flow, &e->parameters, GROUP_SETS, e->rows_h, e->conditions);
  for (int64_t first = 0; first < rows; first += BLOCK_ROWS) {
    const int64_t count = rows - first < BLOCK_ROWS ? rows - first : BLOCK_ROWS;
    fill_block(count, BLOCK_ROWS, D, z + first * D, e->rows_theta);
    rb_flow_inverse(&e->flow, e->kernels, &e->parameters, first, BLOCK_ROWS, GROUP_SETS, S,
                    e->conditions, &e->evaluation, e->rows_theta,
                    log_density != NULL ? e->rows_ld : NULL);
    memcpy(theta + first * D, e->rows_theta, (size_t)(count * D) * sizeof *theta);
    for (int64_t i = 0; i < count && log_density != NULL; ++i) {
      log_density[first + i] = log_normal(D, z + (first + i) * D) + e->rows_ld[i];
    }
  }
}

void rb_estimator_sample(rb_estimator *e, int B, int64_t S, const rb_real *summary,
                         const rb_real *z, rb_real *theta, rb_real *log_density) {
  const int dim = e->settings.summary.summary_dim;
  for (int64_t first = 0; first < B; first += GROUP_SETS) {
    const int64_t sets = B - first < GROUP_SETS ? B - first : GROUP_SETS, offset = first * S * e->D;
    sample_group(e, sets, S, summary + first * dim, z + offset, theta + offset,
                 log_density != NULL ? log_density + first * S : NULL);
  }
}
