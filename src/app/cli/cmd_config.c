#include <stdio.h>
#include <stdlib.h>

#include "../commands.h"
#include "../input/input_page.h"
#include "../input/settings.h"
#include "rheobase/parallel/agree.h"

/* Whether the model that the settings describe can be made. Collective. */
static rb_status check_model(rb_context *ctx, const rb_input *input) {
  rb_model model = {0};
  const rb_status status = rb_input_model(ctx, input, &model);
  if (model.destroy != NULL) model.destroy(&model);
  return status;
}

/* `rheobase config`: the defaults, or an input with what it leaves to them, as a documented input
 * file. --markdown prints docs/input.md. */

/* The arguments, with --model as one more override. Local. @param set the caller frees it */
static rb_status add_model(rb_context *ctx, const rb_arguments *arguments, rb_arguments *all,
                           char **set) {
  *all = *arguments;
  if (arguments->model == NULL) return RB_OK;
  if (asprintf(set, "model=%s", arguments->model) < 0) {
    *set = NULL;
    return RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory");
  }
  all->set[all->sets++] = *set;
  return RB_OK;
}

rb_status rb_cmd_config(rb_context *ctx, const rb_arguments *arguments) {
  rb_status status = RB_OK;
  rb_input input = {0};
  rb_arguments all;
  char *text = NULL;
  char *set = NULL;
  RB_TRY(rb_agree(ctx, add_model(ctx, arguments, &all, &set)));
  RB_TRY(rb_input_read_settings(ctx, &all, &input));
  // Without an input, the settings of a model that is not compiled in are incomplete.
  if (all.inputs > 0 || input.type->describe == NULL) RB_TRY(rb_input_check(ctx, &input));
  if (input.type->describe == NULL) RB_TRY(check_model(ctx, &input));
  RB_TRY(rb_agree(ctx, arguments->markdown ? rb_input_page(ctx, &input, &text)
                                           : rb_input_text(ctx, &input, true, &text)));
  if (ctx->rank == 0) (void)fputs(text, stdout);
cleanup:
  free(text);
  free(set);
  rb_input_free(&input);
  return status;
}
