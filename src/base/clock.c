#include "rheobase/base/clock.h"

const char *rb_time_part_name(rb_time_part part) {
  static const char *const names[RB_TIME_PARTS] = {"compute", "waiting", "reduction", "files"};
  return names[part];
}

static void switch_to(struct rb_clock *clock, rb_time_part part) {
  const double now = MPI_Wtime();
  clock->seconds[clock->part] += now - clock->since;
  clock->since = now;
  clock->part = part;
}

void rb_clock_start(rb_context *ctx, struct rb_clock *clock) {
  *clock = (struct rb_clock){.part = RB_TIME_COMPUTE, .since = MPI_Wtime()};
  ctx->clock = clock;
}

void rb_clock_stop(rb_context *ctx) {
  switch_to(ctx->clock, RB_TIME_WAIT);
  MPI_Barrier(ctx->comm);
  switch_to(ctx->clock, RB_TIME_COMPUTE);
  ctx->clock = NULL;
}

rb_time_part rb_clock_enter(const rb_context *ctx, rb_time_part part) {
  struct rb_clock *clock = ctx->clock;
  if (clock == NULL) return RB_TIME_COMPUTE;
  const rb_time_part outer = clock->part;
  if (outer == RB_TIME_FILE) return outer;
  if (part == RB_TIME_REDUCE) {
    switch_to(clock, RB_TIME_WAIT);
    MPI_Barrier(ctx->comm);
    clock->exchanges += 1;
  }
  switch_to(clock, part);
  return outer;
}

void rb_clock_leave(const rb_context *ctx, rb_time_part outer) {
  if (ctx->clock != NULL) switch_to(ctx->clock, outer);
}
