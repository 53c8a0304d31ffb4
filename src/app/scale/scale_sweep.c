#include "scale_sweep.h"

#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/signals.h"
#include "rheobase/parallel/agree.h"

enum { MAX_COUNTS = 40, EXCHANGE_SIZES = 6, EXCHANGE_REPEATS = 20 };

/* 1, 2, 4, ... and all. @param counts (MAX_COUNTS) */
static int rank_counts(int size, int *counts) {
  int n = 0;
  for (int p = 1; p < size && n < MAX_COUNTS - 1; p *= 2) counts[n++] = p;
  counts[n++] = size;
  return n;
}

/* Whether a node has more ranks of the group than cores that these may run on. Collective. */
static bool is_oversubscribed(const rb_context *ctx) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  (void)sched_getaffinity(0, sizeof cores, &cores);
  MPI_Allreduce(MPI_IN_PLACE, &cores, (int)sizeof cores, MPI_BYTE, MPI_BOR, ctx->node);
  int over = ctx->node_size > CPU_COUNT(&cores);
  MPI_Allreduce(MPI_IN_PLACE, &over, 1, MPI_INT, MPI_MAX, ctx->comm);
  return over != 0;
}

/* A barrier in which ranks sleep: those outside a group must not take time from those in it. */
static void meet_asleep(const rb_context *ctx) {
  MPI_Request request;
  int done = 0;
  MPI_Ibarrier(ctx->comm, &request);
  MPI_Test(&request, &done, MPI_STATUS_IGNORE);
  while (!done) {
    (void)usleep(2000);
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
  }
}

/* Fastest of several allreduces of integers. Collective. */
static double time_exchange(const rb_context *ctx, int64_t *buffer, int count) {
  double fastest = INFINITY;
  for (int r = 0; r < EXCHANGE_REPEATS; ++r) {
    MPI_Barrier(ctx->comm);
    const double began = MPI_Wtime();
    MPI_Allreduce(MPI_IN_PLACE, buffer, count, MPI_INT64_T, MPI_SUM, ctx->comm);
    double elapsed = MPI_Wtime() - began;
    MPI_Allreduce(MPI_IN_PLACE, &elapsed, 1, MPI_DOUBLE, MPI_MAX, ctx->comm);
    fastest = fmin(fastest, elapsed);
  }
  return fastest;
}

/* Allreduces from 8 bytes to 8 MB. Collective. */
static rb_status measure_exchanges(rb_context *ctx, bool oversubscribed, rb_scale_sweep *sweep) {
  rb_status status = RB_OK;
  static const int counts[EXCHANGE_SIZES] = {1, 128, 2048, 32768, 262144, 1048576};
  int64_t *buffer = NULL;
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, buffer, counts[EXCHANGE_SIZES - 1])));
  for (int i = 0; i < EXCHANGE_SIZES; ++i) {
    sweep->exchange[sweep->exchanges++] = (rb_scaling_exchange){
        ctx->size, oversubscribed, 8.0 * counts[i], time_exchange(ctx, buffer, counts[i])};
  }
cleanup:
  free(buffer);
  return status;
}

static void say(const rb_context *ctx, const rb_scaling_point *p) {
  rb_log_info(ctx, "scale      %-9s %-6s %3d ranks %s%-18s %10.6f s", rb_scaling_work_name(p->work),
              rb_scaling_kind_name(p->kind), p->ranks, p->oversubscribed ? "(oversubscribed) " : "",
              p->variant, p->fastest);
}

/* Everything on the ranks of one group. @param said the context that prints. Collective. */
static rb_status measure_group(rb_context *ctx, const rb_context *said, const rb_job *job,
                               rb_scale_sweep *sweep) {
  rb_status status = RB_OK;
  rb_scale_task *task = NULL;
  const bool oversubscribed = is_oversubscribed(ctx);
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, task, RB_SCALE_MAX_TASKS)));
  const int tasks = rb_scale_tasks(&job->input, ctx->size, oversubscribed, task);
  if (ctx->size > 1) RB_TRY(measure_exchanges(ctx, oversubscribed, sweep));
  for (int i = 0; i < tasks; ++i) {
    rb_scaling_point *point = &sweep->point[sweep->points];
    point->oversubscribed = oversubscribed;
    RB_TRY(rb_scale_measure(ctx, job, &task[i], point));
    say(said, point);
    sweep->points += 1;
    if (rb_signals_agree(ctx)) {
      RB_TRY(RB_FAIL(ctx, RB_STOPPED, "stopped by a signal; nothing is kept of the measurements"));
    }
  }
cleanup:
  free(task);
  return status;
}

/* The first @p count ranks measure, the others sleep. Collective over the job. */
static rb_status measure_on(rb_context *ctx, const rb_job *job, int count, rb_scale_sweep *sweep) {
  rb_status status = RB_OK;
  MPI_Comm comm = MPI_COMM_NULL;
  MPI_Comm_split(ctx->comm, ctx->rank < count ? 0 : MPI_UNDEFINED, ctx->rank, &comm);
  if (comm != MPI_COMM_NULL) {
    rb_context group;
    status = rb_context_create(&group, comm);
    group.quiet = true;
    group.isa = ctx->isa;  // the kernels of the whole job
    if (status == RB_OK) status = measure_group(&group, ctx, job, sweep);
    ctx->error = group.error;
    rb_context_destroy(&group);
    MPI_Comm_free(&comm);
  }
  meet_asleep(ctx);
  return rb_agree(ctx, status);
}

/* Rank 0 took part in every group. */
static void share_results(const rb_context *ctx, rb_scale_sweep *sweep) {
  MPI_Bcast(&sweep->points, 1, MPI_INT, 0, ctx->comm);
  MPI_Bcast(&sweep->exchanges, 1, MPI_INT, 0, ctx->comm);
  MPI_Bcast(sweep->point, sweep->points * (int)sizeof *sweep->point, MPI_BYTE, 0, ctx->comm);
  MPI_Bcast(sweep->exchange, sweep->exchanges * (int)sizeof *sweep->exchange, MPI_BYTE, 0,
            ctx->comm);
}

rb_status rb_scale_sweep_run(rb_context *ctx, const rb_job *job, rb_scale_sweep *sweep) {
  rb_status status = RB_OK;
  int counts[MAX_COUNTS];
  const int n = rank_counts(ctx->size, counts);
  *sweep = (rb_scale_sweep){0};
  status = RB_ALLOCATE(ctx, sweep->point, n * RB_SCALE_MAX_TASKS);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, sweep->exchange, n * EXCHANGE_SIZES);
  RB_TRY(rb_agree(ctx, status));
  for (int i = 0; i < n; ++i) RB_TRY(measure_on(ctx, job, counts[i], sweep));
  share_results(ctx, sweep);
cleanup:
  return status;
}

void rb_scale_sweep_free(rb_scale_sweep *sweep) {
  free(sweep->point);
  free(sweep->exchange);
  *sweep = (rb_scale_sweep){0};
}
