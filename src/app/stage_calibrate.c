#include <unistd.h>

#include "job.h"
#include "rheobase/calibration_file.h"
#include "rheobase/calibration_table.h"
#include "rheobase/log.h"
#include "rheobase/ranks.h"
#include "stage_file.h"

static rb_status write_file(rb_context *ctx, const rb_job *job, const rb_calibration_study *study,
                            const char *path) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  rb_calibration result = {0};
  RB_TRY(rb_file_create(ctx, path, RB_CALIBRATION_SCHEMA, RB_CALIBRATION_VERSION, &file));
  RB_TRY(rb_calibration_write_axes(ctx, file, &job->network));
  for (int k = 0; k < RB_TEST_SETS; ++k) {
    const rb_test_set *set = &study->set[k];
    RB_TRY(rb_calibration_compute(ctx, &study->records[k], (uint64_t)job->input.seed, set->purpose,
                                  job->network.log_scale, job->input.calibration.bins, &result));
    RB_TRY(rb_calibration_write(ctx, file, set, &study->records[k], &result));
    rb_calibration_free(&result);
  }
  RB_TRY(rb_stage_file_commit(ctx, job, &file));
cleanup:
  rb_file_abort(ctx, &file);
  rb_calibration_free(&result);
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
              bins, (long long)(draws + 1), (long long)((draws + 1) / bins * bins - 1));
}

rb_status rb_stage_calibrate(rb_context *ctx, rb_job *job, const char *path) {
  rb_status status = RB_OK;
  rb_calibration_study study = {0};
  char partial[RB_JOB_PATH];
  rb_job_path(job, "calibration.partial.h5", partial);
  RB_TRY(rb_job_load_network(ctx, job));
  explain_bins(ctx, &job->input.calibration);
  RB_TRY(rb_calibration_collect(ctx, &job->network, (uint64_t)job->input.seed,
                                &job->input.calibration, partial, rb_recipe_digest(&job->recipe),
                                &study));
  RB_TRY(write_file(ctx, job, &study, path));
  if (ctx->rank == 0) (void)unlink(partial);
  RB_TRY(rb_table_calibration(ctx, path));
cleanup:
  rb_calibration_study_free(&study);
  return status;
}
