#include <gsl/gsl_blas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>

#include "neuron_setup.h"
#include "rheobase/model/statistics.h"
#include "rheobase/random/distributions.h"

/* How much of what a recording tells of a neuron its statistics keep, near one parameter vector.
 * The conductance-based neuron is a function of its parameters, seen through Gaussian noise, so its
 * Fisher information is J'J / noise^2 with J the derivative of the voltage. That of a linear
 * function of the statistics is A'V^-1 A, with A the derivative of its mean and V its covariance
 * under the noise. The best one, W = C^-1 A, is found with one half of the noise and judged by the
 * other, which can only lose. */

enum { L = 200, D = 7, N = 3000, VECTORS = 2 * D };
static const double NOISE_MV = 0.5;
// C, g_Na, g_K, g_M, E_Na, E_K, E_L: those of inputs/hodgkin_huxley.cfg
static const int inferred[D] = {0, 1, 2, 3, 5, 6, 7};

static const char settings[] =
    "simulator = { T_ms = 60.0; dt_ms = 0.025; };"
    "stimulus = ({ type = \"step\"; onset = 10.0; offset = 50.0; amplitude = 3.248060; });"
    "recording = { channels = [\"voltage\"]; sample_ms = 0.3; noise_mV = 0.0; };";

/* The voltage at theta +- step of each parameter. @param voltage (VECTORS, L) */
static void vary(const rb_model *model, const double *theta, const double *step, float *voltage) {
  double all[VECTORS * RB_NEURON_PARAMETERS];
  for (int i = 0; i < VECTORS; ++i) {
    double *row = &all[i * model->dim];
    memcpy(row, theta, (size_t)model->dim * sizeof *row);
    row[inferred[i / 2]] += i % 2 == 0 ? step[i / 2] : -step[i / 2];
  }
  assert_int_equal(model->simulate(model, &test_context, 1, RB_FOR_TESTS, 0, VECTORS, all, voltage),
                   RB_OK);
}

/* J'J / noise^2. @param information (D, D) */
static void of_the_voltage(const rb_model *model, const double *theta, const double *step,
                           gsl_matrix *information) {
  static float voltage[VECTORS * L];
  gsl_matrix *J = gsl_matrix_alloc(L, D);
  vary(model, theta, step, voltage);
  for (int d = 0; d < D; ++d) {
    for (int t = 0; t < L; ++t) {
      const double change = (double)voltage[2 * d * L + t] - (double)voltage[(2 * d + 1) * L + t];
      gsl_matrix_set(J, (size_t)t, (size_t)d, change / (2 * step[d] * NOISE_MV));
    }
  }
  gsl_blas_dgemm(CblasTrans, CblasNoTrans, 1, J, J, 0, information);
  gsl_matrix_free(J);
}

/* Statistics of N noisy copies of a recording. @param noise (N, L) @param out (N, count) */
static void summarise(rb_statistics *statistics, const float *voltage, const float *noise,
                      gsl_matrix *out) {
  const size_t count = out->size2;
  float x[L], *numbers = calloc(count, sizeof *numbers);
  assert_non_null(numbers);
  for (size_t i = 0; i < N; ++i) {
    for (size_t t = 0; t < L; ++t) x[t] = voltage[t] + (float)NOISE_MV * noise[i * L + t];
    rb_statistics_compute(&test_context, statistics, 1, x, numbers);
    for (size_t k = 0; k < count; ++k) gsl_matrix_set(out, i, k, (double)numbers[k]);
  }
  free(numbers);
}

/* The columns' means. @param x (N, count) @return (count) */
static gsl_vector *mean_of(const gsl_matrix *x) {
  gsl_vector *mean = gsl_vector_calloc(x->size2);
  for (size_t i = 0; i < x->size1; ++i) {
    const gsl_vector_const_view row = gsl_matrix_const_row(x, i);
    gsl_vector_add(mean, &row.vector);
  }
  gsl_vector_scale(mean, 1.0 / (double)x->size1);
  return mean;
}

/* @param x (n, count) @param covariance (count, count) */
static void covariance_of(const gsl_matrix *x, gsl_matrix *covariance) {
  gsl_matrix *centred = gsl_matrix_alloc(x->size1, x->size2);
  gsl_vector *mean = mean_of(x);
  gsl_matrix_memcpy(centred, x);
  for (size_t i = 0; i < x->size1; ++i) {
    gsl_vector_view row = gsl_matrix_row(centred, i);
    gsl_vector_sub(&row.vector, mean);
  }
  gsl_blas_dgemm(CblasTrans, CblasNoTrans, 1.0 / (double)x->size1, centred, centred, 0, covariance);
  gsl_vector_free(mean);
  gsl_matrix_free(centred);
}

/* a^-1 b of a positive definite a, which is overwritten; b becomes the result. */
static void divide(gsl_matrix *a, gsl_matrix *b) {
  assert_int_equal(gsl_linalg_cholesky_decomp1(a), GSL_SUCCESS);
  for (size_t d = 0; d < b->size2; ++d) {
    gsl_vector_view column = gsl_matrix_column(b, d);
    gsl_linalg_cholesky_svx(a, &column.vector);
  }
}

static double log_determinant(const gsl_matrix *a) {
  gsl_matrix *factor = gsl_matrix_alloc(a->size1, a->size2);
  gsl_matrix_memcpy(factor, a);
  assert_int_equal(gsl_linalg_cholesky_decomp1(factor), GSL_SUCCESS);
  double sum = 0;
  for (size_t d = 0; d < a->size1; ++d) sum += 2 * log(gsl_matrix_get(factor, d, d));
  gsl_matrix_free(factor);
  return sum;
}

/* Half of the noise: the statistics under it, and the derivative of their mean. */
typedef struct half {
  gsl_matrix *numbers;     // (N, count), over their deviation
  gsl_matrix *derivative;  // (count, D), likewise
} half;

static half measure(const rb_model *model, rb_statistics *statistics, const double *theta,
                    const double *step, uint64_t seed) {
  const size_t count = (size_t)rb_statistics_count(statistics);
  static float voltage[VECTORS * L], base[L], noise[N * L];
  half h = {gsl_matrix_alloc(N, count), gsl_matrix_alloc(count, D)};
  gsl_matrix *moved = gsl_matrix_alloc(N, count);
  rb_stream_normals_float(rb_stream_make(seed, RB_FOR_TESTS, RB_RANDOM_OBSERVATION_NOISE, 0, 0), 0,
                          (int64_t)N * L, noise);
  vary(model, theta, step, voltage);
  for (int i = 0; i < VECTORS; ++i) {
    summarise(statistics, &voltage[i * L], noise, moved);
    gsl_vector *mean = mean_of(moved);
    for (size_t k = 0; k < count; ++k) {
      double *at = gsl_matrix_ptr(h.derivative, k, (size_t)(i / 2));
      const double share = gsl_vector_get(mean, k) / (2 * step[i / 2]);
      *at = i % 2 == 0 ? share : *at - share;
    }
    gsl_vector_free(mean);
  }
  assert_int_equal(model->simulate(model, &test_context, 1, RB_FOR_TESTS, 0, 1, theta, base),
                   RB_OK);
  summarise(statistics, base, noise, h.numbers);
  gsl_matrix_free(moved);
  return h;
}

/* Brings both halves to the deviations of the first; what does not vary is 0. */
static void scale(const half *a, const half *b) {
  for (size_t k = 0; k < a->numbers->size2; ++k) {
    double sum = 0, square = 0;
    for (size_t i = 0; i < N; ++i) {
      const double x = gsl_matrix_get(a->numbers, i, k) - gsl_matrix_get(a->numbers, 0, k);
      sum += x;
      square += x * x;
    }
    const double variance = square / N - sum / N * sum / N;
    const double factor = variance > 1e-10 ? 1 / sqrt(variance) : 0;
    const half *const both[] = {a, b};
    for (int h = 0; h < 2; ++h) {
      gsl_vector_view column = gsl_matrix_column(both[h]->numbers, k);
      gsl_vector_view row = gsl_matrix_row(both[h]->derivative, k);
      gsl_vector_scale(&column.vector, factor);
      gsl_vector_scale(&row.vector, factor);
    }
  }
}

/* Information of the best linear function of one half, judged by the other: is added. */
static void add_information(const half *found, const half *judged, gsl_matrix *information) {
  const size_t count = found->numbers->size2;
  gsl_matrix *C = gsl_matrix_alloc(count, count), *W = gsl_matrix_alloc(count, D);
  gsl_matrix *y = gsl_matrix_alloc(N, D), *V = gsl_matrix_alloc(D, D);
  gsl_matrix *A = gsl_matrix_alloc(D, D), *X = gsl_matrix_alloc(D, D);
  covariance_of(found->numbers, C);
  for (size_t k = 0; k < count; ++k) *gsl_matrix_ptr(C, k, k) += 1e-6;
  gsl_matrix_memcpy(W, found->derivative);
  divide(C, W);
  gsl_blas_dgemm(CblasNoTrans, CblasNoTrans, 1, judged->numbers, W, 0, y);
  covariance_of(y, V);
  gsl_blas_dgemm(CblasTrans, CblasNoTrans, 1, W, judged->derivative, 0, A);
  gsl_matrix_memcpy(X, A);
  divide(V, X);
  gsl_blas_dgemm(CblasTrans, CblasNoTrans, 0.5, A, X, 1, information);
  gsl_matrix *const all[] = {C, W, y, V, A, X};
  for (size_t i = 0; i < sizeof all / sizeof *all; ++i) gsl_matrix_free(all[i]);
}

/* @return nats of entropy that the statistics of a cell's recording lose, of a posterior that is
 * Gaussian */
static double loss_of(const rb_model *model, rb_statistics *statistics, const double *theta) {
  double step[D];
  gsl_matrix *full = gsl_matrix_alloc(D, D), *kept = gsl_matrix_calloc(D, D);
  for (int d = 0; d < D; ++d) step[d] = 1e-4 * fabs(theta[inferred[d]]);
  of_the_voltage(model, theta, step, full);
  for (size_t d = 0; d < D; ++d) step[d] = 1 / sqrt(gsl_matrix_get(full, d, d));
  of_the_voltage(model, theta, step, full);
  half half_of[2];
  for (int h = 0; h < 2; ++h) {
    half_of[h] = measure(model, statistics, theta, step, (uint64_t)h);
  }
  scale(&half_of[0], &half_of[1]);
  add_information(&half_of[0], &half_of[1], kept);
  add_information(&half_of[1], &half_of[0], kept);
  const double loss = 0.5 * (log_determinant(full) - log_determinant(kept));
  for (int h = 0; h < 2; ++h) {
    gsl_matrix_free(half_of[h].numbers);
    gsl_matrix_free(half_of[h].derivative);
  }
  gsl_matrix_free(full);
  gsl_matrix_free(kept);
  return loss;
}

static void statistics_keep_what_a_voltage_tells(void **state) {
  (void)state;
  // C, g_Na, g_K, g_M, g_L, E_Na, E_K, E_L, V_T, tau_max
  const double cells[][10] = {{1.0, 50, 3, 0.07, 0.1, 50, -100, -70, -60, 600},
                              {0.95, 80, 4, 0.25, 0.1, 30, -110, -60, -60, 600},
                              {1.1, 25, 1.5, 0.4, 0.1, 60, -95, -65, -60, 600}};
  rb_model model;
  rb_statistics *statistics = NULL;
  (void)gsl_set_error_handler_off();
  assert_neuron("hodgkin_huxley", settings, &model);
  const rb_statistics_form form = {.length = neuron_state(&model)->samples,
                                   .channels = 1,
                                   .channel = model.channel,
                                   .level = -10};
  assert_int_equal(rb_statistics_create(&test_context, &form, &statistics), RB_OK);
  rb_channel_scales *scales = rb_statistics_scales(statistics);
  scales->mean[0] = -55;
  scales->sd[0] = 25;
  for (size_t c = 0; c < sizeof cells / sizeof *cells; ++c) {
    const double loss = loss_of(&model, statistics, cells[c]);
    print_message("cell %zu: %.3f nats are lost\n", c, loss);
    assert_true(loss > -0.3 && loss < 0.4);
  }
  rb_statistics_free(statistics);
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(statistics_keep_what_a_voltage_tells)};

RB_TEST_MAIN(tests)
