#include "inference/points.h"
#include "inference/target.h"
#include "model/lif/lif.h"
#include "model/linear_gaussian/linear_gaussian.h"
#include "rb_test.h"
#include "rheobase/inference/exact.h"
#include "rheobase/random/distributions.h"

/* Where an ensemble of chains starts: copies of a point are moved apart, but never to where the
 * model cannot be. */

enum { W = 24, SEED = 45 };

/* The linear-Gaussian model inside a narrow box only. */
static struct {
  rb_model model;
  double middle[RB_LINEAR_GAUSSIAN_DIM], half_width;
} box;

static void prior_of_box(const rb_model *model, int64_t count, const double *latent,
                         double *log_density) {
  const int D = model->dim;
  box.model.log_prior(&box.model, count, latent, log_density);
  for (int64_t i = 0; i < count * D; ++i) {
    if (fabs(latent[i] - box.middle[i % D]) > box.half_width) log_density[i / D] = -INFINITY;
  }
}

/* Starts from the middle of a box; @return how many of them are the middle itself. */
static int start_in_box(double half_width) {
  enum { D = RB_LINEAR_GAUSSIAN_DIM, LENGTH = 20 };
  float x[LENGTH];
  double walker[W * D], log_target[W], log_middle;
  int64_t evaluations = 0;
  int copies = 0;
  assert_int_equal(rb_linear_gaussian_model(&test_context, LENGTH, 1, 0.5, &box.model), RB_OK);
  rb_model model = box.model;
  model.log_prior = prior_of_box;
  box.half_width = half_width;
  assert_int_equal(
      model.draw_prior(&model, &test_context, SEED, RB_FOR_TESTS, 0, 1, box.middle, NULL), RB_OK);
  assert_int_equal(model.simulate(&model, &test_context, SEED, RB_FOR_TESTS, 0, 1, box.middle, x),
                   RB_OK);
  const rb_exact_problem problem = {&model, x, SEED, RB_FOR_TESTS, 0};
  assert_int_equal(rb_target_evaluate(&test_context, &problem, 1, box.middle, &log_middle), RB_OK);
  const rb_points given = {.count = 1, .latent = box.middle, .log_target = &log_middle};
  assert_int_equal(
      rb_points_choose_starts(&test_context, &problem, 0, &given, W, walker, &evaluations), RB_OK);
  assert_int_equal(rb_target_evaluate(&test_context, &problem, W, walker, log_target), RB_OK);
  for (int w = 0; w < W; ++w) {
    assert_true(log_target[w] > -INFINITY);
    copies += memcmp(&walker[w * D], box.middle, sizeof box.middle) == 0;
  }
  box.model.destroy(&box.model);
  return copies;
}

static void less_jitter_in_a_box(void **state) {
  (void)state;
  assert_int_equal(start_in_box(10.0), 0);
  assert_int_equal(start_in_box(1e-3), 0);   // a step of 0.03 sd leaves it
  assert_int_equal(start_in_box(1e-12), W);  // every step does
}

/* Data sets of the neuron where more than a third of all jittered copies of the truth are
 * impossible, and of those first tried more than half, so that MCMC refused to start. */
static void neuron(void **state) {
  (void)state;
  enum { D = RB_LIF_DIM, TRIES = 300 };
  static const int64_t items[] = {137, 222};
  static const double prior_sd[D] = {1.9, 2.1, 2.0, 1.7, 1.7, 2.0};
  const rb_lif_settings lif = rb_lif_defaults();
  rb_model model;
  static float x[2 * 1000];
  static double moved[TRIES * D], log_moved[TRIES];
  assert_int_equal(rb_lif_model(&test_context, &lif, &model), RB_OK);
  for (int k = 0; k < 2; ++k) {
    double theta[D], latent[D], walker[W * D], log_target[W], log_truth;
    int64_t evaluations = 0;
    int impossible = 0;
    assert_int_equal(
        model.draw_prior(&model, &test_context, SEED, RB_FOR_SBC, items[k], 1, theta, latent),
        RB_OK);
    assert_int_equal(model.simulate(&model, &test_context, SEED, RB_FOR_SBC, items[k], 1, theta, x),
                     RB_OK);
    const rb_exact_problem problem = {&model, x, SEED, RB_FOR_SBC, (uint64_t)items[k]};
    rb_stream_normals(rb_stream_make(SEED, RB_FOR_TESTS, RB_RANDOM_NULLS, 0, 0), 0, TRIES * D,
                      moved);
    for (int i = 0; i < TRIES * D; ++i) {
      moved[i] = latent[i % D] + 0.03 * prior_sd[i % D] * moved[i];
    }
    assert_int_equal(rb_target_evaluate(&test_context, &problem, TRIES, moved, log_moved), RB_OK);
    for (int i = 0; i < TRIES; ++i) impossible += !(log_moved[i] > -INFINITY);
    assert_true(3 * impossible > TRIES);
    assert_int_equal(rb_target_evaluate(&test_context, &problem, 1, latent, &log_truth), RB_OK);
    const rb_points given = {.count = 1, .latent = latent, .log_target = &log_truth};
    assert_int_equal(
        rb_points_choose_starts(&test_context, &problem, 0, &given, W, walker, &evaluations),
        RB_OK);
    assert_int_equal(rb_target_evaluate(&test_context, &problem, W, walker, log_target), RB_OK);
    for (int w = 0; w < W; ++w) assert_true(log_target[w] > -INFINITY);
    assert_true(evaluations > W + impossible * W / TRIES);
  }
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(less_jitter_in_a_box),
                                          cmocka_unit_test(neuron)};
RB_TEST_MAIN(tests)
