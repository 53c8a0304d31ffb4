#include <stdio.h>
#include <stdlib.h>

#include "../commands.h"
#include "rheobase/base/log.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/report/report.h"
#include "scale_file.h"

/* `rheobase scale INPUT`: how the program scales on the ranks of this job, and a model of more. */

rb_status rb_cmd_scale(rb_context *ctx, const rb_arguments *arguments) {
  rb_status status = RB_OK;
  rb_job job;
  rb_scale_sweep sweep = {0};
  char path[RB_JOB_PATH], *lines = NULL;
  rb_figure_format format = RB_FIGURE_PNG;
  RB_TRY(rb_job_open(ctx, arguments, &job));
  RB_TRY(rb_figure_format_parse(ctx, arguments->format, &format));
  job.began_s = MPI_Wtime();
  job.ranks = ctx->size;
  RB_TRY(rb_agree(ctx, rb_input_lines(ctx, &job.input, RB_SCALE_SETTINGS, &lines)));
  job.recipe = (rb_recipe){.settings = lines};
  rb_job_product_path(&job, RB_PRODUCT_SCALING, path);
  RB_TRY(rb_scale_sweep_run(ctx, &job, &sweep));
  const rb_scale_model model = rb_scale_fit(&sweep, &job.input.scale);
  RB_TRY(rb_scale_write(ctx, &job, &sweep, &model, path));
  rb_scale_print(ctx, &sweep, &model);
  RB_TRY(rb_report_scaling(ctx, &job.model, job.study.folder, format));
cleanup:
  rb_scale_sweep_free(&sweep);
  free(lines);
  rb_job_close(ctx, &job);
  return status;
}
