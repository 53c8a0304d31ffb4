#include <math.h>

#include "rheobase/analysis/calibration_file.h"
#include "rheobase/base/clock.h"
#include "rheobase/base/log.h"
#include "rheobase/base/progress.h"
#include "rheobase/base/signals.h"
#include "rheobase/parallel/agree.h"

/* Seconds between updates of the partial file: at least so many, and so many times what writing it
 * took. */
static const double LEAST_INTERVAL_S = 20, INTERVAL_FACTOR = 30;

/* When the partial file is due, by rank 0's clock. */
typedef struct saver {
  const char *path;
  uint64_t digest;
  double next_s;
} saver;

static rb_status save(rb_context *ctx, saver *s, const rb_calibration_study *study) {
  const double began = MPI_Wtime();
  const rb_status status =
      rb_partial_write(ctx, s->path, s->digest, RB_TEST_SETS, study->set, study->records);
  const double now = MPI_Wtime();
  s->next_s = now + fmax(LEAST_INTERVAL_S, INTERVAL_FACTOR * (now - began));
  return status;
}

static bool is_due(const rb_context *ctx, const saver *s) {
  int due = MPI_Wtime() >= s->next_s;
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Bcast(&due, 1, MPI_INT, 0, ctx->comm);
  rb_clock_leave(ctx, outer);
  return due != 0;
}

static rb_status work_through(rb_context *ctx, rb_posterior *posterior, uint64_t seed,
                              const rb_test_set *set, int64_t chunk, saver *s,
                              rb_calibration_study *study, rb_records *records) {
  rb_status status = RB_OK;
  rb_test_loop *loop = NULL;
  RB_TRY(rb_test_loop_create(ctx, posterior, seed, set, chunk, &loop));
  rb_partition_report(ctx, &records->partition, set->name, "data sets (calibration.chunk)",
                      "fewer ranks or more data sets would be better");
  rb_progress progress =
      rb_progress_begin(ctx, set->name, "data sets", set->datasets, records->done);
  while (records->done < set->datasets) {
    RB_TRY(rb_test_loop_round(ctx, loop, records));
    rb_progress_update(&progress, records->done, NULL);
    const bool stop = rb_signals_agree(ctx);
    if (stop || is_due(ctx, s)) RB_TRY(save(ctx, s, study));
    if (stop || records->done == set->datasets) rb_test_loop_warn(ctx, loop);
    if (stop) {
      RB_TRY(RB_FAIL(ctx, RB_STOPPED,
                     "stopped at data set %lld of %lld of the %s set; start again to go on",
                     (long long)records->done, (long long)set->datasets, set->name));
    }
  }
  rb_progress_end(&progress, NULL);
cleanup:
  rb_test_loop_destroy(loop);
  return status;
}

static rb_status create_records(rb_context *ctx, const rb_posterior *posterior,
                                const rb_calibration_settings *settings,
                                rb_calibration_study *study) {
  rb_status status = RB_OK;
  rb_quantity quantity[RB_MAX_QUANTITIES];
  const int quantities = rb_test_quantities(posterior, quantity);
  for (int k = 0; k < RB_TEST_SETS; ++k) {
    const rb_test_set *set = &study->set[k];
    const bool store = set->draws <= settings->store_draws / set->datasets;
    RB_TRY(rb_records_create(ctx, set->datasets, settings->chunk, posterior->model->dim, quantities,
                             set->draws, store, &study->records[k]));
  }
cleanup:
  return status;
}

rb_status rb_calibration_collect(rb_context *ctx, rb_posterior *posterior, uint64_t seed,
                                 const rb_calibration_settings *settings, const char *partial,
                                 uint64_t digest, rb_calibration_study *study) {
  rb_status status = RB_OK;
  bool found = false;
  *study = (rb_calibration_study){
      .set = {
          {"recovery", RB_FOR_RECOVERY, settings->recovery_datasets, settings->recovery_draws},
          {"sbc", RB_FOR_SBC, settings->sbc_datasets, settings->sbc_draws},
          {"diagnostics", RB_FOR_DIAGNOSTICS, settings->diagnostics_datasets,
           settings->diagnostics_draws},
      }};
  saver s = {partial, digest, MPI_Wtime() + LEAST_INTERVAL_S};
  RB_TRY(rb_agree(ctx, create_records(ctx, posterior, settings, study)));
  RB_TRY(rb_partial_read(ctx, partial, digest, RB_TEST_SETS, study->set, study->records, &found));
  if (found) rb_log_info(ctx, "calibrate  goes on where it was interrupted");
  for (int k = 0; k < RB_TEST_SETS; ++k) {
    RB_TRY(work_through(ctx, posterior, seed, &study->set[k], settings->chunk, &s, study,
                        &study->records[k]));
  }
cleanup:
  return status;
}

void rb_calibration_study_free(rb_calibration_study *study) {
  for (int k = 0; k < RB_TEST_SETS; ++k) rb_records_free(&study->records[k]);
}
