#include <unistd.h>

#include "rheobase/inference/training_step.h"
#include "training_fixture.h"

static const rb_training_settings quick = {.mode = RB_OFFLINE,
                                           .simulations = 250,
                                           .validation = 50,
                                           .epochs = 2,
                                           .steps_per_epoch = 5,
                                           .passes = 1,
                                           .batch_size = 64,
                                           .micro_batch = 16,
                                           .learning_rate = 2e-3,
                                           .warmup_fraction = 0.05,
                                           .weight_decay = 5e-3,
                                           .clip_norm = 1.5,
                                           .checkpoint_minutes = 60};

static rb_status save_nothing(rb_context *ctx, rb_training *training, void *owner) {
  (void)ctx;
  (void)training;
  (void)owner;
  return RB_OK;
}

/* A parameter that no network expects, for all ranks of the node. */
static void add_outlier(rb_context *ctx, fixture *f, double value) {
  if (value != 0 && ctx->node_rank == 0) f->training.theta[7 * f->training.dim] = value;
  rb_dataset_fence(ctx, &f->training);
}

/* Trains on the ranks of ctx. @param outlier of one data set; 0: none
 * @param weights: allocated copy */
static rb_status train(rb_context *ctx, const rb_training_settings *settings, double outlier,
                       rb_real **weights, int64_t *count, rb_epoch *last) {
  rb_status status = RB_OK;
  fixture f;
  RB_TRY(fixture_create(ctx, settings, &f));
  add_outlier(ctx, &f, outlier);
  RB_TRY(rb_train(ctx, &f.train, &f.data, save_nothing, save_nothing, NULL));
  const rb_parameters *parameters = rb_estimator_parameters(f.estimator);
  *count = parameters->count;
  *weights = malloc((size_t)*count * sizeof(rb_real));
  memcpy(*weights, parameters->value, (size_t)*count * sizeof(rb_real));
  *last = f.train.history[settings->epochs - 1];
cleanup:
  fixture_destroy(&f);
  return status;
}

/* All ranks together give the bits of one rank alone. */
static void compare_with_one_rank(const rb_training_settings *settings, double outlier) {
  rb_context alone;
  assert_all_ok(rb_context_create(&alone, MPI_COMM_SELF));
  alone.quiet = true;
  rb_real *one = NULL, *many = NULL;
  int64_t count_one = 0, count_many = 0;
  rb_epoch last_one, last_many;
  assert_all_ok(train(&alone, settings, outlier, &one, &count_one, &last_one));
  assert_all_ok(train(&test_context, settings, outlier, &many, &count_many, &last_many));
  assert_all_true(count_one == count_many &&
                  memcmp(one, many, (size_t)count_one * sizeof(rb_real)) == 0);
  assert_all_true(last_one.loss == last_many.loss &&
                  last_one.validation_loss == last_many.validation_loss);
  free(one);
  free(many);
  rb_context_destroy(&alone);
}

static void offline_bits_do_not_depend_on_ranks(void **state) {
  (void)state;
  compare_with_one_rank(&quick, 0);
}

static void online_bits_do_not_depend_on_ranks(void **state) {
  (void)state;
  rb_training_settings online = quick;
  online.mode = RB_ONLINE;
  online.batch_size = 40;  // not a multiple of the micro-batch
  online.passes = 2;
  compare_with_one_rank(&online, 0);
}

/* A model that notes which items of the training purpose this rank simulates. The model's own
 * function is behind it, so results are the same. */
enum { NOTED = 600 };
static struct {
  rb_status (*simulate)(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                        int64_t first, int64_t count, const double *theta, float *x);
  int64_t times[NOTED];
} noted;

static rb_status note(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                      int64_t first, int64_t count, const double *theta, float *x) {
  for (int64_t i = first; i < first + count && purpose == RB_FOR_TRAINING; ++i) {
    if (i < NOTED) ++noted.times[i];
  }
  return noted.simulate(model, ctx, seed, purpose, first, count, theta, x);
}

/* Trains and checks that each of `fresh` data sets was simulated once, and none of the 250 stored
 * for the standardisation. @return how many this rank simulated */
static int64_t train_and_count(const rb_training_settings *settings, int fresh) {
  fixture f;
  assert_all_ok(fixture_create(&test_context, settings, &f));
  memset(noted.times, 0, sizeof noted.times);
  noted.simulate = f.model.simulate;
  f.model.simulate = note;
  assert_all_ok(rb_train(&test_context, &f.train, &f.data, save_nothing, save_nothing, NULL));
  int64_t mine = 0;
  for (int i = 0; i < NOTED; ++i) mine += noted.times[i];
  MPI_Allreduce(MPI_IN_PLACE, noted.times, NOTED, MPI_INT64_T, MPI_SUM, test_context.comm);
  bool once = true;
  for (int i = 0; i < NOTED; ++i) once = once && noted.times[i] == (i >= 250 && i < 250 + fresh);
  assert_all_true(once);
  fixture_destroy(&f);
  return mine;
}

/* Online, every data set is simulated by the rank that trains on it. */
static void online_simulates_just_in_time(void **state) {
  (void)state;
  rb_training_settings online = quick;
  online.mode = RB_ONLINE;
  online.simulations = 250;
  online.batch_size = 64;
  online.epochs = 1;
  online.steps_per_epoch = 5;
  const int64_t mine = train_and_count(&online, 5 * 64);
  // 4 micro-batches of 16 per step
  const int rounds = (4 + test_context.size - 1) / test_context.size;
  assert_all_true(mine <= (int64_t)5 * 16 * rounds);
}

static rb_training_settings two_passes(void) {
  rb_training_settings online = quick;
  online.mode = RB_ONLINE;
  online.epochs = 4;
  online.steps_per_epoch = 2;
  online.passes = 2;
  return online;
}

/* With two passes the simulations of two epochs serve four. */
static void passes_simulate_once(void **state) {
  (void)state;
  const rb_training_settings online = two_passes();
  (void)train_and_count(&online, 4 * 64);
}

/* What is kept is what would be simulated: steps that begin with nothing kept, as after a resume,
 * give the same weights. */
static void kept_simulations_are_the_same_bits(void **state) {
  (void)state;
  const rb_training_settings online = two_passes();
  fixture f[2];
  for (int k = 0; k < 2; ++k) {
    rb_training_work *work = NULL;
    bool due;
    assert_all_ok(fixture_create(&test_context, &online, &f[k]));
    for (int step = 0; step < 8; ++step) {
      if (work == NULL) {
        assert_all_ok(rb_training_work_create(&test_context, &f[k].train, &f[k].data, &work));
      }
      assert_all_ok(rb_training_step(&test_context, &f[k].train, &f[k].data, work, &due));
      if (k == 0) continue;
      rb_training_work_destroy(work);
      work = NULL;
    }
    rb_training_work_destroy(work);
  }
  const rb_parameters *kept = rb_estimator_parameters(f[0].estimator);
  const rb_parameters *anew = rb_estimator_parameters(f[1].estimator);
  assert_all_true(memcmp(kept->value, anew->value, (size_t)kept->count * sizeof(rb_real)) == 0);
  for (int k = 0; k < 2; ++k) fixture_destroy(&f[k]);
}

/* The means of the first steps are plain means; later steps are forgotten. */
static void weights_are_averaged(void **state) {
  (void)state;
  enum { STEPS = 8, HORIZON = 4 };
  rb_training_settings averaged = quick;
  averaged.average_steps = HORIZON;
  fixture f;
  rb_training_work *work = NULL;
  bool due;
  assert_all_ok(fixture_create(&test_context, &averaged, &f));
  const rb_parameters *p = rb_estimator_parameters(f.estimator);
  double *mean = calloc((size_t)p->count, sizeof *mean);
  assert_all_ok(rb_training_work_create(&test_context, &f.train, &f.data, &work));
  double worst = 0, moved = 0;
  for (int step = 1; step <= STEPS; ++step) {
    assert_all_ok(rb_training_step(&test_context, &f.train, &f.data, work, &due));
    const double share = 1.0 / (step < HORIZON ? step : HORIZON);
    for (int64_t i = 0; i < p->count; ++i) {
      mean[i] = (1 - share) * mean[i] + share * (double)p->value[i];
      worst = fmax(worst, fabs(mean[i] - (double)f.train.average[i]));
      moved = fmax(moved, fabs(mean[i] - (double)p->value[i]));
    }
  }
  assert_all_true(worst < 1e-6 && moved > 1e-3);
  rb_training_work_destroy(work);
  free(mean);
  fixture_destroy(&f);
}

/* It ends so many epochs after the best one, whose averaged weights are used; on any ranks. */
static void patience_ends_a_training(void **state) {
  (void)state;
  rb_training_settings patient = quick;
  patient.simulations = 64;
  patient.epochs = 300;
  patient.learning_rate = 2e-2;  // so few simulations are soon known by heart
  patient.patience = 5;
  patient.average_steps = 3;
  patient.keep = RB_KEEP_BEST;
  fixture f;
  assert_all_ok(fixture_create(&test_context, &patient, &f));
  assert_all_ok(rb_train(&test_context, &f.train, &f.data, save_nothing, save_nothing, NULL));
  const int64_t epochs = f.train.step / f.train.steps_per_epoch;
  int64_t best = 0;
  for (int64_t e = 1; e < epochs; ++e) {
    if (f.train.history[e].validation_loss < f.train.history[best].validation_loss) best = e;
  }
  assert_all_true(f.train.step == f.train.total_steps && epochs < patient.epochs);
  assert_all_true(epochs == best + 1 + patient.patience);
  rb_epoch again;
  assert_all_ok(rb_validation_loss(&test_context, &f.train, &f.validation, &again));
  assert_all_true(again.validation_loss == f.train.history[best].validation_loss);
  fixture_destroy(&f);
  compare_with_one_rank(&patient, 0);
}

static void learning_rate_follows_the_batch_size(void **state) {
  (void)state;
  rb_training_settings s = quick;
  s.learning_rate = 1e-3;
  const int batch[] = {32, 128, 2048};
  const double root[] = {0.5, 1, 4}, ratio[] = {0.25, 1, 16};
  for (int i = 0; i < 3; ++i) {
    s.batch_size = batch[i];
    s.rate_rule = RB_RATE_CONSTANT;
    assert_true(fabs(rb_training_highest_rate(&s) - 1e-3) < 1e-18);
    s.rate_rule = RB_RATE_SQRT;
    assert_true(fabs(rb_training_highest_rate(&s) - 1e-3 * root[i]) < 1e-17);
    s.rate_rule = RB_RATE_LINEAR;
    assert_true(fabs(rb_training_highest_rate(&s) - 1e-3 * ratio[i]) < 1e-17);
  }
  // The schedule: warm-up from a tenth of it, then half a cosine.
  rb_training training = {.settings = s, .total_steps = 100, .rate_factor = 1};
  assert_true(fabs(rb_training_rate(&training) - 1.6e-3) < 1e-17);
  training.step = 5;
  assert_true(fabs(rb_training_rate(&training) - 1.6e-2) < 1e-17);
  training.step = 99;
  assert_true(rb_training_rate(&training) < 1e-4);
  training.settings.schedule = RB_SCHEDULE_CONSTANT;
  assert_true(fabs(rb_training_rate(&training) - 1.6e-2) < 1e-17);
}

/* E -log p(theta | x) of the exact posterior in standardised space is
 * D/2 log(2 pi e) + 1/2 log det(covariance) - sum log(1/sd of theta). */
static double exact_loss(const fixture *f) {
  double mean[3], covariance[9];
  rb_linear_gaussian_posterior(&f->model, f->validation.x, mean, covariance);
  const double *c = covariance;
  const double determinant = c[0] * (c[4] * c[8] - c[5] * c[7]) -
                             c[1] * (c[3] * c[8] - c[5] * c[6]) +
                             c[2] * (c[3] * c[7] - c[4] * c[6]);
  double loss = 1.5 * log(2 * M_PI * M_E) + 0.5 * log(determinant);
  for (int d = 0; d < 3; ++d) loss -= log(f->train.standardisation.theta_std[d]);
  return loss;
}

static void approaches_the_exact_posterior(void **state) {
  (void)state;
  if (test_context.size > 1) return;
  rb_training_settings longer = quick;
  longer.simulations = 8000;
  longer.validation = 1000;
  longer.epochs = 12;
  fixture f;
  assert_all_ok(fixture_create(&test_context, &longer, &f));
  assert_all_ok(rb_train(&test_context, &f.train, &f.data, save_nothing, save_nothing, NULL));
  const double loss = f.train.history[longer.epochs - 1].validation_loss;
  const double exact = exact_loss(&f);
  print_message("validation loss %.3f, exact posterior %.3f\n", loss, exact);
  assert_true(loss > exact - 0.1);  // 1000 data sets: standard error 0.04
  assert_true(loss < exact + 0.25);
  fixture_destroy(&f);
}

/* A learning rate beyond all reason: the step is refused with a sentence, on all ranks. */
static void refuses_a_step_that_is_not_finite(void **state) {
  (void)state;
  rb_training_settings wild = quick;
  wild.learning_rate = 1e30;
  fixture f;
  assert_all_ok(fixture_create(&test_context, &wild, &f));
  const rb_status status =
      rb_train(&test_context, &f.train, &f.data, save_nothing, save_nothing, NULL);
  assert_all_true(status == RB_ERR_NUMERIC && f.train.step > 0 && f.train.step < 8 &&
                  strstr(test_context.error.message, "training.learning_rate") != NULL);
  rb_error_clear(&test_context);
  fixture_destroy(&f);
}

/* Gradients and losses far beyond the first bounds of their sum, which clipping absorbs: the same
 * bits on any number of ranks, and the training goes on to a useful loss. */
static void spikes_do_not_depend_on_ranks(void **state) {
  (void)state;
  compare_with_one_rank(&quick, 1e5);
  compare_with_one_rank(&quick, 1e12);
}

/* The step of a spike is that of the clipped gradient: every tensor's first moment is (1 - beta_1)
 * times a gradient of the largest norm allowed. */
static void clips_a_spike(void **state) {
  (void)state;
  rb_training_settings one_step = quick;
  one_step.batch_size = 250;
  one_step.epochs = 1;
  for (int global = 0; global < 2; ++global) {
    fixture f;
    rb_training_work *work = NULL;
    bool due;
    one_step.clip_norm = global ? 0 : 1.5;
    one_step.clip_global = global ? 1.5 : 0;
    assert_all_ok(fixture_create(&test_context, &one_step, &f));
    add_outlier(&test_context, &f, 1e9);
    assert_all_ok(rb_training_work_create(&test_context, &f.train, &f.data, &work));
    assert_all_ok(rb_training_step(&test_context, &f.train, &f.data, work, &due));
    const rb_parameters *parameters = rb_estimator_parameters(f.estimator);
    double total = 0;
    int at_bound = 0;
    for (int k = 0; k < parameters->tensors; ++k) {
      const rb_tensor *tensor = &parameters->tensor[k];
      double squares = 0;
      for (int64_t i = tensor->offset; i < tensor->offset + tensor->count; ++i) {
        squares += pow((double)f.train.first_moment[i], 2);
      }
      total += squares;
      at_bound += fabs(sqrt(squares) - 0.15) < 1e-6;
      assert_all_true(sqrt(squares) < 0.15 + 1e-6);
    }
    assert_all_true(global ? fabs(sqrt(total) - 0.15) < 1e-6 : at_bound > 0);
    assert_all_true(f.train.epoch_loss > 1e12);
    rb_training_work_destroy(work);
    fixture_destroy(&f);
  }
}

/* Without clipping the spike would rule the moments for thousands of steps: it is refused. */
static void refuses_a_spike_without_clipping(void **state) {
  (void)state;
  rb_training_settings free_steps = quick;
  free_steps.clip_norm = 0;
  fixture f;
  assert_all_ok(fixture_create(&test_context, &free_steps, &f));
  add_outlier(&test_context, &f, 1e12);
  const rb_status status =
      rb_train(&test_context, &f.train, &f.data, save_nothing, save_nothing, NULL);
  assert_all_true(status == RB_ERR_NUMERIC && f.train.step < f.train.steps_per_epoch &&
                  strstr(test_context.error.message, "too large") != NULL &&
                  strstr(test_context.error.message, "set training.clip_norm") != NULL);
  rb_error_clear(&test_context);
  fixture_destroy(&f);
}

/* What the hooks below saw. */
typedef struct journal {
  int saves, restores, middle;  // middle: saves within an epoch
  int64_t saved_step;
  int save_ms;  // how long each save takes
  fixture *f;
  bool heal;  // the first restore repairs the sample
} journal;

static rb_status count_save(rb_context *ctx, rb_training *training, void *owner) {
  journal *j = owner;
  (void)ctx;
  ++j->saves;
  j->saved_step = training->step;
  if (j->save_ms > 0) (void)usleep((useconds_t)(1000 * j->save_ms));
  j->middle += training->step % training->steps_per_epoch != 0;
  return RB_OK;
}

static rb_status restart(rb_context *ctx, rb_training *training, void *owner) {
  journal *j = owner;
  ++j->restores;
  if (j->heal) {
    if (ctx->node_rank == 0) j->f->training.x[7] = 0;
    rb_dataset_fence(ctx, &j->f->training);
  }
  const size_t bytes =
      (size_t)rb_estimator_parameters(training->estimator)->count * sizeof(rb_real);
  memset(training->first_moment, 0, bytes);
  memset(training->second_moment, 0, bytes);
  training->step = 0;
  training->epoch_loss = 0;
  training->epoch_samples = 0;
  training->best_loss = INFINITY;
  training->rate_factor = 1;  // as of the checkpoint: a rollback halves what it had before
  training->rollbacks = 0;
  return rb_estimator_initialise(ctx, training->estimator, training->seed, training->member);
}

static void poison(fixture *f) {
  if (test_context.node_rank == 0) f->training.x[7] = NAN;
  rb_dataset_fence(&test_context, &f->training);
}

/* The first simulation on each rank goes wrong, once. */
static bool spoilt;
static rb_status spoil(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                       int64_t first, int64_t count, const double *theta, float *x) {
  const rb_status status = noted.simulate(model, ctx, seed, purpose, first, count, theta, x);
  if (purpose == RB_FOR_TRAINING && !spoilt) {
    x[0] = NAN;
    spoilt = true;
  }
  return status;
}

/* After a rollback nothing that was kept is taken: it is simulated anew. */
static void a_rollback_forgets_what_was_kept(void **state) {
  (void)state;
  rb_training_settings online = two_passes();
  online.on_nonfinite = RB_NONFINITE_ROLLBACK;
  fixture f;
  journal j = {.f = &f};
  assert_all_ok(fixture_create(&test_context, &online, &f));
  spoilt = false;
  noted.simulate = f.model.simulate;
  f.model.simulate = spoil;
  assert_all_ok(rb_train(&test_context, &f.train, &f.data, count_save, restart, &j));
  assert_all_true(j.restores == 1);
  fixture_destroy(&f);
}

/* A checkpoint after every checkpoint.minutes, within epochs too; without, at the epochs' ends. */
static void saves_within_epochs(void **state) {
  (void)state;
  rb_training_settings often = quick;
  for (int k = 0; k < 2; ++k) {
    fixture f;
    journal j = {.f = &f};
    often.checkpoint_minutes = k == 0 ? 1e-9 : 60;
    assert_all_ok(fixture_create(&test_context, &often, &f));
    assert_all_ok(rb_train(&test_context, &f.train, &f.data, count_save, restart, &j));
    const int steps = (int)f.train.total_steps, epochs = (int)often.epochs;
    assert_all_true(j.saves == 1 + (k == 0 ? steps : epochs));
    assert_all_true(j.middle == (k == 0 ? steps - epochs : 0));
    fixture_destroy(&f);
  }
}

/* Where saving takes longer than an epoch it takes a tenth of the time, not most of it; the end is
 * saved all the same, and with rollbacks every epoch's end. */
static void short_epochs_are_not_ruled_by_saving(void **state) {
  (void)state;
  rb_training_settings brief = quick;
  brief.simulations = 64;
  brief.epochs = 200;
  for (int rollback = 0; rollback < 2; ++rollback) {
    fixture f;
    journal j = {.f = &f, .save_ms = rollback ? 1 : 50};
    brief.on_nonfinite = rollback ? RB_NONFINITE_ROLLBACK : RB_NONFINITE_STOP;
    assert_all_ok(fixture_create(&test_context, &brief, &f));
    const double began_s = MPI_Wtime();
    assert_all_ok(rb_train(&test_context, &f.train, &f.data, count_save, restart, &j));
    const double share = 0.001 * j.save_ms * (j.saves - 2) / (MPI_Wtime() - began_s);
    assert_all_true(j.saved_step == f.train.total_steps);
    assert_all_true(rollback ? j.saves == 1 + (int)brief.epochs : share < 0.1);
    fixture_destroy(&f);
  }
}

/* One sample that is not a number reaches one rank's gradient only: all ranks refuse the step. */
static void all_ranks_refuse_a_bad_sample(void **state) {
  (void)state;
  fixture f;
  journal j = {.f = &f};
  assert_all_ok(fixture_create(&test_context, &quick, &f));
  poison(&f);
  const rb_status status = rb_train(&test_context, &f.train, &f.data, count_save, restart, &j);
  assert_all_true(status == RB_ERR_NUMERIC && f.train.step < f.train.steps_per_epoch);
  assert_all_true(strstr(test_context.error.message, "the gradient of ") != NULL);
  assert_all_true(j.restores == 0 && j.saves == 1);
  rb_error_clear(&test_context);
  fixture_destroy(&f);
}

/* Rollback: three times at half the rate each, then the end; once where that was enough. */
static void rolls_back_three_times(void **state) {
  (void)state;
  rb_training_settings settings = quick;
  settings.on_nonfinite = RB_NONFINITE_ROLLBACK;
  for (int k = 0; k < 2; ++k) {
    fixture f;
    journal j = {.f = &f, .heal = k == 1};
    assert_all_ok(fixture_create(&test_context, &settings, &f));
    poison(&f);
    const rb_status status = rb_train(&test_context, &f.train, &f.data, count_save, restart, &j);
    assert_all_true(status == (j.heal ? RB_OK : RB_ERR_NUMERIC));
    assert_all_true(j.restores == (j.heal ? 1 : 3));
    assert_all_true(f.train.rollbacks == j.restores);
    assert_all_true(f.train.rate_factor == (j.heal ? 0.5 : 0.125));
    rb_error_clear(&test_context);
    fixture_destroy(&f);
  }
}

/* The step that ends an epoch is finite itself but ruins the weights: nothing of it is saved. */
static void saves_no_ruined_weights(void **state) {
  (void)state;
  rb_training_settings wild = quick;
  wild.learning_rate = 1e30;
  wild.batch_size = 250;  // an epoch is one step
  fixture f;
  journal j = {.f = &f};
  assert_all_ok(fixture_create(&test_context, &wild, &f));
  const rb_status status = rb_train(&test_context, &f.train, &f.data, count_save, restart, &j);
  assert_all_true(status == RB_ERR_NUMERIC && j.saves == 1 && f.train.step == 1);
  assert_all_true(strstr(test_context.error.message, "training.learning_rate") != NULL);
  rb_error_clear(&test_context);
  fixture_destroy(&f);
}

/* A bit that flips in one rank's weights is found before they are saved. */
static void finds_ranks_that_disagree(void **state) {
  (void)state;
  if (test_context.size == 1) return;
  fixture f;
  journal j = {.f = &f};
  assert_all_ok(fixture_create(&test_context, &quick, &f));
  if (test_context.rank == 1) f.train.first_moment[5] = (rb_real)1e-3;
  const rb_status status = rb_train(&test_context, &f.train, &f.data, count_save, restart, &j);
  assert_all_true(status == RB_ERR_INTERNAL && j.saves == 1);
  assert_all_true(strstr(test_context.error.message, "the same weights") != NULL);
  rb_error_clear(&test_context);
  fixture_destroy(&f);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(offline_bits_do_not_depend_on_ranks),
                                          cmocka_unit_test(online_bits_do_not_depend_on_ranks),
                                          cmocka_unit_test(online_simulates_just_in_time),
                                          cmocka_unit_test(passes_simulate_once),
                                          cmocka_unit_test(kept_simulations_are_the_same_bits),
                                          cmocka_unit_test(weights_are_averaged),
                                          cmocka_unit_test(patience_ends_a_training),
                                          cmocka_unit_test(learning_rate_follows_the_batch_size),
                                          cmocka_unit_test(refuses_a_step_that_is_not_finite),
                                          cmocka_unit_test(spikes_do_not_depend_on_ranks),
                                          cmocka_unit_test(clips_a_spike),
                                          cmocka_unit_test(refuses_a_spike_without_clipping),
                                          cmocka_unit_test(a_rollback_forgets_what_was_kept),
                                          cmocka_unit_test(saves_within_epochs),
                                          cmocka_unit_test(short_epochs_are_not_ruled_by_saving),
                                          cmocka_unit_test(all_ranks_refuse_a_bad_sample),
                                          cmocka_unit_test(rolls_back_three_times),
                                          cmocka_unit_test(saves_no_ruined_weights),
                                          cmocka_unit_test(finds_ranks_that_disagree),
                                          cmocka_unit_test(approaches_the_exact_posterior)};
RB_TEST_MAIN(tests)
