#include "misfit_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/model/draw.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/parallel/partition.h"

enum { CHUNK = 16, MOST = 1000, MEASURE = 64 };

static const rb_field KIND = {"misspecification/misfit",
                              RB_STRING,
                              "misfit",
                              "1",
                              "what is measured: leading principal components of the trace, its "
                              "other directions, summaries, other settings",
                              false};
static const rb_field DISTANCE = {"misspecification/distance",
                                  RB_F64,
                                  "dataset,misfit",
                                  "1",
                                  "Mahalanobis distance from the prior predictive distribution; of "
                                  "settings: the largest log Bayes factor of other ones",
                                  false};
static const rb_field P = {"misspecification/p",
                           RB_F64,
                           "dataset,misfit",
                           "1",
                           "share of prior-predictive data sets at least as extreme",
                           false};
static const rb_field P_ALL = {
    "misspecification/p_all",
    RB_F64,
    "dataset",
    "1",
    "p-value of the smallest p, that of settings counted threefold; below "
    "0.01: misspecified",
    false};
static const rb_field FAR = {"misspecification/far",
                             RB_U8,
                             "dataset",
                             "1",
                             "1 where the trace is so far out that any number of references tells",
                             false};
static const rb_field ALTERNATIVE = {"misspecification/alternative",
                                     RB_STRING,
                                     "alternative",
                                     "1",
                                     "settings compared with the simulator's own, one changed",
                                     false};
static const rb_field LOG_BAYES = {"misspecification/log_bayes",
                                   RB_F64,
                                   "dataset,alternative",
                                   "nat",
                                   "log Bayes factor of the alternative against the own settings",
                                   false};
static const rb_field MMD = {"misspecification/mmd",
                             RB_F64,
                             "",
                             "1",
                             "maximum mean discrepancy of the summaries of the first data sets, a "
                             "tenth as many as references at most, and prior-predictive ones",
                             false};
static const rb_field MMD_NULL = {"misspecification/mmd_null",
                                  RB_F64,
                                  "null",
                                  "1",
                                  "the same for as many prior-predictive data sets",
                                  false};
static const rb_field MMD_P = {"misspecification/mmd_p",           RB_F64, "", "1",
                               "share of these at least as large", false};

void rb_misfit_study_free(rb_misfit_study *study) {
  free(study->misfit);
  *study = (rb_misfit_study){0};
}

static rb_status create_predictive(rb_context *ctx, rb_job *job, rb_prior_predictive *predictive) {
  rb_status status = RB_OK;
  RB_TRY(rb_agree(ctx, rb_model_add_alternatives(ctx, &job->model)));
  RB_TRY(rb_prior_predictive_create(ctx, &job->model, (uint64_t)job->input.seed,
                                    job->input.misspecification_simulations,
                                    rb_flow_posterior_summary_dim(&job->member[0]),
                                    rb_flow_posterior_summarise, &job->member[0], predictive));
cleanup:
  return status;
}

static void count_flagged(rb_misfit_study *study) {
  for (int64_t i = 0; i < study->count; ++i) {
    study->flagged += rb_misfit_verdict(study->misfit[i].p_all, study->misfit[i].far,
                                        study->references) == RB_VERDICT_OUTSIDE;
  }
}

rb_status rb_misfit_of_observations(rb_context *ctx, rb_job *job, int64_t count, const float *x,
                                    rb_misfit_study *study) {
  rb_status status = RB_OK;
  rb_prior_predictive predictive = {0};
  double *summary = NULL;
  *study = (rb_misfit_study){.references = job->input.misspecification_simulations};
  if (study->references == 0) return RB_OK;
  RB_TRY(create_predictive(ctx, job, &predictive));
  study->alternatives = job->model.alternatives;
  status = RB_ALLOCATE(ctx, study->misfit, count);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, summary, count * predictive.summary_dim);
  if (status == RB_OK) {
    status = rb_prior_predictive_judge(ctx, &predictive, count, x, study->misfit, summary);
  }
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(rb_prior_predictive_compare(ctx, &predictive, 1, summary, &study->mmd));
  study->count = count;
  count_flagged(study);
cleanup:
  rb_prior_predictive_destroy(&predictive);
  free(summary);
  return status;
}

/* A chunk's data sets, judged and summarised. Local. */
static rb_status judge_chunk(rb_context *ctx, rb_job *job, rb_prior_predictive *predictive,
                             rb_purpose purpose, rb_range range, double *theta, float *x,
                             rb_misfit *misfit, double *summary) {
  rb_status status = RB_OK;
  const rb_model *model = &job->model;
  const uint64_t seed = (uint64_t)job->input.seed;
  if (range.count == 0) return RB_OK;
  RB_TRY(rb_model_draw(model, ctx, seed, purpose, range.first, range.count, theta, NULL, x));
  RB_TRY(rb_prior_predictive_judge(ctx, predictive, range.count, x, misfit + range.first,
                                   summary + range.first * predictive->summary_dim));
cleanup:
  return status;
}

rb_status rb_misfit_of_test_set(rb_context *ctx, rb_job *job, rb_purpose purpose, int64_t datasets,
                                rb_misfit_study *study) {
  rb_status status = RB_OK;
  rb_prior_predictive predictive = {0};
  double *theta = NULL, *summary = NULL;
  float *x = NULL;
  const rb_model *model = &job->model;
  *study = (rb_misfit_study){.references = job->input.misspecification_simulations};
  const int64_t most = study->references < MOST ? study->references : MOST;
  const int64_t count = datasets < most ? datasets : most;
  if (study->references == 0) return RB_OK;
  RB_TRY(create_predictive(ctx, job, &predictive));
  study->alternatives = job->model.alternatives;
  status = RB_ALLOCATE(ctx, study->misfit, count);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, theta, (int64_t)CHUNK * model->dim);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, x, CHUNK * model->channels * model->length);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, summary, count * predictive.summary_dim);
  RB_TRY(rb_agree(ctx, status));
  const rb_partition partition = rb_partition_make(ctx, count, CHUNK);
  for (int64_t round = 0; round < partition.rounds && status == RB_OK; ++round) {
    status = judge_chunk(ctx, job, &predictive, purpose, rb_partition_round(&partition, round),
                         theta, x, study->misfit, summary);
  }
  RB_TRY(rb_agree(ctx, status));
  // What other ranks judged is zero here.
  MPI_Allreduce(MPI_IN_PLACE, study->misfit, (int)(count * (int64_t)(sizeof(rb_misfit) / 8)),
                MPI_DOUBLE, MPI_SUM, ctx->comm);
  MPI_Allreduce(MPI_IN_PLACE, summary, (int)(count * predictive.summary_dim), MPI_DOUBLE, MPI_SUM,
                ctx->comm);
  study->count = count;
  count_flagged(study);
  const int64_t share = study->references / RB_MMD_POOL;
  study->compared = count < share ? count : share > 0 ? share : 1;
  RB_TRY(rb_prior_predictive_compare(ctx, &predictive, study->compared, summary, &study->mmd));
cleanup:
  rb_prior_predictive_destroy(&predictive);
  free(theta);
  free(x);
  free(summary);
  return status;
}

/* The log Bayes factors of the model's alternatives, if it has any. Collective. */
static rb_status write_alternatives(rb_context *ctx, rb_file *file, const rb_misfit_study *study) {
  rb_status status = RB_OK;
  const rb_alternatives *others = study->alternatives;
  const char *names[RB_MAX_ALTERNATIVES];
  double *log_bayes = NULL;
  if (others == NULL) return RB_OK;
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, log_bayes, study->count * others->count)));
  for (int k = 0; k < others->count; ++k) names[k] = others->alternative[k].name;
  for (int64_t i = 0; i < study->count; ++i) {
    memcpy(log_bayes + i * others->count, study->misfit[i].log_bayes,
           (size_t)others->count * sizeof *log_bayes);
  }
  RB_TRY(rb_file_dimension(ctx, file, "misspecification/alternative", others->count));
  RB_TRY(rb_file_write(ctx, file, &ALTERNATIVE, names));
  RB_TRY(rb_file_write(ctx, file, &LOG_BAYES, log_bayes));
cleanup:
  free(log_bayes);
  return status;
}

rb_status rb_misfit_write(rb_context *ctx, rb_file *file, const rb_misfit_study *study) {
  rb_status status = RB_OK;
  double *distance = NULL, *p = NULL, *p_all = NULL;
  uint8_t *far = NULL;
  const char *names[RB_MISFIT_COUNT];
  if (study->count == 0) return RB_OK;
  status = RB_ALLOCATE(ctx, distance, study->count * RB_MISFIT_COUNT);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, p, study->count * RB_MISFIT_COUNT);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, p_all, study->count);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, far, study->count);
  RB_TRY(rb_agree(ctx, status));
  for (int k = 0; k < RB_MISFIT_COUNT; ++k) names[k] = rb_misfit_name((rb_misfit_kind)k);
  for (int64_t i = 0; i < study->count; ++i) {
    memcpy(distance + i * RB_MISFIT_COUNT, study->misfit[i].distance,
           sizeof study->misfit->distance);
    memcpy(p + i * RB_MISFIT_COUNT, study->misfit[i].p, sizeof study->misfit->p);
    p_all[i] = study->misfit[i].p_all;
    far[i] = study->misfit[i].far != 0;
  }
  RB_TRY(rb_file_dimension(ctx, file, "misspecification/dataset", study->count));
  RB_TRY(rb_file_dimension(ctx, file, "misspecification/misfit", RB_MISFIT_COUNT));
  RB_TRY(rb_file_dimension(ctx, file, "misspecification/null", RB_MMD_NULLS));
  RB_TRY(rb_file_write(ctx, file, &KIND, names));
  RB_TRY(rb_file_write(ctx, file, &DISTANCE, distance));
  RB_TRY(rb_file_write(ctx, file, &P, p));
  RB_TRY(rb_file_write(ctx, file, &P_ALL, p_all));
  RB_TRY(rb_file_write(ctx, file, &FAR, far));
  RB_TRY(write_alternatives(ctx, file, study));
  RB_TRY(rb_file_write(ctx, file, &MMD, &study->mmd.mmd));
  RB_TRY(rb_file_write(ctx, file, &MMD_NULL, study->mmd.null));
  RB_TRY(rb_file_write(ctx, file, &MMD_P, &study->mmd.p));
  RB_TRY(rb_file_set_int(ctx, file, "misspecification", "references", study->references));
cleanup:
  free(distance);
  free(p);
  free(p_all);
  free(far);
  return status;
}

/* What its number is: a distance, or the log Bayes factor of an alternative. */
static void name_measure(const rb_misfit_study *study, rb_misfit_kind kind, char name[MEASURE]) {
  const rb_misfit *m = &study->misfit[0];
  int best = 0;
  if (kind != RB_MISFIT_SETTINGS) {
    (void)snprintf(name, MEASURE, "distance");
    return;
  }
  for (int k = 1; k < study->alternatives->count; ++k) {
    if (m->log_bayes[k] > m->log_bayes[best]) best = k;
  }
  (void)snprintf(name, MEASURE, "log Bayes factor of %s",
                 study->alternatives->alternative[best].name);
}

void rb_misfit_print_observation(const rb_context *ctx, const rb_misfit_study *study,
                                 bool simulated) {
  static const char *const meaning[RB_MISFIT_COUNT] = {
      "the course of its trace", "the fine structure of its trace, such as noise",
      "what the network sees in it", "how much better other settings would explain it"};
  if (study->count == 0) return;
  const rb_misfit *m = &study->misfit[0];
  const rb_verdict verdict = rb_misfit_verdict(m->p_all, m->far, study->references);
  const rb_misfit_kind worst = rb_misfit_worst(m);
  char measure[MEASURE];
  name_measure(study, worst, measure);
  if (verdict == RB_VERDICT_LIKE) {
    rb_log_info(ctx, "infer      the observation is like what the simulator makes (p = %.3f)",
                m->p_all);
  } else if (verdict == RB_VERDICT_UNKNOWN) {
    const char *text =
        "whether the observation is like what the simulator makes cannot be judged by "
        "misspecification.simulations =";
    if (simulated) {  // it is
      rb_log_info(ctx, "infer      %s %" PRId64, text, study->references);
    } else {
      rb_log_warning(ctx, "%s %" PRId64 ": give at least %d", text, study->references,
                     RB_MISFIT_LEAST);
    }
  } else {
    rb_log_warning(ctx,
                   "the observation lies outside what the simulator makes (p = %.4f%s): the "
                   "posterior is not to be trusted. Most unusual is %s (%s: %s %.1f, p = %.4f)",
                   m->p_all, m->far != 0 ? ", and far outside anything simulated" : "",
                   meaning[worst], rb_misfit_name(worst), measure, m->distance[worst], m->p[worst]);
  }
}

void rb_misfit_print_test_set(const rb_context *ctx, const rb_misfit_study *study) {
  if (study->count == 0) return;
  if (rb_misfit_verdict(1, 0, study->references) == RB_VERDICT_UNKNOWN) {
    rb_log_info(ctx, "misspecification: cannot be judged by %" PRId64 " simulations (needs %d)",
                study->references, RB_MISFIT_LEAST);
    return;
  }
  rb_log_info(ctx,
              "misspecification: %" PRId64 " of %" PRId64
              " data sets of the model itself are flagged (%.1f expected); the first %" PRId64
              " together p = %.2f",
              study->flagged, study->count, RB_MISFIT_LEVEL * (double)study->count, study->compared,
              study->mmd.p);
}
