/* One loss: what training calls so and what calibration calls so are the same number when the data
 * sets are the same, in whatever coordinates the network has the parameters. */
#include "model/lif/lif.h"
#include "rb_test.h"
#include "rheobase/analysis/calibration.h"
#include "rheobase/inference/flow_posterior.h"
#include "rheobase/inference/training.h"

enum { SEED = 3, SIMULATIONS = 128, VALIDATION = 400, MICRO_BATCH = 16, DRAWS = 9 };

/* What the network sees, and what it has the parameters in. */
static const struct {
  const rb_summary_type *summary;
  rb_coordinates coordinates;
} views[] = {{&rb_summary_recurrent, RB_COORDINATES_RAW},
             {&rb_summary_recurrent, RB_COORDINATES_SUPPORT},
             {&rb_summary_expert, RB_COORDINATES_RAW},
             {&rb_summary_expert, RB_COORDINATES_SUPPORT},
             {&rb_summary_expert, RB_COORDINATES_CENTRED}};
enum { VIEWS = sizeof views / sizeof *views };

typedef struct fixture {
  rb_model model;
  rb_view view;
  rb_training_settings settings;
  rb_dataset training, validation;
  rb_training_data data;
  rb_estimator *estimator;
  rb_training train;
} fixture;

/* The purpose's first data sets, as the network sees them. */
static void simulate(const rb_view *view, rb_purpose purpose, int64_t count, rb_dataset *seen) {
  const rb_model *model = view->model;
  int64_t first = 0, share = 0;
  rb_dataset dataset;
  assert_all_ok(rb_dataset_create(&test_context, model, count, &dataset));
  assert_all_ok(rb_dataset_allocate(&test_context, model->dim, rb_view_shape(view), count, seen));
  rb_dataset_share(&test_context, &dataset, &first, &share);
  double *theta = dataset.theta + first * model->dim;
  assert_all_ok(model->draw_prior(model, &test_context, SEED, purpose, first, share, theta,
                                  dataset.latent + first * model->dim));
  assert_all_ok(model->simulate(model, &test_context, SEED, purpose, first, share, theta,
                                dataset.x + first * model->channels * model->length));
  rb_dataset_fence(&test_context, &dataset);
  assert_all_ok(rb_dataset_see(&test_context, view, &dataset, 0, seen));
  rb_dataset_fence(&test_context, seen);
  rb_dataset_destroy(&dataset);
}

/* @param rate a rate of 1e-30 leaves the weights as they are */
static void fixture_create(int which, rb_training_mode mode, double rate, fixture *f) {
  const rb_summary_type *summary = views[which].summary;
  const rb_network_settings network = {.summary = {.type = summary,
                                                   .summary_dim = 6,
                                                   .mlp_layers = 1,
                                                   .mlp_widths = {8},
                                                   .gain = 1,
                                                   .conv_layers = 1,
                                                   .filters = {4},
                                                   .kernel_sizes = {3},
                                                   .strides = {4},
                                                   .recurrent_type = RB_GRU,
                                                   .recurrent_dim = 5,
                                                   .skip_steps = 4},
                                       .density = &rb_density_autoregressive,
                                       .mixture = {.parts = 3, .mlp_layers = 1, .mlp_widths = {8}}};
  rb_lif_settings lif = rb_lif_defaults();
  lif.T_ms = 40;
  *f = (fixture){.settings = {.mode = mode,
                              .simulations = SIMULATIONS,
                              .validation = VALIDATION,
                              .epochs = 2,
                              .steps_per_epoch = 4,
                              .passes = 2,
                              .batch_size = 32,
                              .micro_batch = MICRO_BATCH,
                              .learning_rate = rate,
                              .clip_norm = 1.5,
                              .coordinates = views[which].coordinates,
                              .checkpoint_minutes = 60}};
  assert_all_ok(rb_lif_model(&test_context, &lif, &f->model));
  assert_all_ok(rb_lif_add_features(&test_context, &f->model));
  f->view = (rb_view){&f->model, summary, views[which].coordinates};
  simulate(&f->view, RB_FOR_TRAINING, SIMULATIONS, &f->training);
  simulate(&f->view, RB_FOR_SBC, VALIDATION, &f->validation);
  f->data = (rb_training_data){&f->model, &f->training, &f->validation};
  assert_all_ok(rb_estimator_create(&test_context, &network, rb_view_shape(&f->view), f->model.dim,
                                    MICRO_BATCH, &f->estimator));
  assert_all_ok(
      rb_training_create(&test_context, &f->settings, SEED, 0, f->estimator, &f->data, &f->train));
}

static void fixture_destroy(fixture *f) {
  rb_training_destroy(&f->train);
  rb_estimator_destroy(f->estimator);
  rb_dataset_destroy(&f->training);
  rb_dataset_destroy(&f->validation);
  f->model.destroy(&f->model);
}

static rb_status save_nothing(rb_context *ctx, rb_training *training, void *owner) {
  (void)ctx;
  (void)training;
  (void)owner;
  return RB_OK;
}

/* Calibrates the network on the data sets of its validation. */
static void calibrate(const fixture *f, rb_calibration *result) {
  const rb_test_set set = {"sbc", RB_FOR_SBC, VALIDATION, DRAWS};
  rb_posterior posterior;
  rb_test_loop *loop = NULL;
  rb_records records;
  assert_all_ok(rb_flow_posterior_create(&test_context, &f->model, f->settings.coordinates,
                                         f->estimator, &f->train.standardisation, MICRO_BATCH, 0,
                                         &posterior));
  assert_all_ok(rb_test_loop_create(&test_context, &posterior, SEED, &set, MICRO_BATCH, &loop));
  assert_all_ok(rb_test_loop_records(&test_context, loop, false, &records));
  while (records.done < VALIDATION) {
    assert_all_ok(rb_test_loop_round(&test_context, loop, &records));
  }
  assert_all_ok(
      rb_calibration_compute(&test_context, &records, SEED, set.purpose, &posterior, 0, result));
  rb_records_free(&records);
  rb_test_loop_destroy(loop);
  posterior.destroy(&posterior);
}

static void validation_loss_is_that_of_the_calibration(void **state) {
  (void)state;
  for (int which = 0; which < VIEWS; ++which) {
    fixture f;
    rb_calibration result;
    fixture_create(which, RB_OFFLINE, 2e-3, &f);
    assert_all_ok(rb_train(&test_context, &f.train, &f.data, save_nothing, save_nothing, NULL));
    calibrate(&f, &result);
    const double loss = *rb_calibration_values(&result, "loss");
    assert_near(f.train.history[1].validation_loss, loss, 1e-4);
    // the number that other programs print is another one
    assert_all_true(fabs(f.train.history[1].objective - loss) > 0.1);
    const int64_t counted = *rb_calibration_counts(&result, "loss_datasets");
    assert_all_true(counted > VALIDATION / 2 && counted < VALIDATION);  // some are clipped
    rb_calibration_free(&result);
    fixture_destroy(&f);
  }
}

/* With weights that stay as they are, and no dropout, the loss over an epoch's samples is that of a
 * validation on the same samples; online these are fresh ones, so the two agree within errors. */
static void training_loss_is_the_same_quantity(void **state) {
  (void)state;
  for (int which = 0; which < VIEWS; ++which) {
    for (int online = 0; online < 2; ++online) {
      fixture f;
      rb_epoch epoch;
      fixture_create(which, online ? RB_ONLINE : RB_OFFLINE, 1e-30, &f);
      assert_all_ok(rb_train(&test_context, &f.train, &f.data, save_nothing, save_nothing, NULL));
      assert_all_ok(rb_validation_loss(&test_context, &f.train, &f.training, &epoch));
      const rb_epoch *history = f.train.history;
      assert_near(history[0].loss, epoch.validation_loss, online ? 2.5 : 1e-4);
      assert_near(history[1].loss, history[0].loss, online ? 0 : 1e-4);  // kept: the same samples
      fixture_destroy(&f);
    }
  }
}

static void needs_a_truth_that_is_not_clipped(void **state) {
  (void)state;
  fixture f;
  fixture_create(1, RB_OFFLINE, 2e-3, &f);
  int64_t first = 0, share = 0;
  rb_dataset_share(&test_context, &f.validation, &first, &share);
  for (int64_t i = first; i < first + share; ++i) f.validation.log_det[i] = NAN;
  rb_dataset_fence(&test_context, &f.validation);
  assert_all_true(rb_train(&test_context, &f.train, &f.data, save_nothing, save_nothing, NULL) ==
                      RB_ERR_SETTING &&
                  f.train.step == 0);
  assert_all_true(strstr(test_context.error.message, "raise training.validation") != NULL);
  rb_error_clear(&test_context);
  fixture_destroy(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(validation_loss_is_that_of_the_calibration),
    cmocka_unit_test(training_loss_is_the_same_quantity),
    cmocka_unit_test(needs_a_truth_that_is_not_clipped)};
RB_TEST_MAIN(tests)
