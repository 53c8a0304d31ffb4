#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <string.h>

#include "../bench/bench.h"
#include "rheobase/parallel/agree.h"
#include "scale_task.h"

/* One repeat: its seconds (the slowest rank's, nearly the same on all, since they begin and end
 * together), and the means of the parts over ranks. Collective. */
static rb_status time_once(rb_context *ctx, rb_scale_work *work, double *seconds, double *part,
                           double *exchanges) {
  struct rb_clock clock;
  MPI_Barrier(ctx->comm);
  rb_clock_start(ctx, &clock);
  const rb_status local = work->repeat(ctx, work);
  rb_clock_stop(ctx);
  const rb_status status = rb_agree(ctx, local);
  if (status != RB_OK) return status;
  memcpy(part, clock.seconds, sizeof clock.seconds);
  MPI_Allreduce(MPI_IN_PLACE, part, RB_TIME_PARTS, MPI_DOUBLE, MPI_SUM, ctx->comm);
  *seconds = 0;
  for (int i = 0; i < RB_TIME_PARTS; ++i) {
    part[i] /= ctx->size;
    *seconds += part[i];
  }
  *exchanges = (double)clock.exchanges;
  return RB_OK;
}

/* Repeats the work, and keeps the parts of the fastest repeat. Collective. */
static rb_status time_work(rb_context *ctx, rb_scale_work *work, rb_scaling_point *point) {
  rb_status status = RB_OK;
  double seconds[RB_BENCH_MAX_REPEATS], waiting[RB_BENCH_MAX_REPEATS], spent = 0;
  double part[RB_TIME_PARTS];
  const rb_scale_settings *settings = &work->job->input.scale;
  int done = 0;
  RB_TRY(rb_agree(ctx, work->repeat(ctx, work)));  // not counted: first touches of memory
  while (done < RB_BENCH_MAX_REPEATS && (done < settings->repeats || spent < settings->seconds)) {
    RB_TRY(time_once(ctx, work, &seconds[done], part, &point->exchanges));
    if (done == 0 || seconds[done] < point->fastest) {
      point->fastest = seconds[done];
      memcpy(point->part, part, sizeof part);
    }
    waiting[done] = part[RB_TIME_WAIT];
    spent += seconds[done];
    ++done;
  }
  gsl_sort(seconds, 1, (size_t)done);
  gsl_sort(waiting, 1, (size_t)done);
  point->repeats = done;
  point->median = gsl_stats_median_from_sorted_data(seconds, 1, (size_t)done);
  point->waiting = gsl_stats_median_from_sorted_data(waiting, 1, (size_t)done);
cleanup:
  return status;
}

rb_status rb_scale_measure(rb_context *ctx, const rb_job *job, const rb_scale_task *task,
                           rb_scaling_point *point) {
  rb_status status = RB_OK;
  rb_scale_work work = {0};
  RB_TRY(rb_scale_work_create(ctx, job, task, &work));
  point->work = task->work;
  point->kind = task->kind;
  memcpy(point->variant, task->variant, sizeof point->variant);
  point->ranks = ctx->size;
  point->size = task->size;
  point->load = work.load;
  RB_TRY(time_work(ctx, &work, point));
cleanup:
  rb_scale_work_free(ctx, &work);
  return status;
}
