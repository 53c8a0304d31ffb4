#include <unistd.h>

#include "rheobase/inference/checkpoint.h"
#include "rheobase/io/product.h"
#include "training_fixture.h"

static const rb_training_settings settings = {.mode = RB_OFFLINE,
                                              .simulations = 250,
                                              .validation = 50,
                                              .epochs = 3,
                                              .batch_size = 64,
                                              .micro_batch = 16,
                                              .learning_rate = 2e-3,
                                              .warmup_fraction = 0.05,
                                              .weight_decay = 5e-3,
                                              .clip_norm = 1.5,
                                              .average_steps = 3,
                                              .checkpoint_minutes = 60};

typedef struct saver {
  char path[64];
  const rb_model *model;
} saver;

static rb_status save(rb_context *ctx, rb_training *training, void *owner) {
  rb_status status = RB_OK;
  const saver *s = owner;
  rb_file *file = NULL;
  RB_TRY(rb_product_create(ctx, RB_PRODUCT_CHECKPOINT, s->path, &file));
  RB_TRY(rb_checkpoint_write(ctx, file, s->model, training));
  RB_TRY(rb_file_commit(ctx, &file));
cleanup:
  rb_file_abort(ctx, &file);
  return status;
}

static rb_status restore(rb_context *ctx, rb_training *training, void *owner) {
  rb_status status = RB_OK;
  const saver *s = owner;
  rb_file *file = NULL;
  RB_TRY(rb_product_open(ctx, RB_PRODUCT_CHECKPOINT, s->path, &file));
  status = rb_agree(ctx, rb_checkpoint_read(ctx, file, training));
cleanup:
  rb_file_close(&file);
  return status;
}

static void name_file(saver *s) {
  int pid = (int)getpid();
  MPI_Bcast(&pid, 1, MPI_INT, 0, test_context.comm);
  (void)snprintf(s->path, sizeof s->path, "/tmp/rb_test_checkpoint_%d.h5", pid);
}

/* Stopped in the middle of the first epoch, then taken up by a fresh process: the
 * weights, moments and history are those of the uninterrupted training, bit for bit. */
static void resumes_with_the_same_bits(void **state) {
  (void)state;
  fixture whole, first, second;
  saver s = {.path = ""};
  name_file(&s);
  assert_all_ok(fixture_create(&test_context, &settings, &whole));
  s.model = &whole.model;
  assert_all_ok(rb_train(&test_context, &whole.train, &whole.data, save, restore, &s));

  assert_all_ok(fixture_create(&test_context, &settings, &first));
  test_context.stop = true;  // stops at the next safe point: after one step
  assert_all_true(rb_train(&test_context, &first.train, &first.data, save, restore, &s) ==
                  RB_STOPPED);
  rb_error_clear(&test_context);
  test_context.stop = false;
  assert_all_true(first.train.step == 1);
  fixture_destroy(&first);

  assert_all_ok(fixture_create(&test_context, &settings, &second));
  assert_all_ok(restore(&test_context, &second.train, &s));
  assert_all_true(second.train.step == 1);
  assert_all_ok(rb_train(&test_context, &second.train, &second.data, save, restore, &s));
  const rb_parameters *a = rb_estimator_parameters(whole.estimator);
  const rb_parameters *b = rb_estimator_parameters(second.estimator);
  const size_t bytes = (size_t)a->count * sizeof(rb_real);
  assert_all_true(memcmp(a->value, b->value, bytes) == 0);
  assert_all_true(memcmp(whole.train.second_moment, second.train.second_moment, bytes) == 0);
  assert_all_true(memcmp(whole.train.history, second.train.history,
                         (size_t)settings.epochs * sizeof(rb_epoch)) == 0);
  assert_all_true(memcmp(whole.train.best, second.train.best, bytes) == 0);
  assert_all_true(memcmp(whole.train.average, second.train.average, bytes) == 0);
  fixture_destroy(&second);
  fixture_destroy(&whole);
  if (test_context.rank == 0) (void)unlink(s.path);
}

/* A training whose patience was spent is read as finished, with the weights that were in use. */
static void reads_what_ended_early(void **state) {
  (void)state;
  rb_training_settings patient = settings;
  patient.simulations = 64;
  patient.epochs = 100;
  patient.learning_rate = 0.1;
  patient.patience = 1;
  fixture f, again;
  saver s = {.path = ""};
  name_file(&s);
  assert_all_ok(fixture_create(&test_context, &patient, &f));
  s.model = &f.model;
  assert_all_ok(rb_train(&test_context, &f.train, &f.data, save, restore, &s));
  assert_all_ok(fixture_create(&test_context, &patient, &again));
  assert_all_ok(restore(&test_context, &again.train, &s));
  assert_all_true(again.train.step == f.train.step && again.train.total_steps == f.train.step &&
                  f.train.step < 100 * f.train.steps_per_epoch);
  rb_file *file = NULL;
  rb_standardisation standardisation = {0};
  assert_all_ok(rb_product_open(&test_context, RB_PRODUCT_CHECKPOINT, s.path, &file));
  assert_all_ok(
      rb_checkpoint_read_network(&test_context, file, false, again.estimator, &standardisation));
  rb_file_close(&file);
  const rb_parameters *used = rb_estimator_parameters(f.estimator);
  assert_all_true(memcmp(used->value, rb_estimator_parameters(again.estimator)->value,
                         (size_t)used->count * sizeof(rb_real)) == 0);
  fixture_destroy(&again);
  fixture_destroy(&f);
  if (test_context.rank == 0) (void)unlink(s.path);
}

static void refuses_another_network(void **state) {
  (void)state;
  fixture f;
  saver s = {.path = ""};
  name_file(&s);
  assert_all_ok(fixture_create(&test_context, &settings, &f));
  s.model = &f.model;
  assert_all_ok(save(&test_context, &f.train, &s));
  rb_network_settings other = small_network;
  other.summary.recurrent_dim = 12;
  rb_estimator *estimator = NULL;
  assert_all_ok(
      rb_estimator_create(&test_context, &other, f.training.shape, f.model.dim, 16, &estimator));
  rb_file *file = NULL;
  assert_all_ok(rb_product_open(&test_context, RB_PRODUCT_CHECKPOINT, s.path, &file));
  rb_standardisation standardisation = {0};
  assert_all_true(rb_checkpoint_read_network(&test_context, file, false, estimator,
                                             &standardisation) == RB_ERR_FORMAT);
  rb_error_clear(&test_context);
  rb_file_close(&file);
  rb_estimator_destroy(estimator);
  fixture_destroy(&f);
  if (test_context.rank == 0) (void)unlink(s.path);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(resumes_with_the_same_bits),
                                          cmocka_unit_test(reads_what_ended_early),
                                          cmocka_unit_test(refuses_another_network)};
RB_TEST_MAIN(tests)
