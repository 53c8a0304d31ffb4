#ifndef RB_TESTS_ESTIMATOR_FIXTURE_H
#define RB_TESTS_ESTIMATOR_FIXTURE_H

/* A small estimator with dropout and a micro-batch for it. */

#include "gradient_check.h"
#include "rheobase/base/memory.h"
#include "rheobase/network/estimator.h"

enum { T = 13, C = 2, D = 3, BATCH = 3, DIM = 4, FEATURES = 5 };

typedef struct fixture {
  rb_estimator *estimator;
  rb_parameters *parameters;
  rb_real *gradient;
  rb_dropout_source dropout;
  int64_t row;
  rb_real x[BATCH * (T * C + FEATURES)], theta[BATCH * D], weight[BATCH], loss[BATCH];
} fixture;

/* What the summary network takes. */
static inline rb_shape shape_of(const rb_network_settings *settings) {
  rb_shape shape = {0};
  if (settings->summary.type->series) shape = (rb_shape){C, T, 0};
  if (settings->summary.type->features != NULL) shape.features = FEATURES;
  return shape;
}

static inline rb_network_settings base_settings(void) {
  return (rb_network_settings){.summary = {.type = &rb_summary_recurrent,
                                           .summary_dim = DIM,
                                           .conv_layers = 1,
                                           .filters = {4},
                                           .kernel_sizes = {3},
                                           .strides = {1},
                                           .recurrent_type = RB_GRU,
                                           .recurrent_dim = 5,
                                           .bidirectional = true,
                                           .dropout = 0.2,
                                           .skip_steps = 3,
                                           .gain = 1},
                               .density = &rb_density_coupling,
                               .flow = {.depth = 2,
                                        .mlp_layers = 2,
                                        .mlp_widths = {6, 7},
                                        .mlp_activation = RB_SILU,
                                        .mlp_dropout = 0.2,
                                        .actnorm = true,
                                        .permutation = true}};
}

static inline fixture *new_fixture(const rb_network_settings *settings) {
  fixture *f = calloc(1, sizeof *f);
  assert_non_null(f);
  const rb_shape shape = shape_of(settings);
  assert_all_ok(rb_estimator_create(&test_context, settings, shape, D, BATCH, &f->estimator));
  f->row = rb_shape_row(rb_estimator_shape(f->estimator));
  assert_int_equal(f->row, rb_shape_row(shape));
  assert_int_equal(rb_estimator_dim(f->estimator), D);
  assert_int_equal(rb_estimator_summary_dim(f->estimator), DIM);
  int depth = 0;
  (void)rb_estimator_permutations(f->estimator, &depth);
  assert_int_equal(depth, settings->density == &rb_density_coupling ? settings->flow.depth : 0);
  f->parameters = rb_estimator_parameters(f->estimator);
  assert_all_ok(rb_estimator_initialise(&test_context, f->estimator, 5, 0));
  rb_real *noise = NULL;  // so that no weight is at a special value
  assert_all_ok(RB_ALLOCATE(&test_context, noise, f->parameters->count));
  fill_normal(20, f->parameters->count, 0.3, noise);
  for (int64_t i = 0; i < f->parameters->count; ++i) f->parameters->value[i] += noise[i];
  free(noise);
  rb_estimator_weights_changed(f->estimator);
  assert_all_ok(RB_ALLOCATE(&test_context, f->gradient, f->parameters->count));
  fill_normal(21, BATCH * f->row, 1, f->x);
  fill_normal(22, BATCH * D, 1, f->theta);
  for (int b = 0; b < BATCH; ++b) f->weight[b] = (rb_real)(0.25 + 0.25 * b);
  f->dropout = (rb_dropout_source){.seed = 9, .member = 0, .first_item = 77};
  return f;
}

static inline void free_fixture(fixture *f) {
  rb_estimator_destroy(f->estimator);
  free(f->gradient);
  free(f);
}

static inline void evaluate(fixture *f, rb_real *gradient) {
  rb_estimator_weights_changed(f->estimator);
  assert_int_equal(rb_estimator_gradient(&test_context, f->estimator, BATCH, f->x, f->theta,
                                         f->weight, &f->dropout, gradient, f->loss),
                   RB_OK);
}

#endif
