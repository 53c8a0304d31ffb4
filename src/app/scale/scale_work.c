#include <stdio.h>
#include <unistd.h>

#include "../bench/bench_work.h"
#include "rheobase/analysis/calibration.h"
#include "rheobase/base/memory.h"
#include "rheobase/inference/simulations.h"
#include "rheobase/parallel/agree.h"
#include "scale_task.h"

enum { SAMPLING_BATCH = 16 };

/* A calibration of one test set by a network with its first weights. */
typedef struct calibrator {
  rb_estimator *estimator;
  rb_posterior posterior;
} calibrator;

union rb_scale_state {
  rb_share share;
  rb_trainer trainer;
  calibrator calibrator;
  rb_writer writer;
};

static uint64_t seed_of(const rb_scale_work *work) { return (uint64_t)work->job->input.seed; }

/* Data sets that go in chunks of at most, and pieces of at least, so many. */
static rb_scaling_load dealt(int64_t size, int64_t most, int64_t least) {
  const int64_t chunks = (size + most - 1) / most;
  return (rb_scaling_load){.chunks = chunks,
                           .divisible = most / least,
                           .chunk_cost = (double)size / (double)chunks,
                           .serial_cost = 1};
}

static rb_status simulate(rb_context *ctx, void *work) {
  return rb_share_simulate(ctx, &((rb_scale_work *)work)->state->share);
}

static rb_status create_simulate(rb_context *ctx, rb_scale_work *work) {
  const int64_t size = work->task.size;
  work->repeat = simulate;
  work->load = dealt(size, RB_SIMULATIONS_MOST, RB_SIMULATIONS_LEAST);
  return rb_agree(
      ctx, rb_share_create(ctx, &work->job->model, seed_of(work), size, &work->state->share));
}

static rb_status train(rb_context *ctx, void *work) {
  return rb_trainer_step(ctx, &((rb_scale_work *)work)->state->trainer);
}

static rb_status create_train(rb_context *ctx, rb_scale_work *work) {
  rb_status status = RB_OK;
  const rb_scale_task *task = &work->task;
  rb_trainer *trainer = &work->state->trainer;
  rb_training_settings settings = work->job->input.training;
  settings.batch_size = (int)task->size;
  settings.micro_batch = (int)task->chunk;
  settings.mode = RB_OFFLINE;
  work->repeat = train;
  RB_TRY(
      rb_trainer_create(ctx, &work->job->model, &task->network, &settings, seed_of(work), trainer));
  const double weights = (double)rb_estimator_parameters(trainer->estimator)->count;
  // A training step is three forward passes; a short last micro-batch is padded.
  work->load = (rb_scaling_load){
      .chunks = (task->size + task->chunk - 1) / task->chunk,
      .divisible = 1,
      .chunk_cost = 3 * (double)task->chunk * rb_estimator_flops(trainer->estimator),
      .serial_cost = weights,
      .reduced_bytes = weights * sizeof(int64_t)};
cleanup:
  return status;
}

static rb_status create_posterior(rb_context *ctx, rb_scale_work *work) {
  rb_status status = RB_OK;
  const rb_job *job = work->job;
  calibrator *c = &work->state->calibrator;
  const rb_view view = rb_job_view(job);
  const rb_shape shape = rb_view_shape(&view);
  rb_standardisation unit = {.scaling = RB_SCALES_MOMENTS};
  for (int d = 0; d < job->model.dim; ++d) unit.theta_std[d] = 1;
  for (int i = 0; i < rb_shape_scales(shape); ++i) unit.x_std[i] = 10;
  RB_TRY(rb_estimator_create(ctx, &work->task.network, shape, job->model.dim, SAMPLING_BATCH,
                             &c->estimator));
  RB_TRY(rb_estimator_initialise(ctx, c->estimator, seed_of(work), 0));
  RB_TRY(rb_flow_posterior_create(ctx, &job->model, job->input.training.coordinates, c->estimator,
                                  &unit, SAMPLING_BATCH, 0, &c->posterior));
cleanup:
  return status;
}

/* Streams the test set and sums it up, as `calibrate` does, but for the file. Collective. */
static rb_status calibrate(rb_context *ctx, void *argument) {
  rb_status status = RB_OK;
  const rb_scale_work *work = argument;
  rb_posterior *posterior = &work->state->calibrator.posterior;
  const rb_calibration_settings *settings = &work->job->input.calibration;
  const rb_test_set set = {"scale", RB_FOR_BENCH, work->task.size, settings->sbc_draws};
  rb_test_loop *loop = NULL;
  rb_records records = {0};
  rb_calibration result = {0};
  RB_TRY(rb_test_loop_create(ctx, posterior, seed_of(work), &set, work->task.chunk, &loop));
  RB_TRY(rb_agree(ctx, rb_test_loop_records(ctx, loop, false, &records)));
  while (records.done < set.datasets) RB_TRY(rb_test_loop_round(ctx, loop, &records));
  RB_TRY(rb_calibration_compute(ctx, &records, seed_of(work), set.purpose, posterior,
                                settings->bins, &result));
cleanup:
  rb_calibration_free(&result);
  rb_records_free(&records);
  rb_test_loop_destroy(loop);
  return status;
}

static rb_status create_calibrate(rb_context *ctx, rb_scale_work *work) {
  const rb_scale_task *task = &work->task;
  work->repeat = calibrate;
  work->load = (rb_scaling_load){.chunks = (task->size + task->chunk - 1) / task->chunk,
                                 .divisible = 1,
                                 .chunk_cost = (double)task->chunk,
                                 .serial_cost = 1};
  return rb_agree(ctx, create_posterior(ctx, work));
}

static rb_status write_file(rb_context *ctx, void *work) {
  return rb_writer_write(ctx, &((rb_scale_work *)work)->state->writer);
}

static rb_status create_io(rb_context *ctx, rb_scale_work *work) {
  (void)ctx;
  const int64_t size = work->task.size;
  rb_writer *writer = &work->state->writer;
  *writer = (rb_writer){.model = &work->job->model, .datasets = size};
  (void)snprintf(writer->path, sizeof writer->path, "%s/scaling_io.h5", work->job->study.folder);
  work->repeat = write_file;
  work->load = dealt(size, RB_SIMULATIONS_MOST, RB_SIMULATIONS_LEAST);
  work->load.written_bytes = rb_writer_bytes(writer);
  return RB_OK;
}

static rb_status fit_baseline(rb_context *ctx, void *argument) {
  const rb_scale_work *work = argument;
  rb_baseline_settings settings = work->job->input.baseline;
  settings.simulations = work->task.size;
  settings.validation = work->job->input.training.validation;
  rb_baseline *baseline = NULL;
  const rb_status status =
      rb_baseline_fit(ctx, &work->job->model, &settings, seed_of(work), &baseline);
  rb_baseline_destroy(baseline);
  return status;
}

static rb_status create_baseline(rb_context *ctx, rb_scale_work *work) {
  (void)ctx;
  work->repeat = fit_baseline;
  work->load = dealt(work->task.size, RB_BASELINE_MOST_ROWS, RB_BASELINE_LEAST_ROWS);
  return RB_OK;
}

rb_status rb_scale_work_create(rb_context *ctx, const rb_job *job, const rb_scale_task *task,
                               rb_scale_work *work) {
  static rb_status (*const create[RB_SCALE_WORKS])(rb_context *, rb_scale_work *) = {
      create_simulate, create_train, create_calibrate, create_io, create_baseline};
  *work = (rb_scale_work){.job = job, .task = *task};
  const rb_status status = rb_agree(ctx, RB_ALLOCATE(ctx, work->state, 1));
  return status == RB_OK ? create[task->work](ctx, work) : status;
}

void rb_scale_work_free(rb_context *ctx, rb_scale_work *work) {
  if (work->state == NULL) return;
  calibrator *c = &work->state->calibrator;
  switch (work->task.work) {
    case RB_SCALE_SIMULATE:
      rb_share_free(&work->state->share);
      break;
    case RB_SCALE_TRAIN:
      rb_trainer_free(&work->state->trainer);
      break;
    case RB_SCALE_CALIBRATE:
      if (c->posterior.destroy != NULL) c->posterior.destroy(&c->posterior);
      rb_estimator_destroy(c->estimator);
      break;
    case RB_SCALE_IO:
      if (ctx->rank == 0) (void)unlink(work->state->writer.path);
      break;
    default:
      break;
  }
  free(work->state);
  work->state = NULL;
}
