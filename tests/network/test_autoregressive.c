/* Autoregressive densities, of mixtures and of splines: gradients, normalisation, draws against
 * their own distribution, and the spline against the formulas of its authors. */
#include "gradient_check.h"
#include "network/autoregressive.h"
#include "network/initialise.h"
#include "rheobase/base/memory.h"

enum { CONDITION = 4, MAX_D = 3, K = 3, MAX_ROWS = 57600 };

typedef struct fixture {
  rb_parameters parameters;
  rb_autoregressive density;
  rb_autoregressive_cache cache;
  const rb_activation_kernel *kernels;
  rb_real *memory;
  int rows;
  rb_real x[MAX_ROWS * MAX_D], h[MAX_ROWS * CONDITION], c[MAX_ROWS], log_density[MAX_ROWS];
} fixture;

static const rb_autoregressive_settings small = {.parts = K, .mlp_layers = 2, .mlp_widths = {7, 5}};

enum { FACTORS = 2 };
static const rb_factor *const factors[FACTORS] = {&rb_mixture_factor, &rb_spline_factor};

static fixture *new_fixture_of(const rb_factor *factor, int D, int rows, bool centred) {
  fixture *f = calloc(1, sizeof *f);
  assert_non_null(f);
  f->rows = rows;
  assert_all_ok(rb_autoregressive_create(&test_context, factor, &small, D, CONDITION, centred,
                                         &f->parameters, &f->density));
  assert_all_ok(rb_parameters_allocate(&test_context, &f->parameters));
  assert_all_ok(rb_autoregressive_cache_create(&test_context, &f->density, &f->cache));
  rb_workspace workspace = {0};
  rb_autoregressive_cache_layout(&f->density, rows, true, &workspace, &f->cache);
  assert_all_ok(RB_ALLOCATE(&test_context, f->memory, workspace.used));
  workspace = (rb_workspace){.base = f->memory};
  rb_autoregressive_cache_layout(&f->density, rows, true, &workspace, &f->cache);
  f->kernels = rb_activation_kernel_for(test_context.isa);
  fill_normal(10, f->parameters.count, 0.4, f->parameters.value);
  fill_normal(11, (int64_t)rows * D, 1, f->x);
  fill_normal(12, (int64_t)rows * CONDITION, 1, f->h);
  fill_normal(13, rows, 1, f->c);
  return f;
}

static fixture *new_fixture(const rb_factor *factor, int D, int rows) {
  return new_fixture_of(factor, D, rows, false);
}

static void free_fixture(fixture *f) {
  rb_autoregressive_cache_destroy(&f->cache);
  rb_autoregressive_destroy(&f->density);
  rb_parameters_free(&f->parameters);
  free(f->memory);
  free(f);
}

static void evaluate(fixture *f) {
  rb_autoregressive_log_density(&f->density, f->kernels, &f->parameters, f->rows, f->x, f->h,
                                &f->cache, f->log_density);
}

static double objective_of(void *argument) {
  fixture *f = argument;
  evaluate(f);
  return weighted_sum(f->rows, f->c, f->log_density);
}

/* The slope of a spline's log density jumps at its knots, over which the wide steps of single
 * precision reach. */
static bool differences_tell(const rb_factor *factor) {
  return factor == &rb_mixture_factor || sizeof(rb_real) == sizeof(double);
}

static void check_gradients(const rb_factor *factor, int D) {
  fixture *f = new_fixture(factor, D, 3);
  rb_real *gradient = NULL, dh[3 * CONDITION] = {0};
  assert_all_ok(RB_ALLOCATE(&test_context, gradient, f->parameters.count));
  (void)objective_of(f);
  rb_autoregressive_backward(&f->density, f->kernels, &f->parameters, f->rows, f->x, f->h,
                             &f->cache, f->c, NULL, dh, gradient);
  check_gradient("h", objective_of, f, (int64_t)f->rows * CONDITION, 1, f->h, dh);
  check_gradient("weights", objective_of, f, f->parameters.count, 1, f->parameters.value, gradient);
  free(gradient);
  free_fixture(f);
}

static void test_gradients(void **state) {
  (void)state;
  for (int i = 0; i < FACTORS; ++i) {
    for (int D = 1; D <= MAX_D && differences_tell(factors[i]); ++D) check_gradients(factors[i], D);
  }
}

/* Centred coordinates reach the MLPs of later ones within +-10, and have gradients. */
static void check_centred(const rb_factor *factor, int D) {
  enum { ROWS = 3 };
  fixture *f = new_fixture_of(factor, D, ROWS, true);
  rb_real *gradient = NULL, dh[ROWS * CONDITION] = {0}, dx[ROWS * MAX_D];
  assert_all_ok(RB_ALLOCATE(&test_context, gradient, f->parameters.count));
  f->x[0] = 12;
  (void)objective_of(f);
  for (int i = 0; i < ROWS * D; ++i) {
    assert_true((double)f->cache.input[i] == fmin((double)f->x[i], 10));
  }
  rb_autoregressive_backward(&f->density, f->kernels, &f->parameters, f->rows, f->x, f->h,
                             &f->cache, f->c, dx, dh, gradient);
  check_gradient("x", objective_of, f, (int64_t)f->rows * D, 1, f->x, dx);
  check_gradient("h", objective_of, f, (int64_t)f->rows * CONDITION, 1, f->h, dh);
  check_gradient("weights", objective_of, f, f->parameters.count, 1, f->parameters.value, gradient);
  free(gradient);
  free_fixture(f);
}

static void test_gradients_of_centred(void **state) {
  (void)state;
  for (int i = 0; i < FACTORS; ++i) {
    for (int D = 1; D <= MAX_D && differences_tell(factors[i]); ++D) check_centred(factors[i], D);
  }
}

/* Components of factor d of a mixture far apart. */
static void spread(fixture *f, int d) {
  if (f->density.factor != &rb_mixture_factor) return;
  rb_real *mean = rb_parameters_at(&f->parameters, f->density.mlp[d].bias[2]) + K;
  mean[0] = -4;
  mean[2] = 2;
}

/* Trapezoids over a square that holds all but 1e-9 of the mass: log scales are near 0. */
static void check_integral(const rb_factor *factor) {
  enum { POINTS = 240 };
  fixture *f = new_fixture(factor, 2, POINTS * POINTS);
  const double low = -15, step = 0.125;
  for (int i = 0; i < POINTS * POINTS; ++i) {
    const int row = i / POINTS, column = i % POINTS;
    f->x[2 * i] = (rb_real)(low + step * row);
    f->x[2 * i + 1] = (rb_real)(low + step * column);
    memcpy(f->h + i * CONDITION, f->h, CONDITION * sizeof *f->h);
  }
  spread(f, 0);  // more than one mode
  evaluate(f);
  double sum = 0;
  for (int i = 0; i < POINTS * POINTS; ++i) sum += exp((double)f->log_density[i]) * step * step;
  assert_near(sum, 1, factor == &rb_mixture_factor ? 1e-5 : 1e-3);  // splines have kinks
  free_fixture(f);
}

static void test_integrates_to_one(void **state) {
  (void)state;
  for (int i = 0; i < FACTORS; ++i) check_integral(factors[i]);
}

static double softplus(double a) { return log1p(exp(a)); }

/* Edges of bins within +-5 from their logits, as in the authors' program: shares of at least 1e-3.
 */
static void edges(const rb_real *logit, double *edge) {
  double sum = 0, below = 0;
  for (int k = 0; k < K; ++k) sum += exp((double)logit[k]);
  for (int k = 0; k <= K; ++k) {
    edge[k] = 10 * below - 5;
    if (k < K) below += 1e-3 + (1 - 1e-3 * K) * exp((double)logit[k]) / sum;
  }
}

/* What the spline makes of x: equation 4 of Durkan et al. (2019). */
static double spline_of(const rb_real *o, double x) {
  double u[K + 1], v[K + 1], slope[K + 1];
  edges(o + 2, u);
  edges(o + 2 + K, v);
  for (int k = 0; k <= K; ++k) {
    slope[k] = 1;
    if (k == 0 || k == K) continue;
    slope[k] = 1e-3 + softplus((double)o[1 + 2 * K + k] + log(exp(1 - 1e-3) - 1));
  }
  x = (x - (double)o[0]) / exp(fmin((double)o[1], 4));
  if (fabs(x) >= 5) return x;
  int k = 0;
  while (k < K - 1 && x >= u[k + 1]) ++k;
  const double xi = (x - u[k]) / (u[k + 1] - u[k]), s = (v[k + 1] - v[k]) / (u[k + 1] - u[k]);
  return v[k] + (v[k + 1] - v[k]) * (s * xi * xi + slope[k] * xi * (1 - xi)) /
                    (s + (slope[k + 1] + slope[k] - 2 * s) * xi * (1 - xi));
}

static double normal_below(double z) { return 0.5 * erfc(-z / sqrt(2)); }

static double mixture_below(const rb_real *o, double x) {
  double total = 0, sum = 0;
  for (int k = 0; k < K; ++k) {
    const double w = exp((double)o[k]);
    total += w;
    sum += w * normal_below((x - (double)o[K + k]) / exp((double)o[2 * K + k]));
  }
  return sum / total;
}

/* P(X_d <= x_d | x_0 .. x_d-1) of row i, from what the last evaluation left. */
static double distribution(const fixture *f, int d, int i) {
  const rb_real *o = f->cache.mlp[d].output + (int64_t)i * f->density.outputs;
  const double x = (double)f->x[i * f->density.D + d];
  return f->density.factor == &rb_mixture_factor ? mixture_below(o, x)
                                                 : normal_below(spline_of(o, x));
}

/* The density is that of the authors' formulas, whose slope is taken by differences, and a draw is
 * the number that the spline makes z of. */
static void test_spline_follows_its_authors(void **state) {
  (void)state;
  enum { OUTPUTS = 3 * K + 1, CASES = 300 };
  const double step = 1e-5, tolerance = sizeof(rb_real) == sizeof(double) ? 1e-8 : 2e-5;
  rb_real output[OUTPUTS], z = 0;
  assert_int_equal(rb_spline_factor.outputs(K), OUTPUTS);
  for (int i = 0; i < CASES; ++i) {
    fill_normal(100 + (uint64_t)i, OUTPUTS, 1.5, output);
    fill_normal(1000 + (uint64_t)i, 1, 2.5, &z);  // some beyond the range
    rb_real given = 0;
    const rb_real x = rb_spline_factor.draw(K, output, z, &given);
    const double at = (double)x, scale = exp(fmin((double)output[1], 4)), h = step * scale;
    const double slope = (spline_of(output, at + h) - spline_of(output, at - h)) / (2 * h);
    assert_near(spline_of(output, at), (double)z, tolerance * fmax(1, slope * fabs(at)));
    const double expected = -pow(spline_of(output, at), 2) / 2 - log(sqrt(2 * M_PI)) + log(slope);
    assert_near((double)rb_spline_factor.log_density(K, output, x), expected, 1e-3);
    assert_true(given == rb_spline_factor.log_density(K, output, x));
  }
  memset(output, 0, sizeof output);
  for (int i = -20; i <= 20; ++i) {
    const double x = 0.35 * i;
    assert_near((double)rb_spline_factor.log_density(K, output, (rb_real)x),
                -x * x / 2 - log(sqrt(2 * M_PI)), 1e-5);
  }
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
static void check_draws(const rb_factor *factor) {
  enum { ROWS = 14400, SETS = 4, PER = ROWS / SETS };
  static double u[MAX_D][ROWS], sum[ROWS];
  fixture *f = new_fixture(factor, MAX_D, ROWS);
  rb_real *conditions = NULL, *log_density = NULL;
  assert_all_ok(
      RB_ALLOCATE(&test_context, conditions, rb_autoregressive_condition_count(&f->density, SETS)));
  assert_all_ok(RB_ALLOCATE(&test_context, log_density, ROWS));
  for (int d = 0; d < MAX_D; ++d) spread(f, d);
  rb_autoregressive_condition(&f->density, &f->parameters, SETS, f->h, conditions);
  rb_autoregressive_sample(&f->density, f->kernels, &f->parameters, 0, ROWS, SETS, PER, conditions,
                           &f->cache, f->x, log_density);
  for (int i = ROWS - 1; i >= 0; --i) {
    memmove(f->h + i * CONDITION, f->h + i / PER * CONDITION, CONDITION * sizeof *f->h);
  }
  evaluate(f);
  for (int i = 0; i < ROWS; ++i) {
    assert_near((double)log_density[i], (double)f->log_density[i],
                sizeof(rb_real) == sizeof(double) ? 1e-10 : 1e-3);
    for (int d = 0; d < MAX_D; ++d) u[d][i] = distribution(f, d, i);
    sum[i] = fmod(u[0][i] + u[1][i] + u[2][i], 1);  // uniform if they are independent
  }
  for (int d = 0; d < MAX_D; ++d) assert_true(kolmogorov(ROWS, u[d]) < 2.7);
  assert_true(kolmogorov(ROWS, sum) < 2.7);
  free(conditions);
  free(log_density);
  free_fixture(f);
}

static void test_draws_follow_the_density(void **state) {
  (void)state;
  for (int i = 0; i < FACTORS; ++i) check_draws(factors[i]);
}

/* A fresh density: means spread, so that it is no single Gaussian, and of unit size. */
static void test_initial_weights(void **state) {
  (void)state;
  fixture *f = new_fixture(&rb_mixture_factor, MAX_D, 1);
  rb_autoregressive_initialise(&f->density, 5, 0, &f->parameters);
  const rb_mlp *mlp = &f->density.mlp[1];
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

static void expect_refused(int D, rb_autoregressive_settings settings, const char *word) {
  rb_parameters parameters = {0};
  rb_autoregressive density;
  assert_int_equal(rb_autoregressive_create(&test_context, &rb_mixture_factor, &settings, D,
                                            CONDITION, false, &parameters, &density),
                   RB_ERR_SETTING);
  assert_non_null(strstr(test_context.error.message, word));
  rb_error_clear(&test_context);
  rb_parameters_free(&parameters);
}

static void test_settings(void **state) {
  (void)state;
  rb_autoregressive_settings bad = small;
  expect_refused(0, small, "parameters");
  bad.parts = 0;
  expect_refused(2, bad, "components");
  bad.parts = RB_FACTOR_MAX_PARTS + 1;
  expect_refused(2, bad, "components");
  bad = small;
  bad.mlp_layers = 0;
  expect_refused(2, bad, "mlp_widths");
  bad = small;
  bad.mlp_widths[1] = 0;
  expect_refused(2, bad, "mlp_widths");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_gradients),
    cmocka_unit_test(test_gradients_of_centred),
    cmocka_unit_test(test_integrates_to_one),
    cmocka_unit_test(test_draws_follow_the_density),
    cmocka_unit_test(test_initial_weights),
    cmocka_unit_test(test_settings),
    cmocka_unit_test(test_spline_follows_its_authors),
};

RB_TEST_MAIN(tests)
