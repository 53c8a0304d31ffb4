#ifndef TRAINING_FIXTURE_H
#define TRAINING_FIXTURE_H

/* A small training on the linear-Gaussian model, whose posterior is known. */

#include "model/linear_gaussian/linear_gaussian.h"
#include "rb_test.h"
#include "rheobase/inference/training.h"

typedef struct fixture {
  rb_model model;
  rb_dataset training, validation;
  rb_estimator *estimator;
  rb_training train;
  rb_training_data data;
} fixture;

static const rb_network_settings small_network = {.summary = {.type = &rb_summary_recurrent,
                                                              .summary_dim = 6,
                                                              .conv_layers = 1,
                                                              .filters = {8},
                                                              .kernel_sizes = {3},
                                                              .strides = {2},
                                                              .recurrent_type = RB_GRU,
                                                              .recurrent_dim = 16,
                                                              .bidirectional = true,
                                                              .dropout = 0.05,
                                                              .skip_steps = 2},
                                                  .density = &rb_density_coupling,
                                                  .flow = {.depth = 2,
                                                           .mlp_layers = 1,
                                                           .mlp_widths = {32},
                                                           .mlp_activation = RB_HARD_SILU,
                                                           .mlp_dropout = 0.05,
                                                           .actnorm = true,
                                                           .permutation = true}};

/* The purpose's first data sets, as the network sees them. */
static rb_status fill(rb_context *ctx, const rb_model *model, rb_purpose purpose, int64_t count,
                      rb_dataset *seen) {
  const rb_view raw = {.model = model, .summary = &rb_summary_recurrent};
  rb_dataset dataset;
  rb_status status = rb_dataset_create(ctx, model, count, &dataset);
  if (status == RB_OK) status = rb_dataset_allocate(ctx, model->dim, dataset.shape, count, seen);
  if (status != RB_OK) return status;
  int64_t first = 0, share = 0;
  rb_dataset_share(ctx, &dataset, &first, &share);
  double *theta = dataset.theta + first * model->dim;
  float *x = dataset.x + first * model->channels * model->length;
  status = model->draw_prior(model, ctx, 3, purpose, first, share, theta,
                             dataset.latent + first * model->dim);
  if (status == RB_OK) status = model->simulate(model, ctx, 3, purpose, first, share, theta, x);
  rb_dataset_fence(ctx, &dataset);
  if (status == RB_OK) status = rb_dataset_see(ctx, &raw, &dataset, 0, seen);
  rb_dataset_fence(ctx, seen);
  rb_dataset_destroy(&dataset);
  return rb_agree(ctx, status);
}

static rb_status fixture_create(rb_context *ctx, const rb_training_settings *settings, fixture *f) {
  rb_status status = RB_OK;
  *f = (fixture){0};
  RB_TRY(rb_linear_gaussian_model(ctx, 20, 2, 1.0, &f->model));
  RB_TRY(fill(ctx, &f->model, RB_FOR_TRAINING, settings->simulations, &f->training));
  RB_TRY(fill(ctx, &f->model, RB_FOR_VALIDATION, settings->validation, &f->validation));
  f->data = (rb_training_data){&f->model, &f->training, &f->validation};
  RB_TRY(rb_estimator_create(ctx, &small_network, f->training.shape, f->model.dim,
                             settings->micro_batch, &f->estimator));
  RB_TRY(rb_training_create(ctx, settings, 3, 0, f->estimator, &f->data, &f->train));
cleanup:
  return status;
}

static void fixture_destroy(fixture *f) {
  rb_training_destroy(&f->train);
  rb_estimator_destroy(f->estimator);
  rb_dataset_destroy(&f->training);
  rb_dataset_destroy(&f->validation);
  f->model.destroy(&f->model);
}

#endif
