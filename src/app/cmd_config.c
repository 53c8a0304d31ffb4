#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "rheobase/agree.h"
#include "settings.h"

/* `rheobase config`: the defaults, or an input with what it leaves to them, as a documented input
 * file. --markdown prints docs/input.md. */

static const char *const page =
    "# Input files\n\n"
    "<!-- Written by `rheobase config --markdown`; a test checks that it is current. -->\n\n"
    "An input file says what differs from the defaults below. `rheobase config` prints all\n"
    "defaults as an input file with comments, `rheobase config FILE` what a file amounts to.\n"
    "Any setting can be overridden on the command line: `--set training.epochs=10`.\n\n"
    "The syntax is libconfig's: `name = value;` or `name : value`, groups in braces, lists in\n"
    "brackets, texts in double quotes, `true` and `false`, comments after `#` or `//` or within\n"
    "`/* */`. Paths of files are relative to the folder the program is started in. An unknown or\n"
    "repeated setting, a value of the wrong type or out of range is an error that names file,\n"
    "line and, for an unknown name, the nearest known one.\n";

rb_status rb_cmd_config(rb_context *ctx, const rb_arguments *arguments) {
  rb_status status = RB_OK;
  rb_input input;
  char *text = NULL;
  RB_TRY(rb_input_read(ctx, arguments, &input));
  RB_TRY(rb_agree(ctx, rb_input_text(ctx, &input, true, &text)));
  if (ctx->rank == 0 && arguments->markdown) {
    (void)fputs(page, stdout);
    rb_settings_markdown(&input.table, &input, stdout);
  } else if (ctx->rank == 0) {
    (void)fputs(text, stdout);
  }
cleanup:
  free(text);
  rb_input_free(&input);
  return status;
}
