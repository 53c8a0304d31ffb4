#include <stdio.h>
#include <unistd.h>

#include "job.h"
#include "misfit_file.h"
#include "rheobase/analysis/block_worth.h"
#include "rheobase/analysis/calibration_file.h"
#include "rheobase/analysis/ranks.h"
#include "rheobase/base/log.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/report/calibration_table.h"
#include "rheobase/report/comparison_table.h"
#include "rheobase/report/ensemble_table.h"
#include "stage_file.h"

/* What is told of the posterior of a study besides its test sets, but not of an ensemble's members
 * or the baseline. */
typedef struct extras {
  const rb_misfit_study *misfit;
  rb_posterior *network;  // whose blocks of features are looked at
} extras;

/* Work that is stopped within it begins again. */
static rb_status write_beside(rb_context *ctx, const rb_job *job, const extras *beside,
                              const rb_calibration_study *study, rb_file *file) {
  rb_status status = RB_OK;
  rb_block_worth worth;
  if (beside == NULL) return RB_OK;
  RB_TRY(rb_misfit_write(ctx, file, beside->misfit));
  RB_TRY(rb_block_worth_measure(ctx, beside->network, (uint64_t)job->input.seed, &study->set[0],
                                &study->records[0], &worth));
  RB_TRY(rb_block_worth_write(ctx, file, &worth));
cleanup:
  return status;
}

static rb_status write_file(rb_context *ctx, const rb_job *job, const rb_posterior *posterior,
                            const rb_calibration_study *study, const extras *beside,
                            const char *path) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  rb_calibration result = {0};
  RB_TRY(rb_product_create(ctx, RB_PRODUCT_CALIBRATION, path, &file));
  RB_TRY(rb_calibration_write_axes(ctx, file, posterior));
  for (int k = 0; k < RB_TEST_SETS; ++k) {
    const rb_test_set *set = &study->set[k];
    RB_TRY(rb_calibration_compute(ctx, &study->records[k], (uint64_t)job->input.seed, set->purpose,
                                  posterior, job->input.calibration.bins, &result));
    RB_TRY(rb_calibration_write(ctx, file, set, &study->records[k], &result));
    rb_calibration_free(&result);
  }
  RB_TRY(write_beside(ctx, job, beside, study, file));
  RB_TRY(rb_stage_file_commit(ctx, job, &file));
cleanup:
  rb_file_abort(ctx, &file);
  rb_calibration_free(&result);
  return status;
}

/* Summing up that failed, or was stopped, loses nothing but the sums. Collective. @return status,
 * with the reason recorded for it */
static rb_status keep(rb_context *ctx, const rb_job *job, const char *partial,
                      const rb_calibration_study *study, rb_status status) {
  const rb_error reason = ctx->error;
  rb_error_clear(ctx);
  const rb_status kept = rb_partial_write(ctx, partial, rb_recipe_digest(&job->recipe),
                                          RB_TEST_SETS, study->set, study->records);
  if (status == RB_STOPPED) {
    if (kept != RB_OK) return kept;
    return RB_FAIL(ctx, RB_STOPPED, "stopped by a signal while summing up; start again to go on");
  }
  ctx->error = reason;
  return status;
}

/* Says when a histogram's bins hold unequal numbers of ranks. */
static void explain_bins(const rb_context *ctx, const rb_calibration_settings *settings) {
  const int64_t draws = settings->sbc_draws;
  const int bins =
      settings->bins > 0 ? settings->bins : rb_rank_bins(settings->sbc_datasets, draws);
  if ((draws + 1) % bins == 0) return;
  rb_log_info(ctx,
              "calibrate  %d bins cannot share %lld ranks evenly: histogram/* allows for it, the "
              "notebook's histogram favours a bin; sbc_draws = %lld would be better",
              bins, (long long)draws + 1, (long long)(draws + 1) / bins * bins - 1);
}

/* Streams a posterior through the test sets into `path`; `partial` holds unfinished work. */
static rb_status calibrate(rb_context *ctx, rb_job *job, rb_posterior *posterior,
                           const char *partial_file, const extras *beside, const char *path) {
  rb_status status = RB_OK;
  rb_calibration_study study = {0};
  char partial[RB_JOB_PATH];
  rb_job_path(job, partial_file, partial);
  RB_TRY(rb_calibration_collect(ctx, posterior, (uint64_t)job->input.seed, &job->input.calibration,
                                partial, rb_recipe_digest(&job->recipe), &study));
  status = rb_agree(ctx, write_file(ctx, job, posterior, &study, beside, path));
  if (status != RB_OK) status = keep(ctx, job, partial, &study, status);
  RB_TRY(status);
  if (ctx->rank == 0) (void)unlink(partial);
cleanup:
  rb_calibration_study_free(&study);
  return status;
}

/* The network, or the mixture of an ensemble; it also tells whether the data sets are ordinary, and
 * what the network, of an ensemble the first, makes of its features. */
static rb_status calibrate_network(rb_context *ctx, rb_job *job, const char *path) {
  rb_status status = RB_OK;
  rb_misfit_study misfit = {0};
  RB_TRY(rb_misfit_of_test_set(ctx, job, RB_FOR_DIAGNOSTICS,
                               job->input.calibration.diagnostics_datasets, &misfit));
  const extras beside = {&misfit, &job->member[0]};
  RB_TRY(calibrate(ctx, job, job->network, "calibration.partial.h5", &beside, path));
  RB_TRY(rb_table_calibration(ctx, path));
  rb_misfit_print_test_set(ctx, &misfit);
cleanup:
  rb_misfit_study_free(&misfit);
  return status;
}

/* A member of an ensemble. @param number from 1 */
static rb_status calibrate_member(rb_context *ctx, rb_job *job, int number) {
  char path[RB_JOB_PATH], partial[64];
  rb_job_member_path(job, "calibration", number, path);
  (void)snprintf(partial, sizeof partial, "calibration_member_%d.partial.h5", number);
  rb_log_info(ctx, "calibrate  member %d of %d", number, job->input.training.ensemble);
  return calibrate(ctx, job, &job->member[number - 1], partial, NULL, path);
}

rb_status rb_stage_calibrate(rb_context *ctx, rb_job *job, const char *path) {
  rb_status status = RB_OK;
  const int members = job->input.training.ensemble;
  RB_TRY(rb_job_load_network(ctx, job));
  explain_bins(ctx, &job->input.calibration);
  if (job->work[0] != RB_WORK_DONE) RB_TRY(calibrate_network(ctx, job, path));
  for (int number = 1; members > 1 && number <= members; ++number) {
    if (job->work[number] != RB_WORK_DONE) RB_TRY(calibrate_member(ctx, job, number));
  }
  if (members > 1) RB_TRY(rb_table_ensemble(ctx, job->study.folder));
cleanup:
  return status;
}

/* How much of the Gaussian lay outside the prior's support in the draws just made. Collective. */
static void print_leakage(const rb_context *ctx, const rb_posterior *baseline) {
  const rb_baseline_leakage mine = rb_baseline_get_leakage(baseline);
  int64_t sums[4] = {mine.tries, mine.inside, mine.data_sets, mine.given_up};
  MPI_Allreduce(MPI_IN_PLACE, sums, 4, MPI_INT64_T, MPI_SUM, ctx->comm);
  if (sums[0] == 0) return;
  rb_log_info(
      ctx,
      "baseline: %.1f%% of the Gaussian draws lay outside the prior's support and were drawn "
      "again",
      100 * (1 - (double)sums[1] / (double)sums[0]));
  if (sums[3] == 0) return;
  rb_log_info(ctx,
              "baseline: for %lld of %lld data sets hardly any lay inside; prior draws weighted by "
              "the Gaussian stand in",
              (long long)sums[3], (long long)sums[2]);
}

rb_status rb_stage_calibrate_baseline(rb_context *ctx, rb_job *job, const char *path) {
  rb_status status = RB_OK;
  RB_TRY(rb_job_load_baseline(ctx, job));
  RB_TRY(calibrate(ctx, job, &job->baseline, "baseline_calibration.partial.h5", NULL, path));
  RB_TRY(rb_table_calibration(ctx, path));
  print_leakage(ctx, &job->baseline);
  RB_TRY(rb_table_comparison(ctx, &job->model, job->study.folder));
cleanup:
  return status;
}
