#include <gsl/gsl_statistics_float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../commands.h"
#include "../study/job.h"
#include "bench.h"
#include "bench_work.h"
#include "rheobase/base/fma_peak.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/folder.h"
#include "rheobase/model/statistics.h"
#include "rheobase/parallel/agree.h"

enum { SIMULATIONS = 4096, SAMPLED = 256, DRAWS = 100, WRITTEN = 4000, SAMPLING_BATCH = 16 };
static const double SECONDS = 4;

/* What the benchmarks share. */
typedef struct bench {
  bool json;
  double peak_gflops;  // of all ranks
  rb_input input;
  rb_model model;
  rb_view view;      // what the network sees of the model
  rb_writer writer;  // of the file that `io` writes
} bench;

static uint64_t seed_of(const bench *b) { return (uint64_t)b->input.seed; }

/* Sum of every rank's FMA peak, all ranks busy at once. Collective. */
static double measure_peak(const rb_context *ctx) {
  MPI_Barrier(ctx->comm);
  double peak = rb_fma_peak_gflops(ctx->isa, 0.3);
  MPI_Allreduce(MPI_IN_PLACE, &peak, 1, MPI_DOUBLE, MPI_SUM, ctx->comm);
  return peak;
}

static rb_status report(rb_context *ctx, bench *b, rb_bench_result result,
                        rb_bench_function function, void *work) {
  rb_bench_times times;
  result.peak_gflops = b->peak_gflops;
  const rb_status status = rb_bench_time(ctx, function, work, SECONDS, &times);
  if (status == RB_OK) rb_bench_print(ctx, b->json, &result, &times);
  return status;
}

static rb_status bench_simulate(rb_context *ctx, bench *b) {
  rb_status status = RB_OK;
  rb_share s = {0};
  RB_TRY(rb_agree(ctx, rb_share_create(ctx, &b->model, seed_of(b), SIMULATIONS * ctx->size, &s)));
  RB_TRY(report(
      ctx, b,
      (rb_bench_result){
          .what = "simulate", .amount = (double)SIMULATIONS * ctx->size, .unit = "data sets"},
      rb_share_simulate, &s));
cleanup:
  rb_share_free(&s);
  return status;
}

/* Features of data sets: the model's own, or statistics. */
typedef struct feature_work {
  rb_share data;
  rb_statistics *statistics;  // NULL: the model's own
  float *features;            // (count, features)
  double *centring;           // (count, numbers)
} feature_work;

static rb_status compute_features(rb_context *ctx, void *work) {
  feature_work *w = work;
  const rb_model *model = w->data.model;
  if (w->statistics != NULL) {
    rb_statistics_compute(ctx, w->statistics, w->data.count, w->data.x, w->features);
    return RB_OK;
  }
  return model->features->compute(model, ctx, w->data.count, w->data.x, w->features, w->centring);
}

static rb_status feature_work_create(rb_context *ctx, const bench *b, bool own, feature_work *w) {
  rb_status status = RB_OK;
  const rb_model *model = &b->model;
  int features = own ? model->features->count : 0;
  RB_TRY(rb_share_create(ctx, model, seed_of(b), SIMULATIONS * ctx->size, &w->data));
  RB_TRY(rb_share_simulate(ctx, &w->data));
  if (!own) {
    rb_channel_sums sums[RB_MAX_CHANNELS] = {{0}};
    RB_TRY(rb_statistics_create_for(ctx, model, &w->statistics));
    rb_channel_sums_add(model, w->data.count, w->data.x, sums);
    *rb_statistics_scales(w->statistics) = rb_channel_scales_of(model, sums);
    features = rb_statistics_count(w->statistics);
  }
  RB_TRY(RB_ALLOCATE(ctx, w->features, w->data.count * features));
  RB_TRY(RB_ALLOCATE(ctx, w->centring, w->data.count * (own ? model->features->centring : 0)));
cleanup:
  return status;
}

static rb_status time_features(rb_context *ctx, bench *b, bool own) {
  rb_status status = RB_OK;
  feature_work w = {0};
  RB_TRY(rb_agree(ctx, feature_work_create(ctx, b, own, &w)));
  RB_TRY(report(ctx, b,
                (rb_bench_result){.what = own ? "features" : "statistics",
                                  .amount = (double)SIMULATIONS * ctx->size,
                                  .unit = "data sets"},
                compute_features, &w));
cleanup:
  rb_share_free(&w.data);
  rb_statistics_free(w.statistics);
  free(w.features);
  free(w.centring);
  return status;
}

static rb_status bench_features(rb_context *ctx, bench *b) {
  rb_status status = RB_OK;
  if (b->model.features != NULL) RB_TRY(time_features(ctx, b, true));
  RB_TRY(time_features(ctx, b, false));
cleanup:
  return status;
}

/* Where the time of the steps went, as means over ranks and steps. */
static void print_parts(const rb_context *ctx, const bench *b, const rb_trainer *t) {
  static const char *const names[] = {
      "rest of the summary", "recurrent forward", "recurrent backward", "density", "data",
      "sum on the rank",     "allreduce",         "optimiser"};
  const double *network = rb_estimator_seconds(t->estimator);
  const double *parts = rb_training_work_seconds(t->work);
  double seconds[] = {network[RB_PART_CONV],
                      network[RB_PART_RECURRENT_FORWARD],
                      network[RB_PART_RECURRENT_BACKWARD],
                      network[RB_PART_DENSITY],
                      parts[RB_STEP_DATA],
                      parts[RB_STEP_SUM],
                      parts[RB_STEP_REDUCE],
                      parts[RB_STEP_OPTIMISER]};
  enum { PARTS = sizeof seconds / sizeof *seconds };
  MPI_Allreduce(MPI_IN_PLACE, seconds, PARTS, MPI_DOUBLE, MPI_SUM, ctx->comm);
  if (ctx->rank != 0) return;
  double total = 0;
  for (int i = 0; i < PARTS; ++i) total += seconds[i];
  for (int i = 0; i < PARTS; ++i) {
    if (!(seconds[i] > 0)) continue;  // a network without recurrent nets
    const double mean = seconds[i] / (double)(t->training.step * ctx->size);
    if (b->json) {
      (void)printf(
          ",\n {\"what\": \"train_part\", \"part\": \"%s\", \"seconds_mean\": %.6g, "
          "\"share\": %.4g}",
          names[i], mean, seconds[i] / total);
    } else {
      (void)printf("  %-20s %12.6f s per step and rank %6.1f%%\n", names[i], mean,
                   100 * seconds[i] / total);
    }
  }
}

static rb_status bench_train(rb_context *ctx, bench *b) {
  rb_status status = RB_OK;
  rb_trainer t = {.data = {.window = MPI_WIN_NULL}};
  RB_TRY(rb_trainer_create(ctx, &b->model, &b->input.network, &b->input.training, seed_of(b), &t));
  const double batch = b->input.training.batch_size;
  RB_TRY(report(ctx, b,
                (rb_bench_result){.what = "train_step",
                                  .amount = batch,
                                  .unit = "samples",
                                  .gflop = 3e-9 * batch * rb_estimator_flops(t.estimator)},
                rb_trainer_step, &t));
  print_parts(ctx, b, &t);
cleanup:
  rb_trainer_free(&t);
  return status;
}

/* Summaries and draws of this rank's share of the data sets. */
typedef struct sampler {
  rb_share data;
  rb_estimator *estimator;
  rb_posterior posterior;
  rb_real *x, *summary;  // (SAMPLING_BATCH, row) of the view, (.., summary_dim)
  float *draws;
} sampler;

/* Scales that give an untrained network inputs of the usual size. */
static rb_standardisation rough_scales(const bench *b, const rb_share *data) {
  rb_standardisation s = {.scaling = RB_SCALES_MOMENTS};
  const int64_t L = b->model.length;
  for (int d = 0; d < b->model.dim; ++d) s.theta_std[d] = 1;
  const rb_shape shape = rb_view_shape(&b->view);
  for (int k = 0; k < rb_shape_scales(shape); ++k) s.x_std[k] = k < shape.channels ? 1 : 100;
  for (int c = 0; c < shape.channels && data->count > 0; ++c) {  // those of the first data set
    const float *x = data->x + c * L;
    s.x_mean[c] = gsl_stats_float_mean(x, 1, (size_t)L);
    const double sd = sqrt(gsl_stats_float_variance_with_fixed_mean(x, 1, (size_t)L, s.x_mean[c]));
    if (sd > 0) s.x_std[c] = sd;
  }
  return s;
}

static rb_status sampler_create(rb_context *ctx, const bench *b, sampler *s) {
  rb_status status = RB_OK;
  const rb_model *model = &b->model;
  const rb_shape shape = rb_view_shape(&b->view);
  RB_TRY(rb_share_create(ctx, model, seed_of(b), SAMPLED, &s->data));
  RB_TRY(rb_share_simulate(ctx, &s->data));
  const rb_standardisation scales = rough_scales(b, &s->data);
  RB_TRY(rb_estimator_create(ctx, &b->input.network, shape, model->dim, SAMPLING_BATCH,
                             &s->estimator));
  RB_TRY(rb_estimator_initialise(ctx, s->estimator, seed_of(b), 0));
  RB_TRY(rb_flow_posterior_create(ctx, model, b->view.coordinates, s->estimator, &scales,
                                  SAMPLING_BATCH, 0, &s->posterior));
  RB_TRY(RB_ALLOCATE(ctx, s->x, SAMPLING_BATCH * rb_shape_row(shape)));
  RB_TRY(RB_ALLOCATE(ctx, s->summary,
                     (int64_t)SAMPLING_BATCH * rb_estimator_summary_dim(s->estimator)));
  RB_TRY(RB_ALLOCATE(ctx, s->draws, s->data.count * DRAWS * model->dim));
cleanup:
  return status;
}

static void sampler_destroy(sampler *s) {
  if (s->posterior.destroy != NULL) s->posterior.destroy(&s->posterior);
  rb_estimator_destroy(s->estimator);
  rb_share_free(&s->data);
  free(s->x);
  free(s->summary);
  free(s->draws);
}

static rb_status summarise(rb_context *ctx, void *work) {
  (void)ctx;
  const sampler *s = work;
  for (int64_t done = 0; done < s->data.count; done += SAMPLING_BATCH) {
    rb_estimator_summarise(s->estimator, SAMPLING_BATCH, s->x, s->summary);
  }
  return RB_OK;
}

static rb_status sample(rb_context *ctx, void *work) {
  sampler *s = work;
  return s->posterior.sample(&s->posterior, ctx, 1, RB_FOR_BENCH, s->data.first, s->data.count,
                             s->data.x, DRAWS, s->draws, NULL);
}

static rb_status bench_sampler(rb_context *ctx, bench *b, const char *what,
                               rb_bench_function function, bool count_flops) {
  rb_status status = RB_OK;
  sampler s = {0};
  RB_TRY(rb_agree(ctx, sampler_create(ctx, b, &s)));
  RB_TRY(report(ctx, b,
                (rb_bench_result){
                    .what = what,
                    .amount = SAMPLED,
                    .unit = "data sets",
                    .gflop = count_flops ? 1e-9 * SAMPLED * rb_estimator_flops(s.estimator) : 0},
                function, &s));
cleanup:
  sampler_destroy(&s);
  return status;
}

static rb_status bench_summary(rb_context *ctx, bench *b) {
  return bench_sampler(ctx, b, "summary", summarise, true);
}

static rb_status bench_sample(rb_context *ctx, bench *b) {
  return bench_sampler(ctx, b, "sample_100", sample, false);
}

static rb_status bench_io(rb_context *ctx, bench *b) {
  const bool quiet = ctx->quiet;
  ctx->quiet = true;
  const double megabytes = 1e-6 * rb_writer_bytes(&b->writer);
  const rb_status status =
      report(ctx, b, (rb_bench_result){.what = "write", .amount = megabytes, .unit = "MB"},
             rb_writer_write, &b->writer);
  ctx->quiet = quiet;
  if (ctx->rank == 0) (void)unlink(b->writer.path);
  return status;
}

typedef struct buffer {
  int64_t count;
  int64_t *value;
} buffer;

static rb_status allreduce(rb_context *ctx, void *work) {
  const buffer *u = work;
  MPI_Allreduce(MPI_IN_PLACE, u->value, (int)u->count, MPI_INT64_T, MPI_SUM, ctx->comm);
  return RB_OK;
}

static rb_status bench_allreduce(rb_context *ctx, bench *b) {
  rb_status status = RB_OK;
  rb_estimator *estimator = NULL;
  buffer u = {0, NULL};
  RB_TRY(rb_agree(ctx, rb_estimator_create(ctx, &b->input.network, rb_view_shape(&b->view),
                                           b->model.dim, 1, &estimator)));
  u.count = rb_estimator_parameters(estimator)->count;
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, u.value, u.count)));
  RB_TRY(
      report(ctx, b,
             (rb_bench_result){.what = "allreduce", .amount = 8e-6 * (double)u.count, .unit = "MB"},
             allreduce, &u));
cleanup:
  rb_estimator_destroy(estimator);
  free(u.value);
  return status;
}

static const struct benchmark {
  const char *name;
  rb_status (*run)(rb_context *ctx, bench *b);
} benchmarks[] = {{"simulate", bench_simulate},  {"features", bench_features},
                  {"train", bench_train},        {"summary", bench_summary},
                  {"sample", bench_sample},      {"io", bench_io},
                  {"allreduce", bench_allreduce}};
enum { BENCHMARKS = sizeof benchmarks / sizeof *benchmarks };

/* Reads the operands [WHAT] [INPUT]: `what` is NULL for all. */
static rb_status read_operands(rb_context *ctx, const rb_arguments *arguments, const char **what,
                               rb_arguments *rest) {
  *rest = *arguments;
  *what = NULL;
  if (arguments->inputs == 0) return RB_OK;
  const char *first = arguments->input[0];
  bool known = strcmp(first, "all") == 0;
  for (int i = 0; i < BENCHMARKS; ++i) {
    if (strcmp(first, benchmarks[i].name) == 0) {
      known = true;
      *what = first;
    }
  }
  if (known) {
    rest->inputs -= 1;
    rest->input[0] = arguments->inputs > 1 ? arguments->input[1] : NULL;
  } else if (arguments->inputs > 1) {
    return RB_FAIL(
        ctx, RB_ERR_USAGE,
        "bench %s: unknown; use simulate, features, train, summary, sample, io, allreduce or "
        "all",
        first);
  }
  return RB_OK;
}

rb_status rb_cmd_bench(rb_context *ctx, const rb_arguments *arguments) {
  rb_status status = RB_OK;
  bench b = {.json = arguments->json};
  const char *what = NULL;
  int made = 0;
  bool begun = false;
  rb_arguments *rest = NULL;
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, rest, 1)));
  RB_TRY(read_operands(ctx, arguments, &what, rest));
  RB_TRY(rb_input_read(ctx, rest, &b.input));
  RB_TRY(rb_input_model(ctx, &b.input, &b.model));
  b.view = (rb_view){&b.model, b.input.network.summary.type, b.input.training.coordinates};
  RB_TRY(rb_agree(ctx, rb_model_add_features(ctx, &b.model)));
  RB_TRY(rb_agree(ctx, rb_view_check(ctx, &b.view)));
  b.writer = (rb_writer){.model = &b.model, .datasets = WRITTEN};
  (void)snprintf(b.writer.path, sizeof b.writer.path, "%s/rheobase_bench.h5",
                 arguments->output != NULL ? arguments->output : ".");
  b.peak_gflops = measure_peak(ctx);
  if (arguments->output != NULL) {
    RB_TRY(rb_agree(ctx, ctx->rank == 0 ? rb_folder_make(ctx, arguments->output, &made) : RB_OK));
  }
  rb_bench_print_head(ctx, b.json, b.peak_gflops);
  begun = true;
  for (int i = 0; i < BENCHMARKS; ++i) {
    if (what == NULL || strcmp(what, benchmarks[i].name) == 0) {
      RB_TRY(benchmarks[i].run(ctx, &b));
    }
  }
cleanup:
  if (begun) rb_bench_print_end(ctx, b.json);
  if (arguments->output != NULL) rb_folder_unmake(arguments->output, made);
  if (b.model.destroy != NULL) b.model.destroy(&b.model);
  rb_input_free(&b.input);
  free(rest);
  return status;
}
