#include "inference/t_mixture.h"
#include "model/linear_gaussian/linear_gaussian.h"
#include "rb_test.h"
#include "rheobase/inference/exact.h"
#include "rheobase/random/distributions.h"

/* Everything is known of the linear-Gaussian model: draws, evidence and densities are compared with
 * closed forms. Tolerances are five standard errors or more. */

enum { D = RB_LINEAR_GAUSSIAN_DIM, LENGTH = 20 };

typedef struct known {
  rb_model model;
  float x[LENGTH];
  double truth[D], mean[D], covariance[D * D], log_evidence;
  rb_exact_problem problem;
} known;

static double log_gaussian(const double *x, const double *mean, const double *covariance) {
  double m[D][D + 1], sum = 0.0, log_det = 0.0;
  for (int i = 0; i < D; ++i) {
    for (int j = 0; j < D; ++j) m[i][j] = covariance[i * D + j];
    m[i][D] = x[i] - mean[i];
  }
  for (int c = 0; c < D; ++c) {  // forward elimination: z' S^-1 z = sum of rest^2 / pivot
    for (int r = c + 1; r < D; ++r) {
      const double factor = m[r][c] / m[c][c];
      for (int j = c; j <= D; ++j) m[r][j] -= factor * m[c][j];
    }
    sum += m[c][D] * m[c][D] / m[c][c];
    log_det += log(m[c][c]);
  }
  return -0.5 * (sum + log_det + D * log(2.0 * M_PI));
}

static known make(uint64_t item) {
  known k = {0};
  assert_int_equal(rb_linear_gaussian_model(&test_context, LENGTH, 1, 0.5, &k.model), RB_OK);
  assert_int_equal(
      k.model.draw_prior(&k.model, &test_context, 9, RB_FOR_TESTS, (int64_t)item, 1, k.truth, NULL),
      RB_OK);
  assert_int_equal(
      k.model.simulate(&k.model, &test_context, 9, RB_FOR_TESTS, (int64_t)item, 1, k.truth, k.x),
      RB_OK);
  rb_linear_gaussian_posterior(&k.model, k.x, k.mean, k.covariance);
  double log_prior;
  k.model.log_prior(&k.model, 1, k.truth, &log_prior);
  k.log_evidence = log_prior + rb_linear_gaussian_log_likelihood(&k.model, k.truth, k.x) -
                   log_gaussian(k.truth, k.mean, k.covariance);
  k.problem = (rb_exact_problem){.seed = 9, .purpose = RB_FOR_TESTS, .item = item};
  return k;
}

/* Sets the pointers, which a copy would leave behind. */
static const rb_exact_problem *problem_of(known *k) {
  k->problem.model = &k->model;
  k->problem.x = k->x;
  return &k->problem;
}

/* Mean and covariance of draws with an effective number of at least `effective`. */
static void check_moments(const known *k, const rb_exact_result *r, double effective) {
  const double S = (double)r->draws;
  double mean[D] = {0};
  for (int64_t i = 0; i < r->draws; ++i) {
    for (int d = 0; d < D; ++d) mean[d] += r->latent[i * D + d] / S;
  }
  for (int d = 0; d < D; ++d) {
    const double variance = k->covariance[d * D + d];
    assert_near(mean[d], k->mean[d], 5.0 * sqrt(variance / effective));
    for (int e = 0; e < D; ++e) {
      double c = 0.0;
      for (int64_t i = 0; i < r->draws; ++i) {
        c += (r->latent[i * D + d] - mean[d]) * (r->latent[i * D + e] - mean[e]) / S;
      }
      const double scale = sqrt(variance * k->covariance[e * D + e]);
      assert_near(c, k->covariance[d * D + e], 5.0 * scale * sqrt(2.0 / effective));
    }
  }
  for (int64_t i = 0; i < r->draws; i += 97) {
    double log_prior;
    k->model.log_prior(&k->model, 1, &r->latent[i * D], &log_prior);
    assert_near(r->log_posterior[i] - r->log_likelihood[i], log_prior, 1e-9);
    assert_near(r->log_posterior[i] - k->log_evidence,
                log_gaussian(&r->latent[i * D], k->mean, k->covariance), 1e-9);
    assert_memory_equal(&r->theta[i * D], &r->latent[i * D], D * sizeof(double));
  }
}

/* Given draws of twice the posterior's width: the weights correct them. */
static void given_draws(void **state) {
  (void)state;
  enum { S = 4000 };
  known k = make(0);
  static double draws[S * D], log_density[S];
  double wide[D * D];
  for (int i = 0; i < D * D; ++i) wide[i] = i % (D + 1) == 0 ? 1.5 * k.covariance[i] : 0.0;
  rb_stream_normals(rb_stream_make(9, RB_FOR_TESTS, RB_RANDOM_POSTERIOR_DRAWS, 0, 0), 0, S * D,
                    draws);
  for (int i = 0; i < S; ++i) {
    for (int d = 0; d < D; ++d) {
      draws[i * D + d] = k.mean[d] + sqrt(wide[d * D + d]) * draws[i * D + d];
    }
    log_density[i] = log_gaussian(&draws[i * D], k.mean, wide);
  }
  rb_exact_settings settings = rb_exact_defaults();
  settings.draws = S;
  settings.least_efficiency = 0.05;
  rb_exact_result r;
  assert_int_equal(
      rb_exact_refine(&test_context, problem_of(&k), &settings, S, draws, log_density, &r), RB_OK);
  assert_int_equal(r.method, RB_EXACT_NETWORK);
  assert_true(r.reliable && r.has_network && r.evaluations == S);
  assert_near(r.log_evidence, k.log_evidence, 5.0 * r.log_evidence_se);
  assert_true(r.log_evidence_se < 0.1);
  check_moments(&k, &r, r.importance.efficiency * S);
  // KL between two Gaussians of one mean: (tr(Q^-1 P) - D + log det Q - log det P) / 2
  double kl = 0.5 * (D / 1.5 - D);
  kl -= log_gaussian(k.mean, k.mean, wide) - log_gaussian(k.mean, k.mean, k.covariance);
  assert_near(r.importance.kl, kl, 0.15);
  rb_exact_result_free(&r);
  // Where that is not good enough a proposal is fitted to the weighted draws, without a chain.
  settings.least_efficiency = 0.6;
  assert_int_equal(
      rb_exact_refine(&test_context, problem_of(&k), &settings, S, draws, log_density, &r), RB_OK);
  assert_int_equal(r.method, RB_EXACT_ADAPTIVE);
  assert_true(r.reliable && r.network.efficiency < 0.6 && r.importance.efficiency > 0.6);
  assert_int_equal(r.evaluations, 3 * S);
  assert_near(r.log_evidence, k.log_evidence, 5.0 * r.log_evidence_se);
  check_moments(&k, &r, r.importance.efficiency * S);
  rb_exact_result_free(&r);
  k.model.destroy(&k.model);
}

/* From nothing but a starting point. */
static void adaptive(void **state) {
  (void)state;
  for (uint64_t item = 0; item < 3; ++item) {
    known k = make(item);
    const rb_exact_settings settings = rb_exact_defaults();
    rb_exact_result r;
    double log_posterior;
    assert_int_equal(
        rb_exact_refine(&test_context, problem_of(&k), &settings, 1, k.truth, NULL, &r), RB_OK);
    assert_int_equal(r.method, RB_EXACT_ADAPTIVE);
    assert_true(r.reliable && !r.has_network);
    assert_true(r.importance.efficiency > 0.5);
    assert_near(r.log_evidence, k.log_evidence, 5.0 * r.log_evidence_se);
    assert_true(r.log_evidence_se < 0.05);
    check_moments(&k, &r, r.importance.efficiency * (double)r.draws);
    assert_int_equal(rb_exact_log_posterior(&test_context, &k.problem, k.truth, &log_posterior),
                     RB_OK);
    assert_near(log_posterior - r.log_evidence, log_gaussian(k.truth, k.mean, k.covariance),
                5.0 * r.log_evidence_se);
    rb_exact_result_free(&r);
    k.model.destroy(&k.model);
  }
}

/* An efficiency that cannot be reached leads to MCMC; too few steps of it are not called good. */
static void mcmc(void **state) {
  (void)state;
  known k = make(4);
  rb_exact_settings settings = rb_exact_defaults();
  settings.least_efficiency = 2.0;
  settings.long_steps = 3000;
  rb_exact_result r;
  assert_int_equal(rb_exact_refine(&test_context, problem_of(&k), &settings, 1, k.truth, NULL, &r),
                   RB_OK);
  assert_int_equal(r.method, RB_EXACT_MCMC);
  assert_true(r.reliable && r.chains.converged);
  assert_true(r.chains.rhat < 1.01 && r.chains.bulk_ess > 1000 && r.chains.tail_ess > 1000);
  assert_true(r.acceptance > 0.15 && r.acceptance < 0.7);
  check_moments(&k, &r, fmin(r.chains.bulk_ess, (double)r.draws));
  assert_true(r.evidence_valid && r.log_evidence_se > 0 && r.log_evidence_se < 0.1);
  assert_near(r.log_evidence, k.log_evidence, 5.0 * r.log_evidence_se);
  rb_exact_result_free(&r);
  settings.long_steps = 128;
  assert_int_equal(rb_exact_refine(&test_context, &k.problem, &settings, 1, k.truth, NULL, &r),
                   RB_OK);
  assert_true(!r.reliable && !r.evidence_valid && isnan(r.log_evidence));
  rb_exact_result_free(&r);
  k.model.destroy(&k.model);
}

/* Posteriors that bend: of z ~ N(0, 1) they are distributions of (z_0, z_1 + f(z_0), z_2), and the
 * evidence is 1. No mixture fits a parabola, and no polynomial a wave. */
static const double PARABOLA = 6, WAVE = 20, WAVE_NUMBER = 4;

static double parabola(double z) { return PARABOLA * (z * z - 1); }
static double wave(double z) { return WAVE * sin(WAVE_NUMBER * z); }
static double (*bend)(double z) = parabola;

static rb_status bent_likelihood(const rb_model *model, rb_context *ctx, const float *x,
                                 int64_t count, const double *theta, double *log_likelihood,
                                 const char **reason) {
  (void)ctx;
  (void)x;
  if (reason != NULL) *reason = NULL;
  for (int64_t i = 0; i < count; ++i) {
    const double *t = &theta[i * D], z = t[1] - bend(t[0]);
    model->log_prior(model, 1, t, &log_likelihood[i]);
    log_likelihood[i] =
        -0.5 * (t[0] * t[0] + z * z + t[2] * t[2] + D * log(2.0 * M_PI)) - log_likelihood[i];
  }
  return RB_OK;
}

static double gentle(double z) { return 0.7 * (z * z - 1); }

/* Given draws of the posterior's shape, but narrower, a problem for each item: what they miss is
 * seen by few of their weights. Draws of half the width have an efficiency of 0.1 and an evidence
 * that is wrong by 0.28, four of its standard errors; a proposal that is fitted to narrower ones is
 * still too narrow when it is first good enough. */
static void narrow_draws(void **state) {
  (void)state;
  enum { S = 2000 };
  static double normals[S * D], draws[S * D], log_density[S];
  known k = make(5);
  k.model.log_likelihood = bent_likelihood;
  bend = gentle;
  rb_stream_normals(rb_stream_make(9, RB_FOR_TESTS, RB_RANDOM_POSTERIOR_DRAWS, 1, 0), 0, S * D,
                    normals);
  for (int item = 0; item < 6; ++item) {
    const double width = item < 3 ? 0.3 : 0.5;
    for (int i = 0; i < S; ++i) {
      double *z = &draws[i * D], squares = 0;
      for (int d = 0; d < D; ++d) {
        squares += normals[i * D + d] * normals[i * D + d];
        z[d] = width * normals[i * D + d];
      }
      z[1] += gentle(z[0]);
      log_density[i] = -0.5 * squares - D * log(width * sqrt(2 * M_PI));
    }
    k.problem.item = (uint64_t)(item < 3 ? 2 * item : item);
    const rb_exact_settings settings = rb_exact_defaults();
    rb_exact_result r;
    double square = 0;
    assert_int_equal(
        rb_exact_refine(&test_context, problem_of(&k), &settings, S, draws, log_density, &r),
        RB_OK);
    assert_true(r.method == RB_EXACT_ADAPTIVE && r.reliable);
    assert_true(r.importance.efficiency > 0.6);
    assert_near(r.log_evidence, 0.0, 5.0 * r.log_evidence_se);
    for (int64_t i = 0; i < r.draws; ++i) {
      square += r.latent[i * D] * r.latent[i * D] / (double)r.draws;
    }
    assert_near(square, 1.0, 5.0 * sqrt(2.0 / (0.6 * (double)r.draws)));
    rb_exact_result_free(&r);
  }
  bend = parabola;
  k.model.destroy(&k.model);
}

/* A parabola is straightened, and its evidence right. */
static void bent(void **state) {
  (void)state;
  known k = make(4);
  k.model.log_likelihood = bent_likelihood;
  bend = parabola;
  rb_exact_settings settings = rb_exact_defaults();
  settings.least_efficiency = 0.5;  // a mixture reaches 0.16, and its evidence is wrong by 0.17
  rb_exact_result r;
  const double start[D] = {0, parabola(0), 0};
  double mean = 0.0, square = 0.0;
  assert_int_equal(rb_exact_refine(&test_context, problem_of(&k), &settings, 1, start, NULL, &r),
                   RB_OK);
  assert_true(r.method == RB_EXACT_ADAPTIVE && r.reliable);
  assert_true(r.importance.efficiency > 0.5);
  assert_near(r.log_evidence, 0.0, 5.0 * r.log_evidence_se);
  for (int64_t i = 0; i < r.draws; ++i) {
    const double z = r.latent[i * D + 1] - parabola(r.latent[i * D]);
    mean += z / (double)r.draws;
    square += z * z / (double)r.draws;
  }
  assert_near(mean, 0.0, 5.0 / sqrt((double)r.draws));
  assert_near(square, 1.0, 5.0 * sqrt(2.0 / (double)r.draws));
  rb_exact_result_free(&r);
  k.model.destroy(&k.model);
}

/* The evidence that follows MCMC is that of the chains, not that of the proposal which was not good
 * enough. */
static void evidence_after_mcmc(void **state) {
  (void)state;
  known k = make(4);
  k.model.log_likelihood = bent_likelihood;
  rb_exact_settings settings = rb_exact_defaults();
  bend = wave;
  settings.least_efficiency = 1.0;
  settings.long_steps = 32000;
  rb_exact_result r;
  const double start[D] = {0, wave(0), 0};
  assert_int_equal(rb_exact_refine(&test_context, problem_of(&k), &settings, 1, start, NULL, &r),
                   RB_OK);
  assert_true(r.method == RB_EXACT_MCMC && r.reliable && r.evidence_valid);
  assert_true(r.importance.efficiency < 0.1);
  assert_true(r.log_evidence_se > 0.005 && r.log_evidence_se < 0.1);
  assert_near(r.log_evidence, 0.0, 4.0 * r.log_evidence_se);
  assert_true(r.log_evidence != r.importance.log_evidence);
  rb_exact_result_free(&r);
  k.model.destroy(&k.model);
}

/* A hopeless start is made good by draws of the prior; an observation that cannot be is refused. */
static void impossible(void **state) {
  (void)state;
  known k = make(5);
  const rb_exact_settings settings = rb_exact_defaults();
  const double nowhere[D] = {INFINITY, 0, 0};
  rb_exact_result r;
  assert_int_equal(rb_exact_refine(&test_context, problem_of(&k), &settings, 1, nowhere, NULL, &r),
                   RB_OK);
  assert_near(r.log_evidence, k.log_evidence, 5.0 * r.log_evidence_se);
  double score;
  assert_int_equal(rb_exact_plausibility(&test_context, &k.problem, k.mean, &score), RB_OK);
  assert_true(fabs(score) < 5.0);
  rb_exact_result_free(&r);
  k.x[3] += 30.0F;
  assert_int_equal(rb_exact_plausibility(&test_context, &k.problem, k.mean, &score), RB_OK);
  assert_true(score < -6.0);
  k.x[3] = NAN;
  assert_int_equal(rb_exact_refine(&test_context, &k.problem, &settings, 1, k.truth, NULL, &r),
                   RB_ERR_NUMERIC);
  assert_non_null(strstr(test_context.error.message, "cannot start"));
  rb_error_clear(&test_context);
  k.model.destroy(&k.model);
}

/* Weights with a Pareto tail of known index. */
static void tail_index(void **state) {
  (void)state;
  enum { S = 20000 };
  static double log_ratio[S], weight[S];
  static const double index[] = {0.2, 0.5, 0.9};
  for (int c = 0; c < 3; ++c) {
    rb_importance result;
    double sum = 0.0;
    for (uint32_t i = 0; i < S; ++i) {
      const rb_stream s = rb_stream_make(3, RB_FOR_TESTS, RB_RANDOM_NULLS, (uint16_t)c, 0);
      log_ratio[i] = -index[c] * log(rb_stream_uniform(s, i));
    }
    assert_int_equal(rb_importance_weights(&test_context, S, log_ratio, weight, &result), RB_OK);
    assert_near(result.khat, index[c], 0.3);  // from 425 exceedances: se (1 + k) / sqrt(425)
    for (int i = 0; i < S; ++i) sum += weight[i];
    assert_near(sum, 1.0, 1e-12);
  }
  for (int i = 0; i < S; ++i) log_ratio[i] = -INFINITY;
  rb_importance result;
  assert_int_equal(rb_importance_weights(&test_context, S, log_ratio, weight, &result), RB_OK);
  assert_true(result.efficiency == 0.0 && result.log_evidence == -INFINITY);
  for (int i = 0; i < S; ++i) log_ratio[i] = 2.0;  // equal weights: no tail at all
  assert_int_equal(rb_importance_weights(&test_context, S, log_ratio, weight, &result), RB_OK);
  assert_near(result.efficiency, 1.0, 1e-12);
  assert_near(result.log_evidence, 2.0, 1e-12);
  assert_true(result.khat < 0.0);
}

enum { STEPS = 1500, CHAINS = 8 };

/* Chains x_t = c x_{t-1} + sqrt(1 - c^2) z_t; the last one shifted and stretched. */
static rb_convergence judge(double c, double shift, double stretch) {
  static double value[STEPS * CHAINS];
  rb_convergence result;
  rb_stream_normals(rb_stream_make(4, RB_FOR_TESTS, RB_RANDOM_NULLS, 0, 1), 0, STEPS * CHAINS,
                    value);
  for (int i = CHAINS; i < STEPS * CHAINS; ++i) {
    value[i] = c * value[i - CHAINS] + sqrt(1 - c * c) * value[i];
  }
  for (int t = 0; t < STEPS; ++t) {
    value[t * CHAINS + CHAINS - 1] = shift + stretch * value[t * CHAINS + CHAINS - 1];
  }
  assert_int_equal(rb_convergence_of(&test_context, STEPS, CHAINS, 1, value, &result), RB_OK);
  return result;
}

static void convergence(void **state) {
  (void)state;
  const double n = STEPS * CHAINS;
  rb_convergence result = judge(0.0, 0.0, 1.0);
  assert_true(result.converged && result.rhat < 1.005);
  assert_near(result.bulk_ess / n, 1.0, 0.2);
  assert_near(result.tail_ess / n, 1.0, 0.3);
  result = judge(0.8, 0.0, 1.0);  // integrated autocorrelation time 9
  assert_near(result.bulk_ess / n, 1.0 / 9.0, 0.03);
  result = judge(0.8, 1.0, 1.0);
  assert_true(result.rhat > 1.03 && !result.converged);
  result = judge(0.0, 0.0, 3.0);  // only the folded R-hat sees an unequal spread
  assert_true(result.rhat > 1.03 && !result.converged);
}

/* A mixture's density integrates to 1 and belongs to its draws; two clusters are found. */
static void mixture(void **state) {
  (void)state;
  enum { N = 4000 };
  static double value[N * 2], weight[N], log_density[N];
  rb_stream_normals(rb_stream_make(6, RB_FOR_TESTS, RB_RANDOM_NULLS, 0, 0), 0, N * 2, value);
  for (int i = 0; i < N; ++i) {
    if (i % 4 == 0) value[2 * i] = 10.0 + 0.5 * value[2 * i];
    value[2 * i + 1] += 0.5 * value[2 * i];
    weight[i] = 1.0 / N;
  }
  rb_t_mixture t;
  assert_int_equal(rb_t_mixture_fit(&test_context, 2, 2, 1e6, N, value, weight, &t), RB_OK);
  const int far = t.mean[0][0] > t.mean[1][0] ? 0 : 1;
  assert_near(t.weight[far], 0.25, 0.01);
  assert_near(t.mean[far][0], 10.0, 0.1);
  assert_near(t.mean[far][1], 5.0, 0.2);
  assert_near(t.factor[far][0], 0.5, 0.05);
  t.dof = 4.0;
  double integral = 0.0;
  for (int i = 0; i < 400; ++i) {  // midpoint rule; what lies outside is 3e-5
    for (int j = 0; j < 400; ++j) {
      const double point[2] = {-60.0 + 0.35 * (i + 0.5), -60.0 + 0.35 * (j + 0.5)};
      rb_t_mixture_log_density(&t, 1, point, log_density);
      integral += 0.35 * 0.35 * exp(log_density[0]);
    }
  }
  assert_near(integral, 1.0, 1e-3);
  // Importance sampling of a standard normal by the mixture's draws.
  rb_t_mixture_sample(&t, rb_stream_make(6, RB_FOR_TESTS, RB_RANDOM_PICKS, 0, 0),
                      rb_stream_make(6, RB_FOR_TESTS, RB_RANDOM_POSTERIOR_DRAWS, 0, 0), N, value);
  rb_t_mixture_log_density(&t, N, value, log_density);
  double sum = 0.0, squares = 0.0;
  for (int i = 0; i < N; ++i) {
    const double *v = &value[2 * i];
    const double w = exp(-0.5 * (v[0] * v[0] + v[1] * v[1]) - log_density[i]) / (2.0 * M_PI);
    sum += w / N;
    squares += w * w / N;
  }
  assert_near(sum, 1.0, 5.0 * sqrt(squares / N));
  assert_true(squares < 20.0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(given_draws), cmocka_unit_test(adaptive),
    cmocka_unit_test(mcmc),        cmocka_unit_test(evidence_after_mcmc),
    cmocka_unit_test(bent),        cmocka_unit_test(impossible),
    cmocka_unit_test(tail_index),  cmocka_unit_test(convergence),
    cmocka_unit_test(mixture),     cmocka_unit_test(narrow_draws)};
RB_TEST_MAIN(tests)
