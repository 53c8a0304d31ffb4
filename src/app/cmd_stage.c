#include "commands.h"
#include "job.h"
#include "rheobase/log.h"

/* The stages in order: what each writes, what it depends on, and what does it. */
static const struct stage {
  const char *name, *file;
  rb_status (*run)(rb_context *ctx, rb_job *job, const char *path);
} stages[] = {
    {"simulate", "simulations.h5", rb_stage_simulate},
    {"train", "checkpoint.h5", rb_stage_train},
    {"infer", "posterior.h5", rb_stage_infer},
    {"predict", "predictive.h5", rb_stage_predict},
};
enum { STAGES = sizeof stages / sizeof *stages };

static rb_status run_stages(rb_context *ctx, const rb_arguments *arguments, int first, int last) {
  rb_status status = RB_OK;
  rb_job job;
  RB_TRY(rb_job_open(ctx, arguments, &job));
  for (int i = first; i <= last; ++i) {
    char path[RB_JOB_PATH];
    rb_job_path(&job, stages[i].file, path);
    RB_TRY(stages[i].run(ctx, &job, path));
  }
cleanup:
  rb_job_close(&job);
  return status;
}

rb_status rb_cmd_run(rb_context *ctx, const rb_arguments *arguments) {
  return run_stages(ctx, arguments, 0, STAGES - 1);
}
rb_status rb_cmd_simulate(rb_context *ctx, const rb_arguments *arguments) {
  return run_stages(ctx, arguments, 0, 0);
}
rb_status rb_cmd_train(rb_context *ctx, const rb_arguments *arguments) {
  return run_stages(ctx, arguments, 1, 1);
}
rb_status rb_cmd_infer(rb_context *ctx, const rb_arguments *arguments) {
  return run_stages(ctx, arguments, 2, 2);
}
rb_status rb_cmd_predict(rb_context *ctx, const rb_arguments *arguments) {
  return run_stages(ctx, arguments, 3, 3);
}
