#include "gaussian_posterior.h"
#include "rb_test.h"
#include "rheobase/inference/mixture_posterior.h"

/* Mixtures of Gaussians of which everything is known. */

enum { D = GAUSSIAN_DIM, LENGTH = 12, CHANNELS = 2, SIZE = CHANNELS * LENGTH, MEMBERS = 3 };

typedef struct fixture {
  rb_model model;
  gaussian_errors errors[MEMBERS];
  rb_posterior member[MEMBERS], mixture;
  double mean[D], covariance[D * D];  // of the Gaussian without errors, for x
  float x[SIZE];
} fixture;

static void create(const gaussian_errors *errors, fixture *f) {
  assert_all_ok(rb_linear_gaussian_model(&test_context, LENGTH, CHANNELS, 0.8, &f->model));
  for (int k = 0; k < SIZE; ++k) f->x[k] = 0.1f * (float)(k % 7);
  rb_linear_gaussian_posterior(&f->model, f->x, f->mean, f->covariance);
  for (int m = 0; m < MEMBERS; ++m) {
    f->errors[m] = errors[m];
    f->member[m] = gaussian_posterior(&f->model, &f->errors[m]);
  }
  assert_all_ok(rb_mixture_posterior_create(&test_context, MEMBERS, f->member, &f->mixture));
}

static void destroy(fixture *f) {
  f->mixture.destroy(&f->mixture);
  f->model.destroy(&f->model);
}

static const gaussian_errors apart[MEMBERS] = {
    {.widen = 1, .shift = -1.5}, {.widen = 2}, {.widen = 0.5, .shift = 2, .uncorrelated = true}};

/* Log density of Normal(mean, covariance), by the adjugate. */
static double normal(const double *theta, const double *mean, const double *c) {
  const double u[D] = {theta[0] - mean[0], theta[1] - mean[1], theta[2] - mean[2]};
  const double adjugate[D][D] = {
      {c[4] * c[8] - c[5] * c[7], c[2] * c[7] - c[1] * c[8], c[1] * c[5] - c[2] * c[4]},
      {c[5] * c[6] - c[3] * c[8], c[0] * c[8] - c[2] * c[6], c[2] * c[3] - c[0] * c[5]},
      {c[3] * c[7] - c[4] * c[6], c[1] * c[6] - c[0] * c[7], c[0] * c[4] - c[1] * c[3]}};
  const double determinant = c[0] * adjugate[0][0] + c[1] * adjugate[1][0] + c[2] * adjugate[2][0];
  double form = 0;
  for (int i = 0; i < D; ++i) {
    for (int j = 0; j < D; ++j) form += u[i] * adjugate[i][j] * u[j] / determinant;
  }
  return -0.5 * (form + log(determinant) + D * log(2 * acos(-1)));
}

/* Mean and covariance of a member, from those of the Gaussian without errors. */
static void moments(const fixture *f, int m, double *mean, double *covariance) {
  const gaussian_errors *e = &f->errors[m];
  for (int i = 0; i < D; ++i) {
    mean[i] = f->mean[i] + e->shift * sqrt(f->covariance[i * D + i]);
    for (int j = 0; j < D; ++j) {
      const bool gone = e->uncorrelated && i != j;
      covariance[i * D + j] = gone ? 0 : e->widen * e->widen * f->covariance[i * D + j];
    }
  }
}

static void the_density_is_the_mean_of_the_members(void **state) {
  (void)state;
  enum { POINTS = 50 };
  fixture f;
  double theta[POINTS * D], got[POINTS];
  create(apart, &f);
  rb_stream_normals(rb_stream_make(5, RB_FOR_TESTS, RB_RANDOM_POSTERIOR_DRAWS, 0, 0), 0, POINTS * D,
                    theta);
  assert_all_ok(f.mixture.log_density(&f.mixture, &test_context, 1, f.x, POINTS, theta, got));
  for (int k = 0; k < POINTS; ++k) {
    double sum = 0, mean[D], covariance[D * D];
    for (int m = 0; m < MEMBERS; ++m) {
      moments(&f, m, mean, covariance);
      sum += exp(normal(theta + (ptrdiff_t)k * D, mean, covariance)) / MEMBERS;
    }
    assert_near(got[k], log(sum), 1e-9 * fmax(1, fabs(got[k])));
  }
  // Far out, where every member's density is 0 in double precision, the widest one is left.
  const double far[D] = {100, 100, 100};
  double mean[D], covariance[D * D];
  moments(&f, 1, mean, covariance);
  assert_all_ok(f.mixture.log_density(&f.mixture, &test_context, 1, f.x, 1, far, got));
  const double wanted = normal(far, mean, covariance) - log(MEMBERS);
  assert_true(exp(wanted) == 0);
  assert_near(got[0], wanted, 1e-9 * fabs(wanted));
  destroy(&f);
}

static void draws_have_the_moments_and_the_density(void **state) {
  (void)state;
  enum { S = 40000 };
  fixture f;
  create(apart, &f);
  float *draw = malloc(sizeof(float) * S * D);
  double *wide = malloc(sizeof(double) * S * D);
  double *density = malloc(sizeof(double) * S), *again = malloc(sizeof(double) * S);
  assert_all_ok(
      f.mixture.sample(&f.mixture, &test_context, 7, RB_FOR_TESTS, 0, 1, f.x, S, draw, density));
  for (int k = 0; k < S * D; ++k) wide[k] = (double)draw[k];
  assert_all_ok(f.mixture.log_density(&f.mixture, &test_context, 1, f.x, S, wide, again));
  assert_memory_equal(density, again, sizeof(double) * S);
  for (int d = 0; d < D; ++d) {
    double mean = 0, square = 0, sum = 0, squares = 0, m1[D], c[D * D];
    for (int m = 0; m < MEMBERS; ++m) {
      moments(&f, m, m1, c);
      mean += m1[d] / MEMBERS;
      square += (c[d * D + d] + m1[d] * m1[d]) / MEMBERS;
    }
    const double sd = sqrt(square - mean * mean);
    for (int s = 0; s < S; ++s) {
      sum += wide[s * D + d] - mean;
      squares += (wide[s * D + d] - mean) * (wide[s * D + d] - mean);
    }
    assert_near(sum / S, 0, 6 * sd / sqrt(S));
    assert_near(squares / S, sd * sd, 6 * sd * sd * sqrt(3.0 / S));  // kurtosis below 4
  }
  free(draw);
  free(wide);
  free(density);
  free(again);
  destroy(&f);
}

/* A data set's draws are the same alone and among others. */
static void draws_do_not_depend_on_the_grouping(void **state) {
  (void)state;
  enum { N = 5, S = 40 };
  fixture f;
  float x[N * SIZE], together[N * S * D], alone[S * D];
  create(apart, &f);
  for (int k = 0; k < N * SIZE; ++k) x[k] = 0.03f * (float)(k % 29);
  assert_all_ok(
      f.mixture.sample(&f.mixture, &test_context, 7, RB_FOR_TESTS, 20, N, x, S, together, NULL));
  for (int i = 0; i < N; ++i) {
    assert_all_ok(f.mixture.sample(&f.mixture, &test_context, 7, RB_FOR_TESTS, 20 + i, 1,
                                   x + (ptrdiff_t)i * SIZE, S, alone, NULL));
    assert_memory_equal(alone, together + (ptrdiff_t)i * S * D, sizeof alone);
  }
  destroy(&f);
}

/* A truth from the mixture is one more draw: its rank is uniform, also where members lie far apart
 * and draws are few. Equal numbers of draws from each would give the middle ranks too much. */
static void ranks_are_uniform(void **state) {
  (void)state;
  enum { N = 6000, S = 3 };
  static const gaussian_errors far[MEMBERS] = {
      {.widen = 1, .shift = -20}, {.widen = 1}, {.widen = 1, .shift = 20}};
  fixture f;
  int count[S + 1] = {0};
  create(far, &f);
  for (int i = 0; i < N; ++i) {
    float truth[D], draw[S * D];
    int rank = 0;
    assert_int_equal(
        f.mixture.sample(&f.mixture, &test_context, 8, RB_FOR_TESTS, i, 1, f.x, 1, truth, NULL),
        RB_OK);
    assert_int_equal(
        f.mixture.sample(&f.mixture, &test_context, 9, RB_FOR_TESTS, i, 1, f.x, S, draw, NULL),
        RB_OK);
    for (int s = 0; s < S; ++s) rank += draw[s * D] < truth[0];
    ++count[rank];
  }
  const double p = 1.0 / (S + 1);
  for (int r = 0; r <= S; ++r) assert_near(count[r], N * p, 5.5 * sqrt(N * p * (1 - p)));
  destroy(&f);
}

static void without_a_members_density_there_is_none(void **state) {
  (void)state;
  fixture f;
  create(apart, &f);
  f.mixture.destroy(&f.mixture);
  f.member[2].log_density = NULL;
  assert_all_ok(rb_mixture_posterior_create(&test_context, MEMBERS, f.member, &f.mixture));
  assert_null(f.mixture.log_density);
  assert_string_equal(f.mixture.name, "mixture");
  destroy(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_density_is_the_mean_of_the_members),
    cmocka_unit_test(draws_have_the_moments_and_the_density),
    cmocka_unit_test(draws_do_not_depend_on_the_grouping), cmocka_unit_test(ranks_are_uniform),
    cmocka_unit_test(without_a_members_density_there_is_none)};
RB_TEST_MAIN(tests)
