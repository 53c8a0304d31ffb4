/* The whole estimator: gradients of all weights, padding, grouping. */
#include <float.h>

#include "estimator_fixture.h"
#include "gradient_check.h"
#include "network/subnormals.h"

static double loss_objective(void *argument) {
  fixture *f = argument;
  rb_real *unused = NULL;
  assert_int_equal(RB_ALLOCATE(&test_context, unused, f->parameters->count), RB_OK);
  evaluate(f, unused);
  free(unused);
  return weighted_sum(BATCH, f->weight, f->loss);
}

static void check_network(const rb_network_settings *settings) {
  fixture *f = new_fixture(settings);
  const int stride = sizeof(rb_real) == sizeof(double) ? 1 : 7;  // float: a coarse check will do
  for (int64_t i = 0; i < f->parameters->count; ++i) f->gradient[i] = 1000;  // is overwritten
  evaluate(f, f->gradient);
  for (int i = 0; i < f->parameters->tensors; ++i) {
    const rb_tensor *tensor = &f->parameters->tensor[i];
    check_gradient(tensor->name, loss_objective, f, tensor->count, stride,
                   f->parameters->value + tensor->offset, f->gradient + tensor->offset);
  }
  free_fixture(f);
}

static void test_gradients(void **state) {
  (void)state;
  rb_network_settings settings = base_settings();
  check_network(&settings);
  settings.summary.recurrent_type = RB_LSTM;
  settings.summary.bidirectional = false;
  settings.summary.dropout = 0;
  check_network(&settings);
}

static void test_gradients_strided(void **state) {
  (void)state;
  rb_network_settings settings = base_settings();
  settings.summary.conv_layers = 2;
  settings.summary.filters[1] = 6;
  settings.summary.kernel_sizes[0] = 4;
  settings.summary.kernel_sizes[1] = 5;
  settings.summary.strides[0] = 2;
  settings.summary.strides[1] = 2;
  settings.summary.skip_steps = 2;
  settings.summary.groups = 2;
  settings.flow.mlp_dropout = 0;
  check_network(&settings);
}

/* Expert features through an MLP, and an autoregressive mixture instead of the flow. */
static rb_network_settings expert_settings(void) {
  rb_network_settings settings = base_settings();
  settings.summary.type = &rb_summary_expert;
  settings.summary.mlp_layers = 2;
  settings.summary.mlp_widths[0] = 6;
  settings.summary.mlp_widths[1] = 5;
  settings.density = &rb_density_autoregressive;
  settings.mixture = (rb_autoregressive_settings){.parts = 2, .mlp_layers = 1, .mlp_widths = {6}};
  settings.spline = (rb_autoregressive_settings){.parts = 3, .mlp_layers = 1, .mlp_widths = {6}};
  return settings;
}

/* The recurrent summary beside the features. */
static rb_network_settings both_settings(void) {
  rb_network_settings settings = expert_settings();
  settings.summary.type = &rb_summary_both;
  return settings;
}

/* Statistics through an MLP with a straight line beside it, and learned centring. */
static rb_network_settings centred_settings(void) {
  rb_network_settings settings = expert_settings();
  settings.summary.type = &rb_summary_statistics;
  settings.centring = true;
  return settings;
}

static void test_gradients_of_statistics_and_centring(void **state) {
  (void)state;
  rb_network_settings settings = centred_settings();
  check_network(&settings);
  settings.density = &rb_density_coupling;
  check_network(&settings);
  settings.summary.type = &rb_summary_recurrent;
  check_network(&settings);
  settings.density = &rb_density_autoregressive;
  check_network(&settings);
}

static void test_gradients_of_splines(void **state) {
  (void)state;
  rb_network_settings settings = centred_settings();
  settings.density = &rb_density_spline;
  check_network(&settings);
  settings.centring = false;
  check_network(&settings);
}

static void test_gradients_of_both(void **state) {
  (void)state;
  const rb_network_settings settings = both_settings();
  check_network(&settings);
}

/* Copies the weights whose names begin with `group` between networks that both have them. */
static void copy_weights(const char *group, const fixture *from, const fixture *to) {
  int copied = 0;
  for (int i = 0; i < from->parameters->tensors; ++i) {
    const rb_tensor *source = &from->parameters->tensor[i];
    if (strncmp(source->name, group, strlen(group)) != 0) continue;
    for (int j = 0; j < to->parameters->tensors; ++j) {
      const rb_tensor *target = &to->parameters->tensor[j];
      if (strcmp(source->name, target->name) != 0) continue;
      assert_int_equal(source->count, target->count);
      memcpy(to->parameters->value + target->offset, from->parameters->value + source->offset,
             (size_t)source->count * sizeof(rb_real));
      ++copied;
    }
  }
  assert_true(copied > 0);
  rb_estimator_weights_changed(to->estimator);
}

/* Both is the MLP of the features followed by what the recurrent network makes of the series. */
static void test_both_is_composed(void **state) {
  (void)state;
  const double tolerance = sizeof(rb_real) == sizeof(double) ? 1e-13 : 1e-5;
  const rb_network_settings both = both_settings();
  rb_network_settings recurrent = both, expert = both;
  recurrent.summary.type = &rb_summary_recurrent;
  expert.summary.type = &rb_summary_expert;
  fixture *f = new_fixture(&both), *series = new_fixture(&recurrent);
  rb_estimator *mlp = NULL;
  assert_all_ok(rb_estimator_create(&test_context, &expert, (rb_shape){0, 0, FEATURES + DIM}, D,
                                    BATCH, &mlp));
  const fixture joined = {.estimator = mlp, .parameters = rb_estimator_parameters(mlp)};
  copy_weights("summary/", f, series);
  copy_weights("expert/", f, &joined);
  f->x[T * C] = 1000;  // is clipped
  rb_real h[BATCH * DIM], learned[DIM], input[FEATURES + DIM], expected[DIM];
  rb_estimator_summarise(f->estimator, BATCH, f->x, h);
  for (int b = 0; b < BATCH; ++b) {
    const rb_real *row = f->x + b * f->row;
    rb_estimator_summarise(series->estimator, 1, row, learned);
    memcpy(input, row + T * C, FEATURES * sizeof *row);
    memcpy(input + FEATURES, learned, sizeof learned);
    rb_estimator_summarise(mlp, 1, input, expected);
    for (int i = 0; i < DIM; ++i) {
      assert_true(fabs((double)learned[i]) < 8);
      assert_near((double)h[b * DIM + i], (double)expected[i], tolerance);
    }
  }
  rb_estimator_destroy(mlp);
  free_fixture(series);
  free_fixture(f);
}

/* The MLP of the observation, whose numbers are features, is that of a model's features. */
static void test_mlp_takes_the_observation(void **state) {
  (void)state;
  rb_network_settings settings = expert_settings();
  fixture *expert = new_fixture(&settings);
  settings.summary.type = &rb_summary_mlp;
  check_network(&settings);
  fixture *f = new_fixture(&settings);
  const rb_parameters *to = expert->parameters;
  assert_int_equal(to->count, f->parameters->count);
  memcpy(to->value, f->parameters->value, (size_t)to->count * sizeof *to->value);
  rb_real h[BATCH * DIM], expected[BATCH * DIM];
  rb_estimator_summarise(f->estimator, BATCH, f->x, h);
  rb_estimator_summarise(expert->estimator, BATCH, f->x, expected);
  assert_memory_equal(h, expected, sizeof h);
  free_fixture(expert);
  free_fixture(f);
}

/* Summaries of a set: gradients, and the same whatever the order of its elements, if no number is
 * changed. */
static void test_set(void **state) {
  (void)state;
  rb_network_settings settings = expert_settings();
  settings.summary.type = &rb_summary_set;
  settings.summary.elements = FEATURES;
  check_network(&settings);
  fixture *f = new_fixture(&settings);
  rb_real h[DIM], other[DIM], turned[FEATURES];
  rb_estimator_summarise(f->estimator, 1, f->x, h);
  for (int i = 0; i < FEATURES; ++i) turned[i] = f->x[(i + 2) % FEATURES];
  rb_estimator_summarise(f->estimator, 1, turned, other);
  for (int i = 0; i < DIM; ++i) assert_near((double)other[i], (double)h[i], 1e-5);
  turned[0] += 1;
  rb_estimator_summarise(f->estimator, 1, turned, other);
  for (int i = 0; i < DIM; ++i) assert_true(fabs((double)(other[i] - h[i])) > 1e-3);
  free_fixture(f);
}

/* The density at theta is that without centring at (theta - m) exp(-l), with l within [-7, 3]. */
static void test_centring_moves_and_scales(void **state) {
  (void)state;
  const double tolerance = sizeof(rb_real) == sizeof(double) ? 1e-12 : 1e-4;
  const rb_network_settings centred = centred_settings();
  rb_network_settings plain = centred;
  plain.centring = false;
  fixture *f = new_fixture(&centred), *without = new_fixture(&plain);
  rb_real *bias =
      rb_parameters_at(f->parameters, rb_parameters_find(f->parameters, "centring/bias"));
  bias[D] = 100;  // l of the first parameter is clamped
  copy_weights("statistics/", f, without);
  copy_weights("mixture/", f, without);
  rb_real h[BATCH * DIM], u[BATCH * D], expected[BATCH], got[BATCH];
  rb_estimator_summarise(f->estimator, BATCH, f->x, h);
  const rb_real *kernel =
      rb_parameters_at(f->parameters, rb_parameters_find(f->parameters, "centring/kernel"));
  double log_det[BATCH] = {0};
  for (int b = 0; b < BATCH; ++b) {
    for (int d = 0; d < D; ++d) {
      double m = (double)bias[d], l = (double)bias[D + d];
      for (int i = 0; i < DIM; ++i) {
        m += (double)h[b * DIM + i] * (double)kernel[i * 2 * D + d];
        l += (double)h[b * DIM + i] * (double)kernel[i * 2 * D + D + d];
      }
      l = fmin(fmax(l, -7), 3);
      u[b * D + d] = (rb_real)(((double)f->theta[b * D + d] - m) * exp(-l));
      assert_true(fabs((double)u[b * D + d]) < 10);
      log_det[b] -= l;
    }
  }
  rb_estimator_log_density(without->estimator, BATCH, u, h, NULL, expected);
  rb_estimator_log_density(f->estimator, BATCH, f->theta, h, NULL, got);
  for (int b = 0; b < BATCH; ++b) {
    assert_near((double)got[b], (double)expected[b] + log_det[b], tolerance);
  }
  free_fixture(without);
  free_fixture(f);
}

/* The summary is the MLP's plus a straight line of the clipped features. */
static void check_straight_line(const rb_summary_type *type, const char *tensor) {
  const double tolerance = sizeof(rb_real) == sizeof(double) ? 1e-13 : 1e-5;
  rb_network_settings settings = centred_settings();
  settings.summary.type = type;
  settings.summary.line = true;
  check_network(&settings);
  fixture *f = new_fixture(&settings);
  f->x[0] = 1000;  // is clipped
  rb_real with[DIM], without[DIM], line[FEATURES * DIM];
  rb_real *kernel = rb_parameters_at(f->parameters, rb_parameters_find(f->parameters, tensor));
  memcpy(line, kernel, sizeof line);
  rb_estimator_summarise(f->estimator, 1, f->x, with);
  memset(kernel, 0, sizeof line);
  rb_estimator_summarise(f->estimator, 1, f->x, without);
  for (int i = 0; i < DIM; ++i) {
    double sum = (double)without[i];
    for (int k = 0; k < FEATURES; ++k) {
      sum += fmin((double)f->x[k], 8) * (double)line[k * DIM + i];
    }
    assert_near((double)with[i], sum, tolerance);
  }
  free_fixture(f);
}

static void test_straight_line(void **state) {
  (void)state;
  check_straight_line(&rb_summary_statistics, "statistics/line/kernel");
  check_straight_line(&rb_summary_mlp, "mlp/line/kernel");
}

/* Gates are 1 at the start; a feature times its gate, after it was clipped, is what MLP and line
 * see. */
static void test_gates(void **state) {
  (void)state;
  rb_network_settings settings = centred_settings();
  settings.summary.type = &rb_summary_mlp;
  settings.summary.gates = true;
  check_network(&settings);
  settings.summary.line = true;
  check_network(&settings);
  fixture *f = new_fixture(&settings);
  rb_real gated[DIM], same[DIM];
  assert_all_ok(rb_estimator_initialise(&test_context, f->estimator, 1, 0));
  rb_real *gate = rb_parameters_at(f->parameters, rb_parameters_find(f->parameters, "mlp/gates"));
  for (int k = 0; k < FEATURES; ++k) {
    assert_true(gate[k] == 1);
    gate[k] = (rb_real)(0.5 * k - 0.25);
  }
  f->x[0] = 1000;  // is clipped
  rb_estimator_summarise(f->estimator, 1, f->x, gated);
  f->x[0] = 8;
  for (int k = 0; k < FEATURES; ++k) {
    f->x[k] *= gate[k];
    gate[k] = 1;
  }
  rb_estimator_summarise(f->estimator, 1, f->x, same);
  assert_memory_equal(gated, same, sizeof gated);
  free_fixture(f);
}

/* The tensor `name` of both, that of `other` times a power of two, which rounds nothing. */
static void assert_times(const fixture *f, const fixture *other, const char *name, rb_real factor) {
  const int index = rb_parameters_find(f->parameters, name);
  for (int64_t i = 0; i < f->parameters->tensor[index].count; ++i) {
    assert_true(rb_parameters_at(f->parameters, index)[i] ==
                factor * rb_parameters_at(other->parameters, index)[i]);
  }
}

/* A gain of 4 does to the MLP what weights four times as large do. The straight line begins with a
 * quarter of its weights, so that it says the same. */
static void test_gain(void **state) {
  (void)state;
  rb_network_settings settings = centred_settings();
  settings.summary.type = &rb_summary_mlp;
  settings.summary.line = true;
  fixture *without = new_fixture(&settings);
  settings.summary.gain = 4;
  check_network(&settings);
  fixture *f = new_fixture(&settings);
  assert_all_ok(rb_estimator_initialise(&test_context, f->estimator, 1, 0));
  assert_all_ok(rb_estimator_initialise(&test_context, without->estimator, 1, 0));
  assert_times(f, without, "mlp/line/kernel", (rb_real)0.25);
  assert_times(f, without, "mlp/dense_0/kernel", 1);
  const int index = rb_parameters_find(without->parameters, "mlp/dense_0/kernel");
  rb_real *kernel = rb_parameters_at(without->parameters, index);
  for (int64_t i = 0; i < without->parameters->tensor[index].count; ++i) kernel[i] *= 4;
  f->x[0] = without->x[0] = 1000;  // is clipped before
  rb_real h[DIM], same[DIM];
  rb_estimator_summarise(f->estimator, 1, f->x, h);
  rb_estimator_summarise(without->estimator, 1, without->x, same);
  assert_memory_equal(h, same, sizeof h);
  free_fixture(without);
  free_fixture(f);
}

static void test_gradients_of_expert_and_mixture(void **state) {
  (void)state;
  rb_network_settings settings = expert_settings();
  check_network(&settings);
  settings.density = &rb_density_coupling;
  check_network(&settings);
  settings.summary.type = &rb_summary_recurrent;
  settings.density = &rb_density_autoregressive;
  check_network(&settings);
}

/* While a gradient is computed subnormal numbers are 0; before and after they are themselves. */
static void test_subnormals(void **state) {
  (void)state;
  volatile float smallest = FLT_MIN;
  rb_network_settings settings = base_settings();
  fixture *f = new_fixture(&settings);
  evaluate(f, f->gradient);
  assert_all_true(smallest / 2 > 0);
  free_fixture(f);
#if defined(__x86_64__) || defined(__aarch64__)
  const rb_float_mode mode = rb_subnormals_flush();
  volatile float flushed = smallest / 2;
  rb_subnormals_restore(mode);
  assert_all_true(flushed == 0);
#endif
  assert_all_true(smallest / 2 > 0);
}

/* Features beyond +-8 count as +-8. */
static void test_large_features(void **state) {
  (void)state;
  const rb_network_settings settings = expert_settings();
  fixture *f = new_fixture(&settings);
  rb_real h[DIM], same[DIM];
  f->x[0] = 8;
  f->x[1] = -8;
  rb_estimator_summarise(f->estimator, 1, f->x, h);
  f->x[0] = (rb_real)1e6;
  f->x[1] = (rb_real)-8.5;
  rb_estimator_summarise(f->estimator, 1, f->x, same);
  assert_memory_equal(h, same, sizeof h);
  f->x[0] = (rb_real)7.5;
  rb_estimator_summarise(f->estimator, 1, f->x, same);
  assert_true(h[0] != same[0]);
  free_fixture(f);
}

/* Padding: whatever a sample of weight 0 holds, the gradient and the other losses are the same. */
static void check_padding(const rb_network_settings *settings) {
  fixture *f = new_fixture(settings);
  rb_real *other = NULL, loss[BATCH];
  const int64_t n = f->parameters->count;
  assert_all_ok(RB_ALLOCATE(&test_context, other, n));
  f->weight[BATCH - 1] = 0;
  evaluate(f, f->gradient);
  memcpy(loss, f->loss, sizeof loss);
  fill_normal(30, f->row, 2, f->x + (BATCH - 1) * f->row);
  fill_normal(31, D, 2, f->theta + (BATCH - 1) * D);
  evaluate(f, other);
  for (int64_t i = 0; i < n; ++i) assert_true(other[i] == f->gradient[i]);
  assert_memory_equal(loss, f->loss, (BATCH - 1) * sizeof *loss);
  assert_true(loss[BATCH - 1] != f->loss[BATCH - 1]);
  free(other);
  free_fixture(f);
}

static void test_padding(void **state) {
  (void)state;
  const rb_network_settings settings = base_settings(), expert = expert_settings();
  const rb_network_settings both = both_settings();
  check_padding(&settings);
  check_padding(&expert);
  const rb_network_settings centred = centred_settings();
  check_padding(&both);
  check_padding(&centred);
  rb_network_settings splines = centred;
  splines.density = &rb_density_spline;
  check_padding(&splines);
  rb_network_settings set = expert;
  set.summary.type = &rb_summary_set;
  set.summary.elements = FEATURES;
  check_padding(&set);
}

/* Density and sampling invert each other, agree with the gradient's loss, and give the same bits
 * however data sets are grouped. */
static void check_density_and_sampling(const rb_network_settings *settings) {
  enum { S = 150 };  // more than one block of rows in all
  const double tolerance = sizeof(rb_real) == sizeof(double) ? 1e-11 : 1e-4;
  const bool flow = settings->density == &rb_density_coupling;
  fixture *f = new_fixture(settings);
  rb_real h[BATCH * DIM], log_density[BATCH], z[BATCH * D], back[BATCH * D], density[BATCH];
  static rb_real base[BATCH * S * D], theta[BATCH * S * D], alone[S * D];
  rb_estimator_summarise(f->estimator, BATCH, f->x, h);
  if (flow) {
    rb_estimator_log_density(f->estimator, BATCH, f->theta, h, z, log_density);
  } else {
    fill_normal(39, (int64_t)BATCH * D, 1, z);
  }
  rb_estimator_sample(f->estimator, BATCH, 1, h, z, back, density);
  for (int i = 0; flow && i < BATCH * D; ++i) {
    assert_near((double)back[i], (double)f->theta[i], tolerance);
  }
  rb_estimator_log_density(f->estimator, BATCH, back, h, NULL, log_density);
  for (int b = 0; b < BATCH; ++b) {
    assert_near((double)density[b], (double)log_density[b], 10 * tolerance);
  }
  rb_estimator_log_density(f->estimator, BATCH, f->theta, h, NULL, log_density);
  assert_all_ok(rb_estimator_gradient(&test_context, f->estimator, BATCH, f->x, f->theta, f->weight,
                                      NULL, f->gradient, f->loss));
  for (int b = 0; b < BATCH; ++b) {
    assert_near((double)f->loss[b], -(double)log_density[b], tolerance);
  }
  fill_normal(40, BATCH * S * D, 1, base);
  rb_estimator_sample(f->estimator, BATCH, S, h, base, theta, NULL);
  for (int b = 0; b < BATCH; ++b) {
    rb_estimator_sample(f->estimator, 1, S, h + b * DIM, base + b * S * D, alone, NULL);
    assert_memory_equal(alone, theta + b * S * D, sizeof alone);
    rb_real one = 0;
    rb_estimator_log_density(f->estimator, 1, f->theta + b * D, h + b * DIM, NULL, &one);
    assert_true(one == log_density[b]);
  }
  free_fixture(f);
}

static void test_density_and_sampling(void **state) {
  (void)state;
  const rb_network_settings settings = base_settings(), expert = expert_settings();
  const rb_network_settings both = both_settings();
  check_density_and_sampling(&settings);
  check_density_and_sampling(&expert);
  check_density_and_sampling(&both);
  rb_network_settings centred = centred_settings();
  check_density_and_sampling(&centred);
  centred.density = &rb_density_coupling;
  check_density_and_sampling(&centred);
  centred.density = &rb_density_spline;
  check_density_and_sampling(&centred);
}

/* The same for more data sets than the sampler takes at a time. */
static void test_many_data_sets(void **state) {
  (void)state;
  enum { SETS = 70, S = 3 };
  const rb_network_settings settings = base_settings();
  fixture *f = new_fixture(&settings);
  static rb_real h[SETS * DIM], base[SETS * S * D], theta[SETS * S * D];
  rb_real alone[S * D];
  fill_normal(41, (int64_t)SETS * DIM, 1, h);
  fill_normal(42, (int64_t)SETS * S * D, 1, base);
  rb_estimator_sample(f->estimator, SETS, S, h, base, theta, NULL);
  for (int b = 0; b < SETS; ++b) {
    rb_estimator_sample(f->estimator, 1, S, h + b * DIM, base + b * S * D, alone, NULL);
    assert_memory_equal(alone, theta + b * S * D, sizeof alone);
  }
  free_fixture(f);
}

/* Dropout belongs to the sample: alone or in a batch it has the same loss, to rounding. */
static void check_dropout_of_a_sample(const rb_network_settings *settings) {
  fixture *f = new_fixture(settings);
  evaluate(f, f->gradient);
  for (int b = 0; b < BATCH; ++b) {
    rb_dropout_source source = f->dropout;
    rb_real loss = 0;
    source.first_item += (uint64_t)b;
    assert_all_ok(rb_estimator_gradient(&test_context, f->estimator, 1, f->x + b * f->row,
                                        f->theta + b * D, f->weight, &source, f->gradient, &loss));
    assert_near((double)loss, (double)f->loss[b], sizeof(rb_real) == 8 ? 1e-11 : 1e-4);
    source.first_item += 1000;
    rb_real another = 0;
    assert_all_ok(rb_estimator_gradient(&test_context, f->estimator, 1, f->x + b * f->row,
                                        f->theta + b * D, f->weight, &source, f->gradient,
                                        &another));
    assert_true(fabs((double)(loss - another)) > 1e-3);
  }
  free_fixture(f);
}

static void test_dropout_of_a_sample(void **state) {
  (void)state;
  const rb_network_settings settings = base_settings(), both = both_settings();
  check_dropout_of_a_sample(&settings);
  check_dropout_of_a_sample(&both);
}

static void expect_refused(rb_network_settings settings, int64_t length, int max_batch,
                           const char *word) {
  rb_estimator *estimator = NULL;
  const rb_shape shape = {
      .channels = C, .length = length, .features = shape_of(&settings).features};
  assert_int_equal(rb_estimator_create(&test_context, &settings, shape, D, max_batch, &estimator),
                   RB_ERR_SETTING);
  assert_null(estimator);
  assert_non_null(strstr(test_context.error.message, word));
  rb_error_clear(&test_context);
}

static void test_settings(void **state) {
  (void)state;
  rb_network_settings bad = base_settings();
  expect_refused(bad, T, 0, "micro_batch");
  expect_refused(bad, 0, 1, "empty");
  expect_refused(bad, 1000000000, 64, "too large");
  bad.summary.strides[0] = 0;
  expect_refused(bad, T, 1, "stride");
  bad = base_settings();
  bad.summary.groups = 3;
  expect_refused(bad, T, 1, "groups");
  bad = base_settings();
  bad.summary.conv_layers = 0;
  expect_refused(bad, T, 1, "filters");
  bad = base_settings();
  bad.summary.skip_steps = 0;
  expect_refused(bad, T, 1, "skip_steps");
  bad = base_settings();
  bad.summary.dropout = -0.1;
  expect_refused(bad, T, 1, "dropout");
  bad = base_settings();
  bad.flow.depth = 0;
  expect_refused(bad, T, 1, "depth");
  bad = expert_settings();
  bad.summary.type = &rb_summary_set;
  bad.summary.elements = FEATURES - 1;
  expect_refused(bad, 0, 1, "elements");
  bad = expert_settings();
  bad.summary.mlp_layers = 0;
  expect_refused(bad, T, 1, "mlp_widths");
  bad.summary.type = &rb_summary_both;
  expect_refused(bad, T, 1, "mlp_widths");
  expect_refused(bad, 0, 1, "empty");
}

/* A batch larger than the workspace is a defect of the caller, and refused. */
static void test_batch_too_large(void **state) {
  (void)state;
  const rb_network_settings settings = base_settings();
  fixture *f = new_fixture(&settings);
  assert_int_equal(rb_estimator_gradient(&test_context, f->estimator, BATCH + 1, f->x, f->theta,
                                         f->weight, NULL, f->gradient, f->loss),
                   RB_ERR_INTERNAL);
  rb_error_clear(&test_context);
  free_fixture(f);
}

/* The default network's products: 0.35 GFLOP per sample. */
static void test_flops(void **state) {
  (void)state;
  rb_network_settings settings = base_settings();
  settings.summary.filters[0] = 32;
  settings.summary.recurrent_dim = 128;
  settings.summary.summary_dim = 32;
  settings.summary.skip_steps = 4;
  settings.flow.depth = 6;
  settings.flow.mlp_widths[0] = settings.flow.mlp_widths[1] = 128;
  rb_estimator *estimator = NULL;
  assert_all_ok(
      rb_estimator_create(&test_context, &settings, (rb_shape){2, 1000, 0}, 6, 1, &estimator));
  const double nets = 2 * (2.0 * 1000 * (32 + 128) * 384 + 2.0 * 250 * (128 + 128) * 384);
  const double convs = 2.0 * 1000 * 6 * 32 + 2.0 * 250 * 128 * 128, dense = 2.0 * 128 * 32;
  const double flow = 2.0 * 12 * (35 * 128 + 128 * 128 + 128 * 6);
  assert_near(rb_estimator_flops(estimator), nets + convs + dense + flow, 1);
  rb_estimator_destroy(estimator);
  settings.summary.type = &rb_summary_both;
  settings.summary.gain = 1;
  settings.summary.mlp_layers = 1;
  settings.summary.mlp_widths[0] = 50;
  assert_all_ok(
      rb_estimator_create(&test_context, &settings, (rb_shape){2, 1000, 64}, 6, 1, &estimator));
  const double mlp = 2.0 * ((64 + 32) * 50 + 50 * 32);
  assert_near(rb_estimator_flops(estimator), nets + convs + dense + mlp + flow, 1);
  rb_estimator_destroy(estimator);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_gradients),
    cmocka_unit_test(test_gradients_strided),
    cmocka_unit_test(test_padding),
    cmocka_unit_test(test_density_and_sampling),
    cmocka_unit_test(test_many_data_sets),
    cmocka_unit_test(test_dropout_of_a_sample),
    cmocka_unit_test(test_settings),
    cmocka_unit_test(test_batch_too_large),
    cmocka_unit_test(test_flops),
    cmocka_unit_test(test_gradients_of_expert_and_mixture),
    cmocka_unit_test(test_mlp_takes_the_observation),
    cmocka_unit_test(test_large_features),
    cmocka_unit_test(test_gates),
    cmocka_unit_test(test_gain),
    cmocka_unit_test(test_subnormals),
    cmocka_unit_test(test_gradients_of_both),
    cmocka_unit_test(test_gradients_of_splines),
    cmocka_unit_test(test_both_is_composed),
    cmocka_unit_test(test_gradients_of_statistics_and_centring),
    cmocka_unit_test(test_centring_moves_and_scales),
    cmocka_unit_test(test_straight_line),
    cmocka_unit_test(test_set),
};

RB_TEST_MAIN(tests)
