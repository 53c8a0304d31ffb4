/* What a network sees of the neuron through the filter bank: the same online and stored, and a
 * posterior in centred coordinates whose draws stay inside the prior. */
#include "inference/micro_batch.h"
#include "model/lif/filter_bank.h"
#include "model/lif/lif.h"
#include "rb_test.h"
#include "rheobase/base/memory.h"
#include "rheobase/inference/flow_posterior.h"
#include "rheobase/inference/simulations.h"
#include "rheobase/model/support.h"

enum { D = RB_LIF_DIM, N = 12, FEATURES = RB_LIF_FEATURES };

static rb_model model;
static rb_dataset dataset;

static rb_view centred(const rb_summary_type *summary) {
  return (rb_view){&model, summary, RB_COORDINATES_CENTRED};
}

static int set_up(void **state) {
  (void)state;
  rb_lif_settings settings = rb_lif_defaults();
  settings.T_ms = 60;
  if (rb_lif_model(&test_context, &settings, &model) != RB_OK) return -1;
  if (rb_lif_add_features(&test_context, &model) != RB_OK) return -1;
  if (rb_dataset_create(&test_context, &model, N, &dataset) != RB_OK) return -1;
  if (model.draw_prior(&model, &test_context, 3, RB_FOR_TRAINING, 0, N, dataset.theta,
                       dataset.latent) != RB_OK) {
    return -1;
  }
  return model.simulate(&model, &test_context, 3, RB_FOR_TRAINING, 0, N, dataset.theta,
                        dataset.x) == RB_OK
             ? 0
             : -1;
}

static int tear_down(void **state) {
  (void)state;
  rb_dataset_destroy(&dataset);
  model.destroy(&model);
  return 0;
}

static rb_standardisation arbitrary(void) {
  rb_standardisation s = {.scaling = RB_SCALES_MOMENTS};
  for (int d = 0; d < D; ++d) s.theta_std[d] = 0.3;
  for (int c = 0; c < RB_MAX_SCALES; ++c) s.x_std[c] = 3;
  return s;
}

/* What the network sees of the data sets. */
static void see(const rb_view *view, rb_dataset *seen) {
  assert_all_ok(rb_dataset_allocate(&test_context, D, rb_view_shape(view), N, seen));
  assert_all_ok(rb_dataset_see(&test_context, view, &dataset, 0, seen));
}

/* A data set simulated for a batch is what the stored one becomes, bit for bit. */
static void check_online_and_stored(const rb_summary_type *summary) {
  const rb_view view = centred(summary);
  const rb_shape shape = rb_view_shape(&view);
  const size_t row = (size_t)rb_shape_row(shape);
  const rb_standardisation s = arbitrary();
  rb_micro_batch online, stored;
  assert_all_ok(rb_view_check(&test_context, &view));
  assert_int_equal(shape.features, FEATURES);
  assert_int_equal(rb_shape_series(shape), summary == &rb_summary_both ? 2 * 300 : 0);
  assert_all_ok(rb_micro_batch_create_online(&test_context, &view, N + 2, &online));
  assert_all_ok(rb_micro_batch_create(&test_context, D, shape, N + 2, &stored));
  assert_all_ok(rb_micro_batch_simulate(&test_context, &online, &s, 3, 0, N, 0.5));
  rb_dataset seen;
  see(&view, &seen);
  assert_int_equal(rb_shape_row(seen.shape), row);
  rb_micro_batch_gather(&stored, &s, &seen, NULL, 0, N, 0.5);
  assert_memory_equal(online.x, stored.x, (N + 2) * row * sizeof(rb_real));
  assert_memory_equal(online.theta, stored.theta, (N + 2) * D * sizeof(rb_real));
  assert_memory_equal(online.log_det, stored.log_det, N * sizeof(rb_real));
  assert_memory_equal(online.weight, stored.weight, (N + 2) * sizeof(rb_real));
  assert_true(online.x[0] != online.x[row]);
  rb_dataset_destroy(&seen);
  rb_micro_batch_destroy(&online);
  rb_micro_batch_destroy(&stored);
}

static void online_and_stored_agree(void **state) {
  (void)state;
  check_online_and_stored(&rb_summary_expert);
}

static void online_and_stored_agree_on_both(void **state) {
  (void)state;
  check_online_and_stored(&rb_summary_both);
}

/* A file read block by block, more than one of them, gives what is computed at once. */
static void files_are_seen_block_by_block(void **state) {
  (void)state;
  enum { MANY = 500 };  // of 160 kB: 80 MB, two blocks
  static const char path[] = "test_view_blocks.h5";
  rb_lif_settings settings = rb_lif_defaults();
  settings.T_ms = 4000;
  rb_model longer;
  assert_all_ok(rb_lif_model(&test_context, &settings, &longer));
  assert_all_ok(rb_lif_add_features(&test_context, &longer));
  const rb_view view = {&longer, &rb_summary_expert, RB_COORDINATES_CENTRED};
  rb_file *file = NULL;
  test_context.quiet = true;
  assert_all_ok(rb_file_create(&test_context, path, "simulations", 1, &file));
  assert_all_ok(rb_axes_write(&test_context, file, &longer));
  assert_all_ok(rb_simulations_write(&test_context, file, &longer, "training", 3, RB_FOR_TRAINING,
                                     MANY, NULL));
  assert_all_ok(rb_file_commit(&test_context, &file));
  rb_dataset read, raw, whole;
  assert_all_ok(rb_file_open(&test_context, path, "simulations", 1, &file));
  assert_all_ok(rb_simulations_read(&test_context, file, "training", &view, &read));
  rb_file_close(&file);
  (void)remove(path);
  assert_all_ok(rb_dataset_create(&test_context, &longer, MANY, &raw));
  assert_all_ok(longer.draw_prior(&longer, &test_context, 3, RB_FOR_TRAINING, 0, MANY, raw.theta,
                                  raw.latent));
  assert_all_ok(
      longer.simulate(&longer, &test_context, 3, RB_FOR_TRAINING, 0, MANY, raw.theta, raw.x));
  assert_all_ok(rb_dataset_allocate(&test_context, D, rb_view_shape(&view), MANY, &whole));
  assert_all_ok(rb_dataset_see(&test_context, &view, &raw, 0, &whole));
  assert_int_equal(read.count, MANY);
  assert_memory_equal(read.theta, whole.theta, MANY * D * sizeof(double));
  assert_memory_equal(read.x, whole.x, (size_t)(MANY * rb_shape_row(whole.shape)) * sizeof(float));
  assert_memory_equal(read.log_det, whole.log_det, MANY * sizeof(double));
  rb_dataset_destroy(&read);
  rb_dataset_destroy(&raw);
  rb_dataset_destroy(&whole);
  longer.destroy(&longer);
}

/* Writes the first `count` data sets, copying what an earlier file has. */
static rb_status write_some(const rb_model *m, const char *path, int64_t count,
                            rb_simulations_run *run) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  RB_TRY(rb_file_create(&test_context, path, "simulations", 1, &file));
  RB_TRY(rb_axes_write(&test_context, file, m));
  RB_TRY(rb_simulations_write(&test_context, file, m, "training", 3, RB_FOR_TRAINING, count, run));
  RB_TRY(rb_file_commit(&test_context, &file));
cleanup:
  rb_file_abort(&test_context, &file);
  return status;
}

static int64_t simulated;
static rb_status (*really_simulate)(const rb_model *, rb_context *, uint64_t, rb_purpose, int64_t,
                                    int64_t, const double *, float *);

static rb_status count_simulations(const rb_model *m, rb_context *ctx, uint64_t seed,
                                   rb_purpose purpose, int64_t first, int64_t count,
                                   const double *theta, float *x) {
  simulated += count;
  return really_simulate(m, ctx, seed, purpose, first, count, theta, x);
}

/* Reads the training group's first channel. @param x (count, L) the caller frees */
static void read_voltage(const char *path, int64_t count, float **x) {
  rb_file *file = NULL;
  const int64_t shape[2] = {count, model.length};
  *x = calloc((size_t)(count * model.length), sizeof **x);
  assert_all_ok(rb_file_open_one(&test_context, path, "simulations", 1, &file));
  assert_all_ok(rb_file_read(&test_context, file, "training/voltage", RB_F32, true, 2, shape, *x));
  rb_file_close(&file);
}

/* Parts that hold what is new alone are put together, all of them or to a beginning: nothing is
 * simulated twice, and the files are those of one go. */
static void parts_are_put_together(void **state) {
  (void)state;
  enum { MANY = 112, FORMS = 3 };
  static const char *const path[FORMS] = {"test_view_old.h5", "test_view_all.h5",
                                          "test_view_whole.h5"};
  const rb_simulations_form form[] = {RB_SIMULATIONS_OLD, RB_SIMULATIONS_ALL, RB_SIMULATIONS_ALL};
  rb_model counting = model;
  char part[RB_SIMULATIONS_PARTS][32];
  rb_simulations_run run = {.item_s = 1, .form = RB_SIMULATIONS_NEW};  // slow: many rounds
  int parts = 0;
  test_context.quiet = true;
  really_simulate = counting.simulate;
  counting.simulate = count_simulations;
  simulated = 0;
  do {
    run.paused = false;
    run.written = run.left = 0;
    const int64_t before = simulated;
    (void)snprintf(part[parts], sizeof *part, "test_view_part_%d.h5", parts);
    assert_all_ok(write_some(&counting, part[parts], MANY, &run));
    int64_t made = simulated - before;
    MPI_Allreduce(MPI_IN_PLACE, &made, 1, MPI_INT64_T, MPI_SUM, test_context.comm);
    assert_int_equal(run.written, made);
    assert_all_ok(
        rb_file_open_one(&test_context, part[parts], "simulations", 1, &run.earlier[1 + parts]));
    ++parts;
  } while (run.paused);
  assert_true(parts > 2);
  float *x[FORMS];
  for (int f = 0; f < FORMS; ++f) {
    run.form = form[f];
    assert_all_ok(write_some(&counting, path[f], MANY, f < 2 ? &run : NULL));
    read_voltage(path[f], MANY, &x[f]);
  }
  const size_t bytes = (size_t)(MANY * model.length) * sizeof(float);
  assert_memory_equal(x[0], x[2], bytes);
  assert_memory_equal(x[1], x[2], bytes);
  int64_t all = simulated;
  MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT64_T, MPI_SUM, test_context.comm);
  assert_int_equal(all, 2 * MANY);
  MPI_Barrier(test_context.comm);
  for (int p = 0; p < parts; ++p) {
    rb_file_close(&run.earlier[1 + p]);
    (void)remove(part[p]);
  }
  for (int f = 0; f < FORMS; ++f) {
    free(x[f]);
    (void)remove(path[f]);
  }
}

/* Pauses after every round, each time going on from the file before: no data set is simulated
 * twice, and the file is that of one go. One file can be the beginning of a larger one. */
static void simulating_goes_on_where_it_was(void **state) {
  (void)state;
  enum { FEW = 48, MANY = 112 };  // whole chunks
  static const char *const path[] = {"test_view_part_0.h5", "test_view_part_1.h5",
                                     "test_view_part_whole.h5"};
  rb_model counting = model;
  rb_file *earlier = NULL;
  rb_simulations_run run = {.item_s = 1};  // slow: many rounds
  int passes = 0;
  test_context.quiet = true;
  really_simulate = counting.simulate;
  counting.simulate = count_simulations;
  simulated = 0;
  for (int64_t count = FEW; count <= MANY; count += MANY - FEW) {
    do {
      run.earlier[0] = earlier;
      run.paused = false;
      assert_all_ok(write_some(&counting, path[passes % 2], count, &run));
      rb_file_close(&earlier);
      assert_all_ok(
          rb_file_open_one(&test_context, path[passes++ % 2], "simulations", 1, &earlier));
    } while (run.paused);
  }
  int64_t all = simulated;
  MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT64_T, MPI_SUM, test_context.comm);
  assert_int_equal(all, MANY);
  assert_true(passes > 3);
  assert_all_ok(write_some(&model, path[2], MANY, NULL));
  rb_file *whole = NULL;
  float *x[2];
  assert_all_ok(rb_file_open_one(&test_context, path[2], "simulations", 1, &whole));
  const int64_t shape[2] = {MANY, model.length};
  for (int k = 0; k < 2; ++k) {
    x[k] = calloc((size_t)(MANY * model.length), sizeof(float));
    assert_all_ok(rb_file_read(&test_context, k == 0 ? earlier : whole, "training/voltage", RB_F32,
                               true, 2, shape, x[k]));
  }
  assert_memory_equal(x[0], x[1], (size_t)(MANY * model.length) * sizeof(float));
  free(x[0]);
  free(x[1]);
  rb_file_close(&earlier);
  rb_file_close(&whole);
  MPI_Barrier(test_context.comm);
  for (int k = 0; k < 3 && test_context.rank == 0; ++k) (void)remove(path[k]);
}

/* A row of both is the observation, then the features, however many data sets are seen at once. */
static void both_is_one_after_the_other(void **state) {
  (void)state;
  const rb_view both = centred(&rb_summary_both), expert = centred(&rb_summary_expert);
  const int64_t series = model.channels * model.length, row = series + FEATURES;
  const int numbers = rb_view_centring(&both);
  static float features[N * FEATURES];
  float *seen = NULL;
  double *centring = NULL, *same = NULL;
  assert_int_equal(numbers, rb_view_centring(&expert));
  assert_all_ok(RB_ALLOCATE(&test_context, seen, N * row));
  assert_all_ok(RB_ALLOCATE(&test_context, centring, N * numbers));
  assert_all_ok(RB_ALLOCATE(&test_context, same, N * numbers));
  assert_all_ok(rb_view_observe(&expert, &test_context, N, dataset.x, features, same));
  for (int count = 1; count <= N; count += N - 1) {
    assert_all_ok(rb_view_observe(&both, &test_context, count, dataset.x, seen, centring));
    for (int i = 0; i < count; ++i) {
      assert_memory_equal(seen + i * row, dataset.x + i * series, (size_t)series * sizeof *seen);
      assert_memory_equal(seen + i * row + series, features + (int64_t)i * FEATURES,
                          FEATURES * sizeof *seen);
    }
    assert_memory_equal(centring, same, (size_t)(count * numbers) * sizeof *centring);
  }
  free(seen);
  free(centring);
  free(same);
}

/* The Jacobian is triangular in some order of the parameters: its diagonal gives the determinant.
 */
static void determinants_have_one_sign(void **state) {
  (void)state;
  const rb_view view = centred(&rb_summary_expert);
  const double step = 1e-5;
  float seen[FEATURES];
  double *centring = NULL;
  assert_all_ok(RB_ALLOCATE(&test_context, centring, rb_view_centring(&view)));
  for (int i = 0; i < N; ++i) {
    double psi[D], back[D], to = 0, from = 0, sum = 0;
    const double *latent = dataset.latent + (int64_t)i * D;
    assert_all_ok(rb_view_observe(&view, &test_context, 1,
                                  dataset.x + i * model.channels * model.length, seen, centring));
    rb_view_to(&view, centring, 1, latent, psi, &to);
    rb_view_from(&view, centring, 1, psi, back, &from);
    for (int d = 0; d < D; ++d) {
      double up[D], down[D];
      memcpy(up, psi, sizeof up);
      memcpy(down, psi, sizeof down);
      up[d] += step;
      down[d] -= step;
      rb_view_from(&view, centring, 1, up, up, NULL);
      rb_view_from(&view, centring, 1, down, down, NULL);
      sum += log(fabs((up[d] - down[d]) / (2 * step)));
      assert_near(back[d], latent[d], 1e-9);
    }
    assert_near(to, from, 1e-6);
    assert_near(to, sum, 1e-4);
  }
  free(centring);
}

/* Seeing a data set gives each truth its determinant, and none to one that was clipped. */
static void check_log_det(rb_view view, const double *expected) {
  rb_dataset seen;
  see(&view, &seen);
  assert_true(isnan(seen.log_det[0]));
  for (int i = 1; i < N; ++i) assert_near(seen.log_det[i], expected[i], 1e-12);
  rb_dataset_destroy(&seen);
}

static void clipped_truths_have_no_determinant(void **state) {
  (void)state;
  const rb_view view = centred(&rb_summary_expert);
  float seen[FEATURES];
  double none[N] = {0}, support[N], centre[N], phi[D], *centring = NULL;
  assert_all_ok(RB_ALLOCATE(&test_context, centring, rb_view_centring(&view)));
  memcpy(dataset.theta, dataset.latent, N * D * sizeof *dataset.theta);
  dataset.theta[1] += 0.5;
  for (int i = 0; i < N; ++i) {
    const double *latent = dataset.latent + (int64_t)i * D;
    rb_model_to_support(&model, 1, latent, phi, &support[i]);
    assert_all_ok(rb_view_observe(&view, &test_context, 1,
                                  dataset.x + i * model.channels * model.length, seen, centring));
    rb_view_to(&view, centring, 1, latent, phi, &centre[i]);
  }
  check_log_det((rb_view){&model, &rb_summary_recurrent, RB_COORDINATES_RAW}, none);
  check_log_det((rb_view){&model, &rb_summary_recurrent, RB_COORDINATES_SUPPORT}, support);
  check_log_det(view, centre);
  free(centring);
}

static rb_network_settings network_of(const rb_summary_type *type) {
  return (rb_network_settings){.summary = {.type = type,
                                           .summary_dim = 6,
                                           .mlp_layers = 1,
                                           .mlp_widths = {8},
                                           .gain = 1,
                                           .conv_layers = 1,
                                           .filters = {4},
                                           .kernel_sizes = {3},
                                           .strides = {3},
                                           .recurrent_type = RB_GRU,
                                           .recurrent_dim = 5,
                                           .skip_steps = 4},
                               .density = &rb_density_autoregressive,
                               .mixture = {.parts = 3, .mlp_layers = 1, .mlp_widths = {8}}};
}

static rb_estimator *new_estimator(const rb_summary_type *type) {
  const rb_network_settings network = network_of(type);
  const rb_view view = centred(type);
  rb_estimator *estimator = NULL;
  assert_all_ok(
      rb_estimator_create(&test_context, &network, rb_view_shape(&view), D, 8, &estimator));
  assert_all_ok(rb_estimator_initialise(&test_context, estimator, 1, 0));
  return estimator;
}

/* Draws lie in the support, carry their density, and do not depend on the grouping. */
static void check_posterior(const rb_summary_type *type) {
  enum { S = 50 };
  rb_estimator *estimator = new_estimator(type);
  rb_posterior posterior;
  const rb_standardisation s = arbitrary();
  const int64_t size = model.channels * model.length;
  static float draws[N * S * D], alone[S * D];
  static double values[N * S * D], density[N * S], again[N * S], prior[N * S];
  assert_all_ok(rb_flow_posterior_create(&test_context, &model, RB_COORDINATES_CENTRED, estimator,
                                         &s, 8, 0, &posterior));
  assert_true(posterior.latent);
  assert_all_ok(posterior.sample(&posterior, &test_context, 5, RB_FOR_SBC, 0, N, dataset.x, S,
                                 draws, density));
  for (int k = 0; k < N * S * D; ++k) values[k] = (double)draws[k];
  assert_all_ok(posterior.log_density(&posterior, &test_context, N, dataset.x, S, values, again));
  model.log_prior(&model, (int64_t)N * S, values, prior);
  int far = 0;
  for (int i = 0; i < N * S; ++i) {
    assert_true(isfinite(prior[i]));
    far += !(fabs(density[i] - again[i]) < 1e-2);
  }
  assert_true(far < N * S / 20);  // draws are floats, which do not resolve the closest to a bound
  for (int i = 0; i < N; ++i) {
    assert_all_ok(posterior.sample(&posterior, &test_context, 5, RB_FOR_SBC, i, 1,
                                   dataset.x + i * size, S, alone, NULL));
    assert_memory_equal(alone, draws + (int64_t)i * S * D, sizeof alone);
  }
  posterior.destroy(&posterior);
  rb_estimator_destroy(estimator);
}

static void posterior_of_a_centred_network(void **state) {
  (void)state;
  check_posterior(&rb_summary_expert);
  check_posterior(&rb_summary_both);
}

/* What observations are compared by: the standardised features, with and without the series. */
static void both_is_compared_by_its_features(void **state) {
  (void)state;
  static double features[2][N * FEATURES];
  const rb_standardisation s = arbitrary();
  for (int both = 0; both < 2; ++both) {
    rb_posterior posterior;
    rb_estimator *estimator = new_estimator(both ? &rb_summary_both : &rb_summary_expert);
    assert_all_ok(rb_flow_posterior_create(&test_context, &model, RB_COORDINATES_CENTRED, estimator,
                                           &s, 8, 0, &posterior));
    assert_int_equal(rb_flow_posterior_summary_dim(&posterior), FEATURES);
    assert_all_ok(
        rb_flow_posterior_summarise(&posterior, &test_context, N, dataset.x, features[both]));
    posterior.destroy(&posterior);
    rb_estimator_destroy(estimator);
  }
  assert_memory_equal(features[0], features[1], sizeof features[0]);
  assert_true(features[0][0] != features[0][FEATURES]);
}

static void expect_refused(rb_view view, const char *word) {
  assert_int_equal(rb_view_check(&test_context, &view), RB_ERR_SETTING);
  assert_non_null(strstr(test_context.error.message, word));
  rb_error_clear(&test_context);
}

static void impossible_views_are_refused(void **state) {
  (void)state;
  rb_model plain = model;
  plain.features = NULL;
  expect_refused((rb_view){&plain, &rb_summary_expert, RB_COORDINATES_RAW}, "no features");
  expect_refused((rb_view){&plain, &rb_summary_both, RB_COORDINATES_RAW}, "no features");
  expect_refused(centred(&rb_summary_recurrent), "centred");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(online_and_stored_agree, set_up, tear_down),
    cmocka_unit_test_setup_teardown(online_and_stored_agree_on_both, set_up, tear_down),
    cmocka_unit_test(files_are_seen_block_by_block),
    cmocka_unit_test_setup_teardown(simulating_goes_on_where_it_was, set_up, tear_down),
    cmocka_unit_test_setup_teardown(parts_are_put_together, set_up, tear_down),
    cmocka_unit_test_setup_teardown(both_is_one_after_the_other, set_up, tear_down),
    cmocka_unit_test_setup_teardown(both_is_compared_by_its_features, set_up, tear_down),
    cmocka_unit_test_setup_teardown(determinants_have_one_sign, set_up, tear_down),
    cmocka_unit_test_setup_teardown(clipped_truths_have_no_determinant, set_up, tear_down),
    cmocka_unit_test_setup_teardown(posterior_of_a_centred_network, set_up, tear_down),
    cmocka_unit_test_setup_teardown(impossible_views_are_refused, set_up, tear_down)};
RB_TEST_MAIN(tests)
