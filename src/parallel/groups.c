#include "rheobase/parallel/groups.h"

#include "rheobase/parallel/agree.h"

static int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

int rb_group_count(int ranks, int64_t tasks, int64_t chunks) {
  int best = 1;
  int64_t least = INT64_MAX;
  for (int groups = 1; groups <= ranks && groups <= tasks; ++groups) {
    const int64_t rounds = divide_up(tasks, groups);
    const int64_t time = rounds * divide_up(chunks, ranks / groups);
    if (time <= least) {
      least = time;
      best = groups;
    }
  }
  return best;
}

rb_status rb_group_enter(rb_context *ctx, int groups, int *index, rb_context *group) {
  MPI_Comm comm;
  *index = (int)((int64_t)ctx->rank * groups / ctx->size);
  MPI_Comm_split(ctx->comm, *index, ctx->rank, &comm);
  const rb_status status = rb_context_create(group, comm);
  MPI_Comm_free(&comm);
  group->isa = ctx->isa;
  group->quiet = ctx->quiet || *index > 0;
  group->terminal = ctx->terminal;
  if (status != RB_OK) ctx->error = group->error;
  return rb_agree(ctx, status);
}

rb_status rb_group_leave(rb_context *ctx, rb_context *group, rb_status status) {
  if (status != RB_OK) {
    ctx->error = group->error;
    ctx->error.rank += ctx->rank - group->rank;  // a group's ranks are neighbours
  }
  ctx->stop = ctx->stop || group->stop;
  rb_context_destroy(group);
  return rb_agree(ctx, status);
}
