/* What a network says without a block of its features is what it says when they are their means. */
#include <string.h>

#include "model/linear_gaussian/linear_gaussian.h"
#include "rb_test.h"
#include "rheobase/analysis/block_worth.h"
#include "rheobase/analysis/calibration.h"
#include "rheobase/model/draw.h"

enum { D = 3, F = 6, BLOCKS = 2, LENGTH = F, BATCH = 8, SEED = 45, FAILS = 37 };

static const char *const block_of[F] = {"even", "odd", NULL, "odd", "even", "odd"};
static rb_standardisation scales;
static int replaced;  // block whose features are their means; -1: none

static int count(const rb_model *model) {
  (void)model;
  return F;
}

static const char *block(const rb_model *model, int f) {
  (void)model;
  return block_of[f];
}

static int place_of(int f) { return block_of[f] == NULL ? -1 : strcmp(block_of[f], "odd") == 0; }

static rb_status compute(const rb_model *model, rb_context *ctx, int64_t n, const float *x,
                         float *out, double *centring) {
  (void)ctx;
  (void)centring;
  for (int64_t i = 0; i < n * F; ++i) {
    const int f = (int)(i % F);
    const bool mean = replaced >= 0 && place_of(f) == replaced;
    out[i] = mean ? (float)scales.x_mean[f] : x[i / F * model->channels * model->length + f];
  }
  return RB_OK;
}

static const rb_feature_source source = {
    .what = "numbers", .count = count, .block = block, .compute = compute};
static rb_summary_type summary;

/* A network with random weights after principal components, and its model. */
static void set_up(rb_model *model, rb_estimator **estimator, rb_posterior *posterior) {
  static rb_real component[F * F];
  summary = rb_summary_statistics;
  summary.features = &source;
  const rb_network_settings network = {.summary = {.type = &summary,
                                                   .summary_dim = 6,
                                                   .mlp_layers = 1,
                                                   .mlp_widths = {8},
                                                   .gain = 1},
                                       .density = &rb_density_autoregressive,
                                       .mixture = {.parts = 3, .mlp_layers = 1, .mlp_widths = {8}},
                                       .centring = true};
  scales = (rb_standardisation){.scaling = RB_SCALES_COMPONENTS, .component = component};
  for (int d = 0; d < D; ++d) scales.theta_std[d] = 0.4 + 0.1 * d;
  for (int f = 0; f < F; ++f) {
    scales.x_mean[f] = 0.25 * (f - 1);  // exact as a float
    scales.x_std[f] = 0.5 + 0.3 * f;
  }
  for (int k = 0; k < F * F; ++k) component[k] = (rb_real)sin(3.0 * k + 1);
  replaced = -1;
  assert_all_ok(rb_linear_gaussian_model(&test_context, LENGTH, 1, 0.8, model));
  assert_all_ok(
      rb_estimator_create(&test_context, &network, (rb_shape){.features = F}, D, BATCH, estimator));
  assert_all_ok(rb_estimator_initialise(&test_context, *estimator, 1, 0));
  assert_all_ok(rb_flow_posterior_create(&test_context, model, RB_COORDINATES_RAW, *estimator,
                                         &scales, BATCH, 0, posterior));
}

static void tear_down(rb_model *model, rb_estimator *estimator, rb_posterior *posterior) {
  posterior->destroy(posterior);
  rb_estimator_destroy(estimator);
  model->destroy(model);
}

static void blocks_are_found_by_name(void **state) {
  (void)state;
  rb_feature_blocks blocks;
  rb_feature_blocks_find(&source, NULL, &blocks);
  assert_int_equal(blocks.count, BLOCKS);
  assert_string_equal(blocks.name[0], "even");
  assert_string_equal(blocks.name[1], "odd");
  assert_int_equal(blocks.features[0], 2);
  assert_int_equal(blocks.features[1], 3);
  for (int f = 0; f < F; ++f) assert_int_equal(blocks.of[f], place_of(f));
  rb_feature_blocks_find(&rb_data_features, NULL, &blocks);
  assert_int_equal(blocks.count, 0);
  rb_feature_blocks_find(NULL, NULL, &blocks);
  assert_int_equal(blocks.count, 0);
}

/* Draws and densities are, to the bit, those of features that are their means. */
static void hidden_features_are_their_means(void **state) {
  (void)state;
  enum { N = 11, S = 5 };
  rb_model model;
  rb_estimator *estimator = NULL;
  rb_posterior posterior;
  rb_feature_blocks blocks;
  static float x[N * LENGTH], draws[(1 + BLOCKS) * N * S * D], expected[N * S * D];
  static double theta[N * D], latent[N * D], log_truth[(1 + BLOCKS) * N], log_expected[N];
  set_up(&model, &estimator, &posterior);
  rb_flow_posterior_blocks(&posterior, &blocks);
  assert_all_ok(rb_model_draw(&model, &test_context, SEED, RB_FOR_SBC, 4, N, theta, latent, x));
  assert_all_ok(rb_flow_posterior_without(&posterior, &test_context, SEED, RB_FOR_SBC, 4, N, x,
                                          &blocks, S, theta, draws, log_truth));
  for (int k = 0; k <= BLOCKS; ++k) {
    replaced = k - 1;
    assert_all_ok(
        posterior.sample(&posterior, &test_context, SEED, RB_FOR_SBC, 4, N, x, S, expected, NULL));
    assert_all_ok(posterior.log_density(&posterior, &test_context, N, x, 1, theta, log_expected));
    assert_memory_equal(draws + k * N * S * D, expected, sizeof expected);
    assert_memory_equal(log_truth + k * N, log_expected, sizeof log_expected);
    if (k > 0) assert_memory_not_equal(log_truth, log_expected, sizeof log_expected);
  }
  tear_down(&model, estimator, &posterior);
}

/* Records of a test set, in which one data set failed. */
static void collect(rb_posterior *posterior, const rb_test_set *set, rb_records *records) {
  rb_test_loop *loop = NULL;
  assert_all_ok(rb_test_loop_create(&test_context, posterior, SEED, set, 16, &loop));
  assert_all_ok(rb_test_loop_records(&test_context, loop, false, records));
  while (records->done < set->datasets) {
    assert_all_ok(rb_test_loop_round(&test_context, loop, records));
  }
  for (int64_t round = 0; round < records->partition.rounds; ++round) {
    const rb_range range = rb_partition_round(&records->partition, round);
    if (FAILS < range.first || FAILS >= range.first + range.count) continue;
    rb_records_fail(records, rb_records_row(records, round) + FAILS - range.first);
  }
  rb_test_loop_destroy(loop);
}

/* Losses and contractions are those of a calibration on the first data sets and draws. */
static void numbers_are_those_of_a_calibration(void **state) {
  (void)state;
  const rb_test_set many = {"recovery", RB_FOR_RECOVERY, 230, 110};
  const rb_test_set first = {"recovery", RB_FOR_RECOVERY, RB_WORTH_DATASETS, RB_WORTH_DRAWS};
  rb_model model;
  rb_estimator *estimator = NULL;
  rb_posterior posterior;
  rb_records records;
  rb_block_worth worth;
  set_up(&model, &estimator, &posterior);
  collect(&posterior, &many, &records);
  assert_all_ok(rb_block_worth_measure(&test_context, &posterior, SEED, &many, &records, &worth));
  rb_records_free(&records);
  assert_int_equal(worth.blocks.count, BLOCKS);
  assert_true(worth.datasets == RB_WORTH_DATASETS - 1 && worth.draws == RB_WORTH_DRAWS);
  for (int k = 0; k <= BLOCKS; ++k) {
    rb_calibration result;
    replaced = k - 1;
    collect(&posterior, &first, &records);
    assert_all_ok(rb_calibration_compute(&test_context, &records, SEED, first.purpose, &posterior,
                                         0, &result));
    const double loss = *rb_calibration_values(&result, "loss");
    const double *contraction = k > 0 ? worth.contraction + (k - 1) * D : worth.contraction_all;
    assert_near(k > 0 ? worth.loss[k - 1] : worth.loss_all, loss, 1e-5);
    for (int d = 0; d < D; ++d) {
      assert_near(contraction[d], rb_calibration_values(&result, "contraction")[d], 1e-6);
      assert_true(contraction[d] > 0.1 && contraction[d] < 1);
    }
    if (k > 0) {
      assert_near(worth.worse_by[k - 1], worth.loss[k - 1] - worth.loss_all, 1e-12);
      assert_true(fabs(worth.worse_by[k - 1]) > 1e-3 && worth.worse_by_se[k - 1] > 1e-4);
      assert_true(worth.loss_datasets[k - 1] == worth.datasets);
    }
    rb_calibration_free(&result);
    rb_records_free(&records);
  }
  tear_down(&model, estimator, &posterior);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(blocks_are_found_by_name),
                                          cmocka_unit_test(hidden_features_are_their_means),
                                          cmocka_unit_test(numbers_are_those_of_a_calibration)};
RB_TEST_MAIN(tests)
