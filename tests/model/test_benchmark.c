#include <unistd.h>

#include "changed_copy.h"
#include "model/benchmark/task.h"

/* The tasks of the sbibm benchmark: against reduced copies of reference files, and against what
 * formulas say of them. */

static const char *const names[] = {"gaussian_linear",
                                    "gaussian_linear_uniform",
                                    "slcp",
                                    "slcp_distractors",
                                    "bernoulli_glm",
                                    "bernoulli_glm_raw",
                                    "gaussian_mixture",
                                    "two_moons",
                                    "sir",
                                    "lotka_volterra"};
enum { TASKS = sizeof names / sizeof *names, MOST_DATA = 100, MOST_PARAMETERS = 10 };

static rb_model make(const char *task) {
  char name[64];
  rb_model model;
  const rb_model_type *type = NULL;
  (void)snprintf(name, sizeof name, "sbibm_%s", task);
  assert_int_equal(rb_model_type_find(&test_context, name, &type), RB_OK);
  assert_int_equal(rb_model_create(&test_context, type, NULL, 0, NULL, &model), RB_OK);
  return model;
}

static void path_of(const char *task, size_t size, char *path) {
  (void)snprintf(path, size, "%s/sbibm/%s.h5", getenv("RB_TEST_DATA"), task);
}

static void all_agree_with_the_reference(void **state) {
  (void)state;
  for (int i = 0; i < TASKS; ++i) {
    char path[512];
    rb_verify_report report = {0};
    path_of(names[i], sizeof path, path);
    assert_int_equal(rb_task_forms[0].verify(&test_context, path, &report), RB_OK);
    for (int64_t r = 0; r < report.count; ++r) {
      const rb_verify_row *row = &report.row[r];
      if (!row->passed) print_error("%s, %s: %g\n", names[i], row->name, row->error);
    }
    assert_true(report.count >= 5 && rb_verify_passed(&report));
    rb_verify_report_free(&report);
  }
}

/* Each part of a file with one number changed: its row fails. */
static void what_disagrees_is_noticed(void **state) {
  (void)state;
  static const struct change {
    const char *task, *array;
    double by;
    const char *row;
  } changes[] = {{"bernoulli_glm", "prior_check/log_prob", 1e-5, "prior"},
                 {"sir", "ode_check/trajectory", 0.01, "trajectory"},
                 {"lotka_volterra", "likelihood_check/log_likelihood", 1e-3, "likelihood"},
                 {"bernoulli_glm", "constants/stimulus", 1e-6, "stimulus"},
                 {"gaussian_linear", "simulator_check/exact_mean", 0.02, "means"},
                 {"gaussian_linear", "simulator_check/exact_covariance", 0.01, "covariances"},
                 {"slcp_distractors", "simulator_check/quantile", 5, "quantiles"}};
  for (size_t i = 0; i < sizeof changes / sizeof *changes; ++i) {
    const struct change *c = &changes[i];
    char path[512], scratch[] = "/tmp/rb_benchmark_XXXXXX";
    rb_verify_report report = {0};
    const int descriptor = mkstemp(scratch);
    assert_true(descriptor >= 0 && close(descriptor) == 0);
    path_of(c->task, sizeof path, path);
    copy_file(path, scratch);
    change_value(scratch, c->array, c->by);
    assert_int_equal(rb_task_forms[0].verify(&test_context, scratch, &report), RB_OK);
    bool noticed = false;
    for (int64_t r = 0; r < report.count; ++r) {
      noticed = noticed || (!report.row[r].passed && strstr(report.row[r].name, c->row) != NULL);
    }
    if (!noticed) print_error("%s: %s is not noticed\n", c->task, c->array);
    assert_true(noticed);
    rb_verify_report_free(&report);
    assert_int_equal(remove(scratch), 0);
  }
}

/* Whoever simulates an item, and with which others, it has the same bits; so has its likelihood. */
static void items_do_not_depend_on_their_grouping(void **state) {
  (void)state;
  enum { N = 7 };
  for (int i = 0; i < TASKS; ++i) {
    rb_model model = make(names[i]);
    const int64_t D = model.dim, L = model.length;
    double theta[N * MOST_PARAMETERS], together[N], alone = 0;
    float x[N * MOST_DATA], one[MOST_DATA];
    assert_int_equal(model.draw_prior(&model, &test_context, 3, RB_FOR_TESTS, 0, N, theta, NULL),
                     RB_OK);
    assert_int_equal(model.simulate(&model, &test_context, 3, RB_FOR_TESTS, 0, N, theta, x), RB_OK);
    assert_int_equal(model.log_likelihood(&model, &test_context, x, N, theta, together, NULL),
                     RB_OK);
    for (int k = N - 1; k >= 0; --k) {
      assert_int_equal(
          model.simulate(&model, &test_context, 3, RB_FOR_TESTS, k, 1, &theta[k * D], one), RB_OK);
      assert_memory_equal(one, &x[k * L], (size_t)L * sizeof *one);
      assert_int_equal(
          model.log_likelihood(&model, &test_context, x, 1, &theta[k * D], &alone, NULL), RB_OK);
      assert_memory_equal(&alone, &together[k], sizeof alone);
    }
    assert_true(isfinite(together[0]));  // x[0] comes from theta[0]
    model.destroy(&model);
  }
}

/* E (x_1 - theta_1)^2 (x_2 - theta_2)^2 = (1 + 0.0001) / 2 with one coin for both coordinates,
 * 0.255 with one for each; the sd of the product is 2.1, so 0.05 is 9 standard errors of 150,000.
 */
static void the_mixture_has_one_coin_for_both_coordinates(void **state) {
  (void)state;
  enum { N = 150000 };
  rb_model model = make("gaussian_mixture");
  double *theta = calloc((size_t)N * 2, sizeof *theta), sum = 0;
  float *x = calloc((size_t)N * 2, sizeof *x);
  assert_int_equal(model.simulate(&model, &test_context, 4, RB_FOR_TESTS, 0, N, theta, x), RB_OK);
  for (int64_t i = 0; i < N; ++i) {
    const double a = (double)x[2 * i], b = (double)x[2 * i + 1];
    sum += a * a * b * b / N;
  }
  assert_near(sum, 0.50005, 0.05);
  free(theta);
  free(x);
  model.destroy(&model);
}

/* The density of data integrates to one: a midpoint rule over the crescent. */
static void the_crescent_has_mass_one(void **state) {
  (void)state;
  enum { N = 600 };
  rb_model model = make("two_moons");
  const double theta[2] = {0.3, -0.5}, step = 0.4 / N;
  double sum = 0;
  for (int i = 0; i < N; ++i) {
    for (int j = 0; j < N; ++j) {
      const float x[2] = {(float)(0.25 - 0.2 / M_SQRT2 - 0.1 + step * (i + 0.5)),
                          (float)(-0.8 / M_SQRT2 - 0.2 + step * (j + 0.5))};
      double value = 0;
      assert_int_equal(model.log_likelihood(&model, &test_context, x, 1, theta, &value, NULL),
                       RB_OK);
      sum += exp(value) * step * step;
    }
  }
  assert_near(sum, 1, 2e-3);  // the cut at u = 0 goes through cells
  model.destroy(&model);
}

/* What the equations conserve, at all times, over the prior: the epidemic's S exp(beta R / (gamma
 * N)); the logarithm of predators' and prey's delta X - gamma log X + beta Y - alpha log Y, whose
 * terms are as large as 1e2. */
static void trajectories_conserve_what_they_have_to(void **state) {
  (void)state;
  enum { N = 60, TIMES = 161 };
  double time[TIMES], theta[N * 4], u[3 * TIMES];
  for (int t = 0; t < TIMES; ++t) time[t] = t / 8.0;
  rb_model sir = make("sir"), lotka = make("lotka_volterra");
  assert_int_equal(sir.draw_prior(&sir, &test_context, 5, RB_FOR_TESTS, 0, N, theta, NULL), RB_OK);
  for (int i = 0; i < N; ++i) {
    const double *p = &theta[(size_t)i * 2];
    double days[TIMES];
    for (int t = 0; t < TIMES; ++t) days[t] = t;
    assert_true(rb_task_of(sir.core)->trajectory(p, TIMES, days, u));
    for (int t = 0; t < TIMES; ++t) {
      const double susceptible = (1e6 - 1) * exp(-p[0] * u[2 * TIMES + t] / (p[1] * 1e6));
      assert_near(u[t], susceptible, 1e-3);
      assert_near(u[t] + u[TIMES + t] + u[2 * TIMES + t], 1e6, 1e-8);
    }
  }
  assert_int_equal(lotka.draw_prior(&lotka, &test_context, 5, RB_FOR_TESTS, 0, N, theta, NULL),
                   RB_OK);
  for (int i = 0; i < N; ++i) {
    const double *p = &theta[(size_t)i * 4], start = p[3] * 30 - p[2] * log(30) + p[1];
    assert_true(rb_task_of(lotka.core)->trajectory(p, TIMES, time, u));
    for (int t = 0; t < TIMES; ++t) {
      const double prey = u[t], predators = u[TIMES + t];
      const double value =
          p[3] * prey - p[2] * log(prey) + p[1] * predators - p[0] * log(predators);
      assert_near(value, start, 1e-7 * fmax(1, p[3] * prey + p[1] * predators));
    }
  }
  sir.destroy(&sir);
  lotka.destroy(&lotka);
}

/* What no parameters produce has a reason; other data have none, and likelihoods are never NaN. */
static void impossible_data_have_a_reason(void **state) {
  (void)state;
  static const struct datum {
    const char *task;
    float value;
    bool possible;
  } data[] = {
      {"sir", 0.5F, false},           {"sir", 1001, false},        {"sir", 1000, true},
      {"lotka_volterra", 0, false},   {"lotka_volterra", 3, true}, {"bernoulli_glm_raw", 2, false},
      {"bernoulli_glm_raw", 1, true}, {"slcp", NAN, false},        {"two_moons", 100, true}};
  for (size_t i = 0; i < sizeof data / sizeof *data; ++i) {
    rb_model model = make(data[i].task);
    float x[MOST_DATA];
    double theta[MOST_PARAMETERS], value = 0;
    const char *reason = NULL;
    for (int64_t k = 0; k < model.length; ++k) x[k] = data[i].value;
    assert_int_equal(model.draw_prior(&model, &test_context, 6, RB_FOR_TESTS, 0, 1, theta, NULL),
                     RB_OK);
    assert_int_equal(model.log_likelihood(&model, &test_context, x, 1, theta, &value, &reason),
                     RB_OK);
    assert_true((reason == NULL) == data[i].possible);
    assert_true(isinf(value) != 0 || data[i].possible);
    if (!data[i].possible) assert_true(isinf(value));
    model.destroy(&model);
  }
}

static void parameters_beyond_the_model_are_refused(void **state) {
  (void)state;
  rb_model model = make("sir");
  const double negative[2] = {0.4, -0.1};
  const char *reason = NULL;
  assert_false(model.accepts(&model, negative, &reason));
  assert_non_null(strstr(reason, "above 0"));
  const double huge[2] = {1e9, 0.1};  // an epidemic within a thousandth of a second
  float x[10];
  const rb_status status = model.simulate(&model, &test_context, 1, RB_FOR_TESTS, 0, 1, huge, x);
  assert_true(status == RB_OK || status == RB_ERR_NUMERIC);
  for (int k = 0; k < 10 && status == RB_OK; ++k) assert_true(x[k] >= 0 && x[k] <= 1000);
  rb_error_clear(&test_context);
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_agree_with_the_reference),
    cmocka_unit_test(what_disagrees_is_noticed),
    cmocka_unit_test(items_do_not_depend_on_their_grouping),
    cmocka_unit_test(the_mixture_has_one_coin_for_both_coordinates),
    cmocka_unit_test(the_crescent_has_mass_one),
    cmocka_unit_test(trajectories_conserve_what_they_have_to),
    cmocka_unit_test(impossible_data_have_a_reason),
    cmocka_unit_test(parameters_beyond_the_model_are_refused)};
RB_TEST_MAIN(tests)
