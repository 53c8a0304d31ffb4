/* The coupling flow: invertibility, log-determinant against the Jacobian, gradients. */
#include "gradient_check.h"
#include "network/flow.h"
#include "rheobase/base/memory.h"

enum { ROWS = 3, CONDITION = 4, MAX_D = 6 };

typedef struct fixture {
  rb_parameters parameters;
  rb_flow flow;
  rb_flow_cache cache;
  const rb_activation_kernel *kernels;
  bool masks;
  rb_real *memory;
  rb_real theta[ROWS * MAX_D], h[ROWS * CONDITION], log_det[ROWS];
  rb_real c[ROWS * MAX_D], c_log_det[ROWS];
} fixture;

static void lay_out(fixture *f) {
  rb_workspace workspace = {0};
  rb_flow_cache_layout(&f->flow, ROWS, true, &workspace, &f->cache);
  assert_all_ok(RB_ALLOCATE(&test_context, f->memory, workspace.used));
  workspace = (rb_workspace){.base = f->memory};
  rb_flow_cache_layout(&f->flow, ROWS, true, &workspace, &f->cache);
}

static fixture *new_fixture(int D, rb_flow_settings settings) {
  fixture *f = calloc(1, sizeof *f);
  assert_non_null(f);
  assert_all_ok(rb_flow_create(&test_context, &settings, D, CONDITION, &f->parameters, &f->flow));
  assert_all_ok(rb_parameters_allocate(&test_context, &f->parameters));
  assert_all_ok(rb_flow_cache_create(&test_context, &f->flow, &f->cache));
  lay_out(f);
  f->kernels = rb_activation_kernel_for(test_context.isa);
  fill_normal(10, f->parameters.count, 0.3, f->parameters.value);
  for (int i = 0; i < f->flow.depth; ++i) {
    if (settings.actnorm) {  // scales of both signs, away from 0
      rb_real *scale = rb_parameters_at(&f->parameters, f->flow.layer[i].scale);
      for (int j = 0; j < D; ++j) scale[j] = (rb_real)(j % 3 == 0 ? -0.7 : 1.3 + 0.1 * j);
    }
    for (int j = 0; j < D; ++j) f->flow.permutation[i * D + j] = (j + 1 + i) % D;
  }
  fill_normal(11, ROWS * MAX_D, 1, f->theta);
  fill_normal(12, ROWS * CONDITION, 1, f->h);
  fill_normal(13, ROWS * MAX_D, 1, f->c);
  fill_normal(14, ROWS, 1, f->c_log_det);
  f->masks = settings.mlp_dropout > 0;
  const rb_dropout_source source = {.seed = 3, .member = 1, .first_item = 100};
  uint32_t position = 5;
  if (f->masks) rb_flow_draw_masks(&f->flow, test_context.isa, &source, &position, ROWS, &f->cache);
  return f;
}

static void free_fixture(fixture *f) {
  rb_flow_cache_destroy(&f->cache);
  rb_flow_destroy(&f->flow);
  rb_parameters_free(&f->parameters);
  free(f->memory);
  free(f);
}

static const rb_real *forward(fixture *f) {
  return rb_flow_forward(&f->flow, f->kernels, &f->parameters, ROWS, f->theta, f->h, f->masks,
                         &f->cache, f->log_det);
}

static double flow_objective(void *argument) {
  fixture *f = argument;
  const rb_real *z = forward(f);
  return weighted_sum((int64_t)ROWS * f->flow.D, f->c, z) +
         weighted_sum(ROWS, f->c_log_det, f->log_det);
}

static rb_flow_settings settings_for(int depth, rb_activation activation, double dropout,
                                     bool actnorm) {
  return (rb_flow_settings){.depth = depth,
                            .mlp_layers = 2,
                            .mlp_widths = {7, 5},
                            .mlp_activation = activation,
                            .mlp_dropout = dropout,
                            .actnorm = actnorm,
                            .permutation = true};
}

static void check_gradients(int D, rb_flow_settings settings) {
  fixture *f = new_fixture(D, settings);
  rb_real *gradient = NULL, d[ROWS * MAX_D], dh[ROWS * CONDITION] = {0};
  assert_all_ok(RB_ALLOCATE(&test_context, gradient, f->parameters.count));
  (void)flow_objective(f);
  memcpy(d, f->c, sizeof d);
  rb_flow_backward(&f->flow, f->kernels, &f->parameters, ROWS, f->theta, f->h, f->masks, &f->cache,
                   f->c_log_det, d, dh, gradient);
  check_gradient("theta", flow_objective, f, (int64_t)ROWS * D, 1, f->theta, d);
  check_gradient("h", flow_objective, f, (int64_t)ROWS * CONDITION, 1, f->h, dh);
  check_gradient("weights", flow_objective, f, f->parameters.count, 1, f->parameters.value,
                 gradient);
  free(gradient);
  free_fixture(f);
}

static void test_gradients(void **state) {
  (void)state;
  check_gradients(6, settings_for(2, RB_SILU, 0, true));
  check_gradients(6, settings_for(1, RB_TANH, 0.3, true));
  check_gradients(5, settings_for(2, RB_MISH, 0.2, false));  // halves of 2 and 3
  check_gradients(2, settings_for(2, RB_SILU, 0.2, true));
}

/* A function with kinks has no difference quotient there; in double none is met. */
static void test_gradients_with_kinks(void **state) {
  (void)state;
  if (sizeof(rb_real) == sizeof(float)) return;
  check_gradients(6, settings_for(2, RB_HARD_SILU, 0.2, true));
  check_gradients(3, settings_for(2, RB_RELU, 0, true));
}

static void test_inverse(void **state) {
  (void)state;
  const double tolerance = sizeof(rb_real) == sizeof(double) ? 1e-12 : 1e-5;
  for (int D = 2; D <= MAX_D; ++D) {
    fixture *f = new_fixture(D, settings_for(4, RB_HARD_SILU, 0, D != 4));
    rb_real x[ROWS * MAX_D], log_det[ROWS];
    memcpy(x, forward(f), (size_t)(ROWS * D) * sizeof *x);
    rb_real *conditions = NULL;
    assert_all_ok(RB_ALLOCATE(&test_context, conditions, rb_flow_condition_count(&f->flow, ROWS)));
    rb_flow_condition(&f->flow, &f->parameters, ROWS, f->h, conditions);
    rb_flow_inverse(&f->flow, f->kernels, &f->parameters, 0, ROWS, ROWS, 1, conditions, &f->cache,
                    x, log_det);
    free(conditions);
    for (int i = 0; i < ROWS; ++i) {
      assert_near((double)log_det[i], (double)f->log_det[i], 10 * tolerance);
    }
    for (int i = 0; i < ROWS * D; ++i) assert_near((double)x[i], (double)f->theta[i], tolerance);
    free_fixture(f);
  }
}

/* log |det| by elimination with pivoting. */
static double log_abs_det(int n, double *a) {
  double sum = 0;
  for (int k = 0; k < n; ++k) {
    int pivot = k;
    for (int i = k + 1; i < n; ++i) {
      if (fabs(a[i * n + k]) > fabs(a[pivot * n + k])) pivot = i;
    }
    for (int j = 0; j < n; ++j) {
      const double swap = a[k * n + j];
      a[k * n + j] = a[pivot * n + j];
      a[pivot * n + j] = swap;
    }
    sum += log(fabs(a[k * n + k]));
    for (int i = k + 1; i < n; ++i) {
      const double factor = a[i * n + k] / a[k * n + k];
      for (int j = k; j < n; ++j) a[i * n + j] -= factor * a[k * n + j];
    }
  }
  return sum;
}

static void test_log_det(void **state) {
  (void)state;
  const double step = GRADIENT_STEP;
  for (int D = 2; D <= MAX_D; ++D) {
    fixture *f = new_fixture(D, settings_for(3, RB_SILU, 0, D != 4));
    double log_det[ROWS], jacobian[ROWS][MAX_D * MAX_D];
    (void)forward(f);
    for (int b = 0; b < ROWS; ++b) log_det[b] = (double)f->log_det[b];
    for (int j = 0; j < D; ++j) {
      double z[2][ROWS * MAX_D];
      for (int side = 0; side < 2; ++side) {
        const rb_real shift = (rb_real)(side == 0 ? step : -step);
        for (int b = 0; b < ROWS; ++b) f->theta[b * D + j] += shift;
        const rb_real *out = forward(f);
        for (int i = 0; i < ROWS * D; ++i) z[side][i] = (double)out[i];
        for (int b = 0; b < ROWS; ++b) f->theta[b * D + j] -= shift;
      }
      for (int i = 0; i < ROWS * D; ++i) {
        jacobian[i / D][i % D * D + j] = (z[0][i] - z[1][i]) / (2 * step);
      }
    }
    for (int b = 0; b < ROWS; ++b) {
      assert_near(log_det[b], log_abs_det(D, jacobian[b]),
                  sizeof(rb_real) == sizeof(double) ? 1e-7 : 2e-2);
    }
    free_fixture(f);
  }
}

/* The scale is 1 at a = 0 and stays positive and finite far out. */
static void test_scale(void **state) {
  (void)state;
  rb_coupling coupling = {.out = 1,
                          .mlp = {.in = 1, .condition = 1, .out = 2, .layers = 1, .width = {1}}};
  rb_parameters parameters = {0};
  assert_all_ok(rb_mlp_add_parameters(&test_context, &coupling.mlp, "c", &parameters));
  assert_all_ok(rb_parameters_allocate(&test_context, &parameters));
  rb_real pre, post, projected[2], scale;
  rb_coupling_cache cache = {.mlp = {.pre = {&pre}, .post = {&post}, .output = projected},
                             .scale = &scale};
  const rb_real u = 0, h = 0;
  const double a[] = {0, 1, -1, 30, -30, 1e4, -1e4};
  for (int i = 0; i < 7; ++i) {
    rb_parameters_at(&parameters, coupling.mlp.bias[1])[0] = (rb_real)a[i];
    rb_mlp_condition(&coupling.mlp, &parameters, 1, &h, &pre);
    rb_coupling_network(&coupling, rb_activation_kernel_for(test_context.isa), &parameters, 1, &u,
                        1, false, &cache);
    const double exact = log1p(exp(asinh(a[i]) + log(expm1(1))));
    const double tolerance = sizeof(rb_real) == sizeof(double) ? 1e-12 : 3e-7;
    assert_near((double)scale / exact, 1, tolerance);
  }
  rb_parameters_free(&parameters);
}

static void expect_refused(int D, rb_flow_settings settings, const char *word) {
  rb_parameters parameters = {0};
  rb_flow flow;
  assert_int_equal(rb_flow_create(&test_context, &settings, D, CONDITION, &parameters, &flow),
                   RB_ERR_SETTING);
  assert_non_null(strstr(test_context.error.message, word));
  rb_error_clear(&test_context);
  rb_parameters_free(&parameters);
}

static void test_settings(void **state) {
  (void)state;
  rb_flow_settings good = settings_for(2, RB_SILU, 0, true), bad = good;
  expect_refused(1, good, "parameters");
  bad.depth = 0;
  expect_refused(6, bad, "depth");
  bad = good;
  bad.mlp_layers = 0;
  expect_refused(6, bad, "mlp_widths");
  bad = good;
  bad.mlp_widths[1] = 0;
  expect_refused(6, bad, "mlp_widths");
  bad = good;
  bad.mlp_dropout = 1;
  expect_refused(6, bad, "mlp_dropout");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_gradients), cmocka_unit_test(test_gradients_with_kinks),
    cmocka_unit_test(test_inverse),   cmocka_unit_test(test_log_det),
    cmocka_unit_test(test_scale),     cmocka_unit_test(test_settings),
};

RB_TEST_MAIN(tests)
