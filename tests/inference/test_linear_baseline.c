#include <gsl/gsl_blas.h>
#include <gsl/gsl_linalg.h>

#include "inference/baseline.h"
#include "model/lif/lif.h"
#include "model/linear_gaussian/linear_gaussian.h"
#include "rb_test.h"
#include "rheobase/io/product.h"

enum { SEED = 45, D = 6, L = 40, N = 500, CHECKS = 20, DRAWS = 200 };

static rb_model short_neuron(void) {
  rb_model model;
  rb_lif_settings settings = rb_lif_defaults();
  settings.T_ms = L * settings.dt_ms;
  settings.I_mean_pA = 500;
  assert_all_ok(rb_lif_model(&test_context, &settings, &model));
  assert_all_true(model.length == L);
  return model;
}

static void simulate(const rb_model *model, rb_purpose purpose, int64_t count, double *theta,
                     float *x) {
  assert_all_ok(model->draw_prior(model, &test_context, SEED, purpose, 0, count, theta, NULL));
  assert_all_ok(model->simulate(model, &test_context, SEED, purpose, 0, count, theta, x));
}

/* Ridge predictions through GSL on whole matrices: standardised features, one penalty.
 * @param x (N, C, L) @param theta (N, D) @param row (f) features of a new data set @param out (D)
 */
static gsl_matrix *dense_coefficients(int f, const double *value, const double *theta,
                                      double penalty, double *mean, double *sd) {
  gsl_matrix *x = gsl_matrix_calloc(N, (size_t)f), *y = gsl_matrix_alloc(N, D);
  gsl_matrix *a = gsl_matrix_alloc((size_t)f, (size_t)f), *w = gsl_matrix_alloc((size_t)f, D);
  for (int j = 0; j < f; ++j) {
    double square = 0;
    mean[j] = 0;
    for (int i = 0; i < N; ++i) mean[j] += value[i * f + j] / N;
    for (int i = 0; i < N; ++i) square += pow(value[i * f + j] - mean[j], 2) / N;
    sd[j] = square > 1e-12 ? sqrt(square) : 0;
    for (int i = 0; i < N && sd[j] > 0; ++i) {
      gsl_matrix_set(x, (size_t)i, (size_t)j, (value[i * f + j] - mean[j]) / sd[j]);
    }
  }
  for (size_t i = 0; i < N * D; ++i) y->data[i] = theta[i];
  for (int d = 0; d < D; ++d) {
    gsl_vector_view column = gsl_matrix_column(y, (size_t)d);
    double sum = 0;
    for (size_t i = 0; i < N; ++i) sum += gsl_vector_get(&column.vector, i) / N;
    gsl_vector_add_constant(&column.vector, -sum);
  }
  gsl_blas_dgemm(CblasTrans, CblasNoTrans, 1.0 / N, x, x, 0, a);
  gsl_blas_dgemm(CblasTrans, CblasNoTrans, 1.0 / N, x, y, 0, w);
  for (size_t j = 0; j < (size_t)f; ++j) *gsl_matrix_ptr(a, j, j) += penalty;
  gsl_linalg_cholesky_decomp1(a);
  for (size_t d = 0; d < D; ++d) {
    gsl_vector_view column = gsl_matrix_column(w, d);
    gsl_linalg_cholesky_svx(a, &column.vector);
  }
  gsl_matrix_free(x);
  gsl_matrix_free(y);
  gsl_matrix_free(a);
  return w;
}

/* Predictions for new data sets equal the dense computation to 1e-10, by either way of solving. */
static void check_predictions(double penalty) {
  rb_model model = short_neuron();
  rb_baseline *baseline = NULL;
  const rb_baseline_settings settings = {
      .simulations = N, .validation = 100, .random_features = 30, .penalty = penalty};
  assert_all_ok(rb_baseline_fit(&test_context, &model, &settings, SEED, &baseline));
  const int f = baseline->features.count;
  assert_all_true(f == 2 * L + 5 + 30);
  static double theta[N * D], ours[CHECKS * D];
  static float x[N * 2 * L];
  double *value = calloc((size_t)N * (size_t)f, sizeof *value);
  double *mean = calloc((size_t)f, sizeof *mean), *sd = calloc((size_t)f, sizeof *sd);
  double theta_mean[D] = {0}, worst = 0;
  simulate(&model, RB_FOR_TRAINING, N, theta, x);
  rb_baseline_features_compute(&baseline->features, N, x, value);
  for (int i = 0; i < N * D; ++i) theta_mean[i % D] += theta[i] / N;
  gsl_matrix *w[D];
  for (int d = 0; d < D; ++d) {
    w[d] = dense_coefficients(f, value, theta, baseline->report.penalty[d], mean, sd);
  }
  simulate(&model, RB_FOR_TESTS, CHECKS, theta, x);
  rb_baseline_features_compute(&baseline->features, CHECKS, x, value);
  assert_all_ok(rb_baseline_mean(&test_context, baseline, CHECKS, x, ours));
  for (int i = 0; i < CHECKS; ++i) {
    for (int d = 0; d < D; ++d) {
      double sum = theta_mean[d];
      for (int j = 0; j < f; ++j) {
        if (sd[j] == 0) continue;
        sum += (value[i * f + j] - mean[j]) / sd[j] * gsl_matrix_get(w[d], (size_t)j, (size_t)d);
      }
      worst = fmax(worst, fabs(sum - ours[i * D + d]));
    }
  }
  assert_all_true(worst < 1e-10);
  for (int d = 0; d < D; ++d) gsl_matrix_free(w[d]);
  free(value);
  free(mean);
  free(sd);
  rb_baseline_destroy(baseline);
  model.destroy(&model);
}

static void predictions_equal_gsl(void **state) {
  (void)state;
  check_predictions(0);
  check_predictions(0.01);
}

/* Where the posterior is linear-Gaussian the baseline is exact but for estimation: N = 4000
 * regressions of 25 coefficients and 2000 residuals leave a few per cent. */
static void exact_on_the_linear_gaussian_model(void **state) {
  (void)state;
  enum { DIM = RB_LINEAR_GAUSSIAN_DIM, LENGTH = 24, TESTS = 10 };
  rb_model model;
  rb_baseline *baseline = NULL;
  rb_posterior posterior;
  assert_all_ok(rb_linear_gaussian_model(&test_context, LENGTH, 1, 0.5, &model));
  const rb_baseline_settings settings = {.simulations = 4000, .validation = 2000};
  assert_all_ok(rb_baseline_fit(&test_context, &model, &settings, SEED, &baseline));
  assert_all_ok(rb_baseline_posterior(&test_context, baseline, SEED, &posterior));
  double theta[TESTS * DIM], mean[TESTS * DIM], exact[DIM], covariance[DIM * DIM];
  double density[TESTS];
  float x[TESTS * LENGTH];
  simulate(&model, RB_FOR_TESTS, TESTS, theta, x);
  assert_all_ok(rb_baseline_mean(&test_context, baseline, TESTS, x, mean));
  assert_all_ok(posterior.log_density(&posterior, &test_context, TESTS, x, 1, theta, density));
  const double *ours = rb_baseline_covariance(baseline);
  for (int i = 0; i < TESTS; ++i) {
    rb_linear_gaussian_posterior(&model, x + (ptrdiff_t)i * LENGTH, exact, covariance);
    for (int d = 0; d < DIM; ++d) {
      const double sd = sqrt(covariance[d * DIM + d]);
      assert_all_true(fabs(mean[i * DIM + d] - exact[d]) < 0.25 * sd);
      for (int e = 0; e < DIM; ++e) {
        const double scale = sd * sqrt(covariance[e * DIM + e]);
        assert_all_true(fabs(ours[d * DIM + e] - covariance[d * DIM + e]) < 0.15 * scale);
      }
    }
    // log N(theta; exact, covariance)
    gsl_matrix_view view = gsl_matrix_view_array(covariance, DIM, DIM);
    gsl_vector *rest = gsl_vector_alloc(DIM);
    double expected = -DIM * 0.91893853320467274178;
    for (int d = 0; d < DIM; ++d) gsl_vector_set(rest, (size_t)d, theta[i * DIM + d] - exact[d]);
    gsl_linalg_cholesky_decomp1(&view.matrix);
    for (int d = 0; d < DIM; ++d) expected -= log(covariance[d * DIM + d]);
    gsl_blas_dtrsv(CblasLower, CblasNoTrans, CblasNonUnit, &view.matrix, rest);
    expected -= 0.5 * pow(gsl_blas_dnrm2(rest), 2);
    assert_all_true(fabs(density[i] - expected) < 0.6);
    gsl_vector_free(rest);
  }
  posterior.destroy(&posterior);
  rb_baseline_destroy(baseline);
  model.destroy(&model);
}

static rb_baseline *fit_neuron(const rb_model *model) {
  rb_baseline *baseline = NULL;
  const rb_baseline_settings settings = {
      .simulations = N, .validation = 200, .random_features = 10};
  assert_all_ok(rb_baseline_fit(&test_context, model, &settings, SEED, &baseline));
  return baseline;
}

static void draws_lie_in_the_support_and_repeat(void **state) {
  (void)state;
  rb_model model = short_neuron();
  rb_baseline *baseline = fit_neuron(&model);
  rb_posterior posterior;
  assert_all_ok(rb_baseline_posterior(&test_context, baseline, SEED, &posterior));
  static double theta[CHECKS * D];
  static float x[CHECKS * 2 * L], draws[CHECKS * DRAWS * D], again[DRAWS * D];
  simulate(&model, RB_FOR_TESTS, CHECKS, theta, x);
  assert_all_ok(posterior.sample(&posterior, &test_context, SEED, RB_FOR_TESTS, 0, CHECKS, x, DRAWS,
                                 draws, NULL));
  bool inside = true, equal = true;
  for (int i = 0; i < CHECKS * DRAWS; ++i) {
    double value[D];
    for (int d = 0; d < D; ++d) value[d] = (double)draws[i * D + d];
    inside = inside && model.in_support(&model, value);
  }
  assert_all_true(inside);
  const rb_baseline_leakage leakage = rb_baseline_get_leakage(&posterior);
  assert_all_true(leakage.data_sets == CHECKS && leakage.inside == CHECKS * DRAWS &&
                  leakage.tries > leakage.inside && leakage.given_up == 0);
  for (int i = 0; i < CHECKS; ++i) {
    assert_all_ok(posterior.sample(&posterior, &test_context, SEED, RB_FOR_TESTS, i, 1,
                                   x + (ptrdiff_t)i * 2 * L, DRAWS, again, NULL));
    equal = equal && memcmp(again, draws + (ptrdiff_t)i * DRAWS * D, sizeof again) == 0;
  }
  assert_all_true(equal);
  posterior.destroy(&posterior);
  rb_baseline_destroy(baseline);
  model.destroy(&model);
}

/* The truncated density is the Gaussian one over the share of tries that fell into the support:
 * 20000 draws here and 4096 there give the share to 0.05 or better at six standard errors. */
static void density_is_normalised_by_the_mass_inside(void **state) {
  (void)state;
  enum { MANY = 20000 };
  rb_model model = short_neuron();
  rb_baseline *baseline = fit_neuron(&model);
  rb_posterior posterior;
  assert_all_ok(rb_baseline_posterior(&test_context, baseline, SEED, &posterior));
  static double theta[D];
  static float x[2 * L], draws[MANY * D];
  static double from_sample[MANY], value[2 * D], from_density[2], mean[D], factor[D * D];
  simulate(&model, RB_FOR_TESTS, 1, theta, x);
  assert_all_ok(posterior.sample(&posterior, &test_context, SEED, RB_FOR_TESTS, 0, 1, x, MANY,
                                 draws, from_sample));
  for (int d = 0; d < D; ++d) value[d] = value[D + d] = (double)draws[d];
  value[D] = 1000;  // outside
  assert_all_ok(posterior.log_density(&posterior, &test_context, 1, x, 2, value, from_density));
  assert_all_true(from_density[0] == from_sample[0]);
  assert_all_true(isinf(from_density[1]) && from_density[1] < 0);
  const rb_baseline_leakage leakage = rb_baseline_get_leakage(&posterior);
  const double mass = (double)leakage.inside / (double)leakage.tries;
  assert_all_true(mass > 0.01 && mass < 0.99);
  assert_all_ok(rb_baseline_mean(&test_context, baseline, 1, x, mean));
  memcpy(factor, rb_baseline_covariance(baseline), sizeof factor);
  gsl_matrix_view view = gsl_matrix_view_array(factor, D, D);
  gsl_vector *rest = gsl_vector_alloc(D);
  gsl_linalg_cholesky_decomp1(&view.matrix);
  double gaussian = -D * 0.91893853320467274178;
  for (int d = 0; d < D; ++d) gsl_vector_set(rest, (size_t)d, value[d] - mean[d]);
  for (int d = 0; d < D; ++d) gaussian -= log(factor[d * D + d]);
  gsl_blas_dtrsv(CblasLower, CblasNoTrans, CblasNonUnit, &view.matrix, rest);
  gaussian -= 0.5 * pow(gsl_blas_dnrm2(rest), 2);
  assert_all_true(fabs(exp(gaussian - from_density[0]) - mass) < 0.05);
  gsl_vector_free(rest);
  posterior.destroy(&posterior);
  rb_baseline_destroy(baseline);
  model.destroy(&model);
}

/* A trace unlike any other puts the Gaussian far from the support: prior draws fill in, and the
 * data set is counted. */
static void hopeless_data_sets_are_given_up(void **state) {
  (void)state;
  enum { FEW = 5 };
  rb_model model = short_neuron();
  rb_baseline *baseline = fit_neuron(&model);
  rb_posterior posterior;
  assert_all_ok(rb_baseline_posterior(&test_context, baseline, SEED, &posterior));
  static float x[2 * L], draws[FEW * D];
  static double density[FEW];
  for (int t = 0; t < L; ++t) x[t] = 1e5F;
  assert_all_ok(posterior.sample(&posterior, &test_context, SEED, RB_FOR_TESTS, 0, 1, x, FEW, draws,
                                 density));
  const rb_baseline_leakage leakage = rb_baseline_get_leakage(&posterior);
  assert_all_true(leakage.given_up == 1 && leakage.inside < FEW);
  bool inside = true;
  for (int i = 0; i < FEW; ++i) {
    double value[D];
    for (int d = 0; d < D; ++d) value[d] = (double)draws[i * D + d];
    inside = inside && model.accepts(&model, value, NULL) && !isnan(density[i]);
  }
  assert_all_true(inside);
  posterior.destroy(&posterior);
  rb_baseline_destroy(baseline);
  model.destroy(&model);
}

static void file_gives_back_the_same_posterior(void **state) {
  (void)state;
  static const char path[] = "test_baseline.h5";
  rb_model model = short_neuron();
  rb_baseline *baseline = fit_neuron(&model), *loaded = NULL;
  rb_file *file = NULL;
  assert_all_ok(rb_product_create(&test_context, RB_PRODUCT_BASELINE, path, &file));
  assert_all_ok(rb_baseline_write(&test_context, file, baseline));
  assert_all_ok(rb_file_commit(&test_context, &file));
  assert_all_ok(rb_product_open(&test_context, RB_PRODUCT_BASELINE, path, &file));
  assert_all_ok(rb_baseline_read(&test_context, file, &model, &loaded));
  static double theta[CHECKS * D], before[CHECKS * D], after[CHECKS * D];
  static float x[CHECKS * 2 * L];
  simulate(&model, RB_FOR_TESTS, CHECKS, theta, x);
  assert_all_ok(rb_baseline_mean(&test_context, loaded, CHECKS, x, after));
  if (test_context.rank == 0) {  // the file holds rank 0's coefficients
    assert_int_equal(rb_baseline_mean(&test_context, baseline, CHECKS, x, before), RB_OK);
    assert_memory_equal(before, after, sizeof before);
  }
  rb_model other;
  rb_baseline *wrong = NULL;
  assert_all_ok(rb_linear_gaussian_model(&test_context, 24, 1, 0.5, &other));
  assert_all_true(rb_baseline_read(&test_context, file, &other, &wrong) == RB_ERR_FORMAT);
  rb_error_clear(&test_context);
  rb_file_close(&file);
  other.destroy(&other);
  rb_baseline_destroy(baseline);
  rb_baseline_destroy(loaded);
  model.destroy(&model);
  MPI_Barrier(test_context.comm);
  if (test_context.rank == 0) (void)remove(path);
}

static void check_failure(const rb_model *model, rb_baseline_settings settings, rb_status expected,
                          const char *sentence) {
  rb_baseline *baseline = NULL;
  const rb_status status = rb_baseline_fit(&test_context, model, &settings, SEED, &baseline);
  assert_all_true(status == expected && baseline == NULL);
  assert_all_true(strstr(test_context.error.message, sentence) != NULL);
  rb_error_clear(&test_context);
}

/* With a penalty just large enough for a factor to exist, the condition number is told: the largest
 * eigenvalue, between 1 and the number of features, over the penalty. */
static void check_condition(const rb_model *model, double penalty) {
  rb_baseline *baseline = NULL;
  const rb_baseline_settings settings = {.simulations = N, .validation = 50, .penalty = penalty};
  const rb_status status = rb_baseline_fit(&test_context, model, &settings, SEED, &baseline);
  assert_all_true(status == RB_ERR_NUMERIC && baseline == NULL);
  const char *number = strstr(test_context.error.message, "condition number is ");
  assert_all_true(number != NULL && strstr(number, "feature spike_count") != NULL);
  const double condition = strtod(number + strlen("condition number is "), NULL);
  assert_all_true(condition > 1 / penalty && condition < 85 * 85 / penalty);
  rb_error_clear(&test_context);
}

static void failures_say_what_is_wrong(void **state) {
  (void)state;
  rb_model model = short_neuron();
  check_failure(&model, (rb_baseline_settings){.simulations = 85, .validation = 50}, RB_ERR_SETTING,
                "85 simulations are too few for 85 features");
  check_failure(&model, (rb_baseline_settings){.simulations = N, .validation = 6}, RB_ERR_SETTING,
                "6 validation data sets");
  check_failure(&model,
                (rb_baseline_settings){.simulations = N, .validation = 50, .memory_limit_GB = 1e-6},
                RB_ERR_MEMORY, "baseline.memory_limit_GB allows");
  // The number of spikes is the sum of the spikes, so with hardly a penalty there is no solution:
  // 1 / (85 * 86 * 2^-53) = 1.2e12.
  check_failure(&model,
                (rb_baseline_settings){.simulations = N, .validation = 50, .penalty = 1e-18},
                RB_ERR_NUMERIC,
                "condition number is above 1.2e+12: feature spike_count is nearly a linear "
                "combination");
  check_condition(&model, 1e-13);
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(predictions_equal_gsl),
    cmocka_unit_test(exact_on_the_linear_gaussian_model),
    cmocka_unit_test(draws_lie_in_the_support_and_repeat),
    cmocka_unit_test(density_is_normalised_by_the_mass_inside),
    cmocka_unit_test(hopeless_data_sets_are_given_up),
    cmocka_unit_test(file_gives_back_the_same_posterior),
    cmocka_unit_test(failures_say_what_is_wrong)};
RB_TEST_MAIN(tests)
