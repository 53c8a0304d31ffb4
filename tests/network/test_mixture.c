/* The autoregressive mixture: gradients, normalisation, and draws against its own distribution. */
#include "gradient_check.h"
#include "network/initialise.h"
#include "network/mixture.h"
#include "rheobase/base/memory.h"

enum { CONDITION = 4, MAX_D = 3, K = 3, MAX_ROWS = 14400 };

typedef struct fixture {
  rb_parameters parameters;
  rb_mixture mixture;
  rb_mixture_cache cache;
  const rb_activation_kernel *kernels;
  rb_real *memory;
  int rows;
  rb_real x[MAX_ROWS * MAX_D], h[MAX_ROWS * CONDITION], c[MAX_ROWS], log_density[MAX_ROWS];
} fixture;

static const rb_mixture_settings small = {.components = K, .mlp_layers = 2, .mlp_widths = {7, 5}};

static fixture *new_fixture_of(int D, int rows, bool centred) {
  fixture *f = calloc(1, sizeof *f);
  assert_non_null(f);
  f->rows = rows;
  assert_all_ok(
      rb_mixture_create(&test_context, &small, D, CONDITION, centred, &f->parameters, &f->mixture));
  assert_all_ok(rb_parameters_allocate(&test_context, &f->parameters));
  assert_all_ok(rb_mixture_cache_create(&test_context, &f->mixture, &f->cache));
  rb_workspace workspace = {0};
  rb_mixture_cache_layout(&f->mixture, rows, true, &workspace, &f->cache);
  assert_all_ok(RB_ALLOCATE(&test_context, f->memory, workspace.used));
  workspace = (rb_workspace){.base = f->memory};
  rb_mixture_cache_layout(&f->mixture, rows, true, &workspace, &f->cache);
  f->kernels = rb_activation_kernel_for(test_context.isa);
  fill_normal(10, f->parameters.count, 0.4, f->parameters.value);
  fill_normal(11, (int64_t)rows * D, 1, f->x);
  fill_normal(12, (int64_t)rows * CONDITION, 1, f->h);
  fill_normal(13, rows, 1, f->c);
  return f;
}

static fixture *new_fixture(int D, int rows) { return new_fixture_of(D, rows, false); }

static void free_fixture(fixture *f) {
  rb_mixture_cache_destroy(&f->cache);
  rb_mixture_destroy(&f->mixture);
  rb_parameters_free(&f->parameters);
  free(f->memory);
  free(f);
}

static void evaluate(fixture *f) {
  rb_mixture_log_density(&f->mixture, f->kernels, &f->parameters, f->rows, f->x, f->h, &f->cache,
                         f->log_density);
}

static double mixture_objective(void *argument) {
  fixture *f = argument;
  evaluate(f);
  return weighted_sum(f->rows, f->c, f->log_density);
}

static void test_gradients(void **state) {
  (void)state;
  for (int D = 1; D <= MAX_D; ++D) {
    fixture *f = new_fixture(D, 3);
    rb_real *gradient = NULL, dh[3 * CONDITION] = {0};
    assert_all_ok(RB_ALLOCATE(&test_context, gradient, f->parameters.count));
    (void)mixture_objective(f);
    rb_mixture_backward(&f->mixture, f->kernels, &f->parameters, f->rows, f->x, f->h, &f->cache,
                        f->c, NULL, dh, gradient);
    check_gradient("h", mixture_objective, f, (int64_t)f->rows * CONDITION, 1, f->h, dh);
    check_gradient("weights", mixture_objective, f, f->parameters.count, 1, f->parameters.value,
                   gradient);
    free(gradient);
    free_fixture(f);
  }
}

/* Centred coordinates reach the MLPs of later ones within +-10, and have gradients. */
static void test_gradients_of_centred(void **state) {
  (void)state;
  enum { ROWS = 3 };
  for (int D = 1; D <= MAX_D; ++D) {
    fixture *f = new_fixture_of(D, ROWS, true);
    rb_real *gradient = NULL, dh[ROWS * CONDITION] = {0}, dx[ROWS * MAX_D];
    assert_all_ok(RB_ALLOCATE(&test_context, gradient, f->parameters.count));
    f->x[0] = 12;
    (void)mixture_objective(f);
    for (int i = 0; i < ROWS * D; ++i) {
      assert_true((double)f->cache.input[i] == fmin((double)f->x[i], 10));
    }
    rb_mixture_backward(&f->mixture, f->kernels, &f->parameters, f->rows, f->x, f->h, &f->cache,
                        f->c, dx, dh, gradient);
    check_gradient("x", mixture_objective, f, (int64_t)f->rows * D, 1, f->x, dx);
    check_gradient("h", mixture_objective, f, (int64_t)f->rows * CONDITION, 1, f->h, dh);
    check_gradient("weights", mixture_objective, f, f->parameters.count, 1, f->parameters.value,
                   gradient);
    free(gradient);
    free_fixture(f);
  }
}

/* Trapezoids over a square that holds all but 1e-9 of the mass: log scales are near 0. */
static void test_integrates_to_one(void **state) {
  (void)state;
  enum { POINTS = 120 };
  fixture *f = new_fixture(2, POINTS * POINTS);
  const double low = -15, step = 0.25;
  for (int i = 0; i < POINTS * POINTS; ++i) {
    f->x[2 * i] = (rb_real)(low + step * (i / POINTS));
    f->x[2 * i + 1] = (rb_real)(low + step * (i % POINTS));
    memcpy(f->h + i * CONDITION, f->h, CONDITION * sizeof *f->h);
  }
  rb_real *mean = rb_parameters_at(&f->parameters, f->mixture.mlp[0].bias[2]) + K;
  mean[0] = -2;
  mean[1] = 3;  // more than one mode
  evaluate(f);
  double sum = 0;
  for (int i = 0; i < POINTS * POINTS; ++i) sum += exp((double)f->log_density[i]) * step * step;
  assert_near(sum, 1, sizeof(rb_real) == sizeof(double) ? 1e-6 : 1e-5);
  free_fixture(f);
}

/* P(X_d <= x_d | x_0 .. x_d-1) of row i, from what the last evaluation left. */
static double distribution(const fixture *f, int d, int i) {
  const rb_real *o = f->cache.mlp[d].output + (int64_t)i * 3 * K;
  const double x = (double)f->x[i * f->mixture.D + d];
  double total = 0, sum = 0;
  for (int k = 0; k < K; ++k) {
    const double w = exp((double)o[k]);
    total += w;
    sum += w * 0.5 * erfc(-(x - (double)o[K + k]) / exp((double)o[2 * K + k]) / sqrt(2));
  }
  return sum / total;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Kolmogorov's statistic against the uniform distribution: sqrt(n) D > 2.7 has probability 1e-6. */
static double kolmogorov(int n, double *u) {
  double largest = 0;
  qsort(u, (size_t)n, sizeof *u, ascending);
  for (int i = 0; i < n; ++i) {
    largest = fmax(largest, fmax(u[i] - (double)i / n, (double)(i + 1) / n - u[i]));
  }
  return sqrt((double)n) * largest;
}

/* Each draw's probability given the coordinates before it is uniform and independent of them. */
static void test_draws_follow_the_density(void **state) {
  (void)state;
  enum { SETS = 4, PER = MAX_ROWS / SETS };
  static double u[MAX_D][MAX_ROWS], sum[MAX_ROWS];
  fixture *f = new_fixture(MAX_D, MAX_ROWS);
  rb_real *conditions = NULL, *log_density = NULL;
  assert_all_ok(
      RB_ALLOCATE(&test_context, conditions, rb_mixture_condition_count(&f->mixture, SETS)));
  assert_all_ok(RB_ALLOCATE(&test_context, log_density, MAX_ROWS));
  for (int d = 0; d < MAX_D; ++d) {  // components far apart
    rb_real *mean = rb_parameters_at(&f->parameters, f->mixture.mlp[d].bias[2]) + K;
    mean[0] = -4;
    mean[2] = 2;
  }
  rb_mixture_condition(&f->mixture, &f->parameters, SETS, f->h, conditions);
  rb_mixture_sample(&f->mixture, f->kernels, &f->parameters, 0, MAX_ROWS, SETS, PER, conditions,
                    &f->cache, f->x, log_density);
  for (int i = MAX_ROWS - 1; i >= 0; --i) {
    memmove(f->h + i * CONDITION, f->h + i / PER * CONDITION, CONDITION * sizeof *f->h);
  }
  evaluate(f);
  for (int i = 0; i < MAX_ROWS; ++i) {
    assert_near((double)log_density[i], (double)f->log_density[i],
                sizeof(rb_real) == sizeof(double) ? 1e-10 : 1e-3);
    for (int d = 0; d < MAX_D; ++d) u[d][i] = distribution(f, d, i);
    sum[i] = fmod(u[0][i] + u[1][i] + u[2][i], 1);  // uniform if they are independent
  }
  for (int d = 0; d < MAX_D; ++d) assert_true(kolmogorov(MAX_ROWS, u[d]) < 2.7);
  assert_true(kolmogorov(MAX_ROWS, sum) < 2.7);
  free(conditions);
  free(log_density);
  free_fixture(f);
}

/* A fresh density: means spread, so that it is no single Gaussian, and of unit size. */
static void test_initial_weights(void **state) {
  (void)state;
  fixture *f = new_fixture(MAX_D, 1);
  rb_mixture_initialise(&f->mixture, 5, 0, &f->parameters);
  const rb_mlp *mlp = &f->mixture.mlp[1];
  const rb_real *bias = rb_parameters_at(&f->parameters, mlp->bias[2]);
  assert_near((double)bias[K], -1.5, 1e-6);
  assert_near((double)bias[2 * K - 1], 1.5, 1e-6);
  assert_near((double)bias[0], 0, 0);
  const rb_tensor *kernel = &f->parameters.tensor[mlp->kernel[2]];
  const double limit = 0.3 * sqrt(6.0 / (5 + 3 * K));
  double largest = 0;
  for (int64_t i = 0; i < kernel->count; ++i) {
    largest = fmax(largest, fabs((double)f->parameters.value[kernel->offset + i]));
  }
  assert_true(largest <= limit && largest > 0.8 * limit);
  free_fixture(f);
}

static void expect_refused(int D, rb_mixture_settings settings, const char *word) {
  rb_parameters parameters = {0};
  rb_mixture mixture;
  assert_int_equal(
      rb_mixture_create(&test_context, &settings, D, CONDITION, false, &parameters, &mixture),
      RB_ERR_SETTING);
  assert_non_null(strstr(test_context.error.message, word));
  rb_error_clear(&test_context);
  rb_parameters_free(&parameters);
}

static void test_settings(void **state) {
  (void)state;
  rb_mixture_settings bad = small;
  expect_refused(0, small, "parameters");
  bad.components = 0;
  expect_refused(2, bad, "components");
  bad.components = RB_MIXTURE_MAX_COMPONENTS + 1;
  expect_refused(2, bad, "components");
  bad = small;
  bad.mlp_layers = 0;
  expect_refused(2, bad, "mlp_widths");
  bad = small;
  bad.mlp_widths[1] = 0;
  expect_refused(2, bad, "mlp_widths");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_gradients),         cmocka_unit_test(test_gradients_of_centred),
    cmocka_unit_test(test_integrates_to_one), cmocka_unit_test(test_draws_follow_the_density),
    cmocka_unit_test(test_initial_weights),   cmocka_unit_test(test_settings),
};

RB_TEST_MAIN(tests)
