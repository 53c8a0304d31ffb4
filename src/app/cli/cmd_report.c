#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "../commands.h"
#include "../input/settings.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/report/report.h"

/* The folder is not locked, and not made: a report is of what is there, also while a study runs,
 * whose files appear whole. Local. */
static rb_status check_folder(rb_context *ctx, const char *folder) {
  struct stat about;
  if (stat(folder, &about) != 0) {
    return RB_FAIL(ctx, RB_ERR_FILE, "%s: %s", folder, strerror(errno));
  }
  if (!S_ISDIR(about.st_mode)) {
    return RB_FAIL(ctx, RB_ERR_FILE, "%s is not a folder: give the study's folder", folder);
  }
  return RB_OK;
}

rb_status rb_cmd_report(rb_context *ctx, const rb_arguments *arguments) {
  rb_status status = RB_OK;
  const char *folder = arguments->input[0];
  rb_figure_format format = RB_FIGURE_PNG;
  rb_model model = {0};
  rb_input input = {0};
  RB_TRY(rb_figure_format_parse(ctx, arguments->format, &format));
  RB_TRY(rb_agree(ctx, ctx->rank == 0 ? check_folder(ctx, folder) : RB_OK));
  RB_TRY(rb_input_read_settings(ctx, arguments, &input));
  RB_TRY(rb_agree(ctx, rb_model_create(ctx, input.type, input.simulator, input.rows.parameters,
                                       input.prior, &model)));
  RB_TRY(rb_report_write(ctx, &model, folder, format));
cleanup:
  if (model.destroy != NULL) model.destroy(&model);
  rb_input_free(&input);
  return status;
}
