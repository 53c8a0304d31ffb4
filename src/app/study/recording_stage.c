#include <math.h>
#include <stdio.h>
#include <string.h>

#include "draws.h"
#include "job.h"
#include "recording_data.h"
#include "rheobase/analysis/recording_prediction.h"
#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/hdf5_file.h"
#include "rheobase/parallel/agree.h"
#include "stage_file.h"

/* `predict --recording FILE`: what the posterior's draws predict of sweeps, and how well. */

/* Numbers of the recording itself, and of its sweeps. */
static const rb_prediction_score of_recording[] = {RB_SCORE_RATE, RB_SCORE_CV, RB_SCORE_SHORTEST};
enum { OF_RECORDING = sizeof of_recording / sizeof *of_recording, PATH = 96, DIGEST_SIZE = 17 };

typedef struct study {
  const rb_job *job;
  const char *path;  // of the recording
  rb_recorded recording;
  int64_t sweeps, *chosen;  // numbers of those that are predicted
  int64_t draws;
  double *theta;              // (draws, D)
  double level;               // of runs without noise
  rb_prediction *prediction;  // (sweeps)
  rb_repeats *repeats;        // (sweeps)
  int64_t findings;
  char (*finding)[RB_FINDING];  // (findings)
} study;

static void free_study(study *s) {
  for (int64_t k = 0; k < s->sweeps && s->prediction != NULL; ++k) {
    rb_prediction_free(&s->prediction[k]);
  }
  rb_recorded_free(&s->recording);
  free(s->chosen);
  free(s->theta);
  free(s->prediction);
  free(s->repeats);
  free(s->finding);
}

rb_status rb_check_recording(rb_context *ctx, const rb_job *job) {
  const rb_model *model = &job->model;
  if (job->arguments->recordings > 1) {
    return RB_FAIL(ctx, RB_ERR_USAGE, "predict takes one --recording FILE; its sweeps may be many");
  }
  if (model->predictor != NULL) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_SETTING,
                 "model \"%s\" predicts no recordings: it does not say which stimulus it is given",
                 model->name);
}

/* What rank 0 keeps of all sweeps, and needs for the longest, or before that for the level; the
 * others keep nothing. Local. */
static rb_status check_memory(rb_context *ctx, const study *s) {
  if (ctx->rank != 0) return RB_OK;
  const int64_t draws = s->job->input.predictive_replicates;
  const double available = rb_memory_per_rank(ctx) * ctx->node_size;
  int64_t total = 0, longest = 0;
  for (int64_t k = 0; k < s->sweeps; ++k) {
    const int64_t steps = s->recording.sweep[s->chosen[k]].steps.steps;
    total += steps;
    longest = steps > longest ? steps : longest;
  }
  const double bytes =
      fmax(rb_prediction_bytes(draws, total, longest), rb_prediction_level_bytes(&s->job->model));
  if (bytes <= available) return RB_OK;
  return RB_FAIL(
      ctx, RB_ERR_MEMORY,
      "predictive.replicates = %lld needs %.3g GB of memory for sweeps of %lld steps "
      "together, and there are %.3g GB: lower it, or predict fewer at once with --sweeps",
      (long long)draws, bytes / 1e9, (long long)total, available / 1e9);
}

/* Which sweeps, all of which have to fit the model. Local. */
static rb_status choose(rb_context *ctx, study *s) {
  rb_status status = RB_OK;
  const char *list = s->job->arguments->recording.sweeps;
  s->sweeps = s->recording.sweeps;
  RB_TRY(RB_ALLOCATE(ctx, s->chosen, s->sweeps));
  for (int64_t k = 0; k < s->sweeps; ++k) s->chosen[k] = k;
  if (list != NULL) RB_TRY(rb_sweep_list(ctx, list, s->recording.sweeps, s->chosen, &s->sweeps));
  for (int64_t k = 0; k < s->sweeps; ++k) {
    RB_TRY(rb_recording_fits(ctx, &s->job->model, s->path, &s->recording.sweep[s->chosen[k]]));
  }
  RB_TRY(check_memory(ctx, s));
cleanup:
  return status;
}

/* Draws of the posterior that are far apart, and that the simulator accepts. Local. */
static rb_status take_draws(rb_context *ctx, study *s) {
  rb_status status = RB_OK;
  const rb_model *model = &s->job->model;
  const int64_t wanted = s->job->input.predictive_replicates;
  float *draws = NULL;
  int64_t count = 0;
  const rb_product product = rb_stage_predicts_from(&s->job->input);
  RB_TRY(rb_stage_read_draws(ctx, s->job, product, &count, &draws));
  RB_TRY(RB_ALLOCATE(ctx, s->theta, wanted * model->dim));
  s->draws = rb_draws_pick(model, count, draws, wanted, s->theta);
  if (s->draws == 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "the simulator refuses all draws of %s",
                   rb_products[product].file));
  }
cleanup:
  free(draws);
  return status;
}

/* Warns of exact draws that refine itself does not trust. Local. */
static rb_status check_reliable(rb_context *ctx, const study *s) {
  rb_status status = RB_OK;
  double reliable = 1;
  rb_file *file = NULL;
  char path[RB_JOB_PATH];
  if (rb_stage_predicts_from(&s->job->input) != RB_PRODUCT_EXACT) return RB_OK;
  rb_job_product_path(s->job, RB_PRODUCT_EXACT, path);
  RB_TRY(rb_product_open_one(ctx, RB_PRODUCT_EXACT, path, &file));
  RB_TRY(rb_file_read(ctx, file, "observation/reliable", RB_F64, true, 0, NULL, &reliable));
  if (reliable == 0) {
    rb_log_warning(ctx,
                   "%s is not reliable: its draws, and what they predict, may be wrong; raise "
                   "exact.draws or exact.long_steps",
                   path);
  }
cleanup:
  rb_file_close(&file);
  return status;
}

/* The level of runs without noise of a neuron that draws its spikes, by the observation the
 * posterior is of. Local. */
static rb_status find_level(rb_context *ctx, study *s) {
  rb_status status = RB_OK;
  const rb_model *model = &s->job->model;
  float *x = NULL;
  rb_file *file = NULL;
  char path[RB_JOB_PATH];
  if (!model->predictor->drawn) return RB_OK;
  RB_TRY(RB_ALLOCATE(ctx, x, model->channels * model->length));
  rb_job_product_path(s->job, RB_PRODUCT_POSTERIOR, path);
  RB_TRY(rb_product_open_one(ctx, RB_PRODUCT_POSTERIOR, path, &file));
  RB_TRY(rb_stage_read_observation(ctx, file, model, x));
  RB_TRY(rb_prediction_level(ctx, model, x, s->draws, s->theta, &s->level));
cleanup:
  rb_file_close(&file);
  free(x);
  return status;
}

static rb_status add_findings(rb_context *ctx, study *s, int64_t k) {
  rb_status status = RB_OK;
  char text[RB_FINDINGS][RB_FINDING];
  int count = 0;
  RB_TRY(rb_prediction_findings(ctx, &s->prediction[k], &s->repeats[k], text, &count));
  for (int i = 0; i < count; ++i) {
    (void)snprintf(s->finding[s->findings++], RB_FINDING, "Sweep %lld: %.380s",
                   (long long)s->chosen[k], text[i]);
  }
cleanup:
  return status;
}

/* Rank 0 alone. Local. */
static rb_status compute(rb_context *ctx, study *s) {
  rb_status status = RB_OK;
  const rb_job *job = s->job;
  if (ctx->rank != 0) return RB_OK;
  RB_TRY(take_draws(ctx, s));
  RB_TRY(check_reliable(ctx, s));
  RB_TRY(find_level(ctx, s));
  RB_TRY(RB_ALLOCATE(ctx, s->prediction, s->sweeps));
  RB_TRY(RB_ALLOCATE(ctx, s->repeats, s->sweeps));
  RB_TRY(RB_ALLOCATE(ctx, s->finding, s->sweeps * RB_FINDINGS));
  for (int64_t k = 0; k < s->sweeps; ++k) {
    RB_TRY(rb_prediction_create(ctx, &job->model, (uint64_t)job->input.seed, s->chosen[k],
                                &s->recording.sweep[s->chosen[k]], s->draws, s->theta, s->level,
                                &s->prediction[k]));
    RB_TRY(
        rb_prediction_repeats(ctx, &s->recording, s->chosen[k], &s->prediction[k], &s->repeats[k]));
    RB_TRY(add_findings(ctx, s, k));
  }
cleanup:
  return status;
}

/* An array with a number for each sweep, or for each sweep and draw. @param value of them; NULL on
 * ranks other than 0 */
static rb_status write_array(rb_context *ctx, rb_file *file, const char *name, const char *dims,
                             const rb_quantity *q, const double *value) {
  return rb_file_write(ctx, file, &(rb_field){name, RB_F64, dims, q->unit, q->description, false},
                       value);
}

static rb_status write_scores(rb_context *ctx, rb_file *file, const study *s, double *value) {
  rb_status status = RB_OK;
  const bool here = ctx->rank == 0;
  for (int q = 0; q < RB_SCORES; ++q) {
    for (int64_t k = 0; here && k < s->sweeps; ++k) {
      memcpy(value + k * s->draws, s->prediction[k].score + q * s->draws,
             (size_t)s->draws * sizeof *value);
    }
    const rb_quantity *score = &rb_prediction_scores[q];
    RB_TRY(write_array(ctx, file, score->name, "sweep,draw", score, value));
  }
cleanup:
  return status;
}

/* Numbers of the recording, and of its repeats. @param value room for a number of each sweep */
static rb_status write_observed(rb_context *ctx, rb_file *file, const study *s, double *value) {
  static const rb_quantity repeats[] = {
      {"repeats", "1", "sweeps with the same current, this one among them"},
      {"reliability", "1", "mean coincidence factor of one repeat with another"},
      {"md_star", "1", "Md* of the runs and the repeats, +-4 ms"}};
  rb_status status = RB_OK;
  const bool here = ctx->rank == 0;
  for (int q = 0; q < OF_RECORDING; ++q) {
    const rb_quantity *score = &rb_prediction_scores[of_recording[q]];
    char name[PATH];
    (void)snprintf(name, sizeof name, "recorded_%s", score->name);
    for (int64_t k = 0; here && k < s->sweeps; ++k) {
      value[k] = s->prediction[k].observed[of_recording[q]];
    }
    RB_TRY(write_array(ctx, file, name, "sweep",
                       &(rb_quantity){name, score->unit, "the same of the recording"}, value));
  }
  for (int q = 0; q < 3; ++q) {
    for (int64_t k = 0; here && k < s->sweeps; ++k) {
      const rb_repeats *r = &s->repeats[k];
      value[k] = q == 0 ? (double)r->count : q == 1 ? r->reliability : r->md_star;
    }
    RB_TRY(write_array(ctx, file, repeats[q].name, "sweep", &repeats[q], value));
  }
cleanup:
  return status;
}

/* The traces of one sweep, in a group of its own. */
static rb_status write_sweep(rb_context *ctx, rb_file *file, const study *s, int64_t k) {
  static const struct {
    rb_field field;
    const char *from;  // of the recording
    int band;
  } traces[] = {
      {{"time_ms", RB_F64, "time_ms", "ms", "time since the start of the sweep", false},
       "time_ms",
       0},
      {{"voltage_mV", RB_F64, "time_ms", "mV", "recorded potential", true}, "voltage_mV", 0},
      {{"spike", RB_F64, "time_ms", "1", "1 where a spike was recorded", true}, "spike", 0},
      {{"low", RB_F32, "time_ms", "mV",
        "5% quantile over draws of the predicted potential, with the recorded spikes", true},
       NULL,
       0},
      {{"median", RB_F32, "time_ms", "mV", "median of the same", true}, NULL, 1},
      {{"high", RB_F32, "time_ms", "mV", "95% quantile of the same", true}, NULL, 2}};
  rb_status status = RB_OK;
  const rb_recorded_sweep *sweep = &s->recording.sweep[s->chosen[k]];
  double *values = NULL;
  char path[PATH];
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, values, sweep->steps.steps)));
  (void)snprintf(path, sizeof path, "sweeps/%04lld/time_ms", (long long)k);
  RB_TRY(rb_file_dimension(ctx, file, path, sweep->steps.steps));
  for (size_t t = 0; t < sizeof traces / sizeof *traces; ++t) {
    rb_field field = traces[t].field;
    const void *data = values;
    (void)snprintf(path, sizeof path, "sweeps/%04lld/%s", (long long)k, field.path);
    field.path = path;
    if (traces[t].from != NULL) {
      (void)rb_recorded_array(sweep, traces[t].from, values);
    } else if (ctx->rank == 0) {
      data = s->prediction[k].band[traces[t].band];
    }
    RB_TRY(rb_file_write(ctx, file, &field, data));
  }
  (void)snprintf(path, sizeof path, "sweeps/%04lld/runs", (long long)k);
  const rb_field runs = {path, RB_U8, "draw,time_ms", "1", "1 where the run of a draw has a spike",
                         true};
  RB_TRY(rb_file_write(ctx, file, &runs, ctx->rank == 0 ? s->prediction[k].spike : NULL));
cleanup:
  free(values);
  return status;
}

static const rb_field RECORDING = {
    "recording/file", RB_STRING, "", "1", "file of the recording as it was given", false};
static const rb_field DIGEST = {
    "recording/digest", RB_STRING, "", "1", "digest of its bytes (FNV-1a)", false};
static const rb_field SWEEP = {
    "sweep", RB_I64, "sweep", "1", "number of the sweep in the recording", false};
static const rb_field THETA = {
    "theta", RB_F64, "draw,parameter", "parameter's unit", "posterior draws that were used", false};
static const rb_field FINDING = {
    "finding", RB_STRING, "finding", "1", "what speaks against the model, in words", false};

/* Which recording it is. */
static rb_status write_source(rb_context *ctx, rb_file *file, const study *s) {
  rb_status status = RB_OK;
  uint64_t digest = 0;
  char text[DIGEST_SIZE];
  RB_TRY(rb_study_hash_file(ctx, s->path, &digest));
  (void)snprintf(text, sizeof text, "%016llx", (unsigned long long)digest);
  RB_TRY(rb_file_write(ctx, file, &RECORDING, &(const char *){s->path}));
  RB_TRY(rb_file_write(ctx, file, &DIGEST, &(const char *){text}));
cleanup:
  return status;
}

static rb_status write(rb_context *ctx, rb_file *file, study *s) {
  rb_status status = RB_OK;
  int64_t sizes[2] = {s->draws, s->findings};
  double *value = NULL;
  const char **text = NULL;
  MPI_Bcast(sizes, 2, MPI_INT64_T, 0, ctx->comm);
  s->draws = sizes[0];
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, value, s->sweeps * s->draws)));
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, text, sizes[1])));
  for (int64_t i = 0; ctx->rank == 0 && i < sizes[1]; ++i) text[i] = s->finding[i];
  RB_TRY(rb_parameters_write(ctx, file, &s->job->model));
  RB_TRY(rb_file_dimension(ctx, file, "sweep", s->sweeps));
  RB_TRY(rb_file_dimension(ctx, file, "draw", s->draws));
  RB_TRY(rb_file_dimension(ctx, file, "finding", sizes[1]));
  RB_TRY(write_source(ctx, file, s));
  RB_TRY(rb_file_write(ctx, file, &SWEEP, s->chosen));
  RB_TRY(rb_file_write(ctx, file, &THETA, s->theta));
  RB_TRY(rb_file_write(ctx, file, &FINDING, text));
  RB_TRY(write_scores(ctx, file, s, value));
  RB_TRY(write_observed(ctx, file, s, value));
  for (int64_t k = 0; k < s->sweeps; ++k) RB_TRY(write_sweep(ctx, file, s, k));
cleanup:
  free(value);
  free(text);
  return status;
}

/* Mean and interval of a score, "0.86 (0.80 to 0.91)". */
static void format_score(rb_context *ctx, const rb_prediction *p, rb_prediction_score score,
                         size_t size, char *text) {
  double n[RB_SCORE_NUMBERS] = {NAN, NAN, NAN};
  if (rb_prediction_summary(ctx, p, score, n) != RB_OK) rb_error_clear(ctx);
  (void)snprintf(text, size, isfinite(n[0]) ? "%.3g (%.3g to %.3g)" : "-", n[0], n[1], n[2]);
}

static void print(rb_context *ctx, const study *s) {
  static const rb_prediction_score shown[] = {RB_SCORE_GAMMA, RB_SCORE_GAMMA_NOISELESS,
                                              RB_SCORE_BITS, RB_SCORE_RMSE, RB_SCORE_EXPLAINED};
  if (ctx->rank != 0) return;
  for (int64_t k = 0; k < s->sweeps; ++k) {
    char repeats[64] = "no repeats";
    if (s->repeats[k].count > 1) {
      (void)snprintf(repeats, sizeof repeats, "reliability %.3g of %lld repeats",
                     s->repeats[k].reliability, (long long)s->repeats[k].count);
    }
    rb_log_info(ctx, "predict    sweep %lld of %s: %lld draws, %s", (long long)s->chosen[k],
                s->path, (long long)s->draws, repeats);
    for (size_t q = 0; q < sizeof shown / sizeof *shown; ++q) {
      char text[96];
      format_score(ctx, &s->prediction[k], shown[q], sizeof text, text);
      rb_log_info(
          ctx, "predict    %-16s %s %s", rb_prediction_scores[shown[q]].name, text,
          rb_prediction_scores[shown[q]].unit[0] != '1' ? rb_prediction_scores[shown[q]].unit : "");
    }
  }
  for (int64_t i = 0; i < s->findings; ++i) rb_log_warning(ctx, "%s", s->finding[i]);
}

rb_status rb_stage_predict_recording(rb_context *ctx, rb_job *job, const char *path) {
  rb_status status = RB_OK;
  rb_file *out = NULL;
  bool told = false;
  study s = {.job = job, .path = job->arguments->recorded[0]};
  RB_TRY(rb_recorded_read(ctx, s.path, NULL, &s.recording));
  RB_TRY(rb_agree(ctx, choose(ctx, &s)));
  for (int64_t k = 0; k < s.sweeps && !told; ++k) {
    told = rb_recording_compare_mask(ctx, &job->model, s.path, &s.recording.sweep[s.chosen[k]]);
  }
  RB_TRY(rb_agree(ctx, compute(ctx, &s)));
  RB_TRY(rb_product_create(ctx, RB_PRODUCT_PREDICTION, path, &out));
  RB_TRY(write(ctx, out, &s));
  RB_TRY(rb_stage_file_commit(ctx, job, &out));
  print(ctx, &s);
cleanup:
  rb_file_abort(ctx, &out);
  free_study(&s);
  return status;
}
